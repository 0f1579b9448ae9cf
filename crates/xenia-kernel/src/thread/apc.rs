//! Asynchronous procedure calls (APCs): guest functions that are queued to a thread, which calls
//! them at certain points.
//!
//! | kind | runs |
//! |---|---|
//! | user | in an alertable user-mode wait of its thread, in order; it then ends with `USER_APC` |
//! | kernel | at level 0, outside critical regions and other normal routines of kernel-mode APCs |
//! | special kernel: without a normal routine | at level 0, before the others |
//!
//! An APC begins with its kernel routine, if it has one, which may change the normal routine and
//! its arguments. A kernel-mode APC is delivered when its thread returns from a kernel call, or by
//! interrupting a wait for objects, which resumes afterwards. A thread that computes without kernel
//! calls, or waits for anything else, gets it when that is over.
//!
//! The call that queues an APC decides under the thread's turn how the thread gets it:
//!
//! | the thread | its routine |
//! |---|---|
//! | is parked in a wait that the APC ends or interrupts | begins as the thread wakes |
//! | has begun such a wait, not parked ([`Woken::BeforePark`]) | begins instead (`before_park`) |
//! | does anything else | begins at its next such wait or return from a kernel call |
//!
//! A turn is locked before the threads' records. So `queue` reads the thread's reference, which
//! leads to the turn, under an earlier lock, and `push` checks that the record still has it.
//!
//! A thread that ends calls the rundown routines of the APCs left in its queues.

mod calls;
mod state;

pub(crate) use calls::{after_kernel_routine, finish};
pub(crate) use state::ApcsState;

use crate::abi::{AfterApc, Call, GuestCall, ProcessorMode};
use crate::objects::dispatcher::{Dispatcher, WaitBlock};
use crate::status::failure::Fallible;
use crate::thread::pending_count::PendingCount;
use crate::thread::records::{ThreadRecord, Threads};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use xenia_cpu::PpcContext;
use xenia_guest::layout::kapc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::{Limit, ResourceLimits};
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, Interruption, ThreadRef, WakeResult, Woken};
use xenia_sync::Mutex;

/// Origin of an APC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApcSource {
    /// The guest's APC object, which records whether it is queued.
    Object(GuestAddr),
    /// A timer, which has at most one APC in a queue, however often it expires.
    Timer(GuestAddr),
    /// The kernel, which queues it once.
    Kernel,
    /// A socket's request that is complete. Winsock's routines have a fourth argument, the flags of
    /// a receive: none are set.
    Socket,
}

/// An APC in a thread's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apc {
    /// Origin, which prevents queueing the same APC twice.
    pub source: ApcSource,
    /// The kernel routine, called first, or null.
    pub kernel_routine: GuestAddr,
    /// The normal routine; null only if there is just a kernel routine.
    pub routine: GuestAddr,
    /// Arguments of the normal routine.
    pub args: [u64; 3],
}

impl Apc {
    /// Creates an APC without a kernel routine.
    pub fn new(source: ApcSource, routine: GuestAddr, args: [u64; 3]) -> Self {
        Self { source, kernel_routine: GuestAddr::NULL, routine, args }
    }
}

/// APC queues of a thread, and the waits that APCs have interrupted.
#[derive(Debug, Default)]
pub struct Apcs {
    /// User-mode APCs, in order of arrival.
    pub user: VecDeque<Apc>,
    /// Kernel-mode APCs, special ones first.
    pub kernel: VecDeque<Apc>,
    /// Waits that kernel-mode APCs have interrupted, by their numbers, innermost last. The wait of
    /// an APC that never returns is dropped with the next interruption.
    pub interrupted: BTreeMap<u64, WaitBlock>,
    /// Number of interruptions so far, which numbers the next one.
    pub interruptions: u64,
    /// The APC call of a thread whose wait was interrupted before it parked.
    before_park: Option<GuestCall>,
    /// Whether the thread is ending: no further APC is queued.
    run_down: bool,
}

/// The threads' APC queues and alerts, and the waits that these end.
#[derive(Clone, Copy)]
pub struct ApcQueues<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) limits: &'k ResourceLimits,
    pub(crate) dispatcher: &'k Dispatcher,
    pub(crate) threads: &'k Mutex<Threads>,
    /// Number of kernel-mode APCs in all queues.
    pub(crate) pending_apcs: &'k PendingCount,
    /// Number of calls saved for threads whose wait ended before they parked.
    pub(crate) pending_calls: &'k PendingCount,
}

/// The thread that an APC is for, as it was when its turn was taken.
#[derive(Clone, Copy)]
struct Target {
    thread_id: u32,
    /// The scheduler's thread; `None` if the thread has no record.
    reference: Option<ThreadRef>,
}

impl ApcQueues<'_> {
    /// Queues an APC to a thread. A user-mode APC ends an alertable wait in user mode; a
    /// kernel-mode one interrupts any wait for objects. Returns `false` if the APC's object or
    /// timer has an APC in a queue already, or if the timer has been cancelled.
    pub fn queue(&self, cpu: &mut dyn Cpu, thread_id: u32, mode: ProcessorMode, apc: Apc) -> Fallible<bool> {
        // Held until the thread's wait is on no list, or the thread sees the APC before it waits. A
        // thread without a record is refused below.
        let reference = self.threads.lock().get(thread_id).map(|record| record.reference);
        let mut wait = reference.map(|reference| self.dispatcher.wait_of(reference));
        let mut threads = self.threads.lock();
        // Cancelling a timer happens before its APC is searched in the queues: either the search
        // finds the APC, or this finds the timer cancelled.
        if let ApcSource::Timer(timer) = apc.source
            && !self.dispatcher.timers().take_apc(timer)
        {
            return Ok(false);
        }
        if !self.push(&mut threads, Target { thread_id, reference }, mode, apc)? {
            return Ok(false);
        }
        let (Some(wait), Some(reference)) = (&mut wait, reference) else { return Ok(true) };
        let mut entered = Ok(());
        match mode {
            ProcessorMode::User => {
                wait.turn.request_interruption();
                let mut enter = |ctx: &mut PpcContext| {
                    let next = threads.next_apc(self.memory, thread_id);
                    entered = next.and_then(|next| match next {
                        Some(guest) => threads.push_frame(self.memory, thread_id, ctx, guest),
                        None => Ok(()),
                    });
                };
                let by = Interruption::User;
                let woken = wait.interrupt_alertable(self.memory, cpu, by, NtStatus::USER_APC, &mut enter)?;
                if woken == Woken::BeforePark {
                    let next = threads.next_apc(self.memory, thread_id)?;
                    self.save_pending_call(&mut threads, thread_id, next);
                }
            }
            ProcessorMode::Kernel => {
                if !wait.is_waiting() {
                    return Ok(true);
                }
                let Some(guest) = self.take_interrupting(&mut threads, thread_id)? else { return Ok(true) };
                if let Some(wait) = wait.take(self.memory) {
                    threads.note_interrupted(thread_id, wait);
                }
                let mut guest = Some(guest);
                let woken = cpu.wake_with(reference, WakeResult::unboosted(0), &mut |ctx| {
                    if let Some(guest) = guest.take() {
                        entered = threads.push_frame(self.memory, thread_id, ctx, guest);
                    }
                })?;
                if woken == Woken::BeforePark {
                    self.save_pending_call(&mut threads, thread_id, guest);
                }
                woken.by_owner(reference);
            }
        }
        entered.map(|()| true)
    }

    /// Adds an APC to the queue of the thread with this ID, and marks its object as inserted.
    /// Returns `false` if it is in a queue already.
    fn push(&self, threads: &mut Threads, target: Target, mode: ProcessorMode, apc: Apc) -> Fallible<bool> {
        let memory = self.memory;
        let Target { thread_id, reference } = target;
        if let ApcSource::Object(object) = apc.source {
            if memory.read::<u8>(object.offset(kapc::INSERTED))? != 0 {
                return Ok(false);
            }
            memory.write(object.offset(kapc::ARG1), apc.args[1] as u32)?;
            memory.write(object.offset(kapc::ARG2), apc.args[2] as u32)?;
        }
        let is_there = |record: &&mut ThreadRecord| {
            Some(record.reference) == reference && !record.ended && !record.apcs.run_down
        };
        let record = threads.get_mut(thread_id).filter(is_there);
        let record = record.ok_or(NtStatus::THREAD_IS_TERMINATING)?;
        let Apcs { user, kernel, .. } = &mut record.apcs;
        if matches!(apc.source, ApcSource::Timer(_)) && user.iter().any(|queued| queued.source == apc.source)
        {
            return Ok(false);
        }
        self.limits.admit(Limit::Apcs, user.len() + kernel.len())?;
        if let ApcSource::Object(object) = apc.source {
            memory.write(object.offset(kapc::INSERTED), 1_u8)?;
        }
        match mode {
            ProcessorMode::User => user.push_back(apc),
            ProcessorMode::Kernel => {
                let specials = kernel.iter().take_while(|apc| apc.routine.is_null()).count();
                kernel.insert(if apc.routine.is_null() { specials } else { kernel.len() }, apc);
                self.pending_apcs.add();
            }
        }
        if let ApcSource::Timer(timer) = apc.source {
            threads.note_timer_apc(timer, thread_id);
        }
        Ok(true)
    }

    /// Takes a kernel-mode APC that may interrupt the thread's wait for objects now.
    fn take_interrupting(&self, threads: &mut Threads, thread_id: u32) -> Fallible<Option<GuestCall>> {
        let number = threads.get(thread_id).map_or(0, |record| record.apcs.interruptions);
        self.next_kernel(threads, thread_id, AfterApc::WaitAgain(number))
    }

    /// Saves the APC call for a thread whose wait was interrupted before it parked.
    fn save_pending_call(&self, threads: &mut Threads, thread_id: u32, guest: Option<GuestCall>) {
        if let (Some(record), Some(guest)) = (threads.get_mut(thread_id), guest) {
            record.apcs.before_park = Some(guest);
            self.pending_calls.add();
        }
    }

    /// Takes the saved call of a thread.
    pub(crate) fn take_pending_call(&self, thread_id: u32) -> Option<GuestCall> {
        let guest = self.threads.lock().get_mut(thread_id)?.apcs.before_park.take()?;
        self.pending_calls.remove(1);
        Some(guest)
    }

    /// Takes a kernel-mode APC that has arrived since the thread's last call, to run before its
    /// wait for objects begins. The wait resumes after the APC. Without such an APC, `wait` is
    /// returned.
    pub(crate) fn interrupt_before(
        &self,
        thread_id: u32,
        wait: WaitBlock,
    ) -> Fallible<Result<GuestCall, WaitBlock>> {
        let mut threads = self.threads.lock();
        let Some(guest) = self.take_interrupting(&mut threads, thread_id)? else { return Ok(Err(wait)) };
        threads.note_interrupted(thread_id, wait);
        Ok(Ok(guest))
    }

    /// Removes an APC object from its thread's queues; returns whether it was in one.
    pub fn remove(&self, thread_id: u32, object: GuestAddr) -> Fallible<bool> {
        let mut threads = self.threads.lock();
        let Some(record) = threads.get_mut(thread_id) else { return Ok(false) };
        let Apcs { user, kernel, .. } = &mut record.apcs;
        let user_before = user.len();
        let kernel_before = kernel.len();
        for queue in [&mut *user, &mut *kernel] {
            queue.retain(|queued| queued.source != ApcSource::Object(object));
        }
        self.pending_apcs.remove(kernel_before - kernel.len());
        let found = user_before != user.len() || kernel_before != kernel.len();
        if found {
            self.memory.write(object.offset(kapc::INSERTED), 0_u8)?;
        }
        Ok(found)
    }

    /// Alerts a thread: its current or next alertable wait ends with `ALERTED`. A user-mode alert
    /// ends only waits in user mode. Returns whether the thread was already alerted.
    pub fn alert(&self, cpu: &mut dyn Cpu, thread_id: u32, mode: ProcessorMode) -> Fallible<bool> {
        // Held until the wait is on no list, or until the next wait will find the alert.
        let reference = self.threads.lock().get(thread_id).map(|record| record.reference);
        let mut wait = self.dispatcher.wait_of(reference.ok_or(NtStatus::INVALID_PARAMETER)?);
        let alerted = |threads: &Threads| threads.get(thread_id).map(|record| record.alerted[mode as usize]);
        if alerted(&self.threads.lock()).ok_or(NtStatus::INVALID_PARAMETER)? {
            return Ok(true);
        }
        let by = match mode {
            ProcessorMode::Kernel => Interruption::KernelAlert,
            ProcessorMode::User => Interruption::User,
        };
        let woken = wait.interrupt_alertable(self.memory, cpu, by, NtStatus::ALERTED, &mut |_| ())?;
        if woken == Woken::NotWaiting
            && let Some(record) = self.threads.lock().get_mut(thread_id)
        {
            record.alerted[mode as usize] = true;
            wait.turn.request_interruption();
        }
        Ok(false)
    }
}

impl Call<'_> {
    /// Drops the frames of guest calls that the calling thread has left without returning (for
    /// example by `longjmp`), so that a kernel-mode APC that was left no longer blocks the next.
    pub(crate) fn forget_abandoned_calls(&self) {
        if self.kernel.frame_count.is_zero() {
            return;
        }
        let id = self.thread_id();
        let at = self.ctx().gpr[1] as u32;
        self.kernel.threads.lock().get_on_stack(self.memory(), id, self.kpcr(), at);
    }
}

impl ThreadRecord {
    /// Drops interrupted waits whose APC call is not on the frame stack any more, because the
    /// thread has left the APC without returning.
    pub(super) fn drop_stale_waits(&mut self) {
        let live: Vec<AfterApc> = self.apc_calls().map(|call| call.after).collect();
        self.apcs.interrupted.retain(|&number, _| live.contains(&AfterApc::WaitAgain(number)));
    }
}

impl Threads {
    /// Records that a kernel-mode APC has interrupted a thread's wait.
    fn note_interrupted(&mut self, thread_id: u32, wait: WaitBlock) {
        let Some(record) = self.get_mut(thread_id) else { return };
        record.drop_stale_waits();
        record.apcs.interrupted.insert(record.apcs.interruptions, wait);
        record.apcs.interruptions += 1;
    }
}
