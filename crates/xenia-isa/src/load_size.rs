//! Sizes of loads: the bytes of memory that an instruction reads.

use crate::Op;

/// The bytes that a load reads, from its effective address on unless a variant says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadSize {
    /// This number of bytes: 1, 2, 4 or 8.
    Bytes(u32),
    /// Words for the registers from rD to r31.
    Multiple,
    /// The number of bytes in the instruction; 0 means 32.
    StringImmediate,
    /// The number of bytes in XER.
    StringIndexed,
    /// The 16 bytes of the aligned quadword that contains the effective address. The element loads
    /// read all of it, as hardware does.
    Quadword,
    /// The rest of the aligned quadword, from the effective address on.
    QuadwordLeft,
    /// The bytes of the aligned quadword before the effective address.
    QuadwordRight,
}

impl Op {
    /// The bytes that the instruction loads; `None` if it loads none.
    pub const fn load_size(self) -> Option<LoadSize> {
        Some(match self {
            Self::lbz | Self::lbzu | Self::lbzux | Self::lbzx => LoadSize::Bytes(1),
            Self::lha | Self::lhau | Self::lhaux | Self::lhax | Self::lhbrx => LoadSize::Bytes(2),
            Self::lhz | Self::lhzu | Self::lhzux | Self::lhzx => LoadSize::Bytes(2),
            Self::lwa | Self::lwarx | Self::lwaux | Self::lwax | Self::lwbrx => LoadSize::Bytes(4),
            Self::lwz | Self::lwzu | Self::lwzux | Self::lwzx => LoadSize::Bytes(4),
            Self::lfs | Self::lfsu | Self::lfsux | Self::lfsx => LoadSize::Bytes(4),
            Self::ld | Self::ldarx | Self::ldbrx | Self::ldu | Self::ldux | Self::ldx => LoadSize::Bytes(8),
            Self::lfd | Self::lfdu | Self::lfdux | Self::lfdx => LoadSize::Bytes(8),
            Self::lmw => LoadSize::Multiple,
            Self::lswi => LoadSize::StringImmediate,
            Self::lswx => LoadSize::StringIndexed,
            Self::lvebx | Self::lvehx | Self::lvewx | Self::lvewx128 => LoadSize::Quadword,
            Self::lvx | Self::lvxl | Self::lvx128 | Self::lvxl128 => LoadSize::Quadword,
            Self::lvlx | Self::lvlxl | Self::lvlx128 | Self::lvlxl128 => LoadSize::QuadwordLeft,
            Self::lvrx | Self::lvrxl | Self::lvrx128 | Self::lvrxl128 => LoadSize::QuadwordRight,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Flag, ROWS};

    /// Rows that access memory are loads, stores (`st`), or operations of the caches (`dc`, `ic`).
    #[test]
    fn every_load_has_a_size() {
        for row in ROWS {
            let is_other = ["st", "dc", "ic"].iter().any(|begin| row.name.starts_with(begin));
            let is_load = row.has(Flag::mem) && !is_other;
            assert_eq!(row.op.load_size().is_some(), is_load, "{}", row.name);
        }
    }
}
