//! Words of the EDRAM as last seen by the CPU: those that were read back or set last.
//!
//! Another device begins with them after a loss, and only pages that differ from them are sent, or
//! passed on as changed. Each read increments a serial number; a page stores the serial of its last
//! change.

use std::ops::Range;

use xenia_gpu::edram::{EDRAM_PAGE_WORDS, EDRAM_WORDS, EdramPage};

/// Maximum number of unchanged pages between two changed ones that are sent with them: one write of
/// 32 KiB costs less than two.
const MAX_GAP: usize = 8;

/// Known words of the EDRAM.
#[derive(Default)]
pub(super) struct KnownWords {
    /// All words; empty until there were any.
    words: Vec<u32>,
    /// Serial of each page's last change; 0 if it has always been zero.
    changed: Vec<u64>,
    /// Number of calls of [`Self::since`].
    serial: u64,
    /// The device has the same words.
    is_current: bool,
}

impl KnownWords {
    /// All words, if any were read back or set.
    pub(super) fn get(&self) -> Option<&[u32]> {
        (!self.words.is_empty()).then_some(self.words.as_slice())
    }

    /// Notes that the device may write other words.
    pub(super) fn outdate(&mut self) {
        self.is_current = false;
    }

    /// Replaces all [`EDRAM_WORDS`] words by those that the device has, or will get. Returns the
    /// ranges of words in which the device may have others; few ranges, in order.
    pub(super) fn replace(&mut self, words: &[u32]) -> Vec<Range<usize>> {
        if self.words.is_empty() {
            self.words = vec![0; EDRAM_WORDS];
            self.changed = vec![0; EDRAM_WORDS / EDRAM_PAGE_WORDS];
        }
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let known = self.words.chunks_exact_mut(EDRAM_PAGE_WORDS).zip(&mut self.changed);
        for (number, ((known, changed), page)) in known.zip(words.chunks(EDRAM_PAGE_WORDS)).enumerate() {
            if known == page {
                continue;
            }
            known[..page.len()].copy_from_slice(page);
            *changed = self.serial + 1;
            let range = number * EDRAM_PAGE_WORDS..(number + 1) * EDRAM_PAGE_WORDS;
            match ranges.last_mut() {
                Some(last) if range.start - last.end <= MAX_GAP * EDRAM_PAGE_WORDS => last.end = range.end,
                _ => ranges.push(range),
            }
        }
        if !std::mem::replace(&mut self.is_current, true) {
            ranges.clear();
            ranges.push(0..self.words.len());
        }
        ranges
    }

    /// Passes the pages that changed after the serial `since` to `each`, with their numbers;
    /// returns the present serial.
    pub(super) fn since(&mut self, since: u64, each: &mut dyn FnMut(u32, &EdramPage)) -> u64 {
        let pages = self.words.as_chunks().0.iter().zip(&self.changed).zip(0..);
        for ((page, changed), number) in pages {
            if *changed > since {
                each(number, page);
            }
        }
        self.serial += 1;
        self.serial
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(known: &mut KnownWords, serial: u64) -> (Vec<u32>, u64) {
        let mut pages = Vec::new();
        let now = known.since(serial, &mut |number, _| pages.push(number));
        (pages, now)
    }

    #[test]
    fn pages_that_differ_are_sent_and_passed_on() {
        let mut known = KnownWords::default();
        assert_eq!(known.get(), None);
        let mut words = vec![0; EDRAM_WORDS];
        let all = std::slice::from_ref(&(0..EDRAM_WORDS));
        assert_eq!(known.replace(&words), all, "the device may have any words");
        assert_eq!(known.replace(&words), []);
        let (pages, first) = since(&mut known, 0);
        assert_eq!(pages, [0_u32; 0], "all are zero");
        for page in [3, 5, 100, EDRAM_WORDS / EDRAM_PAGE_WORDS - 1] {
            words[page * EDRAM_PAGE_WORDS + 7] = 1;
        }
        let ranges = known.replace(&words);
        let pages: Vec<_> =
            ranges.iter().map(|range| range.start / EDRAM_PAGE_WORDS..range.end / EDRAM_PAGE_WORDS).collect();
        assert_eq!(pages, [3..6, 100..101, 2559..2560], "near pages are sent with one write");
        let (pages, second) = since(&mut known, first);
        assert_eq!(pages, [3, 5, 100, 2559]);
        known.outdate();
        words[0] = 9;
        assert_eq!(known.replace(&words), all);
        assert_eq!(since(&mut known, second).0, [0]);
        assert_eq!(since(&mut known, first).0, [0, 3, 5, 100, 2559], "another reader's serial");
        assert_eq!(known.get(), Some(words.as_slice()));
    }
}
