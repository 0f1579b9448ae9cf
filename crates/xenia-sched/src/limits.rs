//! Limits of a run, and the reasons for its end, for both executors.

use crate::{EndKind, GuestTicks, ThreadsReport};
use serde::{Deserialize, Serialize};

/// Limits of a run. Instructions, frames and ticks are totals since the title's start, which a
/// loaded state contains, not of this run alone.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Stop after exactly this many instructions.
    pub instructions: Option<u64>,
    /// Stop at the end of the visit or gap in which this many frames have been presented.
    pub frames: Option<u64>,
    /// Stop at the end of the round in which guest time reaches this value. Pacing stops a machine
    /// this way many times a second, so engines do not treat it as the end of their run.
    pub ticks: Option<GuestTicks>,
    /// Stop if no frame is presented for this long, in guest time. A machine whose vertical blanks
    /// continue without new frames is not deadlocked, but would never reach the frame limit.
    pub ticks_between_frames: Option<GuestTicks>,
    /// Stop at a deadlock instead of recovering from it.
    pub halt_on_deadlock: bool,
}

/// The last frame that an executor has noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeenFrame {
    /// Number of presented frames.
    pub(crate) count: u64,
    /// Guest time at which it was noticed.
    pub(crate) since: GuestTicks,
}

/// Why a run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The instruction limit was reached.
    Instructions,
    /// The frame limit was reached.
    Frames,
    /// The limit of guest time was reached.
    Ticks,
    /// The title ended or crashed.
    Ended(EndKind),
    /// No thread can ever run again.
    Deadlock(ThreadsReport),
    /// No frame was presented within the limit.
    NoFrames {
        /// Guest time of the last frame; 0 if there was none.
        since: GuestTicks,
        /// All threads at that moment.
        threads: ThreadsReport,
    },
    /// The stop flag was set.
    Stopped,
}
