//! Trace recorder: writes a command processor's calls to a file.
//!
//! Invariant: the bytes that a call reads precede the call's event, so the player has them in time.
//! An error of the file is kept until the recording ends; it does not end the run.

use super::{ProcessorState, Tap, TraceEvent, Writer};
use crate::memory::PhysicalMemory;
use crate::processor::CommandProcessor;
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
    fn is_due(&self, swaps: u64) -> bool {
        self.to.is_some() && self.trouble.is_none() && swaps >= self.from
    }

    /// Whether all requested swaps are recorded.
    fn is_full(&self) -> bool {
        self.running.is_some() && self.done.frames >= self.frames
    }

    /// Starts the recording and returns the memory that the processor must use from now on.
    fn begin(&mut self, memory: Arc<dyn PhysicalMemory>, state: ProcessorState) -> Arc<dyn PhysicalMemory> {
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
    fn call(&mut self, event: &TraceEvent) {
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
    fn end(&mut self, end: &TraceEvent) -> Option<Arc<dyn PhysicalMemory>> {
        self.put(end);
        let running = self.running.take()?;
        if let Err(error) = running.writer.finish() {
            self.trouble.get_or_insert(error);
        }
        Some(running.tap.inner())
    }
}

impl CommandProcessor {
    /// Sets the recorder, which starts now or at its first swap; ends an active recording.
    pub fn record(&mut self, recorder: Recorder) {
        self.end_recording();
        self.recorder = Some(Box::new(recorder));
        self.begin_recording();
    }

    /// Ends the recording and returns its summary; `None` if there was none or its first swap was
    /// not reached.
    pub fn finish_recording(&mut self) -> Option<io::Result<Recording>> {
        self.end_recording();
        let recorder = self.recorder.take()?;
        match recorder.trouble {
            Some(error) => Some(Err(error)),
            None => recorder.to.is_none().then_some(Ok(recorder.done)),
        }
    }

    fn begin_recording(&mut self) {
        let swaps = self.statistics().swaps;
        if self.recorder.as_ref().is_some_and(|recorder| recorder.is_due(swaps)) {
            // The trace begins with the memory as it is.
            self.deliver_all();
            self.count_all();
            let state = self.state();
            if let Some(recorder) = &mut self.recorder {
                self.memory = recorder.begin(self.memory.clone(), state);
            }
        }
    }

    fn end_recording(&mut self) {
        let running = self.recorder.as_ref().filter(|recorder| recorder.running.is_some());
        if let Some(now) = running.map(|recorder| recorder.now) {
            self.deliver_all();
            let digest = self.short_digest(now);
            // A player could not cancel the same draws at the same point.
            let has_cut = self.cancel().is_some_and(|cancel| cancel.has_cut());
            let end =
                if has_cut { TraceEvent::CUT_SHORT } else { TraceEvent::end(self.backend().name(), digest) };
            if let Some(memory) = self.recorder.as_mut().and_then(|recorder| recorder.end(&end)) {
                self.memory = memory;
            }
        }
    }

    /// Records a completed call during which `swaps` swaps happened.
    pub(crate) fn record_call(&mut self, event: &TraceEvent, swaps: u64) {
        let Some(recorder) = &mut self.recorder else { return };
        recorder.call(event);
        if recorder.running.is_some() {
            recorder.done.frames += swaps;
            if recorder.is_full() {
                self.end_recording();
            }
        } else {
            self.begin_recording();
        }
    }
}
