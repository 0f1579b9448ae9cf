//! Fuzz test of textures with any fetch constant over any memory: decoding yields an image within
//! its bound or none, and tiled blocks don't overlap.
//!
//! `XENIA_RANDOM_TEXTURES` selects the cases.

use std::collections::HashSet;
use std::sync::Mutex;
use xenia_gpu::enums::Dimension;
use xenia_gpu::texture::{Layout, TexelFormat, Texels, TextureCache, TextureInfo, decode_level, layout};
use xenia_gpu::{PhysicalMemory, PhysicalRange, Ram};
use xenia_testing::{Cases, Dice};

/// Number of cases by default.
const CASES: u64 = 400;
/// Maximum number of texels in a level of a case; the largest possible levels are far larger.
const MAX_TEXELS: u64 = 1 << 18;
/// Maximum number of bytes in a level of a case.
const MAX_BYTES: u32 = 8 << 20;
/// Bytes of memory: fewer than the largest textures need, so that some exceed it.
const MEMORY: usize = 4 << 20;

/// Memory that records the ranges read.
struct Watched {
    ram: Ram,
    reads: Mutex<Vec<(u32, usize)>>,
}

impl PhysicalMemory for Watched {
    fn read(&self, physical: u32, into: &mut [u8]) {
        self.reads.lock().unwrap().push((physical, into.len()));
        self.ram.read(physical, into);
    }
    fn write(&self, _: u32, _: &[u8]) {
        panic!("a decoder writes nothing");
    }
    fn version(&self, physical: u32, length: u32) -> u64 {
        self.ram.version(physical, length)
    }
    fn track(&self, physical: u32, length: u32) -> Option<u64> {
        self.ram.track(physical, length)
    }
}

/// Random side of a texture, often at a limit.
fn side(dice: &mut Dice, bits: u32) -> u32 {
    let most = (1 << bits) - 1;
    let side = match dice.below(8) {
        0 => 0,
        1 => (1_u32 << dice.below(bits as usize + 1)).saturating_sub(1),
        2 => 1 << dice.below(bits as usize),
        3 => most,
        4 => 31 + dice.below(3) as u32,
        _ => dice.below(300) as u32,
    };
    side.min(most)
}

/// Random fetch constant: any bits, sizes at the limits, all formats equally likely.
fn constant(dice: &mut Dice, seed: u64) -> [u32; 6] {
    let mut words = [0; 6].map(|_: u32| dice.next() as u32);
    let [a, b, c, _, e, f] = &mut words;
    *a = *a & !3 | 2;
    let dimension = dice.below(4) as u32;
    *f = *f & !(3 << 9) | dimension << 9;
    *c = match dimension {
        0 => side(dice, 24),
        2 => side(dice, 11) | side(dice, 11) << 11 | side(dice, 10) << 22,
        _ => side(dice, 13) | side(dice, 13) << 13 | (side(dice, 6) & 63) << 26,
    };
    *b = *b & !63 | (seed % 64) as u32;
    if dice.one_in(2) {
        *b &= !0x1ff0_0000; // within memory
    }
    if dice.one_in(2) {
        *f &= !0x1ff0_0000;
    }
    if dice.one_in(2) {
        // The pitch that the width requires.
        *a = *a & !(0x1ff << 22) | ((*c & 0x7ff) / 32 + 1).min(0x1ff) << 22;
    }
    if dice.one_in(2) {
        *e = *e & !0x3ff | 15 << 6;
    }
    words
}

/// Checks that each block of a tiled level lies within the level's bytes and overlaps no other.
/// Returns false for textures that are not checked: linear ones, single rows, and levels that the
/// fetch constant makes larger than their rows or slices, so that parts overlap.
fn check_blocks(info: &TextureInfo, place: &layout::LevelLayout) -> bool {
    let format = info.format;
    let [width, height, slices] = place.blocks;
    let [ox, oy, oz] = place.origin;
    let is_3d = info.dimension == Dimension::D3;
    let log2 = format.bytes.ilog2();
    let each = if is_3d { place.bytes } else { place.slice_bytes };
    let depth = if is_3d { slices } else { 1 };
    let layers = if is_3d { each / (place.pitch * place.rows * format.bytes) } else { 1 };
    // A single row of a tiled image would have gaps of 31 rows; such textures are not known.
    let has_rows = info.tiled && info.dimension != Dimension::D1;
    if !has_rows || ox + width > place.pitch || oy + height > place.rows || oz + depth > layers {
        return false;
    }
    let mut seen = HashSet::new();
    for (z, y, x) in
        (0..depth).flat_map(|z| (0..height).flat_map(move |y| (0..width).map(move |x| (z, y, x))))
    {
        let x = x + ox;
        let y = y + oy;
        let z = z + oz;
        let offset = if is_3d {
            layout::tiled_3d(x, y, z, place.pitch, place.rows, log2)
        } else {
            layout::tiled_2d(x, y, place.pitch, log2)
        };
        let end = u64::from(offset) + u64::from(format.bytes);
        assert!(end <= u64::from(each), "{x} {y} {z} at {offset:#x} of {each:#x}: {info:?} {place:?}");
        assert_eq!(offset % format.bytes, 0);
        assert!(seen.insert(offset), "{x} {y} {z} at {offset:#x}, as another: {info:?} {place:?}");
    }
    true
}

/// Coverage of the cases.
#[derive(Debug, Default)]
struct Seen {
    /// Numbers of the formats that were decoded.
    formats: HashSet<u32>,
    /// Dimensions of the tiled levels whose blocks were checked, and whether the levels were
    /// packed.
    tiled: HashSet<(Dimension, bool)>,
}

fn case(seed: u64, memory: &Watched, seen: &mut Seen) {
    let mut dice = Dice(seed);
    let words = constant(&mut dice, seed);
    let Some(info) = TextureInfo::decode(&words) else { panic!("{words:x?} is a texture's") };
    for level in [0, 1, dice.below(16) as u32, u32::MAX] {
        let size = info.level_size(level.min(info.max_level()));
        let texels: u64 = size.into_iter().map(u64::from).product();
        let place = layout::level(&info, level);
        assert!(place.bytes <= 1 << 29 && place.physical < 1 << 29, "{place:?}");
        if texels > MAX_TEXELS || place.bytes > MAX_BYTES {
            continue;
        }
        if check_blocks(&info, &place) {
            seen.tiled.insert((info.dimension, place.origin != [0; 3]));
        }
        memory.reads.lock().unwrap().clear();
        let texture = decode_level(&info, level, memory);
        assert_eq!(texture.is_none(), info.format.layout == Layout::Unknown, "{info:?}");
        let Some(texture) = texture else { continue };
        seen.formats.insert(info.format.number);
        let count = match &texture {
            Texels::Bytes(texels) => texels.len(),
            Texels::Floats(texels) => texels.len(),
        };
        assert_eq!(count as u64, texels, "{info:?}");
        let PhysicalRange { start, length } = TextureCache::range(&info, level).unwrap();
        for &(at, bytes) in memory.reads.lock().unwrap().iter() {
            let inside = at >= start && at as usize + bytes <= start as usize + length as usize;
            assert!(inside, "{bytes} bytes at {at:#x} of {length} at {start:#x}: {info:?}");
        }
    }
}

#[test]
fn any_texture_is_an_image_within_its_bound_or_none() {
    let ram = Ram::new(MEMORY);
    let mut dice = Dice(360);
    let bytes: Vec<u8> = (0..MEMORY / 8).flat_map(|_| dice.next().to_le_bytes()).collect();
    ram.write(0, &bytes);
    let memory = Watched { ram, reads: Mutex::default() };
    let mut seen = Seen::default();
    let cases = Cases::new("XENIA_RANDOM_TEXTURES", CASES);
    let are_usual = cases.are_usual();
    cases.each(|seed| case(seed, &memory, &mut seen));
    if are_usual {
        let known =
            (0..64).filter_map(TexelFormat::from_number).filter(|format| format.layout != Layout::Unknown);
        let missed: Vec<_> = known.filter(|format| !seen.formats.contains(&format.number)).collect();
        assert!(missed.is_empty(), "{missed:?}");
        let is_seen = |dimension| seen.tiled.contains(&(dimension, false));
        assert!([Dimension::D2, Dimension::D3, Dimension::Cube].into_iter().all(is_seen), "{seen:?}");
        assert!(seen.tiled.contains(&(Dimension::D2, true)), "{seen:?}");
    }
}

/// Texels written to tiled addresses block by block are decoded in their places, whatever the
/// format, pitch and byte order.
#[test]
fn tiled_textures_round_trip() {
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let (format, bytes) = [(2, 1), (10, 2), (6, 4)][dice.below(3)];
        let endian = dice.below(4);
        let [width, height] = [0, 0].map(|_| 1 + dice.below(150) as u32);
        let pitch = width.next_multiple_of(layout::MACRO_TILE) + layout::MACRO_TILE * dice.below(3) as u32;
        let words = [
            2 | 1 << 31 | (pitch / 32) << 22,
            format | (endian as u32) << 6 | 1 << 12,
            (width - 1) | (height - 1) << 13,
            0,
            0,
            1 << 9,
        ];
        let info = TextureInfo::decode(&words).unwrap();
        let ram = Ram::new(MEMORY);
        let image: Vec<Vec<u8>> =
            (0..width * height).map(|_| (0..bytes).map(|_| dice.next() as u8).collect()).collect();
        let exchange = [0, 1, 3, 2][endian];
        for (number, texel) in (0..).zip(&image) {
            let at = layout::tiled_2d(number % width, number / width, pitch, (bytes as u32).ilog2());
            for (i, &byte) in (0..).zip(texel) {
                ram.write(0x1000 + ((at + i) ^ exchange), &[byte]);
            }
        }
        let Some(Texels::Bytes(texels)) = decode_level(&info, 0, &ram) else { panic!("{info:?}") };
        for (number, (texel, expected)) in texels.iter().zip(&image).enumerate() {
            assert_eq!(texel[..bytes], expected[..], "case {seed}, texel {number}: {info:?}");
        }
    }
}
