//! What a lock counts about itself, with the feature `statistics`; without it the counters have no
//! size and their methods no code. They lie in a cache line of their own: whoever spins on the word
//! doesn't see them change.

#[cfg(feature = "statistics")]
pub use counting::Counts;
#[cfg(feature = "statistics")]
pub(crate) use counting::Statistics;
#[cfg(not(feature = "statistics"))]
pub(crate) use nothing::Statistics;

#[cfg(feature = "statistics")]
#[allow(clippy::unused_self)] // `begins` is asked of a lock, as everything else
mod counting {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::time::{Duration, Instant};

    /// Since when times are counted.
    fn now() -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }

    /// A lock's counters at one moment.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Counts {
        /// Taken at the first look.
        pub fast: u64,
        /// Taken after waiting.
        pub slow: u64,
        /// Of those, before or without getting into the queue.
        pub barged: u64,
        /// Of those, handed over by the one before.
        pub granted: u64,
        /// How often a thread went to sleep.
        pub sleeps: u64,
        /// The queue's first place went to a thread of the same NUMA node…
        pub local: u64,
        /// … and of another.
        pub remote: u64,
        /// The most that were in the queue at a time.
        pub deepest: u64,
        /// All waits together.
        pub waited: Duration,
        /// How long it was held, all together.
        pub held: Duration,
    }

    /// Counters that are added to from all threads.
    #[derive(Debug)]
    #[repr(align(128))]
    pub(crate) struct Statistics {
        fast: AtomicU64,
        slow: AtomicU64,
        barged: AtomicU64,
        granted: AtomicU64,
        sleeps: AtomicU64,
        local: AtomicU64,
        remote: AtomicU64,
        depth: AtomicU64,
        deepest: AtomicU64,
        waited: AtomicU64,
        held: AtomicU64,
        /// The holder's.
        since: AtomicU64,
    }

    impl Statistics {
        pub(crate) const fn new() -> Self {
            Self {
                fast: AtomicU64::new(0),
                slow: AtomicU64::new(0),
                barged: AtomicU64::new(0),
                granted: AtomicU64::new(0),
                sleeps: AtomicU64::new(0),
                local: AtomicU64::new(0),
                remote: AtomicU64::new(0),
                depth: AtomicU64::new(0),
                deepest: AtomicU64::new(0),
                waited: AtomicU64::new(0),
                held: AtomicU64::new(0),
                since: AtomicU64::new(0),
            }
        }

        pub(crate) fn taken_at_once(&self) {
            self.fast.fetch_add(1, Relaxed);
            self.since.store(now(), Relaxed);
        }

        /// The moment at which a wait begins.
        pub(crate) fn begins(&self) -> u64 {
            now()
        }

        pub(crate) fn taken_since(&self, began: u64) {
            let now = now();
            self.slow.fetch_add(1, Relaxed);
            self.waited.fetch_add(now - began, Relaxed);
            self.since.store(now, Relaxed);
        }

        pub(crate) fn barged(&self) {
            self.barged.fetch_add(1, Relaxed);
        }

        pub(crate) fn granted(&self) {
            self.granted.fetch_add(1, Relaxed);
        }

        pub(crate) fn sleeps(&self) {
            self.sleeps.fetch_add(1, Relaxed);
        }

        pub(crate) fn queued(&self) {
            self.deepest.fetch_max(self.depth.fetch_add(1, Relaxed) + 1, Relaxed);
        }

        pub(crate) fn left_queue(&self) {
            self.depth.fetch_sub(1, Relaxed);
        }

        pub(crate) fn passed(&self, local: bool) {
            if local { &self.local } else { &self.remote }.fetch_add(1, Relaxed);
        }

        pub(crate) fn given_back(&self) {
            self.held.fetch_add(now() - self.since.load(Relaxed), Relaxed);
        }

        pub(crate) fn counts(&self) -> Counts {
            Counts {
                fast: self.fast.load(Relaxed),
                slow: self.slow.load(Relaxed),
                barged: self.barged.load(Relaxed),
                granted: self.granted.load(Relaxed),
                sleeps: self.sleeps.load(Relaxed),
                local: self.local.load(Relaxed),
                remote: self.remote.load(Relaxed),
                deepest: self.deepest.load(Relaxed),
                waited: Duration::from_nanos(self.waited.load(Relaxed)),
                held: Duration::from_nanos(self.held.load(Relaxed)),
            }
        }
    }
}

#[cfg(not(feature = "statistics"))]
#[allow(clippy::unused_self)] // the same methods, empty
mod nothing {
    /// Nothing.
    #[derive(Debug)]
    pub(crate) struct Statistics;

    impl Statistics {
        pub(crate) const fn new() -> Self {
            Self
        }
        #[inline(always)]
        pub(crate) fn taken_at_once(&self) {}
        #[inline(always)]
        pub(crate) fn begins(&self) -> u64 {
            0
        }
        #[inline(always)]
        pub(crate) fn taken_since(&self, _began: u64) {}
        #[inline(always)]
        pub(crate) fn barged(&self) {}
        #[inline(always)]
        pub(crate) fn granted(&self) {}
        #[inline(always)]
        pub(crate) fn sleeps(&self) {}
        #[inline(always)]
        pub(crate) fn queued(&self) {}
        #[inline(always)]
        pub(crate) fn left_queue(&self) {}
        #[inline(always)]
        pub(crate) fn passed(&self, _local: bool) {}
        #[inline(always)]
        pub(crate) fn given_back(&self) {}
    }
}
