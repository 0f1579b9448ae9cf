//! Saved state of the threads' records.
//!
//! States come from files, so identifiers, stacks, names and priorities are checked before the
//! kernel relies on them. Counts over all threads are computed again instead of being saved.

#[cfg(test)]
mod tests;

use super::{MAX_THREAD_NAME, Stack, ThreadRecord, Threads};
use crate::notification_list::NotificationList;
#[cfg(any(test, feature = "testing"))]
use crate::objects::HeldState;
use crate::objects::{Objects, check_thread};
use crate::thread::apc::ApcsState;
use crate::thread::frames::{FrameCount, FramesState};
use crate::thread::interrupts::InterruptsState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_sched::ThreadRef;
use xenia_state::{Impossible, check};

/// State of [`Threads`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ThreadsState {
    /// By thread ID.
    records: BTreeMap<u32, ThreadRecordState>,
    by_kthread: BTreeMap<GuestAddr, u32>,
    next_id: u32,
    notifications: NotificationList,
    interrupts: InterruptsState,
}

/// State of a [`ThreadRecord`].
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ThreadRecordState {
    reference: ThreadRef,
    kthread: GuestAddr,
    kpcr: GuestAddr,
    stack: Stack,
    tls: GuestAddr,
    name: Option<String>,
    frames: FramesState,
    apcs: ApcsState,
    alerted: [bool; 2],
    priority_increment: i32,
    exit_is_notified: bool,
    ended: bool,
}

/// Pending work of restored threads, which is counted over all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PendingWork {
    /// Kernel-mode APCs in all queues.
    pub(crate) apcs: usize,
    /// Calls saved for threads and service threads whose wait ended before they parked.
    pub(crate) calls: usize,
}

impl ThreadRecord {
    fn state(&self) -> ThreadRecordState {
        let Self {
            reference,
            // The key of the record.
            id: _,
            kthread,
            kpcr,
            stack,
            tls,
            name,
            frames,
            apcs,
            alerted,
            priority_increment,
            exit_is_notified,
            ended,
        } = self;
        ThreadRecordState {
            reference: *reference,
            kthread: *kthread,
            kpcr: *kpcr,
            stack: *stack,
            tls: *tls,
            name: name.clone(),
            frames: frames.state(),
            apcs: apcs.state(),
            alerted: *alerted,
            priority_increment: *priority_increment,
            exit_is_notified: *exit_is_notified,
            ended: *ended,
        }
    }
}

impl ThreadRecordState {
    /// The record of the thread `id`. Its frames are counted in `all`.
    fn restore(self, id: u32, objects: &Arc<Objects>, all: &FrameCount) -> Result<ThreadRecord, Impossible> {
        let Self {
            reference,
            kthread,
            kpcr,
            stack,
            tls,
            name,
            frames,
            apcs,
            alerted,
            priority_increment,
            exit_is_notified,
            ended,
        } = self;
        check_thread(reference)?;
        check((-15..=15).contains(&priority_increment), "a thread's priority increment is beyond 15")?;
        let Stack { allocation, limit, base } = stack;
        let is_ordered = allocation <= limit && limit <= base && base.0 < 0x8000_0000;
        check(is_ordered, "a thread's stack is out of order, or too high in memory")?;
        let has_fitting_name =
            name.as_ref().is_none_or(|name| name.chars().count() <= MAX_THREAD_NAME as usize);
        check(has_fitting_name, "a thread's name is too long")?;
        Ok(ThreadRecord {
            reference,
            id,
            kthread,
            kpcr,
            stack,
            tls,
            name,
            frames: frames.restore(all)?,
            apcs: apcs.restore(objects)?,
            alerted,
            priority_increment,
            exit_is_notified,
            ended,
        })
    }
}

impl Threads {
    pub(crate) fn state(&self) -> ThreadsState {
        let Self {
            records,
            by_kthread,
            next_id,
            // Noted again from the queues.
            timer_apcs: _,
            // Made with the kernel; they never move.
            processes: _,
            notifications,
            interrupts,
            // The machine has them.
            limits: _,
            // A stub that is made with the kernel.
            call_return: _,
        } = self;
        ThreadsState {
            records: records.iter().map(|(&id, record)| (id, record.state())).collect(),
            by_kthread: by_kthread.clone(),
            next_id: *next_id,
            notifications: notifications.clone(),
            interrupts: interrupts.state(),
        }
    }

    /// Forgets all threads, and drops the objects that their waits hold.
    pub(crate) fn release_all(&mut self) {
        self.records.clear();
        self.timer_apcs.clear();
    }

    /// Replaces all threads; returns their pending work. The objects' table must be restored.
    /// Frames are counted in `all`.
    pub(crate) fn restore(
        &mut self,
        objects: &Arc<Objects>,
        all: &FrameCount,
        state: ThreadsState,
    ) -> Result<PendingWork, Impossible> {
        let ThreadsState { records, by_kthread, next_id, notifications, interrupts } = state;
        let ids = records.keys().all(|&id| (1..=next_id).contains(&id));
        check(ids, "the ID of a thread is 0 or above the last one")?;
        let is_known = by_kthread
            .iter()
            .all(|(kthread, id)| records.get(id).is_some_and(|record| record.kthread == *kthread));
        check(is_known, "the object of a thread is not the one in its record")?;
        notifications.check_state()?;
        self.records.clear();
        for (id, record) in records {
            self.records.insert(id, record.restore(id, objects, all)?);
        }
        self.note_queued_timer_apcs();
        self.interrupts.restore(interrupts)?;
        self.by_kthread = by_kthread;
        self.next_id = next_id;
        self.notifications = notifications;
        let apcs = self.records.values().map(|record| record.apcs.kernel.len()).sum();
        let saved: usize = self.records.values().map(|record| record.apcs.pending_calls()).sum();
        Ok(PendingWork { apcs, calls: saved + self.interrupts.pending_calls() })
    }
}

#[cfg(any(test, feature = "testing"))]
impl ThreadsState {
    /// The objects that interrupted waits hold.
    pub(crate) fn held(&self) -> impl Iterator<Item = HeldState> + '_ {
        self.records.values().flat_map(|record| record.apcs.held())
    }
}
