//! References that keep events of the kernel alive.

use serde::{Deserialize, Serialize};
use std::fmt;
use xenia_guest::GuestAddr;

/// A reference that keeps an event of the kernel alive.
pub trait EventHold: fmt::Debug + Send + Sync {
    /// The event that it keeps, for saved states.
    fn event(&self) -> HeldEvent;
}

/// An event of the kernel that is kept alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldEvent {
    /// Its position in the kernel's table: another object may have had the address before.
    pub position: u32,
    /// Address of its body in guest memory.
    pub body: GuestAddr,
}
