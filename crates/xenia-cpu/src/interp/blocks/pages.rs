//! Guest pages with entries: revalidation and eviction.
//!
//! A page's entries hold for one version of its memory, which is compared at each entry of a block.
//! Pages that change often, or can't be watched, have no version: their blocks compare their words
//! instead. The number of pages is limited; the clock algorithm chooses the page to evict.

use super::{BlockCache, CurrentPage, EntryIndex, PAGE_WORDS, PredecodedWord};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_memory::{GuestMemory, Watch};

/// Renewals after which the blocks of a page compare words instead of versions.
const MAX_RENEWALS: u32 = 64;
/// Page index with the constant version 0.
const NO_PAGE: u32 = u32::MAX;
/// Page and version that never match, so that blocks compare their words.
const COMPARE_WORDS: VersionRead = VersionRead { page: NO_PAGE, version: 1 };

/// A page in memory, and its version when words were read from it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct VersionRead {
    page: u32,
    version: u32,
}

/// A guest page that has entries.
#[derive(Clone, Copy)]
pub(super) struct Page {
    /// The guest page's number.
    number: u32,
    /// The source of the words; [`COMPARE_WORDS`] if words are compared.
    read: VersionRead,
    renewals: u32,
    /// Whether the page was entered since the clock hand last passed it.
    is_touched: bool,
}

impl Page {
    /// Whether blocks compare their words at each entry.
    pub(super) fn compares_words(&self) -> bool {
        self.read == COMPARE_WORDS
    }

    fn is_current(&self, memory: &GuestMemory) -> bool {
        memory.page_version(self.read.page) == self.read.version
    }
}

/// Watches guest page `number`. Returns the source of words that are read after this call.
fn watch(memory: &GuestMemory, number: u32) -> VersionRead {
    let Some(page) = GuestMemory::page_index(GuestAddr(number * PAGE_SIZE)) else { return COMPARE_WORDS };
    match memory.watch_code_page(page) {
        Some((version, Watch::Protected)) => VersionRead { page, version },
        _ => COMPARE_WORDS,
    }
}

impl BlockCache {
    /// Marks the page as entered.
    #[inline(always)]
    pub(super) fn go_to(&mut self, page: usize) -> CurrentPage {
        let first = page * PAGE_WORDS;
        let page = &mut self.pages[page];
        page.is_touched = true;
        CurrentPage { number: page.number, first, backing: page.read.page, version: page.read.version }
    }

    /// The index of a guest page. Its entries are revalidated, unless its blocks compare words
    /// themselves.
    pub(super) fn current_page(&mut self, memory: &GuestMemory, number: u32) -> usize {
        let Some(page) = self.directory[number as usize].checked_sub(1) else {
            return self.add_page(memory, number);
        };
        let page = page as usize;
        if !self.pages[page].compares_words() && !self.pages[page].is_current(memory) {
            self.renew(memory, page);
        }
        page
    }

    fn add_page(&mut self, memory: &GuestMemory, number: u32) -> usize {
        let page = if self.pages.len() < self.max_pages {
            self.entries.resize(self.entries.len() + PAGE_WORDS, PredecodedWord::default());
            self.pages.len()
        } else {
            self.evict_page()
        };
        let record = Page { number, read: watch(memory, number), renewals: 0, is_touched: true };
        if page == self.pages.len() {
            self.pages.push(record);
        } else {
            self.pages[page] = record;
        }
        self.directory[number as usize] = page as u32 + 1;
        page
    }

    /// Evicts the next page that has not been entered since the clock hand last passed it. Its
    /// entries and counts are then empty.
    fn evict_page(&mut self) -> usize {
        let page = loop {
            // After one round at most, a page's mark is clear.
            let page = self.hand % self.pages.len();
            self.hand = page + 1;
            if !std::mem::take(&mut self.pages[page].is_touched) {
                break page;
            }
        };
        self.directory[self.pages[page].number as usize] = 0;
        self.empty(page);
        let counts = self.counts.iter_mut().skip(page * PAGE_WORDS).take(PAGE_WORDS);
        counts.for_each(|count| *count = 0);
        page
    }

    fn empty(&mut self, page: usize) {
        self.entries[page * PAGE_WORDS..][..PAGE_WORDS].fill(PredecodedWord::default());
    }

    /// Empties the cache.
    #[cold]
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.counts.clear();
        self.pages.clear();
        self.directory.fill(0);
        self.hand = 0;
    }

    /// Revalidates a page whose version has changed.
    fn renew(&mut self, memory: &GuestMemory, page: usize) {
        let record = &mut self.pages[page];
        record.renewals += 1;
        // The version is read before the words, so that later changes are detected.
        record.read =
            if record.renewals > MAX_RENEWALS { COMPARE_WORDS } else { watch(memory, record.number) };
        let number = record.number;
        let ends_sooner = record.compares_words();
        self.forget_changed(memory, number * PAGE_SIZE, PAGE_WORDS);
        if ends_sooner {
            // From now on blocks end after their first store.
            self.empty(page);
        }
    }

    /// Invalidates the blocks that contain a changed word, among the `count` words from `pc` on.
    pub(super) fn forget_changed(&mut self, memory: &GuestMemory, pc: u32, count: usize) {
        let Some(page) = self.directory[(pc / PAGE_SIZE) as usize].checked_sub(1) else { return };
        let first = page as usize * PAGE_WORDS;
        let from = first + (pc % PAGE_SIZE / 4) as usize;
        for (place, pc) in (from..from + count).zip((pc..).step_by(4)) {
            let entry = self.entries[place];
            if entry.left() != 0 && memory.fetch_u32(pc) != Ok(entry.instruction().0) {
                self.forget(first, place);
            }
        }
    }

    /// Invalidates the blocks of a page, whose entries begin at `first`, that contain the entry at
    /// `place`. Entries that other blocks share are kept.
    fn forget(&mut self, first: EntryIndex, place: EntryIndex) {
        // If the block of one entry ends before `place`, so do the blocks of all earlier entries.
        for before in (first..=place).rev() {
            let entry = self.entries[before];
            if entry.left() <= place - before {
                break;
            }
            self.invalidations += u64::from(entry.is_start());
            self.entries[before] = PredecodedWord::default();
        }
    }
}
