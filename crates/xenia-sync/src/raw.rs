//! The `unsafe` code of this crate: source locations that other threads may read. All other modules
//! are safe code.

use std::panic::Location;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// A source location that other threads may read.
#[derive(Debug)]
pub(crate) struct AtomicLocation(AtomicPtr<Location<'static>>);

impl AtomicLocation {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    #[inline]
    pub(crate) fn set(&self, site: Option<&'static Location<'static>>) {
        let site = site.map_or(std::ptr::null(), std::ptr::from_ref);
        self.0.store(site.cast_mut(), Relaxed);
    }

    pub(crate) fn get(&self) -> Option<&'static Location<'static>> {
        // SAFETY: null, or an argument of `set`, which is static and immutable; it is never written
        // through this pointer.
        unsafe { self.0.load(Relaxed).as_ref() }
    }
}
