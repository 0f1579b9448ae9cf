//! Assembly of ALU instructions: a vector half, a scalar half, or both.

use super::super::ops::{ScalarOp, VectorOp};
use super::super::program::*;
use super::operand::{Result, destination, operand};

fn mnemonic(name: &str) -> (&str, bool) {
    name.strip_suffix("_sat").map_or((name, false), |name| (name, true))
}

/// Parses an instruction of one half; a scalar one leaves the vector half empty.
pub(super) fn instruction(name: &str, operands: &[&str], predicate: Option<bool>) -> Result<Alu> {
    let (base, saturate) = mnemonic(name);
    let mut alu = Alu { predicate, ..Alu::NOTHING };
    let Some(&op) = VectorOp::ALL.iter().find(|op| op.name() == base) else {
        scalar(name, operands, &mut alu)?;
        return Ok(alu);
    };
    let [to, sources @ ..] = operands else { return Err(format!("{base} needs a destination")) };
    if sources.len() != op.operands() {
        return Err(format!("{base} takes {} operands", op.operands()));
    }
    let (to, [mask, zeros, ones]) = destination(to)?;
    alu.vector = op;
    alu.vector_to = to;
    alu.vector_clamp = saturate;
    alu.vector_mask = mask;
    alu.zeros = zeros;
    alu.ones = ones;
    for (place, text) in alu.operands.iter_mut().zip(sources) {
        (*place, _) = operand(text)?;
    }
    alu.normalize();
    Ok(alu)
}

/// Error message for an instruction that has no encoding.
pub(super) fn refusal(alu: &Alu) -> String {
    let given = alu.vector_mask | alu.zeros | alu.ones | alu.scalar_mask;
    let exports = |to| matches!(to, Destination::Export(_));
    let both_write = alu.scalar_mask != 0 && alu.vector_mask | alu.zeros | alu.ones != 0;
    let reason = if both_write && exports(alu.vector_to) != exports(alu.scalar_to) {
        "both halves must go to the same export, or to registers"
    } else if alu.zeros != 0 && given != 15 {
        "with a zero, all components must be given"
    } else if alu.vector.operands() == 3 && alu.scalar.operands() != 0 {
        "the scalar half reads w, and z as a second one, of the vector half's third operand, and nothing else"
    } else {
        "these halves or operands can't be combined in one instruction"
    };
    reason.into()
}

/// Adds a scalar half.
pub(super) fn scalar(name: &str, operands: &[&str], alu: &mut Alu) -> Result<()> {
    let (base, saturate) = mnemonic(name);
    // The mnemonics of constant-and-register forms lack the register number's low bit.
    let wanted = match base {
        "mulsc" | "addsc" | "subsc" => format!("{base}0"),
        _ => base.to_owned(),
    };
    let Some(&op) = ScalarOp::ALL.iter().find(|op| op.name() == wanted) else {
        return Err(format!("unknown instruction '{base}'"));
    };
    let [to, sources @ ..] = operands else { return Err(format!("{base} needs a destination")) };
    let (to, [mask, zeros, ones]) = destination(to)?;
    if zeros | ones != 0 {
        return Err("a scalar instruction can't set constants".into());
    }
    alu.scalar = op;
    alu.scalar_to = to;
    alu.scalar_mask = mask;
    alu.scalar_clamp = saturate;
    let single = |(operand, components): (ShaderOperand, Vec<u8>)| {
        let first = components.first().copied().unwrap_or(0);
        (operand, first, components.get(1).copied().unwrap_or(first))
    };
    if op.takes_constant_and_register() {
        let [constant, register] = sources else {
            return Err(format!("{base} takes a constant and a register"));
        };
        let (a, ca, _) = single(operand(constant)?);
        let (b, cb, _) = single(operand(register)?);
        let Source::Register(number) = b.source else {
            return Err(format!("{base} takes a constant and a register"));
        };
        // The register number's low bit selects between the two opcodes.
        alu.scalar = ScalarOp::from_bits(op as u32 | number as u32 & 1);
        alu.scalar_operands = [(a, ca), (b, cb)];
    } else if op.operands() > 0 {
        let [text] = sources else { return Err(format!("{base} takes one operand")) };
        let (operand, a, b) = single(operand(text)?);
        alu.scalar_operands = [(operand, a), (operand, b)];
    } else if !sources.is_empty() {
        return Err(format!("{base} takes no operand"));
    }
    alu.normalize();
    Ok(())
}
