//! Tests of patches: the result is the new executable byte for byte, including digests; damaged or
//! mismatched patches are refused.

use crate::support::Noise;
use crate::support::xex_builder::{Payload, XexBuilder};
use crate::support::xexp_builder::{Record, build};
use xenia_formats::{FormatError, KeyRing, LoadedImage, Xex};
use xenia_testing::Cases;

const DEVELOPMENT: [u8; 16] = [0; 16];
const RETAIL: [u8; 16] = *b"a retail key of ";

/// The next version: an additional page, changed and moved code and data.
fn versions(payload: Payload, master: Option<[u8; 16]>) -> (XexBuilder, XexBuilder, Vec<Record>) {
    let old = XexBuilder::sample(payload, master);
    let mut new = old.clone();
    let mut dice = Noise::new(5);
    let code: Vec<u8> = dice.compressible(0x600);
    let mut changed = old.image[0x1200..0x1800].to_vec();
    changed[0x100..0x140].copy_from_slice(&code[..0x40]);
    let records = vec![
        Record::Copy(0x4100, 0x4900, 0x300),
        Record::Zero(0x4100, 0x80),
        Record::Lzx(0x1200, 0x1200, changed),
        Record::Lzx(0x4000, 0x6000, code),
    ];
    new.image.resize(0x7000, 0);
    for record in &records {
        match record {
            Record::Zero(at, length) => new.image[*at..at + length].fill(0),
            Record::Copy(from, to, length) => new.image.copy_within(*from..from + length, *to),
            Record::Lzx(_, to, bytes) => new.image[*to..to + bytes.len()].copy_from_slice(bytes),
        }
    }
    new.runs.push((1, 2));
    let execution = new.headers.iter_mut().find(|(key, _)| *key == 0x4_0006).unwrap();
    execution.1.as_mut().unwrap_err()[4..8].copy_from_slice(&0x2004_D202_u32.to_be_bytes());
    (old, new, records)
}

fn patched(old: &XexBuilder, patch: &[u8], keys: &KeyRing) -> Result<LoadedImage, FormatError> {
    let file = old.build();
    Xex::read(&file)?.load_patched(&file, &patch, keys)
}

#[test]
fn a_patched_executable_is_the_new_one() {
    for payload in [Payload::Plain, Payload::Basic, Payload::Lzx] {
        for master in [None, Some(DEVELOPMENT), Some(RETAIL)] {
            let (old, new, records) = versions(payload, master);
            let keys = KeyRing::with_retail(RETAIL);
            let image = patched(&old, &build(&old, &new, &records), &keys).unwrap();
            let file = XexBuilder { payload: Payload::Plain, ..new.clone() }.build();
            let expected = Xex::read(&file).unwrap().load(&file, &keys).unwrap();
            assert!(image.bytes == new.image, "{payload:?} {master:?}");
            assert_eq!((image.size, image.page_runs), (0x7000, expected.page_runs));
            assert_eq!((image.execution, image.imports), (expected.execution, expected.imports));
            assert_eq!(
                (image.exports, image.functions, image.tls),
                (expected.exports, expected.functions, expected.tls)
            );
            let wrong: Vec<_> = image.digests.iter().filter(|digest| !digest.ok).collect();
            assert!(image.digests.len() > 6 && wrong.is_empty(), "{wrong:?}");
        }
    }
}

#[test]
fn a_patch_for_another_executable_is_refused() {
    let (old, new, records) = versions(Payload::Basic, Some(RETAIL));
    let patch = build(&old, &new, &records);
    let error = patched(&old, &patch, &KeyRing::development()).unwrap_err().to_string();
    assert!(error.contains("a retail title needs your own key"), "{error}");
    // Another executable has another key.
    let (old, new, records) = versions(Payload::Plain, None);
    let patch = build(&old, &new, &records);
    let mut other = old.build();
    let security = u32::from_be_bytes(other[0x10..0x14].try_into().unwrap()) as usize;
    other[security + 0x150] ^= 1;
    let error = Xex::read(&other).unwrap().load_patched(&other, &patch, &KeyRing::development());
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("XEXP descriptor at offset") && error.contains("for another executable"),
        "{error}"
    );
    let alone = Xex::read(&old.build()).unwrap().load_patched(
        &old.build(),
        &old.build(),
        &KeyRing::with_retail(RETAIL),
    );
    assert!(alone.unwrap_err().to_string().contains("not a patch of an executable"));
}

#[test]
fn damaged_patches_are_refused_or_show() {
    let (old, new, records) = versions(Payload::Basic, None);
    let whole = build(&old, &new, &records);
    Cases::new("XENIA_PATCHES", 2000).each(|seed| {
        let mut dice = Noise::new(seed);
        let mut patch = whole.clone();
        for _ in 0..=dice.below(3) {
            let at = dice.below(patch.len());
            patch[at] = [dice.next() as u8, 0, 0xFF, patch[at] ^ 1][dice.below(4)];
        }
        patch.truncate(patch.len() - [0, dice.below(patch.len())][usize::from(dice.below(8) == 0)]);
        match patched(&old, &patch, &KeyRing::development()) {
            Ok(image) => assert!(image.bytes == new.image || !image.digests_ok(), "it goes unnoticed"),
            Err(error) => assert!(error.to_string().contains(" at offset 0x"), "{error}"),
        }
    });
}
