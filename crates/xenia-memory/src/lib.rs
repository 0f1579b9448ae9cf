//! The guest's 4 GiB address space: heaps, views, protection, page versions, watches, reservations,
//! MMIO, typed access.
//!
//! All accesses to guest memory go through [`GuestMemory`]. One memory object backs it; two host
//! mappings expose it:
//!
//! ```text
//!  compiled code ──► guest view   host rights = guest rights − watches; faults go to the handler
//!  interpreter  ──┐
//!  HLE, devices ──┴► page table ──► alias view   always readable and writable
//! ```
//!
//! Caching data derived from guest memory (compiled code, a texture) for as long as it is valid:
//!
//! ```
//! use xenia_guest::GuestAddr;
//! use xenia_memory::{AllocKind, GuestMemory, Protect, Watch};
//!
//! let memory = GuestMemory::new()?;
//! let at = GuestAddr(0x8200_0000);
//! memory.alloc_fixed(at, 0x1_0000, AllocKind::ReserveCommit, Protect::READ_WRITE)?;
//!
//! let page = GuestMemory::page_index(at).expect("an image address");
//! let (version, watch) = memory.watch_code_page(page).expect("committed above");
//! assert_eq!(watch, Watch::Protected);
//! let made = memory.read::<u32>(at)?; // read after watching
//! assert_eq!(memory.page_version(page), version, "still good");
//!
//! // The kernel writes, through the memory's other view. An engine's store would be refused first:
//! // `FaultKind::HoldsCode`.
//! memory.write(GuestAddr(0x9200_0000), made + 1)?;
//! assert_ne!(memory.page_version(page), version, "make it again");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Safety rules of the crate
//! - Guest memory changes at any time under any thread. The crate never makes a reference into it:
//!   accesses are single machine instructions (`arch`), and larger data is copied.
//! - The alias view stays mapped for the life of the address space wherever a page can be
//!   [`GuestMemory::is_committed`]. A thread that finds a page committed may therefore access it,
//!   even if it is decommitted meanwhile (the access then reads zeros, or the old contents).
//! - Addresses, sizes and counts come from the guest: each one is checked against the page table,
//!   in 64 bits or by pages, before it becomes a host address.
//! - `unsafe` is limited to `host` and `arch` (accesses, the faulting instruction), `fault`, `hook`
//!   and `device` (the signal handler and its data), `page_table` and `mirror` (one pointer or
//!   array each), and the calls of `host` in `hle`, `engine` and `snapshot`.

#![deny(unsafe_code)]
#![warn(missing_docs)]

mod allocate;
mod arch;
mod compare;
mod creation;
#[allow(unsafe_code)]
mod device;
mod dirty;
mod emulated;
#[allow(unsafe_code)]
mod engine;
mod error;
#[allow(unsafe_code)]
mod fault;
mod fault_hook;
mod gaps;
mod heap;
#[allow(unsafe_code)]
mod hle;
#[allow(unsafe_code)]
mod hook;
#[allow(unsafe_code)]
mod host;
mod layout;
mod leftovers;
mod map_budget;
mod mapping;
mod memory;
#[allow(unsafe_code)]
mod mirror;
mod page_bits;
mod page_runs;
#[allow(unsafe_code)]
mod page_table;
mod protect;
mod registry;
mod reservation;
mod rights;
#[allow(unsafe_code)]
mod snapshot;
mod state;
mod tally;
mod watch;
mod write_log;

pub use compare::Comparison;
pub use device::{
    CurrentQueue, DeviceQueue, DeviceQueueState, DeviceRegisters, DeviceStore, MmioDevice, REGISTERS,
};
pub use engine::TriedStore;
pub use error::{Access, AccessKind, FaultKind, FileReadError, HeapError, MemoryError, MemoryFault};
pub use fault_hook::{Action, FaultHook, HostFault};
pub use heap::{AllocKind, AllocRequest, RegionInfo, RegionState};
pub use hook::{CodeHook, register_code_hook};
pub use layout::{
    COMMIT_LIMIT, DEVICE_BLOCK, GPU_REGISTERS, Heap, NULL_GUARD, PHYSICAL_SIZE, XMA_REGISTERS, physical,
    physical_to_view,
};
pub use mapping::GUARD;
pub use memory::{GuestMemory, MemoryCounters};
pub use protect::Protect;
pub use reservation::{Exclusive, HOLDERS, ReservationTable};
pub use snapshot::PageBytes;
pub use state::{MemoryState, PagesState};
pub use watch::Watch;
pub use write_log::WriteLog;
