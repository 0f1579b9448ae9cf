//! Texture memory layout: tiling, mip levels and slices.
//!
//! A tiled texture consists of 32 x 32 blocks; within one, the bits of x and y are interleaved so
//! that 2D neighbourhoods share memory pages and channels. Levels after the first follow each other
//! at a separate address; when the shorter side is 16 or less, they share one 32 x 32 tile (packed
//! mips).

use super::TextureInfo;
use crate::enums::Dimension;

/// Width and height of a macro tile in blocks. Rows of tiled images are multiples of it.
pub const MACRO_TILE: u32 = 32;

/// Byte offset of a block in a tiled 2D image whose rows are `pitch` blocks apart (rounded up to a
/// multiple of 32), with blocks of two to the power of `bytes_log2` bytes.
#[inline]
pub const fn tiled_2d(x: u32, y: u32, pitch: u32, bytes_log2: u32) -> u32 {
    let pitch = pitch.next_multiple_of(MACRO_TILE);
    // 32 x 32 macro tiles in rows, then the 8 x 16 micro tile, then interleaved address bits.
    let macro_tile = ((x >> 5).wrapping_add((y >> 5).wrapping_mul(pitch >> 5))) << (bytes_log2 + 7);
    // Bit 0 of y is left out: it becomes address bit 4, so two rows alternate every 16 bytes.
    let micro = ((x & 7) + ((y & 0xe) << 2)) << bytes_log2;
    let offset =
        macro_tile.wrapping_add((micro & !15) << 1).wrapping_add(micro & 15).wrapping_add((y & 1) << 4);
    // Bits from 9 on move up by three: address bits 6, 7 and 11 are inserted below them.
    ((offset & !0x1ff) << 3)
        .wrapping_add((y & 16) << 7)
        .wrapping_add((offset & 0x1c0) << 2)
        .wrapping_add(((((y & 8) >> 2) + (x >> 3)) & 3) << 6)
        .wrapping_add(offset & 0x3f)
}

/// Byte offset of a block in a tiled 3D image; `height` is a slice's height in blocks.
#[inline]
pub const fn tiled_3d(x: u32, y: u32, z: u32, pitch: u32, height: u32, bytes_log2: u32) -> u32 {
    let pitch = pitch.next_multiple_of(MACRO_TILE);
    let height = height.next_multiple_of(MACRO_TILE);
    let outer = ((y >> 4).wrapping_add((z >> 2).wrapping_mul(height >> 4))).wrapping_mul(pitch >> 5);
    let macro_tile = ((((x >> 5).wrapping_add(outer)) << (bytes_log2 + 6)) & 0xfff_ffff) << 1;
    let micro = (((x & 7) + ((y & 6) << 2)) << (bytes_log2 + 6)) >> 6;
    let bank = ((y >> 3) + (z >> 2)) & 1;
    let first = bank + ((((x >> 3) + (bank << 1)) & 3) << 1);
    let second = (macro_tile.wrapping_add(micro & !15) << 1)
        .wrapping_add(micro & 15)
        .wrapping_add((z & 3) << (bytes_log2 + 6))
        .wrapping_add((y & 1) << 4);
    let mut address = (first & 1) << 3;
    address += (second >> 6) & 7;
    address <<= 3;
    address += first & !1;
    address <<= 2;
    address = address.wrapping_add(second & !511);
    address <<= 3;
    address.wrapping_add(second & 63)
}

/// Memory layout of one level of a texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelLayout {
    /// Physical address of the first slice.
    pub physical: u32,
    /// Width and height in blocks, and number of slices.
    pub blocks: [u32; 3],
    /// Position of the level within its storage, in blocks.
    pub origin: [u32; 3],
    /// Blocks from one row to the next.
    pub pitch: u32,
    /// Block rows from one slice of a 3D texture to the next.
    pub rows: u32,
    /// Bytes from one slice or face to the next (not used by 3D textures).
    pub slice_bytes: u32,
    /// Bytes that the whole level spans.
    pub bytes: u32,
}

fn log2_ceil(value: u32) -> u32 {
    value.max(1).next_power_of_two().ilog2()
}

/// First level in the packed mip tail of a texture of this size.
fn packed_level([width, height, _]: [u32; 3]) -> u32 {
    log2_ceil(width.min(height)).saturating_sub(4)
}

/// Whether the packed mip tail of a texture of this size has all levels.
pub(super) fn is_tail(size: [u32; 3]) -> bool {
    packed_level(size) == 0
}

/// Position of a packed level, in texels.
fn packed_origin(width: u32, height: u32, depth: u32, level: u32) -> [u32; 3] {
    let log2_width = log2_ceil(width);
    let log2_height = log2_ceil(height);
    let first = log2_width.min(log2_height).saturating_sub(4);
    let packed = level - first;
    let wide = log2_width > log2_height;
    if packed < 3 {
        // The three largest lie at 16, 8 and 4 along the shorter side, smaller ones along the
        // longer.
        let offset = 16 >> packed;
        return if wide { [0, offset, 0] } else { [offset, 0, 0] };
    }
    let offset = ((1 << (log2_width.max(log2_height) - first)) as u32) >> (packed - 2);
    let z = match offset {
        4.. => 0,
        _ => log2_ceil(depth).saturating_sub(level).max(1) * 4,
    };
    if wide { [offset, 0, z] } else { [0, offset, z] }
}

/// Memory of a level, with its padding.
struct LevelStorage {
    /// Blocks from one row to the next.
    pitch: u32,
    /// Rows of blocks from one slice to the next.
    rows: u32,
    /// Bytes of a slice or face, or of all slices of a 3D texture.
    slice_bytes: u32,
}

impl LevelStorage {
    /// Memory of level 0, which the packed levels may share.
    fn of_base(info: &TextureInfo, shares_packed: bool) -> Self {
        let [width, height, depth] = info.size;
        // A line has one row, which may be longer than a constant's pitch can be.
        let row = match info.dimension {
            Dimension::D1 => info.pitch.max(width),
            _ if info.pitch == 0 => width,
            _ => info.pitch,
        };
        // A slice that holds the packed levels has as many rows as a level after the base would
        // have.
        let rows = if shares_packed { height.next_power_of_two() } else { height };
        Self::padded(info, [row, rows, depth])
    }

    /// Memory of a level among the others.
    fn of_mip(info: &TextureInfo, level: u32) -> Self {
        Self::padded(info, info.size.map(|size| (size.next_power_of_two() >> level).max(1)))
    }

    /// Memory of a level of this size in texels: rows, and slices, are padded.
    fn padded(info: &TextureInfo, [row, rows, depth]: [u32; 3]) -> Self {
        let format = info.format;
        let [block_width, block_height] = format.block;
        let mut pitch = row.div_ceil(block_width).next_multiple_of(MACRO_TILE);
        if !info.tiled {
            let bytes = (pitch * format.bytes).next_multiple_of(256);
            // Exact: the bytes of a block are a power of two, at most 16.
            pitch = bytes / format.bytes;
        }
        let rows = match info.dimension {
            Dimension::D1 => 1,
            _ => rows.div_ceil(block_height).next_multiple_of(MACRO_TILE),
        };
        let slice = u64::from(pitch) * u64::from(rows) * u64::from(format.bytes);
        let slices = match info.dimension {
            // Tiles of volumes are four slices deep.
            Dimension::D3 => u64::from(depth.next_multiple_of(4)),
            _ => 1,
        };
        // Constants give addresses in pages of 4 KiB. No range is longer than physical memory.
        let slice_bytes = (slice * slices).next_multiple_of(4096).min(1 << 29) as u32;
        Self { pitch, rows, slice_bytes }
    }

    /// Bytes of some slices or faces; those of a 3D texture are counted already.
    fn spanned(&self, info: &TextureInfo, slices: u32) -> u32 {
        let copies = if info.dimension == Dimension::D3 { 1 } else { slices };
        (u64::from(self.slice_bytes) * u64::from(copies)).min(1 << 29) as u32
    }
}

/// Computes the layout of a level. Levels above the last existing one return that one.
pub fn level(info: &TextureInfo, level: u32) -> LevelLayout {
    let level = level.min(info.max_level());
    let [width, height, depth] = info.size;
    let [block_width, block_height] = info.format.block;
    let packed = if info.packed_mips { packed_level(info.size) } else { u32::MAX };
    // Behind the base, stacks have room for a multiple of four slices.
    let room = match info.dimension {
        Dimension::D2 if depth > 1 => depth.next_multiple_of(4),
        _ => depth,
    };
    // Level 0 may be stored with the packed levels, at the base or among the other levels.
    let number = level.min(packed);
    let storage = match level {
        0 => LevelStorage::of_base(info, packed == 0),
        _ => LevelStorage::of_mip(info, number),
    };
    let physical = if level == 0 {
        info.base
    } else {
        let spans = (1..number).map(|level| LevelStorage::of_mip(info, level).spanned(info, room));
        info.mips.wrapping_add(spans.fold(0, u32::wrapping_add)) & 0x1fff_ffff
    };
    let origin = if level >= packed { packed_origin(width, height, depth, level) } else { [0; 3] };
    let [level_width, level_height, level_depth] = info.level_size(level);
    // Only volumes place packed levels in later slices.
    let slice = if info.dimension == Dimension::D3 { origin[2] } else { 0 };
    LevelLayout {
        physical,
        blocks: [level_width.div_ceil(block_width), level_height.div_ceil(block_height), level_depth],
        origin: [origin[0] / block_width, origin[1] / block_height, slice],
        pitch: storage.pitch,
        rows: storage.rows,
        slice_bytes: storage.slice_bytes,
        // Without the padding slices of `room`: fetches do not read them.
        bytes: storage.spanned(info, depth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn tiling_is_a_permutation_of_each_macro_tile_group() {
        // 128 x 128 blocks is a multiple of every format's independent part.
        for bytes_log2 in 0..=4 {
            let mut seen = BTreeSet::new();
            for y in 0..128 {
                for x in 0..128 {
                    let offset = tiled_2d(x, y, 128, bytes_log2);
                    assert_eq!(offset % (1 << bytes_log2), 0);
                    assert!(offset < (128 * 128) << bytes_log2, "{x} {y} {bytes_log2}");
                    assert!(seen.insert(offset), "{x} {y} {bytes_log2}");
                }
            }
        }
        for bytes_log2 in 0..=4 {
            let mut seen = BTreeSet::new();
            for z in 0..8 {
                for y in 0..64 {
                    for x in 0..64 {
                        let offset = tiled_3d(x, y, z, 64, 64, bytes_log2);
                        assert!(offset < (64 * 64 * 8) << bytes_log2);
                        assert!(seen.insert(offset), "{x} {y} {z} {bytes_log2}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_of_a_macro_tile_interleave_in_pairs() {
        // Pairs of rows interleave groups of four texels; the next pair is 256 bytes further.
        for (x, y, offset) in [(0, 0, 0), (3, 0, 12), (4, 0, 32), (0, 1, 16), (0, 2, 256), (32, 0, 4096)] {
            assert_eq!(tiled_2d(x, y, 64, 2), offset, "{x} {y}");
        }
        assert_eq!(tiled_2d(0, 32, 64, 2), 8192);
    }

    fn info(width: u32, height: u32) -> TextureInfo {
        let words = [
            2 | 1 << 31 | (width.div_ceil(32) << 22),
            6 | 0x10 << 12,
            (width - 1) | (height - 1) << 13,
            0,
            15 << 6,
            1 << 9 | 1 << 11 | 0x100 << 12,
        ];
        TextureInfo::decode(&words).unwrap()
    }

    #[test]
    fn levels_follow_each_other_and_the_small_ones_share_a_tile() {
        let info = info(128, 64);
        assert_eq!(info.max_level(), 7);
        let layouts: Vec<_> = (0..=7).map(|n| level(&info, n)).collect();
        assert_eq!((layouts[0].physical, layouts[0].bytes), (0x10000, 128 * 64 * 4));
        assert_eq!((layouts[1].physical, layouts[1].bytes), (0x10_0000, 64 * 32 * 4));
        // 32 x 16 is the first level with a side of 16.
        assert_eq!((layouts[2].physical, layouts[2].origin), (0x10_2000, [0, 16, 0]));
        assert_eq!((layouts[3].physical, layouts[3].origin), (0x10_2000, [0, 8, 0]));
        assert_eq!(layouts[4].origin, [0, 4, 0]);
        assert_eq!(layouts[5].origin, [16, 0, 0]);
        assert_eq!(layouts[7].blocks, [1, 1, 1]);
    }

    #[test]
    fn packed_levels_have_rows_of_a_power_of_two() {
        // All levels from level 0 on are packed; they lie at the base with the fetch constant's
        // pitch.
        let tall = info(16, 80);
        assert_eq!([0, 1].map(|n| level(&tall, n).rows), [128; 2]);
        let info = info(80, 12);
        let levels = [0, 1].map(|n| level(&info, n));
        assert_eq!(levels.map(|level| (level.physical, level.pitch)), [(0x10000, 96), (0x10_0000, 128)]);
        assert_eq!(levels.map(|level| level.origin), [[0, 16, 0], [0, 8, 0]]);
    }

    #[test]
    fn levels_lie_at_the_base_where_level_0_is_packed_with_them() {
        let own = info(16, 16);
        let info = TextureInfo { mips: own.base, ..own };
        let places = [0, 1, 2, 4].map(|n| level(&info, n)).map(|place| (place.physical, place.origin));
        let origins = [[16, 0, 0], [8, 0, 0], [4, 0, 0], [0, 4, 0]];
        assert_eq!(places, origins.map(|origin| (0x10000, origin)));
    }

    #[test]
    fn levels_of_stacks_have_room_for_a_multiple_of_four_slices() {
        let place = |dimension: u32, slices: u32| {
            let size = 63 | 63 << 13 | (slices - 1) << 26;
            let words = [2 | 1 << 31 | 2 << 22, 6 | 1 << 10, size, 0, 15 << 6, dimension << 9 | 0x100 << 12];
            let found = level(&TextureInfo::decode(&words).unwrap(), 2);
            (found.physical - 0x10_0000, found.bytes)
        };
        // A slice of both levels is a tile.
        assert_eq!(place(1, 6), (8 * 4096, 6 * 4096));
        assert_eq!(place(1, 8), (8 * 4096, 8 * 4096));
        assert_eq!(place(1, 1), (4096, 4096));
        assert_eq!(place(3, 6), (6 * 4096, 6 * 4096), "faces");
    }

    #[test]
    fn a_1d_texture_has_its_width_whatever_its_pitch() {
        // Widths in texels, pitches in units of 32.
        for (width, pitch, bytes) in
            [(20_000, 0, 81_920), (20_000, 114, 81_920), (64, 2, 4096), (64, 64, 8192)]
        {
            let words = [2 | pitch << 22, 6 | 0x10 << 12, width - 1, 0, 0, 0];
            let found = level(&TextureInfo::decode(&words).unwrap(), 0);
            assert_eq!((found.blocks[0], found.bytes), (width, bytes), "{pitch}");
        }
    }

    #[test]
    fn small_levels_of_deep_volumes_lie_by_their_level() {
        assert_eq!([5, 6, 7, 9].map(|level| packed_origin(32, 32, 512, level)[2]), [0, 12, 8, 4]);
    }
}
