//! Resolves (copies out of the EDRAM), common to all backends: the pixels and samples to read, and
//! the addresses of texels in memory.

mod comparisons;
mod covered;

pub use comparisons::{check_comparisons, store_comparisons};
pub use covered::{covered, join};

use crate::Cancel;
use crate::backend::BackendError;
use crate::draw_state::{CopyDestination, ResolveCall, VertexBuffer};
use crate::edram::{TILE_HEIGHT, TILES, pitch_tiles};
use crate::enums::ColorTargetFormat;
use crate::limits::COPY_ROWS;
use crate::memory::PhysicalMemory;
use crate::texture::layout::{MACRO_TILE, tiled_2d, tiled_3d};
use crate::texture::{Layout, TexelFormat};

/// Rectangle in pixels: left, top, right, bottom.
pub type Rect = [u32; 4];

/// Rectangles are rounded outwards to multiples of this many pixels.
const ALIGNMENT: i32 = 8;

/// Rectangle of pixels that a resolve copies or clears.
#[derive(Debug)]
pub struct ResolvedPixels {
    /// Rectangle inside the target.
    pub rect: Rect,
    /// An error if rows are left out.
    pub whole: Result<(), BackendError>,
}

/// Pixels covered by a resolve's three vertices, rounded outwards. The right edge is at most the
/// target's pitch. Tile numbers wrap around, so below a certain row a resolve would read the same
/// tiles again: those rows are left out. `None` if no pixel is covered: titles issue such resolves
/// (xenia-canary, 2026), which neither copy nor clear.
pub fn rectangle(
    call: &ResolveCall,
    memory: &dyn PhysicalMemory,
) -> Result<Option<ResolvedPixels>, BackendError> {
    let [left, top, right, bottom] = extent(call, memory)?;
    if left >= right || top >= bottom {
        return Ok(None);
    }
    // Rows of tiles until the tile numbers wrap around, for one-word samples.
    let rows = TILES.div_ceil(pitch_tiles(call.pitch, call.msaa.columns(), 1).max(1));
    let end = top.saturating_add(rows * TILE_HEIGHT / call.msaa.rows());
    let whole = if end < bottom { Err(BackendError::Limit(COPY_ROWS)) } else { Ok(()) };
    Ok(Some(ResolvedPixels { rect: [left, top, right, bottom.min(end)], whole }))
}

/// Whether a resolve of one sample copies floats unchanged: their format is the destination's, and
/// nothing is scaled or exchanged. Then zeros keep their sign, and NaNs their bits.
pub fn copies_floats(source: ColorTargetFormat, format: &TexelFormat, destination: &CopyDestination) -> bool {
    use ColorTargetFormat::{R32Float, Rg16Float, Rg32Float, Rgba16Float};
    let is_same = matches!(
        (source, format.layout),
        (Rg16Float, Layout::Half(2))
            | (Rgba16Float, Layout::Half(4))
            | (R32Float, Layout::Single(1))
            | (Rg32Float, Layout::Single(2))
    );
    is_same && destination.exponent_bias == 0 && !destination.swap
}

/// Rectangle of a resolve's vertices, not limited to the surface; possibly without pixels.
fn extent(call: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<Rect, BackendError> {
    let buffer = VertexBuffer::decode(call.vertices);
    if !VertexBuffer::is_named_by(call.vertices[0]) || buffer.words != 6 {
        return Err(BackendError::Invalid("a copy's rectangle is not three vertices of two floats".into()));
    }
    let mut words = [0; 6];
    memory.read_words(buffer.physical, &mut words);
    let pixel = |word: u32| {
        let value = f32::from_bits(buffer.endian.swap(word.swap_bytes())) + call.half_pixel;
        // Rounded to 8 fraction bits; a pixel is covered if its centre is, including the top and
        // left edges.
        ((value.clamp(-16384.0, 16384.0) * 256.0).round() as i32 + 127) >> 8
    };
    let axis = |axis: usize| [pixel(words[axis]), pixel(words[axis + 2]), pixel(words[axis + 4])];
    let x = axis(0);
    let y = axis(1);
    let bound = |values: [i32; 3], axis: usize, low: i32, high: i32| {
        let offset = call.window_offset[axis];
        let start = values.iter().min().map_or(0, |v| v + offset).clamp(low, high) & !(ALIGNMENT - 1);
        let end = values.iter().max().map_or(0, |v| v + offset).clamp(low, high);
        (start as u32, (end as u32).next_multiple_of(ALIGNMENT as u32))
    };
    let (left, right) = bound(x, 0, call.scissor.left, call.scissor.right);
    let (top, bottom) = bound(y, 1, call.scissor.top, call.scissor.bottom);
    let right = right.min(call.pitch & !7);
    Ok([left, top, right, bottom])
}

/// Samples that a selection (`sample_select` of a resolve) reads, for `count` samples per pixel (1,
/// 2 or 4).
pub fn samples(select: u32, count: u32) -> &'static [u32] {
    let all: &[u32] = match select {
        0 => &[0],
        1 => &[1],
        2 => &[2],
        3 => &[3],
        4 => &[0, 1],
        5 => &[2, 3],
        _ => &[0, 1, 2, 3],
    };
    match (count, select) {
        (1, _) => &[0],
        (2, 1 | 3) => &[1],
        (2, 0 | 2) => &[0],
        (2, _) => &[0, 1],
        _ => all,
    }
}

/// Writes texels of `bytes` bytes (a power of two up to 16) to their tiled addresses in the
/// destination. `texel` is called once for each pixel of the rectangle. The token cancels the
/// writes.
pub fn store(
    call: &ResolveCall,
    memory: &dyn PhysicalMemory,
    area: Rect,
    bytes: u32,
    cancel: &Cancel,
    mut texel: impl FnMut(u32, u32) -> [u8; 16],
) {
    let runs = TexelRuns { area, texel_bytes: bytes, length: 1 };
    store_runs(call, memory, runs, cancel, |x, y, run| {
        let texel = texel(x, y);
        // Constant lengths avoid a call to memcpy for each texel.
        match run.len() {
            4 => run[..4].copy_from_slice(&texel[..4]),
            8 => run[..8].copy_from_slice(&texel[..8]),
            length => run.copy_from_slice(&texel[..length]),
        }
    });
}

/// Like [`store`], for texels of four bytes, of which `texels` returns four from a multiple of four
/// on. The sides of the rectangle are multiples of four.
pub(crate) fn store_words(
    call: &ResolveCall,
    memory: &dyn PhysicalMemory,
    area: Rect,
    cancel: &Cancel,
    mut texels: impl FnMut(u32, u32) -> [[u8; 4]; 4],
) {
    let runs = TexelRuns { area, texel_bytes: 4, length: 4 };
    store_runs(call, memory, runs, cancel, |x, y, run| {
        run.copy_from_slice(texels(x, y).as_flattened());
    });
}

/// Like [`store`], for texels of the rectangle in row order. Parts of a rectangle should begin and
/// end at multiples of 32 pixels: a whole tile of that size is written at once.
pub fn store_rows(call: &ResolveCall, memory: &dyn PhysicalMemory, area: Rect, bytes: u32, texels: &[u8]) {
    let [left, top, right, _] = area;
    let row_bytes = ((right - left) * bytes) as usize;
    // Eight texels, or 16 bytes, are contiguous.
    let runs = TexelRuns { area, texel_bytes: bytes, length: (16 / bytes).min(8) };
    store_runs(call, memory, runs, &Cancel::default(), |x, y, run| {
        let at = (y - top) as usize * row_bytes + ((x - left) * bytes) as usize;
        run.copy_from_slice(&texels[at..at + run.len()]);
    });
}

/// A rectangle of texels as runs, each of which is contiguous in memory.
#[derive(Clone, Copy)]
struct TexelRuns {
    area: Rect,
    /// Bytes of a texel.
    texel_bytes: u32,
    /// Texels of a run, which starts at a multiple of this.
    length: u32,
}

/// Writes runs to the destination. `fill` gets the column and the row of a run's first texel, and
/// its bytes to write to.
fn store_runs(
    call: &ResolveCall,
    memory: &dyn PhysicalMemory,
    runs: TexelRuns,
    cancel: &Cancel,
    mut fill: impl FnMut(u32, u32, &mut [u8]),
) {
    let TexelRuns { area: [left, top, right, bottom], texel_bytes: bytes, length } = runs;
    let destination = &call.destination;
    let log2 = bytes.ilog2();
    let start = destination.first_tile(bytes);
    let shift = destination.left(bytes);
    let address = |x: u32, y: u32| {
        let offset = match destination.slice {
            None => tiled_2d(x + shift, y, destination.pitch, log2),
            Some(slice) => tiled_3d(x, y, slice, destination.pitch, destination.height, log2),
        };
        start.wrapping_add(offset)
    };
    let run_bytes = (length * bytes) as usize;
    // With 32 bits per texel or more, a macro tile of a 2D image is contiguous in memory.
    if destination.slice.is_none() && bytes >= 4 {
        let mut tile = vec![0_u8; (MACRO_TILE * MACRO_TILE * bytes) as usize];
        let mut filled = Vec::new();
        for ty in (top / MACRO_TILE..bottom.div_ceil(MACRO_TILE)).map(|y| y * MACRO_TILE) {
            if cancel.cuts() {
                return;
            }
            for tx in (left / MACRO_TILE..right.div_ceil(MACRO_TILE)).map(|x| x * MACRO_TILE) {
                let start = address(tx, ty);
                let x0 = left.max(tx);
                let x1 = right.min(tx + MACRO_TILE);
                let y0 = top.max(ty);
                let y1 = bottom.min(ty + MACRO_TILE);
                filled.clear();
                for y in y0..y1 {
                    for x in (x0..x1).step_by(length as usize) {
                        let at = tiled_2d(x - tx, y - ty, MACRO_TILE, log2) as usize;
                        fill(x, y, &mut tile[at..at + run_bytes]);
                        filled.push(at);
                    }
                }
                if (x1 - x0, y1 - y0) == (MACRO_TILE, MACRO_TILE) {
                    memory.write(start, &tile);
                } else {
                    write_filled(memory, start, &tile, &mut filled, run_bytes);
                }
            }
        }
        return;
    }
    let mut run = [0; 16];
    for y in (top..bottom).take_while(|_| !cancel.cuts()) {
        for x in (left..right).step_by(length as usize) {
            fill(x, y, &mut run[..run_bytes]);
            memory.write(address(x, y), &run[..run_bytes]);
        }
    }
}

/// Writes the filled runs of a tile, neighbours together. Bytes between them are not touched: the
/// guest may change them at the same time.
fn write_filled(
    memory: &dyn PhysicalMemory,
    start: u32,
    tile: &[u8],
    filled: &mut [usize],
    run_bytes: usize,
) {
    filled.sort_unstable();
    for runs in filled.chunk_by(|a, b| a + run_bytes == *b) {
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { continue };
        memory.write(start.wrapping_add(*first as u32), &tile[*first..last + run_bytes]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Ram;
    use crate::registers::{RegisterFile, rb};

    #[test]
    fn bytes_beside_a_partial_tile_are_not_written() {
        // Neighbours are found as one run, and nothing between runs is touched: the guest may have
        // changed it since.
        let ram = Ram::new(0x2000);
        let tile = [7; 64];
        ram.write(0x1000, &[1; 64]);
        write_filled(&ram, 0x1000, &tile, &mut [32, 8, 4], 4);
        let mut found = [0; 64];
        ram.read(0x1000, &mut found);
        let filled = |at: usize| (4..12).contains(&at) || (32..36).contains(&at);
        assert_eq!(found, std::array::from_fn(|at| if filled(at) { 7 } else { 1 }));
    }

    #[test]
    fn a_base_within_a_page_is_a_number_of_tiles() {
        for (format, bytes, tiles) in [(4, 2, 1), (2, 1, 1), (2, 1, 2), (2, 1, 3), (6, 4, 0), (26, 8, 0)] {
            let mut registers = RegisterFile::new();
            registers.set(rb::RB_COPY_DEST_BASE, 0x1_0000 + tiles * 1024 * bytes);
            registers.write(rb::RbCopyDestPitch::with().copy_dest_pitch(128).copy_dest_height(32));
            registers.write(rb::RbCopyDestInfo::with().copy_dest_format(format));
            let call = ResolveCall::capture(&registers);
            let ram = Ram::new(0x3_0000);
            let value = |x: u32, y: u32| (x * 7 + y * 11 + 1) as u8;
            let area = [0, 0, MACRO_TILE, MACRO_TILE];
            store(&call, &ram, area, bytes, &Cancel::default(), |x, y| [value(x, y); 16]);
            for (x, y) in (0..MACRO_TILE).flat_map(|y| (0..MACRO_TILE).map(move |x| (x, y))) {
                let mut found = [0];
                ram.read(0x1_0000 + tiled_2d(MACRO_TILE * tiles + x, y, 128, bytes.ilog2()), &mut found);
                assert_eq!(found, [value(x, y)], "format {format}, {tiles} tiles, {x}, {y}");
            }
            let range = call.destination_memory([MACRO_TILE; 2]);
            assert!(range.start == 0x1_0000 && range.length >= 4096, "{range:x?}");
            let shifted = covered(&call.destination, area, bytes).is_none();
            assert_eq!(shifted, tiles != 0);
        }
    }

    #[test]
    fn sample_selections_fit_the_surface() {
        assert_eq!(samples(6, 4), [0, 1, 2, 3]);
        assert_eq!(samples(6, 1), [0]);
        assert_eq!(samples(5, 2), [0, 1]);
        assert_eq!(samples(3, 2), [1]);
        assert_eq!(samples(3, 4), [3]);
    }
}
