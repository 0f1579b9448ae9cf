//! Counts of entries by table: tracks which host pages of a table of entries take up memory.
//!
//! A *table* is one host page of a table of entries. An empty table is returned to the host, except
//! for a few ([`MAX_EMPTY`]), because self-modifying code is often compiled again at the same
//! addresses.

use super::sparse_words::SparseWords;
use std::collections::HashMap;

/// Limit of empty tables that are kept.
pub(super) const MAX_EMPTY: usize = 256;

/// The use that an entry makes of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Nothing,
    /// It leads to the store.
    Stored,
    /// It leads to code.
    Code,
}

/// Numbers of entries in a table.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    code: u32,
    stored: u32,
}

impl Count {
    fn number_mut(&mut self, holds: Holds) -> Option<&mut u32> {
        match holds {
            Holds::Nothing => None,
            Holds::Stored => Some(&mut self.stored),
            Holds::Code => Some(&mut self.code),
        }
    }

    fn is_empty(self) -> bool {
        self.code == 0 && self.stored == 0
    }
}

/// The tables that take up memory.
#[derive(Debug, Default)]
pub(crate) struct TablesInUse {
    /// By number of the table.
    counts: HashMap<u32, Count>,
    /// Number of tables that lead to code, and of empty ones.
    of_code: usize,
    empty: usize,
}

impl TablesInUse {
    /// Number of tables that take up memory.
    pub(crate) fn len(&self) -> usize {
        self.counts.len()
    }

    /// Number of tables that lead to code.
    pub(crate) fn of_code(&self) -> usize {
        self.of_code
    }

    /// Whether a table leads to code.
    pub(crate) fn leads_to_code(&self, table: u32) -> bool {
        self.counts.get(&table).is_some_and(|count| count.code > 0)
    }

    /// Records that an entry of a table of `words` has changed; returns empty tables to the host if
    /// there are too many.
    pub(crate) fn change<const LEN: usize>(
        &mut self,
        words: &SparseWords<LEN>,
        table: u32,
        was: Holds,
        is: Holds,
    ) {
        let before = self.counts.get(&table).copied();
        let mut count = before.unwrap_or_default();
        if let Some(number) = count.number_mut(was) {
            *number -= 1;
        }
        if let Some(number) = count.number_mut(is) {
            *number += 1;
        }
        self.counts.insert(table, count);
        // A table without a count takes no memory, so it was not among the empty ones. The addition
        // comes first, as a number may be 0.
        let move_on =
            |tables: &mut usize, was: bool, is: bool| *tables = *tables + usize::from(is) - usize::from(was);
        move_on(&mut self.of_code, before.is_some_and(|count| count.code > 0), count.code > 0);
        move_on(&mut self.empty, before.is_some_and(Count::is_empty), count.is_empty());
        if self.empty > MAX_EMPTY {
            self.give_back_empty(words);
        }
    }

    /// Returns the empty tables of `words` to the host.
    pub(crate) fn give_back_empty<const LEN: usize>(&mut self, words: &SparseWords<LEN>) {
        self.counts.retain(|&table, count| {
            if count.is_empty() {
                words.give_back(table as usize);
            }
            !count.is_empty()
        });
        self.empty = 0;
    }
}
