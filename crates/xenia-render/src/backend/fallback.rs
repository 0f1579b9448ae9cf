//! Fallback to the reference backend for draws that the host doesn't support.
//!
//! The EDRAM tiles that a draw may reach are read back unless the CPU knows them, drawn to, and
//! uploaded again where they have changed: correct but slow. Draws that neither read nor change any
//! (those that only write to memory) skip these transfers. The missing features are counted, and
//! each is logged once.

use std::collections::BTreeMap;
use std::ops::Range;

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::named_counters::count_by_name;
use xenia_gpu::{Backend, BackendError, Cancel, PhysicalMemory, Reference};

use super::edram_shadow::{tiles_of, words_of};
use super::{WgpuBackend, state};

/// Maximum number of distinct reasons; further ones share one counter.
const MAX_REASONS: usize = 64;

/// Result of a draw by the reference.
pub(super) struct Drawn {
    /// Words of the tiles that the draw may have changed, one run after another.
    pub(super) words: Vec<u32>,
    /// Number of samples that passed.
    pub(super) samples: u64,
    /// Whether something of the draw's survey is visible, if it has one.
    pub(super) is_visible: bool,
    /// Limit that was reached, if any.
    pub(super) limit: Option<BackendError>,
}

/// EDRAM of a draw by the reference.
pub(super) struct DrawnEdram<'a> {
    /// Tiles that the draw may read or change, as runs.
    runs: &'a [Range<u32>],
    /// All words of the EDRAM; those of these tiles are current.
    words: &'a [u32],
}

/// Reference backend, created when first needed.
#[derive(Default)]
pub(super) struct Fallback {
    reference: Option<Reference>,
    reasons: BTreeMap<String, u64>,
    edram_trips: u64,
    /// Draws on the device whose vertices the reference's interpreter shaded.
    pub(super) expanded_draws: u64,
}

impl Fallback {
    /// Draws on tiles of an EDRAM.
    pub(super) fn draw(
        &mut self,
        reason: &str,
        edram: &DrawnEdram<'_>,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        cancel: Cancel,
    ) -> Result<Drawn, BackendError> {
        self.count(reason);
        let reference = self.reference.get_or_insert_with(Reference::new);
        reference.set_cancel(cancel);
        self.edram_trips += u64::from(!edram.runs.is_empty());
        for range in edram.runs.iter().map(words_of) {
            reference.replace_words(range.start, &edram.words[range]);
        }
        let before = reference.samples_passed().unwrap_or(0);
        let drawn = reference.draw(call, memory);
        if !matches!(drawn, Ok(()) | Err(BackendError::Limit(_))) {
            drawn.clone()?;
        }
        let samples = reference.samples_passed().unwrap_or(0).wrapping_sub(before);
        let is_visible = call.survey.is_some_and(|survey| reference.survey(survey));
        let mut words = Vec::new();
        for range in edram.runs.iter().map(words_of) {
            words.extend(reference.words_of(range));
        }
        Ok(Drawn { words, samples, is_visible, limit: drawn.err() })
    }

    /// Counts a reason, and logs the first one of each counter.
    fn count(&mut self, reason: &str) {
        if let Some(reason) = count_by_name(&mut self.reasons, reason, MAX_REASONS) {
            tracing::warn!(target: "gpu", reason, "the host can't draw this; the reference does, slowly");
        }
    }

    /// Number of draws by missing host feature.
    pub(super) fn reasons(&self) -> &BTreeMap<String, u64> {
        &self.reasons
    }

    /// Number of draws on tiles of the EDRAM.
    pub(super) fn edram_trips(&self) -> u64 {
        self.edram_trips
    }
}

impl WgpuBackend {
    /// Lets the reference make a draw, for a reason.
    pub(super) fn draw_by_reference(
        &mut self,
        reason: &str,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        self.deliver_pages(None, memory)?;
        // Draws that only write to memory or count samples don't need the EDRAM.
        let runs = if state::reaches_edram(call) { tiles_of(call) } else { Vec::new() };
        self.read_words(&runs)?;
        let edram = DrawnEdram { runs: &runs, words: self.recovery.known.words() };
        let drawn = self.fallback.draw(reason, &edram, call, memory, self.recovery.cancel())?;
        self.occlusion.add(drawn.samples);
        if drawn.is_visible {
            self.occlusion.note_visible(call.survey);
        }
        // A survey leaves the words as they were.
        if call.survey.is_none() {
            self.set_words(&runs, &drawn.words);
        }
        drawn.limit.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_a_limit() {
        let mut fallback = Fallback::default();
        for reason in (0..MAX_REASONS + 9).chain(0..MAX_REASONS + 9) {
            fallback.count(&reason.to_string());
        }
        assert_eq!(fallback.reasons.len(), MAX_REASONS + 1);
        assert_eq!((fallback.reasons["0"], fallback.reasons["others"]), (2, 18));
    }
}
