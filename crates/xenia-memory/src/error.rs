//! Error types: guest faults, allocation errors, host errors.
//!
//! A [`MemoryFault`] is the guest's and becomes an exception; an allocation error is a call's, with
//! the numbers of the request; a host error means that the machine cannot run.

use crate::protect::Protect;
use std::fmt;
use std::io;
use xenia_guest::GuestAddr;
use xenia_host::HostError;

/// Reason why an access was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FaultKind {
    /// No memory is committed at the address.
    #[error("no memory is committed at the address")]
    Unmapped,
    /// The page may not be read, and so not written either: guest pages are never write-only.
    #[error("the page may not be accessed")]
    ReadProtected,
    /// The page may not be written.
    #[error("the page may not be written")]
    WriteProtected,
    /// An access that must be naturally aligned was not.
    #[error("the address is not aligned")]
    Misaligned,
    /// The slot's device-store queue is full ([`crate::DeviceQueue::CAPACITY`]).
    #[error("the device takes no more stores")]
    DeviceQueueFull,
    /// Not an error: an engine has read code from the page ([`crate::GuestMemory::watch_code`]), so
    /// it executes the store as a single instruction and then revalidates its code. Only engines
    /// see this value.
    #[error("the page holds code")]
    HoldsCode,
    /// Not an error: compiled code has made many such accesses to a device register, so its engine
    /// makes this one ([`crate::GuestMemory::refuse_device_sites`]). Only engines see this value.
    #[error("the instruction often accesses a device")]
    DeviceSite,
}

/// Kind of an access to guest memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessKind {
    /// A load, or an instruction fetch.
    Load,
    /// A store, or an atomic update.
    Store,
}

impl fmt::Display for AccessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load => "read",
            Self::Store => "write",
        })
    }
}

/// A refused access to guest memory; becomes a guest exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{access} of {addr}: {kind}")]
pub struct MemoryFault {
    /// First address that could not be accessed.
    pub addr: GuestAddr,
    /// Reason of the refusal.
    pub kind: FaultKind,
    /// Kind of the access.
    pub access: AccessKind,
}

/// An error of a host call that the address space depends on.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// A system call failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The process has more address spaces or code hooks than the fault handler has room for.
    #[error("more than {0} guest address spaces or code hooks in one process")]
    TooMany(usize),
}

/// Reason why an allocation, a change of protection or a release was refused.
#[derive(Debug, thiserror::Error)]
pub enum HeapError {
    /// The range does not lie inside one heap.
    #[error("{addr}+{size:#x} is not inside one heap")]
    OutsideHeap {
        /// First address of the range.
        addr: GuestAddr,
        /// Size of the range in bytes.
        size: u32,
    },
    /// The size is 0 or the alignment is not a power of two.
    #[error("size {size:#x} with alignment {align:#x}")]
    InvalidSize {
        /// Requested size in bytes.
        size: u32,
        /// Requested alignment in bytes.
        align: u32,
    },
    /// The protection is not one of NT's values.
    #[error("protection {0:?}")]
    InvalidProtect(Protect),
    /// No gap is large enough.
    #[error("no {size:#x} bytes free in {low}..={high}")]
    NoSpace {
        /// Requested size in bytes, rounded up to pages.
        size: u32,
        /// First address of the allowed range.
        low: GuestAddr,
        /// Last address of the allowed range.
        high: GuestAddr,
    },
    /// The commit limit of the machine is reached.
    #[error("no {size:#x} bytes left to commit")]
    CommitLimit {
        /// Requested size in bytes, rounded up to pages.
        size: u32,
    },
    /// The range to reserve touches an existing allocation.
    #[error("{addr} is allocated already")]
    Conflict {
        /// First address of the conflicting allocation.
        addr: GuestAddr,
    },
    /// The range is not inside one allocation.
    #[error("{addr} is not allocated")]
    NotAllocated {
        /// The requested address.
        addr: GuestAddr,
    },
    /// A page of the range is only reserved.
    #[error("{addr} is not committed")]
    NotCommitted {
        /// Address of the first such page.
        addr: GuestAddr,
    },
    /// The address of a release is not the start of an allocation.
    #[error("{addr} is not the start of an allocation")]
    NotAllocationBase {
        /// The requested address.
        addr: GuestAddr,
    },
    /// The host could not change its mapping.
    #[error(transparent)]
    Host(#[from] MemoryError),
}

/// Reason why a file could not be read into guest memory.
#[derive(Debug, thiserror::Error)]
pub enum FileReadError {
    /// The destination is not mapped; no byte was read.
    #[error(transparent)]
    Fault(#[from] MemoryFault),
    /// The host could not read the file.
    #[error("after {read} bytes: {source}")]
    Io {
        /// Number of bytes read before the error.
        read: u32,
        /// The host's error.
        source: io::Error,
    },
}

/// Result of an access to guest memory.
pub type Access<T> = Result<T, MemoryFault>;
