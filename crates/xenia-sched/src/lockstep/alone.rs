//! Fast path for a single runnable thread: runs several rounds in one go, up to the next due event.
//!
//! The end of a visit costs about a hundred interpreted instructions, because compiled code has to
//! be left and looked up again. If no other thread is ready and no event is due, a visit's end
//! makes no difference. So such a thread gets several quanta at once, of which the last is the
//! first that ends at or after a due event. Whenever the engine returns, also for a system call,
//! the completed rounds are accounted for as if each had been executed, and the visit continues in
//! the current quantum. The guest can notice only two differences from separate visits: a
//! reservation survives the quanta that were run together, and time-base reads are counted over all
//! of them. So a thread that reads the time gets single quanta ([`CALM`]).
//!
//! The run's limit or the stop flag may cut such a visit short. The guest must not notice, so the
//! visit keeps the quanta that it was granted, and uses them up in the next run.
//!
//! Devices may change at any time, so once guest code has stored to one, all quanta are run one by
//! one.
//!
//! See docs/src/decisions/0025-guest-time-in-lockstep.md.

use super::LockstepExecutor;
use super::visit::Visit;
use crate::slot::WholeVisits;
use crate::time::INSTRUCTIONS_PER_TICK_SHIFT;
use crate::{GuestTicks, Limits, System};
use serde::{Deserialize, Serialize};
use xenia_memory::DeviceStore;

/// Limit of quanta that are run in one go.
pub(super) const MAX_QUANTA: u64 = 64;

/// Number of consecutive visits without a time-base read or an early end, after which quanta are
/// run together.
const CALM: u32 = 16;

/// Observations of the guest that determine whether quanta may be run together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Calm {
    /// Number of calm visits since the last one that was not.
    visits: u32,
    /// Whether guest code has stored to a device.
    has_stored: bool,
}

impl Calm {
    /// Records the end of a visit. `is_calm`: the time base was not read, and the quantum was used
    /// up.
    pub(super) fn after_visit(&mut self, is_calm: bool) {
        self.visits = if is_calm { self.visits.saturating_add(1) } else { 0 };
    }

    /// Records stores to devices.
    pub(super) fn note_stores(&mut self, stores: &[DeviceStore]) {
        self.has_stored |= !stores.is_empty();
    }
}

impl<S: System> LockstepExecutor<S> {
    /// Number of quanta that the thread in this slot gets now. More than one only at the start of
    /// `visit`. The limits of the run do not matter.
    pub(super) fn quanta_to_grant(&self, hw_id: u8, visit: &Visit, quantum: u64) -> u64 {
        // The most selective conditions come first.
        let may_be_more = !self.calm.has_stored
            && self.calm.visits >= CALM
            && visit.used == 0
            && self.scheduler.is_alone(hw_id)
            // No visit has made this round longer than the quantum.
            && self.round.is_some_and(|round| round.longest <= quantum)
            // Ticks are counted from the start of the visit.
            && quantum.is_multiple_of(1 << INSTRUCTIONS_PER_TICK_SHIFT);
        let until = if may_be_more { self.system.quiet_until(self.scheduler.now()) } else { None };
        let Some(until) = until else { return 1 };
        let until = self.scheduler.next_deadline().map_or(until, |deadline| deadline.min(until));
        self.quanta_until(until, quantum).clamp(1, MAX_QUANTA)
    }

    /// Guest time at which a run without a frame is over.
    pub(super) fn end_without_frames(&self, limits: &Limits) -> Option<GuestTicks> {
        let limit = limits.ticks_between_frames?;
        // One tick more, as the run ends when the limit is exceeded.
        Some(self.last_frame.since.saturating_add(limit).saturating_add(1))
    }

    /// The part of the `granted` quanta at whose end the time `until` is reached.
    pub(super) fn quanta_of_grant(&self, granted: u64, quantum: u64, until: Option<GuestTicks>) -> u64 {
        match until {
            Some(until) if granted > 1 => self.quanta_until(until, quantum).clamp(1, granted),
            _ => granted,
        }
    }

    /// Number of quanta from the start of the visit to the first end of one at or after `until`.
    fn quanta_until(&self, until: GuestTicks, quantum: u64) -> u64 {
        (until << INSTRUCTIONS_PER_TICK_SHIFT).saturating_sub(self.time).div_ceil(quantum)
    }

    /// Whether the limit of guest time is reached at the end of a quantum, while `visit` has more
    /// of them that it was granted.
    #[inline]
    pub(super) fn is_over_within_grant(&self, visit: &Visit, quantum: u64, limits: &Limits) -> bool {
        let now = (self.time + visit.used) >> INSTRUCTIONS_PER_TICK_SHIFT;
        visit.has_more_quanta() && visit.is_spent(quantum) && limits.ticks.is_some_and(|limit| now >= limit)
    }

    /// Accounts for the rounds that have been completed within `visit`, which started with its
    /// quantum. Returns their number.
    pub(super) fn account_for_rounds(&mut self, hw_id: u8, visit: &mut Visit, quantum: u64) -> u64 {
        // A quantum spent to its last instruction is over when the next round begins.
        let over = visit.used.saturating_sub(1) / quantum;
        let visits = WholeVisits { count: over, length: quantum };
        let Some(order) = self.scheduler.skip_rounds(hw_id, visits, visit.used) else { return 0 };
        visit.used -= over * quantum;
        self.time += over * quantum;
        if let Some(round) = &mut self.round {
            // The slots before it in the order have no threads.
            round.at = order.iter().position(|&slot| slot == hw_id).unwrap_or_default();
            round.order = order;
            round.longest = 0;
        }
        over
    }
}
