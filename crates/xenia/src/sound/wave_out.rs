//! Output to the sound device of Windows.
//!
//! The system requests samples on a host thread; a [`DriftQueue`] passes them from the machine.
//! Neither side waits for the other, and if the device goes away, the machine continues without
//! sound.

use anyhow::{Context, Result};
use std::sync::Arc;
use xenia_audio::drift::DriftQueue;
use xenia_audio::mix::Speakers;
use xenia_guest::SOUND_RATE;
use xenia_host::wave_output::WaveOutput;
use xenia_sync::Mutex;

/// The user's default output, which ends when it is dropped.
pub(super) struct Device {
    _output: WaveOutput,
}

impl Device {
    /// Opens the user's default output, which takes samples from `queue`.
    pub(super) fn open(speakers: Speakers, queue: Arc<Mutex<DriftQueue>>) -> Result<Self> {
        let fill = move |samples: &mut [i16]| queue.lock().take(samples);
        let output =
            WaveOutput::open(speakers.channels() as u16, SOUND_RATE, fill).context("no sound device")?;
        Ok(Self { _output: output })
    }

    /// Latency of the system's buffers in milliseconds.
    pub(super) fn latency_ms(&self) -> f64 {
        f64::from(WaveOutput::LATENCY_MS)
    }
}
