//! Random scenes of state that means something, drawn by the reference and on the host's graphics
//! device.
//!
//! The two are each other's oracle: after every step the words of both EDRAMs, what copies left in
//! memory and the samples that passed are the same. What is rounded twice on one side only may be a
//! few steps of its field apart, and is then made the same again, so that no step is blamed for the
//! one before.
//!
//! Each case has a number, which is its seed; a failure names it:
//!
//! ```sh
//! XENIA_ALIKE_SCENES=0..2000 cargo nextest run -p xenia-render alike::
//! XENIA_ALIKE_SCENES=77..78 cargo nextest run -p xenia-render alike::targets
//! ```
#![allow(clippy::decimal_bitwise_operands)] // sizes and numbers in packed words

mod copies;
mod pair;
mod primitives;
#[path = "../../xenia-gpu/tests/scene/mod.rs"]
mod scene;
mod targets;

use std::cell::Cell;
use std::sync::OnceLock;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use xenia_gpu::{Backend, Reference};
use xenia_render::backend::{Device, DeviceError, WgpuBackend};
use xenia_testing::{Cases, Tool, obtain};

thread_local! {
    /// What draws the next scene: the device, or else the reference.
    static ON_DEVICE: Cell<bool> = const { Cell::new(false) };
}

fn device() -> Option<&'static Device> {
    static DEVICE: OnceLock<Result<Device, DeviceError>> = OnceLock::new();
    obtain(Tool::Vulkan, DEVICE.get_or_init(|| Device::open(true)).as_ref())
}

/// What draws scenes.
fn backend(threads: usize) -> Box<dyn Backend> {
    match device().filter(|_| ON_DEVICE.get()) {
        Some(device) => Box::new(WgpuBackend::new(device.clone())),
        None => Box::new(Reference::with_threads(threads)),
    }
}

/// Runs the cases of a family, if there is a device. A case says whether anything came of it; where
/// that is seldom so, the family tests little.
fn family(usual: u64, case: impl Fn(&mut ChaCha8Rng) -> bool) {
    if device().is_none() {
        return;
    }
    let (mut count, mut strong) = (0, 0);
    let cases = Cases::new("XENIA_ALIKE_SCENES", usual);
    let are_usual = cases.are_usual();
    cases.most_kib(4 << 20).each(|seed| {
        count += 1;
        strong += u64::from(case(&mut ChaCha8Rng::seed_from_u64(seed)));
    });
    println!("{strong} of {count} cases changed what was there");
    assert!(!are_usual || strong * 4 >= count * 3, "{strong} of {count}");
}
