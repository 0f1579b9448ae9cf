//! Bins for predicated tiling: parts of the screen that a title draws one after the other.
//! Predicated packets apply only to some bins.

/// Bins being drawn (mask), and bins that predicated packets apply to (select).
#[derive(Clone, Copy)]
pub(super) struct Bins {
    pub(super) mask: u64,
    pub(super) select: u64,
}

impl Default for Bins {
    /// Selects all bins.
    fn default() -> Self {
        Self { mask: u64::MAX, select: u64::MAX }
    }
}

impl Bins {
    /// Whether predicated packets are executed.
    pub(super) fn are_wanted(self) -> bool {
        self.mask & self.select != 0
    }
}

/// Combines two halves to a mask.
pub(super) fn halves(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Replaces the low half of a mask.
pub(super) fn with_low(mask: u64, low: u32) -> u64 {
    halves((mask >> 32) as u32, low)
}

/// Replaces the high half of a mask.
pub(super) fn with_high(mask: u64, high: u32) -> u64 {
    halves(high, mask as u32)
}
