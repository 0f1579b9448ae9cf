//! Loops, nested, with branches into and out of them: each visit ends where the interpreter's does,
//! in the same state.

use crate::common::*;
use xenia_cpu::{PpcContext, vscr_bit};
use xenia_isa::{Family, Op};
use xenia_jit::{JitConfig, JitTesting};
use xenia_testing::is_long;

/// `mtctr` from register `from`.
fn mtctr(from: u32) -> u32 {
    0x7C09_03A6 | from << 21
}

/// A conditional branch by `words` words.
fn bc(bo: u32, bi: u32, words: i32) -> u32 {
    d(Op::bcx, bo, bi, 4 * words)
}

/// `bdnz` backward by `words` words.
fn bdnz(words: usize) -> u32 {
    bc(16, 0, -(words as i32))
}

/// Random statements, nested up to `depth`: straight-line code, ifs, and loops counted by CTR,
/// counted by a register, or entered in the middle.
fn statements(r: &mut Random, rows: &[Op], depth: u32, counts: bool) -> Vec<u32> {
    let mut words = Vec::new();
    for _ in 0..=r.below(4) {
        match r.below(if depth == 0 { 2 } else { 6 }) {
            0 | 1 => words.extend((0..=r.below(5)).map(|_| word(r, rows))),
            2 => {
                let skipped = statements(r, rows, depth - 1, false);
                // Conditional on a CR bit, set or clear.
                let bo = r.pick(&[4, 12]);
                words.push(bc(bo, r.below(32) as u32, skipped.len() as i32 + 1));
                words.extend(skipped);
            }
            3 if counts => {
                let body = statements(r, rows, depth - 1, false);
                words.extend([d(Op::addi, 18, 0, 1 + r.below(9) as i32), mtctr(18)]);
                let length = body.len();
                words.extend(body);
                words.push(bdnz(length));
            }
            5 => {
                // Entered in the middle, with a conditionally executed path placed before the loop.
                let side = statements(r, rows, depth - 1, false);
                let body = statements(r, rows, depth - 1, counts);
                let in_front = side.len() as i32;
                let length = body.len() as i32;
                words.push(0x4800_0000 | ((in_front as u32 + 1) * 4));
                words.extend(side);
                words.extend(body);
                words.push(bc(r.pick(&[4, 12]), r.below(32) as u32, -(in_front + length)));
                words.extend([d(Op::addic_rc, 31, 31, -1), bc(4, 2, -(length + 2))]);
            }
            _ => {
                // Repeats until a register is 0, which the code may change; the budget ends an
                // infinite loop.
                let body = statements(r, rows, depth - 1, counts);
                words.push(d(Op::addi, 31, 0, 1 + r.below(5) as i32));
                let length = body.len() as i32 + 1;
                words.extend(body);
                words.extend([d(Op::addic_rc, 31, 31, -1), bc(4, 2, -length)]);
            }
        }
    }
    words
}

/// Number of random programs of a test, and of a test in a long run.
const USUAL: u64 = 12;
const LONG: u64 = 120;

/// Runs random programs for a few visits of any length from any of their instructions. After a
/// fault they continue after the access.
fn check(families: &[Family], seed: u64) {
    let count = if is_long() { LONG } else { USUAL };
    let rounds = xenia_testing::number_in_environment("XENIA_RANDOM_ROUNDS", 1_u64);
    let rows = rows(families);
    let mut faults = 0;
    for round in 0..rounds {
        let mut r = Random::new(seed + 1000 * round);
        // Every other round with cold-path pruning.
        let pruning_seed = (round + seed).is_multiple_of(2).then_some(seed);
        let everything = JitConfig::compile_everything();
        let testing = JitTesting { pruning_seed, ..everything.testing };
        let config = JitConfig { testing, ..everything };
        let mut jit = JitHarness::jit_with(config);
        let mut interpreter = JitHarness::interpreter();
        let mut at = CODE;
        for case in 0..count {
            let mut words = statements(&mut r, &rows, 3, true);
            words.push(SC);
            if at + 4 * words.len() as u32 > CODE + SIZE {
                at = CODE;
            }
            for machine in [&mut jit, &mut interpreter] {
                machine.put(at, &words);
            }
            randomize(&mut interpreter.ctx, &mut r);
            interpreter.ctx.ctr = 1 + r.below(20);
            interpreter.ctx.pc = at + 4 * r.below(words.len() as u64 / 2) as u32;
            if r.below(2) == 0 {
                // Close to the end of memory, so that the code faults sooner or later.
                let end = u64::from(DATA + SIZE) - 0x20 - r.below(0x40);
                interpreter.ctx.gpr[20 + r.below(8) as usize] = end;
            }
            if r.below(4) == 0 {
                // Points into the code area, so that the code may store over its own page.
                interpreter.ctx.gpr[20 + r.below(8) as usize] = u64::from(CODE + SIZE - 0x1000);
            }
            jit.ctx = interpreter.ctx.clone();
            for visit in 0..12 {
                let budget = match r.below(3) {
                    0 => 1 + r.below(12),
                    1 => 1 + r.below(200),
                    _ => 1 + r.below(3000),
                };
                let before = interpreter.ctx.clone();
                compare(&mut jit, &mut interpreter, budget as i64, &|| {
                    format!(
                        "seed {seed} round {round} case {case} visit {visit} budget {budget} at {at:#x} pc {:#x}\n{}",
                        before.pc,
                        listing(&words)
                    )
                });
                let here = at..at + 4 * words.len() as u32;
                if !here.contains(&interpreter.ctx.pc) {
                    break;
                }
                // As a handler would do.
                let is_code = interpreter.ctx.pc + 4 < here.end;
                if interpreter.ctx.budget > 0 && is_code {
                    faults += 1;
                    interpreter.ctx.pc += 4;
                    jit.ctx.pc += 4;
                }
            }
            at += 4 * words.len() as u32;
        }
        assert_eq!(jit.engine.counters().fallback_instructions, 0);
    }
    assert!(faults > count / 20, "{faults} visits ended early");
}

#[test]
fn loops_of_integer_code_agree_with_the_interpreter() {
    check(&[Family::Integer, Family::Logical, Family::Rotate, Family::LoadStore], 1);
}

#[test]
fn loops_of_all_families_agree_with_the_interpreter() {
    use Family::*;
    check(&[Integer, Logical, Rotate, LoadStore, Branch, System, Float, Vector, Vector128], 2);
}

#[test]
fn loops_that_carry_condition_fields_agree_with_the_interpreter() {
    check(&[Family::Integer, Family::Branch, Family::Logical, Family::LoadStore], 3);
}

/// A loop over memory that faults at its `nth` access: the state is that before the access, and
/// execution continues where a handler says.
#[test]
fn a_fault_in_a_loop_finds_every_register_exact() {
    for nth in [1, 2, 3, 50, 51, 52, 53, 1000] {
        for access in [d(Op::lwzu, 9, 4, 4), d(Op::stwu, 6, 4, 4), d(Op::lbzu, 9, 4, 1), d(Op::lhau, 9, 4, 2)]
        {
            let step = (access & 7) as i64;
            let words = [
                mtctr(3),
                // again:
                d(Op::addi, 6, 6, 3),
                x(Op::cmp, 5 << 2, 6, 7, 0),
                d(Op::lwz, 8, 1, 0),
                access,
                x(Op::addx, 10, 10, 8, 0),
                d(Op::cmpi, 0, 10, 77),
                d(Op::addic_rc, 11, 10, -1),
                d(Op::stw, 11, 1, 8),
                bdnz(8),
                SC,
            ];
            let mut jit = JitHarness::jit();
            let mut interpreter = JitHarness::interpreter();
            for machine in [&mut jit, &mut interpreter] {
                machine.put(CODE, &words);
                machine.ctx = PpcContext { pc: CODE, ..PpcContext::default() };
                machine.ctx.gpr[1] = u64::from(DATA);
                machine.ctx.gpr[3] = 2000;
                machine.ctx.gpr[7] = 100;
                machine.ctx.gpr[4] = (i64::from(DATA + SIZE) - step * nth) as u64;
            }
            let what = || format!("access {nth} of {access:#x}");
            compare(&mut jit, &mut interpreter, 1 << 30, &what);
            assert_eq!(jit.ctx.pc, CODE + 16, "{}", what());
            assert_eq!(jit.ctx.gpr[6] as i64, 3 * nth, "{}", what());
            // The handler corrects the pointer, and the access is repeated.
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx.gpr[4] = u64::from(DATA + 0x100);
            }
            compare(&mut jit, &mut interpreter, 1 << 30, &what);
            assert_eq!(interpreter.run(1), jit.run(1));
        }
    }
}

/// At a fault in a loop VSCR has the SAT of the instructions before the access, in that iteration
/// or in an earlier one.
#[test]
fn a_fault_in_a_loop_finds_saturation_exact() {
    let saturates = x(Op::vaddubs, 2, 1, 1, 0);
    let access = d(Op::lwzu, 9, 4, 4);
    for (first, second) in [(saturates, access), (access, saturates)] {
        for nth in [1, 2, 50] {
            let words = [mtctr(3), first, second, d(Op::addi, 6, 6, 3), bdnz(3), SC];
            let mut jit = JitHarness::jit_with(JitConfig::compile_everything());
            let mut interpreter = JitHarness::interpreter();
            for machine in [&mut jit, &mut interpreter] {
                machine.put(CODE, &words);
                machine.ctx = PpcContext { pc: CODE, ..PpcContext::default() };
                machine.ctx.vr[1] = u128::MAX;
                machine.ctx.gpr[3] = 2000;
                machine.ctx.gpr[4] = u64::from(DATA + SIZE) - 4 * nth;
            }
            let what = || format!("access {nth}\n{}", listing(&words));
            compare(&mut jit, &mut interpreter, 1 << 30, &what);
            let has_saturated = first == saturates || nth > 1;
            assert_eq!(jit.ctx.vscr & vscr_bit::SAT != 0, has_saturated, "{}", what());
        }
    }
}

#[test]
fn every_budget_ends_in_the_turn_and_at_the_instruction_where_the_interpreter_is() {
    let words = [
        d(Op::addi, 3, 0, 7),
        mtctr(3),
        // outer:
        d(Op::addi, 5, 0, 5),
        // inner:
        d(Op::lwzu, 6, 4, 4),
        x(Op::addx, 7, 7, 6, 0),
        d(Op::cmpi, 0, 7, 100),
        bc(12, 0, 2),
        d(Op::addi, 7, 7, -50),
        d(Op::addic_rc, 5, 5, -1),
        bc(4, 2, -6),
        bdnz(8),
        SC,
    ];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        machine.put(CODE, &words);
    }
    for budget in 1..300 {
        for machine in [&mut jit, &mut interpreter] {
            machine.ctx = PpcContext { pc: CODE, ..PpcContext::default() };
            machine.ctx.gpr[4] = u64::from(DATA + 0x100);
        }
        for piece in 0..4 {
            compare(&mut jit, &mut interpreter, budget, &|| format!("budget {budget} piece {piece}"));
        }
    }
}

/// A loop that stores to its own page without changing the code, and exits through an indirect
/// branch.
#[test]
fn a_loop_may_write_to_its_own_page_and_jump_out() {
    let words = [
        mtctr(3),
        // again:
        d(Op::lwz, 6, 4, 0),
        d(Op::stw, 6, 4, 0), // r4: the address of this instruction
        d(Op::addi, 7, 7, 1),
        d(Op::cmpi, 0, 7, 20),
        0x4D82_0020, // beqlr
        bdnz(5),
        SC,
        // target of LR:
        d(Op::addi, 8, 7, 1),
        SC,
    ];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        machine.put(CODE, &words);
        machine.ctx = PpcContext { pc: CODE, lr: u64::from(CODE + 32), ..PpcContext::default() };
        machine.ctx.gpr[3] = 100;
        machine.ctx.gpr[4] = u64::from(CODE + 8);
    }
    compare(&mut jit, &mut interpreter, 1 << 30, &|| "own page".into());
    assert_eq!((jit.ctx.gpr[7], jit.ctx.gpr[8]), (20, 21));
}

/// A lazy compare keeps the SO of its time, however late its bits are read.
#[test]
fn lazy_compare_keeps_its_summary_overflow() {
    let overflow = |oe: u32| x(Op::addx, 9, 10, 10, oe << 10);
    let words = [
        overflow(1), // SO
        d(Op::cmpi, 6 << 2, 3, 5),
        d(Op::lwz, 11, 1, 0),
        x(Op::mcrxr, 0, 0, 0, 0), // clears SO
        d(Op::cmpi, 5 << 2, 3, 5),
        d(Op::lwz, 11, 1, 0),
        bc(12, 4 * 5, 2), // another block
        d(Op::addi, 12, 12, 1),
        // merge:
        d(Op::lwz, 11, 1, 0),
        overflow(1),
        bc(12, 4 * 6 + 3, 2),
        d(Op::addi, 12, 12, 2),
        bc(12, 4 * 5 + 3, 2),
        d(Op::addi, 12, 12, 4),
        x(Op::mfcr, 13, 0, 0, 0),
        SC,
    ];
    for r3 in [4, 5, 6, u64::MAX] {
        let mut jit = JitHarness::jit();
        let mut interpreter = JitHarness::interpreter();
        for machine in [&mut jit, &mut interpreter] {
            machine.put(CODE, &words);
            machine.ctx = PpcContext { pc: CODE, ..PpcContext::default() };
            machine.ctx.gpr[1] = u64::from(DATA);
            machine.ctx.gpr[3] = r3;
            machine.ctx.gpr[10] = 0x7FFF_FFFF;
        }
        compare(&mut jit, &mut interpreter, 1000, &|| format!("r3 {r3:#x}"));
        assert_eq!(interpreter.ctx.cr[6].nibble() & 1, 1);
        assert_eq!(interpreter.ctx.cr[5].nibble() & 1, 0);
    }
}
