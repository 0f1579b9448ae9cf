//! A sweep on a real Slurm, all on this host: a controller and two nodes on loopback, with a
//! private key, ports and folders, which end with the test.
//!
//! The sweep is run as one shard, then as arrays whose workers are killed at random moments, and
//! which are resubmitted until no result is missing. All must end in the same hash, with little
//! work repeated.

mod killer;
mod slurm;

use crate::apt::has;
use crate::steps::{self, run};
use anyhow::{Context, Result, bail};
use clap::Args;
use killer::Killer;
use slurm::Slurm;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Required programs, and their Debian packages.
const PROGRAMS: [(&str, &str); 4] =
    [("slurmctld", "slurmctld"), ("slurmd", "slurmd"), ("sbatch", "slurm-client"), ("munged", "munge")];
/// Limit on resubmissions.
const MAX_TRIES: u32 = 50;
/// Submissions whose workers are killed; later ones are not, so that the test ends.
const LOSSES: u32 = 3;
/// Largest share of units that may be repeated because of killed workers.
const MAX_EXTRA: f64 = 0.05;

/// Arguments of `cargo xtask slurm-test`.
#[derive(Debug, Args)]
pub(crate) struct SlurmArgs {
    /// Number of fuzzer seeds, one unit each, in addition to conformance cases, golden runs and
    /// hostile titles: 1,993 units.
    #[arg(long, default_value = "8100")]
    seeds: u64,
    /// Shard counts of the runs whose workers are killed.
    #[arg(long, value_delimiter = ',', default_value = "7,64")]
    shards: Vec<u32>,
    /// Percentage of workers that are killed.
    #[arg(long, default_value = "30")]
    kill: u64,
    /// Only compare the time of two workers, without kills, with that of one.
    #[arg(long)]
    efficiency: bool,
}

/// Sets Slurm up, runs the sweep, compares.
pub(crate) fn run_test(args: &SlurmArgs) -> Result<()> {
    provide()?;
    let folder = tempfile::tempdir().context("a folder for Slurm")?;
    let at = folder.path();
    // A copy, because a concurrent build would replace the program.
    let program = at.join("xenia-rs");
    std::fs::copy(steps::program()?, &program).context("a copy of the program")?;
    let spec = at.join("sweep.toml");
    let root = std::env::current_dir()?;
    std::fs::write(&spec, plan_of(&root, args.seeds))?;
    let plan = at.join("plan");
    run(Command::new(&program).args(["sweep", "plan"]).arg(&spec).arg("--out").arg(&plan))?;
    let slurm = Slurm::start(at)?;
    let sweep = Sweep { slurm: &slurm, program: &program, plan: &plan, at };
    let alone = sweep.array(1, 0, 0.0)?;
    println!("{alone}");
    if args.efficiency {
        let two = sweep.array(2, 0, 0.0)?;
        println!("{two}");
        two.compare(&alone)?;
        println!("efficiency of two workers against one: {:.3}", alone.seconds / two.seconds / 2.0);
        return Ok(());
    }
    for &shards in &args.shards {
        let array = sweep.array(shards, args.kill, alone.seconds)?;
        println!("{array}");
        array.compare(&alone)?;
        if args.kill > 0 && array.killed == 0 {
            bail!("no worker lived long enough to be killed: give more --seeds");
        }
    }
    Ok(())
}

/// A completed sweep.
struct Finished {
    shards: u32,
    submissions: u32,
    killed: u64,
    /// Units that were repeated, or lost while they ran.
    extra: u64,
    units: u64,
    hash: String,
    /// Seconds from the first submission to the last result.
    seconds: f64,
}

impl Finished {
    /// Checks that both results are equal, and that the second did not take much longer.
    fn compare(&self, other: &Self) -> Result<()> {
        if (&self.hash, self.units) != (&other.hash, other.units) {
            bail!("one shard's hash is {}, of {} units", other.hash, other.units);
        }
        if self.extra as f64 > self.units as f64 * MAX_EXTRA {
            bail!("{} units were done in vain", self.extra);
        }
        Ok(())
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { shards, submissions, killed, extra, units, hash, seconds } = self;
        let percent = *extra as f64 * 100.0 / *units as f64;
        write!(
            f,
            "{shards} shards, {submissions} submissions, {killed} workers killed, {seconds:.1} s: {units} units, {extra} \
             of them twice at most ({percent:.2} %), hash {hash}"
        )
    }
}

/// A sweep that can be run repeatedly.
struct Sweep<'a> {
    slurm: &'a Slurm,
    program: &'a Path,
    plan: &'a Path,
    at: &'a Path,
}

impl Sweep<'_> {
    /// Runs it as an array of `shards` tasks until no result is missing. Kills `kill` percent of
    /// the workers, at random moments of a shard's run time if all shards together take `seconds`.
    fn array(&self, shards: u32, kill: u64, seconds: f64) -> Result<Finished> {
        let out = self.at.join(format!("out{shards}"));
        std::fs::create_dir(&out)?;
        let began = SystemTime::now();
        let mut killed = 0;
        let mut submissions = 0;
        loop {
            submissions += 1;
            let kill = if submissions <= LOSSES { kill } else { 0 };
            let within = Duration::from_secs_f64(seconds / f64::from(shards));
            killed += self.slurm.array(self.program, self.plan, &out, shards, Killer::new(kill, within))?;
            let merged = merged(self.program, &out)?;
            let number = |key: &str| merged[key].as_u64().with_context(|| format!("no {key}"));
            if number("missing")? == 0 {
                return Ok(Finished {
                    shards,
                    submissions,
                    killed,
                    extra: killed + number("repeated")?,
                    units: number("units")?,
                    hash: merged["hash"].as_str().context("no hash")?.to_owned(),
                    seconds: last_result(&out)?.duration_since(began)?.as_secs_f64(),
                });
            }
            if submissions == MAX_TRIES {
                bail!("after {submissions} submissions units are still missing");
            }
        }
    }
}

/// Time of the last result.
fn last_result(out: &Path) -> Result<SystemTime> {
    let mut last = SystemTime::UNIX_EPOCH;
    for entry in std::fs::read_dir(out.join("results"))? {
        last = last.max(entry?.metadata()?.modified()?);
    }
    Ok(last)
}

fn provide() -> Result<()> {
    let missing: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| !has(program)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        println!("installing {}", missing.join(" "));
        let install = ["install", "-y", "-qq", "--no-install-recommends"];
        run(Command::new("apt-get").args(install).args(&missing).env("DEBIAN_FRONTEND", "noninteractive"))
            .with_context(|| format!("this needs Debian's {}", missing.join(", ")))?;
    }
    Ok(())
}

/// Golden runs with flags that must not change results, hostile titles, every conformance file on
/// every engine, random sequences.
fn plan_of(root: &Path, seeds: u64) -> String {
    format!(
        r#"root = "{}"
[limits]
seconds = 900
[[check]]
path = "guest/bin/hello.xex"
expect = "golden/hello_n1k.json"
instructions = 1000
engines = ["interp", "jit", "cross-check"]
flags = [[], ["--gpu-inline"]]
[[check]]
path = "guest/bin/cpu-suite.xex"
expect = "golden/cpu-suite_n60m.json"
instructions = 60_000_000
engines = ["interp", "jit"]
tiers = ["function", "auto"]
[[check]]
path = "guest/bin/demo.xex"
expect = "golden/demo_f10.json"
frames = 10
flags = [[], ["--gpu-inline"]]
[[title]]
path = "guest/bin/hostile"
except = ["fills.xex", "gputex.xex", "gpuloop.xex"] # they draw for minutes
instructions = 40_000
engines = ["interp", "jit"]
tiers = ["function", "auto"]
ends = {{ "recursion.xex" = "guest-fault" }}
[[conformance]]
path = "jit-tests"
engines = ["interp", "jit"]
tiers = ["function", "auto"]
batch = 1
[[fuzz]]
seeds = "1..{seeds}"
blocks = 1
batch = 1
"#,
        root.display()
    )
}

/// The merged results of a folder.
fn merged(program: &Path, folder: &Path) -> Result<serde_json::Value> {
    let file = folder.join("merged.json");
    let status = Command::new(program)
        .args(["sweep", "merge"])
        .arg(folder)
        .arg("--json")
        .arg(&file)
        .stdout(Stdio::null())
        .status()?;
    if !matches!(status.code(), Some(0 | 1)) {
        bail!("sweep merge ended with {status}");
    }
    let merged: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let failed = merged["failed"].as_array().context("no failures")?;
    if let Some(first) = failed.first() {
        bail!("{} units are wrong, such as {}: {}", failed.len(), first["name"], first["said"]);
    }
    Ok(merged)
}
