//! Asynchronous procedure calls: functions that a thread calls in between, because it was asked to.
//!
//! | kind | runs |
//! |---|---|
//! | user | in an alertable wait of its thread, after everything that was queued before it; the wait ends with `USER_APC` |
//! | kernel | at level 0, outside critical regions and not inside another of its kind |
//! | special kernel: without a normal routine | at level 0, before the others |
//!
//! Each begins with its kernel routine, if it has one, which may change the normal routine and its
//! arguments. A kernel-mode APC comes to its thread where that returns from a kernel call, or out
//! of a wait for objects, which goes on after it. To a thread that computes without a call, or
//! waits for anything else, it comes when that is over.
//!
//! A thread that ends calls the rundown routines of what is left in its queues.

mod calls;

use crate::Kernel;
use crate::abi::{Call, GuestCall};
use crate::layout::kapc;
use crate::limits::Limit;
use crate::objects::dispatcher::WaitBlock;
use crate::status::failure::Fallible;
use crate::thread::deferred::Mode;
use crate::thread::records::{ThreadRecord, Threads};
use calls::After;
use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_sched::{Cpu, ThreadRef, Woken};

/// Whose an APC is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApcSource {
    /// The guest's APC object, which says whether it is in a queue.
    Object(GuestAddr),
    /// A timer, which has one APC: that is in the queue or not, however often the timer expires.
    Timer(GuestAddr),
    /// The kernel's, for one occasion.
    Kernel,
}

/// An APC in a thread's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apc {
    /// Whose it is.
    pub source: ApcSource,
    /// What is called first, or null.
    pub kernel_routine: GuestAddr,
    /// The function; null only where the kernel routine is all there is.
    pub routine: GuestAddr,
    /// Its arguments.
    pub args: [u64; 3],
}

impl Apc {
    /// One without a kernel routine.
    pub fn new(source: ApcSource, routine: GuestAddr, args: [u64; 3]) -> Self {
        Self { source, kernel_routine: GuestAddr::NULL, routine, args }
    }
}

/// What a thread has been asked to call.
#[derive(Debug, Default)]
pub struct Apcs {
    /// User APCs.
    pub user: VecDeque<Apc>,
    /// Kernel-mode APCs, special ones first.
    pub kernel: VecDeque<Apc>,
    /// Waits that kernel-mode APCs have interrupted, by number, the innermost last. One whose APC
    /// never returns is let go with the next.
    pub(crate) interrupted: Vec<(u64, WaitBlock)>,
    /// Waits that have been interrupted.
    pub(crate) interruptions: u64,
    /// The call that a thread makes whose wait was interrupted before it had parked.
    before_park: Option<GuestCall>,
    /// Whether the thread is about to end: nothing more is queued.
    run_down: bool,
}

impl Kernel {
    /// Queues an APC to a thread: a user APC ends an alertable wait, a kernel-mode one interrupts
    /// any wait for objects. `false` if its object is in a queue already, or its timer has one
    /// there or has been taken back.
    pub(crate) fn queue_apc(
        &self,
        cpu: &mut dyn Cpu,
        thread_id: u32,
        mode: Mode,
        apc: Apc,
    ) -> Fallible<bool> {
        // Held until the thread's wait is on no list, or it finds the APC before it waits. A thread that
        // has none is refused below.
        let reference = self.threads.lock().get(thread_id).map(|record| record.reference);
        let mut wait = reference.map(|reference| self.dispatcher.wait_of(reference));
        let mut threads = self.threads.lock();
        // Whoever takes the timer back does so before it looks for its APC in the queues: it finds it
        // there, or this finds none.
        if let ApcSource::Timer(timer) = apc.source
            && !self.dispatcher.timers().take_apc(timer)
        {
            return Ok(false);
        }
        if !self.push_apc(&mut threads, (thread_id, reference), mode, apc)? {
            return Ok(false);
        }
        let (Some(wait), Some(reference)) = (&mut wait, reference) else { return Ok(true) };
        let mut entered = Ok(());
        match mode {
            Mode::User => {
                wait.turn.ask();
                let mut enter = |ctx: &mut PpcContext| {
                    let next = threads.next_apc(&self.memory, thread_id);
                    entered = next.and_then(|next| match next {
                        Some(guest) => self.push_frame_of(&mut threads, thread_id, ctx, guest),
                        None => Ok(()),
                    });
                };
                let woken = wait.interrupt_alertable(&self.memory, cpu, NtStatus::USER_APC, &mut enter)?;
                if woken == Woken::BeforePark {
                    let next = threads.next_apc(&self.memory, thread_id)?;
                    self.leave_call(&mut threads, thread_id, next);
                }
            }
            Mode::Kernel => {
                if !wait.is_waiting() {
                    return Ok(true);
                }
                let Some(guest) = self.interrupting_apc(&mut threads, thread_id)? else { return Ok(true) };
                if let Some(wait) = wait.take(&self.memory) {
                    threads.note_interrupted(thread_id, wait);
                }
                let mut guest = Some(guest);
                let woken = cpu.wake_with(reference, 0, 0, &mut |ctx| {
                    if let Some(guest) = guest.take() {
                        entered = self.push_frame_of(&mut threads, thread_id, ctx, guest);
                    }
                })?;
                if woken == Woken::BeforePark {
                    self.leave_call(&mut threads, thread_id, guest);
                }
                woken.by_owner(reference);
            }
        }
        entered.map(|()| true)
    }

    /// Puts an APC into the queue of the thread that has this name, and says so in its object;
    /// `false` if it is in a queue already.
    fn push_apc(
        &self,
        threads: &mut Threads,
        (thread_id, reference): (u32, Option<ThreadRef>),
        mode: Mode,
        apc: Apc,
    ) -> Fallible<bool> {
        let memory = &*self.memory;
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
            Mode::User => user.push_back(apc),
            Mode::Kernel => {
                let specials = kernel.iter().take_while(|apc| apc.routine.is_null()).count();
                kernel.insert(if apc.routine.is_null() { specials } else { kernel.len() }, apc);
                self.pending_apcs.fetch_add(1, Relaxed);
            }
        }
        Ok(true)
    }

    /// The call of a kernel-mode APC that may interrupt the thread's wait for objects now.
    fn interrupting_apc(&self, threads: &mut Threads, thread_id: u32) -> Fallible<Option<GuestCall>> {
        let number = threads.get(thread_id).map_or(0, |record| record.apcs.interruptions);
        self.next_kernel_apc(threads, thread_id, After::WaitAgain(number))
    }

    /// Leaves a call for a thread whose wait has been interrupted before it parked.
    fn leave_call(&self, threads: &mut Threads, thread_id: u32, guest: Option<GuestCall>) {
        if let (Some(record), Some(guest)) = (threads.get_mut(thread_id), guest) {
            record.apcs.before_park = Some(guest);
            self.left_calls.fetch_add(1, Relaxed);
        }
    }

    /// Whether any thread that goes on before it parks has a call to make. Its own is there by the
    /// time it knows that its wait is over and has had its turn.
    pub(crate) fn has_left_calls(&self) -> bool {
        self.left_calls.load(Relaxed) > 0
    }

    /// The call that was left for a thread.
    pub(crate) fn take_left_call(&self, thread_id: u32) -> Option<GuestCall> {
        let guest = self.threads.lock().get_mut(thread_id)?.apcs.before_park.take()?;
        self.left_calls.fetch_sub(1, Relaxed);
        Some(guest)
    }

    /// Whether any thread's queue has kernel-mode APCs. Where a thread's turn is locked, none comes
    /// to it after this look.
    pub(crate) fn has_kernel_apcs(&self) -> bool {
        self.pending_apcs.load(Relaxed) > 0
    }

    /// The call of a kernel-mode APC that has come since the thread's last call, and comes before
    /// its wait for objects. The wait goes on after it; without such an APC it comes back.
    pub(crate) fn interrupt_before(
        &self,
        thread_id: u32,
        wait: WaitBlock,
    ) -> Fallible<Result<GuestCall, WaitBlock>> {
        let mut threads = self.threads.lock();
        let Some(guest) = self.interrupting_apc(&mut threads, thread_id)? else { return Ok(Err(wait)) };
        threads.note_interrupted(thread_id, wait);
        Ok(Ok(guest))
    }

    /// Takes an APC object out of its thread's queues; says whether it was in one.
    pub(crate) fn remove_apc(&self, thread_id: u32, object: GuestAddr) -> Fallible<bool> {
        let mut threads = self.threads.lock();
        let Some(record) = threads.get_mut(thread_id) else { return Ok(false) };
        let Apcs { user, kernel, .. } = &mut record.apcs;
        let before = (user.len(), kernel.len());
        for queue in [&mut *user, &mut *kernel] {
            queue.retain(|queued| queued.source != ApcSource::Object(object));
        }
        self.pending_apcs.fetch_sub(before.1 - kernel.len(), Relaxed);
        let found = before != (user.len(), kernel.len());
        if found {
            self.memory.write(object.offset(kapc::INSERTED), 0_u8)?;
        }
        Ok(found)
    }
}

impl Call<'_> {
    /// Forgets the guest code that exports of this thread have called and that it has left by now:
    /// an APC of the kernel's mode that it is no longer in holds no other back.
    pub(crate) fn forget_left_calls(&self) {
        if self.kernel.frames_of_all.is_zero() {
            return;
        }
        let (id, at) = (self.thread_id(), self.ctx().gpr[1] as u32);
        self.kernel.threads.lock().get_on_stack(self.memory(), id, self.kpcr(), at);
    }
}

impl ThreadRecord {
    /// Forgets interrupted waits that no call goes back to any more, as the thread has left their
    /// APCs in another way.
    pub(super) fn abandon_waits(&mut self) {
        let live: Vec<After> = self.apc_calls().map(|(_, after, _)| after).collect();
        self.apcs.interrupted.retain(|&(number, _)| live.contains(&After::WaitAgain(number)));
    }
}

impl Threads {
    /// Notes that a kernel-mode APC has interrupted a thread's wait.
    fn note_interrupted(&mut self, thread_id: u32, wait: WaitBlock) {
        let Some(record) = self.get_mut(thread_id) else { return };
        record.abandon_waits();
        record.apcs.interrupted.push((record.apcs.interruptions, wait));
        record.apcs.interruptions += 1;
    }
}
