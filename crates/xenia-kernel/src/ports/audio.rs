//! Sound ports: the output of frames, and the XMA decoder.

use xenia_guest::{SOUND_CHANNELS, SOUND_FRAME_SAMPLES};
use xenia_sched::GuestTicks;

/// Size of a frame in bytes.
pub const RENDER_FRAME_BYTES: usize = SOUND_CHANNELS * SOUND_FRAME_SAMPLES * 4;

/// A frame in the title's format: one channel after the other, samples as big-endian floats.
pub type RenderFrame = [u8; RENDER_FRAME_BYTES];

/// Reads a song's bytes at an offset and returns their number; 0 at the end.
pub type SongBytes = Box<dyn FnMut(u64, &mut [u8]) -> usize + Send>;

/// Sound output. It cannot affect the guest.
pub trait Audio: Send {
    /// Plays one frame: the sum of `frames`, with one frame of each client that has any queued.
    /// Frames follow each other without gaps as long as there are clients or a song plays. `song`
    /// is the volume of the song that plays, if any.
    fn play(&mut self, frames: &[Box<RenderFrame>], song: Option<f32>);

    /// Starts another song from its beginning, or stops the song. Calls can arrive out of order:
    /// the higher number wins.
    fn set_song(&mut self, number: u64, song: Option<SongBytes>);

    /// Leaves out the next `frames` frames of the song. Called after a load of a state, which
    /// starts the song from its beginning.
    fn skip_song(&mut self, _frames: u64) {}

    /// Drops the song and the sound that is not heard yet: the machine goes back to another moment,
    /// or another kernel follows. Songs are numbered anew.
    fn start_over(&mut self) {}
}

/// The XMA decoder; it reads and writes guest memory.
pub trait Xma: Send {
    /// Handles a store to a register at `now`, by guest code or by the kernel on its behalf.
    /// Contexts that this starts are decoded when the call returns.
    fn store_register(&mut self, index: u32, value: u32, now: GuestTicks);
}

/// Sound output that discards all frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAudio;

impl Audio for NoAudio {
    fn play(&mut self, _: &[Box<RenderFrame>], _: Option<f32>) {}
    fn set_song(&mut self, _: u64, _: Option<SongBytes>) {}
}

/// A decoder that ignores stores and leaves contexts unchanged.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoXma;

impl Xma for NoXma {
    fn store_register(&mut self, _: u32, _: u32, _: GuestTicks) {}
}
