//! Tests of threads, references, queues and waits, without an executor.

mod plain;
mod yields;

use plain::Plain;
use xenia_cpu::PpcContext;
use xenia_sched::{
    Alertable, BlockReason, Cpu, Disposition, Interruption, Placement, SchedError, Scheduler,
    SchedulerConfig, SpawnParameters, ThreadRef, ThreadState, Wait, WakeResult, Woken,
};

fn parameters(id: u32, hw_id: u8) -> SpawnParameters {
    SpawnParameters {
        ctx: Box::default(),
        id,
        priority: 8,
        affinity: 1 << hw_id,
        ideal: hw_id,
        suspended: false,
        service: false,
        wait: None,
    }
}

fn spawn(scheduler: &mut Scheduler, id: u32, hw_id: u8) -> ThreadRef {
    scheduler.spawn(parameters(id, hw_id)).unwrap()
}

fn forever() -> Wait {
    Wait::forever(BlockReason::Dialog)
}

#[test]
fn a_reference_never_names_another_thread_across_100_000_spawns() {
    let mut scheduler = Scheduler::default();
    let held = spawn(&mut scheduler, 1, 0);
    scheduler.retain(held).unwrap();
    scheduler.exit(held, 7).unwrap();
    let mut stale = Vec::new();
    for id in 2..100_002 {
        let thread = spawn(&mut scheduler, id, (id % 6) as u8);
        assert_ne!(thread, held, "a counted position is not reused");
        assert_eq!(scheduler.thread(thread).unwrap().id, id);
        scheduler.exit(thread, id).unwrap();
        if id % 1000 == 0 {
            stale.push((thread, id));
        }
        // Within the 256 generations of its position, an uncounted reference is either still right
        // or an error.
        if let Some(&(old, old_id)) = stale.last()
            && id - old_id < 256
        {
            match scheduler.thread(old) {
                Ok(found) => assert_eq!(found.id, old_id),
                Err(error) => assert_eq!(error, SchedError::Stale(old)),
            }
        }
    }
    let found = scheduler.thread(held).unwrap();
    assert_eq!((found.id, found.state()), (1, &ThreadState::Exited { code: 7 }));
    scheduler.release(held).unwrap();
    assert_eq!(scheduler.counters().spawn_ok, 100_001);
    assert!(scheduler.threads().count() < 6 * 8, "exited threads are pruned");
}

#[test]
fn released_positions_are_reused_and_then_stale() {
    let mut scheduler = Scheduler::default();
    let first = spawn(&mut scheduler, 1, 3);
    scheduler.retain(first).unwrap();
    scheduler.exit(first, 0).unwrap();
    for id in 2..12 {
        let thread = spawn(&mut scheduler, id, 3);
        scheduler.exit(thread, 0).unwrap();
    }
    assert!(scheduler.thread(first).is_ok());
    scheduler.release(first).unwrap();
    for id in 12..20 {
        let thread = spawn(&mut scheduler, id, 3);
        scheduler.exit(thread, 0).unwrap();
    }
    assert_eq!(scheduler.thread(first).unwrap_err(), SchedError::Stale(first));
    assert_eq!(scheduler.exit(first, 0).unwrap_err(), SchedError::Stale(first));
    let nowhere = ThreadRef { hw_id: 9, generation: 0, idx: 0 };
    assert_eq!(scheduler.thread(nowhere).unwrap_err(), SchedError::Stale(nowhere));
}

#[test]
fn equal_priorities_take_turns_when_their_quantum_is_over() {
    let mut scheduler = Scheduler::default();
    let a = spawn(&mut scheduler, 1, 0);
    let b = spawn(&mut scheduler, 2, 0);
    assert_eq!(scheduler.begin_slot_visit(0), Some(a));
    // All but one instruction of the quantum.
    scheduler.decrement_quantum(0, 49_999);
    assert_eq!(scheduler.begin_slot_visit(0), Some(a));
    scheduler.decrement_quantum(0, 1);
    assert_eq!(scheduler.begin_slot_visit(0), Some(b));
    scheduler.yield_slot(0);
    assert_eq!(scheduler.begin_slot_visit(0), Some(a));
    assert_eq!(scheduler.counters().switches, 3);
}

#[test]
fn a_higher_priority_preempts_and_the_preempted_goes_first_again() {
    let mut scheduler = Scheduler::default();
    let low = spawn(&mut scheduler, 1, 0);
    let peer = spawn(&mut scheduler, 2, 0);
    assert_eq!(scheduler.begin_slot_visit(0), Some(low));
    let high = scheduler.spawn(SpawnParameters { priority: 12, ..parameters(3, 0) }).unwrap();
    assert_eq!(scheduler.begin_slot_visit(0), Some(high));
    scheduler.exit(high, 0).unwrap();
    assert_eq!(scheduler.begin_slot_visit(0), Some(low));
    assert_eq!(scheduler.slot(0).unwrap().ready().collect::<Vec<_>>(), [peer]);
}

#[test]
fn a_thread_that_is_preempted_in_each_quantum_leaves_its_peer_a_turn() {
    let mut scheduler = Scheduler::default();
    let busy = spawn(&mut scheduler, 1, 0);
    let peer = spawn(&mut scheduler, 2, 0);
    let helper = spawn(&mut scheduler, 3, 0);
    scheduler.park(helper, forever()).unwrap();
    let mut ran = Vec::new();
    for _ in 0..4 {
        ran.extend(scheduler.begin_slot_visit(0));
        scheduler.decrement_quantum(0, 30_000);
        assert_eq!(scheduler.wake_ref(helper, 0, 1), Ok(Woken::Yes));
        assert_eq!(scheduler.begin_slot_visit(0), Some(helper));
        scheduler.park(helper, forever()).unwrap();
    }
    assert_eq!(ran, [busy, busy, peer, peer]);
}

#[test]
fn threads_that_wake_each_other_leave_their_peer_a_turn() {
    let mut scheduler = Scheduler::default();
    let pair = [1, 2].map(|id| spawn(&mut scheduler, id, 0));
    let peer = spawn(&mut scheduler, 3, 0);
    scheduler.park(pair[1], forever()).unwrap();
    let mut turns = 0;
    while let Some(runs) = scheduler.begin_slot_visit(0).filter(|&runs| runs != peer) {
        assert!(turns < 20, "the peer waits for ever");
        turns += 1;
        scheduler.decrement_quantum(0, 1000);
        let other = if runs == pair[0] { pair[1] } else { pair[0] };
        assert_eq!(scheduler.wake_ref(other, 0, 1), Ok(Woken::Yes));
        scheduler.park(runs, forever()).unwrap();
    }
    assert_eq!(turns, 11, "the sixth wake of the second has no boost");
}

#[test]
fn a_wake_boost_decays_by_one_each_quantum() {
    let mut scheduler = Scheduler::default();
    let thread = spawn(&mut scheduler, 1, 0);
    scheduler.begin_slot_visit(0);
    scheduler.park(thread, forever()).unwrap();
    assert_eq!(scheduler.running(0), None);
    assert_eq!(scheduler.wake_ref(thread, 0x55, 2), Ok(Woken::Yes));
    assert_eq!(scheduler.wake_ref(thread, 0, 2), Ok(Woken::NotWaiting), "it does not wait any more");
    assert_eq!(scheduler.thread(thread).unwrap().context().unwrap().gpr[3], 0x55);
    let mut priorities = Vec::new();
    for _ in 0..4 {
        scheduler.begin_slot_visit(0);
        priorities.push(scheduler.thread(thread).unwrap().priority());
        scheduler.decrement_quantum(0, 50_000);
    }
    assert_eq!(priorities, [10, 9, 8, 8]);
}

#[test]
fn suspension_counts_and_outlasts_a_wake() {
    let mut scheduler = Scheduler::default();
    let thread = spawn(&mut scheduler, 1, 0);
    assert_eq!(scheduler.suspend(thread), Ok(0));
    assert_eq!(scheduler.suspend(thread), Ok(1));
    assert_eq!(scheduler.begin_slot_visit(0), None);
    assert_eq!(scheduler.resume(thread), Ok(2));
    assert_eq!(scheduler.resume(thread), Ok(1));
    assert_eq!(scheduler.resume(thread), Ok(0));
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    scheduler.park(thread, forever()).unwrap();
    scheduler.suspend(thread).unwrap();
    assert_eq!(scheduler.wake_ref(thread, 0, 0), Ok(Woken::Yes));
    assert_eq!(scheduler.begin_slot_visit(0), None, "awake, but suspended");
    scheduler.resume(thread).unwrap();
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    for _ in 0..127 {
        scheduler.suspend(thread).unwrap();
    }
    assert_eq!(scheduler.suspend(thread), Err(SchedError::SuspendCount(thread)));
}

#[test]
fn a_thread_that_keeps_its_slot_is_suspended_when_it_does_so_no_more() {
    let spin = || Wait::forever(BlockReason::SpinLock { lock: 4 });
    let mut scheduler = Scheduler::default();
    let thread = spawn(&mut scheduler, 1, 0);
    let other = spawn(&mut scheduler, 2, 0);
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    scheduler.hold_slot(thread, true).unwrap();
    assert_eq!(scheduler.suspend(thread), Ok(0));
    scheduler.yield_slot(0);
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread), "nothing below its level comes in");
    // Nor does it stop while it waits for a spin lock.
    scheduler.park(thread, spin()).unwrap();
    assert_eq!(scheduler.suspend(thread), Ok(1));
    assert_eq!(scheduler.begin_slot_visit(0), None, "it waits there");
    assert_eq!(scheduler.wake_ref(thread, 0, 0), Ok(Woken::Yes));
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    assert_eq!(scheduler.hold_slot(thread, false), Ok(true));
    assert_eq!(scheduler.begin_slot_visit(0), Some(other));
    assert_eq!((scheduler.resume(thread), scheduler.resume(thread)), (Ok(2), Ok(1)));
    scheduler.yield_slot(0);
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    // A suspension that is cancelled in time has no effect.
    scheduler.hold_slot(thread, true).unwrap();
    assert_eq!((scheduler.suspend(thread), scheduler.resume(thread)), (Ok(0), Ok(1)));
    scheduler.hold_slot(thread, false).unwrap();
    assert_eq!(scheduler.running(0), Some(thread));
    // It also stops if it migrates.
    scheduler.hold_slot(thread, true).unwrap();
    scheduler.suspend(thread).unwrap();
    scheduler.set_affinity(thread, 2).unwrap();
    assert_eq!((scheduler.begin_slot_visit(0), scheduler.begin_slot_visit(1)), (Some(other), None));
    scheduler.resume(thread).unwrap();
    assert_eq!(scheduler.begin_slot_visit(1), Some(thread));
}

#[test]
fn a_migrated_thread_keeps_its_name_and_its_waiters_stay_right() {
    let mut scheduler = Scheduler::default();
    let thread = spawn(&mut scheduler, 1, 0);
    scheduler.begin_slot_visit(0);
    assert_eq!(scheduler.set_affinity(thread, 1 << 4), Ok(1));
    assert_eq!(scheduler.running(0), None);
    assert_eq!(scheduler.begin_slot_visit(0), None);
    assert_eq!(scheduler.begin_slot_visit(4), Some(thread));
    assert_eq!(scheduler.thread(thread).unwrap().context().unwrap().hw_id, 4);
    scheduler.park(thread, forever()).unwrap();
    scheduler.set_affinity(thread, 1 << 2).unwrap();
    assert_eq!(scheduler.wake_ref(thread, 0, 0), Ok(Woken::Yes));
    assert_eq!(scheduler.begin_slot_visit(4), None);
    assert_eq!(scheduler.begin_slot_visit(2), Some(thread));
    assert_eq!(scheduler.set_affinity(thread, 0), Err(SchedError::NoProcessor(0)));
    assert_eq!(scheduler.set_affinity(thread, 0x3F), Ok(1 << 2));
    assert_eq!(scheduler.running(2), Some(thread), "still allowed where it is");
}

#[test]
fn deadlines_come_in_order_and_end_with_their_wait() {
    let mut scheduler = Scheduler::default();
    let threads: Vec<_> = (0..3).map(|id| spawn(&mut scheduler, id, id as u8)).collect();
    for (&thread, deadline) in threads.iter().zip([300, 100, 200]) {
        let wait = Wait { deadline: Some(deadline), ..forever() };
        scheduler.park(thread, wait).unwrap();
    }
    assert_eq!(scheduler.next_deadline(), Some(100));
    assert_eq!(scheduler.wake_ref(threads[2], 0, 0), Ok(Woken::Yes));
    assert_eq!(scheduler.pop_expired(99), None);
    assert_eq!(scheduler.pop_expired(300), Some(threads[1]));
    assert_eq!(scheduler.pop_expired(300), Some(threads[0]));
    assert_eq!(scheduler.pop_expired(300), None);
    assert_eq!(scheduler.next_deadline(), None);
}

#[test]
fn rounds_rotate_so_that_no_slot_is_always_first() {
    let mut scheduler = Scheduler::new(SchedulerConfig::default());
    let firsts: Vec<u8> = (0..6).map(|_| scheduler.begin_round()[0]).collect();
    assert_eq!(firsts, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn spawns_without_a_processor_are_refused_and_counted() {
    let mut scheduler = Scheduler::default();
    let refused = scheduler.spawn(SpawnParameters { affinity: 0xC0, ..parameters(1, 0) });
    assert_eq!(refused.unwrap_err(), SchedError::NoProcessor(0xC0));
    assert_eq!((scheduler.counters().spawn_ok, scheduler.counters().spawn_rejected), (0, 1));
}

#[test]
fn the_bitset_has_a_bit_for_each_runnable_slot() {
    let mut scheduler = Scheduler::default();
    assert_eq!(scheduler.non_empty_runnable(), 0);
    let thread = spawn(&mut scheduler, 1, 5);
    assert_eq!(scheduler.non_empty_runnable(), 1 << 5);
    scheduler.begin_slot_visit(5);
    assert_eq!(scheduler.non_empty_runnable(), 1 << 5);
    scheduler.park(thread, forever()).unwrap();
    assert_eq!(scheduler.non_empty_runnable(), 0);
}

#[test]
fn registers_of_a_running_thread_get_pending_changes_on_return() {
    let mut scheduler = Scheduler::default();
    let thread = scheduler.spawn(parameters(1, 0)).unwrap();
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    let mut running = scheduler.take(thread).unwrap();
    assert_eq!((running.thread, running.id, running.hw_id), (thread, 1, 0));
    assert_eq!(scheduler.take(thread).unwrap_err(), SchedError::Running(thread));
    assert_eq!(scheduler.context_mut(thread).unwrap_err(), SchedError::Running(thread));
    assert!(scheduler.thread(thread).unwrap().context().is_none());
    running.ctx.gpr[3] = 7;
    let cpu: &mut dyn Cpu = &mut scheduler;
    assert_eq!(cpu.set_affinity(thread, 1 << 4), Ok(Placement { before: 1, hw_id: 4 }));
    scheduler.put(running);
    let ctx = scheduler.thread(thread).unwrap().context().unwrap();
    assert_eq!((ctx.gpr[3], ctx.hw_id), (7, 4));
    // A call that waits, and a call that ends its thread.
    assert_eq!(scheduler.begin_slot_visit(4), Some(thread));
    let parked = scheduler.run_for(&mut Plain, thread, |_, _| Disposition::Park(forever()));
    assert_eq!(parked, Some(Disposition::Continue));
    assert!(scheduler.thread(thread).unwrap().wait().is_some());
    assert_eq!(scheduler.begin_slot_visit(4), None);
    assert_eq!(scheduler.wake_ref(thread, 1, 0), Ok(Woken::Yes));
    assert_eq!(scheduler.begin_slot_visit(4), Some(thread));
    let ended = scheduler.run_for(&mut Plain, thread, |cpu, running| {
        cpu.exit(running.thread, 5).unwrap();
        Disposition::Continue
    });
    assert_eq!(ended, Some(Disposition::Continue));
    assert_eq!(scheduler.thread(thread).unwrap().context().unwrap().gpr[3], 1);
}

#[test]
fn a_moved_thread_that_does_not_park_is_unqueued_until_its_registers_are_back() {
    let mut scheduler = Scheduler::default();
    let thread = scheduler.spawn(parameters(1, 0)).unwrap();
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    let running = scheduler.take(thread).unwrap();
    let cpu: &mut dyn Cpu = &mut scheduler;
    cpu.set_affinity(thread, 1 << 4).unwrap();
    cpu.open_wait(thread, Alertable::No).unwrap();
    assert_eq!(cpu.wake(thread, WakeResult::unboosted(9)), Ok(Woken::BeforePark));
    let (running, disposition) = scheduler.park_or_resume(&mut Plain, running, forever()).unwrap();
    assert_eq!((running.ctx.gpr[3], disposition), (9, Disposition::Continue));
    assert_eq!(scheduler.begin_slot_visit(4), None, "it still runs where it was");
    scheduler.put(running);
    assert_eq!(scheduler.begin_slot_visit(4), Some(thread));
}

#[test]
fn an_interruption_ends_alertable_waits_only_and_sets_registers_before_the_thread_is_ready() {
    let mut scheduler = Scheduler::default();
    let alertable = Wait { alertable: Alertable::InUserMode, ..forever() };
    for (wait, interrupted) in [(None, 0), (Some(forever()), 0), (Some(alertable), 1)] {
        let waits = wait.is_some();
        let thread = scheduler.spawn(SpawnParameters { wait, ..parameters(1, 0) }).unwrap();
        assert_eq!(scheduler.thread(thread).unwrap().wait().is_some(), waits, "it is made waiting");
        let mut calls = 0;
        let mut enter = |ctx: &mut PpcContext| {
            calls += 1;
            assert_eq!(ctx.gpr[3], 0xC0);
            ctx.pc = 0x8200_1000;
            ctx.gpr[3] = 9;
        };
        let cpu: &mut dyn Cpu = &mut scheduler;
        let by = Interruption::User;
        let woken = cpu.interrupt(thread, by, 0xC0, &mut enter).unwrap();
        assert_eq!(woken, if interrupted == 1 { Woken::Yes } else { Woken::NotWaiting });
        assert_eq!(cpu.interrupt(thread, by, 0xC0, &mut enter), Ok(Woken::NotWaiting), "a wait ends once");
        assert_eq!(calls, interrupted);
        let ctx = scheduler.context_mut(thread).unwrap();
        let expected = if interrupted == 1 { (0x8200_1000, 9) } else { (0, 0) };
        assert_eq!((ctx.pc, ctx.gpr[3]), expected);
        scheduler.exit(thread, 0).unwrap();
    }
}

#[test]
fn a_name_from_the_face_is_counted_until_it_is_released() {
    let mut scheduler = Scheduler::default();
    let held = Cpu::spawn(&mut scheduler, parameters(1, 0)).unwrap();
    scheduler.exit(held, 3).unwrap();
    for id in 2..100 {
        let other = scheduler.spawn(parameters(id, 0)).unwrap();
        assert_ne!(other, held);
        scheduler.exit(other, 0).unwrap();
    }
    assert_eq!(scheduler.thread(held).unwrap().id, 1);
    Cpu::release(&mut scheduler, held).unwrap();
    for id in 100..110 {
        let other = scheduler.spawn(parameters(id, 0)).unwrap();
        scheduler.exit(other, 0).unwrap();
    }
    assert_eq!(scheduler.thread(held).unwrap_err(), SchedError::Stale(held));
}

#[test]
fn a_wake_before_the_thread_parks_keeps_it_running() {
    let mut scheduler = Scheduler::default();
    let thread = spawn(&mut scheduler, 1, 0);
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    let mut entered = false;
    let mut enter = |_: &mut PpcContext| entered = true;
    for round in 1..4 {
        let result = scheduler.run_for(&mut Plain, thread, |scheduler, running| {
            let cpu: &mut dyn Cpu = scheduler;
            let ticket = cpu.open_wait(running.thread, Alertable::InUserMode).unwrap();
            assert!(cpu.is_waiting(ticket));
            let woken = match round {
                1 => cpu.wake(thread, WakeResult::unboosted(round)),
                2 => cpu.interrupt(thread, Interruption::User, round, &mut enter),
                _ => cpu.time_out(ticket, round),
            };
            assert_eq!(woken, Ok(Woken::BeforePark));
            assert!(!cpu.is_waiting(ticket));
            assert_eq!(cpu.wake(thread, WakeResult::unboosted(9)), Ok(Woken::NotWaiting), "a wait ends once");
            Disposition::Park(Wait { deadline: Some(5), ..forever() })
        });
        assert_eq!(result, Some(Disposition::Continue));
        assert_eq!(scheduler.running(0), Some(thread), "it has not parked");
        assert_eq!(scheduler.next_deadline(), None);
        assert_eq!(scheduler.thread(thread).unwrap().context().unwrap().gpr[3], round);
    }
    assert!(!entered, "its registers were not there");
}

#[test]
fn a_deadline_ends_no_later_wait() {
    let mut scheduler = Scheduler::default();
    let thread = spawn(&mut scheduler, 1, 0);
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    let mut tickets = Vec::new();
    for _ in 0..2 {
        scheduler.run_for(&mut Plain, thread, |scheduler, running| {
            tickets.push(Cpu::open_wait(scheduler, running.thread, Alertable::No).unwrap());
            Disposition::Park(forever())
        });
        if tickets.len() == 1 {
            assert_eq!(scheduler.wake_ref(thread, 1, 0), Ok(Woken::Yes));
            assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
        }
    }
    let cpu: &mut dyn Cpu = &mut scheduler;
    assert!(!cpu.is_waiting(tickets[0]) && cpu.is_waiting(tickets[1]));
    assert_eq!(cpu.time_out(tickets[0], 2), Ok(Woken::NotWaiting));
    assert_eq!(cpu.time_out(tickets[1], 3), Ok(Woken::Yes));
    assert_eq!(scheduler.thread(thread).unwrap().context().unwrap().gpr[3], 3);
}
