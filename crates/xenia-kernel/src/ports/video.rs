//! Video port: the graphics chip.
//!
//! The chip's time is guest time: it changes only when it is advanced, and its events are due at
//! guest times that it announces. So a lockstep run has the same events on every host.

use serde::{Deserialize, Serialize};
use xenia_sched::{FIELDS_PER_SECOND, GuestTicks, TICKS_PER_SECOND};

/// Video mode of the display.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisplayMode {
    /// Pixels per line.
    pub width: u32,
    /// Number of lines.
    pub height: u32,
    /// Whether a field shows only every other line.
    pub interlaced: bool,
    /// Whether the screen is 16:9.
    pub widescreen: bool,
    /// Fields per second.
    pub refresh_rate: f32,
}

impl DisplayMode {
    /// Whether it has the fields per second of PAL.
    pub fn is_50_hz(&self) -> bool {
        self.refresh_rate == 50.0
    }
}

impl Default for DisplayMode {
    /// 1280×720, progressive, 60 Hz.
    fn default() -> Self {
        Self { width: 1280, height: 720, interlaced: false, widescreen: true, refresh_rate: 60.0 }
    }
}

/// A title's request to show a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwapRequest {
    /// Texture fetch constant of the front buffer as given by the title, with a physical address.
    pub fetch: [u32; 6],
    /// Physical address of the front buffer.
    pub front_buffer: u32,
    /// Pixels per line.
    pub width: u32,
    /// Number of lines.
    pub height: u32,
}

/// Generates the commands, in host byte order, that `VdSwap` writes into the 64 words reserved by
/// its caller.
pub type SwapCommands = fn(&SwapRequest) -> [u32; 64];

/// An event of the graphics chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoEvent {
    /// An interrupt of processors.
    Interrupt {
        /// 0 for vertical blank, 1 for the command processor.
        source: u32,
        /// Mask of hardware threads; 0 leaves the choice to the kernel.
        cpu_mask: u8,
    },
    /// A frame was shown.
    Swap,
}

/// The graphics chip. Calls come in guest order, and from one host thread at a time.
pub trait Video: Send {
    /// Sets up the ring buffer: physical address, and log2 of its size in quadwords.
    fn initialize_ring(&mut self, physical: u32, size_log2: u32);

    /// Makes the chip write its read pointer to this physical address every 2^`block_log2`
    /// quadwords.
    fn enable_read_pointer_write_back(&mut self, physical: u32, block_log2: u32);

    /// Handles a store of guest code to a register at `now`.
    fn store_register(&mut self, index: u32, value: u32, now: GuestTicks);

    /// Advances the chip to guest time `now`, or by a part of the work until then: the next event
    /// is due by `now` then.
    fn advance(&mut self, now: GuestTicks);

    /// Guest time of the chip's next event; `None` if it is idle.
    fn next_event(&self) -> Option<GuestTicks>;

    /// Takes the events since the last call, in order.
    fn take_events(&mut self) -> Vec<VideoEvent>;

    /// Returns the generator of swap commands. It is independent of the chip, so callers never wait
    /// for a busy chip.
    fn swap_commands(&self) -> SwapCommands;

    /// Sets the interval between vertical blanks, from the next one on.
    fn set_field_period(&mut self, period: GuestTicks);

    /// The video mode of the console's settings, which never changes.
    fn display_mode(&self) -> DisplayMode {
        DisplayMode::default()
    }
}

/// No graphics chip: vertical blanks only, at 60 Hz until a title changes the rate.
#[derive(Clone, Copy, Debug)]
pub struct NoVideo {
    period: GuestTicks,
    next_blank: GuestTicks,
    pending: bool,
}

impl Default for NoVideo {
    fn default() -> Self {
        let period = TICKS_PER_SECOND / u64::from(FIELDS_PER_SECOND);
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
        // Vertical blanks that were not taken in time coalesce into one.
        if std::mem::take(&mut self.pending) {
            vec![VideoEvent::Interrupt { source: 0, cpu_mask: 0 }]
        } else {
            Vec::new()
        }
    }

    fn swap_commands(&self) -> SwapCommands {
        // Type-2 packets do nothing.
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
