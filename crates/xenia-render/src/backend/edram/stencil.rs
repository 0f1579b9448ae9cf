//! Which stencil bits may be set where.
//!
//! Hosts have no way to write a stencil value from a shader; it is loaded bit by bit. Most titles
//! never use the stencil, so it is known for every tile which bits can't be set, and those cost
//! nothing.

use xenia_gpu::edram::{TILE_WORDS, TILES};
use xenia_gpu::resolve::Rect;

use super::place::TargetPlace;

/// The low bytes of all words of each tile, or-ed; a bit that is clear here is clear in the tile.
pub(super) struct StencilBits(Box<[u8]>);

impl StencilBits {
    /// Of an EDRAM full of zeros.
    pub(super) fn new() -> Self {
        Self(vec![0; TILES as usize].into())
    }

    /// Of these words.
    pub(super) fn set_words(&mut self, words: &[u32]) {
        for (bits, tile) in self.0.iter_mut().zip(words.chunks(TILE_WORDS as usize)) {
            *bits = tile.iter().fold(0, |bits, word| bits | *word as u8);
        }
    }

    /// An area is written with words whose low bytes have no other bits than these.
    pub(super) fn write(&mut self, place: &TargetPlace, area: Rect, written: u8) {
        for (tile, is_whole) in place.tiles(area) {
            let bits = &mut self.0[tile as usize];
            *bits = if is_whole { written } else { *bits | written };
        }
    }

    /// Bits that may be set in an area.
    pub(super) fn of(&self, place: &TargetPlace, area: Rect) -> u8 {
        place.tiles(area).fold(0, |bits, (tile, _)| bits | self.0[tile as usize])
    }
}
