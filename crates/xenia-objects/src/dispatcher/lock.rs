//! The dispatcher's locks, which count acquisitions and contention.
//!
//! The counts lie beside the guarded value and change under the lock, so counting touches no cache
//! line that another lock's users touch. With the feature `model` the locks are loom's, which
//! explores every order of acquisition.

use std::fmt;
use std::ops::{Deref, DerefMut};

use xenia_sync::Level;
#[cfg(not(feature = "model"))]
use xenia_sync::{Mutex, MutexGuard};

/// Acquisition counts of one lock or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LockCounts {
    /// Acquisitions, contended ones included.
    pub taken: u64,
    /// Acquisitions that had to wait for another holder.
    pub contended: u64,
}

impl LockCounts {
    /// Adds the counts of another lock.
    pub(super) fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.contended += other.contended;
    }
}

#[derive(Debug)]
struct Counted<T> {
    counts: LockCounts,
    value: T,
}

/// A mutex that counts its acquisitions and contention.
#[derive(Debug)]
pub(crate) struct CountedLock<T>(Mutex<Counted<T>>);

/// Access to the value that a [`CountedLock`] guards.
pub struct Guard<'a, T>(MutexGuard<'a, Counted<T>>);

impl<T> CountedLock<T> {
    /// Creates a lock with this position in the lock order.
    pub(crate) fn new(level: Level, ordinal: u32, value: T) -> Self {
        Self(Mutex::numbered(level, ordinal, Counted { counts: LockCounts::default(), value }))
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        let (mut guard, contended) = self.0.lock_with_contention();
        guard.counts.add(LockCounts { taken: 1, contended: u64::from(contended) });
        Guard(guard)
    }

    /// The counts until now; this call itself is not counted.
    pub(crate) fn counts(&self) -> LockCounts {
        self.0.lock().counts
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Guard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The mutex on loom. It does not check the lock order: the debug builds of the real mutex do.
#[cfg(feature = "model")]
mod loom_lock {
    use xenia_sync::Level;

    #[derive(Debug)]
    pub(super) struct Mutex<T>(loom::sync::Mutex<T>);

    pub(super) type MutexGuard<'a, T> = loom::sync::MutexGuard<'a, T>;

    impl<T> Mutex<T> {
        pub(super) fn numbered(_: Level, _: u32, value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(super) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("nobody panics in a model that goes on")
        }

        pub(super) fn lock_with_contention(&self) -> (MutexGuard<'_, T>, bool) {
            (self.lock(), false)
        }
    }
}
#[cfg(feature = "model")]
use loom_lock::{Mutex, MutexGuard};
