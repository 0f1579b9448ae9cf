//! Loom model of the adaptive lock. All sleeps last until a wake, so a lost wake is a deadlock.

use super::*;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

/// Each thread acquires the lock `rounds` times.
fn model(threads: usize, rounds: usize, interruptions: usize) {
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(interruptions);
    let count = runs.clone();
    builder.check(move || {
        let guarded = Arc::new((AdaptiveLock::new(), UnsafeCell::new(0_u32)));
        let work = move |guarded: &(AdaptiveLock, UnsafeCell<u32>)| {
            for _ in 0..rounds {
                guarded.0.acquire();
                guarded.1.with_mut(|_| ());
                guarded.0.release();
            }
        };
        let others: Vec<_> = (1..threads)
            .map(|_| {
                let guarded = guarded.clone();
                thread::spawn(move || work(&guarded))
            })
            .collect();
        work(&guarded);
        for other in others {
            other.join().expect("no panic");
        }
        assert!(guarded.0.is_free() && guarded.0.try_acquire());
        count.fetch_add(1, Ordering::Relaxed);
    });
    println!("{threads} threads, {rounds} rounds, {interruptions} interruptions: {runs:?} runs");
}

#[test]
fn two_threads_exclude_each_other_in_every_order() {
    model(2, 2, 4);
}

#[test]
fn three_threads_exclude_each_other_in_every_order() {
    model(3, 1, 3);
}
