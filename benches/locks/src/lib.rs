//! The locks that are compared, behind one face.
//!
//! What a lock guards here is nothing: the work inside is relaxed loads and stores, the same for all, so that no lock's way to
//! hand out a reference takes part.

use std::sync::atomic::{AtomicBool, Ordering};
use xenia_sync::{AdaptiveLock, Level, QueuedLock};

/// A lock that takes part.
pub trait Contender: Send + Sync {
    /// How tables call it.
    const NAME: &'static str;
    /// A free lock.
    fn new() -> Self;
    /// Does `work` with the lock held.
    fn hold(&self, work: impl FnOnce());
}

/// The floor: a compare-and-swap to take, a store to give back. Who finds it taken spins.
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

/// A mutex of this type, called so and made so; `expect` where taking it can fail.
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
    /// The standard library's.
    Std(std::sync::Mutex<()>), "std", std::sync::Mutex::new(()), expect
}
contender! {
    /// parking_lot's.
    ParkingLot(parking_lot::Mutex<()>), "parking_lot", parking_lot::Mutex::new(())
}
contender! {
    /// usync's.
    Usync(usync::Mutex<()>), "usync", usync::Mutex::new(())
}
contender! {
    /// spin's.
    Spin(spin::Mutex<()>), "spin", spin::Mutex::new(())
}
contender! {
    /// Our queued lock.
    Queued(xenia_sync::Mutex<(), QueuedLock>), "xenia-sync, queued", xenia_sync::Mutex::with_lock(Level::Leaf, 0, ())
}
contender! {
    /// Our adaptive lock.
    Adaptive(xenia_sync::Mutex<(), AdaptiveLock>), "xenia-sync, adaptive", xenia_sync::Mutex::with_lock(Level::Leaf, 0, ())
}
contender! {
    /// The runtime's mutex: its lock under the order.
    Runtime(xenia_sync::Mutex<()>), "xenia-sync, the runtime's", xenia_sync::Mutex::new(Level::Leaf, ())
}

impl Queued {
    /// What it has counted, with the feature `statistics`.
    pub fn counts(&self) -> String {
        #[cfg(feature = "statistics")]
        return format!("{:?}", self.0.counts());
        #[cfg(not(feature = "statistics"))]
        String::new()
    }
}
