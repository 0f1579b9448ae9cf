//! What the kernel knows about each guest thread: its blocks in guest memory, the calls it is in,
//! its APCs.

use crate::layout::kpcr;
use crate::limits::Limits;
use crate::notification_list::NotificationList;
use crate::status::failure::Fallible;
use crate::thread::Processes;
use crate::thread::apc::{ApcSource, Apcs};
use crate::thread::frames::Frames;
use crate::thread::interrupts::Interrupts;
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::ThreadRef;

/// A thread's stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// First address of the allocation, guard pages included.
    pub allocation: GuestAddr,
    /// Low end.
    pub limit: GuestAddr,
    /// High end.
    pub base: GuestAddr,
}

/// One thread.
#[derive(Debug)]
pub struct ThreadRecord {
    /// Its name in the scheduler; counted.
    pub reference: ThreadRef,
    /// Guest thread id.
    pub id: u32,
    /// Body of the thread object.
    pub kthread: GuestAddr,
    /// Processor control region, in r13.
    pub kpcr: GuestAddr,
    /// Stack.
    pub stack: Stack,
    /// Static TLS data; the dynamic slots follow it.
    pub tls: GuestAddr,
    /// Name that the title gave it.
    pub name: Option<String>,
    /// Guest code that its exports are waiting for, innermost last.
    pub frames: Frames,
    /// What it has been asked to call.
    pub apcs: Apcs,
    /// Alerts, by processor mode, that wait for an alertable wait.
    pub alerted: [bool; 2],
    /// Base priority increment that the title set, −15…+15.
    pub priority_increment: i32,
    /// Whether the title has been told that it ends.
    pub end_is_told: bool,
    /// Whether it has ended.
    pub ended: bool,
}

/// All threads of a machine.
#[derive(Debug, Default)]
pub struct Threads {
    records: BTreeMap<u32, ThreadRecord>,
    by_kthread: BTreeMap<GuestAddr, u32>,
    next_id: u32,
    /// Process blocks.
    pub processes: Processes,
    /// Routines that hear of threads that begin and end.
    pub notifications: NotificationList,
    /// Service threads, their queues, the graphics callback.
    pub interrupts: Interrupts,
}

impl Threads {
    /// No threads yet; what is refused is counted in `limits`.
    pub fn new(processes: Processes, limits: Arc<Limits>) -> Self {
        Self { processes, interrupts: Interrupts::new(limits), ..Self::default() }
    }

    /// The next thread id: 1, 2, 3… Never reused.
    pub fn next_id(&mut self) -> Fallible<u32> {
        self.next_id = self.next_id.checked_add(1).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        Ok(self.next_id)
    }

    /// Adds a thread.
    pub fn insert(&mut self, record: ThreadRecord) {
        self.by_kthread.insert(record.kthread, record.id);
        self.records.insert(record.id, record);
    }

    /// The thread of this id.
    pub fn get(&self, id: u32) -> Option<&ThreadRecord> {
        self.records.get(&id)
    }

    /// The thread of this id.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut ThreadRecord> {
        self.records.get_mut(&id)
    }

    /// The thread of this id, which has these values in r13 and r1: calls that it has left by now
    /// are forgotten.
    pub(crate) fn get_on_stack(
        &mut self,
        memory: &GuestMemory,
        id: u32,
        kpcr: GuestAddr,
        stack_pointer: u32,
    ) -> Option<&mut ThreadRecord> {
        let record = self.records.get_mut(&id)?;
        let low = memory.read(kpcr.offset(kpcr::STACK_END)).unwrap_or(u32::MAX);
        record.frames.forget(low, stack_pointer);
        Some(record)
    }

    /// The thread whose object's body lies at `kthread`.
    pub fn by_kthread(&self, kthread: GuestAddr) -> Option<&ThreadRecord> {
        self.records.get(self.by_kthread.get(&kthread)?)
    }

    /// Takes a timer's APC out of the queue that it is in.
    pub fn forget_timer_apc(&mut self, timer: GuestAddr) {
        for record in self.records.values_mut() {
            record.apcs.user.retain(|apc| apc.source != ApcSource::Timer(timer));
        }
    }

    /// Forgets a thread whose object is gone.
    pub fn remove(&mut self, kthread: GuestAddr) -> Option<ThreadRecord> {
        let id = self.by_kthread.remove(&kthread)?;
        self.records.remove(&id)
    }

    /// All threads by id.
    pub fn iter(&self) -> impl Iterator<Item = &ThreadRecord> {
        self.records.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_up() {
        let mut threads = Threads::default();
        assert_eq!((threads.next_id().unwrap(), threads.next_id().unwrap()), (1, 2));
    }
}
