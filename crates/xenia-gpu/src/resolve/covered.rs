//! Covered bytes of a resolve: the ranges of its destination that its texels occupy.

use std::ops::Range;

use super::Rect;
use crate::draw_state::CopyDestination;
use crate::texture::layout::{MACRO_TILE, tiled_2d};

/// Byte ranges that texels of `bytes` bytes (a power of two up to 16) occupy, relative to the
/// destination's address: ascending, neighbours joined. `None` for slices of 3D textures, if the
/// rectangle is wider than the destination, so that its rows overlap, and if texels of the page lie
/// left of it.
pub fn covered(
    destination: &CopyDestination,
    [left, top, right, bottom]: Rect,
    bytes: u32,
) -> Option<Vec<Range<u32>>> {
    let across = destination.pitch.div_ceil(MACRO_TILE);
    let is_shifted = destination.left(bytes) != 0;
    if destination.slice.is_some() || is_shifted || across * MACRO_TILE < right {
        return None;
    }
    let log2 = bytes.ilog2();
    // Macro tiles of small texels share pages.
    let together = (4 / bytes).max(1);
    let group_bytes = MACRO_TILE * MACRO_TILE * bytes * together;
    // Eight texels, or 16 bytes, are contiguous.
    let run = (16 / bytes).min(8);
    let is_whole = |tile: u32| {
        let x = tile % across * MACRO_TILE;
        let y = tile / across * MACRO_TILE;
        left <= x && x + MACRO_TILE <= right && top <= y && y + MACRO_TILE <= bottom
    };
    let mut found = Vec::new();
    for ty in top / MACRO_TILE..bottom.div_ceil(MACRO_TILE) {
        for tx in left / MACRO_TILE..right.div_ceil(MACRO_TILE) {
            let tile = ty * across + tx;
            let group = tile / together;
            if (group * together..(group + 1) * together).all(is_whole) {
                found.push(group * group_bytes..(group + 1) * group_bytes);
                continue;
            }
            let x = tx * MACRO_TILE;
            let y = ty * MACRO_TILE;
            for y in top.max(y)..bottom.min(y + MACRO_TILE) {
                for x in (left.max(x)..right.min(x + MACRO_TILE)).step_by(run as usize) {
                    let at = tiled_2d(x, y, destination.pitch, log2);
                    found.push(at..at + run * bytes);
                }
            }
        }
    }
    join(&mut found);
    Some(found)
}

/// Sorts ranges, and joins those that overlap or touch.
pub fn join(ranges: &mut Vec<Range<u32>>) {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, last| {
        let joins = next.start <= last.end;
        if joins {
            last.end = last.end.max(next.end);
        }
        joins
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn destination(pitch: u32, slice: Option<u32>) -> CopyDestination {
        CopyDestination {
            physical: 0,
            pitch,
            height: 64,
            format: 6,
            number: 0,
            endian: 0,
            exponent_bias: 0,
            swap: false,
            slice,
        }
    }

    #[test]
    fn ranges_have_the_bytes_of_all_texels_and_no_others() {
        for bytes in [1_u32, 2, 4, 8, 16] {
            for area in [[0, 0, 160, 72], [8, 3, 128, 96], [0, 0, 128, 64], [96, 40, 104, 41]] {
                for pitch in [160, 190] {
                    let [left, top, right, bottom] = area;
                    let expected: BTreeSet<u32> = (top..bottom)
                        .flat_map(|y| (left..right).map(move |x| (x, y)))
                        .flat_map(|(x, y)| {
                            let at = tiled_2d(x, y, pitch, bytes.ilog2());
                            at..at + bytes
                        })
                        .collect();
                    let ranges = covered(&destination(pitch, None), area, bytes).unwrap();
                    assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start));
                    let found: BTreeSet<u32> = ranges.into_iter().flatten().collect();
                    assert!(found == expected, "{bytes} bytes, {area:?}, pitch {pitch}");
                }
            }
        }
    }

    #[test]
    fn a_whole_surface_is_one_range() {
        for bytes in [1_u32, 2, 4, 8, 16] {
            let whole = 0..256 * 64 * bytes;
            assert_eq!(covered(&destination(256, None), [0, 0, 256, 64], bytes), Some(vec![whole]));
        }
    }

    #[test]
    fn slices_and_rows_that_overlap_have_no_ranges() {
        assert_eq!(covered(&destination(64, Some(1)), [0, 0, 64, 32], 4), None);
        assert_eq!(covered(&destination(32, None), [0, 0, 64, 32], 4), None);
        assert_eq!(covered(&destination(0, None), [0, 0, 8, 8], 4), None);
    }
}
