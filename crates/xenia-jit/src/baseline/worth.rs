//! Tier-up policy: which units gain in the optimizing tier, and when they are hot.
//!
//! Samples ([`Sampled`]) tell when a unit has run so often that the optimizing tier's code would
//! have saved as much time as compiling it takes. A unit whose callees in this tier run more than
//! itself stays, because calls between the tiers cost more than it gains: the main loop of a title
//! that calls each of 10,000 functions in turn. Once the callees are in the optimizing tier, it
//! follows. Ahead-of-time compilation can't know that: it
//! compiles code that is *worth* it ([`UnitMix::is_worth_optimizing`]), because an eighth is loops
//! without calls, or a quarter is floating-point arithmetic or run by the interpreter's arms.

use super::cache::Work;
use super::emit::Emitter;
use super::unit::Discovery;

/// Executions of an instruction that gain as much in the optimizing tier as one execution of an
/// instruction that calls an arm: some 0.12 ns is saved for the former, 5 ns for the latter.
const ARM_WEIGHT: u64 = 40;

/// The same ratio for an instruction that calls a floating-point thunk, where 1 ns is saved.
const FLOAT_WEIGHT: u64 = 8;

/// Part of the threshold of a hot unit from which on it is warm. More profiling costs up to a tenth
/// of the time that compiling takes, and saves a quarter of the compilations for pruned paths.
const WARM_PART: u128 = 8;

/// Ratio of a unit's instructions to those that call an arm or a floating-point thunk, below which
/// the unit is worth the optimizing tier.
const FEW_ARMS: u32 = 4;

/// Ratio of a function's instructions to those in plain loops, below which it is worth the
/// optimizing tier.
const FEW_IN_LOOPS: u32 = 8;

/// The instructions of a unit, counted by how the baseline tier runs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnitMix {
    pub(crate) instructions: u32,
    /// Instructions that the interpreter's arms run.
    pub(crate) arms: u32,
    /// Instructions that floating-point thunks run.
    pub(crate) floats: u32,
    /// Instructions in loops without calls, switches and instructions that the interpreter runs.
    pub(crate) in_plain_loops: u32,
}

impl UnitMix {
    /// The mix of a unit whose code was just emitted.
    pub(super) fn of(unit: &Discovery, emitter: &Emitter) -> Self {
        Self {
            instructions: unit.instructions as u32,
            arms: emitter.arms,
            floats: emitter.floats,
            in_plain_loops: unit.in_plain_loops() as u32,
        }
    }

    /// Whether a unit can gain in the optimizing tier.
    pub(crate) fn is_worth_optimizing(self) -> bool {
        let has_loops = self.in_plain_loops >= self.instructions.div_ceil(FEW_IN_LOOPS);
        self.instructions != 0 && has_loops || self.has_many_arms()
    }

    /// Whether arms and thunks are so frequent that they must run whenever the unit does.
    fn has_many_arms(self) -> bool {
        self.instructions != 0
            && self.arms.saturating_add(self.floats) >= self.instructions.div_ceil(FEW_ARMS)
    }

    /// Adds another part of the same function.
    pub(super) fn add(&mut self, other: Self) {
        self.instructions = self.instructions.saturating_add(other.instructions);
        self.arms = self.arms.saturating_add(other.arms);
        self.floats = self.floats.saturating_add(other.floats);
        self.in_plain_loops = self.in_plain_loops.saturating_add(other.in_plain_loops);
    }
}

/// The heat of the unit that a sample hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampled {
    /// It stays in this tier.
    Lukewarm,
    /// It may be hot soon: the interpreter runs some of it to record which sides of branches are
    /// taken.
    Warm,
    /// The optimizing tier's code would have saved as much time by now as it takes to compile.
    Hot,
}

impl Sampled {
    pub(super) fn of(work: Work, hot_after: u32) -> Self {
        if work.by_callees > work.credit {
            return Self::Lukewarm;
        }
        let mix = work.mix;
        let instructions = u128::from(mix.instructions);
        let slow = ARM_WEIGHT * u64::from(mix.arms) + FLOAT_WEIGHT * u64::from(mix.floats);
        // Multiplied by the number of instructions to avoid a division: the weighted runs must
        // reach `hot_after` for each instruction of the unit.
        let done = u128::from(work.credit) * (instructions + u128::from(slow));
        let needed = u128::from(hot_after) * instructions * instructions;
        if done >= needed {
            Self::Hot
        } else if WARM_PART * done >= needed {
            Self::Warm
        } else {
            Self::Lukewarm
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_loops_and_many_slow_instructions_are_worth_it() {
        let mix = |instructions, arms, floats, in_plain_loops| UnitMix {
            instructions,
            arms,
            floats,
            in_plain_loops,
        };
        assert!(!mix(100, 0, 0, 0).is_worth_optimizing());
        assert!(mix(100, 0, 0, 13).is_worth_optimizing());
        assert!(!mix(100, 0, 0, 12).is_worth_optimizing());
        assert!(!mix(100, 12, 12, 0).is_worth_optimizing());
        assert!(mix(100, 12, 13, 0).is_worth_optimizing());
        assert!(!mix(0, 0, 0, 0).is_worth_optimizing(), "no code");
    }

    #[test]
    fn a_unit_is_hot_once_its_instructions_have_run_often_enough() {
        let sampled = |credit, mix| Sampled::of(Work { credit, by_callees: 0, samples: 0, mix }, 20_000);
        let integer = UnitMix { instructions: 100, ..UnitMix::default() };
        assert_eq!(sampled(249_999, integer), Sampled::Lukewarm);
        assert_eq!(sampled(250_000, integer), Sampled::Warm);
        assert_eq!(sampled(2_000_000, integer), Sampled::Hot);
        let float = UnitMix { floats: 50, ..integer };
        assert_eq!((sampled(399_999, float), sampled(400_000, float)), (Sampled::Warm, Sampled::Hot));
        let work = |by_callees| Work { credit: 2_000_000, by_callees, samples: 0, mix: integer };
        assert_eq!(Sampled::of(work(2_000_000), 20_000), Sampled::Hot);
        assert_eq!(Sampled::of(work(2_000_001), 20_000), Sampled::Lukewarm, "calls between tiers");
        let arms = UnitMix { arms: 100, ..integer };
        assert_eq!((sampled(40_000, arms), sampled(50_000, arms)), (Sampled::Warm, Sampled::Hot));
    }
}
