//! Floating-point exceptions that MSR delivers: code is compiled while FPSCR enables none.

use crate::common::*;
use xenia_cpu::{ExceptionKind, Exit, GuestException, PpcContext, msr_bit};
use xenia_guest::GuestAddr;
use xenia_jit::{JitConfig, Tiers};

/// The optimizing tier, the baseline tier, and both.
fn configs() -> [JitConfig; 3] {
    let optimizing = JitConfig::compile_everything();
    let baseline = JitConfig { tiers: Tiers::Baseline, ..optimizing };
    [optimizing, baseline, JitConfig { tiers: Tiers::Both, hot_after: 0, ..optimizing }]
}

/// A loop of r3 iterations, then `change`, then `sc 2`.
fn program(change: &str) -> Vec<u32> {
    let source =
        format!("mtctr r3\nagain: fadd f3,f3,f1\nfmuls f4,f3,f1\nbdnz again\n{change}\nfadd f6,f3,f1\nsc 2");
    let bytes = xenia_isa::assemble(&source, CODE).unwrap_or_else(|error| panic!("{source}: {error}")).bytes;
    bytes.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
}

/// Begins [`program`] with this number of iterations; MSR has the bits `delivers`.
fn prepare(machine: &mut JitHarness, delivers: u64, iterations: u64) {
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    ctx.msr |= delivers;
    ctx.gpr[3] = iterations;
    ctx.fpr[1] = 1.0_f64.to_bits();
    ctx.fpr[2] = 3.0_f64.to_bits();
    // VE; a NaN, which has no integer; XX and its enable.
    ctx.fpr[7] = 0x80;
    ctx.fpr[8] = f64::NAN.to_bits();
    ctx.fpr[9] = 0x0200_0008;
    machine.ctx = ctx;
}

/// Code for [`program`].
struct FpscrChange {
    code: &'static str,
    /// Number of the word that raises an exception if MSR delivers it, from 1.
    raises: Option<u32>,
}

/// Code whose last word raises an exception.
const fn raising(words: u32, code: &'static str) -> FpscrChange {
    FpscrChange { code, raises: Some(words) }
}

const fn quiet(code: &'static str) -> FpscrChange {
    FpscrChange { code, raises: None }
}

const CHANGES: [FpscrChange; 12] = [
    raising(2, "mtfsb1 24\nfdiv f5,f0,f0"),
    raising(2, "mtfsfi 6,8\nfdiv. f5,f0,f0"),
    raising(2, "mtfsf 2,f7\nfctiwz f5,f8"),
    // The move raises an exception that has occurred before.
    raising(2, "fdiv f5,f0,f0\nmtfsb1 24"),
    raising(2, "fdiv f5,f1,f0\nmtfsfi. 6,1"),
    raising(2, "fdiv f5,f1,f2\nmtfsf. 255,f9"),
    // In another rounding mode.
    raising(4, "mtfsfi 7,1\nfdiv f4,f1,f2\nmtfsb1 27\nfdiv f5,f1,f0"),
    raising(3, "mtfsfi 7,2\nfdiv f5,f1,f2\nmtfsb1 28"),
    quiet("fdiv f5,f0,f0\nmcrfs cr5,1"),
    quiet("mtfsfi 7,1\nfdiv f5,f1,f2\nmtfsfi 7,0"),
    quiet("mtfsb1 24\nmtfsb0 24\nfdiv f5,f0,f0"),
    quiet("fdiv f5,f0,f0\nmtfsfi 0,0\nmtfsfi 1,0\nmtfsfi 2,0\nmtfsb1 24"),
];

/// A JIT and an interpreter, for all programs of a test.
fn engines(config: JitConfig) -> [JitHarness; 2] {
    [JitHarness::jit_with(config), JitHarness::interpreter()]
}

/// Compares the engines on one change, in one visit and in short ones.
fn check(engines: &mut [JitHarness; 2], delivers: u64, change: &FpscrChange) {
    let words = program(change.code);
    let what = || format!("MSR {delivers:x}\n{}", change.code);
    let [jit, interpreter] = engines;
    for machine in [&*jit, &*interpreter] {
        machine.put(CODE, &words);
    }
    prepare(jit, delivers, 4);
    prepare(interpreter, delivers, 4);
    let exit = interpreter.run(1000);
    // Four words precede the change.
    let pc = change.raises.filter(|_| delivers != 0).map(|word| GuestAddr(CODE + 4 * (3 + word)));
    let kind = ExceptionKind::FloatingPoint;
    let expected = pc.map(|pc| Exit::Exception(GuestException { pc, kind }));
    assert_eq!(exit, expected.unwrap_or(Exit::Syscall { lev: 2 }), "{}", what());
    assert_eq!(jit.run(1000), exit, "{}", what());
    assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "{}", what());
    assert_eq!(jit.ctx.budget, interpreter.ctx.budget, "{}", what());
    for budget in 1..8 {
        prepare(jit, delivers, 4);
        prepare(interpreter, delivers, 4);
        for _ in 0..24 {
            compare(jit, interpreter, budget, &what);
        }
    }
}

#[test]
fn enabled_exceptions_are_raised_where_the_interpreter_raises_them() {
    for config in configs() {
        let mut engines = engines(config);
        for delivers in [0, msr_bit::FE0, msr_bit::FE1, msr_bit::FE0 | msr_bit::FE1] {
            for change in &CHANGES {
                check(&mut engines, delivers, change);
            }
        }
    }
}

#[test]
fn code_is_compiled_while_no_exception_is_enabled() {
    const ITERATIONS: u64 = 10_000;
    for config in configs() {
        for change in ["nop", "mtfsfi 7,1\nfdiv f5,f1,f2\nmtfsfi 7,0"] {
            let words = program(change);
            let [mut jit, mut interpreter] = engines(config);
            for machine in [&mut jit, &mut interpreter] {
                machine.put(CODE, &words);
                prepare(machine, msr_bit::FE0 | msr_bit::FE1, ITERATIONS);
            }
            compare(&mut jit, &mut interpreter, 1 << 40, &|| format!("{:?}: {change}", config.tiers));
            let counters = jit.engine.counters();
            let interpreted = counters.interpreted_instructions + counters.fallback_instructions;
            assert!(interpreted < ITERATIONS, "{:?}: {change}: {counters:?}", config.tiers);
        }
    }
}
