//! Read/write locks: order of readers and writers.

use super::Harness;
use xenia_imports::Library;
use xenia_kernel::abi::Flow;
use xenia_kernel::objects::read_write_lock::LockMode::{self, Exclusive, Shared};
use xenia_kernel::objects::read_write_lock::initialize_lock;
use xenia_sched::ThreadRef;

/// Calls as another thread; returns whether it continues without waiting.
fn acquire(b: &mut Harness, thread: ThreadRef, mode: LockMode) -> bool {
    b.act_as(thread);
    let lock = u64::from(b.scratch.0);
    let name = match mode {
        Shared => "ExAcquireReadWriteLockShared",
        Exclusive => "ExAcquireReadWriteLockExclusive",
    };
    b.carry_out(name, &[lock]).is_some()
}

fn release(b: &mut Harness) {
    let lock = u64::from(b.scratch.0);
    assert!(matches!(b.call(Library::xboxkrnl, "ExReleaseReadWriteLock", &[lock]), Flow::Return(_)));
}

#[test]
fn readers_share_and_a_waiting_writer_keeps_new_ones_out() {
    let mut b = Harness::new();
    let lock = b.scratch;
    initialize_lock(b.memory(), lock).unwrap();
    let threads: Vec<_> = (0..6).map(|_| b.add_thread()).collect();
    let woken = |b: &Harness, index: usize| b.answer(threads[index]).is_some();
    assert!(acquire(&mut b, threads[0], Shared));
    assert!(acquire(&mut b, threads[1], Shared));
    assert!(!acquire(&mut b, threads[2], Exclusive));
    assert!(!acquire(&mut b, threads[3], Shared));
    let kernel = b.kernel.clone();
    let locks = &kernel.read_write_locks;
    assert!(!locks.try_acquire(&kernel.memory, lock, Shared).unwrap());
    assert_eq!([0, 4, 8, 12].map(|at| b.word(at)), [3, 1, 1, 2]);
    b.act_as(threads[5]);
    release(&mut b);
    assert!(!woken(&b, 2), "a reader is still inside");
    release(&mut b);
    assert!(woken(&b, 2) && !woken(&b, 3));
    assert!(!acquire(&mut b, threads[4], Exclusive));
    b.act_as(threads[5]);
    release(&mut b);
    assert!(woken(&b, 3) && !woken(&b, 4), "readers first");
    release(&mut b);
    assert!(woken(&b, 4));
    release(&mut b);
    assert_eq!(b.word(0), u32::MAX);
    assert!(locks.try_acquire(&kernel.memory, lock, Exclusive).unwrap());
    assert!(!locks.try_acquire(&kernel.memory, lock, Shared).unwrap());
    release(&mut b);
    assert_eq!([0, 4, 8, 12].map(|at| b.word(at)), [u32::MAX, 0, 0, 0]);
}
