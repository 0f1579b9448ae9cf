//! Current shaders, and a cache of loaded shaders.
//!
//! A load compares its words with those of the last load from the same address, then looks them up
//! by digest. Invariant: equal digests are not trusted: words are compared, so a collision cannot
//! replace a shader by another.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::microcode::{Shader, ShaderKind};

/// Maximum number of cached shaders; when reached, the half loaded least recently is dropped.
const MAX_KNOWN: usize = 8192;
/// Maximum size of the cached shaders in bytes ([`Shader::size`]); when exceeded, shaders of half
/// of it stay. Titles have a few thousand shaders of about ten KiB.
const MAX_KNOWN_BYTES: usize = 128 << 20;

/// log2 of the number of shaders that are kept by the address of their last load.
const RECENT_LOG2: u32 = 8;

/// Result of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loaded {
    /// The shader is not cached: it was never loaded, or has left the cache.
    New,
    /// The shader is cached, and not the current one.
    Known,
    /// The shader is the current one.
    Current,
}

/// Shader of the cache.
struct KnownShader {
    shader: Arc<Shader>,
    /// Time of the last look-up.
    used: u64,
}

/// Shader state of the command processor.
#[derive(Default)]
pub(super) struct Shaders {
    /// Current vertex and pixel shader.
    current: [Option<Arc<Shader>>; 2],
    /// Start addresses of the current shaders in instruction memory.
    starts: [u32; 2],
    /// Cache of loaded shaders: titles load the same ones again and again.
    known: BTreeMap<(ShaderKind, u64), KnownShader>,
    /// Bytes of the cached shaders.
    known_bytes: usize,
    /// Number of look-ups in the cache.
    clock: u64,
    /// Cached shaders by a hash of the address that they were loaded from last.
    recent: Vec<Option<Arc<Shader>>>,
    /// Memory for the words of a load.
    pub(super) words: Vec<u32>,
}

impl Shaders {
    /// Current shader of a kind.
    pub(super) fn get(&self, kind: ShaderKind) -> Option<&Arc<Shader>> {
        self.current[kind as usize].as_ref()
    }

    /// Start address of the current shader of a kind.
    pub(super) fn start(&self, kind: ShaderKind) -> u32 {
        self.starts[kind as usize]
    }

    /// Loads a shader and makes it current. Most addresses hold the same shader as at their last
    /// load, and comparing its words is faster than hashing them.
    pub(super) fn load(&mut self, address: u32, kind: ShaderKind, start: u32, words: &[u32]) -> Loaded {
        // Multiplicative (Fibonacci) hashing: the high bits depend on all bits of the address.
        let place = (address.wrapping_mul(0x9E37_79B9) >> (32 - RECENT_LOG2)) as usize;
        let is_same = |kept: &&Arc<Shader>| kept.kind == kind && *kept.words == *words;
        let kept = self.recent.get(place).and_then(Option::as_ref).filter(is_same).cloned();
        let mut loaded = Loaded::Known;
        let shader = kept.unwrap_or_else(|| {
            let shader = self.find(kind, words, &mut loaded);
            self.recent.resize(1 << RECENT_LOG2, None);
            self.recent[place] = Some(shader.clone());
            shader
        });
        let current = &mut self.current[kind as usize];
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, &shader)) {
            loaded = Loaded::Current;
        }
        *current = Some(shader);
        self.starts[kind as usize] = start;
        loaded
    }

    /// Returns the cached shader with these words, or a new one, which is noted.
    fn find(&mut self, kind: ShaderKind, words: &[u32], loaded: &mut Loaded) -> Arc<Shader> {
        self.clock += 1;
        let key = (kind, Shader::digest(kind, words));
        if let Some(known) = self.known.get_mut(&key).filter(|known| *known.shader.words == *words) {
            known.used = self.clock;
            return known.shader.clone();
        }
        if self.known.len() >= MAX_KNOWN || self.known_bytes > MAX_KNOWN_BYTES {
            self.drop_older();
        }
        *loaded = Loaded::New;
        let shader = Arc::new(Shader::new(kind, words));
        self.known_bytes += shader.size();
        let known = KnownShader { shader: shader.clone(), used: self.clock };
        // Only a shader with an equal digest and other words is replaced.
        if let Some(other) = self.known.insert(key, known) {
            self.known_bytes -= other.shader.size();
            // No shader that has left the cache is kept elsewhere.
            self.recent.clear();
        }
        shader
    }

    /// Drops the shaders loaded least recently until half of each limit is left.
    fn drop_older(&mut self) {
        // Those that are found by their address are not looked up.
        for recent in self.recent.drain(..).flatten() {
            if let Some(known) = self.known.get_mut(&(recent.kind, recent.hash)) {
                known.used = self.clock;
            }
        }
        let mut ages: Vec<_> = self.known.iter().map(|(key, known)| (known.used, *key)).collect();
        ages.sort_unstable();
        for (_, key) in ages {
            if self.known.len() <= MAX_KNOWN / 2 && self.known_bytes <= MAX_KNOWN_BYTES / 2 {
                break;
            }
            if let Some(known) = self.known.remove(&key) {
                self.known_bytes -= known.shader.size();
            }
        }
    }

    /// Hashes of the current shaders, zero for a missing one.
    pub(super) fn hashes(&self) -> [u64; 2] {
        self.current.each_ref().map(|shader| shader.as_ref().map_or(0, |shader| shader.hash))
    }

    /// Words and start addresses of the current shaders.
    pub(super) fn state(&self) -> ([Option<Vec<u32>>; 2], [u32; 2]) {
        let words = self.current.each_ref().map(|shader| shader.as_ref().map(|shader| shader.words.to_vec()));
        (words, self.starts)
    }

    /// Restores what [`state`](Self::state) returned.
    pub(super) fn restore(&mut self, [vertex, pixel]: &[Option<Vec<u32>>; 2], starts: [u32; 2]) {
        let shader =
            |kind, words: &Option<Vec<u32>>| words.as_ref().map(|words| Arc::new(Shader::new(kind, words)));
        self.current = [shader(ShaderKind::Vertex, vertex), shader(ShaderKind::Pixel, pixel)];
        self.starts = starts.map(|start| start & 0xffff);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shader_that_is_known_is_not_made_again() {
        let mut shaders = Shaders::default();
        assert_eq!(shaders.load(0, ShaderKind::Pixel, 5, &[1, 2, 3]), Loaded::New);
        let first = shaders.get(ShaderKind::Pixel).cloned().unwrap();
        assert_eq!(shaders.load(0, ShaderKind::Pixel, 6, &[4, 5, 6]), Loaded::New);
        assert_eq!(shaders.load(0, ShaderKind::Pixel, 7, &[1, 2, 3]), Loaded::Known);
        assert_eq!(shaders.load(4, ShaderKind::Pixel, 7, &[1, 2, 3]), Loaded::Current);
        assert!(Arc::ptr_eq(shaders.get(ShaderKind::Pixel).unwrap(), &first));
        assert_eq!((shaders.start(ShaderKind::Pixel), shaders.hashes()), (7, [0, first.hash]));
        assert!(shaders.get(ShaderKind::Vertex).is_none());
        assert_eq!(
            shaders.known_bytes,
            shaders.known.values().map(|known| known.shader.size()).sum::<usize>()
        );
        let mut again = Shaders::default();
        let (words, starts) = shaders.state();
        again.restore(&words, starts);
        assert_eq!((again.hashes(), again.state()), (shaders.hashes(), shaders.state()));
    }

    #[test]
    fn an_address_may_have_another_shader_at_each_load() {
        use ShaderKind::{Pixel, Vertex};
        let mut shaders = Shaders::default();
        let mut loaded = Vec::new();
        for (start, (kind, words)) in
            (1..).zip([(Pixel, [1, 2]), (Pixel, [1, 2]), (Vertex, [1, 2]), (Pixel, [1, 3]), (Pixel, [1, 2])])
        {
            shaders.load(0x100, kind, start, &words);
            let shader = shaders.get(kind).unwrap().clone();
            assert_eq!((shader.kind, &shader.words[..], shaders.start(kind)), (kind, &words[..], start));
            loaded.push(shader);
        }
        assert!([1, 4].iter().all(|&again| Arc::ptr_eq(&loaded[0], &loaded[again])));
        // The same words are found by their address alone.
        shaders.known.clear();
        shaders.load(0x100, Pixel, 6, &[1, 2]);
        assert!(Arc::ptr_eq(shaders.get(Pixel).unwrap(), &loaded[0]) && shaders.known.is_empty());
    }

    /// Shader whose clauses all refer to the same six instructions: 4,095 control triples of two
    /// clauses, and 2.7 MB of host memory.
    fn inflated(seed: u32) -> Vec<u32> {
        let exec = 4095 | 6 << 12;
        let mut words: Vec<u32> =
            (0..4095).flat_map(|_| [exec, 0x1000 | exec << 16, exec >> 16 | 0x1000_0000]).collect();
        words.extend([seed; 18]);
        words
    }

    #[test]
    fn a_full_cache_keeps_the_shaders_loaded_last() {
        let mut shaders = Shaders::default();
        for number in 1..=MAX_KNOWN as u32 {
            // One that is found by its address.
            shaders.load(0, ShaderKind::Pixel, 0, &[0; 3]);
            shaders.load(0x1000, ShaderKind::Pixel, 0, &[number, 0, 0]);
        }
        assert_eq!(shaders.known.len(), MAX_KNOWN / 2 + 1);
        let size = |known: &KnownShader| known.shader.size();
        assert_eq!(shaders.known_bytes, shaders.known.values().map(size).sum::<usize>());
        let load = |word| shaders.load(0x1000, ShaderKind::Pixel, 0, &[word, 0, 0]);
        assert_eq!([0, MAX_KNOWN as u32 - 1, 1].map(load), [Loaded::Known, Loaded::Known, Loaded::New]);
    }

    #[test]
    fn known_shaders_are_bounded_in_bytes() {
        let mut shaders = Shaders::default();
        let mut most = 0;
        for seed in 0..100 {
            shaders.load(0, ShaderKind::Vertex, 0, &inflated(seed));
            most = most.max(shaders.known_bytes);
        }
        let one = shaders.get(ShaderKind::Vertex).unwrap().size();
        assert!(one > 1 << 20, "{one}: it is not an inflated one");
        assert!(most > MAX_KNOWN_BYTES && most <= MAX_KNOWN_BYTES + one, "{most}");
    }
}
