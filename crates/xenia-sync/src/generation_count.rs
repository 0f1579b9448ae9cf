//! A reference count and a generation for a slot of a table, in one word, so that a reference is
//! counted only if the slot still has the contents that the caller means.
//!
//! To fill a free slot, write its contents first, then [occupy](GenerationCount::occupy) it, which
//! counts one reference: the table's. Others [pin](GenerationCount::pin) it by generation, read the
//! contents, and [unpin](GenerationCount::unpin) it. The caller whose unpin released the last
//! reference owns the slot: it clears the contents, and may fill the slot again. All operations are
//! lock-free.

use crate::atomic::{AtomicU64, Ordering, fence};

/// The word of one slot: its generation, and below that its reference count, which is 0 for a free
/// slot.
#[derive(Debug)]
pub struct GenerationCount(AtomicU64);

const COUNT: u64 = u32::MAX as u64;
const GENERATION: u64 = COUNT + 1;

impl Default for GenerationCount {
    fn default() -> Self {
        Self::new()
    }
}

impl GenerationCount {
    #[cfg(not(feature = "modelled"))]
    /// A free slot that was never occupied.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[cfg(feature = "modelled")]
    /// A free slot that was never occupied.
    pub fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Occupies a free slot, whose contents are written, with one reference for the caller. Returns
    /// the generation, which is not 0. Only one thread may fill a slot at a time.
    pub fn occupy(&self) -> u32 {
        // Relaxed: pins of a free slot fail without a store, so only its filler writes the word.
        let before = self.0.load(Ordering::Relaxed);
        debug_assert_eq!(before & COUNT, 0, "the slot is in use");
        // After a wrap, too, 0 means that the slot was never occupied.
        let next = ((before / GENERATION) as u32).wrapping_add(1).max(1);
        // Released, so that a successful pin sees the contents.
        self.0.store(u64::from(next) * GENERATION + 1, Ordering::Release);
        next
    }

    /// Counts a reference if the slot has this generation; the contents then stay until
    /// [`Self::unpin`].
    #[inline]
    pub fn pin(&self, generation: u32) -> bool {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let count = word & COUNT;
            // A count of all ones would carry into the generation.
            if word / GENERATION != u64::from(generation) || count == 0 || count == COUNT {
                return false;
            }
            // Acquires the contents from `occupy`: pins and unpins in between are
            // read-modify-writes, which continue its release sequence.
            match self.0.compare_exchange_weak(word, word + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }

    /// Releases a reference. Returns true if it was the last one: all accesses by others happened
    /// before, and the caller owns the slot.
    #[inline]
    pub fn unpin(&self) -> bool {
        let before = self.0.fetch_sub(1, Ordering::Release);
        debug_assert_ne!(before & COUNT, 0, "nobody uses the slot");
        if before & COUNT != 1 {
            return false;
        }
        // The last reference acquires what all others have released, before the slot is reused.
        fence(Ordering::Acquire);
        true
    }

    /// The generation of the slot's contents; 0 if it was never occupied.
    pub fn generation(&self) -> u32 {
        (self.0.load(Ordering::Relaxed) / GENERATION) as u32
    }

    /// The current reference count.
    pub fn uses(&self) -> u32 {
        (self.0.load(Ordering::Relaxed) & COUNT) as u32
    }
}

#[cfg(all(test, feature = "model-loom"))]
mod models;

#[cfg(all(test, not(feature = "modelled")))]
mod tests {
    use super::*;

    #[test]
    fn a_pin_of_an_earlier_generation_fails() {
        let slot = GenerationCount::new();
        assert!(!slot.pin(0) && !slot.pin(1), "free");
        let first = slot.occupy();
        assert!(slot.pin(first) && slot.pin(first) && !slot.pin(first + 1));
        assert_eq!(slot.uses(), 3);
        assert_eq!([slot.unpin(), slot.unpin(), slot.unpin()], [false, false, true]);
        assert!(!slot.pin(first), "its contents are being cleared");
        let second = slot.occupy();
        assert!(!slot.pin(first) && slot.pin(second));
    }

    #[test]
    fn generations_begin_again_without_0() {
        let slot = GenerationCount(AtomicU64::new(u64::from(u32::MAX) * GENERATION));
        assert_eq!(slot.occupy(), 1);
        let full = GenerationCount(AtomicU64::new(GENERATION + COUNT));
        assert!(!full.pin(1), "the count does not run over");
    }
}
