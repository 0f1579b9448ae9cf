//! Arguments of the `trace` command.

use clap::{Args, Subcommand};
use std::path::PathBuf;
use xenia::config::{GpuKind, QueryMode, ReadbackMode};
use xenia_cli::EngineArgs;
use xenia_cli::numbers::{number, positive};

/// Arguments of `trace`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    #[command(subcommand)]
    pub command: TraceCommand,
}

/// Operations on GPU traces.
#[derive(Debug, Subcommand)]
pub enum TraceCommand {
    /// Run a title and record its GPU commands and the memory that the GPU reads.
    #[command(after_help = "\
Examples:
  xenia-rs trace record t.xex --frames 60 -o t.trace
  xenia-rs trace record t.xex --from 300 --frames 1 -o frame.trace")]
    Record(Box<TraceRecordArgs>),
    /// Play a trace without the CPU.
    #[command(after_help = "\
Examples:
  xenia-rs trace play t.trace --dump-frames pictures
  xenia-rs trace play t.trace --gpu none --json -          how fast packets are processed
  xenia-rs trace play t.trace --repeat 5 --gpu wgpu --json -     and what the device does")]
    Play(TracePlayArgs),
    /// Compare two traces and report the first event that differs.
    #[command(after_help = "Example:\n  xenia-rs trace diff a.trace b.trace")]
    Diff(TraceDiffArgs),
    /// Print a trace's packets and the state of each draw; with --out also a picture after each
    /// draw.
    #[command(after_help = "\
Examples:
  xenia-rs trace dump t.trace --frame 2
  xenia-rs trace dump t.trace --draw 7 --out pictures")]
    Dump(TraceDumpArgs),
}

/// Arguments of `trace record`.
#[derive(Clone, Debug, Args)]
pub struct TraceRecordArgs {
    /// The title to run (default: the built-in demo).
    pub title: Option<PathBuf>,
    /// The trace file to write.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Number of swaps to skip before the trace starts.
    #[arg(long, value_name = "N", value_parser = number, default_value = "0")]
    pub from: u64,
    /// Number of swaps to record.
    #[arg(long, value_name = "N", value_parser = number, default_value = "60")]
    pub frames: u64,
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Give up if no swap arrives within this many seconds of guest time; 0 waits forever.
    #[arg(long, value_name = "SECONDS", value_parser = number, default_value = "60")]
    pub swap_timeout: u64,
}

/// Arguments of `trace play`.
#[derive(Clone, Debug, Args)]
pub struct TracePlayArgs {
    /// The trace to play.
    pub trace: PathBuf,
    /// GPU backend that draws.
    #[arg(long, value_enum, default_value_t)]
    pub gpu: GpuKind,
    /// When memory gets what the console's GPU has drawn (--gpu wgpu).
    #[arg(long, value_enum, default_value_t)]
    pub readback: ReadbackMode,
    /// When memory gets the results of occlusion queries (--gpu wgpu; late with --parallel).
    #[arg(long, value_enum, default_value_t)]
    pub queries: QueryMode,
    /// Treat packets as with exec --parallel, where effects may be late.
    #[arg(long)]
    pub parallel: bool,
    /// Play the trace this many times, each with a new backend on the same device.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "1")]
    pub repeat: u64,
    /// Write every frame as a PNG file to this folder.
    #[arg(long, value_name = "DIR")]
    pub dump_frames: Option<PathBuf>,
    /// Write statistics as JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Arguments of `trace diff`.
#[derive(Clone, Debug, Args)]
pub struct TraceDiffArgs {
    /// The first trace.
    pub first: PathBuf,
    /// The second trace.
    pub second: PathBuf,
}

/// Arguments of `trace dump`.
#[derive(Clone, Debug, Args)]
pub struct TraceDumpArgs {
    /// The trace to print.
    pub trace: PathBuf,
    /// Print only the packets and draws of this swap, counted from 1.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub frame: Option<u64>,
    /// Print only this draw, counted from 1.
    #[arg(long, value_name = "N", value_parser = positive, conflicts_with = "frame")]
    pub draw: Option<u64>,
    /// Write each draw's render target as a PNG file to this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
