//! Two programs for the sanitizer: `locks` does right with each primitive that `std.c` describes, `race` doesn't.

use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock};
use std::time::Duration;

struct Shared(UnsafeCell<u64>);
// SAFETY: `locks` takes a lock around each use. `race` doesn't: that is what it is for.
unsafe impl Sync for Shared {}

impl Shared {
    fn add(&self) {
        // SAFETY: see above.
        unsafe { *self.0.get() += 1 }
    }
}

const ROUNDS: u64 = 20_000;

fn race() {
    let shared = Shared(UnsafeCell::new(0));
    let here = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // At the same time, and ordered by nothing.
                here.fetch_add(1, Relaxed);
                while here.load(Relaxed) < 2 {
                    std::thread::yield_now();
                }
                (0..ROUNDS).for_each(|_| black_box(&shared).add());
            });
        }
    });
}

fn locks() {
    let shared: [Shared; 5] = std::array::from_fn(|_| Shared(UnsafeCell::new(0)));
    let mutex = Mutex::new(());
    let rw_lock = RwLock::new(());
    let turn = Mutex::new(0);
    let turned = Condvar::new();
    let barrier = Barrier::new(2);
    let once = Arc::new(Once::new());
    arcs();
    std::thread::scope(|scope| {
        for me in 0..2 {
            let shared = &shared;
            let mutex = &mutex;
            let rw_lock = &rw_lock;
            let turn = &turn;
            let turned = &turned;
            let barrier = &barrier;
            let once = once.clone();
            scope.spawn(move || {
                once.call_once(|| shared[4].add());
                for round in 0..ROUNDS {
                    let held = mutex.lock();
                    shared[0].add();
                    drop(held);
                    let held = rw_lock.write();
                    shared[1].add();
                    drop(held);
                    drop(rw_lock.read());
                    if round % 16 == 0 {
                        let mut turn = turn.lock().expect("no panic");
                        while *turn != me {
                            let waited = turned.wait_timeout(turn, Duration::from_millis(1));
                            turn = waited.expect("no panic").0;
                            if *turn != me {
                                turn = turned.wait(turn).expect("no panic");
                            }
                        }
                        shared[2].add();
                        *turn = 1 - me;
                        turned.notify_one();
                    }
                    if round % 64 == 0 {
                        barrier.wait();
                        if me == 0 {
                            shared[3].add();
                        }
                        barrier.wait();
                        if me == 1 {
                            shared[3].add();
                        }
                    }
                }
            });
        }
    });
    shared[0].add();
}

/// The thread that drops the last of them frees the other's data.
fn arcs() {
    for _ in 0..ROUNDS / 16 {
        let first = Arc::new(Shared(UnsafeCell::new(0)));
        let second = first.clone();
        let other = std::thread::spawn(move || {
            second.add();
            drop(second);
        });
        drop(first);
        drop(other);
    }
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("race") => race(),
        Some("locks") => locks(),
        _ => panic!("race or locks"),
    }
}
