//! Sink of a trace of calls (`--trace-calls`): standard error or a file.
//!
//! A title can make millions of calls a second, so the lines of a machine are limited to
//! [`MAX_TRACE_BYTES`]; beyond it they are counted, and the last line says how many are left out.
//! The buffer of a file is flushed once per second of host time and at the end.

use crate::lock_order;
use crate::output::StreamFile;
use crate::say::errln;
use anyhow::{Context, Result};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use xenia_kernel::imports::{CallFilter, CallTrace};
use xenia_memory::GuestMemory;
use xenia_sched::{Event, EventSink, GuestTicks};
use xenia_sync::{Level, Mutex};

/// Largest size in bytes of a trace.
pub const MAX_TRACE_BYTES: u64 = 1 << 30;
/// Maximum host time until a new line is written to the file.
const FLUSH: Duration = Duration::from_secs(1);

/// Request for a trace of kernel calls.
#[derive(Clone, Copy, Debug)]
pub struct TracedCalls<'a> {
    /// The exports whose calls are traced.
    pub filter: &'a CallFilter,
    /// File of the trace; `None`: standard error.
    pub file: Option<&'a Path>,
}

struct TraceFile {
    out: BufWriter<StreamFile>,
    path: PathBuf,
    flushed: Instant,
    failed: Option<std::io::Error>,
}

impl TraceFile {
    fn keep(&mut self, result: std::io::Result<()>) {
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }

    fn line(&mut self, line: &str) {
        if self.failed.is_some() {
            return;
        }
        let result = writeln!(self.out, "{line}");
        self.keep(result);
        let now = Instant::now();
        if now - self.flushed >= FLUSH {
            self.flushed = now;
            let result = self.out.flush();
            self.keep(result);
        }
    }
}

struct TraceOutput {
    /// `None`: standard error.
    file: Option<TraceFile>,
    /// Bytes left until the limit.
    left: u64,
    left_out: u64,
}

impl TraceOutput {
    fn line(&mut self, line: &str) {
        let length = line.len() as u64 + 1;
        if self.left_out > 0 || length > self.left {
            self.left_out += 1;
            return;
        }
        self.left -= length;
        self.write(line);
    }

    fn write(&mut self, line: &str) {
        match &mut self.file {
            Some(file) => file.line(line),
            None => errln!("{line}"),
        }
    }
}

/// Reports the ends of waits to the trace, and forwards all events.
pub(crate) struct WakeEvents {
    pub(crate) trace: Arc<CallTrace>,
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) next: Option<Box<dyn EventSink>>,
}

impl EventSink for WakeEvents {
    fn event(&mut self, now: GuestTicks, event: &Event<'_>) {
        self.trace.event(&self.memory, now, event);
        if let Some(next) = &mut self.next {
            next.event(now, event);
        }
    }
}

/// The output of a trace; clones share it.
#[derive(Clone)]
pub(crate) struct CallTraceOutput(Arc<Mutex<TraceOutput>>);

impl CallTraceOutput {
    /// Creates the file of a trace, if it has one.
    pub(crate) fn create(file: Option<&Path>) -> Result<Self> {
        let file = file.map(|path| -> Result<TraceFile> {
            let file =
                StreamFile::create(path).with_context(|| format!("cannot create {}", path.display()))?;
            let out = BufWriter::with_capacity(1 << 16, file);
            Ok(TraceFile { out, path: path.to_owned(), flushed: Instant::now(), failed: None })
        });
        let output = TraceOutput { file: file.transpose()?, left: MAX_TRACE_BYTES, left_out: 0 };
        Ok(Self(Arc::new(Mutex::numbered(Level::Leaf, lock_order::CALL_TRACE, output))))
    }

    /// The kernel's side of the trace.
    pub(crate) fn port(&self, filter: &CallFilter) -> Arc<CallTrace> {
        let output = self.0.clone();
        Arc::new(CallTrace::new(filter.clone(), Box::new(move |line| output.lock().line(line))))
    }

    /// Ends the trace, and returns its write error if there was one.
    pub(crate) fn finish(&self) -> Option<String> {
        let mut output = self.0.lock();
        let left_out = std::mem::take(&mut output.left_out);
        if left_out > 0 {
            output.write(&format!("{left_out} more lines were left out, after {MAX_TRACE_BYTES} bytes"));
        }
        let file = output.file.as_mut()?;
        let result = file.out.flush();
        file.keep(result);
        let error = file.failed.as_ref()?;
        Some(format!("the trace of calls {} is incomplete: {error}", file.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_limit_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trace");
        let output = CallTraceOutput::create(Some(&path)).unwrap();
        output.0.lock().left = 10;
        for line in ["four", "12345678", "x"] {
            output.0.lock().line(line);
        }
        assert_eq!(output.finish(), None);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, ["four", "2 more lines were left out, after 1073741824 bytes"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_trace_that_can_not_be_written_is_known_at_the_end() {
        let output = CallTraceOutput::create(Some(Path::new("/dev/full"))).unwrap();
        output.0.lock().line("x");
        assert!(output.finish().unwrap().contains("/dev/full"));
    }
}
