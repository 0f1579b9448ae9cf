//! Tests of recordings: their contents, and that a replay repeats the run.

use super::*;
use crate::event_log::EventLogFile;
use crate::report::End;
use xenia_formats::image::ExecutionInfo;
use xenia_guest::{MediaId, TitleId};
use xenia_kernel::ports::{DialogAnswer, DialogRequest, Dialogs, Gamepad, NoDialogs};
use xenia_sched::TICKS_PER_SECOND;

/// Four simulated players: buttons change every few hundred ticks, independently of the questions;
/// pads connect and disconnect.
pub(super) struct Player;

impl Input for Player {
    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad> {
        let packet = (now / 777) as u32;
        let user = u64::from(user);
        let is_there = now > 5000 * (user + 1) && !(now / 9973 + user).is_multiple_of(5);
        is_there.then(|| Gamepad {
            packet,
            buttons: 1 << ((u64::from(packet) + user) % 4),
            ..Gamepad::default()
        })
    }
    fn set_vibration(&mut self, _: u32, _: u16, _: u16, _: GuestTicks) -> bool {
        false
    }
}

#[test]
fn a_replay_ends_in_the_digest_of_the_recorded_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    let played = run(false, Box::new(Player), Some(&path), None, &instructions()).unwrap();
    assert_eq!(played.report.instructions, 400_000);
    let lines = std::fs::read_to_string(&path).unwrap().lines().count();
    assert!(lines > 20, "the player did something: {lines} lines");
    for interp in [false, true] {
        let replayed = run(interp, Box::new(NoInput), None, Some(&path), &instructions()).unwrap();
        assert_eq!(replayed.recording_trouble, None);
        assert_eq!(replayed.report.digest, played.report.digest, "interp: {interp}");
    }
    let unattended = run(false, Box::new(NoInput), None, None, &instructions()).unwrap();
    assert_ne!(unattended.report.digest, played.report.digest, "the input does reach the digest");
}

/// A machine for [`poller`] with a recording, which begins at `state`, if there is one.
fn taped(
    record: Option<&Path>,
    replay: Option<&Path>,
    input: Box<dyn Input>,
    state: Option<&Path>,
) -> Result<Machine> {
    let config = MachineConfig::default();
    let video = VideoConfig::default();
    let options = MachineOptions { input, record, replay, state, ..MachineOptions::new(&config, &video) };
    Machine::new(&poller(), options)
}

#[test]
fn a_machine_that_records_goes_to_no_state_before_its_first_run() {
    let dir = tempfile::tempdir().unwrap();
    let mut machine = taped(None, None, Box::new(NoInput), None).unwrap();
    machine.run_until(&Limits { instructions: Some(1000), ..Limits::default() });
    let state = machine.save_state().unwrap();
    let play = dir.path().join("play.jsonl");
    let mut machine = taped(Some(&play), None, Box::new(NoInput), None).unwrap();
    let error = machine.restore(&state).unwrap_err().to_string();
    assert!(error.contains("a recorded run cannot load states"), "{error}");
    assert_eq!((machine.is_broken(), machine.position().instructions), (false, 0));
}

#[test]
fn a_replay_begins_at_a_state_of_the_recorded_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    let points = [1, 77_777, 200_001]
        .map(|count| SavePoint { instructions: count, path: dir.path().join(format!("{count}.state")) });
    let mut machine = taped(Some(&path), None, Box::new(Player), None).unwrap();
    machine.set_save_points(points.to_vec());
    let played = machine.run(&instructions());
    assert!(!played.has_lost_output);
    for SavePoint { path: state, .. } in &points {
        let mut machine = taped(None, Some(&path), Box::new(NoInput), Some(state)).unwrap();
        let replayed = machine.run(&instructions());
        assert_eq!(replayed.recording_trouble, None);
        assert_eq!(replayed.report.digest, played.report.digest);
    }

    // A state of a run without a recording has no place in this one.
    let mut unattended = taped(None, None, Box::new(NoInput), None).unwrap();
    unattended.run_until(&Limits { instructions: Some(100_000), ..Limits::default() });
    let state = dir.path().join("unattended.state");
    unattended.save_state_to(&state).unwrap();
    let refused = taped(None, Some(&path), Box::new(NoInput), Some(&state)).err().expect("loaded");
    assert!(format!("{refused:#}").contains("without a recording"), "{refused:#}");

    // A recording may begin at it, and needs it then.
    let later = dir.path().join("later.jsonl");
    let played = taped(Some(&later), None, Box::new(Player), Some(&state)).unwrap().run(&instructions());
    let refused = taped(None, Some(&later), Box::new(NoInput), None).err().expect("replayed");
    assert!(format!("{refused:#}").contains("--load-state"), "{refused:#}");
    let mut machine = taped(None, Some(&later), Box::new(NoInput), Some(&state)).unwrap();
    let replayed = machine.run(&instructions());
    assert_eq!(replayed.recording_trouble, None);
    assert_eq!(replayed.report.digest, played.report.digest);
}

/// Shows one message after the other.
const ASKER: &str = "
        lis 30, 0x8201
again:  li 3, 0xFF
        li 4, 0
        li 5, 0
        li 6, 0
        li 7, 0
        li 8, 0
        li 9, 0
        addi 10, 30, 0x100
        stw 4, 0x54(1)
        bl show
        b again
show:   .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";

/// Answers two dialogs.
#[derive(Default)]
struct TwoAnswers(u32);

impl Dialogs for TwoAnswers {
    fn open(&mut self, _: DialogRequest, _: GuestTicks) {
        self.0 += 1;
    }
    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        (self.0 <= 2).then_some(DialogAnswer::Pressed(0))
    }
}

#[test]
fn a_replay_ends_where_its_recording_has_no_more_answers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    let title = assembled(ASKER, "show", 0x2CA, ""); // XamShowMessageBoxUI
    let run = |record: Option<&Path>, replay: Option<&Path>, limits: &Limits| {
        let engine = MachineConfig::default();
        let picture = VideoConfig::default();
        let dialogs = Box::<TwoAnswers>::default();
        let options = MachineOptions { dialogs, record, replay, ..MachineOptions::new(&engine, &picture) };
        Machine::new(&title, options).unwrap().run(limits)
    };
    let limits =
        Limits { frames: Some(1), ticks_between_frames: Some(TICKS_PER_SECOND / 5), ..Limits::default() };
    let recorded = run(Some(&path), None, &limits);
    assert!(matches!(recorded.end, RunEnd::NoFrames { .. }), "{:?}", recorded.end);
    let again = run(None, Some(&path), &limits);
    assert_eq!((again.recording_trouble, &again.end), (None, &recorded.end));
    assert_eq!(again.report.digest, recorded.report.digest);
    let whole = std::fs::read_to_string(&path).unwrap();
    assert_eq!(whole.lines().count(), 1 + 2 + 1, "{whole}");
    // Without its last line, as if the run had been killed.
    let (killed, _) = whole.trim_end().rsplit_once('\n').unwrap();
    for text in [whole.as_str(), killed] {
        std::fs::write(&path, text).unwrap();
        let longer = run(None, Some(&path), &Limits::default());
        assert_eq!(longer.report.exit, End::Recording);
        let trouble = longer.recording_trouble.unwrap_or_default();
        assert!(trouble.contains("the recording ends at tick"), "{text}: {trouble}");
    }
}

/// Asks for a disc, and keeps the result.
const SWAPPER: &str = "
        lis 30, 0x8201
        li 3, 2
        li 4, 0
        li 5, 0
        bl swap
        addi 3, 3, 1
        stw 3, 0x100(30)
again:  b again
swap:   .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";

/// Enters the path of a missing disc, then cancels the dialog.
#[derive(Default)]
struct WrongDisc(u32);

impl Dialogs for WrongDisc {
    fn open(&mut self, _: DialogRequest, _: GuestTicks) {
        self.0 += 1;
    }
    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        let nowhere = DialogAnswer::Entered("/nowhere/disc2.iso".to_owned());
        Some(if self.0 == 1 { nowhere } else { DialogAnswer::Left })
    }
}

#[test]
fn disc_swap_answers_are_recorded_and_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    let mut title = assembled(SWAPPER, "swap", 0xA28, ""); // XamSwapDisc
    let version = xenia_formats::image::Version(0);
    Arc::get_mut(&mut title.image).unwrap().execution = Some(ExecutionInfo {
        media_id: MediaId(0),
        version,
        base_version: version,
        title_id: TitleId(7),
        platform: 0,
        executable_type: 0,
        disc_number: 1,
        disc_count: 2,
        savegame_id: 0,
    });
    let run = |record: Option<&Path>, replay: Option<&Path>, dialogs: Box<dyn Dialogs>| {
        let engine = MachineConfig::default();
        let picture = VideoConfig::default();
        let options = MachineOptions { dialogs, record, replay, ..MachineOptions::new(&engine, &picture) };
        let mut machine = Machine::new(&title, options).unwrap();
        let limits = Limits { instructions: Some(30_000_000), ..Limits::default() };
        let finished = machine.run(&limits);
        (finished, machine.memory().read::<u32>(GuestAddr(DATA + 0x100)).unwrap())
    };
    const CANCELLED: u32 = 0x4C7;
    let (recorded, answer) = run(Some(&path), None, Box::<WrongDisc>::default());
    assert_eq!(answer, CANCELLED + 1);
    let (replayed, answer) = run(None, Some(&path), Box::<NoDialogs>::default());
    assert_eq!((replayed.recording_trouble, answer), (None, CANCELLED + 1));
    assert_eq!(replayed.report.digest, recorded.report.digest);
    let lines = std::fs::read_to_string(&path).unwrap();
    assert!(lines.contains("/nowhere/disc2.iso") && lines.contains("left"), "{lines}");
}

#[test]
fn a_replay_ends_with_the_first_question_that_was_not_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    let short = Limits { instructions: Some(100_000), ..Limits::default() };
    run(true, Box::new(Player), Some(&path), None, &short).unwrap();
    let longer = run(true, Box::new(NoInput), None, Some(&path), &instructions()).unwrap();
    assert_eq!(longer.report.exit, End::Recording);
    let trouble = longer.recording_trouble.unwrap();
    assert!(trouble.contains("polls the controllers after that"), "{trouble}");
}

#[test]
fn a_run_that_cannot_begin_leaves_the_old_recording() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    std::fs::write(&path, "old").unwrap();
    let engine = MachineConfig::default();
    let picture = VideoConfig::default();
    let nowhere = dir.path().join("nowhere/log");
    let title = poller();
    for (record, event_log) in [(&path, &nowhere), (&nowhere, &path)] {
        let record = Some(record.as_path());
        let event_log = Some(EventLogFile::New(event_log));
        let options = MachineOptions { event_log, record, ..MachineOptions::new(&engine, &picture) };
        assert!(Machine::new(&title, options).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
    }
}

#[test]
fn a_recording_begins_with_the_conditions_of_its_machine() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    let mut recorded = machine(&poller(), CpuConfig::default(), Box::new(Player), Some(&path), None).unwrap();
    recorded.run(&Limits { instructions: Some(1000), ..Limits::default() });
    let text = std::fs::read_to_string(&path).unwrap();
    let first = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(recorded.header(), Some(&first));
    let other = machine(&poller(), CpuConfig::default(), Box::new(NoInput), None, None).unwrap();
    assert_eq!(other.header(), None, "its digests take time, which other runs save");
}

#[test]
fn a_recording_of_another_title_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    let limits = Limits { instructions: Some(1000), ..Limits::default() };
    run(true, Box::new(Player), Some(&path), None, &limits).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let key = "\"image_loaded_sha256\":\"";
    let at = text.find(key).unwrap() + key.len();
    std::fs::write(&path, format!("{}00{}", &text[..at], &text[at + 2..])).unwrap();
    let refused = run(true, Box::new(NoInput), None, Some(&path), &limits).err().expect("accepted");
    assert!(format!("{refused:#}").contains("another title"), "{refused:#}");
}
