//! Saved state of the scheduler: all threads and slots, between two runs.
//!
//! Invariants: no state is taken while a thread is between opening and committing a wait; a loaded
//! one is untrusted, so names, waits, wait words and times are checked against each other.

use super::Scheduler;
use super::rounds::RoundsState;
use crate::common::state::CommonState;
use crate::slot::state::SlotState;
use crate::thread_table::ThreadTable;
use crate::thread_table::state::ThreadTableState;
use crate::wait_word::WaitWordState;
use crate::{GuestTicks, HW_THREADS, HwSlot, MAX_TICKS, ThreadState, WaitWord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_cpu::Reservation;
use xenia_state::{Impossible, Unsaveable, check};

/// All threads and their slots, as they are saved between two runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SchedulerState {
    slots: [SlotState; HW_THREADS],
    thread_table: ThreadTableState,
    /// The wait word of each position of the thread table.
    wait_words: [Vec<WaitWordState>; HW_THREADS],
    common: CommonState,
    rounds: RoundsState,
    now: GuestTicks,
}

impl SchedulerState {
    /// Guest time. It is not checked.
    pub(crate) fn now(&self) -> GuestTicks {
        self.now
    }
}

impl Scheduler {
    /// The state of all threads and slots, between two runs.
    ///
    /// # Errors
    /// A thread is in the middle of a call.
    pub fn state(&self) -> Result<SchedulerState, Unsaveable> {
        let Self { slots, thread_table, common, rounds, now } = self;
        for thread in self.threads() {
            let word = common.directory.wait_word(thread.reference).map(WaitWord::state);
            let is_settled = word.is_ok_and(|word| is_settled(word, &thread.state));
            if !is_settled {
                return Err(format!("thread {:#x} is about to wait", thread.id).into());
            }
        }
        let states = slots.iter().map(HwSlot::state).collect::<Result<Vec<_>, _>>()?;
        let slots = states.try_into().map_err(|_| "the machine has another number of slots")?;
        let words = |hw_id| common.directory.wait_words(hw_id, thread_table.positions(hw_id));
        Ok(SchedulerState {
            slots,
            thread_table: thread_table.state(),
            wait_words: std::array::from_fn(|hw_id| words(hw_id as u8)),
            common: common.state(),
            rounds: rounds.state(),
            now: *now,
        })
    }

    /// Replaces all threads and slots by those of a saved state. The sink of events, and the
    /// settings, stay.
    ///
    /// # Errors
    /// A value that no scheduler can have; this one is then not to be used any more.
    pub fn restore(&mut self, state: SchedulerState) -> Result<(), Impossible> {
        let SchedulerState { slots, thread_table, wait_words, common, rounds, now } = state;
        check(now <= MAX_TICKS, "the guest time is too late")?;
        let last_wait = common.last_wait();
        self.common.restore(common)?;
        self.rounds.restore(rounds)?;
        self.thread_table = ThreadTable::restored(thread_table)?;
        self.now = now;
        // By name: the slot, and the state of the thread.
        let mut threads = BTreeMap::new();
        for (slot, hw_id) in slots.iter().zip(0_u8..) {
            for thread in slot.threads() {
                let before = threads.insert(thread.reference, (hw_id, thread.state()));
                check(before.is_none(), "two threads have one name")?;
                if let ThreadState::Waiting { serial, since, .. } = thread.state() {
                    // A visit that was cut may be ahead of the scheduler's time.
                    let is_possible = *serial <= last_wait && *since <= MAX_TICKS;
                    check(is_possible, "a wait began too late, or after the last one")?;
                }
            }
        }
        for (words, hw_id) in wait_words.iter().zip(0..) {
            let is_right = words.len() == self.thread_table.positions(hw_id);
            check(is_right, "the number of wait words differs from that of names")?;
        }
        for ((r, has_exited), word) in self.thread_table.names().zip(wait_words.into_iter().flatten()) {
            let thread = threads.remove(&r);
            let exited = thread.map(|(_, state)| matches!(state, ThreadState::Exited { .. }));
            check(has_exited == exited, "a name's use contradicts the table of threads")?;
            let is_right = thread.map_or(word.is_over(), |(_, state)| is_settled(word, state));
            check(is_right, "a thread's wait contradicts its wait word")?;
            let slot = thread.map(|(slot, _)| slot);
            self.common.directory.restore(r, word, slot).map_err(|error| error.to_string())?;
        }
        check(threads.is_empty(), "a thread has a name that was not given")?;
        for ((slot, state), hw_id) in self.slots.iter_mut().zip(slots).zip(0..) {
            *slot = HwSlot::restored(hw_id, state, &self.common)?;
        }
        Ok(())
    }
}

impl Scheduler {
    /// Ends the reservations of all threads.
    pub(crate) fn forget_reservations(&mut self) {
        let threads = self.slots.iter_mut().flat_map(|slot| slot.records.iter_mut());
        for context in threads.filter_map(|thread| thread.ctx.as_mut()) {
            context.reservation = Reservation::default();
        }
    }
}

/// Whether a thread in this state can have this wait word between two runs.
fn is_settled(word: WaitWordState, state: &ThreadState) -> bool {
    match state {
        ThreadState::Exited { .. } => word.is_over(),
        state => word.suits(matches!(state, ThreadState::Waiting { .. })),
    }
}
