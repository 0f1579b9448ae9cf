//! Tests of the queue order, which is forced here, and of mutual exclusion among many threads.

use super::*;
use crate::topology::pretend_node;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Barrier, Mutex as Plain};
use std::time::Instant;
use xenia_sync::{Level, Mutex};

/// The order in which threads on these NUMA nodes get the lock if they queue in this order.
fn order_of(places: &[u16]) -> Vec<usize> {
    let lock = QueuedLock::new();
    let order = Plain::new(Vec::new());
    std::thread::scope(|scope| {
        lock.acquire();
        for (index, &place) in places.iter().enumerate() {
            let before = lock.tail.load(Ordering::SeqCst);
            let lock = &lock;
            let order = &order;
            scope.spawn(move || {
                pretend_node(Some(place));
                lock.acquire();
                order.lock().expect("no panic").push(index);
                lock.release();
            });
            let linked = || before == 0 || node(before).next.load(Ordering::SeqCst) != 0;
            while lock.tail.load(Ordering::SeqCst) == before || !linked() {
                std::thread::yield_now();
            }
        }
        lock.release();
    });
    assert!(lock.is_free() && lock.tail.load(Ordering::SeqCst) == 0);
    order.into_inner().expect("no panic")
}

#[test]
fn one_node_is_first_come_first_served() {
    assert_eq!(order_of(&[0; 12]), (0..12).collect::<Vec<_>>());
}

#[test]
fn local_threads_come_first_and_the_others_in_their_order() {
    assert_eq!(order_of(&[0, 1, 0, 1, 0]), [0, 2, 4, 1, 3]);
    // The threads of node 3 are also served together when it is their turn.
    assert_eq!(order_of(&[0, 3, 2, 0, 3, 2, 0]), [0, 3, 6, 1, 4, 2, 5]);
}

#[test]
fn queue_bounds_overtaking_of_a_waiter() {
    let mut places = vec![0; MAX_PASSED as usize + 10];
    places[1] = 1;
    let order = order_of(&places);
    assert_eq!(order.iter().position(|&thread| thread == 1), Some(MAX_PASSED as usize + 1));
}

#[test]
fn an_uncontended_lock_is_free_after_its_release() {
    let lock = QueuedLock::new();
    assert!(lock.try_acquire());
    assert!(!lock.try_acquire());
    lock.release();
    lock.acquire();
    lock.release();
    assert!(lock.is_free());
}

/// `threads` threads on `nodes` NUMA nodes increment a number under one lock.
fn count(threads: u16, nodes: u16, rounds: u64) {
    let rounds = crate::rounds(rounds);
    let counter: Mutex<u64, QueuedLock> = Mutex::with_lock(Level::Leaf, 0, 0);
    let start = Barrier::new(usize::from(threads));
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let counter = &counter;
            let start = &start;
            scope.spawn(move || {
                pretend_node(Some(thread % nodes));
                start.wait();
                for round in 0..rounds {
                    if round % 7 == 0
                        && let Some(mut counter) = counter.try_lock()
                    {
                        *counter += 1;
                        continue;
                    }
                    *counter.lock() += 1;
                }
            });
        }
    });
    assert_eq!(counter.into_inner(), u64::from(threads) * rounds);
}

#[test]
fn two_threads_count_exactly() {
    count(2, 1, 1_000_000);
    count(2, 2, 1_000_000);
}

#[test]
fn four_threads_count_exactly() {
    count(4, 1, 300_000);
    count(4, 2, 300_000);
}

#[test]
fn eight_threads_count_exactly() {
    count(8, 1, 150_000);
    count(8, 3, 150_000);
}

/// Holders that sleep make all other threads sleep, behind the head and as the head.
#[test]
fn all_waiters_get_a_lock_whose_holders_sleep() {
    let counter: Mutex<u64, QueuedLock> = Mutex::with_lock(Level::Leaf, 0, 0);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let mut counter = counter.lock();
                    std::thread::sleep(Duration::from_millis(1));
                    *counter += 1;
                }
            });
        }
    });
    assert_eq!(counter.into_inner(), 60);
}

/// More threads than processors, which acquire the lock again at once, and one that arrives now and
/// then.
#[test]
fn barging_has_a_bound() {
    let lock = QueuedLock::new();
    let stop = AtomicBool::new(false);
    let taken = AtomicU64::new(0);
    let held = crate::rounds(200);
    let warm = crate::rounds(10_000);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    lock.acquire();
                    for _ in 0..held {
                        std::hint::spin_loop();
                    }
                    taken.fetch_add(1, Ordering::Relaxed);
                    lock.release();
                }
            });
        }
        while taken.load(Ordering::Relaxed) < warm {
            std::thread::yield_now();
        }
        let mut times = [Duration::ZERO; 51];
        for time in &mut times {
            let before = Instant::now();
            lock.acquire();
            *time = before.elapsed();
            lock.release();
        }
        stop.store(true, Ordering::Relaxed);
        times.sort_unstable();
        // Six threads are ahead of it in the queue, each of which may wait for `REQUEST_DELAY`.
        // The machine may run other programs in some of the waits, but not in most.
        assert!(times[25] < Duration::from_secs(2), "{times:?}");
    });
}

/// More threads than nodes: threads without a node get the lock, too.
#[test]
fn threads_without_a_node_make_progress() {
    let lock = QueuedLock::new();
    lock.acquire();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _all: Vec<NodeClaim> = std::iter::from_fn(NodeClaim::new).collect();
            lock.acquire();
            lock.release();
        });
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(lock.tail.load(Ordering::SeqCst), 0, "it queues without a node");
        lock.release();
    });
    assert!(lock.is_free());
}

#[cfg(feature = "statistics")]
#[test]
fn a_lock_counts_what_happens_to_it() {
    let lock = QueuedLock::new();
    lock.acquire();
    lock.release();
    lock.acquire();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                lock.acquire();
                lock.release();
            });
        }
        while lock.counts().deepest < 3 || lock.counts().sleeps < 3 {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(2));
        lock.release();
    });
    let counts = lock.counts();
    assert_eq!((counts.fast, counts.slow, counts.barged), (2, 3, 0));
    assert_eq!((counts.local, counts.remote, counts.deepest), (2, 0, 3));
    assert!(counts.held >= Duration::from_millis(2) && counts.waited >= counts.held);
}
