//! Entries of the cache: textures with the memory that they were decoded from. Beyond a limit the
//! least recently used ones are dropped, but for those of recent [`frames`](super::frames).

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use xenia_gpu::memory::PhysicalMemory;
use xenia_gpu::texture::TextureKey;

use super::super::mirror::{Contents, Mirror};
use super::recent::TextureEpoch;
use super::{HostTexture, MIN_TEXTURE_BYTES, Textures};

/// Maximum number of textures that a search of all entries finds, and that are dropped at a time
/// while those of recent frames have room: after a change of scene there may be thousands.
pub(super) const MAX_DROPS: usize = 64;

/// Guest memory that a level was decoded from.
#[derive(Clone, Copy)]
pub(super) struct Source {
    pub(super) physical: u32,
    pub(super) length: u32,
    /// State before the level was read; `None` if writes can't be tracked.
    pub(super) contents: Option<Contents>,
}

impl Source {
    pub(super) fn is_current(&self, mirror: &Mirror, memory: &dyn PhysicalMemory) -> bool {
        self.contents == Some(mirror.contents(self.physical, self.length, memory))
    }
}

/// Bytes of the memory of a texture's levels.
pub(super) fn source_bytes(sources: &[Source]) -> u64 {
    sources.iter().map(|source| u64::from(source.length)).sum()
}

pub(super) struct Entry {
    pub(super) host: Arc<HostTexture>,
    /// Sources by level.
    pub(super) sources: Vec<Source>,
    pub(super) bytes: u64,
    /// Epoch in which the sources were last found current.
    pub(super) epoch: Option<TextureEpoch>,
}

impl Entry {
    /// Whether writes to all sources are noticed.
    pub(super) fn is_tracked(&self) -> bool {
        self.sources.iter().all(|source| source.contents.is_some())
    }

    /// Bytes that count towards the cache's limit.
    pub(super) fn cost(&self) -> u64 {
        self.bytes.max(MIN_TEXTURE_BYTES)
    }

    /// Bytes that count towards a draw's limit: those of texels and of their memory.
    pub(super) fn drawn_bytes(&self) -> u64 {
        self.bytes + source_bytes(&self.sources)
    }
}

/// Texture that is among the least recently used ones, unless it was used after the time.
#[derive(Clone, Copy)]
pub(super) struct OldTexture {
    used: u64,
    key: TextureKey,
}

/// Textures that left the cache, which bind groups may keep alive.
#[derive(Default)]
pub(super) struct DroppedTextures {
    ids: HashSet<u64>,
    /// Cost of these textures.
    cost: u64,
}

impl DroppedTextures {
    fn add(&mut self, entry: &Entry) {
        self.ids.insert(entry.host.id);
        self.cost += entry.cost();
    }
}

impl Textures {
    pub(super) fn insert(&mut self, key: TextureKey, entry: Entry) {
        self.changes += 1;
        self.counters.bytes += entry.bytes;
        self.cost += entry.cost();
        self.frames.note_decoded(&key);
        let id = entry.host.id;
        if let Some(old) = self.entries.insert(key, entry) {
            self.uncount(&old);
            // A texture that was changed in place stays, and its bind groups remain valid.
            if old.host.id != id {
                self.dropped.add(&old);
            }
        }
        self.make_room();
    }

    /// Drops the least recently used textures until the rest is within the limit, in several calls
    /// if they are many.
    fn make_room(&mut self) {
        let mut drops = 0;
        while self.cost > self.limit && self.entries.len() > 1 {
            let Some(&OldTexture { used, key }) = self.oldest.last() else {
                self.find_oldest();
                continue;
            };
            // No texture was used last before this time.
            if self.keeps(used) || drops >= MAX_DROPS && self.has_frame_room() {
                break;
            }
            self.oldest.pop();
            if self.entries.get(&key).is_some_and(|entry| entry.host.used.load(Relaxed) == used) {
                drops += 1;
                self.drop_entry(key);
            }
        }
    }

    /// Finds the least recently used textures, the oldest last. Textures are dropped far less often
    /// than they are used, so no order of all is kept.
    fn find_oldest(&mut self) {
        let times = self.entries.iter();
        let times = times.map(|(key, entry)| OldTexture { used: entry.host.used.load(Relaxed), key: *key });
        self.counters.searches += 1;
        self.oldest.clear();
        self.oldest.extend(times);
        if self.oldest.len() > MAX_DROPS {
            self.oldest.select_nth_unstable_by_key(MAX_DROPS, |old| old.used);
            self.oldest.truncate(MAX_DROPS);
        }
        self.oldest.sort_unstable_by_key(|old| Reverse(old.used));
    }

    fn drop_entry(&mut self, key: TextureKey) {
        if let Some(dropped) = self.entries.remove(&key) {
            self.recent.forget_texture(dropped.host.id);
            self.frames.note_dropped(key);
            self.counters.dropped += 1;
            self.uncount(&dropped);
            self.dropped.add(&dropped);
        }
    }

    /// Whether textures of recent frames have room beyond the limit.
    fn has_frame_room(&self) -> bool {
        self.cost <= self.limit.saturating_add(self.frame_bytes)
    }

    /// Whether a texture that was used last at this time stays beyond the limit.
    fn keeps(&self, used: u64) -> bool {
        // Recorded commands keep theirs alive, so that dropping them would free nothing.
        used > self.last_submitted || self.has_frame_room() && self.frames.has(used)
    }

    /// Ends a frame.
    pub(crate) fn end_frame(&mut self) {
        self.frames.end(self.clock);
        self.make_room();
    }

    /// Subtracts an entry that was removed from the totals.
    fn uncount(&mut self, entry: &Entry) {
        self.counters.bytes -= entry.bytes;
        self.cost -= entry.cost();
    }

    /// Ids of the textures that left the cache since this last returned some, once they are so much
    /// that their bind groups, which keep them alive, should be dropped as well.
    pub(crate) fn take_dropped(&mut self) -> Option<HashSet<u64>> {
        (self.dropped.cost > self.limit / 4).then(|| std::mem::take(&mut self.dropped).ids)
    }

    /// Whether samplers, which bind groups keep alive, left their cache since the last call.
    pub(crate) fn take_dropped_samplers(&mut self) -> bool {
        self.samplers.take_dropped()
    }
}
