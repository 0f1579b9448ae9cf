//! The baseline tier's code cache: allocates, publishes, links, withdraws and frees the units of
//! one machine.
//!
//! A unit is published by writing its entries into the table of entries and linking branches to
//! them; it is withdrawn by undoing both. Its code is freed once every engine that may be in it has
//! left ([`crate::code::epochs`]). The code itself does not check page versions: pages with
//! units are watched, and units of pages that changed are withdrawn before code is entered
//! ([`BaselineCache::withdraw_changed`]).
//!
//! An address for which the optimizing tier has code has no entry here, and units that contain such
//! an address after their start are withdrawn ([`BaselineCache::withdraw_entries`]).
//!
//! Limits: code memory ([`BASELINE_CODE`], about 28 million guest instructions),
//! and as much memory for the table of entries, which takes 8 KiB for each 8 KiB of guest memory
//! with units, or 4 KiB if no two neighbouring words have entries. When one of them is full, the
//! units of the coldest 8 KiB are withdrawn ([`BaselineCache::make_room`]). The table of entries,
//! records and sites add some 8 bytes an instruction.

mod lists;
mod thunks;
mod units;
mod withdraw;

use super::call_table;
use super::emit::{Emitter, ThunkCall};
use super::enter::{THUNKS, on_fault};
use super::entries::{PairEntries, PairTables, TABLE_SPAN};
use super::links::Links;
use super::map::BaselineWord;
use super::shares::TierShares;
use super::sites;
use super::source::{Covered, PagesRead, cover, covers};
use super::templates::{CodeOptions, CodeThunk};
use super::unit::{Discovery, Reach};
use super::worth::{UnitMix, Visits};
use crate::JitError;
use crate::code::CodeSize;
use crate::code::entries::Entries;
use crate::code::epochs::Epochs;
use crate::code::memory::{CODE_SIZE, CodeMemory};
use crate::code::pages::PageVersion;
use crate::config::BASELINE_CODE;
use fnv::FnvHashMap;
use lists::Lists;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use units::Units;
use withdraw::Full;
use xenia_host::sparse::HOST_PAGE;
use xenia_lifter::EntryOffset;
use xenia_memory::{CodeHook, GuestMemory, register_code_hook};

/// Limit of host pages that hold entries where code memory is small.
const MIN_TABLES: usize = 64;

/// Limit of withdrawn units that wait for engines; beyond it the cache tries to free them.
const MAX_RETIRED: usize = 64;

const _: () = assert!(BASELINE_CODE == CODE_SIZE, "the default is not all of code memory");

/// A published unit.
struct BaselineUnit {
    start: u32,
    /// End of its words, exclusive.
    end: u32,
    offset: u32,
    size: u32,
    lists: Lists,
    sites: Box<[u8]>,
    work: Work,
    /// Number of units published before it.
    serial: u32,
    /// Withdrawn; kept until no engine can still be in its code.
    is_retired: bool,
}

impl BaselineUnit {
    /// Guest addresses of its entries.
    fn entries(&self) -> impl Iterator<Item = u32> {
        self.lists.entries().map(|index| self.start + 4 * u32::from(index))
    }
}

/// The units of a page of guest memory.
struct PageUnits {
    version: u32,
    units: BTreeSet<u32>,
}

/// Counters of the baseline tier.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BaselineCounts {
    pub(crate) units: u64,
    pub(crate) instructions: u64,
    pub(crate) took: Duration,
    pub(crate) invalidations: u64,
    /// Units withdrawn because code memory was full.
    pub(crate) aged_out: u64,
}

/// The guest instruction at which baseline code was left before it completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) pc: u32,
    /// Instructions that were charged to the budget and not executed.
    pub(super) remaining: u32,
}

/// The work done in a unit, by which hot units are chosen for the optimizing tier.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    /// Instructions executed since the unit was last sent to the optimizing tier, estimated by
    /// samples.
    pub(super) credit: u64,
    /// Instructions executed meanwhile by units that it calls, estimated by the same samples.
    pub(super) by_callees: u64,
    /// Samples that hit the unit; halved whenever code memory is full.
    pub(super) samples: u32,
    /// Visits from other baseline code.
    pub(super) visits: Visits,
    pub(super) mix: UnitMix,
}

/// The baseline tier's code cache of one machine. Engines share it under a lock; code and engines
/// read the table of entries without the lock.
pub(crate) struct BaselineCache {
    // Dropped first: once code memory is unmapped, another mapping may get its addresses, for which
    // the fault hook must not answer.
    _hook: CodeHook,
    memory: CodeMemory,
    tables: PairTables,
    /// Size of the code memory in bytes.
    size: usize,
    /// Limit of host pages that hold entries.
    max_tables: usize,
    discovery: Discovery,
    emitter: Emitter,
    /// Offsets of the thunks that units call.
    thunks: FnvHashMap<CodeThunk, u32>,
    units: Units,
    by_start: BTreeMap<u32, u32>,
    links: Links,
    pages: FnvHashMap<u32, PageUnits>,
    covered: Covered,
    /// Observed changes, by page that held units.
    changes: FnvHashMap<u32, u32>,
    compile_volatile: bool,
    /// Whether a unit was refused as unsupported, which is logged once.
    has_unsupported: bool,
    epochs: Arc<Epochs>,
    /// Withdrawn units, each with the last epoch in which an engine may have entered it.
    retired: Vec<(u64, u32)>,
    pub(crate) counts: BaselineCounts,
    pub(super) shares: TierShares,
}

/// How control reached the address at which a unit is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// By a call: the address is the start of a function.
    Called,
    /// In another way. An address in the middle of a function is then a case of a switch.
    Otherwise,
}

/// Settings of a [`BaselineCache`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct CacheOptions {
    pub(crate) code: CodeOptions,
    /// Whether pages are compiled however often they change.
    pub(crate) compile_volatile: bool,
    /// Limit of the code in bytes.
    pub(crate) size: usize,
}

impl BaselineCache {
    pub(crate) fn new(epochs: Arc<Epochs>, options: CacheOptions) -> Result<Self, JitError> {
        let CacheOptions { code, compile_volatile, size } = options;
        let mut stub = Vec::new();
        stub.extend([0xFF, 0xA5]); // jmp [rbp + missing]
        stub.extend(BaselineWord::Missing.at().to_le_bytes());
        let memory = CodeMemory::new(c"xenia-baseline", &stub, size)?;
        let start = memory.execute_base() as usize;
        let hook = register_code_hook(start..start + CODE_SIZE, Box::new(on_fault))?;
        Ok(Self {
            _hook: hook,
            memory,
            tables: PairTables::new()?,
            size,
            max_tables: (size / HOST_PAGE).max(MIN_TABLES),
            discovery: Discovery::new(),
            emitter: Emitter::new(code),
            thunks: FnvHashMap::default(),
            units: Units::default(),
            by_start: BTreeMap::new(),
            links: Links::default(),
            pages: FnvHashMap::default(),
            covered: FnvHashMap::default(),
            changes: FnvHashMap::default(),
            compile_volatile,
            has_unsupported: false,
            epochs,
            retired: Vec::new(),
            counts: BaselineCounts::default(),
            shares: TierShares::default(),
        })
    }

    /// The table that maps guest addresses to code offsets.
    pub(super) fn entries(&self) -> &Arc<PairEntries> {
        self.tables.entries()
    }

    /// Words of the context that hold the addresses of this cache's code and of the thunks.
    pub(super) fn context_words(&self) -> [(BaselineWord, u64); 2 + THUNKS.len()] {
        let mut words = [(BaselineWord::Code, 0); 2 + THUNKS.len()];
        words[0] = (BaselineWord::Code, self.memory.execute_base());
        words[1] = (BaselineWord::Entries, self.tables.base());
        for (word, (name, thunk)) in words[2..].iter_mut().zip(THUNKS) {
            *word = (name, thunk as *const () as u64);
        }
        words
    }

    /// Whether the word at `pc` belongs to a unit.
    pub(crate) fn covers(&self, pc: u32) -> bool {
        covers(&self.covered, pc)
    }

    /// Compiles the unit at `start`, which has no entry yet. Returns the offset of its code, or
    /// `None` if it can't be compiled now. Blocks for which `optimized` has entries are left out.
    pub(super) fn compile(
        &mut self,
        guest: &GuestMemory,
        optimized: &Entries,
        start: u32,
        arrived: Arrived,
        reach: Reach,
    ) -> Option<u32> {
        let began = Instant::now();
        if self.retired.len() >= MAX_RETIRED {
            self.release_retired();
        }
        let offset = self.compile_unit(guest, optimized, start, arrived, reach);
        self.counts.took += began.elapsed();
        offset
    }

    fn compile_unit(
        &mut self,
        guest: &GuestMemory,
        optimized: &Entries,
        start: u32,
        arrived: Arrived,
        reach: Reach,
    ) -> Option<u32> {
        let inside = arrived == Arrived::Otherwise && self.is_inside(start);
        let entries = Arc::clone(self.tables.entries());
        let mut source = PagesRead {
            guest,
            entries: &entries,
            optimized,
            changes: (!self.compile_volatile).then_some(&self.changes),
            covered: inside.then_some(&self.covered),
            start,
            last: None,
            pages: Vec::new(),
        };
        if !self.discovery.find(start, reach, &mut source) {
            return None;
        }
        let end = self.discovery.address(self.discovery.end() - 1);
        let may_need_page =
            (start / TABLE_SPAN..=end / TABLE_SPAN).any(|table| !self.tables.has_all_pages(table));
        if may_need_page && self.tables.of_code() >= self.max_tables {
            self.make_room(Full::Tables);
            return None;
        }
        let pages = source.into_pages_of(&self.discovery);
        if let Err(why) = self.emit() {
            self.after_no_code(start, why);
            return None;
        }
        let size = self.emitter.code().len();
        let Some(offset) = self.allocate(size) else {
            self.make_room(Full::Code);
            return None;
        };
        // Versions were read before the words: if they are unchanged, so are the words.
        if pages.iter().any(|read| !read.is_current(guest)) {
            self.memory.release(offset, size);
            return None;
        }
        self.publish(offset as u32, start, pages);
        if !inside {
            call_table::set(&self.memory, start, offset as u32);
        }
        Some(offset as u32)
    }

    fn publish(&mut self, offset: u32, start: u32, pages: Vec<PageVersion>) {
        let id = self.units.next_number();
        let emitter = &mut self.emitter;
        for &ThunkCall { field, thunk } in &emitter.thunk_calls {
            let target = i64::from(thunk) - i64::from(offset);
            emitter.templates.e.set_distance(field as usize, target);
        }
        let mut links = Vec::with_capacity(emitter.links.len());
        for link in &emitter.links {
            links.push(self.links.add(offset, link));
            // A call may lead only to the start of a unit, which checks the stack.
            let known = if !link.is_call {
                self.tables.entries().offset(link.target)
            } else if link.target == start {
                offset
            } else {
                self.by_start
                    .get(&link.target)
                    .and_then(|&id| self.units.get(id))
                    .map_or(0, |unit| unit.offset)
            };
            if known != 0 {
                let target = i64::from(known) - i64::from(offset);
                emitter.templates.e.set_distance(link.field as usize, target);
            }
        }
        let size = emitter.code().len() as u32;
        self.memory.write(offset as usize, emitter.code());
        for &EntryOffset { pc, offset: at } in &emitter.entries {
            self.tables.set(pc, offset + at);
            self.links.lead(&mut self.memory, pc, offset + at, pc == start);
        }
        for block in &self.discovery.blocks {
            for index in block.first..block.end {
                cover(&mut self.covered, self.discovery.address(index));
            }
        }
        for &PageVersion { page, version } in &pages {
            let units =
                self.pages.entry(page).or_insert_with(|| PageUnits { version, units: BTreeSet::new() });
            // Units of an older version are withdrawn by the next check, and this one with them.
            units.units.insert(id);
        }
        let entries: Vec<u16> = emitter.entries.iter().map(|entry| ((entry.pc - start) / 4) as u16).collect();
        let unit = BaselineUnit {
            start,
            end: self.discovery.address(self.discovery.end()),
            offset,
            size,
            lists: Lists::new(&entries, &links, pages.iter().map(|read| read.page)),
            sites: emitter.sites.bytes.as_slice().into(),
            work: Work { mix: UnitMix::of(&self.discovery, emitter), ..Work::default() },
            serial: self.counts.units as u32,
            is_retired: false,
        };
        self.counts.units += 1;
        self.counts.instructions += u64::from(unit.work.mix.instructions);
        self.by_start.insert(start, id);
        self.units.insert(unit);
    }

    /// Whether a unit begins at `pc`.
    pub(super) fn is_start(&self, pc: u32) -> bool {
        self.by_start.contains_key(&pc)
    }

    /// Whether `pc` lies inside a unit that begins before it.
    fn is_inside(&self, pc: u32) -> bool {
        let before = self.by_start.range(..pc).next_back();
        before.is_some_and(|(_, &unit)| self.units.get(unit).is_some_and(|unit| pc < unit.end))
    }

    /// Start addresses of the units that begin in `from..to`, in ascending order.
    pub(crate) fn starts_between(&self, from: u32, to: u32) -> Vec<u32> {
        if from < to { self.by_start.range(from..to).map(|(&start, _)| start).collect() } else { Vec::new() }
    }

    /// The host address of the code at an offset.
    pub(super) fn address(&self, offset: u32) -> u64 {
        self.memory.execute_base() + u64::from(offset)
    }

    /// Size in bytes of the code of the unit at an offset.
    pub(super) fn size_at(&mut self, offset: u32) -> usize {
        self.unit_at(offset).map_or(0, |unit| unit.size as usize)
    }

    fn unit_at(&mut self, offset: u32) -> Option<&mut BaselineUnit> {
        let number = self.units.at(offset)?;
        self.units.get_mut(number)
    }

    /// The unit that has the entry `pc`.
    fn unit_of(&mut self, pc: u32) -> Option<&mut BaselineUnit> {
        let offset = self.tables.entries().offset(pc);
        self.unit_at(offset)
    }

    /// The unit whose code contains the host address `host`, and the offset of that in its code.
    fn unit_with(&mut self, host: u64) -> Option<(&mut BaselineUnit, u32)> {
        let offset = u32::try_from(host.checked_sub(self.memory.execute_base())?).ok()?;
        let unit = self.unit_at(offset)?;
        let inside = offset - unit.offset;
        Some((unit, inside))
    }

    /// The guest instruction whose code covers the host address `host`.
    pub(super) fn site(&mut self, host: u64) -> Option<Site> {
        let (unit, inside) = self.unit_with(host)?;
        let found = sites::find(&unit.sites, inside)?;
        Some(Site { pc: unit.start.wrapping_add(4 * found.word), remaining: found.remaining })
    }

    /// Adds executed instructions to the unit with the entry `pc`, and to its caller, the unit that
    /// contains the host address `caller`, if there is one. Returns the totals of the former.
    pub(super) fn credit(&mut self, pc: u32, caller: u64, instructions: u64) -> Option<Work> {
        if let Some((caller, _)) = self.unit_with(caller) {
            caller.work.by_callees += instructions;
        }
        let unit = self.unit_of(pc)?;
        unit.work.credit += instructions;
        unit.work.samples = unit.work.samples.saturating_add(1);
        let work = unit.work;
        self.shares.add_sample(instructions, work.mix.in_long_blocks, work.mix.instructions);
        Some(work)
    }

    /// Instructions credited to the unit with the entry `pc`; 0 if there is no such unit.
    pub(crate) fn credit_of(&mut self, pc: u32) -> u64 {
        self.unit_of(pc).map_or(0, |unit| unit.work.credit)
    }

    /// The words of the unit with the entry `pc`; none if there is no such unit.
    pub(crate) fn words_of(&mut self, pc: u32) -> Range<u32> {
        self.unit_of(pc).map_or(0..0, |unit| unit.start..unit.end)
    }

    /// Adds a profile that began at the entry `pc`: instructions of the unit, and visits of it.
    pub(crate) fn add_profile(&mut self, pc: u32, instructions: u32, visits: u32) {
        if let Some(unit) = self.unit_of(pc) {
            unit.work.visits.add(instructions, visits);
        }
    }

    /// Resets the work counted for the unit with the entry `pc`.
    pub(crate) fn forget_credit(&mut self, pc: u32) {
        if let Some(unit) = self.unit_of(pc) {
            unit.work.credit = 0;
            unit.work.by_callees = 0;
        }
    }

    /// The size of its code.
    pub(crate) fn size(&self) -> CodeSize {
        CodeSize { bytes: self.memory.in_use() as u64, regions: self.units.len() as u64 }
    }
}
