//! Errors in a sweep's files: each names the file, the line if there is one, and the reason.

use std::io;
use std::path::{Path, PathBuf};

/// Error of a sweep command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The path that was read.
        path: PathBuf,
        /// The host's error.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The path that was written.
        path: PathBuf,
        /// The host's error.
        source: io::Error,
    },
    /// A line is invalid.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The file that contains it.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// Description of the error.
        reason: String,
    },
    /// A file as a whole is invalid.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file's path.
        path: PathBuf,
        /// Description of the error.
        reason: String,
    },
    /// A limit of sweeps is exceeded.
    #[error("{}: more than {limit} {what}", path.display())]
    TooMany {
        /// The file or folder concerned.
        path: PathBuf,
        /// The items that are counted.
        what: &'static str,
        /// Largest number of items.
        limit: u64,
    },
    /// A unit's process cannot be started.
    #[error("cannot start a unit's process: {0}")]
    Start(io::Error),
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Read { path, source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Write { path, source }
    }

    pub(crate) fn line(path: &Path, line: usize, reason: impl Into<String>) -> Self {
        Self::Line { path: path.to_owned(), line, reason: reason.into() }
    }

    pub(crate) fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), reason: reason.into() }
    }
}

/// Result type of the sweep library.
pub(crate) type Result<T> = std::result::Result<T, Error>;
