//! Round trips from an ELF to a XEX: equal image, valid digests, imports in the console's format.

use crate::support::Noise;
use crate::support::elf_builder::{EXECUTE, ElfBuilder, READ, WRITE, import_record, sample};
use xenia_formats::image::Protection;
use xenia_formats::pack::{PackError, PackOptions, pack};
use xenia_formats::pe::PeHeaders;
use xenia_formats::xex::{Compression, Encryption};
use xenia_formats::{Elf, KeyRing, LoadedImage, Xex, load};
use xenia_guest::{GuestAddr, TitleId};

fn pack_with(builder: &ElfBuilder, options: &PackOptions) -> Result<Vec<u8>, PackError> {
    pack(&Elf::read(&builder.build()).unwrap(), options)
}

fn packed(builder: &ElfBuilder) -> LoadedImage {
    let file = pack_with(builder, &PackOptions::default()).unwrap();
    let image = load(&file, &KeyRing::development()).unwrap();
    assert!(image.digests_ok(), "{:?}", image.digests);
    image
}

#[test]
fn a_packed_title_is_the_elf_with_headers_and_imports() {
    let options = PackOptions { encrypt: false, name: Some("sample.exe".into()) };
    let file = pack_with(&sample(), &options).unwrap();
    let xex = Xex::read(&file).unwrap();
    assert_eq!(xex.encryption, Encryption::None);
    assert!(
        matches!(&xex.compression, Compression::Basic(blocks) if blocks.len() == 3),
        "{:?}",
        xex.compression
    );
    let image = xex.load(&file, &KeyRing::development()).unwrap();

    assert_eq!((image.base.0, image.size, image.page_size), (0x9000_0000, 0x1_6000, 0x1000));
    assert_eq!(image.entry, GuestAddr(0x9001_0004));
    assert_eq!(image.stack_size, Some(0x2_0000));
    assert_eq!(image.name.as_deref(), Some("sample.exe"));
    let execution = image.execution.unwrap();
    assert_eq!(execution.title_id, TitleId(0x5841_0001));
    assert_eq!((execution.version.0, execution.media_id.0), (0x1001_2345, 0xAABB_CCDD));

    let whats: Vec<_> = image.digests.iter().map(|check| (check.what.as_str(), check.ok)).collect();
    assert_eq!(
        whats,
        [
            ("header", true),
            ("import library xam.xex", true),
            ("import library xboxkrnl.exe", true),
            ("page run 0 (0x90000000, 65536 bytes)", true),
            ("page run 1 (0x90010000, 4096 bytes)", true),
            ("page run 2 (0x90011000, 4096 bytes)", true),
            ("page run 3 (0x90012000, 16384 bytes)", true),
        ]
    );
    let protections: Vec<_> = image.page_runs.iter().map(|run| run.protection).collect();
    use Protection::{Code, ReadOnly, ReadWrite};
    assert_eq!(protections, [ReadOnly, Code, ReadOnly, ReadWrite]);

    // All but import words and headers is as in the ELF.
    let plain = Elf::read(&sample().build()).unwrap().load();
    let mut expected = vec![0; image.bytes.len()];
    expected[0x1_0000..][..plain.bytes.len()].copy_from_slice(&plain.bytes);
    let headers = 0x1D4 + 3 * 40;
    expected[..headers].copy_from_slice(&image.bytes[..headers]);
    let mut put = |at: usize, words: &[u32]| {
        for (i, word) in words.iter().enumerate() {
            expected[at + i * 4..at + i * 4 + 4].copy_from_slice(&word.to_be_bytes());
        }
    };
    put(0x1_0300, &[0x0001_0003, 0x0001_00AD, 0x0000_0191]);
    put(0x1_0310, &[0x0101_0003, 0x0201_0003, 0x7D69_03A6, 0x4E80_0420]);
    put(0x1_0320, &[0x0100_0191, 0x0200_0191, 0x7D69_03A6, 0x4E80_0420]);
    assert!(image.bytes == expected);

    let imports: Vec<_> = image
        .imports
        .iter()
        .flat_map(|library| {
            library.imports.iter().map(|i| (library.name.as_str(), i.ordinal.0, i.slot.unwrap().0, i.thunk))
        })
        .collect();
    assert_eq!(
        imports,
        [
            ("xam.xex", 0x191, 0x9001_0308, Some(GuestAddr(0x9001_0320))),
            ("xboxkrnl.exe", 3, 0x9001_0300, Some(GuestAddr(0x9001_0310))),
            ("xboxkrnl.exe", 0xAD, 0x9001_0304, None),
        ]
    );
    let functions: Vec<_> = image.functions.iter().map(|f| (f.start.0, f.size)).collect();
    assert_eq!(functions, [(0x9001_0000, 0x40), (0x9001_0040, 0x20)]);
    let sections = PeHeaders::read(&image.bytes).unwrap().sections;
    let sections: Vec<_> = sections.iter().map(|s| (s.name.as_str(), s.address, s.size)).collect();
    assert_eq!(sections, [(".text", 0x1_0000, 0x400), (".data", 0x1_2010, 0x3000), (".pdata", 0x1_2310, 16)]);
}

#[test]
fn resources_are_named_by_the_headers() {
    let record = |name: &[u8], address: u32, size: u32| {
        let mut record = name.to_vec();
        record.resize(8, 0);
        [record, address.to_be_bytes().to_vec(), size.to_be_bytes().to_vec()].concat()
    };
    let with = |records: &[u8]| sample().section(".xenia.resources", None, records);
    let two = [record(b"58410001", 0x9001_0010, 0x20), record(b"art", 0x9001_0040, 4)].concat();
    let resources = packed(&with(&two)).resources;
    let found: Vec<_> = resources.iter().map(|r| (r.name.as_str(), r.address.0, r.size)).collect();
    assert_eq!(found, [("58410001", 0x9001_0010, 0x20), ("art", 0x9001_0040, 4)]);
    for (records, expected) in [
        (record(b"art", 0x8000_0000, 4), "a resource at 0x80000000 is not in a load segment"),
        (record(b"", 0x9001_0010, 4), "section .xenia.resources, offset 0x0: the resource's name is not"),
        (record(b"a\0b", 0x9001_0010, 4), "section .xenia.resources, offset 0x0: the resource's name is not"),
        (two[..31].to_vec(), "section .xenia.resources, offset 0x10: needs 4 bytes"),
    ] {
        let error = pack_with(&with(&records), &PackOptions::default()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn an_elf_with_export_records_becomes_a_library() {
    let record = |name: &str, ordinal: u16, address: u32| {
        let mut record = name.as_bytes().to_vec();
        record.resize(24, 0);
        [record, vec![0; 2], ordinal.to_be_bytes().to_vec(), address.to_be_bytes().to_vec()].concat()
    };
    let with = |records: &[u8]| sample().section(".xenia.exports", None, records);
    let three =
        [record("zebra", 7, 0x9001_0010), record("", 9, 0x9001_2400), record("apple", 5, 0x9001_0040)]
            .concat();
    let file = pack_with(&with(&three), &PackOptions::default()).unwrap();
    assert_eq!(Xex::read(&file).unwrap().module_flags, 9, "a library of a title");
    let image = packed(&with(&three));
    assert!(image.digests_ok() && image.is_library && !packed(&sample()).is_library);
    let exports: Vec<_> =
        image.exports.iter().map(|e| (e.ordinal.0, e.name.as_deref(), e.address.0)).collect();
    assert_eq!(
        exports,
        [(5, Some("apple"), 0x9001_0040), (7, Some("zebra"), 0x9001_0010), (9, None, 0x9001_2400)]
    );
    let plain = packed(&sample());
    assert_eq!(image.base, plain.base);
    assert!(image.bytes[0x1_0000..] == plain.bytes[0x1_0000..], "what is exported stays as it is");
    assert_eq!(Xex::read(&pack_with(&sample(), &PackOptions::default()).unwrap()).unwrap().module_flags, 1);
    for (records, expected) in [
        (record("a", 1, 0x8000_0000), "an export at 0x80000000 is not in a load segment"),
        (record("a\0b", 1, 0x9001_0010), "section .xenia.exports, offset 0x0: the export's name is not"),
        (three[..40].to_vec(), "section .xenia.exports, offset 0x20: needs"),
        (
            [&three[..32], &three[..32]].concat(),
            "section .xenia.exports, offset 0x20: ordinal 7 is taken by another export",
        ),
    ] {
        let error = pack_with(&with(&records), &PackOptions::default()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn encryption_changes_the_payload_but_not_the_image() {
    let plain = pack_with(&sample(), &PackOptions::default()).unwrap();
    let options = PackOptions { encrypt: true, name: None };
    let file = pack_with(&sample(), &options).unwrap();
    assert_eq!(file.len(), plain.len());
    let payload = Xex::read(&file).unwrap().header_size as usize;
    assert_ne!(file[payload..payload + 2], *b"MZ");
    assert_eq!(plain[payload..payload + 2], *b"MZ");
    let image = load(&file, &KeyRing::development()).unwrap();
    assert!(image.digests_ok());
    assert!(image.bytes == packed(&sample()).bytes);
    assert_eq!(file, pack_with(&sample(), &options).unwrap(), "the same input gives the same file");
}

#[test]
fn large_pages_and_a_base_below_the_text_are_the_default() {
    for (text, base) in [(0x8201_0000, 0x8200_0000), (0x8200_0000, 0x81FF_0000), (0x8200_0800, 0x8200_0000)] {
        let builder =
            ElfBuilder { entry: text, ..ElfBuilder::default() }.segment(text, &[1; 64], 64, READ | EXECUTE);
        let image = packed(&builder);
        assert_eq!((image.base.0, image.page_size), (base, 0x1_0000), "{text:#x}");
        assert_eq!(image.imports, []);
        assert_eq!(image.stack_size, Some(0x4_0000));
        let at = (text - base) as usize;
        assert_eq!(image.bytes[at..at + 65], [[1; 64].as_slice(), &[0]].concat());
    }
}

#[test]
fn file_headers_in_the_first_segment_are_dropped() {
    // The layout of linkers: the segment starts with the file header.
    let code = [0x38; 128];
    let mut builder = ElfBuilder { entry: 0x8201_0000, ..ElfBuilder::default() }
        .segment(0x8200_0000, &[], 0x1_0080, READ | EXECUTE)
        .section(".text", Some(0x8201_0000), &code);
    let mut file = builder.build();
    file.resize(0x1_0000, 0);
    file.extend(code);
    file[52 + 4..52 + 8].fill(0); // the segment's offset
    file[52 + 16..52 + 20].copy_from_slice(&0x1_0080_u32.to_be_bytes());
    let elf = Elf::read(&file).unwrap();
    let out = pack(&elf, &PackOptions::default()).unwrap();
    let image = load(&out, &KeyRing::development()).unwrap();
    assert_eq!((image.base.0, image.entry.0), (0x8200_0000, 0x8201_0000));
    assert_eq!(image.bytes[..2], *b"MZ");
    assert_eq!(image.bytes[0x1_0000..0x1_0081], [code.as_slice(), &[0]].concat());
    assert_eq!(image.page_runs[0].protection, Protection::ReadOnly);

    builder.sections.clear();
    let stripped = builder.build();
    assert!(Elf::read(&stripped).is_ok());
}

#[test]
fn thread_local_storage_becomes_a_tls_header() {
    let mut builder = sample();
    builder.segments.push(builder.segments[1].clone());
    let template = &mut builder.segments[2];
    template.kind = 7;
    template.address += 0x20;
    template.contents.truncate(0x30);
    template.size = 0x50;
    let tls = packed(&builder).tls.unwrap();
    assert_eq!((tls.slot_count, tls.raw_data_address.0), (64, 0x9001_2030));
    assert_eq!((tls.data_size, tls.raw_data_size), (0x50, 0x30));

    builder.segments[2].address = 0x9100_0000;
    let error = pack_with(&builder, &PackOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "the TLS template at 0x91000000 is not in a load segment");
}

#[test]
fn unpackable_programs_are_refused_with_reason() {
    let at = |address: u32| {
        ElfBuilder { entry: address, ..ElfBuilder::default() }.segment(address, &[0; 64], 64, READ | EXECUTE)
    };
    let imports = |records: &[Vec<u8>]| sample_with_imports(&records.concat());
    let good = || import_record("xboxkrnl.exe", 3, 0x9001_0300, Some(0x9001_0310));
    let mut kind = good();
    kind[0x19] = 2;
    let mut name = good();
    name[13] = b'x';
    let mut bad_title = sample();
    bad_title.sections.last_mut().unwrap().contents.push(0);
    for (builder, expected) in [
        (at(0x1000_0000), "but titles lie between 0x80000000 and 0xa0000000; link with -Ttext=0x82010000"),
        (at(0x8000_0000), "the image would lie at 0x7fff0000"),
        (at(0x40), "the image would lie at 0x00000000"),
        (
            at(0x8201_0000).segment(0x8201_8000, &[0; 4], 4, READ | WRITE),
            "the page at 0x82010000 would be both writable and executable",
        ),
        (at(0x8201_0000).segment(0x8FFF_FFF0, &[0; 4], 0x20, READ), "the image would lie at 0x82000000"),
        (imports(&[good(), good()]), "section .xenia.imports, offset 0x24: 0x90010300 is taken"),
        (
            imports(&[good(), import_record("xam.xex", 1, 0x9001_031C, None)]),
            "offset 0x0: 0x90010310 is taken by another import",
        ),
        (
            imports(&[import_record("xam.xex", 1, 0x9001_0302, None)]),
            "0x90010302 is not a place in the image",
        ),
        (
            imports(&[import_record("xam.xex", 1, 0x9000_0040, None)]),
            "0x90000040 is not a place in the image",
        ),
        (
            imports(&[import_record("xam.xex", 1, 0x9001_0300, Some(0x9001_5FF8))]),
            "0x90015ff8 is not a place",
        ),
        (imports(&[import_record("xam.xex", 1, 0x9001_0300, Some(0))]), "kind and thunk 0x0 contradict"),
        (imports(&[import_record("", 1, 0x9001_0300, None)]), "the library's name is not a name"),
        (imports(&[kind]), "unknown kind 2"),
        (imports(&[name]), "the library's name is not a name"),
        (imports(&[good()[..35].to_vec()]), "section .xenia.imports, offset 0x0: needs 4 bytes, 3 available"),
        (bad_title, "section .xenia.title, offset 0x0: 17 bytes instead of 16"),
    ] {
        let error = pack_with(&builder, &PackOptions::default()).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
    }
}

fn sample_with_imports(records: &[u8]) -> ElfBuilder {
    let mut builder = sample();
    let section = builder.sections.iter_mut().find(|section| section.name == ".xenia.imports").unwrap();
    section.contents = records.to_vec();
    builder
}

#[test]
fn damaged_elves_pack_to_something_loadable_or_are_refused() {
    let file = sample().build();
    let mut noise = Noise::new(7);
    let mut refused = 0;
    let mut made = 0;
    for _ in 0..1500 {
        let mut damaged = file.clone();
        for _ in 0..=noise.below(3) {
            // Usually in the headers and the section table.
            let at = match noise.below(3) {
                0 => noise.below(116),
                1 => damaged.len() - 1 - noise.below(400),
                _ => noise.below(damaged.len()),
            };
            damaged[at] ^= 1 << noise.below(8);
        }
        let Ok(elf) = Elf::read(&damaged) else { continue };
        match pack(&elf, &PackOptions::default()) {
            Err(_) => refused += 1,
            Ok(out) => {
                made += 1;
                assert!(load(&out, &KeyRing::development()).unwrap().digests_ok());
            }
        }
    }
    assert!(refused > 10 && made > 500, "{refused} {made}");
}
