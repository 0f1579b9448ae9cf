//! Reference backend: a software rasteriser on an exact EDRAM.
//!
//! ```text
//!  indices ─► vertex shader ─► clip, viewport ─► triangles ─► blocks of 8 x 2 pixels
//!                                                                │ coverage per sample
//!   EDRAM ◄── blend, masks ◄── alpha test ◄── pixel shader ◄── depth, stencil
//!     │
//!     └─► resolves (tiled, converted) ─► memory ─► present
//! ```
//!
//! It is the oracle for other backends and the fallback without a graphics card. Results depend
//! only on registers, microcode and memory; drawing uses several threads, whose number does not
//! affect results.

pub mod alpha_mask;
mod bands;
mod blend;
mod block;
mod budget;
mod clip;
mod color;
mod compare;
mod depth;
mod inputs;
mod memory;
mod raster;
mod resolve;
mod samples;
mod target_picture;
mod tiles;

use std::ops::Range;

use budget::Budget;

use crate::Cancel;
use crate::backend::{Backend, BackendError, Frame, Inputs, PresentCall};
use crate::draw_state::{ConditionalSurvey, DrawCall, ResolveCall, SurveyResults};
use crate::edram::{self, EdramPage, EdramTiles};
use crate::fetch::Bindings;
use crate::geometry;
use crate::limits::{DrawLimits, SHADER_STEPS, TEXTURE_BYTES};
use crate::memory::{PhysicalMemory, PhysicalRange};
use crate::microcode::ShaderInterpreter;
use crate::present;
use crate::texture::TextureCache;

use memory::Edram;

/// Default limit on draw threads.
const DEFAULT_THREADS: usize = 8;

/// Source of the EDRAM's words, for draws of a reference that has not all of them.
pub trait EdramSource {
    /// Called before triangles are drawn that may reach these tiles; must set the words that the
    /// draw did not get yet. An error ends the draw. `set` replaces words from an index on.
    fn provide(&mut self, tiles: &EdramTiles, set: &mut dyn FnMut(usize, &[u32]))
    -> Result<(), BackendError>;
}

/// The software rasteriser.
pub struct Reference {
    edram: Edram,
    textures: TextureCache,
    /// Interpreter for vertex shaders.
    shading: ShaderInterpreter,
    draw_threads: bands::DrawThreads,
    limits: DrawLimits,
    cancel: Cancel,
    samples_passed: u64,
    surveys: SurveyResults,
}

impl Reference {
    /// Name of this backend in flags, recordings and reports.
    pub const NAME: &'static str = "reference";

    /// Creates a backend with a zeroed EDRAM that draws on all of the host's hardware threads, at
    /// most eight.
    pub fn new() -> Self {
        let available = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::with_threads(available.min(DEFAULT_THREADS))
    }

    /// Creates a backend with this number of draw threads (1 to 64), including the caller's. The
    /// number affects only speed.
    pub fn with_threads(threads: usize) -> Self {
        Self {
            edram: Edram::default(),
            textures: TextureCache::default(),
            shading: ShaderInterpreter::default(),
            draw_threads: bands::DrawThreads::new(threads),
            limits: DrawLimits::default(),
            cancel: Cancel::default(),
            samples_passed: 0,
            surveys: SurveyResults::default(),
        }
    }

    /// Sets the cost limits of draws.
    pub fn set_limits(&mut self, limits: DrawLimits) {
        self.limits = limits;
    }

    /// Sets the token that cancels draws.
    pub fn set_cancel(&mut self, cancel: Cancel) {
        self.cancel = cancel;
    }

    /// Copies the EDRAM's words, tile after tile.
    pub fn words(&self) -> Vec<u32> {
        self.edram.words()
    }

    /// Copies a range of the EDRAM's words.
    pub fn words_of(&self, range: Range<usize>) -> impl Iterator<Item = u32> {
        self.edram.part(range)
    }

    /// Draws as [`Backend::draw`] does, with words that are provided when triangles need them.
    pub fn draw_from(
        &mut self,
        source: &mut dyn EdramSource,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        self.draw_with(Some(source), call, memory)
    }

    /// The EDRAM tiles that a draw may read or change.
    pub fn tiles_of(call: &DrawCall) -> EdramTiles {
        tiles::scissor_tiles(call)
    }

    /// Lists the memory ranges that a draw reads (see [`Backend::inputs`]).
    pub fn inputs_of(call: &DrawCall, want: &mut dyn FnMut(PhysicalRange)) -> bool {
        inputs::inputs(call, want)
    }

    /// Lists the memory ranges that a draw's vertices read: their indices, and the inputs of the
    /// vertex shader.
    pub fn inputs_of_vertices(call: &DrawCall, want: &mut dyn FnMut(PhysicalRange)) {
        inputs::each_vertex_range(call, want);
    }

    fn draw_with(
        &mut self,
        source: Option<&mut dyn EdramSource>,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        let textures = call.pixel_shader.as_ref().map_or_else(Bindings::default, |shader| {
            let bytes = self.limits.texture_bytes;
            Bindings::new(&shader.program, &call.constants, &mut self.textures, memory, bytes)
        });
        let budget = Budget::new(call, self.limits, &self.cancel);
        let edram = bands::SourcedEdram { edram: &self.edram, source };
        let mut batch = bands::Batch::new(call, memory, edram, &textures, &mut self.draw_threads, budget);
        let inputs = geometry::ShadingInputs {
            memory,
            textures: &mut self.textures,
            interpreter: &mut self.shading,
            limits: &self.limits,
        };
        let planes = clip::planes(call);
        let shaded = geometry::shade(call, inputs, &self.cancel, &mut |vertices| {
            geometry::triangles(call, vertices, |triangle, facing| {
                clip::clip(call, &planes, triangle, |corners| {
                    if let Some(setup) = raster::prepare(call, corners, facing) {
                        batch.push(setup);
                    }
                });
            })
        });
        let bands::BatchResult { passed, is_whole, failure } = batch.finish();
        let result = match (failure, shaded, is_whole, textures.left_out()) {
            (Some(error), ..) | (_, Err(error), ..) => Err(error),
            (.., false, _) => Err(BackendError::Limit(SHADER_STEPS)),
            (.., true) => Err(BackendError::Limit(TEXTURE_BYTES)),
            _ => Ok(()),
        };
        if let Some(survey) = call.survey {
            self.surveys.begin_draw(survey);
            // A part that was left out might be visible.
            if passed != 0 || result.is_err() {
                self.surveys.note_visible(survey);
            }
        } else {
            self.samples_passed += passed;
        }
        result
    }
}

impl Default for Reference {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for Reference {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.draw_with(None, call, memory)
    }

    fn resolve(&mut self, call: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        resolve::resolve(call, &self.edram, memory, &self.cancel)
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        present(call, memory)
    }

    fn samples_passed(&mut self) -> Option<u64> {
        Some(self.samples_passed)
    }

    fn survey(&mut self, survey: ConditionalSurvey) -> bool {
        self.surveys.is_visible(survey)
    }

    fn edram(&mut self) -> Option<Vec<u32>> {
        Some(self.words())
    }

    fn set_edram(&mut self, words: &[u32]) -> Result<(), String> {
        edram::check(words)?;
        self.edram.replace(0, words);
        Ok(())
    }

    fn edram_since(&mut self, since: u64, each: &mut dyn FnMut(u32, &EdramPage)) -> Option<u64> {
        Some(self.edram.pages_since(since, each))
    }

    fn cancel(&self) -> Option<Cancel> {
        Some(self.cancel.clone())
    }

    fn inputs(&self) -> Option<Inputs> {
        Some(Self::inputs_of)
    }

    fn target_picture(&mut self, call: &DrawCall) -> Option<Frame> {
        target_picture::target_picture(call, &self.edram)
    }
}
