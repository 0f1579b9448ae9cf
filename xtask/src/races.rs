//! The programs of guest/races: litmus tests, locks and lock-free lists, thread storms,
//! self-modifying code, all ways to end a wait, custom objects, and deferred procedure calls. Six
//! threads race in each, and each checks exact counts itself.
//!
//! In lockstep they show that the programs are correct; in parallel (`--parallel N`) they test the
//! executor. The amount of work is set in files of the folder that the title sees as game:;
//! `--long`, or XENIA_LONG=1, selects the counts of a run of many minutes.

use crate::built::target_folder;
use crate::files;
use crate::title_run::{TitleOutcome, TitleRun};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};

/// Set to 1 for the long counts.
const LONG: &str = "XENIA_LONG";
/// Rounds after which a litmus test in parallel gives up waiting for a reordering: on a busy host
/// threads seldom run at the same time.
const PERSIST: &str = "20000000";
/// Folder of the programs.
const FOLDER: &str = "guest/bin/races";
/// Flags of the lockstep runs of each program.
const LOCKSTEP: &[&[&str]] = &[
    &["--lockstep"],
    &["--lockstep", "--interp"],
    &["--lockstep", "--reservations-table=strict", "--warm-up", "4"],
    &["--lockstep", "--sched-order", "seeded:1"],
    &["--lockstep", "--sched-order", "scan-quantum:10"],
];
/// Number of runs of each program and executor in `cargo xtask test`.
const SHORT_RUNS: u64 = 2;
/// Flags of the parallel runs, in turn.
const PARALLEL: &[&[&str]] = &[
    &["--parallel"],
    &["--parallel", "--warm-up", "4"],
    &["--parallel", "--reservations-table=strict"],
    &["--parallel", "--interp"],
];

/// A number that a program reads.
struct RaceSetting {
    /// Name of its file.
    file: &'static str,
    /// Value in a short run.
    short: u32,
    /// Value in a long run.
    long: u32,
}

const fn setting(file: &'static str, short: u32, long: u32) -> RaceSetting {
    RaceSetting { file, short, long }
}

/// A race test.
struct Program {
    name: &'static str,
    settings: &'static [RaceSetting],
    /// Additional check of a run.
    judge: Option<fn(&TitleOutcome, &Made) -> Result<()>>,
    /// Whether the check needs memory samples.
    watch_memory: bool,
}

/// A program that checks itself.
const SELF_CHECKING: Program = Program { name: "", settings: &[], judge: None, watch_memory: false };

/// Parameters of a run.
struct Made {
    parallel: bool,
    long: bool,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "litmus",
        settings: &[setting("rounds", 2048, 4_000_000)],
        judge: Some(reordered_in_parallel_only),
        ..SELF_CHECKING
    },
    Program { name: "atomics", settings: &[setting("operations", 6000, 10_000_000)], ..SELF_CHECKING },
    Program {
        name: "spawns",
        settings: &[setting("threads", 100, 1000), setting("phases", 4, 100)],
        judge: Some(memory_is_flat),
        watch_memory: true,
    },
    Program { name: "patches", settings: &[setting("patches", 30, 30_000)], ..SELF_CHECKING },
    Program { name: "wakes", settings: &[setting("rounds", 3000, 10_000_000)], ..SELF_CHECKING },
    Program { name: "objects", settings: &[setting("rounds", 1000, 1_000_000)], ..SELF_CHECKING },
    Program { name: "dpcs", settings: &[setting("rounds", 3000, 1_000_000)], ..SELF_CHECKING },
    Program { name: "allocations", settings: &[setting("steps", 200, 20_000)], ..SELF_CHECKING },
];

/// Limits of a run in seconds of host time.
const MAX_SECONDS: u64 = 600;
const MAX_LONG_SECONDS: u64 = 3600;

/// Arguments of `cargo xtask races`.
#[derive(Debug, Default, Args)]
pub(crate) struct RacesArgs {
    /// Run each program N times in parallel, and not in lockstep.
    #[arg(long, value_name = "N")]
    parallel: Option<u64>,
    /// Use the long counts: 10^7 operations and rounds, 100 times 1,000 threads.
    #[arg(long, env = LONG)]
    long: bool,
    /// Number of runs in lockstep [default: one in each mode].
    #[arg(long, value_name = "N", conflicts_with = "parallel")]
    runs: Option<u64>,
    /// Only the programs whose name contains this text.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// A folder with the programs, instead of guest/bin/races.
    #[arg(long, value_name = "DIR")]
    titles: Option<PathBuf>,
}

/// Runs the first modes of both executors, with short counts.
pub(crate) fn short() -> Result<()> {
    races(&RacesArgs { runs: Some(SHORT_RUNS), ..RacesArgs::default() })?;
    races(&RacesArgs { parallel: Some(SHORT_RUNS), ..RacesArgs::default() })
}

/// Runs every mode of both executors, with short counts.
pub(crate) fn every_mode() -> Result<()> {
    races(&RacesArgs::default())?;
    races(&RacesArgs { parallel: Some(PARALLEL.len() as u64), ..RacesArgs::default() })
}

/// Runs the race tests.
pub(crate) fn races(args: &RacesArgs) -> Result<()> {
    let titles = args.titles.as_deref().unwrap_or(Path::new(FOLDER));
    let made = Made { parallel: args.parallel.is_some(), long: args.long };
    let (modes, runs) = match args.parallel {
        Some(runs) => (PARALLEL, usize::try_from(runs)?),
        None => (LOCKSTEP, args.runs.map_or(Ok(LOCKSTEP.len()), usize::try_from)?),
    };
    let mut programs = 0;
    for program in
        PROGRAMS.iter().filter(|of| args.only.as_ref().is_none_or(|only| of.name.contains(only.as_str())))
    {
        let work = target_folder().join("races").join(program.name);
        let folder = work.join("game");
        files::create_folder(&folder)?;
        for RaceSetting { file, short, long } in program.settings {
            files::write(folder.join(file), if args.long { long } else { short }.to_string())?;
        }
        for flags in modes.iter().cycle().take(runs) {
            let strict = flags.contains(&"--reservations-table=strict");
            files::write(folder.join("strict"), if strict { "1" } else { "0" })?;
            files::write(folder.join("persist"), if made.parallel { PERSIST } else { "0" })?;
            let run = TitleRun {
                title: &titles.join(program.name).with_extension("xex"),
                work: &work,
                flags,
                event_log: None,
                folder: Some(&folder),
                timeout: if args.long { MAX_LONG_SECONDS } else { MAX_SECONDS },
                watch_memory: program.watch_memory,
            };
            let one = || {
                let ran = run.run()?;
                counts_are_right(&ran)?;
                program.judge.map_or(Ok(()), |judge| judge(&ran, &made))
            };
            one().with_context(|| format!("{} with {flags:?}", program.name))?;
        }
        programs += 1;
    }
    if programs == 0 {
        bail!("no program was run");
    }
    println!("races: {programs} programs, {runs} runs each");
    Ok(())
}

/// Checks that the exit code is the number of wrong counts, as in the last line.
fn counts_are_right(ran: &TitleOutcome) -> Result<()> {
    let last = ran.text.lines().last().unwrap_or_default();
    let code = ran.report["exit_code"].as_u64();
    if code != Some(0) || !(last == "0 wrong" || last.ends_with(" tests, 0 failed")) {
        let wrong: Vec<_> = (ran.text.lines())
            .filter(|line| ["WRONG", "FORBIDDEN", "THIN AIR"].iter().any(|word| line.contains(word)))
            .collect();
        bail!("exit code {code:?}, `{last}`\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// How often a litmus test observed its unfenced stores and loads in another order.
fn reordered(text: &str, test: &str) -> Result<u64> {
    let start = format!("litmus {test} reordered ");
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    let count = line.and_then(|line| line.split(' ').next()).with_context(|| format!("no line `{start}`"))?;
    count.parse().with_context(|| format!("`{count}`"))
}

/// Checks that the host's reordering of stores after later loads was observed: a test that never
/// observes it cannot detect reorderings. A single host thread can't observe it.
fn reordered_in_parallel_only(ran: &TitleOutcome, made: &Made) -> Result<()> {
    let seen = reordered(&ran.text, "SB")?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if made.parallel && cores > 1 && seen == 0 {
        bail!("store buffering was never seen: nothing ran at the same time");
    }
    if !made.parallel && seen > 0 {
        bail!("store buffering was seen in lockstep, {seen} times");
    }
    Ok(())
}

/// Checks that later phases take no more memory than the second quarter of the run. A short run
/// ends before that is meaningful.
fn memory_is_flat(ran: &TitleOutcome, made: &Made) -> Result<()> {
    /// Memory that engines and allocators may still take, in pages of 4 KiB.
    const ROOM: u64 = 2048;
    let peak = |pages: &[u64]| pages.iter().copied().max().unwrap_or(0);
    let quarter = ran.pages.len() / 4;
    let early = peak(&ran.pages[quarter..2 * quarter]);
    let late = peak(&ran.pages[2 * quarter..]);
    if made.long && (early == 0 || late > early + early / 20 + ROOM) {
        bail!("{early} pages were resident in the second quarter of the run, {late} later");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(text: &str, code: u64, pages: &[u64]) -> TitleOutcome {
        let report = serde_json::json!({ "exit_code": code });
        TitleOutcome { text: text.to_owned(), report, pages: pages.to_vec() }
    }

    #[test]
    fn a_wrong_count_or_a_missing_end_is_an_error() {
        assert!(counts_are_right(&ran("event 3 of 3 ok\n0 wrong\n", 0, &[])).is_ok());
        assert!(counts_are_right(&ran("62 tests, 0 failed\n", 0, &[])).is_ok());
        let error = counts_are_right(&ran("event 3 of 4 WRONG\n1 wrong\n", 1, &[])).unwrap_err().to_string();
        assert!(error.contains("event 3 of 4"), "{error}");
        assert!(counts_are_right(&ran("event 3 of 3 ok\n", 0, &[])).is_err());
        assert!(counts_are_right(&ran("0 wrong\n", 1, &[])).is_err());
        assert!(counts_are_right(&ran("", 0, &[])).is_err());
    }

    #[test]
    fn store_buffering_belongs_to_parallel_runs() {
        let parallel = Made { parallel: true, long: false };
        let lockstep = Made { parallel: false, long: false };
        let text =
            |count: u32| format!("litmus SB+syncs forbidden 0 of 9\nlitmus SB reordered {count} of 9\n");
        assert!(reordered_in_parallel_only(&ran(&text(0), 0, &[]), &lockstep).is_ok());
        assert!(reordered_in_parallel_only(&ran(&text(2), 0, &[]), &lockstep).is_err());
        assert!(reordered_in_parallel_only(&ran(&text(2), 0, &[]), &parallel).is_ok());
        assert!(reordered_in_parallel_only(&ran("", 0, &[]), &lockstep).is_err());
        let alone = std::thread::available_parallelism().map_or(1, usize::from) == 1;
        assert_eq!(reordered_in_parallel_only(&ran(&text(0), 0, &[]), &parallel).is_ok(), alone);
    }

    #[test]
    fn memory_that_grows_is_an_error_in_a_long_run() {
        let long = Made { parallel: true, long: true };
        let grows: Vec<u64> = (0..100).map(|i| 10_000 + 100 * i).collect();
        assert!(memory_is_flat(&ran("", 0, &grows), &long).is_err());
        assert!(memory_is_flat(&ran("", 0, &[]), &long).is_err());
        let rises: Vec<u64> = (0..100).map(|i| 10_000 + 200 * i.min(20)).collect();
        assert!(memory_is_flat(&ran("", 0, &rises), &long).is_ok());
    }
}
