//! Races of deferred calls and APCs queued from several threads: each queued one runs once. Also a
//! swap while the GPU is busy.

use super::*;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use xenia_guest::layout::{kapc, kdpc};

const POSTERS: usize = 3;
const ROUNDS: u64 = 4000;
/// Address of the routine of all queued calls.
const ROUTINE: u64 = 0x8200_1000;

#[test]
fn a_deferred_call_that_was_queued_runs_once_on_the_one_service_thread() {
    let ran = AtomicU64::new(0);
    let routine = |_: &mut Guest, pc: u32, arguments: [u64; 4]| {
        assert_eq!(u64::from(pc), ROUTINE);
        // The arguments must stem from the same call.
        assert_eq!(arguments[2], arguments[3]);
        ran.fetch_add(1, Relaxed)
    };
    let machine = HostThreads::new(&routine);
    let dpcs = [0, 0x40].map(|offset| machine.scratch.offset(offset));
    machine.run(machine.add_thread().0, |guest| {
        for dpc in dpcs {
            guest.call("KeInitializeDpc", &[u64::from(dpc.0), ROUTINE, 0x77]);
        }
    });
    let queued = AtomicU64::new(0);
    let taken_back = AtomicU64::new(0);
    thread::scope(|scope| {
        let posters = scope.spawn(|| {
            race(&machine, POSTERS, |guest, number| {
                for round in 0..ROUNDS {
                    let dpc = u64::from(dpcs[round as usize % dpcs.len()].0);
                    let word = round << 4 | number as u64;
                    queued.fetch_add(guest.call("KeInsertQueueDpc", &[dpc, word, word]), Relaxed);
                    if round % 16 == 0 {
                        taken_back.fetch_add(guest.call("KeRemoveQueueDpc", &[dpc]), Relaxed);
                    }
                }
            });
        });
        while machine.kernel.threads.lock().interrupts.thread(0).is_none() {
            thread::yield_now();
        }
        scope.spawn(|| machine.serve());
        posters.join().unwrap();
        let due = queued.load(Relaxed) - taken_back.load(Relaxed);
        let begun = std::time::Instant::now();
        while ran.load(Relaxed) < due {
            assert!(begun.elapsed().as_secs() < 60, "{} of {due} have run", ran.load(Relaxed));
            thread::yield_now();
        }
        machine.end();
    });
    assert_eq!(ran.load(Relaxed), queued.into_inner() - taken_back.into_inner());
    let threads = machine.kernel.threads.lock().iter().count();
    assert_eq!(threads, 1 + POSTERS + 1, "one of them serves");
    for dpc in dpcs {
        assert_eq!(machine.kernel.memory.read(dpc.offset(kdpc::SELECTED_CPU)), Ok(0_u8));
    }
}

#[test]
fn an_apc_object_is_in_one_queue_at_a_time_and_runs_as_often_as_it_was_queued() {
    let ran = AtomicU64::new(0);
    let routine = |_: &mut Guest, pc: u32, arguments: [u64; 4]| {
        assert_eq!(u64::from(pc), ROUTINE);
        assert_eq!(arguments[1], arguments[2]);
        ran.fetch_add(1, Relaxed)
    };
    let machine = HostThreads::new(&routine);
    let (target, kthread) = machine.add_thread();
    let user = machine.scratch;
    let kernel = machine.scratch.offset(0x40);
    let event = u64::from(machine.scratch.0) + 0x80;
    let timeout = machine.scratch.offset(0xC0);
    machine.run(machine.add_thread().0, |guest| {
        for (apc, mode) in [(user, 1), (kernel, 0)] {
            guest.call("KeInitializeApc", &[u64::from(apc.0), kthread, 0, 0, ROUTINE, mode, 0x33]);
        }
        guest.call("KeInitializeEvent", &[event, 1, 0]);
        guest.memory().write(timeout, -100_i64).unwrap();
    });
    let queued = AtomicU64::new(0);
    let taken_back = AtomicU64::new(0);
    let over = AtomicU64::new(0);
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            machine.run(target, |guest| {
                loop {
                    let last = over.load(Acquire) != 0;
                    let arguments = [event, 0, 1, 1, u64::from(timeout.0)];
                    match guest.status("KeWaitForSingleObject", &arguments) {
                        NtStatus::TIMEOUT if last => break,
                        NtStatus::TIMEOUT | NtStatus::USER_APC => {}
                        status => panic!("{status:?}"),
                    }
                }
            });
        });
        scope.spawn(|| machine.keep_time(100));
        race(&machine, POSTERS, |guest, number| {
            for round in 0..ROUNDS {
                let apc = u64::from([user, kernel][(round as usize + number) % 2].0);
                let word = round << 4 | number as u64;
                queued.fetch_add(guest.call("KeInsertQueueApc", &[apc, word, word, 0]), Relaxed);
                if round % 16 == 0 {
                    taken_back.fetch_add(guest.call("KeRemoveQueueApc", &[apc]), Relaxed);
                }
            }
        });
        over.store(1, Release);
        waits.join().unwrap();
        machine.end();
    });
    assert_eq!(ran.load(Relaxed), queued.into_inner() - taken_back.into_inner());
    for apc in [user, kernel] {
        assert_eq!(machine.kernel.memory.read(apc.offset(kapc::INSERTED)), Ok(0_u8));
    }
}

#[test]
fn an_apc_that_comes_between_two_waits_is_not_slept_through() {
    let ran = AtomicU64::new(0);
    let semaphore = AtomicU64::new(0);
    let routine = |guest: &mut Guest, pc: u32, _: [u64; 4]| {
        assert_eq!(u64::from(pc), ROUTINE);
        // Ends the wait that the APC has interrupted, or the next one.
        guest.call("KeReleaseSemaphore", &[semaphore.load(Relaxed), 0, 1, 0]);
        ran.fetch_add(1, Release)
    };
    let machine = HostThreads::new(&routine);
    let (target, kthread) = machine.add_thread();
    let apc = u64::from(machine.scratch.0);
    semaphore.store(apc + 0x80, Relaxed);
    let semaphore = apc + 0x80;
    machine.run(machine.add_thread().0, |guest| {
        guest.call("KeInitializeApc", &[apc, kthread, 0, 0, ROUTINE, 0, 0x33]);
        guest.call("KeInitializeSemaphore", &[semaphore, 0, 0x7FFF_FFFF]);
    });
    thread::scope(|scope| {
        scope.spawn(|| {
            machine.run(target, |guest| {
                for _ in 0..ROUNDS {
                    assert_eq!(guest.call("KeWaitForSingleObject", &[semaphore, 0, 0, 0, 0]), 0);
                }
            });
        });
        machine.run(machine.add_thread().0, |guest| {
            for round in 0..ROUNDS {
                assert_eq!(guest.call("KeInsertQueueApc", &[apc, 1, 2, 0]), 1);
                let begun = std::time::Instant::now();
                while ran.load(Acquire) <= round {
                    assert!(begun.elapsed().as_secs() < 60, "APC {round} has not run");
                    thread::yield_now();
                }
            }
        });
    });
    assert_eq!(ran.load(Relaxed), ROUNDS);
}

#[test]
fn swaps_and_mode_queries_do_not_wait_for_a_busy_gpu() {
    let (give, take) = sync_channel::<Arc<Kernel>>(1);
    let (begin, at_work) = sync_channel(1);
    let (done, swapped) = sync_channel(1);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut b = Harness::new();
            give.send(b.kernel.clone()).unwrap();
            let base = u64::from(b.scratch.0);
            b.memory().write(b.scratch, 0xA000_0000_u32).unwrap();
            let commands = base + 0x100;
            at_work.recv().unwrap();
            b.kernel_call("VdSwap", &[commands, base + 0x300, 0, 0, 1, base, 0, 0, base + 8, base + 8]);
            b.kernel_call("VdQueryVideoMode", &[base + 0x400]);
            b.kernel_call("VdQueryRealVideoMode", &[base + 0x440]);
            b.kernel_call("VdQueryVideoFlags", &[]);
            b.kernel_call("VdGetCurrentDisplayInformation", &[base + 0x480]);
            done.send((b.word(0x100), b.word(0x400), b.word(0x440))).unwrap();
        });
        let kernel = take.recv().unwrap();
        let chip = kernel.chips.video.lock();
        begin.send(()).unwrap();
        let swapped = swapped.recv_timeout(Duration::from_mins(1));
        drop(chip);
        assert_eq!(swapped, Ok((0x8000_0000, 1280, 1280)), "the commands, and the modes' widths");
        assert_eq!(kernel.display.lock().swaps, 1);
    });
}
