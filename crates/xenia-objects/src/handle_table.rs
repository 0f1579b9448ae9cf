//! Handle table: maps handles to objects, written under the object table's lock and read without a
//! lock.
//!
//! Handle values are those of the console's table for titles: 0xF8000000 plus 4 for each handle,
//! and the handle that was closed last is opened next. Titles calculate with them. The two lowest
//! bits of a handle are marks of titles; they are ignored here.

use super::slab::{INDEX_BITS, Name};
use crate::handle::Handle;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The first handle value, and the step to the next.
const BASE: u32 = 0xF800_0000;
const STEP: u32 = 4;

/// Number of slots, and of slots that are allocated together.
const PLACES: u32 = 1 << 18;
const CHUNK: u32 = 1024;

/// A lock-free map from handle to object. A slot is 0 or holds, from its lowest bit: generation and
/// position.
#[derive(Debug)]
pub(super) struct HandleTable(Box<[OnceLock<Box<[AtomicU64]>>]>);

impl Default for HandleTable {
    fn default() -> Self {
        Self((0..PLACES / CHUNK).map(|_| OnceLock::new()).collect())
    }
}

/// The slot of a handle.
fn place(handle: Handle) -> Option<u32> {
    let number = HandleTable::plain(handle).0.checked_sub(BASE)? / STEP;
    (number < PLACES).then_some(number)
}

impl HandleTable {
    /// The handle that a table opens first. The one before belongs to the title's module, so the
    /// main thread has the second value, from which titles count on.
    pub(super) const FIRST: Handle = Handle(BASE + STEP);

    /// The value after the last handle.
    pub(super) const END: Handle = Handle(BASE + STEP * PLACES);

    /// The next handle value.
    pub(super) fn following(handle: Handle) -> Handle {
        Handle(handle.0 + STEP)
    }

    /// Number of handles from the first one to this.
    pub(super) fn count_to(handle: Handle) -> usize {
        (handle.0.saturating_sub(Self::FIRST.0) / STEP) as usize
    }

    /// The handle without the two bits that titles use.
    pub(super) fn plain(handle: Handle) -> Handle {
        Handle(handle.0 & !(STEP - 1))
    }

    fn load(&self, index: u32) -> u64 {
        let chunk = self.0.get((index / CHUNK) as usize).and_then(OnceLock::get);
        let word = chunk.and_then(|chunk| chunk.get((index % CHUNK) as usize));
        word.map_or(0, |word| word.load(Ordering::Acquire))
    }

    fn store(&self, index: u32, value: u64) {
        let Some(chunk) = self.0.get((index / CHUNK) as usize) else { return };
        let chunk = chunk.get_or_init(|| (0..CHUNK).map(|_| AtomicU64::new(0)).collect());
        if let Some(word) = chunk.get((index % CHUNK) as usize) {
            word.store(value, Ordering::Release);
        }
    }

    /// The object that a handle names.
    pub(super) fn get(&self, handle: Handle) -> Option<Name> {
        let word = self.load(place(handle)?);
        if word == 0 {
            return None;
        }
        Some(Name { index: (word >> 32) as u32 & ((1 << INDEX_BITS) - 1), generation: word as u32 })
    }

    /// Validates a handle that comes from a saved state, without the bits that titles use.
    pub(super) fn is_valid(handle: Handle) -> bool {
        Self::plain(handle) == handle && (Self::FIRST..Self::END).contains(&handle)
    }

    /// Makes a handle name an object.
    pub(super) fn insert(&self, handle: Handle, name: Name) {
        if let Some(index) = place(handle) {
            self.store(index, u64::from(name.index) << 32 | u64::from(name.generation));
        }
    }

    /// Removes a handle.
    pub(super) fn remove(&self, handle: Handle) {
        if let Some(index) = place(handle) {
            self.store(index, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_of_the_table_are_distinguished_from_all_others() {
        let table = HandleTable::default();
        let name = Name { index: (1 << INDEX_BITS) - 1, generation: u32::MAX };
        let last = HandleTable::END.0 - STEP;
        for handle in [BASE, BASE + STEP, BASE + STEP * (CHUNK - 1), last] {
            table.insert(Handle(handle), name);
            for other in
                [handle.wrapping_sub(STEP), handle + STEP, handle ^ 0x8000_0000, handle + (PLACES << 2)]
            {
                assert_eq!(table.get(Handle(other)), None, "{other:#x}");
            }
            assert_eq!(table.get(Handle(handle)), Some(name));
            assert_eq!(table.get(Handle(handle | 3)), Some(name));
            table.remove(Handle(handle));
            assert_eq!(table.get(Handle(handle)), None);
        }
        for none in [0, 0x1000, BASE - STEP, HandleTable::END.0, u32::MAX - 1, u32::MAX] {
            table.insert(Handle(none), name);
            assert_eq!(table.get(Handle(none)), None, "{none:#x}");
            assert!(!HandleTable::is_valid(Handle(none)));
        }
    }
}
