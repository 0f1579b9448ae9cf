//! Whole scenes on the host's graphics device: those of xenia-gpu's tests.
#![allow(clippy::decimal_bitwise_operands)] // sizes and numbers in packed words

#[path = "../../xenia-gpu/tests/scene/all.rs"]
mod all;
#[path = "../../xenia-gpu/tests/scene/mod.rs"]
mod scene;

use std::sync::OnceLock;

use xenia_render::backend::{Device, DeviceError, WgpuBackend};
use xenia_testing::{Tool, obtain};

/// Threads that draw, and whether the processor's own is among them: what must make no difference.
const WAYS: &[(usize, bool)] = &[(1, true), (1, false)];

/// What draws scenes. Without a Vulkan driver the test counts as not run, though the reference
/// draws its scene.
fn backend(threads: usize) -> Box<dyn xenia_gpu::Backend> {
    static DEVICE: OnceLock<Result<Device, DeviceError>> = OnceLock::new();
    match obtain(Tool::Vulkan, DEVICE.get_or_init(|| Device::open(true)).as_ref()) {
        Some(device) => Box::new(WgpuBackend::new(device.clone())),
        None => Box::new(xenia_gpu::Reference::with_threads(threads)),
    }
}
