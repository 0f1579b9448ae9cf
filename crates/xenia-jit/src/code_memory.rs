//! Memory that host code runs from, and the tables it is found by.
//!
//! One memfd is mapped twice: writable, where code is put, and executable, where it runs; no page is
//! ever both. Offset 0 holds the stub that every unfilled table entry leads to, [`STORED`] another one. The slots lie behind the code, so that
//! code finds them by their distance; it reads them through the mapping that it runs from.
//!
//! ```text
//!  entries: u32 per guest word (4 GiB reserved, sparse) ──► offset in code memory, 0 = not compiled
//!  slots:   u64 per linked target (dense)               ──► host address in code memory
//! ```
//!
//! The part of the entries that belongs to a page of guest code is a *table*, a page of the host's. One without an entry
//! goes back to the host, but for a few ([`MOST_EMPTY`]), as code that changes comes back to where it was.
//!
//! # Safety rules
//! - The mappings live as long as [`CodeMemory`]; addresses of them leave this module as numbers only.
//! - Code is written only to ranges handed out by [`CodeMemory::allocate`] and not yet released, before
//!   any table names them; ranges are released only when no thread can be in them (`code_cache`).
//! - Where code has been before, a processor may still hold it, though not be in it: before such a range is published again,
//!   all threads fetch anew. (x86 processors are known to do so by themselves; their manuals don't promise it.)
//! - Tables are read by compiled code and written here, always as aligned atomics. A table is given back when all of it is 0,
//!   which is what it reads as afterwards.

use crate::JitError;
use crate::enter::LINKED;
use memmap2::{Mmap, MmapOptions, MmapRaw, UncheckedAdvice};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use xenia_guest::PAGE_SIZE;
use xenia_memory::barrier;

/// Bytes of code memory. Untouched pages cost nothing.
pub(crate) const CODE_SIZE: usize = 256 << 20;
/// Link slots.
pub(crate) const SLOTS: usize = 1 << 20;
/// Code and slots.
const FILE_SIZE: usize = CODE_SIZE + SLOTS * 8;
const ENTRIES_SIZE: usize = 1 << 32;
const ALIGNMENT: usize = 32;
/// Offset of a second stub like the first: for entries whose code is kept and not published yet.
pub(crate) const STORED: u32 = ALIGNMENT as u32;
/// Tables without an entry that are kept.
const MOST_EMPTY: usize = 256;
/// Bytes of a table: one entry for each word of a page. That is a page of the host's, too: this is for x86-64 alone.
const TABLE_SIZE: usize = PAGE_SIZE as usize;

fn host_error(call: &'static str) -> impl FnOnce(io::Error) -> JitError {
    move |source| JitError::Host { call, source }
}

/// Zeros that take up room only where they have been written to.
fn sparse(size: usize) -> Result<MmapRaw, JitError> {
    let mapped = MmapOptions::new().len(size).no_reserve_swap().map_anon();
    mapped.map(MmapRaw::from).map_err(host_error("mmap of the tables of code memory"))
}

/// An empty file in memory.
fn file() -> Result<File, JitError> {
    let create = |flags| {
        // SAFETY: the name is a C string; the call makes a new file and touches nothing else.
        unsafe { libc::memfd_create(c"xenia-code".as_ptr(), flags) }
    };
    // Where executable files in memory are an exception that has to be asked for; older hosts don't know the flag.
    let descriptor = match create(libc::MFD_CLOEXEC | libc::MFD_EXEC) {
        refused if refused < 0 => create(libc::MFD_CLOEXEC),
        created => created,
    };
    if descriptor < 0 {
        return Err(host_error("memfd_create")(io::Error::last_os_error()));
    }
    // SAFETY: a fresh descriptor that nobody else owns.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

/// Maps the beginning of a file as executable, for nothing but being seen to: so perf learns of a file that describes code.
pub(crate) fn mark(file: &File) -> Result<Mmap, JitError> {
    // SAFETY: nobody reads through the mapping, and nobody runs what is there.
    unsafe { MmapOptions::new().len(4096).map_exec(file) }
        .map_err(host_error("mmap of the dump of code for perf"))
}

/// The table of entries.
pub(crate) struct Entries(MmapRaw);

impl Entries {
    #[allow(clippy::cast_ptr_alignment)] // mappings start at a page
    fn entry(&self, pc: u32) -> &AtomicU32 {
        // SAFETY: the mapping holds 2^30 words, starts at a page, and is only accessed
        // atomically.
        unsafe { &*self.0.as_ptr().cast::<AtomicU32>().add((pc >> 2) as usize) }
    }

    /// Offset of the entry for `pc`; 0 if there is none, [`STORED`] if its code is kept.
    #[inline]
    pub(crate) fn offset(&self, pc: u32) -> u32 {
        // Reading an untouched page of the table costs a fault, as for compiled code.
        self.entry(pc).load(Acquire)
    }

    fn set(&self, pc: u32, offset: u32) {
        self.entry(pc).store(offset, Release);
    }

    /// Gives the memory of a page's table back to the host. All of it must be 0.
    fn give_back(&self, page: u32) {
        let start = page as usize * TABLE_SIZE;
        // SAFETY: inside the mapping, which is private and has no file, so that what is given back reads as zeros. It holds
        // nothing else, and only code memory writes to it, which calls this: nobody loses anything.
        let given = unsafe { self.0.unchecked_advise_range(UncheckedAdvice::DontNeed, start, TABLE_SIZE) };
        // A host that refuses keeps it.
        drop(given);
    }
}

/// How many entries a table has.
#[derive(Clone, Copy, Debug, Default)]
struct Table {
    /// Those that lead to code.
    code: u32,
    /// Those that are [`STORED`].
    stored: u32,
}

impl Table {
    /// The number that an entry with this offset is counted in.
    fn number(&mut self, offset: u32) -> Option<&mut u32> {
        match offset {
            0 => None,
            STORED => Some(&mut self.stored),
            _ => Some(&mut self.code),
        }
    }

    fn is_empty(self) -> bool {
        self.code == 0 && self.stored == 0
    }
}

/// See the module's doc.
pub(crate) struct CodeMemory {
    write: MmapRaw,
    /// Keeps the mapping that code runs from.
    _execute: Mmap,
    /// Where that begins. Asked for once: afterwards the bytes change, so nobody may borrow them.
    execute_base: u64,
    entries: Arc<Entries>,
    /// By page of guest code: the tables that take up memory.
    tables: HashMap<u32, Table>,
    /// How many of them lead to code, and how many nowhere.
    tables_of_code: usize,
    empty_tables: usize,
    used: usize,
    /// What lies from here on was never written.
    fresh: usize,
    /// Released ranges, for reuse: sizes by offset. No two touch.
    free: BTreeMap<usize, usize>,
    /// Bytes of the stub.
    stub: usize,
}

impl CodeMemory {
    /// Empty code memory whose offsets 0 and [`STORED`] hold `stub`.
    ///
    /// # Panics
    /// If that is longer than one of them: our own bug.
    pub(crate) fn new(stub: &[u8]) -> Result<Self, JitError> {
        let file = file()?;
        file.set_len(FILE_SIZE as u64).map_err(host_error("ftruncate of code memory"))?;
        let mut options = MmapOptions::new();
        options.len(FILE_SIZE).no_reserve_swap();
        let write = options.map_raw(&file).map_err(host_error("mmap of code memory"))?;
        // SAFETY: a file of ours that nobody else has; it is read as numbers and code only, by this module's rules.
        let execute = unsafe { options.map_exec(&file) }.map_err(host_error("mmap of executable memory"))?;
        let entries = Arc::new(Entries(sparse(ENTRIES_SIZE)?));
        let execute_base = execute.as_ptr() as u64;
        let mut memory = Self {
            write,
            _execute: execute,
            execute_base,
            entries,
            tables: HashMap::new(),
            tables_of_code: 0,
            empty_tables: 0,
            used: 0,
            fresh: 0,
            free: BTreeMap::new(),
            stub: 0,
        };
        for wanted in [0, STORED as usize] {
            let offset = memory.allocate(stub.len())?;
            assert_eq!(offset, wanted, "the stubs are longer than they may be");
            memory.write(offset, stub);
        }
        memory.stub = memory.used;
        for slot in 0..SLOTS.min(1024) {
            memory.set_slot(slot as u32, 0);
        }
        Ok(memory)
    }

    /// Room for `size` bytes of code, as an offset.
    pub(crate) fn allocate(&mut self, size: usize) -> Result<usize, JitError> {
        let size = size.next_multiple_of(ALIGNMENT);
        if let Some((&offset, &free)) = self.free.iter().find(|&(_, &free)| free >= size) {
            self.free.remove(&offset);
            if free > size {
                self.free.insert(offset + size, free - size);
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
        let (mut offset, mut size) = (offset, size.next_multiple_of(ALIGNMENT));
        // Neighbours are merged, so that the list stays short.
        if let Some((&before, &length)) = self.free.range(..offset).next_back()
            && before + length == offset
        {
            (offset, size) = (before, length + size);
        }
        if let Some(length) = self.free.remove(&(offset + size)) {
            size += length;
        }
        self.free.insert(offset, size);
    }

    /// Gives everything back but the stub. No thread can be in any of it any more.
    pub(crate) fn release_all(&mut self) {
        self.free.clear();
        self.used = self.stub;
        self.give_back_tables();
    }

    /// Puts code into an allocated range.
    ///
    /// # Panics
    /// If it does not lie inside code memory: our own bug.
    pub(crate) fn write(&mut self, offset: usize, code: &[u8]) {
        assert!(offset + code.len() <= self.used, "code outside its allocation");
        // SAFETY: inside the writable mapping, as just checked; nothing runs there yet (module's rules).
        unsafe { ptr::copy_nonoverlapping(code.as_ptr(), self.write.as_mut_ptr().add(offset), code.len()) };
        if offset < self.fresh {
            barrier::serialize_all_threads();
        }
        self.fresh = self.fresh.max(offset + code.len());
    }

    /// A copy of code that was put there.
    pub(crate) fn read(&self, offset: usize, size: usize) -> Vec<u8> {
        assert!(offset + size <= self.used, "code outside its allocation");
        let mut code = vec![0; size];
        // SAFETY: inside the mapping; writers hold `&mut self`.
        unsafe { ptr::copy_nonoverlapping(self.write.as_ptr().add(offset), code.as_mut_ptr(), size) };
        code
    }

    /// The table of entries; engines look into it without a lock.
    pub(crate) fn entries(&self) -> &Arc<Entries> {
        &self.entries
    }

    /// Publishes the entry for `pc`, or with 0 takes it back.
    pub(crate) fn set_entry(&mut self, pc: u32, offset: u32) {
        let was = self.entries.offset(pc);
        if was == offset {
            return;
        }
        self.entries.set(pc, offset);
        let before = self.tables.get(&(pc / PAGE_SIZE)).copied();
        let mut table = before.unwrap_or_default();
        if let Some(number) = table.number(was) {
            *number -= 1;
        }
        if let Some(number) = table.number(offset) {
            *number += 1;
        }
        self.tables.insert(pc / PAGE_SIZE, table);
        let count =
            |tables: &mut usize, was: bool, is: bool| *tables = *tables + usize::from(is) - usize::from(was);
        count(&mut self.tables_of_code, before.is_some_and(|table| table.code > 0), table.code > 0);
        count(&mut self.empty_tables, before.is_some_and(Table::is_empty), table.is_empty());
        if self.empty_tables > MOST_EMPTY {
            self.give_back_tables();
        }
    }

    /// Gives the tables that lead nowhere back to the host.
    fn give_back_tables(&mut self) {
        for (&page, _) in self.tables.iter().filter(|(_, table)| table.is_empty()) {
            self.entries.give_back(page);
        }
        self.tables.retain(|_, table| !table.is_empty());
        self.empty_tables = 0;
    }

    /// How many tables lead to code.
    pub(crate) fn tables_of_code(&self) -> usize {
        self.tables_of_code
    }

    /// Makes a slot lead to the entry at `offset`, for those who have registers at hand; 0 leads to the stub.
    #[allow(clippy::cast_ptr_alignment)] // mappings start at a page
    pub(crate) fn set_slot(&self, slot: u32, offset: u32) {
        assert!((slot as usize) < SLOTS, "slot out of range");
        // SAFETY: inside the writable mapping behind the code, which starts and ends at a page, and only accessed atomically.
        let cell = unsafe { &*self.write.as_mut_ptr().add(CODE_SIZE).cast::<AtomicU64>().add(slot as usize) };
        cell.store(self.execute_base() + u64::from(offset) + LINKED as u64, Release);
    }

    /// Where code runs.
    pub(crate) fn execute_base(&self) -> u64 {
        self.execute_base
    }

    /// The table of entries.
    pub(crate) fn entries_base(&self) -> u64 {
        self.entries.0.as_ptr() as u64
    }

    /// Where code finds a slot.
    pub(crate) fn slot_address(&self, slot: u32) -> u64 {
        self.execute_base() + CODE_SIZE as u64 + u64::from(slot) * 8
    }

    /// Bytes of code memory that hold code, or a stub.
    pub(crate) fn in_use(&self) -> usize {
        self.used - self.free.values().sum::<usize>()
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
        assert_eq!(memory.in_use(), used - 256);
        assert_eq!(memory.allocate(256).unwrap(), a, "two neighbours make one range");
        assert_eq!(memory.used(), used);
        memory.write(a, &[1, 2, 3]);
        assert_eq!(memory.read(a, 3), [1, 2, 3]);
    }

    #[test]
    fn everything_but_the_stub_can_be_given_back_at_once() {
        let mut memory = CodeMemory::new(&[0xC3]).unwrap();
        let used = memory.used();
        let first = memory.allocate(100).unwrap();
        memory.allocate(CODE_SIZE / 2).unwrap();
        memory.release(first, 100);
        memory.release_all();
        assert_eq!(memory.used(), used);
        assert_eq!(memory.allocate(200).unwrap(), first);
        assert_eq!(memory.read(0, 1), [0xC3]);
    }

    #[test]
    fn a_full_memory_says_so() {
        let mut memory = CodeMemory::new(&[0xC3]).unwrap();
        assert!(matches!(memory.allocate(CODE_SIZE), Err(JitError::CodeMemoryFull)));
    }

    #[test]
    fn entries_start_empty_at_both_ends_of_the_address_space() {
        let mut memory = CodeMemory::new(&[0xC3]).unwrap();
        for pc in [0, 0x8200_0000, 0xFFFF_FFFC] {
            assert_eq!(memory.entries().offset(pc), 0);
            memory.set_entry(pc, 32);
            assert_eq!(memory.entries().offset(pc), 32);
        }
    }

    /// Tables of the first `pages` pages that the host has memory for.
    fn resident(memory: &CodeMemory, pages: u32) -> usize {
        let mut present = vec![0_u8; pages as usize];
        let start = memory.entries.0.as_mut_ptr();
        // SAFETY: asks for pages of the mapping, and there is a byte for each.
        let asked = unsafe { libc::mincore(start.cast(), pages as usize * TABLE_SIZE, present.as_mut_ptr()) };
        assert_eq!(asked, 0);
        present.iter().filter(|&&present| present & 1 != 0).count()
    }

    #[test]
    fn tables_without_entries_go_back_to_the_host() {
        const PAGES: u32 = 4 * MOST_EMPTY as u32;
        let mut memory = CodeMemory::new(&[0xC3]).unwrap();
        let ends = |page: u32| [page * PAGE_SIZE, (page + 1) * PAGE_SIZE - 4];
        for pc in (0..PAGES).flat_map(ends) {
            memory.set_entry(pc, 64);
        }
        assert_eq!((memory.tables_of_code(), resident(&memory, PAGES)), (PAGES as usize, PAGES as usize));
        // One entry keeps a table, one of code that is kept as well.
        memory.set_entry(ends(7)[1], STORED);
        for pc in (0..PAGES).map(|page| ends(page)[0]) {
            memory.set_entry(pc, 0);
        }
        assert_eq!((memory.tables_of_code(), resident(&memory, PAGES)), (PAGES as usize - 1, PAGES as usize));
        for pc in (0..PAGES).filter(|&page| page != 7 && page != 9).map(|page| ends(page)[1]) {
            memory.set_entry(pc, 0);
        }
        assert_eq!(memory.tables_of_code(), 1);
        assert!(resident(&memory, PAGES) <= MOST_EMPTY + 2, "{}", resident(&memory, PAGES));
        memory.release_all();
        assert_eq!(resident(&memory, PAGES), 2);
        assert_eq!(ends(7).map(|pc| memory.entries().offset(pc)), [0, STORED]);
        assert_eq!(ends(9).map(|pc| memory.entries().offset(pc)), [0, 64]);
        memory.set_entry(ends(3)[0], 96);
        assert_eq!(ends(3).map(|pc| memory.entries().offset(pc)), [96, 0], "used again");
    }
}
