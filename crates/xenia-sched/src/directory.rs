//! Lock-free directory of threads: maps a thread's name to its slot and its wait word.
//!
//! Entries never move, so a reference into the directory stays valid while others add entries. The
//! result of `slot_of` may be outdated when it returns. Callers lock that slot and look for the
//! thread's record there, or retry: a thread moves under the locks of both slots. A wait word is
//! reused by the next thread at its position, and its serial numbers continue, so that an old
//! deadline never ends a new thread's wait.

use crate::wait_word::WaitWordState;
use crate::{HW_THREADS, SchedError, ThreadRef, WaitWord};
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};

/// log2 of the number of positions in the first piece; each further piece is twice as large as the
/// one before.
const FIRST: u32 = 5;

/// Number of pieces that hold all positions of a [`ThreadRef`].
const PIECES: usize = (u16::BITS - FIRST + 1) as usize;

/// The entry of one position, on its own cache line, because threads of different slots wait
/// concurrently.
#[derive(Default)]
#[repr(align(64))]
struct Entry {
    /// 0 if there is no thread; otherwise the generation above the slot's number plus 1.
    place: AtomicU32,
    wait_word: WaitWord,
}

/// The directory of a machine's threads ([module documentation](self)).
#[derive(Default)]
pub(crate) struct ThreadDirectory {
    homes: [[OnceLock<Box<[Entry]>>; PIECES]; HW_THREADS],
}

/// The piece that contains a position, and the index in it.
fn piece(idx: u16) -> (usize, usize) {
    // Counted from the first piece's size, so that the highest bit is the piece.
    let number = usize::from(idx) + (1 << FIRST);
    let piece = number.ilog2() - FIRST;
    (piece as usize, number - (1 << (FIRST + piece)))
}

impl ThreadDirectory {
    fn entry(&self, r: ThreadRef) -> Result<&Entry, SchedError> {
        count_look();
        let (piece, index) = piece(r.idx);
        let pieces = self.homes.get(usize::from(r.hw_id)).ok_or(SchedError::Stale(r))?;
        pieces
            .get(piece)
            .and_then(OnceLock::get)
            .and_then(|entries| entries.get(index))
            .ok_or(SchedError::Stale(r))
    }

    /// The entry of a thread, and the slot that it is on.
    fn named(&self, r: ThreadRef) -> Result<(&Entry, u8), SchedError> {
        let entry = self.entry(r)?;
        let place = entry.place.load(Acquire);
        match (place as u8).checked_sub(1) {
            Some(slot) if place >> 8 == u32::from(r.generation) => Ok((entry, slot)),
            _ => Err(SchedError::Stale(r)),
        }
    }

    /// The slot that a thread is on; may be outdated when this returns.
    pub(crate) fn slot_of(&self, r: ThreadRef) -> Result<u8, SchedError> {
        Ok(self.named(r)?.1)
    }

    /// The state of a thread's wait.
    pub(crate) fn wait_word(&self, r: ThreadRef) -> Result<&WaitWord, SchedError> {
        Ok(&self.named(r)?.0.wait_word)
    }

    /// The wait words of the first `count` positions of a slot's table, for a saved state.
    pub(crate) fn wait_words(&self, hw_id: u8, count: usize) -> Vec<WaitWordState> {
        let word = |idx| {
            let entry = self.entry(ThreadRef { hw_id, generation: 0, idx });
            entry.map(|entry| entry.wait_word.state()).unwrap_or_default()
        };
        (0..=u16::MAX).take(count).map(word).collect()
    }

    /// Restores the entry of a position: its wait word, and the slot of its thread, if it has one.
    pub(crate) fn restore(
        &self,
        r: ThreadRef,
        word: WaitWordState,
        slot: Option<u8>,
    ) -> Result<(), SchedError> {
        self.new_entry(r)?.wait_word.restore(word);
        slot.map_or(Ok(()), |slot| self.set(r, slot))
    }

    /// The entry of a position that may not have been used before.
    fn new_entry(&self, r: ThreadRef) -> Result<&Entry, SchedError> {
        let (piece, index) = piece(r.idx);
        let home = self.homes.get(usize::from(r.hw_id)).and_then(|pieces| pieces.get(piece));
        let home = home.ok_or(SchedError::Stale(r))?;
        let entries =
            home.get_or_init(|| (0..1_usize << (FIRST as usize + piece)).map(|_| Entry::default()).collect());
        entries.get(index).ok_or(SchedError::Stale(r))
    }

    /// Adds a new thread. The caller holds the thread table's lock.
    pub(crate) fn add(&self, r: ThreadRef, slot: u8) -> Result<(), SchedError> {
        self.new_entry(r)?.wait_word.close();
        self.set(r, slot)
    }

    /// Changes a thread's slot. The caller holds the locks of both slots.
    pub(crate) fn set(&self, r: ThreadRef, slot: u8) -> Result<(), SchedError> {
        // Pairs with `named`: finders of a new name see its wait word closed.
        self.entry(r)?.place.store(u32::from(r.generation) << 8 | (u32::from(slot) + 1), Release);
        Ok(())
    }

    /// Removes a thread whose record is gone. The caller holds the thread table's lock.
    pub(crate) fn remove(&self, r: ThreadRef) {
        if let Ok(entry) = self.entry(r) {
            entry.place.store(0, Release);
        }
    }
}

#[cfg(test)]
thread_local! {
    /// Number of positions and records that this host thread has visited; for tests of complexity.
    pub(crate) static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

pub(crate) fn count_look() {
    #[cfg(test)]
    LOOKS.set(LOOKS.get() + 1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Alertable;

    #[test]
    fn every_position_has_a_unique_entry() {
        let mut next = (0, 0);
        for idx in 0..=u16::MAX {
            let (piece, index) = piece(idx);
            if index == 0 && idx > 0 {
                next = (next.0 + 1, 0);
            }
            assert_eq!((piece, index), next, "{idx}");
            assert!(piece < PIECES && index < 1 << (FIRST as usize + piece));
            next.1 += 1;
        }
    }

    #[test]
    fn a_name_is_known_from_its_adding_to_its_removal() {
        let directory = ThreadDirectory::default();
        let name = |generation| ThreadRef { hw_id: 5, generation, idx: u16::MAX };
        assert_eq!(directory.slot_of(name(0)), Err(SchedError::Stale(name(0))));
        directory.add(name(0), 0).unwrap();
        assert_eq!(directory.slot_of(name(0)), Ok(0));
        assert_eq!(directory.slot_of(name(1)), Err(SchedError::Stale(name(1))));
        directory.set(name(0), 3).unwrap();
        assert_eq!(directory.slot_of(name(0)), Ok(3));
        let serial = directory.wait_word(name(0)).unwrap().open(Alertable::No);
        directory.remove(name(0));
        assert!(directory.wait_word(name(0)).is_err());
        directory.add(name(1), 5).unwrap();
        let word = directory.wait_word(name(1)).unwrap();
        assert_eq!(word.waiting(), None, "the thread before has left nothing");
        assert_ne!(word.open(Alertable::No), serial);
        let nowhere = ThreadRef { hw_id: 6, ..name(0) };
        assert_eq!(directory.add(nowhere, 0), Err(SchedError::Stale(nowhere)));
    }
}
