//! Generator of random programs: meaningful control flow, instructions of random bits.

use rand::Rng;
use std::fmt::Write;
use xenia_gpu::microcode::{Program, ScalarOp, ShaderKind, VectorOp, assemble};

/// Opcodes of fetches: vertex fetch, and texture operations.
const FETCHES: [u32; 9] = [0, 1, 16, 17, 18, 19, 24, 25, 26];

/// Loop constants of [`exact_words`].
pub const LOOPS: [u32; 5] = [0, 1, 2, 3, 5];

/// Scalar operations whose results are exact on all hosts. Powers, logarithms, reciprocals and
/// angles are left out; they also make infinities.
const EXACT_SCALARS: [u32; 41] = [
    0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 34, 35, 36, 37, 38,
    39, 42, 43, 44, 45, 46, 47, 50, 0, 2, 5, 25, 27,
];

fn condition(rng: &mut impl Rng) -> &'static str {
    ["", " p0", " !p0", " b3", " !b200"][rng.random_range(0..5)]
}

fn clause(rng: &mut impl Rng, text: &mut String) {
    let end = if rng.random_range(0..12) == 0 { "e" } else { "" };
    let _ = writeln!(text, "exec{end}{}", condition(rng));
    for _ in 0..rng.random_range(0..6) {
        // A placeholder, which is replaced by a random instruction later.
        text.push_str(if rng.random_range(0..4) == 0 { "undefined\n" } else { "max r0, r0, r0\n" });
    }
}

/// Limits of a program's control flow.
struct Shape {
    /// Deepest nesting of loops and jumps.
    depth: u32,
    /// Jumps and calls have any targets; else jumps lead forwards, and there are no calls.
    wild: bool,
    loops: &'static [u32],
}

fn part(rng: &mut impl Rng, text: &mut String, label: &mut u32, depth: u32, shape: &Shape) {
    for _ in 0..rng.random_range(1..4) {
        match rng.random_range(0..10) {
            0..=1 if depth < shape.depth => {
                *label += 1;
                let n = *label;
                let i = shape.loops[rng.random_range(0..shape.loops.len())];
                let repeat = ["", ", repeat"][rng.random_range(0..2)];
                let leave = ["", ", p0", ", !p0"][rng.random_range(0..3)];
                let _ = writeln!(text, "loop i{i}, e{n}{repeat}\nb{n}:");
                part(rng, text, label, depth + 1, shape);
                let _ = writeln!(text, "endloop i{i}, b{n}{leave}\ne{n}:");
            }
            2 if depth < shape.depth => {
                *label += 1;
                let n = *label;
                let when = condition(rng).replace(' ', ", ");
                let _ = writeln!(text, "jump e{n}{when}");
                part(rng, text, label, depth + 1, shape);
                let _ = writeln!(text, "e{n}:");
            }
            3 if shape.wild => {
                let name = ["call", "jump"][rng.random_range(0..2)];
                let when = condition(rng).replace(' ', ", ");
                let _ = writeln!(text, "{name} @{}{when}", rng.random_range(0..40));
            }
            4 => text.push_str("ret\n"),
            _ => clause(rng, text),
        }
    }
}

/// Generates control flow with placeholder instructions; half of the programs have no jumps and
/// calls.
fn control_flow(rng: &mut impl Rng, shape: &Shape, last: &str) -> Vec<u32> {
    let mut text = String::new();
    part(rng, &mut text, &mut 0, 0, shape);
    if rng.random_bool(0.5) {
        let plain = |line: &&str| !["jump", "call", "ret"].iter().any(|word| line.starts_with(word));
        text = text.lines().filter(plain).flat_map(|line| [line, "\n"]).collect();
    }
    text.push_str(last);
    // Labels and conditions are those of the assembler; an error would leave an empty program.
    assemble(&text).unwrap_or_default()
}

/// Words of the instructions, and whether each is a fetch.
fn instructions(words: &mut [u32]) -> impl Iterator<Item = (&mut [u32], bool)> {
    let first = Program::decode(words).controls.len() / 2 * 3;
    words[first..].chunks_exact_mut(3).map(|instruction| {
        let is_fetch = instruction[0] == 2 && instruction[1] == 0;
        (instruction, is_fetch)
    })
}

/// Generates a program that ends and whose results don't depend on the driver's approximations:
/// exact operations on eight registers.
pub fn exact_words(rng: &mut impl Rng) -> Vec<u32> {
    let shape = Shape { depth: 3, wild: false, loops: &LOOPS };
    let mut words = control_flow(rng, &shape, "");
    fill_exact(rng, &mut words);
    words
}

/// Generates a pixel shader like [`exact_words`] that returns a register plus `c[3]` as its first
/// colour, and seldom kills pixels.
pub fn pixel_words(rng: &mut impl Rng) -> Vec<u32> {
    let shape = Shape { depth: 3, wild: false, loops: &LOOPS };
    let mut words = control_flow(rng, &shape, "exec\nmax r0, r0, r0\n");
    fill_exact(rng, &mut words);
    for (instruction, _) in instructions(&mut words).filter(|(_, is_fetch)| !is_fetch) {
        let [a, _, c] = instruction else { continue };
        let is_kept = rng.random_range(0..16) == 0;
        if VectorOp::from_bits(*c >> 24 & 31).name().starts_with("kill") && !is_kept {
            *c &= !(31 << 24);
        }
        if ScalarOp::from_bits(*a >> 26).name().starts_with("kill") && !is_kept {
            *a &= !(63 << 26);
        }
    }
    let result = assemble(&format!("add oC0, r{}, c[3]", rng.random_range(0..8))).unwrap_or_default();
    let length = words.len();
    if let (Some(last), Some(export)) = (words.get_mut(length - 3..), result.last_chunk::<3>()) {
        last.copy_from_slice(export);
    }
    words
}

/// Fills placeholders with exact operations on eight registers.
fn fill_exact(rng: &mut impl Rng, words: &mut [u32]) {
    // Fetches remain undefined, so they have no effect.
    for (instruction, _) in instructions(words).filter(|(_, is_fetch)| !is_fetch) {
        instruction.fill_with(|| rng.random());
        let [a, b, c] = instruction else { continue };
        let export = [0, 1, 2, 61][rng.random_range(0..4)];
        let is_export = rng.random_range(0..3) == 0;
        let scalar = EXACT_SCALARS[rng.random_range(0..EXACT_SCALARS.len())];
        *a = *a & 0x03ff_0080 | scalar << 26 | if is_export { export | 1 << 15 } else { *a & 0x707 };
        // Occasionally a register indexed by the loop address.
        let relative = rng.random_range(0..8) == 0;
        if relative && !is_export {
            *a |= 1 << 6;
        }
        // Both halves of sums are clamped often, so that numbers stay small.
        *a |= if rng.random_bool(0.5) { 3 << 24 } else { 0 };
        let indexed = if rng.random_range(0..4) == 0 { 7 << 29 } else { 0 };
        let predicated = if rng.random_range(0..3) == 0 { 1 << 28 } else { 0 };
        *b = *b & 0x0fff_ffff | indexed & *b | predicated;
        *c &= 0xff87_8787;
    }
}

/// Generates a program with any instructions.
pub fn words(rng: &mut impl Rng, kind: ShaderKind) -> Vec<u32> {
    let shape = Shape { depth: 6, wild: true, loops: &[0, 1, 2, 3, 4, 5, 30, 31] };
    let mut words = control_flow(rng, &shape, "");
    for (instruction, is_fetch) in instructions(&mut words) {
        instruction.fill_with(|| rng.random());
        if is_fetch {
            instruction[0] = instruction[0] & !31 | FETCHES[rng.random_range(0..FETCHES.len())];
        } else if instruction[0] >> 15 & 1 != 0 {
            let exports: &[u32] =
                if kind == ShaderKind::Vertex { &[0, 1, 7, 15, 62, 63] } else { &[0, 1, 2, 3, 61] };
            instruction[0] = instruction[0] & !63 | exports[rng.random_range(0..exports.len())];
        }
    }
    words
}
