//! Several engines of one machine, created by [`Execute::fork`], sequentially and in parallel.

mod rewriting;
mod room;

use crate::common::*;
use std::sync::{Arc, Barrier};
use std::thread;
use xenia_cpu::{EngineConfig, EngineCounters, Execute, Exit, Interpreter, PpcContext, ReservationMode};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::{CheckUnit, CrossCheck, Jit, JitConfig, JitTesting, Tiers};
use xenia_memory::{DeviceQueue, GuestMemory};

/// Runs `engine` from [`CODE`]; returns r3.
fn run(engine: &mut dyn Execute) -> u64 {
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    ctx.begin_visit(1000, 0, u32::MAX);
    assert_eq!(engine.run(&mut ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 2 });
    ctx.gpr[3]
}

fn put(memory: &GuestMemory, words: &[u32]) {
    put_at(memory, CODE, words);
}

fn put_at(memory: &GuestMemory, at: u32, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    memory.write_bytes(GuestAddr(at), &bytes).unwrap();
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
    assert_eq!(both.recompiled_guest_instructions, 0);
    put(&memory, &[d(Op::addi, 3, 0, 6), SC, BLR]);
    assert_eq!((run(&mut *second), run(&mut *first)), (6, 6));
    let both = sum([&*first, &*second]);
    assert_eq!((both.functions, both.compiled_guest_instructions, both.invalidations), (2, 6, 1));
    assert_eq!(both.recompiled_guest_instructions, 3, "the code has changed");
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
    let checked = CrossCheck::new(fresh, JitConfig::default(), CheckUnit::Quantum).unwrap();
    assert!(checked.fork().is_none(), "its two memories have to move in step");
}

/// Creates an engine whose forks share its memory.
type Make = fn(&Arc<GuestMemory>, EngineConfig) -> Box<dyn Execute>;

const ENGINES: [(&str, Make); 7] = [
    ("interpreter", |memory, config| Box::new(Interpreter::new(Arc::clone(memory), config))),
    ("jit, all compiled", |memory, engine| {
        let config = JitConfig { engine, ..JitConfig::compile_everything() };
        Box::new(Jit::new(Arc::clone(memory), config).unwrap())
    }),
    ("jit, warming up", |memory, engine| {
        let config = JitConfig { engine, warm_up: 4, ..JitConfig::default() };
        Box::new(Jit::new(Arc::clone(memory), config).unwrap())
    }),
    ("jit, compiling in the background", |memory, engine| {
        let config = JitConfig { engine, warm_up: 4, ..JitConfig::in_background() };
        Box::new(Jit::new(Arc::clone(memory), config).unwrap())
    }),
    ("baseline", |memory, engine| {
        let testing = JitTesting { compile_volatile: true, ..JitTesting::default() };
        let config = JitConfig { engine, tiers: Tiers::Baseline, testing, ..JitConfig::default() };
        Box::new(Jit::new(Arc::clone(memory), config).unwrap())
    }),
    ("both tiers", |memory, engine| {
        let config =
            JitConfig { engine, tiers: Tiers::Both, hot_after: 1, ..JitConfig::compile_everything() };
        Box::new(Jit::new(Arc::clone(memory), config).unwrap())
    }),
    ("both tiers, compiling in the background", |memory, engine| {
        let config = JitConfig { engine, tiers: Tiers::Both, hot_after: 1, ..JitConfig::in_background() };
        Box::new(Jit::new(Arc::clone(memory), config).unwrap())
    }),
];

const MODES: [ReservationMode; 3] =
    [ReservationMode::Context, ReservationMode::Table, ReservationMode::Strict];

/// Runs `begin(hw_id)` on `count` host threads, each with a fork of `engine`, up to `sc 2`; returns
/// the contexts. Visits are short and of odd length, so that they end at arbitrary instructions.
fn run_together(
    count: u8,
    engine: Box<dyn Execute>,
    budget: i64,
    begin: impl Fn(u8) -> PpcContext + Sync,
) -> Vec<PpcContext> {
    let mut engines: Vec<Box<dyn Execute>> = (1..count).map(|_| engine.fork().unwrap()).collect();
    engines.push(engine);
    let together = Barrier::new(engines.len());
    thread::scope(|scope| {
        let run = |(hw_id, mut engine): (u8, Box<dyn Execute>)| {
            let begin = &begin;
            let together = &together;
            scope.spawn(move || {
                let mut ctx = PpcContext { hw_id, ..begin(hw_id) };
                let mut devices = DeviceQueue::new();
                together.wait();
                loop {
                    ctx.begin_visit(budget, 0, u32::MAX);
                    match engine.run(&mut ctx, &mut devices) {
                        Exit::Budget => thread::yield_now(),
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
    // Even threads increment the words of a doubleword, odd ones all of it: r3 += r5 by `load` and
    // `store`.
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
            run_together(6, make(&memory, EngineConfig { reservations }), 997, |hw_id| {
                let mut ctx = PpcContext { ctr: TURNS, ..PpcContext::default() };
                // Threads 0 and 2 use the low word, 4 the high one; the increment of a doubleword
                // adds to both.
                let (pc, at, step) = match hw_id {
                    0 | 2 => (CODE, DATA + 4, 1),
                    4 => (CODE, DATA, 1),
                    _ => (CODE + 24, DATA, 1 << 32 | 1),
                };
                ctx.pc = pc;
                ctx.gpr[4] = u64::from(at);
                ctx.gpr[5] = step;
                ctx
            });
            let [high, low] = [0, 4].map(|at| memory.read::<u32>(GuestAddr(DATA + at)).unwrap());
            let turns = TURNS as u32;
            assert_eq!((high, low), (4 * turns, 5 * turns), "{name}, {reservations:?}");
            assert!(!memory.reservations().has_active_reservers(), "{name}, {reservations:?}");
        }
    }
}

/// A lock-free stack of few nodes, like the machine's own lists: the thread that pops a node owns
/// it until it pushes it again. Comparing values alone would break it (the ABA problem): a node
/// that was popped and pushed again meanwhile looks unchanged.
#[test]
fn a_list_without_locks_hands_each_node_to_one_at_a_time() {
    const NODES: u32 = 3;
    const TURNS: u64 = 20_000;
    let words = [
        x(Op::lwarx, 3, 0, 4, 0),
        d(Op::cmpi, 0, 3, 0),
        d(Op::bcx, 12, 2, -8), // beq: empty
        d(Op::lwz, 5, 3, 0),
        x(Op::stwcx, 5, 0, 4, 0),
        d(Op::bcx, 4, 2, -20), // bne
        x(Op::isync, 0, 0, 0, 0),
        d(Op::lwz, 6, 3, 4),
        d(Op::addi, 6, 6, 1),
        d(Op::stw, 6, 3, 4),
        x(Op::lwarx, 5, 0, 4, 0),
        d(Op::stw, 5, 3, 0),
        x(Op::sync, 1, 0, 0, 0),
        x(Op::stwcx, 3, 0, 4, 0),
        d(Op::bcx, 4, 2, -16),  // bne
        d(Op::bcx, 16, 0, -60), // bdnz
        SC,
    ];
    for (name, make) in ENGINES {
        for reservations in [ReservationMode::Table, ReservationMode::Strict] {
            let memory = memory();
            put(&memory, &words);
            let node = |number: u32| DATA + 0x100 * number;
            for number in 1..=NODES {
                let next = if number == NODES { 0 } else { node(number + 1) };
                memory.write(GuestAddr(node(number)), next).unwrap();
            }
            memory.write(GuestAddr(DATA), node(1)).unwrap();
            run_together(6, make(&memory, EngineConfig { reservations }), 1013, |_| {
                let mut ctx = PpcContext { pc: CODE, ctr: TURNS, ..PpcContext::default() };
                ctx.gpr[4] = DATA.into();
                ctx
            });
            let read = |addr: u32| memory.read::<u32>(GuestAddr(addr)).unwrap();
            let counted: u64 = (1..=NODES).map(|number| u64::from(read(node(number) + 4))).sum();
            assert_eq!(counted, 6 * TURNS, "{name}, {reservations:?}");
            let mut listed = vec![read(DATA)];
            while *listed.last().unwrap() != 0 && listed.len() <= NODES as usize {
                listed.push(read(*listed.last().unwrap()));
            }
            listed.sort_unstable();
            assert_eq!(listed, [0, node(1), node(2), node(3)], "{name}, {reservations:?}");
        }
    }
}

/// One context repeatedly stores the value that the memory already has, and announces each store
/// before and after it. The other makes reservations and waits until a store has begun and ended
/// since. Returns how often that happened, and how often the conditional store then succeeded.
fn stores_of_the_same_value(make: Make, reservations: ReservationMode) -> (u64, u64) {
    // r4: the word; r10: begun, done, stop, on another line
    let writer = [
        d(Op::addi, 6, 6, 1),
        d(Op::stw, 6, 10, 0), // begun
        x(Op::sync, 0, 0, 0, 0),
        d(Op::stw, 7, 4, 0),
        x(Op::sync, 0, 0, 0, 0),
        d(Op::stw, 6, 10, 4), // done
        d(Op::lwz, 8, 10, 8),
        d(Op::cmpi, 0, 8, 0),
        d(Op::bcx, 12, 2, -32), // beq: until it has to stop
        SC,
    ];
    let reader_at = CODE + 0x100;
    let reader = [
        x(Op::lwarx, 3, 0, 4, 0),
        x(Op::sync, 0, 0, 0, 0),
        d(Op::lwz, 5, 10, 0), // begun
        d(Op::addi, 9, 0, 500),
        d(Op::lwz, 6, 10, 4), // done
        x(Op::cmpl, 0, 6, 5, 0),
        d(Op::bcx, 12, 1, 16), // bgt: one has begun and ended since
        d(Op::addi, 9, 9, -1),
        d(Op::cmpi, 0, 9, 0),
        d(Op::bcx, 4, 2, -20), // bne: look again
        x(Op::sync, 0, 0, 0, 0),
        x(Op::stwcx, 3, 0, 4, 0),
        d(Op::bcx, 4, 2, 16), // bne: it failed
        x(Op::cmpl, 0, 6, 5, 0),
        d(Op::bcx, 4, 1, 8), // ble
        d(Op::addi, 7, 7, 1),
        x(Op::cmpl, 0, 6, 5, 0),
        d(Op::bcx, 4, 1, 8), // ble
        d(Op::addi, 8, 8, 1),
        d(Op::bcx, 16, 0, -76), // bdnz
        d(Op::addi, 3, 0, 1),
        d(Op::stw, 3, 10, 8),
        SC,
    ];
    let memory = memory();
    put(&memory, &writer);
    put_at(&memory, reader_at, &reader);
    let engine = make(&memory, EngineConfig { reservations });
    let contexts = run_together(2, engine, 1009, |hw_id| {
        let pc = if hw_id == 0 { CODE } else { reader_at };
        let mut ctx = PpcContext { pc, ctr: 3000, ..PpcContext::default() };
        ctx.gpr[4] = DATA.into();
        ctx.gpr[10] = u64::from(DATA + 0x100);
        ctx
    });
    (contexts[1].gpr[8], contexts[1].gpr[7])
}

#[test]
fn a_store_of_the_same_value_ends_only_strict_reservations() {
    // On a busy host the contexts may run one after the other.
    const MAX_ROUNDS: u32 = 200;
    let until = |make, reservations, is_enough: fn((u64, u64)) -> bool| {
        let mut seen = (0, 0);
        for _ in 0..MAX_ROUNDS {
            let (between, wrong) = stores_of_the_same_value(make, reservations);
            seen = (seen.0 + between, seen.1 + wrong);
            if is_enough(seen) {
                break;
            }
        }
        seen
    };
    for (name, make) in ENGINES {
        let (between, wrong) = until(make, ReservationMode::Strict, |(between, _)| between > 0);
        assert!(between > 0 && wrong == 0, "{name}: {wrong} of {between}");
        // The other modes guarantee less; this also shows that the test can detect the difference.
        for reservations in [ReservationMode::Context, ReservationMode::Table] {
            let (between, unseen) = until(make, reservations, |(_, unseen)| unseen > 0);
            assert!(unseen > 0, "{name}, {reservations:?}: {unseen} of {between}");
        }
    }
}

/// Two contexts in lockstep: each stores 1 to its word of the iteration, executes `fence`, and
/// loads the other's. Returns how often both loaded 0.
fn both_loads_before_both_stores(make: Make, fence: u32) -> u32 {
    const TURNS: u32 = 2000;
    let [mine, seen, steps] = [0, 0x6000, 0xC000];
    let words = [
        // r4, r5: own and other's word; r6: the result; r7, r8: own and other's step; r9: the
        // iteration
        d(Op::addi, 9, 9, 1),
        d(Op::stw, 9, 7, 0),
        d(Op::lwz, 3, 8, 0),
        x(Op::cmpl, 0, 3, 9, 0),
        d(Op::bcx, 12, 0, -8), // blt: until the other has come as far
        d(Op::stw, 11, 4, 0),
        fence,
        d(Op::lwz, 3, 5, 0),
        d(Op::stw, 3, 6, 0),
        d(Op::addi, 4, 4, 4),
        d(Op::addi, 5, 5, 4),
        d(Op::addi, 6, 6, 4),
        d(Op::bcx, 16, 0, -48), // bdnz
        SC,
    ];
    let memory = memory();
    put(&memory, &words);
    let at = |part: u32, number: u8| u64::from(DATA + part + u32::from(number) * 0x3000);
    run_together(2, make(&memory, EngineConfig::default()), 5003, |own| {
        let mut ctx = PpcContext { pc: CODE, ctr: TURNS.into(), ..PpcContext::default() };
        let other = 1 - own;
        ctx.gpr[4..9].copy_from_slice(&[
            at(mine, own),
            at(mine, other),
            at(seen, own),
            at(steps, 0) + 0x200 * u64::from(own),
            at(steps, 0) + 0x200 * u64::from(other),
        ]);
        ctx.gpr[11] = 1;
        ctx
    });
    let loaded =
        |number: u8, turn: u32| memory.read::<u32>(GuestAddr(at(seen, number) as u32 + 4 * turn)).unwrap();
    (0..TURNS).filter(|&turn| loaded(0, turn) + loaded(1, turn) == 0).count() as u32
}

#[test]
fn sync_orders_a_store_before_a_load_and_lwsync_does_not() {
    let (sync, lwsync) = (x(Op::sync, 0, 0, 0, 0), x(Op::sync, 1, 0, 0, 0));
    for (name, make) in ENGINES {
        assert_eq!(both_loads_before_both_stores(make, sync), 0, "{name}");
    }
    // If reordering were never seen, the assertions below would prove nothing. It requires two
    // processors at the same time, which takes a while on a busy host.
    let (_, compiled) = ENGINES[1];
    let seen = (0..2_000).any(|_| both_loads_before_both_stores(compiled, lwsync) > 0);
    assert!(seen || thread::available_parallelism().is_ok_and(|count| count.get() < 2));
}
