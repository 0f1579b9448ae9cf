//! Predecoded blocks: found once, entered many times.
//!
//! A block is a run of instructions from its start up to the first one that must be last (branches,
//! `sc`, `isync`, `icbi`, MSR writes, time-base reads, words that are no instruction), the end of
//! the page, or [`LONGEST`]. It never crosses a page, so one version says whether it still stands.
//!
//! # Layout
//! A guest page with code has an [`Entry`] of eight bytes for each of its words, in the order of
//! their addresses. An entry says how its instruction runs and how far its block goes: nothing else
//! belongs to a block, blocks that overlap share their entries, and where a branch leads is found
//! by its address. So code that is seldom seen costs the lines of host cache that its entries lie
//! in, one for eight instructions, and no other.
//!
//! ```text
//!  directory: u32 for a guest page ──► page: version, mark ──► 1,024 entries │ 1,024 counts, if asked for
//! ```
//!
//! # Changes
//! - A page's version is read, the page watched, then its words are read as blocks are entered. At
//!   each entry of a block the version is compared (one Acquire load); another version means
//!   comparing the words that were read ([`pages`]).
//! - A page that keeps changing (code and data together) is not worth watching: after [`RESTLESS`]
//!   renewals blocks compare their words at each entry instead. So do those on a page that can't be
//!   watched. Such a block ends behind its first store, and a store to a watched page is refused
//!   ([`xenia_memory::FaultKind::HoldsCode`]), so that it ends the run of its block: either way the
//!   next instruction is what memory then holds.
//! - Handlers depend on which facilities MSR enables; a change of those empties the cache.
//!
//! # Counts
//! Blocks count how often they are reached, for engines that compile what is warm; the interpreter
//! alone does not look at the counts.
//!
//! # Limit
//! [`MOST_MEMORY`] of entries and counts. Beyond it, a page takes the place of another one that has
//! not been entered for long.

mod entry;
mod pages;
mod threads;

use crate::interp::{Cpu, Step, double_of, pair_of, stores, thread_of};
use crate::{PpcContext, msr_bit};
pub(crate) use entry::Entry;
use pages::Page;
use threads::Numbered;
use xenia_guest::PAGE_SIZE;
use xenia_isa::{Instruction, Op, decode};
use xenia_memory::{GuestMemory, MemoryFault};

/// Instructions that are decoded at once at most.
const LONGEST: usize = 128;
/// Bytes of host memory for entries and counts: 64 MiB of guest code, more than any title has.
const MOST_MEMORY: usize = 192 << 20;
/// Pages that they are for.
const MOST_PAGES: usize = MOST_MEMORY / (PAGE_WORDS * (size_of::<Entry>() + size_of::<u32>()));
/// Starts of functions that are kept until they are asked for.
const MOST_CALLED: usize = 1 << 12;
/// Words of a page.
const PAGE_WORDS: usize = PAGE_SIZE as usize / 4;

/// The place of an entry in its cache.
pub(crate) type Place = usize;

/// In a count: compiled code came here and found none.
const WANTED: u32 = 1 << 31;
/// In a count: the block was ever reached but by going on with a visit.
const SEEN: u32 = 1 << 30;
/// In a count: how often the block was reached since its warmth was last taken.
const REACHED: u32 = SEEN - 1;

/// Instructions of a page that are run now, so that its record need not be asked.
#[derive(Clone, Copy)]
pub(crate) struct Here {
    /// The guest page's number.
    number: u32,
    /// Where its entries begin.
    first: Place,
    /// The page whose version is compared, and the version that it must have.
    backing: u32,
    version: u32,
}

impl Here {
    /// No page has this number.
    pub(crate) const NOWHERE: Self = Self { number: u32::MAX, first: 0, backing: 0, version: 0 };
}

/// The blocks of one interpreter.
pub(crate) struct BlockCache {
    entries: Vec<Entry>,
    /// A count for each entry, up to the last that was needed.
    counts: Vec<u32>,
    /// Per guest page: 1 + index in `pages`, or 0.
    directory: Vec<u32>,
    pages: Vec<Page>,
    most_pages: usize,
    /// Where the search for a page to give up goes on.
    hand: usize,
    threads: Numbered,
    /// The MSR bits that handlers were chosen for.
    facilities: u64,
    /// Starts of functions: where calls led, and the first block of all.
    called: Vec<u32>,
    /// Blocks found to have changed.
    pub(crate) invalidations: u64,
}

const FACILITIES: u64 = msr_bit::FP | msr_bit::VEC;

impl BlockCache {
    pub(crate) fn new() -> Self {
        Self::with_limit(MOST_PAGES)
    }

    /// Keeps the entries of `most_pages` pages at most.
    pub(crate) fn with_limit(most_pages: usize) -> Self {
        Self {
            entries: Vec::new(),
            counts: Vec::new(),
            directory: vec![0; 1 << 20],
            pages: Vec::new(),
            most_pages,
            hand: 0,
            threads: Numbered::new(),
            facilities: FACILITIES,
            called: Vec::new(),
            invalidations: 0,
        }
    }

    /// Makes the handlers those of the facilities that `ctx` enables.
    #[inline]
    pub(crate) fn choose_facilities(&mut self, ctx: &PpcContext) {
        if ctx.msr & FACILITIES != self.facilities {
            self.facilities = ctx.msr & FACILITIES;
            self.clear();
        }
    }

    /// The entry of the block at `pc`, if that can be entered as it is. `here` becomes its page.
    #[inline(always)]
    pub(crate) fn ready(&mut self, memory: &GuestMemory, here: &mut Here, pc: u32) -> Option<Place> {
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

    /// As [`Self::ready`], after having made it so. Where a call leads for the first time is noted.
    #[cold]
    #[inline(never)]
    pub(crate) fn prepare(
        &mut self,
        memory: &GuestMemory,
        here: &mut Here,
        pc: u32,
        is_called: bool,
    ) -> Result<Place, MemoryFault> {
        // Nothing is kept for addresses that hold no code.
        memory.fetch_u32(pc)?;
        let is_first = self.pages.is_empty() && self.called.is_empty();
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
            if (is_called || is_first) && self.called.len() < MOST_CALLED {
                self.called.push(pc);
            }
        }
        Ok(place)
    }

    /// As [`Self::prepare`], for where a block has led that ended before the address `end` with the
    /// instruction at `last`.
    #[cold]
    #[inline(never)]
    pub(crate) fn follow(
        &mut self,
        memory: &GuestMemory,
        here: &mut Here,
        (last, end): (Place, u32),
        pc: u32,
    ) -> Result<Place, MemoryFault> {
        // All may have been forgotten since.
        let is_call = end != pc && self.entries.get(last).is_some_and(|last| is_call(last.instruction()));
        self.prepare(memory, here, pc, is_call)
    }

    /// The instructions of the block at an entry.
    #[inline(always)]
    pub(crate) fn block(&self, place: Place) -> &[Entry] {
        let rest = &self.entries[place..];
        &rest[..rest[0].left()]
    }

    /// Runs instructions of a block.
    #[inline(always)]
    pub(crate) fn run(&self, code: &[Entry], cpu: &mut Cpu<'_>) -> Step {
        let threads = self.threads.all();
        threads.0[code[0].thread()](cpu, code, threads)
    }

    /// Starts of functions found since the last call.
    pub(crate) fn take_called(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.called)
    }

    /// Decodes the block at `pc`, of which nothing is known.
    fn decode(&mut self, memory: &GuestMemory, page: usize, pc: u32) -> Result<(), MemoryFault> {
        let compares_words = self.pages[page].compares_words();
        let word = (pc % PAGE_SIZE / 4) as usize;
        let first = page * PAGE_WORDS + word;
        let most = (PAGE_WORDS - word).min(LONGEST);
        let mut end = first;
        // Instructions behind `end`.
        let mut rest = 0;
        for pc in (pc..).step_by(4).take(most) {
            let known = self.entries[end];
            if known.left() != 0 && !compares_words {
                rest = known.left();
                break;
            }
            let i = match memory.fetch_u32(pc) {
                Ok(word) => Instruction(word),
                Err(fault) if end == first => return Err(fault),
                // The page's rights are being changed by another thread; the entry there will tell.
                Err(_) => break,
            };
            let (thread, last) = thread_of(i, self.facilities);
            self.entries[end] = Entry::new(i, self.threads.number(thread));
            end += 1;
            if last || compares_words && decode(i.0).is_some_and(stores) {
                break;
            }
        }
        for place in first..end {
            self.entries[place].set_left(end - place + rest);
        }
        for place in first..end {
            if let [a, b, ..] = self.block(place)
                && let Some(thread) = pair_of(a.instruction(), b.instruction())
                    .or_else(|| double_of(a.instruction(), b.instruction()))
            {
                let number = self.threads.number(thread);
                self.entries[place].set_thread(number);
            }
        }
        Ok(())
    }
}

/// For engines that compile.
impl BlockCache {
    /// The entry of the block at `pc`.
    pub(crate) fn find(&mut self, memory: &GuestMemory, pc: u32) -> Result<Place, MemoryFault> {
        let mut here = Here::NOWHERE;
        match self.ready(memory, &mut here, pc) {
            Some(place) => Ok(place),
            None => self.prepare(memory, &mut here, pc, false),
        }
    }

    /// Counts the block at `place` as reached `times`. Gives how often it was in all.
    #[inline(always)]
    pub(crate) fn count(&mut self, place: Place, times: u32) -> u32 {
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

    /// Compiled code came to the block at `place`, which was counted, and found none.
    pub(crate) fn want(&mut self, place: Place) {
        self.counts[place] |= WANTED;
    }

    /// How often the block at `place` was reached and whether compiled code did, if that is `limit`
    /// times. Counts anew.
    pub(crate) fn take_count(&mut self, place: Place, limit: u32) -> Option<(u32, bool)> {
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

    /// Starts of the blocks that have been reached and lie in `from..to`, in order.
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

/// Whether `i` is a branch that leaves a return address.
fn is_call(i: Instruction) -> bool {
    matches!(decode(i.0), Some(Op::bx | Op::bcx | Op::bclrx | Op::bcctrx)) && i.lk()
}
