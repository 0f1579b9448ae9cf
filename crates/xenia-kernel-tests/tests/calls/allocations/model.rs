//! Model of a title's memory: pool blocks, regions page by page, and written values.

use std::collections::BTreeMap;
use std::ops::Range;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::{Heap, physical};

/// An allocation of pages.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// Protection at the allocation.
    pub(super) protect: u32,
    /// Protections by page; `None` is reserved.
    pub(super) pages: Vec<Option<u32>>,
    /// Number of committed pages: a region has up to 131,072, too many to count after each call in
    /// a development build.
    committed: u32,
}

impl Region {
    pub(super) fn new(protect: u32, pages: Vec<Option<u32>>) -> Self {
        let committed = pages.iter().flatten().count() as u32;
        Self { protect, pages, committed }
    }

    fn indexes(at: u32, range: &Range<u32>) -> Range<usize> {
        let index = |to: u32| ((to - at) / page_size(at)) as usize;
        index(range.start)..index(range.end)
    }

    /// Returns the pages of a range in a region that begins at `at`.
    pub(super) fn slice(&self, at: u32, range: &Range<u32>) -> &[Option<u32>] {
        &self.pages[Self::indexes(at, range)]
    }
}

/// Expected state of the title's memory.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// The title's pool blocks: requested size, by address.
    pub(super) blocks: BTreeMap<u32, u32>,
    /// The title's virtual memory, physical memory and stacks, by address.
    pub(super) regions: BTreeMap<u32, Region>,
    /// Allocations in the general heaps that do not stem from these calls: size, by address.
    pub(super) foreign: BTreeMap<u32, u32>,
    /// Such allocations in physical memory; their number does not change.
    pub(super) foreign_physical: Vec<Range<u32>>,
    /// Words that memory must contain, by address.
    pub(super) marks: BTreeMap<u32, u64>,
}

pub(super) fn page_size(at: u32) -> u32 {
    Heap::of(GuestAddr(at)).unwrap().page_size()
}

/// Returns whether one of the sorted ranges, whose lengths `length` returns, overlaps `range`.
fn touches<T>(ranges: &BTreeMap<u32, T>, length: impl Fn(u32, &T) -> u32, range: &Range<u32>) -> bool {
    let before = ranges.range(..range.end).next_back();
    before.is_some_and(|(&at, of)| at + length(at, of).max(1) > range.start)
}

pub(super) fn region_length(at: u32, region: &Region) -> u32 {
    region.pages.len() as u32 * page_size(at)
}

/// Returns whether a window has `size` contiguous free bytes at a multiple of `align` between the
/// taken ranges.
fn room(mut taken: Vec<Range<u32>>, window: &Range<u64>, size: u64, align: u64) -> bool {
    taken.sort_by_key(|range| range.start);
    let starts = std::iter::once(0).chain(taken.iter().map(|range| u64::from(range.end)));
    let ends = taken.iter().map(|range| u64::from(range.start)).chain([u64::MAX]);
    starts.zip(ends).any(|(start, end)| {
        let start = start.max(window.start).next_multiple_of(align);
        let end = end.min(window.end);
        start + size <= end
    })
}

/// Rounds a range in one heap to whole pages.
pub(super) fn page_range(base: u32, size: u32) -> Result<Range<u32>, NtStatus> {
    let Some(heap) = Heap::of(GuestAddr(base)) else { return Err(NtStatus::INVALID_PARAMETER) };
    let page = u64::from(heap.page_size());
    let start = u64::from(base) / page * page;
    let end = (u64::from(base) + u64::from(size)).next_multiple_of(page);
    if end > u64::from(heap.base().0) + u64::from(heap.size()) {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    Ok(start as u32..end as u32)
}

impl Model {
    /// Returns the region that contains all of a range.
    pub(super) fn containing(&self, range: &Range<u32>) -> Option<(u32, &Region)> {
        let (&at, region) = self.regions.range(..=range.start).next_back()?;
        (at + region_length(at, region) >= range.end && !range.is_empty()).then_some((at, region))
    }

    /// Returns the protection of the page at an address, if it is committed.
    pub(super) fn page(&self, at: u32) -> Option<u32> {
        let (base, region) = self.containing(&(at..at.checked_add(1)?))?;
        region.pages[((at - base) / page_size(base)) as usize]
    }

    /// Returns the number of bytes, from a page of a region on, with the same protection.
    pub(super) fn alike(&self, at: u32) -> Option<u32> {
        let (base, region) = self.containing(&(at..at.checked_add(1)?))?;
        let rest = &region.pages[((at - base) / page_size(base)) as usize..];
        Some(rest.iter().take_while(|&page| page == &rest[0]).count() as u32 * page_size(base))
    }

    /// Changes the pages of a range inside one region. Returns those that become committed.
    pub(super) fn set_pages(
        &mut self,
        range: &Range<u32>,
        to: impl Fn(u32) -> Option<u32>,
    ) -> Vec<Range<u32>> {
        let (&at, region) = self.regions.range_mut(..=range.start).next_back().unwrap();
        let size = page_size(at);
        let mut new = Vec::new();
        for index in Region::indexes(at, range) {
            let first = at + index as u32 * size;
            let to = to(first);
            match (region.pages[index], to) {
                (None, Some(_)) => {
                    new.push(first..first + size);
                    region.committed += 1;
                }
                (Some(_), None) => region.committed -= 1,
                _ => {}
            }
            region.pages[index] = to;
        }
        new
    }

    /// Releases a range inside one region, which leaves up to two regions.
    pub(super) fn release(&mut self, range: &Range<u32>) {
        let (&at, _) = self.regions.range(..=range.start).next_back().unwrap();
        let Region { protect, pages, .. } = self.regions.remove(&at).unwrap();
        let released = Region::indexes(at, range);
        for (at, pages) in [(at, &pages[..released.start]), (range.end, &pages[released.end..])] {
            if !pages.is_empty() {
                self.regions.insert(at, Region::new(protect, pages.to_vec()));
            }
        }
    }

    /// Returns whether an address in the general heaps belongs to the kernel or the test.
    pub(super) fn is_foreign(&self, at: u32) -> bool {
        let own = physical(GuestAddr(at));
        let physical = own.is_some_and(|own| self.foreign_physical.iter().any(|range| range.contains(&own)));
        physical || touches(&self.foreign, |_, &size| size, &(at..at.saturating_add(1)))
    }

    /// Returns whether pages in this range of the general heaps are allocated.
    fn is_taken(&self, range: &Range<u32>) -> bool {
        touches(&self.regions, region_length, range) || touches(&self.foreign, |_, &size| size, range)
    }

    /// Returns the number of free bytes from a page of the general heaps on.
    pub(super) fn free_bytes(&self, start: u32) -> Option<u32> {
        let heap =
            Heap::of(GuestAddr(start)).filter(|heap| matches!(heap, Heap::Virtual4K | Heap::Virtual64K))?;
        let regions = self.regions.range(start..).next().map(|(&at, _)| at);
        let foreign = self.foreign.range(start..).next().map(|(&at, _)| at);
        let end = heap.base().0 + heap.size();
        Some(regions.into_iter().chain(foreign).fold(end, u32::min) - start)
    }

    /// Adds a block that the title has allocated.
    pub(super) fn add_block(&mut self, at: u32, size: u32) {
        let range = at..at + size.max(1);
        assert!(!touches(&self.blocks, |_, &size| size, &range), "the block {range:x?} overlaps another");
        assert!(!touches(&self.regions, region_length, &range), "the block {range:x?} overlaps a region");
        self.blocks.insert(at, size);
    }

    /// Adds a region that the title has allocated.
    pub(super) fn add_region(&mut self, at: u32, region: Region) {
        let range = at..at + region_length(at, &region);
        assert!(!self.is_taken(&range), "{range:x?} overlaps what there is");
        if let Some(first) = physical(GuestAddr(at)) {
            let own = first..first + range.len() as u32;
            let other = self.physical().find(|other| other.start < own.end && own.start < other.end);
            assert_eq!(other, None, "{own:x?} of physical memory are given out twice");
        }
        self.regions.insert(at, region);
    }

    /// Returns the allocated physical memory, by physical address.
    fn physical(&self) -> impl Iterator<Item = Range<u32>> {
        let own = self.regions.iter().filter_map(|(&at, region)| {
            let first = physical(GuestAddr(at))?;
            Some(first..first + region_length(at, region))
        });
        own.chain(self.foreign_physical.iter().cloned())
    }

    /// Returns whether the title has allocated this physical address.
    pub(super) fn is_physical(&self, at: u32) -> bool {
        self.physical().any(|range| range.contains(&at))
    }

    /// Returns whether physical memory has room in `within`, including its last address, for an
    /// allocation through the view `heap`.
    pub(super) fn physical_room(&self, heap: Heap, size: u64, within: Range<u32>, align: u32) -> bool {
        let first = physical(heap.base()).unwrap();
        let last = u64::from(first) + u64::from(heap.size());
        let window = u64::from(within.start.max(first))..(u64::from(within.end) + 1).min(last);
        room(self.physical().collect(), &window, size, align.into())
    }

    /// Returns whether a general heap has room in `within` for an allocation.
    pub(super) fn general_room(&self, heap: Heap, size: u32, align: u32, within: Range<u32>) -> bool {
        let own = self.regions.iter().map(|(&at, region)| at..at + region_length(at, region));
        let foreign = self.foreign.iter().map(|(&at, &size)| at..at + size);
        let base = heap.base().0;
        let window = u64::from(base.max(within.start))..u64::from((base + heap.size()).min(within.end));
        room(own.chain(foreign).collect(), &window, size.into(), align.into())
    }

    /// Returns the number of bytes committed by the regions.
    pub(super) fn committed(&self) -> u32 {
        self.regions.iter().map(|(&at, region)| region.committed * page_size(at)).sum()
    }

    /// Returns the number of bytes in a range that are not committed.
    pub(super) fn reserved_bytes(&self, range: &Range<u32>) -> u32 {
        let Some((at, region)) = self.containing(range) else { return range.len() as u32 };
        region.slice(at, range).iter().filter(|page| page.is_none()).count() as u32 * page_size(at)
    }

    /// Drops the expected words in a range.
    pub(super) fn forget(&mut self, range: Range<u32>) {
        self.marks.retain(|at, _| !range.contains(at));
    }

    /// Returns the range that `NtAllocateVirtualMemory` should use if the title passes an address,
    /// or the expected error except for exhausted memory.
    pub(super) fn place(&self, base: u32, size: u32, reserve: bool) -> Result<Range<u32>, NtStatus> {
        if !matches!(Heap::of(GuestAddr(base)), Some(Heap::Virtual4K | Heap::Virtual64K)) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let range = page_range(base, size)?;
        match (reserve, self.is_taken(&range), self.containing(&range)) {
            (true, true, _) | (false, _, None) => Err(NtStatus::CONFLICTING_ADDRESSES),
            _ => Ok(range),
        }
    }
}
