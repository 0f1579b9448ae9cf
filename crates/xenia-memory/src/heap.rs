//! Allocation metadata of the heaps: which addresses are allocated, page by page. Does not touch
//! host memory.
//!
//! An allocation belongs to the heap in which it was made. Heaps of one zone share the zone's
//! addresses, so physical memory allocated through one view is taken in all three. Within an
//! allocation each page (of the heap's page size) is reserved, or committed with a protection.

mod release;

use crate::error::HeapError;
use crate::gaps::Gaps;
use crate::layout::{COMMIT_LIMIT, HEAPS, Heap, View, ZONES, Zone};
use crate::page_runs::PageRuns;
use crate::protect::Protect;
use std::collections::BTreeMap;
use std::ops::{Deref, Range};
use xenia_guest::GuestAddr;

/// Kind of an allocation call: `MEM_RESERVE`, `MEM_COMMIT`, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllocKind {
    /// Reserves addresses; accesses fault.
    Reserve,
    /// Commits pages that are reserved already.
    Commit,
    /// Reserves and commits at once.
    ReserveCommit,
}

/// Parameters of an allocation. [`AllocRequest::new`] allows the whole heap, from the bottom.
#[derive(Clone, Copy, Debug)]
pub struct AllocRequest {
    /// Heap to allocate in.
    pub heap: Heap,
    /// Size in bytes; rounded up to pages of the heap.
    pub size: u32,
    /// Alignment in bytes, a power of two. For physical memory it applies to the physical address.
    pub align: u32,
    /// Lowest allowed address; clamped to the heap's first.
    pub low: GuestAddr,
    /// Last address that the allocation may include; clamped to the heap's last.
    pub high: GuestAddr,
    /// Protection of the committed pages.
    pub protect: Protect,
    /// Whether the pages are committed as well as reserved.
    pub commits: bool,
    /// Whether to take the highest fit.
    pub top_down: bool,
}

impl AllocRequest {
    /// Reserves and commits `size` bytes anywhere in `heap`, from the bottom.
    pub fn new(heap: Heap, size: u32, protect: Protect) -> Self {
        Self {
            heap,
            size,
            align: heap.page_size(),
            low: heap.base(),
            high: GuestAddr(u32::MAX),
            protect,
            commits: true,
            top_down: false,
        }
    }
}

/// State of a region, as `NtQueryVirtualMemory` reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionState {
    /// The region is not allocated.
    Free,
    /// Allocated, without memory.
    Reserved,
    /// Allocated, with memory.
    Committed,
}

/// Consecutive pages with the same state and protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionInfo {
    /// First address of the queried page.
    pub base: GuestAddr,
    /// Bytes from `base` on with the same state and protection.
    pub size: u32,
    /// State of these pages.
    pub state: RegionState,
    /// Protection of these pages; `None` unless committed.
    pub protect: Option<Protect>,
    /// First address of the allocation; null if free.
    pub allocation_base: GuestAddr,
    /// Size of the whole allocation in bytes; 0 if free.
    pub allocation_size: u32,
    /// Protection that the allocation was made with; `None` if free.
    pub allocation_protect: Option<Protect>,
    /// Page size of the heap, in bytes.
    pub page_size: u32,
}

/// A change of committed pages, which the caller applies to the page table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PageChange {
    pub(crate) zone: Zone,
    /// Zone offsets of the changed pages.
    pub(crate) range: Range<u32>,
    pub(crate) to: Option<Protect>,
}

#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) len: u32,
    pub(crate) heap: Heap,
    pub(crate) protect: Protect,
    /// Its pages, of the heap's page size.
    pub(crate) pages: PageRuns,
    /// Allocated by the machine: cannot be committed, decommitted or released.
    pub(crate) permanent: bool,
}

pub(crate) type ZoneAllocations = BTreeMap<u32, Allocation>;

/// Allocation metadata of all zones.
pub(crate) struct Zones {
    pub(crate) allocations: [ZoneAllocations; ZONES],
    /// Free ranges of each zone.
    pub(crate) gaps: [Gaps; ZONES],
    /// Bytes of committed pages, by heap.
    pub(crate) committed: [u32; HEAPS],
    /// Limit on the sum of `committed`, in bytes.
    pub(crate) commit_limit: u32,
}

/// A checked range: the heap's view, and zone offsets rounded out to pages.
struct ZoneRange {
    view: &'static View,
    range: Range<u32>,
}

impl ZoneRange {
    fn new(addr: GuestAddr, size: u32) -> Result<Self, HeapError> {
        if size == 0 {
            return Err(HeapError::InvalidSize { size, align: 1 });
        }
        let outside = HeapError::OutsideHeap { addr, size };
        let Some(heap) = Heap::of(addr) else { return Err(outside) };
        let view = heap.view();
        // In 64 bits, as the rounded end may be 4 GiB or more.
        let mask = u64::from(view.page_size) - 1;
        let start = u64::from(addr.0 - view.base) & !mask;
        let end = (u64::from(addr.0 - view.base) + u64::from(size) + mask) & !mask;
        if end > u64::from(view.size) {
            return Err(outside);
        }
        Ok(Self { view, range: view.zone_offset + start as u32..view.zone_offset + end as u32 })
    }

    fn change(&self, to: Option<Protect>) -> PageChange {
        PageChange { zone: self.view.zone, range: self.range.clone(), to }
    }

    fn addr(&self, offset: u32) -> GuestAddr {
        GuestAddr(self.view.addr_of(offset))
    }

    /// The place's pages in `last`, the last allocation that does not begin behind it, if this
    /// contains all of the place.
    fn pages_if_inside<A: Deref<Target = Allocation>>(
        &self,
        last: Option<(&u32, A)>,
    ) -> Result<PlacePages<A>, HeapError> {
        let missing = HeapError::NotAllocated { addr: self.addr(self.range.start) };
        let Some((&start, allocation)) = last else { return Err(missing) };
        if allocation.heap != self.view.heap || start + allocation.len < self.range.end {
            return Err(missing);
        }
        let index = |offset: u32| (offset - start) / self.view.page_size;
        let pages = index(self.range.start)..index(self.range.end);
        Ok(PlacePages { start, allocation, pages })
    }
}

/// Pages of a place in the allocation that contains all of it, by reference.
struct PlacePages<A> {
    /// Zone offset of the allocation.
    start: u32,
    allocation: A,
    /// Indexes of the place's pages in the allocation.
    pages: Range<u32>,
}

fn check_protect(protect: Protect) -> Result<(), HeapError> {
    if protect.is_valid() { Ok(()) } else { Err(HeapError::InvalidProtect(protect)) }
}

impl Zones {
    pub(crate) fn new() -> Self {
        Self {
            allocations: std::array::from_fn(|_| BTreeMap::new()),
            gaps: Zone::ALL.map(|zone| Gaps::new(zone.size())),
            committed: [0; HEAPS],
            commit_limit: COMMIT_LIMIT,
        }
    }

    /// Adds `size` bytes to the committed total, unless that exceeds the limit.
    fn charge(&mut self, heap: Heap, size: u32) -> Result<(), HeapError> {
        let all: u32 = self.committed.iter().sum();
        if all.checked_add(size).is_none_or(|all| all > self.commit_limit) {
            return Err(HeapError::CommitLimit { size });
        }
        self.committed[heap as usize] += size;
        Ok(())
    }

    fn zone(&mut self, zone: Zone) -> &mut ZoneAllocations {
        &mut self.allocations[zone as usize]
    }

    /// Marks all current allocations as permanent.
    pub(crate) fn keep(&mut self) {
        self.allocations
            .iter_mut()
            .flat_map(BTreeMap::values_mut)
            .for_each(|allocation| allocation.permanent = true);
    }

    /// The committed pages of a zone as ranges of backing pages, in ascending order.
    pub(crate) fn committed_in(&self, zone: Zone) -> Vec<Range<u32>> {
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for (&at, allocation) in &self.allocations[zone as usize] {
            let page_size = allocation.heap.page_size();
            let committed = allocation.pages.runs().filter(|(_, state)| state.is_some());
            for (run, _) in committed {
                let pages = zone.backing(at + run.start * page_size..at + run.end * page_size);
                match ranges.last_mut() {
                    Some(last) if last.end == pages.start => last.end = pages.end,
                    _ => ranges.push(pages),
                }
            }
        }
        ranges
    }

    /// Finds a gap for `request` and records the allocation. Returns its address and size, and the
    /// change of its pages if they are committed.
    pub(crate) fn alloc(
        &mut self,
        request: &AllocRequest,
    ) -> Result<(GuestAddr, u32, Option<PageChange>), HeapError> {
        let AllocRequest { heap, size, align, low, high, protect, commits, top_down } = *request;
        let view = heap.view();
        if size == 0 || !align.is_power_of_two() {
            return Err(HeapError::InvalidSize { size, align });
        }
        check_protect(protect)?;
        let rounded = u64::from(size).next_multiple_of(u64::from(view.page_size));
        let align = align.max(view.page_size);
        let no_space = HeapError::NoSpace { size, low, high };
        let end = u64::from(high.0).min(u64::from(view.base) + u64::from(view.size) - 1) + 1;
        let low = low.0.max(view.base);
        let Ok(rounded) = u32::try_from(rounded) else { return Err(no_space) };
        if u64::from(low) + u64::from(rounded) > end {
            return Err(no_space);
        }
        // All as zone offsets from here on; they fit, a zone being at most 1 GiB.
        let window = view.offset_of(low)..(end - u64::from(view.base)) as u32 + view.zone_offset;
        let gaps = &self.gaps[view.zone as usize];
        let Some(at) = gaps.find(&window, rounded, align, top_down) else {
            return Err(no_space);
        };
        if commits {
            self.charge(heap, rounded)?;
        }
        let allocations = self.zone(view.zone);
        let committed = commits.then_some(protect);
        let pages = PageRuns::new(rounded / view.page_size, committed);
        allocations.insert(at, Allocation { len: rounded, heap, protect, pages, permanent: false });
        let range = at..at + rounded;
        self.gaps[view.zone as usize].take(&range);
        let change = commits.then_some(PageChange { zone: view.zone, range, to: committed });
        Ok((GuestAddr(view.addr_of(at)), rounded, change))
    }

    /// Reserves a range at a fixed address. Returns the rounded range.
    pub(crate) fn reserve_at(
        &mut self,
        addr: GuestAddr,
        size: u32,
        protect: Protect,
    ) -> Result<(GuestAddr, u32), HeapError> {
        check_protect(protect)?;
        let place = ZoneRange::new(addr, size)?;
        let allocations = self.zone(place.view.zone);
        // Allocations don't overlap, so no earlier one can reach further than the last.
        if let Some((&at, other)) = allocations.range(..place.range.end).next_back()
            && at + other.len > place.range.start
        {
            let view = other.heap.view();
            return Err(HeapError::Conflict { addr: GuestAddr(view.addr_of(at)) });
        }
        let len = place.range.len() as u32;
        let pages = PageRuns::new(len / place.view.page_size, None);
        let heap = place.view.heap;
        allocations.insert(place.range.start, Allocation { len, heap, protect, pages, permanent: false });
        self.gaps[place.view.zone as usize].take(&place.range);
        Ok((place.addr(place.range.start), len))
    }

    /// The allocation that contains all of `place`.
    fn find(&self, place: &ZoneRange) -> Result<PlacePages<&Allocation>, HeapError> {
        place.pages_if_inside(
            self.allocations[place.view.zone as usize].range(..=place.range.start).next_back(),
        )
    }

    /// Like [`Self::find`], to change it.
    fn find_mut(&mut self, place: &ZoneRange) -> Result<PlacePages<&mut Allocation>, HeapError> {
        place.pages_if_inside(self.zone(place.view.zone).range_mut(..=place.range.start).next_back())
    }

    /// Like [`Self::find_mut`], but refuses permanent allocations.
    fn changeable(&mut self, place: &ZoneRange) -> Result<PlacePages<&mut Allocation>, HeapError> {
        let found = self.find_mut(place)?;
        if found.allocation.permanent {
            return Err(HeapError::NotAllocated { addr: place.addr(place.range.start) });
        }
        Ok(found)
    }

    /// Commits reserved pages; pages that are committed already get the new protection.
    pub(crate) fn commit(
        &mut self,
        addr: GuestAddr,
        size: u32,
        protect: Protect,
    ) -> Result<(GuestAddr, u32, PageChange), HeapError> {
        check_protect(protect)?;
        let place = ZoneRange::new(addr, size)?;
        self.changeable(&place)?;
        self.commit_pages(&place, protect)
    }

    /// Commits a range of a permanent allocation.
    pub(crate) fn commit_permanent(
        &mut self,
        addr: GuestAddr,
        size: u32,
        protect: Protect,
    ) -> Result<(GuestAddr, u32, PageChange), HeapError> {
        check_protect(protect)?;
        self.commit_pages(&ZoneRange::new(addr, size)?, protect)
    }

    fn commit_pages(
        &mut self,
        place: &ZoneRange,
        protect: Protect,
    ) -> Result<(GuestAddr, u32, PageChange), HeapError> {
        let PlacePages { allocation, pages, .. } = self.find(place)?;
        let new = pages.end - pages.start - allocation.pages.committed_count_in(&pages);
        self.charge(place.view.heap, new * place.view.page_size)?;
        self.find_mut(place)?.allocation.pages.fill(&pages, Some(protect));
        Ok((place.addr(place.range.start), place.range.len() as u32, place.change(Some(protect))))
    }

    /// Changes the protection of committed pages. Returns the previous protection of the first
    /// page.
    pub(crate) fn protect(
        &mut self,
        addr: GuestAddr,
        size: u32,
        protect: Protect,
    ) -> Result<(Protect, PageChange), HeapError> {
        check_protect(protect)?;
        let place = ZoneRange::new(addr, size)?;
        let PlacePages { allocation, pages, .. } = self.find_mut(&place)?;
        let reserved = allocation.pages.within(pages.clone()).find(|(_, state)| state.is_none());
        if let Some((reserved, _)) = reserved {
            let offset = place.range.start + (reserved.start - pages.start) * place.view.page_size;
            return Err(HeapError::NotCommitted { addr: place.addr(offset) });
        }
        // All pages are committed, as just checked, and a place has at least one.
        let old = allocation.pages.get(pages.start).unwrap_or(Protect::NO_ACCESS);
        allocation.pages.fill(&pages, Some(protect));
        Ok((old, place.change(Some(protect))))
    }

    /// Size of the allocation that holds `addr`, and the page's protection if it is committed.
    pub(crate) fn page(&self, addr: GuestAddr) -> Option<(u32, Option<Protect>)> {
        let PlacePages { allocation, pages, .. } = self.find(&ZoneRange::new(addr, 1).ok()?).ok()?;
        Some((allocation.len, allocation.pages.get(pages.start)))
    }

    /// Describes the region from the page of `addr` on.
    pub(crate) fn query(&self, addr: GuestAddr) -> Result<RegionInfo, HeapError> {
        let place = ZoneRange::new(addr, 1)?;
        let view = place.view;
        let offset = place.range.start;
        let base = place.addr(offset);
        if let Ok(PlacePages { start, allocation, pages }) = self.find(&place) {
            let first = allocation.pages.get(pages.start);
            let alike = allocation.pages.run_from(pages.start);
            return Ok(RegionInfo {
                base,
                size: (alike.end - alike.start) * view.page_size,
                state: if first.is_some() { RegionState::Committed } else { RegionState::Reserved },
                protect: first,
                allocation_base: GuestAddr(view.addr_of(start)),
                allocation_size: allocation.len,
                allocation_protect: Some(allocation.protect),
                page_size: view.page_size,
            });
        }
        // Not an allocation of this heap: free up to the heap's next allocation. The console has
        // separate page tables for each view, which do not show allocations that other views made
        // of the same memory.
        let end = self.allocations[view.zone as usize]
            .range(offset..view.offsets().end)
            .find(|(_, a)| a.heap == view.heap)
            .map_or(view.offsets().end, |(&at, _)| at);
        Ok(RegionInfo {
            base,
            size: end - offset,
            state: RegionState::Free,
            protect: None,
            allocation_base: GuestAddr::NULL,
            allocation_size: 0,
            allocation_protect: None,
            page_size: view.page_size,
        })
    }

    /// Free bytes in the zone of `heap`.
    pub(crate) fn free_bytes(&self, heap: Heap) -> u32 {
        self.gaps[heap.view().zone as usize].bytes()
    }

    /// Bytes of committed pages of the allocations made in `heap`.
    pub(crate) fn committed_bytes(&self, heap: Heap) -> u32 {
        self.committed[heap as usize]
    }
}

#[cfg(test)]
mod tests;
