//! Background compilation on a separate host thread: the guest cannot detect when code becomes
//! available.

use crate::common::*;
use std::thread;
use std::time::{Duration, Instant};
use xenia_cpu::Exit;
use xenia_isa::Op;
use xenia_jit::{JitConfig, JitTesting};

/// Two nested loops, with a branch that goes both ways and a call.
fn words() -> Vec<u32> {
    vec![
        x(Op::mtspr, 5, 9, 0, 0),
        d(Op::addi, 3, 3, 1), // +4
        d(Op::addi, 4, 4, 3),
        d(Op::andi_rc, 4, 6, 4),
        d(Op::bcx, 12, 2, 12), // beq +12
        d(Op::addi, 7, 7, 1),
        b(CODE + 24, CODE + 40, true),
        d(Op::addi, 9, 9, 1),   // +28
        d(Op::bcx, 16, 0, -28), // bdnz +4
        b(CODE + 36, CODE, false),
        d(Op::addi, 8, 8, 2), // +40, called
        BLR,
    ]
}

fn machine(compile_delays: Option<u64>) -> JitHarness {
    let testing = JitTesting { compile_delays, ..JitTesting::default() };
    let machine = JitHarness::jit_with(JitConfig { warm_up: 20, testing, ..JitConfig::in_background() });
    machine.put(CODE, &words());
    machine
}

#[test]
fn background_publication_is_invisible_to_the_guest() {
    for seed in 0..6 {
        let mut jit = machine(Some(seed));
        let mut interpreter = JitHarness::interpreter();
        interpreter.put(CODE, &words());
        for machine in [&mut jit, &mut interpreter] {
            machine.ctx.gpr[5] = 300;
        }
        let mut visit = 0_u32;
        let start = Instant::now();
        // On a busy host the compiler may not have run by then.
        let has_none = |jit: &JitHarness| jit.engine.counters().functions == 0;
        while visit < 600 || has_none(&jit) && start.elapsed() < Duration::from_mins(2) {
            let quantum = 900 + i64::from(visit % 101);
            assert_eq!(jit.run(quantum), interpreter.run(quantum), "seed {seed}, visit {visit}");
            assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "seed {seed}, visit {visit}");
            assert_eq!(jit.ctx.budget, interpreter.ctx.budget, "seed {seed}, visit {visit}");
            if visit % 64 == 63 {
                // The guest's code changes, so a compilation in progress may be of the old code.
                let patched = [d(Op::addi, 3, 3, (visit / 64 % 1000) as i32)];
                jit.put(CODE + 4, &patched);
                interpreter.put(CODE + 4, &patched);
                thread::sleep(Duration::from_micros(u64::from(visit.min(600))));
            }
            visit += 1;
        }
        let counters = jit.engine.counters();
        assert!(counters.functions > 0, "seed {seed}: nothing was compiled: {counters:?}");
    }
}

#[test]
fn the_interpreter_runs_until_the_code_is_ready() {
    let mut machine = machine(None);
    machine.ctx.gpr[5] = 300;
    let start = Instant::now();
    let mut interpreted = 0;
    loop {
        assert_eq!(machine.run(100_000), Exit::Budget);
        let now = machine.engine.counters().interpreted_instructions;
        // Less than a hundredth of a visit: the rest was compiled, which is counted a little later.
        if now - interpreted < 1000 && machine.engine.counters().functions >= 1 {
            break;
        }
        interpreted = now;
        assert!(
            start.elapsed() < Duration::from_mins(1),
            "nothing was compiled: {:?}",
            machine.engine.counters()
        );
    }
}

#[test]
fn a_machine_goes_while_its_code_is_being_compiled() {
    let mut under_way = 0;
    for seed in 0..20 {
        let mut machine = machine(Some(seed));
        machine.ctx.gpr[5] = 300;
        assert_eq!(machine.run(20_000), Exit::Budget);
        // All is warm after a fiftieth of that, and each compilation is delayed.
        under_way += u32::from(machine.engine.counters().functions == 0);
    }
    assert!(under_way > 0, "no machine went before its code was there");
}
