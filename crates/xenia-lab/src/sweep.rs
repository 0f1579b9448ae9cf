//! `xenia-rs sweep`: commands that use the sweep library.

use crate::args::{
    SweepCommand, SweepDiffArgs, SweepMergeArgs, SweepPlanArgs, SweepReportArgs, SweepRunArgs, SweepUnitArgs,
};
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use xenia::interrupt::Interrupt;
use xenia::report::{PROGRAM, check_json, write_json};
use xenia::say::{errln, outln};
use xenia::wording::{count, grouped};
use xenia_cli::Code;
use xenia_sweep::{Change, Limited, Merged, PlanConfig, RunConfig};

/// Arguments that make the program limit itself and then run a unit or a title.
pub(crate) const LAUNCHER: [&str; 5] = ["sweep", "unit", "--memory={memory}", "--parent={parent}", "--"];
/// Largest number of failures printed; the JSON has all.
const MAX_SHOWN: usize = 20;
/// Interval between polls of `--watch`.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Runs the subcommand.
pub fn run(command: &SweepCommand) -> Result<Code> {
    match command {
        SweepCommand::Plan(args) => plan(args),
        SweepCommand::Run(args) => run_shard(args),
        SweepCommand::Merge(args) => merge(args),
        SweepCommand::Diff(args) => diff(args),
        SweepCommand::Report(args) => report(args),
        // `main` continues with the unit's command line after this.
        SweepCommand::Unit(args) => limit(args).map(|()| Code::Done),
    }
}

fn plan(args: &SweepPlanArgs) -> Result<Code> {
    let executable = std::env::current_exe().context("where the program is")?;
    let what = PlanConfig { spec: &args.spec, out: &args.out, executable: &executable, program: PROGRAM };
    let planned = xenia_sweep::plan(&what)?;
    let kinds: Vec<String> =
        planned.units.iter().map(|(kind, number)| format!("{} {kind}", grouped(*number))).collect();
    let all = planned.units.values().sum::<u64>();
    outln!("{}: {} ({})", planned.file.display(), count(all, "unit"), kinds.join(", "));
    if planned.repeated > 0 {
        outln!("{} the same as others, and left out", count(planned.repeated, "unit"));
    }
    Ok(Code::Done)
}

fn run_shard(args: &SweepRunArgs) -> Result<Code> {
    let executable = std::env::current_exe().context("where the program is")?;
    let interrupt = Interrupt::listen(None)?;
    let stop: Arc<AtomicBool> = Arc::default();
    interrupt.watch(Arc::clone(&stop), None);
    let config = RunConfig {
        plan: &args.plan,
        out: args.out.as_deref().unwrap_or(&args.plan),
        shard: args.shard,
        jobs: usize::try_from(args.jobs).unwrap_or(usize::MAX),
        times: args.times,
        root: args.root.as_deref(),
        executable: &executable,
        launcher: &LAUNCHER,
    };
    let bar = bar()?;
    let summary = xenia_sweep::run(&config, &stop, &|progress| {
        bar.set_length(progress.runs);
        bar.set_position(progress.found + progress.done);
        bar.set_message(format!("{} bad", progress.bad));
    })?;
    bar.finish_and_clear();
    let progress = &summary.progress;
    outln!(
        "shard {}: {}, {} done before, {} now, {} bad{}",
        args.shard,
        count(progress.runs, if args.times == 1 { "unit" } else { "run" }),
        grouped(progress.found),
        grouped(progress.done),
        grouped(progress.bad),
        if summary.stopped { ", and stopped" } else { "" }
    );
    if let Some(cause) = interrupt.cause() {
        return Ok(Code::from(cause));
    }
    if progress.lost > 0 {
        errln!(
            "xenia-rs: {} ended by a signal from outside (perhaps for lack of memory), and not done: start the shard again",
            count(progress.lost, "unit")
        );
        return Ok(Code::Unfinished);
    }
    Ok(Code::Done)
}

fn bar() -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} units, {msg}, {eta} left")?;
    Ok(ProgressBar::new(0).with_style(style))
}

fn merge(args: &SweepMergeArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let merged = if args.watch { watch(args)? } else { xenia_sweep::merge_folder(&args.results)? };
    if let Some(path) = &args.json {
        write_json(path, "sweep", &merged)?;
    }
    print(&merged);
    Ok(if merged.is_good() { Code::Done } else { Code::Mismatch })
}

/// Polls until all units are done, or the user interrupts.
fn watch(args: &SweepMergeArgs) -> Result<Merged> {
    let interrupt = Interrupt::listen(None)?;
    let bar = bar()?;
    loop {
        let merged = xenia_sweep::merge_folder(&args.results)?;
        bar.set_length(merged.units + merged.missing);
        bar.set_position(merged.units);
        bar.set_message(format!("{} bad", merged.failed.len()));
        if merged.missing == 0 || interrupt.cause().is_some() {
            bar.finish_and_clear();
            return Ok(merged);
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

fn print(merged: &Merged) {
    for failed in merged.failed.iter().take(MAX_SHOWN) {
        let report = failed.report.as_deref().map_or_else(String::new, |report| format!(" ({report})"));
        outln!("{}: {} {}{report}", failed.result.name().to_uppercase(), failed.name, failed.said);
    }
    if merged.failed.len() > MAX_SHOWN {
        outln!("and {} more; --json writes all", grouped((merged.failed.len() - MAX_SHOWN) as u64));
    }
    for conflict in &merged.conflicts {
        outln!("NOT THE SAME EACH TIME: {}: {}", conflict.name, conflict.ends.join("; "));
    }
    let results: Vec<String> =
        merged.results.iter().map(|(result, number)| format!("{} {result}", grouped(*number))).collect();
    outln!(
        "{}: {}; {} missing, {} run again",
        count(merged.units, "unit"),
        results.join(", "),
        grouped(merged.missing),
        grouped(merged.repeated)
    );
    if merged.others > 0 {
        outln!("{} of units that this plan does not have left out", count(merged.others, "result"));
    }
    outln!("hash {}", merged.hash);
}

fn diff(args: &SweepDiffArgs) -> Result<Code> {
    if !args.threshold.is_finite() || args.threshold < 1.0 {
        bail!("--threshold {}: a ratio of 1 or more", args.threshold);
    }
    check_json(args.json.as_deref())?;
    let a = xenia_sweep::merge_file(&args.a)?;
    let b = xenia_sweep::merge_file(&args.b)?;
    let found = xenia_sweep::diff(&a, &b, args.threshold, args.in_turns);
    if let Some(path) = &args.json {
        write_json(path, "sweep-diff", &found)?;
    }
    let results = |change: &Change| format!("{} -> {}  {}", change.a.name(), change.b.name(), change.said);
    table("BROKEN", &found.broken, results);
    table("FIXED", &found.fixed, results);
    table("WRONG OTHERWISE", &found.wrong_otherwise, results);
    table("DIGEST", &found.digests, |change| {
        let short = |digest: &Option<String>| format!("{:.16}", digest.as_deref().unwrap_or("none"));
        format!("{} -> {}", short(&change.digest_a), short(&change.digest_b))
    });
    for name in found.unsteady.iter().take(MAX_SHOWN) {
        outln!("NOT THE SAME EACH TIME  {name}");
    }
    table("SLOWER", &found.slower, |change| format!("{:.2} times", change.ratio.unwrap_or_default()));
    for (side, names) in [("A", &found.only_a), ("B", &found.only_b)] {
        for name in names.iter().take(MAX_SHOWN) {
            outln!("ONLY IN {side}  {name}");
        }
    }
    let median =
        found.median_ratio.map_or_else(|| "too few to time".to_owned(), |ratio| format!("time {ratio:.2}"));
    outln!(
        "{}: {} broken, {} fixed, {} wrong otherwise, {} with another digest, {} not the same each time, {} slower; {} only in A, {} only in B; {median}{}",
        count(found.pairs, "pair"),
        found.broken.len(),
        found.fixed.len(),
        found.wrong_otherwise.len(),
        found.digests.len(),
        found.unsteady.len(),
        found.slower.len(),
        found.only_a.len(),
        found.only_b.len(),
        if found.slower_as_a_whole { ", slower as a whole" } else { "" }
    );
    Ok(if found.is_regression() { Code::Mismatch } else { Code::Done })
}

fn table(what: &str, changes: &[Change], says: impl Fn(&Change) -> String) {
    for change in changes.iter().take(MAX_SHOWN) {
        outln!("{what}  {}  {}", change.name, says(change));
    }
    if changes.len() > MAX_SHOWN {
        outln!("{what}  and {} more; --json writes all", grouped((changes.len() - MAX_SHOWN) as u64));
    }
}

fn report(args: &SweepReportArgs) -> Result<Code> {
    let merged = xenia_sweep::merge_folder(&args.results)?;
    let path = xenia_sweep::write_report(&args.results, &merged)?;
    outln!("wrote {}", path.display());
    Ok(Code::Done)
}

/// Applies the unit's limits to this process.
pub fn limit(args: &SweepUnitArgs) -> Result<()> {
    xenia_sweep::limit_this_process(Limited { memory_mib: args.memory, parent: args.parent })
        .context("a unit's limits")
}
