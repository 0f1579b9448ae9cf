//! Thread records: the kernel's state of each guest thread, which is its guest memory blocks, call
//! frames and APCs.

mod state;

pub(crate) use state::ThreadsState;

use crate::notification_list::NotificationList;
use crate::status::failure::Fallible;
use crate::thread::Processes;
use crate::thread::apc::{ApcSource, Apcs};
use crate::thread::frames::Frames;
use crate::thread::interrupts::Interrupts;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use xenia_guest::layout::kpcr;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::ResourceLimits;
use xenia_memory::GuestMemory;
use xenia_sched::ThreadRef;

/// Largest number of characters in a thread's name.
pub const MAX_THREAD_NAME: u32 = 128;

/// Guest addresses of a thread's stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// First address of the allocation, guard pages included.
    pub allocation: GuestAddr,
    /// Low end of the stack.
    pub limit: GuestAddr,
    /// High end of the stack.
    pub base: GuestAddr,
}

/// The kernel's record of one thread.
#[derive(Debug)]
pub struct ThreadRecord {
    /// The scheduler's thread; a counted reference.
    pub reference: ThreadRef,
    /// The guest thread ID.
    pub id: u32,
    /// Body of the thread object.
    pub kthread: GuestAddr,
    /// Address of the processor control region, which is in r13.
    pub kpcr: GuestAddr,
    pub stack: Stack,
    /// Static TLS data; the dynamic slots follow it.
    pub tls: GuestAddr,
    /// Name that the title gave it, of at most [`MAX_THREAD_NAME`] characters.
    pub name: Option<String>,
    /// Guest code that its exports have called and wait for, innermost last.
    pub frames: Frames,
    /// The thread's APC queues.
    pub apcs: Apcs,
    /// Pending alerts by processor mode, for the next alertable wait that they end.
    pub alerted: [bool; 2],
    /// Base priority increment set by the title, −15…+15.
    pub priority_increment: i32,
    /// Whether the title has been notified that it ends.
    pub exit_is_notified: bool,
    pub ended: bool,
}

impl ThreadRecord {
    /// Drops the frames of calls that the thread, with this r13 and r1, has left without returning.
    pub(super) fn drop_abandoned_frames(
        &mut self,
        memory: &GuestMemory,
        kpcr: GuestAddr,
        stack_pointer: u32,
    ) {
        let low = memory.read(kpcr.offset(kpcr::STACK_END)).unwrap_or(u32::MAX);
        self.frames.forget(low, stack_pointer);
    }
}

/// All threads of a machine.
#[derive(Debug, Default)]
pub struct Threads {
    pub(super) records: BTreeMap<u32, ThreadRecord>,
    by_kthread: BTreeMap<GuestAddr, u32>,
    /// Timers, each with a thread whose queue may have the timer's APC. A delivered APC leaves its
    /// entry, so a timer has one until it is set again, cancelled or deleted.
    timer_apcs: BTreeSet<(GuestAddr, u32)>,
    next_id: u32,
    pub processes: Processes,
    /// Routines to call when threads begin and end.
    pub notifications: NotificationList,
    /// Service threads, their queues and the graphics callback.
    pub interrupts: Interrupts,
    pub(super) limits: Arc<ResourceLimits>,
    /// Address to which guest functions return that the kernel calls.
    pub(super) call_return: GuestAddr,
}

impl Threads {
    /// Creates an empty table. Refused requests are counted in `limits`; guest functions that the
    /// kernel calls return to `call_return`.
    pub fn new(processes: Processes, limits: Arc<ResourceLimits>, call_return: GuestAddr) -> Self {
        let interrupts = Interrupts::new(limits.clone());
        Self { processes, interrupts, limits, call_return, ..Self::default() }
    }

    /// The next thread ID: 1, 2, 3… IDs are never reused.
    pub fn next_id(&mut self) -> Fallible<u32> {
        self.next_id = self.next_id.checked_add(1).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        Ok(self.next_id)
    }

    pub fn insert(&mut self, record: ThreadRecord) {
        self.by_kthread.insert(record.kthread, record.id);
        self.records.insert(record.id, record);
    }

    /// The record of the thread with this ID.
    pub fn get(&self, id: u32) -> Option<&ThreadRecord> {
        self.records.get(&id)
    }

    /// The record of the thread with this ID, mutably.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut ThreadRecord> {
        self.records.get_mut(&id)
    }

    /// The record of the thread with this ID, given its r13 and r1. Drops the frames of calls that
    /// it has left without returning.
    pub(crate) fn get_on_stack(
        &mut self,
        memory: &GuestMemory,
        id: u32,
        kpcr: GuestAddr,
        stack_pointer: u32,
    ) -> Option<&mut ThreadRecord> {
        let record = self.records.get_mut(&id)?;
        record.drop_abandoned_frames(memory, kpcr, stack_pointer);
        Some(record)
    }

    /// The record of the thread whose object's body lies at `kthread`.
    pub fn by_kthread(&self, kthread: GuestAddr) -> Option<&ThreadRecord> {
        self.records.get(self.by_kthread.get(&kthread)?)
    }

    /// The size in bytes of a thread's stack if the address is in its lower guard, which most often
    /// means endless recursion.
    pub(crate) fn full_stack(&self, id: u32, at: GuestAddr) -> Option<u32> {
        let Stack { allocation, limit, base } = self.get(id)?.stack;
        (allocation..limit).contains(&at).then(|| base.0.saturating_sub(limit.0))
    }

    /// Notes that a timer's APC was queued to a thread.
    pub(super) fn note_timer_apc(&mut self, timer: GuestAddr, thread_id: u32) {
        self.timer_apcs.insert((timer, thread_id));
    }

    /// Notes the timers' APCs in all queues, and nothing else.
    fn note_queued_timer_apcs(&mut self) {
        let queued = self.records.iter().flat_map(|(&id, record)| {
            record.apcs.user.iter().filter_map(move |apc| match apc.source {
                ApcSource::Timer(timer) => Some((timer, id)),
                ApcSource::Object(_) | ApcSource::Kernel | ApcSource::Socket => None,
            })
        });
        self.timer_apcs = queued.collect();
    }

    /// Removes a timer's APC from the queue that it is in.
    pub fn forget_timer_apc(&mut self, timer: GuestAddr) {
        while let Some(&noted) = self.timer_apcs.range((timer, 0)..=(timer, u32::MAX)).next() {
            self.timer_apcs.remove(&noted);
            if let Some(record) = self.records.get_mut(&noted.1) {
                record.apcs.user.retain(|apc| apc.source != ApcSource::Timer(timer));
            }
        }
    }

    /// Removes the record of a thread whose object was deleted.
    pub fn remove(&mut self, kthread: GuestAddr) -> Option<ThreadRecord> {
        let id = self.by_kthread.remove(&kthread)?;
        self.records.remove(&id)
    }

    /// All records, ordered by ID.
    pub fn iter(&self) -> impl Iterator<Item = &ThreadRecord> {
        self.records.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thread_ids_count_up_from_one() {
        let mut threads = Threads::default();
        assert_eq!((threads.next_id().unwrap(), threads.next_id().unwrap()), (1, 2));
    }
}
