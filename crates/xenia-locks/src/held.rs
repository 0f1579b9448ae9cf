//! Compile-time checks of the lock order, for code that knows the levels of its locks statically.
//!
//! A token, which is passed along with calls, represents the locks that a thread holds.
//! [`LevelMutex::lock`] borrows the token and returns one of the lock's level, so that further
//! locks must be above it, and the outer token can't be used while the guard exists. Builds with
//! the run-time checker check the same locks again, because code could call [`HeldLevel::nothing`]
//! twice.
//!
//! ```
//! use xenia_locks::{HeldLevel, LevelMutex};
//! use xenia_sync::levels;
//!
//! let objects = LevelMutex::<levels::Objects, _>::new(1);
//! let slot = LevelMutex::<levels::Slot, _>::new(2);
//! let mut held = HeldLevel::nothing();
//! let (mut object, mut held) = objects.lock(&mut held);
//! let (ready, _) = slot.lock(&mut held);
//! *object += *ready;
//! ```
//!
//! A wrong order does not compile:
//!
//! ```compile_fail,E0277
//! # use xenia_locks::{HeldLevel, LevelMutex};
//! # use xenia_sync::levels;
//! # let objects = LevelMutex::<levels::Objects, _>::new(1);
//! # let slot = LevelMutex::<levels::Slot, _>::new(2);
//! let mut held = HeldLevel::nothing();
//! let (ready, mut held) = slot.lock(&mut held);
//! let (object, _) = objects.lock(&mut held); // Objects is below Slot
//! ```
//!
//! Two locks of one level do not compile, either (those with ordinals are checked at run time:
//! [`Mutex::numbered`](xenia_sync::Mutex::numbered)):
//!
//! ```compile_fail,E0277
//! # use xenia_locks::{HeldLevel, LevelMutex};
//! # use xenia_sync::levels;
//! # let (a, b) = (LevelMutex::<levels::Files, _>::new(1), LevelMutex::<levels::Files, _>::new(2));
//! let mut held = HeldLevel::nothing();
//! let (first, mut held) = a.lock(&mut held);
//! let (second, _) = b.lock(&mut held);
//! ```
//!
//! The outer token can't be used while the inner guard lives:
//!
//! ```compile_fail,E0499
//! # use xenia_locks::{HeldLevel, LevelMutex};
//! # use xenia_sync::levels;
//! # let objects = LevelMutex::<levels::Objects, _>::new(1);
//! # let slot = LevelMutex::<levels::Slot, _>::new(2);
//! let mut held = HeldLevel::nothing();
//! let (ready, _) = slot.lock(&mut held);
//! let (object, _) = objects.lock(&mut held);
//! drop(ready);
//! ```
//!
//! A token can't be sent to another thread:
//!
//! ```compile_fail,E0277
//! # use xenia_locks::HeldLevel;
//! let held = HeldLevel::nothing();
//! std::thread::spawn(move || drop(held));
//! ```

use std::marker::PhantomData;
use xenia_sync::order;
use xenia_sync::{Below, LevelType, levels};
use xenia_sync::{Mutex, MutexGuard};

/// Token that proves that this thread holds no lock above level `L`.
#[derive(Debug)]
pub struct HeldLevel<'outer, L> {
    level: PhantomData<L>,
    outer: PhantomData<&'outer mut ()>,
    this_thread: PhantomData<*const ()>,
}

impl<L> HeldLevel<'_, L> {
    const fn new() -> Self {
        Self { level: PhantomData, outer: PhantomData, this_thread: PhantomData }
    }
}

impl HeldLevel<'static, levels::Nothing> {
    /// The token of a thread without locks. Panics in debug builds if the thread holds one.
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn nothing() -> Self {
        order::assert_nothing_held();
        Self::new()
    }
}

/// A [`Mutex`] whose level is part of its type.
#[derive(Debug)]
pub struct LevelMutex<L, T: ?Sized> {
    level: PhantomData<fn() -> L>,
    mutex: Mutex<T>,
}

impl<L: LevelType, T> LevelMutex<L, T> {
    /// Creates a lock of level `L` for `value`.
    pub const fn new(value: T) -> Self {
        Self { level: PhantomData, mutex: Mutex::new(L::LEVEL, value) }
    }
}

impl<L, T: ?Sized> LevelMutex<L, T> {
    /// Acquires the lock, waiting for it. Returns the guard, and the token for locks above it.
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn lock<'a, H: Below<L>>(
        &'a self,
        _held: &'a mut HeldLevel<'_, H>,
    ) -> (MutexGuard<'a, T>, HeldLevel<'a, L>) {
        (self.mutex.lock(), HeldLevel::new())
    }

    /// Exclusive access without locking.
    pub fn get_mut(&mut self) -> &mut T {
        self.mutex.get_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rising_levels_nest_and_begin_again() {
        let files = LevelMutex::<levels::Files, _>::new(1);
        let memory = LevelMutex::<levels::Memory, _>::new(2);
        let mut held = HeldLevel::nothing();
        for _ in 0..2 {
            let (mut outer, mut held) = files.lock(&mut held);
            let (inner, _) = memory.lock(&mut held);
            *outer += *inner;
        }
        assert_eq!(*files.lock(&mut held).0, 5);
        assert_eq!(*memory.lock(&mut held).0, 2);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "but holds Files")]
    fn a_thread_begins_with_nothing() {
        let files = LevelMutex::<levels::Files, _>::new(());
        let mut held = HeldLevel::nothing();
        let _files = files.lock(&mut held);
        let _second = HeldLevel::nothing();
    }
}
