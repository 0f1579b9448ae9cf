//! GPU backends for a title, and their files in the user's cache folder.

#[cfg(feature = "window")]
mod device;
#[cfg(not(feature = "window"))]
#[path = "drawing/no_device.rs"]
mod device;
#[cfg(feature = "window")]
pub mod stores;

use crate::config::{GpuKind, VideoConfig};
use crate::digest::ImageDigest;
use crate::title::Title;
use crate::user_folders;
use anyhow::Result;
pub use device::{BackendTally, SharedDevice};
pub(crate) use device::{pipelines_report, wgpu_report};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_gpu::reference::Reference;
use xenia_gpu::{Backend, NullBackend};

/// A GPU backend for a title.
pub struct Drawing {
    /// The backend that draws.
    pub backend: Box<dyn Backend>,
    /// Counters of the wgpu backend.
    pub pipelines: Option<Arc<BackendTally>>,
    /// The host's graphics adapter, if the backend uses one.
    pub adapter: Option<String>,
    /// Whether the backend draws identically on every host, so that digests are comparable.
    pub is_exact: bool,
}

/// Kinds of code that are compiled before a title runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiling {
    /// Pipelines of the host's GPU.
    Pipelines,
    /// Functions of the guest.
    Code,
}

/// Progress callback: the kind, the number compiled, and the total.
pub type CompileProgress<'a> = &'a (dyn Fn(Compiling, usize, usize) + Sync);

impl Drawing {
    /// Creates the backend that the flags choose. With the host's GPU, this compiles the pipelines
    /// that earlier runs of the title used; the device is the window's, if it is given.
    pub fn new(
        title: &Title,
        image: &ImageDigest,
        args: &VideoConfig,
        shared: Option<SharedDevice>,
        progress: CompileProgress<'_>,
    ) -> Result<Self> {
        if args.gpu != GpuKind::Wgpu {
            let is_exact = args.gpu != GpuKind::None;
            return Ok(Self { backend: backend(args.gpu)?, pipelines: None, adapter: None, is_exact });
        }
        device::draw(title, image, args, shared, progress)
    }
}

/// Folder of the pipelines of the host's GPU by `--cache` or default; `None`: they are not kept.
pub fn pipelines_folder(flag: Option<&Path>) -> Option<PathBuf> {
    let cache = flag.map(Path::to_owned).or_else(user_folders::cache);
    Some(cache?.join("pipelines"))
}

/// Resolves `--gpu auto` for a window: the host's GPU. On hosts without one, the software driver is
/// faster than the reference renderer (see decision 0019), but is only used if it has the required
/// features. A run that is compared with another uses the exact renderer, unless pipelines may be
/// skipped, in which case the run is not comparable.
pub fn gpu_for_window(args: &VideoConfig, is_compared: bool) -> GpuKind {
    if args.gpu != GpuKind::Auto {
        return args.gpu;
    }
    if is_compared && !args.async_pipelines {
        return GpuKind::Reference;
    }
    // An adapter that is named and not there is an error, not a reason for another renderer.
    if args.adapter.is_some() {
        return GpuKind::Wgpu;
    }
    match device::probe(args.adapter.as_deref()) {
        Ok(adapter) => {
            tracing::info!(target: "gpu", adapter, "--gpu auto: wgpu");
            GpuKind::Wgpu
        }
        Err(error) => {
            tracing::info!(target: "gpu", %error, "--gpu auto: reference");
            GpuKind::Reference
        }
    }
}

/// Checks that the host has the graphics adapter of this name, if one is named.
///
/// # Errors
/// There is no such adapter, or it can't draw.
pub fn check_adapter(name: Option<&str>) -> Result<()> {
    if name.is_some() {
        device::probe(name)?;
    }
    Ok(())
}

/// Makes backends of a kind without a pipeline cache, on one device.
pub struct BackendMaker {
    kind: GpuKind,
    device: Option<device::OpenDevice>,
}

impl BackendMaker {
    /// Opens the device, if the kind needs one.
    pub fn new(kind: GpuKind) -> Result<Self> {
        Ok(Self { kind, device: if kind == GpuKind::Wgpu { Some(device::OpenDevice::new()?) } else { None } })
    }

    /// Makes a backend, and the counters of its work if it has some.
    pub fn make(&self) -> (Box<dyn Backend>, Option<Arc<BackendTally>>) {
        if let Some(device) = &self.device {
            let (backend, tally) = device.backend();
            return (backend, Some(tally));
        }
        match self.kind {
            GpuKind::None => (Box::new(NullBackend), None),
            GpuKind::Auto | GpuKind::Reference | GpuKind::Wgpu => (Box::new(Reference::new()), None),
        }
    }
}

/// Creates a backend without a pipeline cache.
pub fn backend(kind: GpuKind) -> Result<Box<dyn Backend>> {
    Ok(BackendMaker::new(kind)?.make().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_compared_is_drawn_exactly_unless_something_else_is_asked_for() {
        let asked = |gpu| VideoConfig { gpu, ..VideoConfig::default() };
        assert_eq!(gpu_for_window(&asked(GpuKind::Auto), true), GpuKind::Reference);
        for kind in [GpuKind::Reference, GpuKind::Wgpu, GpuKind::None] {
            assert!([true, false].iter().all(|compared| gpu_for_window(&asked(kind), *compared) == kind));
        }
    }
}
