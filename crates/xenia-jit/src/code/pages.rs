//! Pages from which code was read: their versions, and watches on them.

use std::collections::BTreeSet;
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_memory::{GuestMemory, Watch};

/// A page from which code was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageVersion {
    /// Index of the page.
    pub(crate) page: u32,
    /// Its version before its words were read.
    pub(crate) version: u32,
}

impl PageVersion {
    /// Whether the words are those that were read.
    pub(crate) fn is_current(self, memory: &GuestMemory) -> bool {
        memory.page_version(self.page) == self.version
    }
}

/// Watches the pages at these addresses. Returns them with the versions that they had before.
pub(crate) fn watch_pages(memory: &GuestMemory, pages: &BTreeSet<u32>) -> Option<Vec<PageVersion>> {
    let versions = pages.iter().map(|&page| {
        let index = GuestMemory::page_index(GuestAddr(page))?;
        Some(PageVersion { page: index, version: memory.page_version(index) })
    });
    let versions = versions.collect::<Option<_>>()?;
    for &page in pages {
        if memory.watch_code(GuestAddr(page), PAGE_SIZE).ok()? != Watch::Protected {
            return None;
        }
    }
    Some(versions)
}
