//! Coverage of resolves: the bytes of memory that each one writes, by page.
//!
//! A title makes the same few resolves in each frame, so the last ones' coverage is kept.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use xenia_gpu::draw_state::CopyDestination;
use xenia_gpu::memory::{PAGE_SIZE, PHYSICAL_SIZE};
use xenia_gpu::resolve::{Rect, covered};

use super::MAX_IMAGE_BYTES;
use super::pages::{Bytes, by_page};

/// Maximum number of resolves whose coverage is kept.
const MAX_KEPT: usize = 64;
/// Maximum number of byte ranges in a coverage that is kept.
const MAX_KEPT_RANGES: usize = 1 << 12;

/// Place of a resolve's texels: all that its coverage follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Footprint {
    pub(in super::super) destination: CopyDestination,
    pub(in super::super) area: Rect,
    /// Bytes of a texel.
    pub(in super::super) texel_bytes: u32,
}

/// Bytes that a resolve writes.
pub(in super::super) struct Coverage {
    footprint: Footprint,
    /// Physical address of the destination.
    pub(in super::super) physical: u32,
    /// Pages from the first to the last one.
    pub(in super::super) pages: Range<u32>,
    /// Pages that are written, with the bytes; at least one.
    pub(super) written: Vec<(u32, Bytes)>,
}

impl Coverage {
    /// Computes the coverage; `None` if an image can't hold it.
    fn new(footprint: Footprint) -> Option<Self> {
        let physical = footprint.destination.physical % PHYSICAL_SIZE;
        // Words of texels must be words of the buffer.
        if !physical.is_multiple_of(4) {
            return None;
        }
        let runs = covered(&footprint.destination, footprint.area, footprint.texel_bytes)?;
        let first = runs.first()?;
        let last = runs.last()?;
        let at = |offset: u32| u64::from(physical) + u64::from(offset);
        let start = at(first.start) / u64::from(PAGE_SIZE);
        let end = at(last.end).div_ceil(u64::from(PAGE_SIZE));
        if end > u64::from(PHYSICAL_SIZE / PAGE_SIZE)
            || (end - start) * u64::from(PAGE_SIZE) > MAX_IMAGE_BYTES
        {
            return None;
        }
        let written = by_page(physical, &runs);
        Some(Self { footprint, physical, pages: start as u32..end as u32, written })
    }

    /// Bytes of a texel.
    pub(super) fn texel_bytes(&self) -> u32 {
        self.footprint.texel_bytes
    }

    /// Number of byte ranges.
    fn ranges(&self) -> usize {
        self.written.iter().map(|(_, bytes)| bytes.ranges().len()).sum()
    }
}

/// Coverage of the last resolves, most recent first.
#[derive(Default)]
pub(in super::super) struct Coverages(VecDeque<Arc<Coverage>>);

impl Coverages {
    /// Returns the coverage of a resolve; `None` if an image can't hold it.
    pub(in super::super) fn coverage(&mut self, footprint: Footprint) -> Option<Arc<Coverage>> {
        let known = self.0.iter().position(|known| known.footprint == footprint);
        if let Some(coverage) = known.and_then(|place| self.0.remove(place)) {
            self.0.push_front(coverage.clone());
            return Some(coverage);
        }
        let coverage = Arc::new(Coverage::new(footprint)?);
        if coverage.ranges() <= MAX_KEPT_RANGES {
            // Room for the new one, which comes first.
            self.0.truncate(MAX_KEPT - 1);
            self.0.push_front(coverage.clone());
        }
        Some(coverage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(physical: u32, area: Rect, texel_bytes: u32) -> Footprint {
        let destination = CopyDestination {
            physical,
            pitch: 320,
            height: 320,
            format: 6,
            number: 0,
            endian: 0,
            exponent_bias: 0,
            swap: false,
            slice: None,
        };
        Footprint { destination, area, texel_bytes }
    }

    #[test]
    fn coverage_is_computed_once_and_by_all_that_it_depends_on() {
        let mut all = Coverages::default();
        let first = footprint(0x8000, [0, 0, 320, 180], 4);
        let known = all.coverage(first).unwrap();
        assert!(Arc::ptr_eq(&known, &all.coverage(first).unwrap()));
        assert_eq!((known.physical, known.pages.start, known.written[0].0), (0x8000, 8, 8));
        for other in [
            footprint(0x9000, [0, 0, 320, 180], 4),
            footprint(0x8000, [0, 0, 320, 176], 4),
            footprint(0x8000, [0, 0, 320, 180], 8),
        ] {
            let found = all.coverage(other).unwrap();
            let fresh = Coverage::new(other).unwrap();
            assert!(found.written == fresh.written && found.written != known.written);
        }
        for i in 0..2 * MAX_KEPT as u32 {
            all.coverage(footprint(i * 0x1000, [0, 0, 32, 32], 4)).unwrap();
        }
        assert_eq!(all.0.len(), MAX_KEPT, "the oldest are dropped");
    }

    #[test]
    fn unmappable_destinations_have_no_coverage_and_large_ones_are_not_kept() {
        let area = [0, 0, 320, 320];
        for physical in [2, PHYSICAL_SIZE - 0x1000] {
            assert!(Coverage::new(footprint(physical, area, 4)).is_none(), "{physical:#x}");
        }
        // Each row of a narrow column has separate ranges: too many of them to keep.
        let mut all = Coverages::default();
        let many = footprint(0, [4, 0, 28, 8192], 4);
        let many = Footprint { destination: CopyDestination { pitch: 32, ..many.destination }, ..many };
        let count = all.coverage(many).unwrap().ranges();
        assert!(count > MAX_KEPT_RANGES && all.0.is_empty(), "{count}");
    }
}
