//! Findings: the result of verifying a whole file, with the number of checks and all faults.

use crate::error::{FormatError, Reason};
use std::io;

/// Largest number of faults that are listed; further ones are only counted.
const MAX_LISTED: usize = 1000;

/// Number of checks of a file, and its faults.
#[derive(Debug, Default)]
pub struct Findings {
    checked: u64,
    faults: Vec<FormatError>,
    more: u64,
}

impl Findings {
    /// Counts a comparison with a hash or checksum, or with another part of the file.
    pub(crate) fn checked(&mut self) {
        self.checked += 1;
    }

    /// Records a fault.
    pub(crate) fn fault(&mut self, fault: FormatError) {
        if self.faults.len() < MAX_LISTED {
            self.faults.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// Number of checks.
    pub fn count(&self) -> u64 {
        self.checked
    }

    /// Faults in the order of discovery, at most 1,000.
    pub fn faults(&self) -> &[FormatError] {
        &self.faults
    }

    /// Number of faults that are not listed.
    pub fn more(&self) -> u64 {
        self.more
    }
}

/// Unwraps the [`FormatError`] inside a failed read, or wraps the host's error about `what`.
pub(crate) fn read_error(error: io::Error, what: &'static str, offset: u64) -> FormatError {
    error.downcast::<FormatError>().unwrap_or_else(|error| FormatError::new(what, offset, Reason::Io(error)))
}
