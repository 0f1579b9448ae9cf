//! Random programs: control flow that makes sense, instructions of random bits.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::fmt::Write;
use xenia_gpu::microcode::{Program, ShaderKind, assemble};

/// Opcodes of fetches: vertex fetch, and the textures' operations.
const FETCHES: [u32; 9] = [0, 1, 16, 17, 18, 19, 24, 25, 26];

fn condition(rng: &mut ChaCha8Rng) -> &'static str {
    ["", " p0", " !p0", " b3", " !b200"][rng.random_range(0..5)]
}

fn clause(rng: &mut ChaCha8Rng, text: &mut String) {
    let end = if rng.random_range(0..12) == 0 { "e" } else { "" };
    let _ = writeln!(text, "exec{end}{}", condition(rng));
    for _ in 0..rng.random_range(0..6) {
        // What the instruction is comes later; here it only takes its place.
        text.push_str(if rng.random_range(0..4) == 0 { "undefined\n" } else { "max r0, r0, r0\n" });
    }
}

fn part(rng: &mut ChaCha8Rng, text: &mut String, label: &mut u32, depth: u32) {
    for _ in 0..rng.random_range(1..4) {
        match rng.random_range(0..10) {
            0..=1 if depth < 6 => {
                *label += 1;
                let (n, i) = (*label, rng.random_range(0..32));
                let repeat = ["", ", repeat"][rng.random_range(0..2)];
                let leave = ["", ", p0", ", !p0"][rng.random_range(0..3)];
                let _ = writeln!(text, "loop i{i}, e{n}{repeat}\nb{n}:");
                part(rng, text, label, depth + 1);
                let _ = writeln!(text, "endloop i{i}, b{n}{leave}\ne{n}:");
            }
            2 if depth < 6 => {
                *label += 1;
                let n = *label;
                let when = condition(rng).replace(' ', ", ");
                let _ = writeln!(text, "jump e{n}{when}");
                part(rng, text, label, depth + 1);
                let _ = writeln!(text, "e{n}:");
            }
            3 => {
                let (name, when) =
                    (["call", "jump"][rng.random_range(0..2)], condition(rng).replace(' ', ", "));
                let _ = writeln!(text, "{name} @{}{when}", rng.random_range(0..40));
            }
            4 => text.push_str("ret\n"),
            _ => clause(rng, text),
        }
    }
}

/// The words of a random program. About half of them jump or call.
pub(super) fn words(rng: &mut ChaCha8Rng, kind: ShaderKind) -> Vec<u32> {
    let mut text = String::new();
    part(rng, &mut text, &mut 0, 0);
    if rng.random_bool(0.5) {
        let plain = |line: &&str| !["jump", "call", "ret"].iter().any(|word| line.starts_with(word));
        text = text.lines().filter(plain).flat_map(|line| [line, "\n"]).collect();
    }
    let mut words = assemble(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let program = Program::decode(&words);
    let first = program.controls.len() / 2 * 3;
    for instruction in words[first..].chunks_exact_mut(3) {
        let is_fetch = instruction[0] == 2 && instruction[1] == 0;
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
