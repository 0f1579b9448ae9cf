//! Shuttle model of the adaptive lock: its turnstile, and the inheritance of priorities.

use super::*;
use crate::random_models::{Inside, explore};
use crate::{priority, set_priority};
use std::sync::Mutex as Plain;
use xenia_sync::atomic::explorer::{sync::Arc, thread};

const RUNS: usize = 500;

/// Threads of ascending priority that each acquire the lock `rounds` times.
fn model(threads: u8, rounds: usize) {
    explore(RUNS, move || {
        let guarded = Arc::new((AdaptiveLock::new(), Inside::default()));
        let all: Vec<_> = (1..=threads)
            .map(|own| {
                let guarded = guarded.clone();
                thread::spawn(move || {
                    set_priority(own);
                    for _ in 0..rounds {
                        guarded.0.acquire();
                        guarded.1.visit();
                        guarded.0.release();
                        assert_eq!(priority(), own, "no loan outlives what it was for");
                    }
                })
            })
            .collect();
        for thread in all {
            thread.join().expect("no panic");
        }
        assert!(guarded.0.is_free() && guarded.0.try_acquire());
    });
}

#[test]
fn four_threads_exclude_each_other_in_random_orders() {
    model(4, 3);
}

#[test]
fn six_threads_exclude_each_other_in_random_orders() {
    model(6, 2);
}

/// The holder runs at the highest priority of the sleepers, and releases wake them in the order of
/// their priorities.
#[test]
fn five_sleepers_lend_their_priority_and_wake_by_it() {
    explore(RUNS, || {
        let lock = Arc::new(AdaptiveLock::new());
        let order = Arc::new(Plain::new(Vec::new()));
        set_priority(1);
        lock.acquire();
        let sleepers: Vec<_> = [3, 6, 2, 5, 4]
            .into_iter()
            .map(|own| {
                let lock = lock.clone();
                let order = order.clone();
                thread::spawn(move || {
                    set_priority(own);
                    lock.acquire();
                    order.lock().expect("no panic").push(own);
                    lock.release();
                })
            })
            .collect();
        // If a loan were lost, this would loop forever, which shuttle reports.
        while by_address::sleepers(&*lock) < sleepers.len() {
            thread::yield_now();
        }
        assert_eq!(priority(), 6);
        lock.release();
        assert_eq!(priority(), 1);
        for sleeper in sleepers {
            sleeper.join().expect("no panic");
        }
        assert_eq!(*order.lock().expect("no panic"), [6, 5, 4, 3, 2]);
    });
}

/// Priority inheritance is transitive: the third thread sleeps for a lock of the second, which
/// sleeps for a lock of the first.
#[test]
fn priorities_are_lent_along_a_chain() {
    explore(RUNS, || {
        let locks: Arc<[AdaptiveLock; 2]> = Arc::new([AdaptiveLock::new(), AdaptiveLock::new()]);
        set_priority(1);
        locks[0].acquire();
        let second = thread::spawn({
            let locks = locks.clone();
            move || {
                set_priority(2);
                locks[1].acquire();
                locks[0].acquire();
                locks[0].release();
                locks[1].release();
            }
        });
        while by_address::sleepers(&locks[0]) == 0 {
            thread::yield_now();
        }
        let third = thread::spawn({
            let locks = locks.clone();
            move || {
                set_priority(3);
                locks[1].acquire();
                locks[1].release();
            }
        });
        while by_address::sleepers(&locks[1]) == 0 {
            thread::yield_now();
        }
        assert_eq!(priority(), 3);
        locks[0].release();
        assert_eq!(priority(), 1);
        second.join().expect("no panic");
        third.join().expect("no panic");
    });
}
