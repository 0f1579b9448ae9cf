//! Flags of the console that a title sees.

use anyhow::{Result, bail};
use clap::Args;
use xenia::config::{ConsoleConfig, ConsoleRegion, Country, Language, SystemVersion, VideoMode};
use xenia_exports::missing_answer;
use xenia_kernel::LimitSetting;
use xenia_kernel::imports::MissingAnswer;

/// Flags of the console that a title sees.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Title")]
pub struct ConsoleArgs {
    /// Result of calls of missing kernel functions: `fail`, their documented failure (the default);
    /// `zero`; `keep`, the first argument; NAME=VALUE for one of them. May be given several times.
    #[arg(
        long,
        value_name = "fail|zero|keep|NAME=VALUE",
        value_delimiter = ',',
        value_parser = missing
    )]
    pub missing: Vec<MissingAnswer>,
    /// Version of the console's system: major, minor, build and revision, which defaults to 0
    /// (default: 2.0.21119.0).
    #[arg(long, value_name = "A.B.C[.D]")]
    pub system_version: Option<SystemVersion>,
    /// Language of the console (default: english).
    #[arg(long, value_enum)]
    pub language: Option<Language>,
    /// Country of the console, two letters (default: US).
    #[arg(long, value_name = "CODE")]
    pub country: Option<Country>,
    /// Region of the console (default: north-america).
    #[arg(long, value_enum)]
    pub region: Option<ConsoleRegion>,
    /// Video mode of the console: a size, `i` if interlaced, and a rate of 50, 59.94 or 60 Hz
    /// (default: 1280x720@60).
    #[arg(long, value_name = "WxH[i][@RATE]")]
    pub video_mode: Option<VideoMode>,
    /// Whether the console's screen is 16:9 (default: by the video mode).
    #[arg(long, value_name = "true|false")]
    pub widescreen: Option<bool>,
    /// Let the title read addresses below 64 KiB, where it finds zeros, instead of crashing.
    #[arg(long)]
    pub null_page: bool,
    /// Override a limit of the kernel, such as open_files=2000, up to 16 times the default. May be
    /// given several times.
    #[arg(long, value_name = "NAME=N", value_delimiter = ',')]
    pub limit: Vec<LimitSetting>,
}

impl ConsoleArgs {
    /// Refuses two values for the same setting, since only one would take effect.
    ///
    /// # Errors
    /// Two values of a flag contradict each other.
    pub fn refuse_contradictions(&self) -> Result<()> {
        if let Some((one, other)) = contradiction(&self.missing, MissingAnswer::contradicts) {
            bail!("--missing {one} and --missing {other} exclude each other: leave one out");
        }
        if let Some((one, other)) = contradiction(&self.limit, LimitSetting::contradicts) {
            bail!("--limit {one} and --limit {other} exclude each other: leave one out");
        }
        Ok(())
    }
}

/// Reads the result of missing functions.
fn missing(text: &str) -> Result<MissingAnswer, String> {
    missing_answer(text).map_err(|error| format!("{error} (`xenia-rs exports` lists the functions)"))
}

/// The first pair of values that contradict each other according to `contradicts`.
fn contradiction<T>(values: &[T], contradicts: impl Fn(&T, &T) -> bool) -> Option<(&T, &T)> {
    let with_earlier = |(at, other)| {
        let earlier = values[..at].iter().find(|one| contradicts(one, other));
        earlier.map(|one| (one, other))
    };
    values.iter().enumerate().find_map(with_earlier)
}

impl From<&ConsoleArgs> for ConsoleConfig {
    fn from(args: &ConsoleArgs) -> Self {
        Self {
            missing: args.missing.clone(),
            system_version: args.system_version,
            language: args.language,
            country: args.country,
            region: args.region,
            video_mode: args.video_mode,
            widescreen: args.widescreen,
            null_page: args.null_page,
            limits: args.limit.clone(),
        }
    }
}
