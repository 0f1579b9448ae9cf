//! Which ranges of code memory are handed out. Ranges begin at multiples of [`ALIGNMENT`]; what was
//! never handed out lies behind what was.

use crate::JitError;
use std::collections::{BTreeMap, BTreeSet};

/// What ranges begin at multiples of.
pub(super) const ALIGNMENT: usize = 32;

/// See the module's doc.
pub(super) struct Ranges {
    /// Bytes that there are.
    size: usize,
    used: usize,
    /// Released ranges, for reuse: sizes by offset. No two touch.
    free: BTreeMap<usize, usize>,
    /// The same ranges, as size and offset.
    by_size: BTreeSet<(usize, usize)>,
    /// Bytes of them all.
    released: usize,
}

impl Ranges {
    /// Nothing of `size` bytes is handed out.
    pub(super) fn new(size: usize) -> Self {
        Self { size, used: 0, free: BTreeMap::new(), by_size: BTreeSet::new(), released: 0 }
    }

    /// Room for `size` bytes of code, as an offset: the smallest released range that has it, else
    /// what was never handed out.
    pub(super) fn allocate(&mut self, size: usize) -> Result<usize, JitError> {
        let size = size.next_multiple_of(ALIGNMENT);
        if let Some(&(free, offset)) = self.by_size.range((size, 0)..).next() {
            self.take(offset, free);
            if free > size {
                self.put(offset + size, free - size);
            }
            return Ok(offset);
        }
        if size > self.size - self.used {
            return Err(JitError::CodeMemoryFull);
        }
        let offset = self.used;
        self.used += size;
        Ok(offset)
    }

    /// Takes a range back.
    pub(super) fn release(&mut self, offset: usize, size: usize) {
        let (mut offset, mut size) = (offset, size.next_multiple_of(ALIGNMENT));
        // Neighbours are merged, so that the list stays short.
        if let Some((&before, &length)) = self.free.range(..offset).next_back()
            && before + length == offset
        {
            self.take(before, length);
            (offset, size) = (before, length + size);
        }
        if let Some(&length) = self.free.get(&(offset + size)) {
            self.take(offset + size, length);
            size += length;
        }
        self.put(offset, size);
    }

    fn put(&mut self, offset: usize, size: usize) {
        self.free.insert(offset, size);
        self.by_size.insert((size, offset));
        self.released += size;
    }

    fn take(&mut self, offset: usize, size: usize) {
        self.free.remove(&offset);
        self.by_size.remove(&(size, offset));
        self.released -= size;
    }

    /// Takes everything back from `used` on.
    pub(super) fn release_from(&mut self, used: usize) {
        self.free.clear();
        self.by_size.clear();
        (self.used, self.released) = (used, 0);
    }

    /// Bytes that are handed out or once were.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Bytes that are handed out.
    pub(super) fn in_use(&self) -> usize {
        self.used - self.released
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_reused_and_merged() {
        let mut ranges = Ranges::new(1 << 20);
        let a = ranges.allocate(100).unwrap();
        let b = ranges.allocate(100).unwrap();
        let used = ranges.used();
        ranges.release(a, 100);
        ranges.release(b, 100);
        assert_eq!(ranges.in_use(), used - 256);
        assert_eq!(ranges.allocate(256).unwrap(), a, "two neighbours make one range");
        assert_eq!(ranges.used(), used);
    }

    #[test]
    fn the_smallest_range_that_fits_is_reused() {
        let mut ranges = Ranges::new(1 << 20);
        let sizes = [320, 32, 96, 32, 64, 32];
        let offsets = sizes.map(|size| ranges.allocate(size).unwrap());
        for n in [0, 2, 4] {
            ranges.release(offsets[n], sizes[n]);
        }
        assert_eq!(ranges.in_use(), 96);
        assert_eq!([64, 96, 33].map(|size| ranges.allocate(size).unwrap()), [4, 2, 0].map(|n| offsets[n]));
        assert_eq!(ranges.allocate(256).unwrap(), offsets[0] + 64, "the rest of a range");
        assert_eq!((ranges.in_use(), ranges.used()), (576, 576));
    }

    #[test]
    fn a_full_memory_says_so() {
        let mut ranges = Ranges::new(1 << 20);
        ranges.allocate(1).unwrap();
        assert!(matches!(ranges.allocate(1 << 20), Err(JitError::CodeMemoryFull)));
    }
}
