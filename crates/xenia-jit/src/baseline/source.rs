//! The source of units: guest words on watched pages, up to the start of other code.
//!
//! A page is watched and its version read before its words, as `GuestMemory::watch_code_page`
//! requires.

use super::entries::PairEntries;
use super::unit::{Block, Discovery, Source};
use crate::code::cache::MAX_CODE_CHANGES;
use crate::code::entries::Entries;
use crate::code::pages::PageVersion;
use fnv::FnvHashMap;
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_memory::{GuestMemory, Watch};

const PAGE_WORDS: usize = PAGE_SIZE as usize / 4;

/// A bit set of the words that units contain, by guest page.
pub(super) type Covered = FnvHashMap<u32, Box<[u64; PAGE_WORDS / 64]>>;

/// Whether the word at `pc` belongs to a unit.
pub(super) fn covers(covered: &Covered, pc: u32) -> bool {
    let word = (pc % PAGE_SIZE / 4) as usize;
    covered.get(&(pc / PAGE_SIZE)).is_some_and(|bits| bits[word / 64] >> (word % 64) & 1 != 0)
}

/// Adds the word at `pc`.
pub(super) fn cover(covered: &mut Covered, pc: u32) {
    let word = (pc % PAGE_SIZE / 4) as usize;
    let bits = covered.entry(pc / PAGE_SIZE).or_insert_with(|| Box::new([0; PAGE_WORDS / 64]));
    bits[word / 64] |= 1 << (word % 64);
}

/// Whether code on a page has changed so often that it is better interpreted.
pub(super) fn changes_often(changes: &FnvHashMap<u32, u32>, page: u32) -> bool {
    changes.get(&page).is_some_and(|&changes| changes >= MAX_CODE_CHANGES)
}

/// Guest code on pages that are watched before they are read.
pub(super) struct PagesRead<'a> {
    pub(super) guest: &'a GuestMemory,
    pub(super) entries: &'a PairEntries,
    /// Entries of the optimizing tier: units end at them.
    pub(super) optimized: &'a Entries,
    /// Changes by page, if pages that change often are to be interpreted.
    pub(super) changes: Option<&'a FnvHashMap<u32, u32>>,
    /// Words of other units: a block that would begin at one ends the unit.
    pub(super) covered: Option<&'a Covered>,
    pub(super) start: u32,
    /// The last page that was requested, if any.
    pub(super) last: Option<LastPage>,
    /// Pages that were read.
    pub(super) pages: Vec<PageVersion>,
}

/// A requested page, and whether it may be read.
#[derive(Clone, Copy)]
pub(super) struct LastPage {
    number: u32,
    may_read: bool,
}

impl PagesRead<'_> {
    fn may_read(&mut self, pc: u32) -> bool {
        let Some(page) = GuestMemory::page_index(GuestAddr(pc)) else { return false };
        if self.pages.iter().any(|read| read.page == page) {
            return true;
        }
        if self.changes.is_some_and(|changes| changes_often(changes, page)) {
            return false;
        }
        match self.guest.watch_code_page(page) {
            Some((version, Watch::Protected)) => {
                self.pages.push(PageVersion { page, version });
                true
            }
            _ => false,
        }
    }

    /// The pages that have words of a unit. Others were read in search of its cases, or of the
    /// start of another function: their words are not in its code.
    pub(super) fn into_pages_of(self, unit: &Discovery) -> Vec<PageVersion> {
        let is_on = |block: &Block, page| {
            let mut words = (block.first..block.end).step_by(PAGE_WORDS).chain([block.end - 1]);
            words.any(|word| GuestMemory::page_index(GuestAddr(unit.address(word))) == Some(page))
        };
        let mut pages = self.pages;
        pages.retain(|read| unit.blocks.iter().any(|block| is_on(block, read.page)));
        pages
    }
}

impl Source for PagesRead<'_> {
    fn fetch(&mut self, pc: u32) -> Option<u32> {
        let number = pc / PAGE_SIZE;
        let may_read = match self.last {
            Some(last) if last.number == number => last.may_read,
            _ => {
                let may_read = self.may_read(pc);
                self.last = Some(LastPage { number, may_read });
                may_read
            }
        };
        if may_read { self.guest.fetch_u32(pc).ok() } else { None }
    }

    fn is_elsewhere(&self, pc: u32) -> bool {
        pc != self.start
            && (self.entries.offset(pc) != 0
                || self.optimized.offset(pc) != 0
                || self.covered.is_some_and(|covered| covers(covered, pc)))
    }
}
