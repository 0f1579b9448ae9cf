//! Recent fetches: a table in front of the caches of textures and samplers, in which the words of a
//! fetch constant are enough to find the results of the previous draw.
//!
//! Words are compared as a whole, so that nothing is decoded. An entry is valid only in the epoch
//! ([`TextureEpoch`]) in which its texture was current.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use xenia_gpu::enums::{Anisotropy, TextureFilter};
use xenia_gpu::{PhysicalMemory, place_of};

use super::{FetchedTexture, HostSampler, Mirror};
use xenia_shaders::TextureShape;

/// log2 of the entries of each table: more than the constants of a few draws in turn.
const SIZE_LOG2: u32 = 8;

/// State of memory and of resolved images: while it lasts, textures stay current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextureEpoch {
    /// Epoch of memory.
    memory: u64,
    /// Stamp of the mirror, which changes with each resolve.
    mirror: u64,
}

impl TextureEpoch {
    /// The present epoch; `None` if writes to memory can't be noticed.
    pub(super) fn now(memory: &dyn PhysicalMemory, mirror: &Mirror) -> Option<Self> {
        Some(Self { memory: memory.epoch()?, mirror: mirror.stamp() })
    }
}

/// Memory's epoch of a texture that was never found current.
const NEVER: u64 = u64::MAX;

/// Last epoch in which a texture was found current.
pub(super) struct LastCurrent {
    memory: AtomicU64,
    mirror: AtomicU64,
}

impl Default for LastCurrent {
    /// The texture was never found current.
    fn default() -> Self {
        Self { memory: AtomicU64::new(NEVER), mirror: AtomicU64::new(0) }
    }
}

impl LastCurrent {
    /// Notes whether the texture is current in an epoch; `None` if that can't be tested later.
    pub(super) fn note(&self, epoch: Option<TextureEpoch>) {
        self.memory.store(epoch.map_or(NEVER, |epoch| epoch.memory), Relaxed);
        self.mirror.store(epoch.map_or(0, |epoch| epoch.mirror), Relaxed);
    }

    /// Whether the texture was found current in this epoch.
    pub(super) fn is_in(&self, epoch: TextureEpoch) -> bool {
        let noted = [&self.memory, &self.mirror].map(|number| number.load(Relaxed));
        noted == [epoch.memory, epoch.mirror]
    }
}

/// Texture with the key under which it was found.
pub(super) struct RecentTexture {
    pub(super) words: [u32; 6],
    pub(super) shape: TextureShape,
    pub(super) epoch: TextureEpoch,
    pub(super) fetched: FetchedTexture,
    pub(super) bytes: u64,
}

/// Sampler with the key under which it was found.
struct RecentSampler {
    words: [u32; 6],
    filters: [TextureFilter; 3],
    anisotropy: Anisotropy,
    sampler: Arc<HostSampler>,
}

/// Tables of textures and of samplers.
pub(super) struct RecentFetches {
    textures: Vec<Option<RecentTexture>>,
    samplers: Vec<Option<RecentSampler>>,
}

impl Default for RecentFetches {
    fn default() -> Self {
        let mut textures = Vec::new();
        let mut samplers = Vec::new();
        textures.resize_with(1 << SIZE_LOG2, || None);
        samplers.resize_with(1 << SIZE_LOG2, || None);
        Self { textures, samplers }
    }
}

/// Place of words in a table.
fn place(words: &[u32; 6], other: u32) -> usize {
    place_of(std::iter::once(other).chain(*words), SIZE_LOG2)
}

impl RecentFetches {
    /// Texture that was current in an epoch, and its bytes.
    pub(super) fn texture(
        &self,
        words: &[u32; 6],
        shape: TextureShape,
        epoch: TextureEpoch,
    ) -> Option<(&FetchedTexture, u64)> {
        let recent = self.textures[place(words, shape as u32)].as_ref()?;
        let is_same = recent.epoch == epoch && recent.words == *words && recent.shape == shape;
        is_same.then_some((&recent.fetched, recent.bytes))
    }

    /// Notes a texture that is current in an epoch.
    pub(super) fn put_texture(&mut self, recent: RecentTexture) {
        let place = place(&recent.words, recent.shape as u32);
        self.textures[place] = Some(recent);
    }

    /// Forgets a texture, so that it is not kept alive.
    pub(super) fn forget_texture(&mut self, id: u64) {
        for recent in &mut self.textures {
            if recent.as_ref().is_some_and(|recent| recent.fetched.host.id == id) {
                *recent = None;
            }
        }
    }

    /// Number of textures.
    #[cfg(test)]
    pub(super) fn texture_count(&self) -> usize {
        self.textures.iter().flatten().count()
    }

    /// Sampler of a fetch.
    pub(super) fn sampler(
        &self,
        words: &[u32; 6],
        filters: [TextureFilter; 3],
        anisotropy: Anisotropy,
    ) -> Option<&Arc<HostSampler>> {
        let recent = self.samplers[sampler_place(words, filters, anisotropy)].as_ref()?;
        let is_same = recent.words == *words && recent.filters == filters && recent.anisotropy == anisotropy;
        is_same.then_some(&recent.sampler)
    }

    /// Notes the sampler of a fetch.
    pub(super) fn put_sampler(
        &mut self,
        words: &[u32; 6],
        filters: [TextureFilter; 3],
        anisotropy: Anisotropy,
        sampler: Arc<HostSampler>,
    ) {
        let recent = RecentSampler { words: *words, filters, anisotropy, sampler };
        self.samplers[sampler_place(words, filters, anisotropy)] = Some(recent);
    }
}

fn sampler_place(words: &[u32; 6], filters: [TextureFilter; 3], anisotropy: Anisotropy) -> usize {
    let filters = filters.iter().fold(anisotropy as u32, |bits, filter| bits << 2 | *filter as u32);
    place(words, filters)
}
