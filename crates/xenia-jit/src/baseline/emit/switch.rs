//! Jump tables: a `bctr` to a case in the same unit goes through a table that follows the jump.
//!
//! The table of entries has the cases, too, but in one host cache line per function, which large
//! programs fetch from memory each time. A table next to the jump is close to code that has just
//! run.
//!
//! ```text
//!  ecx = CTR − first case; beyond the last case: through the table of entries
//!  rax = table; jump to rax + the case's signed halfword in it
//!  table:  halfword │ … for each guest word from the first case to the last one
//! ```
//!
//! Halfwords of words that are not entries lead to the look-up in the table of entries.

use super::super::encode::{Condition, Dword, Imm, RAX, RCX, Rm, Shift};
use super::super::entries;
use super::super::unit::Discovery;
use super::{Emitter, Exit};

/// Limit of guest words that a table spans: 2 KiB of host code.
const MAX_WORDS: usize = 1024;

/// A jump table, which is filled in once the whole unit is emitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Its position, from the start of the unit's code.
    at: usize,
    /// Indices of the words of the first case and the last one.
    first: usize,
    last: usize,
    /// Position of the look-up in the table of entries.
    other: usize,
}

impl Emitter {
    /// Emits `bctr`, with a table if the unit has cases.
    pub(super) fn jump_to_ctr(&mut self, unit: &Discovery) {
        self.ctr_address();
        let cases = unit.cases().filter(|&(first, last)| last - first < MAX_WORDS && self.allows_short);
        let Some((first, last)) = cases else {
            self.jump_by_entries();
            return;
        };
        let e = &mut self.templates.e;
        e.lea(Dword, RCX, RAX, unit.address(first).wrapping_neg().cast_signed());
        e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), 4 * (last - first) as i32);
        let field = e.jump_if(Condition::ABOVE);
        e.shift(Dword, Shift::Right, RCX, 1);
        e.raw(&[0x48, 0x8D, 0x05, 10, 0, 0, 0]); // lea rax, [rip + 10]
        e.raw(&[0x48, 0x0F, 0xBF, 0x0C, 0x08]); // movsx rcx, word [rax + rcx]
        e.raw(&[0x48, 0x01, 0xC1]); // add rcx, rax
        e.jump_to_register(RCX);
        let at = e.len();
        for _ in first..=last {
            e.raw(&[0; 2]);
        }
        let table = self.tables.len();
        self.tables.push(Table { at, first, last, other: 0 });
        self.exits.push((field, Exit::NoCase(table)));
    }

    fn jump_by_entries(&mut self) {
        entries::emit_jump(&mut self.templates.e);
    }

    /// Emits the path of a table's jump for addresses outside of the table.
    pub(super) fn end_of_table(&mut self, table: usize) {
        self.tables[table].other = self.templates.e.len();
        self.ctr_address();
        self.jump_by_entries();
    }

    /// Fills in the tables. Returns false if a case is out of reach of a halfword.
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
