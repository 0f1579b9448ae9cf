//! Recovery from a lost device: takes another one and restores the last known EDRAM.
//!
//! A device is lost when a driver resets, a laptop changes its GPU, or a shader exceeds the
//! system's time limit. One that the backend gives up counts as lost: it does not answer, or the
//! thread that finishes its commands has panicked. All resources on the device are lost: pipelines
//! are recompiled from the store, textures and vertices are read from guest memory, and each EDRAM
//! tile is restored from the last time it was read back or set. In a window the next device is the
//! window's, if it opens one in time. If this happens repeatedly, the reference backend draws from
//! then on.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use xenia_gpu::edram::TILES;
use xenia_gpu::enums::Anisotropy;
use xenia_gpu::{Backend, Cancel, Reference};

use super::edram_shadow::{ALL_TILES, KnownWords};
use super::pipelines::Pipelines;
use super::scale::Scale;
use super::{Options, WgpuBackend};

/// Number of losses within [`PERIOD`] after which the device is given up.
const MAX_LOSSES: usize = 3;
const PERIOD: Duration = Duration::from_mins(1);

/// State needed to recover from a loss.
pub(super) struct Recovery {
    store: Option<PathBuf>,
    async_pipelines: bool,
    anisotropy: Option<Anisotropy>,
    scale: Scale,
    /// EDRAM tiles when they were last read back or set.
    pub(super) known: KnownWords,
    /// Times of recent losses.
    recent: Vec<Instant>,
    losses: u64,
    /// Numbers of draws at which to lose the device (for tests).
    lose_at: Vec<u64>,
    /// Token that cancels draws of the reference.
    cancel: Cancel,
    /// Reference backend that replaces a device which was given up.
    reference: Option<Box<Reference>>,
}

impl Recovery {
    pub(super) fn new(options: &Options<'_>) -> Self {
        Self {
            store: options.store.clone(),
            async_pipelines: options.async_pipelines,
            anisotropy: options.anisotropy,
            scale: options.scale,
            known: KnownWords::default(),
            recent: Vec::new(),
            losses: 0,
            lose_at: options.lose_at.to_vec(),
            cancel: Cancel::default(),
            reference: None,
        }
    }

    /// Number of times that a device was lost.
    pub(super) fn losses(&self) -> u64 {
        self.losses
    }

    /// Token that cancels draws of the reference.
    pub(super) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Whether the device should be lost at this draw (for tests).
    pub(super) fn is_to_lose(&self, draw: u64) -> bool {
        self.lose_at.contains(&draw)
    }

    /// Records a loss; returns whether there were too many.
    fn record_loss(&mut self, now: Instant) -> bool {
        self.losses += 1;
        self.recent.retain(|then| now.duration_since(*then) < PERIOD);
        self.recent.push(now);
        self.recent.len() >= MAX_LOSSES
    }
}

impl WgpuBackend {
    /// Opens another device if this one is lost. Returns the reference backend if devices were
    /// given up.
    pub(super) fn recover(&mut self) -> Option<&mut Reference> {
        if self.recovery.reference.is_none() && self.device.is_lost() {
            let is_too_much = self.recovery.record_loss(Instant::now());
            let reopened = if is_too_much { Err("too often".to_owned()) } else { self.reopen() };
            if let Err(reason) = reopened {
                tracing::error!(
                    target: "gpu",
                    reason,
                    loss = self.device.loss().unwrap_or_default(),
                    losses = self.recovery.losses,
                    "the graphics device was lost; drawing continues in software, slowly",
                );
                let mut reference = Reference::new();
                reference.set_cancel(self.recovery.cancel());
                if let Err(reason) = reference.set_edram(self.recovery.known.words()) {
                    tracing::debug!(target: "gpu", reason, "the EDRAM begins with zeros");
                }
                self.recovery.reference = Some(Box::new(reference));
            }
        }
        self.recovery.reference.as_deref_mut()
    }

    /// Opens another device, and restores the EDRAM and the counters.
    fn reopen(&mut self) -> Result<(), String> {
        let device = self.device.reopen().map_err(|error| error.to_string())?;
        let name = device.name();
        let shared = device.serves_window();
        let reason = self.device.loss().unwrap_or_default();
        tracing::warn!(
            target: "gpu",
            device = name,
            shared,
            reason,
            "the graphics device was lost; reopened",
        );
        let recovery = &self.recovery;
        let options = Options {
            store: recovery.store.clone(),
            async_pipelines: recovery.async_pipelines,
            anisotropy: recovery.anisotropy,
            scale: recovery.scale,
            ..Options::default()
        };
        let tally = self.pipelines.tally().clone();
        // The store must be closed before it is opened again.
        self.pipelines = Pipelines::new(&device, &Options::default());
        let mut next = Self::with_options(device, &options);
        next.pipelines.continue_counting(tally);
        next.occlusion.add(self.occlusion.known());
        next.occlusion.set_wanted(self.occlusion.is_wanted());
        next.results = self.results;
        next.occlusion.survey_waits = self.occlusion.survey_waits;
        next.draws = self.draws;
        next.submissions = self.submissions;
        next.readback = self.readback;
        next.expands_on_cpu = self.expands_on_cpu;
        next.resolves_on_device = self.resolves_on_device;
        next.resolves_through_cpu = self.resolves_through_cpu;
        std::mem::swap(&mut next.recovery, &mut self.recovery);
        std::mem::swap(&mut next.fallback, &mut self.fallback);
        let known = &mut next.recovery.known;
        next.edram.set_words(&next.device, known.words(), 0..known.words().len());
        next.targets.note_write(0..TILES);
        known.confirm(ALL_TILES, next.targets.versions());
        *self = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::device::WindowDevice;
    use crate::backend::device::tests::{lose, offered_by, own};
    use std::sync::Arc;
    use xenia_gpu::draw_state::ResolveCall;
    use xenia_gpu::edram::{EDRAM_PAGE_WORDS, EDRAM_WORDS};
    use xenia_gpu::memory::Ram;
    use xenia_gpu::registers::RegisterFile;

    #[test]
    fn a_lost_device_is_replaced_and_the_third_time_the_reference_draws() {
        let Some(device) = own() else { return };
        let memory = Ram::new(0x1_0000);
        let words: Vec<u32> = (0..EDRAM_WORDS as u32).collect();
        let mut backend = WgpuBackend::new(device);
        backend.set_edram(&words).unwrap();
        for loss in 1..=3 {
            // In the middle of a frame: commands are recorded but not submitted.
            backend.recording.encoder(&backend.device);
            lose(&backend.device);
            assert!(backend.edram().unwrap() == words, "loss {loss}");
            assert_eq!(backend.counters().losses, loss);
            assert_eq!(backend.recovery.reference.is_some(), loss == 3);
            // A resolve with empty registers must return, with or without an error.
            let _ = backend.resolve(&ResolveCall::capture(&RegisterFile::new()), &memory);
            assert!(backend.samples_passed().is_some());
        }
        // The reference has other generations: all pages are passed.
        let mut pages = 0;
        assert_eq!(backend.edram_since(7, &mut |_, _| pages += 1), Some(7));
        assert_eq!(pages, EDRAM_WORDS / EDRAM_PAGE_WORDS);
    }

    #[test]
    fn in_a_window_the_backend_goes_on_with_the_windows_next_device() {
        let window = Arc::new(WindowDevice::new(|| ()));
        let Some(first) = offered_by(&window) else { return };
        let Some(next) = offered_by(&window) else { return };
        let words: Vec<u32> = (0..EDRAM_WORDS as u32).collect();
        let mut backend = WgpuBackend::new(first.clone());
        backend.set_edram(&words).unwrap();
        window.offer(Some(next.clone()));
        lose(&first);
        assert!(backend.edram().unwrap() == words);
        assert!(backend.device.is_same(&next) && backend.device.serves_window());
        window.offer(None);
    }

    #[test]
    fn only_frequent_device_losses_count_as_too_many() {
        let mut recovery = Recovery::new(&Options::default());
        let start = Instant::now();
        for second in [0, 20, 61, 62, 200] {
            let is_too_much = recovery.record_loss(start + Duration::from_secs(second));
            assert_eq!(is_too_much, second == 62, "{second}");
        }
        assert_eq!(recovery.losses(), 5);
    }
}
