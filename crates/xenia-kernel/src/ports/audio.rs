//! Sound as the kernel sees it: where frames go, and the XMA decoder.

use xenia_guest::{SOUND_CHANNELS, SOUND_FRAME_SAMPLES};
use xenia_sched::GuestTicks;

/// Bytes of a frame.
pub const RENDER_FRAME_BYTES: usize = SOUND_CHANNELS * SOUND_FRAME_SAMPLES * 4;

/// A frame as a title hands it over: the samples of one channel after the other, big-endian floats.
pub type RenderFrame = [u8; RENDER_FRAME_BYTES];

/// Reads a song's bytes from an offset on; how many there were. 0: it ends there.
pub type SongBytes = Box<dyn FnMut(u64, &mut [u8]) -> usize + Send>;

/// Where sound goes. Nothing that comes of it reaches the guest.
pub trait Audio: Send {
    /// The time of one frame has come: it is the sum of these, one for each client that has one.
    /// Frames follow each other without gaps for as long as there are clients, or a song plays:
    /// so loud, of what is on.
    fn play(&mut self, frames: &[Box<RenderFrame>], song: Option<f32>);

    /// Another song is on, from its beginning, or none. Of two the one with the higher number came
    /// later, whichever is told first.
    fn set_song(&mut self, number: u64, song: Option<SongBytes>);
}

/// The XMA decoder, which reads and writes guest memory.
pub trait Xma: Send {
    /// Guest code, or the kernel for it, stored to a register at `now`. Contexts that this starts
    /// are done when it returns.
    fn store_register(&mut self, index: u32, value: u32, now: GuestTicks);
}

/// Silence.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAudio;

impl Audio for NoAudio {
    fn play(&mut self, _: &[Box<RenderFrame>], _: Option<f32>) {}
    fn set_song(&mut self, _: u64, _: Option<SongBytes>) {}
}

/// No decoder: contexts stay as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoXma;

impl Xma for NoXma {
    fn store_register(&mut self, _: u32, _: u32, _: GuestTicks) {}
}
