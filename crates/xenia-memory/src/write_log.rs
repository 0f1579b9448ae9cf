//! Log of written pages: which pages of an address space have changed since the last query.
//!
//! Where the host reports which pages were written ([`DirtyTracker`]), a query costs those;
//! elsewhere it costs all pages that the host holds data for. A page that is decommitted loses its
//! contents without a write: such pages are found by the rights and by the data that the host
//! holds.

use crate::dirty::DirtyTracker;
use crate::layout::{PAGE_SHIFT, Zone, backing_page};
use crate::memory::GuestMemory;
use crate::page_bits::PageBits;
use crate::page_table::COMMITTED;
use crate::snapshot::{HeldPages, PageBytes, ZEROS};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// A log of the pages that were written. A space has at most one that queries the host; others read
/// all of memory.
pub struct WriteLog {
    memory: Arc<GuestMemory>,
    tracker: Option<DirtyTracker>,
    /// Number of changes of rights at the last query.
    mapping_changes: Option<u64>,
    /// The guest's pages that may be written.
    committed: Vec<Range<u32>>,
    /// Pages written since the last query.
    written: PageBits,
    /// Pages whose last reported content was not zero.
    full: PageBits,
}

impl WriteLog {
    /// A log for which all pages are written.
    pub fn new(memory: Arc<GuestMemory>) -> Self {
        let tracker = DirtyTracker::new(&memory);
        let mut written = PageBits::default();
        written.fill();
        Self {
            memory,
            tracker,
            mapping_changes: None,
            committed: Vec::new(),
            written,
            full: PageBits::default(),
        }
    }

    /// Notes that the caller has given a page this content since the last query. If the page loses
    /// it before the next one, only this records that it had any.
    pub fn note_content(&mut self, page: u32, content: &PageBytes) {
        if *content == ZEROS { self.full.clear(page) } else { self.full.set(page) }
    }

    /// Notes that all pages may have got contents since the last query, other than by guest code.
    pub fn note_restore(&mut self) {
        self.full.fill();
    }

    /// Calls `each` with all backing pages that may have changed since the last query, and their
    /// contents: zero for pages that are not committed. No guest code may run meanwhile.
    pub fn take(&mut self, mut each: impl FnMut(u32, &PageBytes)) {
        self.take_each(&mut each);
    }

    fn take_each(&mut self, each: &mut dyn FnMut(u32, &PageBytes)) {
        let memory = &self.memory;
        // Relaxed: stopping the guest ordered its changes before this.
        let changes = memory.counts.mapping_changes.load(Relaxed);
        let is_moved = self.mapping_changes != Some(changes);
        if is_moved {
            self.committed = memory.committed_pages();
            self.mapping_changes = Some(changes);
        }
        let written = &mut self.written;
        let committed = &self.committed;
        let is_known = self.tracker.as_mut().is_some_and(|tracker| {
            tracker.take(committed, |guest| {
                for page in guest.filter_map(|guest| backing_page(guest << PAGE_SHIFT)) {
                    written.set(page);
                }
            })
        });
        if !is_known {
            // Without the host's report any page may have been written, now and at later queries.
            self.tracker = None;
            self.written.fill();
        }
        let mut content = ZEROS;
        for zone in Zone::ALL {
            let mut held = HeldPages::new(memory);
            let pages = zone.backing(0..zone.size());
            let mut from = pages.start;
            loop {
                // Pages can only have lost their contents where rights have changed.
                let full = is_moved.then_some(&self.full);
                let Some(page) = self.written.next(full, from, pages.end) else { break };
                from = page + 1;
                let is_held = memory.pages.backing_flags(page) & COMMITTED != 0 && held.holds(page);
                if is_held && !self.written.has(page) {
                    continue;
                }
                self.written.clear(page);
                // Skips most pages of a full query: they hold nothing, now and before.
                if !is_held && !self.full.has(page) {
                    continue;
                }
                if is_held {
                    memory.copy_page(page, &mut content);
                } else {
                    content = ZEROS;
                }
                if content != ZEROS {
                    self.full.set(page);
                } else if !self.full.has(page) {
                    continue;
                } else {
                    self.full.clear(page);
                }
                each(page, &content);
            }
        }
    }
}

#[cfg(test)]
mod tests;
