//! Decoder: word to [`Op`], by two table look-ups.
//!
//! Ten primary opcodes hold many instructions each; the word's low eleven bits distinguish them, so
//! each of the ten has a 2,048-entry table. Two rows (`dcbz`, `dcbz128`) differ only above those
//! bits; the entry names the first, and a row's `next` names the other.

use crate::{Instruction, OP_COUNT, Op, ROWS};
use std::sync::LazyLock;

const NONE: u16 = u16::MAX;
const LOW_BITS: u32 = 0x7FF;

struct Tables {
    /// By primary opcode, the word's first six bits.
    primary: [PrimaryTable; 64],
    entries: Vec<u16>,
    rows: Vec<RowCheck>,
}

/// Entries of a primary opcode.
#[derive(Clone, Copy, Default)]
struct PrimaryTable {
    /// Index of the first one.
    start: u32,
    /// Bits of the word that index them.
    index_mask: u32,
}

/// Comparison of a word with a row.
#[derive(Clone, Copy)]
struct RowCheck {
    bits: u32,
    mask: u32,
    /// Row to try if they do not match.
    next: u16,
}

static TABLES: LazyLock<Tables> = LazyLock::new(build);

fn build() -> Tables {
    let mut tables = Tables {
        primary: [PrimaryTable::default(); 64],
        entries: Vec::new(),
        rows: ROWS.iter().map(|row| RowCheck { bits: row.bits, mask: row.mask, next: NONE }).collect(),
    };
    for primary in 0..64_u32 {
        let members: Vec<_> = ROWS.iter().filter(|row| row.bits >> 26 == primary).collect();
        let index_mask = if members.iter().any(|row| row.mask & LOW_BITS != 0) { LOW_BITS } else { 0 };
        let start = tables.entries.len();
        tables.primary[primary as usize] = PrimaryTable { start: start as u32, index_mask };
        tables.entries.resize(start + index_mask as usize + 1, NONE);
        for row in members {
            // All values of the low bits that match the row's bits under its mask.
            let given = row.bits & row.mask & index_mask;
            let free = !row.mask & index_mask;
            let mut rest = 0_u32;
            loop {
                let entry = &mut tables.entries[start + (given | rest) as usize];
                tables.rows[row.op as usize].next = std::mem::replace(entry, row.op as u16);
                // The next subset of the free bits, in ascending order; 0 follows the last.
                rest = rest.wrapping_sub(free) & free;
                if rest == 0 {
                    break;
                }
            }
        }
    }
    tables
}

/// Finds the row of `word`; `None` if the word is not an instruction.
#[inline]
pub fn decode(word: u32) -> Option<Op> {
    let tables = &*TABLES;
    let PrimaryTable { start, index_mask } = tables.primary[(word >> 26) as usize];
    let mut row = tables.entries[(start + (word & index_mask)) as usize];
    while (row as usize) < OP_COUNT {
        let RowCheck { bits, mask, next } = tables.rows[row as usize];
        if word & mask == bits {
            return Some(ROWS[row as usize].op);
        }
        row = next;
    }
    None
}

impl Instruction {
    /// The instruction's row, or `None`.
    #[inline]
    pub fn op(self) -> Option<Op> {
        decode(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_decodes_to_itself_with_all_free_bits_clear_and_set() {
        for row in ROWS {
            assert_eq!(decode(row.bits), Some(row.op));
            assert_eq!(decode(row.bits | !row.mask), Some(row.op), "{}", row.name);
        }
    }

    #[test]
    fn invalid_instruction_words_do_not_decode() {
        for word in [0, 0x0400_0000, 0x7C00_0002, 0x4C00_0002] {
            assert_eq!(decode(word), None, "{word:#010x}");
        }
    }

    #[test]
    fn look_up_agrees_with_a_linear_search() {
        let mut dice = xenia_testing::Dice(1);
        for _ in 0..200_000 {
            let word = dice.next() as u32;
            let linear = ROWS.iter().find(|row| word & row.mask == row.bits).map(|row| row.op);
            assert_eq!(decode(word), linear, "{word:#010x}");
        }
    }
}
