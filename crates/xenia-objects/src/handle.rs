//! Handles, by which titles name objects.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A guest handle. 0 is not a handle, 0xFFFFFFFE the current thread, 0xFFFFFFFF the current
/// process.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Handle(pub u32);

impl Handle {
    /// The null handle.
    pub const NULL: Self = Self(0);
    /// Pseudo handle of the calling thread.
    pub const CURRENT_THREAD: Self = Self(0xFFFF_FFFE);
    /// Pseudo handle of the process; also what a failed open returns to titles
    /// (`INVALID_HANDLE_VALUE`).
    pub const CURRENT_PROCESS: Self = Self(0xFFFF_FFFF);
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl xenia_guest::GuestValue for Handle {
    type Bytes = [u8; 4];
    const SIZE: u32 = 4;
    fn to_guest(self) -> Self::Bytes {
        self.0.to_be_bytes()
    }
    fn from_guest(bytes: Self::Bytes) -> Self {
        Self(u32::from_be_bytes(bytes))
    }
}
