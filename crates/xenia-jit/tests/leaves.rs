//! Inlining of leaf functions: an inlined copy has the effects of the function, with the same
//! instruction counts, faults and reactions to code changes.

use crate::common::pair::machines;
use crate::common::*;
use xenia_cpu::Exit;
use xenia_isa::{Family, Op};
use xenia_jit::JitConfig;
use xenia_testing::is_long;

/// Address of the functions: the second page of the code.
const LEAVES: u32 = CODE + 0x1000;
/// Budget of a visit that does not end by its budget.
const LONG: i64 = 1 << 40;

/// Register move (`mr`).
fn mr(to: u32, from: u32) -> u32 {
    x(Op::orx, from, to, from, 0)
}

/// A loop of CTR iterations that calls the functions at `called` and adds to r9 between the calls.
fn calls(called: &[u32]) -> Vec<u32> {
    let mut words = Vec::new();
    for &target in called {
        words.push(b(CODE + 4 * words.len() as u32, target, true));
        words.push(d(Op::addi, 9, 9, 1));
    }
    words.push(d(Op::bcx, 16, 0, -4 * words.len() as i32)); // bdnz
    words.push(SC);
    words
}

#[test]
fn a_loop_that_calls_leaves_calls_nothing() {
    let leaf = [d(Op::addi, 3, 3, 5), d(Op::lwz, 4, 1, 8), d(Op::stw, 3, 1, 8), BLR];
    let words = calls(&[LEAVES, LEAVES + 4]);
    let (mut jit, mut interpreter) =
        machines(JitConfig::compile_everything(), &[(CODE, &words), (LEAVES, &leaf)], |ctx| {
            ctx.ctr = 100_000;
        });
    compare(&mut jit, &mut interpreter, LONG, &String::new);
    assert_eq!(jit.ctx.gpr[9], 200_000);
    assert_eq!(jit.ctx.lr, u64::from(CODE + 12));
    let counters = jit.engine.counters();
    assert_eq!((counters.functions, counters.interpreted_instructions), (1, 0), "the leaf alone never ran");
}

#[test]
fn inlined_register_save_restore_matches_interpreter() {
    // __savegprlr_29 and __restgprlr_29, as in every title, used by a recursive function with a
    // frame.
    let save = LEAVES;
    let restore = LEAVES + 0x40;
    let save_words =
        [d(Op::std, 29, 1, -32), d(Op::std, 30, 1, -24), d(Op::std, 31, 1, -16), d(Op::stw, 12, 1, -8), BLR];
    let restore_words = [
        d(Op::ld, 29, 1, -32),
        d(Op::ld, 30, 1, -24),
        d(Op::ld, 31, 1, -16),
        d(Op::lwz, 12, 1, -8),
        x(Op::mtspr, 12, 8, 0, 0), // mtlr r12
        BLR,
    ];
    let function = CODE + 0x20;
    let words = [b(CODE, function, true), SC];
    let body = [
        x(Op::mfspr, 12, 8, 0, 0), // mflr r12
        b(function + 4, save, true),
        d(Op::stwu, 1, 1, -64),
        mr(31, 3),
        d(Op::addi, 30, 3, 7),
        d(Op::cmpi, 0, 3, 0),
        d(Op::bcx, 12, 2, 16), // beq
        d(Op::addi, 3, 3, -1),
        b(function + 32, function, true),
        x(Op::addx, 4, 4, 30, 0),
        d(Op::addi, 1, 1, 64),
        b(function + 44, restore, false),
    ];
    for config in [
        JitConfig::default(),
        JitConfig { warm_up: 4, ..JitConfig::default() },
        JitConfig::compile_everything(),
    ] {
        let code: [(u32, &[u32]); 4] =
            [(CODE, &words), (function, &body), (save, &save_words), (restore, &restore_words)];
        let (mut jit, mut interpreter) = machines(config, &code, |ctx| ctx.gpr[3] = 60);
        for round in 0..50 {
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx.pc = CODE;
                machine.ctx.gpr[3] = 60;
            }
            compare(&mut jit, &mut interpreter, LONG, &|| format!("round {round}"));
        }
        assert_ne!(jit.ctx.gpr[4], 0);
    }
}

#[test]
fn visits_end_anywhere_in_a_leaf() {
    let leaf =
        [x(Op::mfspr, 5, 8, 0, 0), d(Op::addi, 3, 3, 1), d(Op::lwzu, 6, 1, 4), d(Op::stw, 3, 1, 0), BLR];
    let words = calls(&[LEAVES, LEAVES + 8]);
    for config in [JitConfig { warm_up: 4, ..JitConfig::default() }, JitConfig::compile_everything()] {
        let (mut jit, mut interpreter) =
            machines(config, &[(CODE, &words), (LEAVES, &leaf)], |ctx| ctx.ctr = 2000);
        for round in 0_i64.. {
            let visit = 1 + round * 7 % 61;
            let exit = interpreter.run(visit);
            assert_eq!(jit.run(visit), exit, "round {round}");
            assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "round {round}");
            if exit != Exit::Budget {
                break;
            }
        }
        assert_eq!(jit.data(), interpreter.data());
    }
}

#[test]
fn a_fault_in_a_leaf_shows_where_it_was() {
    // Walks past the end of memory: by a load, by a store, and by a load without a store after it.
    for access in [d(Op::lwz, 6, 3, 0), d(Op::stw, 9, 3, 0), d(Op::lfs, 1, 3, 0)] {
        let leaf = [d(Op::addi, 4, 4, 1), d(Op::addi, 3, 3, 256), access, d(Op::addi, 5, 4, 3), BLR];
        let words = calls(&[LEAVES]);
        for config in [JitConfig { warm_up: 4, ..JitConfig::default() }, JitConfig::compile_everything()] {
            let (mut jit, mut interpreter) = machines(config, &[(CODE, &words), (LEAVES, &leaf)], |ctx| {
                ctx.ctr = 1 << 20;
                ctx.gpr[3] = u64::from(DATA);
            });
            compare(&mut jit, &mut interpreter, LONG, &|| format!("{access:#x}"));
            assert_eq!((jit.ctx.pc, jit.ctx.lr), (LEAVES + 8, u64::from(CODE + 4)), "{access:#x}");
        }
    }
}

#[test]
fn a_leaf_that_changes_changes_its_copies() {
    let leaf = |step| [d(Op::addi, 3, 3, step), BLR];
    let words = calls(&[LEAVES]);
    let (mut jit, mut interpreter) = machines(
        JitConfig { warm_up: 4, ..JitConfig::default() },
        &[(CODE, &words), (LEAVES, &leaf(1))],
        |ctx| {
            ctx.ctr = 1 << 30;
        },
    );
    for step in 2..40 {
        assert_eq!(jit.run(5_000), interpreter.run(5_000), "{step}");
        assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "{step}");
        for machine in [&jit, &interpreter] {
            machine.put(LEAVES, &leaf(step));
        }
    }
    // By now the page is known to change and is no longer inlined into its callers, which are
    // compiled.
    let before = jit.engine.counters().interpreted_instructions;
    assert_eq!(jit.run(1_000_000), Exit::Budget);
    let interpreted = jit.engine.counters().interpreted_instructions - before;
    assert!(
        (200_000..600_000).contains(&interpreted),
        "{interpreted}: the leaf alone, two of five instructions"
    );
}

#[test]
fn random_leaves_do_what_they_do_when_they_are_called() {
    use Family::*;
    let rows = rows(&[Integer, Logical, Rotate, LoadStore, Float, Vector, Vector128]);
    let mut r = Random::new(0x1EAF);
    for case in 0..if is_long() { 300 } else { 120 } {
        let mut leaves = Vec::new();
        let mut called = Vec::new();
        for _ in 0..=r.below(4) {
            called.push(LEAVES + 4 * leaves.len() as u32);
            leaves.extend((0..r.below(20)).map(|_| word(&mut r, &rows)));
            leaves.push(BLR);
        }
        let mut main = Vec::new();
        for _ in 0..=r.below(6) {
            main.extend((0..r.below(6)).map(|_| word(&mut r, &rows)));
            main.push(b(CODE + 4 * main.len() as u32, r.pick(&called), true));
        }
        main.push(b(CODE + 4 * main.len() as u32, r.pick(&called), false));
        let (mut jit, mut interpreter) =
            machines(JitConfig::compile_everything(), &[(CODE, &main), (LEAVES, &leaves)], |_| {});
        randomize(&mut interpreter.ctx, &mut r);
        randomize_modes(&mut interpreter.ctx, &mut r);
        interpreter.ctx.pc = CODE;
        interpreter.ctx.lr = u64::from(CODE + 0x800);
        for machine in [&jit, &interpreter] {
            machine.put(CODE + 0x800, &[SC]);
        }
        let before = interpreter.ctx.clone();
        jit.ctx = before.clone();
        compare(&mut jit, &mut interpreter, 10_000, &|| {
            format!("case {case}\n{}\n{}{before:x?}", listing(&main), listing(&leaves))
        });
    }
}
