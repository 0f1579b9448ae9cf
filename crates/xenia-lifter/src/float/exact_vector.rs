//! Software vector arithmetic for lanes that inline code does not decide: NaNs, denormals where
//! they matter, and results at the edge of the normal range.
//!
//! The rules are those of the AltiVec manual and of decision 0004. Sums and products use the host's
//! arithmetic in Rust's default mode, rounded once; if the result is the smallest normal number,
//! `rustc_apfloat` determines in quadruple precision from which side it was rounded. It shares no
//! code with the interpreter's arithmetic.

use crate::float::soft_float::truncated;
use rustc_apfloat::ieee::{Quad, Single};
use rustc_apfloat::{Float, FloatConvert};
use std::cmp::Ordering;
use xenia_cpu::{ESTIMATE_TABLES, PpcContext, vscr_bit};
use xenia_host::float::fused_multiply_add_single;
use xenia_isa::{Instruction, Op, decode};

const SIGN: u32 = 0x8000_0000;
const INFINITY: u32 = 0x7F80_0000;
/// The NaN of invalid operations.
const INVALID: u32 = 0x7FC0_0000;
/// The quiet bit of a NaN.
const QUIET: u32 = 0x0040_0000;
/// The smallest normal number.
const LEAST: u32 = 0x0080_0000;

/// The pieces of `vlogefp`, one for each sixteenth of the interval from 1 to 2: the slope per
/// 2048th, and the line's value at 1; both in units of 1/65536.
pub(crate) const LOGARITHMS: [(u32, u32); 16] = [
    (48, 0),
    (40, 1024),
    (40, 1024),
    (36, 2560),
    (36, 2560),
    (36, 2560),
    (32, 5632),
    (32, 5632),
    (32, 5632),
    (28, 10236),
    (28, 10236),
    (28, 10236),
    (24, 16380),
    (24, 16380),
    (24, 16380),
    (24, 16380),
];

/// Executes `i` on its operands in the context and returns its row. Returns `None`, without effect,
/// for an instruction that compiled code never passes here.
pub fn execute(ctx: &mut PpcContext, i: Instruction) -> Option<Op> {
    let op = decode(i.0)?;
    let mode = Mode { non_java: ctx.vscr & vscr_bit::NJ != 0 };
    let (d, [a, b, c]) = registers(op, i);
    let [x, y, z] = [a, b, c].map(|n| elements(ctx.vr[n]));
    let each = |of: &dyn Fn(usize) -> u32| std::array::from_fn(of);
    let result = match op {
        Op::vaddfp | Op::vaddfp128 => each(&|n| mode.sum(x[n], y[n])),
        Op::vsubfp | Op::vsubfp128 => each(&|n| mode.difference(x[n], y[n])),
        Op::vmulfp128 => each(&|n| mode.product(x[n], y[n])),
        Op::vmaddfp | Op::vmaddfp128 | Op::vmaddcfp128 => each(&|n| mode.multiply_add(x[n], y[n], z[n])),
        Op::vnmsubfp | Op::vnmsubfp128 => each(&|n| mode.negative_multiply_subtract(x[n], y[n], z[n])),
        Op::vmaxfp | Op::vmaxfp128 => each(&|n| mode.extreme(x[n], y[n], Ordering::Greater)),
        Op::vminfp | Op::vminfp128 => each(&|n| mode.extreme(x[n], y[n], Ordering::Less)),
        Op::vrefp | Op::vrefp128 => each(&|n| mode.reciprocal(y[n])),
        Op::vrsqrtefp | Op::vrsqrtefp128 => each(&|n| mode.reciprocal_root(y[n])),
        Op::vlogefp | Op::vlogefp128 => each(&|n| mode.logarithm(y[n])),
        Op::vexptefp | Op::vexptefp128 => each(&|n| power(y[n])),
        Op::vmsum3fp128 => [mode.dot_product(&x[..3], &y[..3]); 4],
        Op::vmsum4fp128 => [mode.dot_product(&x, &y); 4],
        _ => return None,
    };
    ctx.vr[d] = result.into_iter().fold(0, |all, word| all << 32 | u128::from(word));
    Some(op)
}

/// vD, then vA, vB and the third operand.
fn registers(op: Op, i: Instruction) -> (usize, [usize; 3]) {
    match op {
        // The third operand is vD, as an addend or a factor.
        Op::vmaddfp128 | Op::vnmsubfp128 => (i.vd128(), [i.va128(), i.vd128(), i.vb128()]),
        Op::vmaddcfp128 => (i.vd128(), [i.va128(), i.vb128(), i.vd128()]),
        _ if op.row().family == xenia_isa::Family::Vector128 => (i.vd128(), [i.va128(), i.vb128(), 0]),
        _ => (i.vd(), [i.va(), i.vb(), i.vc()]),
    }
}

/// The words of a register, element 0 first.
fn elements(value: u128) -> [u32; 4] {
    [96, 64, 32, 0].map(|shift| (value >> shift) as u32)
}

fn is_nan(bits: u32) -> bool {
    bits & !SIGN > INFINITY
}

/// The first NaN, quieted.
fn first_nan(operands: &[u32]) -> Option<u32> {
    operands.iter().find(|&&bits| is_nan(bits)).map(|bits| bits | QUIET)
}

/// A number in quadruple precision.
fn quad(bits: u32) -> Quad {
    Single::from_bits(u128::from(bits)).convert(&mut false).value
}

/// Two to the power `b`, the same in both modes.
fn power(b: u32) -> u32 {
    if let Some(nan) = first_nan(&[b]) {
        return nan;
    }
    // 15 fraction bits, truncated. Operands of 2^23 and above have the same result.
    let significand = i64::from(b & 0x007F_FFFF | LEAST);
    let magnitude = match b >> 23 & 0xFF {
        exponent @ 135.. => significand << (exponent.min(150) - 135),
        exponent @ 112..=134 => significand >> (135 - exponent),
        _ => 0,
    };
    // The last four are rounded down.
    let fixed = if b & SIGN == 0 { magnitude >> 4 } else { -magnitude >> 4 };
    match 127 + (fixed >> 11) {
        255.. => INFINITY,
        ..=0 => 0,
        biased => {
            let entry = ESTIMATE_TABLES.vexptefp[(fixed >> 7 & 15) as usize];
            let place = (fixed & 0x7F) as u32;
            let fraction = (entry & 0xFFFF) + place * (entry >> 16);
            (biased as u32) << 23 | fraction >> 3 << 12
        }
    }
}

/// Treatment of denormals.
#[derive(Clone, Copy)]
struct Mode {
    /// Flush denormal operands and results to zero.
    non_java: bool,
}

impl Mode {
    fn operand(self, bits: u32) -> u32 {
        if self.non_java && bits & INFINITY == 0 { bits & SIGN } else { bits }
    }

    /// The result that was rounded to `usual`, with tininess detected before rounding. `exact` is
    /// the exact value, computed only in the one case that `usual` does not decide.
    fn decided(self, usual: f32, exact: impl FnOnce() -> Quad) -> u32 {
        let bits = usual.to_bits();
        match bits & !SIGN {
            _ if usual.is_nan() => INVALID,
            magnitude if self.non_java && magnitude < LEAST => bits & SIGN,
            LEAST if self.non_java && exact().abs() < quad(LEAST) => bits & SIGN,
            _ => bits,
        }
    }

    fn sum(self, a: u32, b: u32) -> u32 {
        first_nan(&[a, b]).unwrap_or_else(|| {
            let [a, b] = [a, b].map(|bits| self.operand(bits));
            let usual = f32::from_bits(a) + f32::from_bits(b);
            self.decided(usual, || truncated(|r| quad(a).add_r(quad(b), r)))
        })
    }

    /// `a − b`; a NaN keeps its sign.
    fn difference(self, a: u32, b: u32) -> u32 {
        self.sum(a, if is_nan(b) { b } else { b ^ SIGN })
    }

    fn product(self, a: u32, b: u32) -> u32 {
        first_nan(&[a, b]).unwrap_or_else(|| {
            let [a, b] = [a, b].map(|bits| self.operand(bits));
            let usual = f32::from_bits(a) * f32::from_bits(b);
            self.decided(usual, || truncated(|r| quad(a).mul_r(quad(b), r)))
        })
    }

    /// `a × c + b`.
    fn multiply_add(self, a: u32, b: u32, c: u32) -> u32 {
        first_nan(&[a, b, c]).unwrap_or_else(|| {
            let [a, b, c] = [a, b, c].map(|bits| self.operand(bits));
            let usual = fused_multiply_add_single(f32::from_bits(a), f32::from_bits(c), f32::from_bits(b));
            self.decided(usual, || truncated(|r| quad(a).mul_add_r(quad(c), quad(b), r)))
        })
    }

    /// `−(a × c − b)`; NaNs are not negated.
    fn negative_multiply_subtract(self, a: u32, b: u32, c: u32) -> u32 {
        let result = self.multiply_add(a, if is_nan(b) { b } else { b ^ SIGN }, c);
        if is_nan(result) { result } else { result ^ SIGN }
    }

    /// The operand that is `wanted`, greater or less than the other. +0 is greater than −0.
    fn extreme(self, a: u32, b: u32, wanted: Ordering) -> u32 {
        first_nan(&[a, b]).unwrap_or_else(|| {
            let [a, b] = [a, b].map(|bits| self.operand(bits));
            let [x, y] = [a, b].map(f32::from_bits);
            let a_is_less = if x == y { a & SIGN > b & SIGN } else { x < y };
            if a_is_less == (wanted == Ordering::Greater) { b } else { a }
        })
    }

    /// Exponent and fraction, bit 23 set, of a positive number; for other operands the error is the
    /// estimate's result: `zero` for zeros, `infinity` for +∞.
    fn positive(self, b: u32, zero: u32, infinity: u32) -> Result<(i32, u32), u32> {
        let b = match first_nan(&[b]) {
            Some(nan) => return Err(nan),
            None => self.operand(b),
        };
        match b {
            0 => Err(zero),
            SIGN => Err(zero),
            INFINITY => Err(infinity),
            _ if b & SIGN != 0 => Err(INVALID),
            _ => {
                let up = b.leading_zeros().saturating_sub(8);
                // A denormal has the exponent of the smallest normal number.
                let exponent = (b >> 23).max(1) as i32 - 127 - up as i32;
                Ok((exponent, b << up & 0x007F_FFFF | LEAST))
            }
        }
    }

    fn reciprocal(self, b: u32) -> u32 {
        if let Some(nan) = first_nan(&[b]) {
            return nan;
        }
        let sign = b & SIGN;
        let magnitude = match self.positive(b ^ sign, INFINITY, 0) {
            Ok((exponent, fraction)) => self.reciprocal_of_positive(exponent, fraction),
            Err(other) => other,
        };
        sign | magnitude
    }

    /// The reciprocal of a positive number of this exponent and fraction, bit 23 set.
    fn reciprocal_of_positive(self, exponent: i32, fraction: u32) -> u32 {
        let entry = ESTIMATE_TABLES.vrefp[(fraction >> 18 & 31) as usize];
        let place = fraction >> 9 & 0x1FF;
        let result = LEAST + (entry << 16 >> 7) - place * (entry >> 16);
        let biased = 126 - exponent;
        match biased {
            255.. => INFINITY,
            1..=254 => (biased as u32) << 23 | result & 0x007F_FFFF,
            _ if self.non_java => 0,
            _ => {
                // Rounded to nearest even. One or two bits are lost.
                let down = 1 - biased;
                let kept = result >> down;
                let lost = result << (32 - down);
                kept + u32::from(lost > SIGN || lost == SIGN && kept & 1 == 1)
            }
        }
    }

    fn reciprocal_root(self, b: u32) -> u32 {
        let (exponent, fraction) = match self.positive(b, INFINITY, 0) {
            Ok(number) => number,
            // The result of a zero has the zero's sign.
            Err(INFINITY) => return INFINITY | b & SIGN,
            Err(other) => return other,
        };
        let sixteenth = fraction >> 19 & 15;
        let parity = if exponent % 2 == 0 { 16 } else { 0 };
        let entry = ESTIMATE_TABLES.vrsqrtefp[(sixteenth | parity) as usize];
        let place = fraction >> 9 & 0x3FF;
        let root = (entry << 16 >> 6) - place * (entry >> 16);
        // 26 bits, of which the first is one or becomes one; the last two are rounded off to
        // nearest even.
        let small = root >> 25 == 0;
        let root = if small { root << 1 } else { root };
        let root = match root & 7 {
            3 | 7 | 6 => (root >> 2) + 1,
            _ => root >> 2,
        };
        let halved = (-exponent).div_euclid(2);
        let biased = 127 + halved - i32::from(small);
        (biased as u32) << 23 | root & 0x007F_FFFF
    }

    fn logarithm(self, b: u32) -> u32 {
        match self.positive(b, SIGN | INFINITY, INFINITY) {
            Ok((exponent, fraction)) => {
                let at = fraction >> 12 & 0x7FF;
                let (slope, base) = LOGARITHMS[(at >> 7) as usize];
                let part = (slope * at + base) >> 5;
                let sum = exponent * 2048 + part as i32;
                // The sum has fewer than 24 bits, so the conversion is exact.
                (sum as f32 * (1.0 / 2048.0)).to_bits()
            }
            Err(other) => other,
        }
    }

    /// In double precision, the sum of the even products plus that of the odd ones. An overflow
    /// gives a NaN, and a denormal result zero, regardless of NJ.
    fn dot_product(self, a: &[u32], b: &[u32]) -> u32 {
        let pairs = a.iter().zip(b);
        if let Some(nan) = pairs.clone().find_map(|(&a, &b)| first_nan(&[a, b])) {
            return nan;
        }
        // Adding −0 changes no sum.
        let mut products = [-0.0; 4];
        for (product, (&a, &b)) in products.iter_mut().zip(pairs) {
            let [a, b] = [a, b].map(|bits| f64::from(f32::from_bits(self.operand(bits))));
            *product = a * b;
        }
        let sum = (products[0] + products[2]) + (products[1] + products[3]);
        let single = sum as f32;
        match () {
            () if sum.is_nan() || single.is_infinite() && sum.is_finite() => INVALID,
            () if sum.abs() < f64::from(f32::MIN_POSITIVE) => u32::from(sum.is_sign_negative()) << 31,
            () => single.to_bits(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Result in v1 of the instruction on v1, v2, v3, with these words in all elements.
    fn result(op: Op, words: [u32; 3], vscr: u32) -> u32 {
        let mut ctx = PpcContext { vscr, ..PpcContext::default() };
        for (n, word) in words.into_iter().enumerate() {
            ctx.vr[n + 1] = u128::from(word) * 0x0000_0001_0000_0001_0000_0001_0000_0001;
        }
        let i = Instruction(op.row().bits | 1 << 21 | 1 << 16 | 2 << 11);
        // The third register of AltiVec forms.
        let i = if op.row().family == xenia_isa::Family::Vector && op.row().operands.len() == 4 {
            Instruction(i.0 | 3 << 6)
        } else {
            i
        };
        assert_eq!(execute(&mut ctx, i), Some(op), "{op:?}");
        let all = elements(ctx.vr[1]);
        assert_eq!(all, [all[0]; 4], "{op:?}");
        all[0]
    }

    /// Rules: the first NaN wins and keeps its payload, an invalid operation gives 7FC00000, and
    /// tininess is detected before rounding.
    #[test]
    fn edges_are_as_the_rules_want_them() {
        const ONE: u32 = 0x3F80_0000;
        const SNAN: u32 = 0xFF80_1234;
        const BELOW_ONE: u32 = 0x3F7F_FFFF;
        const INF: u32 = INFINITY;
        // Words of vA, vB, vC; result with NJ, and without.
        for (op, words, flushed, kept) in [
            (Op::vaddfp, [SNAN, 0x7FC0_0001, 0], 0xFFC0_1234, 0xFFC0_1234),
            (Op::vaddfp, [ONE, SNAN, 0], 0xFFC0_1234, 0xFFC0_1234),
            (Op::vsubfp, [ONE, SNAN, 0], 0xFFC0_1234, 0xFFC0_1234),
            (Op::vsubfp, [INF, INF, 0], INVALID, INVALID),
            (Op::vsubfp, [LEAST, LEAST + 1, 0], SIGN, SIGN | 1),
            (Op::vaddfp, [1, LEAST, 0], LEAST, LEAST + 1),
            (Op::vaddfp, [SIGN, SIGN | 3, 0], SIGN, SIGN | 3),
            // 2^-126 − 2^-150 rounds to 2^-126.
            (Op::vmulfp128, [BELOW_ONE, LEAST, 0], 0, LEAST),
            (Op::vmulfp128, [BELOW_ONE | SIGN, LEAST, 0], SIGN, SIGN | LEAST),
            (Op::vmulfp128, [ONE, LEAST, 0], LEAST, LEAST),
            (Op::vmulfp128, [0, INF, 0], INVALID, INVALID),
            // a × c + b.
            (Op::vmaddfp, [BELOW_ONE, SIGN, LEAST], 0, LEAST),
            (Op::vnmsubfp, [BELOW_ONE, 0, LEAST], SIGN, SIGN | LEAST),
            (Op::vmaddfp, [LEAST, LEAST, 0x2000_0000], LEAST, LEAST),
            (Op::vmaddfp, [LEAST, LEAST, 0xA000_0000], 0, LEAST),
            (Op::vmaddfp, [ONE, SNAN, 0x7FC0_0001], 0xFFC0_1234, 0xFFC0_1234),
            (Op::vmaddfp, [ONE, 0x7FC0_0001, SNAN], 0x7FC0_0001, 0x7FC0_0001),
            (Op::vnmsubfp, [INF, 0, 0], INVALID, INVALID),
            (Op::vnmsubfp, [ONE, ONE, ONE], SIGN, SIGN),
            (Op::vmaxfp, [SIGN, 0, 0], 0, 0),
            (Op::vminfp, [0, SIGN, 0], SIGN, SIGN),
            (Op::vmaxfp, [SIGN | 5, SIGN | 6, 0], SIGN, SIGN | 5),
            (Op::vminfp, [ONE, SNAN, 0], 0xFFC0_1234, 0xFFC0_1234),
            (Op::vrefp, [0, SNAN, 0], 0xFFC0_1234, 0xFFC0_1234),
            (Op::vrefp, [0, SIGN | INF, 0], SIGN, SIGN),
            (Op::vrefp, [0, SIGN | 0x0040_0000, 0], SIGN | INF, 0xFEFF_F800),
            (Op::vrefp, [0, 0x001F_FFFF, 0], INF, INF),
            // Results below the normal range: exact, and a tie.
            (Op::vrefp, [0, SIGN | 0x7E80_0000, 0], SIGN, SIGN | 0x007F_FC00),
            (Op::vrefp, [0, 0x7F7F_FFFF, 0], 0, 0x0020_0042),
            (Op::vexptefp, [0, SNAN, 0], 0xFFC0_1234, 0xFFC0_1234),
            (Op::vexptefp, [0, SIGN | INF, 0], 0, 0),
            (Op::vexptefp, [0, 0x4300_0000, 0], INF, INF),
            (Op::vexptefp, [0, SIGN | 1, 0], ONE, ONE),
            (Op::vexptefp, [0, 0x3F00_0000, 0], 0x3FB5_0000, 0x3FB5_0000),
            // −2^-15, −126 and −126½.
            (Op::vexptefp, [0, 0xB800_0000, 0], 0x3F7F_F000, 0x3F7F_F000),
            (Op::vexptefp, [0, 0xC2FC_0000, 0], LEAST, LEAST),
            (Op::vexptefp, [0, 0xC2FD_0000, 0], 0, 0),
        ] {
            assert_eq!(result(op, words, vscr_bit::NJ), flushed, "{op:?} of {words:x?} with NJ");
            assert_eq!(result(op, words, 0), kept, "{op:?} of {words:x?}");
        }
    }

    #[test]
    fn other_instructions_are_not_touched() {
        let mut ctx = PpcContext { vr: [7; 128], ..PpcContext::default() };
        let before = ctx.clone();
        assert_eq!(execute(&mut ctx, Instruction(Op::vand.row().bits)), None);
        assert_eq!(execute(&mut ctx, Instruction(0)), None);
        assert_eq!(ctx.first_difference(&before), None);
    }
}
