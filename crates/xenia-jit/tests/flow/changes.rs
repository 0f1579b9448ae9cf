//! Self-modifying code, and changes of code between runs.

use super::*;

#[test]
fn code_written_through_another_view_is_recompiled() {
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &[d(Op::addi, 3, 3, 1), SC]);
    }
    for round in 0..30 {
        for machine in [&mut jit, &mut interpreter] {
            machine.put(CODE, &[d(Op::addi, 3, 3, round)]);
            machine.ctx.pc = CODE;
        }
        compare(&mut jit, &mut interpreter, 100, &|| format!("round {round}"));
    }
    assert_eq!(jit.ctx.gpr[3], (0..30).sum::<u64>());
    assert!(jit.engine.counters().invalidations > 3);
}

#[test]
fn code_that_writes_into_its_own_page_is_seen_after_isync() {
    // r3 = new word, r4 = address of the target below; store, dcbst, sync, icbi, isync, then run
    // it.
    let target = CODE + 4 * 7;
    let words = [
        d(Op::stw, 3, 4, 0),
        0x7C00_206C, // dcbst 0,r4
        0x7C00_04AC, // sync
        0x7C00_27AC, // icbi 0,r4
        0x4C00_012C, // isync
        d(Op::addi, 7, 7, 1),
        d(Op::addi, 7, 7, 1),
        d(Op::addi, 5, 5, 1), // target: replaced
        SC,
    ];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        start(machine, &words);
    }
    for round in 1..20 {
        for machine in [&mut jit, &mut interpreter] {
            machine.ctx.pc = CODE;
            machine.ctx.gpr[3] = u64::from(d(Op::addi, 5, 5, round));
            machine.ctx.gpr[4] = u64::from(target);
        }
        compare(&mut jit, &mut interpreter, 100, &|| format!("round {round}"));
    }
    assert_eq!(jit.ctx.gpr[5], (1..20).sum::<u64>());
}

#[test]
fn repeatedly_replaced_code_is_interpreted_unless_it_may_be_compiled() {
    for compile_volatile in [false, true] {
        let testing = JitTesting { compile_volatile, ..JitTesting::default() };
        let config = JitConfig { warm_up: 0, testing, ..JitConfig::default() };
        let mut machine = JitHarness::jit_with(config);
        for round in 0..40 {
            start(&mut machine, &[d(Op::addi, 3, 0, round), SC]);
            machine.run(10);
            assert_eq!(machine.ctx.gpr[3], round as u64);
        }
        let interpreted = machine.engine.counters().interpreted_instructions;
        assert_eq!(interpreted == 0, compile_volatile, "{interpreted} of 80");
    }
}

#[test]
fn constantly_replaced_code_is_not_recompiled() {
    let mut machine = JitHarness::jit_with(JitConfig { warm_up: 4, ..JitConfig::default() });
    let mut round = |round: i32, turns: u64| {
        start(&mut machine, &[x(Op::mtspr, 4, 9, 0, 0), d(Op::addi, 3, 0, round), d(Op::bcx, 16, 0, -4), SC]);
        machine.ctx.gpr[4] = turns;
        machine.run(1_000_000);
        assert_eq!(machine.ctx.gpr[3], round as u64);
        machine.engine.counters()
    };
    let compiled = round(1, 100);
    assert_ne!((compiled.functions, compiled.compile_wait_ns), (0, 0));
    let volatile = (2..40).map(|number| round(number, 100)).last().unwrap();
    let later = round(40, 100_000);
    assert!(later.interpreted_instructions > volatile.interpreted_instructions + 200_000);
    assert_eq!((later.functions, later.compile_wait_ns), (volatile.functions, volatile.compile_wait_ns));
}
