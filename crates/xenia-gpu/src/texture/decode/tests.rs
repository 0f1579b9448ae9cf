//! Tests of addressing and decoding texels of all kinds.

use super::*;
use crate::memory::Ram;

fn info(format: u32, width: u32, height: u32, tiled: bool, endian: u32) -> TextureInfo {
    TextureInfo::decode(&[
        2 | (tiled as u32) << 31 | width.div_ceil(32) << 22,
        format | endian << 6 | 0x1 << 12,
        (width - 1) | (height - 1) << 13,
        0x688 << 1,
        0,
        1 << 9,
    ])
    .unwrap()
}

fn texel(info: &TextureInfo, ram: &Ram, x: u32, y: u32) -> [f32; 4] {
    decode_level(info, 0, ram).unwrap().get((x + y * info.size[0]) as usize)
}

#[test]
fn linear_and_tiled_texels_are_found() {
    let ram = Ram::new(0x20000);
    let linear = info(6, 48, 40, false, 2);
    // Linear rows of a 64-texel pitch; big-endian words: component x is the last byte.
    ram.write(0x1000 + (5 * 64 + 7) * 4, &[40, 30, 20, 10]);
    assert_eq!(texel(&linear, &ram, 7, 5).map(|v| (v * 255.0).round()), [10.0, 20.0, 30.0, 40.0]);
    let tiled = info(6, 48, 40, true, 2);
    ram.write(0x1000 + layout::tiled_2d(33, 39, 64, 2), &[4, 3, 2, 1]);
    assert_eq!(texel(&tiled, &ram, 33, 39).map(|v| (v * 255.0).round()), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn components_of_each_format_are_decoded() {
    for (format, endian, bytes, expected) in [
        (2, 0, &[0x80][..], [128.0 / 255.0; 4]),
        (4, 1, &[0xf8, 0x1f][..], [1.0, 0.0, 1.0, 1.0]),
        (15, 1, &[0x4f, 0x08][..], [8.0 / 15.0, 0.0, 1.0, 4.0 / 15.0]),
        (3, 1, &[0x80, 0x01][..], [1.0 / 31.0, 0.0, 0.0, 1.0]),
        (7, 2, &[0xc0, 0x00, 0x03, 0xff][..], [1.0, 0.0, 0.0, 1.0]),
        (24, 1, &[0xff, 0xff][..], [1.0; 4]),
        (30, 1, &[0x40, 0x00][..], [2.0; 4]),
        (37, 2, &[0x3f, 0x80, 0, 0, 0x40, 0, 0, 0][..], [1.0, 2.0, 2.0, 2.0]),
        (22, 2, &[0xff, 0xff, 0xff, 0x12][..], [1.0; 4]),
        (23, 2, &[0xf0, 0x00, 0x00, 0x12][..], [1.0; 4]),
        // Cr, Y1, Cb, Y0 from the highest byte on; the fourth component equals the third.
        (11, 2, &[0xff, 0x22, 0x00, 0xff][..], [1.0, 1.0, 0.0, 0.0]),
    ] {
        let ram = Ram::new(0x10000);
        ram.write(0x1000, bytes);
        assert_eq!(texel(&info(format, 32, 32, false, endian), &ram, 0, 0), expected, "format {format}");
    }
}

#[test]
fn components_depend_on_sign_and_scale() {
    use FieldScale::{Fractions, Integers};
    assert_eq!(number(0x80, 8, TextureSign::Signed, Fractions), -1.0);
    assert_eq!(number(0x7f, 8, TextureSign::Signed, Fractions), 1.0);
    assert_eq!(number(0xff, 8, TextureSign::UnsignedBiased, Fractions), 1.0);
    assert_eq!(number(5, 8, TextureSign::Unsigned, Integers), 5.0);
    let biased = [0, 5, 0xff].map(|bits| number(bits, 8, TextureSign::UnsignedBiased, Integers));
    assert_eq!(biased, [-128.0, -123.0, 127.0]);
    assert_eq!([0.0, 1.0].map(gamma_to_linear), [0.0, 1.0]);
    assert_eq!(gamma_to_linear(200.0 / 255.0), 580.0 / 1023.0);
    assert_eq!([0, 1].map(|bit| number(bit, 1, TextureSign::Signed, Fractions)), [0.0, -1.0]);
}

#[test]
fn signed_fractions_always_have_a_zero() {
    let ram = Ram::new(0x10000);
    ram.write(0x1000, &[0x80, 0, 1, 0x7f]);
    let mut cache = crate::texture::TextureCache::default();
    let mut words = [2 | 0x55 << 2 | 1 << 22, 6 | 1 << 12, 0, 0x688 << 1, 0, 1 << 9];
    let mut texel =
        |words: &[u32; 6]| cache.level(&TextureInfo::decode(words).unwrap(), 0, &ram).unwrap().texels.get(0);
    assert_eq!(texel(&words), [-1.0, 0.0, 1.0 / 127.0, 1.0]);
    words[0] |= 1 << 19;
    assert_eq!(texel(&words), [-1.0, 0.0, 1.0 / 127.0, 1.0], "bit 19 is one of vertex fetches");
    words[3] |= 1;
    assert_eq!(texel(&words), [-128.0, 0.0, 1.0, 127.0], "integers are what they are");
}

#[test]
fn repeated_components_have_separate_signs() {
    use TextureSign::*;
    let ram = Ram::new(0x10000);
    ram.write(0x1000, &[0xff, 0x80]);
    for (format, expected) in [
        (2, [1.0, -1.0 / 127.0, 1.0, gamma_to_linear(1.0)]),
        (10, [1.0, -1.0, 128.0 / 255.0 * 2.0 - 1.0, gamma_to_linear(128.0 / 255.0)]),
    ] {
        let signs = [Unsigned, Signed, UnsignedBiased, Gamma];
        let info = TextureInfo { signs, ..info(format, 32, 32, false, 0) };
        assert_eq!(texel(&info, &ram, 0, 0), expected, "format {format}");
    }
}

#[test]
fn any_constant_decodes_without_a_panic() {
    let ram = Ram::new(0x1000);
    let mut dice = xenia_testing::Dice(1);
    let mut next = || dice.next() as u32;
    for _ in 0..60 {
        let mut words = [0; 6].map(|_: u32| next());
        words[0] = words[0] & !0x7fc0_0003 | 2; // the smallest pitch
        words[2] &= 0x0107_c0ff; // keep it small
        if let Some(info) = TextureInfo::decode(&words) {
            for level in [0, 1, 9] {
                decode_level(&info, level, &ram);
            }
        }
    }
}
