//! Six engines in the baseline tier with little code memory, while their code is written: units are
//! evicted and withdrawn all the time, and their memory is used again.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// Number of functions, and bytes from one to the next.
const FUNCTIONS: u32 = 64;
const STRIDE: u32 = 0x100;
/// Size of code memory: less than the functions' code.
const ROOM: usize = 8 << 10;
const ROUNDS: u32 = 400;

fn function(n: u32) -> u32 {
    CODE + 0x4000 + STRIDE * n
}

/// Function `n`: adds 1 to r3. Each even one also calls the next.
fn words(n: u32) -> Vec<u32> {
    let mut words = vec![d(Op::addi, 3, 3, 1)];
    words.extend((0..16).map(|k| d(Op::addi, 5 + (n + k) % 4, 5 + n % 4, k as i32)));
    if n.is_multiple_of(2) {
        words.extend([MFLR0, d(Op::stwu, 1, 1, -32), d(Op::stw, 0, 1, 36)]);
        let at = function(n) + 4 * words.len() as u32;
        words.extend([b(at, function(n + 1), true), d(Op::lwz, 0, 1, 36), d(Op::addi, 1, 1, 32), MTLR0]);
    }
    words.push(BLR);
    words
}

#[test]
fn units_are_evicted_and_withdrawn_while_others_run_them() {
    for (name, tiers) in [("baseline", Tiers::Baseline), ("both tiers", Tiers::Both)] {
        let memory = memory();
        let mut main: Vec<u32> = (0..FUNCTIONS / 2).map(|n| b(CODE + 4 * n, function(2 * n), true)).collect();
        main.extend([d(Op::bcx, 16, 0, -4 * main.len() as i32), SC]);
        put(&memory, &main);
        for n in 0..FUNCTIONS {
            put_at(&memory, function(n), &words(n));
        }
        let config = JitConfig {
            tiers,
            hot_after: 2,
            baseline_code: ROOM,
            testing: JitTesting { compile_volatile: true, ..JitTesting::default() },
            ..JitConfig::default()
        };
        let first = Jit::new(Arc::clone(&memory), config).unwrap();
        let is_over = AtomicBool::new(false);
        let mut found = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                // The same words again: the page's version changes.
                for n in (0..FUNCTIONS).cycle().take_while(|_| !is_over.load(Relaxed)) {
                    put_at(&memory, function(n), &words(n));
                    thread::sleep(Duration::from_micros(200));
                }
            });
            // Again where the host has no time for the thread that writes.
            for _ in 0..100 {
                let contexts = run_together(6, Execute::fork(&first).unwrap(), 1013, |hw_id| {
                    let mut ctx = PpcContext { pc: CODE, ctr: ROUNDS.into(), ..PpcContext::default() };
                    ctx.gpr[1] = u64::from(DATA + 0x1000 * (u32::from(hw_id) + 1));
                    ctx
                });
                let is_right = |ctx: &PpcContext| ctx.gpr[3] == u64::from(ROUNDS * FUNCTIONS);
                if first.counters().invalidations > 0 || !contexts.iter().all(is_right) {
                    found = contexts;
                    break;
                }
            }
            is_over.store(true, Relaxed);
        });
        for ctx in found {
            assert_eq!(ctx.gpr[3], u64::from(ROUNDS * FUNCTIONS), "{name}: {:x?}", &ctx.gpr[..12]);
        }
        let counters = first.counters();
        assert!(counters.baseline_aged_out > 0 && counters.invalidations > 0, "{name}: {counters:?}");
    }
}
