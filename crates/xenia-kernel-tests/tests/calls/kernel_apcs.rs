//! Tests of kernel-mode APCs of threads that wait.

use super::*;
use xenia_sched::System;

const ROUTINE: u64 = 0x8200_0000;

/// Creates a thread that waits for an event by its handle; returns the event's object.
fn waiting_thread(b: &mut Harness) -> (ThreadRef, GuestAddr) {
    let base = u64::from(b.scratch.0);
    assert_eq!(b.status("NtCreateEvent", &[base, 0, 1, 0]), NtStatus::SUCCESS);
    let handle = u64::from(b.word(0));
    let object = b.kernel.objects.resolve(xenia_kernel::abi::Handle(handle as u32)).unwrap().body();
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    assert_eq!(b.carry_out("NtWaitForSingleObjectEx", &[handle, 1, 0, 0]), None, "waits");
    b.act_as(first);
    // Only the wait keeps the object alive.
    assert_eq!(b.status("NtClose", &[handle]), NtStatus::SUCCESS);
    (other, object)
}

fn queue(b: &mut Harness, kthread: u64, number: u64) {
    let apc = u64::from(b.scratch.0) + 0x100 + 0x40 * number;
    b.kernel_call("KeInitializeApc", &[apc, kthread, 0, 0, ROUTINE, 0, number]);
    assert_eq!(b.kernel_call("KeInsertQueueApc", &[apc, 0, 0, 0]), 1);
}

fn kthread_of(b: &mut Harness, thread: ThreadRef) -> u64 {
    let first = b.act_as(thread);
    let kthread = b.kthread();
    b.act_as(first);
    kthread
}

#[test]
fn an_interrupted_wait_resumes_with_its_objects() {
    let mut b = Harness::new();
    let (other, event) = waiting_thread(&mut b);
    let kthread = kthread_of(&mut b, other);
    queue(&mut b, kthread, 1);
    let first = b.act_as(other);
    assert_eq!((b.context().pc, b.context().gpr[3]), (ROUTINE as u32, 1));
    // After the APC's return the thread waits again, and the object still exists.
    let mut system = KernelSystem::new(b.kernel.clone());
    let behind = b.kernel.imports.own_stubs.call_return.0 + 4;
    b.act(other, |cpu, running| {
        running.ctx.pc = behind;
        system.syscall(cpu, running, 2)
    });
    assert!(b.scheduler.thread(other).unwrap().wait().is_some());
    b.act_as(first);
    b.kernel_call("KeSetEvent", &[u64::from(event.0), 0, 0]);
    assert_eq!(b.answer(other), Some(0));
}

#[test]
fn waits_whose_apcs_never_return_are_let_go() {
    let mut b = Harness::new();
    let (other, _) = waiting_thread(&mut b);
    let kthread = kthread_of(&mut b, other);
    let objects = |b: &Harness| b.kernel.objects.list().len();
    let before = objects(&b);
    let id = b.scheduler.thread(other).unwrap().id;
    let [stack_pointer, kpcr] = [1, 13].map(|n| b.scheduler.context_mut(other).unwrap().gpr[n]);
    // The thread's calls use this stack.
    b.memory().write(GuestAddr(kpcr as u32).offset(kpcr::STACK_END), b.scratch).unwrap();
    for number in 1..20 {
        queue(&mut b, kthread, number % 4 + 1);
        let first = b.act_as(other);
        assert_eq!(b.context().pc, ROUTINE as u32);
        // The APC exits by `longjmp`, and waits for another event.
        b.context().gpr[1] = stack_pointer;
        let event = u64::from(b.scratch.0) + 0x800;
        b.kernel_call("KeInitializeEvent", &[event, 1, 0]);
        assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 0, 0, 0, 0]), None);
        b.act_as(first);
        b.kernel.run_deferred_deletions();
        let kept = b.kernel.threads.lock().get(id).unwrap().apcs.interrupted.len();
        assert!(kept <= 2, "{kept} after {number}");
    }
    let record = b.kernel.threads.lock();
    assert_eq!(record.get(id).unwrap().apcs.interruptions, 19, "each has interrupted a wait");
    drop(record);
    assert_eq!(objects(&b), before - 1, "the first event is gone");
}
