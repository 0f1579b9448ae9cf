//! Cache of decoded texture levels, valid until their memory is written.
//!
//! The cache does not poll: physical memory has a version that increases at the first write after
//! the level was read, and it is compared only when a level is used again, and only if memory has
//! been written anywhere since.

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
    /// Memory's epoch when the version was last found current.
    epoch: Option<u64>,
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
        // Taken before the versions, so that a write in between is noticed next time.
        let epoch = memory.epoch();
        if let Some(entry) = self.entries.get_mut(&key) {
            let is_same_epoch = epoch.is_some() && entry.epoch == epoch;
            let is_current = entry.version.is_some_and(|version| {
                is_same_epoch || version == memory.version(entry.range.start, entry.range.length)
            });
            if is_current {
                // While memory stays unwritten, the next use compares this number alone.
                entry.epoch = epoch;
                self.counters.reused += 1;
                return entry.level.clone();
            }
            // Without a version nothing is known of writes: the level is decoded again each time.
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
        let entry = Entry { level: decoded.clone(), range, version, epoch };
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
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    /// Memory that counts comparisons of versions.
    struct Counted(Ram, AtomicU32);

    impl PhysicalMemory for Counted {
        fn read(&self, physical: u32, into: &mut [u8]) {
            self.0.read(physical, into);
        }

        fn write(&self, physical: u32, from: &[u8]) {
            self.0.write(physical, from);
        }

        fn version(&self, physical: u32, length: u32) -> u64 {
            self.1.fetch_add(1, Relaxed);
            self.0.version(physical, length)
        }

        fn track(&self, physical: u32, length: u32) -> Option<u64> {
            self.0.track(physical, length)
        }

        fn epoch(&self) -> Option<u64> {
            PhysicalMemory::epoch(&self.0)
        }
    }

    #[test]
    fn versions_are_compared_only_after_a_write_anywhere() {
        let ram = Counted(Ram::new(0x10000), AtomicU32::new(0));
        let mut cache = TextureCache::default();
        let words = [2 | 1 << 22, 6 | 1 << 12, 31 | 31 << 13, 0, 0, 1 << 9];
        let info = TextureInfo::decode(&words).unwrap();
        for (writes, compared) in [(false, 0), (false, 0), (false, 0), (true, 1), (false, 1)] {
            if writes {
                ram.write(0x8000, &[1]);
            }
            cache.level(&info, 0, &ram);
            assert_eq!(ram.1.load(Relaxed), compared);
        }
        assert_eq!(cache.counters(), CacheCounters { decoded: 1, reused: 4, written: 0 });
    }

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
