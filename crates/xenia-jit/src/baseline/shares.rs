//! The share of the executed guest instructions that is the optimizing tier's: they run there, or
//! belong to code of the baseline tier that would be much faster there.
//!
//! On hosts where plain code gains nothing by itself (`TierUp::plain_code_gains`), it does gain
//! where most of the code around it has moved, because calls between the tiers cost more than the
//! difference between their code. So from a share on, all code moves. A unit of long basic blocks
//! counts as if it had moved: within a block the optimizing tier keeps all registers in the host's.
//!
//! Over 38 programs (AMD EPYC, free stores), the share separates those that gain by moving plain
//! code, too (0.78 to 1.03 of the time at a second start), from parsers and interpreters of other
//! languages, which lose (up to 1.3).

/// Length in instructions of a basic block that gains in the optimizing tier.
pub(super) const LONG_BLOCK: usize = 16;

/// Share from which on plain code gains, in percent.
const MIN_GAINING_PERCENT: u64 = 55;

/// Number of executed instructions below which the share is meaningless: a tenth of a second. The
/// start of a title is not representative.
const MIN_INSTRUCTIONS: u64 = 400_000_000;

/// Executed instructions at which all counts are halved, so that the share follows a title's
/// phases.
const MAX_COUNTED: u64 = 1 << 32;

/// Counts of executed guest instructions; engines add to them in batches.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TierShares {
    /// In visits that may use the baseline tier, by either tier.
    executed: u64,
    /// In the baseline tier, estimated by samples.
    baseline: u64,
    /// Instructions of `baseline` in long basic blocks, estimated by a unit's static mix.
    in_long_blocks: u64,
}

impl TierShares {
    /// Adds instructions that visits executed.
    pub(super) fn add_executed(&mut self, instructions: u64) {
        self.executed += instructions;
        if self.executed >= MAX_COUNTED {
            self.executed /= 2;
            self.baseline /= 2;
            self.in_long_blocks /= 2;
        }
    }

    /// Adds a sample: instructions executed by a unit with `long` of its `length` instructions in
    /// long basic blocks.
    pub(super) fn add_sample(&mut self, instructions: u64, long: u32, length: u32) {
        self.baseline += instructions;
        self.in_long_blocks += instructions * u64::from(long) / u64::from(length.max(1));
    }

    /// Whether enough instructions run in the optimizing tier or in long blocks for plain code to
    /// gain there as well.
    pub(super) fn plain_code_gains(&self) -> bool {
        let optimized = self.executed.saturating_sub(self.baseline) + self.in_long_blocks;
        self.executed >= MIN_INSTRUCTIONS && 100 * optimized >= MIN_GAINING_PERCENT * self.executed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shares after this many millions of instructions, those in the baseline tier with a part
    /// in long blocks.
    fn shares(executed: u64, baseline: u64, long_percent: u32) -> TierShares {
        let mut shares = TierShares::default();
        shares.add_executed(executed * 1_000_000);
        shares.add_sample(baseline * 1_000_000, long_percent, 100);
        shares
    }

    #[test]
    fn plain_code_gains_where_most_code_is_optimized_or_has_long_blocks() {
        assert!(!shares(1_000, 460, 0).plain_code_gains());
        assert!(shares(1_000, 450, 0).plain_code_gains());
        assert!(!shares(1_000, 1_000, 54).plain_code_gains());
        assert!(shares(1_000, 1_000, 55).plain_code_gains());
        assert!(shares(1_000, 900, 50).plain_code_gains(), "both together");
        assert!(!shares(1_000, 1_200, 10).plain_code_gains(), "samples are estimates");
    }

    #[test]
    fn a_short_run_is_insufficient() {
        assert!(!shares(399, 0, 0).plain_code_gains());
        assert!(shares(400, 0, 0).plain_code_gains());
    }

    #[test]
    fn later_phases_outweigh_earlier_ones() {
        let mut shares = shares(4_000, 0, 0);
        assert!(shares.plain_code_gains());
        for _ in 0..8_000 {
            shares.add_executed(1_000_000);
            shares.add_sample(1_000_000, 0, 1);
        }
        assert!(!shares.plain_code_gains());
    }
}
