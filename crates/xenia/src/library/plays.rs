//! The record of a title's runs: when it was played last, for how long in all, and how the last run
//! ended. Each title has a small JSON file in the state folder, named by a hash of its path.
//!
//! A run writes the record at its end, in one step; of two runs at the same time the later end
//! counts.

use crate::output;
use crate::report::{End, RunReport};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Frames from which on a title counts as one that can be played.
const PLAYED_FRAMES: u64 = 600;

/// State that a title's last run reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlayState {
    /// It showed frames for a while, and did not crash.
    Plays,
    /// It ran, with few frames or none.
    Starts,
    /// It crashed or stopped making progress.
    Crashes,
}

impl PlayState {
    /// The state that a run shows.
    pub fn of(report: &RunReport) -> Self {
        match report.exit {
            End::Crash | End::Deadlock => Self::Crashes,
            _ if report.frames >= PLAYED_FRAMES => Self::Plays,
            _ => Self::Starts,
        }
    }

    /// Name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plays => "plays",
            Self::Starts => "starts",
            Self::Crashes => "crashes",
        }
    }
}

/// Record of a title's runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plays {
    /// The title's file.
    pub path: PathBuf,
    /// Number of runs.
    pub runs: u64,
    /// Host time of all runs without their pauses, in seconds.
    pub seconds: f64,
    /// End of the last run, in seconds since 1970.
    pub last: u64,
    /// State of the last run.
    pub state: PlayState,
}

/// File of a title's record in the state folder.
fn file(state: &Path, title: &Path) -> PathBuf {
    let hash = blake3::hash(title.as_os_str().as_encoded_bytes()).to_hex();
    state.join("plays").join(format!("{}.json", &hash[..32]))
}

/// Reads the record of a title, whose path is absolute; `None` if it has not run, or the record is
/// damaged.
pub fn read(state: &Path, title: &Path) -> Option<Plays> {
    let text = crate::source::text(&file(state, title)).ok()?;
    let plays: Plays = serde_json::from_str(&text).ok()?;
    (plays.path == title && plays.seconds.is_finite() && plays.seconds >= 0.0).then_some(plays)
}

/// Adds a run to the record of a title, which was `played` for this time.
///
/// # Errors
/// The record can't be written, or the path of the title is not UTF-8.
pub fn add(state: &Path, title: &Path, report: &RunReport, played: Duration) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let old = read(state, title);
    let plays = Plays {
        path: title.to_owned(),
        runs: old.as_ref().map_or(0, |old| old.runs).saturating_add(1),
        seconds: old.map_or(0.0, |old| old.seconds) + played.as_secs_f64(),
        last: now,
        state: PlayState::of(report),
    };
    let file = file(state, title);
    let folder = file.parent().context("a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    output::write(&file, &serde_json::to_vec(&plays)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{MachineConfig, VideoConfig};
    use crate::machine::{Machine, MachineOptions};
    use crate::machine_tests::assembled;
    use xenia_sched::Limits;

    #[test]
    fn runs_add_up_and_a_damaged_record_starts_again() {
        let dir = tempfile::tempdir().unwrap();
        let source = "again: b again\nlabel: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420";
        let title = assembled(source, "label", 0x191, "");
        let engine = MachineConfig::default();
        let picture = VideoConfig::default();
        let mut machine = Machine::new(&title, MachineOptions::new(&engine, &picture)).unwrap();
        let limits = Limits { instructions: Some(1000), ..Limits::default() };
        let mut report = machine.run(&limits).report;
        let path = Path::new("/games/a.xex");
        assert_eq!(read(dir.path(), path), None);
        add(dir.path(), path, &report, Duration::from_millis(2500)).unwrap();
        report.frames = PLAYED_FRAMES;
        add(dir.path(), path, &report, Duration::from_secs(1)).unwrap();
        let plays = read(dir.path(), path).unwrap();
        assert_eq!((plays.runs, plays.seconds, plays.state), (2, 3.5, PlayState::Plays));
        assert!(plays.last > 1_700_000_000 && read(dir.path(), Path::new("/games/b.xex")).is_none());
        report.exit = End::Crash;
        assert_eq!(PlayState::of(&report), PlayState::Crashes);
        std::fs::write(file(dir.path(), path), "{").unwrap();
        add(dir.path(), path, &report, Duration::ZERO).unwrap();
        assert_eq!(read(dir.path(), path).unwrap().runs, 1);
    }
}
