//! What keeps an object from being cleared away while it is used: a guard for a call, another for a
//! wait.

use super::slab::Name;
use super::{ObjectKind, Objects};
use std::fmt;
use std::sync::Arc;
use xenia_guest::GuestAddr;

/// An object that a call has found: it stays until this is dropped, whoever closes it meanwhile.
/// Titles don't see that in its counts.
#[must_use = "an object may go when nothing keeps it"]
pub struct ObjectRef<'a> {
    pub(super) objects: &'a Objects,
    pub(super) name: Name,
    pub(super) body: GuestAddr,
    pub(super) kind: ObjectKind,
}

impl ObjectRef<'_> {
    /// Its body.
    pub fn body(&self) -> GuestAddr {
        self.body
    }

    /// What it is.
    pub fn kind(&self) -> ObjectKind {
        self.kind
    }
}

impl Drop for ObjectRef<'_> {
    fn drop(&mut self) {
        self.objects.unpin(self.name);
    }
}

impl fmt::Debug for ObjectRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.kind, self.body)
    }
}

/// An object that a wait is for: it stays until the wait has ended and this is dropped, under
/// whatever lock.
#[must_use = "an object may go when nothing keeps it"]
pub struct HeldObject {
    pub(super) objects: Arc<Objects>,
    pub(super) name: Name,
    pub(super) body: GuestAddr,
    /// Whether it is a reference that titles see.
    pub(super) counted: bool,
}

impl Drop for HeldObject {
    fn drop(&mut self) {
        if self.counted {
            self.objects.leave_reference(self.name, self.body);
        } else {
            self.objects.unpin(self.name);
        }
    }
}

impl fmt::Debug for HeldObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.body)
    }
}
