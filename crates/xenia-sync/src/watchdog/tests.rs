//! Tests with threads that are stuck on purpose.

use super::*;
use crate::order::Rank;
use crate::record::{Holding, LockRecord};
use crate::{Level, Mutex, RwLock};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

const LIMIT: Duration = Duration::from_millis(20);

/// Sets the flag for which a test's threads wait when it is dropped, also by a panic: the scope
/// waits for these threads.
struct EndOfWaits<'a>(&'a AtomicBool);

impl Drop for EndOfWaits<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Waits for a report on this lock that satisfies `whole`. Reports on locks of other tests in the
/// same process are ignored.
fn wait_for_word_of(address: usize, whole: impl Fn(&Stuck) -> bool) -> Stuck {
    let start = Instant::now();
    loop {
        if let Some(stuck) = stuck(LIMIT).into_iter().find(|stuck| stuck.address == address && whole(stuck)) {
            return stuck;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "nothing is said");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn named<'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() + Send + 'scope,
) {
    std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, work).expect("a thread");
}

#[test]
fn holder_and_waiters_are_named() {
    let lock = Mutex::numbered(Level::Slot, 3, ());
    let address = std::ptr::from_ref(&lock).addr();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let end = EndOfWaits(&done);
        named(scope, "holder", || {
            let _guard = lock.lock();
            while !done.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        while lock.try_lock().is_some() {
            std::thread::yield_now();
        }
        for name in ["first", "second"] {
            named(scope, name, || drop(lock.lock()));
        }
        let stuck = wait_for_word_of(address, |stuck| (stuck.holders.len(), stuck.waiters.len()) == (1, 2));
        drop(end);
        assert_eq!(stuck.rank, "Slot[3]");
        assert_eq!(stuck.holders.len(), 1);
        assert_eq!(stuck.holders[0].thread, "holder");
        let mut names: Vec<_> = stuck.waiters.iter().map(|waiter| waiter.thread.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["first", "second"]);
        assert!(stuck.waiters.iter().all(|waiter| waiter.waited >= LIMIT && waiter.site.is_some()));
        assert!(stuck.cycle.is_empty());
        let words = stuck.to_string();
        assert!(words.contains("held by holder at ") && words.contains("tests.rs"), "{words}");
    });
    assert!(stuck(Duration::ZERO).iter().all(|stuck| stuck.address != address));
}

#[test]
fn readers_are_reported_as_holders_of_a_lock() {
    let lock = RwLock::new(Level::Files, ());
    let address = std::ptr::from_ref(&lock).addr();
    let reading = Barrier::new(3);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let end = EndOfWaits(&done);
        for name in ["one reader", "another reader"] {
            named(scope, name, || {
                let _guard = lock.read();
                reading.wait();
                while !done.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
        reading.wait();
        named(scope, "writer", || drop(lock.write()));
        let stuck = wait_for_word_of(address, |_| true);
        drop(end);
        assert_eq!(stuck.holders.len(), 2);
        assert_eq!(stuck.waiters[0].thread, "writer");
    });
}

/// The checker refuses locks that could close a cycle, so these threads only record that they hold
/// and wait.
#[test]
fn a_cycle_of_waiting_threads_is_found() {
    const LOCKS: [usize; 3] = [0x1001, 0x1002, 0x1003];
    let on = |at: usize| Holding { rank: Rank::new(Level::Files, at as u32), lock: LOCKS[at], site: None };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let end = EndOfWaits(&done);
        for (at, name) in ["a", "b", "c"].into_iter().enumerate() {
            let done = &done;
            named(scope, name, move || {
                let record = LockRecord::mine().expect("alive");
                record.push(on(at));
                record.while_waiting(on((at + 1) % 3), || {
                    while !done.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
                record.remove(LOCKS[at]);
            });
        }
        // Waits for a lock of the cycle and is not part of it.
        named(scope, "outside", || {
            let wait = || {
                while !done.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            };
            LockRecord::mine().expect("alive").while_waiting(on(0), wait);
        });
        let stuck = wait_for_word_of(LOCKS[0], |stuck| !stuck.cycle.is_empty() && stuck.waiters.len() == 2);
        drop(end);
        // Each holder waits for the next lock.
        assert_eq!(stuck.cycle, ["a", "b", "c"]);
        assert!(stuck.to_string().ends_with("wait cycle: a -> b -> c"), "{stuck}");
    });
}

#[test]
fn each_standstill_of_a_lock_is_found_once() {
    let lock = Mutex::new(Level::Leaf, ());
    let address = std::ptr::from_ref(&lock).addr();
    let mut locks = StuckLocks::default();
    let mut is_new = || locks.found_since(LIMIT).iter().any(|stuck| stuck.address == address);
    for _ in 0..2 {
        std::thread::scope(|scope| {
            let guard = lock.lock();
            named(scope, "waiter", || drop(lock.lock()));
            wait_for_word_of(address, |_| true);
            assert!(is_new());
            assert!(!is_new(), "twice");
            drop(guard);
        });
        assert!(!is_new());
    }
}

#[test]
fn ended_thread_is_named_as_lock_holder() {
    let lock = Mutex::new(Level::Leaf, ());
    let address = std::ptr::from_ref(&lock).addr();
    std::thread::scope(|scope| named(scope, "gone", || std::mem::forget(lock.lock())));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let end = EndOfWaits(&done);
        // Again, as one attempt may be over before it is seen.
        named(scope, "left alone", || {
            while !done.load(Ordering::Relaxed) {
                assert!(lock.try_lock_for(LIMIT * 20).is_none());
            }
        });
        let stuck = wait_for_word_of(address, |_| true);
        drop(end);
        assert_eq!(stuck.holders[0].thread, "gone (ended)");
    });
}
