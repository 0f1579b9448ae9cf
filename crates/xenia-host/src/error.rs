//! The error of a failed call of the host.

use std::io;

/// A failed system call, and its purpose.
#[derive(Debug, thiserror::Error)]
#[error("{call}: {source}")]
pub struct HostError {
    /// The system call and its purpose.
    pub call: &'static str,
    /// The host's error.
    pub source: io::Error,
}

impl HostError {
    /// The calling thread's last host error, for a call that has just failed.
    pub fn last(call: &'static str) -> Self {
        Self { call, source: io::Error::last_os_error() }
    }
}
