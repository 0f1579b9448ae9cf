//! Words of the EDRAM as last seen by the CPU: each tile's as they were last read back or set.
//!
//! A tile's words are current until the device writes it: they have a version, as those of the
//! buffer and of targets ([`ownership`](super::ownership)). A draw by the reference reads back only
//! the outdated ones of the tiles that it may reach; only pages that differ are sent, or passed on
//! as changed. Each query of changes increments a serial number; a page stores the serial of its
//! last change.
//!
//! Another device begins with these words after a loss. Its tiles may then be of different times.

use std::ops::Range;

use xenia_gpu::BackendError;
use xenia_gpu::edram::{EDRAM_PAGE_WORDS, EDRAM_WORDS, EdramPage, EdramTiles, TILE_WORDS, TILES};

use super::WgpuBackend;
use super::ownership::FIRST_VERSION;

/// Maximum number of unchanged pages between two changed ones that are sent with them: one write of
/// 32 KiB costs less than two.
const MAX_GAP: usize = 8;
/// Tiles that are read back together: the fewest that consist of whole pages.
const BLOCK_TILES: u32 = 4;
/// Number of these blocks.
const BLOCKS: usize = (TILES / BLOCK_TILES) as usize;
/// Pages of a block.
const BLOCK_PAGES: usize = (BLOCK_TILES * TILE_WORDS) as usize / EDRAM_PAGE_WORDS;

const _: () = assert!(BLOCKS * BLOCK_PAGES * EDRAM_PAGE_WORDS == EDRAM_WORDS);

/// All tiles, as runs.
pub(super) const ALL_TILES: &[Range<u32>] = std::slice::from_ref(&(0..TILES));

/// Set of blocks of tiles.
pub(super) struct TileBlocks([bool; BLOCKS]);

impl TileBlocks {
    /// The empty set of blocks.
    pub(super) const NONE: Self = Self([false; BLOCKS]);

    /// Blocks with some of these tiles.
    pub(super) fn with(tiles: &EdramTiles) -> Self {
        let mut blocks = Self::NONE;
        for (block, tiles) in blocks.0.iter_mut().zip(tiles.chunks(BLOCK_TILES as usize)) {
            *block = tiles.contains(&true);
        }
        blocks
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }

    /// Removes the blocks of another set.
    pub(super) fn remove(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(block, other)| *block &= !other);
    }

    /// Adds the blocks of another set.
    pub(super) fn add(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(block, other)| *block |= other);
    }

    /// Tiles of the blocks, as runs in order.
    pub(super) fn runs(&self) -> Vec<Range<u32>> {
        let mut runs: Vec<Range<u32>> = Vec::new();
        for (first, _) in (0..).step_by(BLOCK_TILES as usize).zip(&self.0).filter(|(_, is_in)| **is_in) {
            match runs.last_mut() {
                Some(last) if last.end == first => last.end += BLOCK_TILES,
                _ => runs.push(first..first + BLOCK_TILES),
            }
        }
        runs
    }
}

/// Words of a run of tiles.
pub(super) fn words_of(run: &Range<u32>) -> Range<usize> {
    let size = TILE_WORDS as usize;
    run.start as usize * size..run.end as usize * size
}

/// Tiles that have some words of a range.
fn tiles_with(words: &Range<usize>) -> Range<u32> {
    let size = TILE_WORDS as usize;
    (words.start / size) as u32..words.end.div_ceil(size) as u32
}

/// Known words of the EDRAM. Runs of tiles consist of whole blocks of four.
pub(super) struct KnownWords {
    words: Vec<u32>,
    /// Version of each tile's words.
    versions: Vec<u64>,
    /// Serial of each page's last change; 0 if it has always been zero.
    changed: Vec<u64>,
    /// Number of calls of [`Self::pages_since`].
    serial: u64,
}

impl Default for KnownWords {
    /// The zeros of a new EDRAM.
    fn default() -> Self {
        Self {
            words: vec![0; EDRAM_WORDS],
            versions: vec![FIRST_VERSION; TILES as usize],
            changed: vec![0; EDRAM_WORDS / EDRAM_PAGE_WORDS],
            serial: 0,
        }
    }
}

impl KnownWords {
    /// All words; those of outdated tiles are older than the device's.
    pub(super) fn words(&self) -> &[u32] {
        &self.words
    }

    /// The part of these runs that the device has written since: its newest versions are others.
    pub(super) fn outdated(&self, of: &[Range<u32>], newest: &[u64]) -> Vec<Range<u32>> {
        let mut blocks = TileBlocks::NONE;
        for tile in of.iter().flat_map(Clone::clone) {
            blocks.0[(tile / BLOCK_TILES) as usize] |= self.versions[tile as usize] != newest[tile as usize];
        }
        blocks.runs()
    }

    /// Replaces the words of runs, which are given one after another, by those that the device has,
    /// or will get. Returns the ranges of words in which the device may have others; few ranges, in
    /// order.
    pub(super) fn replace(&mut self, of: &[Range<u32>], words: &[u32], newest: &[u64]) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut pages = words.chunks_exact(EDRAM_PAGE_WORDS);
        for run in of {
            let at = words_of(run);
            // Pages between two runs may be outdated, and are not sent.
            let before = ranges.len();
            for (number, page) in (at.start / EDRAM_PAGE_WORDS..at.end / EDRAM_PAGE_WORDS).zip(pages.by_ref())
            {
                let range = number * EDRAM_PAGE_WORDS..(number + 1) * EDRAM_PAGE_WORDS;
                let known = &mut self.words[range.clone()];
                let is_same = known == page;
                if !is_same {
                    known.copy_from_slice(page);
                    // The serial that the next query returns: it passes this page, later ones do
                    // not.
                    self.changed[number] = self.serial + 1;
                }
                if is_same && self.is_current(number, newest) {
                    continue;
                }
                match ranges[before..].last_mut() {
                    Some(last) if range.start - last.end <= MAX_GAP * EDRAM_PAGE_WORDS => {
                        last.end = range.end;
                    }
                    _ => ranges.push(range),
                }
            }
        }
        ranges
    }

    /// Whether the words of a page's block are those of the newest versions.
    fn is_current(&self, page: usize, newest: &[u64]) -> bool {
        let first = page / BLOCK_PAGES * BLOCK_TILES as usize;
        let tiles = first..first + BLOCK_TILES as usize;
        self.versions[tiles.clone()] == newest[tiles]
    }

    /// Notes that the words of runs are those of the newest versions.
    pub(super) fn confirm(&mut self, of: &[Range<u32>], newest: &[u64]) {
        for tile in of.iter().flat_map(Clone::clone) {
            self.versions[tile as usize] = newest[tile as usize];
        }
    }

    /// Counts all tiles as outdated.
    pub(super) fn outdate(&mut self) {
        // No tile has this version.
        self.versions.fill(FIRST_VERSION - 1);
    }

    /// Passes the pages that changed after the serial `since` to `each`, with their numbers;
    /// returns the present serial.
    pub(super) fn pages_since(&mut self, since: u64, each: &mut dyn FnMut(u32, &EdramPage)) -> u64 {
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

impl WgpuBackend {
    /// Reads back the words of runs of tiles, except those that are known.
    pub(super) fn read_words(&mut self, runs: &[Range<u32>]) -> Result<(), BackendError> {
        let runs = self.recovery.known.outdated(runs, self.targets.versions());
        if runs.is_empty() {
            return Ok(());
        }
        self.store_tiles_and_submit(runs.iter().flat_map(Clone::clone));
        let known = &mut self.recovery.known;
        let newest = self.targets.versions();
        self.edram.read_words(&self.device, &runs, |words| drop(known.replace(&runs, words, newest)))?;
        known.confirm(&runs, newest);
        Ok(())
    }

    /// Reads back all words, also those that are known: digests and comparisons are of what the
    /// device has.
    pub(super) fn read_all_words(&mut self) -> Result<(), BackendError> {
        self.recovery.known.outdate();
        self.read_words(ALL_TILES)
    }

    /// Replaces the words of runs of tiles, which are given one after another.
    pub(super) fn set_words(&mut self, runs: &[Range<u32>], words: &[u32]) {
        let ranges = self.recovery.known.replace(runs, words, self.targets.versions());
        if ranges.is_empty() {
            return;
        }
        self.submit();
        // The buffer has the rest of the tiles that are written in part: they were read back.
        self.targets.note_write(ranges.iter().flat_map(tiles_with));
        for range in ranges {
            self.edram.set_words(&self.device, self.recovery.known.words(), range);
        }
        self.recovery.known.confirm(runs, self.targets.versions());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::ownership::Ownership;

    fn changed_pages(known: &mut KnownWords, serial: u64) -> (Vec<u32>, u64) {
        let mut pages = Vec::new();
        let now = known.pages_since(serial, &mut |number, _| pages.push(number));
        (pages, now)
    }

    /// Numbers of the pages in ranges of words.
    fn pages(ranges: &[Range<usize>]) -> Vec<Range<usize>> {
        ranges.iter().map(|at| at.start / EDRAM_PAGE_WORDS..at.end / EDRAM_PAGE_WORDS).collect()
    }

    #[test]
    fn pages_that_differ_are_sent_and_passed_on() {
        let mut known = KnownWords::default();
        let mut tiles = Ownership::default();
        let mut words = vec![0; EDRAM_WORDS];
        assert_eq!(known.replace(ALL_TILES, &words, tiles.versions()), []);
        let (passed, first) = changed_pages(&mut known, 0);
        assert_eq!(passed, [0_u32; 0], "all are zero");
        for page in [3, 5, 100, EDRAM_WORDS / EDRAM_PAGE_WORDS - 1] {
            words[page * EDRAM_PAGE_WORDS + 7] = 1;
        }
        let ranges = known.replace(ALL_TILES, &words, tiles.versions());
        assert_eq!(pages(&ranges), [3..6, 100..101, 2559..2560], "near pages are sent with one write");
        let (passed, second) = changed_pages(&mut known, first);
        assert_eq!(passed, [3, 5, 100, 2559]);
        // The device may have any words in the first block.
        tiles.note_write(1..2);
        words[6 * EDRAM_PAGE_WORDS] = 9;
        let ranges = known.replace(ALL_TILES, &words, tiles.versions());
        assert_eq!(pages(&ranges), std::slice::from_ref(&(0..7)));
        assert_eq!(changed_pages(&mut known, second).0, [6]);
        assert_eq!(changed_pages(&mut known, first).0, [3, 5, 6, 100, 2559], "another reader's serial");
        assert_eq!(known.words(), words);
    }

    #[test]
    fn only_outdated_blocks_are_read_back() {
        let mut known = KnownWords::default();
        let mut tiles = Ownership::default();
        assert_eq!(known.outdated(ALL_TILES, tiles.versions()), [], "a new EDRAM is zero");
        tiles.note_write([2, 5, 12, 2047].into_iter());
        assert_eq!(known.outdated(ALL_TILES, tiles.versions()), [0..8, 12..16, 2044..2048]);
        let small = [4..8, 12..16];
        assert_eq!(known.outdated(&small, tiles.versions()), small);
        let words = vec![7; 8 * TILE_WORDS as usize];
        let ranges = known.replace(&small, &words, tiles.versions());
        assert_eq!(pages(&ranges), [5..10, 15..20], "what lies between is not known");
        known.confirm(&small, tiles.versions());
        assert_eq!(known.outdated(ALL_TILES, tiles.versions()), [0..4, 2044..2048]);
        for (tile, words) in known.words().chunks(TILE_WORDS as usize).enumerate() {
            let is_read = small.iter().any(|run| run.contains(&(tile as u32)));
            assert!(words.iter().all(|word| *word == if is_read { 7 } else { 0 }), "{tile}");
        }
        assert_eq!(known.replace(&small, &words, tiles.versions()), []);
        known.outdate();
        assert_eq!(known.outdated(ALL_TILES, tiles.versions()), ALL_TILES);
    }

    #[test]
    fn words_that_were_there_for_a_draw_only_are_passed_on() {
        const RUN: &[Range<u32>] = std::slice::from_ref(&(4..8));
        let mut known = KnownWords::default();
        let mut tiles = Ownership::default();
        let (_, serial) = changed_pages(&mut known, 0);
        // A draw by the reference reads them back, then the device makes them zeros again.
        for word in [7, 0] {
            tiles.note_write(4..8);
            known.replace(RUN, &vec![word; 4 * TILE_WORDS as usize], tiles.versions());
            known.confirm(RUN, tiles.versions());
        }
        let (passed, next) = changed_pages(&mut known, serial);
        assert_eq!(passed, [5, 6, 7, 8, 9], "a reader that had asked in between has others");
        assert_eq!(changed_pages(&mut known, next).0, [0_u32; 0]);
    }
}
