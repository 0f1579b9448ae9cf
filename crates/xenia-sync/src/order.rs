//! Ranks of locks, and the run-time checker of the lock order.
//!
//! A lock's [`Rank`] is its level and, within the level, its ordinal. A thread may wait for a lock
//! only if its rank is above all locks that the thread holds, so threads can't wait for each other
//! in a cycle. Trying to lock does not wait, so it is allowed in any order; a lock acquired that
//! way counts from then on.
//!
//! The checker is compiled in with debug assertions and with the feature `check-order`. Otherwise a
//! rank is zero-sized and its methods are empty. The checker keeps each thread's ranks in a sorted
//! list, so the usual case is one comparison with the last. It never makes threads wait for each
//! other, and its result does not depend on timing: a single thread's acquisitions are enough to
//! find an inversion, without two threads racing for the locks.
//!
//! A lock of another crate keeps a [`Rank`] and calls [`Rank::take`] and [`Mark::leave`] as
//! [`Mutex`](crate::Mutex) does.

#[cfg(any(debug_assertions, feature = "check-order"))]
pub use crate::rank::Rank;
#[cfg(any(debug_assertions, feature = "check-order"))]
pub use checked::{Mark, assert_nothing_held};
#[cfg(not(any(debug_assertions, feature = "check-order")))]
pub use unchecked::{UncheckedMark as Mark, UncheckedRank as Rank, assert_nothing_held};

#[cfg(any(debug_assertions, feature = "check-order"))]
mod checked {
    use crate::rank::Rank;
    use crate::record::{Holding, LockRecord, MAX_HELD_LOCKS};
    use std::fmt;
    use std::panic::Location;

    /// Kept in a guard to identify the lock that it releases.
    #[derive(Clone, Copy, Debug)]
    pub struct Mark(Holding);

    impl Rank {
        /// Acquires `lock`, of this rank, by `at_once`, or else by `wait`. Panics before waiting if
        /// that would break the order.
        #[inline]
        #[track_caller]
        pub fn take<L: ?Sized, G>(
            self,
            lock: &L,
            at_once: impl FnOnce() -> Option<G>,
            wait: impl FnOnce() -> G,
        ) -> (Mark, G) {
            let holding = self.holding(lock);
            // Destructors of thread-local data still lock, without the check.
            let Some(record) = LockRecord::mine() else { return (Mark(holding), wait()) };
            let count = record.count();
            // Equal ranks are refused, too: another thread could take the two locks the other way
            // round.
            if count >= MAX_HELD_LOCKS || count > 0 && record.rank(count - 1) >= self {
                refuse(record, holding);
            }
            let guard = at_once().unwrap_or_else(|| record.while_waiting(holding, wait));
            record.push(holding);
            (Mark(holding), guard)
        }

        /// Acquires `lock`, of this rank, if `at_once` succeeds.
        #[track_caller]
        pub fn take_tried<L: ?Sized, G>(
            self,
            lock: &L,
            at_once: impl FnOnce() -> Option<G>,
        ) -> Option<(Mark, G)> {
            let holding = self.holding(lock);
            let guard = at_once()?;
            if let Some(record) = LockRecord::mine() {
                record.push(holding);
            }
            Some((Mark(holding), guard))
        }

        #[inline]
        #[track_caller]
        fn holding<L: ?Sized>(self, lock: &L) -> Holding {
            let lock = std::ptr::from_ref(lock).cast::<()>().addr();
            Holding { rank: self, lock, site: Some(Location::caller()) }
        }
    }

    impl Mark {
        /// Records the release of the lock.
        #[inline]
        pub fn leave(self) {
            if let Some(record) = LockRecord::mine() {
                record.remove(self.0.lock);
            }
        }

        /// Records that the lock was acquired again.
        pub(crate) fn enter_again(self) {
            if let Some(record) = LockRecord::mine() {
                record.push(self.0);
            }
        }

        /// Checks that the thread holds no other lock, before it sleeps and releases this one: its
        /// waker may need any other.
        #[track_caller]
        pub(crate) fn assert_only_one_held(self) {
            let caller = Location::caller();
            let Some(record) = LockRecord::mine() else { return };
            let other = (0..record.count()).map(|at| record.holding(at)).find(|other| *other != self.0);
            if let Some(other) = other {
                panic!("lock order broken: waiting on {:?} at {caller} while {other} is held", self.0.rank);
            }
        }
    }

    impl fmt::Display for Holding {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{:?}", self.rank)?;
            self.site.map_or(Ok(()), |site| write!(f, ", taken at {site},"))
        }
    }

    /// Panics if the thread holds a lock.
    #[track_caller]
    pub fn assert_nothing_held() {
        let caller = Location::caller();
        let Some(record) = LockRecord::mine() else { return };
        if let Some(last) = record.count().checked_sub(1) {
            panic!("lock order broken: {caller} must hold no lock, but holds {}", record.holding(last));
        }
    }

    #[cold]
    fn refuse(record: &LockRecord, wanted: Holding) -> ! {
        let count = record.count();
        assert!(count < MAX_HELD_LOCKS, "one thread holds more than {MAX_HELD_LOCKS} locks");
        let site = wanted.site.map_or_else(String::new, |site| format!(" at {site}"));
        panic!(
            "lock order broken: {:?} is taken{site} while {} is held",
            wanted.rank,
            record.holding(count - 1)
        );
    }
}

#[cfg(not(any(debug_assertions, feature = "check-order")))]
#[allow(clippy::unused_self)] // the same methods, empty
mod unchecked {
    use crate::level::{Level, ORDINALS};

    /// Zero-sized stand-in without the checker.
    #[derive(Clone, Copy, Debug)]
    pub struct UncheckedRank;

    /// Zero-sized stand-in without the checker.
    #[derive(Clone, Copy, Debug)]
    pub struct UncheckedMark;

    impl UncheckedRank {
        pub const fn new(_: Level, ordinal: u32) -> Self {
            assert!(ordinal < ORDINALS, "an ordinal has 24 bits");
            Self
        }

        #[inline(always)]
        pub fn take<L: ?Sized, G>(
            self,
            _lock: &L,
            _at_once: impl FnOnce() -> Option<G>,
            wait: impl FnOnce() -> G,
        ) -> (UncheckedMark, G) {
            (UncheckedMark, wait())
        }

        #[inline(always)]
        pub fn take_tried<L: ?Sized, G>(
            self,
            _lock: &L,
            at_once: impl FnOnce() -> Option<G>,
        ) -> Option<(UncheckedMark, G)> {
            Some((UncheckedMark, at_once()?))
        }
    }

    impl UncheckedMark {
        #[inline(always)]
        pub fn leave(self) {}
        #[inline(always)]
        pub(crate) fn enter_again(self) {}
        #[inline(always)]
        pub(crate) fn assert_only_one_held(self) {}
    }

    #[inline(always)]
    pub fn assert_nothing_held() {}
}
