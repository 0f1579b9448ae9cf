//! Cache of decoded texture levels, valid until their memory is written.
//!
//! The cache does not poll: physical memory has a version that increases at the first write after
//! the level was read, and it is compared only when a level is used again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decode::{Texels, decode_level};
use super::format::Layout;
use super::{TextureInfo, TextureKey, layout};
use crate::memory::{PhysicalMemory, PhysicalRange};

/// Host memory for decoded levels; when exceeded, all are dropped.
const MAX_BYTES: usize = 512 << 20;
/// Approximate host memory of an entry besides its texels: there may be millions of one-texel
/// textures.
const ENTRY_BYTES: usize = 256;

/// Decoded mip level of a texture.
pub struct TextureLevel {
    /// Size in texels.
    pub size: [u32; 3],
    pub texels: Texels,
}

struct Entry {
    level: Option<Arc<TextureLevel>>,
    range: PhysicalRange,
    version: Option<u64>,
}

impl Entry {
    /// Host memory of the entry in bytes.
    fn bytes(&self) -> usize {
        ENTRY_BYTES + self.level.as_ref().map_or(0, |level| level.texels.bytes())
    }
}

/// Counters of the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounters {
    /// Number of levels decoded.
    pub decoded: u64,
    /// Levels reused while still valid.
    pub reused: u64,
    /// Levels whose memory had been written.
    pub written: u64,
}

/// Cache of decoded levels.
#[derive(Default)]
pub struct TextureCache {
    entries: BTreeMap<(TextureKey, u32), Entry>,
    bytes: usize,
    counters: CacheCounters,
}

impl TextureCache {
    /// Memory range of a level; `None` for unknown formats.
    pub fn range(info: &TextureInfo, level: u32) -> Option<PhysicalRange> {
        if info.format.layout == Layout::Unknown {
            return None;
        }
        let place = layout::level(info, level);
        Some(PhysicalRange { start: place.physical, length: place.bytes.max(1) })
    }

    /// Level of a texture; `None` if it can't be decoded.
    pub fn level(
        &mut self,
        info: &TextureInfo,
        level: u32,
        memory: &dyn PhysicalMemory,
    ) -> Option<Arc<TextureLevel>> {
        let key = (TextureKey::from(info), level);
        if let Some(entry) = self.entries.get(&key) {
            if entry.version == Some(memory.version(entry.range.start, entry.range.length)) {
                self.counters.reused += 1;
                return entry.level.clone();
            }
            self.counters.written += u64::from(entry.version.is_some());
        }
        let range = Self::range(info, level)?;
        // The version is taken before the bytes are read: a write in between makes the entry stale.
        let version = memory.track(range.start, range.length);
        let texels = decode_level(info, level, memory);
        self.counters.decoded += 1;
        let decoded = texels.map(|texels| Arc::new(TextureLevel { size: info.level_size(level), texels }));
        if self.bytes > MAX_BYTES {
            self.entries.clear();
            self.bytes = 0;
        }
        let entry = Entry { level: decoded.clone(), range, version };
        self.bytes += entry.bytes();
        if let Some(old) = self.entries.insert(key, entry) {
            self.bytes -= old.bytes();
        }
        decoded
    }

    pub fn counters(&self) -> CacheCounters {
        self.counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Ram;

    #[test]
    fn a_level_is_decoded_again_only_after_a_write() {
        let ram = Ram::new(0x10000);
        let mut cache = TextureCache::default();
        let words = [2 | 1 << 22, 6 | 1 << 12, 31 | 31 << 13, 0, 0, 1 << 9];
        let info = TextureInfo::decode(&words).unwrap();
        let first = cache.level(&info, 0, &ram).unwrap();
        assert_eq!(first.texels.get(0), [0.0; 4]);
        cache.level(&info, 0, &ram);
        ram.write(0x1000, &[255; 4]);
        let after = cache.level(&info, 0, &ram).unwrap();
        assert_eq!(after.texels.get(0), [1.0; 4]);
        assert_eq!(cache.counters(), CacheCounters { decoded: 2, reused: 1, written: 1 });
        assert_eq!(cache.bytes, ENTRY_BYTES + after.texels.bytes(), "the old one is gone");
    }
}
