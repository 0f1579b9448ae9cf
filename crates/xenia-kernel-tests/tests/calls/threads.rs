//! Tests of threads by object, handle and id, and of their resources.

use super::*;
use xenia_formats::image::TlsInfo;
use xenia_guest::layout::{dispatcher_header, kthread, object_header};
use xenia_limits::Limit;
use xenia_sched::EndKind;
use xenia_sched::System;

#[test]
fn threads_are_suspended_and_resumed_by_object_and_by_handle() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let other = b.add_thread();
    let first = b.act_as(other);
    let thread = b.kthread();
    b.act_as(first);
    assert_eq!(b.status("ObOpenObjectByPointer", &[thread, base]), NtStatus::SUCCESS);
    let handle = u64::from(b.word(0));
    let count = |b: &Harness| -> u8 {
        b.memory().read(GuestAddr(thread as u32).offset(kthread::SUSPEND_COUNT)).unwrap()
    };
    assert_eq!((b.kernel_call("KeSuspendThread", &[thread]), count(&b)), (0, 1));
    assert_eq!(b.status("NtSuspendThread", &[handle, base + 8]), NtStatus::SUCCESS);
    assert_eq!((b.word(8), count(&b)), (1, 2));
    assert_eq!((b.kernel_call("KeResumeThread", &[thread]), count(&b)), (2, 1));
    assert_eq!(b.status("NtResumeThread", &[handle, base + 8]), NtStatus::SUCCESS);
    assert_eq!((b.word(8), count(&b)), (1, 0));
    assert_eq!(b.status("NtResumeThread", &[handle, base + 8]), NtStatus::SUCCESS);
    assert_eq!((b.word(8), count(&b)), (0, 0), "it runs already");
    for _ in 0..127 {
        assert_eq!(b.status("NtSuspendThread", &[handle, 0]), NtStatus::SUCCESS);
    }
    assert_eq!(b.status("NtSuspendThread", &[handle, 0]), NtStatus::SUSPEND_COUNT_EXCEEDED);
    // No handler accepts the exception.
    let Flow::End(EndKind::Crash { text, .. }) = b.call(Library::xboxkrnl, "KeSuspendThread", &[thread])
    else {
        panic!("it does not raise")
    };
    assert!(text.contains("exception 0xc000004a,") && count(&b) == 127, "{text}");
    for name in ["NtSuspendThread", "NtResumeThread"] {
        assert_eq!(b.status(name, &[8, 0]), NtStatus::INVALID_HANDLE, "{name}");
    }
    for name in ["KeSuspendThread", "KeResumeThread"] {
        assert_eq!(b.kernel_call(name, &[base]), 0, "{name}: no thread");
    }
    let id = b.scheduler.thread(other).unwrap().id;
    b.kernel.end_thread(&mut b.scheduler, id, 0).unwrap();
    assert_eq!(b.status("NtSuspendThread", &[handle, 0]), NtStatus::THREAD_IS_TERMINATING);
    b.memory().write(b.scratch.offset(8), 9_u32).unwrap();
    assert_eq!(b.status("NtResumeThread", &[handle, base + 8]), NtStatus::SUCCESS);
    assert_eq!(b.word(8), 0, "it is not suspended");
    assert_eq!(b.kernel_call("KeResumeThread", &[thread]), 0);
}

#[test]
fn long_names_of_threads_are_cut_short() {
    let mut b = Harness::new();
    let name = b.put_text(0x100, &"n".repeat(1000)) as u32;
    // The exception by which titles name threads, for the calling one.
    for (offset, word) in [(0, 0x406D_1388), (0x14, 0x1000), (0x18, name), (0x1C, u32::MAX)] {
        b.memory().write::<u32>(b.scratch.offset(offset), word).unwrap();
    }
    b.kernel_call("RtlRaiseException", &[u64::from(b.scratch.0)]);
    let threads = b.kernel.threads.lock();
    let names: Vec<_> = threads.iter().filter_map(|record| record.name.clone()).collect();
    assert_eq!(names, ["n".repeat(128)]);
}

/// Creates a thread; returns its stack's size, its priority and its process's type.
fn made(b: &mut Harness, stack_size: u64, flags: u64) -> Result<(u32, u8, u8), NtStatus> {
    let base = u64::from(b.scratch.0);
    let status = b.status("ExCreateThread", &[base, stack_size, base + 4, 0, 0x8200_0000, 0, flags | 1]);
    if !status.is_success() {
        return Err(status);
    }
    let threads = b.kernel.threads.lock();
    let record = threads.get(b.word(4)).unwrap();
    let byte = |offset| b.memory().read::<u8>(record.kthread.offset(offset)).unwrap();
    let size = record.stack.base.0 - record.stack.limit.0;
    Ok((size, byte(kthread::PRIORITY), byte(kthread::PROCESS_TYPE)))
}

#[test]
fn threads_are_made_as_their_size_and_flags_say() {
    let mut b = Harness::new();
    assert_eq!(made(&mut b, 0, 0), Ok((0x1_0000, 8, 1)), "the smallest there is");
    assert_eq!(made(&mut b, 0x1_0001, 0x20), Ok((0x2_0000, 9, 1)));
    assert_eq!(made(&mut b, 0x200_0000, 2), Ok((0x200_0000, 8, 2)), "as much as is asked for");
    for size in [0x1000_0000, 0xFFFF_0000, u64::from(u32::MAX)] {
        assert_eq!(made(&mut b, size, 0), Err(NtStatus::NO_MEMORY), "{size:#x}");
    }
    // The title's header contains the default stack size.
    let image = LoadedImage { stack_size: Some(0x8_0000), ..title_image(1) };
    b.kernel.load_title(&mut b.scheduler, &image).unwrap();
    assert_eq!(made(&mut b, 0, 0), Ok((0x8_0000, 8, 1)));
    assert_eq!(made(&mut b, 0, 2), Ok((0x1_0000, 8, 2)), "the title's only");
}

#[test]
fn a_thread_whose_results_cannot_be_stored_is_not_made() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let left = |b: &Harness| {
        let alive = b.kernel.threads.lock().iter().filter(|record| !record.ended).count();
        (alive, b.kernel.objects.list())
    };
    let create = |b: &mut Harness, handle, id, flags| {
        b.status("ExCreateThread", &[handle, 0x4000, id, 0, 0x8200_0000, 0, flags])
    };
    let before = left(&b);
    b.memory().write(b.scratch.offset(0x100), 0x8210_0000_u32).unwrap();
    for is_registered in [false, true] {
        b.kernel_call("ExRegisterThreadNotification", &[base + 0x100, is_registered.into()]);
        for (handle, id, flags) in [(8, base, 0), (base, 8, 0), (8, base, 0x80), (base, 8, 1)] {
            let made = create(&mut b, handle, id, flags);
            assert_eq!(made, NtStatus::ACCESS_VIOLATION, "{handle:#x} {id:#x} {flags:#x}");
            assert_eq!(left(&b), before, "{handle:#x} {id:#x} {flags:#x}");
        }
    }
    let own = b.kthread();
    while b.status("ObOpenObjectByPointer", &[own, base]) == NtStatus::SUCCESS {}
    assert_eq!(create(&mut b, base, base + 4, 0), NtStatus::INSUFFICIENT_RESOURCES);
    assert_eq!(left(&b), before);
}

#[test]
fn a_thread_whose_stack_was_freed_ends_like_others() {
    let mut b = Harness::new();
    let other = b.add_thread();
    let (id, stack, kpcr) = {
        let threads = b.kernel.threads.lock();
        let record = threads.iter().find(|record| record.reference == other).unwrap();
        (record.id, record.stack.allocation, record.kpcr)
    };
    b.memory().write(b.scratch, stack).unwrap();
    b.memory().write(b.scratch.offset(4), 0_u32).unwrap();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.status("NtFreeVirtualMemory", &[base, base + 4, 0x8000, 0]), NtStatus::SUCCESS);
    b.kernel.end_thread(&mut b.scheduler, id, 0).unwrap();
    assert!(b.kernel.pool.release(kpcr).is_err(), "the rest of it has been freed");
}

#[test]
fn a_thread_ends_though_its_waiter_also_waits_for_an_event_that_was_freed() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let event = b.memory().alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
    b.kernel_call("KeInitializeEvent", &[u64::from(event.0), 0, 0]);
    let worker = b.add_thread();
    let first = b.act_as(worker);
    let thread = GuestAddr(b.kthread() as u32);
    b.act_as(first);
    b.memory().write(b.scratch, thread).unwrap();
    b.memory().write(b.scratch.offset(4), event).unwrap();
    assert_eq!(b.carry_out("KeWaitForMultipleObjects", &[2, base, 0, 0, 0, 0, 0, 0]), None);
    b.memory().free(event).unwrap();
    let (id, kpcr) = {
        let threads = b.kernel.threads.lock();
        let record = threads.by_kthread(thread).unwrap();
        (record.id, record.kpcr)
    };
    b.kernel.end_thread(&mut b.scheduler, id, 0).unwrap();
    let state = b.memory().read::<u32>(thread.offset(dispatcher_header::SIGNAL_STATE)).unwrap();
    assert_eq!((state, b.answer(first)), (1, None));
    assert!(b.kernel.pool.release(kpcr).is_err(), "the rest of it has been freed");
}

/// Code contains the offsets of static data, so a block that is too short would overlap the next
/// one.
#[test]
fn a_thread_has_all_static_data_of_its_title() {
    let mut b = Harness::new();
    let tls = TlsInfo {
        slot_count: 0x2000,
        raw_data_address: GuestAddr::NULL,
        data_size: 0x18_0000,
        raw_data_size: 0,
    };
    let image = LoadedImage { tls: Some(tls), ..title_image(0x4D53_07D1) };
    let made = b.kernel.load_title(&mut b.scheduler, &image).unwrap();
    let block = b.kernel.threads.lock().get(made.id).unwrap().tls;
    let size = b.kernel_call("ExQueryPoolBlockSize", &[u64::from(block.0), 0]);
    assert!(size >= 0x18_0000 + 4 * 0x2000, "{size:#x}");
}

#[test]
fn priorities_are_kept_within_their_bounds() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let thread = b.kthread();
    let priority =
        |b: &Harness| -> u8 { b.memory().read(GuestAddr(thread as u32).offset(kthread::PRIORITY)).unwrap() };
    assert_eq!(b.kernel_call("KeQueryBasePriorityThread", &[thread]), 0);
    for (increment, before, kept, stored_priority) in
        [(3, 0, 3, 11), (-2, 3, -2, 6), (99, -2, 15, 15), (-99, 15, -15, 1)]
    {
        let increment = i64::from(increment) as u64;
        assert_eq!(b.kernel_call("KeSetBasePriorityThread", &[thread, increment]) as i32, before);
        assert_eq!(b.kernel_call("KeQueryBasePriorityThread", &[thread]) as i32, kept);
        assert_eq!(priority(&b), stored_priority);
    }
    assert_eq!(b.kernel_call("KeSetDisableBoostThread", &[thread, 1]), 0);
    assert_eq!(b.kernel_call("KeSetDisableBoostThread", &[thread, 0]), 1);
    assert_eq!(b.kernel_call("KeSetDisableBoostThread", &[thread, 0]), 0);
    for name in ["KeQueryBasePriorityThread", "KeSetBasePriorityThread", "KeSetDisableBoostThread"] {
        assert_eq!(b.kernel_call(name, &[base, 1]), 0, "{name}: no thread");
    }
}

#[test]
fn an_ended_thread_has_priorities() {
    let mut b = Harness::new();
    let mut ended = Vec::new();
    // The scheduler frees ended threads when there are several.
    for _ in 0..8 {
        let other = b.add_thread();
        let id = b.scheduler.thread(other).unwrap().id;
        let first = b.act_as(other);
        ended.push(b.kthread());
        b.act_as(first);
        b.kernel.end_thread(&mut b.scheduler, id, 0).unwrap();
    }
    for thread in ended {
        assert_eq!(b.kernel_call("KeSetBasePriorityThread", &[thread, 3]), 0);
        assert_eq!(b.kernel_call("KeSetBasePriorityThread", &[thread, 0]), 3);
        assert_eq!(b.kernel_call("KeSetPriorityThread", &[thread, 12]), 8);
        assert_eq!(b.kernel_call("KeSetPriorityThread", &[thread, 8]), 12);
        assert_eq!(b.kernel_call("KeSetDisableBoostThread", &[thread, 1]), 0);
        assert_eq!(b.kernel_call("KeSetDisableBoostThread", &[thread, 0]), 1);
    }
}

#[test]
fn threads_are_found_by_id_with_a_reference() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let thread = b.kthread();
    for name in ["ObLookupThreadByThreadId", "ObLookupAnyThreadByThreadId"] {
        let references = |b: &Harness| {
            let at = GuestAddr(thread as u32 - object_header::SIZE);
            b.memory().read::<u32>(at.offset(object_header::POINTER_COUNT)).unwrap()
        };
        let before = references(&b);
        assert_eq!(b.status(name, &[1, base]), NtStatus::SUCCESS, "{name}");
        assert_eq!((u64::from(b.word(0)), references(&b)), (thread, before + 1));
        b.kernel_call("ObDereferenceObject", &[thread]);
        assert_eq!(references(&b), before);
        assert_eq!(b.status(name, &[99, base]), NtStatus::INVALID_PARAMETER);
        assert_eq!(b.word(0), 0, "{name}: null");
    }
    let other = b.add_thread();
    let id = b.scheduler.thread(other).unwrap().id;
    let first = b.act_as(other);
    let thread = b.kthread();
    b.act_as(first);
    assert_eq!(b.status("ObOpenObjectByPointer", &[thread, base]), NtStatus::SUCCESS);
    b.kernel.end_thread(&mut b.scheduler, id, 0).unwrap();
    assert!(b.kernel.threads.lock().get(id).is_some(), "the handle keeps it");
    for name in ["ObLookupThreadByThreadId", "ObLookupAnyThreadByThreadId"] {
        assert_eq!(b.status(name, &[id.into(), base]), NtStatus::INVALID_PARAMETER, "{name}: ended");
        assert_eq!(b.word(0), 0, "{name}: null");
    }
}

#[test]
fn a_thread_moves_to_another_stack() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let thread = b.kthread();
    let pointer = base + 0x7F00;
    let end = base + 0x8000;
    b.kernel_call("KeSetCurrentStackPointers", &[pointer, thread, base + 1, end, base]);
    assert_eq!(b.context().gpr[1], pointer);
    let kpcr = GuestAddr(b.context().gpr[13] as u32);
    let object = GuestAddr(thread as u32);
    let words = [
        kpcr.offset(kpcr::STACK_BASE),
        object.offset(kthread::STACK_BASE),
        kpcr.offset(kpcr::STACK_END),
        object.offset(kthread::STACK_LIMIT),
        object.offset(kthread::STACK_ALLOC_BASE),
    ];
    let words = words.map(|at| u64::from(b.memory().read::<u32>(at).unwrap()));
    assert_eq!(words, [end, end, base, base, base + 1]);
    assert!(matches!(
        b.call(Library::xboxkrnl, "KeSetCurrentStackPointers", &[pointer, 8, 0, 0, 0]),
        Flow::Fault(_)
    ));
}

#[test]
fn released_slots_are_reused() {
    let mut b = Harness::new();
    let slot = b.kernel_call("KeTlsAlloc", &[]);
    assert_eq!(b.kernel_call("KeTlsSetValue", &[slot, 0x1234]), 1);
    assert_eq!(b.kernel_call("KeTlsGetValue", &[slot]), 0x1234);
    assert_eq!(b.kernel_call("KeTlsFree", &[slot]), 1);
    assert_eq!(b.kernel_call("KeTlsFree", &[slot]), 0, "only once");
    assert_eq!(b.kernel_call("KeTlsFree", &[u64::from(u32::MAX)]), 0);
    assert_eq!(b.kernel_call("KeTlsAlloc", &[]), slot);
    assert_eq!(b.kernel_call("KeTlsGetValue", &[slot]), 0, "cleared");
}

#[test]
fn the_process_type_is_a_deferred_calls_own() {
    let mut b = Harness::new();
    let kpcr = GuestAddr(b.context().gpr[13] as u32);
    assert_eq!(b.kernel_call("KeGetCurrentProcessType", &[]), 1);
    b.kernel_call("KeSetCurrentProcessType", &[2]);
    assert_eq!(b.kernel_call("KeGetCurrentProcessType", &[]), 1, "a thread has its process's");
    b.memory().write(kpcr.offset(kpcr::DPC_ACTIVE), 1_u32).unwrap();
    b.kernel_call("KeSetCurrentProcessType", &[2]);
    assert_eq!(b.kernel_call("KeGetCurrentProcessType", &[]), 2);
}

#[test]
fn a_bug_check_ends_the_machine_with_its_parameters() {
    let mut b = Harness::new();
    b.kernel_call("DbgBreakPoint", &[]);
    let Flow::End(EndKind::Crash { text, .. }) =
        b.call(Library::xboxkrnl, "KeBugCheckEx", &[0xE2, 0x11, 0x22, 0x33, 0x44])
    else {
        panic!("it goes on")
    };
    for part in ["bug check 0xe2", "0x11", "0x44"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_thread_ends_with_its_code() {
    let mut b = Harness::new();
    let other = b.add_thread();
    b.act_as(other);
    let thread = b.kthread();
    assert!(matches!(b.call(Library::xam, "ExitThread", &[0x78]), Flow::Exit { code: 0x78 }));
    b.carry_out("ExTerminateThread", &[0x77]);
    let at = GuestAddr(thread as u32);
    assert_eq!(b.memory().read::<u32>(at.offset(kthread::EXIT_STATUS)).unwrap(), 0x77);
    assert!(b.kernel.threads.lock().by_kthread(at).is_some_and(|record| record.ended));
}

#[test]
fn a_failed_thread_creation_leaves_no_objects() {
    let mut b = Harness::new();
    let heaps = [
        Heap::Virtual4K,
        Heap::Virtual64K,
        Heap::Cache,
        Heap::Image64K,
        Heap::Physical64K,
        Heap::Physical16M,
    ];
    let committed = |b: &Harness| heaps.map(|heap| b.memory().committed_bytes(heap)).iter().sum::<u32>();
    let objects = |b: &Harness| {
        let mut lines = Vec::new();
        b.kernel.describe_objects(&mut |line| lines.push(line.to_owned()));
        lines
    };
    let before = objects(&b);
    let start = committed(&b);
    let new = NewThread::new(GuestAddr(0x8200_0000), b.kernel.imports.own_stubs.thread_return, 0);
    // Each time there is memory for some more pages, until there is enough.
    for (failures, pages) in (0..256).step_by(2).enumerate() {
        b.memory().set_commit_limit(start + pages * 0x1000);
        if b.kernel.thread_life().create(&mut b.scheduler, &new).is_ok() {
            assert!(failures > 4, "{failures}");
            return;
        }
        let after = committed(&b);
        for _ in 0..20 {
            assert!(b.kernel.thread_life().create(&mut b.scheduler, &new).is_err());
        }
        // The pool may keep memory that it has taken.
        assert_eq!((committed(&b), objects(&b)), (after, before.clone()), "{pages} pages");
    }
    panic!("256 pages are not enough");
}

#[test]
fn registers_need_no_saving_for_deferred_calls() {
    let mut b = Harness::new();
    let before = b.context().fpr;
    for name in ["KeSaveFloatingPointState", "KeSaveVectorUnitState", "KeRestoreVectorUnitState"] {
        b.kernel_call(name, &[u64::from(b.scratch.0)]);
    }
    assert_eq!(b.status("KeRestoreFloatingPointState", &[u64::from(b.scratch.0)]), NtStatus::SUCCESS);
    assert_eq!((b.context().fpr, b.word(0)), (before, 0));
}

#[test]
fn a_boost_is_seen_in_the_thread_object() {
    let mut b = Harness::new();
    let event = u64::from(b.scratch.0);
    b.kernel_call("KeInitializeEvent", &[event, 1, 0]);
    let other = b.add_thread();
    let first = b.act_as(other);
    let kthread = GuestAddr(b.kthread() as u32);
    let stored_priority = |b: &Harness| b.memory().read::<u8>(kthread.offset(kthread::PRIORITY)).unwrap();
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 0, 0, 0, 0]), None);
    b.act_as(first);
    b.kernel_call("KeSetEvent", &[event, 2, 0]);
    let publish = |b: &mut Harness| {
        let mut system = KernelSystem::new(b.kernel.clone());
        for id in b.scheduler.take_changed_priorities() {
            system.priority_changed(&mut b.scheduler, id);
        }
    };
    publish(&mut b);
    assert_eq!((b.scheduler.thread(other).unwrap().priority(), stored_priority(&b)), (10, 10));
    // The priority is published once: a value that the title writes stays until the priority
    // changes again.
    b.memory().write(kthread.offset(kthread::PRIORITY), 99_u8).unwrap();
    publish(&mut b);
    assert_eq!(stored_priority(&b), 99);
}

#[test]
fn stacks_that_have_no_room_are_refused_until_a_thread_ends() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let create = |b: &mut Harness, stack_size: u64| {
        b.status("ExCreateThread", &[0, stack_size, base, 0, 0x8200_0000, 0, 1])
    };
    let made = (0..2000).take_while(|_| create(&mut b, 0x4_0000) == NtStatus::SUCCESS).count() as u64;
    let limit = Limit::StackBytes.row();
    // With a guard of 64 KiB at either end; the first thread has such a stack, too.
    assert_eq!(made + 1, limit.value / 0x6_0000);
    assert_eq!(create(&mut b, 0x4_0000), limit.status);
    assert_eq!(create(&mut b, 0x7FFF_FFFF), NtStatus::NO_MEMORY, "more than there is at all");
    assert_eq!(b.kernel.limits_hit(), [("thread_stack_bytes", 3)].into());
    let id = b.word(0);
    b.kernel.end_thread(&mut b.scheduler, id, 0).unwrap();
    assert_eq!(create(&mut b, 0x4_0000), NtStatus::SUCCESS);
}
