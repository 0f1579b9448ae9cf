//! Code that changes: which pages have code, of which version, and how often that changed.
//!
//! Compiled code compares no page versions. An engine that is about to enter it looks at the
//! memory's epoch, and if that has moved, has what is on changed pages withdrawn
//! ([`CodeCache::withdraw_changed`]) first: when a visit begins, when the kernel or the interpreter
//! has been at work, and after `isync` or `icbi` if anything was written meanwhile. Withdrawn by
//! one engine, it is out of all others' tables. A region that is published while one of its pages
//! changes is found by the next look, as the page's version moves before the epoch does.

use super::CodeCache;
use std::collections::{BTreeSet, HashMap};

/// Withdrawals after which a page's code is not compiled any more, in either tier.
pub(crate) const FLIP_LIMIT: u32 = 12;
/// A page with code.
struct PageCode {
    page: u32,
    /// The version that the code was read at.
    version: u32,
    /// The regions that were.
    regions: BTreeSet<u32>,
}

/// Pages with code.
#[derive(Default)]
pub(super) struct Pages {
    /// In order, those of regions that are not withdrawn.
    code: Vec<PageCode>,
    /// Changes seen of pages that held code.
    flips: HashMap<u32, u32>,
    /// No page is restless, however often it changes.
    compile_restless: bool,
}

impl Pages {
    /// Where `page` is among those with code, or would be.
    fn find(&self, page: u32) -> Result<usize, usize> {
        self.code.binary_search_by_key(&page, |code| code.page)
    }

    /// Whether code on `page` changed so often that it is better interpreted.
    pub(super) fn is_restless(&self, page: u32) -> bool {
        !self.compile_restless && self.flips.get(&page).is_some_and(|&flips| flips >= FLIP_LIMIT)
    }

    /// Region `id` is no longer on `page`.
    pub(super) fn leave(&mut self, page: u32, id: u32) {
        if let Ok(at) = self.find(page) {
            self.code[at].regions.remove(&id);
            if self.code[at].regions.is_empty() {
                self.code.remove(at);
            }
        }
    }

    /// No page has code; what changed is still known.
    pub(super) fn clear(&mut self) {
        self.code.clear();
    }

    /// No page has changed.
    pub(super) fn forget_changes(&mut self) {
        self.flips.clear();
    }
}

impl CodeCache {
    /// Notes that region `id` was read from `page` at `version`, which it has now.
    pub(super) fn note_page(&mut self, page: u32, version: u32, id: u32) {
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

    /// Withdraws the regions on pages whose version has moved. Gives how many there were.
    pub(crate) fn withdraw_changed(&mut self, version: &dyn Fn(u32) -> u32) -> u64 {
        let moved = self.pages.code.iter().filter(|code| version(code.page) != code.version);
        let moved: Vec<u32> = moved.map(|code| code.page).collect();
        let mut withdrawn = 0;
        for page in moved {
            // It may be gone with the regions of another one.
            if let Ok(at) = self.pages.find(page) {
                withdrawn += self.page_changed(at);
            }
        }
        withdrawn
    }

    /// Withdraws all on the page that is `at` in the list. Gives how many regions it was.
    fn page_changed(&mut self, at: usize) -> u64 {
        let PageCode { page, regions, .. } = self.pages.code.remove(at);
        *self.pages.flips.entry(page).or_default() += 1;
        for &id in &regions {
            let start = self.regions.get(&id).and_then(|region| region.entries.first().copied());
            self.withdraw(id);
            if let Some(start) = start {
                self.functions.changed(start);
            }
        }
        regions.len() as u64
    }

    /// Whether pages are compiled however often they change.
    pub(crate) fn set_compile_restless(&mut self, compile_restless: bool) {
        self.pages.compile_restless = compile_restless;
    }

    /// Whether code on `page` changed so often that it is better interpreted.
    pub(crate) fn is_restless(&self, page: u32) -> bool {
        self.pages.is_restless(page)
    }
}
