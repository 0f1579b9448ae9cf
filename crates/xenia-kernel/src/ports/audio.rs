//! Sound as the kernel sees it: where frames go, and the XMA decoder.

use xenia_guest::{SOUND_CHANNELS, SOUND_FRAME_SAMPLES};
use xenia_sched::GuestTicks;

/// Bytes of a frame.
pub const RENDER_FRAME_BYTES: usize = SOUND_CHANNELS * SOUND_FRAME_SAMPLES * 4;

/// A frame as a title hands it over: the samples of one channel after the other, big-endian floats.
pub type RenderFrame = [u8; RENDER_FRAME_BYTES];

/// Where sound goes. Nothing that comes of it reaches the guest.
pub trait Audio: Send {
    /// The time of one frame has come: it is the sum of these, one for each client that has one. Frames follow each other without
    /// gaps for as long as there are clients.
    fn play(&mut self, frames: &[Box<RenderFrame>]);
}

/// The XMA decoder, which reads and writes guest memory.
pub trait Xma: Send {
    /// Guest code, or the kernel for it, stored to a register at `now`. Contexts that this starts are done when it returns.
    fn store_register(&mut self, index: u32, value: u32, now: GuestTicks);
}

/// Silence.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAudio;

impl Audio for NoAudio {
    fn play(&mut self, _: &[Box<RenderFrame>]) {}
}

/// No decoder: contexts stay as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoXma;

impl Xma for NoXma {
    fn store_register(&mut self, _: u32, _: u32, _: GuestTicks) {}
}
