//! Single-threaded tests of waits and wakes, and the test harness that the tests of mutants and
//! timers share.

use super::*;
use crate::failure::Fallible;
use std::sync::Arc;
use xenia_guest::layout::ksemaphore;
use xenia_memory::{GuestMemory, Heap, Protect};
use xenia_sched::{Scheduler, SpawnParameters, ThreadState};

/// Guest memory with room for objects, a scheduler, and threads that have already run on slot 0.
pub(crate) struct DispatcherHarness {
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) scheduler: Scheduler,
    pub(crate) dispatcher: Dispatcher,
    next: GuestAddr,
}

impl DispatcherHarness {
    pub(crate) fn new() -> Self {
        let memory = GuestMemory::new().unwrap();
        let next = memory.alloc(Heap::Virtual4K, 0x1_0000, 0x1000, Protect::READ_WRITE).unwrap();
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
        Waiter { thread, kthread: GuestAddr(0x1000_0000 + id), deadline: None, alertable: Alertable::No }
    }

    pub(crate) fn wait(
        &mut self,
        waiter: Waiter,
        objects: &[GuestAddr],
        wait_type: WaitType,
    ) -> Option<NtStatus> {
        match self.try_wait(waiter, WaitSet { objects, wait_type }).unwrap() {
            WaitResult::Done(status) => Some(status),
            WaitResult::Park(wait) => {
                self.scheduler.park(waiter.thread, wait).unwrap();
                None
            }
        }
    }

    pub(crate) fn try_wait(&mut self, waiter: Waiter, set: WaitSet<'_>) -> Fallible<WaitResult> {
        let mut held = self.dispatcher.hold(set.objects);
        let mut turn = self.dispatcher.turn(waiter.thread);
        held.wait(&mut turn, &self.memory, &mut self.scheduler, waiter, set)
    }

    /// Number of threads that wait for an object.
    pub(crate) fn waiters(&self, object: GuestAddr) -> usize {
        self.dispatcher.hold(&[object]).waiters(object).count()
    }

    /// The status with which a thread was woken; `None` while it waits.
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
    let mut b = DispatcherHarness::new();
    let event = b.object(kind::AUTO_EVENT, 0);
    let threads: Vec<_> = (1..=3).map(|id| b.thread(id)).collect();
    for &thread in &threads {
        assert_eq!(b.wait(thread, &[event], WaitType::Any), None);
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
    assert_eq!(b.wait(threads[0], &[event], WaitType::Any), Some(NtStatus::SUCCESS));
}

#[test]
fn a_manual_event_wakes_all_and_stays() {
    let mut b = DispatcherHarness::new();
    let event = b.object(kind::MANUAL_EVENT, 0);
    let threads: Vec<_> = (1..=3).map(|id| b.thread(id)).collect();
    for &thread in &threads {
        b.wait(thread, &[event], WaitType::Any);
    }
    b.set(event);
    assert!(threads.iter().all(|&t| b.woken(t) == Some(NtStatus::SUCCESS)));
    assert_eq!(signal_state(&b.memory, event).unwrap(), 1);
}

#[test]
fn pulse_wakes_only_present_waiters() {
    let mut b = DispatcherHarness::new();
    let event = b.object(kind::MANUAL_EVENT, 0);
    let present = b.thread(1);
    let late = b.thread(2);
    b.wait(present, &[event], WaitType::Any);
    b.dispatcher.pulse_event(&b.memory, &mut b.scheduler, event, 0).unwrap();
    assert_eq!(b.woken(present), Some(NtStatus::SUCCESS));
    assert_eq!(b.wait(late, &[event], WaitType::Any), None);
}

#[test]
fn pulse_of_an_auto_event_wakes_the_first_waiter_alone() {
    let mut b = DispatcherHarness::new();
    let event = b.object(kind::AUTO_EVENT, 0);
    let first = b.thread(1);
    let second = b.thread(2);
    b.wait(first, &[event], WaitType::Any);
    b.wait(second, &[event], WaitType::Any);
    let before = b.dispatcher.pulse_event(&b.memory, &mut b.scheduler, event, 0);
    assert_eq!(before, Ok(0));
    assert_eq!((b.woken(first), b.woken(second)), (Some(NtStatus::SUCCESS), None));
    assert_eq!(signal_state(&b.memory, event), Ok(0));
}

#[test]
fn waiting_for_all_takes_nothing_until_it_can_take_all() {
    let mut b = DispatcherHarness::new();
    let first = b.object(kind::AUTO_EVENT, 0);
    let second = b.object(kind::AUTO_EVENT, 0);
    let thread = b.thread(1);
    assert_eq!(b.wait(thread, &[first, second], WaitType::All), None);
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
    let mut b = DispatcherHarness::new();
    let first = b.object(kind::AUTO_EVENT, 0);
    let second = b.object(kind::AUTO_EVENT, 0);
    let thread = b.thread(1);
    assert_eq!(b.wait(thread, &[first, second], WaitType::Any), None);
    b.set(second);
    assert_eq!(b.woken(thread), Some(NtStatus(1)));
    assert_eq!(b.waiters(first), 0);
}

#[test]
fn a_semaphore_counts_down_and_refuses_to_exceed_its_limit() {
    let mut b = DispatcherHarness::new();
    let semaphore = b.object(kind::SEMAPHORE, 0);
    b.memory.write(semaphore.offset(ksemaphore::LIMIT), 2_i32).unwrap();
    let threads: Vec<_> = (1..=3).map(|id| b.thread(id)).collect();
    for &thread in &threads {
        b.wait(thread, &[semaphore], WaitType::Any);
    }
    let mut release =
        |count| b.dispatcher.release_semaphore(&b.memory, &mut b.scheduler, semaphore, count, 0).unwrap();
    assert_eq!(release(3), None);
    assert_eq!((release(-1), release(0)), (None, Some(0)));
    assert_eq!(release(2), Some(0));
    let woken: Vec<_> = threads.iter().map(|&t| b.woken(t).is_some()).collect();
    assert_eq!(woken, [true, true, false]);
    assert_eq!(signal_state(&b.memory, semaphore).unwrap(), 0);
}

#[test]
fn a_past_deadline_only_polls() {
    let mut b = DispatcherHarness::new();
    let event = b.object(kind::AUTO_EVENT, 0);
    let thread = Waiter { deadline: Some(0), ..b.thread(1) };
    assert_eq!(b.wait(thread, &[event], WaitType::Any), Some(NtStatus::TIMEOUT));
    assert_eq!(b.waiters(event), 0);
}

#[test]
fn a_cancelled_wait_is_not_served() {
    let mut b = DispatcherHarness::new();
    let event = b.object(kind::AUTO_EVENT, 0);
    let first = b.thread(1);
    let second = b.thread(2);
    b.wait(first, &[event], WaitType::Any);
    b.wait(second, &[event], WaitType::Any);
    b.dispatcher.wait_of(first.thread).take(&b.memory);
    b.set(event);
    assert_eq!(b.woken(first), None);
    assert_eq!(b.woken(second), Some(NtStatus::SUCCESS));
}

#[test]
fn a_wild_object_is_an_error() {
    let mut b = DispatcherHarness::new();
    let thread = b.thread(1);
    assert!(b.try_wait(thread, WaitSet::one(&GuestAddr(4))).is_err());
}

#[test]
fn a_waiter_whose_other_object_is_unmapped_is_passed_over() {
    let mut b = DispatcherHarness::new();
    let event = b.object(kind::MANUAL_EVENT, 0);
    let elsewhere = b.memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
    let damaged = b.thread(1);
    let intact = b.thread(2);
    b.wait(damaged, &[event, elsewhere], WaitType::All);
    b.wait(intact, &[event], WaitType::Any);
    b.memory.free(elsewhere).unwrap();
    assert_eq!(b.dispatcher.set_event(&b.memory, &mut b.scheduler, event, 0), Ok(0));
    assert_eq!((b.woken(damaged), b.woken(intact)), (None, Some(NtStatus::SUCCESS)));
}

#[test]
fn a_wait_for_any_ends_though_an_earlier_object_is_unmapped() {
    let mut b = DispatcherHarness::new();
    let event = b.object(kind::AUTO_EVENT, 0);
    let elsewhere = b.memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
    let thread = b.thread(1);
    b.wait(thread, &[elsewhere, event], WaitType::Any);
    b.memory.free(elsewhere).unwrap();
    b.set(event);
    assert_eq!(b.woken(thread), Some(NtStatus(1)));
    assert_eq!(signal_state(&b.memory, event), Ok(0), "consumed");
}

#[test]
fn a_misaligned_header_is_refused_by_every_operation() {
    let mut b = DispatcherHarness::new();
    let thread = b.thread(1);
    let at = b.allocate(0x40).offset(2);
    let misaligned = Err(NtStatus::DATATYPE_MISALIGNMENT.into());
    assert_eq!(b.try_wait(thread, WaitSet::one(&at)).map(|_| ()), misaligned);
    let memory = &b.memory;
    let dispatcher = &b.dispatcher;
    assert_eq!(initialize(memory, at, kind::AUTO_EVENT, 0x10, 1), misaligned);
    assert_eq!(dispatcher.set_event(memory, &mut b.scheduler, at, 0).map(|_| ()), misaligned);
    let released = dispatcher.release_semaphore(memory, &mut b.scheduler, at, 1, 0);
    assert_eq!(released.map(|_| ()), misaligned);
    assert_eq!(dispatcher.initialize_mutant(memory, at, None), misaligned);
    let setting = timer::TimerSetting { due: 1, period_ms: 0, dpc: GuestAddr::NULL, apc: None };
    assert_eq!(dispatcher.set_timer(memory, at, setting).map(|_| ()), misaligned);
    assert_eq!(memory.read::<u32>(at), Ok(0), "nothing was written");
}
