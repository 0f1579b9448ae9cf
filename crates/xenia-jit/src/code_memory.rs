//! Memory that host code runs from, and the tables it is found by.
//!
//! One memfd is mapped twice: writable, where code is put, and executable, where it runs; no page is
//! ever both. Offset 0 holds the stub that every unfilled table entry leads to.
//!
//! ```text
//!  entries: u32 per guest word (4 GiB reserved, sparse) ──► offset in code memory, 0 = not compiled
//!  slots:   u64 per linked target (dense)               ──► host address in code memory
//! ```
//!
//! # Safety rules
//! - The mappings live as long as [`CodeMemory`]; addresses of them leave this module as numbers only.
//! - Code is written only to ranges handed out by [`CodeMemory::allocate`] and not yet released, before
//!   any table names them; ranges are released only when no thread can be in them (`code_cache`).
//! - Tables are read by compiled code and written here, always as aligned atomics.

use crate::JitError;
use std::io;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

/// Bytes of code memory. Untouched pages cost nothing.
pub(crate) const CODE_SIZE: usize = 256 << 20;
/// Link slots.
pub(crate) const SLOTS: usize = 1 << 20;
const ENTRIES_SIZE: usize = 1 << 32;
const ALIGNMENT: usize = 32;

struct Mapping {
    base: NonNull<u8>,
    size: usize,
}

// SAFETY: a mapping is plain memory; what is done with it is this module's business, by its rules.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(size: usize, rights: i32, flags: i32, file: i32) -> Result<Self, JitError> {
        // SAFETY: a fresh mapping at an address of the kernel's choice touches nothing that exists.
        let base = unsafe { libc::mmap(ptr::null_mut(), size, rights, flags, file, 0) };
        match NonNull::new(base.cast::<u8>()) {
            Some(base) if base.as_ptr().cast() != libc::MAP_FAILED => Ok(Self { base, size }),
            _ => Err(JitError::Host { call: "mmap of code memory", source: io::Error::last_os_error() }),
        }
    }

    fn anonymous(size: usize) -> Result<Self, JitError> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        Self::new(size, libc::PROT_READ | libc::PROT_WRITE, flags, -1)
    }

    fn address(&self) -> u64 {
        self.base.as_ptr() as u64
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and its owner is going away: no code of it runs any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.size) };
    }
}

/// See the module's doc.
pub(crate) struct CodeMemory {
    write: Mapping,
    execute: Mapping,
    entries: Mapping,
    slots: Mapping,
    used: usize,
    /// Released ranges by size class, for reuse.
    free: Vec<(usize, usize)>,
}

impl CodeMemory {
    /// Empty code memory whose offset 0 holds `stub`.
    pub(crate) fn new(stub: &[u8]) -> Result<Self, JitError> {
        // SAFETY: the name is a C string; the call makes a new file and touches nothing else.
        let file = unsafe { libc::memfd_create(c"xenia-code".as_ptr(), libc::MFD_CLOEXEC) };
        if file < 0 {
            return Err(JitError::Host { call: "memfd_create", source: io::Error::last_os_error() });
        }
        let result = Self::map(file);
        // SAFETY: the descriptor is ours and is not used again; the mappings keep the file.
        unsafe { libc::close(file) };
        let mut memory = result?;
        let offset = memory.allocate(stub.len())?;
        debug_assert_eq!(offset, 0);
        memory.write(offset, stub);
        for slot in 0..SLOTS.min(1024) {
            memory.set_slot(slot as u32, 0);
        }
        Ok(memory)
    }

    fn map(file: i32) -> Result<Self, JitError> {
        // SAFETY: the descriptor is a memfd of ours.
        if unsafe { libc::ftruncate(file, CODE_SIZE as libc::off_t) } != 0 {
            return Err(JitError::Host {
                call: "ftruncate of code memory",
                source: io::Error::last_os_error(),
            });
        }
        let shared = libc::MAP_SHARED | libc::MAP_NORESERVE;
        Ok(Self {
            write: Mapping::new(CODE_SIZE, libc::PROT_READ | libc::PROT_WRITE, shared, file)?,
            execute: Mapping::new(CODE_SIZE, libc::PROT_READ | libc::PROT_EXEC, shared, file)?,
            entries: Mapping::anonymous(ENTRIES_SIZE)?,
            slots: Mapping::anonymous(SLOTS * 8)?,
            used: 0,
            free: Vec::new(),
        })
    }

    /// Room for `size` bytes of code, as an offset.
    pub(crate) fn allocate(&mut self, size: usize) -> Result<usize, JitError> {
        let size = size.next_multiple_of(ALIGNMENT);
        if let Some(index) = self.free.iter().position(|&(_, free)| free >= size) {
            let (offset, free) = self.free[index];
            if free > size {
                self.free[index] = (offset + size, free - size);
            } else {
                self.free.swap_remove(index);
            }
            return Ok(offset);
        }
        if self.used + size > CODE_SIZE {
            return Err(JitError::CodeMemoryFull);
        }
        let offset = self.used;
        self.used += size;
        Ok(offset)
    }

    /// Gives a range back that no thread can be in any more.
    pub(crate) fn release(&mut self, offset: usize, size: usize) {
        let mut range = (offset, size.next_multiple_of(ALIGNMENT));
        // Neighbours are merged, so that the list stays short.
        while let Some(index) =
            self.free.iter().position(|&(o, s)| o + s == range.0 || range.0 + range.1 == o)
        {
            let (o, s) = self.free.swap_remove(index);
            range = (o.min(range.0), s + range.1);
        }
        self.free.push(range);
    }

    /// Puts code into an allocated range.
    ///
    /// # Panics
    /// If it does not lie inside code memory: our own bug.
    pub(crate) fn write(&mut self, offset: usize, code: &[u8]) {
        assert!(offset + code.len() <= self.used, "code outside its allocation");
        // SAFETY: inside the writable mapping, as just checked; nothing runs there yet (module's rules).
        unsafe { ptr::copy_nonoverlapping(code.as_ptr(), self.write.base.as_ptr().add(offset), code.len()) };
    }

    /// A copy of code that was put there.
    pub(crate) fn read(&self, offset: usize, size: usize) -> Vec<u8> {
        assert!(offset + size <= self.used, "code outside its allocation");
        let mut code = vec![0; size];
        // SAFETY: inside the mapping; writers hold `&mut self`.
        unsafe { ptr::copy_nonoverlapping(self.write.base.as_ptr().add(offset), code.as_mut_ptr(), size) };
        code
    }

    fn entry(&self, pc: u32) -> &AtomicU32 {
        // SAFETY: the mapping holds 2^30 words, starts at a page, and is only accessed
        // atomically.
        unsafe { &*self.entries.base.cast::<AtomicU32>().as_ptr().add((pc >> 2) as usize) }
    }

    /// Offset of the entry for `pc`; 0 if there is none.
    pub(crate) fn entry_offset(&self, pc: u32) -> u32 {
        // Reading an untouched page of the table costs a fault, as for compiled code.
        self.entry(pc).load(Acquire)
    }

    /// Publishes the entry for `pc`, or with 0 takes it back.
    pub(crate) fn set_entry(&self, pc: u32, offset: u32) {
        self.entry(pc).store(offset, Release);
    }

    /// Makes a slot lead to `offset`; 0 leads to the stub.
    pub(crate) fn set_slot(&self, slot: u32, offset: u32) {
        assert!((slot as usize) < SLOTS, "slot out of range");
        // SAFETY: inside the mapping, which starts at a page, and only accessed atomically.
        let cell = unsafe { &*self.slots.base.cast::<AtomicU64>().as_ptr().add(slot as usize) };
        cell.store(self.execute.address() + u64::from(offset), Release);
    }

    /// Where code runs.
    pub(crate) fn execute_base(&self) -> u64 {
        self.execute.address()
    }

    /// The table of entries.
    pub(crate) fn entries_base(&self) -> u64 {
        self.entries.address()
    }

    /// The slots.
    pub(crate) fn slots_base(&self) -> u64 {
        self.slots.address()
    }

    /// Bytes of code memory in use or once used.
    #[cfg(test)]
    fn used(&self) -> usize {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_reused_and_merged() {
        let mut memory = CodeMemory::new(&[0xC3]).unwrap();
        let a = memory.allocate(100).unwrap();
        let b = memory.allocate(100).unwrap();
        let used = memory.used();
        memory.release(a, 100);
        memory.release(b, 100);
        assert_eq!(memory.allocate(256).unwrap(), a, "two neighbours make one range");
        assert_eq!(memory.used(), used);
        memory.write(a, &[1, 2, 3]);
        assert_eq!(memory.read(a, 3), [1, 2, 3]);
    }

    #[test]
    fn a_full_memory_says_so() {
        let mut memory = CodeMemory::new(&[0xC3]).unwrap();
        assert!(matches!(memory.allocate(CODE_SIZE), Err(JitError::CodeMemoryFull)));
    }

    #[test]
    fn entries_start_empty_at_both_ends_of_the_address_space() {
        let memory = CodeMemory::new(&[0xC3]).unwrap();
        for pc in [0, 0x8200_0000, 0xFFFF_FFFC] {
            assert_eq!(memory.entry_offset(pc), 0);
            memory.set_entry(pc, 32);
            assert_eq!(memory.entry_offset(pc), 32);
        }
    }
}
