//! `cargo xtask mutants`: does a wrong arm of the interpreter or the lifter fail a test?
//!
//! cargo-mutants makes one small change at a time and runs the test that has both engines judge each
//! other (`jit-tests/tests/engines.rs`), and the unit tests of the changed crate. All of it takes days, so each run
//! takes a shard and its results are kept, one line a mutant, in `jit-tests/mutants/`; the summary counts
//! what is there.

use crate::apt::has;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folder of kept results.
const KEPT: &str = "jit-tests/mutants";
/// After this long a mutant hangs: the test takes some ten seconds on an idle machine.
const TIMEOUT_SECONDS: &str = "150";
/// What the project asks for.
const GOAL: f64 = 0.95;

/// Which engine's arms are changed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Area {
    Interp,
    Lifter,
}

impl Area {
    /// Name in file names, the package, and its sources; what is left out is in .cargo/mutants.toml.
    fn sources(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::Interp => ("interp", "xenia-cpu", &["crates/xenia-cpu/src/interp/**/*.rs"]),
            Self::Lifter => (
                "lifter",
                "xenia-jit",
                &[
                    "crates/xenia-jit/src/lift.rs",
                    "crates/xenia-jit/src/lift/**/*.rs",
                    "crates/xenia-jit/src/exact_vector.rs",
                    "crates/xenia-jit/src/soft_float.rs",
                    "crates/xenia-jit/src/strings.rs",
                ],
            ),
        }
    }
}

/// `cargo xtask mutants`.
#[derive(Debug, Args)]
pub(crate) struct MutantsArgs {
    /// Shard to test, as `K/N`: every Nth mutant from the Kth on. Without one, the kept results are summed up.
    #[arg(long)]
    shard: Option<String>,
    /// Which engine's arms are changed.
    #[arg(long, value_enum, default_value = "interp")]
    area: Area,
}

/// Tests a shard and keeps its results, or sums up what was kept.
pub(crate) fn run(args: &MutantsArgs) -> Result<()> {
    match &args.shard {
        Some(shard) => test_shard(args.area, shard),
        None => summary(),
    }
}

fn test_shard(area: Area, shard: &str) -> Result<()> {
    if !has("cargo-mutants") {
        bail!("cargo-mutants is not installed: `cargo install cargo-mutants --locked`");
    }
    let (name, package, sources) = area.sources();
    let name = format!("{name}-{}", shard.replace('/', "-of-"));
    let out = Path::new("target/mutants").join(&name);
    std::fs::create_dir_all(&out)?;
    // A build folder of its own, without what an earlier run left of our crates: Cargo knows them by their path in the
    // workspace and their files' times, and would take a mutant of another copy for this tree's.
    let build =
        std::env::var_os("XENIA_MUTANTS_BUILD").map_or_else(|| "target/mutants/build".into(), PathBuf::from);
    std::fs::create_dir_all(&build)?;
    let build = build.canonicalize()?;
    let cargo = || {
        let mut command = Command::new("cargo");
        command.env("CARGO_TARGET_DIR", &build);
        command
    };
    let ours = ["xenia-guest", "xenia-isa", "xenia-memory", "xenia-cpu", "xenia-jit", "xenia-jit-tests"];
    cargo().arg("clean").args(ours.iter().flat_map(|name| ["--package", name])).status()?;
    // cargo-mutants would try the unchanged tree with the tests of the changed packages only.
    let judge = ["test", "--package", package, "--package", "xenia-jit-tests", "--lib", "--test", "engines"];
    if !cargo().args(judge).status().context("cannot start cargo")?.success() {
        bail!("the unchanged tree fails `cargo {}`", judge.join(" "));
    }
    // Its exit code says whether mutants survived; the outcomes say more.
    let status = cargo()
        .args(["mutants", "--workspace", "--no-shuffle", "--colors", "never", "--sharding", "round-robin"])
        .args(sources.iter().flat_map(|glob| ["--file", glob]))
        .args(["--test-package", package, "--test-package", "xenia-jit-tests", "--baseline", "skip"])
        .args(["--timeout", TIMEOUT_SECONDS])
        .args(["--shard", shard, "--output"])
        .arg(&out)
        .status()
        .context("cannot start cargo mutants")?;
    let outcomes = out.join("mutants.out/outcomes.json");
    let text = std::fs::read_to_string(&outcomes)
        .with_context(|| format!("cargo mutants ended with {status} and left no {}", outcomes.display()))?;
    let mut lines = String::new();
    for outcome in serde_json::from_str::<Value>(&text)?["outcomes"].as_array().into_iter().flatten() {
        if let Some(line) = kept_line(outcome) {
            writeln!(lines, "{line}")?;
        }
    }
    if lines.is_empty() {
        bail!("no mutant of shard {shard} was tested");
    }
    std::fs::create_dir_all(KEPT)?;
    std::fs::write(Path::new(KEPT).join(format!("{name}.jsonl")), lines)?;
    summary()
}

/// What is kept of an outcome; `None` for the run without a change.
fn kept_line(outcome: &Value) -> Option<Value> {
    let mutant = outcome["scenario"].get("Mutant")?;
    Some(json!({ "mutant": mutant["name"], "outcome": outcome["summary"] }))
}

fn summary() -> Result<()> {
    // By mutant: shards of different numbers of parts overlap.
    let mut outcomes = BTreeMap::<String, String>::new();
    let mut files: Vec<_> = std::fs::read_dir(KEPT)
        .with_context(|| format!("no results are kept in {KEPT}"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    for file in files {
        for line in std::fs::read_to_string(&file)?.lines() {
            let kept: Value =
                serde_json::from_str(line).with_context(|| format!("{}: {line}", file.display()))?;
            let (mutant, outcome) = (kept["mutant"].as_str(), kept["outcome"].as_str());
            let (mutant, outcome) = mutant.zip(outcome).with_context(|| format!("{}", file.display()))?;
            outcomes.insert(mutant.to_owned(), outcome.to_owned());
        }
    }
    let count = |wanted: &str| outcomes.values().filter(|outcome| *outcome == wanted).count();
    let missed = outcomes.iter().filter(|(_, outcome)| *outcome == "MissedMutant").map(|(mutant, _)| mutant);
    // What doesn't compile shows nothing; what hangs is noticed.
    let caught = count("CaughtMutant") + count("Timeout");
    let viable = caught + count("MissedMutant");
    for mutant in missed {
        println!("survived: {mutant}");
    }
    let ratio = caught as f64 / viable.max(1) as f64;
    println!(
        "{viable} mutants that compile, {caught} caught ({:.1}%, goal {:.0}%), {} survived; {} don't compile",
        ratio * 100.0,
        GOAL * 100.0,
        count("MissedMutant"),
        count("Unviable"),
    );
    Ok(())
}
