//! Loom models of the table: its own code, in every order of two threads' steps.
//!
//! A model with a fault in the threads must fail.

use super::atomic::{AtomicU32, AtomicU64, OMITTED};
use super::*;
use loom::sync::Arc;
use loom::thread;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64 as Count;

const A: GuestAddr = GuestAddr(0x8234_5600);
/// Another line in the same bank.
const COLLIDES: GuestAddr = GuestAddr(A.0 + BANKS as u32 * RESERVATION_LINE);

/// The table, and the other data that the threads share.
struct Shared {
    table: ReservationTable,
    /// The word that is reserved; the other line's.
    words: [AtomicU32; 2],
    /// Number of conditional stores that were made.
    made: AtomicU32,
    /// Another counter of the host, and a flag.
    counter: AtomicU64,
    announced: AtomicU32,
}

impl Shared {
    fn new() -> Self {
        Self {
            table: ReservationTable::new(),
            words: [AtomicU32::new(0), AtomicU32::new(0)],
            made: AtomicU32::new(0),
            counter: AtomicU64::new(0),
            announced: AtomicU32::new(0),
        }
    }

    /// Adds 1 to a word, if its reservation stands. The accesses of compiled code are plain.
    fn try_to_add(&self, hw_id: u8, at: GuestAddr) {
        let word = &self.words[usize::from(at != A)];
        let generation = self.table.reserve(at, hw_id);
        let value = word.load(Relaxed);
        let stored = self.table.commit(Some((at, generation)), hw_id, || word.store(value + 1, Relaxed));
        self.made.fetch_add(u32::from(stored.is_some()), Relaxed);
    }
}

type Role = fn(&Shared);

/// Runs two threads in every order with up to four preemptions, then `check`.
fn run(title: &str, [first, second]: [Role; 2], check: Role) {
    let runs = std::sync::Arc::new(Count::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(4);
    let count = runs.clone();
    builder.check(move || {
        let shared = Arc::new(Shared::new());
        let other = shared.clone();
        let other = thread::spawn(move || second(&other));
        first(&shared);
        other.join().expect("no panic");
        check(&shared);
        count.fetch_add(1, Relaxed);
    });
    println!("{title}: 2 threads, {runs:?} runs");
}

/// Runs a faulty model and asserts that loom finds the fault.
fn must_fail(title: &str, threads: [Role; 2], check: Role) {
    let run = AssertUnwindSafe(|| run(title, threads, check));
    assert!(catch_unwind(run).is_err(), "not found: {title}");
}

const NOTHING: Role = |_| {};

fn sums_agree(shared: &Shared) {
    let sum: u32 = shared.words.iter().map(|word| word.load(Relaxed)).sum();
    assert_eq!(sum, shared.made.load(Relaxed), "each store that was made counts");
    assert!(!shared.table.has_active_reservers());
}

#[test]
fn conditional_stores_exclude_each_other() {
    let twice: Role = |shared| (0..2).for_each(|_| shared.try_to_add(1, A));
    run("conditional stores", [|shared| shared.try_to_add(0, A), twice], sums_agree);
    let late: Role = |shared| {
        let value = shared.words[0].load(Relaxed);
        let generation = shared.table.reserve(A, 0);
        let store = || shared.words[0].store(value + 1, Relaxed);
        let stored = shared.table.commit(Some((A, generation)), 0, store);
        shared.made.fetch_add(u32::from(stored.is_some()), Relaxed);
    };
    must_fail("reserved after the load", [late, |shared| shared.try_to_add(1, A)], sums_agree);
}

#[test]
fn colliding_lines_and_changes_of_lines_lose_reservations_only() {
    let other: Role = |shared| [COLLIDES, A].into_iter().for_each(|at| shared.try_to_add(1, at));
    run("colliding lines", [|shared| shared.try_to_add(0, A), other], sums_agree);
}

/// Reserves and loads, perhaps sees the announcement of a write, and makes the conditional store.
fn reserves(shared: &Shared) {
    let generation = shared.table.reserve(A, 0);
    let value = shared.words[0].load(Relaxed);
    let announced = shared.announced.load(Acquire);
    let stored = shared.table.commit(Some((A, generation)), 0, || ()).is_some();
    assert!(!(value == 0 && announced == 1 && stored), "a write was made in between");
}

/// `GuestMemory::write` of `len` bytes with reservations that are not strict.
fn write(shared: &Shared, len: u32) {
    shared.words[0].store(1, Release);
    shared.counter.fetch_add(1, Relaxed);
    shared.table.invalidate_range_for_write(A, len);
    shared.announced.store(1, Release);
}

#[test]
fn a_write_that_was_made_ends_reservations() {
    run("writes by the machine", [reserves, |shared| write(shared, 4)], NOTHING);
    let long: Role = |shared| write(shared, (FEW_LINES + 1) * RESERVATION_LINE);
    run("long writes by the machine", [reserves, long], NOTHING);
    let early: Role = |shared| {
        shared.table.invalidate_range_for_write(A, 4);
        shared.words[0].store(1, Release);
        shared.announced.store(1, Release);
    };
    must_fail("reservations ended before the write", [reserves, early], NOTHING);
    let without_fence: Role = |shared| {
        OMITTED.with(|omitted| omitted.set(true));
        write(shared, 4);
    };
    must_fail("no fence after the write", [reserves, without_fence], NOTHING);
    let without_fence: Role = |shared| {
        OMITTED.with(|omitted| omitted.set(true));
        reserves(shared);
    };
    must_fail("no fence after the reservation", [without_fence, |shared| write(shared, 4)], NOTHING);
}

#[test]
fn no_strict_store_comes_between() {
    let reads: Role = |shared| {
        let generation = shared.table.reserve(A, 0);
        let before = shared.words[0].load(Relaxed);
        if let Some(now) = shared.table.commit(Some((A, generation)), 0, || shared.words[0].load(Relaxed)) {
            assert_eq!(now, before);
        }
    };
    let stores: Role = |shared| {
        for value in 1..3 {
            let taken = shared.table.begin_store(A, 4);
            shared.words[0].store(value, Relaxed);
            shared.table.end_store(taken, 1, None);
        }
    };
    run("strict stores", [reads, stores], NOTHING);
    let after: Role = |shared| {
        let taken = shared.table.begin_store(A, 4);
        shared.table.end_store(taken, 1, None);
        shared.words[0].store(1, Relaxed);
    };
    must_fail("a strict store after the bank is released", [reads, after], NOTHING);
}
