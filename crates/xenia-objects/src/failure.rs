//! Failures of exports.

use xenia_guest::NtStatus;
use xenia_memory::{HeapError, MemoryFault};
use xenia_net::WsaError;
use xenia_sched::SchedError;
use xenia_vfs::VfsError;

/// Failure of an export. Functions that return a status convert it; in other functions a bad
/// pointer raises a guest exception at the call, as the access by the console's kernel would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The documented status of the failure.
    #[error("status {0:?}")]
    Status(NtStatus),
    /// The guest passed an inaccessible address.
    #[error(transparent)]
    Fault(#[from] MemoryFault),
}

impl Failure {
    /// The failure as the status that a function returns.
    pub fn status(self) -> NtStatus {
        match self {
            Self::Status(status) => status,
            Self::Fault(_) => NtStatus::ACCESS_VIOLATION,
        }
    }
}

impl From<NtStatus> for Failure {
    fn from(status: NtStatus) -> Self {
        Self::Status(status)
    }
}

impl From<HeapError> for Failure {
    fn from(error: HeapError) -> Self {
        Self::Status(match error {
            HeapError::NoSpace { .. } | HeapError::CommitLimit { .. } | HeapError::Host(_) => {
                NtStatus::NO_MEMORY
            }
            HeapError::InvalidProtect(_) => NtStatus::INVALID_PAGE_PROTECTION,
            HeapError::NotAllocated { .. } => NtStatus::MEMORY_NOT_ALLOCATED,
            HeapError::NotCommitted { .. } => NtStatus::NOT_COMMITTED,
            HeapError::Conflict { .. } => NtStatus::CONFLICTING_ADDRESSES,
            _ => NtStatus::INVALID_PARAMETER,
        })
    }
}

impl From<VfsError> for Failure {
    fn from(error: VfsError) -> Self {
        Self::Status(match error {
            VfsError::NotFound => NtStatus::OBJECT_NAME_NOT_FOUND,
            VfsError::NoDevice | VfsError::PathNotFound => NtStatus::OBJECT_PATH_NOT_FOUND,
            VfsError::InvalidName | VfsError::TooManyLinks => NtStatus::OBJECT_NAME_INVALID,
            VfsError::Exists => NtStatus::OBJECT_NAME_COLLISION,
            VfsError::IsDirectory => NtStatus::FILE_IS_A_DIRECTORY,
            VfsError::NotDirectory => NtStatus::NOT_A_DIRECTORY,
            VfsError::NotEmpty => NtStatus::DIRECTORY_NOT_EMPTY,
            VfsError::ReadOnly => NtStatus::ACCESS_DENIED,
            VfsError::Full => NtStatus::DISK_FULL,
            VfsError::OtherDevice => NtStatus::NOT_SAME_DEVICE,
            VfsError::Corrupt => NtStatus::FILE_CORRUPT_ERROR,
            VfsError::Host(_) => NtStatus::IO_DEVICE_ERROR,
        })
    }
}

impl From<SchedError> for Failure {
    fn from(error: SchedError) -> Self {
        Self::Status(match error {
            SchedError::Full(_) => NtStatus::INSUFFICIENT_RESOURCES,
            SchedError::Exited(_) => NtStatus::THREAD_IS_TERMINATING,
            SchedError::SuspendCount(_) => NtStatus::SUSPEND_COUNT_EXCEEDED,
            _ => NtStatus::INVALID_PARAMETER,
        })
    }
}

impl From<Failure> for WsaError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Fault(_) => Self::FAULT,
            Failure::Status(NtStatus::INVALID_HANDLE | NtStatus::OBJECT_TYPE_MISMATCH) => {
                Self::INVALID_HANDLE
            }
            Failure::Status(_) => Self::NO_BUFFERS,
        }
    }
}

/// Result of an operation inside an export.
pub type Fallible<T> = Result<T, Failure>;

/// Logs a failure of the kernel's background work, which means that the guest has overwritten
/// kernel structures. The machine continues.
pub fn housekeeping(what: &str, result: Fallible<()>) {
    if let Err(error) = result {
        tracing::error!(target: "kernel", "{what}: {error}");
    }
}
