//! End-to-end tests of exceptions: assembled programs (`*.s`) with functions, prologues and scope
//! tables as the console's compiler emits them. Each logs which code ran in which order.

pub(crate) mod title;

use crate::machine::{ScriptedVideo, TitleHarness};
use std::collections::BTreeMap;
use title::{CODE, DATA};
use xenia_guest::GuestAddr;
use xenia_memory::{Heap, Protect};
use xenia_sched::{EndKind, Limits, RunEnd};

const EXIT: RunEnd = RunEnd::Ended(EndKind::Exit { code: 0 });
/// Offset of a program's log in its data, and of the log's length in words.
const LOG: u32 = 0x400;
const COUNT: u32 = 0x3FC;

/// A loaded program.
struct Program {
    machine: TitleHarness,
    labels: BTreeMap<String, u32>,
}

impl Program {
    fn new(source: &str) -> Self {
        let (image, labels) = title::assemble(source);
        let machine = TitleHarness::load(&image, ScriptedVideo::default());
        Self { machine, labels }
    }

    fn label(&self, name: &str) -> u32 {
        self.labels[name]
    }

    /// Patches a word of the image.
    fn set(&self, address: u32, value: u32) {
        self.machine.kernel.memory.write(GuestAddr(address), value).unwrap();
    }

    /// Runs the program, and returns its log.
    fn run(&mut self) -> (Vec<u32>, RunEnd) {
        self.run_for(1_000_000)
    }

    /// Runs the program for at most `instructions`, and returns its log.
    fn run_for(&mut self, instructions: u64) -> (Vec<u32>, RunEnd) {
        let end = self.machine.executor.run(&Limits {
            instructions: Some(instructions),
            halt_on_deadlock: true,
            ..Limits::default()
        });
        let count = self.machine.data(COUNT).min(64);
        ((0..count).map(|index| self.machine.data(LOG + 4 * index)).collect(), end)
    }

    /// Runs the program until it crashes, and returns its log and the report.
    fn crash(&mut self) -> (Vec<u32>, String) {
        match self.run() {
            (log, RunEnd::Ended(EndKind::Crash { text, .. })) => (log, text),
            (log, end) => panic!("{end:?} after {log:x?}"),
        }
    }
}

/// The log of the filter in `filter.s`: code, second parameter, the pc at which `raise` resumes, a
/// variable of `main`.
fn filtered(program: &Program) -> Vec<u32> {
    let after_call = program.label("raise_end") - 4 * 6 - program.label("raise");
    vec![0xE000_0001, 0x22, after_call, 0]
}

#[test]
fn a_filter_takes_the_exception_and_its_function_has_its_registers_again() {
    let mut program = Program::new(title::FILTER);
    program.set(DATA, 1);
    let mut expected = filtered(&program);
    // Code; r29, r30 (its upper half), f31, v14, v20, CR3; r1 as before; the result.
    expected.extend([0xE000_0001, 0x2929, 0x3030, 0x4009_0000, 5, 7, 8, 0, 0x66]);
    let (log, end) = program.run();
    assert_eq!(end, EXIT, "{log:x?}");
    assert_eq!(log, expected, "{log:x?}");
}

#[test]
fn a_filter_resumes_the_thread_where_it_raised() {
    let mut program = Program::new(title::FILTER);
    program.set(DATA, u32::MAX);
    let mut expected = filtered(&program);
    expected.extend([0x55, 0x77]);
    assert_eq!(program.run(), (expected, EXIT));
}

#[test]
fn unhandled_exception_reports_registers_at_the_raise() {
    let mut program = Program::new(title::FILTER);
    program.set(DATA, 0);
    let expected = filtered(&program);
    let at = program.label("raise") + expected[2];
    let (log, text) = program.crash();
    assert_eq!(log, expected);
    assert!(
        text.starts_with(&format!("0x{at:08x}: exception 0xe0000001 with [\n    0x11,\n    0x22,\n]")),
        "{text}"
    );
    // The registers are those at the raise, not those of the last handler.
    assert!(text.contains("r29 0000000000000001"), "{text}");
    assert!(text.contains(&format!("lr 0x{at:08x}")), "{text}");
}

#[test]
fn termination_handlers_run_from_the_inside_out_after_the_filters() {
    let mut program = Program::new(title::NESTED);
    assert_eq!(program.run(), (vec![1, 2, 3, 0x41, 5, 6], EXIT));
}

#[test]
fn faults_of_the_processor_are_exceptions_that_a_filter_can_repair() {
    let mut program = Program::new(title::FAULT);
    program.set(DATA + 4, 0x1234);
    let code = program.label("main") & 0xFFFF_0000;
    let expected = vec![
        0xC000_0005,
        0,
        0x14,   // a load
        0x1234, // the value that it gets from the repaired address
        0xC000_0005,
        1,
        code, // a store
        0xC000_0094,
        0xC000_0095,
        0xC000_001D, // traps, an illegal instruction
        0xC000_0005,
        0,
        0xFFFF_FFFC, // a call to nowhere
        0x8000_0003, // a trap without a meaning of its own
        0x60,
        0x61,
    ];
    let (log, end) = program.run();
    assert_eq!((&log, end), (&expected, EXIT), "{log:x?}");
}

#[test]
fn a_load_and_a_fetch_from_guard_pages_fail_once() {
    let mut program = Program::new(
        "
        words_before __C_specific_handler, main_scopes
main:
        enter 96
main_body:
        lis 31, DATA@h; lwz 31, 8(31)
main_try:
        lwz 3, 0x10(31)
        bl log
        addi 9, 31, 0x1000; mtctr 9
        bctrl
        nop
main_try_end:
        li 3, 5
        leave 96
main_end:
main_scopes:
        .long 1, main_try, main_try_end, main_filter, main_end
main_filter:
        enter 112
main_filter_body:
        lwz 9, 0(3); lwz 3, 0(9)
        bl log
        li 3, -1
        leave 112
main_filter_end:",
    );
    let memory = program.machine.kernel.memory.clone();
    let at = memory.alloc(Heap::Virtual4K, 0x2000, 0x1000, Protect::READ_WRITE).unwrap();
    memory.write(at.offset(0x10), 0x1234_u32).unwrap();
    memory.write(at.offset(0x1000), 0x4E80_0020_u32).unwrap(); // blr
    memory.protect(at, 0x2000, Protect(Protect::READ_WRITE.0 | Protect::GUARD.0)).unwrap();
    program.set(DATA + 8, at.0);
    assert_eq!(program.run(), (vec![0x8000_0001, 0x1234, 0x8000_0001, 5], EXIT));
}

#[test]
fn an_exception_inside_a_filter_is_nested() {
    let mut program = Program::new(title::INSIDE);
    // The first dispatch calls inner's filter, which raises the second exception. That calls
    // inner's filter again (nested, 0x10), then main's (no longer nested), which accepts it.
    assert_eq!(program.run(), (vec![0, 0x10, 0, 3, 0xE000_0002, 4, 5], EXIT));
}

#[test]
fn a_termination_handler_may_start_another_unwind() {
    let mut program = Program::new(title::COLLIDE);
    assert_eq!(program.run(), (vec![1, 2, 3, 0x33, 9], EXIT));
    assert_eq!([0x1000, 0x1034].map(|at| program.machine.data(at)), [0x17, 0x33], "flags and r3");
}

#[test]
fn unwinding_to_a_frame_restores_its_registers_and_passes_a_value() {
    let mut program = Program::new(title::LONGJMP);
    assert_eq!(program.run(), (vec![0x4A, 29, 30, 31, 0], EXIT));
}

#[test]
fn continuing_a_noncontinuable_exception_raises_another_about_the_first() {
    let mut program = Program::new(title::REFUSE);
    let expected = vec![0xE000_0000, 1, 0xC000_0025, 1, 0xE000_0000, 0xC000_0025, 5];
    assert_eq!(program.run(), (expected, EXIT));
}

#[test]
fn a_raised_status_is_an_exception_that_can_not_be_continued() {
    let replaced = [
        ("lis 3, 0xE000\n", "lis 3, 0xC000\n        ori 3, 3, 0x22\n"),
        ("bl raise\n", "bl RtlRaiseStatus\n"),
    ];
    let mut source = title::REFUSE.to_owned();
    for (from, to) in replaced {
        assert!(source.contains(from), "{from:?} is missing");
        source = source.replace(from, to);
    }
    let expected = vec![0xC000_0022, 1, 0xC000_0025, 1, 0xC000_0022, 0xC000_0025, 5];
    assert_eq!(Program::new(&source).run(), (expected, EXIT));
}

#[test]
fn an_exception_leaves_a_procedure_call_and_the_wait_that_it_interrupted() {
    let mut program = Program::new(title::CALLBACK);
    assert_eq!(program.run(), (vec![0xE000_0001, 0xE000_0002, 7], EXIT));
}

#[test]
fn captured_registers_are_those_after_the_call() {
    let mut program = Program::new(
        "
main:
        enter 0xB00
main_body:
        lis 31, 0x1234
        addi 30, 1, 0x80
        mr 3, 30
        bl RtlCaptureContext
main_after:
        lwz 3, 0(30)
        bl log
        lwz 3, 8(30)
        bl log
        lwz 3, 0x18+8*31+4(30)
        bl log
        lwz 3, 0x18+8*1+4(30)
        subf 3, 1, 3
        leave 0xB00
main_end:",
    );
    let after = program.label("main_after");
    assert_eq!(program.run(), (vec![0x17, after, 0x1234_0000, 0], EXIT));
}

/// A program with a `__try` block whose `__finally` calls `RtlUnwind` to the frame in r3.
fn unwinding(frame: &str) -> String {
    format!(
        "
        words_before __C_specific_handler, main_scopes
main:
        enter 96
main_body:
main_try:
        bl inner
        nop
main_try_end:
        li 3, 0
        b main_out
main_except:
        bl log
        li 3, 5
main_out:
        leave 96
main_end:
main_scopes:
        .long 1, main_try, main_try_end, 1, main_except
        words_before __C_specific_handler, inner_scopes
inner:
        enter 96
inner_body:
inner_try:
        {frame}
        li 4, 0
        li 5, 0
        li 6, 0
        bl RtlUnwind
        nop
inner_try_end:
        leave 96
inner_end:
inner_scopes:
        .long 1, inner_try, inner_try_end, inner_finally, 0
inner_finally:
        enter 96
inner_finally_body:
        note 7
        leave 96
inner_finally_end:"
    )
}

#[test]
fn unwinding_to_no_frame_leaves_all_functions_and_ends_the_title() {
    let mut program = Program::new(&unwinding("li 3, 0"));
    let (log, text) = program.crash();
    assert_eq!(log, [7]);
    let at = program.label("inner_try_end") - 4;
    assert!(text.starts_with(&format!("0x{at:08x}: every function has been left")), "{text}");
}

#[test]
fn unwinding_to_a_frame_that_no_function_has_is_an_exception() {
    // A frame between inner's and main's: the error is found only after inner has been left.
    let mut program = Program::new(&unwinding("addi 3, 1, 96+8"));
    assert_eq!(program.run(), (vec![7, 7, 0xC000_0029, 5], EXIT));
    // The frame of inner itself: it resumes after its call, still inside its __try.
    let mut program = Program::new(&unwinding("addi 3, 1, 96"));
    assert_eq!(program.run(), (vec![0], EXIT));
}

// ---- misuse by titles ----

#[test]
fn handler_search_skips_damaged_scope_tables() {
    // Damages the two words before `middle`, and its scope table: the search continues to `main`.
    let untouched = vec![1, 2, 3, 0x41, 5, 6];
    let without_middle = vec![1, 2, 3, 5, 6];
    type Damage = fn(&Program);
    let cases: [(&str, Damage, &[u32]); 6] = [
        ("nothing", |_| {}, &untouched),
        ("no handler", |p| p.set(p.label("middle") - 8, 0), &without_middle),
        ("a handler between instructions", |p| p.set(p.label("middle") - 8, CODE + 2), &without_middle),
        ("no table", |p| p.set(p.label("middle") - 4, 0), &without_middle),
        ("a table at the end of memory", |p| p.set(p.label("middle") - 4, 0xFFFF_FFF8), &without_middle),
        ("no scopes", |p| p.set(p.label("middle_scopes"), 0), &without_middle),
    ];
    for (what, damage, expected) in cases {
        let mut program = Program::new(title::NESTED);
        damage(&program);
        assert_eq!(program.run(), (expected.to_vec(), EXIT), "{what}");
    }
}

#[test]
fn handlers_and_filters_that_fail_themselves_end_in_a_report() {
    // A bad address for the language handler, for the filter, and a table that extends into code,
    // which has no filter addresses.
    for (name, offset, value) in
        [("main", -8, 0x10), ("main_scopes", 12, 0x10), ("middle_scopes", 0, u32::MAX), ("middle", -4, CODE)]
    {
        let mut program = Program::new(title::NESTED);
        program.set(program.label(name).wrapping_add_signed(offset), value);
        let (_, text) = program.crash();
        assert!(text.contains(": instruction fetch: read of 0x"), "{name}: {text}");
    }
}

#[test]
fn broken_stacks_end_in_the_report_of_the_exception() {
    // Registers and stack words that a title may have destroyed before it raises.
    let cases = [
        ("a back chain to itself", "stw 1, 0(1)"),
        ("a back chain downwards", "addi 9, 1, -64; stw 9, 0(1)"),
        ("a back chain to nowhere", "li 9, -16; stw 9, 0(1)"),
        ("a back chain of 0", "li 9, 0; stw 9, 0(1)"),
        ("a back chain to data", "lis 9, DATA@h; stw 9, 0(1)"),
        ("an odd back chain", "lwz 9, 0(1); addi 9, 9, 2; stw 9, 0(1)"),
        ("no stack", "li 1, 0"),
        ("a stack in data", "lis 1, DATA@h; ori 1, 1, 0x8000"),
        ("a full stack", "lwz 9, 0x74(13); addi 1, 9, 0x100"),
    ];
    for (what, damage) in cases {
        let source = format!(
            "{}
        words_before __C_specific_handler, leaf_scopes
leaf:
        enter 96
leaf_body:
        {damage}
leaf_try:
        lwz 3, 0x10(0)
        nop
leaf_try_end:
leaf_end:
leaf_scopes:
        .long 1, leaf_try, leaf_try_end, 1, leaf_try",
            title::NESTED.replace("bl inner\n", "bl leaf\n")
        );
        let mut program = Program::new(&source);
        let (log, text) = program.crash();
        assert_eq!(log, [0_u32; 0], "{what}");
        let at = program.label("leaf_try");
        assert!(
            text.starts_with(&format!(
                "0x{at:08x}: read of 0x00000010: no memory is committed at the address"
            )),
            "{what}: {text}"
        );
    }
}

#[test]
fn filters_that_jump_out_leave_no_state() {
    // A filter that jumps into its function repeatedly, more often than exceptions may nest.
    let mut program = Program::new(
        "
        words_before __C_specific_handler, main_scopes
main:
        enter 96
main_body:
        lis 9, DATA@h
        stw 1, 0(9)
        li 31, 0
main_label:
        cmpwi 31, 200
        beq main_done
        addi 31, 31, 1
main_try:
        lwz 3, 0x10(0)
        nop
main_try_end:
        li 31, 1000
main_done:
        mr 3, 31
        leave 96
main_end:
main_scopes:
        .long 1, main_try, main_try_end, main_filter, main_label
main_filter:
        lis 9, DATA@h
        lwz 1, 0(9)
        b main_label
main_filter_body:
main_filter_end:",
    );
    assert_eq!(program.run(), (vec![200], EXIT));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(48))]
    #[test]
    fn no_scope_table_does_more_than_end_the_title(
        words in proptest::collection::vec((0_u32..32, 0_usize..8), 1..12),
    ) {
        let mut program = Program::new(title::NESTED);
        let table = program.label("inner_scopes");
        let code = program.label("inner_try");
        let values = [0, 1, 0x10, code, code + 8, program.label("inner_filter"), u32::MAX, DATA];
        for (index, value) in words {
            // From the two words before the function's code to beyond the table's end.
            let at = if index < 2 { program.label("inner") - 8 + 4 * index } else { table + 4 * (index - 2) };
            program.set(at, values[value]);
        }
        // The run may end in any way except a panic, a host fault or an endless loop.
        let _ = program.run_for(20_000);
    }
}
