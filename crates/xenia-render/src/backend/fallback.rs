//! Draws that the host can't do, made by the reference.
//!
//! The EDRAM is read back, drawn on, and sent again: right, and slow. What it was needed for is
//! counted, and logged once.

use std::collections::BTreeMap;

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::{Backend, BackendError, PhysicalMemory, Reference};

/// The reference, made when it is first needed.
#[derive(Default)]
pub(super) struct Fallback {
    reference: Option<Reference>,
    reasons: BTreeMap<String, u64>,
}

impl Fallback {
    /// Draws on the words of an EDRAM: the words then, and samples that passed.
    pub(super) fn draw(
        &mut self,
        reason: String,
        words: &[u32],
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
    ) -> Result<(Vec<u32>, u64), BackendError> {
        *self.reasons.entry(reason).or_insert_with_key(|reason| {
            tracing::warn!(target: "gpu", reason, "the host can't draw this; the reference does, slowly");
            0
        }) += 1;
        let reference = self.reference.get_or_insert_with(Reference::new);
        reference.set_edram(words).map_err(BackendError::Invalid)?;
        let before = reference.samples_passed().unwrap_or(0);
        reference.draw(call, memory)?;
        let samples = reference.samples_passed().unwrap_or(0).wrapping_sub(before);
        Ok((reference.words(), samples))
    }

    /// Draws by what the host couldn't do.
    pub(super) fn reasons(&self) -> &BTreeMap<String, u64> {
        &self.reasons
    }
}
