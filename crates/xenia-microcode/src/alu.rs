//! ALU operations for all lanes at once.
//!
//! Both functions are pure: side effects (predicate, discards, address register, nesting) are
//! returned, and the interpreter applies them to the active lanes. Powers, logarithms, sines and
//! cosines are libm's, because the last bits of the host's differ between processors and libraries.

use super::lanes::*;
use super::ops::{ScalarOp, VectorOp};

/// Side effect of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub(super) enum Effect {
    #[default]
    None,
    /// New predicate of the lanes.
    Predicate(Mask),
    /// Discards these lanes.
    Kill(Mask),
    /// New address register values of the lanes.
    Address([i16; LANES]),
}

/// Computes the address register's value; scalar operations never make it negative.
#[inline(always)]
fn address(a: &Lanes, rounding: f32, lowest: f32) -> Effect {
    let mut out = [0; LANES];
    for (out, a) in out.iter_mut().zip(a) {
        *out = floor(a + rounding).clamp(lowest, 255.0) as i16;
    }
    Effect::Address(out)
}

/// Operand as references to its components.
pub(super) type Ref<'a> = [&'a Lanes; 4];

#[inline(always)]
fn zip(out: &mut Vector, mask: u8, a: &Ref<'_>, b: &Ref<'_>, f: impl Fn(f32, f32) -> f32) {
    for c in components(mask) {
        for i in 0..LANES {
            out[c][i] = f(a[c][i], b[c][i]);
        }
    }
}

#[inline(always)]
fn zip3(out: &mut Vector, mask: u8, [a, b, c]: &[Ref<'_>; 3], f: impl Fn(f32, f32, f32) -> f32) {
    for k in components(mask) {
        for i in 0..LANES {
            out[k][i] = f(a[k][i], b[k][i], c[k][i]);
        }
    }
}

#[inline(always)]
fn each(out: &mut Vector, mask: u8, a: &Ref<'_>, f: impl Fn(f32) -> f32) {
    for c in components(mask) {
        for i in 0..LANES {
            out[c][i] = f(a[c][i]);
        }
    }
}

/// Components of a write mask.
#[inline(always)]
fn components(mask: u8) -> impl Iterator<Item = usize> {
    (0..4).filter(move |c| mask >> c & 1 != 0)
}

#[inline(always)]
fn truth(holds: bool) -> f32 {
    if holds { 1.0 } else { 0.0 }
}

#[inline(always)]
fn dot(a: &Ref<'_>, b: &Ref<'_>, count: usize) -> Lanes {
    let mut sum = map2(a[0], b[0], multiply);
    for c in 1..count {
        for i in 0..LANES {
            sum[i] = add(sum[i], multiply(a[c][i], b[c][i]));
        }
    }
    sum
}

#[inline(always)]
fn kill(out: &mut Vector, a: &Ref<'_>, b: &Ref<'_>, f: impl Fn(f32, f32) -> bool + Copy) -> Effect {
    let mask = (0..4).fold(0, |mask, c| mask | test2(a[c], b[c], f));
    *out = [flags(mask); 4];
    Effect::Kill(mask)
}

#[inline(always)]
fn flags(mask: Mask) -> Lanes {
    let mut lanes = [0.0; LANES];
    for (lane, out) in lanes.iter_mut().enumerate() {
        *out = truth(mask >> lane & 1 != 0);
    }
    lanes
}

/// Predicate operations with a nesting count: the predicate tests w, the count tests x.
#[inline(always)]
fn push(out: &mut Vector, a: &Ref<'_>, b: &Ref<'_>, f: impl Fn(f32) -> bool + Copy) -> Effect {
    let predicate = test2(a[3], b[3], |a, b| a == 0.0 && f(b));
    *out = [map2(a[0], b[0], |a, b| if a == 0.0 && f(b) { 0.0 } else { a + 1.0 }); 4];
    Effect::Predicate(predicate)
}

/// Cube map coordinates of one lane; the instruction's operands are (z, z, x, y) and (y, x, z, z).
#[inline(always)]
fn cube(z: f32, x: f32, y: f32) -> [f32; 4] {
    let ax = x.abs();
    let ay = y.abs();
    let az = z.abs();
    let (t, s, major, face) = if az >= ax && az >= ay {
        (-y, if z < 0.0 { -x } else { x }, z, if z < 0.0 { 5.0 } else { 4.0 })
    } else if ay >= ax {
        (if y < 0.0 { -z } else { z }, x, y, if y < 0.0 { 3.0 } else { 2.0 })
    } else {
        (-y, if x < 0.0 { z } else { -z }, x, if x < 0.0 { 1.0 } else { 0.0 })
    };
    [t, s, 2.0 * major, face]
}

/// Executes a vector operation; only the components of `mask` are defined in the result.
#[allow(clippy::needless_range_loop)] // the lanes of several arrays go side by side
#[inline(always)]
pub(super) fn vector(op: VectorOp, mask: u8, operands: &[Ref<'_>; 3], out: &mut Vector) -> Effect {
    let [a, b, c] = operands;
    match op {
        VectorOp::Add => zip(out, mask, a, b, add),
        VectorOp::Mul => zip(out, mask, a, b, multiply),
        VectorOp::Max => zip(out, mask, a, b, |a, b| if a >= b { a } else { b }),
        VectorOp::Min => zip(out, mask, a, b, |a, b| if a < b { a } else { b }),
        VectorOp::Seq => zip(out, mask, a, b, |a, b| truth(a == b)),
        VectorOp::Sgt => zip(out, mask, a, b, |a, b| truth(a > b)),
        VectorOp::Sge => zip(out, mask, a, b, |a, b| truth(a >= b)),
        VectorOp::Sne => zip(out, mask, a, b, |a, b| truth(a != b)),
        VectorOp::Frc => each(out, mask, a, fraction),
        VectorOp::Trunc => each(out, mask, a, truncate),
        VectorOp::Floor => each(out, mask, a, floor),
        VectorOp::Mad => zip3(out, mask, operands, |a, b, c| add(multiply(a, b), c)),
        VectorOp::CndEq => zip3(out, mask, operands, |a, b, c| if a == 0.0 { b } else { c }),
        VectorOp::CndGe => zip3(out, mask, operands, |a, b, c| if a >= 0.0 { b } else { c }),
        VectorOp::CndGt => zip3(out, mask, operands, |a, b, c| if a > 0.0 { b } else { c }),
        VectorOp::Dp4 => *out = [dot(a, b, 4); 4],
        VectorOp::Dp3 => *out = [dot(a, b, 3); 4],
        VectorOp::Dp2Add => *out = [map2(&dot(a, b, 2), c[0], add); 4],
        VectorOp::Cube => {
            for lane in 0..LANES {
                let values = cube(a[0][lane], a[2][lane], a[3][lane]);
                for (out, value) in out.iter_mut().zip(values) {
                    out[lane] = value;
                }
            }
        }
        VectorOp::Max4 => {
            let larger = |a: f32, b: f32| if a >= b { a } else { b };
            *out = [map2(&map2(a[0], a[1], larger), &map2(a[2], a[3], larger), larger); 4];
        }
        VectorOp::SetpEqPush => return push(out, a, b, |b| b == 0.0),
        VectorOp::SetpNePush => return push(out, a, b, |b| b != 0.0),
        VectorOp::SetpGtPush => return push(out, a, b, |b| b > 0.0),
        VectorOp::SetpGePush => return push(out, a, b, |b| b >= 0.0),
        VectorOp::KillEq => return kill(out, a, b, |a, b| a == b),
        VectorOp::KillGt => return kill(out, a, b, |a, b| a > b),
        VectorOp::KillGe => return kill(out, a, b, |a, b| a >= b),
        VectorOp::KillNe => return kill(out, a, b, |a, b| a != b),
        VectorOp::Dst => *out = [splat(1.0), map2(a[1], b[1], multiply), *a[2], *b[3]],
        VectorOp::MaxA => {
            zip(out, mask, a, b, |a, b| if a >= b { a } else { b });
            return address(a[3], 0.5, -256.0);
        }
    }
    Effect::None
}

/// Rounds reciprocals, roots, powers and logarithms to 21 mantissa bits, as the chip does. Shaders
/// of titles rely on it: an inexact reciprocal must not be one unit of the 23rd bit too small.
/// Settles NaNs.
#[inline(always)]
fn approximate(value: f32) -> f32 {
    // Half of the lowest bit that stays, before the two below it are cut.
    if value.is_finite() { f32::from_bits((value.to_bits() + 2) & !3) } else { canonical_nan(value) }
}

/// The fractional part; an infinity has none, so its result is the canonical NaN.
#[inline(always)]
fn fraction(value: f32) -> f32 {
    canonical_nan(value - floor(value))
}

#[inline(always)]
fn reciprocal(value: f32) -> f32 {
    approximate(1.0 / value)
}

#[inline(always)]
fn reciprocal_root(value: f32) -> f32 {
    approximate(1.0 / value.sqrt())
}

/// Logarithm to base 2.
#[inline(always)]
fn logarithm(value: f32) -> f32 {
    approximate(libm::log2f(value))
}

/// Replaces infinities by the largest finite value.
#[inline(always)]
fn clamp_infinity(value: f32) -> f32 {
    if value.is_infinite() { f32::MAX.copysign(value) } else { value }
}

/// Replaces infinities by zero.
#[inline(always)]
fn flush_infinity(value: f32) -> f32 {
    if value.is_infinite() { 0.0_f32.copysign(value) } else { value }
}

/// Executes a predicate operation; the result is 0 where the condition holds.
#[inline(always)]
fn predicate(
    a: &Lanes,
    holds: impl Fn(f32) -> bool + Copy,
    otherwise: impl Fn(f32) -> f32,
) -> (Lanes, Effect) {
    let result = map(a, |a| if holds(a) { 0.0 } else { otherwise(a) });
    (result, Effect::Predicate(test2(a, a, |a, _| holds(a))))
}

#[inline(always)]
fn kills(a: &Lanes, f: impl Fn(f32) -> bool) -> (Lanes, Effect) {
    let mask = test2(a, a, |a, _| f(a));
    (flags(mask), Effect::Kill(mask))
}

/// Executes a scalar operation on `a`, `b` and the previous scalar result.
#[inline(always)]
pub(super) fn scalar(op: ScalarOp, a: &Lanes, b: &Lanes, previous: &Lanes) -> (Lanes, Effect) {
    let pure = |result| (result, Effect::None);
    match op {
        ScalarOp::Adds | ScalarOp::Addsc0 | ScalarOp::Addsc1 => pure(map2(a, b, add)),
        ScalarOp::AddsPrev => pure(map2(a, previous, add)),
        ScalarOp::Muls | ScalarOp::Mulsc0 | ScalarOp::Mulsc1 => pure(map2(a, b, multiply)),
        ScalarOp::MulsPrev => pure(map2(a, previous, multiply)),
        ScalarOp::MulsPrev2 => pure(map3(a, b, previous, |a, b, p| {
            if p == -f32::MAX || !p.is_finite() || !b.is_finite() || b <= 0.0 {
                -f32::MAX
            } else {
                multiply(a, p)
            }
        })),
        ScalarOp::Maxs => pure(map2(a, b, |a, b| if a >= b { a } else { b })),
        ScalarOp::Mins => pure(map2(a, b, |a, b| if a < b { a } else { b })),
        ScalarOp::Seqs => pure(map(a, |a| truth(a == 0.0))),
        ScalarOp::Sgts => pure(map(a, |a| truth(a > 0.0))),
        ScalarOp::Sges => pure(map(a, |a| truth(a >= 0.0))),
        ScalarOp::Snes => pure(map(a, |a| truth(a != 0.0))),
        ScalarOp::Frcs => pure(map(a, fraction)),
        ScalarOp::Truncs => pure(map(a, truncate)),
        ScalarOp::Floors => pure(map(a, floor)),
        ScalarOp::Exp => pure(map(a, |a| approximate(libm::exp2f(a)))),
        ScalarOp::Logc => pure(map(a, |a| {
            let value = logarithm(a);
            if value == f32::NEG_INFINITY { -f32::MAX } else { value }
        })),
        ScalarOp::Log => pure(map(a, logarithm)),
        ScalarOp::Rcpc => pure(map(a, |a| clamp_infinity(reciprocal(a)))),
        ScalarOp::Rcpf => pure(map(a, |a| flush_infinity(reciprocal(a)))),
        ScalarOp::Rcp => pure(map(a, reciprocal)),
        ScalarOp::Rsqc => pure(map(a, |a| clamp_infinity(reciprocal_root(a)))),
        ScalarOp::Rsqf => pure(map(a, |a| flush_infinity(reciprocal_root(a)))),
        ScalarOp::Rsq => pure(map(a, reciprocal_root)),
        ScalarOp::MaxAs => (map2(a, b, |a, b| if a >= b { a } else { b }), address(a, 0.5, 0.0)),
        ScalarOp::MaxAsf => (map2(a, b, |a, b| if a >= b { a } else { b }), address(a, 0.0, 0.0)),
        ScalarOp::Subs | ScalarOp::Subsc0 | ScalarOp::Subsc1 => pure(map2(a, b, |a, b| add(a, -b))),
        ScalarOp::SubsPrev => pure(map2(a, previous, |a, p| add(a, -p))),
        ScalarOp::SetpEq => predicate(a, |a| a == 0.0, |_| 1.0),
        ScalarOp::SetpNe => predicate(a, |a| a != 0.0, |_| 1.0),
        ScalarOp::SetpGt => predicate(a, |a| a > 0.0, |_| 1.0),
        ScalarOp::SetpGe => predicate(a, |a| a >= 0.0, |_| 1.0),
        ScalarOp::SetpInv => predicate(a, |a| a == 1.0, |a| if a == 0.0 { 1.0 } else { a }),
        ScalarOp::SetpPop => predicate(a, |a| a - 1.0 <= 0.0, |a| a - 1.0),
        ScalarOp::SetpClr => (splat(f32::MAX), Effect::Predicate(0)),
        ScalarOp::SetpRstr => predicate(a, |a| a == 0.0, |a| a),
        ScalarOp::KillsEq => kills(a, |a| a == 0.0),
        ScalarOp::KillsGt => kills(a, |a| a > 0.0),
        ScalarOp::KillsGe => kills(a, |a| a >= 0.0),
        ScalarOp::KillsNe => kills(a, |a| a != 0.0),
        ScalarOp::KillsOne => kills(a, |a| a == 1.0),
        ScalarOp::Sqrt => pure(map(a, |a| approximate(a.sqrt()))),
        ScalarOp::Sin => pure(map(a, |a| canonical_nan(libm::sinf(a)))),
        ScalarOp::Cos => pure(map(a, |a| canonical_nan(libm::cosf(a)))),
        ScalarOp::RetainPrev => pure(*previous),
    }
}
