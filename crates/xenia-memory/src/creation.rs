//! Creation and end of an address space.
//!
//! Invariant: the address space is registered for the fault handler last, when all that a fault may
//! reach is complete, and removed from there first.

use crate::device::{DeviceRegisters, MmioDevice};
use crate::error::MemoryError;
use crate::fault::{self, SPACES};
use crate::heap::{AllocKind, Zones};
use crate::host::ViewBase;
use crate::layout::{self, DEVICE_BLOCK, Heap, NULL_GUARD, PAGE_SHIFT, PHYSICAL_SIZE};
use crate::leftovers::Leftovers;
use crate::map_budget::MapBudget;
use crate::mapping::Mapping;
use crate::memory::{GuestMemory, HeapCounters};
use crate::mirror::Mirror;
use crate::page_table::{DEVICE, PageTable};
use crate::protect::Protect;
use crate::reservation::ReservationTable;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use xenia_guest::GuestAddr;
use xenia_sync::{Level, Mutex};

/// Bytes of physical memory from 0 on that are committed from the start, at 0xC0000000: the GPU's
/// write-back area.
const WRITE_BACK_AREA: u32 = 0x100_0000;
/// Ordinal of the first lock of an address space, after those of pools that grow in it.
const SPACE_LOCKS: u32 = 1 << 16;
/// Ordinal of the first lock of an address space that mirrors another, after the other's two.
const MIRROR_LOCKS: u32 = SPACE_LOCKS + 2;
/// Bytes at the end of physical memory that are never allocated.
const PHYSICAL_TAIL: u32 = 0x1_0000;

impl GuestMemory {
    /// Creates an address space in which only the devices and the GPU's write-back area (the first
    /// 16 MiB of physical memory, at 0xC0000000) are mapped.
    pub fn new() -> Result<Arc<Self>, MemoryError> {
        Self::with_map_limit(None)
    }

    /// Creates an address space that mirrors another one: its locks come after the other's, which
    /// is held while a change of mappings is repeated here.
    pub fn new_mirror() -> Result<Arc<Self>, MemoryError> {
        Self::with_locks(None, MIRROR_LOCKS)
    }

    /// Like [`GuestMemory::new`], with a limit on host mappings for all address spaces of the
    /// process, in place of the host's `vm.max_map_count`.
    pub fn with_map_limit(limit: Option<u32>) -> Result<Arc<Self>, MemoryError> {
        Self::with_locks(limit, SPACE_LOCKS)
    }

    /// `ordinal` is that of the space's first lock.
    fn with_locks(limit: Option<u32>, ordinal: u32) -> Result<Arc<Self>, MemoryError> {
        fault::install()?;
        let mapping = Mapping::new()?;
        let memory = Self {
            alias: ViewBase(mapping.alias_base()),
            pages: PageTable::new(),
            devices: [DeviceRegisters::new(), DeviceRegisters::new()],
            reservations: ReservationTable::new(),
            counts: HeapCounters::default(),
            mirror: Mirror::default(),
            zones: Mutex::numbered(Level::Memory, ordinal, Zones::new()),
            leftovers: Leftovers::new(ordinal + 1),
            map_budget: MapBudget::new(limit),
            guest_view_open: AtomicBool::new(false),
            are_device_sites_refused: AtomicBool::new(false),
            mapping,
            entry: OnceLock::new(),
        };
        for device in MmioDevice::ALL {
            let first = device.base().0 >> PAGE_SHIFT;
            for page in first..first + (DEVICE_BLOCK >> PAGE_SHIFT) {
                memory.pages.set_page_flags(page, DEVICE);
            }
        }
        let fixed = [
            (GuestAddr(0), NULL_GUARD, AllocKind::Reserve, Protect::NO_ACCESS),
            (Heap::Physical16M.base(), WRITE_BACK_AREA, AllocKind::ReserveCommit, Protect::READ_WRITE),
            (layout::physical_to_view(PHYSICAL_SIZE - PHYSICAL_TAIL), PHYSICAL_TAIL, AllocKind::Reserve, {
                Protect::NO_ACCESS
            }),
        ];
        for (addr, size, kind, protect) in fixed {
            memory
                .alloc_fixed(addr, size, kind, protect)
                .unwrap_or_else(|e| unreachable!("the space is empty: {e}"));
        }
        memory.zones.lock().keep();
        let memory = Arc::new(memory);
        let range = memory.mapping.guest_reservation();
        let entry = SPACES.insert(range, Arc::as_ptr(&memory).cast_mut())?;
        memory.entry.get_or_init(|| entry);
        Ok(memory)
    }
}

impl Drop for GuestMemory {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.get() {
            SPACES.remove(entry);
        }
    }
}
