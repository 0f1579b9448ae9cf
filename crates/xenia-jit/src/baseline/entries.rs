//! The baseline tier's table of entries: maps guest words to the offsets of their code in code
//! memory, two words to a slot.
//!
//! One word in six has an entry, and rarely two neighbours do, so that two words share a slot. If
//! both neighbours have entries, the first slot of their pair is flagged `CROWDED` and the pair's
//! *second slot* has the other entry. Second slots lie behind all first ones: they are read only
//! after such a flag, and take up memory only on pages with flagged slots. Those are most pages of
//! compiled code, though two pairs in a thousand instructions are crowded.
//!
//! ```text
//!  slot:  offset in code memory (bits 4 to 31) │ bit 2 of the guest address │ 0 │ CROWDED
//! ```
//! A slot of 0 sends jumps to the stub at offset 0. Slots are changed under the cache's lock;
//! compiled code and engines read them without it. If the entries of a pair change between the
//! reads of its two slots, a reader may miss an entry, but never finds its neighbour's, because
//! second slots have the bit of the address, too. It then requests the code under the lock.

use super::encode::Encoder;
use super::map::BaselineWord;
use crate::JitError;
use crate::code::memory::CODE_SIZE;
use crate::code::sparse_words::{SparseWords, WORDS_IN_PAGE};
use crate::code::tables_in_use::{Holds, TablesInUse};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::*};

/// Flag of a first slot: the other word of the pair has an entry, too, in the second slot.
pub(super) const CROWDED: u32 = 1;
/// Bits below the offset.
pub(super) const OFFSET_SHIFT: u32 = 4;
/// The bit of a guest address that distinguishes the words of a pair.
pub(super) const WORD_OF_PAIR: u32 = 4;
/// log2 of the guest bytes of a pair.
pub(super) const PAIR_SHIFT: u32 = 3;
/// log2 of the number of pairs, by which a second slot is further than the first one.
pub(super) const PAIR_BITS: u32 = u32::BITS - PAIR_SHIFT;
const PAIRS: usize = 1 << PAIR_BITS;
/// Guest bytes whose slots are in one host page.
pub(super) const TABLE_SPAN: u32 = (WORDS_IN_PAGE as u32) << PAIR_SHIFT;
/// Number of host pages of first slots.
const FIRST_TABLES: u32 = u32::MAX / TABLE_SPAN + 1;

const _: () = assert!(CODE_SIZE <= 1 << (32 - OFFSET_SHIFT), "offsets are longer than a slot");

/// The table of entries: the first slots of all pairs, then their second slots.
pub(crate) struct PairEntries(SparseWords<{ 2 * PAIRS }>);

/// The offset in a slot, if it is that of `pc`.
fn in_slot(slot: u32, pc: u32) -> Option<u32> {
    (slot != 0 && (slot ^ pc) & WORD_OF_PAIR == 0).then_some(slot >> OFFSET_SHIFT)
}

/// A slot with an entry for `pc`; free if `offset` is 0.
fn slot_of(pc: u32, offset: u32) -> u32 {
    if offset == 0 { 0 } else { offset << OFFSET_SHIFT | pc & WORD_OF_PAIR }
}

impl PairEntries {
    /// Offset of the code with the entry `pc`; 0 if it has none.
    #[inline]
    pub(crate) fn offset(&self, pc: u32) -> u32 {
        let slot = self.first(pc).load(Acquire);
        let found = match in_slot(slot, pc) {
            None if slot & CROWDED != 0 => in_slot(self.second(pc).load(Acquire), pc),
            found => found,
        };
        found.unwrap_or(0)
    }

    /// The first slot of the pair of `pc`.
    fn first(&self, pc: u32) -> &AtomicU32 {
        self.0.word((pc >> PAIR_SHIFT) as usize)
    }

    /// The second slot of the pair of `pc`.
    fn second(&self, pc: u32) -> &AtomicU32 {
        self.0.word(PAIRS + (pc >> PAIR_SHIFT) as usize)
    }

    /// Whether both words of the pair of `pc` have entries.
    fn is_crowded(&self, pc: u32) -> bool {
        self.first(pc).load(Relaxed) & CROWDED != 0
    }

    /// Publishes the entry for `pc`, or removes it if `offset` is 0. A flag is set after the second
    /// slot is written, and cleared before that is freed.
    fn set(&self, pc: u32, offset: u32) {
        let neighbour = pc ^ WORD_OF_PAIR;
        let other = self.offset(neighbour);
        let first = self.first(pc);
        let slot = first.load(Relaxed);
        if other == 0 {
            first.store(slot_of(pc, offset), Release);
        } else if offset == 0 {
            first.store(slot_of(neighbour, other), Release);
            // A second slot that was never used is not touched, since that would take up memory.
            if slot & CROWDED != 0 {
                self.second(pc).store(0, Release);
            }
        } else if in_slot(slot, pc).is_some() {
            first.store(slot_of(pc, offset) | CROWDED, Release);
        } else {
            self.second(pc).store(slot_of(pc, offset), Release);
            first.store(slot | CROWDED, Release);
        }
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
        let entries = Arc::new(PairEntries(SparseWords::new()?));
        Ok(Self { entries, in_use: TablesInUse::default() })
    }

    /// The entries, which engines read without a lock.
    pub(super) fn entries(&self) -> &Arc<PairEntries> {
        &self.entries
    }

    /// The address of the slots for compiled code.
    pub(super) fn base(&self) -> u64 {
        self.entries.0.base()
    }

    /// Number of host pages that have entries.
    pub(super) fn of_code(&self) -> usize {
        self.in_use.of_code()
    }

    /// Whether first and second slots of the part of guest memory with this number have entries, so
    /// that another entry there takes up no further host page.
    pub(super) fn has_all_pages(&self, table: u32) -> bool {
        self.in_use.leads_to_code(table) && self.in_use.leads_to_code(FIRST_TABLES + table)
    }

    /// Publishes the entry for `pc`, or removes it if `offset` is 0.
    pub(super) fn set(&mut self, pc: u32, offset: u32) {
        let holds = |is_used: bool| if is_used { Holds::Code } else { Holds::Nothing };
        let table = pc / TABLE_SPAN;
        let was = self.entries.offset(pc);
        let was_crowded = self.entries.is_crowded(pc);
        self.entries.set(pc, offset);
        self.in_use.change(&self.entries.0, table, holds(was != 0), holds(offset != 0));
        let is_crowded = self.entries.is_crowded(pc);
        if was_crowded != is_crowded {
            let second = FIRST_TABLES + table;
            self.in_use.change(&self.entries.0, second, holds(was_crowded), holds(is_crowded));
        }
    }
}

/// Emits the look-up of eax, the word-aligned guest address of a callee: rcx = the host address of
/// its code, or of a thunk that requests it as a called address.
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
        const LAST: u32 = (1 << 28) - 1;
        let mut tables = PairTables::new().unwrap();
        let entries = Arc::clone(tables.entries());
        let is = |even, odd| assert_eq!([EVEN, ODD].map(|pc| entries.offset(pc)), [even, odd]);
        let crowded = |offset, pc| slot_of(pc, offset) | CROWDED;
        is(0, 0);
        for (pc, offset, expected, slots) in [
            (ODD, 64, [0, 64], [slot_of(ODD, 64), 0]),
            (ODD, 65, [0, 65], [slot_of(ODD, 65), 0]),
            (EVEN, 0, [0, 65], [slot_of(ODD, 65), 0]),
            (EVEN, 96, [96, 65], [crowded(65, ODD), slot_of(EVEN, 96)]),
            (EVEN, 97, [97, 65], [crowded(65, ODD), slot_of(EVEN, 97)]),
            (ODD, 66, [97, 66], [crowded(66, ODD), slot_of(EVEN, 97)]),
            // The other one gets the first slot.
            (ODD, 0, [97, 0], [slot_of(EVEN, 97), 0]),
            (ODD, 67, [97, 67], [crowded(97, EVEN), slot_of(ODD, 67)]),
            (ODD, 0, [97, 0], [slot_of(EVEN, 97), 0]),
            (ODD, 0, [97, 0], [slot_of(EVEN, 97), 0]),
            (EVEN, LAST, [LAST, 0], [slot_of(EVEN, LAST), 0]),
            (EVEN, 0, [0, 0], [0, 0]),
        ] {
            tables.set(pc, offset);
            is(expected[0], expected[1]);
            assert_eq!([entries.first(EVEN), entries.second(EVEN)].map(|slot| slot.load(Relaxed)), slots);
            assert_eq!(tables.of_code(), slots.iter().filter(|&&slot| slot != 0).count());
        }
    }

    /// The reader has read the first slot before the pair's entries changed.
    #[test]
    fn a_second_slot_is_not_taken_for_the_neighbour() {
        const EVEN: u32 = 0xFFFF_FFF8;
        const ODD: u32 = EVEN + 4;
        let tables = PairTables::new().unwrap();
        let entries = tables.entries();
        entries.first(EVEN).store(slot_of(EVEN, 64) | CROWDED, Relaxed);
        entries.second(EVEN).store(slot_of(EVEN, 96), Relaxed);
        assert_eq!([EVEN, ODD].map(|pc| entries.offset(pc)), [64, 0]);
    }

    #[test]
    fn tables_without_entries_go_back_to_the_host() {
        const TABLES: u32 = 1000;
        let mut tables = PairTables::new().unwrap();
        let resident = |tables: &PairTables| tables.entries.0.resident(TABLES as usize);
        for table in 0..TABLES {
            tables.set((table + 1) * TABLE_SPAN - 4, 64);
        }
        assert!(tables.in_use.leads_to_code(1) && !tables.in_use.leads_to_code(TABLES));
        assert_eq!((tables.of_code(), resident(&tables)), (TABLES as usize, TABLES as usize));
        tables.set(2 * TABLE_SPAN - 8, 96);
        assert_eq!([0, 1].map(|table| tables.has_all_pages(table)), [false, true]);
        tables.set(2 * TABLE_SPAN - 8, 0);
        for table in 1..TABLES {
            tables.set((table + 1) * TABLE_SPAN - 4, 0);
        }
        assert_eq!(tables.of_code(), 1);
        assert!(resident(&tables) < 500, "{}", resident(&tables));
        assert_eq!(tables.entries.offset(TABLE_SPAN - 4), 64);
    }
}
