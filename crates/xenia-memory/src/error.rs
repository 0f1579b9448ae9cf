//! What can go wrong: guest faults, allocation errors, host errors.

use crate::protect::Protect;
use std::io;
use xenia_guest::GuestAddr;

/// Why an access was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FaultKind {
    /// No memory is committed there.
    #[error("no memory is there")]
    Unmapped,
    /// The page may not be read, and so not written either: no page of the guest's can only be
    /// written.
    #[error("the page may not be accessed")]
    ReadProtected,
    /// The page may not be written.
    #[error("the page may not be written")]
    WriteProtected,
    /// An access that must be naturally aligned was not.
    #[error("the address is not aligned")]
    Misaligned,
    /// A device store found the slot's queue full ([`crate::DeviceQueue::CAPACITY`]).
    #[error("the device takes no more stores")]
    DeviceQueueFull,
    /// Nothing is wrong: an engine has read code from the page
    /// ([`crate::GuestMemory::watch_code`]), so it makes the store by itself and looks at its
    /// code again. Nobody but engines sees this.
    #[error("the page holds code")]
    HoldsCode,
}

/// A refused access to guest memory; what becomes a guest exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{} of {addr}: {kind}", if *write { "write" } else { "read" })]
pub struct MemoryFault {
    /// First address that could not be accessed.
    pub addr: GuestAddr,
    /// Why.
    pub kind: FaultKind,
    /// Whether it was a store.
    pub write: bool,
}

/// The host refused something that the address space is built from.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// A system call failed.
    #[error("{call}: {source}")]
    Host {
        /// The system call and what it was for.
        call: &'static str,
        /// The host's error.
        source: io::Error,
    },
    /// More address spaces or code hooks exist in this process than the fault handler has room for.
    #[error("more than {0} guest address spaces or code hooks in one process")]
    TooMany(usize),
}

/// Why an allocation, a change of protection or a release was refused.
#[derive(Debug, thiserror::Error)]
pub enum HeapError {
    /// The range does not lie inside one heap.
    #[error("{addr}+{size:#x} is not inside one heap")]
    OutsideHeap {
        /// First address of the range.
        addr: GuestAddr,
        /// Bytes of the range.
        size: u32,
    },
    /// The size is 0 or the alignment is not a power of two.
    #[error("size {size:#x} with alignment {align:#x}")]
    InvalidSize {
        /// Bytes asked for.
        size: u32,
        /// Alignment asked for.
        align: u32,
    },
    /// The protection is not one of the values that NT knows.
    #[error("protection {0:?}")]
    InvalidProtect(Protect),
    /// No gap is large enough.
    #[error("no {size:#x} bytes free in {low}..={high}")]
    NoSpace {
        /// Bytes asked for, rounded up to pages.
        size: u32,
        /// First address that was allowed.
        low: GuestAddr,
        /// Last address that was allowed.
        high: GuestAddr,
    },
    /// All the memory that the machine has is committed.
    #[error("no {size:#x} bytes left to commit")]
    CommitLimit {
        /// Bytes asked for, rounded up to pages.
        size: u32,
    },
    /// The range to reserve touches an existing allocation.
    #[error("{addr} is allocated already")]
    Conflict {
        /// First address of the allocation in the way.
        addr: GuestAddr,
    },
    /// The range is not inside one allocation.
    #[error("{addr} is not allocated")]
    NotAllocated {
        /// The address asked for.
        addr: GuestAddr,
    },
    /// A page of the range is reserved only.
    #[error("{addr} is not committed")]
    NotCommitted {
        /// First such page.
        addr: GuestAddr,
    },
    /// A release that doesn't name the first address of an allocation.
    #[error("{addr} is not the start of an allocation")]
    NotAllocationBase {
        /// The address asked for.
        addr: GuestAddr,
    },
    /// The host could not change its mapping.
    #[error(transparent)]
    Host(#[from] MemoryError),
}

/// Why a file could not be read into guest memory.
#[derive(Debug, thiserror::Error)]
pub enum FileReadError {
    /// The destination is not mapped; nothing was read.
    #[error(transparent)]
    Fault(#[from] MemoryFault),
    /// The host could not read the file.
    #[error("after {read} bytes: {source}")]
    Io {
        /// Bytes that had been read before.
        read: u32,
        /// The host's error.
        source: io::Error,
    },
}

/// Result of an access to guest memory.
pub type Access<T> = Result<T, MemoryFault>;
