//! Several engines of one machine, as [`Execute::fork`] makes them.

mod common;

use common::*;
use std::sync::Arc;
use xenia_cpu::{EngineConfig, EngineCounters, Execute, Exit, Interpreter, PpcContext};
use xenia_isa::Op;
use xenia_jit::{CrossCheck, Jit, JitConfig, Unit};
use xenia_memory::{DeviceQueue, GuestMemory};

/// Runs `engine` from [`CODE`] on; what it left in r3.
fn run(engine: &mut dyn Execute) -> u64 {
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    ctx.begin_visit(1000, 0, u32::MAX);
    assert_eq!(engine.run(&mut ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 2 });
    ctx.gpr[3]
}

fn put(memory: &GuestMemory, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    memory.write_bytes(xenia_guest::GuestAddr(CODE), &bytes).unwrap();
}

#[test]
fn a_fork_runs_what_the_first_engine_compiled_and_their_counters_add_up() {
    let memory = memory();
    let config = JitConfig { warm_up: 1, ..JitConfig::default() };
    let mut first: Box<dyn Execute> = Box::new(Jit::new(Arc::clone(&memory), config).unwrap());
    let mut second = first.fork().expect("the compiling engine runs on several threads");
    put(&memory, &[d(Op::addi, 3, 0, 5), SC, BLR]);
    assert_eq!((run(&mut *first), run(&mut *second)), (5, 5));
    let sum = |engines: [&dyn Execute; 2]| {
        engines.iter().fold(EngineCounters::default(), |mut sum, engine| {
            sum += &engine.counters();
            sum
        })
    };
    let both = sum([&*first, &*second]);
    assert_eq!((both.functions, both.compiled_guest_instructions, both.invalidations), (1, 3, 0));
    put(&memory, &[d(Op::addi, 3, 0, 6), SC, BLR]);
    assert_eq!((run(&mut *second), run(&mut *first)), (6, 6));
    let both = sum([&*first, &*second]);
    assert_eq!((both.functions, both.compiled_guest_instructions, both.invalidations), (2, 6, 1));
}

#[test]
fn an_interpreter_has_forks_and_a_cross_check_none() {
    let memory = memory();
    put(&memory, &[d(Op::addi, 3, 0, 5), SC, BLR]);
    let first = Interpreter::new(Arc::clone(&memory), EngineConfig::default());
    let mut fork = Execute::fork(&first).expect("the interpreter runs on several threads");
    assert_eq!(run(&mut *fork), 5);
    assert_eq!((fork.counters().interpreted_instructions, first.counters().interpreted_instructions), (2, 0));
    let fresh = GuestMemory::new().unwrap();
    let checked = CrossCheck::new(fresh, JitConfig::default(), Unit::Quantum).unwrap();
    assert!(checked.fork().is_none(), "its two memories have to move in step");
}
