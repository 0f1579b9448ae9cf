//! Fallback to the reference backend for draws that the host doesn't support.
//!
//! The EDRAM is read back, drawn to, and uploaded again: correct but slow. Draws that neither read
//! nor change it (those that only write to memory) skip these transfers. The missing features are
//! counted, and each is logged once.

use std::collections::BTreeMap;

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::{Backend, BackendError, Cancel, PhysicalMemory, Reference};

/// Result of a draw by the reference.
pub(super) struct Drawn {
    /// The EDRAM's words, if the draw used them.
    pub(super) words: Option<Vec<u32>>,
    /// Number of samples that passed.
    pub(super) samples: u64,
    /// Limit that was reached, if any.
    pub(super) limit: Option<BackendError>,
}

/// Reference backend, created when first needed.
#[derive(Default)]
pub(super) struct Fallback {
    reference: Option<Reference>,
    reasons: BTreeMap<String, u64>,
    edram_trips: u64,
}

impl Fallback {
    /// Draws on the words of an EDRAM; `None` is for draws that neither read nor change it.
    pub(super) fn draw(
        &mut self,
        reason: String,
        words: Option<&[u32]>,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        cancel: Cancel,
    ) -> Result<Drawn, BackendError> {
        *self.reasons.entry(reason).or_insert_with_key(|reason| {
            tracing::warn!(target: "gpu", reason, "the host can't draw this; the reference does, slowly");
            0
        }) += 1;
        let reference = self.reference.get_or_insert_with(Reference::new);
        reference.set_cancel(cancel);
        if let Some(words) = words {
            self.edram_trips += 1;
            reference.set_edram(words).map_err(BackendError::Invalid)?;
        }
        let before = reference.samples_passed().unwrap_or(0);
        let drawn = reference.draw(call, memory);
        if !matches!(drawn, Ok(()) | Err(BackendError::Limit(_))) {
            drawn.clone()?;
        }
        let samples = reference.samples_passed().unwrap_or(0).wrapping_sub(before);
        Ok(Drawn { words: words.map(|_| reference.words()), samples, limit: drawn.err() })
    }

    /// Number of draws by missing host feature.
    pub(super) fn reasons(&self) -> &BTreeMap<String, u64> {
        &self.reasons
    }

    /// Number of draws for which the EDRAM was read back and uploaded.
    pub(super) fn edram_trips(&self) -> u64 {
        self.edram_trips
    }
}
