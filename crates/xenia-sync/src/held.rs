//! The lock order, checked by the compiler: for code that knows the levels of its locks where it is
//! written.
//!
//! What a thread holds is a token that travels with the calls. [`LevelMutex::lock`] borrows the
//! token and gives out one of its own level, so that what comes next must be above it, and nothing
//! can be locked with the outer token while the guard lives. Builds with the checker check the same
//! locks a second time: somebody could begin with [`Held::nothing`] twice.
//!
//! ```
//! use xenia_sync::{Held, LevelMutex, levels};
//!
//! let objects = LevelMutex::<levels::Objects, _>::new(1);
//! let slot = LevelMutex::<levels::Slot, _>::new(2);
//! let mut held = Held::nothing();
//! let (mut object, mut held) = objects.lock(&mut held);
//! let (ready, _) = slot.lock(&mut held);
//! *object += *ready;
//! ```
//!
//! A wrong order doesn't compile:
//!
//! ```compile_fail,E0277
//! # use xenia_sync::{Held, LevelMutex, levels};
//! # let objects = LevelMutex::<levels::Objects, _>::new(1);
//! # let slot = LevelMutex::<levels::Slot, _>::new(2);
//! let mut held = Held::nothing();
//! let (ready, mut held) = slot.lock(&mut held);
//! let (object, _) = objects.lock(&mut held); // Objects is below Slot
//! ```
//!
//! Nor do two locks of one level (those with ordinals are compared while the program runs:
//! [`Mutex::numbered`]):
//!
//! ```compile_fail,E0277
//! # use xenia_sync::{Held, LevelMutex, levels};
//! # let (a, b) = (LevelMutex::<levels::Files, _>::new(1), LevelMutex::<levels::Files, _>::new(2));
//! let mut held = Held::nothing();
//! let (first, mut held) = a.lock(&mut held);
//! let (second, _) = b.lock(&mut held);
//! ```
//!
//! Nor the outer token while the inner guard lives:
//!
//! ```compile_fail,E0499
//! # use xenia_sync::{Held, LevelMutex, levels};
//! # let objects = LevelMutex::<levels::Objects, _>::new(1);
//! # let slot = LevelMutex::<levels::Slot, _>::new(2);
//! let mut held = Held::nothing();
//! let (ready, _) = slot.lock(&mut held);
//! let (object, _) = objects.lock(&mut held);
//! drop(ready);
//! ```
//!
//! Nor a token in another thread:
//!
//! ```compile_fail,E0277
//! # use xenia_sync::Held;
//! let held = Held::nothing();
//! std::thread::spawn(move || drop(held));
//! ```

use crate::level::{Below, Place, levels};
use crate::mutex::{Mutex, MutexGuard};
use crate::order;
use std::marker::PhantomData;

/// Says that this thread holds nothing above level `L`.
#[derive(Debug)]
pub struct Held<'outer, L> {
    level: PhantomData<L>,
    outer: PhantomData<&'outer mut ()>,
    this_thread: PhantomData<*const ()>,
}

impl<L> Held<'_, L> {
    const fn new() -> Self {
        Self { level: PhantomData, outer: PhantomData, this_thread: PhantomData }
    }
}

impl Held<'static, levels::Nothing> {
    /// Where a thread begins. Panics in debug builds if it does hold a lock.
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

impl<L: Place, T> LevelMutex<L, T> {
    /// A lock of level `L` around `value`.
    pub const fn new(value: T) -> Self {
        Self { level: PhantomData, mutex: Mutex::new(L::LEVEL, value) }
    }
}

impl<L, T: ?Sized> LevelMutex<L, T> {
    /// Takes the lock, waiting for it.
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn lock<'a, H: Below<L>>(&'a self, _held: &'a mut Held<'_, H>) -> (MutexGuard<'a, T>, Held<'a, L>) {
        (self.mutex.lock(), Held::new())
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
        let mut held = Held::nothing();
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
    #[should_panic(expected = "lock order broken: nothing is held, says")]
    fn a_thread_begins_with_nothing() {
        let files = LevelMutex::<levels::Files, _>::new(());
        let mut held = Held::nothing();
        let _files = files.lock(&mut held);
        let _second = Held::nothing();
    }
}
