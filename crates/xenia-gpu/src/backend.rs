//! Backend interface: the boundary between the command processor and the code that renders.
//!
//! A backend receives plain descriptions ([`DrawCall`], [`ResolveCall`], [`PresentCall`]) and
//! physical memory, never registers or packets. Draws render into an EDRAM that the backend owns;
//! guest memory is written only by resolves and by draws whose shaders export to memory
//! (memexport).

mod picture;
mod snapshot;
mod threaded;

pub use picture::{DevicePicture, PixelSize, SwapPicture};
pub(crate) use threaded::Threaded;

use std::sync::Arc;

use crate::Cancel;
use crate::draw_state::{ConditionalSurvey, DrawCall, ResolveCall};
use crate::edram::EdramPage;
use crate::memory::{PhysicalMemory, PhysicalRange};
use crate::texture::{TextureInfo, layout};

/// A frame ready for display.
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

/// Gamma ramps between a front buffer and the display. Components are red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GammaRamps {
    /// Ramp of 8-bit front buffers: ten bits each of red, green and blue (bits 29:20, 19:10, 9:0)
    /// for each level.
    pub table: Arc<[u32; 256]>,
    /// Ramp of 10-bit front buffers, by component, with an entry for every eighth level: the value
    /// there (bits 15:0) and the increase up to the next entry (bits 31:16), in units of 1/65,536.
    pub linear: Arc<[[u32; 3]; 128]>,
}

impl GammaRamps {
    /// Maps an 8-bit level (0 to 255) of a component to ten bits.
    pub fn level8(&self, level: u32, component: usize) -> u32 {
        self.table[level as usize & 255] >> (20 - component * 10) & 1023
    }

    /// Maps a 10-bit level (0 to 1023) of a component to sixteen bits.
    pub fn level10(&self, level: u32, component: usize) -> u32 {
        let entry = self.linear[level as usize >> 3 & 127][component];
        ((entry & 0xffff) + (level & 7) * (entry >> 16) / 8).min(0xffff)
    }
}

/// Request to display a front buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentCall {
    /// The front buffer's texture fetch constant.
    pub fetch: [u32; 6],
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    pub gamma: GammaRamps,
}

impl PresentCall {
    /// Memory of the front buffer, if it can be known.
    pub fn memory(&self) -> Option<PhysicalRange> {
        let layout = layout::level(&TextureInfo::decode(&self.fetch)?, 0);
        Some(PhysicalRange { start: layout.physical, length: layout.bytes })
    }
}

/// Reason why a draw or resolve was not carried out. Errors are counted and logged, never fatal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The state requests a feature that this backend does not support.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// The state is invalid.
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

/// Time at which memory gets the texels of resolves that a backend keeps on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readback {
    /// At each resolve.
    Full,
    /// When they may be read: at the end of a pump in lockstep, else before each fence and
    /// interrupt; earlier where packets or draws read them.
    Lazy,
    /// Where packets, draws or pictures read them; the title never sees others.
    None,
}

/// Time at which memory gets reports of sample counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryReports {
    /// At the packet of the report.
    Exact,
    /// When the backend has counted: later packets are executed meanwhile, and their effects on
    /// memory are queued. In lockstep as [`Exact`](Self::Exact).
    Late,
}

/// Function that reports each range of memory that a draw may read. Returns false if the ranges are
/// unknown or if the draw writes memory.
pub type Inputs = fn(&DrawCall, &mut dyn FnMut(PhysicalRange)) -> bool;

/// Renderer. Queries take `&mut self` too, because they may first have to finish pending draws.
pub trait Backend: Send {
    /// Name of the backend in settings and in reports.
    fn name(&self) -> &'static str;

    /// Notes that a draw with the shaders of `call` probably follows, one of which is new: a
    /// backend that compiles shaders may begin. Nothing is drawn, and the call may differ in
    /// anything else.
    fn expect_draw(&mut self, _call: &DrawCall) {}

    /// Draws into the EDRAM.
    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError>;

    /// Resolves: copies a rectangle of the EDRAM into memory, then does the clears of the resolve.
    fn resolve(&mut self, call: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError>;

    /// Sets when memory gets resolved texels. Until this is called, they are written at once.
    fn set_readback(&mut self, _readback: Readback) {}

    /// Whether memory lacks texels of earlier resolves.
    fn has_pending(&self) -> bool {
        false
    }

    /// Whether memory may lack texels of earlier resolves in the pages of a range.
    fn is_pending(&self, _range: PhysicalRange) -> bool {
        self.has_pending()
    }

    /// Writes the texels of earlier resolves that memory lacks: in the pages of a range, or all.
    fn deliver(
        &mut self,
        _range: Option<PhysicalRange>,
        _memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        Ok(())
    }

    /// Renders a front buffer for display from what memory has; `None` if the backend produces no
    /// frames.
    fn present(&mut self, _call: &PresentCall, _memory: &dyn PhysicalMemory) -> Option<Frame> {
        None
    }

    /// Renders a front buffer as a picture on the device, from what memory has and from the texels
    /// that it lacks, without a wait. `None` if there is no consumer of such pictures, or for a
    /// front buffer that only [`present`](Self::present) can render.
    fn present_on_device(
        &mut self,
        _call: &PresentCall,
        _memory: &dyn PhysicalMemory,
    ) -> Option<Arc<dyn DevicePicture>> {
        None
    }

    /// Ends a frame: the title has swapped, and a picture was rendered if there is a consumer. For
    /// statistics.
    fn end_frame(&mut self) {}

    /// Sets whether samples of the following draws are of interest; until this is called they are.
    /// Backends to which counting costs nothing may count others, too.
    fn count_samples(&mut self, _counts: bool) {}

    /// Number of samples that passed the depth test since the start, if the backend counts them.
    /// Backends to which counting costs something may count only from the first call on.
    fn samples_passed(&mut self) -> Option<u64> {
        None
    }

    /// As [`samples_passed`](Self::samples_passed), but a backend that does not count yet does not
    /// begin.
    fn samples_so_far(&mut self) -> Option<u64> {
        self.samples_passed()
    }

    /// Whether a sample of a survey's draws has passed; waits for the answer. Surveys that the
    /// backend has no record of count as visible.
    fn survey(&mut self, _survey: ConditionalSurvey) -> bool {
        true
    }

    /// As [`survey`](Self::survey), without a wait: `None` if the result is not available yet.
    fn poll_survey(&mut self, survey: ConditionalSurvey) -> Option<bool> {
        Some(self.survey(survey))
    }

    /// Notes the number of samples that have passed so far, without a wait: the number of the
    /// result, for [`poll_result`](Self::poll_result). `None` if samples are counted at once or not
    /// at all.
    fn begin_samples(&mut self) -> Option<u64> {
        None
    }

    /// Begins to write all texels that memory lacks, without a wait: the number of the result, for
    /// [`poll_result`](Self::poll_result), or of an earlier one that has them. `None` if the
    /// backend can't.
    fn begin_delivery(&mut self, _memory: &dyn PhysicalMemory) -> Option<u64> {
        None
    }

    /// Result with a number, if available: samples that have passed. Texels are in memory then.
    fn poll_result(&mut self, _number: u64, _memory: &dyn PhysicalMemory) -> Option<u64> {
        Some(0)
    }

    /// As [`poll_result`](Self::poll_result), but waits for the result.
    fn wait_for_result(&mut self, _number: u64, _memory: &dyn PhysicalMemory) -> u64 {
        0
    }

    /// Feeds the EDRAM's bytes to a digest. If the words can't be read there is none.
    fn digest(&mut self, sink: &mut dyn FnMut(&[u8])) {
        if let Some(words) = self.edram() {
            sink(bytemuck::cast_slice(&words));
        }
    }

    /// Copies the EDRAM's words, tile after tile; `None` if the backend has no EDRAM.
    fn edram(&mut self) -> Option<Vec<u32>> {
        None
    }

    /// Passes the pages of the EDRAM that may differ from those of the generation `since` to
    /// `each`, with their numbers. Returns the present generation; generation 0 is the first, when
    /// each word is zero. `None` if there is no EDRAM, or if it cannot be read now.
    fn edram_since(&mut self, _since: u64, each: &mut dyn FnMut(u32, &EdramPage)) -> Option<u64> {
        self.edram()?.as_chunks().0.iter().zip(0..).for_each(|(page, number)| each(number, page));
        Some(0)
    }

    /// Replaces the EDRAM's words; an error gives the reason. Without an EDRAM this has no effect.
    fn set_edram(&mut self, _words: &[u32]) -> Result<(), String> {
        Ok(())
    }

    /// Function that lists the memory ranges read by a draw, for a backend whose draws read memory
    /// and change only the backend's own state. Such draws may run later and on another thread, on
    /// a snapshot of that memory.
    fn inputs(&self) -> Option<Inputs> {
        None
    }

    /// Handle that cancels draws early, if the backend's draws may take long.
    fn cancel(&self) -> Option<Cancel> {
        None
    }

    /// Errors since the last call of draws that were accepted but failed later.
    fn late_errors(&mut self) -> Vec<BackendError> {
        Vec::new()
    }

    /// Current image of a draw's first colour target, or of its depth target if it has none, if the
    /// backend can produce it.
    fn target_picture(&mut self, _call: &DrawCall) -> Option<Frame> {
        None
    }
}

/// Backend that renders nothing. Guest-visible timing, fences and interrupts match other backends.
#[derive(Debug, Default)]
pub struct NullBackend;

impl Backend for NullBackend {
    fn name(&self) -> &'static str {
        "none"
    }

    fn draw(&mut self, _: &DrawCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        Ok(())
    }

    fn resolve(&mut self, _: &ResolveCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        Ok(())
    }
}
