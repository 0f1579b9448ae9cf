//! Requirements on each row of `FORMATS`: a sample, detection by no other row, and errors instead
//! of panics. Unsupported formats must have advice.

use crate::support::samples;
use std::sync::Arc;
use xenia_formats::{FORMATS, Format, KeyRing, NoParts, Opens, identify, load};
use xenia_testing::is_long;

/// Bytes with the headers of any format. A usual run cuts samples at each of them.
const HEADERS: usize = 0x1000;
/// Bytes at the end with the footers of any format, at each of which samples are cut, too.
const FOOTERS: usize = 0x100;
/// Distance of the cuts between headers and footers in a usual run, in bytes.
const STEP: usize = 13;

/// Whether two formats can start alike: the header of a package has its kind at a later offset, and
/// a ZArchive is detected by its end and starts with a compressed block.
fn begins_as(format: &Format, other: &Format) -> bool {
    matches!((format.name, other.name), ("svod", "stfs") | ("zar", "compressed"))
}

#[test]
fn each_sample_is_its_own_format_and_opens() {
    for (format, file) in samples() {
        assert_eq!(identify(&file).unwrap().map(|found| found.name), Some(format.name));
        match format.opens {
            Opens::Executable(load) => {
                let image = load(&file, &KeyRing::development()).unwrap();
                assert!(image.digests_ok());
                assert!(image.bytes.len() <= image.size as usize);
            }
            Opens::Volume(open) => {
                let volume = open(Arc::new(file.clone())).unwrap();
                assert!(volume.list(&[""; 0]).unwrap().next().is_some(), "{} is empty", format.name);
            }
            Opens::Parts(open) => {
                let volume = open(Arc::new(file.clone()), &NoParts).unwrap();
                assert!(volume.list(&[""; 0]).unwrap().next().is_some(), "{} is empty", format.name);
            }
            Opens::Unread(_) => {}
        }
        let (faults, checked) = crate::support::verified(format.name, file.clone());
        assert_eq!(faults, Vec::<String>::new(), "{}", format.name);
        // An ELF has no hashes.
        assert!(checked > 0 || format.name == "elf");
        let others = FORMATS.iter().filter(|other| other.name != format.name && !begins_as(format, other));
        for other in others {
            assert!(!(other.detect)(&file).unwrap(), "{} takes {}", other.name, format.name);
            if let Opens::Executable(load) = other.opens {
                let error = load(&file, &KeyRing::development()).unwrap_err().to_string();
                assert!(error.contains("at offset 0x0: found 0x"), "{error}");
            }
        }
    }
}

#[test]
fn a_sample_cut_at_any_byte_is_refused_with_an_offset_or_shows_by_its_digests() {
    let step = if is_long() { 1 } else { STEP };
    for (format, file) in samples() {
        let read = |cut: Vec<u8>| match format.opens {
            Opens::Executable(load) => load(&cut, &KeyRing::development()).map(Some),
            Opens::Volume(open) => open(Arc::new(cut)).map(|_| None),
            Opens::Parts(open) => open(Arc::new(cut), &NoParts).map(|_| None),
            Opens::Unread(_) => Ok(None),
        };
        let whole = read(file.clone()).unwrap().map(|image| image.bytes);
        let is_tried = |length: &usize| {
            *length < HEADERS || file.len() - length <= FOOTERS || length.is_multiple_of(step)
        };
        for length in (0..file.len()).filter(is_tried) {
            let cut = &file[..length];
            let found = identify(&cut).unwrap();
            assert!(found.is_none_or(|found| found.name == format.name || begins_as(format, found)));
            match read(cut.to_vec()) {
                Err(error) => assert!(error.to_string().contains(" at offset 0x"), "{error}"),
                // The rest of a volume can be intact.
                Ok(image) => assert!(
                    image.is_none_or(|image| !image.digests_ok() || Some(image.bytes) == whole),
                    "{} cut at {length:#x} goes unnoticed",
                    format.name
                ),
            }
        }
    }
}

/// `bytes` at `offset` of a file with `size` bytes; the rest contains no magic of a format.
fn file_with(size: usize, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0x55; size];
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
    file
}

#[test]
fn unreadable_formats_are_named_with_advice() {
    let mut elf = crate::support::elf_builder::sample().build();
    elf[4] = 2;
    let mut xenon_pe = file_with(0x100, 0x80, b"PE\0\0\xF2\x01");
    xenon_pe[..2].copy_from_slice(b"MZ");
    xenon_pe[0x3C..0x40].copy_from_slice(&0x80_u32.to_le_bytes());
    let samples = [
        ("xbe", file_with(64, 0, b"XBEH")),
        ("ciso", file_with(64, 0, b"CISO")),
        ("iso9660", file_with(0x9000, 0x8001, b"CD001")),
        ("7z", file_with(64, 0, b"7z\xBC\xAF\x27\x1C")),
        ("rar", file_with(64, 0, b"Rar!\x1A\x07\0")),
        ("cab", file_with(64, 0, b"MSCF")),
        ("compressed", file_with(64, 0, b"\x1F\x8B")),
        ("tar", file_with(512, 257, b"ustar")),
        ("pe", file_with(64, 0, b"MZ")),
        ("xenon-pe", xenon_pe),
        ("old-xex", file_with(64, 0, b"XEX?")),
        ("picture", file_with(64, 0, b"\x89PNG\r\n\x1A\n")),
        ("xdbf", file_with(64, 0, b"XDBF")),
        ("zeros", vec![0; 10]),
        ("other-elf", elf),
    ];
    for format in FORMATS {
        let unread = matches!(format.opens, Opens::Unread(_));
        let has_sample = samples.iter().any(|(name, _)| *name == format.name);
        assert_eq!(unread, has_sample, "{}", format.name);
    }
    for (name, file) in samples {
        let format = identify(&file).unwrap().unwrap_or_else(|| panic!("{name} is not recognised"));
        assert_eq!(format.name, name);
        let Opens::Unread(advice) = format.opens else { panic!("{name} is read") };
        let error = load(&file, &KeyRing::development()).unwrap_err().to_string();
        assert!(error.contains(format.description) && error.contains(advice), "{error}");
        // Truncated near its magic, the file has another format or none, without a panic.
        for length in (0..file.len().min(0x400)).chain([file.len() - 1]) {
            let _ = load(&file[..length].to_vec(), &KeyRing::development());
        }
    }
}

#[test]
fn an_unknown_file_is_described_by_how_it_begins() {
    let refusal = |file: &[u8]| load(&file.to_vec(), &KeyRing::development()).unwrap_err().to_string();
    assert!(refusal(b"").contains("it is empty"), "{}", refusal(b""));
    assert!(refusal(b"Hello, world").contains("48 65 6c 6c 6f 2c 20 77 6f 72 6c 64 \"Hello, world\""));
    assert!(refusal(&[1, 2, 0xFF]).ends_with("begins with 01 02 ff"), "{}", refusal(&[1, 2, 0xFF]));
    let mut late = vec![0; 0x1_0001];
    assert!(refusal(&late).contains("a file of zeros"), "{}", refusal(&late));
    late[0x1_0000] = 1;
    assert!(refusal(&late).contains("begins with 00 00"), "{}", refusal(&late));
}
