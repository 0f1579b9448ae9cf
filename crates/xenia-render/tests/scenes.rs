//! The scenes of xenia-gpu's tests on the host's graphics device.
#![allow(clippy::decimal_bitwise_operands)] // sizes and numbers in packed words

#[path = "../../xenia-gpu/tests/scene/all.rs"]
mod all;
#[path = "../../xenia-gpu/tests/scene/mod.rs"]
mod scene;

use std::sync::OnceLock;

use xenia_render::backend::{AdapterChoice, Device, DeviceError, WgpuBackend};
use xenia_testing::{Tool, draws_in_software, obtain};

/// Number of draw threads, and whether draws run on the processor's thread. Results must not depend
/// on either.
const WAYS: &[(usize, bool)] = &[(1, true), (1, false)];

static DEVICE: OnceLock<Result<Device, DeviceError>> = OnceLock::new();

fn device_errors() -> u64 {
    DEVICE.get().and_then(|device| device.as_ref().ok()).map_or(0, Device::validation_errors)
}

/// Backend of the scenes. Without a Vulkan driver the test counts as not run, though the reference
/// draws its scene.
fn backend(threads: usize) -> Box<dyn xenia_gpu::Backend> {
    let choice = AdapterChoice { software: draws_in_software(), name: None };
    match obtain(Tool::Vulkan, DEVICE.get_or_init(|| Device::open(choice)).as_ref()) {
        Some(device) => Box::new(WgpuBackend::new(device.clone())),
        None => Box::new(xenia_gpu::Reference::with_threads(threads)),
    }
}
