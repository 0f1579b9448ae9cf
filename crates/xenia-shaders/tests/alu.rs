//! Differential test of all ALU operations with all kinds of numbers: the interpreter against the
//! driver.
//!
//! [`tolerance`] has the allowed differences; docs/src/internals/shaders.md explains them.

use super::gpu::{self, Gpu};
use super::oracle::compare;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::Cell;
use std::fmt::Write;
use xenia_gpu::microcode::{ScalarOp, VectorOp};

/// Invocations of each operation.
const RUNS: usize = 2048;
/// Registers given to each invocation.
const REGISTERS: usize = 4;

const SPECIAL: [f32; 24] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.0,
    -2.5,
    3.0,
    255.0,
    -256.0,
    255.5,
    1e-3,
    1e10,
    -1e20,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    f32::MIN_POSITIVE,
    1e-40,
    -1e-45,
];

fn number(rng: &mut ChaCha8Rng) -> f32 {
    match rng.random_range(0..5) {
        0 | 1 => SPECIAL[rng.random_range(0..SPECIAL.len())],
        2 => f32::from_bits(rng.random()),
        3 => rng.random_range(-300.0..300.0),
        _ => rng.random_range(-4_i32..5) as f32,
    }
}

/// Flushes denormals to zero, keeping the sign.
fn flush(value: f32) -> f32 {
    if value.is_subnormal() { 0.0_f32.copysign(value) } else { value }
}

fn inputs(seed: u64, number: impl Fn(&mut ChaCha8Rng) -> f32) -> Vec<Vec<[f32; 4]>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..RUNS).map(|_| (0..REGISTERS).map(|_| [0; 4].map(|_| flush(number(&mut rng)))).collect()).collect()
}

/// Allowed difference from the interpreter's result.
#[derive(Clone, Copy)]
struct Tolerance {
    /// Units in the last place.
    ulps: u32,
    /// Or this absolute difference, for results near zero.
    absolute: f32,
}

const EXACT: Tolerance = Tolerance { ulps: 0, absolute: 0.0 };

fn tolerance(name: &str) -> Tolerance {
    match name {
        "exp" => Tolerance { ulps: 4, absolute: 0.0 },
        // One step of a 21-bit mantissa.
        "log" | "logc" => Tolerance { ulps: 4, absolute: 1e-6 },
        "sin" | "cos" => Tolerance { ulps: 2, absolute: 1e-6 },
        _ => EXACT,
    }
}

/// Distance of two floats in representable steps.
fn steps(a: f32, b: f32) -> u32 {
    let order = |value: f32| {
        let bits = value.to_bits() as i32;
        if bits < 0 { i32::MIN.wrapping_sub(bits) } else { bits }
    };
    order(a).abs_diff(order(b))
}

impl Tolerance {
    fn differs(self, expected: f32, got: f32) -> bool {
        // Denormal results may be flushed.
        let expected = flush(expected);
        let got = flush(got);
        let same = expected == got || expected.is_nan() && got.is_nan();
        let close = steps(expected, got) <= self.ulps || (expected - got).abs() <= self.absolute;
        let edge = expected == 0.0 && got.abs() <= f32::MIN_POSITIVE
            || got == 0.0 && expected.abs() <= f32::MIN_POSITIVE;
        !(same || edge || close && !expected.is_nan() && !got.is_nan())
    }
}

/// Code that makes the side effects of an operation visible: predicate, address register, previous
/// scalar.
const TRACES: &str = "(p0) add oC1.x, c[1].x, c[1].x\nmax oC1.y, c[a0+7].x, c[a0+7].x\nretain_prev oC1.z";

fn operands(rng: &mut ChaCha8Rng, count: usize) -> String {
    let mut text = String::new();
    let mut constants = 0;
    for _ in 0..count {
        let sign = ["", "-"][rng.random_range(0..2)];
        let absolute = ["", "", "_abs"][rng.random_range(0..3)];
        let letters: String = (0..4).map(|_| ['x', 'y', 'z', 'w'][rng.random_range(0..4)]).collect();
        // All constants of an instruction share one absolute-value bit.
        if rng.random_range(0..5) == 0 && constants == 0 {
            constants += 1;
            let _ = write!(text, ", {sign}c[{}]{absolute}.{letters}", rng.random_range(0..256));
        } else {
            let _ = write!(text, ", {sign}r{}{absolute}.{letters}", rng.random_range(0..REGISTERS));
        }
    }
    text
}

/// Compares the results; returns the largest difference among results other than zeros, infinities
/// and NaNs.
fn check(gpu: &Gpu, name: &str, text: &str, inputs: &[Vec<[f32; 4]>]) -> u32 {
    let tolerance = tolerance(name);
    let worst = Cell::new(0);
    compare(gpu, text, inputs, |expected, got| {
        if expected.is_normal() && got.is_normal() && (expected - got).abs() > tolerance.absolute {
            worst.set(worst.get().max(steps(expected, got)));
        }
        tolerance.differs(expected, got)
    });
    worst.get()
}

#[test]
fn vector_operations_agree_with_the_interpreter() {
    gpu::with_gpu(|gpu| {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let inputs = inputs(4, number);
        for op in VectorOp::ALL {
            for variant in 0..4 {
                let saturate = if variant == 3 { "_sat" } else { "" };
                let mask = ["xyzw", "xyzw", "x_zw", "_y_1"][variant];
                let sources = if variant == 0 {
                    [", r0", ", r1", ", r2"][..op.operands()].concat()
                } else {
                    operands(&mut rng, op.operands())
                };
                let text = format!("{}{saturate} oC0.{mask}{sources}\n{TRACES}", op.name());
                check(gpu, op.name(), &text, &inputs);
            }
        }
    });
}

#[test]
fn scalar_operations_agree_with_the_interpreter() {
    gpu::with_gpu(|gpu| {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let inputs = inputs(6, number);
        // Beyond a few turns the driver's sine has lost the angle's precision, like ours.
        let angles = self::inputs(7, |rng| rng.random_range(-6.3..6.3));
        for op in ScalarOp::ALL {
            let name = op.name().trim_end_matches(['0', '1']);
            let inputs = if matches!(op, ScalarOp::Sin | ScalarOp::Cos) { &angles } else { &inputs };
            let mut worst = 0;
            for variant in 0..4 {
                let saturate = if variant == 3 { "_sat" } else { "" };
                // Two different components: drivers optimise x - x to 0 even for infinite x.
                let a = rng.random_range(0..4);
                let b = rng.random_range(1..4);
                let letters: String = [a, (a + b) % 4].map(|i| ['x', 'y', 'z', 'w'][i]).iter().collect();
                let modifier = ["", "-", "", "-"][variant];
                let register = rng.random_range(0..2) * 2 + u32::from(op.name().ends_with('1'));
                let sources = match op.operands() {
                    _ if op.takes_constant_and_register() => {
                        format!(
                            ", c[{}].{}, r{register}.{}",
                            rng.random_range(0..256),
                            &letters[..1],
                            &letters[1..]
                        )
                    }
                    0 => String::new(),
                    1 => format!(", {modifier}r{register}.{}", &letters[..1]),
                    _ => format!(", {modifier}r{register}.{letters}"),
                };
                // The previous scalar result is a number of every kind too.
                let text = format!("maxs r3._, r3.xx\n{name}{saturate} oC0.y{sources}\n{TRACES}");
                worst = worst.max(check(gpu, op.name(), &text, inputs));
            }
            if worst != 0 {
                println!("{}: at most {worst} steps apart", op.name());
            }
        }
    });
}

#[test]
fn vector_and_scalar_halves_run_together() {
    gpu::with_gpu(|gpu| {
        let inputs = inputs(8, number);
        for text in [
            "add r0, r0, r1\n+ adds r1.x, r0.xy\nmax oC0, r0, r0\nmax oC1, r1, r1",
            "mul r2.xy, r0, r1\n+ muls r2.zw, r2.zw\nmax oC0, r2, r2",
            "maxa r1, r0, r0\n+ maxs r2.x, r0.zw\nmax oC0, c[a0+9], c[a0+9]\nadd oC1.x, r2, r1",
            "setp_eq_push r1, r0, r2\n+ setp_gt r2.x, r0.y\n(p0) max oC0, r1, r1\n(!p0) max oC1, r2, r2",
            "(p0) max r0, r1, r1\nsetp_ge r2.x, r0.x\n(p0) add r0, r0, r1\n(!p0) setp_ne r2.y, r0.z\n(p0) mul oC0, r0, r2\n(!p0) max oC1, r2, r0",
            // A predicate that changes in a run of predicated instructions.
            "setp_ge r2.x, r0.x\n(p0) setp_gt r2.y, r0.y\n(p0) max oC0, r1, r1\n(!p0) setp_eq r2.z, r0.z\n(!p0) max oC1, r0, r0",
            "max oC0.xy01, r0, r0\nadd oC1.x_1_, r0, r1\n+ maxs oC1.w, r2.xy",
            "kill_gt r1, r0, r1\nkills_eq r2.x, r2.x\nmax oC0, r1, r2",
        ] {
            check(gpu, "", text, &inputs);
        }
    });
}

#[test]
fn computed_indices_stay_within() {
    gpu::with_gpu(|gpu| {
        let inputs = inputs(9, number);
        for text in [
            "maxas r1.x, r0.xx\nmax oC0, c[a0+0], c[a0+0]\nmax oC1, c[a0+255], c[a0+100]",
            "maxasf r1.x, r0.xx\nmax oC0, -c[a0+1]_abs, -c[3]_abs",
            // The address starts at 250, leaves the constants, and wraps around in the registers.
            "loop i5, e\nb:\nexec\nadd r1, r1, c[aL+0]\nadd r[aL+3], r[aL+3], c[1].x\nendloop i5, b\ne:\nexec\nmax oC0, r1, r1\nmax oC1, r2, r3",
        ] {
            check(gpu, "", text, &inputs);
        }
    });
}
