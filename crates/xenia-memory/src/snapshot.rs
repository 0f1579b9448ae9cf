//! Page-by-page iteration over all of memory, for digests and comparisons.
//!
//! Pages that were committed but never touched are not read through a mapping, because that would
//! make the host allocate them.

use crate::host;
use crate::layout::{PAGE_SHIFT, ZONES, Zone, canonical_guest_page};
use crate::memory::GuestMemory;
use crate::page_table::COMMITTED;
use xenia_guest::{GuestAddr, PAGE_SIZE};

/// Content of a page.
pub type PageBytes = [u8; PAGE_SIZE as usize];
/// The zones in the order of their lowest addresses.
pub(crate) const ASCENDING: [Zone; ZONES] =
    [Zone::Virtual4K, Zone::Virtual64K, Zone::Cache, Zone::Image, Zone::Physical];
pub(crate) static ZEROS: PageBytes = [0; PAGE_SIZE as usize];

/// Tells which backing pages the host holds data for; queried in ascending order.
pub(crate) struct Held<'a> {
    memory: &'a GuestMemory,
    data: Option<std::ops::Range<u32>>,
}

impl<'a> Held<'a> {
    pub(crate) fn new(memory: &'a GuestMemory) -> Self {
        Self { memory, data: Some(0..0) }
    }

    pub(crate) fn holds(&mut self, page: u32) -> bool {
        while let Some(data) = &self.data {
            if data.contains(&page) {
                return true;
            }
            if page < data.start {
                return false;
            }
            self.data = self.memory.mapping.data_from(page);
        }
        false
    }
}

impl GuestMemory {
    /// Copies a committed backing page.
    pub(crate) fn copy_page(&self, page: u32, into: &mut PageBytes) {
        let addr = canonical_guest_page(page) << PAGE_SHIFT;
        // SAFETY: the alias view maps every backing page permanently.
        unsafe { host::copy_out(self.alias.0, addr, into) };
    }

    /// Zeroes a backing page.
    pub(crate) fn clear_page(&self, page: u32) {
        let addr = canonical_guest_page(page) << PAGE_SHIFT;
        // SAFETY: the alias view maps every backing page permanently.
        unsafe { host::fill(self.alias.0, addr, PAGE_SIZE, 0) };
    }

    /// Writes a whole committed page, and changes its version.
    pub(crate) fn replace_page(&self, page: u32, content: &PageBytes) {
        let addr = canonical_guest_page(page) << PAGE_SHIFT;
        // SAFETY: the alias view maps every backing page permanently.
        unsafe { host::copy_in(self.alias.0, addr, content) };
        self.bump(page);
    }

    /// Calls `f` with the address and a copy of every committed page, in ascending address order.
    /// Memory with several addresses is passed once, at the lowest. For a consistent snapshot,
    /// guest threads must not run meanwhile.
    pub fn for_each_committed_page(&self, mut f: impl FnMut(GuestAddr, &PageBytes)) {
        let mut buffer = ZEROS;
        for zone in ASCENDING {
            let mut held = Held::new(self);
            for page in zone.backing(0..zone.size()) {
                if self.pages.backing_flags(page) & COMMITTED == 0 {
                    continue;
                }
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
