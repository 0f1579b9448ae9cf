//! Arguments of `debug`.

use anyhow::{Result, bail};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;
use xenia::config::{GpuKind, NetworkKind};
use xenia::network::REFUSAL;
use xenia_cli::numbers::{number, seconds};
use xenia_cli::{ClockChoice, EngineArgs};
use xenia_debugger::script::{ScreenSize, parse_size};

/// Arguments of `debug`.
#[derive(Clone, Debug, Args)]
pub struct DebuggerArgs {
    /// The title: what `exec` runs.
    pub title: PathBuf,
    /// Arguments that the title finds on its command line, after its name.
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
    /// Follow the commands of a file instead of keys, and print the screen after each line (`-` for
    /// standard input). Needs no terminal.
    #[arg(long, value_name = "FILE", help_heading = "Debugging")]
    pub script: Option<PathBuf>,
    /// Size of the screen that --script prints.
    #[arg(long, value_name = "COLUMNSxROWS", help_heading = "Debugging", default_value = "120x40", value_parser = parse_size)]
    pub screen: ScreenSize,
    /// GPU backend that draws.
    #[arg(long, value_enum, default_value_t, help_heading = "Picture")]
    pub gpu: GpuKind,
    /// End after this many guest instructions.
    #[arg(short = 'n', long = "instructions", value_name = "N", value_parser = number, help_heading = "Run")]
    pub instructions: Option<u64>,
    /// End after this many seconds of host time.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Run")]
    pub timeout: Option<Duration>,
    /// Replay a recording of input, also one of a run in a window.
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub replay: Option<PathBuf>,
    /// Begin at a saved state of the title in lockstep.
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub load_state: Option<PathBuf>,
    #[command(flatten)]
    pub engine: EngineArgs,
}

impl DebuggerArgs {
    /// Refuses flags of runs that do not repeat.
    ///
    /// # Errors
    /// A flag makes the run unrepeatable (`--parallel`, `--barrier`, `--clock host`, a network), or
    /// flags contradict each other.
    pub fn refuse_unsupported(&self) -> Result<()> {
        let mode = &self.engine.mode;
        if mode.parallel || mode.barrier || mode.clock == Some(ClockChoice::Host) {
            bail!(
                "debug is a lockstep run: leave out --parallel, --barrier and --clock host; \
                 `exec --parallel --gdb PORT` debugs a parallel run"
            );
        }
        if self.engine.network == NetworkKind::Host {
            bail!("{REFUSAL}");
        }
        self.engine.content.refuse_in_recordings(self.replay.is_some())?;
        self.engine.refuse_contradictions()
    }
}
