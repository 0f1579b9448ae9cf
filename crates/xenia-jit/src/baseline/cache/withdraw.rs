//! Withdrawal of units: removes them from the tables, from the links to them, and from memory.

use super::super::call_table;
use super::{BaselineCache, PageUnits};
use std::collections::BTreeMap;
use xenia_guest::PAGE_SIZE;
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

impl BaselineCache {
    /// Removes addresses for which the optimizing tier has code from the table of entries.
    pub(crate) fn hide(&mut self, entries: impl Iterator<Item = u32>) {
        for pc in entries {
            let offset = self.memory.entries().offset(pc);
            if offset == 0 {
                continue;
            }
            self.memory.set_entry(pc, 0);
            self.links.withdraw(&self.memory, pc);
            let Some(id) = self.units.at(offset) else { continue };
            let Some(unit) = self.units.get_mut(id) else { continue };
            unit.lists.remove_entry(pc);
            if unit.start == pc {
                self.by_start.remove(&pc);
                call_table::clear(&self.memory, pc);
            }
            if unit.lists.entries().is_empty() {
                self.withdraw(id);
            }
        }
    }

    /// Withdraws the units on pages whose version has changed. Returns their number.
    pub(crate) fn withdraw_changed(&mut self, guest: &GuestMemory) -> u64 {
        let moved = self.pages.iter().filter(|(page, units)| guest.page_version(**page) != units.version);
        let moved: Vec<u32> = moved.map(|(&page, _)| page).collect();
        let mut withdrawn = 0;
        for page in moved {
            let Some(PageUnits { units, .. }) = self.pages.remove(&page) else { continue };
            *self.flips.entry(page).or_default() += 1;
            for id in units {
                withdrawn += u64::from(self.withdraw(id));
            }
        }
        self.counts.invalidations += withdrawn;
        withdrawn
    }

    /// Forgets how often pages changed.
    pub(crate) fn forget_changes(&mut self) {
        self.flips.clear();
    }

    /// Withdraws a unit. Returns false if it was withdrawn already.
    fn withdraw(&mut self, id: u32) -> bool {
        let Some(unit) = self.units.get_mut(id).filter(|unit| !unit.is_retired) else { return false };
        unit.is_retired = true;
        for &pc in unit.lists.entries() {
            self.memory.set_entry(pc, 0);
            self.links.withdraw(&self.memory, pc);
        }
        for &link in unit.lists.links() {
            self.links.remove(link);
        }
        for page in unit.lists.pages() {
            if let Some(units) = self.pages.get_mut(page) {
                units.units.retain(|&unit| unit != id);
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
            self.covered.remove(&page);
        }
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
    /// Pages are evicted as a whole, so that the host gets back their parts of the table of
    /// entries. The heat of a page is the number of samples that hit its units. Of pages with equal
    /// heat the oldest is evicted, because the code of units of one age is contiguous.
    pub(super) fn make_room(&mut self, full: Full) {
        let retired = self.units.iter_mut().filter(|(_, unit)| unit.is_retired);
        let waiting: usize = retired.map(|(_, unit)| unit.size as usize).sum();
        let (wanted, most_pages) = match full {
            Full::Code => ((self.size / AGED_OUT).saturating_sub(waiting), usize::MAX),
            Full::Tables => (usize::MAX, self.most_tables.div_ceil(AGED_OUT)),
        };
        let mut pages: BTreeMap<u32, (u64, u32, Vec<u32>)> = BTreeMap::new();
        for (id, unit) in self.units.iter_mut().filter(|(_, unit)| !unit.is_retired) {
            let (samples, oldest, units) =
                pages.entry(unit.start / PAGE_SIZE).or_insert((0, u32::MAX, Vec::new()));
            *samples += u64::from(unit.work.samples);
            *oldest = unit.serial.min(*oldest);
            units.push(id);
            unit.work.samples /= 2;
        }
        let mut pages: Vec<(u64, u32, Vec<u32>)> = pages.into_values().collect();
        pages.sort_unstable();
        let (mut withdrawn, mut count) = (0, 0);
        for (_, _, units) in pages.into_iter().take(most_pages) {
            if withdrawn >= wanted {
                break;
            }
            for id in units {
                withdrawn += self.units.get(id).map_or(0, |unit| unit.size as usize);
                count += u64::from(self.withdraw(id));
            }
        }
        self.counts.aged_out += count;
        tracing::debug!(
            "baseline: {full:?} memory is full; {count} units of {withdrawn} bytes are withdrawn"
        );
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
    use super::super::Arrived;
    use super::*;
    use crate::baseline::templates::HostFeatures;
    use crate::baseline::unit::Reach;
    use crate::code::epochs::Epochs;
    use crate::code::memory::{CODE_SIZE, CodeMemory};
    use xenia_guest::GuestAddr;
    use xenia_memory::{AllocKind, Protect};

    /// A title has little code on many pages: the tables of entries are full, code memory is not.
    #[test]
    fn pages_with_units_are_limited() {
        const PAGES: u32 = 500;
        const START: u32 = 0x4000_0000;
        const BLR: u32 = 0x4E80_0020;
        let memory = GuestMemory::new().unwrap();
        let size = PAGES * PAGE_SIZE;
        memory.alloc_fixed(GuestAddr(START), size, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
        let optimized = CodeMemory::new(c"test", &[0xC3], CODE_SIZE).unwrap();
        let features = HostFeatures::detect(false);
        let mut cache = BaselineCache::new(Epochs::new(), features, false, true, 100 * 4096).unwrap();
        let mut refused = 0;
        for pc in (START..START + size).step_by(PAGE_SIZE as usize) {
            memory.write_bytes(GuestAddr(pc), &BLR.to_be_bytes()).unwrap();
            let mut compile =
                || cache.compile(&memory, optimized.entries(), pc, Arrived::Called, Reach::FUNCTION);
            if compile().is_none() {
                refused += 1;
                assert!(compile().is_some(), "{pc:#x}");
            }
            assert!(cache.memory.tables_of_code() <= 100);
        }
        assert!((20..100).contains(&refused), "{refused}");
    }
}
