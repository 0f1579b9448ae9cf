//! What is left behind under some lock, to be done under none: objects that nobody uses any more,
//! and references of waits that are over.

use super::{Deleted, Objects};
use crate::objects::slab::{Name, Slab};
use std::sync::atomic::Ordering;
use xenia_guest::GuestAddr;

/// One thing that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    Deleted(Deleted),
    /// A reference that a wait had; its use goes with it.
    Reference(Name, GuestAddr),
}

impl Objects {
    pub(in crate::objects) fn unpin(&self, position: Name) {
        if let Some((body, kind)) = self.slab.unpin(position) {
            self.leave(Leaving::Deleted(Deleted { kind, body, position }));
        }
    }

    pub(in crate::objects) fn leave_reference(&self, position: Name, body: GuestAddr) {
        self.leave(Leaving::Reference(position, body));
    }

    fn leave(&self, leaving: Leaving) {
        self.leavings.lock().push(leaving);
        self.has_leavings.store(true, Ordering::Release);
    }

    /// Whether there is anything for [`Self::take_leavings`]. A wake may leave something at any
    /// time, so that a no is about what the caller itself has left.
    #[inline]
    pub(crate) fn has_leavings(&self) -> bool {
        self.has_leavings.load(Ordering::Relaxed)
    }

    /// Gives back the references of waits that are over, and returns the objects that are to be
    /// cleared away. The caller holds no lock that ranks with the books or above.
    pub(crate) fn take_leavings(&self) -> Vec<Deleted> {
        let mut deleted = Vec::new();
        while self.has_leavings() && self.has_leavings.swap(false, Ordering::Acquire) {
            let leavings = std::mem::take(&mut *self.leavings.lock());
            for leaving in leavings {
                match leaving {
                    Leaving::Deleted(object) => deleted.push(object),
                    Leaving::Reference(position, body) => self.give_back(position, body),
                }
            }
        }
        deleted
    }

    fn give_back(&self, position: Name, body: GuestAddr) {
        let last = {
            let mut books = self.books.lock();
            // A guest that dereferences more than it may can have taken the object out of the books.
            let is_there = books.records.get(&body).is_some_and(|record| record.position == position);
            if is_there { self.dereference_in(&mut books, body) } else { Ok(None) }
        };
        match last {
            Ok(Some(position)) => self.unpin(position),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(target: "kernel", "the object {body} that a thread waited for: {error}");
            }
        }
        self.unpin(position);
    }

    /// An object has been cleared away: another may have its position.
    pub(crate) fn forget(&self, deleted: Deleted) {
        Slab::give_back(&mut self.books.lock().positions, deleted.position);
    }
}
