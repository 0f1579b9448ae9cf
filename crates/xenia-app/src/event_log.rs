//! The deterministic event log as a file: one line per event, guest time first.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use xenia_sched::{Event, EventSink, GuestTicks};

/// Writes `TIME EVENT` lines.
pub struct EventLog {
    out: BufWriter<File>,
    failed: bool,
}

impl EventLog {
    /// Creates the file.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { out: BufWriter::with_capacity(1 << 20, file), failed: false })
    }
}

impl EventSink for EventLog {
    fn event(&mut self, now: GuestTicks, event: &Event<'_>) {
        if !self.failed
            && let Err(error) = writeln!(self.out, "{now} {event}")
        {
            self.failed = true;
            tracing::error!("the event log ends here: {error}");
        }
    }
}
