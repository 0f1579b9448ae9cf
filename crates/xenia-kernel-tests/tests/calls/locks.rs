//! Tests of spin locks and interrupt request levels, critical sections, read/write locks and
//! interlocked lists.

use super::*;
use xenia_guest::layout::{critical_section, kthread};

#[test]
fn spin_locks_name_their_holder_and_are_handed_over() {
    let mut b = Harness::new();
    let lock = u64::from(b.scratch.0);
    let owner = b.context().gpr[13] as u32;
    let level = |b: &mut Harness| -> u8 {
        let kpcr = GuestAddr(b.context().gpr[13] as u32);
        b.memory().read(kpcr.offset(kpcr::CURRENT_IRQL)).unwrap()
    };
    assert_eq!(b.kernel_call("KfRaiseIrql", &[1]), 0);
    assert_eq!(b.kernel_call("KfAcquireSpinLock", &[lock]), 1, "the level before");
    assert_eq!((b.word(0), level(&mut b)), (owner, 2));
    assert_eq!(b.kernel_call("KeTryToAcquireSpinLockAtRaisedIrql", &[lock]), 0, "taken");
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    assert_eq!(b.kernel_call("KeRaiseIrqlToDpcLevel", &[]), 0);
    assert_eq!(b.carry_out("KeAcquireSpinLockAtRaisedIrql", &[lock]), None, "waits");
    b.act_as(first);
    b.kernel_call("KfReleaseSpinLock", &[lock, 1]);
    assert_eq!(level(&mut b), 1);
    assert!(b.answer(other).is_some(), "woken");
    b.act_as(other);
    assert_eq!(b.word(0), b.context().gpr[13] as u32, "handed over");
    b.kernel_call("KeReleaseSpinLockFromRaisedIrql", &[lock]);
    assert_eq!((b.word(0), level(&mut b)), (0, 2));
    assert_eq!(b.kernel_call("KeTryToAcquireSpinLockAtRaisedIrql", &[lock]), 1);
    b.kernel_call("KfLowerIrql", &[0]);
    assert_eq!(level(&mut b), 0);
    for name in ["KfAcquireSpinLock", "KeAcquireSpinLockAtRaisedIrql", "KeReleaseSpinLockFromRaisedIrql"] {
        assert!(matches!(b.call(Library::xboxkrnl, name, &[8]), Flow::Fault(_)), "{name}");
    }
}

#[test]
fn a_thread_keeps_its_hardware_thread_from_dispatch_level_on() {
    let mut b = Harness::new();
    let keeps = |b: &Harness| b.scheduler.thread(b.thread).unwrap().holds_slot();
    for (name, level, expected) in [
        ("KfRaiseIrql", 1, false),
        ("KfRaiseIrql", 2, true),
        ("KfRaiseIrql", 0x7C, true),
        ("KfLowerIrql", 1, false),
        ("KeRaiseIrqlToDpcLevel", 0, true),
        ("KfLowerIrql", 0, false),
    ] {
        b.kernel_call(name, &[level]);
        assert_eq!(keeps(&b), expected, "{name}({level})");
    }
    // If the holder is on some hardware thread, only the caller's own has to switch threads.
    let lock = u64::from(b.scratch.0);
    let holder = b.scratch.offset(0x100);
    b.memory().write(b.scratch, holder).unwrap();
    let own = b.scheduler.thread(b.thread).unwrap().slot();
    assert_eq!(b.scheduler.begin_slot_visit(own), Some(b.thread));
    for (processor, expected) in [((own + 1) % 6, true), (own, false)] {
        b.memory().write(holder.offset(kpcr::CURRENT_CPU), processor).unwrap();
        assert_eq!(b.carry_out("KfAcquireSpinLock", &[lock]), None, "waits");
        let slot = b.scheduler.slot(own).unwrap();
        assert_eq!((keeps(&b), slot.spinning() == Some(b.thread)), (expected, expected), "{processor}");
    }
}

#[test]
fn critical_regions_are_counted_down_and_up() {
    let mut b = Harness::new();
    let at = GuestAddr(b.kthread() as u32).offset(kthread::APC_DISABLE_COUNT);
    let count = |b: &Harness| b.memory().read::<i32>(at).unwrap();
    for expected in [-1, -2] {
        b.kernel_call("KeEnterCriticalRegion", &[]);
        assert_eq!(count(&b), expected);
    }
    for expected in [-1, 0] {
        b.kernel_call("KeLeaveCriticalRegion", &[]);
        assert_eq!(count(&b), expected);
    }
}

#[test]
fn critical_sections_are_entered_again_by_their_owner_only() {
    let mut b = Harness::new();
    let section = u64::from(b.scratch.0);
    let status = b.status("RtlInitializeCriticalSectionAndSpinCount", &[section, 0x401]);
    assert_eq!((status, b.word(0) >> 16 & 0xFF), (NtStatus::SUCCESS, 5), "units of 256");
    let owner = b.kthread() as u32;
    for _ in 0..2 {
        assert_eq!(b.kernel_call("RtlTryEnterCriticalSection", &[section]), 1);
    }
    assert_eq!([b.word(critical_section::OWNER), b.word(critical_section::RECURSION_COUNT)], [owner, 2]);
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    assert_eq!(b.kernel_call("RtlTryEnterCriticalSection", &[section]), 0);
    assert_eq!(b.carry_out("RtlEnterCriticalSection", &[section]), None);
    let waiting = b.kthread() as u32;
    b.act_as(first);
    for owner in [owner, waiting] {
        b.kernel_call("RtlLeaveCriticalSection", &[section]);
        assert_eq!(b.word(critical_section::OWNER), owner);
    }
    assert!(b.answer(other).is_some());
    let status = b.status("RtlInitializeCriticalSectionAndSpinCount", &[8, 0]);
    assert_eq!(status, NtStatus::ACCESS_VIOLATION);
}

#[test]
fn a_lock_is_shared_by_readers_or_one_writer_has_it() {
    let mut b = Harness::new();
    let lock = u64::from(b.scratch.0);
    b.memory().fill(b.scratch, 0x40, 0xFF).unwrap();
    b.kernel_call("ExInitializeReadWriteLock", &[lock]);
    let shared = "ExTryToAcquireReadWriteLockShared";
    let exclusive = "ExTryToAcquireReadWriteLockExclusive";
    assert_eq!(b.carry_out("ExAcquireReadWriteLockShared", &[lock]), Some(0));
    assert_eq!(b.kernel_call(shared, &[lock]), 1);
    assert_eq!(b.kernel_call(exclusive, &[lock]), 0);
    let reader = b.thread;
    let writer = b.add_thread();
    b.act_as(writer);
    assert_eq!(b.carry_out("ExAcquireReadWriteLockExclusive", &[lock]), None, "waits for both readers");
    assert_eq!(b.kernel_call(shared, &[lock]), 0, "a writer waits");
    b.act_as(reader);
    b.kernel_call("ExReleaseReadWriteLock", &[lock]);
    assert_eq!(b.answer(writer), None);
    b.kernel_call("ExReleaseReadWriteLock", &[lock]);
    assert_eq!(b.answer(writer), Some(0));
    assert_eq!(b.carry_out("ExAcquireReadWriteLockShared", &[lock]), None, "the writer has it");
    b.act_as(writer);
    b.kernel_call("ExReleaseReadWriteLock", &[lock]);
    assert_eq!(b.answer(reader), Some(0));
    b.kernel_call("ExReleaseReadWriteLock", &[lock]);
    assert_eq!(b.kernel_call(exclusive, &[lock]), 1, "free again");
    for name in ["ExInitializeReadWriteLock", "ExAcquireReadWriteLockShared", "ExReleaseReadWriteLock"] {
        assert!(matches!(b.call(Library::xboxkrnl, name, &[8]), Flow::Fault(_)), "{name}");
    }
}

#[test]
fn interlocked_lists_are_lifo() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let entry = |index: u64| base + 0x40 + 0x10 * index;
    assert_eq!(b.kernel_call("InterlockedPopEntrySList", &[base]), 0, "empty");
    assert_eq!(b.kernel_call("InterlockedFlushSList", &[base]), 0);
    for (index, before) in [0, entry(0), entry(1)].into_iter().enumerate() {
        assert_eq!(b.kernel_call("InterlockedPushEntrySList", &[base, entry(index as u64)]), before);
    }
    assert_eq!((u64::from(b.word(0)), b.word(4)), (entry(2), 3 << 16 | 3), "depth and changes");
    assert_eq!(b.kernel_call("InterlockedPopEntrySList", &[base]), entry(2));
    assert_eq!(b.word(4), 2 << 16 | 3);
    assert_eq!(b.kernel_call("InterlockedFlushSList", &[base]), entry(1));
    assert_eq!((u64::from(b.word(0x50)), b.word(0), b.word(4)), (entry(0), 0, 3), "still linked");
    for (name, arguments) in [("InterlockedPushEntrySList", [base, 8]), ("InterlockedPopEntrySList", [8, 0])]
    {
        assert!(matches!(b.call(Library::xboxkrnl, name, &arguments), Flow::Fault(_)), "{name}");
    }
    assert_eq!((b.word(0), b.word(4)), (0, 3), "as it was");
}
