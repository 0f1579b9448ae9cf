//! What a kernel call costs on the engine's side: leaving compiled code at `sc 2` and entering it again behind it.
//!
//! `cargo test --release -p xenia-jit --test call_cost -- --ignored --nocapture`

mod common;

use common::*;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;
use xenia_cpu::{Execute, Exit, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::{Jit, JitConfig};
use xenia_memory::DeviceQueue;

const CALLS: u64 = 10_000;

/// Nanoseconds per turn of `addi r3,r3,1; sc 2; b .-8`, the least of a thousand runs.
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
fn what_a_kernel_call_costs() {
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
