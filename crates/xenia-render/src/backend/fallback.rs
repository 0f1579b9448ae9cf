//! Draws that the host can't do, made by the reference.
//!
//! The EDRAM is read back, drawn on, and sent again: right, and slow. Draws that neither read nor
//! change it (those that only write to memory) go without. What it was needed for is counted, and
//! logged once.

use std::collections::BTreeMap;

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::{Backend, BackendError, Cancel, PhysicalMemory, Reference};

/// What the reference drew.
pub(super) struct Drawn {
    /// The EDRAM's words, if it was given some.
    pub(super) words: Option<Vec<u32>>,
    /// Samples that passed.
    pub(super) samples: u64,
    /// The limit that was reached, if one was.
    pub(super) limit: Option<BackendError>,
}

/// The reference, made when it is first needed.
#[derive(Default)]
pub(super) struct Fallback {
    reference: Option<Reference>,
    reasons: BTreeMap<String, u64>,
    edram_trips: u64,
}

impl Fallback {
    /// Draws on the words of an EDRAM; without them a draw that neither reads nor changes any.
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

    /// Draws by what the host couldn't do.
    pub(super) fn reasons(&self) -> &BTreeMap<String, u64> {
        &self.reasons
    }

    /// Draws that took the EDRAM there and back.
    pub(super) fn edram_trips(&self) -> u64 {
        self.edram_trips
    }
}
