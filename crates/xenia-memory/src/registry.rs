//! Lookup tables of the process-wide fault handler: address spaces by their reservations, code
//! hooks by their code.
//!
//! Signals belong to a process, so this is the only table that machines share; it only routes. It
//! is a fixed array of atomics, searched without locks.
//!
//! # Safety rules
//! - An entry's pointer is used only for a fault *inside* the entry's range. Such a fault comes
//!   from a thread that uses that address space or runs that code, and so keeps the owner alive: an
//!   entry is removed no earlier than its last user.
//! - Reads of an entry are guarded by its sequence number (odd while it changes), so a range and a
//!   pointer of different owners are never combined.

use crate::error::MemoryError;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering::*, fence};

struct Slot<T> {
    sequence: AtomicU32,
    start: AtomicUsize,
    end: AtomicUsize,
    value: AtomicPtr<T>,
}

/// A map from ranges of host addresses to pointers.
pub(crate) struct Registry<T, const N: usize> {
    slots: [Slot<T>; N],
    /// Slots from this index on were never used.
    used: AtomicUsize,
}

/// A slot in a registry; must be released by [`Registry::remove`].
#[derive(Debug)]
pub(crate) struct RegistrySlot(usize);

impl<T, const N: usize> Registry<T, N> {
    pub(crate) const fn new() -> Self {
        Self {
            slots: [const {
                Slot {
                    sequence: AtomicU32::new(0),
                    start: AtomicUsize::new(0),
                    end: AtomicUsize::new(0),
                    value: AtomicPtr::new(ptr::null_mut()),
                }
            }; N],
            used: AtomicUsize::new(0),
        }
    }

    /// Inserts a range. The pointer must stay valid until the entry is removed.
    pub(crate) fn insert(&self, range: Range<usize>, value: *mut T) -> Result<RegistrySlot, MemoryError> {
        for (index, slot) in self.slots.iter().enumerate() {
            // Acquires the end that belongs to the number, so a slot in use is passed over.
            let sequence = slot.sequence.load(Acquire);
            // Acquires the odd number of a removal whose 0 it reads, so the exchange fails.
            if sequence & 1 != 0 || slot.end.load(Acquire) != 0 {
                continue;
            }
            if slot.sequence.compare_exchange(sequence, sequence + 1, Acquire, Relaxed).is_err() {
                continue;
            }
            self.used.fetch_max(index + 1, Release);
            // A reader that sees one of the new fields sees the odd number as well.
            fence(Release);
            slot.value.store(value, Relaxed);
            slot.start.store(range.start, Relaxed);
            slot.end.store(range.end, Relaxed);
            slot.sequence.store(sequence.wrapping_add(2), Release);
            return Ok(RegistrySlot(index));
        }
        Err(MemoryError::TooMany(N))
    }

    /// Removes an entry.
    pub(crate) fn remove(&self, entry: &RegistrySlot) {
        let slot = &self.slots[entry.0];
        let sequence = slot.sequence.load(Relaxed);
        // No exchange: inserts pass over a slot whose end is not 0.
        slot.sequence.store(sequence.wrapping_add(1), Relaxed);
        fence(Release);
        slot.value.store(ptr::null_mut(), Relaxed);
        slot.start.store(0, Relaxed);
        slot.end.store(0, Relaxed);
        slot.sequence.store(sequence.wrapping_add(2), Release);
    }

    /// The start and value of the range that contains `addr`. Async-signal-safe.
    pub(crate) fn find(&self, addr: usize) -> Option<(usize, *mut T)> {
        self.slots.iter().take(self.used.load(Acquire)).find_map(|slot| {
            let sequence = slot.sequence.load(Acquire);
            let range = slot.start.load(Relaxed)..slot.end.load(Relaxed);
            let value = slot.value.load(Relaxed);
            // The number is read again after the fields, so it shows a change in between.
            fence(Acquire);
            let stable = sequence & 1 == 0 && slot.sequence.load(Relaxed) == sequence;
            (stable && range.contains(&addr)).then_some((range.start, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_and_go() {
        static TABLE: Registry<u32, 2> = Registry::new();
        let mut values = [1_u32, 2, 3];
        let [a, b, c] = values.each_mut().map(ptr::from_mut);
        let first = TABLE.insert(0x1000..0x2000, a).unwrap();
        let second = TABLE.insert(0x2000..0x3000, b).unwrap();
        assert!(matches!(TABLE.insert(0x3000..0x4000, c), Err(MemoryError::TooMany(2))));
        assert_eq!(TABLE.find(0x1FFF), Some((0x1000, a)));
        assert_eq!(TABLE.find(0x2000), Some((0x2000, b)));
        assert_eq!(TABLE.find(0x3000), None);
        TABLE.remove(&first);
        assert_eq!(TABLE.find(0x1000), None);
        let third = TABLE.insert(0x3000..0x4000, c).unwrap();
        assert_eq!(TABLE.find(0x3000), Some((0x3000, c)));
        TABLE.remove(&second);
        TABLE.remove(&third);
    }
}
