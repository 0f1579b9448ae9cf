//! Loop-carried copies of floating-point and vector registers, and of VSCR: sums, factors and
//! registers whose format changes between iterations, with conditional paths, and with visits that
//! end at arbitrary instructions.

use crate::common::*;
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::{Jit, JitConfig};

/// Number of registers of each file that the loops use.
const REGISTERS: u32 = 6;
/// Number of iterations of a loop.
const TURNS: i32 = 40;

/// A random instruction on singles, on doubles, on both, or on vectors.
fn instruction(r: &mut Random, kinds: &[u64]) -> u32 {
    let kind = r.pick(kinds);
    let singles = [Op::faddsx, Op::fsubsx, Op::fmulsx, Op::fmaddsx, Op::fnmsubsx, Op::fmrx, Op::fnegx];
    let doubles = [Op::faddx, Op::fmulx, Op::fmaddx, Op::fnmsubx, Op::fselx, Op::fmrx, Op::fabsx];
    let others = [Op::frspx, Op::fcfidx, Op::fctidzx];
    let vectors = [Op::vaddfp, Op::vmaddfp, Op::vxor, Op::vadduwm, Op::vmaxfp, Op::vsel, Op::vperm];
    let saturating = [Op::vaddubs, Op::vpkswus, Op::vmsumshs, Op::vsumsws];
    let place = 8 * r.below(8) as i32;
    let n = r.below(u64::from(REGISTERS)) as u32;
    let registers = std::array::from_fn(|_| r.below(u64::from(REGISTERS)) as u32);
    match (kind, r.below(8)) {
        (3, 0) => x(Op::lvx, n, 0, 9, 0),
        (3, 1) => x(Op::stvx, n, 0, 9, 0),
        (3, 2) => x(Op::mfvscr, n, 0, 0, 0),
        (3, 3) => float(r.pick(&saturating), registers),
        (3, _) => float(r.pick(&vectors), registers),
        (_, 0) => d(if kind == 1 { Op::lfd } else { Op::lfs }, n, 9, place),
        (0, 1) => d(Op::stfs, n, 9, place),
        (_, 1) => d(Op::stfd, n, 9, place),
        (0, _) => float(r.pick(&singles), registers),
        (1, _) => float(r.pick(&doubles), registers),
        (_, 2) => float(r.pick(&others), registers),
        (_, 3..=5) => float(r.pick(&singles), registers),
        _ => float(r.pick(&doubles), registers),
    }
}

/// A loop of about `length` such instructions, with paths that some iterations skip.
fn words(r: &mut Random, length: usize, kinds: &[u64]) -> Vec<u32> {
    let mut words = vec![d(Op::addi, 3, 0, TURNS), x(Op::mtspr, 3, 9, 0, 0)];
    words.push(d(Op::addi, 3, 3, 1));
    for _ in 0..length {
        if r.below(5) == 0 {
            let side = 1 + r.below(3) as i32;
            words.extend([d(Op::andi_rc, 3, 5, 1 << r.below(4)), d(Op::bcx, 12, 2, 4 * (side + 1))]);
            words.extend((0..side).map(|_| instruction(r, kinds)));
        } else {
            words.push(instruction(r, kinds));
        }
    }
    let back = 4 * (words.len() as i32 - 2);
    words.extend([d(Op::bcx, 16, 0, -back), SC]);
    words
}

#[test]
fn registers_are_those_of_earlier_iterations_wherever_visits_end() {
    let mut r = Random::new(102);
    for round in 0..120 {
        let kinds: &[u64] = r.pick(&[&[0][..], &[1], &[2], &[3], &[0, 1, 2], &[0, 3], &[0, 1, 2, 3]]);
        let length = 2 + r.below(14) as usize;
        let words = words(&mut r, length, kinds);
        let mut jit = JitHarness::jit_with(JitConfig::compile_everything());
        let mut interpreter = JitHarness::interpreter();
        for machine in [&mut jit, &mut interpreter] {
            machine.put(CODE, &words);
            machine
                .put(DATA, &[0x3FC0_0001, 0x4010_0000, 0xBF80_0000, 0x1234, 0x4048_0000, 7, 0x3DCC_CCCD, 1]);
        }
        randomize(&mut interpreter.ctx, &mut r);
        interpreter.ctx.fpscr = 0;
        for n in 0..REGISTERS as usize {
            interpreter.ctx.fpr[n] = match r.below(8) {
                0 => r.next(),
                1 => f64::NAN.to_bits(),
                _ => f64::from(r.below(1000) as f32 / 8.0 - 60.0).to_bits(),
            };
        }
        interpreter.ctx.gpr[9] = DATA.into();
        interpreter.ctx.pc = CODE;
        jit.ctx = interpreter.ctx.clone();
        let mut is_done = false;
        while !is_done {
            let budget = 1 + r.below(400) as i64;
            compare(&mut jit, &mut interpreter, budget, &|| format!("round {round}\n{}", listing(&words)));
            is_done = interpreter.ctx.pc == CODE + 4 * words.len() as u32;
        }
        assert_eq!(interpreter.ctx.gpr[3] as i32, 2 * TURNS, "round {round}");
    }
}

#[test]
fn sums_are_loaded_only_before_the_loop() {
    let words = [
        d(Op::addi, 3, 0, TURNS),
        x(Op::mtspr, 3, 9, 0, 0),
        float(Op::faddsx, [1, 1, 2, 0]),
        float(Op::faddx, [4, 4, 5, 0]),
        d(Op::bcx, 16, 0, -8),
        SC,
    ];
    let memory = memory();
    for (n, word) in words.into_iter().enumerate() {
        memory.write(GuestAddr(CODE + 4 * n as u32), word).unwrap();
    }
    let jit = Jit::new(memory, JitConfig::compile_everything()).unwrap();
    let clif = jit.dump(GuestAddr(CODE)).unwrap().unwrap().clif;
    let sums: Vec<&str> = clif.split("\n\n").filter(|block| block.contains("fadd")).collect();
    assert!(!sums.is_empty());
    assert!(sums.iter().all(|block| !block.contains("load.f")), "{clif}");
}

/// A fact about an original, that its upper word is 0, is copied with it, and no other fact is.
#[test]
fn a_copied_address_loses_an_upper_word_that_is_not_zero() {
    let words = [
        x(Op::orx, 9, 4, 9, 0), // mr r4,r9
        d(Op::lwz, 5, 4, 4),
        d(Op::stw, 5, 4, 8),
        SC,
    ];
    let mut jit = JitHarness::jit_with(JitConfig::compile_everything());
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        machine.put(CODE, &words);
        machine.put(DATA, &[1, 0x1122_3344, 3]);
        machine.ctx.gpr[9] = u64::from(DATA) | 0xFFFF_FFFF_0000_0000;
        machine.ctx.pc = CODE;
    }
    compare(&mut jit, &mut interpreter, 4, &|| listing(&words));
    assert_eq!(interpreter.ctx.gpr[5], 0x1122_3344);
}
