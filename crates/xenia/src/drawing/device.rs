//! Drawing with the host's GPU: the wgpu backend, its pipeline file and its counters in reports.

use super::{CompileProgress, Compiling, Drawing, pipelines_folder, stores};
use crate::config::VideoConfig;
use crate::digest::ImageDigest;
use crate::library::stored::StoredTitle;
use crate::report::{PipelinesReport, WgpuCounts, WgpuReport};
use crate::title::Title;
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_gpu::Backend;
pub use xenia_render::backend::BackendTally;
pub use xenia_render::backend::Device as SharedDevice;
use xenia_render::backend::{AdapterChoice, Device, DeviceWork, Options, Scale, WgpuBackend, WorkCounts};

/// Opens the device and compiles the pipelines that earlier runs of the title used.
pub(super) fn draw(
    title: &Title,
    image: &ImageDigest,
    args: &VideoConfig,
    shared: Option<SharedDevice>,
    progress: CompileProgress<'_>,
) -> Result<Drawing> {
    let device = match shared.filter(|shared| !shared.is_lost()) {
        Some(shared) => log_device(shared.with_fresh_counters()),
        None => device(args.adapter.as_deref())?,
    };
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
        anisotropy: args.anisotropy.into(),
        scale: Scale::new(args.internal_resolution.factor()).unwrap_or_default(),
        lose_at: &args.lose_device,
        ..Options::default()
    };
    let backend = WgpuBackend::with_options(device, &options);
    bar.finish_and_clear();
    let pipelines = Some(backend.tally());
    Ok(Drawing { backend: Box::new(backend), pipelines, adapter, is_exact: false })
}

/// The name of the host's graphics adapter; fails if it lacks features that the backend requires.
pub(super) fn probe(name: Option<&str>) -> Result<String> {
    Ok(Device::probe(name)?)
}

/// The host's graphics device, for several backends.
pub(super) struct OpenDevice(Device);

impl OpenDevice {
    pub(super) fn new() -> Result<Self> {
        device(None).map(Self)
    }

    /// A backend with separate counters.
    pub(super) fn backend(&self) -> (Box<dyn Backend>, Arc<BackendTally>) {
        let backend = WgpuBackend::new(self.0.with_fresh_counters());
        let tally = backend.tally();
        (Box::new(backend), tally)
    }
}

/// Use of pipelines so far.
pub(crate) fn pipelines_report(tally: &BackendTally) -> PipelinesReport {
    let counters = tally.counters();
    PipelinesReport {
        compiled_at_start: counters.at_start,
        compiled_in_play: counters.in_play,
        draws_left_out: counters.left_out,
    }
}

/// Work of the backend so far.
pub(crate) fn wgpu_report(tally: &BackendTally) -> WgpuReport {
    WgpuReport::from(&tally.work())
}

fn device(name: Option<&str>) -> Result<Device> {
    Device::open(AdapterChoice { software: false, name }).context("--gpu wgpu can't be used").map(log_device)
}

/// Logs the name of the device that draws.
fn log_device(device: Device) -> Device {
    tracing::info!(target: "gpu", device = device.name(), "drawing with the host's GPU");
    device
}

/// The file of a title's pipelines.
fn store(cache: Option<&Path>, title: &Title, image_sha256: &str) -> Option<PathBuf> {
    let id = title.image.execution.map(|execution| execution.title_id);
    let title = StoredTitle { name: title.short_name(), id, image: None };
    Some(stores::path_of(&pipelines_folder(cache)?, &title, image_sha256))
}

impl From<&DeviceWork> for WgpuReport {
    fn from(work: &DeviceWork) -> Self {
        Self {
            frames: work.frames,
            total: work.total.into(),
            most_in_a_frame: work.most_in_a_frame.into(),
            fallbacks: work.fallbacks.clone(),
        }
    }
}

impl From<WorkCounts> for WgpuCounts {
    fn from(counts: WorkCounts) -> Self {
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        Self {
            draws: counts.draws,
            passes: counts.passes,
            submissions: counts.submissions,
            waits: counts.waits,
            ms_waited: ms(counts.ns_waited),
            held_back: counts.held_back,
            ms_held_back: ms(counts.ns_held_back),
            bytes_back: counts.bytes_back,
            bytes_up: counts.bytes_up,
            groups_made: counts.groups_made,
            textures_made: counts.textures_made,
            levels_decoded: counts.levels_decoded,
            textures_dropped: counts.textures_dropped,
            index_bytes: counts.index_bytes,
            epoch_misses: counts.epoch_misses,
            pipelines_in_play: counts.pipelines_in_play,
            ms_in_pipelines: ms(counts.ns_in_pipelines),
            pipelines_predicted: counts.pipelines_predicted,
            predictions_used: counts.predictions_used,
            fallback_draws: counts.fallback_draws,
            edram_trips: counts.edram_trips,
            expanded_draws: counts.expanded_draws,
            resolves_through_cpu: counts.resolves_through_cpu,
            queries: counts.queries,
            survey_waits: counts.survey_waits,
            tiles_dumped: counts.tiles_dumped,
            tiles_loaded: counts.tiles_loaded,
            validation_errors: counts.validation_errors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{GpuKind, MachineConfig};
    use crate::machine::{Machine, MachineOptions};
    use crate::report::PipelinesReport;
    use xenia_sched::Limits;
    use xenia_testing::{Tool, obtain};

    #[test]
    fn each_title_has_a_separate_file() {
        let demo = Title::demo().unwrap();
        let path = store(Some("cache".as_ref()), &demo, "0123456789abcdef0123").unwrap();
        assert_eq!(path, Path::new("cache/pipelines/demo-0123456789abcdef.pipelines"));
        assert_eq!(store(Some("cache".as_ref()), &demo, "").unwrap().extension().unwrap(), "pipelines");
    }

    /// Runs two frames of the demo.
    fn demo(cache: &Path, async_pipelines: bool) -> PipelinesReport {
        let cache = Some(cache.to_owned());
        let picture = VideoConfig { gpu: GpuKind::Wgpu, cache, async_pipelines, ..VideoConfig::default() };
        let engine = MachineConfig::default();
        let options = MachineOptions::new(&engine, &picture);
        let mut machine = Machine::new(&Title::demo().unwrap(), options).unwrap();
        let limits = Limits { frames: Some(2), ..Limits::default() };
        machine.run(&limits).report.gpu.pipelines.unwrap()
    }

    #[test]
    fn the_second_start_of_the_demo_compiles_nothing_in_play() {
        if obtain(Tool::Vulkan, Device::open(AdapterChoice::default())).is_none() {
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
