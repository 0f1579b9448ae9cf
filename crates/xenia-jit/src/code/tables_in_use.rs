//! Counts of entries by table: says which host pages of a table of entries take up memory.
//!
//! A *table* is one host page of a table of entries. An empty table is returned to the host, except
//! for a few ([`MOST_EMPTY`]), because self-modifying code is often compiled again at the same
//! addresses.

use std::collections::HashMap;

/// Limit of empty tables that are kept.
pub(super) const MOST_EMPTY: usize = 256;

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
    fn of(&mut self, holds: Holds) -> Option<&mut u32> {
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

    /// Records that an entry of a table has changed. Returns whether empty tables must be returned.
    pub(crate) fn change(&mut self, table: u32, was: Holds, is: Holds) -> bool {
        let before = self.counts.get(&table).copied();
        let mut count = before.unwrap_or_default();
        if let Some(number) = count.of(was) {
            *number -= 1;
        }
        if let Some(number) = count.of(is) {
            *number += 1;
        }
        self.counts.insert(table, count);
        let move_on =
            |tables: &mut usize, was: bool, is: bool| *tables = *tables + usize::from(is) - usize::from(was);
        move_on(&mut self.of_code, before.is_some_and(|count| count.code > 0), count.code > 0);
        move_on(&mut self.empty, before.is_some_and(Count::is_empty), count.is_empty());
        self.empty > MOST_EMPTY
    }

    /// Removes the empty tables, and returns their numbers.
    pub(crate) fn take_empty(&mut self) -> Vec<u32> {
        let empty = self.counts.iter().filter(|(_, count)| count.is_empty()).map(|(&table, _)| table);
        let empty: Vec<u32> = empty.collect();
        self.counts.retain(|_, count| !count.is_empty());
        self.empty = 0;
        empty
    }
}
