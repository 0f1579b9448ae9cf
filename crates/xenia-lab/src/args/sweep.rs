//! Arguments of the `sweep` command.

use clap::{Args, Subcommand};
use std::path::PathBuf;
use xenia_cli::numbers::{number, positive};
use xenia_sweep::Shard;

/// Arguments of `sweep`.
#[derive(Clone, Debug, Args)]
pub struct SweepArgs {
    /// The operation to run.
    #[command(subcommand)]
    pub command: SweepCommand,
}

/// Operations of `sweep`.
#[derive(Clone, Debug, Subcommand)]
pub enum SweepCommand {
    /// Expand a TOML file into work units, each with an id that covers everything that decides its
    /// result.
    #[command(after_help = "Example:\n  xenia-rs sweep plan sweep.toml --out sweep")]
    Plan(SweepPlanArgs),
    /// Run the units of a shard that have no result yet, each in a process with limits.
    #[command(after_help = "\
Examples:
  xenia-rs sweep run sweep                               all of it, here
  xenia-rs sweep run sweep --shard 3/64 --out sweep      a part; started again, it goes on")]
    Run(SweepRunArgs),
    /// Merge results into one document, with a hash of the parts that must not depend on the
    /// machine.
    #[command(after_help = "\
Examples:
  xenia-rs sweep merge sweep --json sweep.json
  xenia-rs sweep merge sweep --watch                     until all are done")]
    Merge(SweepMergeArgs),
    /// Compare two results of a plan: broken, fixed and slower units, changed digests. The exit
    /// code is 1 if B is worse.
    #[command(after_help = "Example:\n  xenia-rs sweep diff sweep sweep --threshold 1.2")]
    Diff(SweepDiffArgs),
    /// Write an HTML page of a result, with the last frames and a filter, to the results' folder.
    #[command(after_help = "Example:\n  xenia-rs sweep report sweep")]
    Report(SweepReportArgs),
    /// Internal: apply limits to this process, then run the program in it.
    #[command(hide = true)]
    Unit(SweepUnitArgs),
}

/// Arguments of `sweep plan`.
#[derive(Clone, Debug, Args)]
pub struct SweepPlanArgs {
    /// TOML file with tables [[title]], [[check]], [[conformance]] and [[fuzz]]. Its paths are
    /// relative to its folder, or to its `root` if it has one.
    pub spec: PathBuf,
    /// Folder to write units.jsonl to.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Arguments of `sweep run`.
#[derive(Clone, Debug, Args)]
pub struct SweepRunArgs {
    /// Folder that `plan` wrote.
    pub plan: PathBuf,
    /// The shard I of N shards, I/N; I counts from 0, or from 1 to N.
    #[arg(long, value_name = "I/N", default_value = "0/1")]
    pub shard: Shard,
    /// Folder of results, which all shards may share [default: the plan's folder].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Number of units to run at once.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "1")]
    pub jobs: u64,
    /// Number of results to collect for each unit; `diff` compares the smallest time.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub times: u32,
    /// Folder that the plan's paths are relative to on this machine, if it differs from the
    /// planning machine's.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

/// Arguments of `sweep merge`.
#[derive(Clone, Debug, Args)]
pub struct SweepMergeArgs {
    /// Folder of results.
    pub results: PathBuf,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Repeat every few seconds and show the progress of the shards, until every unit is done.
    #[arg(long)]
    pub watch: bool,
}

/// Arguments of `sweep diff`.
#[derive(Clone, Debug, Args)]
pub struct SweepDiffArgs {
    /// The baseline: a folder of results, or the output of `merge --json`.
    pub a: PathBuf,
    /// The result to compare with the baseline, in either form.
    pub b: PathBuf,
    /// Ratio of CPU times from which a unit counts as slower, after division by the median ratio of
    /// all units.
    #[arg(long, value_name = "RATIO", default_value = "1.2")]
    pub threshold: f64,
    /// Both results were measured alternately on one host: do not divide by the median ratio.
    #[arg(long)]
    pub in_turns: bool,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Arguments of `sweep report`.
#[derive(Clone, Debug, Args)]
pub struct SweepReportArgs {
    /// Folder of results.
    pub results: PathBuf,
}

/// Arguments of `sweep unit`.
#[derive(Clone, Debug, Args)]
pub struct SweepUnitArgs {
    /// Memory limit, in MiB.
    #[arg(long, value_name = "N", value_parser = number)]
    pub memory: u64,
    /// Process id of the process that started this one.
    #[arg(long, value_name = "PID")]
    pub parent: u32,
    /// The command line to run.
    #[arg(last = true, required = true)]
    pub words: Vec<std::ffi::OsString>,
}
