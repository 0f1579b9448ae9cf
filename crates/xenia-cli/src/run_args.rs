//! Flags of a run: its limits and outputs.

use crate::EngineArgs;
use crate::numbers::{number, number_of_frames, seconds};
use clap::Args;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;
use xenia::Limits;
use xenia_sched::TICKS_PER_SECOND;

/// Flags that choose when a run ends, its input and its output files.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Run")]
pub struct RunArgs {
    /// End after this many swaps.
    #[arg(long, value_name = "N", value_parser = number_of_frames)]
    pub frames: Option<u64>,
    /// With --frames: give up with exit code 4, as at a deadlock, if no swap arrives within this
    /// many seconds of guest time; 0 waits forever.
    #[arg(long, value_name = "SECONDS", value_parser = number, default_value = "60")]
    pub swap_timeout: u64,
    /// End after this many guest instructions; 0 only loads the title.
    #[arg(short = 'n', long = "instructions", value_name = "N", value_parser = number)]
    pub instructions: Option<u64>,
    /// End after this many seconds of host time.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Write a report of the run as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the deterministic event log to this file.
    #[arg(long, value_name = "FILE")]
    pub event_log: Option<PathBuf>,
    /// Write the title's debug output (DbgPrint) to this file; `off` discards it (default: it is
    /// part of the log).
    #[arg(long, value_name = "FILE|off")]
    pub guest_log: Option<PathBuf>,
    /// Write every frame as a PNG file to this folder.
    #[arg(long, value_name = "DIR")]
    pub dump_frames: Option<PathBuf>,
    /// Record all input from outside the guest (controllers, answers to dialogs) with its guest
    /// time, as JSON lines.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,
    /// Replay a recording: with the same title and the same limits the run ends with the same
    /// digest.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// Record each contended entry of a critical section as JSON lines, for --contention-manifest.
    #[arg(long, value_name = "FILE")]
    pub record_contention: Option<PathBuf>,
    /// After this many seconds of host time, print every guest thread: the object it waits for, pc,
    /// lr and stack. The run continues and the guest is not affected.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub dump_threads_after: Option<Duration>,
}

impl RunArgs {
    /// Whether the run's input is recorded, or comes from a recording.
    pub fn is_recorded(&self) -> bool {
        self.record.is_some() || self.replay.is_some()
    }

    /// Whether the run ends at a limit, so that it may be unattended.
    pub fn has_limit(&self) -> bool {
        self.frames.is_some() || self.instructions.is_some() || self.timeout.is_some()
    }
}

/// The limits of a run.
pub fn limits(run: &RunArgs, engine: &EngineArgs) -> Limits {
    let swap_timeout = run.frames.and(NonZeroU64::new(run.swap_timeout));
    Limits {
        instructions: run.instructions,
        frames: run.frames,
        ticks: None,
        ticks_between_frames: swap_timeout.map(|seconds| seconds.get().saturating_mul(TICKS_PER_SECOND)),
        halt_on_deadlock: engine.halt_on_deadlock,
    }
}
