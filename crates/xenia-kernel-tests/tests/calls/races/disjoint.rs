//! Contention counts of six threads that use separate objects: no lock is contended. The counters
//! do detect contention when the threads share an object.

use super::*;
use std::collections::BTreeMap;
use xenia_guest::layout::ksemaphore;
use xenia_kernel::objects::dispatcher::LockCounts;

const THREADS: usize = 6;
const ROUNDS: u64 = 4000;
/// Objects of a thread.
const OBJECTS: usize = 3;

type Counts = BTreeMap<&'static str, LockCounts>;

/// Counts how often the dispatcher's locks were taken, by six threads that signal, reset and take
/// three objects each.
fn count(machine: &HostThreads, threads: &[ThreadRef], objects: &[[GuestAddr; OBJECTS]]) -> Counts {
    let before: Counts = machine.kernel.dispatcher.lock_counts().into();
    thread::scope(|scope| {
        for (&thread, objects) in threads.iter().zip(objects) {
            let [event, semaphore, mutant] = objects.map(|object| u64::from(object.0));
            scope.spawn(move || {
                machine.run(thread, |guest| {
                    for _ in 0..ROUNDS {
                        guest.call("KeSetEvent", &[event, 0, 0]);
                        guest.call("KeReleaseSemaphore", &[semaphore, 0, 1, 0]);
                        for object in [event, semaphore, mutant] {
                            assert_eq!(guest.call("KeWaitForSingleObject", &[object, 0, 0, 0, 0]), 0);
                        }
                        assert_eq!(guest.call("KeReleaseMutant", &[mutant, 0, 0, 0]), 0);
                        guest.call("KeResetEvent", &[event]);
                    }
                });
            });
        }
    });
    let after = machine.kernel.dispatcher.lock_counts();
    let since = after.map(|(name, LockCounts { taken, contended })| {
        let before = before[name];
        (name, LockCounts { taken: taken - before.taken, contended: contended - before.contended })
    });
    since.into()
}

#[test]
fn six_threads_at_separate_objects_find_no_lock_taken() {
    let machine = HostThreads::new(&no_routine);
    let dispatcher = &machine.kernel.dispatcher;
    // The shard of an object is arbitrary: pick six sets of objects without a common shard.
    let mut used = Vec::new();
    let mut places = (0..).map(|index| machine.scratch.offset(0x40 * index));
    let objects: Vec<[GuestAddr; OBJECTS]> = (0..THREADS)
        .map(|_| {
            [0; OBJECTS].map(|_| {
                let object =
                    places.find(|&at| !used.iter().any(|&other| dispatcher.shares(at, other))).unwrap();
                used.push(object);
                object
            })
        })
        .collect();
    let mut owners: Vec<(ThreadRef, GuestAddr)> = Vec::new();
    while owners.len() < THREADS {
        let (thread, kthread) = machine.add_thread();
        let kthread = GuestAddr(kthread as u32);
        if owners.iter().all(|&(_, other)| !dispatcher.shares(kthread, other)) {
            owners.push((thread, kthread));
        }
    }
    let threads: Vec<ThreadRef> = owners.iter().map(|&(thread, _)| thread).collect();
    machine.run(machine.add_thread().0, |guest| {
        for [event, semaphore, mutant] in &objects {
            guest.call("KeInitializeEvent", &[u64::from(event.0), 1, 0]);
            guest.call("KeInitializeSemaphore", &[u64::from(semaphore.0), 0, 0x7FFF_FFFF]);
            guest.call("KeInitializeMutant", &[u64::from(mutant.0), 0]);
        }
    });
    let counts = count(&machine, &threads, &objects);
    let calls = THREADS as u64 * ROUNDS;
    // Two signals, a reset and three waits take the object's lock once each, a release the
    // mutant's.
    assert_eq!(counts["object_shards"], LockCounts { taken: 7 * calls, contended: 0 });
    // The mutant owners' lock: a place, an entry, and the release of both.
    assert_eq!(counts["mutant_owners"], LockCounts { taken: 3 * calls, contended: 0 });
    assert_eq!(counts["thread_turns"].taken + counts["timer_queue"].taken, 0, "nobody waited");
    for [event, semaphore, _] in &objects {
        assert_eq!(machine.kernel.memory.read(event.offset(4)), Ok(0_u32));
        assert_eq!(machine.kernel.memory.read(semaphore.offset(4)), Ok(0_u32));
        assert_eq!(machine.kernel.memory.read(semaphore.offset(ksemaphore::LIMIT)), Ok(0x7FFF_FFFF_u32));
    }
}

#[test]
fn the_counters_see_threads_that_share_an_object() {
    let machine = HostThreads::new(&no_routine);
    let semaphore = u64::from(machine.scratch.0);
    machine.run(machine.add_thread().0, |guest| {
        guest.call("KeInitializeSemaphore", &[semaphore, 0, 0x7FFF_FFFF]);
    });
    let begun = std::time::Instant::now();
    while machine.kernel.dispatcher.lock_counts()[0].1.contended == 0 {
        assert!(begun.elapsed().as_secs() < 60, "no lock was ever taken");
        race(&machine, 2, |guest, _| {
            for _ in 0..ROUNDS {
                guest.call("KeReleaseSemaphore", &[semaphore, 0, 1, 0]);
                assert_eq!(guest.call("KeWaitForSingleObject", &[semaphore, 0, 0, 0, 0]), 0);
            }
        });
    }
}
