//! The synchronisation suite (guest/sync-suite tests all kernel objects that threads wait for) and
//! the console suite (guest/console-suite tests users, settings, messages, lists, saves and disks).
//! Each case has a known answer, and every order in which the hardware threads can be visited must
//! give the same answers.
//!
//! A file in golden lists the failing cases with reasons; a case that begins to pass is an error
//! like one that begins to fail, so that the list stays true. Two runs with the same seed, one on
//! each engine, must have the same event log.

use crate::built::work_folder;
use crate::files;
use crate::not_run;
use crate::title_run::TitleRun;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xenia_testing::PACES;

/// A title that prints one line per case.
struct Suite {
    name: &'static str,
    title: &'static str,
    /// File with the known failures and their reasons.
    known: &'static str,
}

const SYNC: Suite =
    Suite { name: "sync-suite", title: "guest/bin/sync-suite.xex", known: "golden/sync-suite.toml" };
/// The console suite: users, settings, messages, lists, saves, disks.
const CONSOLE: Suite =
    Suite { name: "console-suite", title: "guest/bin/console-suite.xex", known: "golden/console-suite.toml" };
/// Number of seeds in a usual run.
const SEEDS: u64 = 3;
/// Flags of the runs without a seed. A scan quantum is in ticks of 16 instructions.
const RUNS: &[&[&str]] = &[
    &[],
    &["--interp"],
    &["--reservations-table", "--warm-up", "4"],
    &["--quantum", "1000"],
    &["--sched-order", "scan-quantum:10"],
    &["--sched-order", "scan-quantum:50"],
    &["--sched-order", "scan-quantum:200"],
    &["--sched-order", "scan-quantum:1000"],
    &["--sched-order", "scan-quantum:5000"],
    &["--sched-order", "scan-quantum:10000"],
];
/// Flags of the parallel runs, in turn.
const PARALLEL: &[&[&str]] =
    &[&["--parallel"], &["--parallel", "--warm-up", "4"], &["--parallel", "--interp"]];
/// The suite's milliseconds in lockstep.
const LOCKSTEP_PACE: u32 = 1;
/// The suite's milliseconds in parallel runs. Those of `cargo xtask test` have longer steps while
/// cases fail; a rare fault of the program may pass then, so that failed runs are recorded.
pub(crate) const PACE: u32 = PACES[0];
/// Limit of a run in seconds of host time.
const MAX_SECONDS: u64 = 600;
/// Engines whose event logs must be equal for a seed.
const ENGINES: &[&str] = &["--jit", "--interp"];

/// Arguments of `cargo xtask sync-suite`.
#[derive(Debug, Args)]
pub(crate) struct SyncSuiteArgs {
    /// Try the orders of the seeds 1 to N.
    #[arg(long, value_name = "N", default_value_t = SEEDS)]
    seeds: u64,
    /// Run it N times in parallel, and not in lockstep: six host threads, so that no two runs are
    /// alike.
    #[arg(long, value_name = "N")]
    parallel: Option<u64>,
    /// A title to run instead of the one in guest/bin.
    #[arg(long, value_name = "FILE")]
    title: Option<PathBuf>,
}

impl Default for SyncSuiteArgs {
    fn default() -> Self {
        Self { seeds: SEEDS, parallel: None, title: None }
    }
}

/// Known failures: case name to reason.
type Known = BTreeMap<String, String>;

/// Results of a run: each case in order, with the observed value if it failed.
type CaseVerdicts = Vec<(String, Option<String>)>;

/// Runs every order in lockstep, and every mode in parallel.
pub(crate) fn short() -> Result<()> {
    run_shortly(&SYNC)
}

/// Like [`short`], for the console suite.
pub(crate) fn console_short() -> Result<()> {
    run_shortly(&CONSOLE)
}

fn run_shortly(suite: &Suite) -> Result<()> {
    run_suite(suite, &SyncSuiteArgs::default(), &PACES)?;
    let parallel = SyncSuiteArgs { parallel: Some(PARALLEL.len() as u64), ..SyncSuiteArgs::default() };
    run_suite(suite, &parallel, &PACES)
}

/// Runs the synchronisation suite in every order.
pub(crate) fn suite(args: &SyncSuiteArgs) -> Result<()> {
    run_suite(&SYNC, args, &[PACE])
}

/// Runs the console suite in every order.
pub(crate) fn console(args: &SyncSuiteArgs) -> Result<()> {
    run_suite(&CONSOLE, args, &[PACE])
}

/// Runs a suite; parallel runs at these paces in turn until no case fails.
fn run_suite(suite: &Suite, args: &SyncSuiteArgs, paces: &[u32]) -> Result<()> {
    let title = args.title.as_deref().unwrap_or(Path::new(suite.title));
    let file = suite.known;
    let text = files::read_text(file)?;
    let known: Known = toml::from_str(&text).with_context(|| file.to_owned())?;
    let work = work_folder(suite.name)?;
    let mut runs = 0;
    let mut cases = 0;
    let mut check = |flags: &[&str], log: Option<&Path>| -> Result<()> {
        let paces: &[u32] = if flags.contains(&"--parallel") { paces } else { &[LOCKSTEP_PACE] };
        let mut wrong: Vec<String> = Vec::new();
        for pace in paces {
            if let Some(found) = wrong.last() {
                not_run::record_repeat(suite.name, found)?;
            }
            let verdicts = run(title, &work, flags, *pace, log)
                .with_context(|| [&wrong[..], &[format!("with {flags:?}")]].concat().join("\n"))?;
            runs += 1;
            cases = verdicts.len();
            let found = judge(&verdicts, &known, file);
            if found.is_empty() {
                return Ok(());
            }
            let found = format!("with {flags:?} and steps of {pace} ms:\n{}", found.join("\n"));
            println!("{}: {found}", suite.name);
            wrong.push(found);
        }
        bail!("{}", wrong.join("\n"))
    };
    for run in 0..args.parallel.unwrap_or(0) {
        check(PARALLEL[run as usize % PARALLEL.len()], None).with_context(|| format!("run {}", run + 1))?;
    }
    if args.parallel.is_none() {
        for flags in RUNS {
            check(flags, None)?;
        }
    }
    for seed in 1..=args.parallel.map_or(args.seeds, |_| 0) {
        let order = format!("seeded:{seed}");
        let mut logs = Vec::new();
        for engine in ENGINES {
            let log = work.join(format!("events{engine}"));
            check(&["--sched-order", &order, engine], Some(&log))?;
            logs.push(files::read(&log)?);
        }
        if logs.iter().any(|log| log.is_empty() || *log != logs[0]) {
            bail!("{order}: the event logs in {} differ; `xenia-rs diff` says where", work.display());
        }
    }
    println!("{}: {cases} cases, {} known to fail, {runs} runs", suite.name, known.len());
    Ok(())
}

/// Runs the title once.
fn run(
    title: &Path,
    work: &Path,
    flags: &[&str],
    pace: u32,
    event_log: Option<&Path>,
) -> Result<CaseVerdicts> {
    let folder = work.join("game");
    files::create_folder(&folder)?;
    files::write(folder.join("pace"), pace.to_string())?;
    copy_libraries(title, &folder)?;
    let folder = Some(&*folder);
    let run = TitleRun { title, work, flags, event_log, folder, timeout: MAX_SECONDS, watch_memory: false };
    let ran = run.run()?;
    parse(&ran.text, ran.report["exit_code"].as_u64())
}

/// Copies the modules that the title loads at run time, from a folder of its name, into its game
/// folder.
fn copy_libraries(title: &Path, game: &Path) -> Result<()> {
    let from = title.with_extension("");
    if !from.is_dir() {
        return Ok(());
    }
    let to = game.join(title.file_stem().context("a title has a name")?);
    files::create_folder(&to)?;
    for library in files::list(&from)? {
        files::copy(&library, to.join(library.file_name().context("a library has a name")?))?;
    }
    Ok(())
}

/// Parses the title's output: a line for each case, and the totals, which must match its exit code.
fn parse(text: &str, exit_code: Option<u64>) -> Result<CaseVerdicts> {
    let mut lines: Vec<&str> = text.lines().collect();
    let totals = lines.pop().context("the title said nothing")?;
    let mut verdicts = CaseVerdicts::new();
    for line in lines {
        let (name, verdict) = line.split_once(' ').with_context(|| format!("`{line}` is not a case"))?;
        let saw = match verdict.strip_prefix("FAIL ") {
            Some(saw) => Some(saw.to_owned()),
            None if verdict == "ok" => None,
            None => bail!("`{line}` is not a case"),
        };
        verdicts.push((name.to_owned(), saw));
    }
    let failed = verdicts.iter().filter(|(_, saw)| saw.is_some()).count();
    let expected = format!("{} cases, {failed} failed", verdicts.len());
    if totals != expected || exit_code != Some(failed as u64) || verdicts.is_empty() {
        bail!("the title ended with `{totals}` and the exit code {exit_code:?}, not with `{expected}`");
    }
    Ok(verdicts)
}

/// Deviations from the list of known failures.
fn judge(verdicts: &CaseVerdicts, known: &Known, file: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, saw) in verdicts {
        match (saw, known.get(name)) {
            (Some(saw), None) => wrong.push(format!("{name}: {saw}")),
            (None, Some(why)) => {
                wrong.push(format!("{name} passes; take it out of {file}, which says \"{why}\""));
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    for name in known.keys().filter(|known| !verdicts.iter().any(|(name, _)| name == *known)) {
        wrong.push(format!("{name} of {file} is not a case"));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a.one ok\na.two FAIL got 00000001 expected 00000000 (line 7)\n2 cases, 1 failed\n";

    fn known(names: &[&str]) -> Known {
        names.iter().map(|name| ((*name).to_owned(), "a reason".to_owned())).collect()
    }

    #[test]
    fn sync_suite_failures_must_match_the_known_list() {
        let verdicts = parse(TEXT, Some(1)).unwrap();
        assert!(judge(&verdicts, &known(&["a.two"]), "f").is_empty());
        assert_eq!(judge(&verdicts, &known(&[]), "f"), ["a.two: got 00000001 expected 00000000 (line 7)"]);
        let wrong = judge(&verdicts, &known(&["a.one", "a.two", "b"]), "f");
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].starts_with("a.one passes") && wrong[1].starts_with("b of"), "{wrong:?}");
    }

    #[test]
    fn totals_and_exit_code_must_be_those_of_the_lines() {
        for (text, code) in [
            (TEXT, Some(0)),
            (TEXT, None),
            ("", Some(0)),
            ("0 cases, 0 failed\n", Some(0)),
            ("a.one ok\n2 cases, 0 failed\n", Some(0)),
            ("a.one perhaps\n1 cases, 0 failed\n", Some(0)),
            // Cut off before the totals.
            ("a.one ok\na.two ok\n", Some(0)),
        ] {
            assert!(parse(text, code).is_err(), "{text:?} {code:?}");
        }
    }
}
