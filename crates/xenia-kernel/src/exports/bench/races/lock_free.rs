//! Calls that share no lock with another thread's: they come back while somebody holds every lock that the kernel has for
//! threads, objects, files, waits and imports.

use super::*;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// How long the calls may take on a machine with other things to do.
const PATIENCE: Duration = Duration::from_mins(1);

/// Addresses that call these exports, bound before any lock is held.
fn stubs<const N: usize>(machine: &Machine, names: [&str; N]) -> [GuestAddr; N] {
    let kernel = &machine.kernel;
    names.map(|name| {
        let export = Registry::get().find_by_name(Library::xboxkrnl, name).unwrap();
        kernel.imports.stub_of(&kernel.memory, export).unwrap()
    })
}

#[test]
fn calls_that_need_no_lock_take_none() {
    let machine = Machine::new(&no_routine);
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
        let held = (
            kernel.dispatcher.lock(),
            kernel.objects.hold_books(),
            kernel.threads.lock(),
            kernel.files.lock(),
            kernel.imports.stubs.lock(),
        );
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
        let results = waited.recv_timeout(PATIENCE);
        drop(held);
        let results = results.expect("a call waits for a lock");
        assert_eq!(results, [1, 0x77, 0, 1]);
    });
}

#[test]
fn an_event_of_ones_own_is_set_and_waited_for_under_the_dispatchers_lock_alone() {
    let machine = Machine::new(&no_routine);
    let kernel = &*machine.kernel;
    let own = u64::from(machine.scratch.0);
    let stubs = stubs(&machine, ["NtSetEvent", "NtWaitForSingleObjectEx"]);
    let handle = machine.run(machine.add_thread().0, |guest| {
        assert_eq!(guest.status("NtCreateEvent", &[own, 0, 1, 0]), NtStatus::SUCCESS);
        u64::from(guest.memory().read::<u32>(machine.scratch).unwrap())
    });
    let (thread, _) = machine.add_thread();
    let (done, waited) = sync_channel(1);
    thread::scope(|scope| {
        let held = (
            kernel.objects.hold_books(),
            kernel.threads.lock(),
            kernel.files.lock(),
            kernel.imports.stubs.lock(),
        );
        let machine = &machine;
        scope.spawn(move || {
            machine.run(thread, |guest| {
                let [set, wait] = stubs;
                let mut call = |stub, arguments: &[u64]| NtStatus(guest.call_through(stub, arguments) as u32);
                let statuses = [
                    call(set, &[handle, 0]),
                    // The time-out of 0 is in memory that is 0.
                    call(wait, &[handle, 1, 0, own + 0x40]),
                    call(wait, &[handle, 1, 0, own + 0x40]),
                ];
                done.send(statuses).unwrap();
            });
        });
        let statuses = waited.recv_timeout(PATIENCE);
        drop(held);
        let expected = [NtStatus::SUCCESS, NtStatus::SUCCESS, NtStatus::TIMEOUT];
        assert_eq!(statuses.expect("a call waits for a lock"), expected);
    });
}
