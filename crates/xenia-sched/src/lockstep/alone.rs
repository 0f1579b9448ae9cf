//! A thread that has the machine to itself: its rounds up to the next thing that is due are run at
//! once.
//!
//! A visit's end costs about a hundred interpreted instructions, as compiled code has to be left
//! and found again, and where nobody else is ready and nothing is due it makes no difference. So
//! such a thread is given several quanta, of which the last is the first at whose end something is
//! due. Whenever the engine comes back, be it for a call, the rounds that are over by then are left
//! behind as if each had been, and the visit goes on in the quantum that it has come to. To the
//! guest all is as with a visit for each quantum, but for two things: a reservation outlives the
//! quanta that were run at once, and time-base reads count over all of them, for which a thread
//! that reads the time has them one by one ([`CALM`]).
//!
//! Devices have their own will. Once guest code has stored to one, quanta are run one by one.
//!
//! See docs/src/decisions/0104-a-thread-alone.md.

use super::{LockstepExecutor, Visit};
use crate::time::INSTRUCTIONS_PER_TICK_SHIFT;
use crate::{GuestTicks, Limits, System};

/// Quanta run at once at most.
const MOST_QUANTA: u64 = 64;

/// Visits in a row in which nobody read the time base or gave up the rest of a quantum, before
/// quanta are run at once.
const CALM: u32 = 16;

/// What the executor has seen of the guest that tells whether quanta may be run at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Calm {
    /// Visits since one was not calm.
    visits: u32,
    /// Whether guest code has stored to a device.
    has_stored: bool,
}

impl Calm {
    /// A visit is over, after stores to devices perhaps; `is_calm`: nobody has read the time base
    /// or given up the rest.
    pub(super) fn after_visit(&mut self, is_calm: bool, has_stored: bool) {
        self.visits = if is_calm { self.visits.saturating_add(1) } else { 0 };
        self.has_stored |= has_stored;
    }
}

impl<S: System> LockstepExecutor<S> {
    /// How many quanta the thread that has this slot is given now. More than one only where `visit`
    /// begins.
    pub(super) fn quanta_at_once(&self, hw_id: u8, visit: &Visit, quantum: u64, limits: &Limits) -> u64 {
        // What is asked first is mostly what decides.
        let may_be_more = !self.calm.has_stored
            && self.calm.visits >= CALM
            && visit.used == 0
            && self.scheduler.is_alone(hw_id)
            // Nobody has made this round longer than the quantum.
            && self.round.is_some_and(|round| round.longest <= quantum)
            // Ticks are counted from the visit's beginning.
            && quantum.is_multiple_of(1 << INSTRUCTIONS_PER_TICK_SHIFT);
        let until = if may_be_more { self.system.quiet_until(self.scheduler.now()) } else { None };
        let Some(until) = until else { return 1 };
        let no_frames = limits
            .ticks_between_frames
            .map(|limit| self.last_frame.1.saturating_add(limit).saturating_add(1));
        let others = [self.scheduler.next_deadline(), limits.ticks, no_frames];
        let until: GuestTicks = others.into_iter().flatten().fold(until, GuestTicks::min);
        let instructions = (until << INSTRUCTIONS_PER_TICK_SHIFT).saturating_sub(self.time);
        instructions.div_ceil(quantum).clamp(1, MOST_QUANTA)
    }

    /// Leaves the rounds behind that are over where `visit` has come to, which began with its
    /// quantum.
    pub(super) fn leave_rounds_behind(&mut self, hw_id: u8, visit: &mut Visit, quantum: u64) {
        // What is spent to the last instruction is over when the next round begins.
        let over = visit.used.saturating_sub(1) / quantum;
        let Some(order) = self.scheduler.skip_rounds(hw_id, (over, quantum), visit.used) else { return };
        visit.used -= over * quantum;
        self.time += over * quantum;
        if let Some(round) = &mut self.round {
            // In front of it there is nobody.
            round.at = order.iter().position(|&slot| slot == hw_id).unwrap_or_default();
            (round.order, round.longest) = (order, 0);
        }
    }
}
