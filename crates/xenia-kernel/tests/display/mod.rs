//! Guest code that the display's calls run, and exceptions that a thread lets through.

use crate::machine::{CODE, Code, DATA, Machine};
use xenia_sched::{EndKind, RunEnd};

const EXIT: RunEnd = RunEnd::Ended(EndKind::Exit { code: 0 });

#[test]
fn graphics_notifications_reach_every_routine_in_order() {
    let mut code = Code::default();
    // Each call appends its registration's low half, kind and argument to a log whose end is at DATA.
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
    let (machine, end) = Machine::run(&code, entry);
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

/// A title that divides by zero with that exception enabled in its FPSCR, after a call.
fn divides_by_zero(enable: u32) -> RunEnd {
    let mut code = Code::default();
    let entry = code.here();
    code.call("KeEnableFpuExceptions", &[enable]);
    code.load(4, 0x3F80_0000).record(4, 0x20).load(12, DATA);
    code.word(0xC02C_0020).word(0xC04C_0024); // lfs f1, 0x20(r12); lfs f2, 0x24(r12)
    code.word(0xFF60_004C); // mtfsb1 27: zero divide is enabled
    code.word(0xEC61_1024); // fdivs f3, f1, f2
    code.end();
    Machine::run(&code, entry).1
}

#[test]
fn floating_point_exceptions_are_raised_where_a_thread_enables_them() {
    assert_eq!(divides_by_zero(0), EXIT);
    let RunEnd::Ended(EndKind::Crash { thread, pc, text }) = divides_by_zero(1) else {
        panic!("no exception")
    };
    assert_eq!(thread, 1);
    assert!(pc > CODE && text.contains("floating-point exception"), "{text}");
}
