//! Jump tables: a `bctr` to a case in the same unit goes through the unit's table, which follows
//! the first such jump.
//!
//! The table of entries has the cases, too, but in one host cache line per function, which large
//! programs fetch from memory each time. A table next to the jump is close to code that has just
//! run.
//!
//! ```text
//!  ecx = CTR − first case; beyond the last case: through the table of entries
//!  rax = start of the unit's code; jump to rax + the case's halfword in the table
//!  table:  halfword │ … for each guest word from the first case to the last one
//! ```
//!
//! Halfwords of words that are not entries lead to the look-up in the table of entries.

use super::super::encode::{Condition, Dword, Imm, MOV, RAX, RCX, Rm, Shift};
use super::super::entries;
use super::super::map::CTR;
use super::super::unit::{Block, Discovery};
use super::rows::source_of_ctr;
use super::{Emitter, Exit};

/// Limit of guest words that a table spans: 8 KiB of host code.
const MAX_WORDS: usize = 4096;

/// A unit's jump table, which is filled in once the whole unit is emitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Its position, from the start of the unit's code.
    pub(super) at: usize,
    /// Indices of the words of the first case and the last one.
    pub(super) first: usize,
    pub(super) last: usize,
    /// Position of the look-up in the table of entries, once it is emitted.
    pub(super) other: Option<usize>,
}

impl Emitter {
    /// Emits `bctr`, with a table if the unit has cases.
    pub(super) fn jump_to_ctr(&mut self, unit: &Discovery, block: Block) {
        self.ctr_address(source_of_ctr(unit.words(block.first, block.end - 1)));
        let cases = unit.cases().filter(|&(first, last)| last - first < MAX_WORDS && self.allows_short);
        let Some((first, last)) = cases else {
            self.jump_by_entries();
            return;
        };
        let e = &mut self.templates.e;
        e.lea(Dword, RCX, RAX, unit.address(first).wrapping_neg().cast_signed());
        e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), 4 * (last - first) as i32);
        // Addresses before the first case have wrapped, and are above as well.
        let field = e.jump_if(Condition::ABOVE);
        // Four bytes of guest code have two bytes of the table.
        e.shift(Dword, Shift::Right, RCX, 1);
        e.raw(&[0x48, 0x8D, 0x05]); // lea rax, [rip + start]
        let start = -(e.len() as i32 + 4);
        e.raw(&start.to_le_bytes());
        // The table of an earlier jump, or one that follows the next three instructions.
        let at = self.table.map_or(e.len() + 13, |table| table.at);
        e.raw(&[0x0F, 0xB7, 0x8C, 0x08]); // movzx ecx, word [rax + rcx + at]
        e.raw(&(at as u32).to_le_bytes());
        e.raw(&[0x48, 0x01, 0xC1]); // add rcx, rax
        e.jump_to_register(RCX);
        if self.table.is_none() {
            debug_assert_eq!(e.len(), at, "the table follows the jump");
            for _ in first..=last {
                e.raw(&[0; 2]);
            }
            self.table = Some(Table { at, first, last, other: None });
        }
        self.exits.push((field, Exit::NoCase));
    }

    /// eax = the address in CTR, which is also that in the GPR `source`, if there is one: it saves
    /// waiting for the store of CTR.
    pub(super) fn ctr_address(&mut self, source: Option<usize>) {
        match source {
            Some(source) => self.templates.low_word(RAX, source),
            None => self.templates.e.op64(MOV, RAX, CTR),
        }
        self.templates.e.imm(Dword, Imm::And, Rm::Reg(RAX), -4);
    }

    fn jump_by_entries(&mut self) {
        entries::emit_jump(&mut self.templates.e);
    }

    /// Emits the path of the table's jumps for addresses that are not cases.
    pub(super) fn end_of_table(&mut self) {
        let at = self.templates.e.len();
        if let Some(table) = &mut self.table {
            table.other = Some(at);
        }
        // Of each jump that misses the table, so no GPR is known to have the address.
        self.ctr_address(None);
        self.jump_by_entries();
    }

    /// Fills in the table. Returns false if a case or the look-up is out of reach of a halfword.
    pub(super) fn fill_table(&mut self, unit: &Discovery) -> bool {
        let Some(Table { at, first, last, other: Some(other) }) = self.table else { return true };
        (first..=last).all(|index| {
            let block = unit.block_at(unit.address(index)).filter(|&block| unit.blocks[block].is_entry);
            let target = block.map_or(other, |block| self.labels[block] as usize);
            self.templates.e.set_half(at + 2 * (index - first), target)
        })
    }
}
