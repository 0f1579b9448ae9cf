//! Storage of the EDRAM, laid out as described in [`crate::edram`].
//!
//! The words are relaxed atomics, which cost as much as plain words. Draw threads share the memory,
//! and each works on separate tiles (see [`bands`](super::bands)).
//!
//! Each query of the changes starts a new generation. A page stores the generation of its last
//! write.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use crate::edram::{EDRAM_PAGE_WORDS, EDRAM_PAGES, EDRAM_WORDS, EdramPage};

/// Contents of the EDRAM.
pub(super) struct Edram {
    words: Box<[AtomicU32]>,
    /// Generation of each page's last write; 0 if there was none.
    written: Box<[AtomicU64]>,
    /// The present generation.
    generation: u64,
}

impl Default for Edram {
    fn default() -> Self {
        Self {
            words: (0..EDRAM_WORDS).map(|_| AtomicU32::new(0)).collect(),
            written: (0..EDRAM_PAGES).map(|_| AtomicU64::new(0)).collect(),
            generation: 1,
        }
    }
}

impl Edram {
    /// Copies all words, tile after tile.
    pub(super) fn words(&self) -> Vec<u32> {
        self.words.iter().map(|word| word.load(Relaxed)).collect()
    }

    /// Words of a range.
    pub(super) fn part(&self, range: Range<usize>) -> impl Iterator<Item = u32> {
        self.words[range].iter().map(|word| word.load(Relaxed))
    }

    #[inline(always)]
    pub(super) fn get(&self, index: usize) -> u32 {
        self.words[index].load(Relaxed)
    }

    #[inline(always)]
    pub(super) fn set(&self, index: usize, value: u32) {
        self.words[index].store(value, Relaxed);
        self.note(index / EDRAM_PAGE_WORDS);
    }

    /// Sets words in order. The next pages are often those of the previous words, and are recorded
    /// once.
    #[inline(always)]
    pub(super) fn set_words(&self, words: impl Iterator<Item = (usize, u32)>) {
        let mut noted = usize::MAX;
        for (index, value) in words {
            self.words[index].store(value, Relaxed);
            let page = index / EDRAM_PAGE_WORDS;
            if page != noted {
                self.note(page);
                noted = page;
            }
        }
    }

    /// Notes that a page is written.
    #[inline(always)]
    fn note(&self, page: usize) {
        let written = &self.written[page];
        // Threads share the lines of these numbers, so they are stored only once.
        if written.load(Relaxed) != self.generation {
            written.store(self.generation, Relaxed);
        }
    }

    /// Replaces words from an index on.
    pub(super) fn replace(&self, start: usize, words: &[u32]) {
        for (index, &word) in (start..).zip(words) {
            // An equal word must not mark its page as written.
            if self.get(index) != word {
                self.set(index, word);
            }
        }
    }

    /// Passes the pages that were written after the generation `since` to `each`, with their
    /// numbers. Returns the generation that ends with this.
    pub(super) fn pages_since(&mut self, since: u64, each: &mut dyn FnMut(u32, &EdramPage)) -> u64 {
        let mut page = [0; EDRAM_PAGE_WORDS];
        for ((words, written), number) in
            self.words.chunks_exact(EDRAM_PAGE_WORDS).zip(&self.written).zip(0..)
        {
            if written.load(Relaxed) > since {
                page.iter_mut().zip(words).for_each(|(to, word)| *to = word.load(Relaxed));
                each(number, &page);
            }
        }
        let ended = self.generation;
        self.generation += 1;
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers and first words of the pages written since a generation, and the generation that
    /// ends.
    fn changed_pages(edram: &mut Edram, generation: u64) -> (Vec<(u32, u32)>, u64) {
        let mut pages = Vec::new();
        let ended = edram.pages_since(generation, &mut |number, page| pages.push((number, page[0])));
        (pages, ended)
    }

    #[test]
    fn each_reader_gets_the_pages_written_since_its_last_query() {
        let mut edram = Edram::default();
        assert_eq!(changed_pages(&mut edram, 0).0, [], "all is zero");
        edram.set(1024, 7);
        edram.set(EDRAM_WORDS - 1, 8);
        let (pages, first) = changed_pages(&mut edram, 0);
        assert_eq!(pages, [(1, 7), (EDRAM_PAGES as u32 - 1, 0)]);
        edram.set(0, 9);
        let (pages, second) = changed_pages(&mut edram, first);
        assert_eq!(pages, [(0, 9)]);
        edram.set(2047, 1);
        assert_eq!(changed_pages(&mut edram, second).0, [(1, 7)]);
        assert_eq!(changed_pages(&mut edram, first).0, [(0, 9), (1, 7)], "another one asked first");
        let (_, third) = changed_pages(&mut edram, 0);
        let mut words = edram.words();
        words[5000] = 3;
        edram.replace(0, &words);
        assert_eq!(changed_pages(&mut edram, third).0, [(4, 0)], "only one page differs");
        assert_eq!(edram.words(), words);
    }
}
