//! Errors of file operations.

use std::io;

/// Error of a file operation. Contains no host path, because it is visible to guests and in their
/// logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VfsError {
    /// No device is mounted at the path.
    #[error("no device is mounted there")]
    NoDevice,
    /// The last component of the path does not exist.
    #[error("no such file")]
    NotFound,
    /// A directory of the path does not exist.
    #[error("no such directory on the way")]
    PathNotFound,
    /// A name is empty, too long, reserved, or has forbidden characters, or the path leads out of
    /// its device.
    #[error("invalid name")]
    InvalidName,
    /// The name already exists.
    #[error("the name is taken")]
    Exists,
    /// The path is a directory, but a file was requested.
    #[error("it is a directory")]
    IsDirectory,
    /// The path is a file, but a directory was requested.
    #[error("it is not a directory")]
    NotDirectory,
    /// The directory is not empty.
    #[error("the directory is not empty")]
    NotEmpty,
    /// The device, or this handle, is read-only.
    #[error("writing is not allowed")]
    ReadOnly,
    /// The device is full.
    #[error("the device is full")]
    Full,
    /// Source and destination are on different devices.
    #[error("on different devices")]
    OtherDevice,
    /// Symbolic links form a cycle or are nested too deeply.
    #[error("symbolic links form a cycle")]
    TooManyLinks,
    /// The contents of the device are malformed.
    #[error("damaged, or of another version")]
    Corrupt,
    /// The host's operation failed.
    #[error("host error: {0}")]
    Host(io::ErrorKind),
}

impl From<io::Error> for VfsError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::AlreadyExists => Self::Exists,
            io::ErrorKind::DirectoryNotEmpty => Self::NotEmpty,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                tracing::error!(target: "vfs", "the host's disk is full: the title gets an error, and its saves may not fit");
                Self::Full
            }
            // A name of 255 characters can have 510 bytes on the host.
            io::ErrorKind::InvalidFilename => Self::InvalidName,
            io::ErrorKind::IsADirectory => Self::IsDirectory,
            io::ErrorKind::NotADirectory => Self::PathNotFound,
            kind => {
                // The title gets the error of a failed disk, whatever the kind.
                tracing::error!(target: "vfs", "a file of the title's fails on the host: {error}");
                Self::Host(kind)
            }
        }
    }
}

/// Result of a file operation.
pub type VfsResult<T> = Result<T, VfsError>;
