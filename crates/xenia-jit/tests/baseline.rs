//! The baseline tier against the interpreter: every template with every kind of operand, random programs in
//! visits of any length, faults, and code that changes.

mod common;

use common::*;
use xenia_cpu::{EngineConfig, ReservationMode};
use xenia_isa::{Family, Flag, Op};
use xenia_jit::{JitConfig, Tiers};

/// The baseline tier alone, whatever becomes of a page.
fn baseline() -> JitConfig {
    JitConfig { tiers: Tiers::Baseline, compile_restless: true, ..JitConfig::default() }
}

/// Registers that baseline code runs with: XER[SO] is 0.
fn randomize_for_baseline(machine: &mut Machine, r: &mut Random) {
    randomize(&mut machine.ctx, r);
    machine.ctx.xer_so = 0;
}

/// Sequences of `length` words of one family, `count` of them, each on fresh registers.
fn check(config: JitConfig, families: &[Family], seed: u64, count: u64, length: usize) {
    let rows: Vec<Op> = rows(families);
    let mut r = Random::new(seed);
    let (mut jit, mut interpreter) = (Machine::jit_with(config), Machine::interpreter_with(config.engine));
    let mut at = CODE;
    for case in 0..count {
        let words: Vec<u32> = (0..length)
            .map(|_| {
                loop {
                    let word = word(&mut r, &rows);
                    // OE forms are the interpreter's.
                    let op = xenia_isa::decode(word).unwrap();
                    if !(op.row().family == Family::Integer && op.row().has(Flag::oe)) || word & 0x400 == 0 {
                        break word;
                    }
                }
            })
            .chain([SC, BLR])
            .collect();
        if at + 4 * words.len() as u32 > CODE + SIZE {
            at = CODE;
        }
        for machine in [&mut jit, &mut interpreter] {
            machine.put(at, &words);
        }
        randomize_for_baseline(&mut interpreter, &mut r);
        interpreter.ctx.pc = at;
        let before = interpreter.ctx.clone();
        jit.ctx = before.clone();
        compare(&mut jit, &mut interpreter, 10_000, &|| {
            format!("seed {seed}, case {case}, {:?}\n{}{before:x?}", families[0], listing(&words))
        });
        at += 4 * words.len() as u32;
    }
    let counters = jit.engine.counters();
    assert_eq!(counters.compiled_guest_instructions, 0, "{counters:?}");
    assert!(counters.baseline_guest_instructions >= count * length as u64, "{counters:?}");
    // `sc`, and rows that end a block or change the mode.
    let interpreted = counters.interpreted_instructions.saturating_sub(count);
    assert!(interpreted < count * length as u64 / 4, "{families:?}: {counters:?}");
}

#[test]
fn rows_of_every_family_agree() {
    for (family, count) in [
        (Family::Integer, 1500),
        (Family::Logical, 1000),
        (Family::Rotate, 1000),
        (Family::LoadStore, 1500),
        (Family::Float, 400),
        (Family::Vector, 300),
        (Family::Vector128, 200),
        (Family::Branch, 300),
        (Family::System, 200),
    ] {
        check(baseline(), &[family], 100 + family as u64, count, 12);
    }
    check(baseline(), &[Family::Integer, Family::Logical, Family::Rotate, Family::LoadStore], 7, 800, 24);
}

#[test]
fn rows_agree_on_a_host_without_movbe_and_lzcnt() {
    let config = JitConfig { baseline_host: true, ..baseline() };
    check(config, &[Family::Logical], 200, 300, 12);
    check(config, &[Family::LoadStore, Family::Vector], 201, 600, 12);
}

#[test]
fn stores_that_others_hear_of_agree() {
    let engine = EngineConfig { reservations: ReservationMode::Strict };
    check(JitConfig { engine, ..baseline() }, &[Family::LoadStore], 300, 600, 12);
}
