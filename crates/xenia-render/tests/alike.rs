//! Differential test: random scenes of meaningful state, drawn by the reference and on the host's
//! graphics device.
//!
//! Each backend is the oracle of the other: after every step the words of both EDRAMs, the memory
//! written by resolves and the sample counts must be equal. Values that are rounded twice by only
//! one of them may differ by a few steps of their field; they are then made equal, so that errors
//! don't propagate to the next step.
//!
//! Each case has a number, which is its seed and is named in failures:
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
    /// Whether the next scene is drawn by the device; else by the reference.
    static ON_DEVICE: Cell<bool> = const { Cell::new(false) };
}

fn device() -> Option<&'static Device> {
    static DEVICE: OnceLock<Result<Device, DeviceError>> = OnceLock::new();
    obtain(Tool::Vulkan, DEVICE.get_or_init(|| Device::open(true)).as_ref())
}

/// Backend of the scenes.
fn backend(threads: usize) -> Box<dyn Backend> {
    match device().filter(|_| ON_DEVICE.get()) {
        Some(device) => Box::new(WgpuBackend::new(device.clone())),
        None => Box::new(Reference::with_threads(threads)),
    }
}

/// Runs the cases of a family, if there is a device. A case returns whether it had an effect; a
/// family in which that is rare tests little.
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
