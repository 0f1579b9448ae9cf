//! Taking units out: of the tables, of what links to them, and of memory.

use super::{BaselineCache, PageUnits};
use xenia_guest::PAGE_SIZE;
use xenia_memory::GuestMemory;

impl BaselineCache {
    /// The other tier has code for these addresses: they are no entries here from now on.
    pub(crate) fn hide(&mut self, entries: impl Iterator<Item = u32>) {
        for pc in entries {
            let offset = self.memory.entries().offset(pc);
            if offset == 0 {
                continue;
            }
            self.memory.set_entry(pc, 0);
            self.links.withdraw(&self.memory, pc);
            let Some((_, &id)) = self.by_offset.range(..=offset).next_back() else { continue };
            let Some(unit) = self.units.get_mut(&id) else { continue };
            unit.entries.retain(|&entry| entry != pc);
            if unit.start == pc {
                self.by_start.remove(&pc);
            }
            if unit.entries.is_empty() {
                self.withdraw(id);
            }
        }
    }

    /// Withdraws the units on pages whose version has moved. Gives how many there were.
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

    /// False if it was withdrawn already.
    fn withdraw(&mut self, id: u32) -> bool {
        let Some(unit) = self.units.get_mut(&id).filter(|unit| !unit.is_retired) else { return false };
        unit.is_retired = true;
        for &pc in &unit.entries {
            self.memory.set_entry(pc, 0);
            self.links.withdraw(&self.memory, pc);
        }
        for &target in &unit.targets {
            self.links.remove(id, target);
        }
        for page in &unit.pages {
            if let Some(units) = self.pages.get_mut(page) {
                units.units.retain(|&unit| unit != id);
                if units.units.is_empty() {
                    self.pages.remove(page);
                }
            }
        }
        if self.by_start.get(&unit.start) == Some(&id) {
            self.by_start.remove(&unit.start);
        }
        for page in unit.start / PAGE_SIZE..=unit.end.wrapping_sub(1) / PAGE_SIZE {
            self.covered.remove(&page);
        }
        self.retired.push((self.epochs.advance(), id));
        true
    }

    /// Withdraws everything.
    pub(super) fn flush(&mut self) {
        for id in self.units.keys().copied().collect::<Vec<_>>() {
            self.withdraw(id);
        }
        self.flips.clear();
        self.release_retired();
    }

    /// Frees code that no engine can be in any more.
    pub(super) fn release_retired(&mut self) {
        let oldest = self.epochs.oldest();
        let (free, kept) =
            std::mem::take(&mut self.retired).into_iter().partition(|&(epoch, _)| epoch < oldest);
        self.retired = kept;
        let free: Vec<(u64, u32)> = free;
        for (_, id) in free {
            if let Some(unit) = self.units.remove(&id) {
                self.by_offset.remove(&unit.offset);
                self.memory.release(unit.offset as usize, unit.size as usize);
            }
        }
    }
}
