//! Fast path for front buffers of 32-bit texels with 8 or 10 bits per component, which nearly every
//! title uses.
//!
//! A component's output depends only on its few bits, so sign, fraction, swizzle and ramp become
//! one table for each channel, computed by the same arithmetic as the generic path. A texel then
//! costs three look-ups, tile by tile. Other front buffers take the generic path; both give the
//! same bytes.

use super::Ramps;
use crate::backend::PixelSize;
use crate::enums::Dimension;
use crate::memory::PhysicalMemory;
use crate::texture::layout::{self, tiled_2d};
use crate::texture::{Layout, TextureInfo, component};

/// Side of a tile in texels, and its bytes; at this texel size a tile is contiguous in memory.
const SIDE: u32 = 32;
const TILE_BYTES: usize = (SIDE * SIDE * 4) as usize;

/// Byte offsets in a tile of the groups of four contiguous texels, by row.
static PIECES: [[u16; (SIDE / 4) as usize]; SIDE as usize] = pieces();

const fn pieces() -> [[u16; (SIDE / 4) as usize]; SIDE as usize] {
    let mut pieces = [[0; (SIDE / 4) as usize]; SIDE as usize];
    let mut y = 0;
    while y < SIDE {
        let mut x = 0;
        while x < SIDE {
            pieces[y as usize][(x / 4) as usize] = tiled_2d(x, y, SIDE, 2) as u16;
            x += 4;
        }
        y += 1;
    }
    pieces
}

/// Conversion of a texel's word to one channel.
#[derive(Clone, PartialEq, Eq)]
struct Channel {
    shift: u32,
    bytes: [u8; 1024],
}

/// Conversion of a texel's word to a pixel: for each of red, green and blue, the byte at the word's
/// low ten bits once it is shifted.
#[derive(Clone, PartialEq, Eq)]
pub struct PixelTable {
    channels: [Channel; 3],
    /// Colour outside of the stored texels: red, green, blue, alpha.
    pub outside: [u8; 4],
}

impl PixelTable {
    /// Shifts of red, green and blue.
    pub fn shifts(&self) -> [u32; 3] {
        [0, 1, 2].map(|channel: usize| self.channels[channel].shift)
    }

    /// Bytes of red, green and blue.
    pub fn bytes(&self) -> [&[u8; 1024]; 3] {
        [0, 1, 2].map(|channel: usize| &self.channels[channel].bytes)
    }

    pub(super) fn new(info: &TextureInfo, widths: [u8; 4], ramps: &Ramps) -> Self {
        let channel = |c: usize| {
            let mut channel = Channel { shift: 0, bytes: [0; 1024] };
            match info.swizzle[c] {
                select @ 0..=3 => {
                    let select = usize::from(select);
                    channel.shift = widths[..select].iter().map(|width| u32::from(*width)).sum();
                    let mask = (1 << widths[select]) - 1;
                    for (raw, byte) in channel.bytes.iter_mut().enumerate() {
                        let value = component(info, widths[select], select, raw as u32 & mask);
                        *byte = ramps.byte(c, value);
                    }
                }
                5 => channel.bytes.fill(ramps.byte(c, 1.0)),
                _ => channel.bytes.fill(ramps.byte(c, 0.0)),
            }
            channel
        };
        let outside = [0, 1, 2].map(|c| ramps.byte(c, if info.swizzle[c] == 5 { 1.0 } else { 0.0 }));
        Self { channels: [0, 1, 2].map(channel), outside: [outside[0], outside[1], outside[2], 255] }
    }

    #[inline]
    pub(super) fn pixel(&self, word: u32) -> [u8; 4] {
        // The masked index is always in range; table entries repeat for the bits above the
        // component's own.
        let [r, g, b] =
            [0, 1, 2].map(|c| self.channels[c].bytes[(word >> self.channels[c].shift) as usize & 1023]);
        [r, g, b, 255]
    }
}

/// Widths of the components of a front buffer that qualifies for the fast path; `None` for others.
/// `columns` texels of a row are shown.
pub(super) fn widths(info: &TextureInfo, columns: u32) -> Option<[u8; 4]> {
    let widths = match info.format.layout {
        Layout::Fields(widths @ ([8, 8, 8, 8] | [10, 10, 10, 2])) if info.format.block == [1, 1] => widths,
        _ => return None,
    };
    let place = layout::level(info, 0);
    // Rows that extend into the next ones may also extend beyond the end of the stored texels.
    let is_plain = place.origin == [0; 3] && columns <= place.pitch;
    (info.dimension == Dimension::D2 && info.size[2] == 1 && is_plain).then_some(widths)
}

/// Converts a front buffer; `None` if it doesn't qualify for the fast path.
pub(super) fn present(
    info: &TextureInfo,
    PixelSize { width, height }: PixelSize,
    ramps: &Ramps,
    memory: &dyn PhysicalMemory,
) -> Option<Vec<u8>> {
    let place = layout::level(info, 0);
    let columns = width.min(info.size[0]);
    let rows = height.min(info.size[1]);
    let widths = widths(info, columns)?;
    let look = PixelTable::new(info, widths, ramps);
    let endian = info.endian;
    let pixel_of = |bytes: &[u8]| -> [u8; 4] {
        look.pixel(endian.swap(bytes.first_chunk().map_or(0, |word| u32::from_le_bytes(*word))))
    };
    let mut rgba = look.outside.repeat(width as usize * height as usize);
    let row_bytes = width as usize * 4;
    if columns == 0 || rows == 0 {
        return Some(rgba);
    }
    let lines = &mut rgba[..rows as usize * row_bytes];
    if !info.tiled {
        let mut stored = vec![0; columns as usize * 4];
        for (y, line) in lines.chunks_exact_mut(row_bytes).enumerate() {
            memory.read(place.physical.wrapping_add(y as u32 * place.pitch * 4), &mut stored);
            for (pixel, bytes) in line.chunks_exact_mut(4).zip(stored.chunks_exact(4)) {
                pixel.copy_from_slice(&pixel_of(bytes));
            }
        }
        return Some(rgba);
    }
    // A band is a row of tiles, which are consecutive in memory.
    let mut stored = vec![0; columns.div_ceil(SIDE) as usize * TILE_BYTES];
    let band_bytes = place.pitch / SIDE * TILE_BYTES as u32;
    for (band, lines) in lines.chunks_mut(SIDE as usize * row_bytes).enumerate() {
        memory.read(place.physical.wrapping_add((band as u32).wrapping_mul(band_bytes)), &mut stored);
        for (tile, bytes) in stored.chunks_exact(TILE_BYTES).enumerate() {
            let left = tile * SIDE as usize;
            let right = (left + SIDE as usize).min(columns as usize);
            for (line, pieces) in lines.chunks_exact_mut(row_bytes).zip(&PIECES) {
                for (pixels, at) in line[left * 4..right * 4].chunks_mut(16).zip(pieces) {
                    let piece = &bytes[usize::from(*at)..][..16];
                    for (pixel, word) in pixels.chunks_exact_mut(4).zip(piece.chunks_exact(4)) {
                        pixel.copy_from_slice(&pixel_of(word));
                    }
                }
            }
        }
    }
    Some(rgba)
}
