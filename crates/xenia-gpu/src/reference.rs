//! The reference backend: a software rasteriser on an exact EDRAM.
//!
//! ```text
//!  indices ─► vertex shader ─► clip, viewport ─► triangles ─► blocks of 8 x 2 pixels
//!                                                                │ coverage per sample
//!   EDRAM ◄── blend, masks ◄── alpha test ◄── pixel shader ◄── depth, stencil
//!     │
//!     └─► copies (tiled, converted) ─► memory ─► present
//! ```
//!
//! It is the oracle for other backends and the fallback without a graphics card. Results depend on
//! nothing but registers, microcode and memory.

mod assemble;
mod blend;
mod block;
mod clip;
mod color;
mod copy;
mod depth;
mod edram;
mod fetch;
mod present;
mod raster;
mod sample;
mod vertex;

pub use edram::{EDRAM_WORDS, Edram};

use crate::backend::{Backend, BackendError, Frame, PresentCall};
use crate::draw_state::{CopyCall, DrawCall};
use crate::memory::PhysicalMemory;
use crate::microcode::Interpreter;
use crate::texture::{CacheCounters, TextureCache};

/// The software rasteriser.
#[derive(Default)]
pub struct Reference {
    edram: Edram,
    textures: TextureCache,
    interpreter: Interpreter,
    samples_passed: u64,
}

impl Reference {
    /// A backend with a zeroed EDRAM.
    pub fn new() -> Self {
        Self::default()
    }

    /// The EDRAM.
    pub fn edram(&self) -> &Edram {
        &self.edram
    }

    /// What the texture cache did.
    pub fn texture_counters(&self) -> CacheCounters {
        self.textures.counters()
    }
}

impl Backend for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        let vertices = vertex::shade(call, memory, &mut self.textures, &mut self.interpreter)?;
        let mut fetch = fetch::Fetcher::new(&call.constants, memory);
        if let Some(shader) = &call.pixel_shader {
            fetch.bind_textures(&shader.program, &mut self.textures);
        }
        let mut target = block::Target::new(call, &mut self.edram, &mut self.interpreter, fetch);
        assemble::triangles(call, &vertices, |triangle, is_rectangle| {
            clip::clip(call, triangle, |corners| {
                raster::triangle(call, corners, is_rectangle, &mut target);
            });
        })?;
        self.samples_passed += target.samples_passed();
        Ok(())
    }

    fn copy(&mut self, call: &CopyCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        copy::copy(call, &mut self.edram, memory)
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        present::present(call, memory)
    }

    fn samples_passed(&self) -> Option<u64> {
        Some(self.samples_passed)
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(bytemuck::cast_slice(self.edram.words()));
    }
}
