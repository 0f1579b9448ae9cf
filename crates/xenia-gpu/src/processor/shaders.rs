//! The shaders that draws use, and those that were loaded before them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::microcode::{Shader, ShaderKind};

/// Shaders kept by digest before the store is emptied.
const MAX_KNOWN: usize = 4096;

/// Loaded shaders.
#[derive(Default)]
pub(super) struct Shaders {
    /// The vertex and the pixel shader.
    current: [Option<Arc<Shader>>; 2],
    /// Where in instruction memory they were loaded to.
    starts: [u32; 2],
    /// All that were loaded: titles load the same ones again and again.
    known: BTreeMap<(ShaderKind, u64), Arc<Shader>>,
}

impl Shaders {
    /// The shader of a kind that draws use.
    pub(super) fn get(&self, kind: ShaderKind) -> Option<&Arc<Shader>> {
        self.current[kind as usize].as_ref()
    }

    /// Where it was loaded to.
    pub(super) fn start(&self, kind: ShaderKind) -> u32 {
        self.starts[kind as usize]
    }

    /// Loads a shader.
    pub(super) fn load(&mut self, kind: ShaderKind, start: u32, words: &[u32]) {
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        let key = (kind, Shader::digest(kind, words));
        let shader = match self.known.get(&key) {
            Some(kept) if *kept.words == *words => kept.clone(),
            _ => {
                let shader = Arc::new(Shader::new(kind, words));
                self.known.insert(key, shader.clone());
                shader
            }
        };
        self.current[kind as usize] = Some(shader);
        self.starts[kind as usize] = start;
    }

    /// The digests of both, zero for one that isn't there.
    pub(super) fn hashes(&self) -> [u64; 2] {
        self.current.each_ref().map(|shader| shader.as_ref().map_or(0, |shader| shader.hash))
    }

    /// The words and the starts of both.
    pub(super) fn state(&self) -> ([Option<Vec<u32>>; 2], [u32; 2]) {
        let words = self.current.each_ref().map(|shader| shader.as_ref().map(|shader| shader.words.to_vec()));
        (words, self.starts)
    }

    /// Takes what [`state`](Self::state) gave.
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
        shaders.load(ShaderKind::Pixel, 5, &[1, 2, 3]);
        let first = shaders.get(ShaderKind::Pixel).cloned().unwrap();
        shaders.load(ShaderKind::Pixel, 6, &[4, 5, 6]);
        shaders.load(ShaderKind::Pixel, 7, &[1, 2, 3]);
        assert!(Arc::ptr_eq(shaders.get(ShaderKind::Pixel).unwrap(), &first));
        assert_eq!((shaders.start(ShaderKind::Pixel), shaders.hashes()), (7, [0, first.hash]));
        assert!(shaders.get(ShaderKind::Vertex).is_none());
        let mut again = Shaders::default();
        let (words, starts) = shaders.state();
        again.restore(&words, starts);
        assert_eq!((again.hashes(), again.state()), (shaders.hashes(), shaders.state()));
    }
}
