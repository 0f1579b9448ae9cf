//! What draws: the interface between the command processor and whatever makes pictures.
//!
//! A backend is given plain descriptions ([`DrawCall`], [`CopyCall`], [`PresentCall`]) and physical
//! memory, never registers or packets. Drawing goes to a backend-owned EDRAM; guest memory is
//! written by copies, and by draws whose shaders export to it.

mod snapshot;
mod threaded;

pub(crate) use threaded::Threaded;

use std::sync::Arc;

use crate::draw_state::{CopyCall, DrawCall};
use crate::limits::Cancel;
use crate::memory::PhysicalMemory;

/// A picture as it would be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Four bytes a pixel: red, green, blue, alpha (255); rows from the top.
    pub rgba: Vec<u8>,
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame {}x{}", self.width, self.height)
    }
}

/// What is between a front buffer and the display. Components are red, green, blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GammaRamps {
    /// For 8-bit front buffers: ten bits of red, green and blue (bits 29:20, 19:10, 9:0) for each
    /// level.
    pub table: Arc<[u32; 256]>,
    /// For 10-bit front buffers, by component, for each eighth level: the value there (bits 15:0)
    /// and how much it grows to the next (bits 31:16), in units of a 65,536th.
    pub linear: Arc<[[u32; 3]; 128]>,
}

impl GammaRamps {
    /// What an 8-bit level (0 to 255) of a component becomes: ten bits.
    pub fn level8(&self, level: u32, component: usize) -> u32 {
        self.table[level as usize & 255] >> (20 - component * 10) & 1023
    }

    /// What a 10-bit level (0 to 1023) of a component becomes: sixteen bits.
    pub fn level10(&self, level: u32, component: usize) -> u32 {
        let entry = self.linear[level as usize >> 3 & 127][component];
        ((entry & 0xffff) + (level & 7) * (entry >> 16) / 8).min(0xffff)
    }
}

/// A front buffer to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentCall {
    /// The front buffer's texture fetch constant.
    pub fetch: [u32; 6],
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The gamma ramps.
    pub gamma: GammaRamps,
}

/// Why something was not drawn. Counted and logged, never fatal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The state asks for something that this backend does not do.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// The state makes no sense.
    #[error("invalid state: {0}")]
    Invalid(String),
    /// The draw would cost the host too much (see [`limits`](crate::limits)); a part of it is left
    /// out.
    #[error("limit reached: {0}")]
    Limit(&'static str),
    /// The host's graphics device failed.
    #[error("the host's graphics device failed: {0}")]
    Host(String),
}

/// Tells each range of memory (physical address, bytes) that a draw may read; false if that can't
/// be told, or if the draw writes memory.
pub type Inputs = fn(&DrawCall, &mut dyn FnMut(u32, u32)) -> bool;

/// Draws. Looking at what was drawn may mean to finish it first, so that takes `&mut self` too.
pub trait Backend: Send {
    /// Its name, as `--gpu` and reports give it.
    fn name(&self) -> &'static str;

    /// Draws into the EDRAM.
    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError>;

    /// Copies out of the EDRAM into memory, then clears.
    fn copy(&mut self, call: &CopyCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError>;

    /// Makes the picture of a front buffer; `None` where the backend makes none.
    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame>;

    /// Samples that passed the depth test since the start, where they are counted.
    fn samples_passed(&mut self) -> Option<u64>;

    /// Feeds the EDRAM's bytes to a digest.
    fn digest(&mut self, sink: &mut dyn FnMut(&[u8]));

    /// A copy of the EDRAM's words, tile after tile, where the backend has them.
    fn edram(&mut self) -> Option<Vec<u32>> {
        None
    }

    /// Replaces the EDRAM's words; an error says why that can't be. A backend without an EDRAM does
    /// nothing.
    fn set_edram(&mut self, _words: &[u32]) -> Result<(), String> {
        Ok(())
    }

    /// What tells the memory that draws read, for a backend whose draws read and change nothing
    /// else but its own state. Such draws may be done later and on another thread, with a copy
    /// of that memory.
    fn inputs(&self) -> Option<Inputs> {
        None
    }

    /// What ends draws before their time, where the backend's may take long.
    fn cancel(&self) -> Option<Cancel> {
        None
    }

    /// Why draws that were taken have not been drawn in the end, since the last call.
    fn late_errors(&mut self) -> Vec<BackendError> {
        Vec::new()
    }

    /// What the colour target of a draw (its first; else its depth) looks like now, where the
    /// backend can tell.
    fn target_picture(&mut self, _call: &DrawCall) -> Option<Frame> {
        None
    }
}

/// Draws nothing. Guest-visible timing, fences and interrupts are those of any other backend.
#[derive(Debug, Default)]
pub struct NullBackend;

impl Backend for NullBackend {
    fn name(&self) -> &'static str {
        "none"
    }

    fn draw(&mut self, _: &DrawCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        Ok(())
    }

    fn copy(&mut self, _: &CopyCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        Ok(())
    }

    fn present(&mut self, _: &PresentCall, _: &dyn PhysicalMemory) -> Option<Frame> {
        None
    }

    fn samples_passed(&mut self) -> Option<u64> {
        None
    }

    fn digest(&mut self, _: &mut dyn FnMut(&[u8])) {}
}
