//! Tests of the XEX1 of early development kits: a XEX2 with another layout of its security info.

use crate::support::xex_builder::{Payload, XexBuilder};
use xenia_formats::xex::Generation;
use xenia_formats::{FormatError, KeyRing, LoadedImage, Xex, load};

const DEVELOPMENT: [u8; 16] = [0; 16];

fn open(file: &[u8]) -> Result<LoadedImage, FormatError> {
    load(&file.to_vec(), &KeyRing::development())
}

/// Converts a file to a XEX1: other offsets in the security info, no digest of the headers.
fn as_xex1(file: &[u8]) -> Vec<u8> {
    let at = Xex::read(&file.to_vec()).unwrap().security_offset as usize;
    let count = u32::from_be_bytes(*file[at + 0x180..].first_chunk().unwrap()) as usize;
    // Size, image size, signature; digests of image and imports; address, key, medium; region,
    // flags, exports, media; pages.
    let parts = [
        0..0x108,
        0x114..0x128,
        0x12C..0x140,
        0x110..0x114,
        0x150..0x160,
        0x140..0x150,
        0x178..0x17C,
        0x10C..0x110,
        0x160..0x164,
        0x17C..0x180,
        0x180..0x184 + 24 * count,
    ];
    let security: Vec<u8> =
        parts.into_iter().flat_map(|part| file[at + part.start..at + part.end].to_vec()).collect();
    let mut file = file.to_vec();
    file[3] = b'1';
    file[at..at + 0x184 + 24 * count].fill(0);
    file[at..at + security.len()].copy_from_slice(&security);
    file
}

#[test]
fn a_xex1_is_read_without_page_digests() {
    for payload in [Payload::Plain, Payload::Basic, Payload::Lzx] {
        for master in [None, Some(DEVELOPMENT)] {
            let file = XexBuilder::sample(payload, master).build();
            let xex2 = open(&file).unwrap();
            let old = as_xex1(&file);
            assert_eq!(Xex::read(&old).unwrap().security.generation, Generation::Xex1);
            let xex1 = open(&old).unwrap();
            assert!(xex1.bytes == xex2.bytes, "{payload:?} {master:?}");
            assert_eq!(xex1.page_runs, xex2.page_runs);
            assert_eq!((xex1.base, xex1.entry, xex1.page_size), (xex2.base, xex2.entry, xex2.page_size));
            assert_eq!(xex1.imports, xex2.imports);
            assert_eq!(xex1.exports, xex2.exports);
            assert!(xex1.digests.iter().all(|check| check.what.starts_with("LZX block")), "{payload:?}");
        }
    }
    // Neither generation is accepted as the other.
    let mut swapped = XexBuilder::sample(Payload::Plain, None).build();
    swapped[3] = b'1';
    assert!(open(&swapped).is_err());
    let mut damaged = as_xex1(&XexBuilder::sample(Payload::Plain, None).build());
    let header_size = Xex::read(&damaged).unwrap().header_size as usize;
    for length in 0..header_size {
        assert!(open(&damaged[..length]).is_err(), "{length}");
    }
    let at = Xex::read(&damaged).unwrap().security_offset as usize + 0x164;
    damaged[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    let error = open(&damaged).unwrap_err().to_string();
    assert!(error.contains("XEX page descriptors at offset 0x"), "{error}");
}

#[test]
fn an_impossible_base_is_reported_where_the_generation_stores_it() {
    let mut builder = XexBuilder::sample(Payload::Plain, None);
    // Without optional headers the security info has the base.
    builder.headers.clear();
    let file = builder.build();
    for (file, field) in [(as_xex1(&file), 0x130), (file, 0x110)] {
        let at = Xex::read(&file).unwrap().security_offset as usize + field;
        let mut damaged = file;
        damaged[at..at + 4].copy_from_slice(&0x8200_0001_u32.to_be_bytes());
        let error = Xex::read(&damaged).unwrap_err().to_string();
        assert!(error.starts_with(&format!("XEX image base at offset {at:#x}: ")), "{error}");
    }
}
