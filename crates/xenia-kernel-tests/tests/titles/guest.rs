//! Integration tests of kernel calls from guest code: thunks, threads, waits and callbacks, on the
//! interpreter and the lockstep executor.

use crate::machine::{CODE, Code, DATA, ScriptedVideo, TitleHarness};
use xenia_formats::image::ImageKind;
use xenia_kernel::ports::VideoEvent;
use xenia_sched::{EndKind, RunEnd};

const EXIT: RunEnd = RunEnd::Ended(EndKind::Exit { code: 0 });

/// Addresses of structures in the title's data.
const EVENT: u32 = DATA + 0x100;
const OTHER: u32 = DATA + 0x200;
const INTERVAL: u32 = DATA + 0x300;

/// Stores a 64-bit interval of 100 ns units at [`INTERVAL`].
fn interval(code: &mut Code, value: i64) {
    code.load(4, (value >> 32) as u32).record(4, 0x300);
    code.load(4, value as u32).record(4, 0x304);
}

#[test]
fn a_thread_wakes_another_through_an_event_and_ends() {
    let mut code = Code::default();
    // The other thread logs its argument, sets the event and returns 7.
    let worker = code.here();
    code.word(0x7D88_02A6).copy(31, 12).record(3, 0x10); // mflr r12
    code.call("KeSetEvent", &[EVENT, 1, 0]);
    code.load(3, 7).word(0x7FE8_03A6).ret(); // mtlr r31
    let entry = code.here();
    code.call("KeInitializeEvent", &[EVENT, 1, 0]);
    code.call("ExCreateThread", &[DATA, 0, DATA + 4, 0, worker, 0x1234, 0x0200_0000]).record(3, 0x14);
    code.call("KeWaitForSingleObject", &[EVENT, 3, 1, 0, 0]).record(3, 0x18);
    code.load(3, DATA).read(3, 0, 3).load(4, 1).load(5, 0).load(6, 0);
    code.call_with_registers("NtWaitForSingleObjectEx").record(3, 0x1C);
    code.load(3, DATA).read(3, 0, 3).call_with_registers("NtClose").record(3, 0x20);
    code.load(3, DATA).read(3, 0, 3).call_with_registers("NtClose").record(3, 0x24);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!(machine.data(0x10), 0x1234);
    assert_eq!(machine.data(4), 2, "thread id");
    assert_eq!([machine.data(0x14), machine.data(0x18), machine.data(0x1C), machine.data(0x20)], [0; 4]);
    assert_eq!(machine.data(0x24), 0xC000_0008, "a stale handle");
    let events = machine.events();
    for expected in ["t2 hw1 spawn", "t1 wait any 0x82010100", "t1 wake value=0x0", "t2 exit code=0x7"] {
        assert!(events.iter().any(|line| line.contains(expected)), "{expected}: {events:#?}");
    }
}

#[test]
fn a_graphics_interrupt_runs_on_the_hardware_thread_that_it_names() {
    let mut code = Code::default();
    let callback = code.here();
    code.word(0x7D88_02A6).copy(31, 12); // mflr r12
    code.record(3, 0x10).record(4, 0x14);
    code.read_byte(5, 0x10C, 13).record(5, 0x18);
    code.read(5, 0x150, 13).record(5, 0x1C);
    code.call("KeGetCurrentProcessType", &[]).record(3, 0x24);
    code.call("KeSetEvent", &[EVENT, 0, 0]);
    code.word(0x7FE8_03A6).ret();
    let entry = code.here();
    code.call("KeInitializeEvent", &[EVENT, 1, 0]);
    code.call("VdSetGraphicsInterruptCallback", &[callback, 0xABCD]);
    code.call("KeWaitForSingleObject", &[EVENT, 3, 1, 0, 0]);
    code.read_byte(5, 0x10C, 13).record(5, 0x20);
    code.end();
    let video = ScriptedVideo::default();
    let interrupt = VideoEvent::Interrupt { source: 1, cpu_mask: 1 << 4 };
    video.0.lock().unwrap().extend([(1_000_000, VideoEvent::Swap), (1_000_000, interrupt)]);
    let (machine, end) = TitleHarness::run_with(&code, entry, video);
    assert_eq!(end, EXIT);
    assert_eq!([machine.data(0x10), machine.data(0x14)], [1, 0xABCD]);
    assert_eq!([machine.data(0x18), machine.data(0x1C)], [4, 1]);
    assert_eq!(machine.data(0x24), 1, "part of the title's process");
    assert_eq!(machine.data(0x20), 0, "the title's own thread is on hardware thread 0");
    assert_eq!(machine.kernel.frames(), 1);
    assert!(machine.executor.scheduler.now() >= 1_000_000);
}

#[test]
fn a_deferred_call_and_a_timer_reach_the_title() {
    let mut code = Code::default();
    let routine = code.here();
    code.word(0x7D88_02A6).copy(31, 12);
    code.record(4, 0x10).record(5, 0x14).record(6, 0x18);
    code.call("KeSetEvent", &[EVENT, 0, 0]);
    code.word(0x7FE8_03A6).ret();
    let entry = code.here();
    code.call("KeInitializeEvent", &[EVENT, 1, 0]);
    code.call("KeInitializeDpc", &[OTHER, routine, 0x11]);
    code.call("KeInsertQueueDpc", &[OTHER, 0x22, 0x33]).record(3, 0x1C);
    code.call("KeWaitForSingleObject", &[EVENT, 3, 1, 0, 0]).record(3, 0x20);
    for offset in [0x10, 0x14, 0x18] {
        code.load(12, DATA + offset).read(5, 0, 12).record(5, offset + 0x30);
    }
    code.call("KeInitializeTimerEx", &[DATA + 0x240, 0]);
    code.call("KeSetTimer", &[DATA + 0x240, (-10_000_i32) as u32, OTHER]).record(3, 0x24);
    code.call("KeWaitForSingleObject", &[EVENT, 3, 1, 0, 0]);
    code.call("KeWaitForSingleObject", &[DATA + 0x240, 3, 1, 0, 0]).record(3, 0x28);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!([machine.data(0x40), machine.data(0x44), machine.data(0x48)], [0x11, 0x22, 0x33]);
    assert_eq!(
        [machine.data(0x1C), machine.data(0x20), machine.data(0x24), machine.data(0x28)],
        [1, 0, 0, 0]
    );
    assert_eq!(machine.data(0x10), 0x11, "the timer's call has the same context");
    assert_ne!(machine.data(0x14), 0x22, "and the due time as arguments");
    assert!(machine.executor.scheduler.now() >= 49_875);
}

#[test]
fn an_apc_interrupts_an_alertable_delay() {
    let mut code = Code::default();
    let apc = code.here();
    code.record(3, 0x10).record(4, 0x14).record(5, 0x18).ret();
    let worker = code.here();
    // In the worker, the current-thread pseudo handle would name the worker: the main thread's
    // handle is in DATA.
    code.word(0x7D88_02A6).copy(31, 12);
    code.load(3, DATA).read(3, 0, 3).load(4, apc).load(5, 1).load(6, 2).load(7, 3);
    code.call_with_registers("NtQueueApcThread").record(3, 0x1C);
    code.load(3, 0).word(0x7FE8_03A6).ret();
    let entry = code.here();
    interval(&mut code, -100_000_000);
    code.call("NtDuplicateObject", &[0xFFFF_FFFE, DATA, 0]);
    code.call("ExCreateThread", &[DATA + 8, 0, 0, 0, worker, 0, 0]);
    code.load(14, 0x5A5A).call("KeDelayExecutionThread", &[1, 1, INTERVAL]).record(3, 0x20).record(14, 0x24);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!([machine.data(0x10), machine.data(0x14), machine.data(0x18)], [1, 2, 3]);
    assert_eq!(machine.data(0x1C), 0);
    assert_eq!(machine.data(0x20), 0xC0, "USER_APC");
    assert_eq!(machine.data(0x24), 0x5A5A);
    assert!(machine.executor.scheduler.now() < 49_875_000, "long before the delay's end");
}

#[test]
fn a_delay_ends_at_its_time_and_a_wait_times_out() {
    let mut code = Code::default();
    let entry = code.here();
    interval(&mut code, -10_000); // 1 ms
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL]).record(3, 0x10);
    code.call("KeInitializeEvent", &[EVENT, 0, 0]);
    code.call("KeWaitForSingleObject", &[EVENT, 3, 1, 0, INTERVAL]).record(3, 0x14);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!([machine.data(0x10), machine.data(0x14)], [0, 0x102]);
    let now = machine.executor.scheduler.now();
    assert!((99_750..100_200).contains(&now), "{now}");
}

#[test]
fn a_thread_moves_itself_in_the_middle_of_the_call() {
    let mut code = Code::default();
    let entry = code.here();
    code.read(3, 0x100, 13).load(4, 1 << 5).load(5, DATA + 4);
    code.call_with_registers("KeSetAffinityThread").record(3, 0x10);
    code.read_byte(5, 0x10C, 13).record(5, 0x14);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!([machine.data(4), machine.data(0x10), machine.data(0x14)], [1, 0, 5]);
    assert!(machine.events().iter().any(|line| line.ends_with("t1 migrate hw0 hw5")));
}

#[test]
fn a_thread_that_may_run_elsewhere_moves_to_a_free_processor_and_reads_its_number() {
    let mut code = Code::default();
    let read_again = [0x2C05_0000, 0x4182_FFF8]; // cmpwi r5, 0; beq to the read before
    let worker = code.here();
    code.word(0x7D88_02A6).copy(31, 12); // mflr r12
    code.read(3, 0x100, 13).load(4, 3).load(5, DATA + 4).call_with_registers("KeSetAffinityThread");
    code.read_byte(5, 0x10C, 13).word(read_again[0]).word(read_again[1]);
    code.record(5, 0x10).word(0x7FE8_03A6).ret(); // mtlr r31
    let entry = code.here();
    // Both threads start on the first hardware thread.
    code.call("ExCreateThread", &[DATA, 0, 0, 0, worker, 0, 0]);
    code.load(6, DATA).read(5, 0x10, 6).word(read_again[0]).word(read_again[1]).end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!(machine.data(0x10), 1);
    let events = machine.events();
    assert_eq!(events.iter().filter(|line| line.contains("migrate")).count(), 1, "{events:#?}");
}

#[test]
fn variables_hold_what_titles_look_for() {
    let mut code = Code::default();
    let entry = code.here();
    code.variable(5, "XboxHardwareInfo").read_byte(5, 4, 5).record(5, 0x10);
    code.variable(5, "VdGpuClockInMHz").read(5, 0, 5).record(5, 0x14);
    code.variable(5, "XexExecutableModuleHandle").read(5, 0, 5).read(5, 0x3C, 5).record(5, 0x18);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!([machine.data(0x10), machine.data(0x14), machine.data(0x18)], [6, 500, entry]);
}

#[test]
fn a_missing_import_returns_its_failure_and_is_counted() {
    let mut code = Code::default();
    let entry = code.here();
    code.call_ordinal(0x0FFE).record(3, 0x10);
    code.call_ordinal(0x0FFE).record(3, 0x14);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!([machine.data(0x10), machine.data(0x14)], [0xC000_0002; 2]);
    let missing = machine.kernel.imports.missing_calls();
    assert_eq!(
        missing.iter().map(|m| (m.name.as_str(), m.count)).collect::<Vec<_>>(),
        [("xboxkrnl#0FFE", 2)]
    );
}

#[test]
fn a_critical_section_parks_and_is_handed_over() {
    let mut code = Code::default();
    let worker = code.here();
    code.word(0x7D88_02A6).copy(31, 12);
    code.call("RtlEnterCriticalSection", &[OTHER]);
    code.load(4, DATA + 0x10).read(5, 0, 4).record(5, 0x14);
    code.call("RtlLeaveCriticalSection", &[OTHER]);
    code.word(0x7FE8_03A6).ret();
    let entry = code.here();
    interval(&mut code, -10_000);
    code.call("RtlInitializeCriticalSection", &[OTHER]);
    code.call("RtlEnterCriticalSection", &[OTHER]);
    code.call("ExCreateThread", &[DATA, 0, 0, 0, worker, 0, 0x0800_0000]);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL]);
    code.load(5, 99).record(5, 0x10);
    code.call("RtlLeaveCriticalSection", &[OTHER]);
    code.load(3, DATA).read(3, 0, 3).load(4, 1).load(5, 0).load(6, 0);
    code.call_with_registers("NtWaitForSingleObjectEx");
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!(machine.data(0x14), 99, "the other thread came in after the first had left");
    assert_eq!(machine.data(0x210), u32::MAX, "free again");
}

#[test]
fn wait_on_unsignalled_event_reports_a_deadlock() {
    let mut code = Code::default();
    let entry = code.here();
    code.call("KeInitializeEvent", &[EVENT, 0, 0]);
    code.call("KeWaitForSingleObject", &[EVENT, 3, 1, 0, 0]);
    let (_, end) = TitleHarness::run(&code, entry);
    let RunEnd::Deadlock(report) = end else { panic!("{end:?}") };
    assert_eq!(report.threads.len(), 1);
    assert_eq!(report.threads[0].state, "any 0x82010100");
}

#[test]
fn guest_faults_and_wild_pointers_end_the_title_with_a_report() {
    for build in [
        |code: &mut Code| {
            code.load(4, 0x10).read(5, 0, 4);
        },
        |code: &mut Code| {
            code.call("KeInitializeEvent", &[0x10, 0, 0]);
        },
        |code: &mut Code| {
            code.word(0);
        },
        |code: &mut Code| {
            code.call("KeBugCheck", &[0xE2]);
        },
    ] {
        let mut code = Code::default();
        let entry = code.here();
        build(&mut code);
        let (_, end) = TitleHarness::run(&code, entry);
        let RunEnd::Ended(EndKind::Crash { thread, text, .. }) = end else { panic!("{end:?}") };
        assert_eq!(thread, 1);
        assert!(text.contains("r1 "), "{text}");
    }
}

#[test]
fn a_plain_elf_writes_text_and_exits_with_r3() {
    let mut code = Code::default();
    code.word(0x4869_2100); // "Hi!"
    let entry = code.here();
    code.load(0, 0).load(3, CODE).load(4, 3).word(0x4400_0002); // sc
    code.load(3, 42).ret();
    let mut machine = TitleHarness::new(&code, ImageKind::Elf, entry, ScriptedVideo::default());
    assert_eq!(machine.go(), RunEnd::Ended(EndKind::Exit { code: 42 }));
    assert_eq!(machine.text(), "Hi!");
}

#[test]
fn two_runs_give_the_same_log() {
    let mut code = Code::default();
    let worker = code.here();
    code.word(0x7D88_02A6).copy(31, 12);
    code.call("KeDelayExecutionThread", &[1, 0, INTERVAL]);
    code.call("KeSetEvent", &[EVENT, 1, 0]).word(0x7FE8_03A6).ret();
    let entry = code.here();
    interval(&mut code, -5000);
    code.call("KeInitializeEvent", &[EVENT, 1, 0]);
    for flags in [0x0100_0000, 0x0400_0000, 0x2000_0000] {
        code.call("ExCreateThread", &[DATA, 0, 0, 0, worker, 0, flags]);
    }
    for _ in 0..3 {
        code.call("KeWaitForSingleObject", &[EVENT, 3, 1, 0, 0]);
    }
    code.end();
    let logs: Vec<_> = (0..2).map(|_| TitleHarness::run(&code, entry).0.events()).collect();
    assert!(logs[0].len() > 20);
    assert_eq!(logs[0], logs[1]);
}
