//! Sums, products, quotients and compares, with their carries and overflows.

use crate::interp::testing::*;
use crate::{CrField, msr_bit};
use xenia_isa::Op;

const EDGES: [u64; 12] = [
    0,
    1,
    2,
    u64::MAX,
    u64::MAX - 1,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    0x1234_5678_9ABC_DEF0,
];

/// Carry and signed overflow of `a + b + carry`, from sums wide enough to be exact.
fn carry_and_overflow(sf: bool, a: u64, b: u64, carry: u64) -> (bool, bool) {
    if sf {
        let exact = i128::from(a as i64) + i128::from(b as i64) + i128::from(carry);
        let unsigned = u128::from(a) + u128::from(b) + u128::from(carry);
        (unsigned >> 64 != 0, i64::try_from(exact).is_err())
    } else {
        let exact = i64::from(a as i32) + i64::from(b as i32) + carry as i64;
        let unsigned = u64::from(a as u32) + u64::from(b as u32) + carry;
        (unsigned >> 32 != 0, i32::try_from(exact).is_err())
    }
}

fn cr0(sf: bool, result: u64, so: bool) -> u8 {
    let value = if sf { result as i64 } else { i64::from(result as i32) };
    (match value {
        i64::MIN..=-1 => 8,
        0 => 2,
        _ => 4,
    }) | u8::from(so)
}

#[test]
fn sums_carry_and_overflow_at_the_mode_s_top_bit() {
    // Operation, and its operands as `left + right + carry` from (ra, rb, ca).
    type Terms = fn(u64, u64, u64) -> (u64, u64, u64);
    let table: [(Op, bool, Terms); 11] = [
        (Op::addx, false, |a, b, _| (a, b, 0)),
        (Op::addcx, true, |a, b, _| (a, b, 0)),
        (Op::addex, true, |a, b, c| (a, b, c)),
        (Op::addmex, true, |a, _, c| (a, u64::MAX, c)),
        (Op::addzex, true, |a, _, c| (a, 0, c)),
        (Op::negx, false, |a, _, _| (!a, 0, 1)),
        (Op::subfx, false, |a, b, _| (!a, b, 1)),
        (Op::subfcx, true, |a, b, _| (!a, b, 1)),
        (Op::subfex, true, |a, b, c| (!a, b, c)),
        (Op::subfmex, true, |a, _, c| (!a, u64::MAX, c)),
        (Op::subfzex, true, |a, _, c| (!a, 0, c)),
    ];
    let mut machine = CpuHarness::new();
    for (op, carries, terms) in table {
        for (a, b) in EDGES.into_iter().flat_map(|a| EDGES.map(|b| (a, b))) {
            for (carry, sf) in [(0, false), (1, false), (0, true), (1, true)] {
                let ctx = &mut machine.ctx;
                ctx.msr = ctx.msr & !msr_bit::SF | u64::from(sf) << 63;
                ctx.gpr[4] = a;
                ctx.gpr[5] = b;
                ctx.xer_ca = carry;
                ctx.xer_so = 0;
                ctx.xer_ov = 1;
                machine.one(x(op, 3, 4, 5, OE | RC));
                let (left, right, carry_in) = terms(a, b, u64::from(carry));
                let (carry_out, overflow) = carry_and_overflow(sf, left, right, carry_in);
                let result = left.wrapping_add(right).wrapping_add(carry_in);
                let ctx = &machine.ctx;
                let case = format!("{op:?} {a:#x} {b:#x} ca={carry} sf={sf}");
                assert_eq!(ctx.gpr[3], result, "{case}");
                let expected_ca = if carries { u8::from(carry_out) } else { carry };
                assert_eq!(ctx.xer_ca, expected_ca, "{case}: CA");
                assert_eq!((ctx.xer_ov, ctx.xer_so), (overflow.into(), overflow.into()), "{case}: OV");
                assert_eq!(ctx.cr[0].nibble(), cr0(sf, result, overflow), "{case}: CR0");
            }
        }
    }
}

#[test]
fn without_oe_and_rc_nothing_else_changes() {
    let mut machine = CpuHarness::new();
    machine.ctx.gpr[4] = 0x7FFF_FFFF;
    machine.ctx.gpr[5] = 1;
    machine.ctx.xer_ov = 1;
    machine.ctx.xer_so = 1;
    machine.ctx.cr[0] = CrField::from_nibble(5);
    for op in [Op::addx, Op::subfx, Op::mullwx, Op::divwx, Op::divdux, Op::mulldx] {
        machine.one(x(op, 3, 4, 5, 0));
        let ctx = &machine.ctx;
        assert_eq!((ctx.xer_ov, ctx.xer_so, ctx.xer_ca, ctx.cr[0].nibble()), (1, 1, 0, 5), "{op:?}");
    }
}

#[test]
fn immediates_are_sign_extended_and_carry() {
    // (op, ra's value, immediate, result, CA)
    for (op, a, immediate, result, ca) in [
        (Op::addi, 5, -6, u64::MAX, 0),
        (Op::addis, 5, -1, 0xFFFF_FFFF_FFFF_0005, 0),
        (Op::addic, 0xFFFF_FFFF, 1, 0x1_0000_0000, 1),
        (Op::addic, 0xFFFF_FFFE, 1, 0xFFFF_FFFF, 0),
        (Op::addic_rc, u64::MAX, 1, 0, 1),
        (Op::subficx, 5, 5, 0, 1),
        (Op::subficx, 6, 5, u64::MAX, 0),
        (Op::mulli, 3, -7, (-21_i64) as u64, 0),
        // All 64 bits of RA are a factor.
        (Op::mulli, 0x1_0000_0001, 2, 0x2_0000_0002, 0),
    ] {
        let mut machine = CpuHarness::new();
        machine.ctx.gpr[4] = a;
        machine.one(d(op, 3, 4, immediate));
        assert_eq!((machine.ctx.gpr[3], machine.ctx.xer_ca), (result, ca), "{op:?} {a:#x} {immediate}");
    }
    let mut machine = CpuHarness::new();
    machine.ctx.gpr[0] = 99;
    machine.one(d(Op::addi, 3, 0, 7));
    machine.one(d(Op::addis, 4, 0, 1));
    assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[4]), (7, 0x1_0000), "RA = 0 stands for 0");
}

#[test]
fn products_and_quotients_set_overflow() {
    const MIN32: u64 = 0x8000_0000;
    const MIN64: u64 = 0x8000_0000_0000_0000;
    // (op, ra, rb, result, OV)
    for (op, a, b, result, overflow) in [
        (Op::mullwx, 0x1_0000, 0x1_0000, 0x1_0000_0000, 1),
        (Op::mullwx, (-3_i64) as u64, 5, (-15_i64) as u64, 0),
        (Op::mullwx, MIN32, MIN32, 0x4000_0000_0000_0000, 1),
        (Op::mulldx, MIN64, u64::MAX, MIN64, 1),
        (Op::mulldx, 1 << 32, 1 << 30, 1 << 62, 0),
        (Op::mulldx, 1 << 32, 1 << 31, 1 << 63, 1),
        (Op::divwx, 7, (-2_i64) as u64, 0xFFFF_FFFD, 0),
        // Only low words are divided, so this divisor is 0.
        (Op::divwx, 7, 0xFFFF_FFFF_0000_0000, 0, 1),
        (Op::divwx, MIN32, 0xFFFF_FFFF, 0, 1),
        (Op::divwux, 0xDEAD_0000_FFFF_FFFF, 2, 0x7FFF_FFFF, 0),
        (Op::divwux, 1, 0, 0, 1),
        (Op::divdx, (-7_i64) as u64, 2, (-3_i64) as u64, 0),
        (Op::divdx, MIN64, u64::MAX, 0, 1),
        (Op::divdx, 1, 0, 0, 1),
        (Op::divdux, u64::MAX, 2, u64::MAX / 2, 0),
        (Op::divdux, 1, 0, 0, 1),
    ] {
        let mut machine = CpuHarness::new();
        machine.ctx.gpr[4] = a;
        machine.ctx.gpr[5] = b;
        machine.one(x(op, 3, 4, 5, OE));
        assert_eq!((machine.ctx.gpr[3], machine.ctx.xer_ov), (result, overflow), "{op:?} {a:#x} {b:#x}");
        assert_eq!(machine.ctx.xer_so, overflow, "{op:?}");
    }
    for (op, a, b, result) in [
        (Op::mulhwx, 0x8000_0000, 2, u64::MAX),
        (Op::mulhwx, 0x4000_0000, 8, 2),
        (Op::mulhwux, 0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFE),
        (Op::mulhdx, u64::MAX, 2, u64::MAX),
        (Op::mulhdux, u64::MAX, u64::MAX, u64::MAX - 1),
    ] {
        let mut machine = CpuHarness::new();
        machine.ctx.gpr[4] = a;
        machine.ctx.gpr[5] = b;
        machine.one(x(op, 3, 4, 5, RC));
        assert_eq!(machine.ctx.gpr[3], result, "{op:?} {a:#x} {b:#x}");
        assert_eq!(machine.ctx.cr[0].nibble(), cr0(false, result, false), "{op:?}");
    }
}

#[test]
fn compares_are_signed_or_not_and_of_words_or_doublewords() {
    let a = 0xFFFF_FFFF_u64;
    let b = 1_u64;
    // (word, CR field 6)
    for (word, bits) in [
        (x(Op::cmp, 6 << 2, 4, 5, 0), 8),
        (x(Op::cmp, 6 << 2 | 1, 4, 5, 0), 4),
        (x(Op::cmpl, 6 << 2, 4, 5, 0), 4),
        (x(Op::cmpl, 6 << 2, 5, 4, 0), 8),
        (d(Op::cmpi, 6 << 2, 4, -1), 2),
        (d(Op::cmpi, 6 << 2 | 1, 4, -1), 4),
        (d(Op::cmpli, 6 << 2, 4, 0xFFFF), 4),
        (d(Op::cmpli, 6 << 2, 5, 1), 2),
    ] {
        let mut machine = CpuHarness::new();
        machine.ctx.gpr[4] = a;
        machine.ctx.gpr[5] = b;
        machine.one(word);
        assert_eq!(machine.ctx.cr.map(CrField::nibble), [0, 0, 0, 0, 0, 0, bits, 0], "{word:#x}");
        machine.ctx.xer_so = 1;
        machine.one(word);
        assert_eq!(machine.ctx.cr[6].nibble(), bits | 1, "{word:#x}");
    }
}

#[test]
fn vscr_moves_keep_the_architected_bits() {
    let mut machine = CpuHarness::new();
    machine.ctx.vr[7] = u128::MAX;
    machine.one(x(Op::mtvscr, 0, 0, 7, 0));
    machine.one(x(Op::mfvscr, 8, 0, 0, 0));
    assert_eq!((machine.ctx.vscr, machine.ctx.vr[8]), (0x1_0001, 0x1_0001));
}
