//! Calls and returns: registers passed as arguments, abandoned host frames, and changes of callers
//! and callees.

use crate::common::pair::{eager_config, machines};
use crate::common::*;
use xenia_cpu::Exit;
use xenia_isa::Op;

/// The page after the first page of code.
const FAR: u32 = CODE + 0x1000;
/// Budget of a visit that does not end by its budget.
const LONG: i64 = 1 << 40;

/// The instructions that make a word stored at r4 visible as code; the last one ends the block.
fn make_visible() -> [u32; 4] {
    let sync = x(Op::sync, 0, 0, 0, 0);
    let isync = Op::isync.row().bits;
    [x(Op::dcbst, 0, 0, 4, 0), sync, x(Op::icbi, 0, 0, 4, 0), isync]
}

/// A loop of CTR iterations: saves r1 and makes `r7` nested calls; the innermost restores r1 and
/// jumps to the place after the first call. Calls push only the addresses of their frames.
fn long_jumps() -> Vec<u32> {
    let back = CODE + 6 * 4;
    let descend = CODE + 16 * 4;
    let mut words = vec![
        x(Op::orx, 1, 31, 1, 0), // mr r31,r1
        // round:
        x(Op::mfspr, 20, 9, 0, 0), // mfctr r20
        x(Op::orx, 7, 3, 7, 0),    // mr r3,r7
        d(Op::addi, 6, 6, 1),
        b(CODE + 16, descend, true),
        d(Op::addi, 5, 5, 1000), // never reached
        // back:
        x(Op::mtspr, 20, 9, 0, 0), // mtctr r20
        d(Op::addi, 5, 5, 1),
        d(Op::bcx, 16, 0, -28), // bdnz round
        SC,
    ];
    words.resize(16, 0);
    words.extend([
        // descend: if r3 == 0 longjmp; r3 -= 1; descend()
        d(Op::addi, 1, 1, -8),
        d(Op::cmpi, 0, 3, 0),
        d(Op::bcx, 12, 2, 20), // beq
        d(Op::addi, 3, 3, -1),
        b(descend + 16, descend, true),
        d(Op::addi, 5, 5, 1000), // never reached
        BLR,
        // longjmp:
        x(Op::orx, 31, 1, 31, 0), // mr r1,r31
        x(Op::mtspr, 8, 9, 0, 0), // mtctr r8
        BCTR,
    ]);
    assert_eq!(words[6], x(Op::mtspr, 20, 9, 0, 0));
    assert_eq!(back, CODE + 24);
    words
}

#[test]
fn long_jumps_leave_calls_of_any_depth() {
    for (rounds, depth) in [(3, 10_000_u32), (2000, 12), (300, 500), (5, 0)] {
        let (mut jit, mut interpreter) = machines(eager_config(), &[(CODE, &long_jumps())], |ctx| {
            ctx.gpr[7] = depth.into();
            ctx.gpr[8] = u64::from(CODE + 24);
            ctx.ctr = rounds;
        });
        compare(&mut jit, &mut interpreter, LONG, &|| format!("{rounds} times {depth}"));
        assert_eq!(jit.ctx.gpr[5], rounds, "{depth}");
        assert_eq!(jit.ctx.gpr[1], u64::from(DATA + SIZE - 0x100));
    }
}

/// Position-independent code reads its address by a call over a word, which never returns; the
/// function's own return is to the caller before that.
#[test]
fn returns_beyond_the_last_call_bring_registers_along() {
    let code = vec![
        d(Op::addi, 3, 0, 5),
        b(CODE + 4, CODE + 20, true),
        x(Op::orx, 3, 5, 3, 0), // mr r5,r3
        x(Op::orx, 1, 6, 1, 0), // mr r6,r1
        SC,
        // f:
        MFLR0,
        b(CODE + 24, CODE + 32, true),
        0,
        d(Op::addi, 3, 3, 1),
        d(Op::addi, 1, 1, -16),
        MTLR0,
        BLR,
    ];
    let (mut jit, mut interpreter) = machines(eager_config(), &[(CODE, &code)], |_| ());
    // The first round compiles code entered from the dispatcher; then calls are linked.
    for round in 1..4 {
        for machine in [&mut jit, &mut interpreter] {
            machine.ctx.pc = CODE;
        }
        compare(&mut jit, &mut interpreter, LONG, &|| format!("round {round}"));
        assert_eq!((jit.ctx.gpr[5], jit.ctx.gpr[6]), (6, u64::from(DATA + SIZE - 0x100 - 16 * round)));
    }
}

/// Recursion of depth r3 through r12; pushes LR at r9 and counts in r4.
fn through_a_pointer() -> Vec<u32> {
    vec![
        x(Op::mtspr, 12, 9, 0, 0), // mtctr r12
        BCTRL,
        SC,
        // f:
        d(Op::cmpi, 0, 3, 0),
        0x4D82_0020, // beqlr
        MFLR0,
        d(Op::stwu, 0, 9, 4),
        d(Op::addi, 3, 3, -1),
        d(Op::addi, 1, 1, -16),
        x(Op::mtspr, 12, 9, 0, 0),
        BCTRL,
        d(Op::addi, 4, 4, 1),
        d(Op::addi, 1, 1, 16),
        d(Op::lwz, 0, 9, 0),
        d(Op::addi, 9, 9, -4),
        MTLR0,
        BLR,
    ]
}

#[test]
fn calls_through_pointers_outgrow_the_host_stack_in_visits_of_any_length() {
    for budget in [LONG, 50_000, 4_999, 101] {
        let (mut jit, mut interpreter) = machines(eager_config(), &[(CODE, &through_a_pointer())], |ctx| {
            ctx.gpr[3] = 15_000;
            ctx.gpr[9] = DATA.into();
            ctx.gpr[12] = u64::from(CODE + 12);
        });
        for visit in 0..12 {
            compare(&mut jit, &mut interpreter, budget, &|| format!("budget {budget}, visit {visit}"));
            if budget == LONG {
                assert_eq!(jit.ctx.gpr[4], 15_000);
                break;
            }
        }
    }
}

#[test]
fn a_fault_in_a_callee_finds_every_register() {
    // The caller changes its arguments right before the call; the callee faults at its first
    // instruction, then later.
    let callee = vec![d(Op::lwz, 5, 4, 0), d(Op::addi, 3, 3, 7), d(Op::stwu, 3, 1, -16), BLR];
    let caller = vec![
        d(Op::addi, 3, 3, 1),
        d(Op::addi, 4, 4, 4),
        d(Op::addi, 1, 1, -32),
        b(CODE + 12, FAR, true),
        x(Op::addx, 6, 3, 1, 0),
        SC,
    ];
    let fine = u64::from(DATA + 0x100);
    for (r1, r4) in [(fine, 0x2000_0000), (0x2000_0000, fine), (fine, fine)] {
        let (mut jit, mut interpreter) =
            machines(eager_config(), &[(CODE, &caller), (FAR, &callee)], |ctx| {
                // The upper halves of registers are passed as well.
                ctx.gpr[1] = r1 | 3 << 32;
                ctx.gpr[3] = 0x1234_5678_9ABC_DEF0;
                ctx.gpr[4] = r4 | 5 << 32;
            });
        for round in 0..3 {
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx.pc = CODE;
                machine.ctx.gpr[1] = r1;
                machine.ctx.gpr[4] = r4;
            }
            compare(&mut jit, &mut interpreter, LONG, &|| format!("r1 {r1:#x}, r4 {r4:#x}, round {round}"));
        }
    }
}

#[test]
fn a_linked_callee_that_changes_is_gone_by_the_next_visit() {
    let caller = vec![
        d(Op::addi, 8, 0, 50),
        b(CODE + 4, FAR, true),
        d(Op::addi, 8, 8, -1),
        d(Op::cmpi, 0, 8, 0),
        d(Op::bcx, 4, 2, -12),
        SC,
    ];
    let (mut jit, mut interpreter) = machines(eager_config(), &[(CODE, &caller)], |_| {});
    for round in 0..8 {
        for machine in [&mut jit, &mut interpreter] {
            machine.put(FAR, &[d(Op::addi, 3, 3, round), BLR]);
            machine.ctx.pc = CODE;
        }
        compare(&mut jit, &mut interpreter, LONG, &|| format!("round {round}"));
    }
    assert_eq!(jit.ctx.gpr[3], 50 * (0..8).sum::<u64>());
    assert!(jit.engine.counters().invalidations >= 7, "{:?}", jit.engine.counters());
}

#[test]
fn a_linked_callee_that_its_caller_changes_is_gone_after_isync() {
    // CTR iterations: store r10 + CTR to the callee's first word, make it visible, call it.
    let mut caller = vec![x(Op::mfspr, 9, 9, 0, 0), x(Op::addx, 9, 10, 9, 0), d(Op::stw, 9, 4, 0)];
    caller.extend(make_visible());
    caller.push(b(CODE + 4 * caller.len() as u32, FAR, true));
    let here = 4 * caller.len() as i32;
    caller.extend([d(Op::bcx, 16, 0, -here), SC]);
    let (mut jit, mut interpreter) =
        machines(eager_config(), &[(CODE, &caller), (FAR, &[d(Op::addi, 3, 3, 0), BLR])], |ctx| {
            ctx.gpr[4] = FAR.into();
            ctx.gpr[10] = d(Op::addi, 3, 3, 0).into();
            ctx.ctr = 40;
        });
    compare(&mut jit, &mut interpreter, LONG, &|| "rewritten callee".into());
    assert_eq!(jit.ctx.gpr[3], (1..=40).sum::<u64>());
}

#[test]
fn a_caller_modified_by_its_callee_continues_with_the_new_code() {
    // The callee rewrites the word after the call while the caller's host frame exists.
    let caller = vec![b(CODE, FAR, true), d(Op::addi, 3, 3, 1), d(Op::bcx, 16, 0, -8), SC];
    let mut callee = vec![x(Op::mfspr, 9, 9, 0, 0), x(Op::addx, 9, 10, 9, 0), d(Op::stw, 9, 4, 0)];
    callee.extend(make_visible());
    callee.push(BLR);
    let (mut jit, mut interpreter) = machines(eager_config(), &[(CODE, &caller), (FAR, &callee)], |ctx| {
        ctx.gpr[4] = u64::from(CODE + 4);
        ctx.gpr[10] = d(Op::addi, 3, 3, 0).into();
        ctx.ctr = 40;
    });
    compare(&mut jit, &mut interpreter, LONG, &|| "rewritten caller".into());
    assert_eq!(jit.ctx.gpr[3], (1..=40).sum::<u64>());
}

#[test]
fn system_calls_at_depth_return_to_every_caller() {
    // As `through_a_pointer`, with `sc` at the greatest depth.
    for depth in [1, 3, 30, 300, 9000] {
        let mut words = through_a_pointer();
        let bottom = CODE + 4 * words.len() as u32;
        words[4] = d(Op::bcx, 12, 2, (bottom - CODE - 16) as i32); // beq
        words.extend([SC, BLR]);
        let (mut jit, mut interpreter) = machines(eager_config(), &[(CODE, &words)], |ctx| {
            ctx.gpr[3] = depth;
            ctx.gpr[9] = DATA.into();
            ctx.gpr[12] = u64::from(CODE + 12);
        });
        for round in 0..3 {
            for part in ["down", "up"] {
                compare(&mut jit, &mut interpreter, LONG, &|| format!("{depth} deep, round {round}, {part}"));
                assert_eq!(jit.ctx.pc, if part == "down" { bottom + 4 } else { CODE + 12 });
            }
            for machine in [&mut jit, &mut interpreter] {
                machine.ctx.pc = CODE;
                machine.ctx.gpr[3] = depth;
            }
        }
        assert_eq!(jit.ctx.gpr[4], 3 * depth);
    }
}

#[test]
fn a_call_to_code_that_cannot_be_fetched_faults_there() {
    let (mut jit, mut interpreter) =
        machines(eager_config(), &[(CODE, &[x(Op::mtspr, 12, 9, 0, 0), BCTRL, SC])], |ctx| {
            ctx.gpr[12] = 0x2000_0000;
        });
    let exit = jit.run(LONG);
    assert!(matches!(exit, Exit::Exception(_)), "{exit:?}");
    assert_eq!(interpreter.run(LONG), exit);
    assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None);
}
