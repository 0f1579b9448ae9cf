//! A [`Backend`] that draws with wgpu.
//!
//! ```text
//!   DrawCall ──► vertices ──► pipeline ──► render targets (host textures)
//!                textures ──►    ▲              │ dump      ▲ load
//!              translate(shaders)┘              ▼           │
//!                                    EDRAM: one buffer of 10 MiB, laid out as the chip's
//!                                               │ resolve
//!                                               ▼
//!                                          guest memory
//! ```
//!
//! The EDRAM buffer is canonical; render targets are caches of parts of it. A target that needs a
//! tile which another target has drawn to gets it through the buffer, in the chip's bit format, so
//! that titles may reinterpret one format as another.
//!
//! The reference backend makes the draws that the host can't, on the same EDRAM ([`fallback`]). The
//! only draws left out are those whose pipeline is not compiled yet, if that was requested
//! ([`Options::async_pipelines`]). Commands are submitted when a result is needed, when a buffer is
//! full, or after some thousand draws.

mod adapter;
mod aging;
mod arena;
mod async_results;
mod bindings;
mod clears;
mod conversion;
mod counters;
mod delivery;
pub(crate) mod device;
mod draw;
mod edram;
mod edram_shadow;
mod expanded;
mod fallback;
mod finishing;
mod index_lists;
mod mapping;
mod mirror;
mod occlusion;
mod ownership;
mod pass;
mod pipelines;
pub(crate) mod presenting;
mod primitives;
mod recipe;
mod recording;
mod recovery;
mod scale;
mod shaders;
mod state;
mod targets;
mod textures;
mod vertices;
mod wgsl;
mod work;

use std::ops::RangeInclusive;
use std::sync::Arc;
use xenia_gpu::draw_state::{ConditionalSurvey, DrawCall, ResolveCall};
use xenia_gpu::edram::{EdramPage, TILES};
use xenia_gpu::geometry::Expander;
use xenia_gpu::limits::TEXTURE_BYTES;
use xenia_gpu::{
    Backend, BackendError, Cancel, DevicePicture, Frame, PhysicalMemory, PhysicalRange, PresentCall,
    Readback, present,
};

use arena::Arena;
use async_results::{Flights, Staging};
use bindings::Groups;
use draw::Refused;
use edram::{Edram, Resolve};
use edram_shadow::ALL_TILES;
use expanded::PassThroughShaders;
use fallback::Fallback;
use index_lists::IndexLists;
use mirror::{Coverages, Mirror};
use occlusion::Occlusion;
use ownership::Step;
use pipelines::Pipelines;
use presenting::PictureMaker;
use recording::Recording;
use recovery::Recovery;
use targets::Targets;
use textures::Textures;
use vertices::Vertices;

use xenia_shaders::StageConstants;

pub use adapter::AdapterChoice;
pub(crate) use adapter::make_instance;
pub use counters::WgpuCounters;
pub use device::{Device, DeviceError};
pub use pipelines::{BackendTally, Options, PipelineCounters, PredictionCounters, exchange};
pub use scale::Scale;
pub use targets::TargetCounters;
pub use textures::TextureCounters;
pub use vertices::VertexCounters;
pub use work::{DeviceWork, WorkCounts};

/// Sizes of the constant buffer, which bounds the constants between two submissions.
const UNIFORM_BYTES: RangeInclusive<usize> = 1 << 20..=16 << 20;

/// Backend that draws with wgpu.
pub struct WgpuBackend {
    device: Device,
    edram: Edram,
    targets: Targets,
    textures: Textures,
    vertices: Vertices,
    uniforms: Arena,
    indices: IndexLists,
    pipelines: Pipelines,
    groups: Groups,
    /// Constants of the last draw's vertex and pixel stages, whose memory the next draw uses.
    stage_constants: [StageConstants; 2],
    recording: Recording,
    expander: Expander,
    pass_through: PassThroughShaders,
    /// For tests: the CPU shades the vertices of all rectangles, points and lines.
    expands_on_cpu: bool,
    fallback: Fallback,
    occlusion: Occlusion,
    /// Number of results that were begun.
    results: u64,
    recovery: Recovery,
    mirror: Mirror,
    coverages: Coverages,
    staging: Staging,
    picture_maker: Option<PictureMaker>,
    flights: Flights,
    readback: Readback,
    resolves_on_device: u64,
    resolves_through_cpu: u64,
    /// Draws in commands that are not submitted yet; resolves count as several.
    unsubmitted: u32,
    draws: u64,
    submissions: u64,
}

impl WgpuBackend {
    /// Creates a backend with a zeroed EDRAM. Pipelines are not stored, and draws wait for them.
    pub fn new(device: Device) -> Self {
        Self::with_options(device, &Options::default())
    }

    /// Creates a backend with options, after compiling the stored pipelines.
    pub fn with_options(device: Device, options: &Options<'_>) -> Self {
        let align = device.device.limits().min_uniform_buffer_offset_alignment as usize;
        let uniforms =
            Arena::growing(&device, "constants", wgpu::BufferUsages::UNIFORM, UNIFORM_BYTES, align.max(16));
        let scale = Edram::largest_scale(&device, options.scale);
        let mut edram = Edram::new(&device, scale);
        let mut textures = Textures::new(&device, scale);
        textures.force_anisotropy(options.anisotropy);
        let mut pipelines = Pipelines::new(&device, options);
        if let Some(path) = &options.store {
            let stored = pipelines.open(path);
            let building = pipelines.prebuild(&stored, options);
            edram.prebuild(&device, &stored.conversions, &building);
            textures.prebuild(&device, &stored.conversions, &building);
        }
        Self {
            edram,
            targets: Targets::new(scale),
            textures,
            vertices: Vertices::new(&device),
            uniforms,
            indices: IndexLists::new(&device),
            pipelines,
            groups: Groups::default(),
            stage_constants: Default::default(),
            recording: Recording::default(),
            expander: Expander::default(),
            pass_through: PassThroughShaders::default(),
            expands_on_cpu: options.expands_on_cpu,
            fallback: Fallback::default(),
            occlusion: Occlusion::new(scale),
            results: 0,
            recovery: Recovery::new(options),
            mirror: Mirror::new(scale),
            coverages: Coverages::default(),
            staging: Staging::default(),
            picture_maker: None,
            flights: Flights::default(),
            readback: Readback::Full,
            resolves_on_device: 0,
            resolves_through_cpu: 0,
            unsubmitted: 0,
            draws: 0,
            submissions: 0,
            device,
        }
    }

    /// Counters for reports while the backend draws.
    pub fn tally(&self) -> Arc<BackendTally> {
        self.pipelines.tally().clone()
    }

    /// Submits all recorded commands and waits until the device has executed them.
    pub fn finish(&mut self) -> Result<(), BackendError> {
        self.submit();
        self.device.wait(None)
    }
}

impl WgpuBackend {
    /// Submits all recorded commands, and stores the conversions compiled for them.
    fn submit(&mut self) {
        self.pipelines.add_conversions(&self.edram.take_compiled());
        self.pipelines.add_conversions(&self.textures.take_compiled());
        if self.occlusion.has_unsubmitted_queries() {
            self.occlusion.resolve(&self.device, self.recording.encoder(&self.device));
        }
        if self.recording.end(&self.device) {
            self.uniforms.send(&self.device);
            self.indices.send(&self.device);
            self.vertices.send(&self.device);
            self.device.submit(self.recording.finish());
            self.submissions += 1;
            self.occlusion.note_submission(&self.device);
        }
        self.vertices.note_submission();
        self.indices.note_submission();
        self.textures.note_submission();
        self.unsubmitted = 0;
    }

    /// Records transfers of tiles between targets and the buffer.
    fn carry_out(&mut self, steps: Vec<Step>) {
        if !steps.is_empty() {
            let encoder = self.recording.encoder(&self.device);
            self.targets.carry_out(steps, &self.device, &mut self.edram, encoder);
        }
    }

    /// Brings tiles into the EDRAM buffer and submits the commands.
    fn store_tiles_and_submit(&mut self, tiles: impl Iterator<Item = u32>) {
        let steps = self.targets.read(tiles);
        self.carry_out(steps);
        self.submit();
    }

    /// Drops the host textures of all targets, and waits until their memory is free.
    fn drop_targets(&mut self) -> Result<(), BackendError> {
        self.store_tiles_and_submit(0..TILES);
        self.device.wait(None)?;
        self.targets.drop_all();
        self.edram.forget_textures();
        Ok(())
    }
}

impl Backend for WgpuBackend {
    fn name(&self) -> &'static str {
        "wgpu"
    }

    fn expect_draw(&mut self, call: &DrawCall) {
        self.order_pipelines(call);
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.draws += 1;
        if self.recovery.is_to_lose(self.draws) {
            self.device.wgpu().destroy();
        }
        if let Some(reference) = self.recover() {
            return reference.draw(call, memory);
        }
        if self.targets.is_crowded() {
            self.store_tiles_and_submit(0..TILES);
            self.targets.drop_older();
            self.edram.forget_textures();
        }
        self.begin_commands();
        self.begin_survey(call.survey);
        self.textures.begin();
        let mut result = self.record_delivered(call, memory)?;
        if matches!(result, Err(Refused::NoTargetMemory)) {
            self.drop_targets()?;
            self.textures.begin();
            result = self.record_delivered(call, memory)?;
        }
        if matches!(result, Err(Refused::Full)) {
            self.submit();
            self.textures.begin();
            result = self.record(call, memory);
        }
        let reason = match result {
            Ok(()) if self.textures.left_out() => return Err(BackendError::Limit(TEXTURE_BYTES)),
            Ok(()) | Err(Refused::Compiling) => return Ok(()),
            Err(Refused::Error(error)) => return Err(error),
            Err(Refused::UnsupportedState(reason)) => reason,
            Err(Refused::Full) => "more vertices than fit".to_owned(),
            Err(Refused::NoTargetMemory) => "targets that the device has no memory for".to_owned(),
            Err(Refused::Pending(..)) => "texels that are read back repeatedly".to_owned(),
        };
        self.draw_by_reference(&reason, call, memory)
    }

    fn resolve(&mut self, call: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        if let Some(reference) = self.recover() {
            return reference.resolve(call, memory);
        }
        if self.mirror.is_pending(call.vertices_memory()) {
            self.deliver_pages(None, memory)?;
        }
        let Some(resolve) = Resolve::new(call, memory)? else { return Ok(()) };
        self.begin_commands();
        let area = resolve.area();
        let read: Vec<_> = resolve.read().into_iter().flat_map(|place| place.tiles(area)).collect();
        let steps = self.targets.read(read.into_iter().map(|(tile, _)| tile));
        self.carry_out(steps);
        let copied = self.copy_texels(&resolve, memory);
        for (place, bits) in resolve.cleared() {
            self.clear(&place, area, bits);
        }
        self.publish(false);
        copied.and(resolve.whole())
    }

    fn set_readback(&mut self, readback: Readback) {
        self.readback = readback;
    }

    fn has_pending(&self) -> bool {
        self.mirror.has_pending()
    }

    fn is_pending(&self, range: PhysicalRange) -> bool {
        self.mirror.is_pending(range)
    }

    fn deliver(
        &mut self,
        range: Option<PhysicalRange>,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        if self.recover().is_some() {
            return Ok(());
        }
        self.deliver_pages(range, memory)
    }

    fn cancel(&self) -> Option<Cancel> {
        Some(self.recovery.cancel())
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        if self.recover().is_some() {
            return present(call, memory);
        }
        self.submit();
        self.present_frame(call, memory)
    }

    fn present_on_device(
        &mut self,
        call: &PresentCall,
        memory: &dyn PhysicalMemory,
    ) -> Option<Arc<dyn DevicePicture>> {
        if self.recover().is_some() || !self.device.serves_window() {
            return None;
        }
        Some(self.make_picture(call, memory)?)
    }

    fn end_frame(&mut self) {
        // Also frames without a picture, so that the device can begin.
        if self.recover().is_none() {
            self.submit();
            self.textures.end_frame();
            self.device.end_frame();
        }
        self.publish(true);
    }

    fn samples_passed(&mut self) -> Option<u64> {
        if self.recover().is_none() {
            self.begin_counting();
        }
        self.samples_so_far()
    }

    fn samples_so_far(&mut self) -> Option<u64> {
        self.finish_counting()
    }

    fn survey(&mut self, survey: ConditionalSurvey) -> bool {
        self.wait_for_surveyed(survey)
    }

    fn poll_survey(&mut self, survey: ConditionalSurvey) -> Option<bool> {
        self.poll_surveyed(survey)
    }

    fn count_samples(&mut self, counts: bool) {
        self.occlusion.set_wanted(counts);
    }

    fn begin_samples(&mut self) -> Option<u64> {
        self.begin_report()
    }

    fn begin_delivery(&mut self, memory: &dyn PhysicalMemory) -> Option<u64> {
        self.begin_flight(memory)
    }

    fn poll_result(&mut self, number: u64, memory: &dyn PhysicalMemory) -> Option<u64> {
        self.poll_late(number, memory)
    }

    fn wait_for_result(&mut self, number: u64, memory: &dyn PhysicalMemory) -> u64 {
        self.wait_for_late(number, memory)
    }

    fn edram(&mut self) -> Option<Vec<u32>> {
        if let Some(reference) = self.recover() {
            return reference.edram();
        }
        self.read_all_words().ok()?;
        Some(self.recovery.known.words().to_vec())
    }

    fn edram_since(&mut self, since: u64, each: &mut dyn FnMut(u32, &EdramPage)) -> Option<u64> {
        if let Some(reference) = self.recover() {
            // The reference counts its own serials, so all pages are passed.
            reference.edram()?.as_chunks().0.iter().zip(0..).for_each(|(page, number)| each(number, page));
            return Some(since);
        }
        self.read_all_words().ok()?;
        Some(self.recovery.known.pages_since(since, each))
    }

    fn set_edram(&mut self, words: &[u32]) -> Result<(), String> {
        xenia_gpu::edram::check(words)?;
        if let Some(reference) = self.recover() {
            return reference.set_edram(words);
        }
        self.set_words(ALL_TILES, words);
        Ok(())
    }

    fn target_picture(&mut self, call: &DrawCall) -> Option<Frame> {
        let words = self.edram()?;
        let mut reference = xenia_gpu::Reference::with_threads(1);
        reference.set_edram(&words).ok()?;
        reference.target_picture(call)
    }
}
