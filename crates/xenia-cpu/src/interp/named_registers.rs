//! Tests [`Op::registers`] against the interpreter: registers that are not listed as written do not
//! change, and the result does not depend on registers that are not listed as read.

use super::testing::*;
use crate::PpcContext;
use xenia_isa::{Flag, Instruction, NamedRegister, Op, RegisterSet, decode};

/// Number of words tested per row.
const WORDS: usize = 300;

/// Exchanges a register of `ctx` with `value`.
fn exchange(ctx: &mut PpcContext, file: RegisterSet, number: usize, value: u128) -> u128 {
    match file {
        RegisterSet::General => std::mem::replace(&mut ctx.gpr[number], value as u64).into(),
        RegisterSet::Float => std::mem::replace(&mut ctx.fpr[number], value as u64).into(),
        RegisterSet::Vector => std::mem::replace(&mut ctx.vr[number], value),
    }
}

/// A register of a file that is not in `but`, and a new value for it.
fn other(
    registers: &[NamedRegister],
    but: impl Fn(&NamedRegister) -> bool,
    random: &mut impl FnMut() -> u64,
) -> (RegisterSet, usize, u128) {
    loop {
        let (file, count) = match random() % 3 {
            0 => (RegisterSet::General, 32),
            1 => (RegisterSet::Float, 32),
            _ => (RegisterSet::Vector, 128),
        };
        // Mostly a named register.
        let named = registers.get(random() as usize % (2 * registers.len() + 1));
        let (file, number) = named.map_or((file, random() as usize % count), |r| (r.file, r.number));
        if !registers.iter().any(|r| r.file == file && r.number == number && but(r)) {
            return (file, number, u128::from(random()) << 64 | u128::from(random()));
        }
    }
}

/// `ctx` after `word`, unless that ends the run.
fn context_after(machine: &mut CpuHarness, ctx: &PpcContext, word: u32) -> Option<PpcContext> {
    machine.ctx = ctx.clone();
    let exit = machine.interp.execute(&mut machine.ctx, &mut machine.devices, Instruction(word));
    exit.is_none().then(|| machine.ctx.clone())
}

#[test]
fn instructions_read_and_write_the_registers_that_their_rows_name() {
    let mut random = random();
    let mut machine = CpuHarness::new();
    let mut before = machine.ctx.clone();
    before.begin_visit(1 << 40, 0, u32::MAX);
    for op in Op::all().filter(|op| !op.accesses_later_registers()) {
        let mut completed = 0;
        for _ in 0..WORDS {
            let word = op.row().bits | random() as u32 & !op.row().mask;
            if decode(word) != Some(op) {
                continue;
            }
            scramble(&mut before, &mut random);
            let registers: Vec<_> = op.registers(Instruction(word)).collect();
            let Some(expected) = context_after(&mut machine, &before, word) else { continue };
            completed += 1;
            let what = |r: &dyn std::fmt::Debug| format!("{} {word:#010x}: {r:?}", op.row().name);

            let mut undone = expected.clone();
            for r in registers.iter().filter(|r| r.is_written) {
                let mut old = before.clone();
                let value = exchange(&mut old, r.file, r.number, 0);
                exchange(&mut undone, r.file, r.number, value);
            }
            assert_eq!(undone.gpr, before.gpr, "{}", what(&registers));
            assert_eq!(undone.fpr, before.fpr, "{}", what(&registers));
            assert_eq!(undone.vr, before.vr, "{}", what(&registers));

            let (file, number, value) = other(&registers, |r| r.is_read, &mut random);
            let mut changed = before.clone();
            exchange(&mut changed, file, number, value);
            let mut actual = context_after(&mut machine, &changed, word)
                .unwrap_or_else(|| panic!("ends the run: {}", what(&(file, number))));
            // A register that is written only in some cases keeps the other value in the rest.
            let kept = exchange(&mut actual, file, number, 0);
            let mut whole = expected.clone();
            let wanted = exchange(&mut whole, file, number, 0);
            assert!(kept == wanted || kept == changed_value(file, value), "{}", what(&(file, number)));
            assert_eq!(actual.first_difference(&whole), None, "{}", what(&(file, number)));
        }
        let may_end = op.row().has(Flag::last) || op.row().has(Flag::mem);
        assert!(completed > 0 || may_end, "{} never completed", op.row().name);
    }
}

/// The value that a register of `file` holds after `value` is written to it.
fn changed_value(file: RegisterSet, value: u128) -> u128 {
    if file == RegisterSet::Vector { value } else { value & u128::from(u64::MAX) }
}
