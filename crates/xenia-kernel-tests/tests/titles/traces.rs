//! Tests of the trace of calls.

use crate::machine::{Code, DATA, TitleHarness};
use xenia_sched::{EndKind, RunEnd};

const EXIT: RunEnd = RunEnd::Ended(EndKind::Exit { code: 0 });
const EVENT: u32 = DATA + 0x100;
const INTERVAL: u32 = DATA + 0x300;

/// The lines without times and durations.
fn plain(lines: &[String]) -> Vec<String> {
    let plain = |line: &String| {
        let (time, rest) = line.split_once(' ').unwrap();
        let (seconds, nanoseconds) = time.split_once('.').unwrap();
        assert!(seconds.parse::<u64>().is_ok() && nanoseconds.len() == 9, "{line}");
        let rest = rest.split(" <0.").next().unwrap();
        rest.split(" until 0.").next().unwrap().to_owned()
    };
    lines.iter().map(plain).collect()
}

#[test]
fn calls_have_arguments_results_and_what_they_store() {
    let mut code = Code::default();
    let entry = code.here();
    code.load(4, u32::from_be_bytes(*b"ab\"c")).record(4, 0x400);
    code.call("RtlInitAnsiString", &[DATA + 0x500, DATA + 0x400]);
    code.call("NtCreateEvent", &[DATA, 0, 1, 0]);
    code.call("NtSetEvent", &[0x1234, 0]);
    code.call("KeGetCurrentProcessType", &[]);
    code.load(10, 0xABCD).call_ordinal(0xFFE);
    code.end();
    let (lines, end) = TitleHarness::traced(&code, entry, "all");
    assert_eq!(end, EXIT);
    let lines = plain(&lines);
    let expected = [
        r#"t1 hw0 RtlInitAnsiString(destination=0x82010500, source="ab\"c") [destination "ab\"c"]"#,
        "t1 hw0 NtCreateEvent(handle=0x82010000, attributes=null, kind=0x1, signalled=false) = 0x0 SUCCESS [handle=0x",
        "t1 hw0 NtSetEvent(event=0x1234, previous=null) = 0xc0000008 INVALID_HANDLE",
        "t1 hw0 KeGetCurrentProcessType() = 0x1",
        "t1 hw0 xboxkrnl#0FFE(",
        "t1 hw0 HalReturnToFirmware(routine=0x1) ends the run",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
    assert!(lines[4].ends_with(", 0xabcd) = 0xffffffffc0000002 (missing)"), "{}", lines[4]);
}

#[test]
fn memory_that_can_not_be_read_is_shown_as_such() {
    let mut code = Code::default();
    let entry = code.here();
    code.call("NtCreateEvent", &[0x2000, 0x3000, 1, 0]);
    code.call("RtlInitAnsiString", &[DATA + 0x500, 0x1000]);
    let (lines, end) = TitleHarness::traced(&code, entry, "NtC*,RtlI*");
    assert!(matches!(end, RunEnd::Ended(EndKind::Crash { .. })), "{end:?}");
    let lines = plain(&lines);
    let expected = "t1 hw0 RtlInitAnsiString(destination=0x82010500, source=0x00001000 (unreadable)) raises an exception: ";
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains("attributes=0x00003000 (unreadable)"), "{}", lines[0]);
    assert!(lines[1].starts_with(expected), "{}", lines[1]);
}

#[test]
fn a_wait_has_a_line_when_it_begins_and_one_when_it_ends() {
    let mut code = Code::default();
    let worker = code.here();
    code.word(0x7D88_02A6).copy(31, 12); // mflr r12
    code.call("KeSetEvent", &[EVENT, 1, 0]);
    code.load(3, 7).word(0x7FE8_03A6).ret(); // mtlr r31
    let entry = code.here();
    code.load(4, u32::MAX).record(4, 0x300).load(4, (-10_000_i32) as u32).record(4, 0x304);
    code.call("KeInitializeEvent", &[EVENT, 1, 0]);
    code.call("ExCreateThread", &[DATA, 0, DATA + 4, 0, worker, 0, 0x0200_0000]);
    code.call("KeWaitForSingleObject", &[EVENT, 3, 1, 0, 0]);
    code.call("KeWaitForSingleObject", &[EVENT, 3, 1, 0, INTERVAL]);
    code.end();
    let (lines, end) = TitleHarness::traced(&code, entry, "Ke*,-KeInit*");
    assert_eq!(end, EXIT);
    let wait = "KeWaitForSingleObject(object=0x82010100, reason=0x3, mode=0x1, alertable=false, timeout=";
    let expected = [
        format!("t1 hw0 {wait}null) waits: any 0x82010100"),
        "t1 hw0 ... KeWaitForSingleObject = 0x0 SUCCESS".to_owned(),
        "t2 hw1 KeSetEvent(event=0x82010100, increment=0x1, wait=false) = 0x0".to_owned(),
        format!("t1 hw0 {wait}0x82010300=0xffffffffffffd8f0) waits: any 0x82010100"),
        "t1 hw0 ... KeWaitForSingleObject = 0x102 TIMEOUT".to_owned(),
    ];
    assert_eq!(plain(&lines), expected);
}
