//! Tests of verdicts on the ends of processes.

use super::*;
use crate::unit::ExpectedEnd;

fn unit(kind: UnitKind, expect: Option<&str>) -> SweepUnit {
    SweepUnit {
        id: String::new(),
        name: String::new(),
        kind,
        words: vec![],
        inputs: vec![],
        expect: expect.map(str::to_owned),
        ends: None,
        picture: true,
        limits: Bounds { seconds: 1, memory_mib: 2, output_kib: 3 },
    }
}

fn ended(exit: i32, output: &str) -> ChildOutcome {
    ChildOutcome {
        exit,
        signal: None,
        stop: None,
        output: output.into(),
        errors: b"first\n\x1b[31mlast words\n".to_vec(),
        wall_seconds: 0.0,
        cpu_seconds: 0.0,
        memory_mib: 0.0,
    }
}

#[test]
fn every_end_has_its_result() {
    let run =
        |exit: &str| format!("{{\"exit\":\"{exit}\",\"digest\":\"d\",\"frames\":3,\"instructions\":7}}");
    let crash = "{\"exit\":\"crash\",\"crash\":{\"what\":\"bad read\",\"pc\":\"0x82\"}}";
    let failed =
        "{\"cases\":2,\"passed\":1,\"failed\":[{\"case\":\"c\",\"engine\":\"jit\",\"what\":\"r3\"}]}";
    let no_frame = "{\"exit\":\"exit\",\"digest\":\"d\",\"frames\":0}";
    for (kind, expect, exit, output, verdict, expected) in [
        (UnitKind::Title, None, 0, run("frames").as_str(), Verdict::Done, "frames"),
        (UnitKind::Title, Some("d"), 0, &run("frames"), Verdict::Pass, "frames"),
        (UnitKind::Title, Some("e"), 0, &run("frames"), Verdict::Mismatch, "the digest is not e"),
        (UnitKind::Title, None, 2, no_frame, Verdict::Done, "exit"),
        (UnitKind::Title, Some("e"), 2, no_frame, Verdict::Mismatch, "the digest is not e"),
        (UnitKind::Title, None, 2, "", Verdict::Refused, " [31mlast words"),
        (UnitKind::Title, None, 3, crash, Verdict::GuestFault, "bad read at 0x82"),
        (UnitKind::Title, None, 4, &run("deadlock"), Verdict::Deadlock, " [31mlast words"),
        (UnitKind::Title, None, 70, "", Verdict::Crash, "exit code 70:  [31mlast words"),
        (UnitKind::Title, None, 0, "nonsense", Verdict::Crash, "it wrote no report"),
        (UnitKind::Check, None, 0, &run("frames"), Verdict::Pass, ""),
        (UnitKind::Check, None, 1, &run("frames"), Verdict::Mismatch, ""),
        (UnitKind::Conformance, None, 0, "{\"cases\":2,\"passed\":2}", Verdict::Pass, ""),
        (UnitKind::Conformance, None, 1, failed, Verdict::Mismatch, "c on jit: r3"),
        (UnitKind::Fuzz, None, 0, "{}", Verdict::Pass, ""),
    ] {
        let judged = judge(&unit(kind, expect), &ended(exit, output)).unwrap();
        assert_eq!((judged.verdict, judged.said.as_str()), (verdict, expected), "{kind:?} {exit} {output}");
    }
    let judged = judge(&unit(UnitKind::Title, None), &ended(0, &run("frames"))).unwrap();
    assert_eq!(judged.figures, BTreeMap::from([("frames".into(), 3.0), ("instructions".into(), 7.0)]));
    assert_eq!(judged.digest.as_deref(), Some("d"));
}

#[test]
fn an_expected_guest_fault_is_a_good_result() {
    let fault = "{\"exit\":\"crash\",\"digest\":\"d\",\"crash\":{\"what\":\"bad read\",\"pc\":\"0x82\"}}";
    let exit = "{\"exit\":\"exit\",\"digest\":\"d\"}";
    let of = |ends, expect, code, report: &str| {
        let unit = SweepUnit { ends, ..unit(UnitKind::Title, expect) };
        let judged = judge(&unit, &ended(code, report)).unwrap();
        (judged.verdict, judged.said, judged.digest)
    };
    let d = Some("d".to_owned());
    let reason = "bad read at 0x82".to_owned();
    let fault_wanted = Some(ExpectedEnd::GuestFault);
    assert_eq!(of(None, None, 3, fault), (Verdict::GuestFault, reason.clone(), d.clone()));
    assert_eq!(of(fault_wanted, None, 3, fault), (Verdict::Pass, reason.clone(), d.clone()));
    assert_eq!(of(fault_wanted, Some("d"), 3, fault), (Verdict::Pass, reason.clone(), d.clone()));
    assert_eq!(of(fault_wanted, Some("e"), 3, fault).0, Verdict::Mismatch);
    assert_eq!(of(Some(ExpectedEnd::Deadlock), None, 3, fault).0, Verdict::GuestFault);
    assert_eq!(of(Some(ExpectedEnd::Deadlock), None, 4, exit).0, Verdict::Pass);
    let went_on = "it ends by exit, not by guest-fault".to_owned();
    assert_eq!(of(fault_wanted, None, 0, exit), (Verdict::Mismatch, went_on, d));
    assert_eq!(of(fault_wanted, None, 70, "").0, Verdict::Crash, "the program's own is never right");
}

#[test]
fn externally_killed_units_have_no_verdict() {
    let unit = unit(UnitKind::Title, None);
    for (exit, signal) in [(137, Some(9)), (143, Some(15)), (143, None), (130, None), (129, None)] {
        assert_eq!(judge(&unit, &ChildOutcome { signal, ..ended(exit, "") }), None);
    }
    assert_eq!(judge(&unit, &ChildOutcome { stop: Some(Stop::Sweep), ..ended(137, "") }), None);
    for (stop, verdict) in
        [(Stop::Time, Verdict::Timeout), (Stop::Memory, Verdict::Memory), (Stop::Output, Verdict::Output)]
    {
        let judged = judge(&unit, &ChildOutcome { stop: Some(stop), ..ended(137, "") }).unwrap();
        assert_eq!(judged.verdict, verdict);
    }
    let judged = judge(&unit, &ChildOutcome { signal: Some(11), ..ended(139, "") }).unwrap();
    assert_eq!((judged.verdict, judged.said.as_str()), (Verdict::Crash, "signal 11:  [31mlast words"));
}

#[test]
fn the_reason_is_the_last_line_that_begins_as_one() {
    let reason_of = |exit, text: &str| {
        let ended = ChildOutcome { errors: text.into(), ..ended(exit, "") };
        judge(&unit(UnitKind::Title, None), &ended).unwrap().said
    };
    let deadlock = "xenia-rs: game: is hello\nthe guest deadlocked: no thread can run\nt1\n  0x00000000\n";
    assert_eq!(reason_of(4, deadlock), "the guest deadlocked: no thread can run");
    let refused = "error: the argument '--json' cannot be used\n\nFor more information, try '--help'.\n";
    assert_eq!(reason_of(2, refused), "error: the argument '--json' cannot be used");
    assert_eq!(reason_of(2, "xenia-rs: no\n  --x is set in c.toml, line 4\n"), "xenia-rs: no");
    assert_eq!(reason_of(70, "xenia-rs: game: is hello\npanicked\n"), "exit code 70: panicked");
}

#[test]
fn digests_of_tests_are_of_what_they_found() {
    let of = |kind, text: &str| digest(kind, &serde_json::from_str(text).unwrap());
    let fuzz = |text| of(UnitKind::Fuzz, text);
    let one = fuzz("{\"blocks\":1,\"by_instruction\":{\"a\":1,\"b\":2},\"wall_seconds\":3}");
    assert_eq!(one, fuzz("{\"blocks\":1,\"by_instruction\":{\"b\":2,\"a\":1},\"wall_seconds\":4}"));
    assert_ne!(one, fuzz("{\"blocks\":2,\"by_instruction\":{\"b\":2,\"a\":1}}"));
    let failed = |file: &str, case: &str| {
        of(UnitKind::Conformance, &format!("{{\"failed\":[{{\"file\":\"{file}\",\"case\":\"{case}\"}}]}}"))
    };
    assert_eq!(failed("/a", "x"), failed("/b", "x"), "paths are of a host");
    assert_ne!(failed("/a", "x"), failed("/a", "y"));
}
