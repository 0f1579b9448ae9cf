//! Fallback to the reference backend for draws that the host doesn't support.
//!
//! The EDRAM tiles that a draw may reach are read back unless the CPU has them, drawn to, and
//! uploaded again where they have changed: correct but slow. Draws that neither read nor change any
//! (those that only write to memory) skip these transfers. The missing features are counted, and
//! each is logged once.
//!
//! The first triangles' tiles are read back alone, as most draws have no others. For triangles
//! outside of these, all other tiles within the scissor follow at once: each read is a wait.

use std::collections::BTreeMap;
use std::ops::Range;

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::edram::EdramTiles;
use xenia_gpu::named_counters::count_by_name;
use xenia_gpu::reference::EdramSource;
use xenia_gpu::{Backend, BackendError, Cancel, PhysicalMemory, Reference};

use super::edram_shadow::{TileBlocks, words_of};
use super::{WgpuBackend, state};

/// Maximum number of distinct reasons; further ones share one counter.
const MAX_REASONS: usize = 64;

/// Result of a draw by the reference.
pub(super) struct Drawn {
    /// Number of samples that passed.
    pub(super) samples: u64,
    /// Whether something of the draw's survey is visible, if it has one.
    pub(super) is_visible: bool,
    /// Limit that was reached, if any.
    pub(super) limit: Option<BackendError>,
}

/// EDRAM of a draw by the reference.
struct DrawnEdram<'a> {
    backend: &'a mut WgpuBackend,
    call: &'a DrawCall,
    /// Tiles whose words the reference has.
    provided: TileBlocks,
}

impl EdramSource for DrawnEdram<'_> {
    fn provide(
        &mut self,
        tiles: &EdramTiles,
        set: &mut dyn FnMut(usize, &[u32]),
    ) -> Result<(), BackendError> {
        let mut missing = TileBlocks::with(tiles);
        missing.remove(&self.provided);
        if missing.is_empty() {
            return Ok(());
        }
        if !self.provided.is_empty() {
            missing.add(&TileBlocks::with(&Reference::tiles_of(self.call)));
            missing.remove(&self.provided);
        }
        let runs = missing.runs();
        self.backend.read_words(&runs)?;
        let words = self.backend.recovery.known.words();
        for range in runs.iter().map(words_of) {
            set(range.start, &words[range]);
        }
        self.provided.add(&missing);
        Ok(())
    }
}

/// Reference backend, created when first needed.
#[derive(Default)]
pub(super) struct Fallback {
    reference: Option<Reference>,
    reasons: BTreeMap<String, u64>,
    edram_trips: u64,
    /// Draws on the device whose vertices the reference's interpreter shaded.
    pub(super) expanded_draws: u64,
    /// These by the reason for it.
    expanded: BTreeMap<String, u64>,
}

impl Fallback {
    /// Draws on an EDRAM; `None` is for draws that neither read nor change it.
    pub(super) fn draw(
        &mut self,
        reason: &str,
        edram: Option<&mut dyn EdramSource>,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        cancel: Cancel,
    ) -> Result<Drawn, BackendError> {
        self.count(reason);
        let reference = self.reference.get_or_insert_with(Reference::new);
        reference.set_cancel(cancel);
        let before = reference.samples_passed().unwrap_or(0);
        let drawn = match edram {
            Some(edram) => {
                self.edram_trips += 1;
                reference.draw_from(edram, call, memory)
            }
            None => reference.draw(call, memory),
        };
        // Before a limit a part was drawn, whose samples count.
        if !matches!(drawn, Ok(()) | Err(BackendError::Limit(_))) {
            drawn.clone()?;
        }
        let samples = reference.samples_passed().unwrap_or(0).wrapping_sub(before);
        let is_visible = call.survey.is_some_and(|survey| reference.survey(survey));
        Ok(Drawn { samples, is_visible, limit: drawn.err() })
    }

    /// Words that the reference has in runs of tiles, one run after another.
    fn words(&self, runs: &[Range<u32>]) -> Vec<u32> {
        let mut words = Vec::new();
        if let Some(reference) = &self.reference {
            runs.iter().map(words_of).for_each(|range| words.extend(reference.words_of(range)));
        }
        words
    }

    /// Counts a reason, and logs the first one of each counter.
    fn count(&mut self, reason: &str) {
        if let Some(reason) = count_by_name(&mut self.reasons, reason, MAX_REASONS) {
            tracing::warn!(target: "gpu", reason, "the host can't draw this; the reference does, slowly");
        }
    }

    /// Counts a draw on the device whose vertices the CPU shaded.
    pub(super) fn count_expanded(&mut self, reason: &str) {
        self.expanded_draws += 1;
        if let Some(reason) = count_by_name(&mut self.expanded, reason, MAX_REASONS) {
            tracing::debug!(target: "gpu", reason, "the CPU shades vertices");
        }
    }

    /// Number of draws whose vertices the CPU shaded, by the reason.
    pub(super) fn expanded(&self) -> &BTreeMap<String, u64> {
        &self.expanded
    }

    /// Number of draws by missing host feature.
    pub(super) fn reasons(&self) -> &BTreeMap<String, u64> {
        &self.reasons
    }

    /// Number of draws that could reach tiles of the EDRAM.
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
        let cancel = self.recovery.cancel();
        // Taken out, since the draw's EDRAM borrows all of the backend.
        let mut fallback = std::mem::take(&mut self.fallback);
        let mut edram = DrawnEdram { backend: &mut *self, call, provided: TileBlocks::NONE };
        // Draws that only write to memory or count samples don't need the EDRAM.
        let source = state::reaches_edram(call).then_some(&mut edram as &mut dyn EdramSource);
        let drawn = fallback.draw(reason, source, call, memory, cancel);
        let runs = edram.provided.runs();
        let words = fallback.words(&runs);
        self.fallback = fallback;
        let drawn = drawn?;
        self.occlusion.add(drawn.samples);
        if drawn.is_visible {
            self.occlusion.note_visible(call.survey);
        }
        // A survey leaves the words as they were.
        if call.survey.is_none() {
            self.set_words(&runs, &words);
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
