//! Races of waits that signals, deadlines, APCs and suspensions end at the same time.

use super::*;
use std::sync::Barrier;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use xenia_guest::layout::{dispatcher_header, list_entry};
use xenia_kernel::abi::Handle;
use xenia_testing::is_long;

const CONSUMERS: usize = 2;
const ROUNDS: u64 = 20_000;
/// Address of the routine of APCs.
const ROUTINE: u64 = 0x8200_1000;

/// A thread that others interrupt.
pub(super) struct Target {
    pub(super) thread: ThreadRef,
    pub(super) kthread: u64,
    pub(super) handle: Handle,
}

impl Target {
    pub(super) fn new(machine: &HostThreads) -> Self {
        let (thread, kthread) = machine.add_thread();
        let body = GuestAddr(kthread as u32);
        let handle = machine.kernel.objects.open(body).unwrap();
        Self { thread, kthread, handle }
    }
}

#[test]
fn every_count_of_a_semaphore_ends_exactly_one_wait() {
    let ran = AtomicU64::new(0);
    let routine = |_: &mut Guest, pc: u32, _: [u64; 4]| {
        assert_eq!(u64::from(pc), ROUTINE);
        ran.fetch_add(1, Relaxed)
    };
    let machine = HostThreads::new(&routine);
    let semaphore = u64::from(machine.scratch.0);
    let timeout = machine.scratch.offset(0x80);
    machine.run(machine.add_thread().0, |guest| {
        guest.call("KeInitializeSemaphore", &[semaphore, 0, 0x7FFF_FFFF]);
        guest.memory().write(timeout, -100_i64).unwrap();
    });
    let targets: Vec<Target> = (0..CONSUMERS).map(|_| Target::new(&machine)).collect();
    let others: Vec<ThreadRef> = (0..2).map(|_| machine.add_thread().0).collect();
    let busy = AtomicU64::new(2);
    let taken = AtomicU64::new(0);
    let queued = AtomicU64::new(0);
    let consume = |guest: &mut Guest| loop {
        let last = busy.load(Acquire) == 0;
        let arguments = [semaphore, 0, 1, 1, u64::from(timeout.0)];
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
                            // The limit of queued APCs is reached.
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

#[test]
fn a_signal_ends_one_wait_or_is_reset() {
    let machine = HostThreads::new(&no_routine);
    let event = u64::from(machine.scratch.0);
    let timeout = machine.scratch.offset(0x80);
    machine.run(machine.add_thread().0, |guest| {
        guest.call("KeInitializeEvent", &[event, 1, 0]);
        guest.memory().write(timeout, -100_i64).unwrap();
    });
    // Most of a round waits for a deadline.
    let rounds = ROUNDS / if is_long() { 8 } else { 32 };
    let [set, taken, reset] = [0; 3].map(AtomicU64::new);
    while_time_passes(&machine, || {
        race(&machine, 4, |guest, number| {
            for _ in 0..rounds {
                match number {
                    0 => set.fetch_add(u64::from(guest.call("KeSetEvent", &[event, 0, 0]) == 0), Relaxed),
                    1 => reset.fetch_add(guest.call("KeResetEvent", &[event]), Relaxed),
                    _ => {
                        let arguments = [event, 0, 0, 0, u64::from(timeout.0)];
                        let status = guest.status("KeWaitForSingleObject", &arguments);
                        taken.fetch_add(u64::from(status == NtStatus::SUCCESS), Relaxed)
                    }
                };
            }
        });
    });
    let left: u32 =
        machine.kernel.memory.read(machine.scratch.offset(dispatcher_header::SIGNAL_STATE)).unwrap();
    assert_eq!(set.into_inner(), taken.into_inner() + reset.into_inner() + u64::from(left));
}

#[test]
fn mutants_have_one_owner_and_ended_threads_abandon_them() {
    const MUTANTS: u32 = 3;
    const THREADS: usize = 4;
    const ALL: u64 = 0;
    const ANY: u64 = 1;
    const ABANDONED: u64 = 0x80;
    let machine = HostThreads::new(&no_routine);
    let mutant = |index: u32| u64::from(machine.scratch.0 + 0x40 * index);
    let count = |index: u32| machine.scratch.offset(0x200 + 4 * index);
    machine.run(machine.add_thread().0, |guest| {
        for index in 0..MUTANTS {
            guest.call("KeInitializeMutant", &[mutant(index), 0]);
            // Waits name the objects in this order, and in reverse.
            let list = machine.scratch.offset(0x300);
            guest.memory().write(list.offset(4 * index), mutant(index) as u32).unwrap();
            guest.memory().write(list.offset(0x20 - 4 * index), mutant(index) as u32).unwrap();
        }
    });
    let lists = [0x300, 0x300 + 0x20 - 4 * (MUTANTS - 1)].map(|offset| u64::from(machine.scratch.0 + offset));
    let held = AtomicU64::new(0);
    let abandoned = AtomicU64::new(0);
    let all_are_done = Barrier::new(THREADS);
    race(&machine, THREADS, |guest, number| {
        for round in 0..ROUNDS / 8 {
            let which = (round as usize + number) % 3;
            let list = lists[number % 2];
            let first = u32::from(number % 2 == 1) * (MUTANTS - 1);
            let own: Vec<u32> = match which {
                0 => {
                    let arguments = [u64::from(MUTANTS), list, ALL, 0, 0, 0, 0, 0];
                    assert_eq!(guest.call("KeWaitForMultipleObjects", &arguments), 0);
                    (0..MUTANTS).collect()
                }
                1 => {
                    let arguments = [u64::from(MUTANTS), list, ANY, 0, 0, 0, 0, 0];
                    let index = guest.call("KeWaitForMultipleObjects", &arguments) as u32;
                    vec![first.abs_diff(index)]
                }
                _ => {
                    assert_eq!(guest.call("KeWaitForSingleObject", &[mutant(1), 0, 0, 0, 0]), 0);
                    vec![1]
                }
            };
            for &index in &own {
                add_one(guest, count(index));
                held.fetch_add(1, Relaxed);
            }
            for &index in &own {
                assert_eq!(guest.call("KeReleaseMutant", &[mutant(index), 0, 0, 0]), 0, "taken once");
            }
        }
        all_are_done.wait();
        let status = guest.call("KeWaitForSingleObject", &[mutant(0), 0, 0, 0, 0]);
        abandoned.fetch_add(u64::from(status == ABANDONED), Relaxed);
        guest.call("ExTerminateThread", &[0]);
    });
    let memory = &machine.kernel.memory;
    let counts: u32 = (0..MUTANTS).map(|index| memory.read::<u32>(count(index)).unwrap()).sum();
    assert_eq!(u64::from(counts), held.into_inner());
    assert_eq!(abandoned.into_inner(), THREADS as u64 - 1, "all but the first to end");
    for index in 0..MUTANTS {
        let at = GuestAddr(mutant(index) as u32);
        assert_eq!(memory.read(at.offset(dispatcher_header::SIGNAL_STATE)), Ok(1_u32));
        let list = at.offset(dispatcher_header::WAIT_LIST);
        for link in [list_entry::FLINK, list_entry::BLINK] {
            assert_eq!(memory.read(list.offset(link)), Ok(list), "nobody waits");
        }
    }
}
