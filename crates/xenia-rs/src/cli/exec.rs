//! Arguments of `exec` and `check`: how a title runs, when the run ends and which files it writes.

use super::{DebugArgs, DialogArgs, InputArgs, ScratchArgs, SoundArgs, StateArgs, WindowArgs};
use clap::Args;
use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;
use xenia::config::{AnisotropyMode, GpuKind, InternalResolution, QueryMode, ReadbackMode};
use xenia::machine::Finished;
use xenia_cli::numbers::number;
use xenia_cli::{ClockChoice, Code, EngineArgs, RunArgs};

/// Arguments of `exec`.
#[derive(Clone, Debug, Default, Args)]
pub struct ExecArgs {
    /// The title: an .xex, an .elf, a disc image, a content package, an archive (ZIP, ZAR), or a
    /// folder with default.xex or exactly one other .xex (default: the built-in demo).
    pub title: Option<PathBuf>,
    /// Arguments that the title finds on its command line, after its name.
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
    /// Compile code with loops without calls, or with much floating point, on all processors before
    /// the title runs. With --code-cache the result is kept, and the next run compiles only new
    /// code.
    #[arg(long, help_heading = "Engine", conflicts_with_all = ["interp", "cross_check"])]
    pub precompile: bool,
    /// At the end, write a bug report to this ZIP file: a file to send, without memory of the title
    /// and without your names and paths.
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub report: Option<PathBuf>,
    /// When the title ends by itself, exit with the low 8 bits of its own exit code.
    #[arg(long, help_heading = "Run")]
    pub guest_exit_code: bool,
    /// The flags that were given, for bug reports.
    #[arg(skip)]
    pub given: Vec<String>,
    /// The words of the command line, with which other titles are opened.
    #[arg(skip)]
    pub typed: Vec<OsString>,
    #[command(flatten)]
    pub picture: PictureArgs,
    #[command(flatten)]
    pub window: WindowArgs,
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub dialogs: DialogArgs,
    #[command(flatten)]
    pub sound: SoundArgs,
    #[command(flatten)]
    pub debug: DebugArgs,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub scratch: ScratchArgs,
    #[command(flatten)]
    pub states: StateArgs,
}

impl ExecArgs {
    /// Whether the run is to be compared with another one: it is recorded, replayed or logged.
    pub fn is_compared(&self) -> bool {
        self.run.record.is_some() || self.run.replay.is_some() || self.run.event_log.is_some()
    }

    /// The exit code of a run; `code` is that without `--guest-exit-code`.
    pub fn exit_code(&self, finished: &Finished, code: Code) -> u8 {
        self.exit_code_of(finished.report.exit_code, code)
    }

    /// As [`Self::exit_code`], for a title that ended with this code.
    pub(crate) fn exit_code_of(&self, of_the_title: Option<u32>, code: Code) -> u8 {
        match of_the_title {
            Some(of_the_title) if self.guest_exit_code && code == Code::Done => of_the_title as u8,
            _ => code.number(),
        }
    }

    /// Whether a flag needs lockstep: repeatability, a scheduling order, or an exact end.
    pub fn needs_lockstep(&self) -> bool {
        let EngineArgs { cpu, mode, sched_order, contention_manifest, .. } = &self.engine;
        mode.lockstep
            || mode.clock == Some(ClockChoice::Guest)
            || cpu.cross_check.is_some()
            || sched_order.is_some()
            || contention_manifest.is_some()
            || self.run.instructions.is_some()
            || !self.states.save_state.is_empty()
            || self.is_compared()
    }
}

fn positive(text: &str) -> Result<NonZeroU64, String> {
    NonZeroU64::new(number(text)?).ok_or_else(|| "must be at least 1".to_owned())
}

/// Flags that configure the picture.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Picture")]
pub struct PictureArgs {
    /// Run without a window.
    #[arg(long)]
    pub headless: bool,
    /// Write the last frame shown as a PNG file.
    #[arg(long, value_name = "FILE")]
    pub last_frame: Option<PathBuf>,
    /// GPU backend that draws.
    #[arg(long, value_enum, default_value_t)]
    pub gpu: GpuKind,
    /// Skip draws while their pipelines are compiled in the background, instead of waiting (not
    /// with --gpu reference or none). The picture then depends on the host's speed.
    #[arg(long)]
    pub async_pipelines: bool,
    /// When memory gets what the console's GPU has drawn (not with --gpu reference or none).
    #[arg(long, value_enum, default_value_t)]
    pub readback: ReadbackMode,
    /// When memory gets the results of occlusion queries (not with --gpu reference or none).
    #[arg(long, value_enum, default_value_t)]
    pub queries: QueryMode,
    /// Anisotropic filtering of textures with linear filters, in place of the title's: sharper
    /// surfaces at flat angles (not with --gpu reference or none).
    #[arg(long, value_enum, value_name = "N", default_value_t)]
    pub anisotropy: AnisotropyMode,
    /// Graphics adapter that draws, and shows the window: a part of its name, such as "nvidia".
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    /// Draw with N times as many pixels each way as the console (not with --gpu reference or none).
    /// Screenshots and recordings have them, too.
    #[arg(
        long,
        visible_alias = "resolution-scale",
        value_enum,
        value_name = "N",
        default_value_t,
        hide_possible_values = true
    )]
    pub internal_resolution: InternalResolution,
    /// For tests only: lose the host's graphics device at the draws with these numbers (--gpu
    /// wgpu).
    #[arg(long, hide = true, value_name = "N,N", value_delimiter = ',', value_parser = number)]
    pub lose_device: Vec<u64>,
    /// Folder of the pipeline cache of --gpu wgpu (default: the user's cache folder).
    #[arg(long, value_name = "DIR", env = "XENIA_CACHE")]
    pub cache: Option<PathBuf>,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// The title to run.
    pub title: PathBuf,
    /// The golden file to compare with. Without -n and --frames, the run ends at the limit that the
    /// file names.
    #[arg(long, value_name = "FILE")]
    pub expect: PathBuf,
    /// Accepted for symmetry with `exec`; `check` never opens a window.
    #[arg(long, hide = true)]
    pub headless: bool,
    /// Write the golden file instead of comparing with it.
    #[arg(long)]
    pub bless: bool,
    /// After every N instructions, save the machine's state and continue in a new machine made from
    /// it; the result must be the same.
    #[arg(long, value_name = "N", value_parser = positive, conflicts_with_all = ["record", "replay"])]
    pub relay: Option<NonZeroU64>,
    /// Keep the states of --relay in a folder, for --piece.
    #[arg(long, value_name = "DIR", requires = "relay")]
    pub keep_states: Option<PathBuf>,
    /// Check one piece of the run only: from the start (0) or from state K of --states to the next
    /// state, which must be reached exactly, or to the end.
    #[arg(long, value_name = "K", conflicts_with_all = ["relay", "bless"])]
    pub piece: Option<u32>,
    /// Folder of the states that cut the run into pieces.
    #[arg(long, value_name = "DIR")]
    pub states: Option<PathBuf>,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Settings that are in effect: names of flags, and lines that say where they are set.
    #[arg(skip)]
    pub settings: Vec<(String, String)>,
    /// The words of the command line.
    #[arg(skip)]
    pub typed: Vec<OsString>,
}
