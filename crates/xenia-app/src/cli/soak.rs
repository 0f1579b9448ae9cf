//! Arguments of `soak`.

use super::{number_of_frames, positive, seconds};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Which executor runs a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SoakMode {
    /// One host thread.
    Lockstep,
    /// A host thread for each hardware thread.
    Parallel,
}

/// `soak`.
#[derive(Clone, Debug, Args)]
pub struct SoakArgs {
    /// The titles, in turn.
    #[arg(required = true)]
    pub titles: Vec<PathBuf>,
    /// In which modes each is run.
    #[arg(
        long,
        value_name = "MODE,MODE",
        value_enum,
        value_delimiter = ',',
        default_value = "lockstep,parallel"
    )]
    pub modes: Vec<SoakMode>,
    /// End the last run after this many seconds of the host's time.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub seconds: Option<Duration>,
    /// End after this many rounds of all titles.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub rounds: Option<u64>,
    /// End each run after this many swaps, unless the title ends before.
    #[arg(long, value_name = "N", value_parser = number_of_frames)]
    pub frames: Option<u64>,
    /// Write a line of JSON for each look into this file.
    #[arg(long, value_name = "FILE")]
    pub samples: PathBuf,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "2")]
    pub every: Duration,
}
