//! The XMA decoder and the sound output, as the kernel sees them.

use xenia_sched::GuestTicks;

/// Sound.
pub trait Audio: Send {
    /// Guest code stored to a register of the XMA decoder, at `now`.
    fn store_register(&mut self, index: u32, value: u32, now: GuestTicks);

    /// Guest time is `now`.
    fn advance(&mut self, now: GuestTicks);

    /// Guest time of the next thing it does by itself.
    fn next_event(&self) -> Option<GuestTicks>;
}

/// Silence.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAudio;

impl Audio for NoAudio {
    fn store_register(&mut self, _: u32, _: u32, _: GuestTicks) {}
    fn advance(&mut self, _: GuestTicks) {}
    fn next_event(&self) -> Option<GuestTicks> {
        None
    }
}
