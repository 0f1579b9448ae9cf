//! The deterministic event log: a file with one line per event, guest time first.
//!
//! The buffer is flushed once per second of guest time and at the end, so a killed process loses at
//! most the last second. After a write error the log ends, and the run reports the error.
//!
//! The log of a run that begins at a state has the lines after it and no others, so the logs of a
//! run in pieces, one after the other, are the log of the whole run.

use crate::lock_order;
use crate::output::StreamFile;
use crate::progress::EarlierTitles;
use anyhow::{Context, Result};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_sched::{Event, EventSink, GuestTicks, TICKS_PER_SECOND};
use xenia_sync::{Level, Mutex};

fn buffered(file: StreamFile) -> BufWriter<StreamFile> {
    BufWriter::with_capacity(1 << 20, file)
}

struct Log {
    out: BufWriter<StreamFile>,
    path: PathBuf,
    /// The second of guest time at the last flush.
    second: u64,
    failed: Option<std::io::Error>,
}

impl Log {
    fn keep(&mut self, result: std::io::Result<()>) {
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }

    fn flush(&mut self) {
        if self.failed.is_none() {
            let result = self.out.flush();
            self.keep(result);
        }
    }
}

/// The file of an event log.
#[derive(Clone, Copy, Debug)]
pub enum EventLogFile<'a> {
    /// The log begins there. An old file is cut when the first lines are written.
    New(&'a Path),
    /// The log is appended to the lines of the file: those of the earlier parts of the run.
    Append(&'a Path),
}

impl<'a> EventLogFile<'a> {
    /// The file of a run that is in parts, after those `before`.
    pub fn of_part(path: &'a Path, before: &EarlierTitles) -> Self {
        if before.parts > 0 { Self::Append(path) } else { Self::New(path) }
    }

    /// Opens the log.
    pub(crate) fn open(self) -> Result<EventLog> {
        match self {
            Self::New(path) => EventLog::create(path),
            Self::Append(path) => EventLog::append(path),
        }
    }
}

/// Writes `TIME EVENT` lines; clones share one log.
#[derive(Clone)]
pub struct EventLog(Arc<Mutex<Log>>);

impl EventLog {
    /// Creates the log's file. An old one is cut when the first lines are written.
    pub fn create(path: &Path) -> Result<Self> {
        Self::to(path, StreamFile::create(path))
    }

    /// Appends to the lines of a file.
    pub fn append(path: &Path) -> Result<Self> {
        Self::to(path, StreamFile::append(path))
    }

    fn to(path: &Path, file: std::io::Result<StreamFile>) -> Result<Self> {
        let file = file.with_context(|| format!("cannot create {}", path.display()))?;
        let out = buffered(file);
        let log = Log { out, path: path.to_owned(), second: 0, failed: None };
        Ok(Self(Arc::new(Mutex::numbered(Level::Leaf, lock_order::EVENT_LOG, log))))
    }

    /// Drops the lines that are not yet in the file: those of a title's start, whose run continues
    /// from a state.
    ///
    /// # Errors
    /// The host is out of file handles, or cannot cut the file.
    pub(crate) fn forget_start(&self) -> std::io::Result<()> {
        let mut log = self.0.lock();
        let file = log.out.get_mut().again()?;
        // Dropped as it is, the writer would write its buffer.
        drop(std::mem::replace(&mut log.out, buffered(file)).into_parts());
        Ok(())
    }

    /// Flushes buffered lines to the file.
    pub fn flush(&self) {
        self.0.lock().flush();
    }

    /// Closes the log, and returns its write error if there was one.
    pub fn finish(&self) -> Option<String> {
        let mut log = self.0.lock();
        log.flush();
        let error = log.failed.as_ref()?;
        Some(format!("the event log {} is incomplete: {error}", log.path.display()))
    }
}

impl EventSink for EventLog {
    fn event(&mut self, now: GuestTicks, event: &Event<'_>) {
        let mut log = self.0.lock();
        if log.failed.is_some() {
            return;
        }
        let result = writeln!(log.out, "{now} {event}");
        log.keep(result);
        let second = now / TICKS_PER_SECOND;
        if second != log.second {
            log.second = second;
            log.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_reaches_its_file_once_a_second_of_guest_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = EventLog::create(&path).unwrap();
        log.event(5, &Event::Swap { frame: 1 });
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        log.event(TICKS_PER_SECOND, &Event::Swap { frame: 2 });
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
        log.event(TICKS_PER_SECOND + 1, &Event::Swap { frame: 3 });
        assert_eq!(log.finish(), None);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
    }

    #[test]
    fn a_log_continues_without_the_start_of_its_machine() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let swap = |frame| Event::Swap { frame };
        let mut log = EventLog::create(&path).unwrap();
        log.event(5, &swap(1));
        assert_eq!(log.finish(), None);
        let mut log = EventLog::append(&path).unwrap();
        log.event(0, &swap(0));
        log.forget_start().unwrap();
        log.event(6, &swap(2));
        assert_eq!(log.finish(), None);
        let whole = format!("5 {}\n6 {}\n", swap(1), swap(2));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    }

    #[cfg(unix)]
    #[test]
    fn a_log_that_can_not_be_written_is_known_at_the_end() {
        let mut log = EventLog::create(Path::new("/dev/full")).unwrap();
        log.event(5, &Event::Swap { frame: 1 });
        assert!(log.finish().unwrap().contains("/dev/full"));
    }
}
