//! Ranges of guest addresses, for example those of a function or of a region's instructions.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The guest addresses from `start` up to, but not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRange {
    /// The first address.
    pub start: u32,
    /// The address after the last.
    pub end: u32,
}

impl AddressRange {
    /// Whether it contains `pc`.
    pub fn contains(self, pc: u32) -> bool {
        pc >= self.start && pc < self.end
    }
}

impl From<Range<u32>> for AddressRange {
    fn from(Range { start, end }: Range<u32>) -> Self {
        Self { start, end }
    }
}

/// Address ranges in ascending order that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRanges(Vec<AddressRange>);

impl AddressRanges {
    /// The ranges, in order.
    pub fn ranges(&self) -> &[AddressRange] {
        &self.0
    }

    /// Whether one of the ranges contains `pc`.
    pub fn contains(&self, pc: u32) -> bool {
        let after = self.0.partition_point(|range| range.start <= pc);
        after.checked_sub(1).and_then(|last| self.0.get(last)).is_some_and(|range| pc < range.end)
    }

    /// Number of instructions in the ranges.
    pub fn instructions(&self) -> u32 {
        let counts = self.0.iter().map(|range| range.end.saturating_sub(range.start) / 4);
        counts.fold(0, u32::saturating_add)
    }

    /// Whether the ranges are in order and consist of whole instructions, which is not certain of
    /// decoded ones.
    pub fn is_sound(&self) -> bool {
        let mut end = 0;
        self.0.iter().all(|range| {
            let follows = range.start >= end && range.start < range.end;
            end = range.end;
            follows && range.start % 4 == 0 && range.end % 4 == 0
        })
    }
}

/// Collects ranges that are in order; those that touch are merged.
impl FromIterator<AddressRange> for AddressRanges {
    fn from_iter<I: IntoIterator<Item = AddressRange>>(ranges: I) -> Self {
        let mut merged: Vec<AddressRange> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => merged.push(range),
            }
        }
        Self(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(ranges: &[Range<u32>]) -> AddressRanges {
        ranges.iter().cloned().map(AddressRange::from).collect()
    }

    #[test]
    fn ranges_that_touch_are_merged_and_contain_their_addresses_without_the_end() {
        let ranges = collected(&[8..12, 12..20, 24..28]);
        assert_eq!(ranges.ranges(), [(8..20).into(), (24..28).into()]);
        let contained: Vec<u32> = (0..32).step_by(4).filter(|&pc| ranges.contains(pc)).collect();
        assert_eq!(contained, [8, 12, 16, 24]);
        assert_eq!(ranges.instructions(), 4);
        assert!(!AddressRanges::default().contains(0));
    }

    #[test]
    fn ranges_out_of_order_or_with_parts_of_instructions_are_not_sound() {
        assert!(collected(&[8..12, 16..20]).is_sound());
        for wrong in [[16..20, 8..12], [8..16, 12..20], [8..8, 12..16], [9..12, 16..20], [8..14, 16..20]] {
            assert!(!collected(&wrong).is_sound(), "{wrong:?}");
        }
    }
}
