//! Tests of floating-point lanes: denormals and VSCR\[NJ\], estimates and their bounds, NaNs;
//! published results of hardware.

use super::{va, w};
use crate::interp::testing::{CpuHarness, x};
use crate::vscr_bit::NJ;
use xenia_isa::{Op, Operand};

#[test]
fn nj_decides_whether_vector_denormals_are_flushed() {
    let mut machine = CpuHarness::new();
    let [least, denormal, one] = [0x0080_0000, 0x8000_0001, 0x3F80_0000];
    let cases = [
        // Operands.
        (Op::vaddfp, [denormal, 0x8000_0000], 0x8000_0000, denormal),
        // Results.
        (Op::vsubfp, [0x8080_0001, 0x8080_0000], 0x8000_0000, 0x8000_0001),
        (Op::vmaxfp, [denormal, 0xBF80_0000], 0x8000_0000, denormal),
        (Op::vcmpgtfp, [0, denormal], 0, 0xFFFF_FFFF),
        (Op::vmulfp128, [least, 0x3F00_0000], 0, 0x0040_0000),
        // A product just below the least normal number rounds up to it, but is tiny.
        (Op::vmulfp128, [0x0080_0001, 0x3F7F_FFFE], 0, 0x0080_0000),
        (Op::vmulfp128, [0x0080_0000, one], least, least),
    ];
    for (op, [a, b], flushed, kept) in cases {
        machine.ctx.vr[4] = w([a; 4]);
        machine.ctx.vr[5] = w([b; 4]);
        for (vscr, result) in [(NJ, flushed), (0, kept)] {
            machine.ctx.vscr = vscr;
            machine.one(x(op, 3, 4, 5, 0));
            assert_eq!(machine.ctx.vr[3], w([result; 4]), "{op:?} {vscr:#x} {:032x}", machine.ctx.vr[3]);
        }
    }
}

#[test]
fn estimates_stay_within_their_bounds() {
    let mut machine = CpuHarness::new();
    let mut bits = 0_u32;
    for _ in 0..200_000 {
        bits = bits.wrapping_add(0x9E37_79B1);
        let value = f32::from_bits(bits);
        if !value.is_normal() {
            continue;
        }
        let exact = f64::from(value);
        machine.ctx.vr[5] = w([bits; 4]);
        let mut run = |op| {
            machine.one(x(op, 3, 0, 5, 0));
            machine.ctx.vr[3] as u32
        };
        let reciprocal = f64::from(f32::from_bits(run(Op::vrefp)));
        assert!(reciprocal == 0.0 || (reciprocal * exact - 1.0).abs() < 1.0 / 4096.0, "{bits:#x}");
        let root = f32::from_bits(run(Op::vrsqrtefp));
        assert!(value < 0.0 && root.is_nan() || (f64::from(root) * exact.sqrt() - 1.0).abs() < 1.0 / 4096.0);
        let power = f64::from(f32::from_bits(run(Op::vexptefp)));
        if exact.abs() < 126.0 {
            assert!((power / exact.exp2() - 1.0).abs() < 1.0 / 128.0, "{bits:#x} {power}");
        }
        let logarithm = f32::from_bits(run(Op::vlogefp));
        if value < 0.0 {
            assert!(logarithm.is_nan());
        } else {
            assert!((f64::from(logarithm) - exact.log2()).abs() < 1.0 / 128.0, "{bits:#x}");
        }
    }
    let nan = 0x7FC0_0000;
    for (op, cases) in [
        (
            Op::vrefp,
            [
                (0, 0x7F80_0000),
                (0x8000_0000, 0xFF80_0000),
                (0xFF80_0000, 0x8000_0000),
                (0x7F80_0001, 0x7FC0_0001),
            ],
        ),
        // The first interval, the second, one in the middle, and the end of the last.
        (
            Op::vrefp,
            [
                (0x3F80_0000, 0x3F7F_F800),
                (0x3F84_0000, 0x3F78_3800),
                (0xBFC0_0000, 0xBF2A_A800),
                (0x3FFF_FFFF, 0x3F00_0106),
            ],
        ),
        (
            Op::vrsqrtefp,
            [(0x3F80_0000, 0x3F7F_F400), (0x8000_0000, 0xFF80_0000), (0xBF80_0000, nan), (0x7F80_0000, 0)],
        ),
        (
            Op::vexptefp,
            [
                (0x4040_0000, 0x4100_0000),
                (0xFF80_0000, 0),
                (0x7F80_0000, 0x7F80_0000),
                (0x8000_0000, 0x3F80_0000),
            ],
        ),
        (
            Op::vlogefp,
            [(0x4100_0000, 0x4040_0000), (0x8000_0000, 0xFF80_0000), (0xBF80_0000, nan), (0x3F80_0000, 0)],
        ),
        // ½, −½, 127.99, 128; then −2^-16, −2^-15, ¾, and the number below 1.
        (
            Op::vexptefp,
            [
                (0x3F00_0000, 0x3FB5_0000),
                (0xBF00_0000, 0x3F35_0000),
                (0x42FF_FAE1, 0x7F7E_1000),
                (0x4300_0000, 0x7F80_0000),
            ],
        ),
        (
            Op::vexptefp,
            [
                (0xB780_0000, 0x3F80_0000),
                (0xB800_0000, 0x3F7F_F000),
                (0x3F40_0000, 0x3FD7_1000),
                (0x3F7F_FFFF, 0x3FFF_F000),
            ],
        ),
        // The last two bits round to nearest even: a tie down, a tie up, above a tie.
        (
            Op::vrsqrtefp,
            [
                (0x4008_0400, 0x3F2F_9486),
                (0x4008_0C00, 0x3F2F_8F94),
                (0x4008_0E00, 0x3F2F_8E57),
                (0x0080_0000, 0x5EFF_F400),
            ],
        ),
        // The hardware's pieces: their starts, and steps of 2^-11.
        (
            Op::vlogefp,
            [
                (0x3F80_1000, 0x3A00_0000),
                (0x3F88_0000, 0x3DC0_0000),
                (0x3FC0_0000, 0x3F16_0000),
                (0x407F_F000, 0x3FFF_F000),
            ],
        ),
    ] {
        for (operand, result) in cases {
            machine.ctx.vr[5] = w([operand; 4]);
            machine.one(x(op, 3, 0, 5, 0));
            assert_eq!(machine.ctx.vr[3], w([result; 4]), "{op:?} {operand:#x} {:032x}", machine.ctx.vr[3]);
        }
    }
}

#[test]
fn dot_products_of_special_values() {
    let mut machine = CpuHarness::new();
    let [one, infinity, least] = [0x3F80_0000, 0x7F80_0000, 0x0080_0000];
    for (vscr, a, b, expected) in [
        // A denormal result is zero in both modes, denormal operands only with NJ.
        (0, [least, 0, 0, 0], [0x3F00_0000, 0, 0, 0], 0),
        (0, [0x8040_0000, 0, 0, 0], [0x4080_0000, 0, 0, 0], 0x8100_0000),
        (NJ, [0x8040_0000, 0, 0, 0], [0x4080_0000, 0, 0, 0], 0),
        (NJ, [one, infinity, one, one], [one; 4], infinity),
        (NJ, [one, infinity, one, one], [one, 0, one, one], 0x7FC0_0000),
        (NJ, [one, 0x7F80_0002, one, 0x7FC0_0007], [one, 0x7FC0_0001, one, one], 0x7FC0_0002),
        (NJ, [one, one, one, one], [one, one, one, 0xFFC0_0001], 0xFFC0_0001),
    ] {
        machine.ctx.vscr = vscr;
        machine.ctx.vr[4] = w(a);
        machine.ctx.vr[5] = w(b);
        machine.one(x(Op::vmsum4fp128, 3, 4, 5, 0));
        assert_eq!(machine.ctx.vr[3], w([expected; 4]), "{a:x?} {b:x?} {:032x}", machine.ctx.vr[3]);
    }
    // The fourth lane is not part of a three-lane product.
    machine.ctx.vr[4] = w([one, one, one, 0x7FC0_0000]);
    machine.ctx.vr[5] = w([one, one, one, infinity]);
    machine.one(x(Op::vmsum3fp128, 3, 4, 5, 0));
    assert_eq!(machine.ctx.vr[3], w([0x4040_0000; 4]));
}

#[test]
fn estimates_of_denormals_follow_nj() {
    let mut machine = CpuHarness::new();
    for (op, operand, flushed, kept) in [
        (Op::vrsqrtefp, 0x0040_0000, 0x7F80_0000, 0x5F34_FD00),
        (Op::vrsqrtefp, 0x8040_0000, 0xFF80_0000, 0x7FC0_0000),
        (Op::vrsqrtefp, 1, 0x7F80_0000, 0x64B4_FD00),
        (Op::vrefp, 1, 0x7F80_0000, 0x7F80_0000),
        (Op::vrefp, 0x001F_FFFF, 0x7F80_0000, 0x7F80_0000),
        (Op::vrefp, 0x0020_0000, 0x7F80_0000, 0x7F7F_F800),
        (Op::vrefp, 0x8040_0000, 0xFF80_0000, 0xFEFF_F800),
        (Op::vrefp, 0x7E7F_FFFF, 0x0080_0106, 0x0080_0106),
        (Op::vrefp, 0x7E80_0000, 0, 0x007F_FC00),
        (Op::vrefp, 0xFF00_0000, 0x8000_0000, 0x803F_FE00),
        // A tie, to even.
        (Op::vrefp, 0x7F7F_FFFF, 0, 0x0020_0042),
        (Op::vexptefp, 0x0040_0000, 0x3F80_0000, 0x3F80_0000),
        (Op::vexptefp, 0xC2FC_0000, 0x0080_0000, 0x0080_0000),
        (Op::vexptefp, 0xC2FD_0000, 0, 0),
        (Op::vexptefp, 0xC315_0000, 0, 0),
        (Op::vlogefp, 1, 0xFF80_0000, 0xC315_0000),
    ] {
        machine.ctx.vr[5] = w([operand; 4]);
        for (vscr, result) in [(NJ, flushed), (0, kept)] {
            machine.ctx.vscr = vscr;
            machine.one(x(op, 3, 0, 5, 0));
            let actual = machine.ctx.vr[3];
            assert_eq!(actual, w([result; 4]), "{op:?} {vscr:#x} {operand:#x} {actual:032x}");
        }
    }
}

/// Results of a Cell PPE, in Java mode unless noted: published hardware test results.
#[test]
fn float_lanes_as_measured() {
    use Op::*;
    let minus = |v: u128| v ^ w([0x8000_0000; 4]);
    let p = w([0, 0x3F80_0000, 0x7F80_0000, 0x7FE0_0000]);
    let q = w([1, 0xBF80_0000, 0x4000_0000, 0x4080_0000]);
    let r = w([0x0080_0000, 0x8080_0000, 0x4100_0000, 0x4180_0000]);
    let s = w([0x8000_0000, 0x3F00_0000, 0x7F80_0000, 0x7F90_0000]);
    let t = w([0x3F80_0000, 0x4000_0000, 0x4040_0000, 0x4080_0000]);
    let u = w([0xBF80_0000, 0xC000_0000, 0x8000_0000, 0xFFF0_0000]);
    let x1 = w([0x3FB3_3333, 0x3FB3_3333, 0x4086_6666, 0]);
    let x2 = w([0x4040_0000, 0x4040_0000, 0x3F80_0000, 0]);
    let x3 = w([0, 0x3440_0000, 0x3440_0000, 0]);
    let run = |op: Op, vscr: u32, [a, b, c]: [u128; 3], expected: [u32; 4]| {
        let mut machine = CpuHarness::new();
        machine.ctx.vscr = vscr;
        machine.ctx.vr[4] = a;
        machine.ctx.vr[5] = b;
        machine.ctx.vr[6] = c;
        let three = op.row().operands.contains(&Operand::vc);
        machine.one(if three { va(op) } else { x(op, 3, 4, 5, 0) });
        assert_eq!(
            machine.ctx.vr[3],
            w(expected),
            "{op:?} {a:032x} {b:032x} {c:032x}: {:032x}",
            machine.ctx.vr[3]
        );
    };
    for (op, a, b, expected) in [
        (vmaxfp, q, s, [1, 0x3F00_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vmaxfp, p, s, [0, 0x3F80_0000, 0x7F80_0000, 0x7FE0_0000]),
        (vmaxfp, s, p, [0, 0x3F80_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vminfp, q, s, [0x8000_0000, 0xBF80_0000, 0x4000_0000, 0x7FD0_0000]),
        (vminfp, p, s, [0x8000_0000, 0x3F00_0000, 0x7F80_0000, 0x7FE0_0000]),
        (vaddfp, q, s, [1, 0xBF00_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vaddfp, s, p, [0, 0x3FC0_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vaddfp, minus(p), s, [0x8000_0000, 0xBF00_0000, 0x7FC0_0000, 0xFFE0_0000]),
        (vsubfp, q, s, [1, 0xBFC0_0000, 0xFF80_0000, 0x7FD0_0000]),
        (vsubfp, s, q, [0x8000_0001, 0x3FC0_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vsubfp, s, p, [0x8000_0000, 0xBF00_0000, 0x7FC0_0000, 0x7FD0_0000]),
        (vsubfp, minus(p), s, [0, 0xBFC0_0000, 0xFF80_0000, 0xFFE0_0000]),
        (vexptefp, 0, p, [0x3F80_0000, 0x4000_0000, 0x7F80_0000, 0x7FE0_0000]),
        (vexptefp, 0, minus(p), [0x3F80_0000, 0x3F00_0000, 0, 0xFFE0_0000]),
        (vlogefp, 0, q, [0xC315_0000, 0x7FC0_0000, 0x3F80_0000, 0x4000_0000]),
    ] {
        run(op, 0, [a, b, 0], expected);
    }
    // a × c + b.
    for (op, a, c, b, expected) in [
        (vmaddfp, q, t, r, [0x0080_0001, 0xC000_0000, 0x4160_0000, 0x4200_0000]),
        (vmaddfp, p, u, s, [0x8000_0000, 0xBFC0_0000, 0x7FC0_0000, 0x7FE0_0000]),
        (vmaddfp, u, p, s, [0x8000_0000, 0xBFC0_0000, 0x7FC0_0000, 0xFFF0_0000]),
        (vmaddfp, p, q, minus(s), [0, 0xBFC0_0000, 0x7FC0_0000, 0x7FE0_0000]),
        (vmaddfp, minus(q), p, s, [0x8000_0000, 0x3FC0_0000, 0x7FC0_0000, 0x7FD0_0000]),
        (vmaddfp, t, u, s, [0xBF80_0000, 0xC060_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vmaddfp, t, u, t, [0, 0xC000_0000, 0x4040_0000, 0xFFF0_0000]),
        (vmaddfp, x1, x2, x3, [0x4086_6666, 0x4086_6667, 0x4086_6666, 0]),
        (vnmsubfp, q, t, r, [0x007F_FFFF, 0x4000_0000, 0x4000_0000, 0x8000_0000]),
        (vnmsubfp, p, u, s, [0x8000_0000, 0x4020_0000, 0x7FC0_0000, 0x7FE0_0000]),
        (vnmsubfp, p, q, s, [0x8000_0000, 0x3FC0_0000, 0x7FC0_0000, 0x7FE0_0000]),
        (vnmsubfp, minus(q), p, minus(s), [0, 0xBFC0_0000, 0x7FC0_0000, 0xFFD0_0000]),
        (vnmsubfp, t, u, t, [0x4000_0000, 0x40C0_0000, 0x4040_0000, 0xFFF0_0000]),
    ] {
        run(op, 0, [a, b, c], expected);
    }
    // Denormal operands and results, in both modes; the product inside is not flushed.
    let [a, b] = [
        w([0x0080_0000, 0x0040_0000, 0x80C0_0000, 0x8020_0000]),
        w([0x8100_0000, 0x0080_0000, 0x0080_0000, 0x8000_0000]),
    ];
    run(vaddfp, 0, [a, b, 0], [0x8080_0000, 0x00C0_0000, 0x8040_0000, 0x8020_0000]);
    run(vaddfp, NJ, [a, b, 0], [0x8080_0000, 0x0080_0000, 0x8000_0000, 0x8000_0000]);
    let [c, d] = [w([0x00FF_FFFE, 0x007F_FFFF, 0, 0x8000_0000]), w([0x3F00_0000, 0x4000_0000, 0, 0])];
    run(vmaddfp, 0, [c, 0, d], [0x007F_FFFF, 0x00FF_FFFE, 0, 0]);
    run(vmaddfp, 0, [c, a, d], [0x00FF_FFFF, 0x011F_FFFF, 0x80C0_0000, 0x8020_0000]);
    run(vmaddfp, NJ, [d, 0, c], [0; 4]);
    run(vmaddfp, NJ, [d, a, c], [0x00FF_FFFF, 0, 0x80C0_0000, 0x8000_0000]);
}
