//! Lock holders, for reports: owners of critical sections, mutants and spin locks, and threads
//! whose end others wait for. Addresses that titles may have overwritten are looked up in the
//! kernel's records and never dereferenced.

use crate::objects::dispatcher::Dispatcher;
use crate::thread::records::{ThreadRecord, Threads};
use xenia_guest::GuestAddr;
use xenia_guest::layout::critical_section;
use xenia_memory::GuestMemory;
use xenia_sched::{BlockReason, Holder};
use xenia_sync::Mutex;

/// Look-up of the threads that hold awaited objects.
#[derive(Clone, Copy)]
pub struct LockHolders<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) dispatcher: &'k Dispatcher,
    pub(crate) threads: &'k Mutex<Threads>,
}

impl LockHolders<'_> {
    /// The threads that hold the objects of a wait, as far as the kernel can determine.
    pub(crate) fn holders(&self, reason: &BlockReason) -> Vec<Holder> {
        match reason {
            BlockReason::Objects { objects, .. } => {
                objects.as_slice().iter().filter_map(|object| self.holder_of_object(object.0)).collect()
            }
            BlockReason::CriticalSection { section } => {
                let owner = GuestAddr(*section).offset(critical_section::OWNER);
                self.memory
                    .read(owner)
                    .ok()
                    .and_then(|kthread| self.holder(*section, kthread))
                    .into_iter()
                    .collect()
            }
            BlockReason::SpinLock { lock } => {
                let holder: Option<GuestAddr> = self.memory.read(GuestAddr(*lock)).ok();
                let threads = self.threads.lock();
                let has = |record: &&ThreadRecord| !record.ended && Some(record.kpcr) == holder;
                let thread = threads.iter().find(has).map(|record| record.id);
                thread.map(|thread| Holder { object: *lock, thread }).into_iter().collect()
            }
            BlockReason::Delay
            | BlockReason::Idle
            | BlockReason::Socket
            | BlockReason::Completion
            | BlockReason::Overlapped
            | BlockReason::Dialog => Vec::new(),
        }
    }

    /// ID of the thread that holds the object of a wait, or 0.
    pub(crate) fn first_id(&self, reason: &BlockReason) -> u32 {
        self.holders(reason).first().map_or(0, |holder| holder.thread)
    }

    /// A mutant's owner, or the thread itself if the object is a thread.
    fn holder_of_object(&self, object: u32) -> Option<Holder> {
        let at = GuestAddr(object);
        let owner = self.dispatcher.mutant_owner(at);
        self.holder(object, owner.unwrap_or(at))
    }

    fn holder(&self, object: u32, kthread: GuestAddr) -> Option<Holder> {
        let thread = self.threads.lock().by_kthread(kthread)?.id;
        Some(Holder { object, thread })
    }
}
