//! Tier-up policy: which units gain in the optimizing tier, and when they are hot.
//!
//! Samples ([`Sampled`]) show when a unit has run so often that the optimizing tier's code would
//! have saved as much time as compiling it takes. A unit whose callees in this tier run more than
//! itself stays, because calls between the tiers cost more than it gains: the main loop of a title
//! that calls each of 10,000 functions in turn. Once the callees are in the optimizing tier, it
//! follows.
//!
//! On hosts where plain code gains nothing ([`TierUp::plain_code_gains`]) most code stays, so a
//! unit that moves is called from this tier for good. Its visits must be long enough to make up for
//! those calls; the interpreter measures them while it profiles ([`Visits`]).
//! Where most of the code around it has moved, plain code gains nevertheless (`shares`).
//!
//! Ahead-of-time compilation has none of these measurements: it compiles code that is *worth* it
//! ([`UnitMix::is_worth_optimizing`]), because an eighth is loops without calls, or a quarter is
//! floating-point arithmetic or run by the interpreter or its arms.

use super::cache::Work;
use super::emit::Emitter;
use super::endings::{self, Ending};
use super::shares::LONG_BLOCK;
use super::unit::Discovery;

/// Executions of an instruction that gain as much in the optimizing tier as one execution of an
/// instruction that calls an arm: some 0.12 ns is saved for the former, 5 ns for the latter.
const ARM_WEIGHT: u64 = 40;

/// The same ratio for an instruction for which code is left, where 60 ns are saved.
const INTERPRETED_WEIGHT: u64 = 12 * ARM_WEIGHT;

/// The same ratio for an instruction that calls a floating-point thunk, where 1 ns is saved.
const FLOAT_WEIGHT: u64 = 8;

/// Plain instructions that gain, where they gain, as much as a visit between the tiers costs: 6 ns,
/// for two calls.
const CALL_WEIGHT: u64 = 50;

/// Number of profiles after which the visits of a unit are known; from then on, one sample in as
/// many leads to another profile, which takes the place of the average one.
const MIN_PROFILES: u32 = 64;

/// Part of the threshold of a hot unit from which on it is warm. More profiling costs up to a tenth
/// of the time that compiling takes, and saves a quarter of the compilations for pruned paths.
const WARM_PART: u128 = 8;

/// Ratio of a unit's instructions to those that call an arm or a floating-point thunk or that the
/// interpreter runs, below which the unit is worth the optimizing tier.
const FEW_ARMS: u32 = 4;

/// Ratio of a function's instructions to those in plain loops, below which it is worth the
/// optimizing tier.
const FEW_IN_LOOPS: u32 = 8;

/// The instructions of a unit, counted by how the baseline tier runs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnitMix {
    pub(crate) instructions: u32,
    /// Instructions that the interpreter's arms run, or that compute with vectors, whose registers
    /// are in memory in this tier: a lower weight for them made LAME's first start 1.1 times as
    /// long.
    pub(crate) arms: u32,
    /// Instructions that floating-point thunks run.
    pub(crate) floats: u32,
    /// Instructions for which code is left to the interpreter, and the optimizing tier's is not.
    pub(crate) interpreted: u32,
    /// Instructions in loops without calls, switches and instructions that the interpreter runs.
    pub(crate) in_plain_loops: u32,
    /// Instructions in long basic blocks ([`LONG_BLOCK`]).
    pub(crate) in_long_blocks: u32,
}

impl UnitMix {
    /// The mix of a unit whose code was just emitted.
    pub(super) fn of(unit: &Discovery, emitter: &Emitter) -> Self {
        Self {
            instructions: unit.instructions as u32,
            arms: emitter.arms,
            floats: emitter.floats,
            interpreted: interpreted(unit),
            in_plain_loops: unit.in_plain_loops() as u32,
            in_long_blocks: unit.in_blocks_of(LONG_BLOCK) as u32,
        }
    }

    /// Whether a unit can gain in the optimizing tier.
    pub(crate) fn is_worth_optimizing(self) -> bool {
        let has_loops = self.in_plain_loops >= self.instructions.div_ceil(FEW_IN_LOOPS);
        self.instructions != 0 && has_loops || self.has_many_arms()
    }

    /// Whether slow instructions are so frequent that they must run whenever the unit does.
    fn has_many_arms(self) -> bool {
        let slow = self.arms.saturating_add(self.floats).saturating_add(self.interpreted);
        self.instructions != 0 && slow >= self.instructions.div_ceil(FEW_ARMS)
    }

    /// Adds another part of the same function.
    pub(super) fn add(&mut self, other: Self) {
        self.instructions = self.instructions.saturating_add(other.instructions);
        self.arms = self.arms.saturating_add(other.arms);
        self.floats = self.floats.saturating_add(other.floats);
        self.interpreted = self.interpreted.saturating_add(other.interpreted);
        self.in_plain_loops = self.in_plain_loops.saturating_add(other.in_plain_loops);
        self.in_long_blocks = self.in_long_blocks.saturating_add(other.in_long_blocks);
    }
}

/// Number of a unit's instructions that only the optimizing tier runs in its code.
fn interpreted(unit: &Discovery) -> u32 {
    let ends = unit.blocks.iter().filter(|block| block.ending == Ending::Interpreted);
    let last = |end: usize| unit.words(end - 1, end)[0].op;
    ends.filter(|block| last(block.end).is_some_and(endings::is_optimized)).count() as u32
}

/// How the tier-up policy weighs code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TierUp {
    /// Threshold of a hot unit ([`crate::JitConfig::hot_after`]).
    pub(crate) hot_after: u32,
    /// Whether plain integer code gains ([`crate::JitConfig::plain_code_gains`]).
    pub(crate) plain_code_gains: bool,
}

/// Visits of a unit from baseline code, as seen by profiles: the time from a call of the unit, or a
/// return to it, until it is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Visits {
    /// Instructions of the unit that the profiles ran.
    instructions: u32,
    /// Number of visits to which they belong.
    count: u32,
    profiles: u32,
}

impl Visits {
    /// Adds a profile.
    pub(super) fn add(&mut self, instructions: u32, visits: u32) {
        if self.profiles == MIN_PROFILES {
            self.instructions -= self.instructions / MIN_PROFILES;
            self.count -= self.count / MIN_PROFILES;
        } else {
            self.profiles += 1;
        }
        self.instructions = self.instructions.saturating_add(instructions);
        self.count = self.count.saturating_add(visits);
    }

    /// Whether another profile is due at the sample with this number.
    fn are_wanted(self, sample: u32) -> bool {
        self.profiles < MIN_PROFILES || sample.is_multiple_of(MIN_PROFILES)
    }

    /// Whether a visit gains more than a call between the tiers costs, if `instructions`
    /// instructions gain as much as `weight` plain ones.
    fn pay(self, weight: u64, instructions: u32) -> bool {
        let gain = u128::from(weight) * u128::from(self.instructions);
        let cost = u128::from(CALL_WEIGHT) * u128::from(self.count) * u128::from(instructions);
        self.profiles != 0 && gain >= cost
    }
}

/// The heat of the unit that a sample hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sampled {
    /// It stays in this tier.
    Lukewarm,
    /// It may be hot soon: the interpreter runs some of it to record which sides of branches are
    /// taken.
    Warm,
    /// The optimizing tier's code would have saved as much time by now as it takes to compile.
    Hot,
}

impl Sampled {
    pub(super) fn of(work: Work, policy: TierUp) -> Self {
        if work.by_callees > work.credit {
            return Self::Lukewarm;
        }
        let mix = work.mix;
        let instructions = u128::from(mix.instructions);
        let plain = if policy.plain_code_gains { u64::from(mix.instructions) } else { 0 };
        let weight = plain
            + ARM_WEIGHT * u64::from(mix.arms)
            + INTERPRETED_WEIGHT * u64::from(mix.interpreted)
            + FLOAT_WEIGHT * u64::from(mix.floats);
        // Multiplied by the number of instructions to avoid a division: the weighted runs must
        // reach `hot_after` for each instruction of the unit.
        let done = u128::from(work.credit) * u128::from(weight);
        let needed = u128::from(policy.hot_after) * instructions * instructions;
        let pays = policy.plain_code_gains || work.visits.pay(weight, mix.instructions);
        if done >= needed && pays {
            Self::Hot
        } else if WARM_PART * done >= needed && work.visits.are_wanted(work.samples) {
            Self::Warm
        } else {
            Self::Lukewarm
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::unit::{Reach, Source};

    /// Guest words from [`START`] on.
    struct CodeWords(Vec<u32>);

    const START: u32 = 0x8200_0000;

    impl Source for CodeWords {
        fn fetch(&mut self, pc: u32) -> Option<u32> {
            self.0.get((pc.checked_sub(START)? / 4) as usize).copied()
        }

        fn is_elsewhere(&self, _: u32) -> bool {
            false
        }
    }

    #[test]
    fn plain_loops_and_many_slow_instructions_are_worth_it() {
        let mix = |instructions, arms, floats, in_plain_loops| UnitMix {
            instructions,
            arms,
            floats,
            in_plain_loops,
            ..UnitMix::default()
        };
        assert!(!mix(100, 0, 0, 0).is_worth_optimizing());
        assert!(mix(100, 0, 0, 13).is_worth_optimizing());
        assert!(!mix(100, 0, 0, 12).is_worth_optimizing());
        assert!(!mix(100, 12, 12, 0).is_worth_optimizing());
        assert!(mix(100, 12, 13, 0).is_worth_optimizing());
        assert!(!mix(0, 0, 0, 0).is_worth_optimizing(), "no code");
        assert!(UnitMix { interpreted: 1, ..mix(100, 12, 12, 0) }.is_worth_optimizing());
    }

    #[test]
    fn instructions_that_only_the_optimizing_tier_runs_are_counted() {
        let of = |text: &str| {
            let bytes = xenia_isa::assemble(text, START).unwrap().bytes;
            let words = bytes.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap()));
            let mut unit = Discovery::new();
            assert!(unit.find(START, Reach::FUNCTION, &mut CodeWords(words.collect())));
            interpreted(&unit)
        };
        assert_eq!(of("addo r3,r4,r5\n mftb r3\n mtxer r3\n bdnzlr\n beqctr\n blrl\n blr"), 6);
        assert_eq!(of("sc\n mtmsrd r3\n mtmsr r3\n or r31,r31,r31\n isync\n add r3,r4,r5\n blr"), 0);
    }

    /// On any host, one instruction in a hundred is enough.
    #[test]
    fn a_unit_that_the_interpreter_interrupts_is_hot() {
        let policy = TierUp { hot_after: 20_000, plain_code_gains: false };
        let mix = UnitMix { instructions: 100, interpreted: 1, ..UnitMix::default() };
        let mut work = Work { credit: 416_666, mix, ..Work::default() };
        work.visits.add(105, 10);
        assert_eq!(Sampled::of(work, policy), Sampled::Warm);
        work.credit += 1;
        assert_eq!(Sampled::of(work, policy), Sampled::Hot);
        work.visits = Visits::default();
        work.visits.add(104, 10);
        assert_eq!(Sampled::of(work, policy), Sampled::Warm, "short visits");
        let work = Work { mix: UnitMix { interpreted: 0, ..mix }, ..work };
        assert_eq!(Sampled::of(work, policy), Sampled::Lukewarm);
    }

    #[test]
    fn a_unit_is_hot_once_its_instructions_have_run_often_enough() {
        let policy = TierUp { hot_after: 20_000, plain_code_gains: true };
        let sampled = |credit, mix| Sampled::of(Work { credit, mix, ..Work::default() }, policy);
        let integer = UnitMix { instructions: 100, ..UnitMix::default() };
        assert_eq!(sampled(249_999, integer), Sampled::Lukewarm);
        assert_eq!(sampled(250_000, integer), Sampled::Warm);
        assert_eq!(sampled(2_000_000, integer), Sampled::Hot);
        let float = UnitMix { floats: 50, ..integer };
        assert_eq!((sampled(399_999, float), sampled(400_000, float)), (Sampled::Warm, Sampled::Hot));
        let work = |by_callees| Work { credit: 2_000_000, by_callees, mix: integer, ..Work::default() };
        assert_eq!(Sampled::of(work(2_000_000), policy), Sampled::Hot);
        assert_eq!(Sampled::of(work(2_000_001), policy), Sampled::Lukewarm, "calls between tiers");
        let arms = UnitMix { arms: 100, ..integer };
        assert_eq!((sampled(40_000, arms), sampled(50_000, arms)), (Sampled::Warm, Sampled::Hot));
    }

    #[test]
    fn without_gain_only_long_visits_of_slow_code_are_hot() {
        let policy = TierUp { hot_after: 20_000, plain_code_gains: false };
        let integer = UnitMix { instructions: 100, in_plain_loops: 100, ..UnitMix::default() };
        let work = Work { credit: u64::MAX / 2, mix: integer, ..Work::default() };
        assert_eq!(Sampled::of(work, policy), Sampled::Lukewarm, "plain code");
        // A quarter is arithmetic, so 25 instructions gain as much as calls between the tiers cost.
        let float = UnitMix { floats: 25, ..integer };
        let mut work = Work { mix: float, ..work };
        assert_eq!(Sampled::of(work, policy), Sampled::Warm, "not profiled yet");
        work.visits.add(245, 10);
        assert_eq!(Sampled::of(work, policy), Sampled::Warm, "24.5 instructions a visit");
        work.visits.add(265, 10);
        assert_eq!(Sampled::of(work, policy), Sampled::Hot, "25.5 instructions a visit");
    }

    #[test]
    fn profiles_become_rarer_and_old_counts_decay() {
        let policy = TierUp { hot_after: 20_000, plain_code_gains: false };
        let mix = UnitMix { instructions: 100, floats: 25, ..UnitMix::default() };
        let mut work = Work { credit: u64::MAX / 2, mix, ..Work::default() };
        for sample in 1..=MIN_PROFILES {
            work.samples = sample;
            work.visits.add(500, 50);
        }
        let heat = |samples, work| Sampled::of(Work { samples, ..work }, policy);
        assert_eq!(heat(MIN_PROFILES + 1, work), Sampled::Lukewarm);
        assert_eq!(heat(2 * MIN_PROFILES, work), Sampled::Warm);
        for _ in 0..10 {
            work.visits.add(500, 1);
        }
        assert_eq!(heat(2 * MIN_PROFILES, work), Sampled::Warm, "few of them");
        for _ in 0..10 * MIN_PROFILES {
            work.visits.add(500, 1);
        }
        assert_eq!(heat(2 * MIN_PROFILES, work), Sampled::Hot, "visits have become long");
    }
}
