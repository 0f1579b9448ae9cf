//! Allocator of code memory. Ranges begin at multiples of [`ALIGNMENT`]; memory that was never
//! allocated comes after all ranges that were.

use crate::JitError;
use std::collections::{BTreeMap, BTreeSet};

/// Alignment of ranges in bytes.
pub(crate) const ALIGNMENT: usize = 32;

/// The allocator: a best-fit free list and the end of all ranges allocated so far.
pub(super) struct Ranges {
    /// Size of code memory in bytes.
    size: usize,
    used: usize,
    /// Free ranges: sizes by offset. Adjacent ranges are merged.
    free: BTreeMap<usize, usize>,
    /// The same ranges as pairs of size and offset.
    by_size: BTreeSet<(usize, usize)>,
    /// Total size of the free ranges.
    released: usize,
}

impl Ranges {
    /// Creates an allocator of `size` bytes, all free.
    pub(super) fn new(size: usize) -> Self {
        Self { size, used: 0, free: BTreeMap::new(), by_size: BTreeSet::new(), released: 0 }
    }

    /// Allocates `size` bytes and returns their offset: from the smallest free range that fits,
    /// else after all ranges.
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

    /// Frees a range.
    pub(super) fn release(&mut self, offset: usize, size: usize) {
        let mut offset = offset;
        let mut size = size.next_multiple_of(ALIGNMENT);
        // Neighbours are merged to keep the list short.
        if let Some((&before, &length)) = self.free.range(..offset).next_back()
            && before + length == offset
        {
            self.take(before, length);
            offset = before;
            size += length;
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

    /// Frees everything from offset `used` on.
    pub(super) fn release_from(&mut self, used: usize) {
        self.free.clear();
        self.by_size.clear();
        self.used = used;
        self.released = 0;
    }

    /// End of all ranges that are or were allocated.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Number of allocated bytes.
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
    fn full_memory_is_reported() {
        let mut ranges = Ranges::new(1 << 20);
        ranges.allocate(1).unwrap();
        assert!(matches!(ranges.allocate(1 << 20), Err(JitError::CodeMemoryFull)));
    }
}
