//! Why a file operation was refused.

use std::io;

/// A refused file operation. Carries no host path: guests and logs of guests see these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VfsError {
    /// No device is mounted where the path leads.
    #[error("no device is mounted there")]
    NoDevice,
    /// The last name of the path does not exist.
    #[error("no such file")]
    NotFound,
    /// A directory on the way does not exist.
    #[error("no such directory on the way")]
    PathNotFound,
    /// A name is empty, too long, reserved, has forbidden characters, or the path leads out of its
    /// device.
    #[error("invalid name")]
    InvalidName,
    /// The name is taken.
    #[error("the name is taken")]
    Exists,
    /// A file was asked for; this is a directory.
    #[error("it is a directory")]
    IsDirectory,
    /// A directory was asked for; this is a file.
    #[error("it is not a directory")]
    NotDirectory,
    /// The directory still holds something.
    #[error("the directory is not empty")]
    NotEmpty,
    /// The device, or this handle, can't be written.
    #[error("writing is not allowed")]
    ReadOnly,
    /// The device is full.
    #[error("the device is full")]
    Full,
    /// Source and destination are on different devices.
    #[error("on different devices")]
    OtherDevice,
    /// Symbolic links lead in a circle or are nested too deeply.
    #[error("symbolic links lead in a circle")]
    TooManyLinks,
    /// What is on the device can't be understood.
    #[error("damaged, or of another version")]
    Corrupt,
    /// The host failed.
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
                tracing::error!(target: "vfs", "the host's disk is full: the title is told so, and what it saves may not fit");
                Self::Full
            }
            // A name of 255 characters may be 510 bytes on the host.
            io::ErrorKind::InvalidFilename => Self::InvalidName,
            io::ErrorKind::IsADirectory => Self::IsDirectory,
            io::ErrorKind::NotADirectory => Self::PathNotFound,
            kind => {
                // The title knows no more than that its disk failed.
                tracing::error!(target: "vfs", "a file of the title's fails on the host: {error}");
                Self::Host(kind)
            }
        }
    }
}

/// Result of a file operation.
pub type VfsResult<T> = Result<T, VfsError>;
