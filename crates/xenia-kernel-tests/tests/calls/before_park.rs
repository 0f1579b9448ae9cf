//! Tests of events after a waiting thread can be woken and before it parks. In lockstep there are
//! none; with a host thread for each slot there may be any, and no wake-up may be lost.

use super::*;
use xenia_guest::layout::{critical_section, dispatcher_header};
use xenia_sched::{System, Wait};

const ROUTINE: u64 = 0x8200_0000;
const ALERTED: u64 = 0x101;

/// Makes another thread call a function that waits, but does not park it yet.
fn about_to_wait(b: &mut Harness, name: &str, arguments: &[u64]) -> (ThreadRef, Wait) {
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    let Flow::Block(wait) = b.call(Library::xboxkrnl, name, arguments) else {
        panic!("{name} does not wait")
    };
    b.act_as(first);
    (other, wait)
}

fn kthread_of(b: &mut Harness, thread: ThreadRef) -> u64 {
    let first = b.act_as(thread);
    let kthread = b.kthread();
    b.act_as(first);
    kthread
}

/// Parks the thread; returns the result if its wait has already ended, or `None` if it parks.
fn park(b: &mut Harness, thread: ThreadRef, wait: Wait) -> Option<u64> {
    b.act(thread, |_, _| Disposition::Park(wait));
    b.answer(thread)
}

fn event(b: &mut Harness) -> u64 {
    let event = u64::from(b.scratch.0) + 0x400;
    b.kernel_call("KeInitializeEvent", &[event, 1, 0]);
    event
}

fn is_set(b: &Harness) -> bool {
    b.word(0x400 + dispatcher_header::SIGNAL_STATE) != 0
}

#[test]
fn a_signal_is_the_waiters_though_it_has_not_parked() {
    let mut b = Harness::new();
    let event = event(&mut b);
    let (other, wait) = about_to_wait(&mut b, "KeWaitForSingleObject", &[event, 0, 0, 0, 0]);
    b.kernel_call("KeSetEvent", &[event, 0, 0]);
    assert!(!is_set(&b), "taken");
    b.kernel_call("KeSetEvent", &[event, 0, 0]);
    assert!(is_set(&b), "it waits no more");
    assert_eq!(park(&mut b, other, wait.clone()), Some(0));
    // The wake-up was consumed: the next wait parks.
    b.kernel_call("KeResetEvent", &[event]);
    b.act_as(other);
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 0, 0, 0, 0]), None);
}

#[test]
fn an_alert_and_an_apc_find_a_wait_that_has_not_parked() {
    let mut b = Harness::new();
    let event = event(&mut b);
    let apc = u64::from(b.scratch.0) + 0x500;
    let (other, wait) = about_to_wait(&mut b, "KeWaitForSingleObject", &[event, 0, 1, 1, 0]);
    let kthread = kthread_of(&mut b, other);
    assert_eq!(b.kernel_call("KeAlertThread", &[kthread, 1]), 0);
    assert_eq!(b.kernel_call("KeAlertThread", &[kthread, 0]), 0, "for the next");
    assert_eq!(park(&mut b, other, wait), Some(ALERTED));
    b.kernel_call("KeSetEvent", &[event, 0, 0]);
    assert!(is_set(&b), "it is on no list");
    b.kernel_call("KeResetEvent", &[event]);
    b.act_as(other);
    assert_eq!(b.carry_out("KeWaitForSingleObject", &[event, 0, 1, 1, 0]), Some(ALERTED), "the second");

    let mut b = Harness::new();
    b.memory().write(b.scratch, -10_000_i64).unwrap();
    let interval = u64::from(b.scratch.0);
    let (other, wait) = about_to_wait(&mut b, "KeDelayExecutionThread", &[1, 1, interval]);
    let kthread = kthread_of(&mut b, other);
    b.kernel_call("KeInitializeApc", &[apc, kthread, 0, 0, ROUTINE, 1, 0x33]);
    assert_eq!(b.kernel_call("KeInsertQueueApc", &[apc, 0x44, 0x55, 0]), 1);
    assert_eq!(park(&mut b, other, wait), Some(0x33), "it calls the routine");
    let ctx = b.scheduler.context_mut(other).unwrap();
    assert_eq!((u64::from(ctx.pc), ctx.gpr[4], ctx.gpr[5]), (ROUTINE, 0x44, 0x55));
}

#[test]
fn a_kernel_mode_apc_interrupts_an_unparked_wait_and_the_wait_resumes() {
    let mut b = Harness::new();
    let event = event(&mut b);
    let apc = u64::from(b.scratch.0) + 0x500;
    let (other, wait) = about_to_wait(&mut b, "KeWaitForSingleObject", &[event, 0, 0, 0, 0]);
    let kthread = kthread_of(&mut b, other);
    b.kernel_call("KeInitializeApc", &[apc, kthread, 0, 0, ROUTINE, 0, 0x33]);
    assert_eq!(b.kernel_call("KeInsertQueueApc", &[apc, 0x44, 0x55, 0]), 1);
    assert_eq!(park(&mut b, other, wait), Some(0x33), "it calls the routine");
    let call_return = b.kernel.imports.own_stubs.call_return;
    let mut system = KernelSystem::new(b.kernel.clone());
    b.act(other, |cpu, running| {
        assert_eq!(u64::from(running.ctx.pc), ROUTINE);
        running.ctx.pc = call_return.0 + 4;
        system.syscall(cpu, running, 2)
    });
    assert_eq!(b.answer(other), None, "it waits again");
    b.kernel_call("KeSetEvent", &[event, 0, 0]);
    assert_eq!(b.answer(other), Some(0));
}

#[test]
fn a_kernel_mode_apc_that_came_since_the_last_call_comes_before_the_wait() {
    let mut b = Harness::new();
    let event = event(&mut b);
    let apc = u64::from(b.scratch.0) + 0x500;
    let kthread = b.kthread();
    b.kernel_call("KeInitializeApc", &[apc, kthread, 0, 0, ROUTINE, 0, 0x33]);
    // The thread has returned from its last call, so it does not check again before the end of the
    // next one.
    assert_eq!(b.kernel_call("KeInsertQueueApc", &[apc, 0x44, 0x55, 0]), 1);
    assert_eq!(
        b.carry_out("KeWaitForSingleObject", &[event, 0, 0, 0, 0]),
        Some(0x33),
        "it calls the routine"
    );
    assert_eq!(u64::from(b.context().pc), ROUTINE);
    let call_return = b.kernel.imports.own_stubs.call_return;
    let mut system = KernelSystem::new(b.kernel.clone());
    b.act(b.thread, |cpu, running| {
        running.ctx.pc = call_return.0 + 4;
        system.syscall(cpu, running, 2)
    });
    assert_eq!(b.answer(b.thread), None, "it waits now");
    let other = b.add_thread();
    let first = b.act_as(other);
    b.kernel_call("KeSetEvent", &[event, 0, 0]);
    assert_eq!(b.answer(first), Some(0));
}

#[test]
fn locks_and_completions_reach_threads_before_they_park() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    b.kernel_call("RtlInitializeCriticalSection", &[base]);
    assert_eq!(b.kernel_call("RtlTryEnterCriticalSection", &[base]), 1);
    let (other, wait) = about_to_wait(&mut b, "RtlEnterCriticalSection", &[base]);
    let owner = kthread_of(&mut b, other);
    b.kernel_call("RtlLeaveCriticalSection", &[base]);
    assert!(park(&mut b, other, wait).is_some());
    assert_eq!(u64::from(b.word(critical_section::OWNER)), owner);

    let mut b = Harness::new();
    b.kernel_call("KeAcquireSpinLockAtRaisedIrql", &[base]);
    let (other, wait) = about_to_wait(&mut b, "KeAcquireSpinLockAtRaisedIrql", &[base]);
    b.kernel_call("KeReleaseSpinLockFromRaisedIrql", &[base]);
    assert!(park(&mut b, other, wait).is_some());
    assert_ne!(b.word(0), 0, "handed over");

    let mut b = Harness::new();
    assert_eq!(b.status("NtCreateIoCompletion", &[base, 0, 0, 0]), NtStatus::SUCCESS);
    let port = u64::from(b.word(0));
    let arguments = [port, base + 0x10, base + 0x14, base + 0x18, 0];
    let (other, wait) = about_to_wait(&mut b, "NtRemoveIoCompletion", &arguments);
    assert_eq!(b.status("NtSetIoCompletion", &[port, 0x11, 0x22, 0, 0x44]), NtStatus::SUCCESS);
    assert_eq!(park(&mut b, other, wait), Some(0));
    assert_eq!((b.word(0x10), b.word(0x14)), (0x11, 0x22));
}

#[test]
fn a_deferred_call_finds_a_service_thread_on_its_way_to_idle() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let first = base + 0x40;
    let second = base + 0x80;
    for (dpc, routine) in [(first, ROUTINE), (second, ROUTINE + 0x100)] {
        b.kernel_call("KeInitializeDpc", &[dpc, routine, 0x77]);
    }
    assert_eq!(b.kernel_call("KeInsertQueueDpc", &[first, 1, 2]), 1);
    let kernel = b.kernel.clone();
    let service = kernel.threads.lock().interrupts.thread(0).unwrap().thread;
    let mut system = KernelSystem::new(kernel.clone());
    b.act(service, |cpu, running| {
        assert_eq!(u64::from(running.ctx.pc), ROUTINE);
        running.ctx.pc = kernel.imports.own_stubs.service_return.0 + 4;
        let disposition = system.syscall(cpu, running, 2);
        assert!(matches!(disposition, Disposition::Park(_)), "{disposition:?}");
        assert_eq!(kernel.services().queue_dpc(cpu, GuestAddr(second as u32), 3, 4, 0), Ok(true));
        disposition
    });
    assert_eq!(b.answer(service), Some(second), "it has the second call");
    let ctx = b.scheduler.context_mut(service).unwrap();
    assert_eq!((u64::from(ctx.pc), ctx.gpr[4], ctx.gpr[5]), (ROUTINE + 0x100, 0x77, 3));
}
