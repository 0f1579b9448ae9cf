//! Code memory: the memory that host code runs from, and the slots that lead to it.
//!
//! The memory is mapped twice: writable, where code is written, and executable, where it runs; no
//! page is ever both. Offset 0 holds the stub that empty table entries lead to, [`STORED`] a second
//! stub. The slots follow the code, so that code addresses them relative to itself; it reads them
//! through the executable mapping.
//!
//! ```text
//!  slots: u64 per linked target (dense) ──► host address in code memory
//! ```
//!
//! [`ranges`] is the allocator of code memory. The owners of code memory have tables of entries,
//! which hold offsets in it.
//!
//! # Safety rules
//! - The mappings live as long as [`CodeMemory`]; their addresses leave this module as numbers
//!   only.
//! - Code is written only to ranges returned by [`CodeMemory::allocate`] and not yet released,
//!   before any table refers to them; ranges are released only when no thread can be in them
//!   ([`epochs`](super::epochs)).
//! - A processor may still have prefetched the previous code of a range, though no thread executes
//!   it: before new code in such a range is published, all threads serialize their instruction
//!   fetch. (x86 processors are known to do so by themselves; their manuals don't promise it.) On a
//!   processor with separate caches of instructions, they do for all new code.
//! - Slots are read by compiled code and written here, always as aligned atomics.

mod ranges;

use super::entries::STORED;
use crate::JitError;
pub(crate) use ranges::ALIGNMENT;
use ranges::Ranges;
use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::*};
use xenia_host::barrier;
use xenia_host::executable::ExecutableMemory;
use xenia_host::instruction_cache;
use xenia_lifter::thunks::LINKED;

/// Size of code memory in bytes. Untouched pages cost no memory.
pub(crate) const CODE_SIZE: usize = 256 << 20;
/// Number of link slots.
pub(crate) const SLOTS: usize = 1 << 20;
/// Size of code and slots in bytes.
const FILE_SIZE: usize = CODE_SIZE + SLOTS * 8;

/// Code memory ([module documentation](self)): two mappings of one file, and an allocator.
pub(crate) struct CodeMemory {
    host: ExecutableMemory,
    ranges: Ranges,
    /// Memory from this offset on was never written.
    fresh: usize,
    /// Size of the stubs in bytes.
    stub: usize,
}

impl CodeMemory {
    /// Creates empty code memory with this name for `size` bytes of code, at most [`CODE_SIZE`].
    /// Offsets 0 and [`STORED`] hold `stub`; all slots are 0.
    ///
    /// # Panics
    /// If `stub` is too long for its place, which is a bug in this crate.
    pub(crate) fn new(name: &CStr, stub: &[u8], size: usize) -> Result<Self, JitError> {
        if instruction_cache::IS_SEPARATE && !barrier::serialize_all_threads() {
            return Err(JitError::NoSerialization);
        }
        let mut memory = Self {
            host: ExecutableMemory::new(name, FILE_SIZE)?,
            ranges: Ranges::new(size.min(CODE_SIZE)),
            fresh: 0,
            stub: 0,
        };
        for wanted in [0, STORED as usize] {
            let offset = memory.allocate(stub.len())?;
            assert_eq!(offset, wanted, "the stubs are longer than they may be");
            memory.write(offset, stub);
        }
        memory.stub = memory.ranges.used();
        Ok(memory)
    }

    /// Allocates `size` bytes of code memory and returns their offset.
    pub(crate) fn allocate(&mut self, size: usize) -> Result<usize, JitError> {
        self.ranges.allocate(size)
    }

    /// Frees a range that no thread can still be in.
    pub(crate) fn release(&mut self, offset: usize, size: usize) {
        self.ranges.release(offset, size);
    }

    /// Frees everything except the stubs. No thread may still be in any of it.
    pub(crate) fn release_all(&mut self) {
        self.ranges.release_from(self.stub);
    }

    /// Copies code into an allocated range.
    ///
    /// # Panics
    /// If the code does not lie inside code memory, which is a bug in this crate.
    pub(crate) fn write(&mut self, offset: usize, code: &[u8]) {
        assert!(offset + code.len() <= self.ranges.used(), "code outside its allocation");
        // SAFETY: inside the writable mapping, as just checked; no thread runs that range yet
        // (module's rules).
        unsafe {
            let to = self.host.write_base().add(offset);
            ptr::copy_nonoverlapping(code.as_ptr(), to, code.len());
            instruction_cache::synchronize(to, self.execute_base() + offset as u64, code.len());
        }
        if instruction_cache::IS_SEPARATE || offset < self.fresh {
            // `new` has checked that this works where it must; x86 processors can do without.
            barrier::serialize_all_threads();
        }
        self.fresh = self.fresh.max(offset + code.len());
    }

    /// Patches the distance of a branch to lead to `target`, with one store, while other threads
    /// may execute the branch.
    ///
    /// # Panics
    /// If the distance lies outside of code, or not within 8 aligned bytes, which is a bug in this
    /// crate.
    #[allow(clippy::cast_ptr_alignment)] // mappings start at a page
    pub(crate) fn set_distance(&mut self, field: usize, target: usize) {
        let shift = 8 * (field % 8);
        assert!(field + 4 <= self.ranges.used() && shift <= 32, "no distance that one store replaces");
        let distance = (target as i64 - (field as i64 + 4)) as i32;
        // SAFETY: inside the writable mapping, as just checked, and aligned. Processors fetch the
        // branch with the old or the new distance, both of which lead to code; `&mut self` excludes
        // other writers.
        let cell = unsafe { &*self.host.write_base().add(field & !7).cast::<AtomicU64>() };
        let rest = cell.load(Relaxed) & !(u64::from(u32::MAX) << shift);
        cell.store(rest | u64::from(distance.cast_unsigned()) << shift, Release);
    }

    /// Returns a copy of code that was written.
    pub(crate) fn read(&self, offset: usize, size: usize) -> Vec<u8> {
        assert!(offset + size <= self.ranges.used(), "code outside its allocation");
        let mut code = vec![0; size];
        // SAFETY: inside the mapping; writers of code hold `&mut self`.
        unsafe { ptr::copy_nonoverlapping(self.host.write_base().add(offset), code.as_mut_ptr(), size) };
        code
    }

    /// Links a slot to the entry at `offset`, [`LINKED`] bytes in, for callers that pass the
    /// argument registers; 0 links it to the stub.
    pub(crate) fn set_slot(&self, slot: u32, offset: u32) {
        self.set_word(slot as usize, self.execute_base() + u64::from(offset) + LINKED as u64);
    }

    /// Writes a word into the memory of a slot.
    ///
    /// # Panics
    /// If the slot is out of range, which is a bug in this crate.
    pub(crate) fn set_word(&self, slot: usize, word: u64) {
        self.slot(slot).store(word, Release);
    }

    /// The word in the memory of a slot.
    ///
    /// # Panics
    /// If the slot is out of range, as for [`Self::set_word`].
    pub(crate) fn word(&self, slot: usize) -> u64 {
        self.slot(slot).load(Acquire)
    }

    #[allow(clippy::cast_ptr_alignment)] // mappings start at a page
    fn slot(&self, slot: usize) -> &AtomicU64 {
        assert!(slot < SLOTS, "slot out of range");
        // SAFETY: inside the writable mapping behind the code, which starts and ends at a page, and
        // only accessed atomically.
        unsafe { &*self.host.write_base().add(CODE_SIZE).cast::<AtomicU64>().add(slot) }
    }

    /// The address at which code runs.
    pub(crate) fn execute_base(&self) -> u64 {
        self.host.execute_base()
    }

    /// The address at which code reads a slot.
    pub(crate) fn slot_address(&self, slot: u32) -> u64 {
        self.execute_base() + CODE_SIZE as u64 + u64::from(slot) * 8
    }

    /// Bytes of code memory that are allocated, including the stubs.
    pub(crate) fn in_use(&self) -> usize {
        self.ranges.in_use()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_read_back_as_it_was_written() {
        let mut memory = CodeMemory::new(c"test", &[0xC3], CODE_SIZE).unwrap();
        let at = memory.allocate(100).unwrap();
        memory.write(at, &[1, 2, 3]);
        assert_eq!(memory.read(at, 3), [1, 2, 3]);
    }

    #[test]
    fn release_all_keeps_only_the_stubs() {
        let mut memory = CodeMemory::new(c"test", &[0xC3], CODE_SIZE).unwrap();
        let used = memory.in_use();
        let first = memory.allocate(100).unwrap();
        memory.allocate(CODE_SIZE / 2).unwrap();
        memory.release(first, 100);
        memory.release_all();
        assert_eq!(memory.in_use(), used);
        assert_eq!(memory.allocate(200).unwrap(), first);
        assert_eq!(memory.read(0, 1), [0xC3]);
    }
}
