//! The graphics chip, as the kernel sees it.

use xenia_sched::{GuestTicks, TICKS_PER_SECOND};

/// What the display shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DisplayMode {
    /// Pixels per line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Whether only every other line is shown per field.
    pub interlaced: bool,
    /// Whether the screen is 16:9.
    pub widescreen: bool,
    /// Fields per second.
    pub refresh_rate: f32,
}

impl Default for DisplayMode {
    /// 1280×720, progressive, 60 Hz.
    fn default() -> Self {
        Self { width: 1280, height: 720, interlaced: false, widescreen: true, refresh_rate: 60.0 }
    }
}

/// A frame that a title wants shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwapRequest {
    /// The front buffer's texture fetch constant as the title gave it, its address made physical.
    pub fetch: [u32; 6],
    /// Physical address of the front buffer.
    pub front_buffer: u32,
    /// Pixels per line.
    pub width: u32,
    /// Lines.
    pub height: u32,
}

/// The commands, in host order, that `VdSwap` puts into the 64 words its caller reserved.
pub type SwapCommands = fn(&SwapRequest) -> [u32; 64];

/// Something that the graphics chip did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoEvent {
    /// It interrupts processors.
    Interrupt {
        /// 0: vertical blank; 1: command processor.
        source: u32,
        /// A bit per hardware thread; 0 leaves the choice to the kernel.
        cpu_mask: u8,
    },
    /// It shows a frame.
    Swap,
}

/// The graphics chip. All calls come from the host thread that runs the machine, in guest order.
pub trait Video: Send {
    /// The ring buffer: physical address, and log2 of its size in quadwords.
    fn initialize_ring(&mut self, physical: u32, size_log2: u32);

    /// The chip writes its read pointer to this physical address, every 2^`block_log2` words.
    fn enable_read_pointer_write_back(&mut self, physical: u32, block_log2: u32);

    /// Guest code stored to a register, at `now`.
    fn store_register(&mut self, index: u32, value: u32, now: GuestTicks);

    /// Guest time is `now`: the chip does everything that it does until then.
    fn advance(&mut self, now: GuestTicks);

    /// Guest time of the next thing it does by itself; `None` if it is idle.
    fn next_event(&self) -> Option<GuestTicks>;

    /// Takes what it did since the last call, in order.
    fn take_events(&mut self) -> Vec<VideoEvent>;

    /// What makes the commands of a swap. It needs nothing of the chip, so nobody waits for one
    /// that is at work.
    fn swap_commands(&self) -> SwapCommands;

    /// From the next vertical blank on, they come `period` apart.
    fn set_field_period(&mut self, period: GuestTicks);

    /// What the display shows by the console's settings.
    fn display_mode(&self) -> DisplayMode {
        DisplayMode::default()
    }
}

/// No graphics chip: vertical blanks, at 60 Hz until a title changes that, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct NoVideo {
    period: GuestTicks,
    next_blank: GuestTicks,
    pending: bool,
}

impl Default for NoVideo {
    fn default() -> Self {
        let period = TICKS_PER_SECOND / 60;
        Self { period, next_blank: period, pending: false }
    }
}

impl Video for NoVideo {
    fn initialize_ring(&mut self, _: u32, _: u32) {}
    fn enable_read_pointer_write_back(&mut self, _: u32, _: u32) {}
    fn store_register(&mut self, _: u32, _: u32, _: GuestTicks) {}

    fn advance(&mut self, now: GuestTicks) {
        if now >= self.next_blank {
            self.pending = true;
            self.next_blank += ((now - self.next_blank) / self.period + 1) * self.period;
        }
    }

    fn next_event(&self) -> Option<GuestTicks> {
        Some(self.next_blank)
    }

    fn set_field_period(&mut self, period: GuestTicks) {
        self.period = period.max(1);
    }

    fn take_events(&mut self) -> Vec<VideoEvent> {
        // Blanks that nobody took in time are one.
        if std::mem::take(&mut self.pending) {
            vec![VideoEvent::Interrupt { source: 0, cpu_mask: 0 }]
        } else {
            Vec::new()
        }
    }

    fn swap_commands(&self) -> SwapCommands {
        // Type-2 packets: no operation.
        |_| [0x8000_0000; 64]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_video_still_blanks() {
        let mut video = NoVideo::default();
        assert_eq!(video.next_event(), Some(831_250));
        video.advance(831_249);
        assert!(video.take_events().is_empty());
        video.advance(831_250 * 3);
        assert_eq!(video.take_events().len(), 1);
        assert_eq!(video.next_event(), Some(831_250 * 4));
        video.set_field_period(997_500);
        video.advance(831_250 * 4);
        assert_eq!(video.next_event(), Some(831_250 * 4 + 997_500));
    }
}
