//! Which guest code has host code, and which of it still counts.
//!
//! A region is published by writing its entries into the table of entries and the link slots that
//! name them; it is withdrawn by clearing them, one store each, without a look at who links to it.
//! Code that the guest changes is withdrawn in [`changes`].
//!
//! # Freeing
//! Withdrawn code may still be running, or be the return address of a host frame;
//! [`epochs`](crate::epochs) tells when it is neither. New code may then take its place at once;
//! where other code has been, `code_memory` has all threads fetch anew before an address in it is
//! published.
//!
//! # Several engines
//! Tables are read without the lock, by engines and by compiled code; everything else is behind it,
//! and nobody holds it while lifting and compiling. Code gets its link slots when it is published.
//! What two engines made of the same code at once is published in turn, and the later takes the
//! earlier's place.
//!
//! When code memory is full, or code lies on more pages than there may be tables of entries for
//! ([`MOST_TABLES`]), everything is withdrawn, and with it goes what was learned of functions and
//! pages.

mod changes;
#[cfg(test)]
mod tests;

use crate::JitError;
use crate::code_memory::{CODE_SIZE, CodeMemory, SLOTS, STORED};
use crate::enter::missing_stub;
use crate::epochs::Epochs;
use crate::function_tier::{Compiled, Tables};
use crate::functions::{Functions, Place};
use crate::lift::Site;
use crate::mode::Mode;
use crate::relocation::Symbol;
use crate::store::CodeStore;
pub(crate) use changes::FLIP_LIMIT;
use changes::Pages;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What a region counts at least of [`CODE_SIZE`], whatever its code takes: the tables about the
/// smallest one take that much.
const LEAST_KEPT: usize = 1024;
/// Guest pages with code, of any view of memory: each has a table of entries of 4 KiB.
const MOST_TABLES: usize = 1 << 16;

/// A published region.
#[derive(Debug)]
pub(crate) struct Published {
    /// Where its code is.
    offset: usize,
    size: usize,
    entries: Vec<u32>,
    /// Where its instructions lie: first addresses and those after the last ones, in order.
    covered: Vec<(u32, u32)>,
    pages: Vec<(u32, u32)>,
    places: Vec<(u32, Option<Site>)>,
    /// Whether it has been withdrawn.
    retired: bool,
}

struct Retired {
    epoch: u64,
    id: u32,
}

/// The machine's code cache. One engine per host thread shares it behind a lock; compiled code
/// reads its tables without.
pub(crate) struct CodeCache {
    mode: Mode,
    /// What is kept of what was withdrawn, or comes from an earlier start.
    store: Option<Arc<CodeStore>>,
    memory: CodeMemory,
    regions: HashMap<u32, Published>,
    /// What all of them count of [`CODE_SIZE`].
    kept: usize,
    /// [`MOST_TABLES`], but in tests.
    most_tables: usize,
    by_offset: BTreeMap<usize, u32>,
    pages: Pages,
    next_id: u32,
    slots: HashMap<u32, u32>,
    owners: HashMap<u32, u32>,
    retired: Vec<Retired>,
    epochs: Arc<Epochs>,
    /// Starts of what is being lifted.
    lifting: Vec<u32>,
    /// What is known of functions.
    pub(crate) functions: Functions,
}

impl CodeCache {
    /// The code cache of `mode`, to which what `store` keeps for it is to come back.
    pub(crate) fn new(
        epochs: Arc<Epochs>,
        mode: Mode,
        store: Option<Arc<CodeStore>>,
    ) -> Result<Self, JitError> {
        let mut cache = Self::empty(epochs, mode, store)?;
        for pc in cache.store.as_ref().map(|store| store.entries(mode)).unwrap_or_default() {
            cache.set_entry(pc, STORED);
        }
        Ok(cache)
    }

    fn empty(epochs: Arc<Epochs>, mode: Mode, store: Option<Arc<CodeStore>>) -> Result<Self, JitError> {
        Ok(Self {
            mode,
            store,
            memory: CodeMemory::new(c"xenia-code", &missing_stub(), CODE_SIZE)?,
            regions: HashMap::new(),
            kept: 0,
            most_tables: MOST_TABLES,
            by_offset: BTreeMap::new(),
            pages: Pages::default(),
            next_id: 1,
            slots: HashMap::new(),
            owners: HashMap::new(),
            retired: Vec::new(),
            epochs,
            lifting: Vec::new(),
            functions: Functions::default(),
        })
    }

    /// The tables, for the context.
    pub(crate) fn memory(&self) -> &CodeMemory {
        &self.memory
    }

    /// Bytes of code, and regions of it, with those that are withdrawn and not released yet.
    pub(crate) fn sizes(&self) -> (u64, u64) {
        (self.memory.in_use() as u64, self.regions.len() as u64)
    }

    /// Notes that the code from `start` on is being lifted. False if an engine is at that already.
    pub(crate) fn begin_lifting(&mut self, start: u32) -> bool {
        let begins = !self.lifting.contains(&start);
        if begins {
            self.lifting.push(start);
        }
        begins
    }

    /// Notes that it no longer is.
    pub(crate) fn end_lifting(&mut self, start: u32) {
        self.lifting.retain(|&lifted| lifted != start);
    }

    /// The link slot for a guest address.
    pub(crate) fn slot(&mut self, pc: u32) -> u32 {
        if let Some(&slot) = self.slots.get(&pc) {
            return slot;
        }
        // When slots run out, targets share the last one, which always leads to the dispatcher.
        let slot = self.slots.len().min(SLOTS - 1) as u32;
        let offset = if slot as usize == SLOTS - 1 { 0 } else { self.memory.entries().offset(pc) };
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

    /// Puts a region into code memory and its entries into the tables, over what is there. `pages`
    /// are those that it was read from. Gives its number.
    pub(crate) fn publish(&mut self, compiled: Compiled, pages: Vec<(u32, u32)>) -> Result<u32, JitError> {
        let size = compiled.code.len();
        let full =
            self.kept + size.max(LEAST_KEPT) > CODE_SIZE || self.memory.tables_of_code() >= self.most_tables;
        let offset = match if full { Err(JitError::CodeMemoryFull) } else { self.memory.allocate(size) } {
            Err(JitError::CodeMemoryFull) => {
                // What is still warm comes back; before this engine has left its epoch, nothing is free.
                self.flush();
                return Err(JitError::CodeMemoryFull);
            }
            other => other?,
        };
        let Compiled { mut code, tables: Tables { entries, covered, places, relocations, .. }, .. } =
            compiled;
        let address = self.memory.execute_base() + offset as u64;
        for relocation in relocations {
            let value = match relocation.symbol {
                Symbol::Slot(pc) => {
                    let slot = self.slot(pc);
                    self.memory.slot_address(slot)
                }
                Symbol::Region => address,
            };
            if relocation.apply(&mut code, address, value).is_none() {
                self.memory.release(offset, size);
                let reason = format!("{relocation:?} can't be made");
                return Err(JitError::Compile { pc: entries.first().map_or(0, |&(pc, _)| pc), reason });
            }
        }
        self.memory.write(offset, &code);
        let id = self.next_id;
        self.next_id += 1;
        let mut replaced = BTreeSet::new();
        for &(pc, at) in &entries {
            replaced.extend(self.owners.insert(pc, id));
            self.set_entry(pc, offset as u32 + at);
        }
        for &(page, version) in &pages {
            self.note_page(page, version, id);
        }
        let entries = entries.iter().map(|&(pc, _)| pc).collect();
        self.by_offset.insert(offset, id);
        self.kept += size.max(LEAST_KEPT);
        self.regions.insert(id, Published { offset, size, entries, covered, pages, places, retired: false });
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
        Ok(id)
    }

    /// Withdraws everything, and forgets what was learned on the way there.
    pub(crate) fn flush(&mut self) {
        self.pages.clear();
        for id in self.regions.keys().copied().collect::<Vec<_>>() {
            self.withdraw(id);
        }
        self.pages.forget_changes();
        self.functions.forget();
    }

    /// What is kept for `pc` is of no use now.
    pub(crate) fn forget_stored(&mut self, pc: u32) {
        if self.memory.entries().offset(pc) == STORED {
            self.set_entry(pc, 0);
        }
    }

    fn withdraw(&mut self, id: u32) {
        let Some(region) = self.regions.get_mut(&id) else { return };
        if std::mem::replace(&mut region.retired, true) {
            return;
        }
        let pages: Vec<u32> = region.pages.iter().map(|&(page, _)| page).collect();
        let comes_back = !pages.iter().any(|&page| self.pages.is_restless(page));
        for pc in std::mem::take(&mut region.entries) {
            if self.owners.get(&pc) == Some(&id) {
                self.owners.remove(&pc);
                let is_kept = comes_back && self.store.as_ref().is_some_and(|store| store.has(self.mode, pc));
                self.set_entry(pc, if is_kept { STORED } else { 0 });
            }
        }
        for page in pages {
            self.pages.leave(page, id);
        }
        self.retired.push(Retired { epoch: self.epochs.advance(), id });
    }

    /// Releases what no engine can be in any more.
    pub(crate) fn release_retired(&mut self) {
        if self.retired.is_empty() {
            return;
        }
        let oldest = self.epochs.oldest();
        let (free, kept) = std::mem::take(&mut self.retired).into_iter().partition(|r| r.epoch < oldest);
        self.retired = kept;
        let free: Vec<Retired> = free;
        for retired in free {
            if let Some(region) = self.regions.remove(&retired.id) {
                self.by_offset.remove(&region.offset);
                self.kept -= region.size.max(LEAST_KEPT);
                self.memory.release(region.offset, region.size);
            }
        }
        if self.regions.is_empty() {
            self.memory.release_all();
            // No code is left that names a slot.
            for &slot in self.slots.values() {
                self.memory.set_slot(slot, 0);
            }
            self.slots.clear();
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
        self.bytes_of(*self.owners.get(&pc)?)
    }

    /// Host code of a region.
    pub(crate) fn bytes_of(&self, region: u32) -> Option<Vec<u8>> {
        let region = self.regions.get(&region)?;
        Some(self.memory.read(region.offset, region.size))
    }

    /// Where the code of a region runs.
    pub(crate) fn address_of(&self, region: u32) -> Option<u64> {
        Some(self.memory.execute_base() + self.regions.get(&region)?.offset as u64)
    }

    /// What the code of the piece around `pc` covers, if it is there: starts, and ends, in order.
    pub(crate) fn covered_at(&self, pc: u32) -> &[(u32, u32)] {
        let region = self.functions.region_at(pc).and_then(|id| self.regions.get(&id));
        region.filter(|region| !region.retired).map_or(&[], |region| &region.covered)
    }

    /// Where `pc` belongs.
    pub(crate) fn place(&self, pc: u32) -> Place {
        self.functions.place(pc, |region| {
            let region = self.regions.get(&region).filter(|region| !region.retired)?;
            let after = region.covered.partition_point(|&(start, _)| start <= pc);
            Some(after.checked_sub(1).is_some_and(|last| pc < region.covered[last].1))
        })
    }
}
