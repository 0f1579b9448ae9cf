//! Saved states of memory: allocations, page rights, contents, device registers.
//!
//! Versions, watches, host rights and decommitted pages that still have host memory are not part of
//! a state: they are caches, and versions only grow. The reservation table is not either; a state
//! is saved in modes only that keep reservations in the contexts.

use crate::allocate::flags_of;
use crate::device::{MmioDevice, REGISTERS};
use crate::gaps::Gaps;
use crate::heap::{Allocation, Zones};
use crate::layout::{BACKING_PAGES, HEAPS, VIEWS, ZONES, Zone};
use crate::memory::GuestMemory;
use crate::page_bits::PageBits;
use crate::page_runs::PageRuns;
use crate::page_table::COMMITTED;
use crate::protect::Protect;
use crate::snapshot::{PageBytes, ZEROS};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Range;
use std::slice;
use xenia_guest::PAGE_SIZE;
use xenia_state::{Impossible, StateSection, check};

/// Maximum number of pages in a [`PagesState`]: 4 MiB.
const MAX_PAGES: usize = 1024;

/// State of memory but for its contents, which are [`PagesState`]s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryState {
    /// Allocations of each zone, in the order of [`Zone::ALL`].
    zones: Vec<Vec<AllocationState>>,
    /// Registers that are not 0, by device: index and value.
    registers: Vec<Vec<(u32, u32)>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AllocationState {
    /// Offset in the zone.
    at: u32,
    /// Length in bytes.
    len: u32,
    /// Index of the heap in which it was made.
    heap: u8,
    /// Protection requested when it was made.
    protect: u32,
    /// Runs of pages of the heap's size with equal protection: number of pages, and the protection
    /// if they are committed.
    pages: Vec<(u32, Option<u32>)>,
    permanent: bool,
}

/// Contents of some committed pages. Pages that no piece has are zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagesState {
    /// Runs of backing pages: the first, and their number.
    runs: Vec<(u32, u32)>,
    /// The pages' bytes, in the order of the runs.
    #[serde(with = "xenia_state::whole_bytes")]
    bytes: Vec<u8>,
}

impl StateSection for MemoryState {
    const NAME: &'static str = "memory";
    const VERSION: u16 = 1;
}

impl StateSection for PagesState {
    const NAME: &'static str = "pages";
    const VERSION: u16 = 1;
}

impl Zones {
    fn state(&self) -> Vec<Vec<AllocationState>> {
        // The gaps are the rest of the zones, the totals follow from the pages, and the limit is
        // the machine's.
        let Self { allocations, gaps: _, committed: _, commit_limit: _ } = self;
        allocations
            .iter()
            .map(|book| book.iter().map(|(&at, one)| AllocationState::of(at, one)).collect())
            .collect()
    }

    /// The allocations of a state, with the limit of these.
    fn of_state(&self, state: &MemoryState) -> Result<Self, Impossible> {
        check(state.zones.len() == ZONES, "memory has another number of zones")?;
        let mut committed = [0_u32; HEAPS];
        let mut allocations: [BTreeMap<u32, Allocation>; ZONES] = std::array::from_fn(|_| BTreeMap::new());
        let mut gaps = Zone::ALL.map(|zone| Gaps::new(zone.size()));
        for ((zone, saved), (allocations, gaps)) in
            Zone::ALL.into_iter().zip(&state.zones).zip(allocations.iter_mut().zip(&mut gaps))
        {
            let mut end = 0;
            for one in saved {
                let allocation = one.live(zone)?;
                check(one.at >= end, "two allocations overlap, or are not in order")?;
                end = one.at + allocation.len;
                let page_size = allocation.heap.page_size();
                let bytes = allocation.pages.committed_count() * page_size;
                let total = committed.get_mut(allocation.heap as usize).ok_or("no such heap")?;
                *total = total.checked_add(bytes).ok_or("more memory is committed than there is")?;
                gaps.take(&(one.at..end));
                allocations.insert(one.at, allocation);
            }
        }
        let all: Option<u32> = committed.iter().try_fold(0_u32, |sum, &bytes| sum.checked_add(bytes));
        let fits = all.is_some_and(|all| all <= self.commit_limit);
        check(fits, "more memory is committed than the limit allows")?;
        Ok(Self { allocations, gaps, committed, commit_limit: self.commit_limit })
    }

    /// The flags of a zone's backing pages by ascending ranges. Pages of no range have none.
    fn flags(&self, zone: Zone) -> Vec<(Range<u32>, u8)> {
        let mut ranges = Vec::new();
        for (&at, allocation) in &self.allocations[zone as usize] {
            let page_size = allocation.heap.page_size();
            for (run, state) in allocation.pages.runs() {
                let range = at + run.start * page_size..at + run.end * page_size;
                ranges.push((zone.backing(range), flags_of(state)));
            }
        }
        ranges
    }
}

/// The ranges of pages whose flags change, with their new flags.
fn changed_flags(before: &[(Range<u32>, u8)], after: &[(Range<u32>, u8)]) -> Vec<(Range<u32>, u8)> {
    let bounds = before.iter().chain(after).flat_map(|(pages, _)| [pages.start, pages.end]);
    let mut bounds: Vec<u32> = bounds.collect();
    bounds.sort_unstable();
    bounds.dedup();
    // The bounds ascend, so each list is walked once.
    let at = |ranges: &mut Peekable<slice::Iter<'_, (Range<u32>, u8)>>, page| {
        while ranges.next_if(|(pages, _)| pages.end <= page).is_some() {}
        ranges.peek().filter(|(pages, _)| pages.start <= page).map_or(0, |&&(_, flags)| flags)
    };
    let mut before = before.iter().peekable();
    let mut after = after.iter().peekable();
    let mut changes: Vec<(Range<u32>, u8)> = Vec::new();
    for (start, end) in bounds.iter().copied().zip(bounds.iter().copied().skip(1)) {
        let from = at(&mut before, start);
        let to = at(&mut after, start);
        match changes.last_mut() {
            _ if from == to => {}
            Some((pages, flags)) if pages.end == start && *flags == to => pages.end = end,
            _ => changes.push((start..end, to)),
        }
    }
    changes
}

impl AllocationState {
    fn of(at: u32, allocation: &Allocation) -> Self {
        let Allocation { len, heap, protect, pages, permanent } = allocation;
        let runs = pages.runs();
        Self {
            at,
            len: *len,
            heap: *heap as u8,
            protect: protect.0,
            pages: runs.map(|(run, state)| (run.end - run.start, state.map(|one| one.0))).collect(),
            permanent: *permanent,
        }
    }

    fn live(&self, zone: Zone) -> Result<Allocation, Impossible> {
        let &Self { at, len, heap, protect, ref pages, permanent } = self;
        let view = VIEWS.iter().find(|view| view.heap as u8 == heap).ok_or("no such heap")?;
        let heap = view.heap;
        check(view.zone == zone, "an allocation is in another zone than its heap")?;
        let offsets = view.offsets();
        let end = at.checked_add(len).ok_or("an allocation is outside of its heap")?;
        check(len > 0 && at >= offsets.start && end <= offsets.end, "an allocation is outside of its heap")?;
        let aligned =
            (at - offsets.start).is_multiple_of(view.page_size) && len.is_multiple_of(view.page_size);
        check(aligned, "an allocation is not aligned to its heap's pages")?;
        let valid = |protect: u32| {
            let protect = Protect(protect);
            if protect.is_valid() { Ok(protect) } else { Err("a protection is invalid") }
        };
        let count = len / view.page_size;
        let total = pages.iter().try_fold(0_u32, |sum, &(run, _)| sum.checked_add(run));
        // Before the pages are filled: the sum of a file's counts may overflow.
        check(total == Some(count), "an allocation's number of pages does not match its length")?;
        let mut live = PageRuns::new(count, None);
        let mut start = 0;
        for &(run, protect) in pages {
            live.fill(&(start..start + run), protect.map(valid).transpose()?);
            start += run;
        }
        Ok(Allocation { len, heap, protect: valid(protect)?, pages: live, permanent })
    }
}

impl GuestMemory {
    /// The state of memory, without its contents. No guest code may run meanwhile.
    pub fn state(&self) -> MemoryState {
        let zones = self.zones.lock();
        let registers = MmioDevice::ALL.into_iter().map(|device| {
            let registers = self.device_registers(device);
            let values = (0..REGISTERS as u32).map(|index| (index, registers.load(index)));
            values.filter(|&(_, value)| value != 0).collect()
        });
        MemoryState { zones: zones.state(), registers: registers.collect() }
    }

    /// Passes the contents of all committed pages that are not zero to `piece`, in pieces of at
    /// most 4 MiB, up to the first error. No guest code may run meanwhile.
    ///
    /// # Errors
    /// Those of `piece`.
    pub fn pages_state<E>(&self, mut piece: impl FnMut(PagesState) -> Result<(), E>) -> Result<(), E> {
        let mut buffer = ZEROS;
        let mut pages = PagesState::default();
        self.each_held_page(&mut |page| {
            self.copy_page(page, &mut buffer);
            if buffer != ZEROS && pages.add(page, &buffer) == MAX_PAGES {
                return piece(std::mem::take(&mut pages));
            }
            Ok(())
        })?;
        if pages.runs.is_empty() { Ok(()) } else { piece(pages) }
    }

    /// The largest number of pieces that [`Self::pages_state`] can make.
    pub fn max_pieces(&self) -> usize {
        let zones = self.zones.lock();
        let bytes: usize = zones.committed.iter().map(|&bytes| bytes as usize).sum();
        bytes.div_ceil(MAX_PAGES * PAGE_SIZE as usize)
    }

    /// Replaces allocations, rights, contents and device registers by those of a state. Pages that
    /// change get new versions; all others keep theirs, and what engines derived from them. No
    /// guest code may run meanwhile.
    ///
    /// # Errors
    /// A state that no memory can be in. If a page is refused, memory has neither its old nor its
    /// new state, and must be discarded.
    pub fn restore(
        &self,
        state: &MemoryState,
        pages: impl IntoIterator<Item = PagesState>,
    ) -> Result<(), Impossible> {
        self.restore_layout(state)?;
        let mut written = PageBits::default();
        pages.into_iter().try_for_each(|pages| self.put_pages(&pages, &mut written))?;
        let mut buffer = ZEROS;
        self.each_held_page(&mut |page| {
            if !written.has(page) {
                self.copy_page(page, &mut buffer);
                if buffer != ZEROS {
                    self.replace_page(page, &ZEROS);
                }
            }
            Ok(())
        })
    }

    /// Replaces allocations, rights and device registers by those of a state. Pages that are
    /// committed before and after keep their contents, and new ones are zero.
    ///
    /// # Errors
    /// A state that no memory can be in. Nothing has changed then, unless the host has refused a
    /// change of rights.
    pub fn restore_layout(&self, state: &MemoryState) -> Result<(), Impossible> {
        check(!self.mirror.is_set(), "memory is being cross-checked")?;
        check(state.registers.len() == MmioDevice::ALL.len(), "another number of devices")?;
        let exists = |&(index, _): &(u32, u32)| (index as usize) < REGISTERS;
        check(state.registers.iter().flatten().all(exists), "a device has no such register")?;
        let mut zones = self.zones.lock();
        let new = zones.of_state(state)?;
        let changes = Zone::ALL.map(|zone| changed_flags(&zones.flags(zone), &new.flags(zone)));
        // The lock is held to the end, as `remap` requires.
        *zones = new;
        for (pages, to) in changes.into_iter().flatten() {
            self.remap(pages, to).map_err(|error| Impossible::from(error.to_string()))?;
        }
        for (device, values) in MmioDevice::ALL.into_iter().zip(&state.registers) {
            let registers = self.device_registers(device);
            (0..REGISTERS as u32).for_each(|index| registers.store(index, 0));
            for &(index, value) in values {
                registers.store(index, value);
            }
        }
        Ok(())
    }

    /// Replaces the content of a backing page if it differs. Returns whether it did. No guest code
    /// may run meanwhile.
    ///
    /// # Errors
    /// The page does not exist, or is not committed and the content is not zero.
    pub fn put_page(&self, page: u32, content: &PageBytes) -> Result<bool, Impossible> {
        check(page < BACKING_PAGES, "there is no such page")?;
        if self.pages.backing_flags(page) & COMMITTED == 0 {
            check(*content == ZEROS, "a page has contents and is not committed")?;
            return Ok(false);
        }
        let mut now = ZEROS;
        self.copy_page(page, &mut now);
        let differs = now != *content;
        if differs {
            self.replace_page(page, content);
        }
        Ok(differs)
    }

    /// Writes the pages of a piece that differ, and notes all of them in `written`.
    fn put_pages(&self, pages: &PagesState, written: &mut PageBits) -> Result<(), Impossible> {
        let mut bytes = pages.bytes.as_slice();
        for &(first, count) in &pages.runs {
            let end = first.checked_add(count).filter(|&end| end <= BACKING_PAGES);
            for page in first..end.ok_or("there is no such page")? {
                let (content, rest) = bytes.split_first_chunk().ok_or("a page has no contents")?;
                bytes = rest;
                self.put_page(page, content)?;
                written.set(page);
            }
        }
        check(bytes.is_empty(), "contents belong to no page")
    }
}

impl PagesState {
    /// Checks the number of runs, which take more memory than their encoding.
    ///
    /// # Errors
    /// There are more than pages.
    pub fn check(&self) -> Result<(), Impossible> {
        check(self.runs.len() <= MAX_PAGES, "there are more runs than pages")
    }

    /// Adds a page; returns the number of pages.
    fn add(&mut self, page: u32, content: &PageBytes) -> usize {
        match self.runs.last_mut() {
            Some((first, count)) if *first + *count == page => *count += 1,
            _ => self.runs.push((page, 1)),
        }
        self.bytes.extend_from_slice(content);
        self.bytes.len() / PAGE_SIZE as usize
    }
}

#[cfg(test)]
mod tests;
