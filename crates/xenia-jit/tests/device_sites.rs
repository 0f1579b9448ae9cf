//! Loops that access device registers: compiled code makes few of the accesses by host faults, and
//! agrees with the interpreter.

use crate::common::pair::{eager_config, machines};
use crate::common::*;
use std::sync::Arc;
use std::thread;
use xenia_cpu::{Execute, Exit, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::{Jit, JitConfig, Keeper, StoreOptions, Tiers};
use xenia_memory::{DeviceQueue, MmioDevice};

/// Registers of the graphics chip, from number 0x400 on.
const REGISTERS: u32 = 0x7FC8_1000;
/// Rounds of a loop: their instructions fill more than a slice of the baseline tier.
const ROUNDS: u64 = 30_000;
/// Faults of an instruction until it is a device site: 16 emulated accesses and a refused one.
const FAULTS: u64 = 17;
const BUDGET: i64 = 1 << 20;

fn config(tiers: Tiers) -> JitConfig {
    JitConfig { tiers, hot_after: 0, ..eager_config() }
}

/// Appends a branch back to the first word, which counts CTR down, and `sc`.
fn as_loop(words: &[u32]) -> Vec<u32> {
    let back = d(Op::bcx, 16, 0, -4 * words.len() as i32);
    [words, &[back, SC]].concat()
}

/// A JIT and an interpreter with a loop of `words`, and values in the registers and at [`DATA`].
fn pair(tiers: Tiers, words: &[u32], set: &dyn Fn(&mut PpcContext)) -> (JitHarness, JitHarness) {
    let code = as_loop(words);
    let (jit, interpreter) = machines(config(tiers), &[(CODE, code.as_slice())], |ctx| {
        ctx.ctr = ROUNDS;
        set(ctx);
    });
    for machine in [&jit, &interpreter] {
        let registers = machine.memory.device_registers(MmioDevice::Gpu);
        registers.store(0x400, 0x3F80_0001);
        registers.store(0x401, 0x4000_0003);
        machine.memory.write(GuestAddr(DATA), 5_u32).unwrap();
    }
    (jit, interpreter)
}

fn run(jit: &mut JitHarness, interpreter: &mut JitHarness, words: &[u32]) {
    compare(jit, interpreter, BUDGET, &|| listing(&as_loop(words)));
    assert!(jit.devices.stores() == interpreter.devices.stores(), "{}", listing(&as_loop(words)));
    assert_eq!(interpreter.memory.counters().device_faults, 0);
}

/// Device faults of a loop of `words` in the baseline tier, in both tiers, and in the optimizing
/// one, which makes all accesses so.
fn faults(words: &[u32], set: &dyn Fn(&mut PpcContext)) -> [u64; 3] {
    [Tiers::Baseline, Tiers::Both, Tiers::Optimizing].map(|tiers| {
        let (mut jit, mut interpreter) = pair(tiers, words, set);
        run(&mut jit, &mut interpreter, words);
        jit.memory.counters().device_faults
    })
}

/// Checks the faults of a loop of `words` with `sites` instructions that access registers.
fn check(words: &[u32], sites: u64, set: &dyn Fn(&mut PpcContext)) {
    let [baseline, both, optimizing] = faults(words, set);
    assert!((1..=FAULTS * sites).contains(&baseline), "{baseline}\n{}", listing(words));
    assert!((1..=FAULTS * sites).contains(&both), "{both}\n{}", listing(words));
    assert!(optimizing > ROUNDS / 4, "{optimizing}: the faults are not counted");
}

#[test]
fn a_polled_register_costs_few_faults() {
    let words = [d(Op::lwz, 3, 4, 0), x(Op::addx, 5, 5, 3, 0)];
    check(&words, 1, &|ctx| ctx.gpr[4] = REGISTERS.into());
    let words = [d(Op::addi, 6, 6, 1), d(Op::lhz, 3, 4, 2), x(Op::addx, 5, 5, 3, 0), d(Op::lbz, 7, 4, 5)];
    // The second site is counted anew where its unit is compiled without the first one.
    check(&words, 3, &|ctx| ctx.gpr[4] = REGISTERS.into());
}

#[test]
fn a_register_stored_to_often_costs_few_faults() {
    let words = [d(Op::addi, 5, 5, 1), d(Op::stw, 5, 4, 4)];
    check(&words, 1, &|ctx| ctx.gpr[4] = REGISTERS.into());
}

#[test]
fn an_instruction_that_alternates_between_memory_and_a_device_costs_few_faults() {
    let words = [d(Op::lwz, 3, 4, 0), x(Op::addx, 5, 5, 3, 0), x(Op::xorx, 4, 4, 6, 0)];
    check(&words, 1, &|ctx| {
        ctx.gpr[4] = REGISTERS.into();
        ctx.gpr[6] = (REGISTERS ^ DATA).into();
    });
}

/// The baseline tier loads two singles at once, and attributes both accesses to the first one.
#[test]
fn groups_of_instructions_with_a_device_site_are_split() {
    let words = [d(Op::lfs, 1, 4, 0), d(Op::lfs, 2, 4, 4), float(Op::faddsx, [3, 1, 2, 0])];
    check(&words, 3, &|ctx| ctx.gpr[4] = REGISTERS.into());
}

/// A vector is stored by two host accesses, so the second is not refused after the first.
#[test]
fn vectors_reach_a_device_once() {
    let words = [x(Op::stvx, 3, 0, 4, 0), d(Op::addi, 5, 5, 1)];
    check(&words, 2, &|ctx| {
        ctx.gpr[4] = REGISTERS.into();
        ctx.vr[3] = 0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10;
    });
}

#[test]
fn a_region_that_accesses_a_device_is_withdrawn() {
    let words = [d(Op::addi, 6, 6, 1), d(Op::lwz, 3, 4, 0), x(Op::addx, 5, 5, 3, 0)];
    let (mut jit, mut interpreter) = pair(Tiers::Both, &words, &|ctx| ctx.gpr[4] = DATA.into());
    run(&mut jit, &mut interpreter, &words);
    assert!(jit.engine.counters().functions > 0, "not hot: {:?}", jit.engine.counters());
    for _ in 0..2 {
        for machine in [&mut jit, &mut interpreter] {
            machine.ctx.pc = CODE;
            machine.ctx.ctr = ROUNDS;
            machine.ctx.gpr[4] = REGISTERS.into();
        }
        run(&mut jit, &mut interpreter, &words);
    }
    let faults = jit.memory.counters().device_faults;
    assert!((1..=2 * FAULTS).contains(&faults), "{faults}");
}

/// The second engine to find the site does so in code that the first one has withdrawn.
#[test]
fn two_engines_at_one_site_agree() {
    let words = [d(Op::lwz, 3, 4, 0), x(Op::addx, 5, 5, 3, 0)];
    let set = |ctx: &mut PpcContext| ctx.gpr[4] = REGISTERS.into();
    let (jit, mut interpreter) = pair(Tiers::Both, &words, &set);
    let expected = interpreter.run(BUDGET);
    let engines = [jit.engine.fork().unwrap(), jit.engine.fork().unwrap()];
    thread::scope(|scope| {
        let runs = engines.map(|mut engine| {
            let mut ctx = jit.ctx.clone();
            scope.spawn(move || {
                let mut devices = DeviceQueue::new();
                ctx.begin_visit(BUDGET, 0, u32::MAX);
                (engine.run(&mut ctx, &mut devices), ctx)
            })
        });
        for run in runs {
            let (exit, ctx) = run.join().unwrap();
            assert_eq!(exit, expected);
            assert_eq!(ctx.first_difference(&interpreter.ctx), None);
        }
    });
    let faults = jit.memory.counters().device_faults;
    assert!((1..=2 * FAULTS).contains(&faults), "{faults}");
}

/// A store that keeps nothing.
struct NoFile;

impl Keeper for NoFile {
    fn read(&self) -> std::io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn write(&self, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }

    fn name(&self) -> String {
        "no file".to_owned()
    }
}

#[test]
fn a_region_compiled_ahead_is_compiled_again_without_its_device_site() {
    let words = as_loop(&[d(Op::addi, 6, 6, 1), d(Op::lwz, 3, 4, 0)]);
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let memory = memory();
    memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
    let store = StoreOptions { build: "b".to_owned(), title: "t".to_owned(), keeper: Box::new(NoFile) };
    let config = JitConfig { tiers: Tiers::Both, ..eager_config() };
    let mut jit = Jit::with_store(Arc::clone(&memory), config, Some(store)).unwrap();
    let compile_ahead = |jit: &Jit| jit.precompile(&[GuestAddr(CODE)], 1, &|_| true);
    assert!(compile_ahead(&jit).regions > 0);
    assert!(compile_ahead(&jit).known > 0);
    // Too few rounds for a sample, so the run itself compiles no region.
    let mut ctx = PpcContext { pc: CODE, ctr: 1000, ..PpcContext::default() };
    ctx.gpr[4] = REGISTERS.into();
    ctx.begin_visit(BUDGET, 0, u32::MAX);
    assert_eq!(jit.run(&mut ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 2 });
    let done = compile_ahead(&jit);
    assert!(done.regions > 0 && done.known == 0, "{done:?}");
}
