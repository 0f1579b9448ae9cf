//! The scheduler: threads and their slots, with a single owner.
//!
//! Operations on threads are implemented once, for one slot or two ([`crate::slot`]). Here each
//! operation finds the thread's slot and applies it; in parallel runs, [`crate::parallel`] does the
//! same under the slot's lock, on the parts of this struct.

mod control;
#[cfg(test)]
mod costs;
mod cpu;
mod rounds;
mod spawn;
mod state;
mod waits;

use crate::common::{Common, Moment};
use crate::contention::{ContentionPoints, RecordedContention};
use crate::slot::WholeVisits;
use crate::slot::moves::{best_for, migrate};
use crate::thread_table::ThreadTable;
use crate::{
    Contention, Event, EventSink, GuestThread, GuestTicks, HW_THREADS, HwSlot, OrderMode, QUANTUM_DEFAULT,
    SchedError, SchedulerCounters, ThreadRef,
};
pub(crate) use rounds::Rounds;
pub use state::SchedulerState;
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use xenia_cpu::PpcContext;

/// Settings of a scheduler.
#[derive(Clone, Debug)]
pub struct SchedulerConfig {
    /// How the slots of a round are ordered.
    pub order: OrderMode,
    /// Length of a visit in instructions; at least 1.
    pub quantum: u32,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self { order: OrderMode::Fixed, quantum: QUANTUM_DEFAULT }
    }
}

/// Threads on six slots. The crate documentation lists its invariants.
pub struct Scheduler {
    pub(crate) slots: [HwSlot; HW_THREADS],
    pub(crate) thread_table: ThreadTable,
    pub(crate) common: Common,
    pub(crate) rounds: Rounds,
    pub(crate) now: GuestTicks,
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler")
            .field("slots", &self.slots)
            .field("now", &self.now)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

impl Default for Scheduler {
    fn default() -> Self {
        Self::new(SchedulerConfig::default())
    }
}

impl Scheduler {
    /// Creates a scheduler without threads, at tick 0.
    pub fn new(config: SchedulerConfig) -> Self {
        let (rounds, replayed) = Rounds::new(config);
        Self {
            slots: std::array::from_fn(|hw_id| HwSlot::new(hw_id as u8)),
            thread_table: ThreadTable::default(),
            common: Common::new(rounds.quantum(), ContentionPoints::new(replayed)),
            rounds,
            now: 0,
        }
    }

    // ---- time, events, counters ----

    /// Current guest time in ticks.
    #[inline]
    pub fn now(&self) -> GuestTicks {
        self.now
    }

    /// Sets guest time; for the executor.
    #[inline]
    pub fn set_now(&mut self, now: GuestTicks) {
        self.now = now;
    }

    /// Sets the sink of events.
    pub fn set_events(&mut self, events: Box<dyn EventSink>) {
        self.common.set_events(events);
    }

    /// Logs an event at the present guest time.
    pub fn emit(&mut self, event: &Event<'_>) {
        self.common.emit(self.now, event);
    }

    /// The counters of all slots.
    pub fn counters(&self) -> SchedulerCounters {
        let mut sum = self.thread_table.counters.clone();
        self.slots.iter().for_each(|slot| sum += &slot.counters);
        sum.deadlock_recoveries += self.common.recoveries.load(Relaxed);
        sum.deadlock_halts += self.common.halts.load(Relaxed);
        sum
    }

    // ---- threads ----

    /// The slot that a thread is on, and the shared state for an operation on it.
    fn slot_and_moment(&mut self, r: ThreadRef) -> Result<(&mut HwSlot, Moment<'_>), SchedError> {
        let slot = self.common.directory.slot_of(r)?;
        let slot = self.slots.get_mut(usize::from(slot)).ok_or(SchedError::Stale(r))?;
        Ok((slot, Moment { common: &self.common, now: self.now }))
    }

    /// Counts a stored reference: its position is not reused before [`Self::release`].
    pub fn retain(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        self.thread_table.retain(r)
    }

    /// Releases a counted reference.
    pub fn release(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        self.thread_table.release(r)
    }

    /// The thread with this name.
    pub fn thread(&self, r: ThreadRef) -> Result<&GuestThread, SchedError> {
        let slot = self.common.directory.slot_of(r)?;
        self.slots.get(usize::from(slot)).ok_or(SchedError::Stale(r))?.records.get(r)
    }

    /// A thread's registers, unless they are out.
    pub fn context_mut(&mut self, r: ThreadRef) -> Result<&mut PpcContext, SchedError> {
        self.slot_and_moment(r)?.0.context_mut(r)
    }

    /// All threads slot by slot, including exited ones that are not freed yet.
    pub fn threads(&self) -> impl Iterator<Item = &GuestThread> {
        self.slots.iter().flat_map(|slot| slot.records.iter())
    }

    /// Threads of the title that have not exited.
    pub fn live_threads(&self) -> usize {
        self.common.live()
    }

    /// Exit code of the title's thread that ended last, which is the title's if it ends because its
    /// threads have.
    pub fn exit_code(&self) -> u32 {
        self.common.exit_code()
    }

    /// A hardware thread.
    #[inline]
    pub fn slot(&self, hw_id: u8) -> Option<&HwSlot> {
        self.slots.get(usize::from(hw_id))
    }

    /// The running thread of a slot.
    pub fn running(&self, hw_id: u8) -> Option<ThreadRef> {
        self.slot(hw_id)?.running()
    }

    /// A bit per slot that has a running thread, or a ready one that no spinning thread blocks.
    pub fn non_empty_runnable(&self) -> u8 {
        self.common.runnable()
    }

    // ---- rounds and visits ----

    /// Returns the order of the next round and advances the rotation cursor.
    pub fn begin_round(&mut self) -> [u8; HW_THREADS] {
        self.rounds.begin()
    }

    /// Accounts for the completed rounds of these visits, in which only the thread of this slot has
    /// executed, `instructions` in all, the last of them in the round after those. Returns the
    /// order of that round, or `None` if no round was completed.
    pub(crate) fn skip_rounds(
        &mut self,
        hw_id: u8,
        visits: WholeVisits,
        instructions: u64,
    ) -> Option<[u8; HW_THREADS]> {
        if visits.count == 0 {
            return None;
        }
        if let Some(slot) = self.slots.get_mut(usize::from(hw_id)) {
            slot.renew_quantum(&self.common, visits, instructions);
        }
        Some(self.rounds.skip(visits.count))
    }

    /// Whether the thread in this slot is the only ready thread of all slots, and would keep the
    /// slot at the end of its quantum, so that it alone would run in the next rounds, in any order.
    pub(crate) fn is_alone(&self, hw_id: u8) -> bool {
        self.common.runnable() == 1 << hw_id
            && !self.rounds.are_shuffled()
            && self.slot(hw_id).is_some_and(HwSlot::has_one)
    }

    /// Instructions in a visit. `shift` is log2 of the instructions per tick.
    pub fn visit_budget(&self, shift: u32) -> u64 {
        self.rounds.visit_budget(shift)
    }

    /// Picks the slot's thread: the running one stays, unless one of higher priority is ready, or
    /// its quantum is over and one of equal priority is ready, and it does not hold the slot. A
    /// slot without threads takes a ready thread from another slot; see [`Self::take_moved`].
    #[inline]
    pub fn begin_slot_visit(&mut self, hw_id: u8) -> Option<ThreadRef> {
        if self.slot(hw_id)?.is_idle() {
            self.steal(hw_id)?;
        }
        self.slots.get_mut(usize::from(hw_id))?.pick(&self.common)
    }

    /// Work stealing: a slot without threads takes a ready thread from another slot.
    fn steal(&mut self, hw_id: u8) -> Option<()> {
        if !self.common.can_take_thread(hw_id) {
            return None;
        }
        let (from, thread) = best_for(hw_id, |index| self.slots.get(index))?;
        let migrated = self.migrate(from, usize::from(hw_id), thread);
        debug_assert_eq!(migrated, Ok(()), "a slot offers a thread that it does not have");
        if let Err(error) = migrated {
            tracing::error!(target: "sched", "a thread that a slot offers can't migrate: {error}");
            return None;
        }
        self.slots.get_mut(usize::from(hw_id))?.records.known_mut(thread)?.moved = true;
        Some(())
    }

    fn migrate(&mut self, from: usize, to: usize, thread: ThreadRef) -> Result<(), SchedError> {
        let moment = Moment { common: &self.common, now: self.now };
        let both = self.slots.get_disjoint_mut([from, to]);
        let [from, to] = both.map_err(|_| SchedError::Stale(thread))?;
        migrate(moment, from, to, thread)
    }

    /// Subtracts executed instructions from the quantum of the slot's thread.
    #[inline]
    pub fn decrement_quantum(&mut self, hw_id: u8, instructions: u64) {
        if let Some(slot) = self.slots.get_mut(usize::from(hw_id)) {
            slot.decrement_quantum(instructions);
        }
    }

    /// Makes the slot's thread yield to ready threads of equal priority.
    pub fn yield_slot(&mut self, hw_id: u8) {
        if let Some(slot) = self.slots.get_mut(usize::from(hw_id)) {
            slot.yield_slot();
        }
    }

    /// Makes a running thread yield to the other ready threads of its slot; see
    /// [`crate::Cpu::yield_thread`].
    pub fn yield_thread(&mut self, r: ThreadRef) -> Result<bool, SchedError> {
        self.slot_and_moment(r)?.0.yield_thread(r)
    }

    /// Whether the guest has not been notified of a thread's present slot yet; resets the flag.
    #[inline]
    pub fn take_moved(&mut self, r: ThreadRef) -> bool {
        self.common.has_roaming_threads() && self.slot_and_moment(r).is_ok_and(|(slot, _)| slot.take_moved(r))
    }

    /// Guest ids of the threads whose priority the scheduler has changed since the last call; for
    /// [`crate::System::priority_changed`].
    #[inline]
    pub fn take_changed_priorities(&mut self) -> Vec<u32> {
        if !self.common.take_priority_changes() {
            return Vec::new();
        }
        self.slots.iter_mut().flat_map(HwSlot::take_changed_priorities).collect()
    }

    // ---- recorded contention ----

    /// Counts a lock attempt of thread `tid` and returns the contention that the replayed record
    /// has for it.
    pub fn peek_contention(&mut self, tid: u32) -> Option<Contention> {
        self.common.with_contention(|contention| contention.peek(tid))?
    }

    /// Starts recording contention. To be called before a thread runs, so that attempts are counted
    /// from the first one.
    pub fn record_contention(&mut self) {
        self.common.contention_mut(ContentionPoints::record);
    }

    /// Takes the recorded contention, if recording was on.
    pub fn take_recorded_contention(&mut self) -> Option<RecordedContention> {
        self.common.contention_mut(ContentionPoints::take_recorded)
    }
}
