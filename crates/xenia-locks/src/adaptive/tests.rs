//! Tests of the wake order, of priority inheritance, and of mutual exclusion among many threads.

use super::*;
use crate::priority::{on_priority, priority, set_priority};
use std::sync::atomic::{AtomicBool, AtomicU16};
use std::sync::{Barrier, Mutex as Plain};
use std::time::{Duration, Instant};
use xenia_sync::{Level, Mutex};

/// Waits until a condition holds; fails instead of hanging.
fn wait_until(so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_mins(1), "it never came");
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn the_highest_priority_is_woken_first_and_equals_in_their_order() {
    let lock = AdaptiveLock::new();
    let order = Plain::new(Vec::new());
    let sleepers = || {
        let mut count = 0;
        by_address::wake(std::ptr::from_ref(&lock), |_| {
            count += 1;
            false
        });
        count
    };
    std::thread::scope(|scope| {
        lock.acquire();
        for (index, own) in [3, 9, 3, 200, 9].into_iter().enumerate() {
            let lock = &lock;
            let order = &order;
            scope.spawn(move || {
                set_priority(own);
                lock.acquire();
                order.lock().expect("no panic").push(index);
                // The next one is woken before this thread is done, and no other thread arrives.
                lock.release();
            });
            wait_until(|| sleepers() == index + 1);
        }
        lock.release();
    });
    assert_eq!(order.into_inner().expect("no panic"), [3, 1, 4, 0, 2]);
    assert!(lock.is_free());
}

/// A holds the first lock, B holds the second and waits for the first, C waits for the second: A
/// runs at C's priority.
#[test]
fn priorities_are_lent_along_a_chain_and_restored() {
    static REPORTED: Plain<Vec<(u16, u8)>> = Plain::new(Vec::new());
    assert!(on_priority(|number, priority| REPORTED.lock().expect("no panic").push((number, priority))));
    let first = AdaptiveLock::new();
    let second = AdaptiveLock::new();
    let numbers = [const { AtomicU16::new(0) }; 2];
    let [a, b] = &numbers;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let first = &first;
        let second = &second;
        let done = &done;
        scope.spawn(move || {
            a.store(set_priority(1), Ordering::Relaxed);
            first.acquire();
            wait_until(|| done.load(Ordering::Relaxed));
            assert_eq!(priority(), 7);
            first.release();
            assert_eq!(priority(), 1);
        });
        wait_until(|| !first.is_free());
        scope.spawn(move || {
            b.store(set_priority(2), Ordering::Relaxed);
            second.acquire();
            first.acquire();
            assert_eq!(priority(), 7);
            first.release();
            // It still holds the lock for which it inherited the priority.
            assert_eq!(priority(), 7);
            second.release();
            assert_eq!(priority(), 2);
        });
        wait_until(|| priority::is_asleep(b.load(Ordering::Relaxed)));
        wait_until(|| priority_of(a.load(Ordering::Relaxed)) == 2);
        scope.spawn(move || {
            set_priority(7);
            second.acquire();
            second.release();
        });
        wait_until(|| priority_of(a.load(Ordering::Relaxed)) == 7);
        done.store(true, Ordering::Relaxed);
    });
    let reported = REPORTED.lock().expect("no panic");
    let of = |number: &AtomicU16| {
        let number = number.load(Ordering::Relaxed);
        // Numbers are reused by threads of other tests.
        let is_of_thread = |reported: &&(u16, u8)| reported.0 == number && [1, 2, 7].contains(&reported.1);
        reported.iter().filter(is_of_thread).map(|reported| reported.1).collect::<Vec<_>>()
    };
    assert_eq!((of(a), of(b)), (vec![2, 7, 1], vec![7, 2]));
}

fn count(threads: usize, rounds: u64) {
    let rounds = crate::rounds(rounds);
    let counter: Mutex<u64, AdaptiveLock> = Mutex::with_lock(Level::Leaf, 0, 0);
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let counter = &counter;
            let start = &start;
            scope.spawn(move || {
                set_priority(100 + thread as u8);
                start.wait();
                for round in 0..rounds {
                    let mut counter = counter.lock();
                    *counter += 1;
                    if round % 4096 == 0 {
                        std::thread::sleep(Duration::from_micros(100));
                    }
                }
            });
        }
    });
    assert_eq!(counter.into_inner(), threads as u64 * rounds);
}

#[test]
fn two_threads_count_exactly() {
    count(2, 400_000);
}

#[test]
fn four_threads_count_exactly() {
    count(4, 150_000);
}

#[test]
fn eight_threads_count_exactly() {
    count(8, 80_000);
}

#[test]
fn trying_takes_a_free_lock_only() {
    let lock = AdaptiveLock::new();
    assert!(lock.try_acquire() && !lock.try_acquire());
    lock.release();
    assert!(lock.try_acquire());
    lock.release();
}
