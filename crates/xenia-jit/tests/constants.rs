//! Constant folding in the lifter agrees with the interpreter: constants from two halves, their
//! parts, stores of them, and words that are extended once for several uses.

use crate::common::*;
use xenia_cpu::PpcContext;
use xenia_isa::{Family, Op};

/// An instruction that sets, changes, stores or compares registers r3 to r8, most of which are
/// constants; r9 points to data.
fn instruction(r: &mut Random, rows: &[Op]) -> u32 {
    let mut register = || 3 + r.below(6) as u32;
    let a = register();
    let b = register();
    let c = register();
    let immediate = r.pick(&[0, 1, -1, 0x7FFF, -0x8000, 0x1234, -8548]);
    match r.below(10) {
        0 => d(Op::addi, a, 0, immediate),
        1 => d(Op::addis, a, 0, immediate),
        2 => d(r.pick(&[Op::addi, Op::addis]), a, b, immediate),
        3 => d(r.pick(&[Op::ori, Op::oris, Op::xori, Op::xoris]), b, a, immediate),
        4 => {
            let op = r.pick(&[Op::stb, Op::sth, Op::stw, Op::std, Op::stwu]);
            // RA of an update form is always the pointer.
            d(op, a, 9, r.below(16) as i32 * 8)
        }
        5 => x(r.pick(&[Op::stwbrx, Op::sthbrx, Op::stwx, Op::lwzx]), a, 9, 10, 0),
        6 => x(r.pick(&[Op::mullwx, Op::mulhwx, Op::mulhwux, Op::divwx]), a, b, c, 0),
        7 => d(r.pick(&[Op::cmpi, Op::cmpli]), r.below(8) as u32 * 4, b, immediate),
        8 => x(r.pick(&[Op::orx, Op::addx, Op::subfx, Op::extsbx]), a, b, c, 0),
        _ => {
            let fields = !(31 << 21 | 31 << 16 | 31 << 11);
            word(r, rows) & fields | a << 21 | b << 16 | c << 11
        }
    }
}

#[test]
fn constant_folding_matches_the_interpreter() {
    let mut rows = rows(&[Family::Integer, Family::Logical, Family::Rotate]);
    rows.retain(|op| !op.row().name.starts_with("mtv") && !op.row().name.starts_with("mfv"));
    for seed in 0..400 {
        let mut r = Random::new(seed);
        let mut words: Vec<u32> = (0..24).map(|_| instruction(&mut r, &rows)).collect();
        words.push(SC);
        let mut jit = JitHarness::jit();
        let mut interpreter = JitHarness::interpreter();
        let mut ctx = PpcContext::default();
        randomize(&mut ctx, &mut r);
        randomize_modes(&mut ctx, &mut r);
        ctx.fpscr = 0;
        ctx.pc = CODE;
        ctx.gpr[9] = u64::from(DATA + 0x800);
        ctx.gpr[10] = 0x40;
        for machine in [&mut jit, &mut interpreter] {
            machine.put(CODE, &words);
            machine.ctx = ctx.clone();
        }
        let what = || format!("seed {seed}\n{}", listing(&words));
        compare(&mut jit, &mut interpreter, 100, &what);
    }
}
