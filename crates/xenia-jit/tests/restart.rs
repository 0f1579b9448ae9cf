//! Restart points: a faulting load is replayed from the instruction for which the context was
//! exact, and the effects of earlier instructions appear exactly once.

use crate::common::pair::assembled;
use crate::common::*;
use xenia_cpu::Exit;
use xenia_isa::Op;

/// Runs `words` up to the access that faults, compares the states, points r20 to memory and runs to
/// the end. r9 points to data.
fn check(words: &[u32], faults_at: u32) {
    check_from(11, 0, words, faults_at);
}

/// As [`check`], from the registers of `seed`.
fn check_from(seed: u64, fpscr: u32, words: &[u32], faults_at: u32) {
    let mut jit = JitHarness::jit();
    let mut interpreter = JitHarness::interpreter();
    let mut r = Random::new(seed);
    randomize(&mut interpreter.ctx, &mut r);
    for machine in [&mut jit, &mut interpreter] {
        machine.put(CODE, words);
        machine.memory.write_bytes(xenia_guest::GuestAddr(DATA), &[0, 0, 0, 5, 0, 0, 0, 9]).unwrap();
    }
    interpreter.ctx.pc = CODE;
    interpreter.ctx.fpscr = fpscr;
    interpreter.ctx.gpr[9] = DATA.into();
    interpreter.ctx.gpr[20] = 0x2000_0000;
    jit.ctx = interpreter.ctx.clone();
    let fallen = |machine: &mut JitHarness| matches!(machine.run(1000), Exit::Exception(_));
    assert!(fallen(&mut interpreter) && fallen(&mut jit), "{}", listing(words));
    assert_eq!(interpreter.ctx.pc, CODE + 4 * faults_at, "{}", listing(words));
    assert_eq!(jit.ctx.first_difference(&interpreter.ctx), None, "{}", listing(words));
    assert_eq!(jit.ctx.budget, interpreter.ctx.budget, "{}", listing(words));
    assert!(jit.data() == interpreter.data(), "{}", listing(words));
    for machine in [&mut jit, &mut interpreter] {
        machine.ctx.gpr[20] = (DATA + 0x100).into();
    }
    compare(&mut jit, &mut interpreter, 1000, &|| listing(words));
}

/// Registers, carries and conditions computed since the restart point, also across an edge inside
/// an extended basic block.
#[test]
fn registers_are_exact_where_it_faults() {
    let words = [
        d(Op::addi, 5, 5, 1),
        d(Op::addic, 6, 6, -1),
        d(Op::lwz, 7, 9, 0),
        d(Op::cmpi, 0, 7, 5),
        x(Op::cmp, 5 << 2, 6, 7, 0),
        d(Op::addi, 7, 7, 3),
        d(Op::bcx, 4, 2, 8), // not taken: the word is 5
        d(Op::addi, 5, 5, 1),
        d(Op::lbz, 8, 9, 7),
        x(Op::addx, 5, 5, 8, 0),
        d(Op::lwz, 10, 20, 0),
        x(Op::addx, 5, 5, 10, 0),
        SC,
    ];
    check(&words, 10);
}

/// A load without a byte swap stays a separate instruction, whatever uses its value.
#[test]
fn loads_without_a_swap_fault_where_they_are() {
    const RLDICL_11_11_0_48: u32 = 0x796B_0420;
    for op in [Op::lhbrx, Op::lwbrx, Op::ldbrx] {
        for user in [RLDICL_11_11_0_48, x(Op::andx, 11, 11, 6, 0), x(Op::addx, 11, 11, 6, 0)] {
            check(&[d(Op::addi, 5, 5, 1), x(op, 11, 0, 20, 0), user, SC], 1);
        }
    }
}

/// A compare with a NaN is done in software where FPSCR has control bits; it has no target.
#[test]
fn a_compare_in_software_changes_no_register() {
    const MTFSFI_7_1: u32 = 0xFF80_110C;
    const FCMPU_1_1: u32 = 0xFC01_0800;
    let words = [
        d(Op::addis, 7, 0, 0x7FC0),
        d(Op::stw, 7, 9, 4),
        d(Op::addis, 7, 0, 0x3FC0),
        d(Op::stw, 7, 9, 0),
        MTFSFI_7_1,
        d(Op::lfs, 0, 9, 0),
        d(Op::lfs, 1, 9, 4),
        d(Op::stw, 5, 9, 8),
        FCMPU_1_1,
        d(Op::lwz, 10, 20, 0),
        SC,
    ];
    check(&words, 9);
}

/// A displacement leads from the last bytes of memory to the page at address 0, if it can be read.
#[test]
fn an_address_that_wraps_is_that_of_the_null_page() {
    let words = [d(Op::addi, 5, 5, 1), d(Op::lwz, 3, 4, 24), d(Op::lhz, 6, 4, 16), d(Op::addi, 5, 5, 1), SC];
    for skipped in [0, 4] {
        let mut jit = JitHarness::jit();
        let mut interpreter = JitHarness::interpreter();
        for machine in [&mut jit, &mut interpreter] {
            machine.memory.open_null_page().unwrap();
            machine.put(CODE, &words);
            machine.ctx.pc = CODE + skipped;
            machine.ctx.gpr[3] = 1;
            machine.ctx.gpr[4] = 0xFFFF_FFF0;
        }
        compare(&mut jit, &mut interpreter, 1000, &|| listing(&words));
        assert_eq!((jit.ctx.gpr[3], jit.ctx.pc), (0, CODE + 4 * words.len() as u32));
    }
}

/// A word of memory is incremented once, not twice; so is the pointer of an update form.
#[test]
fn stores_are_not_repeated() {
    for store in [d(Op::stw, 7, 9, 0), d(Op::stwu, 7, 9, 4), d(Op::stb, 7, 9, 3)] {
        let words = [
            d(Op::addi, 5, 5, 1),
            d(Op::lwz, 7, 9, 0),
            d(Op::addi, 7, 7, 1),
            store,
            d(Op::addi, 5, 5, 1),
            d(Op::lwz, 8, 9, 0),
            d(Op::addi, 8, 8, 1),
            d(Op::lwz, 10, 20, 0),
            SC,
        ];
        check(&words, 7);
    }
}

/// Instructions with effects beyond registers are not replayed: a reservation, a read of the time
/// base, changes of FPSCR.
#[test]
fn instructions_with_side_effects_are_not_replayed() {
    // lwarx r7,0,r9; mftb r7; mtfsb1 3; faddx f1,f1,f1; fcmpu cr0,f1,f2; mtxer r5.
    for other in [0x7CE0_4828, 0x7CEC_42E6, 0xFC60_004C, 0xFC21_082A, 0xFC01_1000, 0x7CA1_03A6] {
        let words = [
            d(Op::addi, 5, 5, 1),
            other,
            d(Op::addi, 5, 5, 1),
            d(Op::lwz, 8, 9, 0),
            d(Op::addi, 5, 5, 1),
            d(Op::lwz, 10, 20, 0),
            SC,
        ];
        check(&words, 5);
    }
}

/// Floating-point arithmetic is replayed: with targets that are operands, in both formats, with
/// NaNs and exceptions.
#[test]
fn floating_point_arithmetic_is_replayed() {
    let sequences: [&[&str]; 6] = [
        &["lfd f1,0(r9)", "fadd f1,f1,f1", "fmul f2,f1,f3", "lfd f4,8(r9)", "fmadd f1,f1,f4,f2"],
        &["fadds f5,f5,f6", "lfs f1,0(r9)", "fmuls f1,f1,f1", "fmadds f6,f1,f5,f6", "frsp f7,f7"],
        &["fdiv f8,f8,f9", "fctiwz f9,f9", "fcfid f9,f9", "fcmpu cr1,f8,f9", "fctid f8,f8"],
        &["fneg f1,f1", "fsel f2,f1,f2,f3", "fmr f3,f1", "fabs f1,f4", "fcmpo cr7,f1,f2"],
        &["fres f1,f1", "frsqrte f2,f2", "fsqrt f3,f3", "fsub f3,f3,f1", "fnmsub f2,f2,f3,f1"],
        &["fmr f1,f30", "lwz r5,0(r9)", "fadd f1,f1,f2", "addi r5,r5,1", "fsubs f2,f2,f2"],
    ];
    for sequence in sequences {
        let mut text = sequence.to_vec();
        text.extend(["lwz r10,0(r20)", "fadd f1,f1,f2", "stfd f1,16(r9)", "sc"]);
        let words = assembled(&text);
        for seed in 0..60 {
            // To nearest, and toward zero.
            for fpscr in [0, 1] {
                check_from(seed, fpscr, &words, sequence.len() as u32);
            }
        }
    }
}

/// A sticky bit that later arithmetic sets is not read again.
#[test]
fn reads_of_sticky_bits_are_not_replayed() {
    for reads in ["mffs f3", "mcrfs cr5,1", "fadd. f3,f4,f4"] {
        let words = assembled(&["addi r5,r5,1", reads, "fdiv f1,f1,f2", "lwz r10,0(r20)", "sc"]);
        for seed in 0..60 {
            check_from(seed, 0, &words, 3);
        }
    }
}

/// MSR changes at once, so a read of it before the change is not replayed.
#[test]
fn reads_of_msr_are_not_replayed() {
    const WITH_L: u32 = 1 << 16;
    // r9 clears both bits that are moved.
    let words = [
        d(Op::addi, 5, 5, 1),
        x(Op::mfmsr, 7, 0, 0, 0),
        x(Op::mtmsrd, 9, 0, 0, WITH_L),
        d(Op::lwz, 10, 20, 0),
        x(Op::mtmsrd, 7, 0, 0, WITH_L),
        SC,
    ];
    check(&words, 3);
}

/// At a fault VSCR has the SAT of the instructions before the access, and not that of later ones.
#[test]
fn saturation_is_that_of_the_instructions_before_the_access() {
    let ones = x(Op::vspltisw, 1, 31, 0, 0);
    for saturates in [x(Op::vaddubs, 2, 1, 1, 0), x(Op::vpkuwus, 2, 1, 1, 0), x(Op::vsubuws, 2, 0, 1, 0)] {
        for access in [d(Op::lwz, 10, 20, 0), d(Op::stw, 5, 20, 0), x(Op::lvx, 3, 0, 20, 0)] {
            check(&[ones, saturates, access, saturates, SC], 2);
            check(&[ones, access, saturates, SC], 1);
        }
    }
}

/// More loads than fit into the host's registers.
#[test]
fn many_loads_in_a_row() {
    let loads = (0..20).map(|n| d(Op::lwz, 21_u32.wrapping_add(n) % 11 + 21, 9, 4 * (n as i32 % 3)));
    let words: Vec<u32> = loads.chain([d(Op::lwz, 10, 20, 0), SC]).collect();
    check(&words, 20);
}
