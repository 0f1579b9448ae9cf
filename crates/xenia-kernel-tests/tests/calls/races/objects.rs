//! Races of opening, using, duplicating and closing handles, and of creating objects with the same
//! name.

use super::*;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

const THREADS: usize = 4;
const ROUNDS: u64 = 3000;
/// Number of words with handles that all threads share.
const WORDS: u32 = 8;

fn put_attributes(guest: &Guest, at: GuestAddr, name: &str) -> u64 {
    let string = at.offset(0x10);
    let text = at.offset(0x20);
    guest.memory().write_bytes(text, name.as_bytes()).unwrap();
    guest.memory().write(string, (name.len() as u32) << 16 | name.len() as u32).unwrap();
    guest.memory().write(string.offset(4), text).unwrap();
    for (index, word) in (0..).zip([0, string.0, 0xC0]) {
        guest.memory().write(at.offset(4 * index), word).unwrap();
    }
    u64::from(at.0)
}

/// Counts the objects, handles and pool blocks besides the threads.
fn rest(machine: &HostThreads) -> (usize, usize, usize) {
    let Kernel { objects, pool, .. } = &*machine.kernel;
    (objects.list().len(), objects.handles().len(), pool.lock().blocks())
}

#[test]
fn a_handle_that_others_close_names_its_object_or_nothing() {
    let machine = HostThreads::new(&no_routine);
    let threads: Vec<ThreadRef> = (0..THREADS).map(|_| machine.add_thread().0).collect();
    let before = rest(&machine);
    let made = AtomicU64::new(0);
    let closed = AtomicU64::new(0);
    let used = AtomicU64::new(0);
    let act = |guest: &mut Guest, number: usize| {
        let own = u64::from(machine.scratch.0) + 0x1000 * (1 + number as u64);
        let count = |counter: &AtomicU64, status: NtStatus| match status {
            NtStatus::SUCCESS | NtStatus::TIMEOUT => _ = counter.fetch_add(1, Relaxed),
            NtStatus::INVALID_HANDLE => {}
            status => panic!("{status:?}"),
        };
        for round in 0..ROUNDS {
            let word = machine.scratch.offset(4 * ((round as u32 * 7 + number as u32) % WORDS));
            let handle = u64::from(guest.memory().read::<u32>(word).unwrap());
            match (round + number as u64) % 6 {
                0 | 1 => {
                    // Kind, state: an auto-reset event, not signalled.
                    assert_eq!(guest.status("NtCreateEvent", &[own, 0, 1, 0]), NtStatus::SUCCESS);
                    made.fetch_add(1, Relaxed);
                    // The exchange is atomic, so no other thread closes the same handle.
                    let new = guest.memory().read::<u32>(GuestAddr(own as u32)).unwrap();
                    let old = guest.memory().atomic_u32(word, |_| Some(new)).unwrap().unwrap();
                    count(&closed, guest.status("NtClose", &[u64::from(old)]));
                }
                2 => count(&used, guest.status("NtSetEvent", &[handle, 0])),
                3 => {
                    guest.memory().write(GuestAddr(own as u32 + 0x10), 0_u64).unwrap();
                    count(&used, guest.status("NtWaitForSingleObjectEx", &[handle, 1, 0, own + 0x10]));
                }
                4 => {
                    let status = guest.status("NtDuplicateObject", &[handle, own + 8, 0]);
                    count(&used, status);
                    if status == NtStatus::SUCCESS {
                        made.fetch_add(1, Relaxed);
                        let second = guest.memory().read::<u32>(GuestAddr(own as u32 + 8)).unwrap();
                        count(&closed, guest.status("NtClose", &[u64::from(second)]));
                    }
                }
                _ => {
                    let status = guest.status("NtQueryEvent", &[handle, own + 0x20]);
                    count(&used, status);
                    if status == NtStatus::SUCCESS {
                        let kind: u32 = guest.memory().read(GuestAddr(own as u32 + 0x20)).unwrap();
                        assert_eq!(kind, 1, "the body of an event");
                    }
                }
            }
        }
    };
    thread::scope(|scope| {
        for (number, &thread) in threads.iter().enumerate() {
            let machine = &machine;
            let act = &act;
            scope.spawn(move || machine.run(thread, |guest| act(guest, number)));
        }
    });
    machine.run(machine.add_thread().0, |guest| {
        for word in 0..WORDS {
            let handle: u32 = guest.memory().read(machine.scratch.offset(4 * word)).unwrap();
            assert_eq!(guest.status("NtClose", &[u64::from(handle)]), NtStatus::SUCCESS);
            closed.fetch_add(1, Relaxed);
        }
    });
    assert_eq!(closed.into_inner(), made.into_inner());
    assert!(used.into_inner() > 0, "no handle was ever there");
    let after = rest(&machine);
    // Only the last thread was added: an object, and its blocks.
    assert_eq!((after.0, after.1), (before.0 + 1, before.1));
    assert_eq!(after.2 - before.2, 3, "a thread has three blocks of the pool");
}

#[test]
fn named_object_is_initialised_before_any_open_sees_it() {
    let machine = HostThreads::new(&no_routine);
    let made = AtomicU64::new(0);
    race(&machine, THREADS, |guest, number| {
        let own = machine.scratch.offset(0x1000 * (1 + number as u32));
        let attributes = put_attributes(guest, own.offset(0x100), "Shared");
        let out = u64::from(own.0);
        for _ in 0..ROUNDS {
            // A signalled manual-reset event.
            match guest.status("NtCreateEvent", &[out, attributes, 0, 1]) {
                NtStatus::SUCCESS => _ = made.fetch_add(1, Relaxed),
                NtStatus::OBJECT_NAME_EXISTS => {}
                status => panic!("{status:?}"),
            }
            let handle = u64::from(guest.memory().read::<u32>(own).unwrap());
            assert_eq!(guest.status("NtQueryEvent", &[handle, out + 0x20]), NtStatus::SUCCESS);
            let state: u32 = guest.memory().read(own.offset(0x24)).unwrap();
            assert_eq!(state, 1, "it is never seen unsignalled");
            assert_eq!(guest.status("NtClose", &[handle]), NtStatus::SUCCESS);
        }
    });
    let (objects, handles, _) = rest(&machine);
    assert_eq!((objects, handles), (THREADS, 0));
    assert!((1..=ROUNDS * THREADS as u64).contains(&made.into_inner()));
}
