//! Moves of hot units from the baseline tier to the optimizing tier.

use crate::common::*;
use std::thread;
use std::time::{Duration, Instant};
use xenia_cpu::Exit;
use xenia_isa::Op;
use xenia_isa::mask::OE;
use xenia_jit::{JitConfig, Tiers};

/// A loop of `length` additions to r3, CTR times; then `sc`.
fn long_loop(length: usize) -> Vec<u32> {
    let mut words = vec![d(Op::addi, 3, 3, 1); length];
    words.extend([d(Op::bcx, 16, 0, -4 * length as i32), SC]);
    words
}

/// The compiler thread finds that the function is longer than one sample pays for. Later samples
/// add to the first.
#[test]
fn an_order_dropped_as_too_early_is_made_again_once_more_has_run() {
    const LENGTH: usize = 50;
    // Hot at the first sample, of 20,011 instructions; worth compiling after 53,000.
    let config = JitConfig {
        tiers: Tiers::Both,
        hot_after: 1,
        warm_up: 1000,
        background: true,
        ..JitConfig::default()
    };
    let mut machine = JitHarness::jit_with(config);
    machine.put(CODE, &long_loop(LENGTH));
    machine.ctx.ctr = u64::from(u32::MAX);
    let start = Instant::now();
    while machine.engine.counters().functions == 0 {
        assert_eq!(machine.run(25_000), Exit::Budget);
        assert!(start.elapsed() < Duration::from_mins(1), "{:?}", machine.engine.counters());
        thread::sleep(Duration::from_millis(1));
    }
}

/// A loop of 40 instructions, a divisor of many round numbers, half of which a function of
/// floating-point arithmetic has. Slices of 20,000 instructions would all end in the loop itself.
#[test]
fn samples_do_not_keep_step_with_loops() {
    const ARITHMETIC: u32 = CODE + 0x100;
    const PLAIN: u32 = CODE + 0x200;
    let config = JitConfig { tiers: Tiers::Both, plain_code_gains: false, ..JitConfig::default() };
    let mut machine = JitHarness::jit_with(config);
    let calls = [b(CODE, ARITHMETIC, true), b(CODE + 4, PLAIN, true), d(Op::bcx, 16, 0, -8), SC];
    machine.put(CODE, &calls);
    machine.put(ARITHMETIC, &[vec![float(Op::faddx, [1, 1, 2, 0]); 19], vec![BLR]].concat());
    machine.put(PLAIN, &[vec![d(Op::addi, 3, 3, 1); 16], vec![BLR]].concat());
    machine.ctx.ctr = u64::from(u32::MAX);
    assert_eq!(machine.run(4_000_000), Exit::Budget);
    assert_eq!(machine.engine.counters().functions, 1);
}

/// The interpreter runs `addo` for the baseline tier, and the optimizing tier runs it in its code.
#[test]
fn loops_that_the_interpreter_interrupts_become_hot() {
    const LOOP: u32 = CODE + 0x100;
    let config = JitConfig { tiers: Tiers::Both, plain_code_gains: false, ..JitConfig::default() };
    let mut machine = JitHarness::jit_with(config);
    machine.put(CODE, &[b(CODE, LOOP, true), b(CODE + 4, CODE, false)]);
    machine.put(
        LOOP,
        &[
            d(Op::addi, 5, 0, 200),
            x(Op::mtspr, 5, 9, 0, 0),
            d(Op::addi, 3, 3, 1),
            x(Op::addx, 6, 3, 4, OE),
            d(Op::bcx, 16, 0, -8),
            BLR,
        ],
    );
    assert_eq!(machine.run(1_000_000), Exit::Budget);
    let counters = machine.engine.counters();
    assert_ne!(counters.functions, 0, "{counters:?}");
    assert!(counters.interpreted_instructions < 100_000, "{counters:?}");
}

/// Nothing calls the code, and nearly all samples hit the block after the interpreted instruction:
/// the region begins where the unit does, so it contains the head of the loop.
#[test]
fn a_loop_that_is_sampled_behind_its_head_is_compiled_whole() {
    let mut machine = JitHarness::jit_with(JitConfig { tiers: Tiers::Both, ..JitConfig::default() });
    let before = vec![d(Op::addi, 5, 5, 1); 6];
    let head = [d(Op::addi, 3, 3, 1), x(Op::addx, 6, 3, 4, OE)];
    let rest = vec![d(Op::addi, 7, 7, 1); 60];
    let back = d(Op::bcx, 16, 0, -4 * (head.len() + rest.len()) as i32);
    machine.put(CODE, &[before, head.to_vec(), rest, vec![back, SC]].concat());
    machine.ctx.ctr = u64::from(u32::MAX);
    for _ in 0..4 {
        assert_eq!(machine.run(1_000_000), Exit::Budget);
    }
    let counters = machine.engine.counters();
    assert_ne!(counters.functions, 0, "{counters:?}");
    assert!(counters.interpreted_instructions < 30_000, "{counters:?}");
}

/// A hot function ends with a jump over another hot one. The optimizing tier compiles each alone,
/// from its start, although samples hit their loops.
#[test]
fn regions_end_where_called_functions_begin() {
    check_regions(|pc, to| vec![b(pc, to, true)]);
}

#[test]
fn regions_end_where_functions_called_through_pointers_begin() {
    check_regions(|_, to| {
        let high = d(Op::addis, 12, 0, (to >> 16).cast_signed());
        let low = d(Op::ori, 12, 12, (to & 0xFFFF).cast_signed());
        vec![high, low, x(Op::mtspr, 12, 9, 0, 0), BCTRL]
    });
}

/// Calls three functions by the code that `call` returns for an address and a callee. The first one
/// ends by a jump to the third one.
fn check_regions(call: impl Fn(u32, u32) -> Vec<u32>) {
    const K: u32 = CODE + 0x100;
    const G: u32 = CODE + 0x200;
    const TAIL: u32 = CODE + 0x300;
    const LENGTH: u64 = 24;
    let function = |end: u32| {
        let mut words = vec![d(Op::addi, 5, 0, 200), x(Op::mtspr, 5, 9, 0, 0)];
        words.extend([d(Op::addi, 3, 3, 1); 20]);
        words.extend([d(Op::bcx, 16, 0, -80), end]);
        words
    };
    let mut machine = JitHarness::jit_with(JitConfig { tiers: Tiers::Both, ..JitConfig::default() });
    let mut calls = Vec::new();
    for to in [K, G, TAIL] {
        calls.extend(call(CODE + 4 * calls.len() as u32, to));
    }
    calls.push(b(CODE + 4 * calls.len() as u32, CODE, false));
    machine.put(CODE, &calls);
    machine.put(K, &function(b(K + 4 * 23, TAIL, false)));
    machine.put(G, &function(BLR));
    machine.put(TAIL, &[vec![d(Op::addi, 4, 4, 1); 9], vec![BLR]].concat());
    // The time for compiling is limited for each visit.
    for _ in 0..8 {
        assert_eq!(machine.run(1_000_000), Exit::Budget);
    }
    let counters = machine.engine.counters();
    assert_eq!((counters.functions, counters.compiled_guest_instructions), (2, 2 * LENGTH), "{counters:?}");
    assert_eq!(counters.recompiled_guest_instructions, 0, "{counters:?}");
    let waits = 1..counters.compile_wait_ns;
    assert!(waits.contains(&counters.longest_compile_wait_ns.0), "{counters:?}");
}
