//! Whole scenes on the host's graphics device: those of xenia-gpu's tests.
#![allow(missing_docs, clippy::decimal_bitwise_operands)]

#[path = "../../xenia-gpu/tests/scene/mod.rs"]
mod scene;
#[path = "../../xenia-gpu/tests/scene/all.rs"]
mod scenes;

use std::sync::OnceLock;

use xenia_render::backend::{Device, WgpuBackend};

/// Threads that draw, and whether the processor's own is among them: what must make no difference.
const WAYS: &[(usize, bool)] = &[(1, true), (1, false)];

/// What draws scenes; the reference where there is no Vulkan driver.
fn backend(threads: usize) -> Box<dyn xenia_gpu::Backend> {
    static DEVICE: OnceLock<Option<Device>> = OnceLock::new();
    if let Some(device) = DEVICE.get_or_init(|| Device::open(true).ok()) {
        return Box::new(WgpuBackend::new(device.clone()));
    }
    println!("no Vulkan driver (Debian package mesa-vulkan-drivers): the reference draws");
    Box::new(xenia_gpu::Reference::with_threads(threads))
}
