//! Page protections, with NT's values.

use std::fmt;

/// A page protection: NT's `PAGE_*` values.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protect(pub u32);

#[allow(missing_docs)] // the names are NT's
impl Protect {
    pub const NO_ACCESS: Self = Self(0x01);
    pub const READ_ONLY: Self = Self(0x02);
    pub const READ_WRITE: Self = Self(0x04);
    pub const WRITE_COPY: Self = Self(0x08);
    pub const EXECUTE: Self = Self(0x10);
    pub const EXECUTE_READ: Self = Self(0x20);
    pub const EXECUTE_READ_WRITE: Self = Self(0x40);
    pub const EXECUTE_WRITE_COPY: Self = Self(0x80);
    pub const GUARD: Self = Self(0x100);
    pub const NO_CACHE: Self = Self(0x200);
    pub const WRITE_COMBINE: Self = Self(0x400);
}

impl Protect {
    const ACCESS: u32 = 0xFF;
    const MODIFIERS: u32 = 0x700;

    /// Whether this is exactly one access right, with any modifiers.
    pub const fn is_valid(self) -> bool {
        (self.0 & Self::ACCESS).is_power_of_two() && self.0 & !(Self::ACCESS | Self::MODIFIERS) == 0
    }

    /// Whether loads are allowed. A guard page allows none until its first fault removes the
    /// guard. The processor has no separate right to execute.
    pub const fn readable(self) -> bool {
        self.0 & Self::GUARD.0 == 0 && self.0 & 0xFE != 0
    }

    /// Whether stores are allowed.
    pub const fn writable(self) -> bool {
        self.0 & Self::GUARD.0 == 0 && self.0 & 0xCC != 0
    }

    /// The protection of a guard page without its guard; `None` for other pages.
    pub(crate) fn without_guard(self) -> Option<Self> {
        (self.0 & Self::GUARD.0 != 0).then_some(Self(self.0 & !Self::GUARD.0))
    }
}

impl fmt::Debug for Protect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_of_the_protections() {
        for (protect, valid, read, write) in [
            (0x01, true, false, false),
            (0x02, true, true, false),
            (0x04, true, true, true),
            (0x08, true, true, true),
            (0x10, true, true, false),
            (0x20, true, true, false),
            (0x40, true, true, true),
            (0x404, true, true, true),
            (0x104, true, false, false),
            (0x00, false, false, false),
            (0x06, false, true, true),
            (0x1004, false, true, true),
        ] {
            let p = Protect(protect);
            assert_eq!((p.is_valid(), p.readable(), p.writable()), (valid, read, write), "{p:?}");
        }
    }
}
