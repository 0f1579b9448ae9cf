//! Allocation, protection and query of guest memory: applies changes of the heaps' allocation
//! metadata to the page table and the host.
//!
//! Rights belong to the backing page, so all aliases of a page have the same rights. Committed
//! memory starts zeroed. Decommitted memory is returned to the host, except a limited part that is
//! likely to be committed again (`leftovers.rs`). Every call is repeated on the mirror.

use crate::error::HeapError;
use crate::heap::{AllocKind, AllocRequest, PageChange, RegionInfo};
use crate::layout::{Heap, NULL_GUARD};
use crate::memory::GuestMemory;
use crate::page_table::{COMMITTED, READ, WRITE};
use crate::protect::Protect;
use std::sync::atomic::Ordering::Relaxed;
use xenia_guest::GuestAddr;

/// Page-table flags for a protection; `None` is uncommitted.
pub(crate) fn flags_of(protect: Option<Protect>) -> u8 {
    let Some(protect) = protect else { return 0 };
    let read = if protect.readable() { READ } else { 0 };
    let write = if protect.writable() { WRITE } else { 0 };
    COMMITTED | read | write
}

impl GuestMemory {
    /// Reserves and commits `size` bytes at the lowest fit in `heap`.
    pub fn alloc(&self, heap: Heap, size: u32, align: u32, protect: Protect) -> Result<GuestAddr, HeapError> {
        self.alloc_with(&AllocRequest { align, ..AllocRequest::new(heap, size, protect) })
            .map(|(addr, _)| addr)
    }

    /// Allocates memory for `request`. Returns the address, and the size rounded up to pages.
    pub fn alloc_with(&self, request: &AllocRequest) -> Result<(GuestAddr, u32), HeapError> {
        let mut zones = self.zones.lock();
        let (addr, size, change) = zones.alloc(request).map_err(|error| self.refused(error))?;
        if let Some(change) = change {
            self.carry_out(&change)?;
        }
        let kind = if request.commits { AllocKind::ReserveCommit } else { AllocKind::Reserve };
        self.mirror
            .repeat_mapping(|mirror| mirror.alloc_fixed(addr, size, kind, request.protect).map(|_| ()));
        Ok((addr, size))
    }

    /// Reserves, commits, or both, at a fixed address; the range is rounded out to pages of its
    /// heap. Returns the rounded range. A commit must lie inside one allocation; pages that are
    /// committed already keep their contents and get the new protection.
    pub fn alloc_fixed(
        &self,
        addr: GuestAddr,
        size: u32,
        kind: AllocKind,
        protect: Protect,
    ) -> Result<(GuestAddr, u32), HeapError> {
        let mut zones = self.zones.lock();
        let (mut start, mut length) = match kind {
            AllocKind::Commit => (addr, size),
            AllocKind::Reserve | AllocKind::ReserveCommit => zones.reserve_at(addr, size, protect)?,
        };
        if kind != AllocKind::Reserve {
            let change;
            (start, length, change) = match zones.commit(start, length, protect) {
                Ok(committed) => committed,
                Err(error) => {
                    if kind == AllocKind::ReserveCommit {
                        // This call made the reservation, which must not outlive its failure.
                        zones.release(start)?;
                    }
                    return Err(self.refused(error));
                }
            };
            self.carry_out(&change)?;
        }
        self.mirror.repeat_mapping(|mirror| mirror.alloc_fixed(start, length, kind, protect).map(|_| ()));
        Ok((start, length))
    }

    /// Lets the guest read the addresses below [`NULL_GUARD`], where it finds zeros. Stores to them
    /// stay faults.
    pub fn open_null_page(&self) -> Result<(), HeapError> {
        let mut zones = self.zones.lock();
        let (_, _, change) = zones
            .commit_permanent(GuestAddr::NULL, NULL_GUARD, Protect::READ_ONLY)
            .map_err(|error| self.refused(error))?;
        self.carry_out(&change)?;
        self.mirror.repeat_mapping(Self::open_null_page);
        Ok(())
    }

    /// Reserves and commits physical memory whose physical addresses lie in `min..=max`, with
    /// physical alignment, and returns its address in the view `heap` (one of the three physical
    /// ones). The highest fit is taken.
    pub fn alloc_physical(
        &self,
        heap: Heap,
        size: u32,
        align: u32,
        min: u32,
        max: u32,
        protect: Protect,
    ) -> Result<GuestAddr, HeapError> {
        let view = heap.view();
        let addr = |physical: u32| {
            let offset = physical.max(view.zone_offset) - view.zone_offset;
            GuestAddr(view.base + offset.min(view.size - 1))
        };
        let mut request = AllocRequest::new(heap, size, protect);
        request.low = addr(min);
        request.high = addr(max);
        request.align = align;
        request.top_down = true;
        self.alloc_with(&request).map(|(addr, _)| addr)
    }

    /// Decommits a range of `asked` bytes, which stays reserved; 0 means the whole allocation that
    /// starts at `addr`. Returns the number of bytes decommitted.
    pub fn decommit(&self, addr: GuestAddr, asked: u32) -> Result<u32, HeapError> {
        let mut zones = self.zones.lock();
        let (size, change) = zones.decommit(addr, asked)?;
        self.carry_out(&change)?;
        // The unrounded size: the rounded one, counted from the unrounded address, would reach
        // further.
        self.mirror.repeat_mapping(|mirror| mirror.decommit(addr, asked).map(|_| ()));
        Ok(size)
    }

    /// Releases the allocation that starts at `addr`. Returns its size.
    pub fn free(&self, addr: GuestAddr) -> Result<u32, HeapError> {
        let mut zones = self.zones.lock();
        let (size, change) = zones.release(addr)?;
        self.carry_out(&change)?;
        self.mirror.repeat_mapping(|mirror| mirror.free(addr).map(|_| ()));
        Ok(size)
    }

    /// Releases a range of `asked` bytes inside one allocation, which keeps its other pages.
    /// Returns the number of bytes released.
    pub fn free_part(&self, addr: GuestAddr, asked: u32) -> Result<u32, HeapError> {
        let mut zones = self.zones.lock();
        let (size, change) = zones.release_part(addr, asked)?;
        self.carry_out(&change)?;
        self.mirror.repeat_mapping(|mirror| mirror.free_part(addr, asked).map(|_| ()));
        Ok(size)
    }

    /// Changes the protection of committed pages inside one allocation. Returns the protection that
    /// the first page had.
    pub fn protect(&self, addr: GuestAddr, size: u32, protect: Protect) -> Result<Protect, HeapError> {
        let mut zones = self.zones.lock();
        let (old, change) = zones.protect(addr, size, protect)?;
        self.carry_out(&change)?;
        self.mirror.repeat_mapping(|mirror| mirror.protect(addr, size, protect).map(|_| ()));
        Ok(old)
    }

    /// Removes the guard of the page that holds `addr`, as its first access does. Returns whether
    /// it had one.
    pub fn open_guard_page(&self, addr: GuestAddr) -> Result<bool, HeapError> {
        let mut zones = self.zones.lock();
        let opened = zones.page(addr).and_then(|(_, protect)| protect?.without_guard());
        let Some(protect) = opened else { return Ok(false) };
        let (_, change) = zones.protect(addr, 1, protect)?;
        self.carry_out(&change)?;
        self.mirror.repeat_mapping(|mirror| mirror.open_guard_page(addr).map(|_| ()));
        Ok(true)
    }

    /// Describes the region from the page of `addr` on. An allocation made through another view of
    /// the same memory is reported as free.
    pub fn query(&self, addr: GuestAddr) -> Result<RegionInfo, HeapError> {
        self.zones.lock().query(addr)
    }

    /// Protection of the page that holds `addr`; `None` if it is not committed, as [`Self::query`]
    /// reports.
    pub fn protection_at(&self, addr: GuestAddr) -> Option<Protect> {
        self.zones.lock().page(addr).and_then(|(_, protection)| protection)
    }

    /// Size in bytes of the allocation that holds `addr`, as [`Self::query`] reports it; 0 if there
    /// is none.
    pub fn allocation_size_at(&self, addr: GuestAddr) -> u32 {
        self.zones.lock().page(addr).map_or(0, |(size, _)| size)
    }

    /// Bytes that can still be allocated in `heap`, shared with the heaps that alias it.
    pub fn free_bytes(&self, heap: Heap) -> u32 {
        self.zones.lock().free_bytes(heap)
    }

    /// Sets the limit on committed memory, in place of [`crate::COMMIT_LIMIT`].
    pub fn set_commit_limit(&self, bytes: u32) {
        self.zones.lock().commit_limit = bytes;
        self.mirror.repeat_mapping(|mirror| {
            mirror.set_commit_limit(bytes);
            Ok(())
        });
    }

    /// Bytes committed through `heap`.
    pub fn committed_bytes(&self, heap: Heap) -> u32 {
        self.zones.lock().committed_bytes(heap)
    }

    /// Counts commits that were refused for lack of memory.
    fn refused(&self, error: HeapError) -> HeapError {
        if matches!(error, HeapError::CommitLimit { .. })
            && self.counts.commits_refused.fetch_add(1, Relaxed) == 0
        {
            tracing::warn!(target: "memory", "memory limit reached: {error} (logged once)");
        }
        error
    }

    /// Applies a change of the allocation metadata to the page table and the host. Called under the
    /// heap lock.
    pub(crate) fn carry_out(&self, change: &PageChange) -> Result<(), HeapError> {
        let pages = change.zone.backing(change.range.clone());
        self.remap(pages, flags_of(change.to)).map_err(HeapError::Host)
    }
}
