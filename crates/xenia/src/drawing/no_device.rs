//! Stands for the host's GPU in builds without the feature `window`: opening it fails.

use super::{CompileProgress, Drawing};
use crate::config::VideoConfig;
use crate::digest::ImageDigest;
use crate::report::{PipelinesReport, WgpuReport};
use crate::title::Title;
use anyhow::{Result, anyhow};
use std::convert::Infallible;
use std::sync::Arc;
use xenia_gpu::Backend;

fn missing<T>() -> Result<T> {
    Err(anyhow!("--gpu wgpu can't be used: the crate `xenia` was built without its feature `window`"))
}

/// Counters of a backend that does not exist.
pub struct NoTally(Infallible);
pub use NoTally as BackendTally;

/// A device that does not exist.
pub struct NoGraphicsDevice(Infallible);
pub use NoGraphicsDevice as SharedDevice;

/// Fails, naming the feature.
pub(super) fn draw(
    _: &Title,
    _: &ImageDigest,
    _: &VideoConfig,
    shared: Option<SharedDevice>,
    _: CompileProgress<'_>,
) -> Result<Drawing> {
    shared.map_or_else(missing, |shared| match shared.0 {})
}

/// Fails, naming the feature.
pub(super) fn probe(_: Option<&str>) -> Result<String> {
    missing()
}

/// The device that does not exist.
pub(super) struct OpenDevice(Infallible);

impl OpenDevice {
    /// Fails, naming the feature.
    pub(super) fn new() -> Result<Self> {
        missing()
    }

    /// Cannot be called.
    pub(super) fn backend(&self) -> (Box<dyn Backend>, Arc<BackendTally>) {
        match self.0 {}
    }
}

/// Cannot be called.
pub(crate) fn pipelines_report(tally: &BackendTally) -> PipelinesReport {
    match tally.0 {}
}

/// Cannot be called.
pub(crate) fn wgpu_report(tally: &BackendTally) -> WgpuReport {
    match tally.0 {}
}
