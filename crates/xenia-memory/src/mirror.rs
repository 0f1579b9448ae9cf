//! The mirror: a second address space that repeats this one's HLE and device writes and mapping
//! changes, so that two engines can run side by side and be compared.
//!
//! Engine accesses are not mirrored: the other engine makes the same accesses itself.

use crate::error::{Access, HeapError};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering::*};
use xenia_sync::{Level, Mutex};

/// The mirror of an address space `S`, if it has one.
pub(crate) struct Mirror<S> {
    current: AtomicPtr<S>,
    /// Every mirror ever set, kept alive so that readers of `current` need no reference count.
    kept: Mutex<Vec<Arc<S>>>,
}

impl<S> Default for Mirror<S> {
    fn default() -> Self {
        Self { current: AtomicPtr::default(), kept: Mutex::new(Level::Leaf, Vec::new()) }
    }
}

impl<S> Mirror<S> {
    #[inline]
    fn get(&self) -> Option<&S> {
        // SAFETY: null, or a pointer into an `Arc` that `kept` holds as long as `self` lives.
        unsafe { self.current.load(Acquire).as_ref() }
    }

    /// Sets the mirror from now on, or none.
    pub(crate) fn set(&self, mirror: Option<Arc<S>>) {
        let mut kept = self.kept.lock();
        let pointer = mirror.as_ref().map_or(ptr::null_mut(), |m| Arc::as_ptr(m).cast_mut());
        kept.extend(mirror);
        self.current.store(pointer, Release);
    }

    /// Whether a mirror is set.
    pub(crate) fn is_set(&self) -> bool {
        self.get().is_some()
    }

    /// Repeats an access on the mirror.
    #[inline]
    pub(crate) fn repeat(&self, access: impl FnOnce(&S) -> Access<()>) {
        if let Some(mirror) = self.get()
            && let Err(fault) = access(mirror)
        {
            tracing::error!(target: "memory", %fault, "the mirror refused a write");
        }
    }

    /// Repeats a change of the mapping on the mirror.
    pub(crate) fn repeat_mapping(&self, change: impl FnOnce(&S) -> Result<(), HeapError>) {
        if let Some(mirror) = self.get()
            && let Err(error) = change(mirror)
        {
            tracing::error!(target: "memory", %error, "the mirror refused a change of its mapping");
        }
    }
}
