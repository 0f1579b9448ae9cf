//! Where a lock stands, and the checker of who takes what under what.
//!
//! A lock's [`Rank`] is its level and, within the level, its ordinal. A thread may wait for a lock only if its rank is above
//! all that the thread holds: then no circle of threads that wait for each other can close. Trying doesn't wait, so it may
//! happen in any order; what was got by it counts from then on.
//!
//! The checker is there in builds with debug assertions and with the feature `check-order`. Without them a rank has no size
//! and its methods no code. It keeps each thread's ranks in a sorted list, so that the usual case is one comparison with the
//! last: nothing is shared between threads, and nothing of it depends on timing. One thread is enough to find an inversion:
//! two threads need not meet in it.

use crate::level::Level;

#[cfg(any(debug_assertions, feature = "check-order"))]
pub(crate) use checked::{Rank, assert_nothing_held};
#[cfg(not(any(debug_assertions, feature = "check-order")))]
pub(crate) use unchecked::{Rank, assert_nothing_held};

/// Ordinals are less than this.
const ORDINALS: u32 = 1 << 24;

#[cfg(any(debug_assertions, feature = "check-order"))]
mod checked {
    use super::{Level, ORDINALS};
    use std::cell::Cell;
    use std::fmt;
    use std::panic::Location;

    /// Locks that one thread may hold at a time: a wait for many objects takes all shards of the dispatcher.
    const MOST: usize = 128;

    /// Level and ordinal, compared in this order.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) struct Rank(u32);

    impl Rank {
        pub(crate) const fn new(level: Level, ordinal: u32) -> Self {
            assert!(ordinal < ORDINALS, "an ordinal has 24 bits");
            Self((level as u32) << ORDINALS.trailing_zeros() | ordinal)
        }

        /// Called before waiting for the lock. Panics if that is against the order.
        #[inline]
        #[track_caller]
        pub(crate) fn enter(self) {
            HELD.with(|held| {
                let count = held.count.get();
                if count < MOST && (count == 0 || held.ranks[count - 1].get() < self) {
                    held.push(count, self, Location::caller());
                } else {
                    held.refuse(self, Location::caller());
                }
            });
        }

        /// Called after the lock was got without waiting.
        #[track_caller]
        pub(crate) fn enter_tried(self) {
            HELD.with(|held| held.insert(self, Location::caller()));
        }

        /// Called when the lock is given back.
        #[inline]
        pub(crate) fn leave(self) {
            HELD.with(|held| {
                let count = held.count.get();
                if count > 0 && held.ranks[count - 1].get() == self {
                    held.count.set(count - 1);
                } else {
                    held.remove(self);
                }
            });
        }

        /// Called before the thread sleeps and gives this lock back meanwhile: whoever is to wake it may need any other.
        #[track_caller]
        pub(crate) fn assert_only_one_held(self) {
            let caller = Location::caller();
            HELD.with(|held| {
                if let Some(other) = (0..held.count.get()).find(|&at| held.ranks[at].get() != self) {
                    panic!(
                        "lock order broken: waiting on {self:?} at {caller} while {} is held",
                        held.describe(other)
                    );
                }
            });
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

    /// Panics if the thread holds a lock.
    #[track_caller]
    pub(crate) fn assert_nothing_held() {
        let caller = Location::caller();
        HELD.with(|held| {
            assert!(
                held.count.get() == 0,
                "lock order broken: nothing is held, says {caller}, but {} is",
                held.describe(held.count.get() - 1)
            );
        });
    }

    /// What one thread holds, rising. Ranks can be equal only if they were got by trying.
    struct Held {
        count: Cell<usize>,
        ranks: [Cell<Rank>; MOST],
        sites: [Cell<Option<&'static Location<'static>>>; MOST],
    }

    thread_local! {
        static HELD: Held = const {
            Held {
                count: Cell::new(0),
                ranks: [const { Cell::new(Rank(0)) }; MOST],
                sites: [const { Cell::new(None) }; MOST],
            }
        };
    }

    impl Held {
        #[inline]
        fn push(&self, count: usize, rank: Rank, site: &'static Location<'static>) {
            self.ranks[count].set(rank);
            self.sites[count].set(Some(site));
            self.count.set(count + 1);
        }

        fn insert(&self, rank: Rank, site: &'static Location<'static>) {
            let count = self.count.get();
            assert!(count < MOST, "one thread holds more than {MOST} locks");
            let at = (0..count).find(|&at| self.ranks[at].get() > rank).unwrap_or(count);
            for from in (at..count).rev() {
                self.ranks[from + 1].set(self.ranks[from].get());
                self.sites[from + 1].set(self.sites[from].get());
            }
            self.ranks[at].set(rank);
            self.sites[at].set(Some(site));
            self.count.set(count + 1);
        }

        #[cold]
        fn remove(&self, rank: Rank) {
            let count = self.count.get();
            let Some(at) = (0..count).rfind(|&at| self.ranks[at].get() == rank) else { return };
            for to in at..count - 1 {
                self.ranks[to].set(self.ranks[to + 1].get());
                self.sites[to].set(self.sites[to + 1].get());
            }
            self.count.set(count - 1);
        }

        #[cold]
        fn refuse(&self, rank: Rank, site: &'static Location<'static>) -> ! {
            let count = self.count.get();
            assert!(count < MOST, "one thread holds more than {MOST} locks");
            panic!(
                "lock order broken: {rank:?} is taken at {site} while {} is held",
                self.describe(count - 1)
            );
        }

        fn describe(&self, at: usize) -> String {
            let rank = self.ranks[at].get();
            self.sites[at]
                .get()
                .map_or_else(|| format!("{rank:?}"), |site| format!("{rank:?}, taken at {site},"))
        }
    }
}

#[cfg(not(any(debug_assertions, feature = "check-order")))]
#[allow(clippy::unused_self)] // the same methods, empty
mod unchecked {
    use super::{Level, ORDINALS};

    /// Nothing.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Rank;

    impl Rank {
        pub(crate) const fn new(_: Level, ordinal: u32) -> Self {
            assert!(ordinal < ORDINALS, "an ordinal has 24 bits");
            Self
        }

        #[inline(always)]
        pub(crate) fn enter(self) {}
        #[inline(always)]
        pub(crate) fn enter_tried(self) {}
        #[inline(always)]
        pub(crate) fn leave(self) {}
        #[inline(always)]
        pub(crate) fn assert_only_one_held(self) {}
    }

    #[inline(always)]
    pub(crate) fn assert_nothing_held() {}

    const _: () = assert!(size_of::<crate::Mutex<u64>>() == size_of::<parking_lot::Mutex<u64>>());
    const _: () = assert!(size_of::<crate::RwLock<u64>>() == size_of::<parking_lot::RwLock<u64>>());
}
