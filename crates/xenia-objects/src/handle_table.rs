//! Handle table: maps handles to objects, written under the object table's lock and read without a
//! lock.
//!
//! Handle values start at 0x1000 and step by 4. The number of a handle modulo the table's size is
//! its slot. There are more slots than open handles are allowed, and a number whose slot is taken
//! is skipped. So a number is reused only after about 10⁹ others. Titles use the two lowest bits of
//! a handle as marks; they are ignored here.

use super::slab::{INDEX_BITS, Name};
use crate::handle::Handle;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The first handle, and the step to the next.
const FIRST: u32 = 0x1000;
const STEP: u32 = 4;
/// The last handle value, after which numbering restarts.
pub(super) const LAST: u32 = 0xEFFF_FFFC;

/// Number of slots, and of slots that are allocated together.
const PLACE_BITS: u32 = 18;
const PLACES: u32 = 1 << PLACE_BITS;
const CHUNK: u32 = 1024;

/// A lock-free map from handle to object. A slot is 0 or holds, from its lowest bit: generation,
/// position, and the high bits of the handle number.
#[derive(Debug)]
pub(super) struct HandleTable(Box<[OnceLock<Box<[AtomicU64]>>]>);

impl Default for HandleTable {
    fn default() -> Self {
        Self((0..PLACES / CHUNK).map(|_| OnceLock::new()).collect())
    }
}

/// The slot of a handle, and the tag that tells it from other handles with the same slot.
fn place(handle: Handle) -> Option<(u32, u64)> {
    let Handle(plain) = HandleTable::plain(handle);
    let number = plain.checked_sub(FIRST).filter(|_| plain <= LAST)? / STEP;
    Some((number % PLACES, u64::from(number / PLACES) << (32 + INDEX_BITS)))
}

impl HandleTable {
    /// The handle value that is tried first.
    pub(super) const FIRST: Handle = Handle(FIRST);

    /// The next handle value.
    pub(super) fn following(handle: Handle) -> Handle {
        Handle(if handle.0 >= LAST { FIRST } else { handle.0 + STEP })
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
        let (index, tag) = place(handle)?;
        let word = self.load(index);
        if word == 0 || word >> (32 + INDEX_BITS) << (32 + INDEX_BITS) != tag {
            return None;
        }
        Some(Name { index: (word >> 32) as u32 & ((1 << INDEX_BITS) - 1), generation: word as u32 })
    }

    /// Validates a handle that comes from a saved state, without the bits that titles use.
    pub(super) fn is_valid(handle: Handle) -> bool {
        Self::plain(handle) == handle && place(handle).is_some()
    }

    /// Whether the slot of a handle is free.
    pub(super) fn is_free(&self, handle: Handle) -> bool {
        place(handle).is_some_and(|(index, _)| self.load(index) == 0)
    }

    /// Makes a handle whose slot is free name an object.
    pub(super) fn insert(&self, handle: Handle, name: Name) {
        if let Some((index, tag)) = place(handle) {
            self.store(index, tag | u64::from(name.index) << 32 | u64::from(name.generation));
        }
    }

    /// Removes a handle.
    pub(super) fn remove(&self, handle: Handle) {
        if let Some((index, _)) = place(handle) {
            self.store(index, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_of_one_table_slot_are_distinguished() {
        let table = HandleTable::default();
        let name = Name { index: (1 << INDEX_BITS) - 1, generation: u32::MAX };
        for handle in [FIRST, FIRST + STEP * (PLACES - 1), LAST] {
            assert!(table.is_free(Handle(handle)));
            table.insert(Handle(handle), name);
            let mut round = handle;
            for _ in 0..5000 {
                round = round.wrapping_add(STEP * PLACES);
                assert_eq!(table.get(Handle(round)).is_some(), round == handle, "{round:#x}");
            }
            assert_eq!(table.get(Handle(handle)), Some(name));
            assert!(!table.is_free(Handle(handle)));
            table.remove(Handle(handle));
            assert_eq!(table.get(Handle(handle)), None);
        }
        for none in [0, 0xFFC, 0xFFF, LAST + STEP, u32::MAX - 1, u32::MAX] {
            table.insert(Handle(none), name);
            assert_eq!(table.get(Handle(none)), None, "{none:#x}");
        }
    }
}
