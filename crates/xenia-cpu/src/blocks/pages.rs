//! Pages with entries: when their words are read again, and which of them is given up for another.

use super::{BlockCache, Entry, Here, PAGE_WORDS, Place};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_memory::{GuestMemory, Watch};

/// Renewals after which the blocks of a page compare words instead of versions.
const RESTLESS: u32 = 64;
/// Stands for "no page": its version is always 0.
const NO_PAGE: u32 = u32::MAX;
/// Page and version of blocks that are never current without a look at their words.
const COMPARE_WORDS: (u32, u32) = (NO_PAGE, 1);

/// A guest page that has entries.
#[derive(Clone, Copy)]
pub(super) struct Page {
    /// The guest page's number.
    number: u32,
    /// Page and version that the words were read from; [`COMPARE_WORDS`] if words are compared.
    read: (u32, u32),
    renewals: u32,
    /// Whether it was entered since the search for a page to give up last came by.
    is_touched: bool,
}

impl Page {
    /// Whether blocks compare their words at each entry.
    pub(super) fn compares_words(&self) -> bool {
        self.read == COMPARE_WORDS
    }

    fn is_current(&self, memory: &GuestMemory) -> bool {
        memory.page_version(self.read.0) == self.read.1
    }
}

/// Page and version for words of the guest page `number` that are read after this call.
fn watch(memory: &GuestMemory, number: u32) -> (u32, u32) {
    let Some(page) = GuestMemory::page_index(GuestAddr(number * PAGE_SIZE)) else { return COMPARE_WORDS };
    match memory.watch_code_page(page) {
        Some((version, Watch::Protected)) => (page, version),
        _ => COMPARE_WORDS,
    }
}

impl BlockCache {
    /// A page is entered.
    #[inline(always)]
    pub(super) fn go_to(&mut self, page: usize) -> Here {
        let first = page * PAGE_WORDS;
        let page = &mut self.pages[page];
        page.is_touched = true;
        Here { number: page.number, first, backing: page.read.0, version: page.read.1 }
    }

    /// The index of a guest page, whose entries are brought up to date unless its blocks do so
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
        let page = if self.pages.len() < self.most_pages {
            self.entries.resize(self.entries.len() + PAGE_WORDS, Entry::default());
            self.pages.len()
        } else {
            self.give_up_page()
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

    /// Gives up the next page that has not been entered since this last came by: its entries and
    /// counts are empty.
    fn give_up_page(&mut self) -> usize {
        let page = loop {
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
        self.entries[page * PAGE_WORDS..][..PAGE_WORDS].fill(Entry::default());
    }

    /// Forgets everything.
    #[cold]
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.counts.clear();
        self.pages.clear();
        self.directory.fill(0);
        self.hand = 0;
    }

    /// The page's version has moved.
    fn renew(&mut self, memory: &GuestMemory, page: usize) {
        let record = &mut self.pages[page];
        record.renewals += 1;
        record.read = if record.renewals > RESTLESS { COMPARE_WORDS } else { watch(memory, record.number) };
        let (number, ends_sooner) = (record.number, record.compares_words());
        self.forget_changed(memory, number * PAGE_SIZE, PAGE_WORDS);
        if ends_sooner {
            // From now on blocks end behind their first store.
            self.empty(page);
        }
    }

    /// Forgets the blocks with a word that memory no longer holds, among the `count` words from
    /// `pc` on, whose page has entries.
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

    /// Forgets the blocks of a page, whose entries begin at `first`, that go over the entry at
    /// `place`. Entries that other blocks share stay.
    fn forget(&mut self, first: Place, place: Place) {
        // Where one entry's block does not go so far, neither do those before it.
        for before in (first..=place).rev() {
            let entry = self.entries[before];
            if entry.left() <= place - before {
                break;
            }
            self.invalidations += u64::from(entry.is_start());
            self.entries[before] = Entry::default();
        }
    }
}
