//! Guest effective addresses.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Size of the smallest guest page in bytes, and the granule of page versions.
pub const PAGE_SIZE: u32 = 4096;

/// Size of a cache line in bytes, and the granule of `lwarx`/`stwcx.` reservations.
pub const RESERVATION_LINE: u32 = 128;

/// A 32-bit guest effective address.
///
/// Arithmetic wraps at 4 GiB as the processor's does in 32-bit mode.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(transparent)]
pub struct GuestAddr(pub u32);

impl GuestAddr {
    /// The null address. The first 64 KiB are never mapped.
    pub const NULL: Self = Self(0);

    /// Whether this is the null address.
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// The address `bytes` after this one, wrapping at 4 GiB.
    pub const fn offset(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }

    /// The first address of the 4 KiB page that contains this address.
    pub const fn page_base(self) -> Self {
        Self(self.0 & !(PAGE_SIZE - 1))
    }

    /// Rounds down to a multiple of `align`, which must be a power of two.
    pub const fn align_down(self, align: u32) -> Self {
        Self(self.0 & !(align - 1))
    }
}

impl fmt::Debug for GuestAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl fmt::Display for GuestAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl From<u32> for GuestAddr {
    fn from(value: u32) -> Self {
        Self(value)
    }
}

impl From<GuestAddr> for u32 {
    fn from(value: GuestAddr) -> Self {
        value.0
    }
}
