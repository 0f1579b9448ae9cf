//! Storage of the EDRAM, laid out as described in [`crate::edram`].
//!
//! The words are relaxed atomics, which cost as much as plain words. Draw threads share the memory,
//! and each works on separate tiles (see [`bands`](super::bands)).

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::edram::EDRAM_WORDS;

/// Contents of the EDRAM.
pub(super) struct Edram {
    words: Box<[AtomicU32]>,
}

impl Default for Edram {
    fn default() -> Self {
        Self { words: (0..EDRAM_WORDS).map(|_| AtomicU32::new(0)).collect() }
    }
}

impl Edram {
    /// Copies all words, tile after tile.
    pub(super) fn words(&self) -> Vec<u32> {
        self.words.iter().map(|word| word.load(Relaxed)).collect()
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> u32 {
        self.words[index].load(Relaxed)
    }

    #[inline]
    pub(super) fn set(&self, index: usize, value: u32) {
        self.words[index].store(value, Relaxed);
    }
}
