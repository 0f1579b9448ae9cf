//! Pages of physical memory, and sets of bytes within one.

use std::ops::Range;

use xenia_gpu::memory::{PAGE_SIZE, PHYSICAL_SIZE, PhysicalRange, is_locked};
use xenia_gpu::resolve::join;

/// Pages of a range of memory, which wraps around at the end. Memory that is locked in the
/// second-level cache has none: nothing is resolved there.
pub(super) fn pages_of(range: PhysicalRange) -> impl Iterator<Item = Range<u32>> {
    let length = if is_locked(range.start) { 0 } else { range.length };
    let start = range.start % PHYSICAL_SIZE;
    let end = u64::from(start) + u64::from(length.min(PHYSICAL_SIZE));
    let first = end.min(u64::from(PHYSICAL_SIZE)).div_ceil(u64::from(PAGE_SIZE)) as u32;
    let rest = end.saturating_sub(u64::from(PHYSICAL_SIZE)).div_ceil(u64::from(PAGE_SIZE)) as u32;
    [start / PAGE_SIZE..first, 0..rest].into_iter().filter(|pages| !pages.is_empty())
}

/// Bytes of a whole page.
const WHOLE: Range<u32> = 0..PAGE_SIZE;

/// Set of a page's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    /// All bytes of the page.
    Whole,
    /// Ascending ranges that don't touch, but for one of the whole page.
    Part(Vec<Range<u32>>),
}

impl Bytes {
    /// Set of one range.
    fn new(range: Range<u32>) -> Self {
        if range == WHOLE { Self::Whole } else { Self::Part(vec![range]) }
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole)
    }

    pub(super) fn ranges(&self) -> &[Range<u32>] {
        match self {
            Self::Whole => std::slice::from_ref(&WHOLE),
            Self::Part(ranges) => ranges,
        }
    }

    /// Adds the bytes of another set.
    pub(super) fn add(&mut self, other: &Self) {
        let Self::Part(ranges) = self else { return };
        if ranges != other.ranges() {
            ranges.extend_from_slice(other.ranges());
            join(ranges);
        }
        if ranges[..] == [WHOLE] {
            *self = Self::Whole;
        }
    }
}

/// Bytes by page of ascending ranges, relative to an address, which end within physical memory.
pub(super) fn by_page(physical: u32, ranges: &[Range<u32>]) -> Vec<(u32, Bytes)> {
    let mut pages: Vec<(u32, Bytes)> = Vec::new();
    for range in ranges {
        let mut at = physical + range.start;
        let end = physical + range.end;
        while at < end {
            let page = at / PAGE_SIZE;
            let start = at % PAGE_SIZE;
            let length = (PAGE_SIZE - start).min(end - at);
            let bytes = Bytes::new(start..start + length);
            match pages.last_mut() {
                Some((last, set)) if *last == page => set.add(&bytes),
                _ => pages.push((page, bytes)),
            }
            at += length;
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u32, u32)]) -> Bytes {
        Bytes::Part(ranges.iter().map(|(start, end)| *start..*end).collect())
    }

    #[test]
    fn ranges_wrap_around_at_the_end_of_memory() {
        let pages = |start, length| {
            let range = PhysicalRange { start, length };
            pages_of(range).map(|pages| (pages.start, pages.end)).collect::<Vec<_>>()
        };
        assert_eq!(pages(0x1800, 0x1000), [(1, 3)]);
        assert_eq!(pages(PHYSICAL_SIZE - 1, 2), [(0x1_ffff, 0x2_0000), (0, 1)]);
        assert_eq!(pages(0xa000_0000, 0), []);
        assert_eq!(pages(0, u32::MAX), [(0, 0x2_0000)]);
        assert_eq!(pages(0x7f10_1000, 0x1000), []);
    }

    #[test]
    fn bytes_are_sorted_by_page_and_joined() {
        let found = by_page(0x800, &[0..0x10, 0x20..0x1900, 0x1a00..0x1a04]);
        let expected = [
            (0, set(&[(0x800, 0x810), (0x820, 0x1000)])),
            (1, Bytes::Whole),
            (2, set(&[(0, 0x100), (0x200, 0x204)])),
        ];
        assert_eq!(found, expected);
        let mut bytes = found[2].1.clone();
        assert!(!bytes.is_whole());
        bytes.add(&set(&[(0x80, 0x1ff)]));
        assert_eq!(bytes, set(&[(0, 0x1ff), (0x200, 0x204)]));
        bytes.add(&set(&[(0x1ff, 0x200), (0x204, PAGE_SIZE)]));
        assert!(bytes.is_whole());
    }
}
