//! The optimizing tier's code cache: publishes, links, withdraws and frees regions.
//!
//! A region is published by writing its entries into the table of entries and the link slots for
//! those addresses; it is withdrawn by clearing them, one store each, without tracking which code
//! links to it. Self-modifying code is handled in [`changes`].
//!
//! # Freeing
//! Withdrawn code may still be running, or hold the return address of a host frame;
//! [`epochs`](crate::code::epochs) determines when neither is the case. New code may then reuse the
//! memory at once: before an address in memory that held other code is published, `code/memory.rs`
//! makes all threads serialize their instruction fetch.
//!
//! # Several engines
//! Engines and compiled code read the tables without the lock; everything else is protected by it,
//! and it is never held while lifting and compiling. Code gets its link slots when it is published.
//! If two engines compile the same code at once, both results are published in turn, and the later
//! one replaces the earlier.
//!
//! When code memory is full, or code lies on more pages than the limit of tables ([`MAX_TABLES`]),
//! everything is withdrawn, and all facts learned about functions and pages are forgotten.

mod changes;
#[cfg(test)]
mod tests;

use crate::JitError;
use crate::code::CodeSize;
use crate::code::entries::{EntryTables, STORED};
use crate::code::epochs::Epochs;
use crate::code::memory::{CODE_SIZE, CodeMemory, SLOTS};
use crate::code::pages::PageVersion;
use crate::code::store::CodeStore;
use crate::functions::{FunctionPlace, Functions};
use changes::Pages;
pub(crate) use changes::{MAX_AGE, MAX_CODE_CHANGES};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use xenia_lifter::cfg::ranges::AddressRanges;
use xenia_lifter::thunks::missing_stub;
use xenia_lifter::{
    Compiled, Landing, LiftError, Mode, Relocation, RelocationTarget, Site, SiteStart, Tables,
};

/// Minimum that a region counts of [`CODE_SIZE`], even if its code is smaller, because the tables
/// for the smallest region take that much.
const MIN_REGION_COST: usize = 1024;
/// Limit of guest pages with code, over all views of memory: each has a table of entries of 4 KiB.
/// As many pages may have only code of the store.
const MAX_TABLES: usize = 1 << 16;

/// A published region.
#[derive(Debug)]
pub(crate) struct Published {
    /// Offset of its code in code memory.
    offset: usize,
    size: usize,
    entries: Vec<u32>,
    /// Address ranges of its instructions.
    covered: AddressRanges,
    pages: Vec<PageVersion>,
    places: Vec<SiteStart>,
    landings: Vec<Landing>,
    retired: bool,
}

struct Retired {
    epoch: u64,
    id: u32,
}

/// The code cache of one mode of a machine. One engine per host thread shares it under a lock;
/// compiled code reads its tables without the lock.
pub(crate) struct CodeCache {
    mode: Mode,
    /// The persistent code cache, which has withdrawn regions and those of earlier runs.
    store: Option<Arc<CodeStore>>,
    memory: CodeMemory,
    tables: EntryTables,
    regions: HashMap<u32, Published>,
    /// Total size counted for the regions, out of [`CODE_SIZE`].
    kept: usize,
    /// [`MAX_TABLES`], or less in tests.
    max_tables: usize,
    by_offset: BTreeMap<usize, u32>,
    pages: Pages,
    next_id: u32,
    slots: HashMap<u32, u32>,
    owners: HashMap<u32, u32>,
    retired: Vec<Retired>,
    epochs: Arc<Epochs>,
    /// Start addresses of the code that engines are lifting.
    lifting: Vec<u32>,
    /// Facts learned about functions.
    pub(crate) functions: Functions,
}

impl CodeCache {
    /// Creates the code cache of `mode`; stored code of that mode gets entries that lead to
    /// `store`.
    pub(crate) fn new(
        epochs: Arc<Epochs>,
        mode: Mode,
        store: Option<Arc<CodeStore>>,
    ) -> Result<Self, JitError> {
        let mut cache = Self::empty(epochs, mode, store)?;
        for pc in cache.store.as_ref().map(|store| store.entries(mode)).unwrap_or_default() {
            cache.mark_stored(pc);
        }
        Ok(cache)
    }

    fn empty(epochs: Arc<Epochs>, mode: Mode, store: Option<Arc<CodeStore>>) -> Result<Self, JitError> {
        Ok(Self {
            mode,
            store,
            memory: CodeMemory::new(c"xenia-code", &missing_stub(), CODE_SIZE)?,
            tables: EntryTables::new()?,
            regions: HashMap::new(),
            kept: 0,
            max_tables: MAX_TABLES,
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

    /// Code memory, whose addresses the context needs.
    pub(crate) fn memory(&self) -> &CodeMemory {
        &self.memory
    }

    /// The table of entries, whose address the context needs, too.
    pub(crate) fn tables(&self) -> &EntryTables {
        &self.tables
    }

    /// The size of its code.
    pub(crate) fn size(&self) -> CodeSize {
        CodeSize { bytes: self.memory.in_use() as u64, regions: self.regions.len() as u64 }
    }

    /// Marks the code at `start` as being lifted. Returns false if another engine is lifting it.
    pub(crate) fn begin_lifting(&mut self, start: u32) -> bool {
        let begins = !self.lifting.contains(&start);
        if begins {
            self.lifting.push(start);
        }
        begins
    }

    /// Ends what [`Self::begin_lifting`] began.
    pub(crate) fn end_lifting(&mut self, start: u32) {
        self.lifting.retain(|&lifted| lifted != start);
    }

    /// The link slot for a guest address.
    pub(crate) fn slot(&mut self, pc: u32) -> u32 {
        if let Some(&slot) = self.slots.get(&pc) {
            return slot;
        }
        // When slots run out, all further targets share the last one, which always leads to the
        // dispatcher.
        let slot = self.slots.len().min(SLOTS - 1) as u32;
        let offset = if slot as usize == SLOTS - 1 { 0 } else { self.tables.entries().offset(pc) };
        self.memory.set_slot(slot, offset);
        if (slot as usize) < SLOTS - 1 {
            self.slots.insert(pc, slot);
        }
        slot
    }

    fn set_entry(&mut self, pc: u32, offset: u32) {
        self.tables.set(pc, offset);
        if let Some(&slot) = self.slots.get(&pc) {
            self.memory.set_slot(slot, offset);
        }
    }

    /// Lets the entry for `pc`, which leads to no code any more, lead to the store, if there is
    /// room for its table. Otherwise its code is restored only when it is hot.
    fn mark_stored(&mut self, pc: u32) {
        let has_room = self.tables.in_use() < self.max_tables;
        self.set_entry(pc, if has_room { STORED } else { 0 });
    }

    /// Copies a region into code memory and publishes its entries, replacing existing ones. `pages`
    /// are those from which it was read, with their versions. Returns the region's number.
    pub(crate) fn publish(&mut self, compiled: Compiled, pages: Vec<PageVersion>) -> Result<u32, JitError> {
        let size = compiled.code.len();
        let full =
            self.kept + size.max(MIN_REGION_COST) > CODE_SIZE || self.tables.of_code() >= self.max_tables;
        let offset = match if full { Err(JitError::CodeMemoryFull) } else { self.memory.allocate(size) } {
            Err(JitError::CodeMemoryFull) => {
                // Code that is still warm is compiled again. No memory is freed before this engine
                // leaves its epoch.
                self.flush();
                return Err(JitError::CodeMemoryFull);
            }
            other => other?,
        };
        let Compiled {
            mut code, tables: Tables { entries, covered, places, landings, relocations, .. }, ..
        } = compiled;
        if let Err(reason) = self.relocate(&mut code, offset, relocations) {
            self.memory.release(offset, size);
            let pc = entries.first().map_or(0, |entry| entry.pc);
            return Err(LiftError::Compile { pc, reason }.into());
        }
        self.memory.write(offset, &code);
        let id = self.next_id;
        self.next_id += 1;
        let mut replaced = BTreeSet::new();
        for entry in &entries {
            replaced.extend(self.owners.insert(entry.pc, id));
            self.set_entry(entry.pc, offset as u32 + entry.offset);
        }
        for &page in &pages {
            self.note_page(page, id);
        }
        let entries = entries.iter().map(|entry| entry.pc).collect();
        self.by_offset.insert(offset, id);
        self.kept += size.max(MIN_REGION_COST);
        let retired = false;
        let region = Published { offset, size, entries, covered, pages, places, landings, retired };
        self.regions.insert(id, region);
        for old in replaced {
            if self.is_unreachable(old) {
                self.withdraw(old);
            }
        }
        Ok(id)
    }

    /// Makes the relocations of a region's code, which will be at an offset of code memory. The
    /// error names the relocation that can't be made.
    fn relocate(
        &mut self,
        code: &mut [u8],
        offset: usize,
        relocations: Vec<Relocation>,
    ) -> Result<(), String> {
        let address = self.memory.execute_base() + offset as u64;
        for relocation in relocations {
            let value = match relocation.symbol {
                RelocationTarget::Slot(pc) => {
                    let slot = self.slot(pc);
                    self.memory.slot_address(slot)
                }
                RelocationTarget::Region => address,
            };
            let done = relocation.apply(code, address, value);
            done.ok_or_else(|| format!("{relocation:?} can't be made"))?;
        }
        Ok(())
    }

    /// Whether other regions have all the entries of a published one.
    fn is_unreachable(&self, id: u32) -> bool {
        let is_lost = |pc| self.owners.get(pc) != Some(&id);
        self.regions.get(&id).is_some_and(|region| region.entries.iter().all(is_lost))
    }

    /// Withdraws all regions, and drops the recorded facts about functions and pages.
    pub(crate) fn flush(&mut self) {
        self.pages.clear();
        for id in self.regions.keys().copied().collect::<Vec<_>>() {
            self.withdraw(id);
        }
        // After the withdrawals, which ask which pages are volatile.
        self.pages.forget_changes();
        self.functions.forget();
    }

    /// Removes the entry that leads to stored code for `pc`, because that code can't be used now.
    pub(crate) fn forget_stored(&mut self, pc: u32) {
        if self.tables.entries().offset(pc) == STORED {
            self.set_entry(pc, 0);
        }
    }

    fn withdraw(&mut self, id: u32) {
        let Some(region) = self.regions.get_mut(&id) else { return };
        if std::mem::replace(&mut region.retired, true) {
            return;
        }
        let pages: Vec<u32> = region.pages.iter().map(|read| read.page).collect();
        let comes_back = !pages.iter().any(|&page| self.pages.is_volatile(page));
        for pc in std::mem::take(&mut region.entries) {
            if self.owners.get(&pc) == Some(&id) {
                self.owners.remove(&pc);
                let is_kept = comes_back && self.store.as_ref().is_some_and(|store| store.has(self.mode, pc));
                if is_kept {
                    self.mark_stored(pc);
                } else {
                    self.set_entry(pc, 0);
                }
            }
        }
        for page in pages {
            self.pages.leave(page, id);
        }
        // Last: an engine that enters in the new epoch can't find the region. One that is still in
        // its code needs its sites, so it stays in `by_offset`.
        self.retired.push(Retired { epoch: self.epochs.advance(), id });
    }

    /// Frees withdrawn regions that no engine can still be in.
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
                self.kept -= region.size.max(MIN_REGION_COST);
                self.memory.release(region.offset, region.size);
            }
        }
        if self.regions.is_empty() {
            self.memory.release_all();
            self.tables.give_back_empty();
            // No code is left that refers to a slot.
            for &slot in self.slots.values() {
                self.memory.set_slot(slot, 0);
            }
            self.slots.clear();
        }
    }

    /// The guest instruction whose code covers a host address.
    pub(crate) fn site_of(&self, host: u64) -> Option<Site> {
        let (region, offset) = self.region_at(host)?;
        Compiled::site(&region.places, offset)
    }

    /// Withdraws the region with code at a host address. Its piece may be compiled again.
    pub(crate) fn withdraw_at(&mut self, host: u64) {
        let Some(id) = self.id_at(host) else { return };
        let start = self.regions.get(&id).and_then(|region| region.entries.first().copied());
        self.withdraw(id);
        if let Some(start) = start {
            self.functions.allow_recompilation(start);
        }
    }

    /// The region with code at a host address.
    fn id_at(&self, host: u64) -> Option<u32> {
        let offset = usize::try_from(host.checked_sub(self.memory.execute_base())?).ok()?;
        self.by_offset.range(..=offset).next_back().map(|(_, &id)| id)
    }

    /// The host address of the fault exit of the access at a host address.
    pub(crate) fn landing_of(&self, host: u64) -> Option<u64> {
        let (region, offset) = self.region_at(host)?;
        let index = region.landings.binary_search_by_key(&offset, |landing| landing.access).ok()?;
        Some(host - u64::from(offset) + u64::from(region.landings[index].exit))
    }

    /// The region with code at a host address, and the offset of the address in it.
    fn region_at(&self, host: u64) -> Option<(&Published, u32)> {
        let region = self.regions.get(&self.id_at(host)?)?;
        let offset = usize::try_from(host.checked_sub(self.memory.execute_base())?).ok()?;
        Some((region, (offset - region.offset) as u32))
    }

    /// Host code of the region that has `pc` as an entry, with the offset of that entry in it.
    pub(crate) fn code_of(&self, pc: u32) -> Option<Vec<u8>> {
        self.bytes_of(*self.owners.get(&pc)?)
    }

    /// Host code of a region.
    pub(crate) fn bytes_of(&self, region: u32) -> Option<Vec<u8>> {
        let region = self.regions.get(&region)?;
        Some(self.memory.read(region.offset, region.size))
    }

    /// The address at which the code of a region runs.
    pub(crate) fn address_of(&self, region: u32) -> Option<u64> {
        Some(self.memory.execute_base() + self.regions.get(&region)?.offset as u64)
    }

    /// Address ranges covered by the code of the piece around `pc`; none if it is not compiled.
    pub(crate) fn covered_at(&self, pc: u32) -> AddressRanges {
        let region = self.functions.region_at(pc).and_then(|id| self.regions.get(&id));
        region.filter(|region| !region.retired).map(|region| region.covered.clone()).unwrap_or_default()
    }

    /// The function and the piece that contain `pc`.
    pub(crate) fn place(&self, pc: u32) -> FunctionPlace {
        self.functions.place(pc, |region| {
            let region = self.regions.get(&region).filter(|region| !region.retired)?;
            Some(region.covered.contains(pc))
        })
    }
}
