//! Contention tests of locks in the title's own memory.

use super::*;
use xenia_guest::layout::{critical_section, erwlock};

const THREADS: usize = 4;
const ROUNDS: u32 = 5000;

#[test]
fn critical_sections_let_one_thread_in_at_a_time() {
    let machine = HostThreads::new(&no_routine);
    let section = machine.scratch;
    let count = machine.scratch.offset(0x100);
    let at = u64::from(section.0);
    machine.run(machine.add_thread().0, |guest| guest.call("RtlInitializeCriticalSection", &[at]));
    race(&machine, THREADS, |guest, number| {
        for round in 0..ROUNDS {
            if !(round.is_multiple_of(5) && guest.call("RtlTryEnterCriticalSection", &[at]) == 1) {
                guest.call("RtlEnterCriticalSection", &[at]);
            }
            let nested = (round as usize + number).is_multiple_of(7);
            if nested {
                guest.call("RtlEnterCriticalSection", &[at]);
            }
            add_one(guest, count);
            if nested {
                guest.call("RtlLeaveCriticalSection", &[at]);
            }
            guest.call("RtlLeaveCriticalSection", &[at]);
        }
    });
    let word = |at: GuestAddr| machine.kernel.memory.read::<u32>(at).unwrap();
    assert_eq!(word(count), THREADS as u32 * ROUNDS);
    let fields = [critical_section::LOCK_COUNT, critical_section::RECURSION_COUNT, critical_section::OWNER];
    assert_eq!(fields.map(|offset| word(section.offset(offset))), [u32::MAX, 0, 0]);
}

#[test]
fn spin_locks_exclude_guest_code_that_takes_them_itself() {
    let machine = HostThreads::new(&no_routine);
    let lock = machine.scratch;
    let count = machine.scratch.offset(0x100);
    let at = u64::from(lock.0);
    race(&machine, THREADS, |guest, number| {
        for _ in 0..ROUNDS {
            if number == 0 {
                let free = |owner: u32| (owner == 0).then_some(0x77);
                while guest.memory().atomic_u32(lock, free).unwrap().is_err() {
                    thread::yield_now();
                }
                add_one(guest, count);
                guest.call("KeReleaseSpinLockFromRaisedIrql", &[at]);
                continue;
            }
            assert_eq!(guest.call("KfAcquireSpinLock", &[at]), 0, "the level before");
            add_one(guest, count);
            guest.call("KfReleaseSpinLock", &[at, 0]);
        }
    });
    let word = |at: GuestAddr| machine.kernel.memory.read::<u32>(at).unwrap();
    assert_eq!((word(lock), word(count)), (0, THREADS as u32 * ROUNDS));
}

#[test]
fn spin_lock_released_by_a_guest_store_wakes_waiters() {
    const ROUNDS: u32 = 1000;
    let machine = HostThreads::new(&no_routine);
    let lock = machine.scratch;
    let count = machine.scratch.offset(0x100);
    let at = u64::from(lock.0);
    while_time_passes(&machine, || {
        race(&machine, THREADS, |guest, number| {
            for _ in 0..ROUNDS {
                guest.call("KeAcquireSpinLockAtRaisedIrql", &[at]);
                add_one(guest, count);
                if number % 2 == 0 {
                    // The code that a compiler emits for an inlined release: a barrier and a store.
                    guest.memory().write(lock, 0_u32).unwrap();
                } else {
                    guest.call("KeReleaseSpinLockFromRaisedIrql", &[at]);
                }
            }
        });
    });
    let word = |at: GuestAddr| machine.kernel.memory.read::<u32>(at).unwrap();
    assert_eq!((word(lock), word(count)), (0, THREADS as u32 * ROUNDS));
    assert!(!machine.kernel.spin_locks.has_waiters());
}

#[test]
fn read_write_locks_let_many_readers_in_or_one_writer() {
    let machine = HostThreads::new(&no_routine);
    let lock = machine.scratch;
    let count = [0x100, 0x200].map(|offset| machine.scratch.offset(offset));
    let at = u64::from(lock.0);
    machine.run(machine.add_thread().0, |guest| guest.call("ExInitializeReadWriteLock", &[at]));
    race(&machine, THREADS, |guest, number| {
        for round in 0..ROUNDS {
            if number < 2 {
                if !(round.is_multiple_of(3)
                    && guest.call("ExTryToAcquireReadWriteLockExclusive", &[at]) == 1)
                {
                    guest.call("ExAcquireReadWriteLockExclusive", &[at]);
                }
                for word in count {
                    add_one(guest, word);
                }
            } else {
                if !(round.is_multiple_of(3) && guest.call("ExTryToAcquireReadWriteLockShared", &[at]) == 1) {
                    guest.call("ExAcquireReadWriteLockShared", &[at]);
                }
                let [first, second] = count.map(|at| guest.memory().read::<u32>(at).unwrap());
                assert_eq!(first, second, "a writer is inside");
            }
            guest.call("ExReleaseReadWriteLock", &[at]);
        }
    });
    let word = |at: GuestAddr| machine.kernel.memory.read::<u32>(at).unwrap();
    assert_eq!(count.map(word), [2 * ROUNDS; 2]);
    let fields = [
        erwlock::LOCK_COUNT,
        erwlock::WRITERS_WAITING,
        erwlock::READERS_WAITING,
        erwlock::READERS_ENTRY,
        erwlock::WRITER_EVENT + 4,
        erwlock::READER_SEMAPHORE + 4,
    ];
    assert_eq!(fields.map(|offset| word(lock.offset(offset))), [u32::MAX, 0, 0, 0, 0, 0]);
}
