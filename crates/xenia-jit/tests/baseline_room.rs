//! Baseline tier with full code memory: the coldest units are evicted, the others stay, and the
//! guest does not notice.

use crate::common::pair::machines;
use crate::common::*;
use xenia_isa::Op;
use xenia_jit::{JitConfig, Tiers};

/// Number of functions, and bytes from one to the next.
const FUNCTIONS: u32 = 300;
const STRIDE: u32 = 160;
/// Size of code memory: less than the functions' code, more than that of their caller.
const ROOM: usize = 48 << 10;

/// A loop of `rounds` iterations that calls all functions.
fn program(rounds: i32) -> Vec<(u32, Vec<u32>)> {
    let function = |n: u32| CODE + SIZE - STRIDE * (FUNCTIONS - n);
    let mut main = vec![d(Op::addi, 20, 0, rounds)];
    let again = CODE + 4;
    for n in 0..FUNCTIONS {
        let at = CODE + 4 * main.len() as u32;
        main.push(b(at, function(n), true));
    }
    let at = CODE + 4 * main.len() as u32;
    let over = Op::bcx.row().bits | 12 << 21 | 2 << 16 | 0xC; // beq
    main.extend([d(Op::addic_rc, 20, 20, -1), over, b(at + 8, again, false), SC]);
    let mut code = vec![(CODE, main)];
    for n in 0..FUNCTIONS {
        let mut words: Vec<u32> =
            (0..30).map(|k| d(Op::addi, 3 + (n + k) % 8, 3 + (n * k) % 8, (n + k) as i32)).collect();
        words.extend([d(Op::stw, 3 + n % 8, 1, -4), d(Op::lwz, 4, 1, -4), BLR]);
        code.push((function(n), words));
    }
    code
}

#[test]
fn the_coldest_units_go_when_code_memory_is_full() {
    let program = program(40);
    let code: Vec<(u32, &[u32])> = program.iter().map(|(at, words)| (*at, &words[..])).collect();
    for (tiers, room) in
        [(Tiers::Baseline, ROOM), (Tiers::Both, ROOM), (Tiers::Baseline, JitConfig::default().baseline_code)]
    {
        let config = JitConfig { tiers, baseline_code: room, ..JitConfig::default() };
        let (mut jit, mut interpreter) = machines(config, &code, |_| {});
        for _ in 0..40 {
            compare(&mut jit, &mut interpreter, 9_999, &|| format!("{tiers:?}, {room} bytes"));
        }
        let counters = jit.engine.counters();
        let is_small = room == ROOM;
        assert_eq!(counters.baseline_aged_out > u64::from(FUNCTIONS), is_small, "{counters:?}");
        assert_eq!(counters.baseline_units > u64::from(2 * FUNCTIONS), is_small, "{counters:?}");
    }
}

/// The interpreter executes a unit that is larger than the whole code memory, except for its end.
#[test]
fn a_unit_without_room_is_interpreted() {
    let mut words: Vec<u32> = (0..1000).map(|k| d(Op::stw, 3 + k % 8, 1, -4 * k as i32)).collect();
    words.extend([b(CODE + 4000, CODE, false)]);
    let config = JitConfig { tiers: Tiers::Baseline, baseline_code: 4096, ..JitConfig::default() };
    let (mut jit, mut interpreter) = machines(config, &[(CODE, &words)], |_| {});
    for _ in 0..10 {
        compare(&mut jit, &mut interpreter, 5000, &|| "one large unit".into());
    }
    let counters = jit.engine.counters();
    assert!(counters.baseline_guest_instructions < 500, "{counters:?}");
    assert!(counters.interpreted_instructions > 40_000, "{counters:?}");
}
