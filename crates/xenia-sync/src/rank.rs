//! A lock's rank: its level and, within the level, its ordinal.

use crate::level::{Level, ORDINALS};
use std::fmt;

/// Level and ordinal, compared in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(u32);

impl Rank {
    /// The rank of a lock. Panics if `ordinal` has more than 24 bits.
    pub const fn new(level: Level, ordinal: u32) -> Self {
        assert!(ordinal < ORDINALS, "an ordinal has 24 bits");
        Self((level as u32) << ORDINALS.trailing_zeros() | ordinal)
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

impl fmt::Debug for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = Level::ALL[(self.0 / ORDINALS) as usize];
        match self.0 % ORDINALS {
            0 => write!(f, "{level:?}"),
            ordinal => write!(f, "{level:?}[{ordinal}]"),
        }
    }
}
