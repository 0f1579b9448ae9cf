//! Thread placement: chooses the slot of a thread by its affinity (decision 0008). A thread is
//! never on a slot that its affinity excludes.

use crate::HW_THREADS;

/// Whether a thread with this affinity roams: it can migrate.
pub(crate) fn roams(affinity: u8) -> bool {
    affinity.count_ones() > 1
}

/// The slots of an affinity, without this one.
pub(crate) fn others(affinity: u8, hw_id: u8) -> u8 {
    affinity & !(1 << hw_id)
}

/// The slot for a thread: its current one if the affinity allows it, else its preferred one, else
/// the lowest allowed.
pub(crate) fn choose(affinity: u8, current: u8, ideal: u8) -> u8 {
    let allowed = |slot: u8| usize::from(slot) < HW_THREADS && affinity >> slot & 1 != 0;
    [current, ideal].into_iter().find(|&slot| allowed(slot)).unwrap_or(affinity.trailing_zeros() as u8)
}
