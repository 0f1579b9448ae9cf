//! Withdrawal of units: removes them from the tables, from the links to them, and from memory.

mod devices;

use super::super::call_table;
use super::super::emit::NotEmitted;
use super::super::entries::TABLE_SPAN;
use super::super::source::changes_often;
use super::{BaselineCache, PageUnits};
use std::collections::BTreeMap;
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_memory::GuestMemory;

/// The fraction of code memory that is withdrawn when it is full: one part in this many.
const AGED_OUT: usize = 8;

/// Memory that is full.
#[derive(Clone, Copy, Debug)]
pub(super) enum Full {
    Code,
    /// The table of entries has as many pages as it may have.
    Tables,
}

/// Heat of a page of the table of entries.
struct PageHeat {
    /// Samples that hit its units.
    samples: u64,
    /// Serial number of its oldest unit.
    oldest: u32,
    units: Vec<u32>,
}

impl PageHeat {
    /// A page without units.
    const NONE: Self = Self { samples: 0, oldest: u32::MAX, units: Vec::new() };
}

impl BaselineCache {
    /// Withdraws addresses for which the optimizing tier has code now, and units that contain one
    /// of them after their start: entered there, they would run their own code for it, such as a
    /// loop. When they are compiled again, they end at these addresses.
    pub(crate) fn withdraw_entries(&mut self, entries: &[u32]) {
        let mut around = Vec::new();
        for &pc in entries {
            let offset = self.tables.entries().offset(pc);
            let Some(id) = self.units.at(offset).filter(|_| offset != 0) else { continue };
            if self.units.get(id).is_some_and(|unit| unit.start != pc) {
                around.push(id);
            }
        }
        self.hide(entries.iter().copied());
        for id in around {
            let start = self.units.get(id).map(|unit| unit.start);
            if start.is_some_and(|start| self.by_start.get(&start) == Some(&id)) {
                self.withdraw(id);
            }
        }
    }

    /// Removes addresses for which the optimizing tier has code from the table of entries.
    pub(crate) fn hide(&mut self, entries: impl Iterator<Item = u32>) {
        for pc in entries {
            let offset = self.tables.entries().offset(pc);
            if offset == 0 {
                continue;
            }
            self.tables.set(pc, 0);
            self.links.withdraw(&mut self.memory, pc);
            let Some(id) = self.units.at(offset) else { continue };
            let Some(unit) = self.units.get_mut(id) else { continue };
            unit.lists.remove_entry(((pc - unit.start) / 4) as u16);
            if unit.start == pc {
                self.by_start.remove(&pc);
                call_table::clear(&self.memory, pc);
            }
            if unit.lists.has_no_entry() {
                self.withdraw(id);
            }
        }
    }

    /// Withdraws the units on pages whose version has changed. Returns whether one of the pages was
    /// decommitted.
    pub(crate) fn withdraw_changed(&mut self, guest: &GuestMemory) -> bool {
        let moved = self.pages.iter().filter(|(page, units)| guest.page_version(**page) != units.version);
        let moved: Vec<u32> = moved.map(|(&page, _)| page).collect();
        let are_unloaded = moved.iter().any(|&page| !guest.is_page_committed(page));
        // The next code there is other code.
        self.forget_device_sites(guest, &moved);
        for page in moved {
            let Some(PageUnits { units, .. }) = self.pages.remove(&page) else { continue };
            *self.changes.entry(page).or_default() += 1;
            for id in units {
                self.counts.invalidations += u64::from(self.withdraw(id));
            }
        }
        // The next code on a decommitted page is other code.
        self.changes.retain(|&page, _| guest.is_page_committed(page));
        are_unloaded
    }

    /// Whether code on the page of `pc` changes so often that no unit begins there.
    pub(crate) fn is_volatile(&self, pc: u32) -> bool {
        let page = GuestMemory::page_index(GuestAddr(pc)).filter(|_| !self.compile_volatile);
        page.is_some_and(|page| changes_often(&self.changes, page))
    }

    /// Halves the numbers of changes.
    pub(crate) fn halve_changes(&mut self) {
        self.changes.values_mut().for_each(|changes| *changes /= 2);
    }

    /// Forgets how often pages changed.
    pub(crate) fn forget_changes(&mut self) {
        self.changes.clear();
    }

    /// Withdraws a unit. Returns false if it was withdrawn already.
    fn withdraw(&mut self, id: u32) -> bool {
        let Some(unit) = self.units.get_mut(id).filter(|unit| !unit.is_retired) else { return false };
        unit.is_retired = true;
        for pc in unit.entries() {
            self.tables.set(pc, 0);
            self.links.withdraw(&mut self.memory, pc);
        }
        for &link in unit.lists.links() {
            self.links.remove(link);
        }
        for page in unit.lists.pages() {
            if let Some(units) = self.pages.get_mut(page) {
                units.units.remove(&id);
                if units.units.is_empty() {
                    self.pages.remove(page);
                }
            }
        }
        if self.by_start.get(&unit.start) == Some(&id) {
            self.by_start.remove(&unit.start);
            call_table::clear(&self.memory, unit.start);
        }
        for page in unit.start / PAGE_SIZE..=unit.end.wrapping_sub(1) / PAGE_SIZE {
            // At worst, words of other units on these pages are compiled twice.
            self.covered.remove(&page);
        }
        // Last: an engine that enters in the new epoch can't find the unit any more.
        self.retired.push((self.epochs.advance(), id));
        true
    }

    /// Allocates `size` bytes of code memory, freeing withdrawn units if necessary.
    pub(super) fn allocate(&mut self, size: usize) -> Option<usize> {
        let room = self.memory.allocate(size);
        if room.is_err() {
            self.release_retired();
        }
        room.or_else(|_| self.memory.allocate(size)).ok()
    }

    /// Evicts the units of the coldest pages, until they make up one part in [`AGED_OUT`] of code
    /// memory or of the tables. The space is available once every engine has left their code.
    ///
    /// Pages (of [`TABLE_SPAN`] bytes) are evicted as a whole, so that the host gets back their
    /// parts of the table of entries. The heat of a page is the number of samples that hit its
    /// units. Of pages with equal heat the oldest is evicted, because the code of units of one age
    /// is contiguous.
    pub(super) fn make_room(&mut self, full: Full) {
        let retired = self.units.iter_mut().filter(|(_, unit)| unit.is_retired);
        let waiting: usize = retired.map(|(_, unit)| unit.size as usize).sum();
        let (wanted, max_pages) = match full {
            Full::Code => ((self.size / AGED_OUT).saturating_sub(waiting), usize::MAX),
            Full::Tables => (usize::MAX, self.max_tables.div_ceil(AGED_OUT)),
        };
        let mut pages: BTreeMap<u32, PageHeat> = BTreeMap::new();
        for (id, unit) in self.units.iter_mut().filter(|(_, unit)| !unit.is_retired) {
            let page = pages.entry(unit.start / TABLE_SPAN).or_insert(PageHeat::NONE);
            page.samples += u64::from(unit.work.samples);
            page.oldest = unit.serial.min(page.oldest);
            page.units.push(id);
            unit.work.samples /= 2;
        }
        let mut pages: Vec<PageHeat> = pages.into_values().collect();
        pages.sort_unstable_by_key(|page| (page.samples, page.oldest));
        let mut withdrawn = 0;
        let mut count = 0;
        for page in pages.into_iter().take(max_pages) {
            if withdrawn >= wanted {
                break;
            }
            for id in page.units {
                withdrawn += self.units.get(id).map_or(0, |unit| unit.size as usize);
                count += u64::from(self.withdraw(id));
            }
        }
        self.counts.aged_out += count;
        tracing::debug!(
            "baseline: {full:?} memory is full; {count} units of {withdrawn} bytes are withdrawn"
        );
    }

    /// Prepares for the next attempt to compile the unit at `start`; the interpreter runs it
    /// meanwhile.
    pub(super) fn after_no_code(&mut self, start: u32, why: NotEmitted) {
        match why {
            NotEmitted::Full => self.make_room(Full::Code),
            // Room would not help, and each further attempt has the same result.
            NotEmitted::Unsupported(what) => {
                if !std::mem::replace(&mut self.has_unsupported, true) {
                    tracing::error!("baseline: the unit at {start:#010x} has no code: {what}");
                }
            }
        }
    }

    /// Frees withdrawn code that no engine can still be in.
    pub(super) fn release_retired(&mut self) {
        let oldest = self.epochs.oldest();
        let (free, kept) =
            std::mem::take(&mut self.retired).into_iter().partition(|&(epoch, _)| epoch < oldest);
        self.retired = kept;
        let free: Vec<(u64, u32)> = free;
        for (_, id) in free {
            if let Some(unit) = self.units.remove(id) {
                self.memory.release(unit.offset as usize, unit.size as usize);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Arrived, CacheOptions};
    use super::*;
    use crate::JitConfig;
    use crate::baseline::templates::CodeOptions;
    use crate::baseline::unit::Reach;
    use crate::code::cache::MAX_CODE_CHANGES;
    use crate::code::entries::EntryTables;
    use crate::code::epochs::Epochs;
    use std::sync::Arc;
    use xenia_isa::word::{BCTR, BLR, NOP};
    use xenia_memory::{AllocKind, Protect};

    /// A cache with memory for `size` bytes of code, and compiles a called unit in it.
    struct Compiler {
        memory: Arc<GuestMemory>,
        optimized: EntryTables,
        cache: BaselineCache,
    }

    impl Compiler {
        fn new(size: usize) -> Self {
            let code = CodeOptions::of(&JitConfig::default());
            let options = CacheOptions { code, compile_volatile: true, size };
            Self {
                memory: GuestMemory::new().unwrap(),
                optimized: EntryTables::new().unwrap(),
                cache: BaselineCache::new(Epochs::new(), options).unwrap(),
            }
        }

        fn compile(&mut self, pc: u32) -> bool {
            let Self { memory, optimized, cache } = self;
            cache.compile(memory, optimized.entries(), pc, Arrived::Called, Reach::FUNCTION).is_some()
        }
    }

    /// A title has little code on many pages, in two views: the table of entries is full, code
    /// memory is not.
    #[test]
    fn pages_with_units_are_limited() {
        const PAGES: u32 = 500;
        const VIEWS: [u32; 2] = [0x8000_0000, 0x9000_0000];
        let mut compiler = Compiler::new(100 * 4096);
        let size = PAGES * TABLE_SPAN;
        let kind = AllocKind::ReserveCommit;
        let protect = Protect::READ_WRITE;
        compiler.memory.alloc_fixed(GuestAddr(VIEWS[0]), size, kind, protect).unwrap();
        for page in (0..size).step_by(TABLE_SPAN as usize) {
            compiler.memory.write_bytes(GuestAddr(VIEWS[0] + page), &BLR.to_be_bytes()).unwrap();
        }
        for view in VIEWS {
            let mut refused = 0;
            for pc in (view..view + size).step_by(TABLE_SPAN as usize) {
                if !compiler.compile(pc) {
                    refused += 1;
                    assert!(compiler.compile(pc), "{pc:#x}");
                }
                assert!(compiler.cache.tables.of_code() <= 100);
            }
            assert!((20..100).contains(&refused), "{refused}");
        }
    }

    /// The second slots of pairs need memory on pages that have first slots already.
    #[test]
    fn pages_with_neighbouring_units_are_limited() {
        const START: u32 = 0x8000_0000;
        const PAGES: u32 = 80;
        let mut compiler = Compiler::new(100 * 4096);
        let size = PAGES * TABLE_SPAN;
        let kind = AllocKind::ReserveCommit;
        compiler.memory.alloc_fixed(GuestAddr(START), size, kind, Protect::READ_WRITE).unwrap();
        let pairs = (START..START + size).step_by(TABLE_SPAN as usize).flat_map(|page| [page, page + 4]);
        for pc in pairs.clone() {
            compiler.memory.write_bytes(GuestAddr(pc), &BLR.to_be_bytes()).unwrap();
        }
        let mut refused = Vec::new();
        // The first page has one unit, so that the last page of the limit is one of second slots.
        for pc in pairs.skip(1) {
            if !compiler.compile(pc) {
                refused.push(pc % 8);
                assert!(compiler.compile(pc), "{pc:#x}");
            }
            assert!(compiler.cache.tables.of_code() <= 100);
        }
        assert!(refused.contains(&4), "{refused:?}");
    }

    #[test]
    fn neighbouring_units_are_withdrawn_one_by_one_and_with_their_page() {
        const PAIR: [u32; 2] = [0x8000_0000, 0x8000_0004];
        let mut compiler = Compiler::new(64 << 20);
        let kind = AllocKind::ReserveCommit;
        let protect = Protect::READ_WRITE;
        compiler.memory.alloc_fixed(GuestAddr(PAIR[0]), 16 * PAGE_SIZE, kind, protect).unwrap();
        for pc in PAIR {
            compiler.memory.write_bytes(GuestAddr(pc), &BLR.to_be_bytes()).unwrap();
        }
        let has_code = |compiler: &Compiler| PAIR.map(|pc| compiler.cache.tables.entries().offset(pc) != 0);
        assert!(compiler.compile(PAIR[1]));
        for hidden in [1, 0, 0, 1] {
            let other = PAIR[1 - hidden];
            assert!(has_code(&compiler)[1 - hidden] || compiler.compile(other));
            assert_eq!(has_code(&compiler), [true; 2]);
            compiler.cache.hide(std::iter::once(PAIR[hidden]));
            assert_eq!(has_code(&compiler), [hidden != 0, hidden != 1]);
            assert!(compiler.compile(PAIR[hidden]));
        }
        assert_eq!(compiler.cache.tables.of_code(), 2);
        let Compiler { memory, cache, .. } = &mut compiler;
        memory.write_bytes(GuestAddr(PAIR[1] + 4), &BLR.to_be_bytes()).unwrap();
        assert!(!cache.withdraw_changed(memory));
        assert_eq!(cache.counts.invalidations, 2);
        assert_eq!((has_code(&compiler), compiler.cache.tables.of_code()), ([false; 2], 0));
    }

    /// The optimizing tier has code for the head of a loop in the middle of a unit.
    #[test]
    fn units_around_optimized_code_are_withdrawn() {
        const START: u32 = 0x8000_0000;
        const BDNZ: u32 = 0x4200_FFFC;
        let mut compiler = Compiler::new(64 << 20);
        let kind = AllocKind::ReserveCommit;
        let protect = Protect::READ_WRITE;
        compiler.memory.alloc_fixed(GuestAddr(START), 16 * PAGE_SIZE, kind, protect).unwrap();
        for (pc, word) in (START..).step_by(4).zip([NOP, NOP, BDNZ, BLR]) {
            compiler.memory.write_bytes(GuestAddr(pc), &word.to_be_bytes()).unwrap();
        }
        assert!(compiler.compile(START));
        assert_eq!(compiler.cache.words_of(START + 4), START..START + 16);
        compiler.cache.withdraw_entries(&[START + 4]);
        assert_eq!(compiler.cache.words_of(START), 0..0);
        assert!(!compiler.cache.is_start(START));
    }

    /// Each word jumps to the next page, and each is a separate unit: all units have read the last
    /// page.
    #[test]
    fn a_change_withdraws_all_units_that_have_read_the_page() {
        const START: u32 = 0x8000_0000;
        const PAGES: u32 = 16;
        const LAST: u32 = START + (PAGES - 1) * PAGE_SIZE;
        let mut compiler = Compiler::new(64 << 20);
        let kind = AllocKind::ReserveCommit;
        let protect = Protect::READ_WRITE;
        compiler.memory.alloc_fixed(GuestAddr(START), PAGES * PAGE_SIZE, kind, protect).unwrap();
        for pc in (START..START + PAGES * PAGE_SIZE).step_by(4) {
            let next = pc / PAGE_SIZE * PAGE_SIZE + PAGE_SIZE;
            let word = if pc < LAST { 0x4800_0000 | (next - pc) } else { BLR };
            compiler.memory.write_bytes(GuestAddr(pc), &word.to_be_bytes()).unwrap();
        }
        // A unit would end at the start of another one.
        let starts = (START..LAST).step_by(4).rev().filter(|pc| pc % PAGE_SIZE != 0);
        let compiled = starts.filter(|&pc| compiler.compile(pc)).count();
        assert!(compiled > 15_000, "{compiled}");
        compiler.memory.write_bytes(GuestAddr(LAST + 8), &[0; 4]).unwrap();
        let Compiler { memory, cache, .. } = &mut compiler;
        cache.withdraw_changed(memory);
        assert_eq!(cache.counts.invalidations, compiled as u64);
        assert!(cache.pages.is_empty() && cache.by_start.is_empty() && cache.tables.of_code() == 0);
    }

    /// The search for cases reads the next page.
    #[test]
    fn a_change_of_a_page_without_words_of_a_unit_leaves_it() {
        const START: u32 = 0x8000_0000;
        const NEXT: u32 = START + PAGE_SIZE;
        let mut compiler = Compiler::new(64 << 20);
        let kind = AllocKind::ReserveCommit;
        let protect = Protect::READ_WRITE;
        compiler.memory.alloc_fixed(GuestAddr(START), 16 * PAGE_SIZE, kind, protect).unwrap();
        for (pc, word) in [(NEXT - 8, BCTR), (NEXT - 4, NOP)] {
            compiler.memory.write_bytes(GuestAddr(pc), &word.to_be_bytes()).unwrap();
        }
        assert!(compiler.compile(NEXT - 8));
        let Compiler { memory, cache, .. } = &mut compiler;
        for (pc, withdrawn) in [(NEXT, 0), (NEXT - 4, 1)] {
            memory.write_bytes(GuestAddr(pc), &BLR.to_be_bytes()).unwrap();
            cache.withdraw_changed(memory);
            assert_eq!(cache.counts.invalidations, withdrawn, "{pc:#x}");
        }
    }

    #[test]
    fn device_sites_on_changed_pages_are_forgotten() {
        const START: u32 = 0x8000_0000;
        const SITES: [u32; 2] = [START + 4, START + PAGE_SIZE];
        let mut compiler = Compiler::new(64 << 20);
        let kind = AllocKind::ReserveCommit;
        compiler.memory.alloc_fixed(GuestAddr(START), 16 * PAGE_SIZE, kind, Protect::READ_WRITE).unwrap();
        compiler.memory.write_bytes(GuestAddr(START), &BLR.to_be_bytes()).unwrap();
        assert!(compiler.compile(START));
        let Compiler { memory, cache, .. } = &mut compiler;
        assert!(SITES.iter().all(|&pc| cache.add_device_site(pc)));
        memory.write_bytes(GuestAddr(START + 4), &[0; 4]).unwrap();
        cache.withdraw_changed(memory);
        assert_eq!(SITES.map(|pc| cache.device_sites().contains(pc)), [false, true]);
    }

    #[test]
    fn code_that_is_loaded_and_unloaded_often_is_compiled() {
        const START: u32 = 0x8000_0000;
        let kind = AllocKind::ReserveCommit;
        let protect = Protect::READ_WRITE;
        for is_unloaded in [true, false] {
            let mut compiler = Compiler::new(64 << 20);
            compiler.cache.compile_volatile = false;
            compiler.memory.alloc_fixed(GuestAddr(START), 16 * PAGE_SIZE, kind, protect).unwrap();
            for change in 0..=MAX_CODE_CHANGES {
                compiler.memory.write_bytes(GuestAddr(START), &BLR.to_be_bytes()).unwrap();
                let Compiler { memory, cache, .. } = &mut compiler;
                assert!(!cache.withdraw_changed(memory));
                let is_compiled = compiler.compile(START);
                assert_eq!(is_compiled, is_unloaded || change < MAX_CODE_CHANGES, "{change}");
                if is_unloaded {
                    let Compiler { memory, cache, .. } = &mut compiler;
                    memory.free(GuestAddr(START)).unwrap();
                    assert!(cache.withdraw_changed(memory));
                    assert_eq!(cache.counts.invalidations, u64::from(change) + 1);
                    memory.alloc_fixed(GuestAddr(START), 16 * PAGE_SIZE, kind, protect).unwrap();
                }
            }
            compiler.cache.halve_changes();
            assert!(is_unloaded || compiler.compile(START), "after a time without changes");
        }
    }
}
