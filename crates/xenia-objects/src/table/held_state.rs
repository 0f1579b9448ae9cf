//! State of an object that is held.

use super::{HeldObject, Objects};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_state::Impossible;

/// State of a [`HeldObject`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldState {
    /// Index of the object's position in the slab.
    position: u32,
    body: GuestAddr,
    counted: bool,
}

impl HeldObject {
    /// State from which [`Objects::hold_again`] holds the object.
    pub fn state(&self) -> HeldState {
        let Self { objects: _, name, body, counted } = self;
        HeldState { position: name.index, body: *body, counted: *counted }
    }
}

impl HeldState {
    /// State of an object that is held without a reference that titles see.
    pub fn without_reference(position: u32, body: GuestAddr) -> Self {
        Self { position, body, counted: false }
    }

    /// Index of the object's position, and its address.
    pub fn place(self) -> (u32, GuestAddr) {
        (self.position, self.body)
    }
}

impl Objects {
    /// Holds an object of a restored table, as recorded in the state. A reference that titles see
    /// is in the table already.
    pub fn hold_again(self: &Arc<Self>, state: HeldState) -> Result<HeldObject, Impossible> {
        let HeldState { position, body, counted } = state;
        let name = self.pin_again(position, body).ok_or("a wait keeps an object that does not exist")?;
        Ok(HeldObject { objects: self.clone(), name, body, counted })
    }
}

#[cfg(any(test, feature = "testing"))]
impl HeldState {
    /// Index of the object's position.
    pub(super) fn position(self) -> u32 {
        self.position
    }
}

#[cfg(test)]
impl HeldState {
    /// The same with another position.
    pub(super) fn at(self, position: u32) -> Self {
        Self { position, ..self }
    }
}
