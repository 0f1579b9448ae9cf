//! Tests of queries of synchronisation objects and threads, and of alerts.

use super::*;
use xenia_guest::layout::{kdpc, kthread};
use xenia_sched::START_FILETIME;

const ALERTED: u64 = 0x101;
const TIMEOUT: u64 = 0x102;

/// Creates an object; returns its handle.
fn create(b: &mut Harness, name: &str, rest: &[u64]) -> u64 {
    let arguments: Vec<u64> = [u64::from(b.scratch.0), 0].iter().chain(rest).copied().collect();
    assert_eq!(b.status(name, &arguments), NtStatus::SUCCESS, "{name}");
    u64::from(b.word(0))
}

#[test]
fn objects_are_asked_for_their_state() {
    let mut b = Harness::new();
    let into = u64::from(b.scratch.0) + 0x40;
    let bytes = |b: &Harness, at: u32| -> [u8; 2] {
        [at, at + 1].map(|at| b.memory().read(b.scratch.offset(at)).unwrap())
    };
    let semaphore = create(&mut b, "NtCreateSemaphore", &[2, 5]);
    assert_eq!(b.status("NtQuerySemaphore", &[semaphore, into]), NtStatus::SUCCESS);
    assert_eq!((b.word(0x40), b.word(0x44)), (2, 5));
    let mutant = create(&mut b, "NtCreateMutant", &[1]);
    assert_eq!(b.status("NtQueryMutant", &[mutant, into]), NtStatus::SUCCESS);
    assert_eq!((b.word(0x40), bytes(&b, 0x44)), (0, [1, 0]));
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    assert_eq!(b.status("NtQueryMutant", &[mutant, into]), NtStatus::SUCCESS);
    assert_eq!((b.word(0x40), bytes(&b, 0x44)), (0, [0, 0]), "another thread's");
    let id = b.scheduler.thread(first).unwrap().id;
    b.kernel.end_thread(&mut b.scheduler, id, 0).unwrap();
    assert_eq!(b.status("NtQueryMutant", &[mutant, into]), NtStatus::SUCCESS);
    assert_eq!((b.word(0x40), bytes(&b, 0x44)), (1, [0, 1]), "its owner has ended");
    let timer = create(&mut b, "NtCreateTimer", &[0]);
    let due = u64::from(b.scratch.0) + 0x80;
    b.memory().write(GuestAddr(due as u32), START_FILETIME + 70_000).unwrap();
    assert_eq!(b.status("NtSetTimerEx", &[timer, due, 0, 0, 0, 0, 0, 0]), NtStatus::SUCCESS);
    b.scheduler.set_now(ticks(50_000));
    assert_eq!(b.status("NtQueryTimer", &[timer, into]), NtStatus::SUCCESS);
    let left: i64 = b.memory().read(b.scratch.offset(0x40)).unwrap();
    assert!((19_999..=20_001).contains(&left), "{left}");
    assert_eq!(bytes(&b, 0x48)[0], 0);
    for name in ["NtQuerySemaphore", "NtQueryMutant", "NtQueryTimer"] {
        let event = create(&mut b, "NtCreateEvent", &[0, 0]);
        assert_eq!(b.status(name, &[event, into]), NtStatus::OBJECT_TYPE_MISMATCH, "{name}");
        assert_eq!(b.status(name, &[8, into]), NtStatus::INVALID_HANDLE, "{name}");
    }
}

/// Converts units of 100 ns to ticks.
fn ticks(units: u64) -> u64 {
    xenia_sched::ticks_from_100ns(units)
}

#[test]
fn an_alert_ends_one_alertable_wait() {
    let mut b = Harness::new();
    let event = u64::from(b.scratch.0) + 0x40;
    b.kernel_call("KeInitializeEvent", &[event, 1, 0]);
    let thread = b.kthread();
    let now = u64::from(b.scratch.0) + 0x80;
    assert_eq!(b.kernel_call("KeAlertThread", &[thread, 1]), 0);
    assert_eq!(b.kernel_call("KeAlertThread", &[thread, 1]), 1, "it is already");
    assert_eq!(b.kernel_call("KeTestAlertThread", &[0]), 0, "in the other mode");
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 3, 1, 0, now]), Some(TIMEOUT), "not alertable");
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 3, 1, 1, now]), Some(ALERTED));
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 3, 1, 1, now]), Some(TIMEOUT));
    assert_eq!(b.kernel_call("KeAlertThread", &[thread, 0]), 0);
    assert_eq!(b.kernel_call("KeTestAlertThread", &[0]), 1);
    assert_eq!(b.kernel_call("KeTestAlertThread", &[0]), 0);
    // A waiting thread is woken, and the object remains available to others.
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    let waiting = b.kthread();
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 3, 1, 1, 0]), None);
    b.act_as(first);
    assert_eq!(b.kernel_call("KeAlertThread", &[waiting, 1]), 0);
    assert_eq!(b.answer(other), Some(ALERTED));
    b.kernel_call("KeSetEvent", &[event, 0, 0]);
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 3, 1, 0, now]), Some(0));
}

#[test]
fn a_wait_in_kernel_mode_ends_by_kernel_mode_alerts_only() {
    let mut b = Harness::new();
    let event = u64::from(b.scratch.0) + 0x40;
    b.kernel_call("KeInitializeEvent", &[event, 1, 0]);
    b.memory().write(b.scratch.offset(0xC0), event as u32).unwrap();
    let list = u64::from(b.scratch.0) + 0xC0;
    let now = u64::from(b.scratch.0) + 0x80;
    let current = u64::from(u32::MAX - 1);
    let handle = create(&mut b, "NtCreateEvent", &[1, 0]);
    let signal = create(&mut b, "NtCreateEvent", &[1, 0]);
    let thread = b.kthread();
    assert_eq!(b.status("NtQueueApcThread", &[current, 0x8200_0000, 1, 2, 3]), NtStatus::SUCCESS);
    assert_eq!(b.kernel_call("KeAlertThread", &[thread, 1]), 0);
    b.memory().write(b.scratch.offset(0xC4), handle as u32).unwrap();
    let waits = [
        ("KeWaitForSingleObject", vec![event, 3, 0, 1, now]),
        ("KeWaitForMultipleObjects", vec![1, list, 1, 3, 0, 1, now, 0]),
        ("NtWaitForSingleObjectEx", vec![handle, 0, 1, now]),
        ("NtWaitForMultipleObjectsEx", vec![1, list + 4, 1, 0, 1, now]),
        ("NtSignalAndWaitForSingleObjectEx", vec![signal, handle, 0, 1, now]),
    ];
    for (name, arguments) in waits {
        assert_eq!(b.carry_out(name, &arguments), Some(TIMEOUT), "{name}");
        assert_eq!(b.kernel_call("KeAlertThread", &[thread, 0]), 0);
        assert_eq!(b.carry_out(name, &arguments), Some(ALERTED), "{name}");
    }
    let delay = [0, 1, now];
    let flow = b.call(Library::xboxkrnl, "KeDelayExecutionThread", &delay);
    assert!(matches!(flow, Flow::Yield(_)), "{flow:?}");
    assert_eq!(b.kernel_call("KeAlertThread", &[thread, 0]), 0);
    assert_eq!(b.carry_out("KeDelayExecutionThread", &delay), Some(ALERTED));
    // A later wait in user mode finds both, the alert first.
    assert_eq!(b.carry_out("KeDelayExecutionThread", &[1, 1, now]), Some(ALERTED));
    let flow = b.call(Library::xboxkrnl, "KeDelayExecutionThread", &[1, 1, now]);
    assert!(matches!(flow, Flow::CallGuest(guest) if guest.args == [1, 2, 3]));
    // The same for a thread that waits.
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    let waiting = b.kthread();
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 3, 0, 1, 0]), None);
    b.act_as(first);
    let apc = u64::from(b.scratch.0) + 0x100;
    b.kernel_call("KeInitializeApc", &[apc, waiting, 0, 0, 0x8200_0000, 1, 0x33]);
    assert_eq!(b.kernel_call("KeInsertQueueApc", &[apc, 0x44, 0x55, 0]), 1);
    assert_eq!(b.answer(other), None, "the APC does not end the wait");
    assert_eq!(b.kernel_call("KeAlertThread", &[waiting, 1]), 0);
    assert_eq!(b.answer(other), None, "it waits on");
    assert_eq!(b.kernel_call("KeAlertThread", &[waiting, 0]), 0);
    assert_eq!(b.answer(other), Some(ALERTED));
}

#[test]
fn a_priority_is_set_for_now() {
    let mut b = Harness::new();
    let thread = b.kthread();
    let reference = b.thread;
    let stored_priority =
        |b: &Harness| -> u8 { b.memory().read(GuestAddr(thread as u32).offset(kthread::PRIORITY)).unwrap() };
    assert_eq!((b.kernel_call("KeSetPriorityThread", &[thread, 12]), stored_priority(&b)), (8, 12));
    assert_eq!((b.kernel_call("KeSetPriorityThread", &[thread, 99]), stored_priority(&b)), (12, 31));
    assert_eq!(b.kernel_call("KeSetPriorityThread", &[thread, 0]), 31);
    let now = b.scheduler.thread(reference).unwrap();
    assert_eq!((now.priority(), now.base_priority()), (1, 8));
}

#[test]
fn a_queued_dpc_stores_its_processor() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let mark = |b: &Harness, at: u64| -> u8 {
        b.memory().read(GuestAddr(at as u32).offset(kdpc::SELECTED_CPU)).unwrap()
    };
    let running = base + 0x40;
    let queued = base + 0x80;
    for dpc in [running, queued] {
        b.kernel_call("KeInitializeDpc", &[dpc, 0x8200_0000, 0]);
        b.memory().write(GuestAddr(dpc as u32).offset(kdpc::DESIRED_CPU), 4_u8).unwrap();
        assert_eq!(b.kernel_call("KeInsertQueueDpc", &[dpc, 0, 0]), 1);
    }
    assert_eq!((mark(&b, running), mark(&b, queued)), (0, 4), "the first has begun");
    assert_eq!(b.kernel_call("KeRemoveQueueDpc", &[queued]), 1);
    assert_eq!(mark(&b, queued), 0);
}

#[test]
fn events_are_of_two_kinds() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.status("NtCreateEvent", &[base, 0, 1, 0]), NtStatus::SUCCESS);
    for kind in [2, u64::from(u32::MAX)] {
        assert_eq!(b.status("NtCreateEvent", &[base, 0, kind, 0]), NtStatus::INVALID_PARAMETER, "{kind}");
    }
}

#[test]
fn timers_are_of_two_kinds_and_come_again_later() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    for kind in [2, u64::from(u32::MAX)] {
        assert_eq!(b.status("NtCreateTimer", &[base, 0, kind]), NtStatus::INVALID_PARAMETER, "{kind}");
    }
    let timer = create(&mut b, "NtCreateTimer", &[1]);
    b.memory().write(b.scratch.offset(0x80), -10_000_i64).unwrap();
    let mut set = |period: i32| {
        b.status("NtSetTimerEx", &[timer, base + 0x80, 0, 0, 0, 0, u64::from(period as u32), 0])
    };
    assert_eq!([set(-1), set(i32::MIN)], [NtStatus::INVALID_PARAMETER; 2]);
    assert_eq!([set(0), set(i32::MAX)], [NtStatus::SUCCESS; 2]);
}

/// A wait for all with a duplicate would take a semaphore with a count of one twice.
#[test]
fn wait_for_all_refuses_duplicate_objects() {
    let mut b = Harness::new();
    let first = create(&mut b, "NtCreateSemaphore", &[1, 5]);
    let second = create(&mut b, "NtCreateEvent", &[0, 1]);
    let base = u64::from(b.scratch.0);
    assert_eq!(b.status("NtDuplicateObject", &[first, base, 0]), NtStatus::SUCCESS);
    let same = b.word(0);
    for (index, handle) in [first as u32, second as u32, same].into_iter().enumerate() {
        b.memory().write(b.scratch.offset(0x40 + 4 * index as u32), handle).unwrap();
    }
    let wait = |b: &mut Harness, count, kind| {
        b.carry_out("NtWaitForMultipleObjectsEx", &[count, base + 0x40, kind, 1, 0, 0])
            .map(|status| status as u32)
    };
    assert_eq!(wait(&mut b, 3, 0), Some(0xC000_0030));
    assert_eq!(wait(&mut b, 2, 0), Some(0));
    assert_eq!(wait(&mut b, 3, 1), Some(1), "one of them");
    assert_eq!(b.status("NtQuerySemaphore", &[first, base]), NtStatus::SUCCESS);
    assert_eq!(b.word(0), 0, "taken once");
}

#[test]
fn the_time_stamp_bundle_is_kept_where_titles_import_it() {
    let mut b = Harness::new();
    let bundle = b.kernel.imports.variable(Library::xboxkrnl, "KeTimeStampBundle").unwrap();
    // A time of 12.5 ms.
    b.scheduler.set_now(ticks(125_000));
    let mut system = KernelSystem::new(b.kernel.clone());
    system.advance(&mut b.scheduler);
    assert_eq!(b.memory().read::<u64>(bundle).unwrap(), 120_000, "in units of 100 ns, to the millisecond");
    assert_eq!(b.memory().read::<u32>(bundle.offset(0x10)).unwrap(), 12);
    assert_eq!(system.next_stamp(ticks(125_000)), Some(ticks(130_000)));
}
