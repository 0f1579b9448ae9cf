//! Stands for the host's sound device in builds without the feature `sound`, and on systems for
//! which there is none: opening it fails.

use anyhow::{Result, bail};
use std::convert::Infallible;
use std::sync::Arc;
use xenia_audio::drift::DriftQueue;
use xenia_audio::mix::Speakers;
use xenia_sync::Mutex;

/// The device that does not exist.
pub(super) struct Device(Infallible);

impl Device {
    /// Fails, and says why.
    pub(super) fn open(_: Speakers, _: Arc<Mutex<DriftQueue>>) -> Result<Self> {
        if cfg!(feature = "sound") {
            bail!("no sound device is supported on this system yet");
        }
        bail!("the crate `xenia` was built without its feature `sound`")
    }

    /// Cannot be called.
    pub(super) fn latency_ms(&self) -> f64 {
        match self.0 {}
    }
}
