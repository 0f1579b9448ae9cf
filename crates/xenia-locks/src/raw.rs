//! The contract of `lock_api`, which the locks of this crate fulfil.

use crate::adaptive::AdaptiveLock;
use crate::by_address::Ours;
use crate::queued::QueuedLock;

impl Ours for QueuedLock {}
impl Ours for AdaptiveLock {}

/// Implements `lock_api::RawMutex` for a lock of this crate. Each use must justify that the lock is
/// mutually exclusive.
#[cfg(not(feature = "modelled"))] // a model's atomics can't be constants
macro_rules! raw_mutex {
    ($lock:ty) => {
        // SAFETY: justified at each use: of the threads that call `acquire` or get true from
        // `try_acquire`, the next one returns only after the previous one has called `release`.
        unsafe impl lock_api::RawMutex for $lock {
            #[allow(clippy::declare_interior_mutable_const)] // lock_api's way to make one
            const INIT: Self = Self::new();

            type GuardMarker = lock_api::GuardNoSend;

            #[inline]
            fn lock(&self) {
                self.acquire();
            }

            #[inline]
            fn try_lock(&self) -> bool {
                self.try_acquire()
            }

            #[inline]
            unsafe fn unlock(&self) {
                self.release();
            }

            #[inline]
            fn is_locked(&self) -> bool {
                !self.is_free()
            }
        }
    };
}

// SAFETY: the state changes from free or granted to locked only by compare-and-swap, and only
// `release` changes it from locked.
#[cfg(not(feature = "modelled"))]
raw_mutex!(QueuedLock);

// SAFETY: only a compare-and-swap from 0 takes the word, and only `release` stores 0.
#[cfg(not(feature = "modelled"))]
raw_mutex!(AdaptiveLock);

/// The statistics of the lock of a mutex.
#[cfg(all(feature = "statistics", not(feature = "modelled")))]
pub fn counts_of<T: ?Sized>(mutex: &xenia_sync::Mutex<T, QueuedLock>) -> crate::AcquisitionCounts {
    // SAFETY: reading the statistics does not unlock.
    unsafe { mutex.unranked().raw() }.counts()
}
