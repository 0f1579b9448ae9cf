//! Where a run stops, and why it did: the same for both executors.

use crate::{EndKind, GuestTicks, ThreadsReport};

/// Where a run stops. Totals since the machine was made, not of this run alone.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Exactly this many instructions.
    pub instructions: Option<u64>,
    /// At the end of the visit or gap in which this many frames have been shown.
    pub frames: Option<u64>,
    /// At the end of the round in which guest time comes to this. What paces a machine stops it
    /// here many times a second, so engines don't take it for the end of their run.
    pub ticks: Option<GuestTicks>,
    /// At most this long between frames, in guest time: a machine whose vertical blanks go on while
    /// it shows nothing more is no deadlock, and would never reach the frame limit.
    pub ticks_between_frames: Option<GuestTicks>,
    /// Whether a deadlock stops the machine instead of being recovered from.
    pub halt_on_deadlock: bool,
}

/// Why a run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The instruction limit.
    Instructions,
    /// The frame limit.
    Frames,
    /// The limit of guest time.
    Ticks,
    /// The machine ended by itself.
    Ended(EndKind),
    /// Nothing could ever run again.
    Deadlock(ThreadsReport),
    /// No frame was shown for longer than the limit allows.
    NoFrames {
        /// When the last was shown; 0 if none was.
        since: GuestTicks,
        /// The machine as it is now.
        threads: ThreadsReport,
    },
    /// The stop flag was set.
    Stopped,
}
