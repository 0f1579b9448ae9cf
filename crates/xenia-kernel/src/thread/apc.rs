//! Asynchronous procedure calls: functions that a thread calls in between, because it was asked to.
//!
//! | kind | runs |
//! |---|---|
//! | user | in an alertable wait of its thread, after everything that was queued before it; the wait ends with `USER_APC` |
//! | kernel | at level 0, outside critical regions and not inside another of its kind |
//! | special kernel: without a normal routine | at level 0, before the others |
//!
//! Each begins with its kernel routine, if it has one, which may change the normal routine and its arguments. A kernel-mode
//! APC comes to its thread where that returns from a kernel call, or out of a wait for objects, which goes on after it. To a
//! thread that computes without a call, or waits for anything else, it comes when that is over.
//!
//! A thread that ends calls the rundown routines of what is left in its queues.

use crate::Kernel;
use crate::abi::{Call, Continuation, Flow, GuestCall};
use crate::exports::waiting;
use crate::layout::{kapc, kpcr, kthread};
use crate::limits::Limit;
use crate::objects::dispatcher::WaitBlock;
use crate::status::failure::Fallible;
use crate::system::call_frame_locals;
use crate::thread::deferred::Mode;
use crate::thread::interrupt_level::APC_LEVEL;
use crate::thread::records::{ThreadRecord, Threads};
use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
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
    /// Waits that kernel-mode APCs have interrupted, by number, the innermost last. One whose APC never returns is let go
    /// with the next.
    pub(crate) interrupted: Vec<(u64, WaitBlock)>,
    /// Waits that have been interrupted.
    pub(crate) interruptions: u64,
    /// The call that a thread makes whose wait was interrupted before it had parked.
    before_park: Option<GuestCall>,
    /// Whether the thread is about to end: nothing more is queued.
    run_down: bool,
}

/// What follows an APC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// The next user APC; after the last, the interrupted wait returns `USER_APC`.
    AlertableWait,
    /// The kernel call returns this.
    Return(u64),
    /// The interrupted wait of this number goes on.
    WaitAgain(u64),
}

/// Names of the continuations of an APC's routines.
const KERNEL_ROUTINE: &str = "apc_kernel_routine";
const NORMAL_ROUTINE: &str = "apc_normal_routine";

impl After {
    fn to_words(self) -> [u64; 2] {
        match self {
            Self::AlertableWait => [0, 0],
            Self::Return(value) => [1, value],
            Self::WaitAgain(number) => [2, number],
        }
    }

    fn of_words([kind, value, ..]: [u64; 4]) -> Self {
        match kind {
            0 => Self::AlertableWait,
            1 => Self::Return(value),
            _ => Self::WaitAgain(value),
        }
    }
}

impl Kernel {
    /// Queues an APC to a thread: a user APC ends an alertable wait, a kernel-mode one interrupts any wait for objects. `false`
    /// if its object is in a queue already, or its timer has one there or has been taken back.
    pub(crate) fn queue_apc(
        &self,
        cpu: &mut dyn Cpu,
        thread_id: u32,
        mode: Mode,
        apc: Apc,
    ) -> Fallible<bool> {
        // Held until the thread's wait is on no list, or it finds the APC before it waits. A thread that has none is refused below.
        let reference = self.threads.lock().get(thread_id).map(|record| record.reference);
        let mut wait = reference.map(|reference| self.dispatcher.wait_of(reference));
        let mut threads = self.threads.lock();
        // Whoever takes the timer back does so before it looks for its APC in the queues: it finds it there, or this finds none.
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

    /// Puts an APC into the queue of the thread that has this name, and says so in its object; `false` if it is in a queue already.
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

    /// Whether any thread that goes on before it parks has a call to make. Its own is there by the time it knows that its wait is over
    /// and has had its turn.
    pub(crate) fn has_left_calls(&self) -> bool {
        self.left_calls.load(Relaxed) > 0
    }

    /// The call that was left for a thread.
    pub(crate) fn take_left_call(&self, thread_id: u32) -> Option<GuestCall> {
        let guest = self.threads.lock().get_mut(thread_id)?.apcs.before_park.take()?;
        self.left_calls.fetch_sub(1, Relaxed);
        Some(guest)
    }

    /// Whether any thread's queue has kernel-mode APCs. Where a thread's turn is locked, none comes to it after this look.
    pub(crate) fn has_kernel_apcs(&self) -> bool {
        self.pending_apcs.load(Relaxed) > 0
    }

    /// The call of a kernel-mode APC that has come since the thread's last call, and comes before its wait for objects. The wait
    /// goes on after it; without such an APC it comes back.
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

    /// The calling thread is about to return from a kernel call: a kernel-mode APC that may run now comes first.
    pub(crate) fn before_return(&self, call: &Call, value: u64) -> Flow {
        if !self.has_kernel_apcs() {
            return Flow::Return(value);
        }
        call.forget_left_calls();
        let next = self.next_kernel_apc(&mut self.threads.lock(), call.thread_id(), After::Return(value));
        match next {
            Ok(Some(guest)) => Flow::CallGuest(guest),
            Ok(None) => Flow::Return(value),
            Err(failure) => {
                tracing::debug!(target: "kernel", "an APC of thread {}: {failure}", call.thread_id());
                Flow::Return(value)
            }
        }
    }

    /// Takes the next kernel-mode APC that may run now.
    fn next_kernel_apc(
        &self,
        threads: &mut Threads,
        thread_id: u32,
        after: After,
    ) -> Fallible<Option<GuestCall>> {
        loop {
            let Some(record) = threads.get_mut(thread_id) else { return Ok(None) };
            let Some(first) = record.apcs.kernel.front() else { return Ok(None) };
            let level: u8 = self.memory.read(record.kpcr.offset(kpcr::CURRENT_IRQL))?;
            let disabled: i32 = self.memory.read(record.kthread.offset(kthread::APC_DISABLE_COUNT))?;
            let held_back = !first.routine.is_null() && (disabled != 0 || record.is_in_kernel_apc());
            if level != 0 || held_back {
                return Ok(None);
            }
            let Some(apc) = record.apcs.kernel.pop_front() else { return Ok(None) };
            self.pending_apcs.fetch_sub(1, Relaxed);
            if let Some(guest) = begin(&self.memory, record, apc, Mode::Kernel, after)? {
                return Ok(Some(guest));
            }
        }
    }

    /// The call of the next rundown routine of a thread that is to end with `code`, which is all that its APCs come to.
    pub(crate) fn next_rundown(&self, thread_id: u32, code: u32) -> Option<GuestCall> {
        let mut threads = self.threads.lock();
        let apcs = &mut threads.get_mut(thread_id)?.apcs;
        apcs.run_down = true;
        loop {
            let apc = match apcs.kernel.pop_front() {
                Some(apc) => {
                    self.pending_apcs.fetch_sub(1, Relaxed);
                    apc
                }
                None => apcs.user.pop_front()?,
            };
            let ApcSource::Object(object) = apc.source else { continue };
            // An object that is gone has no routine.
            let _ = self.memory.write(object.offset(kapc::INSERTED), 0_u8);
            let routine: GuestAddr =
                self.memory.read(object.offset(kapc::RUNDOWN_ROUTINE)).unwrap_or(GuestAddr::NULL);
            if !routine.is_null() {
                let state = [u64::from(code), 0, 0, 0];
                let then = Continuation::Export { name: "rundown_returned", run: rundown_returned, state };
                return Some(GuestCall { args: vec![u64::from(object.0)], ..GuestCall::new(routine, then) });
            }
        }
    }
}

impl Call<'_> {
    /// Forgets the guest code that exports of this thread have called and that it has left by now: an APC of the kernel's mode
    /// that it is no longer in holds no other back.
    pub(crate) fn forget_left_calls(&self) {
        if self.kernel.frames_of_all.is_zero() {
            return;
        }
        let (id, at) = (self.thread_id(), self.ctx().gpr[1] as u32);
        self.kernel.threads.lock().get_on_stack(self.memory(), id, self.kpcr(), at);
    }
}

impl ThreadRecord {
    /// Routines of APCs that the thread is in, or about to enter: which, what follows, and of which mode the APC is.
    fn apc_calls(&self) -> impl Iterator<Item = (&'static str, After, Mode)> + '_ {
        let before_park = self.apcs.before_park.iter().map(|call| &call.then);
        let calls = self.frames.iter().map(|frame| &frame.then).chain(before_park);
        calls.filter_map(|then| match *then {
            Continuation::Export { name: name @ (KERNEL_ROUTINE | NORMAL_ROUTINE), state, .. } => {
                Some((name, After::of_words(state), Mode::of(state[3] as u32)))
            }
            _ => None,
        })
    }

    /// Whether it is inside the normal routine of a kernel-mode APC.
    fn is_in_kernel_apc(&self) -> bool {
        self.apc_calls().any(|(name, _, mode)| name == NORMAL_ROUTINE && mode == Mode::Kernel)
    }

    /// Forgets interrupted waits that no call goes back to any more, as the thread has left their APCs in another way.
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

    /// The call of a thread's next user APC, taken from its queue.
    pub(crate) fn next_apc(&mut self, memory: &GuestMemory, thread_id: u32) -> Fallible<Option<GuestCall>> {
        let Some(record) = self.get_mut(thread_id) else { return Ok(None) };
        while let Some(apc) = record.apcs.user.pop_front() {
            if let Some(guest) = begin(memory, record, apc, Mode::User, After::AlertableWait)? {
                return Ok(Some(guest));
            }
        }
        Ok(None)
    }
}

/// The first call of an APC that has been taken from its queue; `None` if it has nothing to call.
fn begin(
    memory: &GuestMemory,
    record: &mut ThreadRecord,
    apc: Apc,
    mode: Mode,
    after: After,
) -> Fallible<Option<GuestCall>> {
    let mut object = GuestAddr::NULL;
    if let ApcSource::Object(at) = apc.source {
        memory.write(at.offset(kapc::INSERTED), 0_u8)?;
        object = at;
    }
    if apc.kernel_routine.is_null() {
        return Ok((!apc.routine.is_null()).then(|| normal_routine(apc.routine, &apc.args, mode, after)));
    }
    let level_at = record.kpcr.offset(kpcr::CURRENT_IRQL);
    let level: u8 = memory.read(level_at)?;
    memory.write(level_at, level.max(APC_LEVEL))?;
    let [kind, value] = after.to_words();
    let state = [kind, value, u64::from(level), mode as u64];
    let then = Continuation::Export { name: KERNEL_ROUTINE, run: kernel_routine_returned, state };
    Ok(Some(GuestCall {
        args: vec![u64::from(object.0)],
        // It gets their addresses, and may change them.
        locals: [apc.routine.0].into_iter().chain(apc.args.iter().map(|&word| word as u32)).collect(),
        ..GuestCall::new(apc.kernel_routine, then)
    }))
}

/// The call of an APC's normal routine.
fn normal_routine(routine: GuestAddr, args: &[u64], mode: Mode, after: After) -> GuestCall {
    let [kind, value] = after.to_words();
    let state = [kind, value, 0, mode as u64];
    let then = Continuation::Export { name: NORMAL_ROUTINE, run: apc_returned, state };
    GuestCall { args: args.to_vec(), ..GuestCall::new(routine, then) }
}

/// The kernel routine of an APC has returned: the normal routine that it has left.
fn kernel_routine_returned(call: &mut Call, _result: u64, state: [u64; 4]) -> Flow {
    let [_, _, level, mode] = state;
    let (after, mode) = (After::of_words(state), Mode::of(mode as u32));
    let words = || -> Fallible<[u32; 4]> {
        let at = call_frame_locals(call.ctx().gpr[1]);
        call.memory().write(call.kpcr().offset(kpcr::CURRENT_IRQL), level as u8)?;
        let mut words = [0; 4];
        for (index, word) in (0..).zip(&mut words) {
            *word = call.memory().read(at.offset(4 * index))?;
        }
        Ok(words)
    };
    match words() {
        Ok([0, ..]) => finish(call, after),
        Ok([routine, args @ ..]) => {
            Flow::CallGuest(normal_routine(GuestAddr(routine), &args.map(u64::from), mode, after))
        }
        // The routine has taken its own stack away.
        Err(_) => finish(call, after),
    }
}

/// The normal routine of an APC has returned.
fn apc_returned(call: &mut Call, _result: u64, state: [u64; 4]) -> Flow {
    finish(call, After::of_words(state))
}

fn finish(call: &mut Call, after: After) -> Flow {
    let id = call.thread_id();
    match after {
        After::Return(value) => Flow::Return(value),
        After::AlertableWait => match call.kernel.threads.lock().next_apc(call.memory(), id) {
            Ok(Some(guest)) => Flow::CallGuest(guest),
            Ok(None) => Flow::Return(NtStatus::USER_APC.to_register()),
            Err(failure) => Flow::Return(failure.status().to_register()),
        },
        After::WaitAgain(number) => {
            let next = call.kernel.next_kernel_apc(&mut call.kernel.threads.lock(), id, after);
            if let Ok(Some(guest)) = next {
                return Flow::CallGuest(guest);
            }
            let wait = call.kernel.threads.lock().get_mut(id).and_then(|record| {
                let waits = &mut record.apcs.interrupted;
                let index = waits.iter().position(|&(of, _)| of == number)?;
                Some(waits.remove(index).1)
            });
            match wait {
                Some(wait) => waiting::wait_again(call, wait),
                None => Flow::Return(NtStatus::SUCCESS.to_register()),
            }
        }
    }
}

/// A rundown routine has returned: the next one, or the end.
fn rundown_returned(_call: &mut Call, _result: u64, [code, ..]: [u64; 4]) -> Flow {
    Flow::Exit { code: code as u32 }
}
