//! Tracking of stencil bits that may be set in each EDRAM tile.
//!
//! Hosts can't write a stencil value from a shader, so it is loaded bit by bit. Most titles never
//! use the stencil, so the bits that can't be set are known for every tile, and those cost nothing.

use std::ops::Range;

use xenia_gpu::edram::{TILE_WORDS, TILES};
use xenia_gpu::resolve::Rect;

use super::place::TargetPlace;

/// OR of the low bytes of all words in each tile; a bit that is clear here is clear in the whole
/// tile.
pub(super) struct StencilBits(Box<[u8]>);

impl StencilBits {
    /// Bits of an EDRAM of zeros.
    pub(super) fn new() -> Self {
        Self(vec![0; TILES as usize].into())
    }

    /// Sets the bits of these words, which replace others in a range.
    pub(super) fn set_words(&mut self, words: &[u32], range: Range<usize>) {
        let size = TILE_WORDS as usize;
        let tiles = range.start / size..range.end.div_ceil(size);
        let bits = self.0.iter_mut().zip(words.chunks(size));
        for (bits, tile) in bits.take(tiles.end).skip(tiles.start) {
            *bits = tile.iter().fold(0, |bits, word| bits | *word as u8);
        }
    }

    /// Records a write to an area of words whose low bytes have no bits but these.
    pub(super) fn write(&mut self, place: &TargetPlace, area: Rect, written: u8) {
        for (tile, is_whole) in place.tiles(area) {
            let bits = &mut self.0[tile as usize];
            *bits = if is_whole { written } else { *bits | written };
        }
    }

    /// Bits that may be set in an area.
    pub(super) fn bits_in(&self, place: &TargetPlace, area: Rect) -> u8 {
        place.tiles(area).fold(0, |bits, (tile, _)| bits | self.0[tile as usize])
    }
}
