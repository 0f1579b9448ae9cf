//! Fuzz test of draws and resolves on the reference backend: registers, microcode and memory of any
//! bits. No case may panic, take long, or use much memory.
//!
//! Each case has a number, which is its seed and is named in failures. `XENIA_RANDOM_DRAWS` selects
//! others.

use std::time::Duration;

use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::limits::DrawLimits;
use xenia_gpu::microcode::assemble;
use xenia_gpu::packets::{opcode, type0, type3};
use xenia_gpu::registers;
use xenia_testing::Cases;

use super::limits::limited;
use super::scene::*;

/// Number of cases by default.
const CASES: u64 = 400;
/// Draws in a case; registers keep their values from draw to draw.
const DRAWS: u32 = 6;
/// Longer than any case takes with the limits below.
const LONGEST: Duration = Duration::from_mins(1);

/// Random word that is often a meaningful value.
fn value(rng: &mut ChaCha8Rng) -> u32 {
    match rng.random_range(0..8) {
        0 | 1 => rng.random(),
        2 => rng.random_range(0..64),
        3 => rng.random_range(-300.0_f32..300.0).to_bits(),
        4 => *[VERTICES, INDICES, TEXTURE, FRONT].choose(rng).unwrap() | rng.random_range(0..4),
        5 => 1 << rng.random_range(0..32),
        6 => [0, u32::MAX, f32::NAN.to_bits(), f32::INFINITY.to_bits()][rng.random_range(0..4)],
        _ => rng.random::<u32>() & rng.random::<u32>() & rng.random::<u32>(),
    }
}

/// Random program: a sensible one, the same with some bits changed, or any words.
fn program(rng: &mut ChaCha8Rng, kind: u32) -> Vec<u32> {
    let sensible = if kind == 0 {
        [COLORED_VS, "alloc position\nmax oPos, r0, r0\nalloc interpolators 1\nmax o0, r0, r0"]
    } else {
        [COLORED_PS, TEXTURED_PS]
    };
    let mut words = assemble(sensible.choose(rng).unwrap()).unwrap();
    match rng.random_range(0..4) {
        0 => words.fill_with(|| rng.random()),
        1 => {
            for _ in 0..rng.random_range(1..6) {
                let at = rng.random_range(0..words.len());
                words[at] ^= 1 << rng.random_range(0..32);
            }
        }
        _ => {}
    }
    words
}

fn case(seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rng = &mut rng;
    let _threads = SceneSetting::new(&THREADS, rng.random_range(1..4));
    let mut scene = Scene::new(rng.random_range(1..40) * 8, rng.random_range(1..160), rng.random_range(0..3));
    for at in [VERTICES, INDICES, TEXTURE] {
        let words: Vec<u32> = (0..1024).map(|_| value(rng)).collect();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        scene.memory.write(at, &bytes);
    }
    let all: Vec<u32> = registers::rows().map(|row| row.index).collect();
    for _ in 0..DRAWS {
        for _ in 0..rng.random_range(0..12) {
            let index = match rng.random_range(0..4) {
                0 => rng.random_range(0x4000..0x4940),
                1 => rng.random_range(0x4800..0x4820),
                _ => *all.choose(rng).unwrap(),
            };
            // Registers of the ring buffer are left out.
            if index >= 0x2000 {
                scene.words.extend([type0(index, 1), value(rng)]);
            }
        }
        for kind in 0..2 {
            if rng.random_ratio(1, 2) {
                let code = program(rng, kind);
                let length = code.len() as u32;
                scene.words.extend([type3(opcode::IM_LOAD_IMMEDIATE, length + 2), kind, length]);
                scene.words.extend(code);
            }
        }
        // Mostly draws, some resolves.
        let mode = if rng.random_ratio(1, 8) { 6 } else { 4 };
        scene.set(0x2208, mode);
        let primitive =
            if rng.random_ratio(3, 4) { rng.random_range(1..16) } else { rng.random_range(0..64) };
        let count = rng.random_range(0..200) << 16;
        if rng.random_ratio(1, 2) {
            scene.words.extend([type3(opcode::DRAW_INDX_2, 1), primitive | 2 << 6 | count]);
        } else {
            let wide = rng.random_range(0..2) << 11;
            let size = rng.random_range(0..4) << 30 | rng.random_range(0..300);
            scene.words.extend([type3(opcode::DRAW_INDX, 4), 0, primitive | wide | count, INDICES, size]);
        }
        scene.run_anyway();
    }
}

#[test]
fn random_draws_end() {
    let _limits = limited(DrawLimits {
        texture_bytes: 16 << 20,
        vertex_steps: 1 << 14,
        band_steps: 1 << 12,
        draw_steps: 1 << 16,
    });
    Cases::new("XENIA_RANDOM_DRAWS", CASES).longest(LONGEST).each(case);
}
