//! Tier-up policy: which units gain in the optimizing tier, and when they are hot.
//!
//! Integer code with calls runs about as fast in the baseline tier, and a call between both tiers
//! costs 10 ns. So code is *worth* the optimizing tier ([`UnitMix::is_worth_optimizing`]) if an
//! eighth of it is loops without calls, or a quarter is floating-point arithmetic or run by the
//! interpreter's arms. Ahead-of-time compilation uses this criterion alone; at run time, samples
//! ([`Sampled`]) tell when a unit is hot.

use super::cache::Work;
use super::emit::Emitter;
use super::unit::Discovery;

/// Executions of an instruction in a plain loop that gain as much in the optimizing tier as one
/// execution of an instruction that calls an arm: 0.0025 ns is saved for the former, 5 ns for the
/// latter.
const ARM_WEIGHT: u64 = 2000;

/// The same ratio for an instruction that calls a floating-point thunk, where 1 ns is saved.
const FLOAT_WEIGHT: u64 = 400;

/// Ratio of a unit's instructions to those that call an arm or a floating-point thunk, above which
/// the latter count in plain loops only, because samples do not tell whether they run at all.
const FEW_ARMS: u32 = 4;

/// Iterations of a plain loop that are ignored for each sample elsewhere in its unit: a loop of few
/// iterations does not gain as much as calls between the tiers cost, 10 ns each.
const FEW_TURNS: u64 = 8;

/// Executions of an instruction elsewhere that count as one in a plain loop. Code with calls and
/// switches runs about as fast in this tier.
const ELSEWHERE: u64 = 1024;

/// Ratio of a function's instructions to those in plain loops, above which the function stays in
/// this tier: an interpreter's main loop that somewhere clears a table is 1.4 times slower as a
/// whole in the optimizing tier. Once the loop is hot, a piece around it is compiled.
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
    /// It will be hot soon: the interpreter runs some of it to record which sides of branches are
    /// taken.
    Warm,
    /// The optimizing tier's code would have saved as much time by now as it takes to compile.
    Hot,
}

impl Sampled {
    pub(super) fn of(work: Work, hot_after: u32) -> Self {
        let mix = work.mix;
        let instructions = u128::from(mix.instructions);
        let elsewhere = work.credit - work.in_plain_loops;
        let runs = work.in_plain_loops.saturating_sub(FEW_TURNS * elsewhere) + elsewhere / ELSEWHERE;
        let with_arms = if mix.has_many_arms() { work.credit } else { work.in_plain_loops };
        let weight = ARM_WEIGHT * u64::from(mix.arms) + FLOAT_WEIGHT * u64::from(mix.floats);
        // Multiplied by the number of instructions to avoid a division: the weighted runs must
        // reach `hot_after` for each instruction of the unit.
        let done = u128::from(runs) * instructions + u128::from(with_arms) * u128::from(weight);
        let needed = u128::from(hot_after) * instructions * instructions;
        if done >= needed {
            Self::Hot
        } else if 8 * done >= 7 * needed {
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
    fn integer_code_without_plain_loops_stays_lukewarm() {
        let work = |in_plain_loops, mix| Work { credit: 1 << 30, in_plain_loops, samples: 0, mix };
        let integer = UnitMix { instructions: 100, ..UnitMix::default() };
        assert_eq!(Sampled::of(work(0, integer), 1_000_000), Sampled::Lukewarm);
        assert_eq!(
            Sampled::of(work(1 << 30, UnitMix { in_plain_loops: 9, ..integer }), 1_000_000),
            Sampled::Hot
        );
        assert_eq!(Sampled::of(work(0, UnitMix { floats: 50, ..integer }), 1_000_000), Sampled::Hot);
    }
}
