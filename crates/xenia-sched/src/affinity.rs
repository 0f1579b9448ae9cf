//! Thread placement: chooses the slot of a thread by its affinity (decision 0008). A thread is
//! never on a slot that its affinity excludes.
//!
//! An affinity has a bit for each slot that the thread may be on. Those of threads are not empty,
//! and within [`ALL_HW_THREADS`](xenia_guest::ALL_HW_THREADS).

use crate::HW_THREADS;

/// Whether a thread with this affinity roams: it can migrate.
pub(crate) fn roams(affinity: u8) -> bool {
    affinity.count_ones() > 1
}

/// The slots of an affinity, without this one.
pub(crate) fn others(affinity: u8, hw_id: u8) -> u8 {
    affinity & !(1 << hw_id)
}

/// The slot for a thread: `current` if the affinity allows it, else the thread's preferred one
/// (`ideal`), else the lowest allowed.
pub(crate) fn choose(affinity: u8, current: u8, ideal: u8) -> u8 {
    let allowed = |slot: u8| usize::from(slot) < HW_THREADS && affinity >> slot & 1 != 0;
    [current, ideal].into_iter().find(|&slot| allowed(slot)).unwrap_or(affinity.trailing_zeros() as u8)
}
