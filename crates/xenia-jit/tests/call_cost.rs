//! Benchmark of engines that run in parallel with others: the cost of a kernel call (leaving
//! compiled code at `sc 2` and reentering after it), and of each way to keep reservations.
//!
//! `cargo test --release -p xenia-jit --test tests call_cost:: -- --ignored --nocapture`

use crate::common::*;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;
use xenia_cpu::{EngineConfig, Execute, Exit, Interpreter, PpcContext, ReservationMode};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::{Jit, JitConfig};
use xenia_memory::DeviceQueue;

const CALLS: u64 = 10_000;

/// Nanoseconds per iteration of `addi r3,r3,1; sc 2; b .-8`, the least of a thousand runs.
fn nanoseconds_per_call(engine: &mut dyn Execute) -> f64 {
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    let mut devices = DeviceQueue::new();
    let mut run = |calls: u64| {
        let start = Instant::now();
        ctx.gpr[3] = 0;
        for _ in 0..calls {
            if ctx.budget < 100 {
                ctx.begin_visit(1 << 30, 0, u32::MAX);
            }
            assert_eq!(engine.run(&mut ctx, &mut devices), Exit::Syscall { lev: 2 });
        }
        assert_eq!(ctx.gpr[3], calls);
        start.elapsed().as_nanos() as f64 / calls as f64
    };
    run(1000);
    (0..1000).map(|_| run(CALLS)).fold(f64::INFINITY, f64::min)
}

#[test]
#[ignore = "a measurement"]
fn kernel_call_cost() {
    let memory = memory();
    let words = [d(Op::addi, 3, 3, 1), SC, b(CODE + 8, CODE, false)];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
    let config = JitConfig { warm_up: 0, ..JitConfig::default() };
    let mut first = Jit::new(Arc::clone(&memory), config).unwrap();
    println!("alone: {:.1} ns", nanoseconds_per_call(&mut first));
    let begin = Barrier::new(2);
    thread::scope(|scope| {
        for mut engine in [first.fork(), first.fork()] {
            let begin = &begin;
            scope.spawn(move || {
                begin.wait();
                println!("one of two: {:.1} ns", nanoseconds_per_call(&mut engine));
            });
        }
    });
}

/// Nanoseconds per iteration of `words`, a `bdnz` loop that works on the data at r4; the least of
/// many runs.
fn nanoseconds_per_turn(engine: &mut dyn Execute, hw_id: u8, at: u32) -> f64 {
    const TURNS: u64 = 2000;
    let mut devices = DeviceQueue::new();
    let run = |_| {
        let mut ctx = PpcContext { pc: CODE, ctr: TURNS, hw_id, ..PpcContext::default() };
        ctx.gpr[4] = at.into();
        ctx.begin_visit(1 << 30, 0, u32::MAX);
        let start = Instant::now();
        assert_eq!(engine.run(&mut ctx, &mut devices), Exit::Syscall { lev: 2 });
        start.elapsed().as_nanos() as f64 / TURNS as f64
    };
    (0..500).map(run).fold(f64::INFINITY, f64::min)
}

#[test]
#[ignore = "a measurement"]
fn reservation_mode_cost() {
    // An increment by `lwarx` and `stwcx.`, and eight plain stores.
    let increment = vec![
        x(Op::lwarx, 3, 0, 4, 0),
        d(Op::addi, 3, 3, 1),
        x(Op::stwcx, 3, 0, 4, 0),
        d(Op::bcx, 4, 2, -12),
        d(Op::bcx, 16, 0, -16),
        SC,
    ];
    let mut stores: Vec<u32> = (0..8).map(|n| d(Op::stw, 3, 4, 4 * n)).collect();
    stores.extend([d(Op::bcx, 16, 0, -32), SC]);
    for (what, words) in [("increment", &increment), ("eight stores", &stores)] {
        for reservations in [ReservationMode::Context, ReservationMode::Table, ReservationMode::Strict] {
            let memory = memory();
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
            let engine = EngineConfig { reservations };
            let mut jit =
                Jit::new(Arc::clone(&memory), JitConfig { engine, ..JitConfig::compile_everything() })
                    .unwrap();
            let mut interpreter = Interpreter::new(Arc::clone(&memory), engine);
            let compiled = nanoseconds_per_turn(&mut jit, 0, DATA);
            let interpreted = nanoseconds_per_turn(&mut interpreter, 0, DATA);
            let begin = Barrier::new(2);
            let beside: Vec<f64> = thread::scope(|scope| {
                let run = |hw_id: u8| {
                    let mut engine = jit.fork();
                    let begin = &begin;
                    scope.spawn(move || {
                        begin.wait();
                        nanoseconds_per_turn(&mut engine, hw_id, DATA + 0x1000 * u32::from(hw_id))
                    })
                };
                [run(1), run(2)].map(|run| run.join().unwrap()).into()
            });
            println!(
                "{what}, {reservations:?}: compiled {compiled:.1} ns, interpreted {interpreted:.1} ns, compiled on two \
                 threads, each with a line of its own {beside:.1?} ns"
            );
        }
    }
}
