//! Dirty-page tracking: reports which pages of an address space were written, by any thread or
//! system call, from the host's page tables ([`WrittenPages`]). Hosts without it have no tracker;
//! callers then read all of memory.

use crate::layout::PAGE_SHIFT;
use crate::memory::GuestMemory;
use std::ops::Range;
use xenia_host::written_pages::WrittenPages;

/// Reports the pages of one address space that were written since the last query.
pub(crate) struct DirtyTracker {
    written: WrittenPages,
    /// Host addresses of guest address 0 in both views.
    bases: [usize; 2],
}

impl DirtyTracker {
    /// Starts tracking; `None` if the host does not support it.
    pub(crate) fn new(memory: &GuestMemory) -> Option<Self> {
        let views = memory.mapping.views();
        let written = WrittenPages::start(&views)?;
        let mut tracker = Self { written, bases: views.map(|view| view.start) };
        // Scanning one page tests whether the host supports the request.
        let page = 0..1;
        tracker.take(&[page], |_| ()).then_some(tracker)
    }

    /// Calls `f` with the ranges of guest pages in `among` that were written since they were last
    /// queried (or since the start), and resets their state. Pages that were only read for the
    /// first time may be included. False if the host refused: the written pages are then unknown.
    pub(crate) fn take(&mut self, among: &[Range<u32>], mut f: impl FnMut(Range<u32>)) -> bool {
        let written = &mut self.written;
        self.bases.into_iter().flat_map(|base| among.iter().map(move |pages| (base, pages))).all(
            |(base, pages)| {
                let host = |page: u32| base + ((page as usize) << PAGE_SHIFT);
                let page = |host: usize| ((host - base) >> PAGE_SHIFT) as u32;
                written.take(host(pages.start)..host(pages.end), |range| {
                    f(page(range.start)..page(range.end));
                })
            },
        )
    }
}
