//! Shader microcode.

use std::sync::Arc;

/// Which of the two kinds of shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ShaderKind {
    /// Runs per vertex.
    Vertex,
    /// Runs per pixel.
    Pixel,
}

/// A loaded shader.
#[derive(PartialEq, Eq)]
pub struct Shader {
    /// Its kind.
    pub kind: ShaderKind,
    /// Its microcode, in host order.
    pub words: Arc<[u32]>,
    /// A digest of kind and words (FNV-1a), for names and caches.
    pub hash: u64,
}

impl Shader {
    /// Takes microcode as loaded.
    pub fn new(kind: ShaderKind, words: &[u32]) -> Self {
        let start = 0xcbf2_9ce4_8422_2325 ^ kind as u64;
        let hash =
            words.iter().fold(start, |hash: u64, &word| (hash ^ word as u64).wrapping_mul(0x100_0000_01b3));
        Self { kind, words: words.into(), hash }
    }
}

impl std::fmt::Debug for Shader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} shader {:016x} ({} words)", self.kind, self.hash, self.words.len())
    }
}
