//! Watched bytes: accesses to them are noted with the instruction that made them, for a debugger.
//!
//! A store to watched bytes is refused before it is made, like one to a page that holds code
//! ([`FaultKind::HoldsCode`]), then executed as a single instruction and noted. So a note has the
//! exact number of instructions before the store, and the guest notices nothing. Changes between
//! two runs of the engine (kernel, devices) are found by comparing the bytes. If loads are watched,
//! all instructions are executed one by one ([`loads`]).

mod loads;

use super::CpuView;
use super::cpu::Raised;
use crate::{Exit, StoredBytes};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_memory::{AccessKind, FaultKind, GuestMemory, MemoryFault};
use xenia_sync::{Level, Mutex};

/// Bit of CR0 that tells whether a conditional store was made (EQ).
const CONDITIONAL_STORE_MADE: u8 = 2;

/// The accesses at which a debugger stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatchedAccess {
    /// Stores that change the bytes, and other changes of them.
    Change,
    /// Loads by the title.
    Load,
    /// Loads and stores by the title, and other changes.
    Any,
}

/// Bytes that a debugger watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchedRange {
    /// Address of the first byte.
    pub addr: GuestAddr,
    /// Number of bytes.
    pub size: u32,
    /// The accesses to report.
    pub access: WatchedAccess,
}

/// An access to watched bytes, or a change of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessNote {
    /// Number of instructions that the engine had completed before it.
    pub executed: u64,
    /// Address of the instruction; `None` if the bytes were changed between two runs of the engine.
    pub pc: Option<GuestAddr>,
    /// The watched bytes.
    pub watched: WatchedRange,
}

impl AccessNote {
    /// Number of instructions before the one that made the access.
    pub fn instructions_before(&self) -> u64 {
        match self.pc {
            Some(_) => self.executed,
            // Attributed to the last instruction, such as a system call.
            None => self.executed.saturating_sub(1),
        }
    }

    /// Number of instructions up to the one that made the access, inclusive.
    pub fn instructions_through(&self) -> u64 {
        self.executed + u64::from(self.pc.is_some())
    }
}

/// The accesses that a debugger requested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessNotes {
    /// The first one at which a debugger stops.
    pub first_stop: Option<AccessNote>,
    /// The last one at which a debugger stops.
    pub last_stop: Option<AccessNote>,
    /// The last store, whether or not it changed bytes.
    pub last_store: Option<AccessNote>,
}

impl AccessNotes {
    fn stop(&mut self, note: AccessNote) {
        self.first_stop.get_or_insert(note);
        self.last_stop = Some(note);
    }
}

#[derive(Debug)]
struct Known {
    /// The watched bytes at the last comparison; `None` where memory is not mapped.
    values: Vec<Option<Vec<u8>>>,
    notes: AccessNotes,
}

/// Watched bytes, shared by the engine and the debugger.
#[derive(Debug)]
pub struct AccessWatch {
    ranges: Vec<WatchedRange>,
    known: Mutex<Known>,
}

/// The watched bytes at an address.
fn value(memory: &GuestMemory, range: &WatchedRange) -> Option<Vec<u8>> {
    let mut bytes = vec![0; range.size as usize];
    memory.read_bytes(range.addr, &mut bytes).is_ok().then_some(bytes)
}

/// Address of a byte in the memory behind all views.
fn backing(addr: GuestAddr) -> Option<u64> {
    let page = GuestMemory::page_index(addr)?;
    Some(u64::from(page) * u64::from(PAGE_SIZE) + u64::from(addr.0 % PAGE_SIZE))
}

impl AccessWatch {
    /// Watches these ranges of `memory` from now on.
    pub fn new(memory: &GuestMemory, ranges: Vec<WatchedRange>) -> Self {
        let values = ranges.iter().map(|range| value(memory, range)).collect();
        let known = Known { values, notes: AccessNotes::default() };
        Self { ranges, known: Mutex::new(Level::Leaf, known) }
    }

    /// The accesses so far, and the changes up to now, when the engine has completed `executed`
    /// instructions.
    pub fn notes(&self, memory: &GuestMemory, executed: u64) -> AccessNotes {
        self.compare(memory, executed, None);
        self.known.lock().notes
    }

    /// Whether a range's loads are watched.
    pub(super) fn has_loads(&self) -> bool {
        self.ranges.iter().any(|range| range.access != WatchedAccess::Change)
    }

    /// The ranges that an access overlaps, in any view of the memory.
    fn overlapped(&self, accessed: StoredBytes) -> impl Iterator<Item = &WatchedRange> {
        let start = backing(accessed.addr);
        self.ranges.iter().filter(move |range| {
            start.zip(backing(range.addr)).is_some_and(|(start, watched)| {
                start < watched + u64::from(range.size) && watched < start + u64::from(accessed.size)
            })
        })
    }

    /// Notes the ranges that have changed since the last comparison.
    pub(super) fn compare(&self, memory: &GuestMemory, executed: u64, pc: Option<GuestAddr>) {
        let Known { values, notes } = &mut *self.known.lock();
        for (&range, known) in self.ranges.iter().zip(values) {
            let now = value(memory, &range);
            if now != *known {
                // Memory that the title unmaps is not written.
                if now.is_some() && known.is_some() {
                    let note = AccessNote { executed, pc, watched: range };
                    if range.access != WatchedAccess::Load {
                        notes.stop(note);
                    }
                    notes.last_store = Some(note);
                }
                *known = now;
            }
        }
    }

    /// Notes a store that was made.
    fn note_store(&self, memory: &GuestMemory, executed: u64, pc: u32, stored: StoredBytes) {
        let pc = Some(GuestAddr(pc));
        self.compare(memory, executed, pc);
        let notes = &mut self.known.lock().notes;
        for &watched in self.overlapped(stored) {
            let note = AccessNote { executed, pc, watched };
            if watched.access == WatchedAccess::Any {
                notes.stop(note);
            }
            notes.last_store = Some(note);
        }
    }

    /// Notes a load that was made.
    fn note_load(&self, executed: u64, pc: u32, loaded: StoredBytes) {
        for &watched in self.overlapped(loaded).filter(|range| range.access != WatchedAccess::Change) {
            self.known.lock().notes.stop(AccessNote { executed, pc: Some(GuestAddr(pc)), watched });
        }
    }
}

/// A store that was refused because its bytes are watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusedStore {
    stored: StoredBytes,
    /// Whether it is made only if a reservation holds.
    is_conditional: bool,
}

impl<'a> CpuView<'a> {
    /// Notes the stores to watched bytes from now on.
    pub(super) fn watch_stores(&mut self, watch: &'a AccessWatch) {
        self.watch = Some(watch);
        self.observe_stores();
    }

    /// Executes a store that was refused as a single instruction, after `executed` others, and
    /// notes it if it was refused because its bytes are watched.
    #[cold]
    pub(super) fn make_refused_store(&mut self, executed: u64) -> Option<Exit> {
        let pc = self.ctx.pc;
        let refused = self.refused.take();
        // With the watch, the store would be refused again.
        let watch = self.watch.take();
        let exit = self.step();
        self.watch = watch;
        if let (Some(RefusedStore { stored, is_conditional }), Some(watch)) = (refused, watch) {
            let is_made = !matches!(exit, Some(Exit::Exception(_)))
                && (!is_conditional || self.ctx.cr[0].nibble() & CONDITIONAL_STORE_MADE != 0);
            if is_made {
                watch.note_store(self.memory, executed, pc, stored);
            }
        }
        exit
    }

    /// Refuses a store that is about to be made if its bytes are watched.
    #[inline]
    pub(super) fn check_watched(&mut self, ea: u32, size: u32, is_conditional: bool) -> Result<(), Raised> {
        let Some(watch) = self.watch else { return Ok(()) };
        let stored = StoredBytes { addr: GuestAddr(ea), size };
        if watch.overlapped(stored).next().is_none() {
            return Ok(());
        }
        self.refused = Some(RefusedStore { stored, is_conditional });
        let fault =
            MemoryFault { addr: GuestAddr(ea), kind: FaultKind::HoldsCode, access: AccessKind::Store };
        Err(self.memory_fault(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CODE, CpuHarness, DATA, d, x};
    use super::*;
    use crate::{EngineConfig, Execute, Exit, Interpreter};
    use std::sync::Arc;
    use xenia_isa::Op;

    const WORD: WatchedRange =
        WatchedRange { addr: GuestAddr(DATA + 0x20), size: 4, access: WatchedAccess::Change };

    /// Runs the words with r4 = DATA, watching four bytes at DATA + 0x20, and returns the notes.
    fn notes(words: &[u32], prepare: impl Fn(&mut CpuHarness)) -> (AccessNotes, CpuHarness) {
        let mut machine = CpuHarness::new();
        let watch = Arc::new(AccessWatch::new(&machine.memory, vec![WORD]));
        machine.interp = Interpreter::new(Arc::clone(&machine.memory), EngineConfig::default());
        machine.interp.watch_accesses(Arc::clone(&watch));
        machine.put(CODE, words);
        machine.ctx.gpr[4] = u64::from(DATA);
        prepare(&mut machine);
        assert_eq!(machine.run(words.len() as i64), Exit::Budget);
        let notes = watch.notes(&machine.memory, words.len() as u64);
        (notes, machine)
    }

    fn executed(note: Option<AccessNote>) -> Option<(u64, u32)> {
        note.map(|note| (note.executed, note.pc.map_or(0, |pc| (pc.0 - CODE) / 4)))
    }

    #[test]
    fn stores_are_noted_with_the_instructions_before_them() {
        let store = |at| d(Op::stw, 3, 4, at);
        let words = [d(Op::addi, 3, 0, 7), store(0x1C), store(0x20), store(0x20), store(0x24)];
        let (notes, machine) = notes(&words, |_| ());
        assert_eq!(executed(notes.first_stop), Some((2, 2)));
        assert_eq!(executed(notes.last_stop), Some((2, 2)));
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
            assert_eq!(noted, AccessNotes::default());
        }
    }

    #[test]
    fn a_conditional_store_is_noted_if_it_is_made() {
        let reserve = x(Op::lwarx, 3, 0, 4, 0);
        let store = x(Op::stwcx, 5, 0, 4, 0);
        let at_word = |machine: &mut CpuHarness| {
            machine.ctx.gpr[4] = u64::from(DATA + 0x20);
            machine.ctx.gpr[5] = 9;
        };
        let (noted, machine) = notes(&[reserve, store], at_word);
        assert_eq!((executed(noted.last_stop), machine.word(DATA + 0x20)), (Some((1, 1)), 9));
        let (noted, machine) = notes(&[store], at_word);
        assert_eq!((noted, machine.word(DATA + 0x20)), (AccessNotes::default(), 0), "no reservation");
    }

    #[test]
    fn changes_from_outside_are_noted_between_two_runs() {
        let (noted, mut machine) = notes(&[d(Op::addi, 3, 0, 7)], |_| ());
        assert_eq!(noted, AccessNotes::default());
        machine.memory.write(GuestAddr(DATA + 0x20), 5_u32).unwrap();
        let watch = machine.interp.watch.clone().unwrap();
        machine.ctx.pc = CODE;
        machine.run(1);
        let note = AccessNote { executed: 1, pc: None, watched: WORD };
        assert_eq!(watch.notes(&machine.memory, 2).first_stop, Some(note));
    }

    #[test]
    fn an_interpreter_that_notes_accesses_has_no_forks() {
        let (_, machine) = notes(&[d(Op::addi, 3, 0, 7)], |_| ());
        assert!(machine.interp.fork().is_none());
        assert!(CpuHarness::new().interp.fork().is_some());
    }

    #[test]
    fn stores_through_another_view_are_noted() {
        // The views of physical memory at 0xA0000000 and 0xC0000000 show the same bytes.
        let machine = CpuHarness::new();
        let protect = xenia_memory::Protect::READ_WRITE;
        let heap = xenia_memory::Heap::Physical64K;
        let at = machine.memory.alloc(heap, 0x1_0000, 0x1_0000, protect).unwrap();
        let range = WatchedRange { addr: GuestAddr(at.0 + 0x20), ..WORD };
        let watch = AccessWatch::new(&machine.memory, vec![range]);
        let overlaps = |addr| watch.overlapped(StoredBytes { addr: GuestAddr(addr), size: 4 }).count();
        assert_eq!(overlaps(at.0 + 0x20), 1);
        assert_eq!(overlaps((at.0 & 0x1FFF_FFFF) + 0xC000_0020), 1);
        assert_eq!(overlaps(at.0 + 0x24), 0);
    }
}
