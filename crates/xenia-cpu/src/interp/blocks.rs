//! Block cache of the interpreter: predecoded basic blocks.
//!
//! A block is a run of instructions from its start up to the first one that must be last (branches,
//! `sc`, `isync`, `icbi`, MSR writes, time-base reads, illegal instructions), the end of the page,
//! or [`MAX_DECODED`]; one that runs into a decoded block goes on to the end of that. It never
//! crosses a page, so one page version decides whether it is valid.
//!
//! # Layout
//! A guest page with code has a [`PredecodedWord`] of eight bytes, its entry, for each of its
//! words, in address order. An entry selects the handler of its instruction and holds the length of
//! its block. A block has no other data: overlapping blocks share their entries, and branch targets
//! are found by address. So rarely executed code occupies only the host cache lines of its entries,
//! eight instructions a line.
//!
//! ```text
//!  directory: u32 for a guest page ─► page: version, mark ─► 1,024 entries │ 1,024 counts, if used
//! ```
//!
//! # Self-modifying code
//! - A page's version is read, the page watched, and then its words are read as blocks are entered.
//!   At each entry of a block the version is compared (one Acquire load); if it has changed, the
//!   words are compared ([`pages`]).
//! - A page that changes constantly (code and data together) is not worth watching: after
//!   [`MAX_RENEWALS`] renewals its blocks compare their words at each entry instead. So do blocks
//!   on a page that cannot be watched. Such a block ends after its first store. On other pages, a
//!   store to a watched page is refused ([`xenia_memory::FaultKind::HoldsCode`]) and so ends its
//!   block. Either way the next instruction is fetched from memory after the store.
//! - Handlers depend on the facilities that MSR enables; changing those empties the cache.
//!
//! # Execution counts
//! Blocks count how often they are reached, for engines that compile warm code; the interpreter
//! itself does not use the counts.
//!
//! # Memory limit
//! [`MAX_MEMORY`] of entries and counts. Beyond it, a new page replaces one that has not been
//! entered recently (clock algorithm).

mod entry;
mod handlers;
mod pages;

use super::{ChosenHandler, CpuView, Step, double_of, handler_for, pair_of, stores};
use crate::{PpcContext, msr_bit};
pub(crate) use entry::PredecodedWord;
use handlers::HandlerNumbers;
use pages::Page;
use xenia_guest::PAGE_SIZE;
use xenia_isa::{Instruction, Op, decode};
use xenia_memory::{GuestMemory, MemoryFault};

/// Maximum number of instructions decoded at a time.
const MAX_DECODED: usize = 128;
/// Limit on the host memory of entries and counts: 64 MiB of guest code, more than any title has.
const MAX_MEMORY: usize = 192 << 20;
/// Number of guest pages that fit into [`MAX_MEMORY`].
const MAX_PAGES: usize = MAX_MEMORY / (PAGE_WORDS * (size_of::<PredecodedWord>() + size_of::<u32>()));
/// Limit on recorded function starts between two calls of [`BlockCache::take_called`].
const MAX_CALLED: usize = 1 << 12;
/// Instruction words per page.
const PAGE_WORDS: usize = PAGE_SIZE as usize / 4;

/// Index of an entry in its cache.
pub(crate) type EntryIndex = usize;

/// Flag of a count: compiled code branched to this block, which is not compiled.
const WANTED: u32 = 1 << 31;
/// Flag of a count: the block was reached other than by resuming a visit.
const SEEN: u32 = 1 << 30;
/// Mask of a count: times the block was reached since the count was last taken.
const REACHED: u32 = SEEN - 1;

/// The guest page that is executing, cached so that its record need not be read.
#[derive(Clone, Copy)]
pub(crate) struct CurrentPage {
    /// The guest page's number.
    number: u32,
    /// Index of its first entry.
    first: EntryIndex,
    /// Page whose version is compared, and the version that it must have.
    backing: u32,
    version: u32,
}

impl CurrentPage {
    /// A value that matches no page.
    pub(crate) const NOWHERE: Self = Self { number: u32::MAX, first: 0, backing: 0, version: 0 };
}

/// The block cache of one interpreter.
pub(crate) struct BlockCache {
    entries: Vec<PredecodedWord>,
    /// One count per entry, up to the last one used.
    counts: Vec<u32>,
    /// Per guest page: 1 + index in `pages`, or 0.
    directory: Vec<u32>,
    pages: Vec<Page>,
    max_pages: usize,
    /// Clock hand: where the search for a page to evict continues.
    hand: usize,
    handlers: HandlerNumbers,
    /// The MSR bits that the handlers were chosen for.
    facilities: u64,
    /// Starts of functions: call targets, and the first block executed.
    called: Vec<u32>,
    /// Number of blocks invalidated because their code changed.
    pub(crate) invalidations: u64,
}

const FACILITIES: u64 = msr_bit::FP | msr_bit::VEC;

impl BlockCache {
    pub(crate) fn new() -> Self {
        Self::with_limit(MAX_PAGES)
    }

    /// Creates a cache with entries for at most `max_pages` pages.
    pub(crate) fn with_limit(max_pages: usize) -> Self {
        Self {
            entries: Vec::new(),
            counts: Vec::new(),
            directory: vec![0; 1 << 20],
            pages: Vec::new(),
            max_pages,
            hand: 0,
            handlers: HandlerNumbers::new(),
            facilities: FACILITIES,
            called: Vec::new(),
            invalidations: 0,
        }
    }

    /// Chooses handlers for the facilities that `ctx` enables; if those changed, empties the cache.
    #[inline]
    pub(crate) fn choose_facilities(&mut self, ctx: &PpcContext) {
        if ctx.msr & FACILITIES != self.facilities {
            self.facilities = ctx.msr & FACILITIES;
            self.clear();
        }
    }

    /// The entry of the block at `pc`, if the block is decoded and valid. `here` becomes its page.
    #[inline(always)]
    pub(crate) fn ready(
        &mut self,
        memory: &GuestMemory,
        here: &mut CurrentPage,
        pc: u32,
    ) -> Option<EntryIndex> {
        if pc / PAGE_SIZE != here.number {
            let page = self.directory[(pc / PAGE_SIZE) as usize].checked_sub(1)?;
            *here = self.go_to(page as usize);
        }
        let place = here.first + (pc % PAGE_SIZE / 4) as usize;
        let is_ready = self.entries[place].is_start()
            && memory.page_version(here.backing) == here.version
            && pc.is_multiple_of(4);
        is_ready.then_some(place)
    }

    /// Like [`Self::ready`], but decodes the block if necessary. Records the first execution of
    /// call targets.
    #[cold]
    #[inline(never)]
    pub(crate) fn prepare(
        &mut self,
        memory: &GuestMemory,
        here: &mut CurrentPage,
        pc: u32,
        is_called: bool,
    ) -> Result<EntryIndex, MemoryFault> {
        // Addresses without code get no entries.
        memory.fetch_u32(pc)?;
        let is_first = self.pages.is_empty() && self.called.is_empty();
        // Watches the page and reads its version, so it must precede the reads of its words.
        let page = self.current_page(memory, pc / PAGE_SIZE);
        *here = self.go_to(page);
        let place = here.first + (pc % PAGE_SIZE / 4) as usize;
        if self.pages[page].compares_words() {
            self.forget_changed(memory, pc, self.entries[place].left());
        }
        if self.entries[place].left() == 0 {
            self.decode(memory, page, pc)?;
        }
        if !self.entries[place].is_start() {
            self.entries[place].mark_start();
            if (is_called || is_first) && self.called.len() < MAX_CALLED {
                self.called.push(pc);
            }
        }
        Ok(place)
    }

    /// Like [`Self::prepare`], for the successor of a block that ended before the address `end`
    /// with the instruction at `last`; it was called if that is a call.
    #[cold]
    #[inline(never)]
    pub(crate) fn follow(
        &mut self,
        memory: &GuestMemory,
        here: &mut CurrentPage,
        last: EntryIndex,
        end: u32,
        pc: u32,
    ) -> Result<EntryIndex, MemoryFault> {
        // If the next address follows, the call was not taken, or only reads its own address. The
        // cache may have been emptied since.
        let is_call = end != pc && self.entries.get(last).is_some_and(|last| is_call(last.instruction()));
        self.prepare(memory, here, pc, is_call)
    }

    /// The instructions of the block at an entry.
    #[inline(always)]
    pub(crate) fn block(&self, place: EntryIndex) -> &[PredecodedWord] {
        let rest = &self.entries[place..];
        &rest[..rest[0].left()]
    }

    /// Runs instructions of a block.
    #[inline(always)]
    pub(crate) fn run(&self, code: &[PredecodedWord], cpu: &mut CpuView<'_>) -> Step {
        let table = self.handlers.all();
        table.0[code[0].handler()](cpu, code, table)
    }

    /// Function starts found since the last call.
    pub(crate) fn take_called(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.called)
    }

    /// Decodes the block at `pc`.
    fn decode(&mut self, memory: &GuestMemory, page: usize, pc: u32) -> Result<(), MemoryFault> {
        let compares_words = self.pages[page].compares_words();
        let word = (pc % PAGE_SIZE / 4) as usize;
        let first = page * PAGE_WORDS + word;
        let most = (PAGE_WORDS - word).min(MAX_DECODED);
        let mut end = first;
        // Number of instructions in an existing block at `end` that this one continues into.
        let mut rest = 0;
        for pc in (pc..).step_by(4).take(most) {
            let known = self.entries[end];
            // Where words are compared, those of other blocks may be out of date.
            if known.left() != 0 && !compares_words {
                rest = known.left();
                break;
            }
            let i = match memory.fetch_u32(pc) {
                Ok(word) => Instruction(word),
                Err(fault) if end == first => return Err(fault),
                // Another thread is changing the page's rights; the entry at that address will
                // raise the fault.
                Err(_) => break,
            };
            let ChosenHandler { handler, is_last } = handler_for(i, self.facilities);
            self.entries[end] = PredecodedWord::new(i, self.handlers.number(handler));
            end += 1;
            if is_last || compares_words && decode(i.0).is_some_and(stores) {
                break;
            }
        }
        for place in first..end {
            self.entries[place].set_left(end - place + rest);
        }
        // Not before: a pair needs the length of its block.
        for place in first..end {
            if let [a, b, ..] = self.block(place)
                && let Some(handler) = pair_of(a.instruction(), b.instruction())
                    .or_else(|| double_of(a.instruction(), b.instruction()))
            {
                let number = self.handlers.number(handler);
                self.entries[place].set_handler(number);
            }
        }
        Ok(())
    }
}

/// Interface for engines that compile.
impl BlockCache {
    /// The entry of the block at `pc`.
    pub(crate) fn find(&mut self, memory: &GuestMemory, pc: u32) -> Result<EntryIndex, MemoryFault> {
        let mut here = CurrentPage::NOWHERE;
        match self.ready(memory, &mut here, pc) {
            Some(place) => Ok(place),
            None => self.prepare(memory, &mut here, pc, false),
        }
    }

    /// Counts the block at `place` as reached `times` more often. Returns the total.
    #[inline(always)]
    pub(crate) fn count(&mut self, place: EntryIndex, times: u32) -> u32 {
        if place >= self.counts.len() {
            self.make_counts();
        }
        let count = &mut self.counts[place];
        let reached = (*count & REACHED).saturating_add(times).min(REACHED);
        *count = *count & WANTED | SEEN | reached;
        reached
    }

    #[cold]
    #[inline(never)]
    fn make_counts(&mut self) {
        self.counts.resize(self.entries.len(), 0);
    }

    /// Records that compiled code branched to the block at `place`, which has a count and is not
    /// compiled.
    pub(crate) fn want(&mut self, place: EntryIndex) {
        self.counts[place] |= WANTED;
    }

    /// If the block at `place` was reached `limit` times: the count, and whether compiled code
    /// branched to it. Resets the count.
    pub(crate) fn take_count(&mut self, place: EntryIndex, limit: u32) -> Option<(u32, bool)> {
        let count = self.counts.get(place).copied().unwrap_or_default();
        let reached = count & REACHED;
        if reached < limit {
            return None;
        }
        if let Some(place) = self.counts.get_mut(place) {
            *place = count & SEEN;
        }
        Some((reached, count & WANTED != 0))
    }

    /// Starts of the blocks in `from..to` that have been reached, in address order.
    pub(crate) fn reached_between(&self, from: u32, to: u32) -> Vec<u32> {
        let mut reached = Vec::new();
        let last = to.saturating_sub(1) / PAGE_SIZE;
        for number in from / PAGE_SIZE..=last {
            let Some(page) = self.directory[number as usize].checked_sub(1) else { continue };
            let counts = self.counts.iter().skip(page as usize * PAGE_WORDS).take(PAGE_WORDS);
            let seen = (number * PAGE_SIZE..).step_by(4).zip(counts).filter(|(_, count)| **count & SEEN != 0);
            reached.extend(seen.map(|(pc, _)| pc).filter(|pc| (from..to).contains(pc)));
        }
        reached
    }
}

/// Whether `i` is a branch that sets the link register.
fn is_call(i: Instruction) -> bool {
    matches!(decode(i.0), Some(Op::bx | Op::bcx | Op::bclrx | Op::bcctrx)) && i.lk()
}
