//! Tests of calls that share no lock with other threads: they return while all of the kernel's
//! locks for threads, objects, files, waits and imports are held, except those of the objects that
//! they use.

use super::*;
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use xenia_kernel::abi::Handle;

/// Time limit of the calls, for a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Returns stub addresses of these exports, bound before any lock is held.
fn stubs<const N: usize>(machine: &HostThreads, names: [&str; N]) -> [GuestAddr; N] {
    let kernel = &machine.kernel;
    names.map(|name| {
        let export = registry().find_by_name(Library::xboxkrnl, name).unwrap();
        kernel.imports.stub_of(&kernel.memory, export).unwrap()
    })
}

/// Holds all those locks, except those of these objects and threads.
fn hold_all_but<'k>(
    kernel: &'k Kernel,
    objects: &[GuestAddr],
    threads: &[(ThreadRef, GuestAddr)],
) -> impl Sized + use<'k> {
    (
        kernel.dispatcher.hold_all_but(objects, threads),
        kernel.objects.hold_tables(),
        kernel.threads.lock(),
        kernel.dispatcher.timers(),
        kernel.files.lock(),
        kernel.imports.stubs.lock(),
    )
}

#[test]
fn calls_that_need_no_lock_take_none() {
    let machine = HostThreads::new(&no_routine);
    let kernel = &*machine.kernel;
    let own = u64::from(machine.scratch.0);
    let (thread, _) = machine.add_thread();
    let names = [
        "VdInitializeEngines",
        "KeTlsGetValue",
        "KeTlsSetValue",
        "NtQueryEvent",
        "RtlEnterCriticalSection",
        "RtlTryEnterCriticalSection",
        "RtlLeaveCriticalSection",
    ];
    let stubs = stubs(&machine, names);
    let handle = machine.run(thread, |guest| {
        guest.call("RtlInitializeCriticalSection", &[own + 0x100]);
        assert_eq!(guest.call("KeTlsAlloc", &[]), 0);
        assert_eq!(guest.status("NtCreateEvent", &[own, 0, 1, 1]), NtStatus::SUCCESS);
        u64::from(guest.memory().read::<u32>(machine.scratch).unwrap())
    });
    let (thread, _) = machine.add_thread();
    let (done, waited) = sync_channel(1);
    thread::scope(|scope| {
        let held = hold_all_but(kernel, &[], &[]);
        let machine = &machine;
        scope.spawn(move || {
            machine.run(thread, |guest| {
                let [empty, get, set, query, enter, try_enter, leave] = stubs;
                guest.call_through(empty, &[]);
                let was_set = guest.call_through(set, &[0, 0x77]);
                let value = guest.call_through(get, &[0]);
                let status = guest.call_through(query, &[handle, own + 0x20]);
                guest.call_through(enter, &[own + 0x100]);
                let again = guest.call_through(try_enter, &[own + 0x100]);
                guest.call_through(leave, &[own + 0x100]);
                guest.call_through(leave, &[own + 0x100]);
                done.send([was_set, value, status, again]).unwrap();
            });
        });
        let results = waited.recv_timeout(TIMEOUT);
        drop(held);
        let results = results.expect("a call waits for a lock");
        assert_eq!(results, [1, 0x77, 0, 1]);
    });
}

#[test]
fn unrelated_locks_do_not_block_signals_and_waits() {
    let machine = HostThreads::new(&no_routine);
    let kernel = &*machine.kernel;
    let own = u64::from(machine.scratch.0);
    let names = [
        "NtSetEvent",
        "NtClearEvent",
        "NtPulseEvent",
        "NtReleaseSemaphore",
        "NtReleaseMutant",
        "NtWaitForSingleObjectEx",
        "NtWaitForMultipleObjectsEx",
    ];
    let stubs = stubs(&machine, names);
    let handles = machine.run(machine.add_thread().0, |guest| {
        assert_eq!(guest.status("NtCreateEvent", &[own, 0, 1, 0]), NtStatus::SUCCESS);
        assert_eq!(guest.status("NtCreateSemaphore", &[own + 4, 0, 0, 2]), NtStatus::SUCCESS);
        assert_eq!(guest.status("NtCreateMutant", &[own + 8, 0, 0]), NtStatus::SUCCESS);
        [0, 4, 8].map(|offset| u64::from(guest.memory().read::<u32>(machine.scratch.offset(offset)).unwrap()))
    });
    let bodies = handles.map(|handle| kernel.objects.resolve(Handle(handle as u32)).unwrap().body());
    let (thread, kthread) = machine.add_thread();
    let (done, waited) = sync_channel(1);
    thread::scope(|scope| {
        let held = hold_all_but(kernel, &bodies, &[(thread, GuestAddr(kthread as u32))]);
        let machine = &machine;
        scope.spawn(move || {
            machine.run(thread, |guest| {
                let [event, semaphore, mutant] = handles;
                let [set, clear, pulse, release, give_back, wait, wait_many] = stubs;
                let mut call = |stub, arguments: &[u64]| NtStatus(guest.call_through(stub, arguments) as u32);
                // The timeout of 0 is in zeroed memory.
                let now = own + 0x40;
                let statuses = [
                    call(set, &[event, 0]),
                    call(wait, &[event, 1, 0, now]),
                    call(wait, &[event, 1, 1, now]),
                    call(set, &[event, 0]),
                    call(clear, &[event]),
                    call(pulse, &[event, 0]),
                    call(wait, &[event, 1, 0, now]),
                    call(release, &[semaphore, 2, 0]),
                    call(wait, &[semaphore, 1, 0, 0]),
                    call(set, &[event, 0]),
                    call(wait_many, &[3, own, 0, 1, 0, 0]),
                    call(wait, &[mutant, 1, 0, 0]),
                    call(give_back, &[mutant, 0]),
                    call(give_back, &[mutant, 0]),
                    call(give_back, &[mutant, 0]),
                ];
                done.send(statuses).unwrap();
            });
        });
        let statuses = waited.recv_timeout(TIMEOUT);
        drop(held);
        let mut expected = [NtStatus::SUCCESS; 15];
        expected[2] = NtStatus::TIMEOUT;
        expected[6] = NtStatus::TIMEOUT;
        expected[14] = NtStatus::MUTANT_NOT_OWNED;
        assert_eq!(statuses.expect("a call waits for a lock"), expected);
    });
}

#[test]
fn two_threads_wait_for_each_other_under_their_own_locks() {
    const ROUNDS: u64 = 2000;
    let machine = HostThreads::new(&no_routine);
    let kernel = &*machine.kernel;
    let events = [machine.scratch, machine.scratch.offset(0x100)];
    machine.run(machine.add_thread().0, |guest| {
        for event in events {
            guest.call("KeInitializeEvent", &[u64::from(event.0), 1, 0]);
        }
    });
    let threads = [0; 2].map(|_| machine.add_thread());
    let names = threads.map(|(thread, kthread)| (thread, GuestAddr(kthread as u32)));
    let (done, waited) = sync_channel(1);
    thread::scope(|scope| {
        let held = hold_all_but(kernel, &events, &names);
        for number in 0..2 {
            let machine = &machine;
            let done = done.clone();
            scope.spawn(move || {
                let [own, other] = [events[number], events[1 - number]].map(|event| u64::from(event.0));
                machine.run(threads[number].0, |guest| {
                    // One thread begins; from then on each signals after it was signalled.
                    for round in 0..ROUNDS {
                        if number == 1 || round > 0 {
                            assert_eq!(guest.call("KeWaitForSingleObject", &[own, 0, 1, round % 2, 0]), 0);
                        }
                        guest.call("KeSetEvent", &[other, 0, 0]);
                    }
                });
                done.send(()).unwrap();
            });
        }
        let both = [waited.recv_timeout(TIMEOUT), waited.recv_timeout(TIMEOUT)];
        drop(held);
        assert_eq!(both, [Ok(()); 2], "a wait or a wake waits for a lock");
    });
}
