//! Predecoded blocks: found once, entered many times.
//!
//! A block is a run of instructions from its start up to the first one that must be last (branches, `sc`,
//! `isync`, `icbi`, MSR writes, time-base reads, words that are no instruction), the end of the page,
//! or [`LONGEST`]. It never crosses a page, so one version says whether it still stands.
//!
//! - Building: the page's version is read, the page watched, then the words are read. At each entry the
//!   version is compared (one Acquire load); another version means reading the words again.
//! - A page that keeps changing (code and data together) is not worth watching: after [`RESTLESS`] renewals
//!   a block compares its words at each entry instead. So does a block on a page that can't be watched. Such a block ends
//!   behind its first store, and a store to a watched page is refused ([`xenia_memory::FaultKind::HoldsCode`]), so that it ends the run
//!   of its block: either way the next instruction is what memory then holds.
//! - A slot belongs to one start address for as long as the cache lives, so links between blocks
//!   need no unlinking: they name slots, and every entry checks.
//! - Handlers depend on which facilities MSR enables; a change of those empties the cache.
//! - Blocks count how often they are reached, for engines that compile what is warm; the interpreter
//!   alone does not look at the counts.

use crate::interp::{
    Handler, ILLEGAL, PairHandler, UNAVAILABLE, facility, handler_of, must_be_last, pair_of, stores,
};
use crate::{PpcContext, msr_bit};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_isa::{Instruction, Op, decode};
use xenia_memory::{GuestMemory, MemoryFault, Watch};

/// Instructions in the longest block.
const LONGEST: usize = 128;
/// Renewals after which a block compares words instead of versions.
const RESTLESS: u32 = 64;
/// Blocks at which the cache is emptied: more than any title's code has.
const MOST_BLOCKS: usize = 1 << 19;
/// Decoded instructions at which it is: 32 MiB of them. Blocks may overlap, so their number alone says little.
const MOST_INSTRUCTIONS: usize = 1 << 21;
/// Pages with blocks at which the cache is emptied (64 MiB of code).
const MOST_PAGES: usize = 1 << 14;
/// Starts of functions that are kept until they are asked for.
const MOST_CALLED: usize = 1 << 12;
/// Blocks and pages that there is room for from the start: what is not used costs nothing, and what grows is copied.
const ROOM: (usize, usize) = (1 << 13, 1 << 8);
/// Words of a page.
const PAGE_WORDS: usize = PAGE_SIZE as usize / 4;
/// Stands for "no page": its version is always 0.
const NO_PAGE: u32 = u32::MAX;
/// Page and version of a block that is never current without a look at its words.
const COMPARE_WORDS: (u32, u32) = (NO_PAGE, 1);
/// No instruction has this address.
const NOWHERE: u32 = 1;

/// An instruction ready to run.
#[derive(Clone, Copy)]
pub(crate) struct Predecoded {
    pub(crate) run: Handler,
    pub(crate) i: Instruction,
}

/// Index of a block in its cache.
pub(crate) type Slot = u32;

pub(crate) struct Block {
    pub(crate) start: u32,
    /// Address after the last instruction.
    pub(crate) end: u32,
    /// Page and version that the words were read from; [`NO_PAGE`] and 1 if words are compared.
    page: u32,
    version: u32,
    renewals: u32,
    /// Blocks that followed, with their start addresses.
    links: [(u32, Slot); 2],
    /// Whether the last instruction is a branch that leaves a return address.
    calls: bool,
    /// How often the block was reached since its warmth was last taken, and whether by compiled code.
    pub(crate) reached: u32,
    pub(crate) wanted: bool,
    /// Whether it was ever reached but by going on with a visit.
    pub(crate) seen: bool,
    /// All of the block's instructions.
    pub(crate) code: Box<[Predecoded]>,
    /// How many of them run one by one if all run; the rest is `pair`.
    pub(crate) singles: usize,
    /// The last two, if they have a handler together.
    pub(crate) pair: Option<(PairHandler, Instruction, Instruction)>,
}

impl Block {
    /// The slot that followed when the block last went on to `pc`.
    #[inline(always)]
    pub(crate) fn linked(&self, pc: u32) -> Option<Slot> {
        let [first, second] = &self.links;
        if first.0 == pc {
            Some(first.1)
        } else if second.0 == pc {
            Some(second.1)
        } else {
            None
        }
    }

    fn set_code(&mut self, code: Box<[Predecoded]>) {
        self.pair = match code[..] {
            [.., first, second] => pair_of(first.i, second.i).map(|handler| (handler, first.i, second.i)),
            _ => None,
        };
        self.singles = code.len() - if self.pair.is_some() { 2 } else { 0 };
        self.calls = code.last().is_some_and(|last| is_call(last.i));
        self.end = self.start.wrapping_add(4 * code.len() as u32);
        self.code = code;
    }

    /// Whether the page still has the version that the block was read from.
    #[inline(always)]
    pub(crate) fn is_current(&self, memory: &GuestMemory) -> bool {
        memory.page_version(self.page) == self.version
    }
}

/// Whether `i` is a branch that leaves a return address.
fn is_call(i: Instruction) -> bool {
    matches!(decode(i.0), Some(Op::bx | Op::bcx | Op::bclrx | Op::bcctrx)) && i.lk()
}

/// The blocks that start on one guest page.
struct PageBlocks {
    /// Per word: 1 + slot of the block that starts there, or 0.
    slots: [u32; PAGE_WORDS],
    /// Version that the page had when it was watched last. While it has it, the watch stands.
    watched: Option<u32>,
}

/// The blocks of one interpreter.
pub(crate) struct BlockCache {
    pub(crate) blocks: Vec<Block>,
    /// Per guest page: 1 + index in `tables`, or 0.
    pages: Vec<u32>,
    tables: Vec<PageBlocks>,
    /// The MSR bits that handlers were chosen for.
    facilities: u64,
    /// Starts of functions: where calls led, and the first block of all.
    called: Vec<u32>,
    /// Instructions of all blocks.
    instructions: usize,
    /// Blocks found to have changed.
    pub(crate) invalidations: u64,
}

const FACILITIES: u64 = msr_bit::FP | msr_bit::VEC;

impl BlockCache {
    pub(crate) fn new() -> Self {
        Self {
            blocks: Vec::with_capacity(ROOM.0),
            pages: vec![0; 1 << 20],
            tables: Vec::with_capacity(ROOM.1),
            facilities: FACILITIES,
            called: Vec::new(),
            instructions: 0,
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

    #[cold]
    fn clear(&mut self) {
        self.blocks.clear();
        self.instructions = 0;
        self.tables.clear();
        self.pages.fill(0);
    }

    /// The slot of the block at `pc`. It may be out of date.
    #[inline]
    pub(crate) fn find(&mut self, memory: &GuestMemory, pc: u32) -> Result<Slot, MemoryFault> {
        if let Some(table) = self.pages[(pc / PAGE_SIZE) as usize].checked_sub(1)
            && pc.is_multiple_of(4)
            && let Some(slot) =
                self.tables[table as usize].slots[(pc % PAGE_SIZE / 4) as usize].checked_sub(1)
        {
            return Ok(slot);
        }
        self.add(memory, pc)
    }

    /// As [`Self::find`], for the block that the one in `from` goes on to. Where a call leads for the first time is
    /// noted.
    pub(crate) fn follow(&mut self, memory: &GuestMemory, from: Slot, pc: u32) -> Result<Slot, MemoryFault> {
        let is_call = self.blocks.get(from as usize).is_some_and(|block| block.calls && block.end != pc);
        let known = self.blocks.len();
        let slot = self.find(memory, pc)?;
        if is_call && self.blocks.len() != known && self.called.len() < MOST_CALLED {
            self.called.push(pc);
        }
        Ok(slot)
    }

    /// Starts of functions found since the last call.
    pub(crate) fn take_called(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.called)
    }

    /// Starts of the blocks that have been reached and lie in `from..to`, in order.
    pub(crate) fn reached_between(&self, from: u32, to: u32) -> Vec<u32> {
        let mut reached = Vec::new();
        let last = to.saturating_sub(1) / PAGE_SIZE;
        for page in from / PAGE_SIZE..=last {
            let Some(table) = self.pages[page as usize].checked_sub(1) else { continue };
            let slots = self.tables[table as usize].slots.iter().filter_map(|slot| slot.checked_sub(1));
            let blocks = slots.map(|slot| &self.blocks[slot as usize]);
            let inside = blocks.filter(|block| block.seen && (from..to).contains(&block.start));
            reached.extend(inside.map(|block| block.start));
        }
        reached
    }

    /// Notes that the block `from` went on to `to`, which starts at `pc`.
    #[inline]
    pub(crate) fn link(&mut self, from: Slot, pc: u32, to: Slot) {
        // Finding `to` may have emptied the cache.
        if let Some(block) = self.blocks.get_mut(from as usize) {
            block.links = [(pc, to), block.links[0]];
        }
    }

    #[cold]
    #[inline(never)]
    fn add(&mut self, memory: &GuestMemory, pc: u32) -> Result<Slot, MemoryFault> {
        // Nothing is kept for addresses that hold no code.
        memory.fetch_u32(pc)?;
        if self.blocks.len() >= MOST_BLOCKS
            || self.instructions >= MOST_INSTRUCTIONS
            || self.tables.len() >= MOST_PAGES
        {
            self.clear();
        }
        let table = &mut self.pages[(pc / PAGE_SIZE) as usize];
        if *table == 0 {
            self.tables.push(PageBlocks { slots: [0; PAGE_WORDS], watched: None });
            *table = self.tables.len() as u32;
        }
        let table = *table as usize - 1;
        let (page, version) = self.tables[table].watch(memory, pc);
        let code = self.predecode(memory, pc, page)?;
        let slot = self.blocks.len() as Slot;
        if slot == 0 && self.called.is_empty() {
            self.called.push(pc);
        }
        let mut block = Block {
            start: pc,
            end: pc,
            page,
            version,
            renewals: 0,
            links: [(NOWHERE, 0); 2],
            calls: false,
            reached: 0,
            wanted: false,
            seen: false,
            code: Box::new([]),
            singles: 0,
            pair: None,
        };
        self.instructions += code.len();
        block.set_code(code);
        self.blocks.push(block);
        self.tables[table].slots[(pc % PAGE_SIZE / 4) as usize] = slot + 1;
        Ok(slot)
    }

    /// Brings a block that is not current up to date.
    #[cold]
    #[inline(never)]
    pub(crate) fn renew(&mut self, memory: &GuestMemory, slot: Slot) -> Result<(), MemoryFault> {
        let start = self.blocks[slot as usize].start;
        let was_watched = self.blocks[slot as usize].page != NO_PAGE;
        if was_watched {
            let table = self.pages[(start / PAGE_SIZE) as usize] as usize - 1;
            let block = &mut self.blocks[slot as usize];
            block.renewals += 1;
            (block.page, block.version) = if block.renewals > RESTLESS {
                COMPARE_WORDS
            } else {
                self.tables[table].watch(memory, start)
            };
        }
        let page = self.blocks[slot as usize].page;
        let is_unchanged = self.words_are_unchanged(memory, slot);
        // From now on it ends behind its first store.
        let ends_sooner = was_watched && page == NO_PAGE;
        if !is_unchanged || ends_sooner {
            self.invalidations += u64::from(!is_unchanged);
            let code = self.predecode(memory, start, page)?;
            let block = &mut self.blocks[slot as usize];
            self.instructions = self.instructions + code.len() - block.code.len();
            block.set_code(code);
        }
        Ok(())
    }

    /// Whether memory still holds the words that the block was made from.
    fn words_are_unchanged(&self, memory: &GuestMemory, slot: Slot) -> bool {
        let block = &self.blocks[slot as usize];
        (block.start..).step_by(4).zip(&block.code).all(|(pc, op)| memory.fetch_u32(pc) == Ok(op.i.0))
    }

    /// Reads and decodes the block at `start`, which rests on the version of `page`.
    fn predecode(
        &self,
        memory: &GuestMemory,
        start: u32,
        page: u32,
    ) -> Result<Box<[Predecoded]>, MemoryFault> {
        let mut code = Vec::with_capacity(16);
        let words = (PAGE_SIZE - start % PAGE_SIZE) as usize / 4;
        for pc in (start..).step_by(4).take(words.min(LONGEST)) {
            let i = match memory.fetch_u32(pc) {
                Ok(word) => Instruction(word),
                Err(fault) if code.is_empty() => return Err(fault),
                // The page's rights are being changed by another thread; the entry there will tell.
                Err(_) => break,
            };
            let (run, last) = self.choose(i);
            code.push(Predecoded { run, i });
            if last || page == NO_PAGE && decode(i.0).is_some_and(stores) {
                break;
            }
        }
        Ok(code.into())
    }

    /// The handler of `i`, and whether it must be last in its block.
    fn choose(&self, i: Instruction) -> (Handler, bool) {
        match decode(i.0) {
            None => (ILLEGAL, true),
            Some(op) if facility(op) & !self.facilities != 0 => (UNAVAILABLE, true),
            Some(op) => (handler_of(op, i), must_be_last(op, i)),
        }
    }
}

impl PageBlocks {
    /// Page and version for words of the page of `pc` that are read after this call.
    fn watch(&mut self, memory: &GuestMemory, pc: u32) -> (u32, u32) {
        let Some(page) = GuestMemory::page_index(GuestAddr(pc)) else { return COMPARE_WORDS };
        if let Some(version) = self.watched
            && memory.page_version(page) == version
        {
            return (page, version);
        }
        match memory.watch_code_page(page) {
            Some((version, Watch::Protected)) => {
                self.watched = Some(version);
                (page, version)
            }
            _ => COMPARE_WORDS,
        }
    }
}
