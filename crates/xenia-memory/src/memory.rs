//! [`GuestMemory`]: its fields, and questions that they answer.

use crate::device::{DeviceRegisters, MmioDevice};
use crate::error::{Access, AccessKind, FaultKind, MemoryFault};
use crate::heap::Zones;
use crate::host::ViewBase;
use crate::layout::{self, PAGE_SHIFT};
use crate::leftovers::Leftovers;
use crate::map_budget::MapBudget;
use crate::mapping::Mapping;
use crate::mirror::Mirror;
use crate::page_table::{COMMITTED, PageTable, READ, WRITE};
use crate::registry::RegistrySlot;
use crate::reservation::ReservationTable;
use crate::tally::Tally;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*};
use std::sync::{Arc, OnceLock};
use xenia_guest::GuestAddr;
use xenia_sync::Mutex;

/// The address space of one guest machine. Shared as `Arc`; several may exist in one process.
pub struct GuestMemory {
    pub(crate) alias: ViewBase,
    pub(crate) pages: PageTable,
    pub(crate) devices: [DeviceRegisters; 2],
    pub(crate) reservations: ReservationTable,
    pub(crate) counts: HeapCounters,
    pub(crate) mirror: Mirror<Self>,
    pub(crate) zones: Mutex<Zones>,
    pub(crate) leftovers: Leftovers,
    pub(crate) map_budget: MapBudget,
    /// Whether the guest view's host rights are kept up to date.
    pub(crate) guest_view_open: AtomicBool,
    /// Whether an access of an instruction that often accesses device registers is refused.
    pub(crate) are_device_sites_refused: AtomicBool,
    pub(crate) mapping: Mapping,
    /// Its place among the spaces that the fault handler knows.
    pub(crate) entry: OnceLock<RegistrySlot>,
}

#[derive(Default)]
pub(crate) struct HeapCounters {
    pub(crate) writes: Tally,
    pub(crate) watch_faults: AtomicU64,
    pub(crate) device_faults: AtomicU64,
    pub(crate) bumps: AtomicU64,
    /// Version changes of pages that may hold code, counted after the version has changed
    /// (Release).
    ///
    /// Invariant: every page of current code (its pages have the versions with which it was read)
    /// is watched for code ([`CODE`](crate::page_table::CODE)). So the end of such a watch counts,
    /// and every change that may coincide with the beginning of one; the end of a watch on data
    /// does not. A new mapping counts if the page had code before, even if that is no longer
    /// current: caches forget what they know of pages that are decommitted.
    pub(crate) code_changes: AtomicU64,
    pub(crate) watches_refused: AtomicU64,
    pub(crate) mapping_changes: AtomicU64,
    pub(crate) commits_refused: AtomicU64,
}

/// Event counts since the address space was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryCounters {
    /// Number of writes by HLE and devices (calls, not bytes).
    pub writes_total: u64,
    /// Number of host faults caused by stores to watched pages.
    pub watch_faults: u64,
    /// Number of host faults caused by accesses to device registers.
    pub device_faults: u64,
    /// Number of version bumps of committed pages.
    pub page_version_bumps: u64,
    /// Number of watches that ended up [`crate::Watch::Unprotected`].
    pub watches_refused: u64,
    /// Number of allocations and commits refused at the commit limit.
    pub commits_refused: u64,
}

impl GuestMemory {
    /// Host address of guest address 0 in the view for compiled code, below 2 GiB for one space at
    /// a time. Its host rights are the guest's rights minus watches; [`crate::GUARD`] inaccessible
    /// bytes lie before it and after its 4 GiB.
    ///
    /// The view has no rights, and costs nothing, before the first call.
    pub fn guest_base(&self) -> *mut u8 {
        if !self.guest_view_open.load(Acquire) {
            self.open_guest_view();
        }
        self.mapping.guest_base()
    }

    /// Host address of guest address 0 in the view that is always readable and writable.
    pub fn alias_base(&self) -> *mut u8 {
        self.alias.0
    }

    /// The registers of `device`.
    pub fn device_registers(&self, device: MmioDevice) -> &DeviceRegisters {
        &self.devices[device as usize]
    }

    /// The table of `lwarx` reservations. HLE and device writes end the reservations of lines that
    /// they touch.
    pub fn reservations(&self) -> &ReservationTable {
        &self.reservations
    }

    /// Sets the address space that mirrors this one from now on, or none. The two must be equal at
    /// that moment (new ones are). A mirror is kept alive until `self` is dropped, and must not
    /// have `self` as its mirror; [`new_mirror`](Self::new_mirror) creates one.
    pub fn set_mirror(&self, mirror: Option<Arc<Self>>) {
        self.mirror.set(mirror);
    }

    /// Event counts so far.
    pub fn counters(&self) -> MemoryCounters {
        MemoryCounters {
            writes_total: self.counts.writes.total(),
            watch_faults: self.counts.watch_faults.load(Relaxed),
            device_faults: self.counts.device_faults.load(Relaxed),
            page_version_bumps: self.counts.bumps.load(Relaxed),
            watches_refused: self.counts.watches_refused.load(Relaxed),
            commits_refused: self.counts.commits_refused.load(Relaxed),
        }
    }

    /// Index of the backing page at `addr`, for page versions; the same for all aliases. `None`
    /// where no memory can be mapped: devices, the rest of their window, the top 3 MiB.
    #[inline]
    pub fn page_index(addr: GuestAddr) -> Option<u32> {
        layout::backing_page(addr.0)
    }

    /// Version of a page by its [`GuestMemory::page_index`] (Acquire). It changes at every store to
    /// the page while the page is watched, and at every change of its mapping. Indexes that
    /// `page_index` never returns have version 0.
    #[inline]
    pub fn page_version(&self, index: u32) -> u32 {
        if index < layout::BACKING_PAGES { self.pages.version(index).load(Acquire) } else { 0 }
    }

    /// The array of versions, for compiled code, indexed by [`GuestMemory::page_index`]. Valid as
    /// long as `self`.
    pub fn versions_ptr(&self) -> *const AtomicU32 {
        self.pages.versions_ptr()
    }

    /// Changes a page's version (Release): a thread that sees the new version sees all writes
    /// before it. Unknown indexes are ignored.
    pub fn bump(&self, index: u32) {
        if index < layout::BACKING_PAGES {
            self.bump_data(index);
            self.counts.code_changes.fetch_add(1, Release);
        }
    }

    /// The part of [`Self::bump`] that every change has. It is enough if the caller owns the page,
    /// which exists and is not watched for code.
    pub(crate) fn bump_data(&self, index: u32) {
        self.pages.version(index).fetch_add(1, Release);
        self.counts.bumps.fetch_add(1, Release);
    }

    /// A number that changes when the version of any page changes.
    #[inline]
    pub fn epoch(&self) -> u64 {
        // Both only grow, and every version change counts in one of them, after it (Release): a
        // thread that sees the new count sees the new version.
        self.counts.bumps.load(Acquire).wrapping_add(self.counts.mapping_changes.load(Acquire))
    }

    /// A number that changes when a page changes that is watched by [`GuestMemory::watch_code`],
    /// and with the mapping of a page that was watched so since it was committed. The end of a
    /// watch for other contents doesn't change it.
    #[inline]
    pub fn code_epoch(&self) -> u64 {
        // Pairs with the counts, as in `epoch`.
        self.counts.code_changes.load(Acquire)
    }

    /// Whether memory is committed at `addr`, regardless of the guest's rights.
    pub fn is_committed(&self, addr: GuestAddr) -> bool {
        self.pages.flags(addr.0) & COMMITTED != 0
    }

    /// Whether the page with this [`GuestMemory::page_index`] is committed.
    pub fn is_page_committed(&self, index: u32) -> bool {
        index < layout::BACKING_PAGES && self.pages.backing_flags(index) & COMMITTED != 0
    }

    /// Whether the guest may store to `addr`.
    pub fn is_writable(&self, addr: GuestAddr) -> bool {
        self.pages.flags(addr.0) & WRITE != 0
    }

    /// Whether an access that its page refused is allowed now, because another thread has changed
    /// the page's rights since.
    pub fn is_allowed(&self, fault: &MemoryFault) -> bool {
        let right = if fault.access == AccessKind::Store { WRITE } else { READ };
        let is_refused_by_page = matches!(fault.kind, FaultKind::ReadProtected | FaultKind::WriteProtected);
        is_refused_by_page && self.pages.flags(fault.addr.0) & right != 0
    }

    /// The fault for an access to `addr` that its page does not allow.
    #[cold]
    pub(crate) fn fault(&self, addr: u32, access: AccessKind) -> MemoryFault {
        let flags = self.pages.flags(addr);
        let kind = match flags {
            f if f & COMMITTED == 0 => FaultKind::Unmapped,
            f if access == AccessKind::Store && f & READ != 0 => FaultKind::WriteProtected,
            _ => FaultKind::ReadProtected,
        };
        MemoryFault { addr: GuestAddr(addr), kind, access }
    }

    /// Checks that every page of `addr..addr + len` has all of `flags`.
    #[inline]
    pub(crate) fn check(&self, addr: u32, len: u32, flags: u8, access: AccessKind) -> Access<()> {
        if len == 0 {
            return Ok(());
        }
        // A range that wraps reaches the unmapped top page first.
        let last = (u64::from(addr) + u64::from(len) - 1).min(u64::from(u32::MAX)) as u32;
        for page in addr >> PAGE_SHIFT..=last >> PAGE_SHIFT {
            if self.pages.page_flags(page) & flags != flags {
                return Err(self.fault(addr.max(page << PAGE_SHIFT), access));
            }
        }
        Ok(())
    }

    /// From now on, the fault handler refuses the access of a host instruction that has made 16
    /// accesses to device registers ([`FaultKind::DeviceSite`](crate::FaultKind::DeviceSite)), for
    /// an engine that can leave its code at any access. It goes on after each refusal, so that
    /// such code may also stay as it is.
    pub fn refuse_device_sites(&self) {
        self.are_device_sites_refused.store(true, Release);
    }
}
