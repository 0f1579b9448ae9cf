//! Watched bytes: stores to them are noted with the instruction that made them, for a debugger.
//!
//! A store to watched bytes is refused before it is made, like one to a page that holds code
//! ([`FaultKind::HoldsCode`]), then executed as a single instruction and noted. So a note has the
//! exact number of instructions before the store, and the guest notices nothing. Changes between
//! two runs of the engine (kernel, devices) are found by comparing the bytes.

use super::Cpu;
use super::cpu::Raised;
use crate::{Exit, StoredBytes};
use parking_lot::Mutex;
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_memory::{FaultKind, GuestMemory, MemoryFault};

/// Bit of CR0 that tells whether a conditional store was made (EQ).
const CONDITIONAL_STORE_MADE: u8 = 2;

/// A store to watched bytes, or a change of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreNote {
    /// Number of instructions that the engine had completed before it.
    pub executed: u64,
    /// Address of the instruction; `None` if the bytes were changed between two runs of the engine.
    pub pc: Option<GuestAddr>,
    /// First address of the watched bytes.
    pub watched: GuestAddr,
}

impl StoreNote {
    /// Number of instructions before the one that changed the bytes.
    pub fn before(&self) -> u64 {
        match self.pc {
            Some(_) => self.executed,
            // The system call that was the last instruction, if it was one.
            None => self.executed.saturating_sub(1),
        }
    }

    /// Number of instructions up to the one that changed the bytes, inclusive.
    pub fn after(&self) -> u64 {
        self.executed + u64::from(self.pc.is_some())
    }
}

/// The stores that a debugger asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreNotes {
    /// The first one that changed bytes.
    pub first_change: Option<StoreNote>,
    /// The last one that changed bytes.
    pub last_change: Option<StoreNote>,
    /// The last one, whether or not it changed bytes.
    pub last_store: Option<StoreNote>,
}

#[derive(Debug)]
struct Known {
    /// The watched bytes as of the last look; `None` where memory is not mapped.
    values: Vec<Option<Vec<u8>>>,
    notes: StoreNotes,
}

/// Watched bytes, shared by the engine and the debugger.
#[derive(Debug)]
pub struct StoreWatch {
    ranges: Vec<StoredBytes>,
    known: Mutex<Known>,
}

/// The watched bytes at an address.
fn value(memory: &GuestMemory, range: &StoredBytes) -> Option<Vec<u8>> {
    let mut bytes = vec![0; range.size as usize];
    memory.read_bytes(range.addr, &mut bytes).is_ok().then_some(bytes)
}

/// Address of a byte in the memory behind all views.
fn backing(addr: GuestAddr) -> Option<u64> {
    let page = GuestMemory::page_index(addr)?;
    Some(u64::from(page) * u64::from(PAGE_SIZE) + u64::from(addr.0 % PAGE_SIZE))
}

impl StoreWatch {
    /// Watches these ranges of `memory` from now on.
    pub fn new(memory: &GuestMemory, ranges: Vec<StoredBytes>) -> Self {
        let values = ranges.iter().map(|range| value(memory, range)).collect();
        Self { ranges, known: Mutex::new(Known { values, notes: StoreNotes::default() }) }
    }

    /// The stores so far, and the changes up to now, when the engine has completed `executed`
    /// instructions.
    pub fn notes(&self, memory: &GuestMemory, executed: u64) -> StoreNotes {
        self.compare(memory, executed, None);
        self.known.lock().notes
    }

    /// The range that a store overlaps, in any view of the memory.
    fn overlapped(&self, addr: u32, size: u32) -> Option<usize> {
        let start = backing(GuestAddr(addr))?;
        self.ranges.iter().position(|range| {
            backing(range.addr).is_some_and(|watched| {
                start < watched + u64::from(range.size) && watched < start + u64::from(size)
            })
        })
    }

    /// Notes the ranges that have changed since the last look.
    pub(super) fn compare(&self, memory: &GuestMemory, executed: u64, pc: Option<GuestAddr>) {
        let Known { values, notes } = &mut *self.known.lock();
        for (range, known) in self.ranges.iter().zip(values) {
            let now = value(memory, range);
            if now != *known {
                // Memory that the title unmaps is not written.
                if now.is_some() && known.is_some() {
                    let note = StoreNote { executed, pc, watched: range.addr };
                    notes.first_change.get_or_insert(note);
                    notes.last_change = Some(note);
                    notes.last_store = Some(note);
                }
                *known = now;
            }
        }
    }

    /// Notes a store that was made.
    pub(super) fn note(&self, memory: &GuestMemory, executed: u64, pc: u32, index: usize) {
        let pc = Some(GuestAddr(pc));
        self.compare(memory, executed, pc);
        let note = StoreNote { executed, pc, watched: self.ranges[index].addr };
        self.known.lock().notes.last_store = Some(note);
    }
}

/// A store that was refused because its bytes are watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusedStore {
    /// Index of the watched range.
    pub(super) index: usize,
    /// Whether it is made only if a reservation holds.
    pub(super) is_conditional: bool,
}

impl<'a> Cpu<'a> {
    /// Notes the stores to watched bytes from now on.
    pub(super) fn watch_stores(&mut self, watch: &'a StoreWatch) {
        self.watch = Some(watch);
        self.observe_stores();
    }

    /// Executes a store that was refused as a single instruction, after `executed` others, and
    /// notes it if it was refused because its bytes are watched.
    #[cold]
    pub(super) fn make_refused_store(&mut self, executed: u64) -> Option<Exit> {
        let pc = self.ctx.pc;
        let (refused, watch) = (self.refused.take(), self.watch.take());
        let exit = self.step();
        self.watch = watch;
        if let (Some(RefusedStore { index, is_conditional }), Some(watch)) = (refused, watch) {
            let is_made = !matches!(exit, Some(Exit::Exception(_)))
                && (!is_conditional || self.ctx.cr[0].nibble() & CONDITIONAL_STORE_MADE != 0);
            if is_made {
                watch.note(self.memory, executed, pc, index);
            }
        }
        exit
    }

    /// Refuses a store that is about to be made if its bytes are watched.
    #[inline]
    pub(super) fn check_watched(&mut self, ea: u32, size: u32, is_conditional: bool) -> Result<(), Raised> {
        let Some(index) = self.watch.and_then(|watch| watch.overlapped(ea, size)) else { return Ok(()) };
        self.refused = Some(RefusedStore { index, is_conditional });
        let fault = MemoryFault { addr: GuestAddr(ea), kind: FaultKind::HoldsCode, write: true };
        Err(self.memory_fault(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CODE, CpuHarness, DATA, d, x};
    use super::*;
    use crate::{EngineConfig, Exit, Interpreter};
    use std::sync::Arc;
    use xenia_isa::Op;

    /// Runs the words with r4 = DATA, watching four bytes at DATA + 0x20, and returns the notes.
    fn notes(words: &[u32], prepare: impl Fn(&mut CpuHarness)) -> (StoreNotes, CpuHarness) {
        let mut machine = CpuHarness::new();
        let range = StoredBytes { addr: GuestAddr(DATA + 0x20), size: 4 };
        let watch = Arc::new(StoreWatch::new(&machine.memory, vec![range]));
        machine.interp = Interpreter::new(Arc::clone(&machine.memory), EngineConfig::default());
        machine.interp.watch_stores(Arc::clone(&watch));
        machine.put(CODE, words);
        machine.ctx.gpr[4] = u64::from(DATA);
        prepare(&mut machine);
        assert_eq!(machine.run(words.len() as i64), Exit::Budget);
        let notes = watch.notes(&machine.memory, words.len() as u64);
        (notes, machine)
    }

    fn executed(note: Option<StoreNote>) -> Option<(u64, u32)> {
        note.map(|note| (note.executed, note.pc.map_or(0, |pc| (pc.0 - CODE) / 4)))
    }

    #[test]
    fn stores_are_noted_with_the_instructions_before_them() {
        let store = |at| d(Op::stw, 3, 4, at);
        let words = [d(Op::addi, 3, 0, 7), store(0x1C), store(0x20), store(0x20), store(0x24)];
        let (notes, machine) = notes(&words, |_| ());
        assert_eq!(executed(notes.first_change), Some((2, 2)));
        assert_eq!(executed(notes.last_change), Some((2, 2)));
        assert_eq!(executed(notes.last_store), Some((3, 3)), "the same value again");
        assert_eq!(machine.word(DATA + 0x20), 7);
        assert_eq!(machine.word(DATA + 0x24), 7);
    }

    #[test]
    fn stores_of_every_size_are_noted_where_they_overlap() {
        for (word, at) in [
            (d(Op::stb, 3, 4, 0), 0x23),
            (d(Op::stb, 3, 4, 0), 0x20),
            (d(Op::sth, 3, 4, 0), 0x1F),
            (d(Op::stwu, 3, 4, 4), 0x1D),
            (x(Op::stvx, 3, 0, 4, 0), 0x2F),
            (x(Op::dcbz, 0, 0, 4, 0), 0x3F),
            (d(Op::stmw, 24, 4, 0), 0x08),
        ] {
            let (noted, machine) = notes(&[d(Op::addi, 3, 0, 7), word], |machine| {
                machine.ctx.gpr[4] = u64::from(DATA + at);
            });
            assert_eq!(executed(noted.last_store), Some((1, 1)), "{word:#010x}");
            let updated = if word == d(Op::stwu, 3, 4, 4) { 4 } else { 0 };
            assert_eq!(machine.ctx.gpr[4], u64::from(DATA + at + updated), "made once");
        }
        for at in [0x1C, 0x24] {
            let (noted, _) = notes(&[d(Op::stw, 3, 4, at)], |_| ());
            assert_eq!(noted, StoreNotes::default());
        }
    }

    #[test]
    fn a_conditional_store_is_noted_if_it_is_made() {
        let (reserve, store) = (x(Op::lwarx, 3, 0, 4, 0), x(Op::stwcx, 5, 0, 4, 0));
        let at_word = |machine: &mut CpuHarness| {
            machine.ctx.gpr[4] = u64::from(DATA + 0x20);
            machine.ctx.gpr[5] = 9;
        };
        let (noted, machine) = notes(&[reserve, store], at_word);
        assert_eq!((executed(noted.last_change), machine.word(DATA + 0x20)), (Some((1, 1)), 9));
        let (noted, machine) = notes(&[store], at_word);
        assert_eq!((noted, machine.word(DATA + 0x20)), (StoreNotes::default(), 0), "no reservation");
    }

    #[test]
    fn changes_from_outside_are_noted_between_two_runs() {
        let (noted, mut machine) = notes(&[d(Op::addi, 3, 0, 7)], |_| ());
        assert_eq!(noted, StoreNotes::default());
        machine.memory.write(GuestAddr(DATA + 0x20), 5_u32).unwrap();
        let watch = machine.interp.watch.clone().unwrap();
        machine.ctx.pc = CODE;
        machine.run(1);
        let note = StoreNote { executed: 1, pc: None, watched: GuestAddr(DATA + 0x20) };
        assert_eq!(watch.notes(&machine.memory, 2).first_change, Some(note));
    }

    #[test]
    fn stores_through_another_view_are_noted() {
        // The views of physical memory at 0xA0000000 and 0xC0000000 show the same bytes.
        let machine = CpuHarness::new();
        let protect = xenia_memory::Protect::READ_WRITE;
        let heap = xenia_memory::Heap::Physical64K;
        let at = machine.memory.alloc(heap, 0x1_0000, 0x1_0000, protect, false).unwrap();
        let watch =
            StoreWatch::new(&machine.memory, vec![StoredBytes { addr: GuestAddr(at.0 + 0x20), size: 4 }]);
        assert_eq!(watch.overlapped(at.0 + 0x20, 4), Some(0));
        assert_eq!(watch.overlapped((at.0 & 0x1FFF_FFFF) + 0xC000_0020, 4), Some(0));
        assert_eq!(watch.overlapped(at.0 + 0x24, 4), None);
    }
}
