//! The adaptive lock under shuttle: its turnstile, and the priorities that those in it lend.

use super::*;
use crate::atomic::explorer::{sync::Arc, thread};
use crate::random_models::{Inside, explore};
use crate::{priority, set_priority};
use std::sync::Mutex as Plain;

const RUNS: usize = 500;

/// Threads of rising priority, each taking the lock this often.
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
fn four_threads() {
    model(4, 3);
}

#[test]
fn six_threads() {
    model(6, 2);
}

/// Whoever holds the lock runs at the highest priority of those who sleep for it, and a release
/// wakes them in their order.
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
                let (lock, order) = (lock.clone(), order.clone());
                thread::spawn(move || {
                    set_priority(own);
                    lock.acquire();
                    order.lock().expect("no panic").push(own);
                    lock.release();
                })
            })
            .collect();
        // Never, if a loan were lost: shuttle would find that this goes on for ever.
        while raw::sleepers(&*lock) < sleepers.len() {
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

/// A loan is passed along: the third sleeps for what the second holds, who sleeps for what the
/// first holds.
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
        while raw::sleepers(&locks[0]) == 0 {
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
        while raw::sleepers(&locks[1]) == 0 {
            thread::yield_now();
        }
        assert_eq!(priority(), 3);
        locks[0].release();
        assert_eq!(priority(), 1);
        second.join().expect("no panic");
        third.join().expect("no panic");
    });
}
