//! A mutual-exclusion lock with a level.

use crate::order::{self, Level};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A lock around a `T`, with its place in the lock order.
pub struct Mutex<T> {
    level: Level,
    inner: parking_lot::Mutex<T>,
}

impl<T> Mutex<T> {
    /// A lock of `level` around `value`.
    pub const fn new(level: Level, value: T) -> Self {
        Self { level, inner: parking_lot::Mutex::new(value) }
    }

    /// Takes the lock, waiting for it. Panics in debug builds if that breaks the lock order.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        order::acquire(self.level);
        MutexGuard { level: self.level, inner: self.inner.lock() }
    }

    /// Exclusive access without locking.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T: fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").field("level", &self.level).field("inner", &self.inner).finish()
    }
}

/// Access to what a [`Mutex`] guards; gives the lock back when dropped.
#[must_use = "a guard that is dropped at once guards nothing"]
pub struct MutexGuard<'a, T> {
    level: Level,
    inner: parking_lot::MutexGuard<'a, T>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        order::release(self.level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rising_levels_nest_and_release_in_any_order() {
        let (a, b) = (Mutex::new(Level::Objects, 1), Mutex::new(Level::Memory, 2));
        let (first, second) = (a.lock(), b.lock());
        assert_eq!(*first + *second, 3);
        drop(first);
        drop(second);
        drop(b.lock());
        drop(a.lock());
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "lock order broken")]
    fn falling_levels_panic() {
        let (a, b) = (Mutex::new(Level::Objects, 1), Mutex::new(Level::Memory, 2));
        let _memory = b.lock();
        let _objects = a.lock();
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "lock order broken")]
    fn two_locks_of_one_level_panic() {
        let (a, b) = (Mutex::new(Level::Files, 1), Mutex::new(Level::Files, 2));
        let _first = a.lock();
        let _second = b.lock();
    }

    #[test]
    fn excludes_other_threads() {
        let counter = Mutex::new(Level::Leaf, 0_u32);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        *counter.lock() += 1;
                    }
                });
            }
        });
        assert_eq!(*counter.lock(), 40_000);
    }
}
