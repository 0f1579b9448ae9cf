//! One of two backends that are compared, with its memory.
//!
//! A case changes a small part of the EDRAM and of memory, so both are read, compared and made zero
//! by pages that changed.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use xenia_gpu::edram::{EDRAM_PAGE_WORDS, EDRAM_WORDS};
use xenia_gpu::memory::PAGE_SIZE;
use xenia_gpu::{Backend, PhysicalMemory, Ram};

use crate::outcome::SceneDifference;
use crate::scene::{MEMORY, Msaa, SceneBuilder, SceneOptions};
use crate::shared::SharedBackend;

/// Contents of a page of memory.
type Page = [u8; PAGE_SIZE as usize];

/// A backend and its memory.
pub(crate) struct SceneSide {
    backend: SharedBackend<dyn Backend>,
    memory: Arc<Ram>,
    /// Versions of the memory's pages when all of them were zero.
    zeroed: Vec<u64>,
    /// Words of the EDRAM at `generation`.
    words: Vec<u32>,
    generation: u64,
}

/// Range of words of a page of the EDRAM.
pub(crate) fn page_words(page: u32) -> Range<usize> {
    let start = page as usize * EDRAM_PAGE_WORDS;
    start..start + EDRAM_PAGE_WORDS
}

/// Addresses of the memory's pages.
fn pages() -> impl Iterator<Item = u32> {
    (0..MEMORY as u32).step_by(PAGE_SIZE as usize)
}

impl SceneSide {
    pub(crate) fn new(backend: Box<dyn Backend>) -> Self {
        let memory = Arc::new(Ram::new(MEMORY));
        let zeroed = pages().map(|page| memory.version(page, PAGE_SIZE)).collect();
        Self {
            backend: SharedBackend::new(backend),
            memory,
            zeroed,
            words: vec![0; EDRAM_WORDS],
            generation: 0,
        }
    }

    /// Makes a scene in zeroed memory.
    pub(crate) fn scene(&mut self, width: u32, height: u32, msaa: Msaa) -> SceneBuilder {
        for page in self.written_pages().collect::<Vec<_>>() {
            self.memory.write(page, &[0; PAGE_SIZE as usize]);
        }
        self.zeroed = pages().map(|page| self.memory.version(page, PAGE_SIZE)).collect();
        let memory = self.memory.clone();
        let backend = Box::new(self.backend.clone());
        let options = SceneOptions { memory, backend, inline: true, recorder: None, width, height, msaa };
        SceneBuilder::with_options(options)
    }

    /// Addresses of the pages of memory that were written since all were zero.
    pub(crate) fn written_pages(&self) -> impl Iterator<Item = u32> {
        let versions = pages().zip(&self.zeroed);
        versions
            .filter(|(page, zeroed)| self.memory.version(*page, PAGE_SIZE) != **zeroed)
            .map(|(page, _)| page)
    }

    /// Bytes of a page of memory.
    pub(crate) fn page(&self, address: u32) -> Page {
        let mut bytes = [0; PAGE_SIZE as usize];
        self.memory.read(address, &mut bytes);
        bytes
    }

    /// Replaces the words of the EDRAM.
    pub(crate) fn set_edram(&mut self, words: &[u32]) -> Result<(), SceneDifference> {
        self.backend.set_edram(words).map_err(SceneDifference)
    }

    /// Reads the EDRAM, and adds the numbers of pages that may have changed since it was read last
    /// to `changed`.
    pub(crate) fn read_edram(&mut self, changed: &mut BTreeSet<u32>) -> Result<(), SceneDifference> {
        let words = &mut self.words;
        let mut each = |number, page: &[u32; EDRAM_PAGE_WORDS]| {
            words[page_words(number)].copy_from_slice(page);
            changed.insert(number);
        };
        let generation = self.backend.edram_since(self.generation, &mut each);
        self.generation = generation.ok_or_else(|| SceneDifference("a backend has lost its EDRAM".into()))?;
        Ok(())
    }

    /// Words of the EDRAM when it was read last.
    pub(crate) fn edram(&self) -> &[u32] {
        &self.words
    }
}
