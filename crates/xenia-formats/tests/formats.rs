//! What every line of `FORMATS` owes: a sample, detection by no other line, and refusals instead of panics.

mod support;

use support::xex_builder::{Payload, XexBuilder};
use xenia_formats::{FORMATS, Format, KeyRing, identify};

/// A small file of the format, made by a builder of the tests' own.
fn sample(format: &Format) -> Vec<u8> {
    match format.name {
        "xex" => XexBuilder::sample(Payload::Lzx, Some([0; 16])).build(),
        "elf" => support::elf_builder::sample().build(),
        name => panic!("the format {name} has no builder in tests/support"),
    }
}

#[test]
fn each_sample_is_its_own_format_and_loads() {
    for format in FORMATS {
        let file = sample(format);
        assert_eq!(identify(&file).unwrap().map(|found| found.name), Some(format.name));
        let image = (format.load)(&file, &KeyRing::development()).unwrap();
        assert!(image.digests_ok());
        assert_eq!(image.bytes.len(), image.size as usize);
        for other in FORMATS.iter().filter(|other| other.name != format.name) {
            assert!(!(other.detect)(&file).unwrap(), "{} takes {}", other.name, format.name);
            let error = (other.load)(&file, &KeyRing::development()).unwrap_err().to_string();
            assert!(error.contains("at offset 0x0: found 0x"), "{error}");
        }
    }
}

#[test]
fn a_sample_cut_at_any_byte_is_refused_with_an_offset_or_shows_by_its_digests() {
    for format in FORMATS {
        let file = sample(format);
        let whole = (format.load)(&file, &KeyRing::development()).unwrap();
        for length in 0..file.len() {
            let cut = &file[..length];
            assert!(identify(&cut).unwrap().is_none_or(|found| found.name == format.name));
            match (format.load)(&cut, &KeyRing::development()) {
                Err(error) => assert!(error.to_string().contains(" at offset 0x"), "{error}"),
                Ok(image) => assert!(
                    !image.digests_ok() || image.bytes == whole.bytes,
                    "{} cut at {length:#x} goes unnoticed",
                    format.name
                ),
            }
        }
    }
}
