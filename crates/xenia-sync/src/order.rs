//! Where a lock stands, and the checker of who takes what under what.
//!
//! A lock's [`Rank`] is its level and, within the level, its ordinal. A thread may wait for a lock
//! only if its rank is above all that the thread holds: then no circle of threads that wait for
//! each other can close. Trying doesn't wait, so it may happen in any order; what was got by it
//! counts from then on.
//!
//! The checker is there in builds with debug assertions and with the feature `check-order`. Without
//! them a rank has no size and its methods no code. It keeps each thread's ranks in a sorted list,
//! so that the usual case is one comparison with the last: no thread waits for another in it, and
//! nothing of it depends on timing. One thread is enough to find an inversion: two threads need not
//! meet in it.

use crate::level::Level;

#[cfg(any(debug_assertions, feature = "check-order"))]
pub(crate) use checked::{Mark, Rank, assert_nothing_held};
#[cfg(not(any(debug_assertions, feature = "check-order")))]
pub(crate) use unchecked::{Mark, Rank, assert_nothing_held};

/// Ordinals are less than this.
const ORDINALS: u32 = 1 << 24;

#[cfg(any(debug_assertions, feature = "check-order"))]
mod checked {
    use super::{Level, ORDINALS};
    use crate::record::{Holding, MOST, Record};
    use std::fmt;
    use std::panic::Location;

    /// Level and ordinal, compared in this order.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) struct Rank(u32);

    /// What a guard keeps, to say which lock it gives back.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Mark(Holding);

    impl Rank {
        pub(crate) const fn new(level: Level, ordinal: u32) -> Self {
            assert!(ordinal < ORDINALS, "an ordinal has 24 bits");
            Self((level as u32) << ORDINALS.trailing_zeros() | ordinal)
        }

        pub(crate) const fn bits(self) -> u32 {
            self.0
        }

        pub(crate) const fn from_bits(bits: u32) -> Self {
            Self(bits)
        }

        /// Takes `lock`, of this rank, by `wait` if it can't be had `at_once`. Panics before if
        /// waiting is against the order.
        #[inline]
        #[track_caller]
        pub(crate) fn take<L: ?Sized, G>(
            self,
            lock: &L,
            at_once: impl FnOnce() -> Option<G>,
            wait: impl FnOnce() -> G,
        ) -> (Mark, G) {
            let holding = self.holding(lock);
            let Some(record) = Record::mine() else { return (Mark(holding), wait()) };
            let count = record.count();
            if count >= MOST || count > 0 && record.rank(count - 1) >= self {
                refuse(record, holding);
            }
            let guard = at_once().unwrap_or_else(|| record.while_waiting(holding, wait));
            record.push(holding);
            (Mark(holding), guard)
        }

        /// Takes `lock`, of this rank, if `at_once` does.
        #[track_caller]
        pub(crate) fn take_tried<L: ?Sized, G>(
            self,
            lock: &L,
            at_once: impl FnOnce() -> Option<G>,
        ) -> Option<(Mark, G)> {
            let holding = self.holding(lock);
            let guard = at_once()?;
            if let Some(record) = Record::mine() {
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
        /// Called when the lock is given back.
        #[inline]
        pub(crate) fn leave(self) {
            if let Some(record) = Record::mine() {
                record.remove(self.0.lock);
            }
        }

        /// Called when the thread has the lock again.
        pub(crate) fn enter_again(self) {
            if let Some(record) = Record::mine() {
                record.push(self.0);
            }
        }

        /// Called before the thread sleeps and gives this lock back meanwhile: whoever is to wake
        /// it may need any other.
        #[track_caller]
        pub(crate) fn assert_only_one_held(self) {
            let caller = Location::caller();
            let Some(record) = Record::mine() else { return };
            let other = (0..record.count()).map(|at| record.holding(at)).find(|other| *other != self.0);
            if let Some(other) = other {
                panic!("lock order broken: waiting on {:?} at {caller} while {other} is held", self.0.rank);
            }
        }
    }

    impl fmt::Debug for Rank {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let level = Level::ALL[(self.0 / ORDINALS) as usize];
            match self.0 % ORDINALS {
                0 => write!(f, "{level:?}"),
                ordinal => write!(f, "{level:?}[{ordinal}]"),
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
    pub(crate) fn assert_nothing_held() {
        let caller = Location::caller();
        let Some(record) = Record::mine() else { return };
        if let Some(last) = record.count().checked_sub(1) {
            panic!("lock order broken: nothing is held, says {caller}, but {} is", record.holding(last));
        }
    }

    #[cold]
    fn refuse(record: &Record, wanted: Holding) -> ! {
        let count = record.count();
        assert!(count < MOST, "one thread holds more than {MOST} locks");
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
    use super::{Level, ORDINALS};

    /// Nothing.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Rank;

    /// Nothing.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Mark;

    impl Rank {
        pub(crate) const fn new(_: Level, ordinal: u32) -> Self {
            assert!(ordinal < ORDINALS, "an ordinal has 24 bits");
            Self
        }

        #[inline(always)]
        pub(crate) fn take<L: ?Sized, G>(
            self,
            _lock: &L,
            _at_once: impl FnOnce() -> Option<G>,
            wait: impl FnOnce() -> G,
        ) -> (Mark, G) {
            (Mark, wait())
        }

        #[inline(always)]
        pub(crate) fn take_tried<L: ?Sized, G>(
            self,
            _lock: &L,
            at_once: impl FnOnce() -> Option<G>,
        ) -> Option<(Mark, G)> {
            Some((Mark, at_once()?))
        }
    }

    impl Mark {
        #[inline(always)]
        pub(crate) fn leave(self) {}
        #[inline(always)]
        pub(crate) fn enter_again(self) {}
        #[inline(always)]
        pub(crate) fn assert_only_one_held(self) {}
    }

    #[inline(always)]
    pub(crate) fn assert_nothing_held() {}

    const _: () = assert!(size_of::<crate::Mutex<u64>>() == size_of::<parking_lot::Mutex<u64>>());
    const _: () = assert!(size_of::<crate::RwLock<u64>>() == size_of::<parking_lot::RwLock<u64>>());
}
