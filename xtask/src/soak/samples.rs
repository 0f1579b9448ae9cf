//! The lines written by `xenia-rs soak`, and their files.

use crate::files;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::Path;

/// The part of the soak test to which a file belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SoakPart {
    /// All titles in one process, in turn.
    Rotation,
    /// One title, for a long time.
    Long,
    /// One process per run.
    Processes,
}

impl SoakPart {
    const ALL: [Self; 3] = [Self::Rotation, Self::Long, Self::Processes];

    /// Name of the part.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Long => "long",
            Self::Processes => "process",
        }
    }

    /// File name of the samples of this process.
    pub(crate) fn file(self, number: usize) -> String {
        format!("{}-{number:06}.jsonl", self.name())
    }

    /// File name of the standard error of this process.
    pub(crate) fn messages_file(self, number: usize) -> String {
        format!("{}-{number:06}.txt", self.name())
    }
}

/// State of a run when a sample was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RunState {
    /// The title runs.
    Running,
    /// It has ended, and its machine still exists.
    Ended,
    /// The machine has been dropped.
    Between,
}

/// A line of samples.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Line {
    /// Seconds since the process was started.
    pub(crate) at: f64,
    pub(crate) title: String,
    pub(crate) mode: String,
    pub(crate) state: RunState,
    pub(crate) exit: Option<String>,
    pub(crate) exit_code: Option<u32>,
    pub(crate) rss_kib: u64,
    pub(crate) descriptors: u64,
    pub(crate) maps: u64,
    pub(crate) handles: Option<u64>,
    pub(crate) objects: Option<u64>,
    pub(crate) code_bytes: Option<u64>,
    pub(crate) regions: Option<u64>,
}

/// A line, and its origin.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) part: SoakPart,
    /// Number of the process.
    pub(crate) number: usize,
    pub(crate) line: Line,
}

/// All samples of a folder, in the order in which they were taken.
pub(crate) fn read(folder: &Path) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for part in SoakPart::ALL {
        for number in 0.. {
            let path = folder.join(part.file(number));
            if !path.is_file() {
                break;
            }
            let text = files::read_text(&path)?;
            for line in text.lines() {
                let line = serde_json::from_str(line).with_context(|| path.display().to_string())?;
                samples.push(Sample { part, number, line });
            }
        }
    }
    Ok(samples)
}
