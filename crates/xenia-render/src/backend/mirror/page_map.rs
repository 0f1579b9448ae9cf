//! Pages of physical memory by number: sets of them, and maps from them.
//!
//! Surfaces have hundreds of pages, each of which is looked up several times for a resolve, so both
//! are arrays over all of physical memory.

use std::ops::Range;

use xenia_gpu::memory::{PAGE_SIZE, PHYSICAL_SIZE};

/// Number of pages.
const PAGES: u32 = PHYSICAL_SIZE / PAGE_SIZE;
/// Pages of a word of a set, and of a block of a map.
const BLOCK: u32 = 64;

/// Set of page numbers.
pub(super) struct PageSet {
    /// One bit for each page.
    words: Vec<u64>,
    count: usize,
}

impl Default for PageSet {
    fn default() -> Self {
        Self { words: vec![0; (PAGES / BLOCK) as usize], count: 0 }
    }
}

impl PageSet {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a page, or removes it. Numbers beyond physical memory are never in the set.
    pub(super) fn set(&mut self, page: u32, is_in: bool) {
        let Some(word) = self.words.get_mut((page / BLOCK) as usize) else { return };
        let bit = 1 << (page % BLOCK);
        match (*word & bit != 0, is_in) {
            (false, true) => (*word, self.count) = (*word | bit, self.count + 1),
            (true, false) => (*word, self.count) = (*word & !bit, self.count - 1),
            _ => {}
        }
    }

    /// Pages of a range that are in the set, ascending.
    pub(super) fn range(&self, pages: Range<u32>) -> impl Iterator<Item = u32> {
        let start = pages.start;
        let end = pages.end.min(PAGES);
        let blocks = if start < end && self.count != 0 { start / BLOCK..end.div_ceil(BLOCK) } else { 0..0 };
        blocks.flat_map(move |block| {
            let first = block * BLOCK;
            let mut word = self.words[block as usize];
            // Only the first and the last block are cut: in others the differences saturate to
            // zero.
            word &= u64::MAX << start.saturating_sub(first);
            word &= u64::MAX >> (first + BLOCK).saturating_sub(end);
            std::iter::from_fn(move || {
                (word != 0).then(|| {
                    let bit = word.trailing_zeros();
                    word &= word - 1;
                    first + bit
                })
            })
        })
    }
}

/// Values of a map's neighbouring pages.
type Block<T> = Box<[Option<T>; BLOCK as usize]>;

/// Map from page numbers. Blocks stay once they are made: at most all of physical memory's.
pub(super) struct PageMap<T> {
    present: PageSet,
    blocks: Vec<Option<Block<T>>>,
}

impl<T> Default for PageMap<T> {
    fn default() -> Self {
        Self { present: PageSet::default(), blocks: (0..PAGES / BLOCK).map(|_| None).collect() }
    }
}

impl<T> PageMap<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    pub(super) fn get(&self, page: u32) -> Option<&T> {
        self.blocks.get((page / BLOCK) as usize)?.as_ref()?[(page % BLOCK) as usize].as_ref()
    }

    pub(super) fn get_mut(&mut self, page: u32) -> Option<&mut T> {
        self.blocks.get_mut((page / BLOCK) as usize)?.as_mut()?[(page % BLOCK) as usize].as_mut()
    }

    /// Sets the value of a page of physical memory, and returns the old one.
    pub(super) fn insert(&mut self, page: u32, value: T) -> Option<T> {
        let block = self.blocks.get_mut((page / BLOCK) as usize)?;
        let block = block.get_or_insert_with(|| Box::new([const { None }; BLOCK as usize]));
        self.present.set(page, true);
        block[(page % BLOCK) as usize].replace(value)
    }

    pub(super) fn remove(&mut self, page: u32) -> Option<T> {
        self.present.set(page, false);
        self.blocks.get_mut((page / BLOCK) as usize)?.as_mut()?[(page % BLOCK) as usize].take()
    }

    /// Pages of a range that have a value, ascending.
    pub(super) fn range(&self, pages: Range<u32>) -> impl Iterator<Item = (u32, &T)> {
        self.present.range(pages).filter_map(|page| Some((page, self.get(page)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_and_its_set_agree_with_a_tree() {
        let mut map = PageMap::default();
        let mut tree = std::collections::BTreeMap::new();
        let mut seed = 1_u32;
        let mut random = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        for i in 0..20_000 {
            let page = if i % 2 == 0 { random(300) } else { PAGES - 1 - random(300) };
            if random(3) == 0 {
                assert_eq!(map.remove(page), tree.remove(&page));
            } else {
                assert_eq!(map.insert(page, i), tree.insert(page, i));
            }
            let start = random(400).saturating_sub(50);
            for pages in [start..start + random(200), PAGES - 1 - start..PAGES, 5..5, 0..PAGES, 9..u32::MAX] {
                let found: Vec<(u32, i32)> = map.range(pages.clone()).map(|(page, i)| (page, *i)).collect();
                let expected: Vec<(u32, i32)> = tree.range(pages).map(|(page, i)| (*page, *i)).collect();
                assert_eq!(found, expected);
            }
            assert_eq!((map.get(page).copied(), map.is_empty()), (tree.get(&page).copied(), tree.is_empty()));
        }
        assert!(map.insert(PAGES, 0).is_none() && map.get(PAGES).is_none() && map.remove(PAGES).is_none());
    }
}
