//! Saved states of the kernel's core: titles that are cut in the middle of waits, APCs, long calls
//! and exceptions. [`TitleHarness::run`] compares a run with one whose core is saved and restored
//! again and again.

use crate::exceptions::title;
use crate::machine::{Code, DATA, ScriptedVideo, TitleHarness};
use xenia_sched::{EndKind, RunEnd};

const EXIT: RunEnd = RunEnd::Ended(EndKind::Exit { code: 0 });

/// Addresses of structures in the title's data.
const HANDLES: u32 = DATA;
const INTERVAL: u32 = DATA + 0x300;
const APC: u32 = DATA + 0x400;
const MUTANT: u32 = DATA + 0x500;
const SEMAPHORE: u32 = DATA + 0x540;
const OBJECTS: u32 = DATA + 0x580;
const SPIN_LOCK: u32 = DATA + 0x590;
const SECTION: u32 = DATA + 0x5A0;
const TIMER: u32 = DATA + 0x600;
const ROUTINES: [u32; 2] = [DATA + 0x680, DATA + 0x6A0];

/// Stores a 64-bit interval of 100 ns units.
fn interval(code: &mut Code, value: i64) {
    code.load(4, (value >> 32) as u32).record(4, 0x300);
    code.load(4, value as u32).record(4, 0x304);
}

/// Begins a function that calls others: its return address is in r31 afterwards.
fn begin(code: &mut Code) -> u32 {
    let at = code.here();
    code.word(0x7D88_02A6).copy(31, 12); // mflr r12
    at
}

/// Returns to the address in r31.
fn end(code: &mut Code) {
    code.load(3, 0).word(0x7FE8_03A6).ret(); // mtlr r31
}

/// Loads the word at an address into a register.
fn load_word(code: &mut Code, register: u32, at: u32) {
    code.load(register, at).read(register, 0, register);
}

/// Creates a thread; its handle is in the `index`th word of the title's data.
fn thread(code: &mut Code, index: u32, start: u32, flags: u32) {
    code.call("ExCreateThread", &[HANDLES + 4 * index, 0, 0, 0, start, index, flags]);
}

/// Waits for the end of a thread.
fn join(code: &mut Code, index: u32) {
    load_word(code, 3, HANDLES + 4 * index);
    code.load(4, 1).load(5, 0).load(6, 0);
    code.call_with_registers("NtWaitForSingleObjectEx");
}

#[test]
fn a_wait_with_the_last_reference_is_interrupted_by_an_apc() {
    let mut code = Code::default();
    let routine = code.here();
    code.record(3, 0x10).record(4, 0x14).record(5, 0x18);
    for _ in 0..10 {
        code.word(0x6000_0000); // nop
    }
    code.ret();
    let worker = begin(&mut code);
    load_word(&mut code, 3, DATA + 0x40);
    code.load(4, 1).load(5, 0).load(6, 0).call_with_registers("NtWaitForSingleObjectEx").record(3, 0x1C);
    end(&mut code);
    let entry = code.here();
    interval(&mut code, -10_000);
    code.call("NtCreateEvent", &[DATA + 0x40, 0, 1, 0]);
    load_word(&mut code, 3, DATA + 0x40);
    code.load(4, 0).load(5, DATA + 0x44).call_with_registers("ObReferenceObjectByHandle");
    thread(&mut code, 0, worker, 0x0200_0000);
    load_word(&mut code, 3, HANDLES);
    code.load(4, 0).load(5, DATA + 0x48).call_with_registers("ObReferenceObjectByHandle");
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL]);
    load_word(&mut code, 3, DATA + 0x40);
    code.call_with_registers("NtClose");
    load_word(&mut code, 3, DATA + 0x44);
    code.call_with_registers("ObDereferenceObject");
    load_word(&mut code, 4, DATA + 0x48);
    code.load(3, APC).load(5, 0).load(6, 0).load(7, routine).load(8, 0).load(9, 0x77);
    code.call_with_registers("KeInitializeApc");
    code.call("KeInsertQueueApc", &[APC, 1, 2, 0]).record(3, 0x20);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL]);
    load_word(&mut code, 3, DATA + 0x44);
    code.load(4, 1).load(5, 0).call_with_registers("KeSetEvent");
    join(&mut code, 0);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL]).end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!([0x10, 0x14, 0x18].map(|offset| machine.data(offset)), [0x77, 1, 2]);
    assert_eq!([machine.data(0x1C), machine.data(0x20)], [0, 1]);
}

#[test]
fn threads_wait_for_mutants_semaphores_timers_and_locks() {
    let mut code = Code::default();
    let worker = begin(&mut code);
    code.copy(30, 3);
    // All of the mutant and the semaphore, at most a second.
    code.call("KeWaitForMultipleObjects", &[2, OBJECTS, 0, 3, 1, 0, INTERVAL, 0]).record(3, 0x10);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL + 8]);
    code.call("KeReleaseMutant", &[MUTANT, 1, 0, 0]);
    code.call("RtlEnterCriticalSection", &[SECTION]);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL + 8]);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL + 8]);
    code.call("RtlLeaveCriticalSection", &[SECTION]);
    code.call("KeAcquireSpinLockAtRaisedIrql", &[SPIN_LOCK]);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL + 8]);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL + 8]);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL + 8]);
    code.call("KeReleaseSpinLockFromRaisedIrql", &[SPIN_LOCK]);
    // The timer expires again and again.
    code.call("KeWaitForSingleObject", &[TIMER, 3, 1, 0, 0]);
    load_word(&mut code, 4, DATA + 0x14);
    code.word(0x3884_0001).record(4, 0x14); // addi r4, r4, 1
    end(&mut code);
    // Ends with the mutant.
    let owner = begin(&mut code);
    code.call("KeWaitForSingleObject", &[MUTANT, 3, 1, 0, 0]).record(3, 0x18);
    end(&mut code);
    let entry = code.here();
    interval(&mut code, -10_000_000);
    let soon = -20_000_i64;
    code.load(4, (soon >> 32) as u32).record(4, 0x308);
    code.load(4, soon as u32).record(4, 0x30C);
    code.call("KeInitializeMutant", &[MUTANT, 1]);
    code.call("KeInitializeSemaphore", &[SEMAPHORE, 0, 9]);
    code.call("RtlInitializeCriticalSection", &[SECTION]);
    code.call("KeInitializeTimerEx", &[TIMER, 1]);
    code.load(4, MUTANT).record(4, 0x580).load(4, SEMAPHORE).record(4, 0x584);
    for index in 0..4 {
        thread(&mut code, index, worker, 0x0100_0000 << index);
    }
    thread(&mut code, 4, owner, 0x1000_0000);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL + 8]);
    code.call("KeReleaseSemaphore", &[SEMAPHORE, 1, 4, 0]);
    code.call("KeReleaseMutant", &[MUTANT, 1, 0, 0]);
    code.call("KeSetTimerEx", &[TIMER, soon as u32, 3, 0]);
    for index in 0..5 {
        join(&mut code, index);
    }
    code.call("KeCancelTimer", &[TIMER]).end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!(machine.data(0x14), 4, "each has come to its end");
    let events = machine.events();
    for expected in ["wait all", "section", "spin"] {
        assert!(events.iter().any(|line| line.contains(expected)), "{expected}: {events:#?}");
    }
}

#[test]
fn routines_of_the_title_call_each_other() {
    let mut code = Code::default();
    let routine = begin(&mut code);
    load_word(&mut code, 4, DATA + 0x10);
    code.word(0x3884_0001).record(4, 0x10); // addi r4, r4, 1
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL]);
    end(&mut code);
    let worker = begin(&mut code);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL]);
    end(&mut code);
    let entry = code.here();
    interval(&mut code, -1000);
    for (index, at) in ROUTINES.into_iter().enumerate() {
        code.load(4, routine).record(4, at - DATA).load(4, index as u32).record(4, at - DATA + 4);
    }
    code.call("VdRegisterGraphicsNotification", &[ROUTINES[0], 1]);
    code.call("VdRegisterGraphicsNotification", &[ROUTINES[1], 1]);
    code.call("VdCallGraphicsNotificationRoutines", &[1, DATA]);
    code.call("ExRegisterThreadNotification", &[ROUTINES[0], 1]);
    code.call("ExRegisterThreadNotification", &[ROUTINES[1], 1]);
    thread(&mut code, 0, worker, 0x0200_0000);
    join(&mut code, 0);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!(machine.data(0x10), 6, "two, two for the thread's start, two for its end");
}

#[test]
fn restored_long_calls_resume_where_they_were() {
    let mut code = Code::default();
    let entry = code.here();
    let size = 0x8_0023;
    code.load(4, 0x20_0000).record(4, 0x54);
    code.call("NtAllocateVirtualMemory", &[DATA + 0x50, DATA + 0x54, 0x3000, 4, 0]).record(3, 0x10);
    load_word(&mut code, 20, DATA + 0x50);
    code.load(22, 0x10_0000).word(31 << 26 | 21 << 21 | 20 << 16 | 22 << 11 | 266 << 1); // add r21, r20, r22
    code.load(3, DATA + 0x300).load(4, 8).copy(5, 20).load(6, size).call_with_registers("XeCryptRc4");
    code.load(3, DATA + 0x300).load(4, 8).copy(5, 21).load(6, size).call_with_registers("XeCryptRc4");
    code.copy(3, 20).copy(4, 21).load(5, size).call_with_registers("RtlCompareMemory").record(3, 0x14);
    code.copy(3, 20).load(4, size).copy(5, 21).load(6, size).load(7, 0).load(8, 0);
    code.load(9, DATA + 0x20).load(10, 20).call_with_registers("XeCryptSha");
    code.copy(3, 20).load(4, size).copy(5, 21).load(6, size).load(7, DATA + 0x40).load(8, 20);
    code.call_with_registers("XeCryptRotSumSha");
    code.copy(3, 21).load(4, 0x10_0000).load(5, DATA + 0x18).copy(6, 20).load(7, size);
    code.call_with_registers("RtlMultiByteToUnicodeN").record(3, 0x1C);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!([machine.data(0x10), machine.data(0x14), machine.data(0x1C)], [0, size, 0]);
    assert_eq!(machine.data(0x18), 0x10_0000);
    assert!(machine.data(0x20) != 0 && machine.data(0x40) != 0);
}

#[test]
fn exceptions_in_progress_are_restored() {
    for source in [
        title::CALLBACK,
        title::COLLIDE,
        title::FAULT,
        title::FILTER,
        title::INSIDE,
        title::LONGJMP,
        title::NESTED,
        title::REFUSE,
    ] {
        let (image, _) = title::assemble(source);
        let load = || TitleHarness::load(&image, ScriptedVideo::default());
        let mut machine = load();
        let end = machine.go();
        machine.assert_reloaded(&end, &mut load());
    }
}
