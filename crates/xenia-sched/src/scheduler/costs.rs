//! Complexity tests: scheduling decisions must not search all threads. Costs are counted in visited
//! positions of thread tables, so that the results do not depend on the host.

use super::Scheduler;
use crate::directory::LOOKS;
use crate::{SpawnParameters, ThreadRef};

const FEW: u32 = 64;
const MANY: u32 = 10_000;

/// Number of positions that `f` visits.
fn looks<R>(f: impl FnOnce() -> R) -> (u64, R) {
    let before = LOOKS.get();
    let result = f();
    (LOOKS.get() - before, result)
}

fn spawn(scheduler: &mut Scheduler, id: u32, affinity: u32, priority: u8) -> ThreadRef {
    let parameters = SpawnParameters {
        ctx: Box::default(),
        id,
        priority,
        affinity,
        ideal: 0,
        suspended: false,
        service: false,
        wait: None,
    };
    scheduler.spawn(parameters).unwrap()
}

/// A scheduler with this many threads of all priorities that may run on slot 0 only.
fn crowd(threads: u32) -> Scheduler {
    let mut scheduler = Scheduler::default();
    for id in 0..threads {
        spawn(&mut scheduler, id, 1, (id % 32) as u8);
    }
    scheduler
}

/// Asserts that `f`, after `prepare`, visits as many positions in a large crowd as in a small one.
fn same_cost(what: &str, prepare: impl Fn(&mut Scheduler), f: impl Fn(&mut Scheduler)) {
    let cost = |threads| {
        let mut scheduler = crowd(threads);
        prepare(&mut scheduler);
        looks(|| f(&mut scheduler)).0
    };
    let few = cost(FEW);
    let many = cost(MANY);
    assert!(few == many, "{what} looks at {few} of {FEW} threads and {many} of {MANY}");
}

fn visit(scheduler: &mut Scheduler) {
    assert!(scheduler.begin_slot_visit(0).is_some());
}

#[test]
fn next_thread_is_found_in_constant_time() {
    same_cost("a slot that nobody has", |_| {}, visit);
    same_cost("a slot whose thread's quantum is over", visit, |scheduler| {
        for _ in 0..8 {
            scheduler.yield_slot(0);
            visit(scheduler);
        }
    });
    let roams_elsewhere = |scheduler: &mut Scheduler| {
        visit(scheduler);
        spawn(scheduler, 0, 6, 8);
        scheduler.begin_slot_visit(1);
    };
    same_cost("a slot that finds nobody to take", roams_elsewhere, |scheduler| {
        assert_eq!(scheduler.begin_slot_visit(2), None);
    });
    let roams_among_them = |scheduler: &mut Scheduler| {
        visit(scheduler);
        spawn(scheduler, MANY, 3, 0);
    };
    same_cost("a slot that takes the last of another", roams_among_them, |scheduler| {
        let taken = scheduler.begin_slot_visit(1).unwrap();
        assert_eq!(scheduler.thread(taken).unwrap().id, MANY);
    });
}

#[test]
fn threads_are_made_and_counted_without_a_search() {
    let make = |scheduler: &mut Scheduler| {
        spawn(scheduler, 0, 1, 8);
    };
    let all = |scheduler: &Scheduler| scheduler.threads().map(|thread| thread.reference).collect::<Vec<_>>();
    same_cost("a spawn", |_| {}, make);
    let all_end = |scheduler: &mut Scheduler| {
        for thread in all(scheduler) {
            scheduler.retain(thread).unwrap();
            scheduler.exit(thread, 0).unwrap();
        }
    };
    same_cost("a spawn beside ended threads that are referred to", all_end, make);
    let number = |scheduler: &mut Scheduler| assert!(scheduler.live_threads() >= FEW as usize);
    same_cost("the number of threads", |_| {}, number);
}

#[test]
fn a_search_would_be_seen() {
    let scheduler = crowd(MANY);
    let (cost, found) = looks(|| scheduler.threads().find(|thread| thread.id == MANY - 1).is_some());
    assert!(found && cost >= u64::from(MANY), "{cost}");
}
