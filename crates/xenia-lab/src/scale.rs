//! `xenia-rs scale process|thread`: measures whether independent work speeds up with more workers
//! as much as the same native work does.
//!
//! There are two separate claims. Worker processes with one machine each show that machines share
//! nothing outside of them; sibling guest threads of one title show that a machine does not
//! serialize its threads. All numbers of workers, guest and native, take turns within a run, and
//! speed-ups are computed within a run, so that drift of the host affects all alike. The time is
//! measured from before the first worker starts until the last has ended, including start-up and
//! compilation. Every run's prime count and checksum must equal the native ones.

mod plot;
mod primes;
mod workers;

use crate::args::{ScaleArgs, ScaleKind, WorkPart};
use crate::bench::{Spread, host};
use anyhow::{Context, Result, bail};
use primes::{Answer, MAX_SEGMENTS, count};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use workers::{Outcome, WorkerCode, Workshop};
use xenia::interrupt::Interrupt;
use xenia::output;
use xenia::report::{check_json, write_json};
use xenia::say::{out, outln};
use xenia::wording;
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_guest::HW_THREADS;

/// Required speed-up of two workers on a host with two cores.
const MIN_SPEED_UP: f64 = 1.6;
/// Required fraction of the native speed-up.
const MIN_OF_NATIVE: f64 = 0.85;
/// Largest number of processes, more than any host has cores.
const MAX_PROCESSES: u32 = 256;

documented! {
    /// Result of a scaling measurement.
    #[derive(Debug, Serialize)]
    pub struct ScaleReport {
        /// Kind of workers: `process` or `thread`.
        pub kind: String,
        /// The host's processor, and its number of cores.
        pub host: String,
        /// Executor: `lockstep`, `parallel`, or `default` for the default of `exec`.
        pub executor: String,
        /// Number of segments of 65,536 numbers in which primes are counted.
        pub segments: u32,
        /// Number of runs of each.
        pub runs: u64,
        /// Measurements for each number of workers.
        pub workers: Vec<ScaleWorkers>,
        /// Median speed-ups, by number of workers.
        pub speedup: BTreeMap<String, f64>,
        /// Median speed-ups of native workers, by number of workers.
        pub native_speedup: BTreeMap<String, f64>,
        /// Whether every run counted correctly.
        pub checksum_ok: bool,
        /// Required speed-up of two workers; null without two workers or two cores.
        pub threshold: Option<f64>,
        /// Required fraction of the native speed-up.
        pub of_native: f64,
        /// Descriptions of missed requirements.
        pub failures: Vec<String>,
        /// Whether all requirements were met.
        pub passed: bool,
        /// Signal that interrupted the measurement; only complete runs count.
        pub interrupted_by: Option<String>,
    }

    /// Measurements for one number of workers.
    #[derive(Debug, Serialize)]
    pub struct ScaleWorkers {
        /// Number of workers.
        pub n: u32,
        /// Seconds of each run.
        pub seconds: Vec<f64>,
        /// Number of primes that the workers found together.
        pub count: u32,
        /// Checksum of the primes, eight hexadecimal digits; that of a wrong run, if there was one.
        pub checksum: String,
        /// Speed-up relative to one worker in the same run.
        pub speedup: Spread,
        /// Seconds of each native run.
        pub native_seconds: Vec<f64>,
        /// Speed-up relative to one native worker in the same run.
        pub native_speedup: Spread,
    }
}

/// Measures, prints a line for each number of workers, and checks the requirements.
pub fn run(args: &ScaleArgs) -> Result<Code> {
    if !(1..=MAX_SEGMENTS).contains(&args.segments) {
        bail!("--segments: from 1 to {MAX_SEGMENTS}");
    }
    if let Some(part) = args.native_part {
        out!("{}", count(args.segments, part).line());
        return Ok(Code::Done);
    }
    let numbers = numbers(args)?;
    check_json(args.json.as_deref())?;
    args.plot.as_deref().map_or(Ok(()), output::check)?;
    let interrupt = Interrupt::listen(None)?;
    let temporary = tempfile::tempdir().context("a folder for the workers' files")?;
    let workshop = Workshop {
        kind: args.kind,
        lockstep: args.lockstep,
        segments: args.segments,
        folder: args.logs.as_deref().unwrap_or(temporary.path()),
        interrupt: &interrupt,
    };
    workshop.prepare()?;
    let runs = measure(&workshop, &numbers, args.runs)?;
    if let Some(folder) = &args.logs {
        output::write(&folder.join("runs.csv"), table(args.kind, &runs).as_bytes())?;
    }
    // Skipped without a complete run, because counting takes a while.
    let expected = if runs.is_empty() { Answer::default() } else { count(args.segments, WorkPart::WHOLE) };
    let mut report = judge(args, &numbers, &runs, expected);
    report.interrupted_by = interrupt.cause().map(|cause| cause.name().to_owned());
    report.passed &= report.interrupted_by.is_none();
    print(&report);
    if let Some(path) = &args.json {
        write_json(path, "scale", &report)?;
    }
    if let Some(path) = &args.plot {
        plot::write(path, &report)?;
    }
    let verdict = if report.passed { Code::Done } else { Code::Mismatch };
    Ok(interrupt.cause().map_or(verdict, Code::from))
}

/// The numbers of workers, 1 first.
fn numbers(args: &ScaleArgs) -> Result<Vec<u32>> {
    let most = match args.kind {
        ScaleKind::Process => MAX_PROCESSES,
        ScaleKind::Thread => HW_THREADS as u32,
    };
    let mut numbers = args.workers.clone();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.first() != Some(&1) || numbers.len() < 2 {
        bail!("--workers: 1, which the others are compared with, and at least one more");
    }
    if numbers.last().is_some_and(|&last| last > most) {
        bail!("--workers: {} at most", wording::count(most, args.kind.name()));
    }
    Ok(numbers)
}

/// Outcomes of one run, by the workers' code and number.
type Run = BTreeMap<(WorkerCode, u32), Outcome>;

/// Makes all runs; after an interruption, returns the complete ones.
fn measure(workshop: &Workshop<'_>, numbers: &[u32], runs: u64) -> Result<Vec<Run>> {
    let mut done = Vec::new();
    for run in 0..usize::try_from(runs)? {
        let mut outcomes = Run::new();
        for turn in 0..numbers.len() {
            let n = numbers[(run + turn) % numbers.len()];
            let both = if run % 2 == 0 {
                [WorkerCode::Guest, WorkerCode::Native]
            } else {
                [WorkerCode::Native, WorkerCode::Guest]
            };
            for code in both {
                let Some(outcome) = workshop.run(code, n, run)? else { return Ok(done) };
                outcomes.insert((code, n), outcome);
            }
        }
        done.push(outcomes);
    }
    Ok(done)
}

/// The measurements as CSV.
fn table(kind: ScaleKind, runs: &[Run]) -> String {
    let mut out = String::from("kind,who,workers,run,seconds,count,checksum\n");
    for (run, outcomes) in runs.iter().enumerate() {
        for ((code, n), Outcome { seconds, answer }) in outcomes {
            let Answer { count, checksum } = answer;
            let kind = kind.name();
            let code = code.name();
            let _ = writeln!(out, "{kind},{code},{n},{},{seconds:.6},{count},{checksum:08X}", run + 1);
        }
    }
    out
}

fn spread(values: impl Iterator<Item = f64>) -> Spread {
    Spread::of(values.collect()).unwrap_or_default()
}

/// Computes the report from the runs.
fn judge(args: &ScaleArgs, numbers: &[u32], runs: &[Run], expected: Answer) -> ScaleReport {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers: Vec<ScaleWorkers> = numbers.iter().map(|&n| measurements(n, runs, expected)).collect();
    let is_right = |run: &Run| run.values().all(|outcome| outcome.answer == expected);
    let checksum_ok = !runs.is_empty() && runs.iter().all(is_right);
    let threshold = (cores >= 2 && numbers.contains(&2)).then_some(MIN_SPEED_UP);
    let mut failures = Vec::new();
    if runs.is_empty() {
        failures.push("nothing was measured".to_owned());
    } else {
        if !checksum_ok {
            let Answer { count, checksum } = expected;
            failures.push(format!("not every run counted {count} primes, {checksum:08X}"));
        }
        failures.extend(workers.iter().flat_map(|workers| missed(workers, threshold)));
    }
    let medians = |of: fn(&ScaleWorkers) -> Spread| {
        workers.iter().map(|workers| (workers.n.to_string(), of(workers).median)).collect()
    };
    ScaleReport {
        kind: args.kind.name().to_owned(),
        host: host(),
        executor: match (args.lockstep, args.kind) {
            (true, _) => "lockstep",
            (false, ScaleKind::Thread) => "parallel",
            (false, ScaleKind::Process) => "default",
        }
        .to_owned(),
        segments: args.segments,
        runs: runs.len() as u64,
        speedup: medians(|workers| workers.speedup),
        native_speedup: medians(|workers| workers.native_speedup),
        workers,
        checksum_ok,
        threshold,
        of_native: MIN_OF_NATIVE,
        passed: failures.is_empty(),
        failures,
        interrupted_by: None,
    }
}

/// Measurements for `n` workers.
fn measurements(n: u32, runs: &[Run], expected: Answer) -> ScaleWorkers {
    let of = |code: WorkerCode, n| runs.iter().filter_map(move |run| run.get(&(code, n)).copied());
    let speedup =
        |code| spread(of(code, 1).zip(of(code, n)).map(|(one, several)| one.seconds / several.seconds));
    let seconds = |code| of(code, n).map(|outcome| outcome.seconds).collect();
    let mut answers = of(WorkerCode::Guest, n).chain(of(WorkerCode::Native, n)).map(|outcome| outcome.answer);
    let answer = answers.find(|answer| *answer != expected).unwrap_or(expected);
    ScaleWorkers {
        n,
        seconds: seconds(WorkerCode::Guest),
        count: answer.count,
        checksum: format!("{:08X}", answer.checksum),
        speedup: speedup(WorkerCode::Guest),
        native_seconds: seconds(WorkerCode::Native),
        native_speedup: speedup(WorkerCode::Native),
    }
}

/// The requirements on speed-ups that these workers missed.
fn missed(workers: &ScaleWorkers, threshold: Option<f64>) -> Vec<String> {
    let n = workers.n;
    let speedup = workers.speedup.median;
    let native = workers.native_speedup.median;
    let mut failures = Vec::new();
    if let Some(threshold) = threshold.filter(|&threshold| n == 2 && speedup < threshold) {
        let room = if native < threshold {
            format!("; natively {native:.2}: the host has no room for them, which shows nothing")
        } else {
            String::new()
        };
        failures.push(format!("{n} workers: {speedup:.2} times as fast, not {threshold}{room}"));
    }
    if n > 1 && speedup < MIN_OF_NATIVE * native {
        failures.push(format!(
            "{n} workers: {speedup:.2} times as fast, natively {native:.2}; {MIN_OF_NATIVE} of that is required"
        ));
    }
    failures
}

fn print(report: &ScaleReport) {
    outln!(
        "{:<10} {:>10} {:>22} {:>10} {:>22}",
        report.kind,
        "seconds",
        "speed-up",
        "native s",
        "native speed-up"
    );
    for workers in &report.workers {
        let cells = |seconds: &[f64], speedup: Spread| {
            let Spread { min, median, max } = speedup;
            let seconds = spread(seconds.iter().copied()).median;
            format!("{seconds:>10.3} {:>22}", format!("{median:.2} ({min:.2} to {max:.2})"))
        };
        outln!(
            "{:<10} {} {}",
            workers.n,
            cells(&workers.seconds, workers.speedup),
            cells(&workers.native_seconds, workers.native_speedup)
        );
    }
    for failure in &report.failures {
        outln!("failed: {failure}");
    }
    if let Some(by) = &report.interrupted_by {
        outln!("interrupted by {by}, after {}", wording::count(report.runs, "run"));
    }
    if report.passed {
        outln!("passed: {} on {}", wording::count(report.runs, "run"), report.host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabCli, LabCommand};
    use clap::Parser;

    const RIGHT: Answer = Answer { count: 3, checksum: 7 };

    fn args(words: &[&str]) -> ScaleArgs {
        let words = ["xenia-rs", "scale"].iter().chain(words);
        let LabCommand::Scale(args) = LabCli::try_parse_from(words).unwrap().command else {
            panic!("not scale")
        };
        args
    }

    /// One run with these seconds for 1 and 2 workers, guest and native.
    fn one_run(guest: [f64; 2], native: [f64; 2], answer: Answer) -> Run {
        let mut run = Run::new();
        for (code, seconds) in [(WorkerCode::Guest, guest), (WorkerCode::Native, native)] {
            for (n, seconds) in [1, 2].into_iter().zip(seconds) {
                run.insert((code, n), Outcome { seconds, answer });
            }
        }
        run
    }

    fn failures(runs: &[Run]) -> Vec<String> {
        judge(&args(&["thread"]), &[1, 2], runs, RIGHT).failures
    }

    #[test]
    fn a_slow_second_worker_and_a_wrong_checksum_fail() {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let good = || one_run([2.0, 1.1], [1.0, 0.5], RIGHT);
        assert!(failures(&[good()]).is_empty());
        // A speed-up of 1.5, natively too: only the threshold is missed.
        let slow = failures(&[one_run([1.5, 1.0], [1.5, 1.0], RIGHT)]);
        assert_eq!(slow.len(), usize::from(cores >= 2), "{slow:?}");
        assert!(
            slow.iter().all(|why| why.contains("not 1.6; natively 1.50: the host has no room")),
            "{slow:?}"
        );
        let serial = failures(&[one_run([1.5, 1.0], [2.0, 1.0], RIGHT)]);
        assert!(serial.iter().all(|why| !why.contains("no room")), "{serial:?}");
        // A speed-up of 1.65, but natively 2.
        let behind = failures(&[one_run([1.65, 1.0], [2.0, 1.0], RIGHT)]);
        assert!(behind.len() == 1 && behind[0].contains("natively 2.00"), "{behind:?}");
        let wrong = failures(&[good(), one_run([2.0, 1.0], [2.0, 1.0], Answer::default())]);
        assert!(wrong.len() == 1 && wrong[0].contains("00000007"), "{wrong:?}");
        assert_eq!(failures(&[]), ["nothing was measured"]);
    }

    #[test]
    fn speed_ups_are_computed_within_each_run() {
        // The host was half as fast in the second run.
        let runs = [one_run([2.0, 1.0], [2.0, 1.0], RIGHT), one_run([4.0, 2.0], [4.0, 2.0], RIGHT)];
        let report = judge(&args(&["process"]), &[1, 2], &runs, RIGHT);
        let Spread { min, median, max } = report.workers[1].speedup;
        assert_eq!([min, median, max], [2.0; 3]);
        assert_eq!(report.speedup["2"], 2.0);
        assert!(table(ScaleKind::Process, &runs).contains("process,guest,2,2,2.000000,3,00000007\n"));
    }

    #[test]
    fn unsuitable_numbers_of_workers_are_refused() {
        for words in [
            &["thread", "--workers", "1"][..],
            &["thread", "--workers", "2,4"],
            &["thread", "--workers", "1,7"],
        ] {
            assert!(run(&args(words)).is_err(), "{words:?}");
        }
        assert_eq!(numbers(&args(&["process", "--workers", "4,1,2"])).unwrap(), [1, 2, 4]);
    }
}
