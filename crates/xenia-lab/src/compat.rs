//! `xenia-rs compat`: runs a folder of titles for a while each, and writes a page and a contact
//! sheet that show how far each one gets.
//!
//! Each title has a separate process with limits, as a unit of a sweep has, so that one that hangs
//! or crashes the emulator does not stop the others.

mod find;
mod page;
mod row;
mod sheet;
mod thumbnail;

pub use row::{CompatReport, CompatRow, CompatState};

use crate::args::CompatArgs;
use crate::sweep::LAUNCHER;
use anyhow::{Context, Result};
use find::FoundTitle;
use row::TitleOutputs;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use xenia::config::GpuKind;
use xenia::interrupt::Interrupt;
use xenia::output;
use xenia::report::{check_json, write_json};
use xenia::say::outln;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_sweep::{Bounds, PICTURES, REPORTS, run_limited};

/// Seconds that a title's process has beyond the title's own, to load and to write its report.
const GRACE: u64 = 30;
/// Largest output of a title's process, in KiB.
const MAX_OUTPUT_KIB: u64 = 4096;
/// Name of the page in the folder of results.
const PAGE: &str = "index.html";
/// Name of the contact sheet there.
const SHEET: &str = "sheet.png";

/// Runs the titles and writes the page; with `--json`, the results too.
pub fn run(args: &CompatArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let interrupt = Interrupt::listen(None)?;
    let stop: Arc<AtomicBool> = Arc::default();
    interrupt.watch(Arc::clone(&stop), None);
    let titles = find::titles(&args.folders)?;
    for folder in [PICTURES, REPORTS] {
        let folder = args.out.join(folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    for name in [PAGE, SHEET] {
        output::check(&args.out.join(name))?;
    }
    outln!("{}, {} each", count(titles.len() as u64, "title"), count(args.seconds, "second"));
    let rows = run_all(args, &titles, &stop)?;
    let report = CompatReport {
        seconds: args.seconds,
        lockstep: args.lockstep,
        states: states(&rows),
        left_out: (titles.len() - rows.len()) as u64,
        titles: rows,
    };
    output::write(&args.out.join(PAGE), page::page(&report).as_bytes())?;
    let sheet = sheet::sheet(&report, |picture| std::fs::read(args.out.join(picture)).ok())?;
    output::write(&args.out.join(SHEET), &sheet)?;
    if let Some(path) = &args.json {
        write_json(path, "compat", &report)?;
    }
    let states: Vec<String> =
        report.states.iter().map(|(state, number)| format!("{number} {state}")).collect();
    outln!("{}: {}", args.out.join(PAGE).display(), states.join(", "));
    Ok(interrupt.cause().map_or(Code::Done, Code::from))
}

fn states(rows: &[CompatRow]) -> BTreeMap<String, u64> {
    let mut states = BTreeMap::new();
    for row in rows {
        *states.entry(row.state.words().to_owned()).or_default() += 1;
    }
    states
}

/// Runs the titles, some at once; returns the rows in the order of the titles. Titles that were not
/// run because the user ended the command have none.
fn run_all(args: &CompatArgs, titles: &[FoundTitle], stop: &AtomicBool) -> Result<Vec<CompatRow>> {
    let program = std::env::current_exe().context("where the program is")?;
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(BTreeMap::new());
    let work = || -> Result<()> {
        while !stop.load(Relaxed) {
            let index = next.fetch_add(1, Relaxed);
            let Some(title) = titles.get(index) else { break };
            let Some(row) = run_one(args, &program, index, title, stop)? else { break };
            outln!("{:10} {}{}", row.state.words(), row.name, reason_suffix(&row));
            rows.lock().unwrap_or_else(PoisonError::into_inner).insert(index, row);
        }
        Ok(())
    };
    let jobs = usize::try_from(args.jobs).unwrap_or(usize::MAX).min(titles.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..jobs).map(|_| scope.spawn(|| work().inspect_err(|_| stop.store(true, Relaxed)))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a worker doesn't panic"))
    })?;
    Ok(rows.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect())
}

fn reason_suffix(row: &CompatRow) -> String {
    row.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"))
}

/// Runs one title; `None` if the user ended it.
fn run_one(
    args: &CompatArgs,
    program: &Path,
    index: usize,
    title: &FoundTitle,
    stop: &AtomicBool,
) -> Result<Option<CompatRow>> {
    let scratch = tempfile::tempdir().context("a temporary folder")?;
    let json = scratch.path().join("run.json");
    let frame = scratch.path().join("frame.png");
    let report = PathBuf::from(REPORTS).join(format!("{index:04}.zip"));
    let whole = args.out.join(&report);
    remove_earlier(&whole)?;
    let whole = std::path::absolute(&whole).with_context(|| whole.display().to_string())?;
    let words = words(args, &title.path, [&json, &frame, &whole])?;
    let limits = Bounds {
        seconds: args.seconds.saturating_add(GRACE),
        memory_mib: args.memory,
        output_kib: MAX_OUTPUT_KIB,
    };
    let ended = run_limited(program, &LAUNCHER, words, scratch.path(), limits, stop)?;
    if ended.is_cancelled {
        return Ok(None);
    }
    let picture = match std::fs::read(&frame) {
        Ok(bytes) => thumbnail::reduced(&bytes).ok(),
        Err(_) => None,
    };
    let picture = match picture {
        Some(bytes) => {
            let name = format!("{PICTURES}/{index:04}.png");
            output::write(&args.out.join(&name), &bytes)?;
            Some(name)
        }
        None => None,
    };
    let run = std::fs::read(&json).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let report = whole.is_file().then(|| report.display().to_string());
    Ok(Some(row::row(TitleOutputs { name: &title.name, ended: &ended, run: run.as_ref(), picture, report })))
}

/// Removes a file of an earlier run, which would pass for one of this run.
fn remove_earlier(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The words that run a title.
fn words(args: &CompatArgs, title: &Path, [json, frame, report]: [&PathBuf; 3]) -> Result<Vec<OsString>> {
    let full = |path: &Path| std::path::absolute(path).with_context(|| path.display().to_string());
    // The user's settings are not on the page, so no result may depend on them.
    let mut words: Vec<OsString> = ["exec", "--config", "/dev/null"].map(OsString::from).to_vec();
    words.push(full(title)?.into());
    words.extend(["--headless", "--fresh", "--guest-log", "off", "--timeout"].map(OsString::from));
    words.push(args.seconds.to_string().into());
    words.push(if args.lockstep { "--lockstep" } else { "--parallel" }.into());
    let gpu = match args.gpu {
        GpuKind::Auto => "auto",
        GpuKind::Reference => "reference",
        GpuKind::Wgpu => "wgpu",
        GpuKind::None => "none",
    };
    words.extend(["--gpu", gpu].map(OsString::from));
    for (flag, path) in [("--json", json), ("--report", report)] {
        words.extend([flag.into(), path.into()]);
    }
    if args.gpu != GpuKind::None {
        words.extend(["--last-frame".into(), frame.into()]);
    }
    if let Some(file) = &args.key_file {
        words.extend(["--key-file".into(), full(file)?.into()]);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_an_earlier_run_is_removed_or_named() {
        let dir = tempfile::tempdir().unwrap();
        let report = dir.path().join("0000.zip");
        std::fs::write(&report, "earlier").unwrap();
        remove_earlier(&report).unwrap();
        assert!(!report.exists());
        remove_earlier(&report).unwrap();
        // A folder is not removed as a file.
        std::fs::create_dir(&report).unwrap();
        let error = remove_earlier(&report).unwrap_err().to_string();
        assert!(error.contains("0000.zip"), "{error}");
    }
}
