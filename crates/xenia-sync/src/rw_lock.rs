//! A readers-writer lock with a rank.
//!
//! The lock order applies to readers, too: a reader may wait for a writer that waits for another
//! reader. So a thread can't read-lock twice: a writer between the two would deadlock with it.

use crate::level::Level;
use crate::order::{Mark, Rank};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A readers-writer lock around a `T`, with a place in the lock order.
pub struct RwLock<T: ?Sized> {
    rank: Rank,
    inner: parking_lot::RwLock<T>,
}

#[cfg(not(any(debug_assertions, feature = "check-order")))] // a rank is zero-sized then
const _: () = assert!(size_of::<RwLock<u64>>() == size_of::<parking_lot::RwLock<u64>>());

impl<T> RwLock<T> {
    /// Creates a lock of `level` for `value`. A thread can't wait for two such locks of one level.
    pub const fn new(level: Level, value: T) -> Self {
        Self::numbered(level, 0, value)
    }

    /// Creates one of several locks of `level`: see [`Mutex::numbered`](crate::Mutex::numbered).
    pub const fn numbered(level: Level, ordinal: u32, value: T) -> Self {
        Self { rank: Rank::new(level, ordinal), inner: parking_lot::RwLock::new(value) }
    }

    /// Unwraps the value.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Acquires the lock for reading, waiting for writers. Panics in debug builds if that breaks
    /// the lock order.
    #[inline]
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        let (mark, inner) = self.rank.take(self, || self.inner.try_read(), || self.inner.read());
        RwLockReadGuard { mark, inner }
    }

    /// Acquires the lock for writing, waiting for readers and writers. Panics in debug builds if
    /// that breaks the lock order.
    #[inline]
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        let (mark, inner) = self.rank.take(self, || self.inner.try_write(), || self.inner.write());
        RwLockWriteGuard { mark, inner }
    }

    /// Acquires the lock for reading if that needs no waiting; any order is allowed then.
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        let (mark, inner) = self.rank.take_tried(self, || self.inner.try_read())?;
        Some(RwLockReadGuard { mark, inner })
    }

    /// Acquires the lock for writing if that needs no waiting; any order is allowed then.
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        let (mark, inner) = self.rank.take_tried(self, || self.inner.try_write())?;
        Some(RwLockWriteGuard { mark, inner })
    }

    /// Exclusive access without locking.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").field("rank", &self.rank).field("inner", &&self.inner).finish()
    }
}

/// Shared access to the value of a [`RwLock`]; releases the lock when dropped.
#[must_use = "a guard that is dropped at once guards nothing"]
#[derive(Debug)]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    mark: Mark,
    inner: parking_lot::RwLockReadGuard<'a, T>,
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mark.leave();
    }
}

/// Exclusive access to the value of a [`RwLock`]; releases the lock when dropped.
#[must_use = "a guard that is dropped at once guards nothing"]
#[derive(Debug)]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    mark: Mark,
    inner: parking_lot::RwLockWriteGuard<'a, T>,
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mark.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_share_and_writers_do_not() {
        let lock = RwLock::new(Level::Files, 1);
        let reader = lock.read();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(lock.try_read().map(|guard| *guard), Some(1));
                assert!(lock.try_write().is_none());
            });
        });
        drop(reader);
        *lock.write() += 1;
        let writer = lock.write();
        assert!(lock.try_read().is_none() && lock.try_write().is_none());
        drop(writer);
        assert_eq!(lock.into_inner(), 2);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "lock order broken: Files is taken")]
    fn one_thread_reads_once() {
        let lock = RwLock::new(Level::Files, ());
        let _first = lock.read();
        let _second = lock.read();
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "lock order broken: Files is taken")]
    fn reading_is_held_to_the_order() {
        let files = RwLock::new(Level::Files, ());
        let memory = RwLock::new(Level::Memory, ());
        let _memory = memory.read();
        let _files = files.read();
    }
}
