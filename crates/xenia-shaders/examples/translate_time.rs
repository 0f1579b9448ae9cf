//! Measures the translation of a shader of 512 operations: decoding, translating, validating.
//! Prints the least and the median time of each; the least is more reliable on a busy machine.
//!
//! `translate_time [RUNS]`: number of runs, 1000 by default.

use std::fmt::Write;
use std::time::Instant;

use xenia_gpu::microcode::{Program, assemble};
use xenia_shaders::{Interpolators, Stage, translate};

/// Operations of the shader; both halves count.
const OPERATIONS: usize = 512;

/// Mix of instructions as in large pixel shaders: products and sums with some scalar operations,
/// texture fetches and predicates.
fn shader() -> Vec<u32> {
    let mut text = String::new();
    let mut operations = 0;
    let mut i = 0_usize;
    while operations < OPERATIONS - 2 {
        let a = i % 23;
        let b = (i + 7) % 23;
        let c = (i * 5 + 2) % 23;
        let (line, count) = match i % 12 {
            0..=4 => (format!("mad r{a}, r{b}, c[{}], r{c}.wzyx", i % 256), 1),
            5 => (format!("dp3 r{a}.x, r{b}, r{c}\n+ rsq r{a}.w, r{c}.w"), 2),
            6 => (format!("mul r{a}, r{b}, r{c}\n+ adds r{b}.y, r{c}.xy"), 2),
            7 => (format!("max r{a}.xyz, r{b}, -c[{}]_abs", i % 256), 1),
            8 => (format!("sge r{a}.w, r{b}, c[3].x"), 1),
            9 => (format!("setp_gt r{a}._, r{b}.x"), 1),
            10 => (format!("(p0) add_sat r{a}, r{b}, r{c}"), 1),
            _ => (format!("tfetch2D r{a}, r{b}.xy, tf{}", i % 8), 1),
        };
        let _ = writeln!(text, "{line}");
        operations += count;
        i += 1;
    }
    text.push_str("max oC0, r0, r1\nmax oC1, r2, r3");
    assemble(&text).expect("the example's shader assembles")
}

fn main() {
    let runs: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1000);
    let words = shader();
    let interpolators = Interpolators { count: 8, ..Interpolators::default() };
    let stage = Stage::Pixel {
        interpolators,
        position_register: None,
        pixels_of: Default::default(),
        alpha_test: false,
        alpha_to_mask: false,
        anisotropic: 0,
    };
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..runs.max(1) {
        let begun = Instant::now();
        let program = Program::decode(&words);
        let decoded = Instant::now();
        let translation = translate(&program, stage).expect("the example's shader translates");
        let translated = Instant::now();
        translation.validate().expect("the example's shader is valid");
        let validated = Instant::now();
        times[0].push(decoded - begun);
        times[1].push(translated - decoded);
        times[2].push(validated - translated);
    }
    for (name, times) in ["decode", "translate", "validate"].iter().zip(&mut times) {
        times.sort();
        let median = times[times.len() / 2];
        println!("{name:9} {:6} us least, {:6} us median", times[0].as_micros(), median.as_micros());
    }
}
