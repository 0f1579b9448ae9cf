//! The cpu-suite title as a plain ELF on both engines: same text, same state; and their speed.

use crate::common::*;
use std::time::Instant;
use xenia_cpu::{Exit, PpcContext, RegisterDifference};
use xenia_guest::GuestAddr;
use xenia_jit::{Effort, JitConfig};
use xenia_memory::{AllocKind, Protect};

const STACK: u32 = 0x7000_0000;
const STACK_SIZE: u32 = 0x10_0000;

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Loads the segments and prepares the context like the command line does for a plain ELF.
fn load(machine: &mut JitHarness, elf: &[u8]) {
    let headers = word(elf, 28) as usize;
    let count = u16::from_be_bytes([elf[44], elf[45]]) as usize;
    for n in 0..count {
        let at = headers + 32 * n;
        if word(elf, at) != 1 {
            continue;
        }
        let offset = word(elf, at + 4) as usize;
        let address = word(elf, at + 8);
        let in_file = word(elf, at + 16) as usize;
        let in_memory = word(elf, at + 20);
        // By granules: segments may share one, and the first already exists.
        for start in (address & !0xFFFF..address + in_memory).step_by(0x1_0000) {
            if !machine.memory.is_committed(GuestAddr(start)) {
                let at = GuestAddr(start);
                machine
                    .memory
                    .alloc_fixed(at, 0x1_0000, AllocKind::ReserveCommit, Protect::READ_WRITE)
                    .unwrap();
            }
        }
        machine.memory.write_bytes(GuestAddr(address), &elf[offset..offset + in_file]).unwrap();
    }
    machine
        .memory
        .alloc_fixed(GuestAddr(STACK), STACK_SIZE, AllocKind::ReserveCommit, Protect::READ_WRITE)
        .unwrap();
    machine.put(DATA, &[SC, BLR]);
    machine.ctx = PpcContext { pc: word(elf, 24), lr: u64::from(DATA), ..PpcContext::default() };
    machine.ctx.gpr[1] = u64::from(STACK + STACK_SIZE - 0x100);
    machine.ctx.gpr[13] = u64::from(DATA + 0x1000);
}

/// Restores data segments and the context to the state after [`load`]; code is not touched.
fn reload(machine: &mut JitHarness, elf: &[u8]) {
    let headers = word(elf, 28) as usize;
    let count = u16::from_be_bytes([elf[44], elf[45]]) as usize;
    for n in 0..count {
        let at = headers + 32 * n;
        let is_code = word(elf, at + 24) & 1 != 0;
        if word(elf, at) == 1 && !is_code {
            let offset = word(elf, at + 4) as usize;
            let address = word(elf, at + 8);
            let in_file = word(elf, at + 16);
            let in_memory = word(elf, at + 20);
            machine.memory.fill(GuestAddr(address), in_memory, 0).unwrap();
            let bytes = &elf[offset..offset + in_file as usize];
            machine.memory.write_bytes(GuestAddr(address), bytes).unwrap();
        }
    }
    machine.ctx = PpcContext { pc: word(elf, 24), lr: u64::from(DATA), ..PpcContext::default() };
    machine.ctx.gpr[1] = u64::from(STACK + STACK_SIZE - 0x100);
    machine.ctx.gpr[13] = u64::from(DATA + 0x1000);
}

/// Runs to the end or for `limit` instructions in visits of `quantum`; returns text, instructions
/// and seconds.
fn run(machine: &mut JitHarness, quantum: i64, limit: u64) -> (String, u64, f64) {
    let mut text = String::new();
    let mut executed = 0;
    let start = Instant::now();
    while executed < limit {
        let exit = machine.run(quantum);
        executed += machine.ctx.executed();
        match exit {
            Exit::Budget | Exit::Yield => {}
            Exit::Syscall { lev: 0 } if machine.ctx.gpr[0] == 0 => {
                let mut bytes = vec![0; machine.ctx.gpr[4] as usize & 0xFFFF];
                machine.memory.read_bytes(GuestAddr(machine.ctx.gpr[3] as u32), &mut bytes).unwrap();
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
            Exit::Syscall { lev: 2 } => break,
            other => panic!("{other:?}"),
        }
    }
    (text, executed, start.elapsed().as_secs_f64())
}

fn suite() -> Option<Vec<u8>> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/cpu-suite.elf")).ok()
}

#[test]
fn the_first_instructions_agree() {
    let elf = suite().expect("guest/bin/cpu-suite.elf");
    let mut jit = JitHarness::jit_with(JitConfig { warm_up: 4, ..JitConfig::default() });
    let mut interpreter = JitHarness::interpreter();
    load(&mut jit, &elf);
    load(&mut interpreter, &elf);
    for visit in 0..200 {
        let quantum = 10_007;
        let exits = (interpreter.run(quantum), jit.run(quantum));
        assert_eq!(exits.0, exits.1, "visit {visit}");
        if let Some(RegisterDifference { name, own, other }) = jit.ctx.first_difference(&interpreter.ctx) {
            panic!("visit {visit}: {name}: jit {own:#x}, interpreter {other:#x}");
        }
        assert_eq!(jit.ctx.budget, interpreter.ctx.budget, "visit {visit}");
        if matches!(exits.0, Exit::Syscall { lev: 2 }) {
            break;
        }
    }
    assert_eq!(jit.memory.compare(&interpreter.memory), None);
}

/// Measures speed:
/// `REPEATS=5 cargo test --release -p xenia-jit --test tests cpu_suite:: -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn speed_of_the_suite_in_each_engine() {
    let elf = suite().expect("guest/bin/cpu-suite.elf");
    let limit = std::env::var("LIMIT").ok().and_then(|v| v.parse().ok()).unwrap_or(u64::MAX);
    let mut results = Vec::new();
    for name in ["interp", "jit", "jit, optimised"] {
        let fast = JitConfig::default();
        let mut machine = match name {
            "interp" => JitHarness::interpreter(),
            "jit" => JitHarness::jit_with(fast),
            _ => JitHarness::jit_with(JitConfig { effort: Effort::Speed, ..fast }),
        };
        load(&mut machine, &elf);
        let (text, executed, mut seconds) = run(&mut machine, 100_000, limit);
        if let Ok(repeats) = std::env::var("REPEATS").unwrap_or_default().parse() {
            // Again from the start, with compiled code: the least of several runs.
            seconds = (0..repeats)
                .map(|_: u32| {
                    reload(&mut machine, &elf);
                    run(&mut machine, 100_000, limit).2
                })
                .fold(f64::INFINITY, f64::min);
        }
        println!(
            "{name}: {executed} instructions in {seconds:.2} s: {:.0} MIPS",
            executed as f64 / seconds / 1e6
        );
        let c = machine.engine.counters();
        if c.functions > 0 {
            println!(
                "{} functions, {} instructions compiled, {:.2} us each; {c:?}",
                c.functions,
                c.compiled_guest_instructions,
                c.compile_ns as f64 / 1e3 / c.compiled_guest_instructions as f64
            );
        }
        results.push((text, executed));
    }
    println!("{}", results[1].0);
    for result in &results[1..] {
        assert!(*result == results[0], "texts or counts differ:\n{}\n{}", results[0].0, result.0);
    }
}
