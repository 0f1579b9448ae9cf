//! Lockstep's rounds: the order of their visits, and the length of a visit.

use super::SchedulerConfig;
use crate::order::SlotShuffle;
use crate::{ContentionManifest, HW_THREADS, OrderMode};
use serde::{Deserialize, Serialize};
use xenia_state::{Impossible, check};

/// Order and quantum of rounds.
pub(crate) struct Rounds {
    order: OrderMode,
    shuffle: SlotShuffle,
    rotation_cursor: u8,
    quantum: u32,
}

/// Rounds as they are saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RoundsState {
    shuffle: SlotShuffle,
    rotation_cursor: u8,
}

impl Rounds {
    /// The position in the order of rounds, for a saved state.
    pub(super) fn state(&self) -> RoundsState {
        // Order and quantum are settings, which the machine that restores the state has as well.
        let Self { order: _, shuffle, rotation_cursor, quantum: _ } = self;
        RoundsState { shuffle: shuffle.clone(), rotation_cursor: *rotation_cursor }
    }

    /// Restores a saved state.
    pub(super) fn restore(&mut self, state: RoundsState) -> Result<(), Impossible> {
        let RoundsState { shuffle, rotation_cursor } = state;
        check(usize::from(rotation_cursor) < HW_THREADS, "the next round begins at no slot")?;
        self.shuffle = shuffle;
        self.rotation_cursor = rotation_cursor;
        Ok(())
    }

    /// Creates rounds from the settings. Also returns the contention to be replayed.
    pub(super) fn new(config: SchedulerConfig) -> (Self, Option<ContentionManifest>) {
        let seed = match config.order {
            OrderMode::Seeded { seed } => seed,
            _ => 0,
        };
        // Replay uses the fixed order of slots.
        let (order, replayed) = match config.order {
            OrderMode::Replay { manifest } => (OrderMode::Fixed, Some(manifest)),
            order => (order, None),
        };
        let quantum = config.quantum.max(1);
        (Self { order, shuffle: SlotShuffle::new(seed), rotation_cursor: 0, quantum }, replayed)
    }

    /// Quantum in instructions: how long a thread runs before equal-priority threads get their
    /// turn.
    pub(super) fn quantum(&self) -> u32 {
        self.quantum
    }

    /// Begins a round ([`super::Scheduler::begin_round`]).
    pub(super) fn begin(&mut self) -> [u8; HW_THREADS] {
        let mut order = std::array::from_fn(|index| (self.rotation_cursor + index as u8) % HW_THREADS as u8);
        self.rotation_cursor = (self.rotation_cursor + 1) % HW_THREADS as u8;
        if self.are_shuffled() {
            self.shuffle.shuffle(&mut order);
        }
        order
    }

    /// Skips rounds ([`super::Scheduler::skip_rounds`]).
    pub(super) fn skip(&mut self, rounds: u64) -> [u8; HW_THREADS] {
        // `begin` advances the cursor for the last of them.
        let others = rounds.saturating_sub(1) % HW_THREADS as u64;
        self.rotation_cursor = (self.rotation_cursor + others as u8) % HW_THREADS as u8;
        self.begin()
    }

    /// Whether each round has a different order, so that rounds can't be skipped.
    pub(super) fn are_shuffled(&self) -> bool {
        matches!(self.order, OrderMode::Seeded { .. })
    }

    /// Length of a visit in instructions ([`super::Scheduler::visit_budget`]).
    pub(super) fn visit_budget(&self, shift: u32) -> u64 {
        match self.order {
            OrderMode::ScanQuantum { ticks } => u64::from(ticks) << shift,
            _ => u64::from(self.quantum),
        }
    }
}
