//! `bctr` to a case of its unit, by a table that lies behind the jump.
//!
//! The table of entries has the cases, too, but in a line of the host's cache for each function,
//! which much code reads from memory each time; what lies behind the jump is near the code that has
//! just run.
//!
//! ```text
//!  ecx = CTR − first case; beyond the last case: by the table of entries
//!  rax = table; jump to rax + the signed halfword there of the case
//!  table:  halfword │ … for each guest word from the first case to the last one
//! ```
//!
//! Words at which no entry begins lead to the look-up in the table of entries.

use super::super::call_table;
use super::super::encode::{Condition, Imm, RAX, RCX, Rm, Shift};
use super::super::unit::Discovery;
use super::{Emitter, Exit};

/// Guest words that a table is for at most: 2 KiB of host code.
const MOST_WORDS: usize = 1024;

/// A table that is filled in when all of the unit is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Where it is, from the unit's beginning.
    at: usize,
    /// Words of the first case and the last one, by index.
    first: usize,
    last: usize,
    /// Where the look-up in the table of entries is.
    other: usize,
}

impl Emitter {
    /// `bctr`.
    pub(super) fn jump_to_ctr(&mut self, unit: &Discovery) {
        self.ctr_address();
        let cases = unit.cases().filter(|&(first, last)| last - first < MOST_WORDS && self.allows_short);
        let Some((first, last)) = cases else {
            self.jump_by_entries();
            return;
        };
        let e = &mut self.templates.e;
        e.lea(false, RCX, RAX, unit.address(first).wrapping_neg().cast_signed());
        e.imm(false, Imm::Cmp, Rm::Reg(RCX), 4 * (last - first) as i32);
        let field = e.jump_if(Condition::ABOVE);
        e.shift(false, Shift::Right, RCX, 1);
        e.raw(&[0x48, 0x8D, 0x05, 10, 0, 0, 0]); // lea rax, [rip + 10]
        e.raw(&[0x48, 0x0F, 0xBF, 0x0C, 0x08]); // movsx rcx, word [rax + rcx]
        e.raw(&[0x48, 0x01, 0xC1]); // add rcx, rax
        e.go_to_register(RCX, false);
        let at = e.len();
        for _ in first..=last {
            e.raw(&[0; 2]);
        }
        let table = self.tables.len();
        self.tables.push(Table { at, first, last, other: 0 });
        self.exits.push((field, Exit::NoCase(table)));
    }

    fn jump_by_entries(&mut self) {
        call_table::emit_miss(&mut self.templates.e);
        self.templates.e.go_to_register(RCX, false);
    }

    /// Writes the way of a table's jump to other addresses.
    pub(super) fn end_of_table(&mut self, table: usize) {
        self.tables[table].other = self.templates.e.len();
        self.ctr_address();
        self.jump_by_entries();
    }

    /// Fills in the tables. False if a case is too far away.
    pub(super) fn fill_tables(&mut self, unit: &Discovery) -> bool {
        for &Table { at, first, last, other } in &self.tables {
            for index in first..=last {
                let block = unit.block_at(unit.address(index)).filter(|&block| unit.blocks[block].is_entry);
                let target = block.map_or(other, |block| self.labels[block] as usize);
                if !self.templates.e.set_half(at + 2 * (index - first), target as i64 - at as i64) {
                    return false;
                }
            }
        }
        true
    }
}
