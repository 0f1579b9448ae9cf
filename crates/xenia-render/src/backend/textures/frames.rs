//! Textures of recent frames: kept beyond the cache's limit, since a frame that needs more than the
//! limit would find none of its textures if the least recently used ones were dropped.

use std::collections::BTreeSet;

use xenia_gpu::texture::TextureKey;

use super::super::Device;
use super::super::adapter::has_own_memory;

/// Maximum bytes beyond the cache's limit that textures of recent frames take on an adapter with
/// its own memory, until the device can't create one: 2 GiB with the limit at scale 1, as many as
/// render targets take.
const MAX_FRAME_BYTES: u64 = 1536 << 20;
/// The same on other adapters, whose textures are in main memory: 1 GiB with the limit at
/// scale 1.
const MAX_FRAME_BYTES_SHARED: u64 = 512 << 20;
/// Maximum number of dropped textures that are noted in a frame.
const MAX_DROPPED_KEYS: usize = 4096;

/// Bytes beyond the cache's limit that textures of recent frames may take.
pub(super) fn frame_bytes(device: &Device) -> u64 {
    frame_bytes_of(device.adapter.get_info().device_type)
}

fn frame_bytes_of(kind: wgpu::DeviceType) -> u64 {
    if has_own_memory(kind) { MAX_FRAME_BYTES } else { MAX_FRAME_BYTES_SHARED }
}

/// Recent frames: the present one and the last one, whose textures the present one is likely to use
/// again.
#[derive(Default)]
pub(super) struct TextureFrames {
    /// Values of the cache's clock at the end of the last frame and of the one before.
    ends: [u64; 2],
    /// Textures dropped in the present frame and in the last one.
    dropped: [BTreeSet<TextureKey>; 2],
    has_warned: bool,
}

impl TextureFrames {
    /// Ends a frame at a time of the cache's clock. A frame without textures is not counted.
    pub(super) fn end(&mut self, clock: u64) {
        if clock != self.ends[0] {
            self.ends = [clock, self.ends[0]];
            self.dropped.swap(0, 1);
            self.dropped[0].clear();
        }
    }

    /// Whether a texture that was used last at this time belongs to a recent frame.
    pub(super) fn has(&self, used: u64) -> bool {
        used > self.ends[1]
    }

    /// Notes a texture that was dropped at the cache's limit.
    pub(super) fn note_dropped(&mut self, key: TextureKey) {
        if !self.has_warned && self.dropped[0].len() < MAX_DROPPED_KEYS {
            self.dropped[0].insert(key);
        }
    }

    /// Notes a texture that was decoded. The first one that a recent frame dropped is logged.
    pub(super) fn note_decoded(&mut self, key: &TextureKey) {
        if self.dropped.iter().any(|dropped| dropped.contains(key)) {
            tracing::warn!(
                target: "gpu",
                "a texture was decoded again a frame after it was dropped: the title may draw with more than \
                 the cache keeps, which is slow"
            );
            self.dropped = Default::default();
            self.has_warned = true;
        }
    }

    /// Whether a texture was decoded again soon after it was dropped.
    #[cfg(test)]
    pub(super) fn has_warned(&self) -> bool {
        self.has_warned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_gpu::texture::TextureInfo;

    fn key(page: u32) -> TextureKey {
        TextureKey::from(&TextureInfo::decode(&[2, 6 | page << 12, 0, 0, 0, 1 << 9]).unwrap())
    }

    #[test]
    fn few_dropped_textures_are_noted_and_one_is_reported() {
        let mut frames = TextureFrames::default();
        for page in 0..MAX_DROPPED_KEYS as u32 + 10 {
            frames.note_dropped(key(page));
        }
        assert_eq!(frames.dropped[0].len(), MAX_DROPPED_KEYS);
        frames.note_decoded(&key(MAX_DROPPED_KEYS as u32));
        assert!(!frames.has_warned());
        frames.end(1);
        frames.note_decoded(&key(0));
        assert!(frames.has_warned());
        frames.note_dropped(key(0));
        assert!(frames.dropped.iter().all(BTreeSet::is_empty));
    }

    #[test]
    fn only_an_adapter_with_its_own_memory_keeps_much() {
        use wgpu::DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};
        for kind in [Cpu, IntegratedGpu, Other, VirtualGpu] {
            assert!(frame_bytes_of(kind) < frame_bytes_of(DiscreteGpu), "{kind:?}");
        }
    }
}
