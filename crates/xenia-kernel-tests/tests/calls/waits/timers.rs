//! Tests of timers, time, and APCs and deferred calls.

use super::*;

#[test]
fn timers_by_pointer_say_whether_they_were_set() {
    let mut b = Harness::new();
    let timer = u64::from(b.scratch.0) + 0x100;
    b.kernel_call("KeInitializeTimerEx", &[timer, 0]);
    let in_a_millisecond = -10_000_i64 as u64;
    assert_eq!(b.kernel_call("KeCancelTimer", &[timer]), 0);
    assert_eq!(b.kernel_call("KeSetTimerEx", &[timer, in_a_millisecond, 5, 0]), 0);
    assert_eq!(b.kernel_call("KeSetTimerEx", &[timer, in_a_millisecond, 7, 0]), 1);
    assert_eq!((b.word(0x100) & 0xFF, b.word(0x124)), (1, 7), "set, and its period");
    assert_eq!((b.word(0x110), b.word(0x114)), (0, 10_000), "due, by interrupt time");
    let setting = b.kernel.dispatcher.timer_setting(GuestAddr(timer as u32)).unwrap();
    assert_eq!((setting.due, setting.period_ms), (49_875, 7));
    assert_eq!(b.kernel_call("KeCancelTimer", &[timer]), 1);
    assert_eq!(b.word(0x100) & 0xFF, 0);
    assert_eq!(b.kernel.dispatcher.timers().next_due(), None);
    for name in ["KeSetTimerEx", "KeCancelTimer"] {
        assert!(matches!(b.call(Library::xboxkrnl, name, &[8, 0, 0, 0]), Flow::Fault(_)), "{name}");
    }
}

#[test]
fn system_time_follows_the_guest_clock() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    b.kernel_call("KeQuerySystemTime", &[base]);
    assert_eq!(b.memory().read::<u64>(b.scratch).unwrap(), START_FILETIME);
    assert_eq!(b.kernel_call("KeQueryInterruptTime", &[]), 0);
    // Two and a half milliseconds.
    b.scheduler.set_now(124_688);
    b.kernel_call("KeQuerySystemTime", &[base]);
    assert_eq!(b.memory().read::<u64>(b.scratch).unwrap(), filetime(2 * 49_875), "by milliseconds");
    assert_eq!(b.kernel_call("KeQueryInterruptTime", &[]), 20_000);
    b.kernel_call("KeQuerySystemTime", &[0]);
    assert!(matches!(b.call(Library::xboxkrnl, "KeQuerySystemTime", &[8]), Flow::Fault(_)));
    assert_eq!(b.kernel_call("KeQueryPerformanceFrequency", &[]), 49_875_000);
}

#[test]
fn a_yield_returns_whether_another_thread_was_ready() {
    let mut b = Harness::new();
    let slot = b.scheduler.thread(b.thread).unwrap().slot();
    assert_eq!(b.scheduler.begin_slot_visit(slot), Some(b.thread));
    let none = put_interval(&b, 0);
    let earlier = u64::from(b.scratch.0) + 0x40;
    b.memory().write(b.scratch.offset(0x40), 5_i64).unwrap();
    let yields = |b: &mut Harness| {
        let calls = [("NtYieldExecution", [0, 0, 0]), ("KeDelayExecutionThread", [0, 0, none])];
        calls.map(|(name, arguments)| match b.call(Library::xboxkrnl, name, &arguments) {
            Flow::Yield(status) => NtStatus(status as u32),
            other => panic!("{name}: {other:?}"),
        })
    };
    assert_eq!(yields(&mut b), [NtStatus::NO_YIELD_PERFORMED; 2]);
    let other = b.add_thread();
    b.scheduler.set_affinity(other, 1 << slot).unwrap();
    b.scheduler.set_base_priority(other, 1).unwrap();
    assert_eq!(yields(&mut b), [NtStatus::SUCCESS; 2]);
    assert_eq!(b.scheduler.begin_slot_visit(slot), Some(other), "though its priority is lower");
    assert_eq!(b.scheduler.running(slot), Some(other));
    // A time that has passed is not a yield.
    let past = b.call(Library::xboxkrnl, "KeDelayExecutionThread", &[0, 0, earlier]);
    assert!(matches!(past, Flow::Yield(0)), "{past:?}");
}

#[test]
fn calls_that_are_queued_can_be_taken_back() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let dpc = base + 0x100;
    let apc = base + 0x200;
    let thread = b.kthread();
    // The first one runs at once on the service thread, which is busy meanwhile, so the next one
    // stays queued.
    b.kernel_call("KeInitializeDpc", &[base + 0x300, 0x8200_0000, 0]);
    assert_eq!(b.kernel_call("KeInsertQueueDpc", &[base + 0x300, 0, 0]), 1);
    b.kernel_call("KeInitializeDpc", &[dpc, 0x8200_0000, 0]);
    assert_eq!(b.kernel_call("KeRemoveQueueDpc", &[dpc]), 0);
    assert_eq!(b.kernel_call("KeInsertQueueDpc", &[dpc, 1, 2]), 1);
    assert_eq!(b.kernel_call("KeInsertQueueDpc", &[dpc, 1, 2]), 0, "queued already");
    assert_eq!(b.kernel_call("KeRemoveQueueDpc", &[dpc]), 1);
    assert_eq!(b.kernel_call("KeRemoveQueueDpc", &[dpc]), 0);

    b.kernel_call("KeInitializeApc", &[apc, thread, 0x11, 0x22, 0x8200_0000, 1, 0x33]);
    let inserted = |b: &Harness| b.memory().read::<u8>(GuestAddr(apc as u32).offset(kapc::INSERTED)).unwrap();
    let words = [kapc::THREAD, kapc::KERNEL_ROUTINE, kapc::RUNDOWN_ROUTINE, kapc::NORMAL_CONTEXT];
    let words = words.map(|offset| b.word(0x200 + offset));
    assert_eq!(words, [thread as u32, 0x11, 0x22, 0x33]);
    assert_eq!(b.kernel_call("KeRemoveQueueApc", &[apc]), 0, "in no queue");
    assert_eq!(b.kernel_call("KeInsertQueueApc", &[apc, 0x44, 0x55, 0]), 1);
    assert_eq!(inserted(&b), 1);
    assert_eq!(b.kernel_call("KeInsertQueueApc", &[apc, 0, 0, 0]), 0, "queued already");
    assert_eq!(b.kernel_call("KeRemoveQueueApc", &[apc]), 1);
    assert_eq!((inserted(&b), b.kernel_call("KeRemoveQueueApc", &[apc])), (0, 0));
    assert_eq!(b.kernel_call("KeInsertQueueApc", &[apc, 0x44, 0x55, 0]), 1);
    let Flow::CallGuest(guest) = b.call(Library::xboxkrnl, "KeDelayExecutionThread", &[1, 1, 0]) else {
        panic!("an alertable wait lets it run")
    };
    // The kernel routine runs first, and may change the values whose addresses it gets.
    assert_eq!((guest.pc, guest.args), (GuestAddr(0x11), vec![apc]));
    assert_eq!(guest.locals, [0x8200_0000, 0x33, 0x44, 0x55]);
    assert_eq!(inserted(&b), 0);
    // Without a normal routine it is a kernel-mode APC, and the context is not stored.
    b.kernel_call("KeInitializeApc", &[apc, thread, 0x11, 0, 0, 1, 0x33]);
    assert_eq!(b.word(0x200 + kapc::NORMAL_CONTEXT), 0);
    b.kernel_call("KiApcNormalRoutineNop", &[1, 2, 3]);
    for name in ["KeInitializeApc", "KeRemoveQueueApc"] {
        assert!(matches!(b.call(Library::xboxkrnl, name, &[8]), Flow::Fault(_)), "{name}");
    }
}

#[test]
fn an_apc_whose_object_was_freed_runs() {
    let mut b = Harness::new();
    let thread = b.kthread();
    let page = b.memory().alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
    let apc = u64::from(page.0);
    b.kernel_call("KeInitializeApc", &[apc, thread, 0, 0, 0x8200_0000, 1, 0x33]);
    assert_eq!(b.kernel_call("KeInsertQueueApc", &[apc, 0x44, 0x55, 0]), 1);
    b.memory().free(page).unwrap();
    let flow = b.call(Library::xboxkrnl, "KeDelayExecutionThread", &[1, 1, 0]);
    let Flow::CallGuest(guest) = flow else { panic!("{flow:?}") };
    assert_eq!((guest.pc, guest.args), (GuestAddr(0x8200_0000), vec![0x33, 0x44, 0x55]));
}

#[test]
fn a_deferred_call_whose_object_was_freed_is_made() {
    let mut b = Harness::new();
    let first = u64::from(b.scratch.0) + 0x100;
    let page = b.memory().alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
    for (dpc, routine) in [(first, 0x8200_0000), (u64::from(page.0), 0x8200_0100)] {
        b.kernel_call("KeInitializeDpc", &[dpc, routine, 0x77]);
        assert_eq!(b.kernel_call("KeInsertQueueDpc", &[dpc, 3, 4]), 1);
    }
    b.memory().free(page).unwrap();
    let kernel = b.kernel.clone();
    let service = kernel.threads.lock().interrupts.thread(0).unwrap().thread;
    let mut system = KernelSystem::new(kernel.clone());
    b.act(service, |cpu, running| {
        running.ctx.pc = kernel.imports.own_stubs.service_return.0 + 4;
        system.syscall(cpu, running, 2)
    });
    let ctx = b.scheduler.context_mut(service).unwrap();
    assert_eq!((ctx.pc, ctx.gpr[4], ctx.gpr[5]), (0x8200_0100, 0x77, 3));
}

/// Returns the number of APCs in a thread's queue.
fn queued(b: &Harness, thread: ThreadRef) -> usize {
    let id = b.scheduler.thread(thread).unwrap().id;
    b.kernel.threads.lock().get(id).unwrap().apcs.user.len()
}

/// Advances guest time to a number of milliseconds, and expires timers.
fn pass(b: &mut Harness, milliseconds: u64) {
    b.scheduler.set_now(milliseconds * 49_875);
    // A failure of one timer must not affect the others.
    let _ = b.kernel.timer_calls().expire(&mut b.scheduler);
}

#[test]
fn timers_by_handle_report_their_signal_and_have_one_apc() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let timer = create(&mut b, "NtCreateTimer", &[0]);
    let due = put_interval(&b, -10_000);
    // Every millisecond, with an APC.
    let set = [timer, due, 0x8200_0000, 0, 0x77, 0, 1, base + 8];
    // A state is a BOOLEAN: the bytes after it belong to the title.
    b.memory().write(b.scratch.offset(8), 0x9977_5533_u32).unwrap();
    assert_eq!(b.status("NtSetTimerEx", &set), NtStatus::SUCCESS);
    assert_eq!(b.word(8), 0x0077_5533, "not signalled before");
    for milliseconds in 1..5 {
        pass(&mut b, milliseconds);
        assert_eq!(queued(&b, b.thread), 1, "however often it expires");
    }
    assert!(is_signalled(&mut b, timer));
    put_interval(&b, -10_000);
    let resuming = [timer, due, 0x8200_0000, 0, 0x77, 1, 1, base + 8];
    assert_eq!(b.status("NtSetTimerEx", &resuming), NtStatus::TIMER_RESUME_IGNORED);
    assert_eq!(
        (b.word(8), queued(&b, b.thread)),
        (0x0177_5533, 0),
        "signalled before; its APC is taken back"
    );
    assert!(!is_signalled(&mut b, timer));
    pass(&mut b, 6);
    b.memory().write(b.scratch.offset(8), 0_u8).unwrap();
    assert_eq!(b.status("NtCancelTimer", &[timer, base + 8]), NtStatus::SUCCESS);
    assert_eq!((b.word(8), queued(&b, b.thread)), (0x0177_5533, 0), "it stays signalled");
    pass(&mut b, 9);
    assert_eq!(queued(&b, b.thread), 0);
    // After it has run it may be queued again; closing the timer removes it.
    for milliseconds in [11, 12] {
        if milliseconds == 11 {
            put_interval(&b, -10_000);
            b.status("NtSetTimerEx", &set);
        }
        pass(&mut b, milliseconds);
        let flow = b.call(Library::xboxkrnl, "KeDelayExecutionThread", &[1, 1, 0]);
        assert!(matches!(flow, Flow::CallGuest(guest) if guest.args[0] == 0x77));
    }
    pass(&mut b, 13);
    assert_eq!((b.status("NtClose", &[timer]), queued(&b, b.thread)), (NtStatus::SUCCESS, 0));
    let event = create(&mut b, "NtCreateEvent", &[0, 0]);
    for (handle, status) in [(8, INVALID_HANDLE), (event, NtStatus::OBJECT_TYPE_MISMATCH)] {
        assert_eq!(b.status("NtSetTimerEx", &[handle, due, 0, 0, 0, 0, 0, 0]), status);
        assert_eq!(b.status("NtCancelTimer", &[handle, 0]), status);
    }
    assert_eq!(b.status("NtCreateTimer", &[8, 0, 0]), NtStatus::ACCESS_VIOLATION);
}

#[test]
fn the_end_of_a_thread_takes_its_timers_along_and_no_others() {
    let mut b = Harness::new();
    let own = create(&mut b, "NtCreateTimer", &[0]);
    let theirs = create(&mut b, "NtCreateTimer", &[0]);
    let due = put_interval(&b, -10_000);
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    assert_eq!(b.status("NtSetTimerEx", &[theirs, due, 0x8200_0000, 0, 0, 0, 1, 0]), NtStatus::SUCCESS);
    b.act_as(first);
    assert_eq!(b.status("NtSetTimerEx", &[own, due, 0x8200_0000, 0, 0, 0, 1, 0]), NtStatus::SUCCESS);
    // An invalid deferred call: the others due at the same time still run.
    let bad = u64::from(b.scratch.0) + 0x200;
    b.kernel_call("KeInitializeTimerEx", &[bad, 0]);
    b.kernel_call("KeSetTimerEx", &[bad, -10_000_i64 as u64, 1, 8]);
    let id = b.scheduler.thread(other).unwrap().id;
    b.kernel.end_thread(&mut b.scheduler, id, 0).unwrap();
    pass(&mut b, 1);
    assert_eq!(queued(&b, first), 1);
    assert_eq!((is_signalled(&mut b, own), is_signalled(&mut b, theirs)), (true, false));
}

#[test]
fn signalled_object_takes_precedence_over_apc() {
    let mut b = Harness::new();
    let event = create(&mut b, "NtCreateEvent", &[1, 1]);
    let current = u64::from(u32::MAX - 1);
    assert_eq!(b.status("NtQueueApcThread", &[current, 0x8200_0000, 1, 2, 3]), NtStatus::SUCCESS);
    let alertable = [event, 1, 1, 0];
    assert_eq!(b.carry_out("NtWaitForSingleObjectEx", &alertable), Some(0));
    let flow = b.call(Library::xboxkrnl, "NtWaitForSingleObjectEx", &alertable);
    assert!(matches!(flow, Flow::CallGuest(guest) if guest.args == [1, 2, 3]));
}
