//! Guards that keep an object alive: one for a call, another for a wait.

use super::Objects;
use crate::ObjectKind;
use crate::slab::Name;
use std::fmt;
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_net::{EventHold, HeldEvent};

/// An object that a call has found. It stays alive until this is dropped, even if all its handles
/// are closed meanwhile. The use is not visible in the counts that titles see.
#[must_use = "an object may go when nothing keeps it"]
pub struct ObjectRef<'a> {
    pub(super) objects: &'a Objects,
    pub(super) name: Name,
    pub(super) body: GuestAddr,
    pub(super) kind: ObjectKind,
}

impl ObjectRef<'_> {
    pub fn body(&self) -> GuestAddr {
        self.body
    }

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

/// An object that a wait is for. It stays alive until the wait has ended and this is dropped, which
/// may happen under any lock.
#[must_use = "an object may go when nothing keeps it"]
pub struct HeldObject {
    pub(super) objects: Arc<Objects>,
    pub(super) name: Name,
    pub(super) body: GuestAddr,
    /// Whether it holds a reference that titles see in the object's header.
    pub(super) counted: bool,
}

/// Requests of sockets hold events.
impl EventHold for HeldObject {
    fn event(&self) -> HeldEvent {
        let (position, body) = self.state().place();
        HeldEvent { position, body }
    }
}

impl Drop for HeldObject {
    fn drop(&mut self) {
        if self.counted {
            self.objects.defer_reference(self.name, self.body);
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
