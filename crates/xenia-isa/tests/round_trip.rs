//! Every row with random operands, through disassembler and assembler, returns to the same word.

use proptest::prelude::*;
use xenia_isa::{OP_COUNT, Op, ROWS, Syntax, assemble, disassemble, significant_bits};

const PC: u32 = 0x8201_0000;

fn round_trip(op: Op, random: u32, syntax: Syntax) -> Result<(), String> {
    let row = op.row();
    let word = row.bits | random & !row.mask;
    let text = disassemble(word, PC, syntax);
    let assembly = assemble(&text, PC).map_err(|error| format!("{word:#010x} `{text}`: {error}"))?;
    let back = u32::from_be_bytes(assembly.bytes.as_slice().try_into().map_err(|_| text.clone())?);
    let significant = significant_bits(word);
    if back & significant != word & significant {
        return Err(format!("{word:#010x} `{text}` came back as {back:#010x}"));
    }
    Ok(())
}

/// Iterates over the table, so that every row is tested.
#[test]
fn every_row_in_both_syntaxes() {
    let mut dice = xenia_testing::Dice(1);
    let mut failures = Vec::new();
    for row in ROWS {
        for round in 0..300 {
            let random = dice.next();
            let operands = match round {
                0 => 0,
                1 => u32::MAX,
                // Few bits set: register 0, equal registers, small immediates.
                _ if round % 3 == 0 => (random & random >> 21 & random >> 42) as u32,
                _ => (random >> 16) as u32,
            };
            for syntax in [Syntax::Standard, Syntax::Simplified] {
                failures.extend(round_trip(row.op, operands, syntax).err());
            }
        }
    }
    assert!(failures.is_empty(), "{} failures, first: {}", failures.len(), failures[0]);
}

/// Every bit in a row's mask is significant.
#[test]
fn significant_bits_cover_the_mask() {
    for row in ROWS {
        assert_eq!(significant_bits(row.bits) & row.mask, row.mask, "{}", row.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_row_any_operands(index in 0..OP_COUNT, operands: u32, simplified: bool) {
        let syntax = if simplified { Syntax::Simplified } else { Syntax::Standard };
        prop_assert_eq!(round_trip(ROWS[index].op, operands, syntax), Ok(()));
    }

    /// Any word can be disassembled, and any resulting text assembles.
    #[test]
    fn any_word_disassembles_to_something_that_assembles(word: u32, pc: u32) {
        let pc = pc & !3;
        let text = disassemble(word, pc, Syntax::Simplified);
        prop_assert!(assemble(&text, pc).is_ok(), "{text}");
    }

    #[test]
    fn any_text_is_assembled_or_refused(text in "[ -~\n\t]{0,200}") {
        let _ = assemble(&text, PC);
    }
}
