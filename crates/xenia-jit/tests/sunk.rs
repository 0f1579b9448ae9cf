//! Store sinking: after any exit from a loop with sunk stores, all registers are those of the
//! interpreter.

use crate::common::*;
use std::sync::Arc;
use xenia_cpu::{Execute, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::{Jit, JitConfig};
use xenia_memory::DeviceQueue;

fn mtctr(from: u32) -> u32 {
    0x7C09_03A6 | from << 21
}

fn bc(bo: u32, bi: u32, words: i32) -> u32 {
    d(Op::bcx, bo, bi, 4 * words)
}

/// A loop that changes more registers than it can carry, and CR fields, CA and CTR, with three
/// exits in its middle. `first` advances r20, `second` r21.
fn words(first: u32, second: u32) -> Vec<u32> {
    vec![
        d(Op::addi, 12, 0, 3000),
        mtctr(12),
        // again:
        d(Op::addi, 3, 3, 1),
        first,
        d(Op::addic, 5, 3, -7),
        x(Op::addx, 6, 6, 5, 0),
        second,
        x(Op::addex, 7, 7, 6, 0),
        d(Op::cmpi, 1 << 2, 3, 2000),
        bc(12, 4 + 2, 13), // one
        d(Op::addi, 9, 6, 99),
        d(Op::stw, 9, 31, 16),
        d(Op::cmpli, 6 << 2, 9, 0x1234),
        bc(12, 4 * 6 + 2, 11), // two
        d(Op::addi, 10, 9, 5),
        d(Op::addi, 11, 10, 6),
        d(Op::addi, 13, 11, 7),
        d(Op::addi, 14, 13, 8),
        d(Op::lwz, 15, 31, 16),
        0x4DA2_0020, // beqlr cr0
        bc(16, 0, -18),
        SC,
        // one:
        d(Op::addi, 16, 3, 1),
        SC,
        // two:
        d(Op::addi, 17, 3, 1),
        SC,
    ]
}

/// Prepares registers for such a loop, whose accesses can read or write `first` and `second` words
/// before the end of memory.
fn begin(machine: &mut JitHarness, first: u32, second: u32) {
    machine.ctx = PpcContext { pc: CODE, lr: u64::from(CODE + 0x1000), ..PpcContext::default() };
    machine.ctx.gpr[20] = u64::from(DATA + SIZE - 4 * first);
    machine.ctx.gpr[21] = u64::from(DATA + SIZE - 4 * second);
    machine.ctx.gpr[31] = u64::from(DATA);
    machine.ctx.gpr[6] = 0xFFFF_FFF0;
    machine.ctx.fpr[1] = 1.5_f64.to_bits();
}

/// Enough words for all iterations.
const ALL: u32 = 4000;

#[test]
fn a_fault_in_any_turn_and_at_any_access_finds_every_register() {
    let loads = [d(Op::lwzu, 8, 20, 4), d(Op::lbzu, 8, 20, 4), d(Op::lhau, 8, 20, 4), d(Op::lfsu, 2, 20, 4)];
    let stores =
        [d(Op::stwu, 6, 21, 4), d(Op::stbu, 6, 21, 4), d(Op::sthu, 6, 21, 4), d(Op::stfsu, 1, 21, 4)];
    for (first, second) in loads.into_iter().zip(stores) {
        for (turn, budget) in [(1, 1 << 30), (2, 13), (3, 1 << 30), (51, 200), (999, 1 << 30), (1700, 7000)] {
            for (first_words, second_words, at) in [(turn, ALL, 3), (ALL, turn, 6)] {
                let mut jit = JitHarness::jit();
                let mut interpreter = JitHarness::interpreter();
                for machine in [&mut jit, &mut interpreter] {
                    machine.put(CODE, &words(first, second));
                    begin(machine, first_words, second_words);
                }
                let what = || format!("{first:#x} and {second:#x}: turn {turn} at {at}, {budget} at a time");
                let mut visits = 0;
                while interpreter.ctx.pc != CODE + 4 * at || interpreter.ctx.budget <= 0 {
                    compare(&mut jit, &mut interpreter, budget, &what);
                    visits += 1;
                    assert!(visits < 20_000, "{}", what());
                }
                assert_eq!(jit.ctx.gpr[3], u64::from(turn), "{}", what());
                // The handler moves the pointers, and the access is repeated.
                for machine in [&mut jit, &mut interpreter] {
                    machine.ctx.gpr[20] = u64::from(DATA);
                    machine.ctx.gpr[21] = u64::from(DATA + 0x8000);
                }
                compare(&mut jit, &mut interpreter, 1 << 30, &what);
                assert_eq!(jit.ctx.gpr[16], 2001, "{}", what());
            }
        }
    }
}

#[test]
fn every_way_out_stores_what_the_loop_has_not() {
    let words = words(d(Op::lwzu, 8, 20, 4), d(Op::stwu, 6, 21, 4));
    // Exits by CTR, by the first compare, by the second, and by the budget only.
    for (ctr, r3, r6, budget) in
        [(9, 0, 0, 1 << 30), (90, 1990, 0, 1 << 30), (90, 5, 0x1200, 1 << 30), (90, 0, 0, 100)]
    {
        let mut jit = JitHarness::jit();
        let mut interpreter = JitHarness::interpreter();
        for machine in [&mut jit, &mut interpreter] {
            machine.put(CODE, &words);
            begin(machine, ALL, ALL);
            // From the loop's start.
            machine.ctx.pc = CODE + 8;
            machine.ctx.ctr = ctr;
            machine.ctx.gpr[3] = r3;
            machine.ctx.gpr[6] = r6;
        }
        for visit in 0..3 {
            compare(&mut jit, &mut interpreter, budget, &|| {
                format!("{ctr} {r3} {r6:#x} {budget}: visit {visit}")
            });
        }
    }
}

/// Checks that the loops of the two tests above have sunk stores.
#[test]
fn loops_are_compiled_without_stores_before_their_accesses() {
    let memory = memory();
    let mut jit = Jit::new(Arc::clone(&memory), JitConfig::compile_everything()).unwrap();
    for (n, word) in words(d(Op::lwzu, 8, 20, 4), d(Op::stwu, 6, 21, 4)).into_iter().enumerate() {
        memory.write(GuestAddr(CODE + 4 * n as u32), word).unwrap();
    }
    let mut ctx = PpcContext { pc: CODE, budget: 100, ..PpcContext::default() };
    jit.run(&mut ctx, &mut DeviceQueue::new());
    let cost = jit.cost(GuestAddr(CODE)).unwrap().unwrap();
    assert_eq!((cost.fault_exits, cost.lost_sinking), (4, false));
}
