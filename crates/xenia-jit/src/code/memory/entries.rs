//! The table of entries: maps each guest word to the offset of its code in code memory.
//!
//! The part of the table that belongs to a page of guest code is called a *table* and takes one
//! host page. An empty table is returned to the host, except for a few ([`MOST_EMPTY`]), because
//! self-modifying code is often compiled again at the same addresses.
//!
//! # Safety rules
//! - The mapping lives as long as [`Entries`].
//! - Entries are read by compiled code and written here, always as aligned atomics. A table is
//!   returned when all of it is 0, which is what it reads as afterwards.

use super::ranges::ALIGNMENT;
use crate::JitError;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::*};
use xenia_guest::PAGE_SIZE;
use xenia_host::sparse::{HOST_PAGE, SparseMemory};

/// Offset of the second stub: entries whose code is in the store but not published lead to it.
pub(crate) const STORED: u32 = ALIGNMENT as u32;
const ENTRIES_SIZE: usize = 1 << 32;
/// Limit of empty tables that are kept.
const MOST_EMPTY: usize = 256;
/// Size of a table in bytes: one entry for each word of a guest page.
const TABLE_SIZE: usize = PAGE_SIZE as usize;
const _: () = assert!(TABLE_SIZE.is_multiple_of(HOST_PAGE), "tables are given back one by one");

/// The table of entries.
pub(crate) struct Entries(SparseMemory);

impl Entries {
    /// Reserves the table, with all entries 0.
    fn new() -> Result<Self, JitError> {
        Ok(Self(SparseMemory::new(ENTRIES_SIZE, "mmap of the tables of code memory")?))
    }

    /// The address that compiled code uses.
    fn base(&self) -> u64 {
        self.0.start() as u64
    }

    #[allow(clippy::cast_ptr_alignment)] // mappings start at a page
    fn entry(&self, pc: u32) -> &AtomicU32 {
        // SAFETY: the mapping holds 2^30 words, starts at a page, and is only accessed
        // atomically.
        unsafe { &*self.0.start().cast::<AtomicU32>().add((pc >> 2) as usize) }
    }

    /// Offset of the entry for `pc`: 0 if it has none, [`STORED`] if its code is in the store.
    #[inline]
    pub(crate) fn offset(&self, pc: u32) -> u32 {
        // Reading an untouched page of the table costs a page fault, as it does for compiled code.
        self.entry(pc).load(Acquire)
    }

    fn set(&self, pc: u32, offset: u32) {
        self.entry(pc).store(offset, Release);
    }

    /// Returns the memory of a page's table to the host. All its entries must be 0.
    fn give_back(&self, page: u32) {
        let start = page as usize * TABLE_SIZE;
        // SAFETY: the range holds only this table, whose entries are all 0, and its only writer,
        // code memory, is the caller: no data is lost.
        unsafe { self.0.give_back(start..start + TABLE_SIZE) };
    }
}

/// Numbers of entries in a table.
#[derive(Clone, Copy, Debug, Default)]
struct Table {
    /// Entries that lead to code.
    code: u32,
    /// Entries that are [`STORED`].
    stored: u32,
}

impl Table {
    /// The counter for an entry with this offset.
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

/// The table of entries, and which of its tables take up memory.
pub(super) struct Tables {
    entries: Arc<Entries>,
    /// The tables that take up memory, by page of guest code.
    by_page: HashMap<u32, Table>,
    /// Number of tables that lead to code, and of empty ones.
    of_code: usize,
    empty: usize,
}

impl Tables {
    /// Creates a table without entries.
    pub(super) fn new() -> Result<Self, JitError> {
        Ok(Self { entries: Arc::new(Entries::new()?), by_page: HashMap::new(), of_code: 0, empty: 0 })
    }

    /// The entries, which engines read without a lock.
    pub(super) fn entries(&self) -> &Arc<Entries> {
        &self.entries
    }

    /// The address of the entries for compiled code.
    pub(super) fn base(&self) -> u64 {
        self.entries.base()
    }

    /// Number of tables that lead to code.
    pub(super) fn of_code(&self) -> usize {
        self.of_code
    }

    /// Publishes the entry for `pc`, or removes it if `offset` is 0.
    pub(super) fn set(&mut self, pc: u32, offset: u32) {
        let was = self.entries.offset(pc);
        if was == offset {
            return;
        }
        self.entries.set(pc, offset);
        let before = self.by_page.get(&(pc / PAGE_SIZE)).copied();
        let mut table = before.unwrap_or_default();
        if let Some(number) = table.number(was) {
            *number -= 1;
        }
        if let Some(number) = table.number(offset) {
            *number += 1;
        }
        self.by_page.insert(pc / PAGE_SIZE, table);
        let count =
            |tables: &mut usize, was: bool, is: bool| *tables = *tables + usize::from(is) - usize::from(was);
        count(&mut self.of_code, before.is_some_and(|table| table.code > 0), table.code > 0);
        count(&mut self.empty, before.is_some_and(Table::is_empty), table.is_empty());
        if self.empty > MOST_EMPTY {
            self.give_back_empty();
        }
    }

    /// Returns empty tables to the host.
    pub(super) fn give_back_empty(&mut self) {
        for (&page, _) in self.by_page.iter().filter(|(_, table)| table.is_empty()) {
            self.entries.give_back(page);
        }
        self.by_page.retain(|_, table| !table.is_empty());
        self.empty = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_start_empty_at_both_ends_of_the_address_space() {
        let mut tables = Tables::new().unwrap();
        for pc in [0, 0x8200_0000, 0xFFFF_FFFC] {
            assert_eq!(tables.entries().offset(pc), 0);
            tables.set(pc, 32);
            assert_eq!(tables.entries().offset(pc), 32);
        }
    }

    /// Number of tables of the first `pages` pages that are resident in the host's memory.
    fn resident(tables: &Tables, pages: u32) -> usize {
        tables.entries.0.held_pages(pages as usize * TABLE_SIZE / HOST_PAGE)
    }

    #[test]
    fn tables_without_entries_go_back_to_the_host() {
        const PAGES: u32 = 4 * MOST_EMPTY as u32;
        let mut tables = Tables::new().unwrap();
        let ends = |page: u32| [page * PAGE_SIZE, (page + 1) * PAGE_SIZE - 4];
        for pc in (0..PAGES).flat_map(ends) {
            tables.set(pc, 64);
        }
        assert_eq!((tables.of_code(), resident(&tables, PAGES)), (PAGES as usize, PAGES as usize));
        // A single entry keeps a table, even one of stored code.
        tables.set(ends(7)[1], STORED);
        for pc in (0..PAGES).map(|page| ends(page)[0]) {
            tables.set(pc, 0);
        }
        assert_eq!((tables.of_code(), resident(&tables, PAGES)), (PAGES as usize - 1, PAGES as usize));
        for pc in (0..PAGES).filter(|&page| page != 7 && page != 9).map(|page| ends(page)[1]) {
            tables.set(pc, 0);
        }
        assert_eq!(tables.of_code(), 1);
        assert!(resident(&tables, PAGES) <= MOST_EMPTY + 2, "{}", resident(&tables, PAGES));
        tables.give_back_empty();
        assert_eq!(resident(&tables, PAGES), 2);
        assert_eq!(ends(7).map(|pc| tables.entries().offset(pc)), [0, STORED]);
        assert_eq!(ends(9).map(|pc| tables.entries().offset(pc)), [0, 64]);
        tables.set(ends(3)[0], 96);
        assert_eq!(ends(3).map(|pc| tables.entries().offset(pc)), [96, 0], "used again");
    }
}
