//! Saved state of a slot: its threads and the order in which they run.

use super::{HwSlot, ReadyThread, records::Records};
use crate::affinity::others;
use crate::common::Common;
use crate::counters::CountersState;
use crate::priority::MAX_PRIORITY;
use crate::queue::QueueEnd;
use crate::slot::control::MAX_SUSPEND_COUNT;
use crate::thread::DeadlineKey;
use crate::{GuestThread, HW_THREADS, SchedulerCounters, ThreadRef, ThreadState};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::RangeInclusive;
use xenia_guest::ALL_HW_THREADS;
use xenia_state::{Impossible, Unsaveable, check};

/// Possible numbers of instructions left of a quantum.
const QUANTUM_LEFT: RangeInclusive<i64> = -MAX_QUANTUM_LEFT..=MAX_QUANTUM_LEFT;
const MAX_QUANTUM_LEFT: i64 = 1 << 50;

/// A slot as it is saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SlotState {
    threads: Vec<GuestThread>,
    running: Option<ThreadRef>,
    spinning: Option<ThreadRef>,
    quantum_left: i64,
    yields: bool,
    is_yielded_to: bool,
    /// Ready threads in the order in which they would run.
    ready: Vec<ThreadRef>,
    timed: BTreeMap<DeadlineKey, ThreadRef>,
    changed_priorities: Vec<ThreadRef>,
    last_ran: Option<ThreadRef>,
    counters: CountersState,
}

impl SlotState {
    /// The threads on the slot.
    pub(crate) fn threads(&self) -> &[GuestThread] {
        &self.threads
    }
}

/// A copy of a thread. Its registers keep the number of instructions that it has executed in its
/// visit, but not the budget that was left, because that depends on the limits of the run.
fn as_saved(thread: &GuestThread) -> GuestThread {
    let mut saved = thread.clone();
    if let Some(ctx) = &mut saved.ctx {
        ctx.visit_budget -= ctx.budget;
        ctx.budget = 0;
    }
    saved
}

impl HwSlot {
    /// The slot, for a saved state.
    pub(crate) fn state(&self) -> Result<SlotState, Unsaveable> {
        let Self {
            // The position among the slots.
            hw_id: _,
            records,
            running,
            spinning,
            quantum_left,
            yields,
            is_yielded_to,
            queues,
            // All three are rebuilt from the ready threads.
            elsewhere: _,
            roaming: _,
            offered_to: _,
            timed,
            changed_priorities,
            last_ran,
            // A parallel run notifies all its host threads when it begins.
            signals: _,
            counters,
        } = self;
        if let Some(thread) = records.iter().find(|thread| thread.context().is_none()) {
            return Err(format!("thread {:#x} has its registers out", thread.id).into());
        }
        Ok(SlotState {
            threads: records.iter().map(as_saved).collect(),
            running: *running,
            spinning: *spinning,
            quantum_left: *quantum_left,
            yields: *yields,
            is_yielded_to: *is_yielded_to,
            ready: queues.iter().collect(),
            timed: timed.clone(),
            changed_priorities: changed_priorities.clone(),
            last_ran: *last_ran,
            counters: counters.state(),
        })
    }

    /// A slot from a saved state. The names of its threads are in the directory already; the
    /// caller has checked that there is one record for each name.
    pub(crate) fn restored(hw_id: u8, mut state: SlotState, common: &Common) -> Result<Self, Impossible> {
        let mut records = Records::default();
        let mut active = BTreeSet::new();
        for thread in mem::take(&mut state.threads) {
            check_thread(&thread, hw_id)?;
            common.count_restored(&thread);
            let waits_for_slot = thread.state == ThreadState::Ready && thread.suspend_count == 0;
            if waits_for_slot || thread.state == ThreadState::Running {
                active.insert(thread.reference);
            }
            records.add(Box::new(thread));
        }
        check_places(&state, &records, &active)?;
        let SlotState {
            threads: _,
            running,
            spinning,
            quantum_left,
            yields,
            is_yielded_to,
            ready,
            timed,
            changed_priorities,
            last_ran,
            counters,
        } = state;
        let mut slot = Self {
            hw_id,
            records,
            running,
            spinning,
            quantum_left,
            yields,
            is_yielded_to,
            timed,
            changed_priorities,
            last_ran,
            counters: SchedulerCounters::restored(counters)?,
            ..Self::default()
        };
        let mut before = MAX_PRIORITY;
        for r in ready {
            let Ok(thread) = slot.records.get(r) else { continue };
            let priority = thread.priority;
            let others = others(thread.affinity, hw_id);
            check(priority <= before, "a queue of ready threads is out of order")?;
            before = priority;
            slot.make_ready(ReadyThread { thread: r, priority, others }, QueueEnd::Back);
        }
        if !slot.changed_priorities.is_empty() {
            common.note_priority_changes();
        }
        slot.show_deadline(common);
        slot.refresh(common);
        Ok(slot)
    }
}

/// Checks that a slot's running thread, queue, deadlines and quantum agree with its threads, of
/// which the `active` ones can run.
fn check_places(
    state: &SlotState,
    records: &Records,
    active: &BTreeSet<ThreadRef>,
) -> Result<(), Impossible> {
    let &SlotState { running, spinning, quantum_left, yields, is_yielded_to, ref ready, ref timed, .. } =
        state;
    let state_of = |r: ThreadRef| records.get(r).map(|thread| &thread.state).ok();
    // Each thread that can run is the running one or in the queue, once.
    let places: BTreeSet<_> = ready.iter().copied().chain(running).collect();
    let is_whole = places == *active && places.len() == ready.len() + usize::from(running.is_some());
    check(is_whole, "the threads that can run and the queue of a slot differ")?;
    let runs = running.is_none_or(|r| state_of(r) == Some(&ThreadState::Running));
    let are_ready = ready.iter().all(|&r| state_of(r) == Some(&ThreadState::Ready));
    check(running.is_some() || !(yields || is_yielded_to), "no thread of a slot has yielded")?;
    check(runs && are_ready, "a slot's running thread contradicts its threads")?;
    let spins = |r: ThreadRef| {
        records.get(r).is_ok_and(|thread| {
            thread.holds_slot && thread.wait().is_some_and(|wait| wait.reason.may_keep_slot())
        })
    };
    let may_spin = spinning.is_none_or(|r| running.is_none() && spins(r));
    check(may_spin, "a slot's spinning thread does not keep it, or another one runs")?;
    let is_due = |(&key, &r): (&DeadlineKey, &ThreadRef)| {
        records.get(r).is_ok_and(|thread| thread.deadline() == Some(key))
    };
    check(timed.iter().all(is_due), "a deadline is of a thread that does not wait for it")?;
    check(QUANTUM_LEFT.contains(&quantum_left), "the rest of a quantum is too long")
}

/// Checks the properties of a thread on slot `hw_id` that do not depend on others.
fn check_thread(thread: &GuestThread, hw_id: u8) -> Result<(), Impossible> {
    let GuestThread {
        ctx,
        id,
        reference,
        state,
        slot,
        affinity,
        ideal,
        base_priority,
        priority,
        // Any value is possible.
        boost_disabled: _,
        holds_slot: _,
        moved: _,
        queues_when_put_back,
        is_listed_as_changed: _,
        has_unreported_priority: _,
        quantum_left,
        suspend_count,
        service: _,
    } = thread;
    check(usize::from(reference.hw_id) < HW_THREADS, "the name of a thread has a slot that does not exist")?;
    let is_here = |slot: u8| slot == hw_id && affinity >> slot & 1 != 0;
    check(
        is_here(*slot) && affinity & !ALL_HW_THREADS == 0,
        "a thread is on another slot than its record, or outside of its affinity",
    )?;
    check(usize::from(*ideal) < HW_THREADS, "a thread prefers a slot that does not exist")?;
    check(*priority <= MAX_PRIORITY && *base_priority <= MAX_PRIORITY, "a thread's priority is too high")?;
    check(QUANTUM_LEFT.contains(quantum_left), "the rest of a thread's quantum is too long")?;
    check(*suspend_count <= MAX_SUSPEND_COUNT, "a thread's suspend count is too high")?;
    check(!queues_when_put_back || *state != ThreadState::Ready, "a ready thread is in no queue")?;
    let ctx = ctx.as_deref().ok_or("a thread has no registers")?;
    check(ctx.hw_id == *slot && ctx.thread_id == *id, "a thread has the registers of another")
}
