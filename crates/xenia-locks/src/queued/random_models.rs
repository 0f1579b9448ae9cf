//! Shuttle model of the queued lock: more threads than loom can explore, and threads that are
//! already inside other waits.

use super::*;
use crate::AcquisitionCounts;
use crate::random_models::{Inside, explore};
use crate::topology::pretend_node;
use atomic::explorer::{sync::Arc, thread};
use std::sync::Mutex as Plain;
use xenia_sync::atomic;

const RUNS: usize = 500;

/// Threads on these NUMA nodes, each acquiring the lock `rounds` times; thread N is inside N other
/// waits, so it queues with its node N, or without one if it has no more.
fn model(places: &'static [u16], rounds: u64) -> AcquisitionCounts {
    let seen = Arc::new(Plain::new(AcquisitionCounts::default()));
    let all = seen.clone();
    explore(RUNS, move || {
        let guarded = Arc::new((QueuedLock::new(), Inside::default()));
        let threads: Vec<_> = (places.iter().enumerate())
            .map(|(depth, &place)| {
                let guarded = guarded.clone();
                thread::spawn(move || {
                    pretend_node(Some(place));
                    let waits: Vec<_> = (0..depth).filter_map(|_| NodeClaim::new()).collect();
                    assert_eq!(waits.len(), depth.min(node::NESTED));
                    for _ in 0..rounds {
                        guarded.0.acquire();
                        guarded.1.visit();
                        guarded.0.release();
                    }
                    drop(waits);
                    assert!(
                        NodeClaim::new().is_some_and(|claim| (claim.number - 1) % node::NESTED as u16 == 0)
                    );
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
        let counts = guarded.0.counts();
        assert_eq!(counts.fast + counts.slow, places.len() as u64 * rounds);
        assert!(guarded.0.try_acquire(), "given back by all");
        assert_eq!(guarded.0.tail.load(Ordering::Relaxed), 0);
        let mut seen = all.lock().expect("no panic");
        seen.sleeps += counts.sleeps;
        seen.granted += counts.granted;
        seen.local += counts.local;
        seen.remote += counts.remote;
        seen.deepest = seen.deepest.max(counts.deepest);
    });
    let seen = *seen.lock().expect("no panic");
    println!("{} threads, {rounds} rounds, 2 x {RUNS} runs: {seen:?}", places.len());
    assert!(seen.sleeps > 0 && seen.granted > 0, "{seen:?}");
    seen
}

#[test]
fn four_threads_exclude_each_other_in_random_orders() {
    assert_eq!(model(&[0; 4], 3).deepest, 4);
}

#[test]
fn five_threads_on_two_nodes_exclude_each_other_in_random_orders() {
    let seen = model(&[0, 1, 0, 1, 0], 2);
    assert!(seen.local > 0 && seen.remote > 0, "{seen:?}");
}

/// The last two threads have no node left.
#[test]
fn six_threads_on_three_nodes_exclude_each_other_in_random_orders() {
    let seen = model(&[0, 1, 2, 0, 1, 2], 2);
    assert!(seen.local > 0 && seen.remote > 0 && seen.deepest == 4, "{seen:?}");
}
