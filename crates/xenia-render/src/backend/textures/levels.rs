//! Levels of a texture before it is decoded: which are current, and the sources of the others.

use super::super::scale::Scale;
use super::decode::LevelJob;
use super::entries::Source;
use super::{HostTexture, TextureInputs, Textures};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use xenia_gpu::PhysicalRange;
use xenia_gpu::texture::layout;
use xenia_gpu::texture::{TextureInfo, TextureKey};

/// Sources of all levels of a texture.
#[derive(Default)]
pub(super) struct LevelSources {
    pub(super) sources: Vec<Source>,
    /// The levels to decode.
    pub(super) jobs: Vec<LevelJob>,
    /// Numbers of the others, which the present texture has.
    pub(super) current: Vec<u32>,
}

impl Textures {
    /// The sources of a texture's levels; those that were written must be decoded. `None` if a
    /// source changes while it is read.
    pub(super) fn level_sources(
        &mut self,
        with: &TextureInputs<'_>,
        info: &TextureInfo,
        key: TextureKey,
    ) -> Option<LevelSources> {
        let &TextureInputs { mirror, memory, .. } = with;
        let old = self.entries.get(&key);
        let mut levels = LevelSources::default();
        for level in 0..=info.max_level() {
            if let Some(entry) = old
                && let Some(source) = entry.sources.get(level as usize)
                && source.is_current(mirror, memory)
            {
                levels.sources.push(*source);
                levels.current.push(level);
                continue;
            }
            let layout = layout::level(info, level);
            // The state is taken before the bytes are read: a write in between makes it stale.
            let physical = layout.physical;
            let length = layout.bytes.max(1);
            let contents = mirror.contents(physical, length, memory);
            let contents = memory.track(physical, length).map(|_| contents);
            self.is_untracked |= contents.is_none();
            levels.sources.push(Source { physical, length, contents });
            let Ok(pieces) = mirror.pieces(physical, layout.bytes, memory) else {
                self.torn = Some(PhysicalRange { start: physical, length });
                return None;
            };
            levels.jobs.push(LevelJob { level, layout, pieces });
        }
        Some(levels)
    }

    /// The present host texture, if it has this scale and can be written to. Draws recorded before
    /// keep the old contents: they come before the commands that write, or none uses the texture.
    pub(super) fn overwritable(&self, key: TextureKey, scale: Scale) -> Option<Arc<HostTexture>> {
        let host = &self.entries.get(&key)?.host;
        let is_free = self.follows_resolves || host.used.load(Relaxed) <= self.last_submitted;
        (is_free && host.scale == scale).then(|| host.clone())
    }
}
