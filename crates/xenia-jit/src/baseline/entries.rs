//! The baseline tier's table of entries: maps guest words to the offsets of their code in code
//! memory, two words to a slot.
//!
//! One word in six has an entry, and rarely two neighbours do, so that two words share a slot. If
//! both neighbours have entries, one of them has the slot, which is flagged `CROWDED`; the other
//! one is in a map. Compiled code reads slots only, so it requests the latter like an address
//! without code.
//!
//! ```text
//!  slot:  offset in code memory (bits 4 to 31) │ bit 2 of the guest address │ 0 │ CROWDED
//! ```
//! A slot of 0 sends jumps to the stub at offset 0. Slots and the map are changed under the cache's
//! lock; engines read them without it.

use super::encode::Encoder;
use super::map::BaselineWord;
use crate::JitError;
use crate::code::memory::CODE_SIZE;
use crate::code::sparse_words::{SparseWords, WORDS_IN_PAGE};
use crate::code::tables_in_use::{Holds, TablesInUse};
use fnv::FnvHashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::*;
use xenia_sync::{Level, Mutex};

const SLOTS: usize = 1 << 29;
/// Flag of a slot: the other word of the pair has an entry, too, in the map.
const CROWDED: u32 = 1;
/// Bits below the offset.
pub(super) const OFFSET_SHIFT: u32 = 4;
/// The bit of a guest address that tells the words of a pair apart.
pub(super) const WORD_OF_PAIR: u32 = 4;
/// log2 of the guest bytes of a pair.
pub(super) const PAIR_SHIFT: u32 = 3;
/// Guest bytes whose slots are in one host page.
pub(super) const TABLE_SPAN: u32 = (WORDS_IN_PAGE as u32) << PAIR_SHIFT;

const _: () = assert!(CODE_SIZE <= 1 << (32 - OFFSET_SHIFT), "offsets are longer than a slot");

/// The table of entries.
pub(crate) struct PairEntries {
    slots: SparseWords<SLOTS>,
    /// Entries whose slots the other words of their pairs have.
    crowded: Mutex<FnvHashMap<u32, u32>>,
}

/// The offset in a slot, if it is that of `pc`.
fn in_slot(slot: u32, pc: u32) -> Option<u32> {
    (slot != 0 && (slot ^ pc) & WORD_OF_PAIR == 0).then_some(slot >> OFFSET_SHIFT)
}

impl PairEntries {
    /// Offset of the code with the entry `pc`; 0 if it has none.
    #[inline]
    pub(crate) fn offset(&self, pc: u32) -> u32 {
        let slot = self.slot(pc);
        match in_slot(slot, pc) {
            Some(offset) => offset,
            None if slot & CROWDED != 0 => self.crowded_offset(pc),
            None => 0,
        }
    }

    fn slot(&self, pc: u32) -> u32 {
        self.slots.word((pc >> PAIR_SHIFT) as usize).load(Acquire)
    }

    #[cold]
    fn crowded_offset(&self, pc: u32) -> u32 {
        let crowded = self.crowded.lock();
        // The slot may have changed before the map was locked, and does not change now.
        let offset = in_slot(self.slot(pc), pc).or_else(|| crowded.get(&(pc & !3)).copied());
        offset.unwrap_or(0)
    }

    /// Publishes the entry for `pc`, or removes it if `offset` is 0.
    fn set(&self, pc: u32, offset: u32) {
        let pc = pc & !3;
        let neighbour = pc ^ WORD_OF_PAIR;
        let cell = self.slots.word((pc >> PAIR_SHIFT) as usize);
        let slot_of = |pc: u32, offset: u32| offset << OFFSET_SHIFT | pc & WORD_OF_PAIR;
        let slot = cell.load(Relaxed);
        if slot & CROWDED == 0 && in_slot(slot, neighbour).is_none() {
            cell.store(if offset == 0 { 0 } else { slot_of(pc, offset) }, Release);
            return;
        }
        let mut crowded = self.crowded.lock();
        let other = in_slot(slot, neighbour).or_else(|| crowded.get(&neighbour).copied()).unwrap_or(0);
        crowded.remove(&pc);
        crowded.remove(&neighbour);
        let slot = match (offset, other) {
            (0, 0) => 0,
            (0, _) => slot_of(neighbour, other),
            (_, 0) => slot_of(pc, offset),
            (_, _) if in_slot(slot, pc).is_some() => {
                crowded.insert(neighbour, other);
                slot_of(pc, offset) | CROWDED
            }
            (_, _) => {
                crowded.insert(pc, offset);
                slot_of(neighbour, other) | CROWDED
            }
        };
        cell.store(slot, Release);
    }
}

/// The table of entries, and which of its host pages take up memory.
pub(super) struct PairTables {
    entries: Arc<PairEntries>,
    in_use: TablesInUse,
}

impl PairTables {
    /// Creates a table without entries.
    pub(super) fn new() -> Result<Self, JitError> {
        let crowded = Mutex::new(Level::Leaf, FnvHashMap::default());
        let entries = Arc::new(PairEntries { slots: SparseWords::new()?, crowded });
        Ok(Self { entries, in_use: TablesInUse::default() })
    }

    /// The entries, which engines read without a lock.
    pub(super) fn entries(&self) -> &Arc<PairEntries> {
        &self.entries
    }

    /// The address of the slots for compiled code.
    pub(super) fn base(&self) -> u64 {
        self.entries.slots.base()
    }

    /// Number of host pages that have entries.
    pub(super) fn of_code(&self) -> usize {
        self.in_use.of_code()
    }

    /// Whether the host page with this number has entries.
    pub(super) fn has_entries(&self, table: u32) -> bool {
        self.in_use.leads_to_code(table)
    }

    /// Publishes the entry for `pc`, or removes it if `offset` is 0.
    pub(super) fn set(&mut self, pc: u32, offset: u32) {
        let holds = |offset: u32| if offset == 0 { Holds::Nothing } else { Holds::Code };
        let was = self.entries.offset(pc);
        self.entries.set(pc, offset);
        self.in_use.change(&self.entries.slots, pc / TABLE_SPAN, holds(was), holds(offset));
    }
}

/// Emits the look-up of eax, the word-aligned guest address of a callee: rcx = the host address of
/// its code, or of a thunk that asks for it as a called address.
pub(super) fn emit_look_up(e: &mut Encoder) {
    e.call_through(BaselineWord::FindEntry.at());
}

/// Emits a jump to the code of eax, a word-aligned guest address.
pub(super) fn emit_jump(e: &mut Encoder) {
    e.jump_through(BaselineWord::GoToEntry.at());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_words_of_a_pair_may_have_entries() {
        const EVEN: u32 = 0x8200_0010;
        const ODD: u32 = EVEN + 4;
        let mut tables = PairTables::new().unwrap();
        let entries = Arc::clone(tables.entries());
        let is = |even, odd| assert_eq!([EVEN, ODD].map(|pc| entries.offset(pc)), [even, odd]);
        let slot = |offset: u32, pc: u32, flag: u32| offset << OFFSET_SHIFT | pc & WORD_OF_PAIR | flag;
        is(0, 0);
        for (pc, offset, expected, in_slot) in [
            (ODD, 64, [0, 64], slot(64, ODD, 0)),
            (ODD, 65, [0, 65], slot(65, ODD, 0)),
            (EVEN, 96, [96, 65], slot(65, ODD, CROWDED)),
            (EVEN, 97, [97, 65], slot(65, ODD, CROWDED)),
            (ODD, 66, [97, 66], slot(66, ODD, CROWDED)),
            // The other one gets the slot.
            (ODD, 0, [97, 0], slot(97, EVEN, 0)),
            (ODD, 67, [97, 67], slot(97, EVEN, CROWDED)),
            (ODD, 0, [97, 0], slot(97, EVEN, 0)),
            (ODD, 0, [97, 0], slot(97, EVEN, 0)),
            (EVEN, (1 << 28) - 1, [(1 << 28) - 1, 0], slot((1 << 28) - 1, EVEN, 0)),
            (EVEN, 0, [0, 0], 0),
        ] {
            tables.set(pc, offset);
            is(expected[0], expected[1]);
            assert_eq!(entries.slot(pc), in_slot);
            assert_eq!(tables.of_code(), usize::from(expected != [0, 0]));
        }
        assert!(entries.crowded.lock().is_empty());
    }

    #[test]
    fn tables_without_entries_go_back_to_the_host() {
        const TABLES: u32 = 1000;
        let mut tables = PairTables::new().unwrap();
        let resident = |tables: &PairTables| tables.entries.slots.resident(TABLES as usize);
        for table in 0..TABLES {
            tables.set((table + 1) * TABLE_SPAN - 4, 64);
        }
        assert!(tables.has_entries(1) && !tables.has_entries(TABLES));
        assert_eq!((tables.of_code(), resident(&tables)), (TABLES as usize, TABLES as usize));
        for table in 1..TABLES {
            tables.set((table + 1) * TABLE_SPAN - 4, 0);
        }
        assert_eq!(tables.of_code(), 1);
        assert!(resident(&tables) < 500, "{}", resident(&tables));
        assert_eq!(tables.entries.offset(TABLE_SPAN - 4), 64);
    }
}
