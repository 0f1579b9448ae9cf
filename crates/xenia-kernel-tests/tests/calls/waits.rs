//! Tests of events, semaphores, mutants and completion ports, and of waits for them.

mod timers;

use super::*;
use xenia_guest::layout::{kapc, kmutant, object_header};
use xenia_sched::{EndKind, START_FILETIME, filetime, ticks_from_100ns};

const TIMEOUT: u64 = 0x102;
const INVALID_HANDLE: NtStatus = NtStatus::INVALID_HANDLE;

/// Creates an object; returns its handle.
fn create(b: &mut Harness, name: &str, rest: &[u64]) -> u64 {
    let out = u64::from(b.scratch.0);
    let arguments: Vec<u64> = [out, 0].iter().chain(rest).copied().collect();
    assert_eq!(b.status(name, &arguments), NtStatus::SUCCESS, "{name}");
    u64::from(b.word(0))
}

/// Stores an interval in units of 100 ns.
fn put_interval(b: &Harness, value: i64) -> u64 {
    b.memory().write(b.scratch.offset(0x80), value).unwrap();
    u64::from(b.scratch.0) + 0x80
}

#[test]
fn a_stall_passes_its_microseconds() {
    for (microseconds, length) in [(1000, 10_000), (u64::from(u32::MAX), 10 * u64::from(u32::MAX))] {
        let mut b = Harness::new();
        let begin = b.scheduler.now();
        assert_eq!(b.carry_out("KeStallExecutionProcessor", &[microseconds]), None, "it waits");
        assert_eq!(b.scheduler.next_deadline(), Some(begin + ticks_from_100ns(length)));
    }
    assert!(Harness::new().carry_out("KeStallExecutionProcessor", &[0]).is_some());
}

/// Returns whether a wait with a timeout of 0 finds the handle's object signalled.
fn is_signalled(b: &mut Harness, handle: u64) -> bool {
    let now = put_interval(b, 0);
    b.carry_out("NtWaitForSingleObjectEx", &[handle, 0, 0, now]) == Some(0)
}

#[test]
fn pulses_and_resets_leave_events_unsignalled() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let event = base + 0x40;
    let previous = base + 0x60;
    b.kernel_call("KeInitializeEvent", &[event, 0, 1]);
    assert_eq!(b.kernel_call("KeResetEvent", &[event]), 1);
    assert_eq!(b.kernel_call("KeResetEvent", &[event]), 0);
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 0, 0, 0, 0]), None);
    b.act_as(first);
    assert_eq!(b.kernel_call("KePulseEvent", &[event, 1, 0]), 0);
    assert_eq!(b.answer(other), Some(0), "those who wait are woken");
    assert_eq!(b.kernel_call("KeResetEvent", &[event]), 0, "and nobody later");
    let handle = create(&mut b, "NtCreateEvent", &[0, 1]);
    assert_eq!(b.status("NtPulseEvent", &[handle, previous]), NtStatus::SUCCESS);
    assert_eq!((b.word(0x60), is_signalled(&mut b, handle)), (1, false));
    assert_eq!(b.status("NtSetEvent", &[handle, 0]), NtStatus::SUCCESS);
    assert!(is_signalled(&mut b, handle));
    assert_eq!(b.status("NtClearEvent", &[handle]), NtStatus::SUCCESS);
    assert!(!is_signalled(&mut b, handle));
    let mutant = create(&mut b, "NtCreateMutant", &[0]);
    for name in ["NtPulseEvent", "NtClearEvent"] {
        assert_eq!(b.status(name, &[mutant, 0]), NtStatus::OBJECT_TYPE_MISMATCH, "{name}");
        assert_eq!(b.status(name, &[8, 0]), INVALID_HANDLE, "{name}");
    }
    for name in ["KePulseEvent", "KeResetEvent"] {
        assert!(matches!(b.call(Library::xboxkrnl, name, &[8, 0]), Flow::Fault(_)), "{name}");
    }
}

#[test]
fn semaphores_count_between_zero_and_their_limit() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let semaphore = create(&mut b, "NtCreateSemaphore", &[1, 3]);
    assert_eq!([is_signalled(&mut b, semaphore), is_signalled(&mut b, semaphore)], [true, false]);
    assert_eq!(b.status("NtReleaseSemaphore", &[semaphore, 2, base + 8]), NtStatus::SUCCESS);
    assert_eq!(b.word(8), 0);
    for (count, status) in [
        (2, NtStatus::SEMAPHORE_LIMIT_EXCEEDED),
        (0x7FFF_FFFF, NtStatus::SEMAPHORE_LIMIT_EXCEEDED),
        (0, NtStatus::INVALID_PARAMETER),
        (u64::MAX, NtStatus::INVALID_PARAMETER),
        (1, NtStatus::SUCCESS),
    ] {
        assert_eq!(b.status("NtReleaseSemaphore", &[semaphore, count, base + 8]), status, "{count:#x}");
    }
    assert_eq!(b.word(8), 2);
    for (count, limit) in [(0, 0), (4, 3), (u64::MAX, 3)] {
        assert_eq!(b.status("NtCreateSemaphore", &[base, 0, count, limit]), NtStatus::INVALID_PARAMETER);
    }
    assert_eq!(b.status("NtReleaseSemaphore", &[8, 1, 0]), INVALID_HANDLE);
    // By pointer; a waiter takes the released count.
    let object = base + 0x40;
    b.kernel_call("KeInitializeSemaphore", &[object, 0, 2]);
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[object, 0, 0, 0, 0]), None);
    b.act_as(first);
    assert_eq!(b.kernel_call("KeReleaseSemaphore", &[object, 1, 2, 0]), 0);
    assert_eq!((b.answer(other), b.word(0x44)), (Some(0), 1));
    assert_eq!(b.kernel_call("KeReleaseSemaphore", &[object, 1, 1, 0]), 1);
    assert_eq!(b.kernel_call("KeReleaseSemaphore", &[object, 1, 0, 0]), 2, "nothing is added");
    let beyond = b.call(Library::xboxkrnl, "KeReleaseSemaphore", &[object, 1, 1, 0]);
    assert!(matches!(beyond, Flow::End(EndKind::Crash { .. })), "it raises: {beyond:?}");
    assert_eq!(b.word(0x44), 2, "no further than the limit");
    assert!(matches!(b.call(Library::xboxkrnl, "KeInitializeSemaphore", &[8, 0, 1]), Flow::Fault(_)));
}

#[test]
fn mutants_are_released_by_their_owner_as_often_as_taken() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let mutant = create(&mut b, "NtCreateMutant", &[1]);
    assert!(is_signalled(&mut b, mutant), "the owner may take it again");
    let first = b.thread;
    let other = b.add_thread();
    let third = b.add_thread();
    b.act_as(other);
    assert_eq!(b.status("NtReleaseMutant", &[mutant, 0]), NtStatus::MUTANT_NOT_OWNED);
    assert_eq!(b.carry_out("NtWaitForSingleObjectEx", &[mutant, 0, 0, 0]), None);
    b.act_as(first);
    for (before, answer) in [(u32::MAX, None), (0, Some(0))] {
        assert_eq!(b.status("NtReleaseMutant", &[mutant, base + 8]), NtStatus::SUCCESS);
        assert_eq!((b.word(8), b.answer(other)), (before, answer));
    }
    assert_eq!(b.status("NtReleaseMutant", &[mutant, 0]), NtStatus::MUTANT_NOT_OWNED);
    assert_eq!(b.status("NtReleaseMutant", &[8, 0]), INVALID_HANDLE);
    b.act_as(other);
    let ended = b.scheduler.thread(other).unwrap().id;
    b.kernel.end_thread(&mut b.scheduler, ended, 0).unwrap();
    b.act_as(first);
    let now = put_interval(&b, 0);
    assert_eq!(b.status("NtReleaseMutant", &[mutant, 0]), NtStatus::ABANDONED_WAIT_0);
    assert_eq!(b.carry_out("NtWaitForSingleObjectEx", &[mutant, 0, 0, now]), Some(0x80), "abandoned");
    b.act_as(third);
    assert_eq!(b.status("NtReleaseMutant", &[mutant, 0]), NtStatus::MUTANT_NOT_OWNED, "taken again");
}

#[test]
fn mutants_by_pointer_belong_to_one_thread() {
    let mut b = Harness::new();
    let mutant = u64::from(b.scratch.0);
    b.kernel_call("KeInitializeMutant", &[mutant, 1]);
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[mutant, 0, 0, 0, 0]), None);
    b.act_as(first);
    assert_eq!(b.kernel_call("KeReleaseMutant", &[mutant, 1, 0, 0]), 0);
    assert_eq!(b.answer(other), Some(0));
    // No handler accepts the exception.
    let raised = |b: &mut Harness| match b.call(Library::xboxkrnl, "KeReleaseMutant", &[mutant, 1, 0, 0]) {
        Flow::End(EndKind::Crash { text, .. }) => text,
        flow => panic!("it raises: {flow:?}"),
    };
    let text = raised(&mut b);
    assert!(text.contains("exception 0xc0000046,"), "{text}");
    assert_eq!(b.word(4), 0, "it stays the other's");
    assert_eq!(b.kernel_call("KeReleaseMutant", &[mutant, 1, 1, 0]), 0);
    let is_abandoned: u8 = b.memory().read(b.scratch.offset(kmutant::ABANDONED)).unwrap();
    assert_eq!((b.word(4), is_abandoned), (1, 1));
    let text = raised(&mut b);
    assert!(text.contains("exception 0x80,"), "{text}");
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[mutant, 0, 0, 0, 0]), Some(0x80), "abandoned");
    b.kernel_call("KeInitializeMutant", &[mutant, 0]);
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[mutant, 0, 0, 0, 0]), Some(0));
    assert_eq!(b.kernel_call("KeReleaseMutant", &[mutant, 1, 0, 0]), 0);
}

#[test]
fn states_that_a_title_writes_may_be_anything() {
    let mut b = Harness::new();
    let object = u64::from(b.scratch.0);
    let now = put_interval(&b, 0x100);
    let put_state = |b: &Harness, state: i32| b.memory().write(b.scratch.offset(4), state).unwrap();
    b.kernel_call("KeInitializeMutant", &[object, 1]);
    put_state(&b, i32::MIN);
    assert_eq!(
        b.carry_out("KeWaitForSingleObject", &[object, 0, 0, 0, now]),
        Some(0),
        "its owner takes it again"
    );
    assert_eq!(b.word(4), i32::MAX as u32);
    let raised = b.call(Library::xboxkrnl, "KeReleaseMutant", &[object, 1, 0, 0]);
    assert!(matches!(raised, Flow::End(EndKind::Crash { .. })), "it is free: {raised:?}");
    b.kernel_call("KeInitializeSemaphore", &[object, 0, i32::MAX as u64]);
    put_state(&b, i32::MIN);
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[object, 0, 0, 0, now]), Some(0x102));
    for state in [i32::MIN, -1, i32::MAX] {
        put_state(&b, state);
        let _raised = b.call(Library::xboxkrnl, "KeReleaseSemaphore", &[object, 1, i32::MAX as u64, 0]);
    }
}

#[test]
fn one_name_is_one_object_of_one_kind() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, "Shared");
    let flags = b.scratch.offset(0x108);
    for (name, rest) in [("NtCreateSemaphore", [1, 1]), ("NtCreateMutant", [0, 0]), ("NtCreateTimer", [0, 0])]
    {
        let arguments = [base, attributes, rest[0], rest[1]];
        assert_eq!(b.status(name, &arguments), NtStatus::SUCCESS, "{name}");
        let handle = u64::from(b.word(0));
        assert_eq!(b.status(name, &arguments), NtStatus::OBJECT_NAME_EXISTS, "{name}");
        let again = u64::from(b.word(0));
        let taken = b.status("NtCreateEvent", &[base, attributes, 0, 0]);
        assert_eq!(taken, NtStatus::OBJECT_TYPE_MISMATCH, "{name}");
        // Without the flag that opens existing objects the name must be new.
        b.memory().write(flags, 0x40_u32).unwrap();
        for name in [name, "NtCreateEvent"] {
            assert_eq!(b.status(name, &arguments), NtStatus::OBJECT_NAME_COLLISION, "{name}");
        }
        b.memory().write(flags, 0xC0_u32).unwrap();
        for handle in [handle, again] {
            assert_eq!(b.status("NtClose", &[handle]), NtStatus::SUCCESS);
        }
    }
}

#[test]
fn waits_for_several_take_one_or_all() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let events: Vec<u64> = (0..3).map(|index| base + 0x100 + 0x10 * index).collect();
    for (index, &event) in events.iter().enumerate() {
        b.kernel_call("KeInitializeEvent", &[event, 1, u64::from(index == 1)]);
        b.memory().write(b.scratch.offset(0x40 + 4 * index as u32), event as u32).unwrap();
    }
    let now = put_interval(&b, 0);
    let any = [3, base + 0x40, 1, 0, 0, 0, 0, 0];
    assert_eq!(b.carry_out("KeWaitForMultipleObjects", &any), Some(1), "the index of the one");
    let all = [3, base + 0x40, 0, 0, 0, 0, now, 0];
    b.kernel_call("KeSetEvent", &[events[0], 0, 0]);
    assert_eq!(b.carry_out("KeWaitForMultipleObjects", &all), Some(TIMEOUT));
    assert_eq!(b.kernel_call("KeResetEvent", &[events[0]]), 1, "none is taken before all can be");
    for count in [0, 65, u64::from(u32::MAX)] {
        let arguments = [count, base + 0x40, 1, 0, 0, 0, now, 0];
        assert_eq!(b.status("KeWaitForMultipleObjects", &arguments), NtStatus::INVALID_PARAMETER);
        let arguments = [count, base + 0x40, 1, 0, 0, now];
        assert_eq!(b.status("NtWaitForMultipleObjectsEx", &arguments), NtStatus::INVALID_PARAMETER_1);
    }
    let arguments = [1, base + 0x40, 2, 0, 0, now];
    assert_eq!(b.status("NtWaitForMultipleObjectsEx", &arguments), NtStatus::INVALID_PARAMETER_3);
    // By handles.
    let handles: Vec<u64> = (0..2).map(|_| create(&mut b, "NtCreateEvent", &[1, 1])).collect();
    for (index, &handle) in handles.iter().enumerate() {
        b.memory().write(b.scratch.offset(0x40 + 4 * index as u32), handle as u32).unwrap();
    }
    let all = [2, base + 0x40, 0, 0, 0, now];
    let any = [2, base + 0x40, 1, 0, 0, now];
    assert_eq!(b.carry_out("NtWaitForMultipleObjectsEx", &all), Some(0));
    assert_eq!(b.carry_out("NtWaitForMultipleObjectsEx", &all), Some(TIMEOUT), "both were consumed");
    b.status("NtSetEvent", &[handles[1], 0]);
    assert_eq!(b.carry_out("NtWaitForMultipleObjectsEx", &any), Some(1));
    b.memory().write(b.scratch.offset(0x40), 8_u32).unwrap();
    assert_eq!(b.status("NtWaitForMultipleObjectsEx", &any), INVALID_HANDLE);
}

#[test]
fn signalling_and_waiting_are_one_call() {
    let mut b = Harness::new();
    let event = create(&mut b, "NtCreateEvent", &[1, 0]);
    let semaphore = create(&mut b, "NtCreateSemaphore", &[0, 1]);
    let mutant = create(&mut b, "NtCreateMutant", &[1]);
    let now = put_interval(&b, 0);
    for signal in [event, semaphore, mutant] {
        let wait = [signal, signal, 0, 0, now];
        assert_eq!(b.carry_out("NtSignalAndWaitForSingleObjectEx", &wait), Some(0), "{signal:#x}");
    }
    b.status("NtReleaseSemaphore", &[semaphore, 1, 0]);
    for (signal, wait_for, status) in [
        (semaphore, event, NtStatus::SEMAPHORE_LIMIT_EXCEEDED),
        (event, 8, INVALID_HANDLE),
        (8, event, INVALID_HANDLE),
    ] {
        let arguments = [signal, wait_for, 0, 0, now];
        assert_eq!(b.status("NtSignalAndWaitForSingleObjectEx", &arguments), status);
    }
    assert!(!is_signalled(&mut b, event), "nothing is signalled for a wait that can't be");
    let timer = create(&mut b, "NtCreateTimer", &[0]);
    let arguments = [timer, event, 0, 0, now];
    assert_eq!(b.status("NtSignalAndWaitForSingleObjectEx", &arguments), NtStatus::OBJECT_TYPE_MISMATCH);
}

#[test]
fn signalling_and_waiting_is_alertable_by_its_fourth_argument() {
    let mut b = Harness::new();
    let first = create(&mut b, "NtCreateEvent", &[1, 0]);
    let second = create(&mut b, "NtCreateEvent", &[1, 0]);
    let now = put_interval(&b, 0);
    let current = u64::from(u32::MAX - 1);
    assert_eq!(b.status("NtQueueApcThread", &[current, 0x8200_0000, 1, 2, 3]), NtStatus::SUCCESS);
    let wait = |mode, alertable| [first, second, mode, alertable, now];
    assert_eq!(b.carry_out("NtSignalAndWaitForSingleObjectEx", &wait(1, 0)), Some(TIMEOUT));
    let flow = b.call(Library::xboxkrnl, "NtSignalAndWaitForSingleObjectEx", &wait(1, 1));
    assert!(matches!(flow, Flow::CallGuest(guest) if guest.args == [1, 2, 3]));
}

#[test]
fn a_port_holds_completions_in_order() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.status("NtCreateIoCompletion", &[base, 0, 0, 0]), NtStatus::SUCCESS);
    let port = u64::from(b.word(0));
    for (count, key) in [(1, 0x11), (2, 0x22)] {
        assert_eq!(b.status("NtSetIoCompletion", &[port, key, 0x33, 0x102, 0x44]), NtStatus::SUCCESS);
        assert_eq!(b.status("NtQueryIoCompletion", &[port, base + 8]), NtStatus::SUCCESS);
        assert_eq!(b.word(8), count);
    }
    let remove = [port, base + 0x50, base + 0x54, base + 0x58, 0];
    assert_eq!(b.status("NtRemoveIoCompletion", &remove), NtStatus::SUCCESS);
    assert_eq!([b.word(0x50), b.word(0x54), b.word(0x58), b.word(0x5C)], [0x11, 0x33, 0x102, 0x44]);
    assert_eq!(b.status("NtQueryIoCompletion", &[port, base + 8]), NtStatus::SUCCESS);
    assert_eq!(b.word(8), 1);
    let event = create(&mut b, "NtCreateEvent", &[0, 0]);
    for (handle, status) in [(8, INVALID_HANDLE), (event, NtStatus::OBJECT_TYPE_MISMATCH)] {
        assert_eq!(b.status("NtSetIoCompletion", &[handle, 0, 0, 0, 0]), status);
        assert_eq!(b.status("NtQueryIoCompletion", &[handle, base + 8]), status);
    }
}

#[test]
fn waited_object_outlives_its_closed_handle() {
    let mut b = Harness::new();
    let event = create(&mut b, "NtCreateEvent", &[0, 0]);
    let body = b.kernel.objects.resolve(xenia_kernel::abi::Handle(event as u32)).unwrap().body();
    let is_there = |b: &Harness| b.kernel.objects.by_pointer(body).is_some();
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    assert_eq!(b.carry_out("NtWaitForSingleObjectEx", &[event, 0, 0, 0]), None);
    b.act_as(first);
    assert_eq!(b.status("NtClose", &[event]), NtStatus::SUCCESS);
    assert!(is_there(&b), "somebody waits for it");
    b.kernel_call("KeSetEvent", &[u64::from(body.0), 0, 0]);
    assert_eq!(b.answer(other), Some(0));
    b.kernel.run_deferred_deletions();
    assert!(!is_there(&b), "and nobody else had it");
    let block = u64::from(body.0 - object_header::SIZE);
    assert_eq!(b.kernel_call("ExQueryPoolBlockSize", &[block, 0]), 0, "its memory is free");
}

#[test]
fn a_wait_for_what_has_no_state_does_not_wait() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let name = b.put_string(0x100, r"\??\save:");
    let target = b.put_string(0x200, r"\Device\Cdrom0");
    assert_eq!(b.status("ObCreateSymbolicLink", &[name, target]), NtStatus::SUCCESS);
    let attributes = b.put_attributes(0x300, r"\??\save:");
    assert_eq!(b.status("NtOpenSymbolicLinkObject", &[base, attributes]), NtStatus::SUCCESS);
    let link = u64::from(b.word(0));
    for _ in 0..2 {
        assert_eq!(b.carry_out("NtWaitForSingleObjectEx", &[link, 0, 0, 0]), Some(0));
    }
    let event = create(&mut b, "NtCreateEvent", &[0, 0]);
    assert_eq!(b.carry_out("NtSignalAndWaitForSingleObjectEx", &[event, link, 0, 0, 0]), Some(0));
}
