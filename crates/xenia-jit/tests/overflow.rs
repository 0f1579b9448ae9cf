//! XER\[SO\] as a constant of compiled code: instructions that change it, and copies of it in CR.

use crate::common::*;
use xenia_cpu::{PpcContext, msr_bit};
use xenia_isa::Op;
use xenia_isa::mask::{OE, RC};

const MFXER_R14: u32 = 0x7DC1_02A6;
const MTXER_R15: u32 = 0x7DE1_03A6;

/// A loop of r3 iterations around `changes`, with compares before and after them. Each iteration
/// stores CR and XER.
fn turns(changes: &[u32]) -> Vec<u32> {
    let mut words = vec![
        0x7C69_03A6, // mtctr r3
        // Start of the loop.
        x(Op::cmp, 6 << 2, 10, 11, 0),
        x(Op::cmpl, (4 << 2) | 1, 10, 12, 0),
        d(Op::lwz, 16, 4, 0),
    ];
    words.extend(changes);
    words.extend([
        x(Op::cmpl, 7 << 2, 10, 11, 0),
        x(Op::mfcr, 13, 0, 0, 0),
        MFXER_R14,
        d(Op::stwu, 13, 5, 4),
        d(Op::stwu, 14, 5, 4),
        d(Op::addi, 10, 10, 0x1000),
        x(Op::subfx, 12, 9, 12, RC),
        0x4083_0008, // bns +8
        d(Op::addi, 17, 17, 1),
    ]);
    let back = 4 * (words.len() as u32 - 1);
    words.extend([0x4200_0000 | back.wrapping_neg() & 0xFFFC, SC]);
    words
}

fn compare_turns(name: &str, changes: &[u32], budgets: impl Iterator<Item = i64>) {
    let words = turns(changes);
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for budget in budgets {
        for (sf, so) in [(0, 0), (0, 1), (msr_bit::SF, 0), (msr_bit::SF, 1)] {
            for machine in [&mut jit, &mut interpreter] {
                machine.put(CODE, &words);
                machine.ctx = PpcContext { pc: CODE, xer_so: so, ..PpcContext::default() };
                machine.ctx.msr |= sf;
                for (register, value) in
                    [(3, 40), (4, DATA), (5, DATA + 64), (10, 0x7FFF_0000), (11, 0x7FFF_0001)]
                {
                    machine.ctx.gpr[register] = u64::from(value);
                }
                machine.ctx.gpr[12] = 0x7FFF_FFFF_7FFF_F000;
                machine.ctx.gpr[15] = 0x8000_0000;
            }
            for piece in 0..4 {
                let what = || format!("{name}, sf {sf:x}, so {so}, budget {budget}, piece {piece}");
                compare(&mut jit, &mut interpreter, budget, &what);
            }
        }
    }
    let counters = jit.engine.counters();
    assert_eq!(counters.fallback_instructions, 0, "{name}: {counters:?}");
}

#[test]
fn changes_of_so_are_visible_to_later_instructions() {
    let mcrxr = x(Op::mcrxr, 5 << 2, 0, 0, 0);
    // SO changes in each iteration.
    let turn = d(Op::xoris, 15, 15, 0x8000);
    let cases: [(&str, &[u32]); 9] = [
        ("addo.", &[x(Op::addx, 9, 10, 11, OE | RC)]),
        ("addo, mcrxr", &[x(Op::addx, 9, 10, 11, OE), mcrxr]),
        ("addco.", &[x(Op::addcx, 9, 10, 12, OE | RC), mcrxr]),
        ("subfeo.", &[x(Op::subfex, 9, 12, 10, OE | RC), mcrxr]),
        ("divwo.", &[x(Op::divwx, 9, 10, 17, OE | RC), mcrxr]),
        ("mullwo.", &[x(Op::mullwx, 9, 10, 11, OE | RC), mcrxr]),
        ("nego.", &[x(Op::negx, 9, 15, 0, OE | RC), mcrxr, turn]),
        ("mtxer", &[turn, MTXER_R15]),
        ("mtxer, addo.", &[MTXER_R15, turn, x(Op::addx, 9, 10, 11, OE | RC)]),
    ];
    for (name, changes) in cases {
        compare_turns(name, changes, (1..40).chain([100, 101, 2000]));
    }
}

#[test]
fn leaving_for_a_change_of_so_does_not_interpret() {
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    let words = turns(&[x(Op::addx, 9, 10, 11, OE), x(Op::mcrxr, 0, 0, 0, 0)]);
    for machine in [&mut jit, &mut interpreter] {
        machine.put(CODE, &words);
        machine.ctx = PpcContext { pc: CODE, ..PpcContext::default() };
        machine.ctx.gpr[3] = 200;
        machine.ctx.gpr[4] = u64::from(DATA);
        machine.ctx.gpr[5] = u64::from(DATA);
        machine.ctx.gpr[10] = 0x7FFF_FFFF;
        machine.ctx.gpr[11] = 0x7FFF_FFFF;
    }
    compare(&mut jit, &mut interpreter, 100_000, &|| "200 turns".into());
    let counters = jit.engine.counters();
    assert!(counters.interpreted_instructions < 100, "{counters:?}");
}
