//! Bins: parts of the screen that a title draws one after the other. Packets may be for some of
//! them only.

/// Which bins are being drawn, and which ones predicated packets are for.
#[derive(Clone, Copy)]
pub(super) struct Bins {
    pub(super) mask: u64,
    pub(super) select: u64,
}

impl Default for Bins {
    /// All of them.
    fn default() -> Self {
        Self { mask: u64::MAX, select: u64::MAX }
    }
}

impl Bins {
    /// Whether predicated packets are carried out.
    pub(super) fn are_wanted(self) -> bool {
        self.mask & self.select != 0
    }
}

/// A mask of these halves.
pub(super) fn halves(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// A mask with another low half.
pub(super) fn with_low(mask: u64, low: u32) -> u64 {
    halves((mask >> 32) as u32, low)
}

/// A mask with another high half.
pub(super) fn with_high(mask: u64, high: u32) -> u64 {
    halves(high, mask as u32)
}
