//! Arguments of `sweep`.

use super::{number, positive};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use xenia_sweep::Shard;

/// `sweep`.
#[derive(Clone, Debug, Args)]
pub struct SweepArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SweepCommand,
}

/// What `sweep` does.
#[derive(Clone, Debug, Subcommand)]
pub enum SweepCommand {
    /// Write the units of a TOML file, each with an id of all that decides its result.
    #[command(after_help = "Example:\n  xenia-rs sweep plan sweep.toml --out sweep")]
    Plan(SweepPlanArgs),
    /// Run a shard's units, as far as they are not done, each in a process with limits.
    #[command(after_help = "\
Examples:
  xenia-rs sweep run sweep                               all of it, here
  xenia-rs sweep run sweep --shard 3/64 --out sweep      a part; started again, it goes on")]
    Run(SweepRunArgs),
    /// Put results together: one document, and a hash of what must not depend on where they were
    /// made.
    #[command(after_help = "\
Examples:
  xenia-rs sweep merge sweep --json sweep.json
  xenia-rs sweep merge sweep --watch                     until all are done")]
    Merge(SweepMergeArgs),
    /// Compare two results of a plan: broken, fixed, slower, other digests. The exit code is 1 if B
    /// is worse.
    #[command(after_help = "Example:\n  xenia-rs sweep diff sweep sweep --threshold 1.2")]
    Diff(SweepDiffArgs),
    /// Write a page of a result, with the last frames and a filter, into its folder.
    #[command(after_help = "Example:\n  xenia-rs sweep report sweep")]
    Report(SweepReportArgs),
    /// Become a unit: limits, then the program again.
    #[command(hide = true)]
    Unit(SweepUnitArgs),
}

/// `sweep plan`.
#[derive(Clone, Debug, Args)]
pub struct SweepPlanArgs {
    /// A TOML file with tables [[title]], [[check]], [[conformance]] and [[fuzz]]; its paths are
    /// relative to its folder, or to the `root` that it names.
    pub spec: PathBuf,
    /// The folder that gets units.jsonl.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// `sweep run`.
#[derive(Clone, Debug, Args)]
pub struct SweepRunArgs {
    /// The folder that `plan` wrote.
    pub plan: PathBuf,
    /// Which part, of how many; I counts from 0, or from 1 to N.
    #[arg(long, value_name = "I/N", default_value = "0/1")]
    pub shard: Shard,
    /// The folder of results, which all shards may share [default: the plan's].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Units at once.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "1")]
    pub jobs: u64,
    /// Run each unit until there are N lines of it: the least of its times is what `diff` compares.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub times: u32,
    /// Where the plan's paths begin on this machine, if that is not where they did when it was
    /// made.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

/// `sweep merge`.
#[derive(Clone, Debug, Args)]
pub struct SweepMergeArgs {
    /// The folder of results.
    pub results: PathBuf,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Look again every few seconds, and show how far the shards are, until every unit is done.
    #[arg(long)]
    pub watch: bool,
}

/// `sweep diff`.
#[derive(Clone, Debug, Args)]
pub struct SweepDiffArgs {
    /// The result that is compared with: a folder of results, or what `merge --json` wrote.
    pub a: PathBuf,
    /// The other.
    pub b: PathBuf,
    /// Ratio of processors' times from which a unit is slower, the median ratio of all units taken
    /// out.
    #[arg(long, value_name = "RATIO", default_value = "1.2")]
    pub threshold: f64,
    /// Both were timed in turns on one host: take no median out.
    #[arg(long)]
    pub in_turns: bool,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `sweep report`.
#[derive(Clone, Debug, Args)]
pub struct SweepReportArgs {
    /// The folder of results.
    pub results: PathBuf,
}

/// `sweep unit`.
#[derive(Clone, Debug, Args)]
pub struct SweepUnitArgs {
    /// MiB of memory.
    #[arg(long, value_name = "N", value_parser = number)]
    pub memory: u64,
    /// The process that started this one.
    #[arg(long, value_name = "PID")]
    pub parent: u32,
    /// What then runs.
    #[arg(last = true, required = true)]
    pub words: Vec<std::ffi::OsString>,
}
