//! What a check of a whole file comes to: how much was compared, and every place where it is wrong.

use crate::error::{FormatError, Reason};
use std::io;

/// Places that are told; more are counted.
const MOST: usize = 1000;

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Findings {
    checked: u64,
    faults: Vec<FormatError>,
    more: u64,
}

impl Findings {
    /// Something has been compared with its hash or checksum, or with the rest of the file.
    pub(crate) fn checked(&mut self) {
        self.checked += 1;
    }

    /// Something is wrong.
    pub(crate) fn fault(&mut self, fault: FormatError) {
        if self.faults.len() < MOST {
            self.faults.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// What has been compared, each thing once.
    pub fn count(&self) -> u64 {
        self.checked
    }

    /// What is wrong, in the order in which it was found; 1,000 things at most.
    pub fn faults(&self) -> &[FormatError] {
        &self.faults
    }

    /// What else is wrong.
    pub fn more(&self) -> u64 {
        self.more
    }
}

/// The refusal in a read that failed, which says where; else the host's own error about `what`.
pub(crate) fn of_read(error: io::Error, what: &'static str, offset: u64) -> FormatError {
    error.downcast::<FormatError>().unwrap_or_else(|error| FormatError::new(what, offset, Reason::Io(error)))
}
