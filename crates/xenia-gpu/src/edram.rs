//! EDRAM layout: addresses of samples in 2048 tiles of 80 x 16 32-bit samples.
//!
//! A target starts at a tile and consists of rows of tiles as wide as the surface; tile numbers
//! wrap around. 2x MSAA doubles a target's height and 4x also its width;
//! [`Msaa::cell`](crate::enums::Msaa::cell) gives the positions of a pixel's samples. 64-bit
//! samples occupy two adjacent words. Depth targets have the two halves of each tile row exchanged.

/// Width of a tile in 32-bit samples.
pub const TILE_WIDTH: u32 = 80;
/// Height of a tile in samples.
pub const TILE_HEIGHT: u32 = 16;
/// Number of tiles: 10 MiB in all.
pub const TILES: u32 = 2048;
/// Words in a tile.
pub const TILE_WORDS: u32 = TILE_WIDTH * TILE_HEIGHT;
/// Words of EDRAM: 10 MiB.
pub const EDRAM_WORDS: usize = (TILES * TILE_WORDS) as usize;
/// Words of a page of the EDRAM: 4 KiB, the unit in which changes are noted.
pub const EDRAM_PAGE_WORDS: usize = 1024;
/// Number of pages of the EDRAM.
pub(crate) const EDRAM_PAGES: usize = EDRAM_WORDS / EDRAM_PAGE_WORDS;

/// Set of EDRAM tiles, by their numbers.
pub type EdramTiles = [bool; TILES as usize];

/// Contents of a page of the EDRAM.
pub type EdramPage = [u32; EDRAM_PAGE_WORDS];

/// Tiles from one row of tiles to the next, for a surface with this pitch in pixels, this many
/// sample columns per pixel and words per sample.
pub const fn pitch_tiles(pitch: u32, columns: u32, words: u32) -> u32 {
    (pitch * columns).div_ceil(TILE_WIDTH) * words
}

/// Checks that the words have the size of an EDRAM; the error says what is wrong.
pub fn check(words: &[u32]) -> Result<(), String> {
    match words.len() {
        EDRAM_WORDS => Ok(()),
        other => Err(format!("an EDRAM of {other} words, not {EDRAM_WORDS}")),
    }
}

/// Location of a render target in EDRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EdramSurface {
    /// First EDRAM tile.
    pub(crate) base: u32,
    /// Tiles from one row of tiles to the next.
    pub(crate) pitch_tiles: u32,
    /// Whether this is a depth target.
    pub(crate) is_depth: bool,
    /// Words per sample: 1 or 2.
    pub(crate) words: u32,
}

/// Run of samples within one row of one tile.
#[derive(Clone, Copy)]
pub(crate) struct EdramRow {
    start: u32,
    x: u32,
    is_depth: bool,
}

impl EdramSurface {
    /// Location of a colour target. `pitch` is in pixels; `columns` is the number of sample columns
    /// per pixel.
    pub(crate) fn color(base: u32, pitch: u32, columns: u32, words: u32) -> Self {
        Self { base, pitch_tiles: pitch_tiles(pitch, columns, words), is_depth: false, words }
    }

    /// Location of a depth target, whose samples are words.
    pub(crate) fn depth(base: u32, pitch: u32, columns: u32) -> Self {
        Self { is_depth: true, ..Self::color(base, pitch, columns, 1) }
    }

    /// Tiles of a row of tiles that hold the sample columns `from..to`.
    pub(crate) fn tiles(self, row: u32, from: u32, to: u32) -> impl Iterator<Item = u32> {
        let first = self.base.wrapping_add(row.wrapping_mul(self.pitch_tiles));
        (from * self.words / TILE_WIDTH..(to * self.words).div_ceil(TILE_WIDTH))
            .map(move |tile| first.wrapping_add(tile) % TILES)
    }

    /// Returns the run that starts at the word of sample (x, y). x is in samples, and the run must
    /// not cross a tile (runs of up to 16 words from a multiple of 16 never do).
    #[inline(always)]
    pub(crate) fn row(self, x: u32, y: u32) -> EdramRow {
        let x = x * self.words;
        let tile = self
            .base
            .wrapping_add((y / TILE_HEIGHT).wrapping_mul(self.pitch_tiles))
            .wrapping_add(x / TILE_WIDTH);
        EdramRow {
            start: (tile % TILES) * TILE_WORDS + (y % TILE_HEIGHT) * TILE_WIDTH,
            x: x % TILE_WIDTH,
            is_depth: self.is_depth,
        }
    }
}

impl EdramRow {
    /// Returns the run that starts `words` later in the same row of the same tile.
    #[inline(always)]
    pub(crate) fn ahead(self, words: u32) -> Self {
        Self { x: self.x + words, ..self }
    }

    /// Index of the word at offset `ahead` of the run.
    #[inline(always)]
    pub(crate) fn word(self, ahead: u32) -> usize {
        let x = self.x + ahead;
        let x = match (self.is_depth, x < TILE_WIDTH / 2) {
            (false, _) => x,
            (true, true) => x + TILE_WIDTH / 2,
            (true, false) => x - TILE_WIDTH / 2,
        };
        (self.start + x) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_where_the_hardware_has_them() {
        let color = EdramSurface::color(3, 1280, 1, 1);
        assert_eq!(color.pitch_tiles, 16);
        assert_eq!(color.row(0, 0).word(0), 3 * 1280);
        assert_eq!(color.row(80, 17).word(5), (3 + 16 + 1) * 1280 + 80 + 5);
        let depth = EdramSurface { is_depth: true, ..color };
        assert_eq!(depth.row(0, 0).word(0), 3 * 1280 + 40);
        assert_eq!(depth.row(32, 0).word(8), 3 * 1280);
        let wide = EdramSurface::color(2047, 80, 2, 2);
        assert_eq!(wide.pitch_tiles, 4);
        assert_eq!(wide.row(40, 0).word(1), 1, "tile numbers wrap");
    }

    #[test]
    fn a_target_never_uses_a_word_twice() {
        for place in [EdramSurface::depth(0, 640, 2), EdramSurface::color(5, 320, 1, 2)] {
            let mut seen = vec![false; EDRAM_WORDS];
            for y in 0..64 {
                for x in (0..if place.words == 2 { 320 } else { 1280 }).step_by(8) {
                    let row = place.row(x, y);
                    for word in 0..8 * place.words {
                        assert!(!std::mem::replace(&mut seen[row.word(word)], true));
                    }
                }
            }
        }
    }
}
