//! Waits for objects that signals, deadlines, APCs and suspensions would end at the same time.

use super::*;
use crate::abi::Handle;
use crate::layout::ksemaphore;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

const CONSUMERS: usize = 2;
const ROUNDS: u64 = 20_000;
/// The routine of APCs.
const ROUTINE: u64 = 0x8200_1000;

/// A thread that others interrupt.
struct Target {
    thread: ThreadRef,
    kthread: u64,
    handle: Handle,
}

impl Target {
    fn new(machine: &Machine) -> Self {
        let (thread, kthread) = machine.add_thread();
        let body = GuestAddr(kthread as u32);
        let handle = machine.kernel.objects.open(body).unwrap();
        Self { thread, kthread, handle }
    }
}

/// Runs `code`, which ends by itself, while guest time goes on.
fn while_time_passes<R>(machine: &Machine, code: impl FnOnce() -> R) -> R {
    thread::scope(|scope| {
        scope.spawn(|| machine.keep_time(100));
        let result = code();
        machine.end();
        result
    })
}

#[test]
fn every_count_of_a_semaphore_ends_one_wait_whatever_else_ends_others() {
    let ran = AtomicU64::new(0);
    let routine = |_: &mut Guest, pc: u32, _: [u64; 4]| {
        assert_eq!(u64::from(pc), ROUTINE);
        ran.fetch_add(1, Relaxed)
    };
    let machine = Machine::new(&routine);
    let (semaphore, timeout) = (u64::from(machine.scratch.0), machine.scratch.offset(0x80));
    machine.run(machine.add_thread().0, |guest| {
        guest.call("KeInitializeSemaphore", &[semaphore, 0, 0x7FFF_FFFF]);
        guest.memory().write(timeout, -100_i64).unwrap();
    });
    assert_eq!(machine.kernel.memory.read(machine.scratch.offset(ksemaphore::LIMIT)), Ok(i32::MAX));
    let targets: Vec<Target> = (0..CONSUMERS).map(|_| Target::new(&machine)).collect();
    let others: Vec<ThreadRef> = (0..2).map(|_| machine.add_thread().0).collect();
    let (busy, taken, queued) = (AtomicU64::new(2), AtomicU64::new(0), AtomicU64::new(0));
    let consume = |guest: &mut Guest| loop {
        let last = busy.load(Acquire) == 0;
        let arguments = [semaphore, 0, 0, 1, u64::from(timeout.0)];
        match guest.status("KeWaitForSingleObject", &arguments) {
            NtStatus::SUCCESS => taken.fetch_add(1, Relaxed),
            NtStatus::TIMEOUT if last => break,
            NtStatus::TIMEOUT | NtStatus::USER_APC => 0,
            status => panic!("{status:?}"),
        };
    };
    while_time_passes(&machine, || {
        thread::scope(|scope| {
            for target in &targets {
                scope.spawn(|| machine.run(target.thread, consume));
            }
            scope.spawn(|| {
                machine.run(others[0], |guest| {
                    for _ in 0..ROUNDS {
                        guest.call("KeReleaseSemaphore", &[semaphore, 0, 1, 0]);
                    }
                });
                busy.fetch_sub(1, AcqRel);
            });
            scope.spawn(|| {
                machine.run(others[1], |guest| {
                    for round in 0..ROUNDS {
                        let target = &targets[round as usize % CONSUMERS];
                        if round % 8 == 0 {
                            guest.call("KeSuspendThread", &[target.kthread]);
                            guest.call("KeResumeThread", &[target.kthread]);
                        }
                        let apc = [u64::from(target.handle.0), ROUTINE, 0, 0, 0];
                        match guest.status("NtQueueApcThread", &apc) {
                            NtStatus::SUCCESS => queued.fetch_add(1, Relaxed),
                            // So many wait already.
                            _ => 0,
                        };
                    }
                });
                busy.fetch_sub(1, AcqRel);
            });
        });
    });
    assert_eq!(taken.into_inner(), ROUNDS);
    assert_eq!(ran.load(Relaxed), queued.into_inner());
    assert_eq!(machine.kernel.memory.read(machine.scratch.offset(4)), Ok(0_u32));
}
