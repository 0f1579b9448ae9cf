//! A mutex with a rank, generic over the underlying lock.
//!
//! Invariant: each way to wait for the lock, except through [`Mutex::unranked`], reports to the
//! order checker ([`crate`]) first; `try_lock` does not wait, so it is exempt.

use crate::level::Level;
use crate::order::{Mark, Rank};
use lock_api::{RawMutex, RawMutexTimed};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// The lock that the runtime's mutexes are built on; docs/src/internals/locks.md says why.
pub type RuntimeLock = parking_lot::RawMutex;

/// A mutex around a `T`, with a place in the lock order. `R` is the underlying lock: any that
/// `lock_api` supports.
pub struct Mutex<T: ?Sized, R = RuntimeLock> {
    rank: Rank,
    inner: lock_api::Mutex<R, T>,
}

#[cfg(not(any(debug_assertions, feature = "check-order")))] // a rank is zero-sized then
const _: () = assert!(size_of::<Mutex<u64>>() == size_of::<parking_lot::Mutex<u64>>());

impl<T> Mutex<T> {
    /// Creates a lock of `level` for `value`. A thread can't wait for two such locks of one level.
    pub const fn new(level: Level, value: T) -> Self {
        Self::numbered(level, 0, value)
    }

    /// Creates one of several locks of `level`, which a thread may hold together if it acquires
    /// them in the order of their ordinals: a slot's number, a shard's. Ordinals have 24 bits.
    pub const fn numbered(level: Level, ordinal: u32, value: T) -> Self {
        Self::with_lock(level, ordinal, value)
    }
}

impl<T, R: RawMutex> Mutex<T, R> {
    /// Does the same as [`numbered`](Mutex::numbered), on another underlying lock than the
    /// runtime's.
    pub const fn with_lock(level: Level, ordinal: u32, value: T) -> Self {
        Self { rank: Rank::new(level, ordinal), inner: lock_api::Mutex::from_raw(R::INIT, value) }
    }

    /// Unwraps the value.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized, R: RawMutex> Mutex<T, R> {
    /// Acquires the lock, waiting for it. Panics in debug builds if that breaks the lock order.
    #[inline]
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn lock(&self) -> MutexGuard<'_, T, R> {
        let (mark, inner) = self.rank.take(self, || self.inner.try_lock(), || self.inner.lock());
        MutexGuard { mark, inner }
    }

    /// Does the same as [`Self::lock`], and also returns whether the lock was contended, for
    /// statistics.
    #[inline]
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn lock_with_contention(&self) -> (MutexGuard<'_, T, R>, bool) {
        let mut contended = false;
        let wait = || {
            self.inner.try_lock().unwrap_or_else(|| {
                contended = true;
                self.inner.lock()
            })
        };
        let (mark, inner) = self.rank.take(self, || self.inner.try_lock(), wait);
        (MutexGuard { mark, inner }, contended)
    }

    /// Acquires the lock if it is free. The call never waits, so any order is allowed.
    #[inline]
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T, R>> {
        let (mark, inner) = self.rank.take_tried(self, || self.inner.try_lock())?;
        Some(MutexGuard { mark, inner })
    }

    /// Acquires the lock, waiting for at most `timeout`. The lock order applies, because a timeout
    /// only shortens a deadlock.
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn try_lock_for(&self, timeout: Duration) -> Option<MutexGuard<'_, T, R>>
    where
        R: RawMutexTimed<Duration = Duration>,
    {
        let wait = || self.inner.try_lock_for(timeout);
        let (mark, inner) = self.rank.take(self, || self.inner.try_lock().map(Some), wait);
        if inner.is_none() {
            mark.leave();
        }
        inner.map(|inner| MutexGuard { mark, inner })
    }

    /// Exclusive access without locking.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// The mutex without its rank, for questions to the underlying lock. Locking it would evade the
    /// check of the order.
    pub fn unranked(&self) -> &lock_api::Mutex<R, T> {
        &self.inner
    }
}

impl<T: ?Sized + fmt::Debug, R: RawMutex> fmt::Debug for Mutex<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").field("rank", &self.rank).field("inner", &&self.inner).finish()
    }
}

/// Access to the value of a [`Mutex`]; releases the lock when dropped.
#[must_use = "a guard that is dropped at once guards nothing"]
#[derive(Debug)]
pub struct MutexGuard<'a, T: ?Sized, R: RawMutex = RuntimeLock> {
    mark: Mark,
    inner: lock_api::MutexGuard<'a, R, T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The mark and the guard, for a condition variable, which releases and acquires the lock.
    pub(crate) fn parts(&mut self) -> (Mark, &mut parking_lot::MutexGuard<'a, T>) {
        (self.mark, &mut self.inner)
    }
}

impl<T: ?Sized, R: RawMutex> Deref for MutexGuard<'_, T, R> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized, R: RawMutex> DerefMut for MutexGuard<'_, T, R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized, R: RawMutex> Drop for MutexGuard<'_, T, R> {
    #[inline]
    fn drop(&mut self) {
        self.mark.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_mutex_excludes_other_threads() {
        let counter = Mutex::new(Level::Leaf, 0_u32);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..crate::rounds(10_000) {
                        *counter.lock() += 1;
                    }
                });
            }
        });
        assert_eq!(u64::from(*counter.lock()), 4 * crate::rounds(10_000));
    }

    #[test]
    fn trying_fails_while_another_holds_it() {
        let lock = Mutex::new(Level::Leaf, ());
        let held = lock.lock();
        assert!(lock.try_lock().is_none());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(lock.try_lock().is_none());
                assert!(lock.try_lock_for(Duration::from_millis(1)).is_none());
                // The lock was not acquired, so a lower level is allowed.
                drop(Mutex::new(Level::Objects, ()).lock());
            });
        });
        drop(held);
        assert!(lock.try_lock_for(Duration::from_millis(1)).is_some());
    }

    #[test]
    fn taking_a_lock_can_report_contention() {
        let lock = Mutex::new(Level::Leaf, ());
        assert!(!lock.lock_with_contention().1);
        // The other thread may be too late in one round, but not in all.
        let mut rounds = (0..1000).map(|_| {
            let held = lock.lock();
            std::thread::scope(|scope| {
                let other = scope.spawn(|| lock.lock_with_contention().1);
                std::thread::sleep(Duration::from_millis(5));
                drop(held);
                other.join().unwrap()
            })
        });
        assert!(rounds.any(|contended| contended));
    }

    #[test]
    fn mutex_guards_unsized_values() {
        let lock: Box<Mutex<[u8]>> = Box::new(Mutex::new(Level::Leaf, [1, 2, 3]));
        lock.lock()[1] = 7;
        assert_eq!(*lock.lock(), [1, 7, 3]);
    }
}
