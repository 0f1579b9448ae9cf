//! Arguments of `trace`.

use super::{EngineArgs, GpuKind, number, positive};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `trace`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    #[command(subcommand)]
    pub command: TraceCommand,
}

/// What to do with a GPU trace.
#[derive(Debug, Subcommand)]
pub enum TraceCommand {
    /// Run a title and write down what its GPU was told and read.
    #[command(after_help = "\
Examples:
  xenia-rs trace record t.xex --frames 60 -o t.trace
  xenia-rs trace record t.xex --from 300 --frames 1 -o frame.trace")]
    Record(Box<TraceRecordArgs>),
    /// Play a trace without a CPU.
    #[command(after_help = "\
Examples:
  xenia-rs trace play t.trace --dump-frames pictures
  xenia-rs trace play t.trace --gpu none --json -          how fast packets are processed")]
    Play(TracePlayArgs),
    /// Compare two traces: the first event that differs.
    #[command(after_help = "Example:\n  xenia-rs trace diff a.trace b.trace")]
    Diff(TraceDiffArgs),
    /// Print a trace's packets and the state of each draw, with a picture after each draw.
    #[command(after_help = "\
Examples:
  xenia-rs trace dump t.trace --frame 2
  xenia-rs trace dump t.trace --draw 7 --out pictures")]
    Dump(TraceDumpArgs),
}

/// `trace record`.
#[derive(Clone, Debug, Args)]
pub struct TraceRecordArgs {
    /// The title; without one, the built-in demo.
    pub title: Option<PathBuf>,
    /// The trace to write.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Swaps to let pass before the trace begins.
    #[arg(long, value_name = "N", value_parser = number, default_value = "0")]
    pub from: u64,
    /// Swaps that the trace holds.
    #[arg(long, value_name = "N", value_parser = number, default_value = "60")]
    pub frames: u64,
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Give up when no swap comes for this many seconds of guest time; 0 waits for ever.
    #[arg(long, value_name = "SECONDS", value_parser = number, default_value = "60")]
    pub swap_timeout: u64,
}

/// `trace play`.
#[derive(Clone, Debug, Args)]
pub struct TracePlayArgs {
    /// The trace.
    pub trace: PathBuf,
    /// Which GPU draws.
    #[arg(long, value_enum, default_value_t)]
    pub gpu: GpuKind,
    /// Write every frame as PNG into this folder.
    #[arg(long, value_name = "DIR")]
    pub dump_frames: Option<PathBuf>,
    /// Write figures as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `trace diff`.
#[derive(Clone, Debug, Args)]
pub struct TraceDiffArgs {
    /// The first trace.
    pub first: PathBuf,
    /// The second trace.
    pub second: PathBuf,
}

/// `trace dump`.
#[derive(Clone, Debug, Args)]
pub struct TraceDumpArgs {
    /// The trace.
    pub trace: PathBuf,
    /// Only this swap's packets and draws, from 1.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub frame: Option<u64>,
    /// Only this draw, from 1.
    #[arg(long, value_name = "N", value_parser = positive, conflicts_with = "frame")]
    pub draw: Option<u64>,
    /// Write what each draw's target looked like as PNG into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
