//! The compared locks, behind one trait.
//!
//! The locks guard no data: the work inside is relaxed loads and stores, the same for all, so that
//! the way in which a lock hands out references does not matter.

use std::sync::atomic::{AtomicBool, Ordering};
use xenia_locks::{AdaptiveLock, QueuedLock};
use xenia_sync::Level;

/// A lock to compare.
pub trait Contender: Send + Sync {
    /// Name in tables.
    const NAME: &'static str;
    /// Creates a free lock.
    fn new() -> Self;
    /// Runs `work` with the lock held.
    fn hold(&self, work: impl FnOnce());
}

/// The lower bound: a compare-and-swap to acquire, a store to release. Threads that find it taken
/// spin.
#[derive(Debug)]
pub struct Floor(AtomicBool);

impl Contender for Floor {
    const NAME: &'static str = "compare-and-swap, store";
    fn new() -> Self {
        Self(AtomicBool::new(false))
    }
    #[inline]
    fn hold(&self, work: impl FnOnce()) {
        while self.0.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            while self.0.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        }
        work();
        self.0.store(false, Ordering::Release);
    }
}

/// Defines a contender for a mutex type with a name and a constructor; `expect` if locking can
/// fail.
macro_rules! contender {
    ($(#[$doc:meta])+ $contender:ident($mutex:ty), $name:literal, $new:expr $(, $expect:ident)?) => {
        $(#[$doc])+
        #[derive(Debug)]
        pub struct $contender($mutex);

        impl Contender for $contender {
            const NAME: &'static str = $name;
            fn new() -> Self {
                Self($new)
            }
            #[inline]
            fn hold(&self, work: impl FnOnce()) {
                let _guard = self.0.lock()$(.$expect("nobody panics"))?;
                work();
            }
        }
    };
}

contender! {
    /// The standard library's mutex.
    Std(std::sync::Mutex<()>), "std", std::sync::Mutex::new(()), expect
}
contender! {
    /// The mutex of parking_lot.
    ParkingLot(parking_lot::Mutex<()>), "parking_lot", parking_lot::Mutex::new(())
}
contender! {
    /// The mutex of usync.
    Usync(usync::Mutex<()>), "usync", usync::Mutex::new(())
}
contender! {
    /// The mutex of spin.
    Spin(spin::Mutex<()>), "spin", spin::Mutex::new(())
}
contender! {
    /// Our queued lock.
    Queued(xenia_sync::Mutex<(), QueuedLock>), "xenia-locks, queued", xenia_sync::Mutex::with_lock(Level::Leaf, 0, ())
}
contender! {
    /// Our adaptive lock.
    Adaptive(xenia_sync::Mutex<(), AdaptiveLock>), "xenia-locks, adaptive", xenia_sync::Mutex::with_lock(Level::Leaf, 0, ())
}
contender! {
    /// The runtime's mutex: its lock under the order.
    Runtime(xenia_sync::Mutex<()>), "xenia-sync, the runtime's", xenia_sync::Mutex::new(Level::Leaf, ())
}

impl Queued {
    /// The lock's counters, with the feature `statistics`.
    pub fn counts(&self) -> String {
        #[cfg(feature = "statistics")]
        return format!("{:?}", xenia_locks::counts_of(&self.0));
        #[cfg(not(feature = "statistics"))]
        String::new()
    }
}
