//! Which guest code has host code, and which of it still counts.
//!
//! A region is published by writing its entries into the table of entries and the link slots that name
//! them; it is withdrawn by clearing them, one store each, without a look at who links to it. Whether a
//! region is still right is decided by its page versions, which it compares at each entry; the cache learns of a
//! mismatch when it is left as stale.
//!
//! # Freeing
//! Withdrawn code may still be running, or be the return address of a host frame. Every engine notes the
//! current epoch whenever it has no host frame of guest code; code is released once all running engines
//! have noted a later epoch than the one it was withdrawn in.

use crate::JitError;
use crate::code_memory::{CodeMemory, SLOTS};
use crate::enter::missing_stub;
use crate::function_tier::Compiled;
use crate::lift::Site;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::*};

/// Guest bytes between a function's start and code that is taken for part of it.
const FUNCTION_REACH: u32 = 64 << 10;
/// Withdrawals after which a page's code is not compiled any more.
const FLIP_LIMIT: u32 = 12;
/// Entries that a function may get beyond those that its blocks need.
const EXTRA_ROOTS: usize = 256;

/// An engine that is not running.
pub(crate) const IDLE: u64 = u64::MAX;

/// A published region.
#[derive(Debug)]
pub(crate) struct Published {
    /// Where its code is.
    offset: usize,
    size: usize,
    entries: Vec<u32>,
    instructions: u32,
    /// Address after the last guest instruction.
    end: u32,
    pages: Vec<(u32, u32)>,
    places: Vec<(u32, Option<Site>)>,
}

struct Retired {
    epoch: u64,
    id: u32,
}

/// The machine's code cache. One engine per host thread shares it behind a lock; compiled code reads its
/// tables without.
pub(crate) struct CodeCache {
    memory: CodeMemory,
    regions: HashMap<u32, Published>,
    by_offset: BTreeMap<usize, u32>,
    next_id: u32,
    slots: HashMap<u32, u32>,
    owners: HashMap<u32, u32>,
    retired: Vec<Retired>,
    epoch: u64,
    engines: Vec<Arc<AtomicU64>>,
    /// Starts of functions, with entries that they need beyond those found by following branches.
    functions: BTreeMap<u32, Vec<u32>>,
    /// Ends of functions that came from outside.
    ends: BTreeMap<u32, u32>,
    /// Changes seen of pages that held code, and the version last seen.
    flips: HashMap<u32, (u32, u32)>,
    /// Addresses of instructions that were compiled at some time.
    covered: HashSet<u32>,
    pub(crate) invalidations: u64,
}

impl CodeCache {
    pub(crate) fn new() -> Result<Self, JitError> {
        Ok(Self {
            memory: CodeMemory::new(&missing_stub())?,
            regions: HashMap::new(),
            by_offset: BTreeMap::new(),
            next_id: 1,
            slots: HashMap::new(),
            owners: HashMap::new(),
            retired: Vec::new(),
            epoch: 1,
            engines: Vec::new(),
            functions: BTreeMap::new(),
            ends: BTreeMap::new(),
            flips: HashMap::new(),
            covered: HashSet::new(),
            invalidations: 0,
        })
    }

    /// The tables, for the context.
    pub(crate) fn memory(&self) -> &CodeMemory {
        &self.memory
    }

    /// Adds an engine; it stores [`IDLE`] or the epoch in the result.
    pub(crate) fn add_engine(&mut self) -> Arc<AtomicU64> {
        let epoch = Arc::new(AtomicU64::new(IDLE));
        self.engines.push(Arc::clone(&epoch));
        epoch
    }

    /// The current epoch.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The link slot for a guest address.
    pub(crate) fn slot(&mut self, pc: u32) -> u32 {
        if let Some(&slot) = self.slots.get(&pc) {
            return slot;
        }
        // When slots run out, targets share the last one, which always leads to the dispatcher.
        let slot = self.slots.len().min(SLOTS - 1) as u32;
        let offset = if slot as usize == SLOTS - 1 { 0 } else { self.memory.entry_offset(pc) };
        self.memory.set_slot(slot, offset);
        if (slot as usize) < SLOTS - 1 {
            self.slots.insert(pc, slot);
        }
        slot
    }

    fn set_entry(&mut self, pc: u32, offset: u32) {
        self.memory.set_entry(pc, offset);
        if let Some(&slot) = self.slots.get(&pc) {
            self.memory.set_slot(slot, offset);
        }
    }

    /// Puts a region into code memory and its entries into the tables, over what is there. `pages` are those that
    /// it was read from.
    pub(crate) fn publish(&mut self, compiled: Compiled, pages: Vec<(u32, u32)>) -> Result<(), JitError> {
        self.release_retired();
        let size = compiled.code.len();
        let offset = match self.memory.allocate(size) {
            Err(JitError::CodeMemoryFull) => {
                // Everything goes; what is still warm comes back.
                for id in self.regions.keys().copied().collect::<Vec<_>>() {
                    self.withdraw(id);
                }
                self.release_retired();
                self.memory.allocate(size)?
            }
            other => other?,
        };
        self.memory.write(offset, &compiled.code);
        let id = self.next_id;
        self.next_id += 1;
        let mut replaced = BTreeSet::new();
        for &(pc, at) in &compiled.entries {
            replaced.extend(self.owners.insert(pc, id));
            self.set_entry(pc, offset as u32 + at);
        }
        self.covered.extend(compiled.places.iter().filter_map(|&(_, site)| site).map(|site| site.pc));
        let entries = compiled.entries.iter().map(|&(pc, _)| pc).collect();
        self.by_offset.insert(offset, id);
        let Compiled { instructions, end, places, .. } = compiled;
        self.regions.insert(id, Published { offset, size, entries, instructions, end, pages, places });
        for old in replaced {
            // A region that lost all its entries has no way in any more.
            let lost = self
                .regions
                .get(&old)
                .is_some_and(|r| r.entries.iter().all(|pc| self.owners.get(pc) != Some(&old)));
            if lost {
                self.withdraw(old);
            }
        }
        Ok(())
    }

    /// The entry at `pc` found one of its pages changed: withdraws its region if that is so.
    pub(crate) fn found_stale(&mut self, pc: u32, version: &dyn Fn(u32) -> u32) {
        let Some(&id) = self.owners.get(&pc) else { return };
        let Some(region) = self.regions.get(&id) else { return };
        let moved: Vec<u32> =
            region.pages.iter().filter(|&&(page, was)| version(page) != was).map(|&(page, _)| page).collect();
        if moved.is_empty() {
            return;
        }
        for page in moved {
            // A page with many regions flips once, not once for each.
            let (flips, seen) = self.flips.entry(page).or_default();
            let now = version(page);
            if *seen != now {
                (*flips, *seen) = (*flips + 1, now);
            }
        }
        self.invalidations += 1;
        self.withdraw(id);
    }

    /// Whether code on `page` changed so often that it is better interpreted.
    pub(crate) fn is_restless(&self, page: u32) -> bool {
        self.flips.get(&page).is_some_and(|&(flips, _)| flips >= FLIP_LIMIT)
    }

    /// Whether the instruction at `pc` is part of a region, though perhaps no entry of it: the
    /// next branch or two lead back into compiled code.
    pub(crate) fn covers(&self, pc: u32) -> bool {
        self.covered.contains(&pc)
    }

    /// Instructions of the region that compiling at `pc` would replace; 0 if it would replace none.
    pub(crate) fn instructions_around(&self, pc: u32) -> u32 {
        let start = self.plan(pc).0[0];
        let region = self.owners.get(&start).and_then(|id| self.regions.get(id));
        region.filter(|region| pc < region.end).map_or(0, |region| region.instructions)
    }

    fn withdraw(&mut self, id: u32) {
        let Some(region) = self.regions.get(&id) else { return };
        for pc in region.entries.clone() {
            if self.owners.get(&pc) == Some(&id) {
                self.owners.remove(&pc);
                self.set_entry(pc, 0);
            }
        }
        if !self.retired.iter().any(|r| r.id == id) {
            self.retired.push(Retired { epoch: self.epoch, id });
            self.epoch += 1;
        }
    }

    fn release_retired(&mut self) {
        let oldest = self.engines.iter().map(|e| e.load(Acquire)).min().unwrap_or(IDLE);
        let (free, kept) = std::mem::take(&mut self.retired).into_iter().partition(|r| r.epoch < oldest);
        self.retired = kept;
        let free: Vec<Retired> = free;
        for retired in free {
            if let Some(region) = self.regions.remove(&retired.id) {
                self.by_offset.remove(&region.offset);
                self.memory.release(region.offset, region.size);
            }
        }
    }

    /// The guest instruction whose code covers a host address.
    pub(crate) fn site_of(&self, host: u64) -> Option<Site> {
        let offset = usize::try_from(host.checked_sub(self.memory.execute_base())?).ok()?;
        let (&start, id) = self.by_offset.range(..=offset).next_back()?;
        let region = self.regions.get(id)?;
        Compiled::site(&region.places, (offset - start) as u32)
    }

    /// Host code of the region that `pc` is an entry of, with the offset of that entry.
    pub(crate) fn code_of(&self, pc: u32) -> Option<Vec<u8>> {
        let region = self.regions.get(self.owners.get(&pc)?)?;
        Some(self.memory.read(region.offset, region.size))
    }

    /// Notes that a function starts at `start`.
    pub(crate) fn add_function(&mut self, start: u32, end: Option<u32>) {
        self.functions.entry(start).or_default();
        if let Some(end) = end {
            self.ends.insert(start, end);
        }
    }

    /// The function that `pc` may belong to: its known entries, the first being its start, and its
    /// bounds. With no function known nearby, one that starts at `pc`.
    pub(crate) fn plan(&self, pc: u32) -> (Vec<u32>, (u32, u32)) {
        let start = match self.functions.range(..=pc).next_back() {
            Some((&start, _)) if pc - start < FUNCTION_REACH => start,
            _ => pc,
        };
        let start = match self.ends.get(&start) {
            Some(&end) if pc >= end => pc,
            _ => start,
        };
        let limit = start.saturating_add(FUNCTION_REACH);
        let next = self.functions.range(start.saturating_add(4)..).next().map_or(limit, |(&next, _)| next);
        let end = self.ends.get(&start).copied().unwrap_or(next).min(limit).max(pc.saturating_add(4));
        let mut roots = vec![start];
        roots.extend(self.functions.get(&start).into_iter().flatten());
        (roots, (start, end))
    }

    /// Notes that the function at `start` is also entered at `pc`.
    pub(crate) fn add_entry(&mut self, start: u32, pc: u32) {
        let extra = self.functions.entry(start).or_default();
        if pc != start && !extra.contains(&pc) && extra.len() < EXTRA_ROOTS {
            extra.push(pc);
        }
    }
}
