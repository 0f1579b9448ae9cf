//! What the arithmetic operations compute, for all lanes at once.
//!
//! Both functions are pure: side results (predicate, discards, address register, nesting) are
//! returned, and the interpreter applies them to the lanes that run.

use super::lanes::*;
use super::ops::{ScalarOp, VectorOp};

/// What an operation does besides its result.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub(super) enum Effect {
    #[default]
    None,
    /// The predicate of the lanes becomes this.
    Predicate(Mask),
    /// These lanes are discarded.
    Kill(Mask),
    /// The address register of the lanes becomes this.
    Address([i16; LANES]),
}

fn address(a: &Lanes, rounding: f32) -> Effect {
    let mut out = [0; LANES];
    for (out, a) in out.iter_mut().zip(a) {
        *out = floor(a + rounding).clamp(-256.0, 255.0) as i16;
    }
    Effect::Address(out)
}

fn zip(a: &Vector, b: &Vector, f: impl Fn(f32, f32) -> f32 + Copy) -> Vector {
    [0, 1, 2, 3].map(|c| map2(&a[c], &b[c], f))
}

fn zip3(a: &Vector, b: &Vector, c: &Vector, f: impl Fn(f32, f32, f32) -> f32 + Copy) -> Vector {
    [0, 1, 2, 3].map(|i| map3(&a[i], &b[i], &c[i], f))
}

fn each(a: &Vector, f: impl Fn(f32) -> f32 + Copy) -> Vector {
    [0, 1, 2, 3].map(|c| map(&a[c], f))
}

fn truth(holds: bool) -> f32 {
    if holds { 1.0 } else { 0.0 }
}

fn dot(a: &Vector, b: &Vector, components: usize) -> Lanes {
    let mut sum = map2(&a[0], &b[0], multiply);
    for c in 1..components {
        sum = map3(&a[c], &b[c], &sum, |a, b, sum| sum + multiply(a, b));
    }
    sum
}

fn kill(a: &Vector, b: &Vector, f: impl Fn(f32, f32) -> bool + Copy) -> (Vector, Effect) {
    let mask = (0..4).fold(0, |mask, c| mask | test2(&a[c], &b[c], f));
    (flags(mask), Effect::Kill(mask))
}

fn flags(mask: Mask) -> Vector {
    let mut lanes = [0.0; LANES];
    for (lane, out) in lanes.iter_mut().enumerate() {
        *out = truth(mask >> lane & 1 != 0);
    }
    [lanes; 4]
}

/// The predicates that count nesting: the predicate looks at w, the count at x.
fn push(a: &Vector, b: &Vector, f: impl Fn(f32) -> bool + Copy) -> (Vector, Effect) {
    let predicate = test2(&a[3], &b[3], |a, b| a == 0.0 && f(b));
    let count = map2(&a[0], &b[0], |a, b| if a == 0.0 && f(b) { 0.0 } else { a + 1.0 });
    ([count; 4], Effect::Predicate(predicate))
}

/// Cube map coordinates of one lane: the operation gets (z, z, x, y) and (y, x, z, z).
fn cube(z: f32, x: f32, y: f32) -> [f32; 4] {
    let (ax, ay, az) = (x.abs(), y.abs(), z.abs());
    let (t, s, major, face) = if az >= ax && az >= ay {
        (-y, if z < 0.0 { -x } else { x }, z, if z < 0.0 { 5.0 } else { 4.0 })
    } else if ay >= ax {
        (if y < 0.0 { -z } else { z }, x, y, if y < 0.0 { 3.0 } else { 2.0 })
    } else {
        (-y, if x < 0.0 { z } else { -z }, x, if x < 0.0 { 1.0 } else { 0.0 })
    };
    [t, s, 2.0 * major, face]
}

/// A vector operation.
pub(super) fn vector(op: VectorOp, [a, b, c]: &[Vector; 3]) -> (Vector, Effect) {
    let pure = |result| (result, Effect::None);
    match op {
        VectorOp::Add => pure(zip(a, b, |a, b| a + b)),
        VectorOp::Mul => pure(zip(a, b, multiply)),
        VectorOp::Max => pure(zip(a, b, |a, b| if a >= b { a } else { b })),
        VectorOp::Min => pure(zip(a, b, |a, b| if a < b { a } else { b })),
        VectorOp::Seq => pure(zip(a, b, |a, b| truth(a == b))),
        VectorOp::Sgt => pure(zip(a, b, |a, b| truth(a > b))),
        VectorOp::Sge => pure(zip(a, b, |a, b| truth(a >= b))),
        VectorOp::Sne => pure(zip(a, b, |a, b| truth(a != b))),
        VectorOp::Frc => pure(each(a, |a| a - floor(a))),
        VectorOp::Trunc => pure(each(a, truncate)),
        VectorOp::Floor => pure(each(a, floor)),
        VectorOp::Mad => pure(zip3(a, b, c, |a, b, c| multiply(a, b) + c)),
        VectorOp::CndEq => pure(zip3(a, b, c, |a, b, c| if a == 0.0 { b } else { c })),
        VectorOp::CndGe => pure(zip3(a, b, c, |a, b, c| if a >= 0.0 { b } else { c })),
        VectorOp::CndGt => pure(zip3(a, b, c, |a, b, c| if a > 0.0 { b } else { c })),
        VectorOp::Dp4 => pure([dot(a, b, 4); 4]),
        VectorOp::Dp3 => pure([dot(a, b, 3); 4]),
        VectorOp::Dp2Add => pure([map2(&dot(a, b, 2), &c[0], |sum, c| sum + c); 4]),
        VectorOp::Cube => {
            let mut result = [[0.0; LANES]; 4];
            for lane in 0..LANES {
                let [t, s, major, face] = cube(a[0][lane], a[2][lane], a[3][lane]);
                for (out, value) in result.iter_mut().zip([t, s, major, face]) {
                    out[lane] = value;
                }
            }
            pure(result)
        }
        VectorOp::Max4 => {
            let larger = |a: f32, b: f32| if a >= b { a } else { b };
            pure([map2(&map2(&a[0], &a[1], larger), &map2(&a[2], &a[3], larger), larger); 4])
        }
        VectorOp::SetpEqPush => push(a, b, |b| b == 0.0),
        VectorOp::SetpNePush => push(a, b, |b| b != 0.0),
        VectorOp::SetpGtPush => push(a, b, |b| b > 0.0),
        VectorOp::SetpGePush => push(a, b, |b| b >= 0.0),
        VectorOp::KillEq => kill(a, b, |a, b| a == b),
        VectorOp::KillGt => kill(a, b, |a, b| a > b),
        VectorOp::KillGe => kill(a, b, |a, b| a >= b),
        VectorOp::KillNe => kill(a, b, |a, b| a != b),
        VectorOp::Dst => pure([splat(1.0), map2(&a[1], &b[1], multiply), a[2], b[3]]),
        VectorOp::MaxA => (zip(a, b, |a, b| if a >= b { a } else { b }), address(&a[3], 0.5)),
    }
}

/// Infinities become the largest finite value.
fn clamp_infinity(value: f32) -> f32 {
    if value.is_infinite() { f32::MAX.copysign(value) } else { value }
}

/// Infinities become zero.
fn flush_infinity(value: f32) -> f32 {
    if value.is_infinite() { 0.0_f32.copysign(value) } else { value }
}

/// A predicate operation: the result is 0 where it holds.
fn predicate(
    a: &Lanes,
    holds: impl Fn(f32) -> bool + Copy,
    otherwise: impl Fn(f32) -> f32,
) -> (Lanes, Effect) {
    let result = map(a, |a| if holds(a) { 0.0 } else { otherwise(a) });
    (result, Effect::Predicate(test2(a, a, |a, _| holds(a))))
}

fn kills(a: &Lanes, f: impl Fn(f32) -> bool) -> (Lanes, Effect) {
    let mask = test2(a, a, |a, _| f(a));
    (flags(mask)[0], Effect::Kill(mask))
}

/// A scalar operation on `a` and `b`, and the scalar result before.
pub(super) fn scalar(op: ScalarOp, a: &Lanes, b: &Lanes, previous: &Lanes) -> (Lanes, Effect) {
    let pure = |result| (result, Effect::None);
    match op {
        ScalarOp::Adds | ScalarOp::Addsc0 | ScalarOp::Addsc1 => pure(map2(a, b, |a, b| a + b)),
        ScalarOp::AddsPrev => pure(map2(a, previous, |a, p| a + p)),
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
        ScalarOp::Frcs => pure(map(a, |a| a - floor(a))),
        ScalarOp::Truncs => pure(map(a, truncate)),
        ScalarOp::Floors => pure(map(a, floor)),
        ScalarOp::Exp => pure(map(a, f32::exp2)),
        ScalarOp::Logc => pure(map(a, |a| {
            let value = a.log2();
            if value == f32::NEG_INFINITY { -f32::MAX } else { value }
        })),
        ScalarOp::Log => pure(map(a, f32::log2)),
        ScalarOp::Rcpc => pure(map(a, |a| clamp_infinity(1.0 / a))),
        ScalarOp::Rcpf => pure(map(a, |a| flush_infinity(1.0 / a))),
        ScalarOp::Rcp => pure(map(a, |a| 1.0 / a)),
        ScalarOp::Rsqc => pure(map(a, |a| clamp_infinity(1.0 / a.sqrt()))),
        ScalarOp::Rsqf => pure(map(a, |a| flush_infinity(1.0 / a.sqrt()))),
        ScalarOp::Rsq => pure(map(a, |a| 1.0 / a.sqrt())),
        ScalarOp::MaxAs => (map2(a, b, |a, b| if a >= b { a } else { b }), address(a, 0.5)),
        ScalarOp::MaxAsf => (map2(a, b, |a, b| if a >= b { a } else { b }), address(a, 0.0)),
        ScalarOp::Subs | ScalarOp::Subsc0 | ScalarOp::Subsc1 => pure(map2(a, b, |a, b| a - b)),
        ScalarOp::SubsPrev => pure(map2(a, previous, |a, p| a - p)),
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
        ScalarOp::Sqrt => pure(map(a, f32::sqrt)),
        ScalarOp::Sin => pure(map(a, f32::sin)),
        ScalarOp::Cos => pure(map(a, f32::cos)),
        ScalarOp::RetainPrev => pure(*previous),
    }
}
