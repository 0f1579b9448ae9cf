//! Snapshots of the memory that queued draws read.
//!
//! A queued draw must read the memory contents of the time when its packet was processed, so the
//! pages that it may read are copied at that time. Copies are cached: until a page is written, all
//! draws share its copy, whatever ranges they read it through.

use std::collections::BTreeMap;
use std::sync::Arc;

use xenia_guest::PAGE_SIZE;

use crate::memory::{PhysicalMemory, PhysicalRange, address_on_bus, is_contiguous};

const PAGE: usize = PAGE_SIZE as usize;
/// Maximum number of pages in the snapshot of a draw; a draw that needs more runs immediately.
const MAX_PAGES: usize = (32 << 20) / PAGE;
/// Pages cached before the least recently used ones are evicted.
const MAX_KEPT: usize = (256 << 20) / PAGE;
/// Maximum number of page references of all cached ranges together, counting a page once per range.
const MAX_NAMED: usize = 16 * MAX_KEPT;

/// Copy of a page and the version of its contents.
#[derive(Clone)]
struct Page {
    version: u64,
    bytes: Arc<[u8; PAGE]>,
}

/// Pages of a memory range.
#[derive(Clone)]
struct Range {
    place: PhysicalRange,
    /// Version of the whole range, if writes to it can be tracked.
    version: Option<u64>,
    /// The range's pages, starting with the one that contains its first byte.
    pages: Arc<Vec<Page>>,
}

impl Range {
    fn first_page(&self) -> usize {
        self.place.start as usize / PAGE
    }
}

/// Cache entry of a range.
struct RangeEntry {
    range: Range,
    /// Memory epoch in which the range was last found current.
    epoch: Option<u64>,
    /// Number of the snapshot that last requested the range.
    last: u64,
}

/// Cache of page copies.
#[derive(Default)]
pub(super) struct PageCopies {
    ranges: BTreeMap<PhysicalRange, RangeEntry>,
    /// Latest copy of each write-tracked page by page number; ranges share these copies.
    pages: BTreeMap<usize, Page>,
    /// Page references of all ranges.
    named: usize,
    snapshots: u64,
    /// Bytes copied for the snapshot under construction.
    copied: usize,
}

/// Number of pages that a range touches.
fn page_count(range: PhysicalRange) -> usize {
    (range.start as usize % PAGE + range.length as usize).div_ceil(PAGE)
}

impl PageCopies {
    /// Takes a snapshot of the `wanted` ranges. Returns `None` if they need more than [`MAX_PAGES`]
    /// pages or if one extends beyond its memory.
    pub(super) fn snapshot(
        &mut self,
        wanted: &[PhysicalRange],
        memory: &dyn PhysicalMemory,
    ) -> Option<Snapshot> {
        let is_inside = |&PhysicalRange { start, length }: &PhysicalRange| {
            start == address_on_bus(start) && is_contiguous(start, length as usize)
        };
        if !wanted.iter().all(is_inside) || wanted.iter().copied().map(page_count).sum::<usize>() > MAX_PAGES
        {
            return None;
        }
        self.snapshots += 1;
        self.bound(MAX_KEPT, MAX_NAMED);
        let mut ranges: Vec<Range> = Vec::with_capacity(wanted.len());
        for range in wanted {
            if !ranges.iter().any(|have| have.place == *range) {
                ranges.push(self.range(*range, memory));
            }
        }
        Some(Snapshot { ranges, copied: std::mem::take(&mut self.copied) })
    }

    /// Evicts the older half of the ranges while the cache exceeds a limit, or all if that is not
    /// enough, and then the pages that no range or snapshot refers to.
    fn bound(&mut self, max_kept: usize, max_named: usize) {
        for keeps_half in [true, false] {
            if self.pages.len() <= max_kept && self.named <= max_named {
                return;
            }
            let mut lasts: Vec<u64> = self.ranges.values().map(|asked| asked.last).collect();
            lasts.sort_unstable();
            let oldest_kept = lasts.get(lasts.len() / 2).copied().filter(|_| keeps_half);
            self.ranges.retain(|_, asked| oldest_kept.is_some_and(|oldest| asked.last > oldest));
            self.named = self.ranges.values().map(|asked| asked.range.pages.len()).sum();
            self.pages.retain(|_, page| Arc::strong_count(&page.bytes) > 1);
        }
    }

    fn range(&mut self, place: PhysicalRange, memory: &dyn PhysicalMemory) -> Range {
        // The epoch is taken before versions, and versions before bytes are read, so a write in
        // between makes the copy stale.
        let epoch = memory.epoch();
        let asked = self.ranges.entry(place).or_insert_with(|| {
            self.named += page_count(place);
            RangeEntry { range: Range { place, version: None, pages: Arc::default() }, epoch: None, last: 0 }
        });
        asked.last = self.snapshots;
        let kept = &mut asked.range;
        if kept.version.is_some() {
            let is_current = epoch.is_some() && asked.epoch == epoch
                || kept.version == memory.track(place.start, place.length);
            if is_current {
                asked.epoch = epoch;
                return kept.clone();
            }
        }
        let pages = kept.first_page()..kept.first_page() + page_count(place);
        let versions: Vec<_> =
            pages.clone().map(|page| memory.version((page * PAGE) as u32, PAGE_SIZE)).collect();
        kept.version = memory.track(place.start, place.length);
        let copies = pages.zip(versions).map(|(number, version)| {
            let known =
                self.pages.get(&number).filter(|page| kept.version.is_some() && page.version == version);
            known.cloned().unwrap_or_else(|| {
                self.copied += PAGE;
                let mut bytes = Arc::new([0; PAGE]);
                memory.read((number * PAGE) as u32, &mut Arc::make_mut(&mut bytes)[..]);
                let page = Page { version, bytes };
                if kept.version.is_some() {
                    self.pages.insert(number, page.clone());
                }
                page
            })
        });
        kept.pages = Arc::new(copies.collect());
        asked.epoch = epoch;
        kept.clone()
    }
}

/// Memory contents that a queued draw may read. Reads outside its ranges return zeros.
pub(super) struct Snapshot {
    ranges: Vec<Range>,
    copied: usize,
}

impl Snapshot {
    /// Bytes copied for this snapshot; its other pages are shared with earlier snapshots.
    pub(super) fn copied(&self) -> usize {
        self.copied
    }

    fn find(&self, physical: u32, length: u32) -> Option<u64> {
        let place = PhysicalRange { start: physical, length };
        self.ranges.iter().find(|range| range.place == place).and_then(|range| range.version)
    }
}

impl PhysicalMemory for Snapshot {
    fn read(&self, physical: u32, into: &mut [u8]) {
        into.fill(0);
        let start = physical as usize;
        let end = physical as usize + into.len();
        for range in &self.ranges {
            let first = range.first_page();
            let from = (start / PAGE).max(first);
            let to = end.div_ceil(PAGE).min(first + range.pages.len());
            for page in from..to {
                let low = start.max(page * PAGE);
                let high = end.min((page + 1) * PAGE);
                let bytes = &range.pages[page - first].bytes[low - page * PAGE..high - page * PAGE];
                into[low - start..high - start].copy_from_slice(bytes);
            }
        }
    }

    /// Logs an error: draws that write memory are never queued.
    fn write(&self, physical: u32, _: &[u8]) {
        tracing::error!(target: "gpu", physical, "a queued draw writes memory");
    }

    fn version(&self, physical: u32, length: u32) -> u64 {
        // A version that no memory reaches: data of an unknown range is always stale.
        self.find(physical, length).unwrap_or(u64::MAX)
    }

    fn track(&self, physical: u32, length: u32) -> Option<u64> {
        self.find(physical, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{PHYSICAL_SIZE, Ram};

    fn range(start: u32, length: u32) -> PhysicalRange {
        PhysicalRange { start, length }
    }

    fn word(snapshot: &Snapshot, at: u32) -> u32 {
        snapshot.read_u32(at)
    }

    #[test]
    fn a_snapshot_stays_as_memory_was() {
        let memory = Ram::new(0x8000);
        let mut copies = PageCopies::default();
        memory.write_u32(0x1ffc, 1);
        memory.write_u32(0x2000, 2);
        let wanted = [range(0x1ff0, 0x20), range(0x5000, 4), range(0x5000, 4)];
        let before = copies.snapshot(&wanted, &memory).unwrap();
        assert_eq!(before.copied(), 3 * PAGE);
        memory.write_u32(0x2000, 3);
        let after = copies.snapshot(&wanted, &memory).unwrap();
        assert_eq!(after.copied(), PAGE, "the page that was written to");
        assert_eq!([0x1ffc, 0x2000].map(|at| word(&before, at)), [1, 2]);
        assert_eq!([0x1ffc, 0x2000].map(|at| word(&after, at)), [1, 3]);
        let mut bytes = [9; 8];
        after.read(0x1ffc, &mut bytes);
        assert_eq!(bytes, [0, 0, 0, 1, 0, 0, 0, 3], "across pages");
        // The unwritten page is shared, and the range's version differs.
        let page = |snapshot: &Snapshot, i: usize| Arc::as_ptr(&snapshot.ranges[0].pages[i].bytes);
        assert_eq!(page(&before, 0), page(&after, 0));
        assert_ne!(page(&before, 1), page(&after, 1));
        assert_ne!(before.track(0x1ff0, 0x20), after.track(0x1ff0, 0x20));
        assert_eq!((after.ranges.len(), after.track(0, 4)), (2, None));
    }

    #[test]
    fn ranges_share_the_pages_that_they_have_in_common() {
        let memory = Ram::new(0x2_0000);
        let mut copies = PageCopies::default();
        memory.write_u32(0x5000, 1);
        // Direct3D binds vertex buffers as "from this offset to the end of the buffer".
        let rest = |at: u32| [range(at, 0x1_0000 - at)];
        let copied = |copies: &mut PageCopies, at| copies.snapshot(&rest(at), &memory).unwrap().copied();
        assert_eq!(copied(&mut copies, 0x4010), 12 * PAGE);
        assert_eq!(copied(&mut copies, 0x5010), 0);
        assert_eq!(copied(&mut copies, 0x2000), 2 * PAGE);
        let before = copies.snapshot(&rest(0x5000), &memory).unwrap();
        memory.write_u32(0x5000, 2);
        assert_eq!(copied(&mut copies, 0x4010), PAGE);
        assert_eq!(copied(&mut copies, 0x2000), 0, "the other range has seen it");
        let after = copies.snapshot(&rest(0x5000), &memory).unwrap();
        assert_eq!((word(&before, 0x5000), word(&after, 0x5000)), (1, 2));
        assert_ne!(before.track(0x5000, 0xb000), after.track(0x5000, 0xb000));
    }

    #[test]
    fn recently_requested_snapshot_ranges_are_kept() {
        let memory = Ram::new(0x2_0000);
        let mut copies = PageCopies::default();
        let copied = |copies: &mut PageCopies, page: u32| {
            copies.snapshot(&[range(page * PAGE_SIZE, 8)], &memory).unwrap().copied() / PAGE
        };
        let held = copies.snapshot(&[range(0, 8)], &memory).unwrap();
        (1..10).for_each(|page| assert_eq!(copied(&mut copies, page), 1));
        copies.bound(10, 10);
        assert_eq!((0..10).map(|page| copied(&mut copies, page)).sum::<usize>(), 0);
        copied(&mut copies, 3);
        copies.bound(9, 10);
        assert_eq!((copies.ranges.len(), copies.named, copies.pages.len()), (4, 4, 5));
        assert_eq!([3, 9, 8, 7].map(|page| copied(&mut copies, page)), [0; 4]);
        assert_eq!([0, 6].map(|page| copied(&mut copies, page)), [0, 1], "a snapshot still has the first");
        copies.bound(usize::MAX, 2);
        assert_eq!(copies.named, 2);
        copies.bound(0, 0);
        assert_eq!((copies.ranges.len(), copies.named, copies.pages.len()), (0, 0, 1));
        drop(held);
        copies.bound(0, 0);
        assert_eq!(copies.pages.len(), 0);
    }

    #[test]
    fn oversized_and_out_of_range_snapshots_are_refused() {
        let memory = Ram::new(0x8000);
        let mut copies = PageCopies::default();
        assert!(copies.snapshot(&[range(0, 32 << 20)], &memory).is_some());
        assert!(copies.snapshot(&[range(0, 32 << 20), range(0, 1)], &memory).is_none());
        assert!(copies.snapshot(&[range(PHYSICAL_SIZE - 4, 8)], &memory).is_none());
        assert!(copies.snapshot(&[range(0x7f1f_fffc, 4)], &memory).is_some());
        assert!(copies.snapshot(&[range(0x7f1f_fffc, 8)], &memory).is_none());
        assert!(copies.snapshot(&[range(0, u32::MAX)], &memory).is_none());
        assert!(copies.snapshot(&[], &memory).is_some());
    }
}
