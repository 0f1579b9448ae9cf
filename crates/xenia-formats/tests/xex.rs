//! Tests of XEX2 files with every kind of payload, and detection of damage.

use crate::support::Noise;
use crate::support::xex_builder::{BASE, ENTRY, IMAGE_SIZE, Payload, XexBuilder, sample_image};
use xenia_formats::image::{ImageKind, Protection};
use xenia_formats::{KeyRing, LoadedImage, ReadAt, Reason, Xex, identify, load};
use xenia_guest::{GuestAddr, Ordinal, TitleId};
use xenia_testing::is_long;

/// Bytes at the start of a sample that hold its headers, at least.
const HEADERS: usize = 0x1000;

const PAYLOADS: [Payload; 3] = [Payload::Plain, Payload::Basic, Payload::Lzx];
const DEVELOPMENT: [u8; 16] = [0; 16];
const RETAIL: [u8; 16] = *b"somebody's own k";

fn open(file: &[u8]) -> Result<LoadedImage, xenia_formats::FormatError> {
    load(&file.to_vec(), &KeyRing::development())
}

fn wrong_digests(image: &LoadedImage) -> Vec<&str> {
    image.digests.iter().filter(|check| !check.ok).map(|check| check.what.as_str()).collect()
}

#[test]
fn every_payload_plain_or_encrypted_gives_the_same_image() {
    for payload in PAYLOADS {
        for master in [None, Some(DEVELOPMENT)] {
            let file = XexBuilder::sample(payload, master).build();
            assert_eq!(identify(&file).unwrap().unwrap().name, "xex");
            let image = open(&file).unwrap();
            assert!(image.bytes == sample_image(), "{payload:?} {master:?}");
            assert_eq!(wrong_digests(&image), [""; 0], "{payload:?} {master:?}");
            assert!(image.digests.len() >= 1 + 2 + 4, "{payload:?} {master:?}: {:?}", image.digests);
            let blocks = image.digests.iter().filter(|check| check.what.starts_with("LZX block")).count();
            assert_eq!(blocks > 1, payload == Payload::Lzx, "{payload:?}: {blocks} blocks");
        }
    }
}

#[test]
fn xex_headers_describe_the_image() {
    let file = XexBuilder::sample(Payload::Basic, Some(DEVELOPMENT)).build();
    let image = open(&file).unwrap();
    assert_eq!(image.kind, ImageKind::Xex);
    assert_eq!((image.base, image.size as usize), (GuestAddr(BASE), IMAGE_SIZE));
    assert_eq!((image.entry, image.page_size), (GuestAddr(ENTRY), 0x1000));
    assert_eq!(image.stack_size, Some(0x8_0000));
    assert_eq!(image.name.as_deref(), Some("sample.exe"));
    assert_eq!(image.headers, file[..image.headers.len()]);

    let runs: Vec<_> = image.page_runs.iter().map(|r| (r.start.0 - BASE, r.size, r.protection)).collect();
    assert_eq!(
        runs,
        [
            (0, 0x1000, Protection::ReadOnly),
            (0x1000, 0x1000, Protection::Code),
            (0x2000, 0x2000, Protection::ReadOnly),
            (0x4000, 0x2000, Protection::ReadWrite),
        ]
    );

    let tls = image.tls.unwrap();
    assert_eq!((tls.slot_count, tls.raw_data_address.0 - BASE), (64, 0x4100));
    assert_eq!((tls.data_size, tls.raw_data_size), (0x40, 0x20));
    let execution = image.execution.unwrap();
    assert_eq!(execution.title_id, TitleId(0x5841_07D1));
    assert_eq!(execution.version.to_string(), "2.0.1234.1");
    assert_eq!((execution.disc_number, execution.disc_count, execution.savegame_id), (1, 2, 9));
    assert_eq!(image.alternate_titles, [TitleId(0x5841_07D1), TitleId(0x5841_07D2)]);
    let resource = &image.resources[0];
    assert_eq!((resource.name.as_str(), resource.size), ("584107D1", 0x300));

    assert_eq!(image.import_count(), 3);
    let [xam, kernel] = image.imports.as_slice() else { panic!("{:?}", image.imports) };
    assert_eq!((xam.name.as_str(), kernel.name.as_str()), ("xam.xex", "xboxkrnl.exe"));
    let found: Vec<_> =
        xam.imports.iter().chain(&kernel.imports).map(|i| (i.ordinal, i.slot.unwrap().0, i.thunk)).collect();
    assert_eq!(
        found,
        [
            (Ordinal(5), BASE + 0x3000, Some(GuestAddr(BASE + 0x3010))),
            (Ordinal(9), BASE + 0x3004, None),
            (Ordinal(7), BASE + 0x3008, Some(GuestAddr(BASE + 0x3020))),
        ]
    );
    let exports: Vec<_> = image.exports.iter().map(|e| (e.ordinal.0, e.address.0 - BASE)).collect();
    assert_eq!(exports, [(10, 0x1100), (12, 0x1200)]);
    let functions: Vec<_> = image
        .functions
        .iter()
        .map(|f| (f.start.0 - BASE, f.size, f.prologue_size, f.has_exception_handler))
        .collect();
    assert_eq!(functions, [(0x1100, 0x40, 12, true), (0x1140, 16, 4, false)]);
}

#[test]
fn retail_payload_without_key_reports_the_missing_key() {
    let says = |error: xenia_formats::FormatError| {
        assert!(matches!(error.reason, Reason::RetailKeyMissing | Reason::NoKeyFits), "{error}");
        error.to_string()
    };
    for payload in PAYLOADS {
        let file = XexBuilder::sample(payload, Some(RETAIL)).build();
        let header_size = Xex::read(&file).unwrap().header_size;
        assert_eq!(
            says(open(&file).unwrap_err()),
            format!(
                "XEX payload at offset {header_size:#x}: the payload does not open with the development key; \
                 a retail title needs your own key"
            )
        );
        let wrong = load(&file, &KeyRing::with_retail([1; 16])).unwrap_err();
        let message = says(wrong);
        let expected = "neither with the development key nor with the retail key given";
        assert!(message.ends_with(expected), "{payload:?}: {message}");
        let image = load(&file, &KeyRing::with_retail(RETAIL)).unwrap();
        assert!(image.bytes == sample_image() && image.digests_ok(), "{payload:?}");
        // A retail key does not interfere with a development title.
        let file = XexBuilder::sample(payload, Some(DEVELOPMENT)).build();
        assert!(load(&file, &KeyRing::with_retail(RETAIL)).unwrap().digests_ok(), "{payload:?}");
    }
    assert!(!format!("{:?}", KeyRing::with_retail(RETAIL)).contains("115"), "a key is shown");
}

#[test]
fn each_damaged_part_fails_its_own_digest() {
    let file = XexBuilder::sample(Payload::Plain, None).build();
    assert_eq!(open(&file).unwrap().damage(), None);
    let xex = Xex::read(&file).unwrap();
    let payload = xex.header_size as usize;
    let imports = xex.optional_header(xenia_formats::xex::key::IMPORT_LIBRARIES).unwrap().word as usize;
    let first_library = imports + 0xC + 8 + 16;
    for (at, expected) in [
        (payload + 0x10, "page run 0 (0x92000000, 4096 bytes)"),
        (payload + 0x1000, "page run 1 (0x92001000, 4096 bytes)"),
        (payload + 0x2FFF, "page run 2 (0x92002000, 8192 bytes)"),
        (payload + 0x5FFF, "page run 3 (0x92004000, 8192 bytes)"),
        (first_library + 0x18, "import library xam.xex"),
        (first_library + 0x28 + 12 + 0x18, "import library xboxkrnl.exe"),
        (xex.security_offset as usize + 0x17C, "header"),
    ] {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        let image = open(&damaged).unwrap();
        let mut found = wrong_digests(&image);
        if expected.starts_with("import") {
            assert_eq!(found.remove(0), "header");
        }
        assert_eq!(found, [expected], "{at:#x}");
        let more = if expected.starts_with("import") { ", nor does 1 other part" } else { "" };
        let first = if more.is_empty() { expected } else { "header" };
        assert_eq!(image.damage().unwrap(), format!("{first} does not match its hash{more}"));
    }

    let file = XexBuilder::sample(Payload::Lzx, None).build();
    let payload = Xex::read(&file).unwrap().header_size as usize;
    let mut damaged = file.clone();
    damaged[payload + 200] ^= 1; // within the block of stored bytes
    let image = open(&damaged).unwrap();
    assert!(wrong_digests(&image).contains(&"LZX block 0"), "{:?}", image.digests);
}

#[test]
fn invalid_xex_files_are_refused_with_reason() {
    let sample = || XexBuilder::sample(Payload::Basic, None);
    let set = |key: u32, value: Result<u32, Vec<u8>>| {
        let mut builder = sample();
        builder.headers.iter_mut().find(|(k, _)| *k == key).unwrap().1 = value;
        builder.build()
    };
    let mut patch = sample();
    patch.module_flags |= 0x10;
    let mut unaligned_slot = sample();
    unaligned_slot.imports[0].1[0] += 2;
    let mut outside = sample();
    outside.imports[1].1[1] = BASE + IMAGE_SIZE as u32;
    let mut empty_run = sample();
    empty_run.runs.insert(1, (0, 1));
    let mut exports = sample();
    exports.export_table = BASE + IMAGE_SIZE as u32 - 8;
    let mut no_pe = sample();
    no_pe.image[0] = b'N';
    let mut long_name = sample();
    long_name.imports[0].0 = "n".repeat(300);
    let mut run = sample();
    run.runs[1].1 = 4;
    let mut too_long = sample();
    too_long.runs[3].0 = 3;
    too_long.image.resize(0x7000, 0);
    let mut too_long = too_long.build();
    let at = Xex::read(&too_long).unwrap().security_offset as usize + 4;
    too_long[at..at + 4].copy_from_slice(&0x6000_u32.to_be_bytes());
    let mut huge = sample().build();
    huge[at..at + 4].copy_from_slice(&0x1000_1000_u32.to_be_bytes());
    let tls = |words: [u32; 4]| words.map(u32::to_be_bytes).concat();
    for (file, expected) in [
        (patch.build(), "not supported: it is a title update (XEXP)"),
        (set(0x1_0100, Ok(BASE - 4)), "XEX entry point at offset"),
        (set(0x1_0100, Ok(ENTRY + 2)), "is not an instruction of the image"),
        (set(0x1_0201, Ok(0xFFFF_F000)), "XEX image base at offset"),
        (set(0x2_0104, Err(tls([64, BASE, 16, 17]))), "17 bytes of initial data in 16"),
        (set(0x2_0104, Err(tls([64, BASE + 0x5FF8, 16, 16]))), "are outside the image"),
        (set(0x2_0104, Err(tls([64, BASE, u32::MAX, 16]))), "XEX TLS data size at offset"),
        (unaligned_slot.build(), "is not a word of the image"),
        (outside.build(), "is not a word of the image"),
        (empty_run.build(), "run 1 of 0 pages"),
        (exports.build(), "XEX export table at offset 0x5ff8: needs 44 bytes, 8 available"),
        (no_pe.build(), "expected the letters MZ"),
        (long_name.build(), "a library's name of 300 bytes"),
        (run.build(), "XEX page type at offset"),
        (too_long, "run 3 of 3 pages"),
        (huge, "XEX image size at offset"),
        (b"MZ nothing of ours".to_vec(), "it is a Windows program"),
        (Vec::new(), "it is empty"),
    ] {
        let error = open(&file).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
        assert!(error.contains("at offset 0x"), "{error}");
    }
}

#[test]
fn import_records_may_have_any_order_and_zeros_between_them() {
    let sample = || XexBuilder::sample(Payload::Basic, None);
    let imports = |builder: XexBuilder| {
        let mut imports = open(&builder.build()).unwrap().imports[0].imports.clone();
        imports.sort_by_key(|import| import.ordinal);
        imports
    };
    let usual = imports(sample());
    let mut thunk_first = sample();
    thunk_first.imports[0].1.swap(0, 1);
    let mut other_thunk = sample();
    other_thunk.imports[0].1.swap(1, 2);
    let mut zeros = sample();
    zeros.imports[0].1.insert(1, 0);
    zeros.imports[0].1.push(0);
    for builder in [thunk_first, other_thunk, zeros] {
        let records = builder.imports[0].1.clone();
        assert_eq!(imports(builder), usual, "{records:x?}");
    }
    let mut no_slot = sample();
    no_slot.imports[0].1.remove(0);
    let mut expected = usual;
    expected[0].slot = None;
    assert_eq!(imports(no_slot), expected);
}

/// Opens a damaged file. Asserts that an error names the offset; `None` if the file is refused.
fn open_damaged(file: &[u8], context: &dyn Fn() -> String) -> Option<LoadedImage> {
    match open(file) {
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(" at offset 0x"), "{}: {text}", context());
            None
        }
        Ok(image) => Some(image),
    }
}

/// Asserts that an image has a digest mismatch, or is like the original.
fn assert_damage_shows(image: &LoadedImage, original: &LoadedImage, context: &dyn Fn() -> String) {
    if image.digests_ok() {
        assert!(image.bytes == original.bytes, "{}", context());
        assert_eq!(image.imports, original.imports, "{}", context());
        assert_eq!((image.entry, image.base), (original.entry, original.base), "{}", context());
    }
}

#[test]
fn truncation_at_every_byte_is_refused_or_shows() {
    for payload in PAYLOADS {
        for master in [None, Some(DEVELOPMENT)] {
            let file = XexBuilder::sample(payload, master).build();
            let original = open(&file).unwrap();
            // The beginning has the headers; a usual run cuts the rest at some of its bytes.
            let step = if is_long() { 1 } else { 29 };
            for length in (0..HEADERS).chain((HEADERS..file.len()).step_by(step)) {
                let context = || format!("{payload:?} {master:?} cut at {length:#x}");
                if let Some(image) = open_damaged(&file[..length.min(file.len())], &context) {
                    assert_damage_shows(&image, &original, &context);
                }
            }
        }
    }
}

#[test]
fn every_flipped_header_bit_is_refused_or_shows() {
    let file = XexBuilder::sample(Payload::Basic, None).build();
    let original = open(&file).unwrap();
    let xex = Xex::read(&file).unwrap();
    // The missing signature would cover this part of the security info.
    let signed = xex.security_offset as usize + 8..xex.security_offset as usize + 0x17C;
    let mut loaded = 0;
    for bit in 0..xex.header_size as usize * 8 {
        let mut damaged = file.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let context = || format!("bit {} of byte {:#x}", bit % 8, bit / 8);
        let Some(image) = open_damaged(&damaged, &context) else { continue };
        loaded += 1;
        if !signed.contains(&(bit / 8)) {
            assert_damage_shows(&image, &original, &context);
        }
    }
    assert!(loaded > 1000 && loaded < xex.header_size as usize * 8 - 1000, "{loaded}");
}

#[test]
fn random_changes_neither_panic_nor_hang() {
    let mut noise = Noise::new(42);
    let samples: Vec<_> = PAYLOADS
        .into_iter()
        .flat_map(|payload| {
            [None, Some(DEVELOPMENT)].map(|master| XexBuilder::sample(payload, master).build())
        })
        .collect();
    let rounds = if is_long() { 10_000 } else { 3000 };
    for round in 0..rounds {
        let mut damaged = samples[round % samples.len()].clone();
        for _ in 0..=noise.below(6) {
            // Half of them in the headers.
            let limit = if noise.below(2) == 0 { 0x400 } else { damaged.len() };
            let at = noise.below(limit);
            match noise.below(3) {
                0 => damaged[at] ^= 1 << noise.below(8),
                1 => damaged[at] = noise.next() as u8,
                _ => damaged[at] = [0, 0xFF, 0x7F, 0x80][noise.below(4)],
            }
        }
        if noise.below(4) == 0 {
            damaged.truncate(noise.below(damaged.len()));
        }
        open_damaged(&damaged, &|| format!("round {round}"));
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_refused() {
    struct Shrinking(Vec<u8>);
    impl ReadAt for Shrinking {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
            let kept = &self.0[..self.0.len() / 2];
            kept.read_at(offset, buffer)
        }
        fn size(&self) -> std::io::Result<u64> {
            Ok(self.0.len() as u64)
        }
    }
    let file = Shrinking(XexBuilder::sample(Payload::Plain, None).build());
    let error = load(&file, &KeyRing::development()).unwrap_err();
    assert!(matches!(error.reason, Reason::Truncated { .. }), "{error}");
}

#[test]
fn names_are_given_to_exports_by_ordinal() {
    let mut builder = XexBuilder::sample(Payload::Plain, None);
    // The table has 10 and 12; the directory names 10, 11 and another 12.
    let mut directory = vec![0; 0x10];
    for word in [10_u32, 3, 3, 0x28, 0x34, 0x40, 0x1100, 0x1300, 0x1140, 0x46, 0x4C, 0x52, 0x0001_0000, 0x2] {
        directory.extend(word.to_le_bytes());
    }
    directory.truncate(0x46);
    directory.extend(b"First\0Other\0Third\0");
    builder.image[0x2100..0x2100 + directory.len()].copy_from_slice(&directory);
    builder.headers.push((0xE1_0402, Err([0x2100_u32, 0x60].map(u32::to_be_bytes).concat())));
    let image = open(&builder.build()).unwrap();
    let exports: Vec<_> =
        image.exports.iter().map(|e| (e.ordinal.0, e.name.as_deref(), e.address.0 - BASE)).collect();
    assert_eq!(
        exports,
        [
            (10, Some("First"), 0x1100),
            (11, Some("Other"), 0x1300),
            (12, None, 0x1200),
            (12, Some("Third"), 0x1140)
        ]
    );
}

#[test]
fn exports_by_name_and_static_libraries_are_read() {
    let mut builder = XexBuilder::sample(Payload::Plain, None);
    builder.export_table = 0;
    // A PE export directory at 0x2100: little-endian; names relative to it, functions relative to
    // the image.
    let mut directory = vec![0; 0x10];
    for word in [1_u32, 2, 2, 0x28, 0x30, 0x38, 0x1100, 0x1140, 0x3C, 0x42, 0x0000_0001] {
        directory.extend(word.to_le_bytes());
    }
    directory.extend(b"First\0Second\0");
    builder.image[0x2100..0x2100 + directory.len()].copy_from_slice(&directory);
    builder.headers.push((0xE1_0402, Err([0x2100_u32, 0x60].map(u32::to_be_bytes).concat())));
    let mut library = 20_u32.to_be_bytes().to_vec();
    library.extend(b"D3D9\0\0\0\0\0\x02\0\0\x52\x7f\x02\x04");
    builder.headers.push((0x2_00FF, Err(library)));
    let file = builder.build();

    let library = &Xex::read(&file).unwrap().static_libraries[0];
    assert_eq!((library.name.as_str(), library.version, library.approval), ("D3D9", [2, 0, 21119, 4], 2));
    let names = |image: LoadedImage| -> Vec<_> {
        image.exports.into_iter().map(|e| (e.ordinal.0, e.name.unwrap(), e.address.0 - BASE)).collect()
    };
    let image = open(&file).unwrap();
    assert!(image.digests_ok());
    assert_eq!(names(image), [(1, "Second".into(), 0x1100), (2, "First".into(), 0x1140)]);

    for (at, value, expected) in [
        (
            0x2100 + 0x14,
            0x1_0001_u32,
            "PE export count at offset 0x2114: the value 0x10001 exceeds the limit of 0x10000",
        ),
        (0x2100 + 0x1C, 0x4000, "PE export directory at offset 0x6100: needs 8 bytes, 0 available"),
        (0x2100 + 0x2C, 0x6000, "First is at 0x92006000, outside the image"),
    ] {
        let mut builder = builder.clone();
        builder.image[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let error = open(&builder.build()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
    }
}
