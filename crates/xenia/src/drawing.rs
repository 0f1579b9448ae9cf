//! GPU backends for a title, and their files in the user's cache folder.

use crate::config::{GpuKind, VideoConfig};
use crate::digest::ImageDigest;
use crate::screenshots::file_name;
use crate::title::{Title, cache_folder};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_gpu::reference::Reference;
use xenia_gpu::{Backend, NullBackend};
use xenia_render::backend::{BackendTally, Device, Options, WgpuBackend};

/// Hexadecimal digits of an image's hash in a file's name.
const HASH_DIGITS: usize = 16;

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
    /// that earlier runs of the title used.
    pub fn new(
        title: &Title,
        image: &ImageDigest,
        args: &VideoConfig,
        progress: CompileProgress<'_>,
    ) -> Result<Self> {
        if args.gpu != GpuKind::Wgpu {
            let is_exact = args.gpu != GpuKind::None;
            return Ok(Self { backend: backend(args.gpu)?, pipelines: None, adapter: None, is_exact });
        }
        let device = device()?;
        let adapter = Some(device.name());
        // The bar stays hidden until the first step.
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("pipelines {bar:40} {pos}/{len}, {eta} left") {
            bar.set_style(style);
        }
        let progress = |done, total: usize| {
            bar.set_length(total as u64);
            bar.inc(1);
            progress(Compiling::Pipelines, done, total);
        };
        let options = Options {
            store: store(args.cache.as_deref(), title, image.get()),
            async_pipelines: args.async_pipelines,
            progress: Some(&progress),
            lose_at: &args.lose_device,
        };
        let backend = WgpuBackend::with_options(device, &options);
        bar.finish_and_clear();
        let pipelines = Some(backend.tally());
        Ok(Self { backend: Box::new(backend), pipelines, adapter, is_exact: false })
    }
}

/// Resolves `--gpu auto` for a window: the host's GPU. On hosts without one, the software driver is
/// faster than the reference renderer (see decision 0030), but is only used if it has the required
/// features. A run that is compared with another uses the exact renderer, unless pipelines may be
/// skipped, in which case the run is not comparable.
pub fn in_window(args: &VideoConfig, is_compared: bool) -> GpuKind {
    if args.gpu != GpuKind::Auto {
        return args.gpu;
    }
    if is_compared && !args.async_pipelines {
        return GpuKind::Reference;
    }
    match Device::probe() {
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

/// Makes backends of a kind without a pipeline cache, on one device.
pub struct BackendMaker {
    kind: GpuKind,
    device: Option<Device>,
}

impl BackendMaker {
    /// Opens the device, if the kind needs one.
    pub fn new(kind: GpuKind) -> Result<Self> {
        Ok(Self { kind, device: if kind == GpuKind::Wgpu { Some(device()?) } else { None } })
    }

    /// Makes a backend, and the counters of its work if it has some.
    pub fn make(&self) -> (Box<dyn Backend>, Option<Arc<BackendTally>>) {
        if let Some(device) = &self.device {
            let backend = WgpuBackend::new(device.counting_anew());
            let tally = backend.tally();
            return (Box::new(backend), Some(tally));
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

fn device() -> Result<Device> {
    let device = Device::open(false).context("--gpu wgpu can't be used")?;
    tracing::info!(target: "gpu", device = device.name(), "drawing with the host's GPU");
    Ok(device)
}

/// The file of a title's pipelines. Each image has a separate file, so that a title's parts and
/// versions do not mix.
fn store(cache: Option<&Path>, title: &Title, image_sha256: &str) -> Option<PathBuf> {
    let folder = cache.map(Path::to_owned).or_else(cache_folder)?.join("pipelines");
    let digits = image_sha256.get(..HASH_DIGITS).unwrap_or(image_sha256);
    Some(folder.join(format!("{}-{digits}.pipelines", file_name(&title.short_name()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MachineConfig;
    use crate::machine::{Machine, MachineOptions};
    use crate::report::PipelinesReport;
    use xenia_sched::Limits;
    use xenia_testing::{Tool, obtain};

    #[test]
    fn a_title_has_a_file_of_its_own() {
        let demo = Title::demo().unwrap();
        let path = store(Some("cache".as_ref()), &demo, "0123456789abcdef0123").unwrap();
        assert_eq!(path, Path::new("cache/pipelines/demo-0123456789abcdef.pipelines"));
        assert_eq!(store(Some("cache".as_ref()), &demo, "").unwrap().extension().unwrap(), "pipelines");
    }

    #[test]
    fn a_run_that_is_compared_is_drawn_exactly_unless_something_else_is_asked_for() {
        let asked = |gpu| VideoConfig { gpu, ..VideoConfig::default() };
        assert_eq!(in_window(&asked(GpuKind::Auto), true), GpuKind::Reference);
        for kind in [GpuKind::Reference, GpuKind::Wgpu, GpuKind::None] {
            assert!([true, false].iter().all(|compared| in_window(&asked(kind), *compared) == kind));
        }
    }

    /// Runs two frames of the demo.
    fn demo(cache: &Path, async_pipelines: bool) -> PipelinesReport {
        let cache = Some(cache.to_owned());
        let picture = VideoConfig { gpu: GpuKind::Wgpu, cache, async_pipelines, ..VideoConfig::default() };
        let engine = MachineConfig::default();
        let options = MachineOptions::new(&engine, &picture);
        let mut machine = Machine::new(&Title::demo().unwrap(), options).unwrap();
        let limits = Limits { frames: Some(2), ..Limits::default() };
        machine.run(&limits, None).report.gpu.pipelines.unwrap()
    }

    #[test]
    fn the_second_start_of_the_demo_compiles_nothing_in_play() {
        if obtain(Tool::Vulkan, Device::open(false)).is_none() {
            return;
        }
        let cache = tempfile::tempdir().unwrap();
        let first = demo(cache.path(), false);
        assert!(first.compiled_at_start == 0 && first.compiled_in_play > 0, "{first:?}");
        for async_pipelines in [false, true] {
            let next = demo(cache.path(), async_pipelines);
            assert_eq!((next.compiled_at_start, next.compiled_in_play), (first.compiled_in_play, 0));
            assert_eq!(next.draws_left_out, 0);
        }
    }
}
