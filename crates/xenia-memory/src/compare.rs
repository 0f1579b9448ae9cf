//! Comparison of two address spaces: once in full, or repeatedly at the cost of the pages written
//! in between.

use crate::dirty::DirtyTracker;
use crate::layout::{GUEST_PAGES, PAGE_SHIFT, Zone, backing_page, canonical_guest_page, guest_pages};
use crate::memory::GuestMemory;
use crate::page_bits::PageBits;
use crate::page_table::{CODE, COMMITTED, GUEST_FLAGS, WATCHED};
use crate::snapshot::{HeldPages, PageBytes, ZEROS};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::*;
use xenia_guest::GuestAddr;

impl GuestMemory {
    /// The first address at which the two differ in committed pages or guest rights, or else the
    /// first at which committed memory differs. `None` if they are equal. Reads all of memory; for
    /// repeated use see [`Comparison`].
    pub fn compare(&self, other: &Self) -> Option<GuestAddr> {
        self.compare_rights(other).or_else(|| {
            let mut a = ZEROS;
            let mut b = ZEROS;
            Zone::ALL.into_iter().find_map(|zone| {
                let mut mine = HeldPages::new(self);
                let mut theirs = HeldPages::new(other);
                zone.backing(0..zone.size()).find_map(|page| {
                    let in_mine = mine.holds(page);
                    let in_theirs = theirs.holds(page);
                    // Both have the same committed pages here, as the rights are equal.
                    if !in_mine && !in_theirs || self.pages.backing_flags(page) & COMMITTED == 0 {
                        return None;
                    }
                    for (memory, held, into) in [(self, in_mine, &mut a), (other, in_theirs, &mut b)] {
                        if held { memory.copy_page(page, into) } else { *into = ZEROS }
                    }
                    difference(page, &a, &b)
                })
            })
        })
    }

    /// The first page whose flags differ, ignoring watches: they depend on what an engine has read.
    fn compare_rights(&self, other: &Self) -> Option<GuestAddr> {
        let differs = |&guest: &u32| {
            (self.pages.page_flags(guest) ^ other.pages.page_flags(guest)) & GUEST_FLAGS & !(WATCHED | CODE)
                != 0
        };
        (0..GUEST_PAGES as u32).find(differs).map(|guest| GuestAddr(guest << PAGE_SHIFT))
    }

    /// The guest's committed pages as ranges, including gaps of less than [`APART`] pages.
    pub(crate) fn committed_pages(&self) -> Vec<Range<u32>> {
        let zones = self.zones.lock();
        let backing = Zone::ALL.into_iter().flat_map(|zone| zones.committed_in(zone));
        let mut pages: Vec<_> = backing.flat_map(|pages| guest_pages(&pages)).collect();
        pages.retain(|pages| !pages.is_empty());
        pages.sort_by_key(|pages| pages.start);
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for pages in pages {
            match ranges.last_mut() {
                Some(last) if pages.start < last.end + APART => last.end = pages.end,
                _ => ranges.push(pages),
            }
        }
        ranges
    }
}

/// Pages covered by one host page table: scanning a smaller gap costs less than a second scan.
const APART: u32 = 512;

/// The first address at which two copies of a backing page differ.
fn difference(page: u32, a: &PageBytes, b: &PageBytes) -> Option<GuestAddr> {
    if a == b {
        return None;
    }
    let offset = a.iter().zip(b).position(|(a, b)| a != b)?;
    Some(GuestAddr(canonical_guest_page(page) << PAGE_SHIFT | offset as u32))
}

/// A repeated comparison of two address spaces. Where the host can report which pages were written
/// (Linux 6.7 and up), each comparison costs only those; elsewhere it costs all of memory.
pub struct Comparison {
    spaces: [Arc<GuestMemory>; 2],
    trackers: Option<[DirtyTracker; 2]>,
    /// Mapping-change counters of each space when the rights were last equal.
    mapping_changes: Option<[u64; 2]>,
    /// The guest's pages that may be written: committed pages, and small gaps between them.
    committed: Vec<Range<u32>>,
    /// Backing pages that may differ.
    suspects: PageBits,
    pages_compared: u64,
}

impl Comparison {
    /// Creates a comparison that suspects every page.
    pub fn new(a: Arc<GuestMemory>, b: Arc<GuestMemory>) -> Self {
        let trackers = DirtyTracker::new(&a).zip(DirtyTracker::new(&b)).map(|(a, b)| [a, b]);
        let mut suspects = PageBits::default();
        suspects.fill();
        Self {
            spaces: [a, b],
            trackers,
            mapping_changes: None,
            committed: Vec::new(),
            suspects,
            pages_compared: 0,
        }
    }

    /// Whether the host reports written pages.
    pub fn is_incremental(&self) -> bool {
        self.trackers.is_some()
    }

    /// Pages whose contents have been compared so far.
    pub fn pages_compared(&self) -> u64 {
        self.pages_compared
    }

    /// Like [`GuestMemory::compare`]. Threads of neither guest may run meanwhile.
    pub fn first_difference(&mut self) -> Option<GuestAddr> {
        let [a, b] = &self.spaces;
        let changes = [a, b].map(|m| m.counts.mapping_changes.load(Relaxed));
        if self.mapping_changes != Some(changes) {
            let difference = a.compare_rights(b);
            if difference.is_some() {
                return difference;
            }
            self.mapping_changes = Some(changes);
            self.committed = a.committed_pages();
        }
        let mut known = false;
        if let Some(trackers) = &mut self.trackers {
            let suspects = &mut self.suspects;
            let committed = &self.committed;
            known = trackers.iter_mut().all(|tracker| {
                tracker.take(committed, |guest| {
                    for page in guest.filter_map(|guest| backing_page(guest << PAGE_SHIFT)) {
                        suspects.set(page);
                    }
                })
            });
        }
        if !known {
            self.trackers = None;
            self.suspects.fill();
        }
        self.compare_suspects()
    }

    /// Compares the suspect pages in address order, and removes equal ones.
    fn compare_suspects(&mut self) -> Option<GuestAddr> {
        let [a, b] = &self.spaces;
        let mut in_a = ZEROS;
        let mut in_b = ZEROS;
        for zone in Zone::ALL {
            let mut held_a = HeldPages::new(a);
            let mut held_b = HeldPages::new(b);
            let pages = zone.backing(0..zone.size());
            let mut from = pages.start;
            while let Some(page) = self.suspects.next(None, from, pages.end) {
                from = page + 1;
                let held = [held_a.holds(page), held_b.holds(page)];
                if a.pages.backing_flags(page) & COMMITTED != 0 && held != [false; 2] {
                    for (memory, held, into) in [(a, held[0], &mut in_a), (b, held[1], &mut in_b)] {
                        if held { memory.copy_page(page, into) } else { *into = ZEROS }
                    }
                    self.pages_compared += 1;
                    let found = difference(page, &in_a, &in_b);
                    if found.is_some() {
                        return found;
                    }
                }
                self.suspects.clear(page);
            }
        }
        None
    }
}
