//! Stamps: times and attributes of files and directories.
//!
//! Guests never see the host's times and attributes, because runs on different days or hosts must
//! see the same. Files that no guest has touched have [`Stamp::default`]; files that a guest
//! creates, writes or changes are stamped with guest time.

use serde::{Deserialize, Serialize};
use xenia_guest::START_FILETIME;

/// Bits of [`Stamp::attributes`].
#[allow(missing_docs)] // the names are NT's
pub mod attributes {
    pub const READ_ONLY: u32 = 1;
    pub const HIDDEN: u32 = 2;
    pub const SYSTEM: u32 = 4;
    pub const DIRECTORY: u32 = 0x10;
    pub const ARCHIVE: u32 = 0x20;
    pub const NORMAL: u32 = 0x80;
    /// Attributes that are stored; `DIRECTORY` is known from the file system.
    pub const KEPT: u32 = READ_ONLY | HIDDEN | SYSTEM | ARCHIVE;
}

/// Times and attributes of a file or directory. Times are guest times, in units of 100 ns since
/// 1601.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Time of creation.
    pub created: u64,
    /// Time of the last access. Reads do not count, so that reading causes no writes.
    pub accessed: u64,
    /// Time of the last change of the contents.
    pub written: u64,
    /// Bits of [`attributes::KEPT`].
    pub attributes: u32,
}

impl Default for Stamp {
    /// The stamp of an untouched file: the start time of every machine, and no attributes.
    fn default() -> Self {
        Self::new(START_FILETIME, 0)
    }
}

impl Stamp {
    /// Validates a stamp that comes from a saved state.
    pub(super) fn is_valid(self) -> bool {
        self.attributes & !attributes::KEPT == 0
    }

    /// The stamp of a file created at `now`.
    pub fn new(now: u64, attributes: u32) -> Self {
        Self { created: now, accessed: now, written: now, attributes: attributes & attributes::KEPT }
    }

    /// The stamp after a write at `now`.
    pub fn written(self, now: u64) -> Self {
        Self { accessed: now, written: now, ..self }
    }
}
