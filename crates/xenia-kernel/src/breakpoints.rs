//! Breakpoints of a debugger: trap instructions that replace instructions of the title.
//!
//! Engines need no support for them: the write of the trap changes the page's version, so compiled
//! code of the page is withdrawn, and the trap compiles to an exception. Code without breakpoints
//! runs as without a debugger. The exception of such a trap stops the run instead of reaching the
//! title.
//!
//! A title that reads its own code sees the trap; one that overwrites it removes the breakpoint
//! until that is set again.

use std::collections::BTreeMap;
use xenia_guest::GuestAddr;
use xenia_memory::{Access, GuestMemory};
use xenia_state::Unsaveable;
use xenia_sync::{Level, Mutex};

/// `tw 31,r0,r0`: always traps. Debuggers use it on this processor family.
pub const TRAP: u32 = 0x7FE0_0008;

/// Limit of breakpoints of a machine.
pub const MAX_BREAKPOINTS: usize = 4096;

#[derive(Debug, Default)]
struct State {
    /// The replaced instructions, by address.
    replaced: BTreeMap<u32, u32>,
    /// The thread that stopped the run at a breakpoint, by guest id.
    hit: Option<u32>,
}

/// The breakpoints of a machine ([module documentation](self)).
#[derive(Debug)]
pub struct Breakpoints(Mutex<State>);

impl Default for Breakpoints {
    fn default() -> Self {
        Self(Mutex::new(Level::Leaf, State::default()))
    }
}

impl Breakpoints {
    /// Sets a breakpoint at an instruction. Returns `false` if there are [`MAX_BREAKPOINTS`], or if
    /// the address is not a multiple of 4.
    ///
    /// # Errors
    /// The address is not mapped.
    pub fn insert(&self, memory: &GuestMemory, at: GuestAddr) -> Access<bool> {
        let mut state = self.0.lock();
        let is_known = state.replaced.contains_key(&at.0);
        if !is_known && (state.replaced.len() >= MAX_BREAKPOINTS || !at.0.is_multiple_of(4)) {
            return Ok(false);
        }
        let word = memory.read::<u32>(at)?;
        // Otherwise the title has loaded other code over a known breakpoint.
        if is_known && word == TRAP {
            return Ok(true);
        }
        memory.write(at, TRAP)?;
        state.replaced.insert(at.0, word);
        Ok(true)
    }

    /// Removes a breakpoint. Returns whether there was one.
    pub fn remove(&self, memory: &GuestMemory, at: GuestAddr) -> bool {
        let mut state = self.0.lock();
        let Some(word) = state.replaced.remove(&at.0) else { return false };
        // The title may have unmapped the page or loaded other code there.
        if memory.read::<u32>(at) == Ok(TRAP) {
            let _ = memory.write(at, word);
        }
        true
    }

    /// Removes all breakpoints.
    pub fn clear(&self, memory: &GuestMemory) {
        let all: Vec<u32> = self.0.lock().replaced.keys().copied().collect();
        for at in all {
            self.remove(memory, GuestAddr(at));
        }
    }

    /// Whether there is a breakpoint at an address.
    pub fn is_set(&self, at: GuestAddr) -> bool {
        self.0.lock().replaced.contains_key(&at.0)
    }

    /// Writes memory for the debugger, under the breakpoints in it.
    ///
    /// # Errors
    /// A byte is not mapped; nothing has been written.
    pub fn write(&self, memory: &GuestMemory, start: GuestAddr, bytes: &[u8]) -> Access<()> {
        let end = start.0.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let under: Vec<u32> =
            self.0.lock().replaced.range(start.0.saturating_sub(3)..end).map(|(&at, _)| at).collect();
        for &at in &under {
            self.remove(memory, GuestAddr(at));
        }
        let written = memory.write_bytes(start, bytes);
        for at in under {
            // The title may have unmapped the page of a breakpoint that the bytes only touch.
            let _ = self.insert(memory, GuestAddr(at));
        }
        written
    }

    /// Replaces the traps in a copy of the memory at `start` by the title's instructions.
    pub fn hide(&self, memory: &GuestMemory, start: GuestAddr, bytes: &mut [u8]) {
        let state = self.0.lock();
        let first = start.0.saturating_sub(3);
        let end = start.0.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        for (&at, word) in state.replaced.range(first..end) {
            // The title may have loaded other code there.
            if memory.read::<u32>(GuestAddr(at)) != Ok(TRAP) {
                continue;
            }
            for (address, byte) in (at..).zip(word.to_be_bytes()) {
                let index = address.checked_sub(start.0).map(|index| index as usize);
                if let Some(place) = index.and_then(|index| bytes.get_mut(index)) {
                    *place = byte;
                }
            }
        }
    }

    /// Notes that a thread met a trap. Returns whether the run must stop for a breakpoint.
    pub(crate) fn is_hit(&self, at: GuestAddr, thread: u32) -> bool {
        let mut state = self.0.lock();
        let is_hit = state.replaced.contains_key(&at.0);
        if is_hit {
            state.hit.get_or_insert(thread);
        }
        is_hit
    }

    /// Refuses a saved state while there are breakpoints: the title's memory has the traps, and the
    /// debugger that has set them is not part of the machine.
    pub(crate) fn check_saveable(&self) -> Result<(), Unsaveable> {
        // The last hit is for the debugger.
        let State { replaced, hit: _ } = &*self.0.lock();
        if replaced.is_empty() { Ok(()) } else { Err("a debugger has set breakpoints".into()) }
    }

    /// Takes the thread that stopped the last run at a breakpoint, by guest id.
    pub fn take_hit(&self) -> Option<u32> {
        self.0.lock().hit.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use xenia_memory::{Heap, Protect};

    const CODE: u32 = 0x4E80_0020;

    fn memory() -> (Arc<GuestMemory>, GuestAddr) {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
        memory.write(at, CODE).unwrap();
        (memory, at)
    }

    #[test]
    fn a_breakpoint_replaces_the_instruction_until_it_is_removed() {
        let (memory, at) = memory();
        let breakpoints = Breakpoints::default();
        assert_eq!(breakpoints.insert(&memory, at), Ok(true));
        assert_eq!(breakpoints.insert(&memory, at), Ok(true), "setting it again changes nothing");
        assert_eq!(memory.read::<u32>(at), Ok(TRAP));
        assert!(breakpoints.remove(&memory, at));
        assert_eq!(memory.read::<u32>(at), Ok(CODE));
        assert!(!breakpoints.remove(&memory, at));
    }

    #[test]
    fn a_machine_with_breakpoints_cannot_be_saved() {
        let (memory, at) = memory();
        let breakpoints = Breakpoints::default();
        assert_eq!(breakpoints.check_saveable(), Ok(()));
        breakpoints.insert(&memory, at).unwrap();
        assert!(breakpoints.check_saveable().is_err());
        breakpoints.clear(&memory);
        assert_eq!(breakpoints.check_saveable(), Ok(()));
    }

    #[test]
    fn copies_of_memory_show_the_instructions_of_the_title() {
        let (memory, at) = memory();
        let breakpoints = Breakpoints::default();
        breakpoints.insert(&memory, at).unwrap();
        for (offset, len) in [(0, 4), (0, 8), (1, 2), (2, 4), (3, 1)] {
            let start = at.offset(offset);
            let mut bytes = vec![0; len];
            memory.read_bytes(start, &mut bytes).unwrap();
            breakpoints.hide(&memory, start, &mut bytes);
            let code = [CODE.to_be_bytes(), [0; 4]].concat();
            assert_eq!(bytes, code[offset as usize..offset as usize + len], "{offset} {len}");
        }
    }

    #[test]
    fn writes_go_under_a_breakpoint() {
        let (memory, at) = memory();
        let breakpoints = Breakpoints::default();
        breakpoints.insert(&memory, at).unwrap();
        breakpoints.write(&memory, at.offset(2), &[0xAB, 0xCD, 0xEF]).unwrap();
        assert_eq!(memory.read::<u32>(at), Ok(TRAP));
        breakpoints.clear(&memory);
        assert_eq!(memory.read::<u32>(at), Ok(CODE & 0xFFFF_0000 | 0xABCD));
    }

    #[test]
    fn code_that_the_title_has_replaced_stays() {
        let (memory, at) = memory();
        let breakpoints = Breakpoints::default();
        breakpoints.insert(&memory, at).unwrap();
        memory.write(at, 0x6000_0000_u32).unwrap();
        breakpoints.clear(&memory);
        assert_eq!(memory.read::<u32>(at), Ok(0x6000_0000));
        assert!(!breakpoints.is_set(at));
    }

    #[test]
    fn a_breakpoint_in_replaced_code_is_set_again() {
        let (memory, at) = memory();
        let breakpoints = Breakpoints::default();
        breakpoints.insert(&memory, at).unwrap();
        memory.write(at, 0x6000_0000_u32).unwrap();
        let mut bytes = 0x6000_0000_u32.to_be_bytes();
        breakpoints.hide(&memory, at, &mut bytes);
        assert_eq!(u32::from_be_bytes(bytes), 0x6000_0000, "the code that was loaded");
        assert_eq!(breakpoints.insert(&memory, at), Ok(true));
        assert_eq!(memory.read::<u32>(at), Ok(TRAP));
        breakpoints.clear(&memory);
        assert_eq!(memory.read::<u32>(at), Ok(0x6000_0000));
    }

    #[test]
    fn addresses_without_an_instruction_have_no_breakpoints() {
        let (memory, at) = memory();
        let breakpoints = Breakpoints::default();
        assert_eq!(breakpoints.insert(&memory, at.offset(2)), Ok(false));
        assert!(breakpoints.insert(&memory, GuestAddr(0x10)).is_err());
    }
}
