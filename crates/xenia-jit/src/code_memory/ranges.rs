//! Which ranges of code memory are handed out. Ranges begin at multiples of [`ALIGNMENT`]; what was never handed out lies
//! behind what was.

use crate::JitError;
use std::collections::BTreeMap;

/// What ranges begin at multiples of.
pub(super) const ALIGNMENT: usize = 32;

/// See the module's doc.
pub(super) struct Ranges {
    /// Bytes that there are.
    size: usize,
    used: usize,
    /// Released ranges, for reuse: sizes by offset. No two touch.
    free: BTreeMap<usize, usize>,
}

impl Ranges {
    /// Nothing of `size` bytes is handed out.
    pub(super) fn new(size: usize) -> Self {
        Self { size, used: 0, free: BTreeMap::new() }
    }

    /// Room for `size` bytes of code, as an offset.
    pub(super) fn allocate(&mut self, size: usize) -> Result<usize, JitError> {
        let size = size.next_multiple_of(ALIGNMENT);
        if let Some((&offset, &free)) = self.free.iter().find(|&(_, &free)| free >= size) {
            self.free.remove(&offset);
            if free > size {
                self.free.insert(offset + size, free - size);
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
            (offset, size) = (before, length + size);
        }
        if let Some(length) = self.free.remove(&(offset + size)) {
            size += length;
        }
        self.free.insert(offset, size);
    }

    /// Takes everything back from `used` on.
    pub(super) fn release_from(&mut self, used: usize) {
        self.free.clear();
        self.used = used;
    }

    /// Bytes that are handed out or once were.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Bytes that are handed out.
    pub(super) fn in_use(&self) -> usize {
        self.used - self.free.values().sum::<usize>()
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
    fn a_full_memory_says_so() {
        let mut ranges = Ranges::new(1 << 20);
        ranges.allocate(1).unwrap();
        assert!(matches!(ranges.allocate(1 << 20), Err(JitError::CodeMemoryFull)));
    }
}
