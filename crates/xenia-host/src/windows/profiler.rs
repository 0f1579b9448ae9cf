//! Files that give a profiler the names of compiled code: `perf` is Linux's.

use crate::HostError;
use std::fs::File;
use std::io::{Error, ErrorKind};

fn unsupported() -> HostError {
    HostError { call: "files for the profiler perf", source: Error::from(ErrorKind::Unsupported) }
}

/// Not supported: an error.
pub fn map_of_names() -> Result<File, HostError> {
    Err(unsupported())
}

/// A file for the code itself, which cannot be made here.
pub struct CodeDump {
    /// The file itself.
    pub file: File,
}

impl CodeDump {
    /// Not supported: an error.
    pub fn create() -> Result<Self, HostError> {
        Err(unsupported())
    }

    /// Not supported: an error.
    pub fn announce(&mut self) -> Result<(), HostError> {
        Err(unsupported())
    }
}

/// No clock of a profiler: 0.
pub fn now() -> u64 {
    0
}
