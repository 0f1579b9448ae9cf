//! Self-modifying code: tracks which pages have code, of which version, and how often they change.
//!
//! Compiled code does not compare page versions. Before an engine enters compiled code it compares
//! the memory's code epoch, and if that has changed, withdraws the regions on changed pages
//! ([`CodeCache::withdraw_changed`]): when a visit begins, after the kernel or the interpreter has
//! run, and after `isync` or `icbi` if code was written meanwhile. A region withdrawn by one engine
//! is gone from the tables of all. If a region is published while one of its pages changes, the
//! next check finds it, because the page's version changes before the epoch does.
//!
//! Pages that are decommitted begin anew: code that is loaded there next is other code.

use super::CodeCache;
use crate::code::pages::PageVersion;
use std::collections::{BTreeSet, HashMap};
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;

/// Number of withdrawals after which a page's code is no longer compiled, in either tier.
pub(crate) const MAX_CODE_CHANGES: u32 = 12;

/// Executed instructions of an engine after which the numbers of changes are halved, so that only
/// pages whose code keeps changing are interpreted.
pub(crate) const MAX_AGE: i64 = 1 << 31;

/// A page with code.
struct PageCode {
    page: u32,
    /// The page's version when the code was read.
    version: u32,
    /// The regions with code on the page.
    regions: BTreeSet<u32>,
}

/// Pages with code.
#[derive(Default)]
pub(super) struct Pages {
    /// In ascending order of pages; only regions that are not withdrawn.
    code: Vec<PageCode>,
    /// Observed changes, by page that held code; halved from time to time.
    changes: HashMap<u32, u32>,
    /// Whether pages are compiled however often they change.
    compile_volatile: bool,
}

impl Pages {
    /// Index of `page` in the list, or the index at which to insert it.
    fn find(&self, page: u32) -> Result<usize, usize> {
        self.code.binary_search_by_key(&page, |code| code.page)
    }

    /// Whether code on `page` changes so often that it is better interpreted.
    pub(super) fn is_volatile(&self, page: u32) -> bool {
        !self.compile_volatile && self.changes.get(&page).is_some_and(|&changes| changes >= MAX_CODE_CHANGES)
    }

    /// Removes region `id` from `page`.
    pub(super) fn leave(&mut self, page: u32, id: u32) {
        if let Ok(at) = self.find(page) {
            self.code[at].regions.remove(&id);
            if self.code[at].regions.is_empty() {
                self.code.remove(at);
            }
        }
    }

    /// Removes all pages, but remembers how often they changed.
    pub(super) fn clear(&mut self) {
        self.code.clear();
    }

    /// Forgets how often pages changed.
    pub(super) fn forget_changes(&mut self) {
        self.changes.clear();
    }
}

impl CodeCache {
    /// Records that region `id` was read from a page, whose version is still current.
    pub(super) fn note_page(&mut self, read: PageVersion, id: u32) {
        let PageVersion { page, version } = read;
        let mut place = self.pages.find(page);
        if let Ok(at) = place
            && self.pages.code[at].version != version
        {
            self.page_changed(at);
            place = self.pages.find(page);
        }
        match place {
            Ok(at) => _ = self.pages.code[at].regions.insert(id),
            Err(at) => self.pages.code.insert(at, PageCode { page, version, regions: BTreeSet::from([id]) }),
        }
    }

    /// Withdraws the regions on pages whose version has changed. Returns their number.
    pub(crate) fn withdraw_changed(&mut self, memory: &GuestMemory) -> u64 {
        let moved = self.pages.code.iter().filter(|code| memory.page_version(code.page) != code.version);
        let moved: Vec<u32> = moved.map(|code| code.page).collect();
        let is_unloaded = moved.iter().any(|&page| !memory.is_page_committed(page));
        let mut withdrawn = 0;
        for page in moved {
            // The page may have been removed along with the regions of another page.
            if let Ok(at) = self.pages.find(page) {
                withdrawn += self.page_changed(at);
            }
        }
        self.pages.changes.retain(|&page, _| memory.is_page_committed(page));
        if is_unloaded {
            self.forget_unloaded(memory);
        }
        withdrawn
    }

    /// Forgets what was learned about functions that are no longer in memory. Functions without a
    /// region have known starts as well, so the baseline tier's pages count like this cache's.
    pub(crate) fn forget_unloaded(&mut self, memory: &GuestMemory) {
        self.functions.forget_at(&|pc| !memory.is_committed(GuestAddr(pc)));
    }

    /// Withdraws all regions on the page at index `at` of the list. Returns their number.
    fn page_changed(&mut self, at: usize) -> u64 {
        let PageCode { page, regions, .. } = self.pages.code.remove(at);
        *self.pages.changes.entry(page).or_default() += 1;
        for &id in &regions {
            let start = self.regions.get(&id).and_then(|region| region.entries.first().copied());
            self.withdraw(id);
            if let Some(start) = start {
                self.functions.allow_recompilation(start);
            }
        }
        regions.len() as u64
    }

    /// Halves the numbers of changes.
    pub(crate) fn halve_changes(&mut self) {
        self.pages.changes.values_mut().for_each(|changes| *changes /= 2);
    }

    /// Forgets how often pages changed.
    pub(crate) fn forget_changes(&mut self) {
        self.pages.forget_changes();
    }

    /// Whether pages are compiled however often they change.
    pub(crate) fn set_compile_volatile(&mut self, compile_volatile: bool) {
        self.pages.compile_volatile = compile_volatile;
    }

    /// Whether code on `page` changes so often that it is better interpreted.
    pub(crate) fn is_volatile(&self, page: u32) -> bool {
        self.pages.is_volatile(page)
    }
}
