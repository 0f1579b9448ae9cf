//! Which slot a thread is on, by its affinity (decision 0023): always one that the affinity allows.

use crate::HW_THREADS;

/// Whether a thread of this affinity may change slots.
pub(crate) fn roams(affinity: u8) -> bool {
    affinity.count_ones() > 1
}

/// The slots of an affinity other than this one.
pub(crate) fn others(affinity: u8, hw_id: u8) -> u8 {
    affinity & !(1 << hw_id)
}

/// The slot for a thread: where it is if that is allowed, its preferred one if that is, the lowest
/// otherwise.
pub(crate) fn choose(affinity: u8, current: u8, ideal: u8) -> u8 {
    let allowed = |slot: u8| usize::from(slot) < HW_THREADS && affinity >> slot & 1 != 0;
    [current, ideal].into_iter().find(|&slot| allowed(slot)).unwrap_or(affinity.trailing_zeros() as u8)
}
