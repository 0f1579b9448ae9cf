//! `cargo xtask fuzz-targets`: builds the coverage-guided targets in `fuzz/` and runs each for a
//! while.
//!
//! The stable compiler builds them: `fuzz/rustc-coverage` adds the coverage counters that libFuzzer
//! reads to our crates. They run without AddressSanitizer, which is incompatible with the 4 GiB
//! views of guest memory; all crates with a parser forbid `unsafe`. cargo-fuzz runs the same
//! targets.

use crate::files;
use crate::{apt, arguments, built, commands};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folder of the fuzz workspace.
const FOLDER: &str = "fuzz";
/// Time limit of an input in seconds; a longer one is a finding.
const TIMEOUT_SECONDS: u32 = 20;
/// Memory limit of an input in MiB; exceeding it is a finding.
const MEMORY_MIB: u32 = 3072;

/// Arguments of `cargo xtask fuzz-targets`.
#[derive(Debug, Args)]
pub(crate) struct FuzzTargetsArgs {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only the targets whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Start from this random seed instead of a new one each time.
    #[arg(long)]
    seed: Option<u32>,
    /// Instead of fuzzing, minimise each corpus, merged with the seeds and the corpora of --with:
    /// keep only inputs that reach code that no other input reaches.
    #[arg(long)]
    minimise: bool,
    /// A folder with a corpus for each target, for example from another machine.
    #[arg(long, value_name = "DIR", requires = "minimise")]
    with: Vec<PathBuf>,
    /// Write one line of JSON per target.
    #[arg(long, value_name = "FILE", value_parser = arguments::output())]
    json: Option<PathBuf>,
}

/// Builds and runs the targets; an error if one has a finding.
pub(crate) fn run(args: &FuzzTargetsArgs) -> Result<()> {
    if !apt::has("c++") {
        println!("missing: c++ (Debian package g++), skipped: the fuzz targets, whose runtime is C++");
        return Ok(());
    }
    let names = targets(Path::new(FOLDER), args.only.as_deref())?;
    if names.is_empty() {
        bail!("no target in {FOLDER}/targets fits");
    }
    // Separate from the main build, which would otherwise be rebuilt at every change of flags.
    let build = built::work_folder("fuzz-targets")?;
    let wrapper = Path::new(FOLDER).join("rustc-coverage").canonicalize().context("fuzz/rustc-coverage")?;
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--bins", "--manifest-path", "fuzz/Cargo.toml"])
        .env("CARGO_TARGET_DIR", &build)
        .env("RUSTC_WRAPPER", wrapper);
    if !commands::status(&mut cargo)?.success() {
        bail!("the fuzz targets don't build");
    }
    if args.minimise {
        return names.iter().try_for_each(|name| {
            let [before, after] = minimise(&build, name, &args.with).with_context(|| name.clone())?;
            println!("{name}: {before} inputs, {after} kept");
            Ok(())
        });
    }
    let mut lines = Vec::new();
    let mut found = Vec::new();
    for name in &names {
        let result = fuzz(&build, name, args).with_context(|| name.clone())?;
        println!(
            "{name}: {} executions, {} of {} places reached, {} inputs kept, {}",
            result["executions"],
            result["coverage"],
            result["places"],
            result["corpus"],
            result["finding"].as_str().unwrap_or("no finding")
        );
        if !result["finding"].is_null() {
            found.push(name.as_str());
        }
        lines.push(format!("{result}\n"));
    }
    if let Some(path) = &args.json {
        files::write(path, lines.concat())?;
    }
    if !found.is_empty() {
        bail!("findings in {}; the logs are beside the inputs", found.join(", "));
    }
    Ok(())
}

/// The targets' names, in alphabetical order.
fn targets(folder: &Path, only: Option<&str>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for path in files::list(folder.join("targets"))? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if files::has_ending(&path, &["rs"]) && only.is_none_or(|only| name.contains(only)) {
            names.push(name);
        }
    }
    Ok(names)
}

/// A command that runs a target with the limits of an input.
fn target(build: &Path, name: &str) -> Command {
    let mut command = Command::new(build.join("release").join(name));
    command.env("RUST_BACKTRACE", "0");
    command.arg(format!("-timeout={TIMEOUT_SECONDS}")).arg(format!("-rss_limit_mb={MEMORY_MIB}"));
    // The emulator handles host faults of guest code.
    command.args(["-handle_segv=0", "-handle_bus=0"]);
    command
}

/// The inputs of a target that the repository has.
fn seeds(name: &str) -> PathBuf {
    Path::new(FOLDER).join("seeds").join(name)
}

/// Merges corpora into the main corpus; returns the number of inputs before and after.
fn minimise(build: &Path, name: &str, others: &[PathBuf]) -> Result<[usize; 2]> {
    let corpora = build.join("corpus");
    let corpus = corpora.join(name);
    let temporary = corpora.join(format!("{name}.temporary"));
    files::renew_folder(&temporary)?;
    files::create_folder(&corpus)?;
    let mut folders = vec![corpus.clone(), seeds(name)];
    folders.extend(others.iter().map(|other| other.join(name)).filter(|other| other.is_dir()));
    let mut before = 0;
    for folder in &folders {
        before += files::list(folder)?.len();
    }
    let mut command = target(build, name);
    command.arg("-merge=1").arg(&temporary).args(&folders);
    let log = corpora.join(format!("{name}.txt"));
    let status = commands::status(command.stderr(File::create(&log)?))?;
    if !status.success() {
        bail!("it ended with {status}; see {}", log.display());
    }
    // The old corpus is kept until the merge is complete.
    files::remove_folder(&corpus)?;
    files::rename(&temporary, &corpus)?;
    Ok([before, files::list(&corpus)?.len()])
}

fn fuzz(build: &Path, name: &str, args: &FuzzTargetsArgs) -> Result<Value> {
    let corpus = build.join("corpus").join(name);
    let findings = build.join("findings").join(name);
    files::create_folder(&corpus)?;
    files::create_folder(&findings)?;
    let log = findings.join("log.txt");
    let mut command = target(build, name);
    // libFuzzer adds new inputs to the first folder.
    command.arg(&corpus).arg(seeds(name));
    command.arg(format!("-max_total_time={}", args.seconds)).arg("-print_final_stats=1");
    command.arg(format!("-artifact_prefix={}/", findings.display()));
    if let Some(seed) = args.seed {
        command.arg(format!("-seed={seed}"));
    }
    let status = commands::status(command.stderr(File::create(&log)?))?;
    let text = String::from_utf8_lossy(&files::read(&log)?).into_owned();
    let figures = figures(&text);
    let finding = if status.success() {
        None
    } else {
        let artifact = last_after(&text, "Test unit written to ").map(str::to_owned);
        Some(artifact.unwrap_or_else(|| format!("ended with {status}; see {}", log.display())))
    };
    Ok(json!({
        "target": name,
        "seconds": args.seconds,
        "executions": figures.executions,
        "coverage": figures.coverage,
        "places": figures.places,
        "features": figures.features,
        "corpus": figures.corpus,
        "finding": finding,
    }))
}

/// Final statistics of libFuzzer's log.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    executions: u64,
    /// Covered locations in our code.
    coverage: u64,
    /// All instrumented locations in our code, in the linked crates.
    places: u64,
    features: u64,
    /// Inputs kept because each reached new code.
    corpus: u64,
}

fn figures(log: &str) -> Figures {
    let number = |text: Option<&str>| {
        let digits: String =
            text.unwrap_or_default().trim().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    };
    let status = log.lines().rev().find(|line| line.starts_with('#') && line.contains(" cov: "));
    let status = status.unwrap_or_default();
    // A finding ends the run before the final statistics.
    let executed = last_after(log, "stat::number_of_executed_units:").or(status.strip_prefix('#'));
    Figures {
        executions: number(executed),
        coverage: number(last_after(status, " cov: ")),
        places: number(
            last_after(log, "Loaded 1 modules").and_then(|rest| rest.split_once('(')).map(|(_, n)| n),
        ),
        features: number(last_after(status, " ft: ")),
        corpus: number(last_after(status, " corp: ")),
    }
}

/// The text after `label` in the last line that contains it.
fn last_after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.lines().rev().find_map(|line| line.split_once(label)).map(|(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_finished_run_and_of_a_crash() {
        let log = "INFO: Loaded 1 modules   (5000 inline 8-bit counters): 5000 [0x1, 0x2),\n#2\tINITED cov: 10 ft: 11 corp: 1/2b\n\
                   #900\tDONE   cov: 120 ft: 340 corp: 56/7Kb lim: 33 exec/s: 9 rss: 44Mb\n\
                   stat::number_of_executed_units: 900\n";
        let end = Figures { executions: 900, coverage: 120, places: 5000, features: 340, corpus: 56 };
        assert_eq!(figures(log), end);
        let log = "#64\tpulse  cov: 7 ft: 8 corp: 9/10b\nthread panicked\n\
                   artifact_prefix='x/'; Test unit written to x/crash-1\n";
        assert_eq!(figures(log), Figures { executions: 64, coverage: 7, places: 0, features: 8, corpus: 9 });
        assert_eq!(last_after(log, "Test unit written to "), Some("x/crash-1"));
    }

    #[test]
    fn every_target_has_seeds_and_a_row_in_the_manifest() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let names = targets(&folder, None).unwrap();
        assert!(names.len() >= 8);
        for name in names {
            assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
            assert!(std::fs::read_dir(folder.join("seeds").join(&name)).unwrap().count() > 0, "{name}");
        }
    }
}
