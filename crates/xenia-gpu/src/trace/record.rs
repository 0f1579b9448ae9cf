//! Trace recorder: writes a command processor's calls to a file.
//!
//! Invariant: the bytes that a call reads precede the call's event, so the player has them in time.
//! An error of the file is kept until the recording ends; it does not end the run.

use super::{ProcessorState, Tap, TraceEvent, Writer};
use crate::memory::PhysicalMemory;
use std::io::{self, Write};
use std::sync::Arc;

/// Recording of a range of swaps.
pub struct Recorder {
    to: Option<Box<dyn Write + Send>>,
    from: u64,
    frames: u64,
    running: Option<Running>,
    done: Recording,
    /// Guest time of the latest call.
    now: u64,
    trouble: Option<io::Error>,
}

/// State of an active recording.
struct Running {
    tap: Arc<Tap>,
    writer: Writer<Box<dyn Write + Send>>,
}

/// Summary of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// Number of events.
    pub events: u64,
    /// Number of bytes of memory.
    pub memory_bytes: u64,
    /// Number of swaps.
    pub frames: u64,
}

impl Recorder {
    /// Creates a recorder that writes `frames` swaps to `to`, starting after `from` swaps.
    pub fn new(to: Box<dyn Write + Send>, from: u64, frames: u64) -> Self {
        Self { to: Some(to), from, frames, running: None, done: Recording::default(), now: 0, trouble: None }
    }

    /// Whether the recording starts after this number of swaps.
    pub(crate) fn is_due(&self, swaps: u64) -> bool {
        self.to.is_some() && self.trouble.is_none() && swaps >= self.from
    }

    /// Guest time of the latest call, while the recording is active.
    pub(crate) fn latest_call(&self) -> Option<u64> {
        self.running.is_some().then_some(self.now)
    }

    /// Counts recorded swaps; returns whether all requested ones are recorded now.
    pub(crate) fn add_frames(&mut self, swaps: u64) -> bool {
        self.done.frames += swaps;
        self.is_full()
    }

    /// Summary of the recording, or its error; `None` if its first swap was not reached.
    pub(crate) fn into_result(self) -> Option<io::Result<Recording>> {
        match self.trouble {
            Some(error) => Some(Err(error)),
            None => self.to.is_none().then_some(Ok(self.done)),
        }
    }

    /// Whether all requested swaps are recorded.
    fn is_full(&self) -> bool {
        self.running.is_some() && self.done.frames >= self.frames
    }

    /// Starts the recording and returns the memory that the processor must use from now on.
    pub(crate) fn begin(
        &mut self,
        memory: Arc<dyn PhysicalMemory>,
        state: ProcessorState,
    ) -> Arc<dyn PhysicalMemory> {
        let Some(to) = self.to.take() else { return memory };
        match Writer::new(to) {
            Ok(writer) => {
                let tap = Arc::new(Tap::new(memory));
                self.running = Some(Running { tap: tap.clone(), writer });
                self.put(&TraceEvent::Start(Box::new(state)));
                tap
            }
            Err(error) => {
                self.trouble = Some(error);
                memory
            }
        }
    }

    fn put(&mut self, event: &TraceEvent) {
        let Some(running) = &mut self.running else { return };
        match running.writer.write(event) {
            Ok(()) => {
                self.done.events += 1;
                if let TraceEvent::Memory { bytes, .. } = event {
                    self.done.memory_bytes += bytes.len() as u64;
                }
            }
            Err(error) => self.trouble = Some(error),
        }
    }

    /// Records a completed call, preceded by the memory that it read.
    pub(crate) fn call(&mut self, event: &TraceEvent) {
        if let TraceEvent::Pump { now } | TraceEvent::Store { now, .. } = event {
            self.now = *now;
        }
        let Some(running) = &self.running else { return };
        let mut noted = Vec::new();
        running.tap.take_noted(|event| noted.push(event));
        for event in noted.iter().chain([event]) {
            self.put(event);
        }
    }

    /// Ends the recording with this event, and returns the memory that the processor must use
    /// again.
    pub(crate) fn end(&mut self, end: &TraceEvent) -> Option<Arc<dyn PhysicalMemory>> {
        self.put(end);
        let running = self.running.take()?;
        if let Err(error) = running.writer.finish() {
            self.trouble.get_or_insert(error);
        }
        Some(running.tap.inner())
    }
}
