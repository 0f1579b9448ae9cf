//! Where each thread is, and where its wait stands: found by the thread's name without a lock.
//!
//! Positions never move, so a reference into the directory stays good while others add to it.
//! `slot_of` may be out of date when it comes back; whoever then locks that slot finds the thread's
//! record there, or looks again: a thread moves under the locks of both slots. A wait word stays
//! with its position from one thread to the next, and so does its serial number: a deadline of the
//! one before ends no wait of the next.

use crate::{HW_THREADS, SchedError, ThreadRef, WaitWord};
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};

/// log2 of the positions in the first piece; each of the others has twice as many as the one
/// before.
const FIRST: u32 = 5;

/// Pieces that hold all positions that a [`ThreadRef`] can name.
const PIECES: usize = (u16::BITS - FIRST + 1) as usize;

/// One position. On a cache line of its own: threads of different slots wait at the same time.
#[derive(Default)]
#[repr(align(64))]
struct Entry {
    /// 0: no thread. Otherwise the generation above the slot's number, which counts from 1 here.
    place: AtomicU32,
    wait_word: WaitWord,
}

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct Directory {
    homes: [[OnceLock<Box<[Entry]>>; PIECES]; HW_THREADS],
}

/// The piece that a position is in, and its index there.
fn piece(idx: u16) -> (usize, usize) {
    let number = usize::from(idx) + (1 << FIRST);
    let piece = number.ilog2() - FIRST;
    (piece as usize, number - (1 << (FIRST + piece)))
}

impl Directory {
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

    /// The entry of this name, and the slot that its thread is on.
    fn named(&self, r: ThreadRef) -> Result<(&Entry, u8), SchedError> {
        let entry = self.entry(r)?;
        let place = entry.place.load(Acquire);
        match (place as u8).checked_sub(1) {
            Some(slot) if place >> 8 == u32::from(r.generation) => Ok((entry, slot)),
            _ => Err(SchedError::Stale(r)),
        }
    }

    /// The slot that a thread is on, or was a moment ago.
    pub(crate) fn slot_of(&self, r: ThreadRef) -> Result<u8, SchedError> {
        Ok(self.named(r)?.1)
    }

    /// Where a thread's wait stands.
    pub(crate) fn wait_word(&self, r: ThreadRef) -> Result<&WaitWord, SchedError> {
        Ok(&self.named(r)?.0.wait_word)
    }

    /// Gives a position to a new thread. Under the topology's lock.
    pub(crate) fn add(&self, r: ThreadRef, slot: u8) -> Result<(), SchedError> {
        let (piece, index) = piece(r.idx);
        let home = self.homes.get(usize::from(r.hw_id)).and_then(|pieces| pieces.get(piece));
        let home = home.ok_or(SchedError::Stale(r))?;
        let entries =
            home.get_or_init(|| (0..1_usize << (FIRST as usize + piece)).map(|_| Entry::default()).collect());
        let entry = entries.get(index).ok_or(SchedError::Stale(r))?;
        entry.wait_word.close();
        self.set(r, slot)
    }

    /// A thread is on another slot now. Under the locks of both.
    pub(crate) fn set(&self, r: ThreadRef, slot: u8) -> Result<(), SchedError> {
        self.entry(r)?.place.store(u32::from(r.generation) << 8 | (u32::from(slot) + 1), Release);
        Ok(())
    }

    /// A thread's record is gone. Under the topology's lock.
    pub(crate) fn remove(&self, r: ThreadRef) {
        if let Ok(entry) = self.entry(r) {
            entry.place.store(0, Release);
        }
    }
}

#[cfg(test)]
thread_local! {
    /// Positions and records that were looked at by this host thread: what tests of costs count.
    pub(crate) static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

pub(crate) fn count_look() {
    #[cfg(test)]
    LOOKS.set(LOOKS.get() + 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_has_an_entry_of_its_own() {
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
        let directory = Directory::default();
        let name = |generation| ThreadRef { hw_id: 5, generation, idx: u16::MAX };
        assert_eq!(directory.slot_of(name(0)), Err(SchedError::Stale(name(0))));
        directory.add(name(0), 0).unwrap();
        assert_eq!(directory.slot_of(name(0)), Ok(0));
        assert_eq!(directory.slot_of(name(1)), Err(SchedError::Stale(name(1))));
        directory.set(name(0), 3).unwrap();
        assert_eq!(directory.slot_of(name(0)), Ok(3));
        let serial = directory.wait_word(name(0)).unwrap().open(false);
        directory.remove(name(0));
        assert!(directory.wait_word(name(0)).is_err());
        directory.add(name(1), 5).unwrap();
        let word = directory.wait_word(name(1)).unwrap();
        assert_eq!(word.waiting(), None, "the thread before has left nothing");
        assert_ne!(word.open(false), serial);
        let nowhere = ThreadRef { hw_id: 6, ..name(0) };
        assert_eq!(directory.add(nowhere, 0), Err(SchedError::Stale(nowhere)));
    }
}
