//! Tests of yields to threads of lower priority.

use super::*;

/// A slot whose running thread has yielded to one of lower priority.
fn yielded() -> (Scheduler, ThreadRef, ThreadRef) {
    let mut scheduler = Scheduler::default();
    let high = spawn(&mut scheduler, 1, 0);
    let low = scheduler.spawn(SpawnParameters { priority: 3, ..parameters(2, 0) }).unwrap();
    assert_eq!(scheduler.begin_slot_visit(0), Some(high));
    assert_eq!(scheduler.yield_thread(high), Ok(true));
    scheduler.decrement_quantum(0, 100);
    assert_eq!(scheduler.begin_slot_visit(0), Some(low));
    (scheduler, high, low)
}

#[test]
fn a_thread_that_was_yielded_to_runs_for_a_quantum() {
    let (mut scheduler, high, low) = yielded();
    scheduler.decrement_quantum(0, 49_999);
    assert_eq!(scheduler.begin_slot_visit(0), Some(low), "though a thread of higher priority is ready");
    scheduler.decrement_quantum(0, 1);
    assert_eq!(scheduler.begin_slot_visit(0), Some(high));
    // It yields again, and its peer comes first.
    let peer = spawn(&mut scheduler, 3, 0);
    assert_eq!(scheduler.yield_thread(high), Ok(true));
    assert_eq!(scheduler.begin_slot_visit(0), Some(peer));
    assert_eq!(scheduler.yield_thread(peer), Ok(true));
    assert_eq!(scheduler.begin_slot_visit(0), Some(high));
    // A hint yields to equal priorities only.
    scheduler.exit(peer, 0).unwrap();
    scheduler.yield_slot(0);
    assert_eq!(scheduler.begin_slot_visit(0), Some(high));
}

#[test]
fn a_thread_that_was_yielded_to_loses_its_slot_to_one_that_becomes_ready() {
    let (mut scheduler, high, low) = yielded();
    let below = scheduler.spawn(SpawnParameters { priority: 2, ..parameters(3, 0) }).unwrap();
    let peer = scheduler.spawn(SpawnParameters { priority: 3, ..parameters(4, 0) }).unwrap();
    assert_eq!(scheduler.begin_slot_visit(0), Some(low), "neither has a higher priority");
    let middle = scheduler.spawn(SpawnParameters { priority: 5, ..parameters(5, 0) }).unwrap();
    assert_eq!(scheduler.begin_slot_visit(0), Some(high), "the highest of all runs then");
    for thread in [high, middle] {
        scheduler.exit(thread, 0).unwrap();
    }
    assert_eq!(scheduler.begin_slot_visit(0), Some(low), "it was preempted, so it comes before its peer");
    for (thread, next) in [(low, peer), (peer, below)] {
        scheduler.park(thread, forever()).unwrap();
        assert_eq!(scheduler.begin_slot_visit(0), Some(next));
    }
    // One that waits has no turn any more.
    let (mut scheduler, high, low) = yielded();
    scheduler.park(low, forever()).unwrap();
    assert_eq!(scheduler.wake_ref(low, 0, 0), Ok(Woken::Yes));
    assert_eq!(scheduler.begin_slot_visit(0), Some(high));
    // Nor has one whose priority is lowered.
    let (mut scheduler, high, low) = yielded();
    scheduler.set_base_priority(low, 2).unwrap();
    assert_eq!(scheduler.begin_slot_visit(0), Some(high));
}

#[test]
fn a_yield_costs_a_step_of_the_boost_if_another_thread_is_ready() {
    let mut scheduler = Scheduler::default();
    let thread = spawn(&mut scheduler, 1, 0);
    scheduler.set_priority(thread, 11).unwrap();
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    assert_eq!(scheduler.yield_thread(thread), Ok(false), "no other");
    let idle = scheduler.spawn(SpawnParameters { priority: 0, ..parameters(2, 0) }).unwrap();
    assert_eq!(scheduler.yield_thread(thread), Ok(false), "none that is not idle");
    assert_eq!(scheduler.begin_slot_visit(0), Some(thread));
    assert_eq!(scheduler.thread(thread).unwrap().priority(), 11);
    scheduler.set_base_priority(idle, 1).unwrap();
    assert_eq!(scheduler.yield_thread(idle), Ok(false), "it does not run");
    scheduler.hold_slot(thread, true).unwrap();
    assert_eq!(scheduler.yield_thread(thread), Ok(false), "it holds its slot");
    scheduler.hold_slot(thread, false).unwrap();
    assert_eq!(scheduler.yield_thread(thread), Ok(true));
    assert_eq!(scheduler.begin_slot_visit(0), Some(idle));
    assert_eq!(scheduler.thread(thread).unwrap().priority(), 10);
}
