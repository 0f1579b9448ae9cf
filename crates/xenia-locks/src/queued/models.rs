//! Loom model of the queued lock: all schedules of two and three threads, with a bound on
//! preemptions, and all values that the memory model allows loads to see.
//!
//! A model has no time: the head's sleeps end at once, and it requests a grant after the first, so
//! that hand-overs are covered, too (with three threads, since a sleep lets the only other one
//! finish). Threads behind the head sleep until they are woken: loom would report a lost wake as a
//! deadlock.

use super::*;
use crate::AcquisitionCounts;
use crate::topology::pretend_node;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use std::sync::Mutex as Plain;

/// The protected data: loom fails if two threads access it at once, or if one does not see the last
/// write.
struct Guarded {
    lock: QueuedLock,
    cell: UnsafeCell<u32>,
}

impl Guarded {
    fn enter(&self) {
        self.lock.acquire();
        self.cell.with_mut(|_| ());
        self.lock.release();
    }
}

/// Statistics of all runs of a model.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    runs: u64,
    counts: AcquisitionCounts,
}

impl Seen {
    fn add(&mut self, counts: AcquisitionCounts) {
        self.runs += 1;
        let all = &mut self.counts;
        all.fast += counts.fast;
        all.slow += counts.slow;
        all.barged += counts.barged;
        all.granted += counts.granted;
        all.sleeps += counts.sleeps;
        all.local += counts.local;
        all.remote += counts.remote;
        all.deepest = all.deepest.max(counts.deepest);
    }
}

/// Threads on these NUMA nodes, one of them the model's main thread, each acquire the lock once;
/// every schedule with at most `interruptions` preemptions.
fn model(places: &'static [u16], interruptions: usize) -> Seen {
    let seen = std::sync::Arc::new(Plain::new(Seen::default()));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(interruptions);
    let all = seen.clone();
    builder.check(move || {
        let guarded = Arc::new(Guarded { lock: QueuedLock::new(), cell: UnsafeCell::new(0) });
        // With three others, a full exploration takes too long, so this thread acquires the lock
        // before they start.
        let first = places.len() > 3;
        if first {
            guarded.lock.acquire();
        }
        let others: Vec<_> = places[1..]
            .iter()
            .map(|&place| {
                let guarded = guarded.clone();
                thread::spawn(move || {
                    pretend_node(Some(place));
                    guarded.enter();
                })
            })
            .collect();
        if first {
            guarded.cell.with_mut(|_| ());
            guarded.lock.release();
        } else {
            pretend_node(Some(places[0]));
            guarded.enter();
        }
        for other in others {
            other.join().expect("no panic");
        }
        let counts = guarded.lock.counts();
        assert_eq!(counts.fast + counts.slow, places.len() as u64);
        assert!(guarded.lock.try_acquire(), "given back by all");
        assert_eq!(guarded.lock.tail.load(Ordering::Relaxed), 0);
        all.lock().expect("no panic").add(counts);
    });
    let seen = *seen.lock().expect("no panic");
    println!("{places:?}, {interruptions} interruptions: {seen:?}");
    // A model must reach all paths that it is meant to check.
    let granted = seen.counts.granted > 0 || places.len() == 2;
    assert!(seen.counts.fast > 0 && seen.counts.sleeps > 0 && granted, "{seen:?}");
    seen
}

#[test]
fn two_threads_exclude_each_other_in_every_order() {
    assert!(model(&[0, 0], 4).counts.deepest == 1);
}

#[test]
fn three_threads_exclude_each_other_in_every_order() {
    let seen = model(&[0, 0, 0], 3);
    assert!(seen.counts.deepest == 2 && seen.counts.local > 0, "{seen:?}");
}

#[test]
fn three_threads_on_two_nodes_exclude_each_other_in_every_order() {
    let seen = model(&[0, 1, 0], 3);
    assert!(seen.counts.deepest == 2 && seen.counts.remote > 0, "{seen:?}");
}

/// Three threads wait for the main thread: one of them is passed over, and returns when the queue
/// is empty.
#[test]
fn three_waiters_on_two_nodes() {
    let seen = model(&[0, 0, 1, 0], 2);
    assert!(seen.counts.deepest == 3 && seen.counts.local > 0 && seen.counts.remote > 0, "{seen:?}");
}
