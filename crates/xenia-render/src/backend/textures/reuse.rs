//! Textures of earlier draws, used again without a look-up, and the bytes of a draw's textures.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use xenia_gpu::PhysicalRange;

use super::recent::TextureEpoch;
use super::{DUMMIES, HostTexture, TextureInputs, Textures};

/// State of the cache, and of the memory behind it: while it is the same, each fetch constant has
/// the texture that it had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TexturesState {
    /// Number of textures that were made or changed.
    changes: u64,
    epoch: TextureEpoch,
}

impl TexturesState {
    /// Whether a texture that a fetch constant had in an earlier state is still the constant's: its
    /// memory was not written since, or the texture was changed with it. A dummy depends on the
    /// words of its constant alone.
    pub(crate) fn has(&self, texture: &HostTexture) -> bool {
        texture.id < DUMMIES || texture.current.is_in(self.epoch)
    }
}

impl Textures {
    /// Begins a draw.
    pub(crate) fn begin(&mut self) {
        self.drawn = 0;
        self.left_out = false;
        self.is_untracked = false;
        self.torn = None;
        self.is_oversized = false;
    }

    /// Memory that resolves must be delivered to before the draw can be recorded.
    pub(crate) fn torn(&self) -> Option<PhysicalRange> {
        self.torn
    }

    /// Whether a texture was too much for the draw.
    pub(crate) fn left_out(&self) -> bool {
        self.left_out
    }

    /// Whether a texture of the draw was too large for the device, or for its free memory: a line
    /// can have 2^24 texels.
    pub(crate) fn is_oversized(&self) -> bool {
        self.is_oversized
    }

    /// The present state; `None` if writes to memory can't be noticed.
    pub(crate) fn state(&self, with: &TextureInputs<'_>) -> Option<TexturesState> {
        let epoch = TextureEpoch::now(with.memory, with.mirror)?;
        Some(TexturesState { changes: self.changes, epoch })
    }

    /// An earlier state, with the changes since then.
    pub(crate) fn changed(&self, state: TexturesState) -> TexturesState {
        TexturesState { changes: self.changes, ..state }
    }

    /// Bytes of the current draw's textures, and of their memory, so far.
    pub(crate) fn drawn(&self) -> u64 {
        self.drawn
    }

    /// Whether the current draw has all its textures so far, until their memory is written.
    pub(crate) fn is_whole(&self) -> bool {
        !self.left_out && !self.is_oversized && !self.is_untracked && self.torn.is_none()
    }

    /// Uses textures again that an earlier draw had and the present [state](Self::state)
    /// [has](TexturesState::has), and their bytes. Returns false if the draw's limit doesn't allow
    /// them.
    pub(crate) fn reuse(&mut self, textures: &[Arc<HostTexture>], bytes: u64) -> bool {
        let drawn = self.drawn.saturating_add(bytes);
        if drawn > self.limit {
            return false;
        }
        self.drawn = drawn;
        self.clock += 1;
        for texture in textures {
            texture.used.store(self.clock, Relaxed);
        }
        self.counters.reused += textures.len() as u64;
        true
    }

    /// Sets the limit on the bytes of host textures, and no room beyond it.
    #[cfg(test)]
    pub(crate) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
        self.frame_bytes = 0;
    }

    /// Whether the draw's limit allows a texture of `bytes` more bytes.
    pub(super) fn has_room(&mut self, bytes: u64) -> bool {
        self.drawn = self.drawn.saturating_add(bytes);
        self.left_out |= self.drawn > self.limit;
        self.drawn <= self.limit
    }
}
