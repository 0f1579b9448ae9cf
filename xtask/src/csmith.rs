//! `cargo xtask csmith`: compares random C programs, compiled at several levels as plain-ELF
//! titles, with the same programs under qemu-ppc.
//!
//! The reference is the same source compiled by the same compiler for plain 32-bit PowerPC. It has
//! the title's type sizes, byte order and layout of structs and bit fields, so the programs need no
//! restrictions for the host. qemu-ppc's CPU models have neither 64-bit instructions nor Cell's
//! AltiVec code, which is why the reference is not the title's code. The two sides share only the
//! source and a support file (guest/csmith), whose `main` asks the program for the checksum of
//! every variable.
//!
//! Programs whose reference does not end within `--reference-seconds` of CPU time are skipped and
//! counted; most csmith programs take milliseconds, and the others hardly ever end. A few programs
//! with floating point depend on the order in which the compiler evaluates operands: the reference
//! itself prints something else at another level. They prove nothing, and are counted apart.

mod build;
mod judge;

use crate::files;
use crate::programs::verdict::EngineFlags;
use crate::{arguments, built, not_run};
use anyhow::{Context, Result, bail};
use build::{CsmithBuilder, Variant};
use clap::Args;
use judge::{CsmithDifference, ReferenceOutput};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use xenia_testing::Tool;

/// Optimisation levels of the title, and of the reference when a title differs.
const LEVELS: [u8; 4] = [0, 1, 2, 3];
/// Default CPU time limit of a program under qemu, in seconds.
const REFERENCE_SECONDS: u32 = 3;
/// CPU time limit of a program in one of our engines, in seconds.
const ENGINE_SECONDS: u32 = 120;
/// Seeds tried per requested program before the run gives up.
const SEEDS_PER_PROGRAM: u64 = 10;

/// Tools that the command requires.
const NEEDS: &[Tool] = &[Tool::Csmith, Tool::Gcc32, Tool::Qemu];

/// Arguments of `cargo xtask csmith`.
#[derive(Debug, Args)]
pub(crate) struct CsmithArgs {
    /// Number of programs to compare.
    count: u64,
    /// Seed of the first program; the next seeds count up from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Optimisation levels of the title.
    #[arg(long, value_delimiter = ',', default_values_t = LEVELS, value_parser = clap::value_parser!(u8).range(0..=3))]
    levels: Vec<u8>,
    /// Run one title of every N programs also with everything compiled before its first execution,
    /// and in the cross-check.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    thorough_every: u64,
    /// Skip programs that take more CPU seconds under qemu-ppc; a fifth of the seeds never end, so
    /// a long run is faster with 1.
    #[arg(long, value_name = "SECONDS", default_value_t = REFERENCE_SECONDS, value_parser = clap::value_parser!(u32).range(1..))]
    reference_seconds: u32,
    /// Write the result as JSON.
    #[arg(long, value_name = "FILE", value_parser = arguments::output())]
    json: Option<PathBuf>,
    /// The xenia-rs program to test (default: the development build).
    #[arg(long, value_name = "FILE", env = "XENIA_RS")]
    program: Option<PathBuf>,
}

/// The small fixed set that CI runs.
pub(crate) fn small_set() -> Result<()> {
    set(6, 1)
}

/// The set of a long run: other programs each day.
pub(crate) fn long_set() -> Result<()> {
    set(40, 1000 * arguments::seed_of_the_day())
}

/// Compares `count` programs from a seed on; prints a message and passes if a tool is missing.
fn set(count: u64, seed: u64) -> Result<()> {
    if let Some((tool, why)) = missing() {
        return not_run::write_down("csmith", tool, &why);
    }
    run(&CsmithArgs {
        count,
        seed,
        levels: LEVELS.to_vec(),
        thorough_every: 1,
        reference_seconds: REFERENCE_SECONDS,
        json: None,
        program: None,
    })
}

/// The first missing tool, and why it is considered missing.
fn missing() -> Option<(Tool, String)> {
    NEEDS.iter().find_map(|tool| Some((*tool, tool.row().find().err()?)))
}

/// Compares `args.count` programs; an error if one differs.
pub(crate) fn run(args: &CsmithArgs) -> Result<()> {
    if let Some((_, missing)) = missing() {
        bail!("{missing}");
    }
    let xenia = match &args.program {
        Some(path) => path.canonicalize().with_context(|| format!("no {}", path.display()))?,
        None => built::program()?,
    };
    let start = Instant::now();
    let folder = built::target_folder().join("csmith");
    let builder = CsmithBuilder::new(&folder)?;
    let mut tally = Tally::default();
    let mut seed = args.seed;
    while tally.programs < args.count {
        if seed - args.seed >= args.count * SEEDS_PER_PROGRAM {
            bail!("only {} of {} seeds gave a program that ends", tally.programs, seed - args.seed);
        }
        compare_program(&builder, &xenia, seed, args, &mut tally)
            .with_context(|| format!("program {seed}"))?;
        seed += 1;
        progress(&tally, args.count);
    }
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
    if let Some(path) = &args.json {
        write_json(path, args, &tally, start.elapsed().as_secs_f64())?;
    }
    for difference in &tally.differences {
        println!("{difference}");
    }
    println!(
        "{} programs at levels {:?}: {} of {} titles equal, {} seeds skipped (no end within {} s), \
         {} that csmith has no program for, {} that depend on the compiler, {} guest instructions, {:.0} s",
        tally.programs,
        args.levels,
        tally.titles_equal,
        tally.titles,
        tally.skipped.len(),
        args.reference_seconds,
        tally.not_written.len(),
        tally.unsteady.len(),
        tally.instructions,
        start.elapsed().as_secs_f64()
    );
    if !tally.differences.is_empty() {
        bail!("{} differences; the programs are in {}", tally.differences.len(), folder.display());
    }
    Ok(())
}

/// Totals of a run so far.
#[derive(Default)]
struct Tally {
    programs: u64,
    titles: u64,
    titles_equal: u64,
    runs: u64,
    /// Guest instructions of all executions.
    instructions: u64,
    /// Seeds whose program does not end in time.
    skipped: Vec<u64>,
    /// Seeds for which csmith itself fails.
    not_written: Vec<u64>,
    /// Seeds whose program has different results at different levels under qemu, too.
    unsteady: Vec<u64>,
    differences: Vec<CsmithDifference>,
}

fn compare_program(
    builder: &CsmithBuilder,
    xenia: &Path,
    seed: u64,
    args: &CsmithArgs,
    tally: &mut Tally,
) -> Result<()> {
    let variant = Variant::of_seed(seed);
    let Some(source) = builder.generate(seed, &variant)? else {
        tally.not_written.push(seed);
        return Ok(());
    };
    let expected = match judge::reference(&builder.reference(&source, 1)?, args.reference_seconds)? {
        ReferenceOutput::Text(text) => text,
        ReferenceOutput::TooLong => {
            tally.skipped.push(seed);
            return Ok(());
        }
    };
    let number = tally.programs;
    tally.programs += 1;
    let mut is_unsteady = false;
    for (index, &level) in args.levels.iter().enumerate() {
        let title = builder.title(&source, &variant, level)?;
        let engines = engines(args, seed, number, index);
        tally.titles += 1;
        let found = judge::compare(xenia, &title, &engines, &expected, ENGINE_SECONDS)?;
        tally.runs += engines.len() as u64;
        tally.instructions += found.instructions;
        if found.differences.is_empty() {
            tally.titles_equal += 1;
            continue;
        }
        if is_unsteady || !is_steady(builder, &source, &expected, args)? {
            // A title that differs proves nothing then.
            tally.titles -= 1;
            if !is_unsteady {
                tally.unsteady.push(seed);
            }
            is_unsteady = true;
            continue;
        }
        let kept = builder.keep(seed, level, &title, &expected)?;
        for (engine, what) in found.differences {
            // A cross-check's report is long; the file has all of it.
            files::write(kept.join(format!("{}.txt", engine.replace(' ', "_"))), &what)?;
            let what = what.lines().take(4).collect::<Vec<_>>().join("\n  ");
            tally.differences.push(CsmithDifference { seed, level, engine, what, kept: kept.clone() });
        }
    }
    Ok(())
}

/// Engines that run the title of one level of `args`, of the program with a seed and a number in
/// the run.
fn engines(args: &CsmithArgs, seed: u64, number: u64, level: usize) -> Vec<EngineFlags> {
    let mut engines = judge::ENGINES.to_vec();
    // Rotate, so that each level gets each kind of check.
    let turn = (number / args.thorough_every) as usize;
    if number.is_multiple_of(args.thorough_every) && turn % args.levels.len() == level {
        engines.extend(judge::thorough(seed));
    }
    engines
}

/// Whether the reference prints the same at every level. Otherwise the program, or the compiler,
/// has no single result.
fn is_steady(builder: &CsmithBuilder, source: &Path, expected: &str, args: &CsmithArgs) -> Result<bool> {
    for level in LEVELS {
        match judge::reference(&builder.reference(source, level)?, args.reference_seconds)? {
            // Without optimisation it may take longer than the limit, which proves nothing.
            ReferenceOutput::TooLong => {}
            ReferenceOutput::Text(text) if text == expected => {}
            ReferenceOutput::Text(_) => return Ok(false),
        }
    }
    Ok(true)
}

fn progress(tally: &Tally, count: u64) {
    let line = format!(
        "csmith: {}/{count} programs, {} of {} titles equal, {} skipped",
        tally.programs,
        tally.titles_equal,
        tally.titles,
        tally.skipped.len()
    );
    let mut out = std::io::stderr();
    // Ignore errors of writing to a closed terminal.
    let _ = if out.is_terminal() {
        write!(out, "\r{line}").and_then(|()| out.flush())
    } else if tally.programs.is_multiple_of(25) {
        writeln!(out, "{line}")
    } else {
        Ok(())
    };
}

fn write_json(path: &Path, args: &CsmithArgs, tally: &Tally, wall_seconds: f64) -> Result<()> {
    let value = json!({
        "seed": args.seed,
        "levels": args.levels,
        "programs": tally.programs,
        "titles": tally.titles,
        "titles_equal": tally.titles_equal,
        "runs": tally.runs,
        "instructions": tally.instructions,
        "skipped_seeds": tally.skipped,
        "seeds_without_program": tally.not_written,
        "unsteady_seeds": tally.unsteady,
        "differences": tally.differences.iter().map(CsmithDifference::to_json).collect::<Vec<_>>(),
        "wall_seconds": wall_seconds,
    });
    files::write(path, format!("{value:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: CsmithArgs,
    }

    #[test]
    fn the_command_of_a_difference_repeats_its_check() {
        let set = Line::parse_from(["csmith", "8"]).args;
        let mut checks = Vec::new();
        for number in 0..8 {
            let seed = set.seed + number;
            let index = (number % 4) as usize;
            let found = engines(&set, seed, number, index);
            let engine = found[found.len() - 1].0;
            let level = LEVELS[index];
            let difference =
                CsmithDifference { seed, level, engine, what: String::new(), kept: PathBuf::new() };
            let repeat = difference.repeat();
            let again = Line::parse_from(repeat.split(' ').skip(2)).args;
            assert_eq!((again.count, again.seed, again.levels.as_slice()), (1, seed, &[level][..]));
            assert_eq!(engines(&again, again.seed, 0, 0), found, "{repeat}");
            checks.push(engine);
        }
        let both = ["cross-check", "cross-check of both tiers"];
        assert!(both.iter().all(|check| checks.contains(check)), "{checks:?}");
    }
}
