//! Recording of the processor's calls.

use super::CommandProcessor;
use crate::trace::{Recorder, Recording, TraceEvent};
use std::io;

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
        self.recorder.take()?.into_result()
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
        if let Some(now) = self.recorder.as_deref().and_then(Recorder::latest_call) {
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
    pub(super) fn record_call(&mut self, event: &TraceEvent, swaps: u64) {
        let Some(recorder) = &mut self.recorder else { return };
        recorder.call(event);
        if recorder.latest_call().is_some() {
            if recorder.add_frames(swaps) {
                self.end_recording();
            }
        } else {
            self.begin_recording();
        }
    }
}
