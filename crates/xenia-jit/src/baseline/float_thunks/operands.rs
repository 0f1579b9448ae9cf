//! Operands of floating-point instructions in the form that thunks take.

use xenia_isa::{Instruction, Op, decode};

/// The operands of an instruction: frA, frB, frC and frD, one byte each from the lowest up. A row
/// with only frA and frC has frC in frB's place.
pub(in crate::baseline) fn packed_operands(op: Op, i: Instruction) -> u32 {
    let (b, c) = if has_no_b(op) { (i.fc(), i.fb()) } else { (i.fb(), i.fc()) };
    (i.fa() | b << 8 | c << 16 | i.fd() << 24) as u32
}

/// Inverse of [`packed_operands`], for a row whose word without operands is `row`.
pub(in crate::baseline) fn unpacked(operands: u32, row: u32) -> Option<(Op, Instruction)> {
    let op = decode(row)?;
    let [a, b, c, d] = operands.to_le_bytes().map(u32::from);
    let (b, c) = if has_no_b(op) { (c, b) } else { (b, c) };
    Some((op, Instruction(row | d << 21 | a << 16 | b << 11 | c << 6)))
}

fn has_no_b(op: Op) -> bool {
    matches!(op, Op::fmulx | Op::fmulsx)
}
