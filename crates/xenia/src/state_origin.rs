//! Origin of a saved state, from its header, and the error for one that cannot be loaded.

use crate::code_store;
use crate::config::StartTime;
use crate::source;
use anyhow::{Context, Result};
use std::fmt;
use std::path::Path;
use std::time::Duration;
use xenia_sched::{GuestTicks, TICKS_PER_SECOND};
use xenia_state::{MAX_HEADER, StateFile, StateHeader};

/// Key of the executor's mode in a header.
pub(crate) const MODE: &str = "mode";
/// The value for parallel mode.
const PARALLEL: &str = "parallel";
/// Key of the guest time.
pub(crate) const TICKS: &str = "guest ticks";
/// Key of the number of the host's files that were open.
pub(crate) const FILES: &str = "open files of the host";

/// Name, version and build of this program, as states of it have them.
pub(crate) fn this_program() -> String {
    let version = env!("CARGO_PKG_VERSION");
    match code_store::build_digits() {
        Some(digits) => format!("xenia-rs {version} (build {digits})"),
        None => format!("xenia-rs {version}"),
    }
}

/// The error for a state that cannot be loaded, to tell it from other reasons why a run that begins
/// at the state fails.
#[derive(Debug)]
pub struct StateRefusal(pub(crate) String);

impl fmt::Display for StateRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error for a file of a state that cannot be loaded.
pub(crate) fn cannot_load(path: &Path) -> StateRefusal {
    StateRefusal(format!("cannot load {}", path.display()))
}

/// Origin of a state: the moment, the program that saved it, and conditions that the run which
/// loads it takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateOrigin {
    /// Whether it was saved in parallel mode.
    pub parallel: bool,
    /// SHA-256 of the title's loaded image.
    pub image: String,
    /// Start of guest time.
    pub start_time: Option<StartTime>,
    /// Guest time since the title's start.
    pub played: Duration,
    /// Name, version and build of the program that saved it.
    pub program: String,
    /// Number of files of the host that were open.
    pub open_files: u64,
}

impl StateOrigin {
    /// The origin of the state in a file.
    ///
    /// # Errors
    /// Errors of reading, and damage of the header. They name the file.
    pub fn read(path: &Path) -> Result<Self> {
        let start =
            source::first_bytes(path, u64::from(MAX_HEADER) + 64).with_context(|| cannot_load(path))?;
        Ok(Self::of(StateFile::read_header(&start).with_context(|| cannot_load(path))?))
    }

    /// The origin in a header. Facts that it lacks are 0 or empty.
    pub fn of(header: StateHeader) -> Self {
        let number = |name| header.about.get(name).and_then(|text| text.parse().ok()).unwrap_or_default();
        let ticks: GuestTicks = number(TICKS);
        let condition = |name| header.conditions.get(name);
        let start_time = condition("start_time").and_then(serde_json::Value::as_u64);
        let image = condition("image_loaded_sha256").and_then(serde_json::Value::as_str);
        Self {
            parallel: header.about.get(MODE).is_some_and(|mode| mode == PARALLEL),
            image: image.unwrap_or_default().to_owned(),
            start_time: start_time.map(StartTime::At),
            played: Duration::from_secs(ticks / TICKS_PER_SECOND),
            open_files: number(FILES),
            program: header.program,
        }
    }

    /// Name of the program that saved the state, with a hint at files of the host, for a message
    /// about a state that cannot be loaded.
    pub fn says(&self) -> String {
        let files = match self.open_files {
            0 => String::new(),
            1 => ", with an open file of the host".to_owned(),
            count => format!(", with {count} open files of the host"),
        };
        let own = if self.program == this_program() { "this program" } else { &self.program };
        format!("saved by {own}{files}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_from_a_header() {
        let mut header = StateHeader { program: "xenia-rs 9".to_owned(), ..StateHeader::default() };
        let origin = StateOrigin::of(header.clone());
        assert_eq!((origin.played, origin.open_files, origin.parallel), (Duration::ZERO, 0, false));
        assert_eq!(origin.says(), "saved by xenia-rs 9");
        let facts = [
            (MODE, PARALLEL.to_owned()),
            (FILES, "2".to_owned()),
            (TICKS, (TICKS_PER_SECOND * 90).to_string()),
        ];
        header.about = facts.map(|(name, value)| (name.to_owned(), value)).into();
        header.conditions.insert("start_time".to_owned(), 77.into());
        let origin = StateOrigin::of(header);
        assert!(origin.parallel && origin.start_time == Some(StartTime::At(77)));
        assert_eq!(origin.played, Duration::from_secs(90));
        assert_eq!(origin.says(), "saved by xenia-rs 9, with 2 open files of the host");
    }
}
