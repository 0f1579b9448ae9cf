//! `xenia-rs fuzz`: runs random instruction sequences, comparing the JIT with the interpreter, or
//! both with QEMU; or draws random scenes, comparing GPU backends.

pub mod scenes;

use crate::args::{FuzzArgs, FuzzEngine, FuzzMode, FuzzOracle};
use crate::conformance::{baseline_engine, jit_engine};
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use xenia::config::Tier;
use xenia::interrupt::Interrupt;
use xenia::report::{check_json, json_line, write_json};
use xenia::say::outln;
use xenia::source::refuse_named_pipe;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_jit::{JitConfig, JitTesting};
use xenia_jit_tests::conformance::ConformanceEngine;
use xenia_jit_tests::fuzz::{self, FuzzConfig, FuzzReport, Outside};
use xenia_jit_tests::qemu;

/// Default number of sequences, without a time limit.
const BLOCKS: u64 = 100_000;

/// Runs sequences, shrinks failing ones and prints the statistics; or sums up the statistics of
/// other runs.
pub fn run(args: &FuzzArgs) -> Result<Code> {
    args.refuse_unsupported()?;
    check_json(args.json.as_deref())?;
    // Check before a long run that the output file is writable.
    args.append.as_deref().map_or(Ok(()), |path| append(path, ""))?;
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    if let Some(number) = args.scenes {
        return scenes::run(args, number);
    }
    if !args.scene.is_empty() {
        return scenes::replay(args);
    }
    let interrupt = if args.merge.is_empty() { Interrupt::listen(None)? } else { Interrupt::default() };
    let mut report = match &args.seeds {
        _ if !args.merge.is_empty() => merge(&args.merge)?,
        Some(seeds) => each_seed(args, seeds.clone(), &interrupt)?,
        None => fuzz(args, &interrupt)?,
    };
    let cause = interrupt.cause();
    report.interrupted_by = cause.map(|cause| cause.name().to_owned());
    if let Some(path) = &args.json {
        write_json(path, "fuzz", &report)?;
    }
    if let Some(path) = &args.append {
        append(path, &json_line("fuzz", &report)?)?;
    }
    print(&report);
    Ok(if report.mismatches == 0 { cause.map_or(Code::Done, Code::from) } else { Code::Mismatch })
}

/// Runs several seeds and sums up their statistics.
fn each_seed(args: &FuzzArgs, seeds: RangeInclusive<u64>, interrupt: &Interrupt) -> Result<FuzzReport> {
    let mut sum: Option<FuzzReport> = None;
    for seed in seeds {
        let report = fuzz(&FuzzArgs { seed, ..args.clone() }, interrupt)?;
        sum = Some(match sum {
            // Seeds differ, so no sequence is counted twice.
            Some(sum) => FuzzReport::merge(&[sum, report])?,
            None => report,
        });
        if interrupt.cause().is_some() {
            break;
        }
    }
    sum.context("--seeds: no seed")
}

fn fuzz(args: &FuzzArgs, interrupt: &Interrupt) -> Result<FuzzReport> {
    let outside = match args.oracle {
        FuzzOracle::Interp => None,
        FuzzOracle::Qemu => {
            if !qemu::available() {
                bail!("no qemu-ppc64 on the path (Debian package qemu-user)");
            }
            let sf = match args.sf {
                FuzzMode::Clear => Some(false),
                FuzzMode::Set => Some(true),
                FuzzMode::Both => None,
            };
            Some(Outside { sf })
        }
    };
    let limit = args.blocks.or(args.seconds.is_none().then_some(BLOCKS));
    if args.first.checked_add(limit.unwrap_or(1)).is_none() {
        bail!("--first {}: there are no {} from there on", args.first, count(limit.unwrap_or(1), "sequence"));
    }
    let bar = match limit {
        Some(blocks) => ProgressBar::new(blocks).with_style(ProgressStyle::with_template(
            "{wide_bar} {human_pos}/{human_len} sequences, {eta} left",
        )?),
        None => ProgressBar::no_length()
            .with_style(ProgressStyle::with_template("{spinner} {human_pos} sequences, {elapsed}")?),
    };
    let progress_bar = bar.clone();
    let mut config = FuzzConfig::new(limit.unwrap_or(u64::MAX), args.seed, compared_engine(args));
    if outside.is_some() && args.engine == FuzzEngine::Interp {
        config.engine = None;
    }
    config.outside = outside;
    config.states = args.states;
    config.first = args.first;
    let stop = Arc::default();
    interrupt.watch(Arc::clone(&stop), None);
    config.stop = Some(stop);
    config.time = args.seconds.map(Duration::from_secs);
    config.shrink = args.shrink;
    config.max_mismatches = args.max_mismatches;
    if let Some(corpus) = &args.corpus {
        refuse_named_pipe(corpus).with_context(|| format!("cannot read {}", corpus.display()))?;
    }
    config.corpus.clone_from(&args.corpus);
    config.out.clone_from(&args.out);
    config.progress = Some(Box::new(move |done| progress_bar.set_position(done)));
    let report = fuzz::run(config)?;
    bar.finish_and_clear();
    Ok(report)
}

/// The engine that is compared.
fn compared_engine(args: &FuzzArgs) -> ConformanceEngine<'static> {
    match args.tier {
        Tier::Baseline => baseline_engine(),
        // The seed also chooses the sides of branches that are pruned as cold.
        Tier::Interp | Tier::Function | Tier::Auto => {
            let everything = JitConfig::compile_everything();
            let testing = JitTesting {
                wrong_addi: args.break_lifter,
                pruning_seed: Some(args.seed),
                ..everything.testing
            };
            jit_engine(JitConfig { testing, ..everything })
        }
    }
}

fn append(path: &Path, line: &str) -> Result<()> {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn merge(paths: &[PathBuf]) -> Result<FuzzReport> {
    let mut reports = Vec::new();
    for path in paths {
        let text = xenia::source::text(path).with_context(|| format!("reading {}", path.display()))?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let report = serde_json::from_str(line)
                .with_context(|| format!("{}, line {}", path.display(), number + 1))?;
            reports.push(report);
        }
    }
    Ok(FuzzReport::merge(&reports)?)
}

fn counts(counts: &BTreeMap<String, u64>) -> String {
    counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

fn print(report: &FuzzReport) {
    for mismatch in &report.mismatch_details {
        let of = mismatch.case.as_deref().map_or_else(String::new, |case| format!("{case}, variant "));
        outln!(
            "MISMATCH in sequence {of}{}: {} is {}, expected {}",
            mismatch.place(),
            mismatch.what,
            mismatch.actual,
            mismatch.expected
        );
        for instruction in &mismatch.instructions {
            outln!("    {instruction}");
        }
        if let Some(file) = &mismatch.file {
            outln!("    written to {file}");
        }
    }
    if report.corpus != 0 {
        outln!("{} of the corpus", count(report.corpus, "sequence"));
    }
    if report.oracle == "qemu" {
        outln!("compared with qemu: {}", counts(&report.modes));
        outln!(
            "compared instruction by instruction: {}, of these with documented differences only: {}",
            report.taken_apart,
            report.explained_blocks
        );
        for (name, number) in &report.explained {
            let (why, book) = fuzz::explanation(name).unwrap_or_default();
            outln!("{number:>9} {name}: {why} ({book})");
        }
        if !report.skipped.is_empty() {
            outln!("not compared: {}", counts(&report.skipped));
        }
        let rows: Vec<_> = report.not_in_oracle.iter().map(|missing| missing.row.as_str()).collect();
        outln!("rows that qemu doesn't have: {}", rows.join(" "));
    }
    if let Some(by) = &report.interrupted_by {
        outln!("interrupted by {by}: partial results follow");
    }
    let from = if report.runs == report.compared() {
        String::new()
    } else {
        format!(" from {}", count(report.runs, "state"))
    };
    outln!(
        "{}{from}, {}, mean length {:.1}, {}, {} below 1,000 executions, {:.1} s",
        count(report.blocks, "sequence"),
        count(report.instructions, "instruction"),
        report.mean_block_length,
        count(report.mismatches, "mismatch"),
        count(report.rows_below_1000.len(), "row"),
        report.wall_seconds
    );
}
