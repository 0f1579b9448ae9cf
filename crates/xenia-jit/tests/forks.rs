//! Several engines of one machine, as [`Execute::fork`] makes them, one after the other and at once.

mod common;

use common::*;
use std::sync::{Arc, Barrier};
use std::thread;
use xenia_cpu::{EngineConfig, EngineCounters, Execute, Exit, Interpreter, PpcContext, ReservationMode};
use xenia_guest::GuestAddr;
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
    memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
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

/// Something that makes one engine, whose forks share its memory.
type Make = fn(&Arc<GuestMemory>, EngineConfig) -> Box<dyn Execute>;

const ENGINES: [(&str, Make); 3] = [
    ("interpreter", |memory, config| Box::new(Interpreter::new(Arc::clone(memory), config))),
    ("jit, all compiled", |memory, engine| {
        let config = JitConfig { engine, ..JitConfig::compile_everything() };
        Box::new(Jit::new(Arc::clone(memory), config).unwrap())
    }),
    ("jit, warming up", |memory, engine| {
        let config = JitConfig { engine, warm_up: 4, ..JitConfig::default() };
        Box::new(Jit::new(Arc::clone(memory), config).unwrap())
    }),
];

const MODES: [ReservationMode; 3] =
    [ReservationMode::Context, ReservationMode::Table, ReservationMode::Strict];

/// Runs `begin(hw_id)` on six host threads, each with a fork of `engine`, up to `sc 2`; gives the contexts. Visits are
/// short and of an odd length, so that they end anywhere.
fn six(engine: Box<dyn Execute>, budget: i64, begin: impl Fn(u8) -> PpcContext + Sync) -> Vec<PpcContext> {
    let mut engines: Vec<Box<dyn Execute>> = (1..6).map(|_| engine.fork().unwrap()).collect();
    engines.push(engine);
    let together = Barrier::new(engines.len());
    thread::scope(|scope| {
        let run = |(hw_id, mut engine): (u8, Box<dyn Execute>)| {
            let (begin, together) = (&begin, &together);
            scope.spawn(move || {
                let mut ctx = PpcContext { hw_id, ..begin(hw_id) };
                let mut devices = DeviceQueue::new();
                together.wait();
                loop {
                    ctx.begin_visit(budget, 0, u32::MAX);
                    match engine.run(&mut ctx, &mut devices) {
                        Exit::Budget => {}
                        Exit::Syscall { lev: 2 } => return ctx,
                        other => panic!("{other:?}, {hw_id} at {:#x}: {:x?}", ctx.pc, &ctx.gpr[..12]),
                    }
                }
            })
        };
        let runs: Vec<_> = (0..).zip(engines).map(run).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

#[test]
fn concurrent_lwarx_stwcx_serializes() {
    const TURNS: u64 = 20_000;
    // Even ones add to the words of a doubleword, odd ones to all of it: r3 += r5 by `load` and `store`.
    let add = |load, store| {
        [
            x(load, 3, 0, 4, 0),
            x(Op::addx, 3, 3, 5, 0),
            x(store, 3, 0, 4, 0),
            d(Op::bcx, 4, 2, -12),  // bne-: again
            d(Op::bcx, 16, 0, -16), // bdnz
            SC,
        ]
    };
    let words = [add(Op::lwarx, Op::stwcx), add(Op::ldarx, Op::stdcx)].concat();
    for (name, make) in ENGINES {
        for reservations in MODES {
            let memory = memory();
            put(&memory, &words);
            six(make(&memory, EngineConfig { reservations }), 997, |hw_id| {
                let mut ctx = PpcContext { ctr: TURNS, ..PpcContext::default() };
                // 0 and 2 have the low word, 4 the high one; a doubleword's turn adds to both.
                let (pc, at, step) = match hw_id {
                    0 | 2 => (CODE, DATA + 4, 1),
                    4 => (CODE, DATA, 1),
                    _ => (CODE + 24, DATA, 1 << 32 | 1),
                };
                ctx.pc = pc;
                (ctx.gpr[4], ctx.gpr[5]) = (u64::from(at), step);
                ctx
            });
            let [high, low] = [0, 4].map(|at| memory.read::<u32>(GuestAddr(DATA + at)).unwrap());
            let turns = TURNS as u32;
            assert_eq!((high, low), (4 * turns, 5 * turns), "{name}, {reservations:?}");
            assert!(!memory.reservations().has_active_reservers(), "{name}, {reservations:?}");
        }
    }
}

/// A function at `at` that one context rewrites, with the architected sequence, while five call it.
fn rewrite(make: Make, at: u32, turns: u32) -> Vec<PpcContext> {
    let writer = [
        // r11: li r3,0; r12: li r4,0; r10: announced and told; r13: the function; ctr: turns
        d(Op::addi, 6, 6, 1),
        d(Op::stw, 6, 10, 4), // announced
        x(Op::sync, 1, 0, 0, 0),
        x(Op::addx, 7, 11, 6, 0),
        x(Op::addx, 8, 12, 6, 0),
        d(Op::stw, 7, 13, 0),
        d(Op::stw, 8, 13, 4),
        x(Op::dcbst, 0, 0, 13, 0),
        x(Op::sync, 0, 0, 0, 0),
        x(Op::icbi, 0, 0, 13, 0),
        x(Op::isync, 0, 0, 0, 0),
        x(Op::sync, 0, 0, 0, 0),
        d(Op::stw, 6, 10, 0), // told
        d(Op::bcx, 16, 0, -52),
        SC,
    ];
    // Three calls, of which each must see what was told before and nothing that had not been announced after.
    let caller_at = CODE + 0x100;
    let call = caller_at + 16;
    let caller = [
        d(Op::lwz, 5, 10, 0), // told
        x(Op::cmp, 0, 5, 5, 0),
        d(Op::bcx, 4, 2, 4), // bne: to the next
        x(Op::isync, 0, 0, 0, 0),
        b(call, at, true),
        x(Op::sync, 1, 0, 0, 0),
        d(Op::lwz, 8, 10, 4),    // announced
        x(Op::cmpl, 0, 3, 5, 0), // r3 < told: bad
        d(Op::bcx, 12, 0, 44),   // blt
        x(Op::cmpl, 0, 3, 8, 0), // r3 > announced: bad
        d(Op::bcx, 12, 1, 36),   // bgt
        x(Op::cmpl, 0, 4, 5, 0),
        d(Op::bcx, 12, 0, 28),
        x(Op::cmpl, 0, 4, 8, 0),
        d(Op::bcx, 12, 1, 20),
        d(Op::addi, 6, 6, 1),
        x(Op::cmpl, 0, 5, 9, 0),
        d(Op::bcx, 4, 2, -68), // bne: until the last is told
        SC,
        0x4400_0002, // bad: sc 0
    ];
    let memory = memory();
    put(&memory, &writer);
    let write = |at: u32, words: &[u32]| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        memory.write_bytes(GuestAddr(at), &bytes).unwrap();
    };
    write(caller_at, &caller);
    let function = [d(Op::addi, 3, 0, 0), d(Op::addi, 4, 0, 0), BLR];
    write(at, &function);
    six(make(&memory, EngineConfig::default()), 1009, |hw_id| {
        let mut ctx = PpcContext { ctr: turns.into(), pc: caller_at, ..PpcContext::default() };
        if hw_id == 0 {
            ctx.pc = CODE;
        }
        ctx.gpr[9..14].copy_from_slice(&[turns, DATA, function[0], function[1], at].map(u64::from));
        ctx
    })
}

#[test]
fn rewritten_code_is_seen_whole_and_once_told_of_seen_anew() {
    const TURNS: u32 = 150;
    for (name, make) in ENGINES {
        // On a page of its own, beside those who call it, and on the next page.
        for at in [CODE + 0x3000, CODE + 0x200, CODE + 0xFFC] {
            let contexts = rewrite(make, at, TURNS);
            assert_eq!(contexts[0].gpr[6], u64::from(TURNS), "{name}, {at:#x}");
            for ctx in &contexts[1..] {
                assert_eq!(
                    (ctx.gpr[3], ctx.gpr[4]),
                    (TURNS.into(), TURNS.into()),
                    "{name}, {at:#x}: the last that was told"
                );
            }
        }
    }
}
