//! Random straight-line sequences of each family: the JIT compared with the interpreter.
//!
//! `XENIA_RANDOM_ROUNDS=n` runs n times as many, with other seeds.

use crate::common::*;
use xenia_isa::{Family, Op};
use xenia_jit::{Effort, JitConfig, JitTesting};
use xenia_testing::is_long;

/// Runs `count` sequences of `length` words of `families`, each with new registers.
fn check(families: &[Family], seed: u64, count: u64, length: usize) {
    let rounds = xenia_testing::number_in_environment("XENIA_RANDOM_ROUNDS", 1_u64);
    for round in 0..rounds {
        check_round(families, seed + 1000 * round, count, length);
    }
}

fn check_round(families: &[Family], seed: u64, count: u64, length: usize) {
    check_with(JitConfig::compile_everything(), families, seed, count, length);
}

fn check_with(config: JitConfig, families: &[Family], seed: u64, count: u64, length: usize) {
    let rows = rows(families);
    let mut r = Random::new(seed);
    let mut jit = JitHarness::jit_with(config);
    let mut interpreter = JitHarness::interpreter();
    let mut at = CODE;
    for case in 0..count {
        let words: Vec<u32> = (0..length).map(|_| word(&mut r, &rows)).chain([SC, BLR]).collect();
        if at + 4 * words.len() as u32 > CODE + SIZE {
            at = CODE;
        }
        for machine in [&mut jit, &mut interpreter] {
            machine.put(at, &words);
        }
        randomize(&mut interpreter.ctx, &mut r);
        randomize_modes(&mut interpreter.ctx, &mut r);
        interpreter.ctx.pc = at;
        let before = interpreter.ctx.clone();
        jit.ctx = before.clone();
        compare(&mut jit, &mut interpreter, 10_000, &|| {
            format!("seed {seed}, case {case}, {:?}\n{}{before:x?}", families[0], listing(&words))
        });
        at += 4 * words.len() as u32;
    }
    let counters = jit.engine.counters();
    assert_eq!(counters.fallback_instructions, 0);
    // System instructions may change to a machine state that is interpreted.
    if !families.contains(&Family::System) {
        assert_eq!(
            counters.interpreted_instructions, 0,
            "{families:?}: the interpreter has no part in these"
        );
    }
}

/// Guest memory out of reach of constant displacements. In the other tests of this file one
/// machine's memory is normally within reach; a second machine's memory, as here, is not.
#[test]
fn accesses_with_distant_memory() {
    let there = memory();
    check(&[Family::LoadStore], 31, 300, 12);
    check(&[Family::Vector], 32, 100, 12);
    drop(there);
}

#[test]
fn random_integer_code_agrees_with_the_interpreter() {
    check(&[Family::Integer], 1, 400, 16);
}

#[test]
fn random_logical_code_agrees_with_the_interpreter() {
    check(&[Family::Logical], 2, 300, 16);
}

#[test]
fn random_rotate_code_agrees_with_the_interpreter() {
    check(&[Family::Rotate], 3, 300, 16);
}

#[test]
fn random_load_and_store_code_agrees_with_the_interpreter() {
    check(&[Family::LoadStore], 4, 400, 16);
}

#[test]
fn random_branch_and_system_code_agrees_with_the_interpreter() {
    check(&[Family::Branch, Family::System], 5, 200, 16);
}

#[test]
fn random_float_code_agrees_with_the_interpreter() {
    let count = if is_long() { 2400 } else { 300 };
    check(&[Family::Float], 6, count, 16);
}

#[test]
fn random_vector_code_agrees_with_the_interpreter() {
    check(&[Family::Vector], 7, 400, 16);
}

#[test]
fn random_vmx128_code_agrees_with_the_interpreter() {
    check(&[Family::Vector128], 8, 300, 16);
}

#[test]
fn random_code_of_all_families_agrees_with_the_interpreter() {
    use Family::*;
    check(&[Integer, Logical, Rotate, Branch, LoadStore, Float, Vector, Vector128, System], 9, 400, 24);
}

#[test]
fn vertex_formats_at_their_edges() {
    const PARTS: [u64; 14] =
        [0, 1, 0xFF, 0x1FF, 0x200, 0x201, 0x3FF, 0x400, 0x7BFF, 0x7C00, 0x7FFF, 0x8000, 0x8001, 0xFFFF];
    const WIDE: [u64; 6] = [0, 1, 0x7_FFFF, 0x8_0000, 0x8_0001, 0xF_FFFF];
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    let words: Vec<u32> =
        (0..8).map(|format| x(Op::vupkd3d128, 4 + format, format << 2, 3, 0)).chain([SC]).collect();
    let mut r = Random::new(11);
    for machine in [&mut jit, &mut interpreter] {
        machine.put(CODE, &words);
    }
    for case in 0..2000 {
        let low = match case % 4 {
            0 => (0..4).fold(0, |v, _| v << 16 | r.pick(&PARTS)),
            1 => (0..6).fold(0, |v, _| v << 10 | r.pick(&PARTS) & 0x3FF),
            2 => (0..4).fold(0, |v, _| v << 20 | r.pick(&WIDE)),
            _ => r.next(),
        };
        randomize(&mut interpreter.ctx, &mut r);
        interpreter.ctx.vr[3] = u128::from(r.next()) << 64 | u128::from(low);
        interpreter.ctx.pc = CODE;
        jit.ctx = interpreter.ctx.clone();
        compare(&mut jit, &mut interpreter, 100, &|| format!("{low:#x}\n{}", listing(&words)));
    }
    assert_eq!(jit.engine.counters().fallback_instructions, 0);
}

/// Compiles everything for hosts without AVX and fused multiply-add.
fn plain_host() -> JitConfig {
    let everything = JitConfig::compile_everything();
    let testing = JitTesting { portable_code: true, ..everything.testing };
    JitConfig { testing, ..everything }
}

#[test]
fn vectors_on_a_plain_host() {
    check_with(plain_host(), &[Family::Vector], 9, 300, 16);
    check_with(plain_host(), &[Family::Vector128], 10, 200, 16);
}

#[test]
fn numbers_on_a_plain_host() {
    check_with(plain_host(), &[Family::Float], 12, 300, 16);
}

#[test]
fn optimizer_matches_interpreter_on_random_code() {
    use Family::*;
    let config = JitConfig { effort: Effort::Speed, ..JitConfig::compile_everything() };
    let times = if is_long() { 5 } else { 2 };
    check_with(config, &[Float], 13, 100 * times, 24);
    check_with(config, &[Integer, Logical, Rotate, Branch, LoadStore, Float, System], 14, 60 * times, 24);
}
