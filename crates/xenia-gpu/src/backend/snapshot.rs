//! Memory as it was when a draw was queued.
//!
//! A draw that waits for its turn must read what memory held when its packet came. The pages that it may
//! read are copied then, and copies are kept: as long as nobody writes to a page, draws share its copy.

use std::collections::BTreeMap;
use std::sync::Arc;

use xenia_guest::PAGE_SIZE;

use crate::memory::{PHYSICAL_SIZE, PhysicalMemory};

const PAGE: usize = PAGE_SIZE as usize;
/// Most pages that one draw may need; more, and it is drawn at once.
const MAX_PAGES: usize = (32 << 20) / PAGE;
/// Pages kept before all are forgotten.
const MAX_KEPT: usize = (256 << 20) / PAGE;

/// A page's copy and the version of what was copied.
#[derive(Clone)]
struct Page {
    version: u64,
    bytes: Arc<[u8; PAGE]>,
}

/// The pages of a range.
#[derive(Clone)]
struct Range {
    /// Physical address and bytes.
    place: (u32, u32),
    /// Version of the whole, where writes can be tracked.
    version: Option<u64>,
    /// From the one that the range begins in.
    pages: Arc<Vec<Page>>,
}

impl Range {
    fn first_page(&self) -> usize {
        self.place.0 as usize / PAGE
    }
}

/// Copies of memory that draws needed.
#[derive(Default)]
pub(super) struct Copies {
    ranges: BTreeMap<(u32, u32), Range>,
    pages: usize,
    /// Bytes copied for the snapshot that is being made.
    copied: usize,
}

impl Copies {
    /// The ranges that `wanted` names (physical address, bytes) as they are now; `None` if that is too much,
    /// or not in one piece.
    pub(super) fn snapshot(
        &mut self,
        wanted: &[(u32, u32)],
        memory: &dyn PhysicalMemory,
    ) -> Option<Snapshot> {
        let pages = |&(start, length): &(u32, u32)| (start as usize % PAGE + length as usize).div_ceil(PAGE);
        let is_inside =
            |&(start, length): &(u32, u32)| u64::from(start) + u64::from(length) <= u64::from(PHYSICAL_SIZE);
        if !wanted.iter().all(is_inside) || wanted.iter().map(pages).sum::<usize>() > MAX_PAGES {
            return None;
        }
        if self.pages > MAX_KEPT {
            self.ranges.clear();
            self.pages = 0;
        }
        let mut ranges: Vec<Range> = Vec::with_capacity(wanted.len());
        for range in wanted {
            if !ranges.iter().any(|have| have.place == *range) {
                ranges.push(self.range(*range, pages(range), memory));
            }
        }
        Some(Snapshot { ranges, copied: std::mem::take(&mut self.copied) })
    }

    fn range(&mut self, range: (u32, u32), count: usize, memory: &dyn PhysicalMemory) -> Range {
        // The version is taken before the bytes are read: a write in between makes the copy stale.
        let version = memory.track(range.0, range.1);
        let kept = self.ranges.entry(range).or_insert_with(|| {
            self.pages += count;
            Range { place: range, version: None, pages: Arc::default() }
        });
        if version.is_some() && kept.version == version {
            return kept.clone();
        }
        let first = kept.first_page();
        let pages = Arc::make_mut(&mut kept.pages);
        let known = if version.is_some() { pages.len() } else { 0 };
        for i in 0..count {
            let at = ((first + i) * PAGE) as u32;
            let page_version = memory.version(at, PAGE_SIZE);
            if i < known && pages[i].version == page_version {
                continue;
            }
            self.copied += PAGE;
            let mut bytes = Arc::new([0; PAGE]);
            memory.read(at, &mut Arc::make_mut(&mut bytes)[..]);
            let page = Page { version: page_version, bytes };
            if i < pages.len() { pages[i] = page } else { pages.push(page) }
        }
        kept.version = version;
        kept.clone()
    }
}

/// What a draw may read, as it was. Everything else reads as zeros.
pub(super) struct Snapshot {
    ranges: Vec<Range>,
    copied: usize,
}

impl Snapshot {
    /// Bytes that had to be copied for it; the rest it shares with snapshots before.
    pub(super) fn copied(&self) -> usize {
        self.copied
    }

    fn find(&self, physical: u32, length: u32) -> Option<u64> {
        self.ranges.iter().find(|range| range.place == (physical, length)).and_then(|range| range.version)
    }
}

impl PhysicalMemory for Snapshot {
    fn read(&self, physical: u32, into: &mut [u8]) {
        into.fill(0);
        let (start, end) = (physical as usize, physical as usize + into.len());
        for range in &self.ranges {
            let first = range.first_page();
            let from = (start / PAGE).max(first);
            let to = end.div_ceil(PAGE).min(first + range.pages.len());
            for page in from..to {
                let (low, high) = (start.max(page * PAGE), end.min((page + 1) * PAGE));
                let bytes = &range.pages[page - first].bytes[low - page * PAGE..high - page * PAGE];
                into[low - start..high - start].copy_from_slice(bytes);
            }
        }
    }

    /// Draws that write are never queued.
    fn write(&self, physical: u32, _: &[u8]) {
        tracing::error!(target: "gpu", physical, "a queued draw writes memory");
    }

    fn version(&self, physical: u32, length: u32) -> u64 {
        self.find(physical, length).unwrap_or(u64::MAX)
    }

    fn track(&self, physical: u32, length: u32) -> Option<u64> {
        self.find(physical, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Ram;

    fn word(snapshot: &Snapshot, at: u32) -> u32 {
        snapshot.read_u32(at)
    }

    #[test]
    fn a_snapshot_stays_as_memory_was() {
        let (memory, mut copies) = (Ram::new(0x8000), Copies::default());
        memory.write_u32(0x1ffc, 1);
        memory.write_u32(0x2000, 2);
        let wanted = [(0x1ff0, 0x20), (0x5000, 4), (0x5000, 4)];
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
        // The page that was not written to is shared, and the version tells the two apart.
        let page = |snapshot: &Snapshot, i: usize| Arc::as_ptr(&snapshot.ranges[0].pages[i].bytes);
        assert_eq!(page(&before, 0), page(&after, 0));
        assert_ne!(page(&before, 1), page(&after, 1));
        assert_ne!(before.track(0x1ff0, 0x20), after.track(0x1ff0, 0x20));
        assert_eq!((after.ranges.len(), after.track(0, 4)), (2, None));
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let (memory, mut copies) = (Ram::new(0x8000), Copies::default());
        assert!(copies.snapshot(&[(0, 32 << 20)], &memory).is_some());
        assert!(copies.snapshot(&[(0, 32 << 20), (0, 1)], &memory).is_none());
        assert!(copies.snapshot(&[(PHYSICAL_SIZE - 4, 8)], &memory).is_none());
        assert!(copies.snapshot(&[(0, u32::MAX)], &memory).is_none());
        assert!(copies.snapshot(&[], &memory).is_some());
    }
}
