//! Saved state of the lockstep executor: the threads, and the moment at which the run was cut.

use super::alone::{Calm, MAX_QUANTA};
use super::visit::Visit;
use super::{LockstepExecutor, Round};
use crate::counters::MAX_COUNT;
use crate::deadlock::Deadlocks;
use crate::limits::SeenFrame;
use crate::time::INSTRUCTIONS_PER_TICK_SHIFT;
use crate::{GuestTicks, HW_THREADS, MAX_TICKS, ParallelState, SchedulerState, System};
use serde::{Deserialize, Serialize};
use xenia_memory::{DeviceQueue, DeviceQueueState};
use xenia_state::{Impossible, Unsaveable, check};

/// Most instructions' worth of time of a visit.
const MAX_VISIT: u64 = 1 << 50;

/// Threads, slots and executor, as they are saved between two runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LockstepState {
    pub(crate) scheduler: SchedulerState,
    pub(crate) devices: DeviceQueueState,
    round: Option<RoundState>,
    gap: Option<GuestTicks>,
    time: u64,
    pub(crate) instructions: u64,
    pub(crate) deadlocks: Deadlocks,
    calm: Calm,
    pub(crate) last_frame: SeenFrame,
}

/// A machine in parallel mode continues in lockstep with a new round. Stores that no device has
/// taken become those of its first visit.
impl From<ParallelState> for LockstepState {
    fn from(state: ParallelState) -> Self {
        let ParallelState { scheduler, stores, instructions, deadlocks, last_frame } = state;
        Self {
            time: scheduler.now().min(MAX_TICKS) << INSTRUCTIONS_PER_TICK_SHIFT,
            scheduler,
            devices: DeviceQueueState::of(stores),
            round: None,
            gap: None,
            instructions,
            deadlocks,
            calm: Calm::default(),
            last_frame,
        }
    }
}

/// A machine in lockstep continues in parallel mode without the unfinished round.
impl From<LockstepState> for ParallelState {
    fn from(state: LockstepState) -> Self {
        let LockstepState { scheduler, devices, instructions, deadlocks, last_frame, .. } = state;
        Self { scheduler, stores: devices.into_stores(), instructions, deadlocks, last_frame }
    }
}

/// The current round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RoundState {
    order: [u8; HW_THREADS],
    at: u8,
    longest: u64,
    visit: Option<Visit>,
}

impl<S: System> LockstepExecutor<S> {
    /// The state of threads and executor, between two runs.
    ///
    /// # Errors
    /// A thread is in the middle of a call.
    pub fn state(&self) -> Result<LockstepState, Unsaveable> {
        let Self {
            scheduler,
            // System and engine are saved by their owners, as far as they have state.
            system: _,
            engine: _,
            devices,
            round,
            gap,
            time,
            instructions,
            deadlocks,
            calm,
            last_frame,
            // Requests and observers of the host.
            stop: _,
            activity: _,
            sampling: _,
        } = self;
        let round = round.map(|Round { order, at, longest, visit }| RoundState {
            order,
            at: at as u8,
            longest,
            visit,
        });
        Ok(LockstepState {
            scheduler: scheduler.state()?,
            devices: devices.as_deref().map(DeviceQueue::state).unwrap_or_default(),
            round,
            gap: *gap,
            time: *time,
            instructions: *instructions,
            deadlocks: *deadlocks,
            calm: *calm,
            last_frame: *last_frame,
        })
    }

    /// Replaces threads and executor's state by saved ones. System, engine and memory are restored
    /// by the caller.
    ///
    /// # Errors
    /// A value that no executor can have; this one is then not to be used any more.
    pub fn restore(&mut self, state: LockstepState) -> Result<(), Impossible> {
        let LockstepState { scheduler, devices, round, gap, time, instructions, deadlocks, calm, last_frame } =
            state;
        check(instructions <= MAX_COUNT, "the number of instructions is too large")?;
        check(time >> INSTRUCTIONS_PER_TICK_SHIFT <= MAX_TICKS, "the time of the round is too late")?;
        check(gap.is_none_or(|end| end <= MAX_TICKS), "the gap ends too late")?;
        check(gap.is_none() || round.is_none(), "the gap is within a round")?;
        check(last_frame.since <= MAX_TICKS, "the last frame is too late")?;
        self.scheduler.restore(scheduler)?;
        self.devices.get_or_insert_default().restore(&devices)?;
        self.round = round.map(RoundState::round).transpose()?;
        self.gap = gap;
        self.time = time;
        self.instructions = instructions;
        self.deadlocks = deadlocks;
        self.calm = calm;
        self.last_frame = last_frame;
        Ok(())
    }
}

impl RoundState {
    fn round(self) -> Result<Round, Impossible> {
        let Self { order, at, longest, visit } = self;
        let all =
            order.iter().fold(0_u64, |slots, &slot| slots | 1_u64.checked_shl(slot.into()).unwrap_or(0));
        // As many slots as bits, so each of them occurs once.
        check(all == (1 << HW_THREADS) - 1, "the order of the round lacks a slot")?;
        check(usize::from(at) <= HW_THREADS, "the round is past its last slot")?;
        check(longest <= MAX_VISIT, "the longest visit of the round is too long")?;
        let is_possible = |visit: Visit| {
            let quanta = u64::from(visit.grant);
            visit.used <= MAX_VISIT && visit.extended <= visit.used && quanta <= MAX_QUANTA
        };
        check(visit.is_none_or(is_possible), "the visit used, extended or was granted too much")?;
        Ok(Round { order, at: at.into(), longest, visit })
    }
}
