//! Trace player: repeats the recorded calls on a memory that contains only the trace's bytes.

use crate::backend::{Backend, Frame};
use crate::memory::{PhysicalMemory, Ram};
use crate::processor::{CommandProcessor, Config, GpuEvent, Statistics, TICKS_PER_SECOND};
use crate::trace::{Reader, TraceError, TraceEvent};
use std::io::Read;
use std::sync::Arc;
use xenia_guest::MAX_TICKS;

/// Maximum guest time in one event if there are vertical blanks, which are simulated one by one.
const MAX_STEP: u64 = 3600 * TICKS_PER_SECOND;

/// Maximum guest time of a whole trace with vertical blanks: a small file may specify a long time.
const MAX_LENGTH: u64 = 24 * MAX_STEP;

/// Result of playing a trace.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Number of events played.
    pub events: u64,
    /// Number of swaps in the trace.
    pub frames: u64,
    /// Backend that drew during recording; `None` if a draw was cancelled then.
    pub recorded_with: Option<String>,
    /// Whether the processor's final state equals the recorded one; `None` if that was recorded
    /// with another backend or is unknown.
    pub same_end: Option<bool>,
    /// Statistics of the processor.
    pub statistics: Statistics,
}

/// Player of a trace: reads [`TraceEvent`]s and repeats the calls on a [`CommandProcessor`].
pub struct Player<R: Read> {
    reader: Reader<R>,
    processor: CommandProcessor,
    memory: Arc<Ram>,
    now: u64,
    /// Limit of the guest time of one event.
    longest_step: u64,
    /// Latest guest time allowed.
    latest: u64,
    frames: u64,
    recorded_with: Option<String>,
    same_end: Option<bool>,
}

impl<R: Read> Player<R> {
    /// Reads the start event and sets up the processor.
    pub fn new(reader: Reader<R>, backend: Box<dyn Backend>) -> Result<Self, TraceError> {
        Self::with_config(reader, backend, Config::default())
    }

    /// As [`Self::new`]; each swap renders a frame.
    pub fn with_frames(reader: Reader<R>, backend: Box<dyn Backend>) -> Result<Self, TraceError> {
        Self::with_config(reader, backend, Config { capture_all: true, ..Config::default() })
    }

    fn with_config(
        mut reader: Reader<R>,
        backend: Box<dyn Backend>,
        config: Config,
    ) -> Result<Self, TraceError> {
        let Some(TraceEvent::Start(state)) = reader.next_event()? else {
            return Err(reader.invalid("a trace begins with the processor's state"));
        };
        let memory = Arc::new(Ram::whole());
        let mut processor = CommandProcessor::new(memory.clone(), backend, config);
        processor.restore(&state).map_err(|reason| reader.invalid(reason))?;
        let now = state.display.start;
        let (longest_step, length) =
            if state.display.next_vblank.is_some() { (MAX_STEP, MAX_LENGTH) } else { (MAX_TICKS, MAX_TICKS) };
        let latest = now.saturating_add(length).min(MAX_TICKS);
        let recorded_with = None;
        let same_end = None;
        Ok(Self { reader, processor, memory, now, longest_step, latest, frames: 0, recorded_with, same_end })
    }

    /// The processor that plays the trace.
    pub fn processor(&mut self) -> &mut CommandProcessor {
        &mut self.processor
    }

    /// Number of swaps played.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Plays the next event; false at the end. Calls `show` with frames of swaps and their numbers
    /// in the trace, from 1.
    pub fn step(&mut self, show: &mut dyn FnMut(u64, Frame)) -> Result<bool, TraceError> {
        let Some(event) = self.reader.next_event()? else { return Ok(false) };
        match event {
            // The reader returns only one.
            TraceEvent::Start(_) => {}
            TraceEvent::Memory { at, bytes } => self.memory.write(at, &bytes),
            TraceEvent::InitializeRing { physical, size_log2 } => {
                self.processor.initialize_ring(physical, size_log2);
            }
            TraceEvent::WriteBack { physical, block_log2 } => {
                self.processor.enable_rptr_writeback(physical, block_log2);
            }
            TraceEvent::VblankPeriod { ticks } => self.processor.set_vblank_period(ticks),
            TraceEvent::Store { index, value, now } => {
                self.pass(now)?;
                self.processor.store_register(index, value, now);
            }
            TraceEvent::Pump { now } => {
                self.pass(now)?;
                let events = self.processor.pump(now);
                self.take_swaps(&events, show);
                // The machine does this after each pump; it updates the line counter register.
                self.processor.refresh_registers(now, |_, _| {});
            }
            TraceEvent::End { backend, digest } => {
                let events = self.processor.finish();
                self.take_swaps(&events, show);
                let same = backend == self.processor.backend().name();
                self.same_end = same.then(|| self.processor.short_digest(self.now) == digest);
                self.recorded_with = Some(backend).filter(|backend| !backend.is_empty());
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn take_swaps(&mut self, events: &[GpuEvent], show: &mut dyn FnMut(u64, Frame)) {
        for event in events {
            if let GpuEvent::Swap { number, .. } = event {
                self.frames += 1;
                if let Some(frame) = self.processor.take_frame(*number) {
                    show(self.frames, frame);
                }
            }
        }
    }

    fn pass(&mut self, now: u64) -> Result<(), TraceError> {
        if now > self.latest || !(self.now..=self.now.saturating_add(self.longest_step)).contains(&now) {
            let from = self.now;
            return Err(self.reader.invalid(format!("time goes from {from} to {now}")));
        }
        self.now = now;
        Ok(())
    }

    /// Plays the whole trace.
    pub fn run(mut self, show: &mut dyn FnMut(u64, Frame)) -> Result<Summary, TraceError> {
        while self.step(show)? {}
        Ok(self.summary())
    }

    /// Summary of the events played so far.
    pub fn summary(&self) -> Summary {
        Summary {
            events: self.reader.events(),
            frames: self.frames,
            recorded_with: self.recorded_with.clone(),
            same_end: self.same_end,
            statistics: self.processor.statistics().clone(),
        }
    }
}
