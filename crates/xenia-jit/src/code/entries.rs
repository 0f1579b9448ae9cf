//! The table of entries: maps each guest word to the offset of its code in code memory.
//!
//! The part of the table that belongs to a page of guest code is called a *table* and takes one
//! host page ([`super::tables_in_use`]).

use super::memory::ALIGNMENT;
use super::sparse_words::{SparseWords, WORDS_IN_PAGE};
use super::tables_in_use::{Holds, TablesInUse};
use crate::JitError;
use std::sync::Arc;
use std::sync::atomic::Ordering::*;
use xenia_guest::PAGE_SIZE;

/// Offset of the second stub: entries whose code is in the store but not published lead to it.
pub(crate) const STORED: u32 = ALIGNMENT as u32;
const ENTRIES: usize = 1 << 30;
const _: () = assert!(WORDS_IN_PAGE * 4 == PAGE_SIZE as usize, "a table takes one host page");

/// The table of entries.
pub(crate) struct Entries(SparseWords<ENTRIES>);

impl Entries {
    /// Offset of the entry for `pc`: 0 if it has none, [`STORED`] if its code is in the store.
    #[inline]
    pub(crate) fn offset(&self, pc: u32) -> u32 {
        self.0.word((pc >> 2) as usize).load(Acquire)
    }
}

/// The use that an entry with this offset makes of its table.
fn holds(offset: u32) -> Holds {
    match offset {
        0 => Holds::Nothing,
        STORED => Holds::Stored,
        _ => Holds::Code,
    }
}

/// The table of entries, and which of its tables take up memory.
pub(crate) struct EntryTables {
    entries: Arc<Entries>,
    in_use: TablesInUse,
}

impl EntryTables {
    /// Creates a table without entries.
    pub(crate) fn new() -> Result<Self, JitError> {
        Ok(Self { entries: Arc::new(Entries(SparseWords::new()?)), in_use: TablesInUse::default() })
    }

    /// The entries, which engines read without a lock.
    pub(crate) fn entries(&self) -> &Arc<Entries> {
        &self.entries
    }

    /// The address of the entries for compiled code.
    pub(crate) fn base(&self) -> u64 {
        self.entries.0.base()
    }

    /// Number of tables that lead to code.
    pub(crate) fn of_code(&self) -> usize {
        self.in_use.of_code()
    }

    /// Number of tables that take up memory.
    pub(crate) fn in_use(&self) -> usize {
        self.in_use.len()
    }

    /// Publishes the entry for `pc`, or removes it if `offset` is 0.
    pub(crate) fn set(&mut self, pc: u32, offset: u32) {
        let was = self.entries.offset(pc);
        if was == offset {
            return;
        }
        // Written first: `change` may return the table to the host, and a write after that would
        // take its memory again.
        self.entries.0.word((pc >> 2) as usize).store(offset, Release);
        self.in_use.change(&self.entries.0, pc / PAGE_SIZE, holds(was), holds(offset));
    }

    /// Returns empty tables to the host.
    pub(crate) fn give_back_empty(&mut self) {
        self.in_use.give_back_empty(&self.entries.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables_in_use::MAX_EMPTY;
    use super::*;

    #[test]
    fn entries_start_empty_at_both_ends_of_the_address_space() {
        let mut tables = EntryTables::new().unwrap();
        for pc in [0, 0x8200_0000, 0xFFFF_FFFC] {
            assert_eq!(tables.entries().offset(pc), 0);
            tables.set(pc, 32);
            assert_eq!(tables.entries().offset(pc), 32);
        }
    }

    #[test]
    fn tables_without_entries_go_back_to_the_host() {
        const PAGES: u32 = 4 * MAX_EMPTY as u32;
        let mut tables = EntryTables::new().unwrap();
        let resident = |tables: &EntryTables| tables.entries.0.resident(PAGES as usize);
        let ends = |page: u32| [page * PAGE_SIZE, (page + 1) * PAGE_SIZE - 4];
        for pc in (0..PAGES).flat_map(ends) {
            tables.set(pc, 64);
        }
        assert_eq!((tables.of_code(), resident(&tables)), (PAGES as usize, PAGES as usize));
        // A single entry keeps a table, even one of stored code.
        tables.set(ends(7)[1], STORED);
        for pc in (0..PAGES).map(|page| ends(page)[0]) {
            tables.set(pc, 0);
        }
        assert_eq!((tables.of_code(), resident(&tables)), (PAGES as usize - 1, PAGES as usize));
        for pc in (0..PAGES).filter(|&page| page != 7 && page != 9).map(|page| ends(page)[1]) {
            tables.set(pc, 0);
        }
        assert_eq!(tables.of_code(), 1);
        assert!(resident(&tables) <= MAX_EMPTY + 2, "{}", resident(&tables));
        tables.give_back_empty();
        assert_eq!(resident(&tables), 2);
        assert_eq!(ends(7).map(|pc| tables.entries().offset(pc)), [0, STORED]);
        assert_eq!(ends(9).map(|pc| tables.entries().offset(pc)), [0, 64]);
        tables.set(ends(3)[0], 96);
        assert_eq!(ends(3).map(|pc| tables.entries().offset(pc)), [96, 0], "used again");
    }
}
