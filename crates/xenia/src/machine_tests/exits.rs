//! Tests of the state that is saved when a title is left.

use super::*;
use crate::state_slots::{StateSlot, StateSlots};
use parking_lot::Mutex;
use xenia_sched::EndKind;

/// Slots and results of saving that were reported.
type ReportedSaves = Arc<Mutex<Vec<(StateSlot, Result<(), String>)>>>;

/// A machine that saves its state when its title is left.
fn leaving(title: &Title, slots: &StateSlots) -> (Machine, ReportedSaves) {
    let mut machine = machine(title, CpuConfig::default(), Box::new(NoInput), None, None).unwrap();
    let saves = ReportedSaves::default();
    let listener = saves.clone();
    let report = move |slot, saved: Result<()>| {
        listener.lock().push((slot, saved.map_err(|error| format!("{error:#}"))));
    };
    machine.set_state_slots(slots.clone(), Box::new(report));
    machine.save_at_exit();
    (machine, saves)
}

#[test]
fn a_title_resumes_from_its_exit_state() {
    let dir = tempfile::tempdir().unwrap();
    let slots = StateSlots::in_folder(dir.path().join("slots"));
    for leave in [PaceControl::close, PaceControl::leave] {
        let (mut machine, saves) = leaving(&poller(), &slots);
        machine.run_until(&Limits { instructions: Some(12_345), ..Limits::default() });
        let control = PaceControl::default();
        leave(&control);
        machine.set_pace(Pace::new(control, None, |_| ()));
        assert_eq!(machine.run(&Limits::default()).end, RunEnd::Stopped);
        assert_eq!(*saves.lock(), [(StateSlot::Exit, Ok(()))]);
        let (next, _) = leaving(&poller(), &slots);
        assert_eq!(
            next.load_state_from(&slots.path(StateSlot::Exit)).unwrap().position(),
            machine.position()
        );
        slots.clear(StateSlot::Exit);
    }
}

#[test]
fn a_title_that_ends_or_is_restarted_leaves_no_state() {
    let dir = tempfile::tempdir().unwrap();
    let slots = StateSlots::in_folder(dir.path().to_owned());
    let (mut machine, saves) = leaving(&poller(), &slots);
    let control = PaceControl::default();
    control.end_machine();
    machine.set_pace(Pace::new(control, None, |_| ()));
    assert_eq!(machine.run(&Limits::default()).end, RunEnd::Stopped);
    assert_eq!((slots.age(StateSlot::Exit), saves.lock().len()), (None, 0), "it was restarted");

    std::fs::write(slots.path(StateSlot::Exit), b"of the time before").unwrap();
    let (mut machine, _) = leaving(&poller(), &slots);
    machine.run(&Limits { instructions: Some(1000), ..Limits::default() });
    assert!(slots.age(StateSlot::Exit).is_some(), "a limit is not an end");
    let hello = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/hello.xex"));
    let hello = Title::open_or_demo(Some(hello), &TitleConfig::default()).unwrap();
    let (mut machine, _) = leaving(&hello, &slots);
    let end = machine.run(&Limits::default()).end;
    assert!(matches!(end, RunEnd::Ended(_)), "{end:?}");
    assert_eq!(slots.age(StateSlot::Exit), None, "the title has ended by itself");
}

#[test]
fn a_state_of_an_earlier_exit_is_set_aside_if_this_one_cannot_be_saved() {
    let dir = tempfile::tempdir().unwrap();
    let slots = StateSlots::in_folder(dir.path().to_owned());
    std::fs::write(slots.path(StateSlot::Exit), b"of the time before").unwrap();
    let cpu = CpuConfig { cross_check: Some(CrossCheckUnit::Block), ..CpuConfig::default() };
    let mut machine = machine(&poller(), cpu, Box::new(NoInput), None, None).unwrap();
    machine.set_state_slots(slots.clone(), Box::new(|_, saved| assert!(saved.is_err())));
    machine.save_at_exit();
    let control = PaceControl::default();
    control.close();
    machine.set_pace(Pace::new(control, None, |_| ()));
    assert_eq!(machine.run(&Limits::default()).end, RunEnd::Stopped);
    assert_eq!(slots.age(StateSlot::Exit), None, "the next run starts from the beginning");
    assert_eq!(std::fs::read(dir.path().join("exit.refused.state")).unwrap(), b"of the time before");
}

/// Reads from an address without memory.
const CRASHES: &str = "
        li 4, 0x10
        lwz 3, 0(4)
        blr
missing: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";

#[test]
fn a_state_of_an_earlier_exit_is_set_aside_if_the_title_crashes() {
    let dir = tempfile::tempdir().unwrap();
    let slots = StateSlots::in_folder(dir.path().to_owned());
    std::fs::write(slots.path(StateSlot::Exit), b"of the time before").unwrap();
    let (mut machine, _) = leaving(&assembled(CRASHES, "missing", 0x0FFE, ""), &slots);
    let end = machine.run(&Limits { instructions: Some(1000), ..Limits::default() }).end;
    assert!(matches!(end, RunEnd::Ended(EndKind::Crash { .. })), "{end:?}");
    assert_eq!(slots.age(StateSlot::Exit), None, "the next run starts from the beginning");
    assert_eq!(std::fs::read(dir.path().join("exit.refused.state")).unwrap(), b"of the time before");
}
