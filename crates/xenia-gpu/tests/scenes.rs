//! Whole scenes on the reference backend.
#![allow(clippy::decimal_bitwise_operands)] // sizes and numbers in packed words

#[path = "scene/all.rs"]
mod all;
#[path = "scene/limits.rs"]
mod limits;
#[path = "scene/random.rs"]
mod random;
#[path = "scene/mod.rs"]
mod scene;

/// Number of draw threads, and whether draws run on the processor's thread. Results must not depend
/// on either.
const WAYS: &[(usize, bool)] =
    &[(1, true), (3, true), (8, true), (2, false), (2, true), (1, false), (1, false)];

/// The reference has no graphics API.
fn device_errors() -> u64 {
    0
}

/// Backend of the scenes.
fn backend(threads: usize) -> Box<dyn xenia_gpu::Backend> {
    let mut reference = xenia_gpu::Reference::with_threads(threads);
    reference.set_limits(limits::LIMITS.get());
    Box::new(reference)
}
