//! Tests of the fast path against the exact one, and of the exact one against `rustc_apfloat`, an
//! independent implementation: random operands biased to edges, every operation, format and
//! rounding mode.

use super::exact::{self, ExactResult, Fused, is_nan};
use super::fast::{self, Fast};
use super::fpscr::*;
use super::round::FloatFormat;
use rustc_apfloat::ieee::{Double, Single};
use rustc_apfloat::{Float, FloatConvert, Round, Status};
use xenia_testing::{Dice, is_long};

/// A stream of operands: edge values, values close to each other, short significands, random bits.
pub(crate) struct Operands(Dice);

impl Operands {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Dice(seed))
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0.next()
    }

    pub(crate) fn double(&mut self) -> u64 {
        const EDGES: [u64; 16] = [
            0,
            1,
            0x000F_FFFF_FFFF_FFFF,
            0x0010_0000_0000_0000,
            0x3690_0000_0000_0000,
            0x3800_0000_0000_0000,
            0x3810_0000_0000_0000,
            0x3FE0_0000_0000_0000,
            0x3FF0_0000_0000_0000,
            0x3FF0_0000_0000_0001,
            0x47EF_FFFF_E000_0000,
            0x47F0_0000_0000_0000,
            0x7FEF_FFFF_FFFF_FFFF,
            0x7FF0_0000_0000_0000,
            0x7FF0_0000_2000_0000,
            0x7FF8_0000_0000_0001,
        ];
        let bits = self.next_u64();
        let choice = self.next_u64();
        let sign = bits & 1 << 63;
        let exponent = |low: u64, count: u64| low + (bits >> 52 & 0x7FF) % count;
        let fraction = match choice >> 8 & 7 {
            0 => 0,
            1 => 1 << ((choice >> 16) % 52),
            2 => (1 << 52) - (1 << ((choice >> 16) % 52)),
            3 | 4 => bits & 0x000F_FFFF_E000_0000,
            5 => bits & 0x000F_FFFF_E000_0000 | 1 << 28,
            _ => bits & 0x000F_FFFF_FFFF_FFFF,
        } & 0x000F_FFFF_FFFF_FFFF;
        match choice & 15 {
            0 | 1 => sign | EDGES[(choice >> 32) as usize & 15],
            2 => bits,
            3 => sign | exponent(0, 64) << 52 | fraction,
            4 => sign | exponent(1983, 64) << 52 | fraction,
            5 => sign | exponent(870, 40) << 52 | fraction,
            6 => sign | exponent(1140, 20) << 52 | fraction,
            7 => sign | exponent(500, 30) << 52 | fraction,
            8..=11 => sign | exponent(1023 - 30, 60) << 52 | fraction,
            _ => sign | exponent(1021, 4) << 52 | fraction,
        }
    }

    /// A vector of edge values, of singles, or of random bits.
    pub(crate) fn vector(&mut self) -> u128 {
        const WORDS: [u32; 16] = [
            0,
            1,
            0x8000_0000,
            0xFFFF_FFFF,
            0x7FFF_FFFF,
            0x3F80_0000,
            0xBF80_0000,
            0x7F80_0000,
            0xFF80_0000,
            0x0080_0000,
            0x807F_FFFF,
            0x7FC0_0000,
            0x7F80_0001,
            0x7F7F_FFFF,
            0x4F00_0000,
            0x4B00_0001,
        ];
        let any = u128::from(self.next_u64()) << 64 | u128::from(self.next_u64());
        let choice = self.next_u64();
        match choice & 7 {
            0 => any,
            1 => any & u128::from_be_bytes([0x80; 16]),
            2 => any | 0x7F7F_FFFF_7F7F_FFFF_7F7F_FFFF_7F7F_FFFF,
            3 => (0..4).fold(0, |v, n| v << 32 | u128::from(WORDS[(choice >> (8 + 4 * n)) as usize & 15])),
            _ => (0..4).fold(0, |v, _| {
                let double = self.double();
                v << 32 | u128::from(super::single::double_to_single(double))
            }),
        }
    }

    /// A value that is representable as a single, in double format.
    pub(crate) fn short(&mut self) -> u64 {
        let double = self.double();
        super::single::single_to_double(super::single::double_to_single(double))
    }
}

fn as_status(outcome: ExactResult) -> Option<Fast> {
    match outcome {
        ExactResult::Value(result) => Some(Fast {
            bits: result.bits,
            status: result.class << FPRF_SHIFT | result.rounding | result.exceptions,
        }),
        _ => None,
    }
}

#[test]
fn fast_path_agrees_with_the_exact_path() {
    let mut operands = Operands::new(0x1234_5678_9ABC_DEF1);
    let mut taken = [0_u32; 11];
    let rounds = if is_long() { 1_500_000_u32 } else { 300_000 };
    for round in 0..rounds {
        let [a, b, c] = if round % 2 == 0 {
            [operands.double(), operands.double(), operands.double()]
        } else {
            [operands.short(), operands.short(), operands.short()]
        };
        // Every third sum nearly cancels.
        let b = if round % 3 == 0 { a ^ 1 << 63 ^ operands.next_u64() & 7 } else { b };
        let d = FloatFormat::Double;
        let s = FloatFormat::Single;
        let pairs = [
            (fast::add::<false>(a, b), exact::add(a, b, d, 0)),
            (fast::add::<true>(a, b), exact::add(a, b, s, 0)),
            (fast::multiply::<false>(a, c), exact::multiply(a, c, d, 0)),
            (fast::multiply::<true>(a, c), exact::multiply(a, c, s, 0)),
            (fast::divide::<false>(a, b), exact::divide(a, b, d, 0)),
            (fast::divide::<true>(a, b), exact::divide(a, b, s, 0)),
            (fast::square_root::<false>(a), exact::square_root(a, d, 0)),
            (fast::square_root::<true>(a), exact::square_root(a, s, 0)),
            (fast::multiply_add::<false>(a, c, b), exact::multiply_add(Fused::Madd, [a, c, b], d, 0)),
            (fast::multiply_add::<true>(a, c, b), exact::multiply_add(Fused::Madd, [a, c, b], s, 0)),
            (fast::to_single(a), exact::to_single(a, 0)),
        ];
        for (op, (fast, exact)) in pairs.into_iter().enumerate() {
            if let Some(fast) = fast {
                taken[op] += 1;
                assert_eq!(Some(fast), as_status(exact), "op {op}: {a:#x} {b:#x} {c:#x}");
            }
        }
    }
    assert!(taken.iter().all(|count| *count > rounds / 20), "{taken:?}");
}

/// Result bits (double format) and status from `rustc_apfloat`.
type Oracle = (u64, Status);

fn widen(value: Single) -> u64 {
    let mut loses = false;
    let wide: Double = value.convert(&mut loses).value;
    wide.to_bits() as u64
}

fn narrow(bits: u64) -> Single {
    Single::from_bits(u128::from(super::single::double_to_single(bits)))
}

fn wide(bits: u64) -> Double {
    Double::from_bits(u128::from(bits))
}

fn oracle(op: usize, single: bool, [a, c, b]: [u64; 3], mode: Round) -> Oracle {
    macro_rules! run {
        ($of:expr, $to:expr) => {{
            let a = $of(a);
            let c = $of(c);
            let b = $of(b);
            let result = match op {
                0 => a.add_r(b, mode),
                1 => a.sub_r(b, mode),
                2 => a.mul_r(c, mode),
                3 => a.div_r(b, mode),
                4 => a.mul_add_r(c, b, mode),
                _ => a.mul_add_r(c, -b, mode),
            };
            ($to(result.value), result.status)
        }};
    }
    if single { run!(narrow, widen) } else { run!(wide, |value: Double| value.to_bits() as u64) }
}

#[test]
fn exact_path_agrees_with_apfloat_in_every_mode() {
    const MODES: [Round; 4] =
        [Round::NearestTiesToEven, Round::TowardZero, Round::TowardPositive, Round::TowardNegative];
    let mut operands = Operands::new(0xFEDC_BA98_7654_3211);
    for round in 0..if is_long() { 120_000_u32 } else { 60_000 } {
        let single = round % 2 == 0;
        let format = if single { FloatFormat::Single } else { FloatFormat::Double };
        let mut next = || if single { operands.short() } else { operands.double() };
        let [a, mut b, c] = [next(), next(), next()];
        if round % 5 == 0 {
            b = a ^ 1 << 63;
        }
        if is_nan(a) || is_nan(b) || is_nan(c) {
            continue;
        }
        for op in 0..6 {
            let truncated = oracle(op, single, [a, c, b], Round::TowardZero).0 & !(1 << 63);
            for (rn, mode) in MODES.into_iter().enumerate() {
                let fpscr = rn as u32;
                let outcome = match op {
                    0 => exact::add(a, b, format, fpscr),
                    1 => exact::subtract(a, b, format, fpscr),
                    2 => exact::multiply(a, c, format, fpscr),
                    3 => exact::divide(a, b, format, fpscr),
                    4 => exact::multiply_add(Fused::Madd, [a, c, b], format, fpscr),
                    _ => exact::multiply_add(Fused::Msub, [a, c, b], format, fpscr),
                };
                let (bits, status) = oracle(op, single, [a, c, b], mode);
                // Made for failures only: it takes longer than the operation.
                let text = || format!("op {op} single {single} mode {rn}: {a:#x} {c:#x} {b:#x}");
                match outcome {
                    ExactResult::Invalid { .. } => assert!(status.contains(Status::INVALID_OP), "{}", text()),
                    ExactResult::ZeroDivide(result) => {
                        assert!(status.contains(Status::DIV_BY_ZERO), "{}", text());
                        assert_eq!(result.bits, bits, "{}", text());
                    }
                    ExactResult::Value(result) => {
                        assert_eq!(result.bits, bits, "{}", text());
                        let inexact = status.contains(Status::INEXACT);
                        assert_eq!(result.rounding & FI != 0, inexact, "{}", text());
                        assert_eq!(result.exceptions & XX != 0, inexact, "{}", text());
                        // apfloat reports an overflow only if the result is an infinity.
                        let largest: u64 = if single { 0x47EF_FFFF_E000_0000 } else { 0x7FEF_FFFF_FFFF_FFFF };
                        if !inexact || bits & !(1 << 63) != largest {
                            let overflow = status.contains(Status::OVERFLOW);
                            assert_eq!(result.exceptions & OX != 0, overflow, "{}", text());
                            let up = overflow || inexact && bits & !(1 << 63) != truncated;
                            assert_eq!(result.rounding & FR != 0, up, "{}", text());
                        }
                        // Tininess is detected before rounding; apfloat detects it after rounding,
                        // so the least normal number may differ.
                        let least = if single { 0x3810_0000_0000_0000 } else { 0x0010_0000_0000_0000 };
                        if bits & !(1 << 63) != least {
                            let small = inexact && bits & !(1 << 63) < least;
                            assert_eq!(result.exceptions & UX != 0, small, "{}", text());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn square_roots_bracket_the_operand() {
    let mut operands = Operands::new(0x0F0F_1234_4321_F0F1);
    for _ in 0..300_000 {
        let b = operands.double() & !(1 << 63);
        if b >= 0x7FF << 52 || b == 0 {
            continue;
        }
        let ExactResult::Value(nearest) = exact::square_root(b, FloatFormat::Double, 0) else { panic!() };
        assert_eq!(nearest.bits, f64::from_bits(b).sqrt().to_bits());
        let ExactResult::Value(down) = exact::square_root(b, FloatFormat::Double, 1) else { panic!() };
        let ExactResult::Value(up) = exact::square_root(b, FloatFormat::Double, 2) else { panic!() };
        if nearest.rounding & FI == 0 {
            assert_eq!((down.bits, up.bits), (nearest.bits, nearest.bits));
        } else {
            assert_eq!(up.bits, down.bits + 1);
            assert_eq!(nearest.rounding & FR != 0, nearest.bits == up.bits);
            assert_eq!((down.rounding, up.rounding), (FI, FI | FR));
        }
    }
}

#[test]
fn enabled_underflow_and_overflow_adjust_the_exponent() {
    let mut operands = Operands::new(0x7777_1234_4321_F0F1);
    let power = |e: i64| ((1023 + e) as u64) << 52;
    let mut small = 0;
    let mut large = 0;
    for _ in 0..200_000 {
        let significand = |bits: u64| bits & 0x800F_FFFF_FFFF_FFFF;
        let x = significand(operands.next_u64());
        let y = significand(operands.next_u64());
        let low = operands.next_u64() % 300;
        let expect = |scaled: ExactResult, exception: u32, outcome: ExactResult| {
            let (ExactResult::Value(mut scaled), ExactResult::Value(result)) = (scaled, outcome) else {
                panic!("not a value")
            };
            scaled.exceptions |= exception;
            assert_eq!(result, scaled);
        };
        for rn in 0..4 {
            let multiply =
                |ea, ec, fpscr| exact::multiply(x | power(ea), y | power(ec), FloatFormat::Double, fpscr);
            // Exponents −600 − low and −600: the product is tiny.
            let outcome = multiply(-600 - low as i64, -600, UE | rn);
            expect(multiply(168 - low as i64, 168, rn), UX, outcome);
            small += 1;
            let outcome = multiply(600 + low as i64, 600, OE | rn);
            expect(multiply(-168 + low as i64, -168, rn), OX, outcome);
            large += 1;
        }
    }
    assert!(small > 0 && large > 0);
    // The bias of a single is 192.
    let outcome = exact::multiply(power(100), power(100), FloatFormat::Single, OE);
    let ExactResult::Value(result) = outcome else { panic!() };
    assert_eq!((result.bits, result.exceptions), (power(8), OX));
    let ExactResult::Value(result) = exact::multiply(power(-100), power(-100), FloatFormat::Single, UE)
    else {
        panic!()
    };
    assert_eq!((result.bits, result.exceptions), (power(-8), UX));
}
