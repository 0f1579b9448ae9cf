//! A condition variable for ranked mutexes.

use crate::mutex::MutexGuard;
use std::time::Duration;

/// Blocks threads until another thread has changed the data of a [`Mutex`](crate::Mutex).
#[derive(Debug, Default)]
pub struct Condvar {
    inner: parking_lot::Condvar,
}

impl Condvar {
    /// Creates a condition variable without waiters.
    pub const fn new() -> Self {
        Self { inner: parking_lot::Condvar::new() }
    }

    /// Releases the lock, sleeps until notified, and acquires the lock again. Callers must check
    /// their condition in a loop.
    ///
    /// Panics in debug builds if the thread holds another lock: the notifier may need that one.
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        let (mark, inner) = guard.parts();
        mark.assert_only_one_held();
        mark.leave();
        self.inner.wait(inner);
        mark.enter_again();
    }

    /// Does the same as [`wait`](Self::wait), but for at most `timeout`. Returns whether it was
    /// notified in time.
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn wait_for<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, timeout: Duration) -> bool {
        let (mark, inner) = guard.parts();
        mark.assert_only_one_held();
        mark.leave();
        let result = self.inner.wait_for(inner, timeout);
        mark.enter_again();
        !result.timed_out()
    }

    /// Wakes one waiting thread.
    pub fn notify_one(&self) {
        self.inner.notify_one();
    }

    /// Wakes all waiting threads.
    pub fn notify_all(&self) {
        self.inner.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, Mutex};

    #[test]
    fn a_waiter_takes_every_item() {
        let items = Mutex::new(Level::Leaf, 0_u32);
        let more = Condvar::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..1000 {
                    *items.lock() += 1;
                    more.notify_one();
                }
            });
            let mut taken = 0;
            while taken < 1000 {
                let mut items = items.lock();
                while *items == 0 {
                    more.wait(&mut items);
                }
                taken += std::mem::take(&mut *items);
            }
            assert_eq!(taken, 1000);
        });
        assert!(!more.wait_for(&mut items.lock(), Duration::from_millis(1)));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "lock order broken: waiting on Leaf")]
    fn sleeps_with_no_other_lock() {
        let objects = Mutex::new(Level::Objects, ());
        let leaf = Mutex::new(Level::Leaf, ());
        let _objects = objects.lock();
        Condvar::new().wait_for(&mut leaf.lock(), Duration::from_millis(1));
    }
}
