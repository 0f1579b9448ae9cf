//! Instructions that read the time or yield: reads of the time base, and yield hints.

use super::*;

#[test]
fn the_last_time_base_read_of_a_visit_ends_it() {
    // loop: mftb r3; addi; b loop
    let words = [0x7C6C_42E6, d(Op::addi, 4, 4, 1), b(CODE + 8, CODE, false)];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &words);
    }
    for visit in 0..20 {
        for machine in [&mut jit, &mut interpreter] {
            machine.ctx.begin_visit(100_000, 1000 * visit, 8);
        }
        let a = jit.engine.run(&mut jit.ctx, &mut jit.devices);
        let b = interpreter.engine.run(&mut interpreter.ctx, &mut interpreter.devices);
        assert_eq!((a, jit.ctx.executed()), (b, interpreter.ctx.executed()));
        assert_eq!(a, Exit::Yield);
        assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None);
    }
}

#[test]
fn every_time_base_read_form_counts_prior_instructions() {
    let spr = |op, rd, n: u32| x(op, rd, 0, 0, (n & 31) << 16 | n >> 5 << 11);
    // loop: lower, upper, lower and upper half by number, with other instructions between; b loop
    let words = [
        spr(Op::mftb, 3, 268),
        d(Op::addi, 7, 7, 1),
        spr(Op::mftb, 4, 269),
        spr(Op::mfspr, 5, 268),
        d(Op::addi, 7, 7, 1),
        spr(Op::mfspr, 6, 269),
        x(Op::addx, 8, 8, 3, 0),
        x(Op::addx, 8, 8, 5, 0),
        b(CODE + 32, CODE, false),
    ];
    for tick_shift in [0, 1, 4] {
        let mut jit = JitHarness::jit();
        let mut interpreter = JitHarness::interpreter();
        for machine in [&mut jit, &mut interpreter] {
            start(machine, &words);
            machine.ctx.tick_shift = tick_shift;
        }
        for visit in 0..60 {
            // The upper word changes meanwhile; some visits end by their budget, some by their
            // reads.
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx.begin_visit(17 + visit as i64, 0x2_FFFF_FFF8, 1 + visit % 13);
            }
            let a = jit.engine.run(&mut jit.ctx, &mut jit.devices);
            let b = interpreter.engine.run(&mut interpreter.ctx, &mut interpreter.devices);
            assert_eq!((a, jit.ctx.budget), (b, interpreter.ctx.budget), "visit {visit}");
            assert_eq!(jit.ctx.time_reads_left, interpreter.ctx.time_reads_left, "visit {visit}");
            assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "visit {visit}");
        }
        assert_no_fallbacks(&jit);
    }
}

#[test]
fn a_yield_hint_ends_the_visit_after_itself() {
    for n in 28..32 {
        let hint = x(Op::orx, n, n, n, 0);
        let words = [d(Op::addi, 3, 3, 1), hint, d(Op::addi, 4, 4, 1), b(CODE + 12, CODE, false)];
        let mut jit = JitHarness::jit();
        let mut interpreter = JitHarness::interpreter();
        for machine in [&mut jit, &mut interpreter] {
            start(machine, &words);
        }
        for budget in (1..12).chain([1000, 1000]) {
            compare(&mut jit, &mut interpreter, budget, &|| format!("budget {budget}"));
        }
        assert_eq!(jit.run(1000), Exit::Yield);
        assert_eq!((jit.ctx.pc, jit.ctx.executed()), (CODE + 8, 4));
        assert_no_fallbacks(&jit);
    }
}
