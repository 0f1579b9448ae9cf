//! Runs a shard: those of its units that have no result yet, each in a separate process.
//!
//! The folder of results has these files, which only processes of the sweep write:
//!
//! ```text
//! units.jsonl                          the plan; a process with another plan is refused
//! results/I-of-N.HOST-PID.jsonl        a line for each finished unit, written by one process
//! pictures/ID.png  reports/ID.txt      the last frame; the output of a unit that failed
//! ```
//!
//! Files are never changed: each process appends to a separate file, so shared storage needs
//! neither locks nor atomic appends between hosts. A killed process leaves at most one incomplete
//! line.

use crate::child::{self, ChildOutcome, Start, this_process};
use crate::error::{Error, Result};
use crate::inputs::InputHashes;
use crate::judge::{Judged, Outcome, judge};
use crate::limited::launcher_words;
use crate::lines::{self, Appender, Torn};
use crate::plan::EMPTY_FOLDER;
use crate::shard::Shard;
use crate::unit::{self, SweepUnit, UNITS, UnitWord, UnitsHeader};
use crate::verdict::Verdict;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Subfolder for results.
pub(crate) const RESULTS: &str = "results";
/// Subfolder for pictures.
pub const PICTURES: &str = "pictures";
/// Subfolder for reports of what failed.
pub const REPORTS: &str = "reports";

/// Configuration of a shard's run.
#[derive(Clone, Debug)]
pub struct RunConfig<'a> {
    /// The folder of the plan.
    pub plan: &'a Path,
    /// The folder of results.
    pub out: &'a Path,
    /// The share of units to run.
    pub shard: Shard,
    /// Number of concurrent units.
    pub jobs: usize,
    /// Number of result lines to collect for each unit; more than one is for measuring times.
    pub times: u32,
    /// Base of relative paths, if it differs from the plan's.
    pub root: Option<&'a Path>,
    /// The program, whose hash must equal the plan's.
    pub executable: &'a Path,
    /// Arguments that make the program limit itself and then run a unit; `{memory}` and `{parent}`
    /// are replaced by numbers.
    pub launcher: &'a [&'a str],
}

/// Progress of a shard, in runs: each unit counts as often as it is to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardProgress {
    /// Total number of runs.
    pub runs: u64,
    /// Runs done before this process started.
    pub found: u64,
    /// Runs done by this process.
    pub done: u64,
    /// Failures among all runs that are done.
    pub bad: u64,
    /// Runs ended from outside, which remain to be done.
    pub lost: u64,
}

/// Final state of a shard's run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardSummary {
    /// Progress at the end.
    pub progress: ShardProgress,
    /// Whether it was stopped before all runs were done.
    pub stopped: bool,
}

/// Runs the outstanding units of a shard. `stop` ends it soon; units that are running then are not
/// counted.
pub fn run(
    config: &RunConfig<'_>,
    stop: &AtomicBool,
    progress: &(dyn Fn(&ShardProgress) + Sync),
) -> Result<ShardSummary> {
    let file = config.plan.join(UNITS);
    let (header, units) = unit::read(&file)?;
    check_build(config.executable, &header, &file)?;
    prepare(config.out, &file)?;
    let done = finished(config.out)?;
    let mine: Vec<&SweepUnit> = units.iter().filter(|unit| config.shard.has(&unit.id)).collect();
    let (to_do, counts) = outstanding(&mine, &done, config.times.clamp(1, MAX_TIMES));
    progress(&counts);
    if to_do.is_empty() {
        return Ok(ShardSummary { progress: counts, stopped: false });
    }
    let root = config.root.unwrap_or(&header.root).canonicalize();
    let root = root.map_err(Error::read(config.root.unwrap_or(&header.root)))?;
    let host = host();
    let stem = format!("{}.{host}-{}", config.shard.to_string().replace('/', "-of-"), this_process());
    let executable = config.executable.canonicalize().map_err(Error::read(config.executable))?;
    let empty = tempfile::tempdir().map_err(Error::write(&std::env::temp_dir()))?;
    let out = config.out.canonicalize().map_err(Error::read(config.out))?;
    let worker = Worker {
        config,
        root: &root,
        executable: &executable,
        out: &out,
        host: &host,
        empty: empty.path(),
        inputs: InputHashes::default(),
    };
    let appender = Appender::create(&out.join(RESULTS), &stem)?;
    let queue = RunQueue { to_do, next: AtomicUsize::new(0), has_failed: AtomicBool::new(false), stop };
    let results = ShardResults { lines: Mutex::new(ResultLines { appender, counts }), progress };
    std::thread::scope(|scope| {
        let jobs = config.jobs.clamp(1, MAX_JOBS).min(queue.to_do.len());
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(|| worker.work(&queue, &results))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a worker doesn't panic"))
    })?;
    let ResultLines { mut appender, counts } = results.lines.into_inner().expect("no holder panics");
    appender.sync()?;
    Ok(ShardSummary { progress: counts, stopped: stop.load(Relaxed) })
}

/// Refuses a plan, read from `file`, that was made for another build of the program.
fn check_build(executable: &Path, header: &UnitsHeader, file: &Path) -> Result<()> {
    let build = InputHashes::default().hash(executable)?;
    if build != header.build {
        let reason = format!(
            "it is for {} of build {:.16}…, this is build {build:.16}…: plan again, or run that program",
            header.program, header.build
        );
        return Err(Error::file(file, reason));
    }
    Ok(())
}

/// Runs that the workers of a shard take in turn.
struct RunQueue<'a> {
    to_do: Vec<&'a SweepUnit>,
    /// Index of the next run to take.
    next: AtomicUsize,
    /// Whether a worker has failed, which ends the others.
    has_failed: AtomicBool,
    stop: &'a AtomicBool,
}

impl RunQueue<'_> {
    fn take(&self) -> Option<&SweepUnit> {
        if self.stop.load(Relaxed) || self.has_failed.load(Relaxed) {
            return None;
        }
        self.to_do.get(self.next.fetch_add(1, Relaxed)).copied()
    }
}

/// Results of the workers of a shard.
struct ShardResults<'a> {
    lines: Mutex<ResultLines>,
    progress: &'a (dyn Fn(&ShardProgress) + Sync),
}

/// File of this process's results, and the progress that they make.
struct ResultLines {
    appender: Appender,
    counts: ShardProgress,
}

impl ShardResults<'_> {
    /// Adds the outcome of a run; `None` if it was ended from outside.
    fn add(&self, outcome: Option<&Outcome>) -> Result<()> {
        let mut lines = self.lines.lock().expect("no holder panics");
        let ResultLines { appender, counts } = &mut *lines;
        match outcome {
            Some(outcome) => {
                appender.append(outcome)?;
                counts.done += 1;
                counts.bad += u64::from(!outcome.result.is_good());
            }
            None => counts.lost += 1,
        }
        (self.progress)(counts);
        Ok(())
    }
}

/// The runs of these units that are outstanding, and the progress found.
fn outstanding<'a>(
    units: &[&'a SweepUnit],
    done: &BTreeMap<String, Vec<Verdict>>,
    times: u32,
) -> (Vec<&'a SweepUnit>, ShardProgress) {
    let lines_of = |unit: &SweepUnit| done.get(&unit.id).map_or(&[][..], Vec::as_slice);
    // Round by round, so that a slowdown of the host affects all units alike.
    let mut to_do = Vec::new();
    for round in 0..times as usize {
        to_do.extend(units.iter().copied().filter(|unit| lines_of(unit).len() <= round));
    }
    let found = units.iter().flat_map(|unit| lines_of(unit).iter().take(times as usize));
    let (good, bad): (Vec<&Verdict>, Vec<&Verdict>) = found.partition(|verdict| verdict.is_good());
    let counts = ShardProgress {
        runs: units.len() as u64 * u64::from(times),
        found: (good.len() + bad.len()) as u64,
        bad: bad.len() as u64,
        ..ShardProgress::default()
    };
    (to_do, counts)
}

/// Largest number of runs of a unit.
const MAX_TIMES: u32 = 1000;
/// Largest number of concurrent units.
const MAX_JOBS: usize = 1024;

/// Creates the folders of results and copies the plan into them; fails if they have another plan.
fn prepare(out: &Path, plan: &Path) -> Result<()> {
    for folder in [RESULTS, PICTURES, REPORTS] {
        let folder = out.join(folder);
        std::fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
    }
    let copy = out.join(UNITS);
    let bytes = std::fs::read(plan).map_err(Error::read(plan))?;
    match std::fs::read(&copy) {
        Ok(found) if found == bytes => Ok(()),
        Ok(_) => {
            Err(Error::file(&copy, format!("another plan's results are here; {} is not it", plan.display())))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            lines::write_whole(&copy, |out| out.write_all(&bytes))
        }
        Err(error) => Err(Error::read(&copy)(error)),
    }
}

/// Files of results, sorted.
pub(crate) fn files_of_results(out: &Path) -> Result<Vec<PathBuf>> {
    let folder = out.join(RESULTS);
    let mut files = Vec::new();
    let listed = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let reason = "there are no results in it: no shard has run into it (sweep run) yet".to_owned();
            return Err(Error::File { path: out.to_owned(), reason });
        }
        listed => listed.map_err(Error::read(&folder))?,
    };
    for entry in listed {
        let path = entry.map_err(Error::read(&folder))?.path();
        if path.extension().is_some_and(|end| end == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Results that exist: a verdict for each line, by id.
fn finished(out: &Path) -> Result<BTreeMap<String, Vec<Verdict>>> {
    let mut done: BTreeMap<String, Vec<Verdict>> = BTreeMap::new();
    for file in files_of_results(out)? {
        lines::read(&file, Torn::Skipped, |_, outcome: Outcome| {
            done.entry(outcome.id).or_default().push(outcome.result);
            Ok(())
        })?;
    }
    Ok(done)
}

/// The host's name, as a part of file names.
fn host() -> String {
    let plain: String = xenia_host::process::host_name()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
        .take(64)
        .collect();
    if plain.is_empty() { "host".to_owned() } else { plain }
}

struct Worker<'a> {
    config: &'a RunConfig<'a>,
    root: &'a Path,
    executable: &'a Path,
    out: &'a Path,
    host: &'a str,
    empty: &'a Path,
    inputs: InputHashes,
}

impl Worker<'_> {
    /// Takes runs until none is left, one fails, or the shard is to stop.
    fn work(&self, queue: &RunQueue<'_>, results: &ShardResults<'_>) -> Result<()> {
        while let Some(unit) = queue.take() {
            let done = self.outcome(unit, queue.stop).and_then(|outcome| results.add(outcome.as_ref()));
            done.inspect_err(|_| queue.has_failed.store(true, Relaxed))?;
        }
        Ok(())
    }

    /// Runs a unit; `None` if it was ended from outside.
    fn outcome(&self, unit: &SweepUnit, stop: &AtomicBool) -> Result<Option<Outcome>> {
        for input in &unit.inputs {
            let path = self.root.join(&input.path);
            if self.inputs.hash(&path)? != input.blake3 {
                return Err(Error::file(&path, "it has changed since the sweep was planned: plan again"));
            }
        }
        let scratch = tempfile::tempdir().map_err(Error::write(&std::env::temp_dir()))?;
        let frame = scratch.path().join("frame.png");
        let start = Start {
            program: self.executable,
            words: self.words(unit, &frame),
            folder: self.root,
            limits: unit.limits,
        };
        let ended = child::run(&start, stop)?;
        let Some(Judged { verdict, digest, said, mut figures }) = judge(unit, &ended) else {
            return Ok(None);
        };
        figures.insert("memory_mib".to_owned(), ended.memory_mib.round());
        let picture = self.keep_picture(unit, &frame)?;
        let report = if verdict.is_good() { None } else { Some(self.keep_report(unit, &ended)?) };
        Ok(Some(Outcome {
            id: unit.id.clone(),
            name: unit.name.clone(),
            kind: unit.kind,
            result: verdict,
            digest,
            exit: ended.exit,
            said,
            figures,
            host: self.host.to_owned(),
            wall_seconds: ended.wall_seconds,
            cpu_seconds: ended.cpu_seconds,
            picture,
            report,
        }))
    }

    fn words(&self, unit: &SweepUnit, frame: &Path) -> Vec<OsString> {
        let mut words = launcher_words(self.config.launcher, unit.limits);
        words.extend(unit.words.iter().map(|word| match word {
            UnitWord::Text(text) if text == EMPTY_FOLDER => self.empty.into(),
            UnitWord::Text(text) => text.into(),
            // `read` has verified that the index is in range.
            UnitWord::Input { input } => self.root.join(&unit.inputs[*input].path).into(),
        }));
        if unit.picture {
            words.extend(["--last-frame".into(), frame.into()]);
        }
        words.extend(["--json", "-"].map(OsString::from));
        words
    }

    fn keep_picture(&self, unit: &SweepUnit, frame: &Path) -> Result<Option<String>> {
        let Ok(bytes) = std::fs::read(frame) else { return Ok(None) };
        let name = format!("{PICTURES}/{}.png", unit.id);
        lines::write_whole(&self.out.join(&name), |out| out.write_all(&bytes))?;
        Ok(Some(name))
    }

    fn keep_report(&self, unit: &SweepUnit, ended: &ChildOutcome) -> Result<String> {
        let name = format!("{REPORTS}/{}.txt", unit.id);
        lines::write_whole(&self.out.join(&name), |out| {
            writeln!(out, "{}\nexit {}\n\n-- standard error", unit.name, ended.exit)?;
            out.write_all(&ended.errors)?;
            writeln!(out, "\n-- standard output")?;
            out.write_all(&ended.output)
        })?;
        Ok(name)
    }
}

/// The plan that the results in a folder belong to, if it exists.
pub(crate) fn plan_of(out: &Path) -> Result<Option<(UnitsHeader, Vec<SweepUnit>)>> {
    let file = out.join(UNITS);
    if file.exists() { unit::read(&file).map(Some) } else { Ok(None) }
}

#[cfg(test)]
mod tests;
