//! Self-modifying code without `icbi` or `isync`: the next instruction is the current content of
//! memory.
//!
//! The oracle is the interpreter, run for one instruction at a time, so that it caches no code.
//! docs/src/internals/determinism.md.

use crate::common::*;
use xenia_cpu::{EngineConfig, Exit, Interpreter, ReservationMode};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::{Granularity, JitConfig, JitTesting, Tiers};
use xenia_memory::{DeviceQueue, Watch};

/// `xori` of a register with itself as target.
fn flip(register: u32, immediate: i32) -> u32 {
    d(Op::xori, register, register, immediate)
}

/// A program: r5 is the word that is stored at r4, and the changed code counts in r3.
struct Program {
    name: &'static str,
    words: Vec<u32>,
    /// Index of the word that is changed.
    patched: u32,
}

/// The address of the program's word `word`.
fn address_of(word: u32) -> u32 {
    CODE + 4 * word
}

/// A loop that changes its next word by `store`.
fn next_word(name: &'static str, store: &[u32]) -> Program {
    let count = store.len() as u32;
    let mut words = vec![flip(5, 3), d(Op::addi, 6, 0, 0)];
    words.extend(store);
    let patched = words.len() as u32;
    words.push(d(Op::addi, 3, 3, 1));
    words.push(b(address_of(patched + 1), CODE, false));
    assert!(patched == 2 + count);
    Program { name, words, patched }
}

fn programs() -> Vec<Program> {
    let low = |op, register| d(op, register, 4, 0);
    let mut programs = vec![
        next_word("stw", &[low(Op::stw, 5)]),
        next_word("stwx", &[x(Op::stwx, 5, 6, 4, 0)]),
        next_word("stwu", &[d(Op::addi, 7, 4, -4), d(Op::stwu, 5, 7, 4)]),
        next_word("sth", &[d(Op::sth, 5, 4, 2)]),
        next_word("stb", &[d(Op::stb, 5, 4, 3)]),
        next_word("stwbrx", &[x(Op::stwbrx, 8, 6, 4, 0), low(Op::stw, 5)]),
        next_word("stmw", &[d(Op::addi, 31, 5, 0), low(Op::stmw, 31)]),
        next_word("stswi", &[x(Op::stswi, 5, 4, 4, 0)]),
        next_word("stwcx.", &[x(Op::lwarx, 9, 6, 4, 0), x(Op::stwcx, 5, 6, 4, 0)]),
        next_word("stwcx. without", &[x(Op::stwcx, 5, 6, 4, 0)]),
        next_word(
            "stfiwx",
            &[low(Op::lfs, 1), d(Op::stw, 5, 1, 0), d(Op::lfd, 1, 1, -4), x(Op::stfiwx, 1, 6, 4, 0)],
        ),
    ];
    // An innermost loop that changes itself in every eighth iteration.
    programs.push(Program {
        name: "in a loop",
        words: vec![
            d(Op::addi, 11, 0, 60),
            x(Op::mtspr, 11, 9, 0, 0), // mtctr r11
            d(Op::addi, 31, 31, 1),
            d(Op::andi_rc, 31, 10, 7),
            d(Op::bcx, 4, 2, 12),
            flip(5, 3),
            low(Op::stw, 5),
            d(Op::addi, 3, 3, 1),
            d(Op::addi, 8, 8, 1),
            d(Op::bcx, 16, 0, -28),
            b(address_of(10), CODE, false),
        ],
        patched: 7,
    });
    // A function on the same page, whose caller has a frame on the host's stack.
    programs.push(Program {
        name: "in a callee",
        words: vec![
            b(address_of(0), address_of(6), true),
            d(Op::addi, 8, 8, 1),
            flip(5, 3),
            b(address_of(3), address_of(6), true),
            d(Op::addi, 8, 8, 1),
            b(address_of(5), CODE, false),
            low(Op::stw, 5),
            d(Op::addi, 3, 3, 1),
            d(Op::addi, 8, 8, 3),
            BLR,
        ],
        patched: 7,
    });
    // The callee is on another page, and changes the code to which it returns.
    let mut words =
        vec![b(address_of(0), address_of(1100), true), d(Op::addi, 3, 3, 1), b(address_of(2), CODE, false)];
    words.resize(1100, 0);
    words.extend([flip(5, 3), low(Op::stw, 5), d(Op::addi, 8, 8, 3), BLR]);
    programs.push(Program { name: "in the caller", words, patched: 1 });
    programs
}

fn prepare(machine: &mut JitHarness, program: &Program) {
    machine.put(CODE, &program.words);
    machine.ctx.pc = CODE;
    machine.ctx.gpr[1] = u64::from(DATA + 0x100);
    machine.ctx.gpr[4] = u64::from(address_of(program.patched));
    machine.ctx.gpr[5] = u64::from(program.words[program.patched as usize]);
    machine.ctx.gpr[8] = 0x0100_6338;
}

/// The state after `count` instructions, run one at a time.
fn oracle(program: &Program, count: u32) -> JitHarness {
    let mut machine = JitHarness::interpreter();
    prepare(&mut machine, program);
    let mut interpreter = Interpreter::new(machine.memory.clone(), EngineConfig::default());
    machine.ctx.begin_visit(i64::from(count), 0, u32::MAX);
    for _ in 0..count {
        assert_eq!(interpreter.step(&mut machine.ctx, &mut DeviceQueue::new()), None);
    }
    machine
}

/// Number of changes, enough for every program to exceed the limit beyond which a page is no longer
/// compiled, unless the configuration lifts the limit.
const COUNT: u32 = 250;

/// Runs a program, compares its end with the expected one, and returns the number of interpreted
/// instructions.
fn check(engine: &str, program: &Program, expected: &JitHarness, mut machine: JitHarness, visit: u32) -> u64 {
    prepare(&mut machine, program);
    let mut left = COUNT;
    while left > 0 {
        let budget = visit.min(left);
        assert_eq!(machine.run(i64::from(budget)), Exit::Budget, "{engine}: {}", program.name);
        left -= budget;
    }
    let what = format!("{engine}, visits of {visit}: {}", program.name);
    assert_eq!(machine.ctx.first_difference(&expected.ctx), None, "{what}");
    assert_eq!(
        machine.memory.read::<u32>(GuestAddr(address_of(program.patched))),
        expected.memory.read::<u32>(GuestAddr(address_of(program.patched))),
        "{what}"
    );
    machine.engine.counters().interpreted_instructions
}

#[test]
fn the_next_instruction_is_what_memory_holds() {
    for program in programs() {
        let expected = oracle(&program, COUNT);
        assert_ne!(expected.ctx.gpr[3], 0, "{}", program.name);
        for visit in [COUNT, 47] {
            check("interpreter", &program, &expected, JitHarness::interpreter(), visit);
            let table = EngineConfig { reservations: ReservationMode::Table };
            check("with the table", &program, &expected, JitHarness::interpreter_with(table), visit);
            let strict = EngineConfig { reservations: ReservationMode::Strict };
            check("strict", &program, &expected, JitHarness::interpreter_with(strict), visit);
            // Pages that change often would be interpreted otherwise.
            let testing = JitTesting { compile_volatile: true, ..JitTesting::default() };
            let usual = JitConfig { testing, ..JitConfig::default() };
            let baseline = JitConfig { tiers: Tiers::Baseline, ..usual };
            let compiling = [
                ("compiled at once", JitConfig { warm_up: 1, ..usual }),
                ("everything compiled", JitConfig::compile_everything()),
                ("blocks", JitConfig { granularity: Granularity::Block, ..JitConfig::compile_everything() }),
                ("compiled, table", JitConfig { warm_up: 1, engine: table, ..usual }),
                ("compiled, strict", JitConfig { warm_up: 1, engine: strict, ..usual }),
                ("baseline", baseline),
                ("baseline, strict", JitConfig { engine: strict, ..baseline }),
                ("both tiers", JitConfig { tiers: Tiers::Both, hot_after: 1, ..usual }),
            ];
            for (name, config) in compiling {
                let interpreted = check(name, &program, &expected, JitHarness::jit_with(config), visit);
                // Stores that change code are left to the interpreter, with what follows them.
                let what = format!("{name}, visits of {visit}: {}", program.name);
                println!("{what}: {interpreted} instructions interpreted");
                assert!(interpreted < u64::from(COUNT) * 2 / 3, "{what}: {interpreted}");
            }
            let testing = JitTesting { compile_delays: Some(7), ..testing };
            let beside = JitConfig { warm_up: 2, testing, ..JitConfig::in_background() };
            let mixed = [
                ("compiled soon", JitConfig { warm_up: 8, ..usual }),
                ("beside", beside),
                // Restless pages are interpreted after a while.
                ("interpreted at last", JitConfig { warm_up: 1, ..JitConfig::default() }),
                (
                    "interpreted at last, baseline",
                    JitConfig { tiers: Tiers::Baseline, ..JitConfig::default() },
                ),
            ];
            for (name, config) in mixed {
                check(name, &program, &expected, JitHarness::jit_with(config), visit);
            }
        }
    }
}

/// Stores to pages that the GPU's caches watch are frequent.
#[test]
fn a_store_to_a_watched_page_of_data_does_not_leave_code_at_isync_or_icbi() {
    let baseline = JitConfig { tiers: Tiers::Baseline, ..JitConfig::default() };
    for synchronizes in [x(Op::isync, 0, 0, 0, 0), x(Op::icbi, 0, 0, 4, 0)] {
        for config in [baseline, JitConfig::compile_everything()] {
            let mut machine = JitHarness::jit_with(config);
            let memory = machine.memory.clone();
            machine.put(CODE, &[d(Op::stw, 3, 4, 0), synchronizes, d(Op::addi, 3, 3, 1), SC]);
            // Returns the numbers of interpreted instructions and of compiled functions.
            let mut run = || {
                machine.ctx.pc = CODE;
                machine.ctx.gpr[4] = u64::from(DATA);
                let before = machine.engine.counters();
                assert_eq!(machine.run(1_000), Exit::Syscall { lev: 2 });
                let after = machine.engine.counters();
                let interpreted = after.interpreted_instructions - before.interpreted_instructions;
                (interpreted, after.functions - before.functions)
            };
            run();
            let usual = run();
            assert_eq!(memory.watch(GuestAddr(DATA), 4), Ok(Watch::Protected));
            assert_eq!(run(), usual, "{synchronizes:#x}, {:?}", config.tiers);
            assert_ne!(memory.counters().watch_faults, 0);
        }
    }
}

/// An attempt to compile takes time, even if nothing is compiled.
#[test]
fn pages_that_change_often_are_not_attempted_in_the_baseline_tier() {
    let program = next_word("stw", &[d(Op::stw, 5, 4, 0)]);
    let config = JitConfig { tiers: Tiers::Baseline, ..JitConfig::default() };
    let mut machine = JitHarness::jit_with(config);
    prepare(&mut machine, &program);
    machine.run(i64::from(COUNT));
    let before = machine.engine.counters();
    assert_ne!(before.baseline_units, 0);
    for _ in 0..20 {
        machine.run(7);
    }
    let after = machine.engine.counters();
    assert_eq!((after.baseline_units, after.baseline_ns), (before.baseline_units, before.baseline_ns));
}
