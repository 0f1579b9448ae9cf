//! Measures the processor time of a draw up to its submission, by the kind of draw: by the wgpu
//! backend behind the command processor, by the command processor alone, and by a plain wgpu
//! program that draws the same.
//!
//! `cargo run --release -p xenia-render --example record_rate [-- ROUNDS [INDICES [TEXTURES]]]`:
//! draws have 6, 600 and 6,000 indices and 0, 4 and 16 textures, or only the given numbers; each
//! has a constant of its own. Figures are microseconds of the calling thread's CPU time, the least
//! of the rounds, so that neither other processes nor the device's speed count. A frame ends with a
//! wait for the device, which costs no CPU time.

mod draws;
mod emulated;
mod plain;
#[path = "../squares/mod.rs"]
mod squares;

use draws::Kind;
use emulated::Emulated;
use plain::Plain;
use std::time::Duration;
use xenia_render::backend::{AdapterChoice, Device};
use xenia_testing::thread_time;

/// Indices of a draw, and the number of such draws in a frame.
const LISTS: [(u32, u32); 3] = [(6, 2000), (600, 500), (6000, 100)];
/// Textures of a draw.
const TEXTURES: [u32; 3] = [0, 4, 16];

/// CPU time of a measurement; the kernel counts a thread's time in steps of milliseconds.
const MIN_TIME: Duration = Duration::from_millis(100);
/// Maximum number of frames in a measurement.
const MAX_FRAMES: u32 = 200;

/// The least CPU time of a frame, divided by its draws, in microseconds. The first frame compiles.
fn least(rounds: u32, draws: u32, mut frame: impl FnMut()) -> f64 {
    frame();
    let mut least = f64::MAX;
    for _ in 0..rounds {
        let start = thread_time();
        let mut frames = 0;
        let mut took = Duration::ZERO;
        while took < MIN_TIME && frames < MAX_FRAMES {
            frame();
            frames += 1;
            took = thread_time().saturating_sub(start);
        }
        least = least.min(took.as_secs_f64() * 1e6 / f64::from(frames.max(1) * draws));
    }
    least
}

fn main() {
    let argument = |number| std::env::args().nth(number).and_then(|text| text.parse::<u32>().ok());
    let [rounds, only_indices, only_textures] = [1, 2, 3].map(argument);
    let rounds = rounds.unwrap_or(5);
    let device = Device::open(AdapterChoice::default()).unwrap_or_else(|error| panic!("{error}"));
    println!("{}; microseconds of CPU time a draw, least of {rounds}", device.name());
    println!("| indices | textures | packets | recorded and submitted | draws/s | plain wgpu | ratio |");
    println!("|---|---|---|---|---|---|---|");
    for (indices, draws) in LISTS {
        for textures in TEXTURES {
            let is_chosen = |only: Option<u32>, number| only.is_none_or(|only| only == number);
            if !is_chosen(only_indices, indices) || !is_chosen(only_textures, textures) {
                continue;
            }
            let kind = Kind { indices, textures, draws };
            let mut packets = Emulated::new(None, kind);
            let packets = least(rounds, draws, || packets.frame());
            let mut emulated = Emulated::new(Some(device.clone()), kind);
            let whole = least(rounds, draws, || emulated.frame());
            let plain = Plain::new(device.clone(), kind);
            let plain = least(rounds, draws, || plain.frame());
            println!(
                "| {indices} | {textures} | {packets:.2} | {:.2} | {:.0} | {plain:.2} | {:.2} |",
                whole - packets,
                1e6 / whole,
                whole / plain
            );
            let problems = emulated.problems();
            assert!(problems.is_empty(), "the command processor reports {problems:?}");
        }
    }
}
