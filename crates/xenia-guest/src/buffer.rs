//! Address and length of guest memory.

use crate::GuestAddr;
use serde::{Deserialize, Serialize};

/// Address and length of guest memory. May be null or invalid, and may wrap around the end of the
/// address space; every access is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buffer {
    /// Address of the first byte.
    pub at: GuestAddr,
    /// Length in bytes.
    pub length: u32,
}

impl Buffer {
    /// The buffer, or an empty one if the address is null.
    #[must_use]
    pub fn or_empty(self) -> Self {
        if self.at.is_null() { Self::default() } else { self }
    }

    /// Splits the buffer after at most `most` bytes.
    pub fn split(self, most: u32) -> (Self, Self) {
        let length = self.length.min(most);
        (Self { length, ..self }, Self { at: self.at.offset(length), length: self.length - length })
    }

    /// The two arguments that describe it.
    pub fn arguments(self) -> [u32; 2] {
        [self.at.0, self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_and_null_is_empty() {
        let buffer = Buffer { at: GuestAddr(0xFFFF_FFF0), length: 0x20 };
        let (first, rest) = buffer.split(0x18);
        assert_eq!((first.arguments(), rest.arguments()), ([0xFFFF_FFF0, 0x18], [8, 8]));
        assert_eq!(rest.split(8), (rest, Buffer { at: GuestAddr(0x10), length: 0 }));
        assert_eq!(buffer.or_empty(), buffer);
        assert_eq!(Buffer { length: 5, ..Buffer::default() }.or_empty().length, 0);
    }
}
