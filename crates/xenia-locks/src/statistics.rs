//! Statistics of a lock, with the feature `statistics`; without it the counters are zero-sized and
//! their methods empty. They are on a separate cache line, so that updates do not disturb threads
//! that spin on the lock word.

#[cfg(feature = "statistics")]
pub use counting::AcquisitionCounts;
#[cfg(feature = "statistics")]
pub(crate) use counting::LockStatistics;
#[cfg(not(feature = "statistics"))]
pub(crate) use nothing::NoStatistics as LockStatistics;

/// The waiter that becomes the head of the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handover {
    /// It is on the same NUMA node as the head before it.
    Local,
    /// It is on another.
    Remote,
}

#[cfg(feature = "statistics")]
#[allow(clippy::unused_self)] // `start_wait` is called on a lock's statistics, as the others are
mod counting {
    use super::Handover;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::time::{Duration, Instant};

    /// The start of the clock for all times.
    fn now() -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }

    /// Values of a lock's counters at one moment.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct AcquisitionCounts {
        /// Acquisitions at the first attempt.
        pub fast: u64,
        /// Acquisitions after waiting.
        pub slow: u64,
        /// The part of `slow` without queueing.
        pub barged: u64,
        /// The part of `slow` in which the holder granted the lock.
        pub granted: u64,
        /// Number of sleeps.
        pub sleeps: u64,
        /// Number of times that a thread of the same NUMA node became head.
        pub local: u64,
        /// Number of times that a thread of another NUMA node became head.
        pub remote: u64,
        /// Maximum length of the queue.
        pub deepest: u64,
        /// Total time of all waits.
        pub waited: Duration,
        /// Total time for which the lock was held.
        pub held: Duration,
    }

    /// Counters that all threads increment.
    #[derive(Debug)]
    #[repr(align(128))]
    pub(crate) struct LockStatistics {
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
        /// Written by the holder: when it acquired the lock.
        since: AtomicU64,
    }

    impl LockStatistics {
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

        pub(crate) fn count_fast(&self) {
            self.fast.fetch_add(1, Relaxed);
            self.since.store(now(), Relaxed);
        }

        /// The start time of a wait.
        pub(crate) fn start_wait(&self) -> u64 {
            now()
        }

        pub(crate) fn end_wait(&self, began: u64) {
            let now = now();
            self.slow.fetch_add(1, Relaxed);
            self.waited.fetch_add(now - began, Relaxed);
            self.since.store(now, Relaxed);
        }

        pub(crate) fn count_barge(&self) {
            self.barged.fetch_add(1, Relaxed);
        }

        pub(crate) fn count_grant(&self) {
            self.granted.fetch_add(1, Relaxed);
        }

        pub(crate) fn count_sleep(&self) {
            self.sleeps.fetch_add(1, Relaxed);
        }

        pub(crate) fn enter_queue(&self) {
            self.deepest.fetch_max(self.depth.fetch_add(1, Relaxed) + 1, Relaxed);
        }

        pub(crate) fn leave_queue(&self) {
            self.depth.fetch_sub(1, Relaxed);
        }

        pub(crate) fn count_handover(&self, to: Handover) {
            let count = match to {
                Handover::Local => &self.local,
                Handover::Remote => &self.remote,
            };
            count.fetch_add(1, Relaxed);
        }

        pub(crate) fn end_hold(&self) {
            self.held.fetch_add(now() - self.since.load(Relaxed), Relaxed);
        }

        pub(crate) fn counts(&self) -> AcquisitionCounts {
            AcquisitionCounts {
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
    use super::Handover;

    /// Zero-sized stand-in without the feature.
    #[derive(Debug)]
    pub(crate) struct NoStatistics;

    impl NoStatistics {
        pub(crate) const fn new() -> Self {
            Self
        }
        #[inline(always)]
        pub(crate) fn count_fast(&self) {}
        #[inline(always)]
        pub(crate) fn start_wait(&self) -> u64 {
            0
        }
        #[inline(always)]
        pub(crate) fn end_wait(&self, _began: u64) {}
        #[inline(always)]
        pub(crate) fn count_barge(&self) {}
        #[inline(always)]
        pub(crate) fn count_grant(&self) {}
        #[inline(always)]
        pub(crate) fn count_sleep(&self) {}
        #[inline(always)]
        pub(crate) fn enter_queue(&self) {}
        #[inline(always)]
        pub(crate) fn leave_queue(&self) {}
        #[inline(always)]
        pub(crate) fn count_handover(&self, _to: Handover) {}
        #[inline(always)]
        pub(crate) fn end_hold(&self) {}
    }
}
