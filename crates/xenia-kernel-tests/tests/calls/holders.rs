//! Tests of thread reports: the holders of objects that a thread waits for, and code addresses.

use super::*;
use xenia_guest::layout::critical_section;
use xenia_sched::{BlockReason, Holder, System, ThreadsReport};

/// Returns the block reason of another thread's call.
fn reason(b: &mut Harness, name: &str, arguments: &[u64]) -> BlockReason {
    let other = b.add_thread();
    let first = b.act_as(other);
    let Flow::Block(wait) = b.call(Library::xboxkrnl, name, arguments) else {
        panic!("{name} does not wait")
    };
    b.act_as(first);
    wait.reason
}

fn holder(b: &Harness, reason: &BlockReason) -> Vec<Holder> {
    KernelSystem::new(b.kernel.clone()).holders(reason)
}

#[test]
fn owners_of_what_threads_wait_for_are_named() {
    let mut b = Harness::new();
    let [section, mutant, lock, event] = [0, 0x40, 0x80, 0xC0].map(|at| u64::from(b.scratch.0) + at);
    let me = b.scheduler.thread(b.thread).unwrap().id;
    let mine = |object: u64| vec![Holder { object: object as u32, thread: me }];

    b.kernel_call("RtlInitializeCriticalSection", &[section]);
    b.kernel_call("RtlEnterCriticalSection", &[section]);
    let wait = reason(&mut b, "RtlEnterCriticalSection", &[section]);
    assert_eq!(holder(&b, &wait), mine(section));
    // Other values that the title writes there name no holder.
    let owner = b.scratch.offset(critical_section::OWNER);
    for nobody in [0_u32, 1, 0xFFFF_FFFF, section as u32] {
        b.memory().write(owner, nobody).unwrap();
        assert_eq!(holder(&b, &wait), []);
    }
    assert_eq!(holder(&b, &BlockReason::CriticalSection { section: 0xFFFF_FFF0 }), []);
    assert_eq!(holder(&b, &BlockReason::SpinLock { lock: 0xFFFF_FFFF }), []);

    b.kernel_call("KeInitializeMutant", &[mutant, 1]);
    b.kernel_call("KeInitializeEvent", &[event, 1, 0]);
    let objects = u64::from(b.scratch.0) + 0x100;
    for (index, object) in [event, mutant].into_iter().enumerate() {
        b.memory().write(GuestAddr(objects as u32 + 4 * index as u32), object as u32).unwrap();
    }
    let wait = reason(&mut b, "KeWaitForMultipleObjects", &[2, objects, 1, 0, 0, 0, 0, 0]);
    assert_eq!(holder(&b, &wait), mine(mutant), "an event has no holder");

    let thread = b.kthread();
    let wait = reason(&mut b, "KeWaitForSingleObject", &[thread, 0, 0, 0, 0]);
    assert_eq!(holder(&b, &wait), mine(thread), "its end is waited for");

    b.kernel_call("KfAcquireSpinLock", &[lock]);
    let wait = reason(&mut b, "KfAcquireSpinLock", &[lock]);
    assert_eq!(holder(&b, &wait), mine(lock));
    assert_eq!(holder(&b, &BlockReason::Delay), []);
}

#[test]
fn a_report_has_holders_calls_and_suspensions_in_words() {
    let mut b = Harness::new();
    let section = u64::from(b.scratch.0);
    let me = b.scheduler.thread(b.thread).unwrap().id;
    b.kernel_call("RtlInitializeCriticalSection", &[section]);
    b.kernel_call("RtlEnterCriticalSection", &[section]);
    let other = b.add_thread();
    let first = b.act_as(other);
    let stub = {
        let export = registry().find_by_name(Library::xboxkrnl, "RtlEnterCriticalSection").unwrap();
        b.kernel.imports.stub_of(&b.kernel.memory, export).unwrap()
    };
    b.context().pc = stub.0 + 4;
    assert_eq!(b.carry_out("RtlEnterCriticalSection", &[section]), None);
    b.act_as(first);
    b.scheduler.suspend(other).unwrap();
    let report = ThreadsReport::new(&b.scheduler, &KernelSystem::new(b.kernel.clone())).to_string();
    let id = b.scheduler.thread(other).unwrap().id;
    for part in [
        format!(
            "thread {id:#x} hw0 priority 8: suspended 1 times; waits for critical-section {section:#010x}, "
        ),
        format!("{section:#010x} is thread {me:#x}'s, since tick 0"),
        format!("pc {:#010x} RtlEnterCriticalSection, lr ", stub.0 + 4),
        "(start of the thread)".to_owned(),
    ] {
        assert!(report.contains(&part), "no {part:?} in {report}");
    }
}
