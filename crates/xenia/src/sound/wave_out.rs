//! Output to the sound device of Windows.
//!
//! The system requests samples on a host thread; a [`DriftQueue`] passes them from the machine.
//! Neither side waits for the other, and if the device goes away, the machine continues without
//! sound.

use crate::lock_order;
use anyhow::{Context, Result};
use std::sync::Arc;
use xenia_audio::drift::{DriftFigures, DriftQueue};
use xenia_audio::mix::Speakers;
use xenia_guest::SOUND_RATE;
use xenia_host::wave_output::WaveOutput;
use xenia_sync::{Level, Mutex};

/// The user's default output.
pub(super) struct Device {
    queue: Arc<Mutex<DriftQueue>>,
    /// Ends when the device is dropped.
    _output: WaveOutput,
}

impl Device {
    /// Opens the user's default output.
    pub(super) fn open(speakers: Speakers) -> Result<Self> {
        let queue = Arc::new(Mutex::numbered(
            Level::Host,
            lock_order::SAMPLES,
            DriftQueue::new(speakers, SOUND_RATE),
        ));
        let theirs = queue.clone();
        let fill = move |samples: &mut [i16]| theirs.lock().take(samples);
        let output =
            WaveOutput::open(speakers.channels() as u16, SOUND_RATE, fill).context("no sound device")?;
        Ok(Self { queue, _output: output })
    }

    /// Queues samples of the machine for playback.
    pub(super) fn put(&self, samples: &[i16]) {
        self.queue.lock().put(samples);
    }

    /// Drops the samples that are queued.
    pub(super) fn clear(&self) {
        self.queue.lock().clear();
    }

    /// Counters of the device; the latency includes the system's buffers.
    pub(super) fn figures(&self) -> DriftFigures {
        let figures = self.queue.lock().figures();
        DriftFigures { latency_ms: figures.latency_ms + f64::from(WaveOutput::LATENCY_MS), ..figures }
    }
}
