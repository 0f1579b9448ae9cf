//! Waiting: who waits for which dispatcher object, and what a signal does.
//!
//! An object's state is in guest memory (`DISPATCHER_HEADER.SignalState`), where titles may look at it; the lists of
//! waiters are here, by address of the header, and titles see a copy ([`super::wait_list`]). Waiters are served first come, first served, as NT serves them. A wait
//! for all objects takes none of them before it can take all.

use crate::layout::{dispatcher_header as header, kmutant, ksemaphore};
use crate::limits::{Limit, Limits};
use crate::objects::HeldObject;
use crate::objects::mutant::OwnedMutants;
use crate::objects::timer::Timers;
use crate::objects::wait_list::{Registration, WaitList};
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::{BlockReason, Cpu, GuestTicks, ThreadRef, Wait, Woken};

/// Kind of a dispatcher object, as its header's first byte says.
pub mod kind {
    /// Event that stays signalled until it is reset.
    pub const MANUAL_EVENT: u8 = 0;
    /// Event that one waiter consumes.
    pub const AUTO_EVENT: u8 = 1;
    /// Mutant.
    pub const MUTANT: u8 = 2;
    /// Semaphore.
    pub const SEMAPHORE: u8 = 5;
    /// Thread: signalled once it has ended.
    pub const THREAD: u8 = 6;
    /// Timer that stays signalled until it is set again.
    pub const MANUAL_TIMER: u8 = 8;
    /// Timer that one waiter consumes.
    pub const AUTO_TIMER: u8 = 9;
}

/// Objects that one wait may name.
pub const MAXIMUM_WAIT_OBJECTS: u32 = 64;

/// A wait for objects.
#[derive(Debug)]
pub struct WaitBlock {
    /// The objects.
    pub objects: Vec<GuestAddr>,
    /// Whether it is for all of them.
    pub all: bool,
    /// When it ends by itself.
    pub deadline: Option<GuestTicks>,
    /// Whether a user APC may end it.
    pub alertable: bool,
    /// The waiting thread's object, which becomes the owner of mutants.
    pub kthread: GuestAddr,
    /// The kernel's objects among them.
    pub held: Vec<HeldObject>,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Dispatcher {
    waiters: BTreeMap<GuestAddr, WaitList>,
    blocks: BTreeMap<ThreadRef, WaitBlock>,
    /// Mutants that have an owner.
    pub(super) owned: OwnedMutants,
    pub(super) limits: Arc<Limits>,
    /// Timers that are set.
    pub timers: Timers,
}

/// Who waits, and how.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    /// The thread.
    pub thread: ThreadRef,
    /// Its thread object.
    pub kthread: GuestAddr,
    /// Guest time at which the wait ends; `None`: never. A time not after now only looks.
    pub deadline: Option<GuestTicks>,
    /// Whether an APC may end it.
    pub alertable: bool,
}

/// What a wait came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitResult {
    /// It is over, with this status.
    Done(NtStatus),
    /// The thread must park like this.
    Park(Wait),
}

/// Reads an object's signal state.
pub fn signal_state(memory: &GuestMemory, object: GuestAddr) -> Fallible<i32> {
    Ok(memory.read(object.offset(header::SIGNAL_STATE))?)
}

/// Writes an object's signal state without looking for waiters.
pub fn set_signal_state(memory: &GuestMemory, object: GuestAddr, state: i32) -> Fallible<()> {
    Ok(memory.write(object.offset(header::SIGNAL_STATE), state)?)
}

/// Refuses an address that no dispatcher header can have: its words are accessed atomically on the console.
pub fn check_header(object: GuestAddr) -> Fallible<()> {
    if object.0.is_multiple_of(4) { Ok(()) } else { Err(NtStatus::DATATYPE_MISALIGNMENT.into()) }
}

/// Initialises a dispatcher header: no waiters.
pub fn initialize(memory: &GuestMemory, object: GuestAddr, kind: u8, size: u32, state: i32) -> Fallible<()> {
    check_header(object)?;
    memory.write(object.offset(header::TYPE), kind)?;
    memory.write(object.offset(header::ABSOLUTE), 0_u8)?;
    memory.write(object.offset(header::SIZE_WORDS), (size / 4) as u8)?;
    memory.write(object.offset(header::INSERTED), 0_u8)?;
    set_signal_state(memory, object, state)?;
    let list = object.offset(header::WAIT_LIST);
    memory.write(list, list)?;
    memory.write(list.offset(4), list)?;
    Ok(())
}

impl Dispatcher {
    /// Nobody waits yet; what is refused is counted in `limits`.
    pub fn new(limits: Arc<Limits>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Waits for one or all of `objects`, or takes what is signalled already.
    pub fn wait(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        waiter: Waiter,
        objects: &[GuestAddr],
        all: bool,
    ) -> Fallible<WaitResult> {
        for &object in objects {
            check_header(object)?;
        }
        if let Some(status) = self.try_take(memory, objects, all, waiter.kthread)? {
            return Ok(WaitResult::Done(status));
        }
        if waiter.deadline.is_some_and(|deadline| deadline <= cpu.now()) {
            return Ok(WaitResult::Done(NtStatus::TIMEOUT));
        }
        cpu.open_wait(waiter.thread, waiter.alertable)?;
        let Waiter { thread, deadline, alertable, kthread } = waiter;
        for (index, &object) in objects.iter().enumerate() {
            let registration = Registration { thread, kthread, index, count: objects.len(), all };
            self.waiters.entry(object).or_default().push(memory, object, registration);
        }
        let block =
            WaitBlock { objects: objects.to_vec(), all, deadline, alertable, kthread, held: Vec::new() };
        self.blocks.insert(waiter.thread, block);
        Ok(WaitResult::Park(Wait {
            reason: BlockReason::Objects { objects: objects.iter().map(|object| object.0).collect(), all },
            deadline: waiter.deadline,
            alertable: waiter.alertable,
        }))
    }

    /// Keeps objects until the wait of a thread is over that was registered under the same lock.
    pub fn hold(&mut self, thread: ThreadRef, held: Vec<HeldObject>) {
        if let Some(block) = self.blocks.get_mut(&thread) {
            block.held = held;
        }
    }

    /// Takes the objects if they are signalled as the wait asks; returns its status.
    pub fn try_take(
        &mut self,
        memory: &GuestMemory,
        objects: &[GuestAddr],
        all: bool,
        kthread: GuestAddr,
    ) -> Fallible<Option<NtStatus>> {
        if all {
            for &object in objects {
                if !signalled(memory, object, kthread)? {
                    return Ok(None);
                }
            }
            let mut abandoned = false;
            for &object in objects {
                abandoned |= self.take(memory, object, kthread)?;
            }
            return Ok(Some(if abandoned { NtStatus::ABANDONED_WAIT_0 } else { NtStatus::SUCCESS }));
        }
        for (index, &object) in objects.iter().enumerate() {
            if signalled(memory, object, kthread)? {
                let base = if self.take(memory, object, kthread)? { NtStatus::ABANDONED_WAIT_0.0 } else { 0 };
                return Ok(Some(NtStatus(base + index as u32)));
            }
        }
        Ok(None)
    }

    /// What a satisfied wait does to one object; returns whether it was an abandoned mutant.
    fn take(&mut self, memory: &GuestMemory, object: GuestAddr, kthread: GuestAddr) -> Fallible<bool> {
        let state = signal_state(memory, object)?;
        match memory.read::<u8>(object)? {
            kind::AUTO_EVENT | kind::AUTO_TIMER => set_signal_state(memory, object, 0)?,
            kind::SEMAPHORE => set_signal_state(memory, object, state.wrapping_sub(1))?,
            kind::MUTANT => {
                set_signal_state(memory, object, state.wrapping_sub(1))?;
                if state == 1 {
                    memory.write(object.offset(kmutant::OWNER), kthread)?;
                    // Past the limit the wait is over all the same: the state says so already.
                    if self.limits.admit(Limit::Mutants, self.owned.len()).is_ok() {
                        self.owned.insert(object, kthread);
                    }
                }
                let abandoned: u8 = memory.read(object.offset(kmutant::ABANDONED))?;
                memory.write(object.offset(kmutant::ABANDONED), 0_u8)?;
                return Ok(abandoned != 0);
            }
            _ => {}
        }
        Ok(false)
    }

    /// An object may have become signalled: serves its waiters while it is. Woken threads are boosted by `boost`.
    pub fn serve(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        object: GuestAddr,
        boost: u8,
    ) -> Fallible<()> {
        let waiting: Vec<ThreadRef> = self.waiters(object).collect();
        for thread in waiting {
            let Some(block) = self.blocks.get(&thread) else { continue };
            if !signalled(memory, object, block.kthread)? {
                break;
            }
            let (objects, all, kthread) = (block.objects.clone(), block.all, block.kthread);
            if let Some(status) = self.try_take(memory, &objects, all, kthread)? {
                self.cancel(memory, thread);
                cpu.wake(thread, status.to_register(), boost)?.by_owner(thread);
            }
        }
        Ok(())
    }

    /// Ends a thread's wait with `status` if it is alertable, and takes it off its lists. `self` is held meanwhile, so no
    /// signal goes to a wait that is over.
    pub fn interrupt_alertable(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        thread: ThreadRef,
        status: NtStatus,
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Fallible<Woken> {
        let woken = cpu.interrupt(thread, status.to_register(), registers)?;
        if woken != Woken::NotWaiting {
            self.cancel(memory, thread);
        }
        Ok(woken)
    }

    /// Takes a thread's wait off all lists: it is over for another reason.
    pub fn cancel(&mut self, memory: &GuestMemory, thread: ThreadRef) {
        drop(self.interrupt(memory, thread));
    }

    /// Whether a thread waits for objects.
    pub fn is_waiting(&self, thread: ThreadRef) -> bool {
        self.blocks.contains_key(&thread)
    }

    /// Takes a thread's wait for objects off all lists. It may begin anew; what it has a reference to, it keeps.
    pub fn interrupt(&mut self, memory: &GuestMemory, thread: ThreadRef) -> Option<WaitBlock> {
        let block = self.blocks.remove(&thread)?;
        for &object in &block.objects {
            if let Some(waiters) = self.waiters.get_mut(&object) {
                waiters.remove(memory, object, thread);
                if waiters.is_empty() {
                    self.waiters.remove(&object);
                }
            }
        }
        Some(block)
    }

    /// Threads that wait for an object, first come first.
    pub fn waiters(&self, object: GuestAddr) -> impl Iterator<Item = ThreadRef> + '_ {
        self.waiters.get(&object).into_iter().flat_map(WaitList::threads)
    }

    /// Objects that threads wait for.
    pub(super) fn waited_for(&self) -> impl Iterator<Item = GuestAddr> + '_ {
        self.waiters.keys().copied()
    }

    // ---- events and semaphores ----

    /// Signals an event; returns the state before.
    pub fn set_event(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        event: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        check_header(event)?;
        let before = signal_state(memory, event)?;
        set_signal_state(memory, event, 1)?;
        self.serve(memory, cpu, event, boost)?;
        Ok(before)
    }

    /// Resets an event; returns the state before. Between a signal and whom it wakes nobody comes.
    pub fn reset_event(&mut self, memory: &GuestMemory, event: GuestAddr) -> Fallible<i32> {
        let before = signal_state(memory, event)?;
        set_signal_state(memory, event, 0)?;
        Ok(before)
    }

    /// Signals an event for those who wait now, and resets it; returns the state before.
    pub fn pulse_event(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        event: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        let before = self.set_event(memory, cpu, event, boost)?;
        set_signal_state(memory, event, 0)?;
        Ok(before)
    }

    /// Adds to a semaphore's count; returns the count before. `None` if that would exceed its limit: nothing is changed.
    pub fn release_semaphore(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        semaphore: GuestAddr,
        count: i32,
        boost: u8,
    ) -> Fallible<Option<i32>> {
        check_header(semaphore)?;
        let before = signal_state(memory, semaphore)?;
        let limit: i32 = memory.read(semaphore.offset(ksemaphore::LIMIT))?;
        let Some(after) = before.checked_add(count).filter(|&after| count > 0 && after <= limit) else {
            return Ok(None);
        };
        set_signal_state(memory, semaphore, after)?;
        self.serve(memory, cpu, semaphore, boost)?;
        Ok(Some(before))
    }
}

/// Whether a wait of `kthread` for this object would be satisfied.
fn signalled(memory: &GuestMemory, object: GuestAddr, kthread: GuestAddr) -> Fallible<bool> {
    let state = signal_state(memory, object)?;
    if memory.read::<u8>(object)? == kind::MUTANT && state <= 0 {
        return Ok(memory.read::<GuestAddr>(object.offset(kmutant::OWNER))? == kthread);
    }
    Ok(state > 0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::Arc;
    use xenia_memory::{Heap, Protect};
    use xenia_sched::{Scheduler, SpawnParameters, ThreadState};

    /// Guest memory with room for objects, a scheduler, and threads on slot 0 that have had their slot.
    pub(crate) struct Bench {
        pub(crate) memory: Arc<GuestMemory>,
        pub(crate) scheduler: Scheduler,
        pub(crate) dispatcher: Dispatcher,
        next: GuestAddr,
    }

    impl Bench {
        pub(crate) fn new() -> Self {
            let memory = GuestMemory::new().unwrap();
            let next = memory.alloc(Heap::Virtual4K, 0x1_0000, 0x1000, Protect::READ_WRITE, false).unwrap();
            Self { memory, scheduler: Scheduler::default(), dispatcher: Dispatcher::default(), next }
        }

        pub(crate) fn allocate(&mut self, size: u32) -> GuestAddr {
            let at = self.next;
            self.next = at.offset(size.next_multiple_of(16));
            at
        }

        pub(crate) fn object(&mut self, kind: u8, state: i32) -> GuestAddr {
            let at = self.allocate(0x30);
            initialize(&self.memory, at, kind, 0x10, state).unwrap();
            at
        }

        pub(crate) fn thread(&mut self, id: u32) -> Waiter {
            let thread = self
                .scheduler
                .spawn(SpawnParameters {
                    ctx: Box::default(),
                    id,
                    priority: 8,
                    affinity: 1,
                    ideal: 0,
                    suspended: false,
                    service: false,
                    wait: None,
                })
                .unwrap();
            Waiter { thread, kthread: GuestAddr(0x1000_0000 + id), deadline: None, alertable: false }
        }

        pub(crate) fn wait(&mut self, waiter: Waiter, objects: &[GuestAddr], all: bool) -> Option<NtStatus> {
            match self.dispatcher.wait(&self.memory, &mut self.scheduler, waiter, objects, all).unwrap() {
                WaitResult::Done(status) => Some(status),
                WaitResult::Park(wait) => {
                    self.scheduler.park(waiter.thread, wait).unwrap();
                    None
                }
            }
        }

        /// The status that a thread was woken with; `None` while it waits.
        pub(crate) fn woken(&self, waiter: Waiter) -> Option<NtStatus> {
            let thread = self.scheduler.thread(waiter.thread).unwrap();
            (!matches!(thread.state(), ThreadState::Waiting { .. }))
                .then(|| NtStatus(thread.context().unwrap().gpr[3] as u32))
        }

        pub(crate) fn set(&mut self, event: GuestAddr) {
            self.dispatcher.set_event(&self.memory, &mut self.scheduler, event, 0).unwrap();
        }
    }

    #[test]
    fn an_auto_event_wakes_one_waiter_at_a_time_in_order() {
        let mut b = Bench::new();
        let event = b.object(kind::AUTO_EVENT, 0);
        let threads: Vec<_> = (1..=3).map(|id| b.thread(id)).collect();
        for &thread in &threads {
            assert_eq!(b.wait(thread, &[event], false), None);
        }
        for expected in 1..=3 {
            b.set(event);
            let woken = threads.iter().filter(|&&t| b.woken(t).is_some()).count();
            assert_eq!(woken, expected);
            assert_eq!(b.woken(threads[expected - 1]), Some(NtStatus::SUCCESS));
            assert_eq!(signal_state(&b.memory, event).unwrap(), 0, "consumed");
        }
        b.set(event);
        assert_eq!(signal_state(&b.memory, event).unwrap(), 1, "nobody left to consume it");
        assert_eq!(b.wait(threads[0], &[event], false), Some(NtStatus::SUCCESS));
    }

    #[test]
    fn a_manual_event_wakes_all_and_stays() {
        let mut b = Bench::new();
        let event = b.object(kind::MANUAL_EVENT, 0);
        let threads: Vec<_> = (1..=3).map(|id| b.thread(id)).collect();
        for &thread in &threads {
            b.wait(thread, &[event], false);
        }
        b.set(event);
        assert!(threads.iter().all(|&t| b.woken(t) == Some(NtStatus::SUCCESS)));
        assert_eq!(signal_state(&b.memory, event).unwrap(), 1);
    }

    #[test]
    fn a_pulse_wakes_those_present_and_nobody_later() {
        let mut b = Bench::new();
        let event = b.object(kind::MANUAL_EVENT, 0);
        let (present, late) = (b.thread(1), b.thread(2));
        b.wait(present, &[event], false);
        b.dispatcher.pulse_event(&b.memory, &mut b.scheduler, event, 0).unwrap();
        assert_eq!(b.woken(present), Some(NtStatus::SUCCESS));
        assert_eq!(b.wait(late, &[event], false), None);
    }

    #[test]
    fn waiting_for_all_takes_nothing_until_it_can_take_all() {
        let mut b = Bench::new();
        let (first, second) = (b.object(kind::AUTO_EVENT, 0), b.object(kind::AUTO_EVENT, 0));
        let thread = b.thread(1);
        assert_eq!(b.wait(thread, &[first, second], true), None);
        b.set(first);
        assert_eq!(b.woken(thread), None);
        assert_eq!(signal_state(&b.memory, first).unwrap(), 1, "not taken yet");
        b.set(second);
        assert_eq!(b.woken(thread), Some(NtStatus::SUCCESS));
        for event in [first, second] {
            assert_eq!(signal_state(&b.memory, event).unwrap(), 0);
        }
    }

    #[test]
    fn waiting_for_any_reports_the_index_and_leaves_the_other_lists() {
        let mut b = Bench::new();
        let (first, second) = (b.object(kind::AUTO_EVENT, 0), b.object(kind::AUTO_EVENT, 0));
        let thread = b.thread(1);
        assert_eq!(b.wait(thread, &[first, second], false), None);
        b.set(second);
        assert_eq!(b.woken(thread), Some(NtStatus(1)));
        assert_eq!(b.dispatcher.waiters(first).count(), 0);
    }

    #[test]
    fn a_semaphore_counts_down_and_refuses_to_exceed_its_limit() {
        let mut b = Bench::new();
        let semaphore = b.object(kind::SEMAPHORE, 0);
        b.memory.write(semaphore.offset(ksemaphore::LIMIT), 2_i32).unwrap();
        let threads: Vec<_> = (1..=3).map(|id| b.thread(id)).collect();
        for &thread in &threads {
            b.wait(thread, &[semaphore], false);
        }
        let mut release =
            |count| b.dispatcher.release_semaphore(&b.memory, &mut b.scheduler, semaphore, count, 0).unwrap();
        assert_eq!(release(3), None);
        assert_eq!(release(0), None);
        assert_eq!(release(2), Some(0));
        let woken: Vec<_> = threads.iter().map(|&t| b.woken(t).is_some()).collect();
        assert_eq!(woken, [true, true, false]);
        assert_eq!(signal_state(&b.memory, semaphore).unwrap(), 0);
    }

    #[test]
    fn a_deadline_that_has_come_only_looks() {
        let mut b = Bench::new();
        let event = b.object(kind::AUTO_EVENT, 0);
        let thread = Waiter { deadline: Some(0), ..b.thread(1) };
        assert_eq!(b.wait(thread, &[event], false), Some(NtStatus::TIMEOUT));
        assert_eq!(b.dispatcher.waiters(event).count(), 0);
    }

    #[test]
    fn a_cancelled_wait_is_not_served() {
        let mut b = Bench::new();
        let event = b.object(kind::AUTO_EVENT, 0);
        let (first, second) = (b.thread(1), b.thread(2));
        b.wait(first, &[event], false);
        b.wait(second, &[event], false);
        b.dispatcher.cancel(&b.memory, first.thread);
        b.set(event);
        assert_eq!(b.woken(first), None);
        assert_eq!(b.woken(second), Some(NtStatus::SUCCESS));
    }

    #[test]
    fn a_wild_object_is_an_error() {
        let mut b = Bench::new();
        let thread = b.thread(1);
        assert!(b.dispatcher.wait(&b.memory, &mut b.scheduler, thread, &[GuestAddr(4)], false).is_err());
    }

    #[test]
    fn a_misaligned_header_is_refused_by_every_door() {
        let mut b = Bench::new();
        let thread = b.thread(1);
        let at = b.allocate(0x40).offset(2);
        let (memory, dispatcher) = (&b.memory, &mut b.dispatcher);
        let misaligned = Err(NtStatus::DATATYPE_MISALIGNMENT.into());
        assert_eq!(initialize(memory, at, kind::AUTO_EVENT, 0x10, 1), misaligned);
        assert_eq!(dispatcher.wait(memory, &mut b.scheduler, thread, &[at], false).map(|_| ()), misaligned);
        assert_eq!(dispatcher.set_event(memory, &mut b.scheduler, at, 0).map(|_| ()), misaligned);
        let released = dispatcher.release_semaphore(memory, &mut b.scheduler, at, 1, 0);
        assert_eq!(released.map(|_| ()), misaligned);
        assert_eq!(dispatcher.initialize_mutant(memory, at, None), misaligned);
        let setting =
            crate::objects::timer::TimerSetting { due: 1, period_ms: 0, dpc: GuestAddr::NULL, apc: None };
        assert_eq!(dispatcher.set_timer(memory, at, setting).map(|_| ()), misaligned);
        assert_eq!(memory.read::<u32>(at), Ok(0), "nothing was written");
    }
}
