//! Arguments of the `soak` command.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;
use xenia_cli::numbers::{number_of_frames, positive, seconds};

/// Executors that run a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SoakMode {
    /// Lockstep, on one host thread.
    Lockstep,
    /// Parallel, with a host thread for each hardware thread.
    Parallel,
}

/// Arguments of `soak`.
#[derive(Clone, Debug, Args)]
pub struct SoakArgs {
    /// The titles to run, in turn.
    #[arg(required = true)]
    pub titles: Vec<PathBuf>,
    /// Modes in which each title is run.
    #[arg(
        long,
        value_name = "MODE,MODE",
        value_enum,
        value_delimiter = ',',
        default_value = "lockstep,parallel"
    )]
    pub modes: Vec<SoakMode>,
    /// End the last run after this many seconds of host time.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub seconds: Option<Duration>,
    /// End after this many rounds through all titles.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub rounds: Option<u64>,
    /// End each run after this many swaps, if the title does not end earlier.
    #[arg(long, value_name = "N", value_parser = number_of_frames)]
    pub frames: Option<u64>,
    /// Write each sample as a line of JSON to this file.
    #[arg(long, value_name = "FILE")]
    pub samples: PathBuf,
    /// Seconds between two samples.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "2")]
    pub every: Duration,
}
