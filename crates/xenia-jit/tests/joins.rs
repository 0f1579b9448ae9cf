//! Block parameters: registers passed to merge points are correct for each predecessor, after each
//! visit's end and at each fault.

use crate::common::*;
use xenia_cpu::{Exit, PpcContext};
use xenia_isa::{Family, Op};

/// Value of r20 for an access that must fault.
const NOWHERE: u64 = 0xABCD_0000_2000_0000;

/// One to four instructions; with `faults`, one of them accesses memory through r20, which no other
/// instruction names.
fn straight(r: &mut Random, rows: &[Op], faults: bool) -> Vec<u32> {
    let mut words: Vec<u32> = (0..=r.below(3)).map(|_| plain(r, rows)).collect();
    if faults {
        let op = r.pick(&[Op::lwz, Op::lbz, Op::lhz, Op::lwzu, Op::stw, Op::sth, Op::std]);
        let data = if op == Op::lwzu { 3 } else { 3 + r.below(10) as u32 };
        words.insert(r.below(words.len() as u64 + 1) as usize, d(op, data, 20, 8));
    }
    words
}

/// An instruction on r3 to r13, or an access through r21 to r24.
fn plain(r: &mut Random, rows: &[Op]) -> u32 {
    let mut register = || 3 + r.below(11) as u32;
    let a = register();
    let b = register();
    let c = register();
    let base = 21 + r.below(4) as u32;
    match r.below(5) {
        0 => d(r.pick(&[Op::lwz, Op::lbz, Op::lha, Op::stw, Op::stb]), a, base, r.below(64) as i32 * 4),
        1 => d(Op::lwzu, a, base, 4),
        2 => x(r.pick(&[Op::addx, Op::orx, Op::subfx, Op::andx, Op::mullwx]), a, b, c, 0),
        3 => d(r.pick(&[Op::addi, Op::addic, Op::cmpi, Op::cmpli]), a & !3, b, 7 - r.below(14) as i32),
        _ => {
            // Any row, with fields that name these registers.
            let fields = !(31 << 21 | 31 << 16 | 31 << 11);
            word(r, rows) & fields | a << 21 | b << 16 | c << 11
        }
    }
}

/// A loop of CTR iterations: an `if` with two sides, the merge point, a call that changes r3, and
/// more code.
fn program(r: &mut Random, rows: &[Op]) -> Vec<u32> {
    let fault = r.below(6);
    let mut part = |n| straight(r, rows, fault == n);
    let [before, yes, no, joined, behind] = [part(0), part(1), part(2), part(3), part(4)];
    let condition = [d(Op::cmpi, 0, 3 + r.below(11) as u32, 0), d(Op::cmpli, 0, 3 + r.below(11) as u32, 50)];
    let mut words = before;
    words.push(r.pick(&condition));
    words.push(d(Op::bcx, r.pick(&[4, 12]), r.below(3) as u32, 4 * (yes.len() as i32 + 2)));
    words.extend(&yes);
    words.push(b(0, 4 * (no.len() as u32 + 1), false));
    words.extend(&no);
    words.extend(&joined);
    let leaf = behind.len() as u32 + 3;
    words.push(b(0, 4 * leaf, true));
    words.extend(&behind);
    words.push(d(Op::bcx, 16, 0, -4 * words.len() as i32)); // bdnz
    words.extend([SC, d(Op::addi, 3, 3, 1), BLR]);
    words
}

/// Initial state of the programs.
fn begin(r: &mut Random) -> PpcContext {
    let mut ctx = PpcContext::default();
    randomize(&mut ctx, r);
    randomize_modes(&mut ctx, r);
    ctx.fpscr = 0;
    ctx.pc = CODE;
    ctx.ctr = 1 + r.below(6);
    ctx.gpr[20] = NOWHERE;
    ctx
}

fn integers() -> Vec<Op> {
    let mut rows = rows(&[Family::Integer, Family::Logical, Family::Rotate]);
    rows.retain(|op| !op.row().name.starts_with("mtv") && !op.row().name.starts_with("mfv"));
    rows
}

#[test]
fn registers_are_right_for_every_way_to_a_join() {
    let rows = integers();
    let mut faults = 0;
    let mut turns = 0;
    for seed in 0..120 {
        let mut r = Random::new(seed);
        let words = program(&mut r, &rows);
        let mut jit = JitHarness::jit();
        let mut interpreter = JitHarness::interpreter();
        for machine in [&mut jit, &mut interpreter] {
            machine.put(CODE, &words);
        }
        let what = || format!("seed {seed}\n{}", listing(&words));
        for _ in 0..6 {
            let ctx = begin(&mut r);
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx = ctx.clone();
            }
            // Whole visits, each up to a fault, which is corrected in one iteration and occurs
            // again in the next.
            for _ in 0..8 {
                let expected = interpreter.run(100_000);
                let actual = jit.run(100_000);
                assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "{}", what());
                assert_eq!(actual, expected, "{}", what());
                assert_eq!(jit.ctx.budget, interpreter.ctx.budget, "{}", what());
                assert!(jit.data() == interpreter.data(), "{}", what());
                if !matches!(expected, Exit::Exception(_)) {
                    turns += 1;
                    break;
                }
                faults += 1;
                for machine in [&mut jit, &mut interpreter] {
                    machine.ctx.gpr[20] = NOWHERE & !0xFFFF_FFFF | u64::from(DATA + 0x4000);
                    assert!(!matches!(machine.run(2), Exit::Exception(_)), "{}", what());
                    machine.ctx.gpr[20] = NOWHERE;
                }
            }
        }
    }
    assert!(faults > 500 && turns > 100, "{faults} faults, {turns} ends");
}

#[test]
fn every_budget_ends_where_the_interpreter_does() {
    let rows = integers();
    for seed in 1000..1012 {
        let mut r = Random::new(seed);
        let words = program(&mut r, &rows);
        let mut jit = JitHarness::jit();
        let mut interpreter = JitHarness::interpreter();
        for machine in [&mut jit, &mut interpreter] {
            machine.put(CODE, &words);
        }
        let mut ctx = begin(&mut r);
        ctx.gpr[20] = u64::from(DATA + 0x4000);
        for budget in 1..90 {
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx = ctx.clone();
            }
            for piece in 0..3 {
                let what = || format!("seed {seed}, budget {budget}, piece {piece}\n{}", listing(&words));
                compare(&mut jit, &mut interpreter, budget, &what);
            }
        }
    }
}
