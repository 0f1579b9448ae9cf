//! A shard: its share of the units, as far as nobody has done them, each in a process of its own.
//!
//! The folder of results has, all made by these processes alone:
//!
//! ```text
//! units.jsonl                          what is run; whoever comes with another plan is refused
//! results/I-of-N.HOST-PID.jsonl        a line for each unit that is done, written by one process
//! pictures/ID.png  reports/ID.txt      the last frame; what a unit printed with which something is wrong
//! ```
//!
//! Nothing in it is ever changed: a process appends to a file of its own, so that shared storage
//! needs neither locks nor appends that are atomic between hosts. A process that dies leaves one
//! torn line at most.

use crate::child::{self, Ended, Start, this_process};
use crate::error::{Error, Result};
use crate::inputs::Inputs;
use crate::judge::{Judged, Outcome, Verdict, judge};
use crate::lines::{self, Appender, Torn};
use crate::plan::EMPTY_FOLDER;
use crate::shard::Shard;
use crate::unit::{self, Header, UNITS, Unit, Word};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Folders of results.
pub(crate) const RESULTS: &str = "results";
pub(crate) const PICTURES: &str = "pictures";
pub(crate) const REPORTS: &str = "reports";

/// How to run a shard.
#[derive(Clone, Debug)]
pub struct RunConfig<'a> {
    /// The folder of the plan.
    pub plan: &'a Path,
    /// The folder of results.
    pub out: &'a Path,
    /// Which units are ours.
    pub shard: Shard,
    /// Units at once.
    pub jobs: usize,
    /// Lines that there are to be of each unit; more than one are for times.
    pub times: u32,
    /// What relative paths begin at, where that is not what the plan says.
    pub root: Option<&'a Path>,
    /// The program, whose hash must be the plan's.
    pub executable: &'a Path,
    /// Words that make the program limit itself and then be a unit; `{memory}` and `{parent}` are
    /// numbers in them.
    pub launcher: &'a [&'a str],
}

/// How far a shard is, in runs: of each unit as many as there are to be lines of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// All.
    pub runs: u64,
    /// Of these, done before.
    pub found: u64,
    /// Of these, done by this process.
    pub done: u64,
    /// Of all that are done, those with which something is wrong.
    pub bad: u64,
    /// Ended from outside, and still to be done.
    pub lost: u64,
}

/// How a shard ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// In the end.
    pub progress: Progress,
    /// Whether it was told to end before it was done.
    pub stopped: bool,
}

/// Runs what is to be done of a shard. `stop` ends it soon; what then runs is not done.
pub fn run(
    config: &RunConfig<'_>,
    stop: &AtomicBool,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<Summary> {
    let file = config.plan.join(UNITS);
    let (header, units) = unit::read(&file)?;
    let build = Inputs::default().hash(config.executable)?;
    if build != header.build {
        let reason = format!(
            "it is for {} of build {:.16}…, this is build {build:.16}…: plan again, or run that program",
            header.program, header.build
        );
        return Err(Error::file(&file, reason));
    }
    prepare(config.out, &file)?;
    let done = finished(config.out)?;
    let mine: Vec<&Unit> = units.iter().filter(|unit| config.shard.has(&unit.id)).collect();
    let (to_do, counts) = outstanding(&mine, &done, config.times.clamp(1, MOST_TIMES));
    progress(&counts);
    if to_do.is_empty() {
        return Ok(Summary { progress: counts, stopped: false });
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
        inputs: Inputs::default(),
    };
    let lines = Mutex::new((Appender::create(&out.join(RESULTS), &stem)?, counts));
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let work = || -> Result<()> {
        while !stop.load(Relaxed) && !failed.load(Relaxed) {
            let Some(unit) = to_do.get(next.fetch_add(1, Relaxed)) else { break };
            let outcome = worker.outcome(unit, stop)?;
            let mut lines = lines.lock().expect("no holder panics");
            let (appender, counts) = &mut *lines;
            match outcome {
                Some(outcome) => {
                    appender.append(&outcome)?;
                    counts.done += 1;
                    counts.bad += u64::from(!outcome.result.is_good());
                }
                None => counts.lost += 1,
            }
            progress(counts);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let jobs = config.jobs.clamp(1, MOST_JOBS).min(to_do.len());
        let threads: Vec<_> =
            (0..jobs).map(|_| scope.spawn(|| work().inspect_err(|_| failed.store(true, Relaxed)))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a worker doesn't panic"))
    })?;
    let (mut appender, progress) = lines.into_inner().expect("no holder panics");
    appender.sync()?;
    Ok(Summary { progress, stopped: stop.load(Relaxed) })
}

/// What of these units is still to be run, each `times` times, and what was found.
fn outstanding<'a>(
    units: &[&'a Unit],
    done: &BTreeMap<String, Vec<Verdict>>,
    times: u32,
) -> (Vec<&'a Unit>, Progress) {
    let lines_of = |unit: &Unit| done.get(&unit.id).map_or(&[][..], Vec::as_slice);
    // Round by round, so that a host that becomes slower makes it all slower.
    let mut to_do = Vec::new();
    for round in 0..times as usize {
        to_do.extend(units.iter().copied().filter(|unit| lines_of(unit).len() <= round));
    }
    let found = units.iter().flat_map(|unit| lines_of(unit).iter().take(times as usize));
    let (good, bad): (Vec<&Verdict>, Vec<&Verdict>) = found.partition(|verdict| verdict.is_good());
    let counts = Progress {
        runs: units.len() as u64 * u64::from(times),
        found: (good.len() + bad.len()) as u64,
        bad: bad.len() as u64,
        ..Progress::default()
    };
    (to_do, counts)
}

/// Lines of a unit that may be asked for, at most.
const MOST_TIMES: u32 = 1000;
/// Units at once, at most.
const MOST_JOBS: usize = 1024;

/// Makes the folders of results, and puts the plan into them; an error if another plan is there.
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

/// Files of results, in order.
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

/// What is done: results by id, one for each line.
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

/// This host's name, as part of a file's.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let plain: String = name
        .trim()
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
    inputs: Inputs,
}

impl Worker<'_> {
    /// Runs a unit; `None` if it was ended from outside.
    fn outcome(&self, unit: &Unit, stop: &AtomicBool) -> Result<Option<Outcome>> {
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

    fn words(&self, unit: &Unit, frame: &Path) -> Vec<OsString> {
        let (memory, parent) = (unit.limits.memory_mib.to_string(), this_process().to_string());
        let launcher = self.config.launcher.iter();
        let launcher =
            launcher.map(|word| word.replace("{memory}", &memory).replace("{parent}", &parent).into());
        let mut words: Vec<OsString> = launcher.collect();
        words.extend(unit.words.iter().map(|word| match word {
            Word::Text(text) if text == EMPTY_FOLDER => self.empty.into(),
            Word::Text(text) => text.into(),
            // What `read` has accepted names inputs that are there.
            Word::Input { input } => self.root.join(&unit.inputs[*input].path).into(),
        }));
        if unit.picture {
            words.extend(["--last-frame".into(), frame.into()]);
        }
        words.extend(["--json", "-"].map(OsString::from));
        words
    }

    fn keep_picture(&self, unit: &Unit, frame: &Path) -> Result<Option<String>> {
        let Ok(bytes) = std::fs::read(frame) else { return Ok(None) };
        let name = format!("{PICTURES}/{}.png", unit.id);
        lines::write_whole(&self.out.join(&name), |out| out.write_all(&bytes))?;
        Ok(Some(name))
    }

    fn keep_report(&self, unit: &Unit, ended: &Ended) -> Result<String> {
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

/// The plan that the results in a folder are of, if it is there.
pub(crate) fn plan_of(out: &Path) -> Result<Option<(Header, Vec<Unit>)>> {
    let file = out.join(UNITS);
    if file.exists() { unit::read(&file).map(Some) } else { Ok(None) }
}

#[cfg(test)]
mod tests;
