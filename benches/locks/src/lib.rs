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

/// The standard library's.
#[derive(Debug)]
pub struct Std(std::sync::Mutex<()>);

impl Contender for Std {
    const NAME: &'static str = "std";
    fn new() -> Self {
        Self(std::sync::Mutex::new(()))
    }
    #[inline]
    fn hold(&self, work: impl FnOnce()) {
        let _guard = self.0.lock().expect("nobody panics");
        work();
    }
}

/// parking_lot's.
#[derive(Debug)]
pub struct ParkingLot(parking_lot::Mutex<()>);

impl Contender for ParkingLot {
    const NAME: &'static str = "parking_lot";
    fn new() -> Self {
        Self(parking_lot::Mutex::new(()))
    }
    #[inline]
    fn hold(&self, work: impl FnOnce()) {
        let _guard = self.0.lock();
        work();
    }
}

/// usync's.
#[derive(Debug)]
pub struct Usync(usync::Mutex<()>);

impl Contender for Usync {
    const NAME: &'static str = "usync";
    fn new() -> Self {
        Self(usync::Mutex::new(()))
    }
    #[inline]
    fn hold(&self, work: impl FnOnce()) {
        let _guard = self.0.lock();
        work();
    }
}

/// spin's.
#[derive(Debug)]
pub struct Spin(spin::Mutex<()>);

impl Contender for Spin {
    const NAME: &'static str = "spin";
    fn new() -> Self {
        Self(spin::Mutex::new(()))
    }
    #[inline]
    fn hold(&self, work: impl FnOnce()) {
        let _guard = self.0.lock();
        work();
    }
}

/// Our queued lock.
#[derive(Debug)]
pub struct Queued(xenia_sync::Mutex<(), QueuedLock>);

impl Queued {
    /// What it has counted, with the feature `statistics`.
    pub fn counts(&self) -> String {
        #[cfg(feature = "statistics")]
        return format!("{:?}", self.0.counts());
        #[cfg(not(feature = "statistics"))]
        String::new()
    }
}

impl Contender for Queued {
    const NAME: &'static str = "xenia-sync, queued";
    fn new() -> Self {
        Self(xenia_sync::Mutex::with_lock(Level::Leaf, 0, ()))
    }
    #[inline]
    fn hold(&self, work: impl FnOnce()) {
        let _guard = self.0.lock();
        work();
    }
}

/// Our adaptive lock.
#[derive(Debug)]
pub struct Adaptive(xenia_sync::Mutex<(), AdaptiveLock>);

impl Contender for Adaptive {
    const NAME: &'static str = "xenia-sync, adaptive";
    fn new() -> Self {
        Self(xenia_sync::Mutex::with_lock(Level::Leaf, 0, ()))
    }
    #[inline]
    fn hold(&self, work: impl FnOnce()) {
        let _guard = self.0.lock();
        work();
    }
}

/// The runtime's mutex: its lock under the order.
#[derive(Debug)]
pub struct Runtime(xenia_sync::Mutex<()>);

impl Contender for Runtime {
    const NAME: &'static str = "xenia-sync, the runtime's";
    fn new() -> Self {
        Self(xenia_sync::Mutex::new(Level::Leaf, ()))
    }
    #[inline]
    fn hold(&self, work: impl FnOnce()) {
        let _guard = self.0.lock();
        work();
    }
}
