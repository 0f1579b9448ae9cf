//! Page-by-page iteration over all of memory, for digests and comparisons.
//!
//! Pages that were committed but never touched are not read through a mapping, because that would
//! make the host allocate them.

use crate::host;
use crate::layout::{PAGE_SHIFT, Zone, canonical_guest_page};
use crate::memory::GuestMemory;
use std::ops::Range;
use xenia_guest::{GuestAddr, PAGE_SIZE};

/// Content of a page.
pub type PageBytes = [u8; PAGE_SIZE as usize];
pub(crate) static ZEROS: PageBytes = [0; PAGE_SIZE as usize];

/// Finds the backing pages for which the host holds data; queried in ascending order.
pub(crate) struct HeldPages<'a> {
    memory: &'a GuestMemory,
    data: Option<Range<u32>>,
}

impl<'a> HeldPages<'a> {
    pub(crate) fn new(memory: &'a GuestMemory) -> Self {
        // An empty range ends before every page, so the first question goes to the host.
        Self { memory, data: Some(0..0) }
    }

    pub(crate) fn holds(&mut self, page: u32) -> bool {
        self.range_from(page).is_some_and(|data| data.start <= page)
    }

    /// The range with data that includes `page`, or else the next one.
    fn range_from(&mut self, page: u32) -> Option<&Range<u32>> {
        while self.data.as_ref().is_some_and(|data| data.end <= page) {
            self.data = self.memory.mapping.data_from(page);
        }
        self.data.as_ref()
    }
}

impl GuestMemory {
    /// Copies a committed backing page.
    pub(crate) fn copy_page(&self, page: u32, into: &mut PageBytes) {
        let addr = canonical_guest_page(page) << PAGE_SHIFT;
        // SAFETY: the alias view maps every backing page permanently.
        unsafe { host::copy_out(self.alias.0, addr, into) };
    }

    /// Zeroes backing pages, which lie in one part of the table.
    pub(crate) fn clear_pages(&self, pages: Range<u32>) {
        let addr = canonical_guest_page(pages.start) << PAGE_SHIFT;
        // SAFETY: the alias view maps every backing page permanently, those of one part in a row.
        unsafe { host::fill(self.alias.0, addr, pages.len() as u32 * PAGE_SIZE, 0) };
    }

    /// Writes a whole committed page, and changes its version.
    pub(crate) fn replace_page(&self, page: u32, content: &PageBytes) {
        let addr = canonical_guest_page(page) << PAGE_SHIFT;
        // SAFETY: the alias view maps every backing page permanently.
        unsafe { host::copy_in(self.alias.0, addr, content) };
        self.bump(page);
    }

    /// The committed pages of a zone as ranges of backing pages, in ascending order.
    fn committed_in(&self, zone: Zone) -> Vec<Range<u32>> {
        self.zones.lock().committed_in(zone)
    }

    /// Calls `f` with all committed backing pages for which the host holds data. Returns the first
    /// error.
    pub(crate) fn each_held_page<E>(&self, f: &mut dyn FnMut(u32) -> Result<(), E>) -> Result<(), E> {
        for zone in Zone::ALL {
            let mut held = HeldPages::new(self);
            for run in self.committed_in(zone) {
                let mut next = run.start;
                while let Some(data) = held.range_from(next).filter(|data| data.start < run.end) {
                    let pages = data.start.max(next)..data.end.min(run.end);
                    next = pages.end;
                    pages.into_iter().try_for_each(&mut *f)?;
                    if next == run.end {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Calls `f` with the address and a copy of every committed page, in ascending address order.
    /// Memory with several addresses is passed once, at the lowest. For a consistent snapshot,
    /// guest threads must not run meanwhile.
    pub fn for_each_committed_page(&self, mut f: impl FnMut(GuestAddr, &PageBytes)) {
        self.each_committed_page(&mut f);
    }

    fn each_committed_page(&self, f: &mut dyn FnMut(GuestAddr, &PageBytes)) {
        let mut buffer = ZEROS;
        for zone in Zone::ALL {
            let mut held = HeldPages::new(self);
            for page in self.committed_in(zone).into_iter().flatten() {
                let addr = GuestAddr(canonical_guest_page(page) << PAGE_SHIFT);
                if held.holds(page) {
                    self.copy_page(page, &mut buffer);
                    f(addr, &buffer);
                } else {
                    f(addr, &ZEROS);
                }
            }
        }
    }
}
