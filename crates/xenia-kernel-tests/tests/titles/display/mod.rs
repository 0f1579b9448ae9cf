//! Graphics notification routines, the display's calls, and floating-point exceptions.

use crate::machine::{CODE, Code, DATA, ScriptedVideo, TitleHarness};
use xenia_guest::GuestAddr;
use xenia_kernel::ports::VideoEvent;
use xenia_sched::{EndKind, RunEnd};

const EXIT: RunEnd = RunEnd::Ended(EndKind::Exit { code: 0 });

#[test]
fn graphics_notifications_reach_every_routine_in_order() {
    let mut code = Code::default();
    // Each call appends its registration's low half, kind and argument to a log, whose end is
    // stored at DATA.
    let routine = code.here();
    code.load(12, DATA).read(11, 0, 12);
    code.store(3, 0, 11).store(4, 4, 11).store(5, 8, 11);
    code.word(0x396B_000C).store(11, 0, 12).load(3, 0x55).ret(); // addi r11, r11, 12
    let entry = code.here();
    code.load(4, DATA + 0x400).record(4, 0);
    let registrations = [(0x100, 5), (0x120, -1), (0x140, 5), (0x160, 9)];
    for (offset, priority) in registrations {
        code.load(4, routine).record(4, offset);
        code.load(4, priority as u32).record(4, offset + 4);
        code.call("VdRegisterGraphicsNotification", &[DATA + offset, 1]);
    }
    code.call("VdRegisterXamGraphicsNotification", &[routine]);
    code.call("VdRegisterGraphicsNotification", &[DATA + 0x160, 0]);
    code.call("VdCallGraphicsNotificationRoutines", &[9, DATA + 0x200]).record(3, 0x10);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!(machine.data(0x10), 0, "the call's own result, not a routine's");
    let called: Vec<_> = (0..8)
        .map(|index| 0x400 + 12 * index)
        .take_while(|&at| at < machine.data(0) - DATA)
        .map(|at| [machine.data(at), machine.data(at + 4), machine.data(at + 8)])
        .collect();
    let expected = [DATA + 0x100, DATA + 0x140, DATA + 0x120, 0];
    assert_eq!(called, expected.map(|registration| [registration, 9, DATA + 0x200]));
}

/// Runs a title that divides by zero with that exception enabled in its FPSCR, after
/// `KeEnableFpuExceptions(enable)`.
fn divides_by_zero(enable: u32) -> RunEnd {
    let mut code = Code::default();
    let entry = code.here();
    code.call("KeEnableFpuExceptions", &[enable]);
    code.load(4, 0x3F80_0000).record(4, 0x20).load(12, DATA);
    code.word(0xC02C_0020).word(0xC04C_0024); // lfs f1, 0x20(r12); lfs f2, 0x24(r12)
    code.word(0xFF60_004C); // mtfsb1 27: zero divide is enabled
    code.word(0xEC61_1024); // fdivs f3, f1, f2
    code.end();
    TitleHarness::run(&code, entry).1
}

#[test]
fn floating_point_exceptions_are_raised_where_a_thread_enables_them() {
    assert_eq!(divides_by_zero(0), EXIT);
    let RunEnd::Ended(EndKind::Crash { thread, pc, text, .. }) = divides_by_zero(1) else {
        panic!("no exception")
    };
    assert_eq!(thread, 1);
    assert!(pc > CODE && text.contains("floating-point exception"), "{text}");
}

#[test]
fn a_swap_writes_its_mark_at_the_titles_address() {
    let mut code = Code::default();
    let entry = code.here();
    code.call("MmAllocatePhysicalMemory", &[0, 0x1000, 4]).record(3, 0x10);
    code.word(0x3863_0008).call_with_registers("VdSetSystemCommandBufferGpuIdentifierAddress"); // addi r3, r3, 8
    // The front buffer's address, width and height. The mark is in r8, the other arguments on the
    // stack.
    code.load(4, 0xA000_0000).record(4, 0x20).record(4, 0x24);
    code.load(4, DATA + 0x20);
    for offset in [0x54, 0x5C, 0x64] {
        code.store(4, offset, 1);
    }
    code.call("VdSwap", &[DATA + 0x100, DATA + 0x300, 0, 0, 0xBEEF_0001, DATA + 0x20, DATA, DATA]);
    code.load(3, 1).load(4, 0).load(5, DATA + 0x30);
    code.load(6, u32::MAX).store(6, 0, 5).load(6, (-100_000_i32) as u32).store(6, 4, 5);
    code.call_with_registers("KeDelayExecutionThread");
    code.end();
    let video = ScriptedVideo::default();
    video.0.lock().unwrap().push_back((400_000, VideoEvent::Swap));
    // Without an interrupt callback no interrupt advances the chip; the passing of time does.
    let (machine, end) = TitleHarness::run_with(&code, entry, video);
    assert_eq!(end, EXIT);
    assert_eq!(machine.kernel.frames(), 1);
    let at = GuestAddr(machine.data(0x10));
    assert_eq!(machine.kernel.memory.read::<u32>(at.offset(8)), Ok(0xBEEF_0001));
}

#[test]
fn types_have_procedures_and_distinguish_objects() {
    let mut code = Code::default();
    let entry = code.here();
    // mtctr r12, bctrl: calls the functions in the type's first and second words.
    let through = |code: &mut Code, offset: i16| {
        code.read(12, offset, 31).word(0x7D89_03A6).word(0x4E80_0421);
    };
    code.variable(31, "ExThreadObjectType").read(5, 0x18, 31).record(5, 0x10);
    code.load(3, 0x40).load(4, 0x1234).load(5, 0);
    through(&mut code, 0);
    code.record(3, 0x14);
    through(&mut code, 4);
    code.read(5, 0x14, 31).record(5, 0x18);
    code.load(3, 0xFFFF_FFFE).copy(4, 31).load(5, DATA + 0x1C);
    code.call_with_registers("ObReferenceObjectByHandle").record(3, 0x20);
    code.variable(4, "ExEventObjectType").load(3, 0xFFFF_FFFE).load(5, DATA + 0x24);
    code.call_with_registers("ObReferenceObjectByHandle").record(3, 0x28);
    code.variable(4, "ObDirectoryObjectType").read(5, 0x14, 4).read(5, 4, 5).record(5, 0x2C);
    code.variable(4, "IoFileObjectType").read(5, 0x14, 4).record(5, 0x30);
    code.variable(4, "ExTimerObjectType").read(5, 0xC, 4).read(5, 0, 5).record(5, 0x34);
    code.end();
    let (machine, end) = TitleHarness::run(&code, entry);
    assert_eq!(end, EXIT);
    assert_eq!(machine.data(0x10), u32::from_be_bytes(*b"erhT"));
    assert!(machine.data(0x14) > 0x1_0000);
    let freed = machine.kernel.pool.release(GuestAddr(machine.data(0x14)));
    assert!(freed.is_err(), "the block is free again");
    assert_eq!(machine.data(0x18), 0, "threads are waited for themselves");
    assert_eq!((machine.data(0x20), machine.data(0x28)), (0, 0xC000_0024));
    assert!(machine.data(0x1C) != 0 && machine.data(0x24) == 0);
    assert_eq!((machine.data(0x2C), machine.data(0x30)), (1, 0), "signalled; a file is waited for itself");
    assert_eq!(machine.data(0x34), 0x4400_0042, "a way into the kernel");
}
