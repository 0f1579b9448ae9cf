//! A guest buffer, passed as two arguments: address and length.

use super::{Arguments, FromGuest, Show};
use std::fmt::Write;
use xenia_guest::Buffer;
use xenia_memory::GuestMemory;

impl FromGuest for Buffer {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Self { at: FromGuest::from_guest(arguments), length: FromGuest::from_guest(arguments) }
    }
}

/// Shown like two arguments.
impl Show for Buffer {
    fn show(&self, _: &GuestMemory, out: &mut String) {
        let _ = write!(out, "{:?}, length={:#x}", self.at, self.length);
    }
}
