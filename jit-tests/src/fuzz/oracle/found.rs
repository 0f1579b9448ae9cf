//! Writes a single instruction as an annotated assembler file, with qemu's results.

use super::super::case;
use super::super::sequence::SANDBOX;
use super::PpcStep;
use super::steps::{self, Question};
use crate::conformance::PpcRegister;
use crate::qemu::{Qemu, QemuAnswer, QemuError, Twins};
use std::fmt::Write;
use xenia_cpu::PpcContext;
use xenia_isa::{Class, Family, Flag, Instruction, Op, Operand, Syntax, decode, disassemble};

/// Registers that an instruction may read or write, by its operands and family.
fn registers(op: Op, word: u32) -> Vec<PpcRegister> {
    let row = op.row();
    let mut found = Vec::new();
    for &operand in row.operands {
        let number = operand.extract(Instruction(word)) as usize;
        found.extend(match operand.class() {
            Class::Gpr | Class::GprOrZero => Some(PpcRegister::Gpr(number)),
            Class::Fpr => Some(PpcRegister::Fpr(number)),
            Class::Vector => Some(PpcRegister::Vector(number)),
            _ => None,
        });
    }
    if row.operands.contains(&Operand::disp) && matches!(op, Op::lmw | Op::stmw) {
        found.extend((15..32).map(PpcRegister::Gpr));
    }
    if matches!(op, Op::lswi | Op::lswx | Op::stswi | Op::stswx) {
        found.extend((15..32).map(PpcRegister::Gpr));
    }
    found.extend([PpcRegister::Cr, PpcRegister::Xer]);
    match row.family {
        Family::Float => found.push(PpcRegister::Fpscr),
        Family::Vector | Family::Vector128 => found.push(PpcRegister::Vscr),
        Family::Branch | Family::System => found.extend([PpcRegister::Ctr, PpcRegister::Vrsave]),
        Family::Integer if matches!(op, Op::mfvscr | Op::mtvscr) => found.push(PpcRegister::Vscr),
        _ => {}
    }
    found.dedup();
    found
}

/// The disassembled instruction and its inputs.
pub(super) fn inputs(step: &PpcStep) -> Vec<String> {
    let mut lines = vec![disassemble(step.word, step.pc, Syntax::Simplified)];
    if let Some(op) = decode(step.word) {
        for register in registers(op, step.word) {
            lines.push(format!("# {register} {}", case::number(register, register.get(&step.before))));
        }
    }
    lines
}

/// The text of the file; `None` if the instruction alone doesn't make a case (branches, or no
/// answer from qemu).
pub(super) fn text(
    qemu: &mut Qemu,
    entry: u32,
    step: &PpcStep,
    name: &str,
) -> Result<Option<String>, QemuError> {
    let Some(op) = decode(step.word) else { return Ok(None) };
    if op.row().family == Family::Branch && op.row().mnemonic.starts_with('b') {
        return Ok(None);
    }
    let Some(mut twins) = Twins::new([step.word]) else { return Ok(None) };
    // Registers that are not inputs are zero in a case.
    let taking_part = registers(op, step.word);
    let mut least = step.clone();
    least.before =
        PpcContext { msr: step.before.msr, reservation: step.before.reservation, ..PpcContext::default() };
    for &register in &taking_part {
        register.set(&mut least.before, register.get(&step.before));
    }
    least.before.gpr[13] = step.before.gpr[13];
    least.after = least.before.clone();
    let Some(question) = Question::new(0, &least, &mut twins, entry) else { return Ok(None) };
    let answers = qemu.run(std::slice::from_ref(&question.job))?;
    let Some(QemuAnswer::State(theirs)) = answers.first() else { return Ok(None) };
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# Found by the fuzzer, {name}.\n# Expected: qemu-ppc64 7.2. Check it by the book before this file is kept.\n\
         test_fuzz_{name}:"
    );
    let defaults = PpcContext::default();
    for register in taking_part.iter().copied().chain([PpcRegister::Gpr(13), PpcRegister::Msr]) {
        let bits = register.get(&least.before);
        if bits != register.get(&defaults) {
            let _ = writeln!(out, "  #_ REGISTER_IN {register} {}", case::number(register, bits));
        }
    }
    let touches = op.row().has(Flag::mem);
    if touches {
        case::memory(&mut out, "IN", &step.memory_before, &vec![0; step.memory_before.len()]);
    }
    let text = disassemble(step.word, crate::conformance::CODE_BASE, Syntax::Simplified);
    let _ = writeln!(out, "  .long 0x{:08X} # {text}\n  blr", step.word);
    for &register in &taking_part {
        let there = match register {
            PpcRegister::Vector(here) => {
                let found = twins.registers().find(|&(number, _)| number == here);
                PpcRegister::Vector(found.map_or(here, |(_, there)| there))
            }
            other => other,
        };
        let bits = theirs.get(there);
        let _ = writeln!(out, "  #_ REGISTER_OUT {register} {}", case::number(register, bits));
    }
    if touches {
        let before = steps::state(&least.before, &step.memory_before, &twins);
        case::memory(&mut out, "OUT", theirs.memory(), before.memory());
    }
    debug_assert_eq!(SANDBOX, crate::qemu::SANDBOX);
    Ok(Some(out))
}
