//! Deferred deletion: work that is queued under any lock and done under none, which is deleting
//! unused objects and dropping the references of ended waits.

use super::{Deleted, Objects};
use crate::slab::{Name, Slab};
use std::sync::atomic::Ordering;
use xenia_guest::GuestAddr;

/// A unit of deferred work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeferredWork {
    Deleted(Deleted),
    /// The reference of an ended wait; its use is dropped with it.
    Reference(Name, GuestAddr),
}

impl Objects {
    pub(crate) fn unpin(&self, position: Name) {
        if let Some((body, kind)) = self.slab.unpin(position) {
            self.defer(DeferredWork::Deleted(Deleted { kind, body, position }));
        }
    }

    pub(crate) fn defer_reference(&self, position: Name, body: GuestAddr) {
        self.defer(DeferredWork::Reference(position, body));
    }

    fn defer(&self, work: DeferredWork) {
        self.deferred.lock().push(work);
        self.has_deferred.store(true, Ordering::Release);
    }

    /// Whether deferred work is queued. A wake may queue work at any time, so `false` is
    /// reliable only for the caller's own.
    #[inline]
    pub fn has_deferred(&self) -> bool {
        self.has_deferred.load(Ordering::Relaxed)
    }

    /// Drops the references of ended waits, and returns the objects that are to be deleted. The
    /// caller holds no lock whose level is that of the table or above.
    pub fn take_deferred(&self) -> Vec<Deleted> {
        let mut deleted = Vec::new();
        while self.has_deferred() && self.has_deferred.swap(false, Ordering::Acquire) {
            // The flag is cleared first: work that is queued from now on sets it again.
            let deferred = std::mem::take(&mut *self.deferred.lock());
            for work in deferred {
                match work {
                    DeferredWork::Deleted(object) => deleted.push(object),
                    DeferredWork::Reference(position, body) => self.drop_reference(position, body),
                }
            }
        }
        deleted
    }

    /// Forgets all deferred work, as a state of another moment replaces the objects.
    pub(super) fn forget_deferred(&self) {
        self.has_deferred.store(false, Ordering::Release);
        for work in std::mem::take(&mut *self.deferred.lock()) {
            if let DeferredWork::Reference(position, _) = work {
                let _ = self.slab.unpin(position);
            }
        }
    }

    fn drop_reference(&self, position: Name, body: GuestAddr) {
        let last = {
            let mut tables = self.tables.lock();
            // A guest that dereferences too often may have removed the object from the table
            // already.
            let is_there = tables.records.get(&body).is_some_and(|record| record.position == position);
            if is_there { self.dereference_in(&mut tables, body) } else { Ok(None) }
        };
        match last {
            Ok(Some(position)) => self.unpin(position),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(target: "kernel", "cannot release object {body} after a wait: {error}");
            }
        }
        self.unpin(position);
    }

    /// Frees the position of an object that was deleted.
    pub fn forget(&self, deleted: Deleted) {
        Slab::give_back(&mut self.tables.lock().positions, deleted.position);
    }
}
