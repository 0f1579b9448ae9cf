//! Runs one of our guest programs headless, and collects its output, its report and, on request,
//! its memory use.

use crate::built::xenia_rs;
use crate::commands::spawn;
use crate::files;
use anyhow::{Result, bail};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// Interval between memory samples.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(20);

/// Parameters of a run.
pub(crate) struct TitleRun<'a> {
    /// File of the title.
    pub(crate) title: &'a Path,
    /// Folder for the run's files.
    pub(crate) work: &'a Path,
    /// Additional flags of exec.
    pub(crate) flags: &'a [&'a str],
    /// File for an event log.
    pub(crate) event_log: Option<&'a Path>,
    /// Folder that the title sees as game:.
    pub(crate) folder: Option<&'a Path>,
    /// Timeout in seconds of host time.
    pub(crate) timeout: u64,
    /// Whether to sample memory use.
    pub(crate) watch_memory: bool,
}

/// Results of a run.
pub(crate) struct TitleOutcome {
    /// Output of the title.
    pub(crate) text: String,
    /// The JSON report.
    pub(crate) report: Value,
    /// Resident pages, sampled at intervals.
    pub(crate) pages: Vec<u64>,
}

impl TitleRun<'_> {
    /// Runs the title; an error unless it ended by itself, without a deadlock.
    pub(crate) fn run(&self) -> Result<TitleOutcome> {
        let file = |name: &str| self.work.join(name);
        let guest = file("guest.txt");
        let json = file("run.json");
        let messages = file("said.txt");
        for stale in [&guest, &json] {
            files::remove(stale)?;
        }
        let mut command = xenia_rs()?;
        command.arg("exec").arg(self.title).args([
            "--headless",
            "--gpu",
            "none",
            // Ignore the user's saves.
            "--fresh",
        ]);
        command.args(["--halt-on-deadlock", "--timeout", &self.timeout.to_string()]);
        // Print hanging threads before the timeout.
        command.args(["--dump-threads-after", &self.timeout.saturating_sub(2).to_string()]);
        command.arg("--guest-log").arg(&guest).arg("--json").arg(&json).args(self.flags);
        for (flag, path) in [("--event-log", self.event_log), ("--folder", self.folder)] {
            if let Some(path) = path {
                command.arg(flag).arg(path);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&messages)?);
        let mut child = spawn(&mut command)?;
        let mut pages = Vec::new();
        if self.watch_memory {
            let statm = PathBuf::from(format!("/proc/{}/statm", child.id()));
            while child.try_wait()?.is_none() {
                pages.extend(resident(&statm));
                std::thread::sleep(SAMPLE_INTERVAL);
            }
        }
        let status = child.wait()?;
        let text = std::fs::read_to_string(&guest).unwrap_or_default();
        let last = || {
            let messages = std::fs::read_to_string(&messages).unwrap_or_default();
            format!("after `{}`:\n{messages}", text.lines().last().unwrap_or("nothing"))
        };
        if !status.success() && !json.exists() {
            bail!("ended with {status}, {}", last());
        }
        let report = files::read_text(&json)?;
        let report: Value = serde_json::from_str(&report)?;
        if report["exit"] != "exit" {
            bail!("ended by {}, {}", report["exit"], last());
        }
        let deadlocks =
            ["deadlock_recoveries", "deadlock_halts"].map(|key| report["scheduler"][key].as_u64());
        if deadlocks != [Some(0); 2] {
            bail!("deadlocks: {deadlocks:?}, {}", last());
        }
        Ok(TitleOutcome { text, report, pages })
    }
}

fn resident(statm: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(statm).ok()?;
    text.split(' ').nth(1)?.parse().ok().filter(|&pages| pages > 0)
}
