//! The mirror: a second address space that repeats this one's HLE and device writes and mapping
//! changes, so that two engines can run side by side and be compared.
//!
//! Engine accesses are not mirrored: the other engine makes the same accesses itself.

use crate::error::{Access, HeapError};
use crate::memory::GuestMemory;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering::*};
use xenia_sync::{Level, Mutex};

pub(crate) struct Mirror {
    current: AtomicPtr<GuestMemory>,
    /// Every mirror ever set, kept alive so that readers of `current` need no reference count.
    kept: Mutex<Vec<Arc<GuestMemory>>>,
}

impl Default for Mirror {
    fn default() -> Self {
        Self { current: AtomicPtr::default(), kept: Mutex::new(Level::Leaf, Vec::new()) }
    }
}

impl Mirror {
    #[inline]
    fn get(&self) -> Option<&GuestMemory> {
        // SAFETY: null, or a pointer into an `Arc` that `kept` holds as long as `self` lives.
        unsafe { self.current.load(Acquire).as_ref() }
    }
}

impl GuestMemory {
    /// Sets the address space that mirrors this one from now on, or none. The two must be equal at
    /// that moment (new ones are). A mirror is kept alive until `self` is dropped, and must not
    /// have `self` as its mirror; [`new_mirror`](Self::new_mirror) creates one.
    pub fn set_mirror(&self, mirror: Option<Arc<Self>>) {
        let mut kept = self.mirror.kept.lock();
        let pointer = mirror.as_ref().map_or(ptr::null_mut(), |m| Arc::as_ptr(m).cast_mut());
        kept.extend(mirror);
        self.mirror.current.store(pointer, Release);
    }

    pub(crate) fn has_mirror(&self) -> bool {
        self.mirror.get().is_some()
    }

    /// Repeats an access on the mirror.
    #[inline]
    pub(crate) fn on_mirror(&self, access: impl FnOnce(&Self) -> Access<()>) {
        if let Some(mirror) = self.mirror.get()
            && let Err(fault) = access(mirror)
        {
            tracing::error!(target: "memory", %fault, "the mirror refused a write");
        }
    }

    /// Repeats a change of the mapping on the mirror.
    pub(crate) fn on_mirror_mapping(&self, change: impl FnOnce(&Self) -> Result<(), HeapError>) {
        if let Some(mirror) = self.mirror.get()
            && let Err(error) = change(mirror)
        {
            tracing::error!(target: "memory", %error, "the mirror refused a change of its mapping");
        }
    }
}
