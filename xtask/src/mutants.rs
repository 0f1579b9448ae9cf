//! `cargo xtask mutants`: mutation testing of the interpreter, the lifter and the baseline tier.
//!
//! cargo-mutants makes one small change at a time and runs the test that compares both engines
//! (`jit-tests/tests/engines.rs`), and the tests of the packages that run the changed code. A
//! complete run takes days, so each run tests one shard and its results are stored, one line per
//! mutant, in `jit-tests/mutants/`, with the version of the source file. The summary counts only
//! results for the current sources: a line for another version may name code that no longer exists.

use crate::apt::has;
use crate::commands;
use crate::files;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folder of the stored results.
const KEPT: &str = "jit-tests/mutants";
/// Random sequences of `jit-tests/tests/engines.rs`, as many as in a long run.
const BLOCKS: &str = "6144";
/// Timeout of a mutant: the test takes some ten seconds on an idle machine.
const TIMEOUT_SECONDS: &str = "150";
/// Packages whose builds a mutant may change.
const OURS: [&str; 7] =
    ["xenia-guest", "xenia-isa", "xenia-memory", "xenia-cpu", "xenia-lifter", "xenia-jit", "xenia-jit-tests"];
/// The project's goal: the share of mutants that tests detect.
const GOAL: f64 = 0.95;

/// The engine whose code is changed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Area {
    Interp,
    Lifter,
    Baseline,
}

impl Area {
    /// Name in file names.
    fn name(self) -> &'static str {
        match self {
            Self::Interp => "interp",
            Self::Lifter => "lifter",
            Self::Baseline => "baseline",
        }
    }

    /// Sources that are changed; .cargo/mutants.toml lists the exclusions.
    fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Interp => &["crates/xenia-cpu/src/interp/**/*.rs"],
            Self::Lifter => &[
                "crates/xenia-lifter/src/analysis/**/*.rs",
                "crates/xenia-lifter/src/arch/x86_64/**/*.rs",
                "crates/xenia-lifter/src/cfg/**/*.rs",
                "crates/xenia-lifter/src/dead_loads.rs",
                "crates/xenia-lifter/src/emit.rs",
                "crates/xenia-lifter/src/emit/**/*.rs",
                "crates/xenia-lifter/src/float/**/*.rs",
                "crates/xenia-jit/src/runtime/strings.rs",
            ],
            Self::Baseline => &[
                "crates/xenia-jit/src/baseline/*_thunk.rs",
                "crates/xenia-jit/src/baseline/*_thunks.rs",
                "crates/xenia-jit/src/baseline/call_table.rs",
                "crates/xenia-jit/src/baseline/emit.rs",
                "crates/xenia-jit/src/baseline/emit/**/*.rs",
                "crates/xenia-jit/src/baseline/encode.rs",
                "crates/xenia-jit/src/baseline/encode/**/*.rs",
                "crates/xenia-jit/src/baseline/endings.rs",
                "crates/xenia-jit/src/baseline/float_thunks/**/*.rs",
                "crates/xenia-jit/src/baseline/links.rs",
                "crates/xenia-jit/src/baseline/map.rs",
                "crates/xenia-jit/src/baseline/sites.rs",
                "crates/xenia-jit/src/baseline/templates.rs",
                "crates/xenia-jit/src/baseline/templates/**/*.rs",
                "crates/xenia-jit/src/baseline/unit.rs",
            ],
        }
    }

    /// Packages whose unit tests judge, besides the comparison of both engines.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Interp => &["xenia-cpu"],
            // The tests of the lifter's passes run compiled code.
            Self::Lifter => &["xenia-lifter", "xenia-jit"],
            Self::Baseline => &["xenia-jit"],
        }
    }

    /// Tests besides those of all areas, which are in .cargo/mutants.toml.
    fn more_judges(self) -> &'static [&'static str] {
        match self {
            Self::Interp => &[],
            Self::Lifter | Self::Baseline => &["--test", "tests"],
        }
    }
}

/// Arguments of `cargo xtask mutants`.
#[derive(Debug, Args)]
pub(crate) struct MutantsArgs {
    /// Shard to test, as `K/N`: every Nth mutant from the Kth on. Without one, summarize the stored
    /// results.
    #[arg(long)]
    shard: Option<String>,
    /// The engine whose code is changed.
    #[arg(long, value_enum, default_value = "interp")]
    area: Area,
}

/// Tests a shard and stores its results, or summarizes the stored ones.
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
    let name = format!("{}-{}", area.name(), shard.replace('/', "-of-"));
    let out = Path::new("target/mutants").join(&name);
    files::create_folder(&out)?;
    // A separate build folder, cleaned of our crates: Cargo identifies them by their path in the
    // workspace and their files' times, and would mistake a mutant of another copy for this tree's
    // code.
    let build =
        std::env::var_os("XENIA_MUTANTS_BUILD").map_or_else(|| "target/mutants/build".into(), PathBuf::from);
    files::create_folder(&build)?;
    let build = build.canonicalize()?;
    let cargo = || {
        let mut command = Command::new("cargo");
        command.env("CARGO_TARGET_DIR", &build).env("XENIA_ENGINE_BLOCKS", BLOCKS);
        command
    };
    commands::status(cargo().arg("clean").args(OURS.iter().flat_map(|name| ["--package", name])))?;
    // cargo-mutants would test the unchanged tree with the tests of the changed packages only.
    let judging = || area.packages().iter().copied().chain(["xenia-jit-tests"]);
    let mut judge = vec!["test", "--lib", "--test", "engines"];
    judge.extend(area.more_judges());
    judge.extend(judging().flat_map(|package| ["--package", package]));
    if !commands::status(cargo().args(&judge))?.success() {
        bail!("the unchanged tree fails `cargo {}`", judge.join(" "));
    }
    // The exit code shows whether mutants survived; the outcome files have the details.
    let mut mutants = cargo();
    mutants
        .args(["mutants", "--workspace", "--no-shuffle", "--colors", "never", "--sharding", "round-robin"])
        .args(area.sources().iter().flat_map(|glob| ["--file", glob]))
        .args(judging().flat_map(|package| ["--test-package", package]))
        .args(["--baseline", "skip", "--timeout", TIMEOUT_SECONDS])
        .args(["--shard", shard, "--output"])
        .arg(&out)
        // The arguments after `--` are those of cargo test.
        .arg("--")
        .args(area.more_judges());
    let status = commands::status(&mut mutants)?;
    let outcomes = out.join("mutants.out/outcomes.json");
    let text = files::read_text(&outcomes).with_context(|| format!("cargo mutants ended with {status}"))?;
    let lines = kept_lines(&text)?;
    if lines.is_empty() {
        bail!("no mutant of shard {shard} was tested");
    }
    files::create_folder(KEPT)?;
    files::write(Path::new(KEPT).join(format!("{name}.jsonl")), lines)?;
    summary()
}

/// The stored lines of a run, from its file of outcomes.
fn kept_lines(outcomes: &str) -> Result<String> {
    let mut lines = String::new();
    let mut versions = Versions::default();
    for outcome in serde_json::from_str::<Value>(outcomes)?["outcomes"].as_array().into_iter().flatten() {
        if let Some(line) = kept_line(outcome, &mut versions)? {
            writeln!(lines, "{line}")?;
        }
    }
    Ok(lines)
}

/// The stored line of an outcome; `None` for the run without a change.
fn kept_line(outcome: &Value, versions: &mut Versions) -> Result<Option<Value>> {
    let Some(mutant) = outcome["scenario"].get("Mutant") else { return Ok(None) };
    let name = mutant["name"].as_str().with_context(|| format!("a mutant without a name: {mutant}"))?;
    Ok(Some(json!({ "mutant": name, "outcome": outcome["summary"], "source": versions.version_of(name)? })))
}

/// Versions of the source files: Git's hashes of their contents.
#[derive(Default)]
struct Versions(BTreeMap<String, Option<String>>);

impl Versions {
    /// The version of the source file of a mutant, named `PATH:LINE:COLUMN: CHANGE`; `None` if the
    /// file is gone.
    fn version_of(&mut self, mutant: &str) -> Result<Option<String>> {
        let path = source(mutant);
        if let Some(known) = self.0.get(path) {
            return Ok(known.clone());
        }
        let version = if Path::new(path).is_file() {
            let hash = commands::printed(Command::new("git").args(["hash-object", "--", path]))?;
            Some(hash.trim().to_owned())
        } else {
            None
        };
        self.0.insert(path.to_owned(), version.clone());
        Ok(version)
    }
}

/// The source file of a mutant.
fn source(mutant: &str) -> &str {
    mutant.split(':').next().unwrap_or_default()
}

/// Totals of the stored results.
#[derive(Debug, Default, PartialEq)]
struct Summary {
    /// Mutants that no test detected.
    survived: Vec<String>,
    caught: usize,
    unviable: usize,
    /// Results for other versions of their sources.
    elsewhere: usize,
}

/// A stored line.
#[derive(Debug, Deserialize)]
struct KeptResult {
    /// The mutant, as `PATH:LINE:COLUMN: CHANGE`.
    mutant: String,
    /// The summary of cargo-mutants.
    outcome: String,
    /// Version of the source file.
    source: String,
}

impl Summary {
    /// Summarizes stored lines. If a mutant occurs more than once, the last line of the current
    /// version counts.
    fn new(
        kept: impl IntoIterator<Item = KeptResult>,
        mut version: impl FnMut(&str) -> Result<Option<String>>,
    ) -> Result<Self> {
        let mut summary = Self::default();
        let mut outcomes = BTreeMap::new();
        for KeptResult { mutant, outcome, source } in kept {
            if version(&mutant)?.as_ref() == Some(&source) {
                outcomes.insert(mutant, outcome);
            } else {
                summary.elsewhere += 1;
            }
        }
        for (mutant, outcome) in outcomes {
            match outcome.as_str() {
                // A hang counts as detected.
                "CaughtMutant" | "Timeout" => summary.caught += 1,
                "MissedMutant" => summary.survived.push(mutant),
                // A mutant that doesn't compile proves nothing.
                "Unviable" => summary.unviable += 1,
                _ => {}
            }
        }
        Ok(summary)
    }
}

fn summary() -> Result<()> {
    let mut kept: Vec<KeptResult> = Vec::new();
    let files = files::list(KEPT).context("no results are kept")?;
    for file in files.iter().filter(|file| files::has_ending(file, &["jsonl"])) {
        for line in files::read_text(file)?.lines() {
            kept.push(serde_json::from_str(line).with_context(|| format!("{}: {line}", file.display()))?);
        }
    }
    let mut versions = Versions::default();
    let Summary { survived, caught, unviable, elsewhere } =
        Summary::new(kept, |mutant| versions.version_of(mutant))?;
    for mutant in &survived {
        println!("survived: {mutant}");
    }
    let viable = caught + survived.len();
    let ratio = if viable == 0 {
        "none to go by".to_owned()
    } else {
        format!("{:.1}%", caught as f64 / viable as f64 * 100.0)
    };
    println!(
        "{viable} mutants that compile, {caught} caught ({ratio}, goal {:.0}%), {} survived; {unviable} don't compile; \
         {elsewhere} of other versions of their sources left out",
        GOAL * 100.0,
        survived.len(),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_area_has_its_sources() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for glob in Area::value_variants().iter().flat_map(|area| area.sources()) {
            let exists = match glob.split_once('*') {
                Some((folder, _)) => root.join(folder).is_dir(),
                None => root.join(glob).is_file(),
            };
            assert!(exists, "{glob}");
        }
    }

    #[test]
    fn only_mutants_of_the_sources_as_they_are_count() {
        let kept = [
            ("a.rs:1:1: x", "CaughtMutant", "now"),
            ("a.rs:2:1: x", "MissedMutant", "now"),
            ("a.rs:3:1: x", "Unviable", "now"),
            ("a.rs:4:1: x", "MissedMutant", "before"),
            // A line of an earlier version does not override the result.
            ("a.rs:1:1: x", "MissedMutant", "before"),
            ("gone.rs:1:1: x", "Timeout", "now"),
        ];
        let kept = kept.map(|(mutant, outcome, source)| KeptResult {
            mutant: mutant.to_owned(),
            outcome: outcome.to_owned(),
            source: source.to_owned(),
        });
        let version = |mutant: &str| Ok((source(mutant) == "a.rs").then(|| "now".to_owned()));
        let summary = Summary::new(kept, version).unwrap();
        let survived = vec!["a.rs:2:1: x".to_owned()];
        assert_eq!(summary, Summary { survived, caught: 1, unviable: 1, elsewhere: 3 });
    }
}
