//! The display: the desktop's own programs keep it on.

use std::io;

/// Keeps the display on until it is dropped.
#[derive(Debug)]
pub struct DisplayHold;

impl DisplayHold {
    /// Begins to keep the display on: no call of the system does.
    pub fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
