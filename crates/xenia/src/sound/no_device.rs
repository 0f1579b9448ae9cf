//! Stands for the host's sound device in builds without the feature `sound`, and on systems for
//! which there is none: opening it fails.

use anyhow::{Result, bail};
use std::convert::Infallible;
use xenia_audio::drift::DriftFigures;
use xenia_audio::mix::Speakers;

/// The device that does not exist.
pub(super) struct Device(Infallible);

impl Device {
    /// Fails, and says why.
    pub(super) fn open(_: Speakers) -> Result<Self> {
        if cfg!(feature = "sound") {
            bail!("no sound device is supported on this system yet");
        }
        bail!("the crate `xenia` was built without its feature `sound`")
    }

    /// Cannot be called.
    pub(super) fn put(&self, _: &[i16]) {
        match self.0 {}
    }

    /// Cannot be called.
    pub(super) fn clear(&self) {
        match self.0 {}
    }

    /// Cannot be called.
    pub(super) fn figures(&self) -> DriftFigures {
        match self.0 {}
    }
}
