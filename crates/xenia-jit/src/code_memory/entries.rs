//! The table of entries: for each guest word, where in code memory its code is.
//!
//! The part of it that belongs to a page of guest code is a *table*, a page of the host's. One
//! without an entry goes back to the host, but for a few ([`MOST_EMPTY`]), as code that changes
//! comes back to where it was.
//!
//! # Safety rules
//! - The mapping lives as long as [`Entries`].
//! - Entries are read by compiled code and written here, always as aligned atomics. A table is
//!   given back when all of it is 0, which is what it reads as afterwards.

use super::ranges::ALIGNMENT;
use crate::JitError;
use memmap2::{MmapOptions, MmapRaw, UncheckedAdvice};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::*};
use xenia_guest::PAGE_SIZE;

/// Offset of a second stub like the first: for entries whose code is kept and not published yet.
pub(crate) const STORED: u32 = ALIGNMENT as u32;
const ENTRIES_SIZE: usize = 1 << 32;
/// Tables without an entry that are kept.
const MOST_EMPTY: usize = 256;
/// Bytes of a table: one entry for each word of a page. That is a page of the host's, too: this is
/// for x86-64 alone.
const TABLE_SIZE: usize = PAGE_SIZE as usize;

/// The table of entries.
pub(crate) struct Entries(MmapRaw);

impl Entries {
    /// No entries.
    fn new() -> Result<Self, JitError> {
        let mapped = MmapOptions::new().len(ENTRIES_SIZE).no_reserve_swap().map_anon();
        let failed = |source| JitError::Host { call: "mmap of the tables of code memory", source };
        mapped.map(|mapped| Self(mapped.into())).map_err(failed)
    }

    /// Where compiled code finds them.
    fn base(&self) -> u64 {
        self.0.as_ptr() as u64
    }

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
        // SAFETY: inside the mapping, which is private and has no file, so that what is given back reads as
        // zeros. It holds nothing else, and only code memory writes to it, which calls this: nobody
        // loses anything.
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

/// The entries, and which of their tables take up memory.
pub(super) struct Tables {
    entries: Arc<Entries>,
    /// By page of guest code: the tables that take up memory.
    by_page: HashMap<u32, Table>,
    /// How many of them lead to code, and how many nowhere.
    of_code: usize,
    empty: usize,
}

impl Tables {
    /// Tables without an entry.
    pub(super) fn new() -> Result<Self, JitError> {
        Ok(Self { entries: Arc::new(Entries::new()?), by_page: HashMap::new(), of_code: 0, empty: 0 })
    }

    /// The entries; engines look into them without a lock.
    pub(super) fn entries(&self) -> &Arc<Entries> {
        &self.entries
    }

    /// Where compiled code finds the entries.
    pub(super) fn base(&self) -> u64 {
        self.entries.base()
    }

    /// How many tables lead to code.
    pub(super) fn of_code(&self) -> usize {
        self.of_code
    }

    /// Publishes the entry for `pc`, or with 0 takes it back.
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

    /// Gives the tables that lead nowhere back to the host.
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

    /// Tables of the first `pages` pages that the host has memory for.
    fn resident(tables: &Tables, pages: u32) -> usize {
        let mut present = vec![0_u8; pages as usize];
        let start = tables.entries.0.as_mut_ptr();
        // SAFETY: asks for pages of the mapping, and there is a byte for each.
        let asked = unsafe { libc::mincore(start.cast(), pages as usize * TABLE_SIZE, present.as_mut_ptr()) };
        assert_eq!(asked, 0);
        present.iter().filter(|&&present| present & 1 != 0).count()
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
        // One entry keeps a table, one of code that is kept as well.
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
