//! Generator of random programs: meaningful control flow, instructions of random bits.
//!
//! Control flow is written as assembler text with placeholders, which random instructions then
//! replace. Programs for comparisons between drivers always end, and use operations whose results
//! are exact on all hosts; the others may loop for ever or read anything.

pub(crate) mod pipelines;

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

fn clause(rng: &mut impl Rng, text: &mut String, shape: &Shape) {
    let end = if rng.random_range(0..12) == 0 { "e" } else { "" };
    let _ = writeln!(text, "exec{end}{}", condition(rng));
    for _ in 0..rng.random_range(0..6) {
        // A placeholder, which is replaced by a random instruction later.
        text.push_str(if rng.random_range(0..4) == 0 { shape.fetch } else { "max r0, r0, r0\n" });
    }
}

/// Limits of a program's control flow.
#[derive(Clone, Copy)]
struct Shape {
    /// Deepest nesting of loops and jumps.
    depth: u32,
    /// Jumps and calls have any targets; else jumps lead forwards, and calls to functions.
    wild: bool,
    loops: &'static [u32],
    /// Placeholder of a fetch.
    fetch: &'static str,
    /// Number of functions behind the program.
    functions: u32,
    /// First function that may be called: functions call only those after them.
    callable: u32,
    /// Deepest nesting of calls in loops and jumps.
    calling_depth: u32,
    /// The part is a function, which returns early only where no loop is open.
    is_function: bool,
}

impl Shape {
    /// Nested loops and forward jumps, without calls and fetches.
    const EXACT: Self = Self {
        depth: 3,
        wild: false,
        loops: &LOOPS,
        fetch: "undefined\n",
        functions: 0,
        callable: 0,
        calling_depth: 0,
        is_function: false,
    };
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
            3 if depth <= shape.calling_depth && shape.callable < shape.functions => {
                let number = rng.random_range(shape.callable..shape.functions);
                let when = condition(rng).replace(' ', ", ");
                let _ = writeln!(text, "call f{number}{when}");
            }
            4 if shape.is_function && depth == 0 => {
                *label += 1;
                let when = condition(rng).replace(' ', ", ");
                let _ = writeln!(text, "jump e{label}{when}\nret\ne{label}:");
            }
            4 if !shape.is_function => text.push_str("ret\n"),
            _ => clause(rng, text, shape),
        }
    }
}

/// Fixed instructions of a program.
#[derive(Clone, Copy, Default)]
struct ProgramEnds<'a> {
    first: &'a str,
    last: &'a str,
}

/// Generates control flow with placeholder instructions; half of the programs have no jumps and
/// calls.
fn control_flow(rng: &mut impl Rng, shape: &Shape, ends: ProgramEnds<'_>) -> Vec<u32> {
    let mut text = String::from(ends.first);
    let mut label = 0;
    part(rng, &mut text, &mut label, 0, shape);
    if shape.functions > 0 {
        text.push_str("jump end\n");
        for number in 0..shape.functions {
            let _ = writeln!(text, "f{number}:");
            let function =
                Shape { depth: 1, callable: number + 1, calling_depth: 0, is_function: true, ..*shape };
            part(rng, &mut text, &mut label, 0, &function);
            text.push_str("ret\n");
        }
        text.push_str("end:\n");
    }
    if rng.random_bool(0.5) {
        let plain = |line: &&str| !["jump", "call", "ret"].iter().any(|word| line.starts_with(word));
        text = text.lines().filter(plain).flat_map(|line| [line, "\n"]).collect();
    }
    text.push_str(ends.last);
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
    let mut words = control_flow(rng, &Shape::EXACT, ProgramEnds::default());
    fill_exact(rng, &mut words);
    words
}

/// Generates a pixel shader like [`exact_words`] that returns a register plus `c[3]` as its first
/// colour, and seldom kills pixels.
pub fn pixel_words(rng: &mut impl Rng) -> Vec<u32> {
    let ends = ProgramEnds { last: LAST, ..ProgramEnds::default() };
    let mut words = control_flow(rng, &Shape::EXACT, ends);
    fill_exact(rng, &mut words);
    for (instruction, _) in instructions(&mut words).filter(|(_, is_fetch)| !is_fetch) {
        if rng.random_range(0..16) != 0 {
            remove_kills(instruction);
        }
    }
    finish(&mut words, &format!("add oC0, r{}, c[3]", rng.random_range(0..8)));
    words
}

/// Placeholder of a program's last instruction.
const LAST: &str = "exec\nmax r0, r0, r0\n";

/// Replaces the last instruction.
fn finish(words: &mut [u32], text: &str) {
    let last = words.len().saturating_sub(3);
    if let (Some(last), Some(instruction)) = (words.get_mut(last..), encoded(text))
        && last.len() == 3
    {
        last.copy_from_slice(&instruction);
    }
}

/// Words of an instruction.
fn encoded(text: &str) -> Option<[u32; 3]> {
    assemble(text).ok()?.last_chunk::<3>().copied()
}

/// Replaces operations that discard the pixel.
fn remove_kills(instruction: &mut [u32]) {
    let [a, _, c] = instruction else { return };
    if VectorOp::from_bits(*c >> 24 & 31).name().starts_with("kill") {
        *c &= !(31 << 24);
    }
    if ScalarOp::from_bits(*a >> 26).name().starts_with("kill") {
        *a &= !(63 << 26);
    }
}

/// Fills placeholders with exact operations on eight registers.
fn fill_exact(rng: &mut impl Rng, words: &mut [u32]) {
    // Fetches remain undefined, so they have no effect.
    for (instruction, _) in instructions(words).filter(|(_, is_fetch)| !is_fetch) {
        exact(rng, instruction, PIXEL_EXPORTS);
    }
}

/// Exports of random pixel programs: three colours and the depth.
const PIXEL_EXPORTS: [u32; 4] = [0, 1, 2, 61];

/// Makes a random instruction of exact operations on eight registers.
fn exact(rng: &mut impl Rng, instruction: &mut [u32], exports: [u32; 4]) {
    instruction.fill_with(|| rng.random());
    let [a, b, c] = instruction else { return };
    let export = exports[rng.random_range(0..4)];
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

/// Generates a program with any instructions.
pub fn words(rng: &mut impl Rng, kind: ShaderKind) -> Vec<u32> {
    let shape = Shape { depth: 6, wild: true, loops: &[0, 1, 2, 3, 4, 5, 30, 31], ..Shape::EXACT };
    let mut words = control_flow(rng, &shape, ProgramEnds::default());
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
