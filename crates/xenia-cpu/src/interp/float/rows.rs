//! Tests of rows run through the interpreter. Expected values: PowerISA 2.02 book I, chapter 4,
//! and, where that leaves a choice, results measured on hardware of the family.

use crate::interp::testing::CpuHarness;
use crate::{ExceptionKind, Exit, msr_bit};
use xenia_isa::Op;

const INFINITY: u64 = 0x7FF0_0000_0000_0000;
const QNAN: u64 = 0x7FF8_0000_0000_0000;
const SNAN: u64 = 0x7FF0_0000_0000_0001;
const ONE: u64 = 0x3FF0_0000_0000_0000;
const TWO: u64 = 0x4000_0000_0000_0000;
const HALF: u64 = 0x3FE0_0000_0000_0000;
const LARGEST: u64 = 0x7FEF_FFFF_FFFF_FFFF;
const LEAST: u64 = 0x0010_0000_0000_0000;
const MINUS: u64 = 1 << 63;
/// Initial value of the target register.
const OLD: u64 = 0x1234_5678_9ABC_DEF0;

/// f3 ← f4, f5 (frB), f6 (frC), recording.
fn word(op: Op) -> u32 {
    op.row().bits | 3 << 21 | 4 << 16 | 5 << 11 | if takes_c(op) { 6 << 6 } else { 0 } | 1
}

fn takes_c(op: Op) -> bool {
    op.row().operands.contains(&xenia_isa::Operand::fc)
}

#[test]
fn results_and_fpscr_by_the_book() {
    use Op::*;
    for (op, a, b, c, fpscr, result, after) in [
        (faddx, ONE, ONE, 0, 0, TWO, 0x4000),
        (faddx, 0x3FB9_9999_9999_999A, 0x3FC9_9999_9999_999A, 0, 0, 0x3FD3_3333_3333_3334, 0x8206_4000),
        (fsubx, ONE, ONE, 0, 0, 0, 0x2000),
        (fsubx, ONE, ONE, 0, 3, MINUS, 0x1_2003),
        (faddx, MINUS, MINUS, 0, 0, MINUS, 0x1_2000),
        // Old FR, FI and FPRF are replaced; sticky bits stay, and FX follows changes only.
        (faddx, ONE, ONE, 0, 0x0207_F000, TWO, 0x0200_4000),
        (fdivx, ONE, 0x4008_0000_0000_0000, 0, 0x0200_0000, 0x3FD5_5555_5555_5555, 0x0202_4000),
        // Invalid operations, not trapped and trapped.
        (fsubx, INFINITY, INFINITY, 0, 0, QNAN, 0xA081_1000),
        (fsubx, INFINITY, INFINITY, 0, 0x0001_F080, OLD, 0xE081_F080),
        (fdivx, 0, MINUS, 0, 0, QNAN, 0xA021_1000),
        (fdivx, INFINITY, MINUS | INFINITY, 0, 0, QNAN, 0xA041_1000),
        (fmulx, INFINITY, 0, MINUS, 0, QNAN, 0xA011_1000),
        (fmaddx, 0, QNAN | 5, INFINITY, 0, QNAN | 5, 0xA011_1000),
        (fmsubx, INFINITY, INFINITY, ONE, 0, QNAN, 0xA081_1000),
        (fsqrtx, 0, MINUS | ONE, 0, 0, QNAN, 0xA001_1200),
        (fsqrtx, 0, MINUS, 0, 0, MINUS, 0x1_2000),
        (fsqrtsx, 0, TWO, 0, 0, 0x3FF6_A09E_6000_0000, 0x8202_4000),
        // NaNs: frA, frB, frC; quieted; the negative forms keep their sign.
        (faddx, SNAN, QNAN | 7, 0, 0, SNAN | QNAN, 0xA101_1000),
        (faddx, QNAN | 3, SNAN, 0, 0, QNAN | 3, 0xA101_1000),
        (faddx, ONE, QNAN | 3, 0, 0, QNAN | 3, 0x1_1000),
        (fmaddx, ONE, QNAN | 2, QNAN | 3, 0, QNAN | 2, 0x1_1000),
        (fnmaddx, ONE, ONE, QNAN | 3, 0, QNAN | 3, 0x1_1000),
        (fnmsubx, ONE, MINUS | QNAN, ONE, 0, MINUS | QNAN, 0x1_1000),
        (frspx, 0, QNAN | 0x3FFF_FFFF, 0, 0, QNAN | 0x2000_0000, 0x1_1000),
        // Zero divide.
        (fdivx, ONE, MINUS, 0, 0, MINUS | INFINITY, 0x8400_9000),
        (fdivx, ONE, 0, 0, 0x0001_1010, OLD, 0xC401_1010),
        // Overflow; FR as the hardware sets it.
        (fmulx, LARGEST, 0, TWO, 0, INFINITY, 0x9206_5000),
        (fmulx, LARGEST, 0, TWO, 1, LARGEST, 0x9206_4001),
        (fmulx, LARGEST, 0, TWO, 0x40, 0x1FFF_FFFF_FFFF_FFFF, 0xD000_4040),
        (fmulsx, 0x47E0_0000_0000_0000, 0, TWO, 0x40, 0x3BF0_0000_0000_0000, 0xD000_4040),
        (faddsx, 0x47EF_FFFF_E000_0000, 0x47EF_FFFF_E000_0000, 0, 0, INFINITY, 0x9206_5000),
        // Underflow: exact, inexact, trapped; non-IEEE mode makes no difference.
        (fmulx, LEAST, 0, HALF, 0, LEAST >> 1, 0x1_4000),
        (fmulx, LEAST | 1, 0, HALF, 0, LEAST >> 1, 0x8A03_4000),
        (fmulx, LEAST, 0, HALF, 0x20, 0x6000_0000_0000_0000, 0xC800_4020),
        (fmulsx, 0x3810_0000_0000_0000, 0, HALF, 0x20, 0x4400_0000_0000_0000, 0xC800_4020),
        (fmulx, LEAST, 0, HALF, 4, LEAST >> 1, 0x1_4004),
        (fmulx, 1, 0, TWO, 4, 2, 0x1_4004),
        // Tiny before rounding, the least normal number after it.
        (fdivx, 0x3FFF_FFFF_FFFF_FFFF, 0x7FE0_0000_0000_0000, 0, 0, LEAST, 0x8A06_4000),
        // Singles round once: 1 + 2^-24 + 2^-60 is above the tie.
        (faddsx, ONE, 0x3E70_0000_0000_0000, 0, 0, ONE, 0x8202_4000),
        (fmaddsx, ONE, 0x3E70_0000_0000_0000, 0x3FF0_0000_0000_0001, 0, 0x3FF0_0000_2000_0000, 0x8206_4000),
        (fmulsx, 0x36A0_0000_0000_0000, 0, HALF, 0, 0, 0x8A02_2000),
        (fmulsx, 0x3810_0000_0000_0000, 0, HALF, 0, 0x3800_0000_0000_0000, 0x1_4000),
        (frspx, 0, 0x3FF0_0000_3000_0000, 0, 0, 0x3FF0_0000_4000_0000, 0x8206_4000),
        // Fused: (1 + 2^-52)² − (1 + 2^-51) = 2^-104.
        (fmsubx, ONE | 1, ONE | 2, ONE | 1, 0, 0x3970_0000_0000_0000, 0x4000),
        (fnmsubx, ONE | 1, ONE | 2, ONE | 1, 0, 0xB970_0000_0000_0000, 0x8000),
        (fnmaddx, ONE, MINUS | ONE, ONE, 0, MINUS, 0x1_2000),
        // Conversions keep FPRF.
        (fctiwx, 0, 0x4004_0000_0000_0000, 0, 0x8000, 2, 0x8202_8000),
        (fctiwzx, 0, 0xC007_FFFF_0000_0000, 0, 0, -2_i64 as u64, 0x8202_0000),
        (fctiwx, 0, 0x41E0_0000_0000_0000, 0, 0, 0x7FFF_FFFF, 0xA000_0100),
        (fctiwzx, 0, QNAN, 0, 0, 0xFFFF_FFFF_8000_0000, 0xA000_0100),
        (fctidx, 0, SNAN, 0, 0, 0x8000_0000_0000_0000, 0xA100_0100),
        (fctidzx, 0, INFINITY, 0, 0x80, OLD, 0xE000_0180),
        (fcfidx, 0, 0x0020_0000_0000_0001, 0, 0, 0x4340_0000_0000_0000, 0x8202_4000),
        (fcfidx, 0, 0, 0, 3, 0, 0x2003),
        // Estimates, as measured.
        (fresx, 0, ONE, 0, 0, 0x3FEF_E000_0000_0000, 0x4000),
        (fresx, 0, 0x3FF8_0000_0000_0000, 0, 0, 0x3FE5_4000_0000_0000, 0x4000),
        (fresx, 0, 0x3FF6_6666_6666_6666, 0, 0, 0x3FE6_D000_0000_0000, 0x4000),
        (fresx, 0, 0xBFF6_6666_6666_6666, 0, 0, 0xBFE6_D000_0000_0000, 0x8000),
        (fresx, 0, 0x40D3_8826_6666_6666, 0, 0, 0x3F0A_3000_0000_0000, 0x4000),
        (fresx, 0, 0x4173_12D0_0000_0000, 0, 0, 0x3E6A_E000_0000_0000, 0x4000),
        // The first interval ends, the second one begins, the last one ends.
        (fresx, 0, 0x3FF0_1FFF_FFFF_FFFF, 0, 0, 0x3FEF_E000_0000_0000, 0x4000),
        (fresx, 0, 0x3FF0_2000_0000_0000, 0, 0, 0x3FEF_A100_0000_0000, 0x4000),
        (fresx, 0, 0x3FFF_FFFF_FFFF_FFFF, 0, 0, 0x3FE0_0000_0000_0000, 0x4000),
        (fresx, 0, MINUS, 0, 0, MINUS | INFINITY, 0x8400_9000),
        (fresx, 0, INFINITY, 0, 0, 0, 0x2000),
        (frsqrtex, 0, ONE, 0, 0, 0x3FEF_1000_0000_0000, 0x4000),
        (frsqrtex, 0, TWO, 0, 0, 0x3FE6_0000_0000_0000, 0x4000),
        (frsqrtex, 0, MINUS | ONE, 0, 0, QNAN, 0xA001_1200),
        (frsqrtex, 0, 0, 0, 0x10, OLD, 0xC400_0010),
        // Moves.
        (fabsx, 0, MINUS | SNAN, 0, 0x0001_F000, SNAN, 0x0001_F000),
        (fnabsx, 0, SNAN, 0, 0, MINUS | SNAN, 0),
        (fnegx, 0, QNAN, 0, 0, MINUS | QNAN, 0),
        (fselx, MINUS, 1, 2, 0, 2, 0),
        (fselx, QNAN, 1, 2, 0, 1, 0),
        (mffsx, 0, 0, 0, 0x8206_4003, 0x8206_4003, 0x8206_4003),
    ] {
        let mut machine = CpuHarness::new();
        machine.ctx.fpr[3..7].copy_from_slice(&[OLD, a, b, c]);
        machine.ctx.fpscr = fpscr;
        machine.one(word(op));
        let ctx = &machine.ctx;
        let text = format!("{op:?} {a:x} {b:x} {c:x}: {:016x} {:08x}", ctx.fpr[3], ctx.fpscr);
        assert_eq!((ctx.fpr[3], ctx.fpscr), (result, after), "{text}");
        assert_eq!(ctx.cr[1].nibble(), (after >> 28) as u8, "{text}");
    }
}

#[test]
fn the_largest_single_has_a_denormal_reciprocal() {
    let mut machine = CpuHarness::new();
    machine.ctx.fpr[5] = 0x47EF_FFFF_E000_0000;
    machine.one(word(Op::fresx));
    assert_eq!((machine.ctx.fpr[3], machine.ctx.fpscr), (0x37F0_0000_0000_0000, 0x1_4000));
}

#[test]
fn comparisons_set_fpcc_and_the_exceptions_of_nans() {
    for (op, a, b, fpscr, nibble, after) in [
        (Op::fcmpu, ONE, TWO, 0x0007_0000, 8, 0x0007_8000),
        (Op::fcmpu, TWO, ONE, 0, 4, 0x4000),
        (Op::fcmpo, 0, MINUS, 0, 2, 0x2000),
        (Op::fcmpu, QNAN, ONE, 0, 1, 0x1000),
        (Op::fcmpu, ONE, SNAN, 0, 1, 0xA100_1000),
        (Op::fcmpo, QNAN, ONE, 0, 1, 0xA008_1000),
        (Op::fcmpo, ONE, SNAN, 0, 1, 0xA108_1000),
        (Op::fcmpo, ONE, SNAN, 0x80, 1, 0xE100_1080),
        (Op::fcmpo, ONE, QNAN, 0x80, 1, 0xE008_1080),
    ] {
        let mut machine = CpuHarness::new();
        machine.ctx.fpr[4] = a;
        machine.ctx.fpr[5] = b;
        machine.ctx.fpscr = fpscr;
        machine.one(op.row().bits | 7 << 23 | 4 << 16 | 5 << 11);
        assert_eq!((machine.ctx.cr[7].nibble(), machine.ctx.fpscr), (nibble, after), "{op:?} {a:x} {b:x}");
    }
}

#[test]
fn moves_to_fpscr_keep_its_summaries_right() {
    let bit = |op: Op, bit: u32| op.row().bits | bit << 21;
    let field = |field: u32, value: u32| Op::mtfsfix.row().bits | field << 23 | value << 12;
    let all = |mask: u32| Op::mtfsfx.row().bits | mask << 17 | 5 << 11;
    let copy = |from: u32| Op::mcrfs.row().bits | 2 << 23 | from << 18;
    for (word, value, fpscr, after, cr2) in [
        // Setting an exception bit sets FX; setting an enable bit makes pending exceptions set FEX.
        (bit(Op::mtfsb1x, 6), 0, 0, 0x8200_0000, 0),
        (bit(Op::mtfsb1x, 6), 0, 0x0200_0000, 0x0200_0000, 0),
        (bit(Op::mtfsb1x, 28), 0, 0x0200_0000, 0x4200_0008, 0),
        (bit(Op::mtfsb1x, 21), 0, 0, 0xA000_0400, 0),
        // FEX and VX can't be written.
        (bit(Op::mtfsb1x, 1), 0, 0, 0, 0),
        (bit(Op::mtfsb0x, 2), 0, 0xA100_0000, 0xA100_0000, 0),
        (bit(Op::mtfsb0x, 7), 0, 0xA100_0000, 0x8000_0000, 0),
        // These take FX from the operand alone.
        (field(1, 2), 0, 0, 0x0200_0000, 0),
        (field(0, 15), 0, 0, 0x9000_0000, 0),
        (field(7, 11), 0, 0x0200_0000, 0x4200_000B, 0),
        (all(0xFF), 0xFFFF_FFFF_FFFF_FFFF, 0, 0xFFFF_F7FF, 0),
        (all(0x01), 0xFFFF_FFFF_FFFF_FFF3, 0xA100_0000, 0xA100_0003, 0),
        (all(0x80), 0, 0xFF00_0000, 0x2F00_0000, 0),
        // Copied exception bits are cleared; the rest is not.
        (copy(0), 0, 0xB100_0000, 0x2100_0000, 11),
        (copy(1), 0, 0xA100_0000, 0x8000_0000, 1),
        (copy(4), 0, 0x0001_F000, 0x0001_F000, 15),
        (copy(6), 0, 0x0000_00F0, 0x0000_00F0, 15),
    ] {
        let mut machine = CpuHarness::new();
        machine.ctx.fpr[5] = value;
        machine.ctx.fpscr = fpscr;
        machine.one(word);
        assert_eq!((machine.ctx.fpscr, machine.ctx.cr[2].nibble()), (after, cr2), "{word:08x} {fpscr:08x}");
    }
}

#[test]
fn enabled_exceptions_are_taken_if_msr_allows_them() {
    for (fe, fpscr, taken) in
        [(0, 0x10, false), (msr_bit::FE0, 0, false), (msr_bit::FE0, 0x10, true), (msr_bit::FE1, 0x10, true)]
    {
        let mut machine = CpuHarness::new();
        machine.ctx.msr |= fe;
        machine.ctx.fpr[4] = ONE;
        machine.ctx.fpscr = fpscr;
        let word = word(Op::fdivx);
        if taken {
            let Exit::Exception(exception) = machine.one_exit(word) else { panic!("no exception") };
            assert_eq!(exception.kind, ExceptionKind::FloatingPoint);
        } else {
            machine.one(word);
        }
        assert_eq!(machine.ctx.fpscr & 0x8400_0000, 0x8400_0000);
    }
}
