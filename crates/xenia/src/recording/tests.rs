//! Tests of recording and replaying.

use super::*;
use crate::config::{ConsoleConfig, ExecutorConfig, MachineConfig};
use xenia_guest::GuestAddr;
use xenia_kernel::ports::{Clock, DialogAnswer, DialogRequest, NoDialogs};
use xenia_patches::{PatchSet, PatchWrite, SwitchedOn};

fn recorder(path: &Path, input: Box<dyn Input>, write_errors: WriteErrors) -> Box<dyn Input> {
    let outside = OutsideInput { input, dialogs: Box::<NoDialogs>::default() };
    record(path, &header("aa"), outside, write_errors).unwrap().0.input
}

fn replayer(path: &Path, trouble: &Trouble) -> Box<dyn Input> {
    replay(path, &header("aa"), false, trouble.clone()).unwrap().0.input
}

/// The controllers and dialogs of a recording's text.
fn replaying(text: &str, trouble: Trouble) -> (Replayer, DialogReplayer) {
    let played = shared(PlayedRecording::parse(text, &header("aa"), trouble).unwrap());
    (Replayer::new(played.clone()), DialogReplayer::new(played))
}

fn header(image: &str) -> RecordingHeader {
    RecordingHeader::new("t.xex", &MachineConfig::default(), Clock::default()).unwrap().with_image(image)
}

#[cfg(target_os = "linux")]
#[test]
fn a_recording_to_an_open_file_is_appended() {
    use std::os::fd::AsRawFd;
    let mut log = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut log, b"of before\n").unwrap();
    let open = std::fs::File::options().append(true).open(log.path()).unwrap();
    let path = Path::new("/dev/fd").join(open.as_raw_fd().to_string());
    let write_errors = WriteErrors::default();
    recorder(&path, Box::<Script>::default(), write_errors.clone()).gamepad(0, 10);
    assert!(write_errors.is_empty());
    let text = std::fs::read_to_string(log.path()).unwrap();
    assert!(text.starts_with("of before\n{\"recording\""), "{text}");
}

/// Presses a button for the third question, disconnects at the fifth.
#[derive(Default)]
struct Script(u64);

impl Input for Script {
    fn gamepad(&mut self, user: u32, _: GuestTicks) -> Option<Gamepad> {
        self.0 += 1;
        let buttons = if self.0 >= 3 { 0x1000 } else { 0 };
        (user == 0 && self.0 < 5).then_some(Gamepad { buttons, left_x: -7, ..Gamepad::default() })
    }
    fn set_vibration(&mut self, user: u32, _: u16, _: u16, _: GuestTicks) -> bool {
        user == 0 && self.0 < 5
    }
}

type Given = (Option<Gamepad>, bool);

/// Polls as a guest might make them, two of them on one tick.
fn answers(input: &mut dyn Input) -> Vec<Given> {
    [10, 20, 20, 30, 40, 50]
        .map(|now| (input.gamepad(0, now), input.set_vibration(0, 1, 1, now + 1)))
        .to_vec()
}

/// Four controllers that connect, disconnect, move, and differ in kind.
#[derive(Default)]
struct Four(u64);

impl Input for Four {
    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad> {
        let is_there = !(now / 10).is_multiple_of(u64::from(user + 2));
        let buttons = (now as u16).wrapping_mul(user as u16 + 1);
        is_there.then(|| Gamepad { packet: now as u32, buttons, ..Gamepad::default() })
    }
    fn model(&mut self, user: u32, now: GuestTicks) -> Option<PadModel> {
        self.0 += 1;
        let kind = PadKind::ALL[(self.0 / 9) as usize % PadKind::ALL.len()];
        let battery = (user == 3).then_some((now % 4) as u8);
        self.gamepad(user, now).map(|_| PadModel {
            kind,
            has_motors: user == 1,
            wireless: user == 3,
            battery,
        })
    }
    fn set_vibration(&mut self, user: u32, _: u16, _: u16, now: GuestTicks) -> bool {
        self.gamepad(user, now).is_some()
    }
}

#[test]
fn changing_controllers_replay_identically() {
    let ask = |input: &mut dyn Input| {
        let mut given = Vec::new();
        for now in 0..300 {
            for user in 0..4 {
                let connected = if now % 3 == 0 { input.connected(now) } else { 0 };
                let model = if now % 7 == 0 { input.model(user, now) } else { None };
                let motors = input.set_vibration(user, 1, 2, now);
                given.push((connected, input.gamepad(user, now), model, motors));
            }
        }
        given
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    let mut recorder = recorder(&path, Box::<Four>::default(), WriteErrors::default());
    let given = ask(&mut *recorder);
    let trouble = Trouble::default();
    assert_eq!(ask(&mut *replayer(&path, &trouble)), given);
    assert_eq!(trouble.get(), None);
    let seen = given
        .iter()
        .fold((0, 0), |(all, any), (connected, ..)| (all | connected, any + u32::from(*connected == 0)));
    assert!(seen.0 == 0b1111 && seen.1 > 0, "each comes and goes");
}

fn recorded() -> (tempfile::TempDir, std::path::PathBuf, Vec<Given>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    let write_errors = WriteErrors::default();
    let mut recorder = recorder(&path, Box::<Script>::default(), write_errors.clone());
    let given = answers(&mut *recorder);
    assert!(write_errors.is_empty());
    (dir, path, given)
}

#[test]
fn a_replay_answers_as_the_controllers_did() {
    let (_dir, path, given) = recorded();
    let trouble = Trouble::default();
    let mut replayer = replayer(&path, &trouble);
    assert_eq!(answers(&mut *replayer), given);
    assert_eq!(trouble.get(), None);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1 + 5, "changes only");
}

#[test]
fn polls_of_one_round_are_replayed_in_order_though_times_go_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    // Every hardware thread of a lockstep round begins at the same tick.
    let ask =
        |input: &mut dyn Input| [input.gamepad(0, 3010), input.gamepad(1, 2990), input.gamepad(0, 3110)];
    let given = ask(&mut *recorder(&path, Box::<Four>::default(), WriteErrors::default()));
    assert!(given.iter().flatten().count() == 3, "each answer is a line: {given:?}");
    let trouble = Trouble::default();
    assert_eq!(ask(&mut *replayer(&path, &trouble)), given);
    assert_eq!(trouble.get(), None);
}

#[test]
fn another_title_and_other_conditions_are_refused() {
    let (_dir, path, _) = recorded();
    let refused = |run: &RecordingHeader| {
        format!("{:#}", PlayedRecording::open(&path, run, false, Trouble::default()).err().expect("accepted"))
    };
    assert!(refused(&header("bb")).contains("another title"));
    let engine = MachineConfig {
        executor: ExecutorConfig { quantum: Some(10), ..ExecutorConfig::default() },
        ..MachineConfig::default()
    };
    assert!(
        refused(&RecordingHeader::new("t", &engine, Clock::default()).unwrap().with_image("aa"))
            .contains("--quantum 50000")
    );
    let later =
        RecordingHeader::new("t", &MachineConfig::default(), Clock::starting_at(0)).unwrap().with_image("aa");
    let bought = MachineConfig { license: Some(1), ..MachineConfig::default() };
    let bought = refused(&RecordingHeader::new("t", &bought, Clock::default()).unwrap().with_image("aa"));
    assert!(bought.contains("without --license, not with --license 0x1"), "{bought}");
    let set = |bytes: &[u8]| {
        let write = PatchWrite { address: GuestAddr(0x8200_0000), bytes: bytes.to_vec() };
        let name = "60 FPS".to_owned();
        let place = String::new();
        let hashes = Vec::new();
        PatchSet::new(vec![SwitchedOn { name, place, hashes, writes: vec![write] }])
    };
    let console = ConsoleConfig { null_page: true, ..ConsoleConfig::default() };
    let null_page = MachineConfig { console, ..MachineConfig::default() };
    let null_page =
        refused(&RecordingHeader::new("t", &null_page, Clock::default()).unwrap().with_image("aa"));
    assert!(null_page.contains("the console's defaults, not with --null-page"), "{null_page}");
    let patched = |bytes| header("aa").with_patches(&set(bytes));
    assert!(refused(&patched(&[1])).contains("no patches, not with the patches 60 FPS ("));
    assert_eq!(patched(&[1]), patched(&[1]));
    assert_ne!(patched(&[1]), patched(&[2]), "another value of the same name");
    let disc = header("aa").with_discs(&[(2, "0123456789".to_owned())].into());
    assert!(refused(&disc).contains("without --disc, not with --disc 2 (01234567)"), "{}", refused(&disc));
    let none = header("aa").with("none", &[]);
    assert!(refused(&none).contains("--gpu reference, not --gpu none"), "{}", refused(&none));
    let other = header("aa").with("reference", &["-level".to_owned(), "2".to_owned()]);
    assert!(refused(&other).contains("not -- -level 2"), "{}", refused(&other));
    assert!(refused(&later).contains("--start-time 2020-11-16T11:33:20, not 1601"), "{}", refused(&later));
}

#[test]
fn a_run_that_leaves_the_recording_is_noticed() {
    let (_dir, path, _) = recorded();
    let trouble = Trouble::default();
    let mut replayer = replayer(&path, &trouble);
    replayer.gamepad(0, 11);
    let note = trouble.get().unwrap();
    assert!(note.contains("recorded at tick 10") && note.contains("came at tick 11"), "{note}");
}

#[test]
fn handwritten_lines_apply_from_their_time_on() {
    let text = serde_json::to_string(&header("aa")).unwrap()
        + r#"
          {"at":100,"user":1,"pad":{"packet":1,"buttons":16,"left_trigger":0,"right_trigger":0,
          "left_x":0,"left_y":0,"right_x":0,"right_y":0}}"#
            .replace("\n          \"", "\"")
            .as_str();
    let mut replayer = replaying(&text, Trouble::default()).0;
    assert_eq!(replayer.gamepad(1, 99), None);
    assert_eq!(replayer.gamepad(1, 103).unwrap().buttons, 16);
    assert_eq!(replayer.gamepad(0, 104), None);
}

#[test]
fn damaged_recordings_are_refused_with_their_line() {
    let header_line = serde_json::to_string(&header("aa")).unwrap();
    for (rest, expected) in [
        ("{\"at\":5,\"user\":0", "line 2: EOF while parsing an object, column "),
        ("{\"at\":5,\"user\":9,\"pad\":null}", "no user 9"),
        ("{\"at\":5,\"user\":0,\"pad\":null}\n{\"at\":4,\"user\":0,\"pad\":null}", "line 3"),
        ("{\"at\":5,\"user\":0}", "line 2: it has none of pad, model, motors, dialog and end"),
        ("{\"at\":5,\"end\":true}\n{\"at\":6,\"user\":0,\"pad\":null}", "line 3"),
        ("{\"at\":5,\"end\":false}", "line 2"),
    ] {
        let text = format!("{header_line}\n{rest}");
        let error = PlayedRecording::parse(&text, &header("aa"), Trouble::default()).err().expect("accepted");
        assert!(format!("{error:#}").contains(expected), "{rest}: {error:#}");
    }
    assert!(PlayedRecording::parse("", &header("aa"), Trouble::default()).is_err());
    assert!(PlayedRecording::parse("{}", &header("aa"), Trouble::default()).is_err());
}

/// Cancels the first dialog at its third poll, enters text in the second.
#[derive(Default)]
struct Person(u32);

impl Dialogs for Person {
    fn open(&mut self, _: DialogRequest, _: GuestTicks) {}
    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        self.0 += 1;
        match self.0 {
            3 => Some(DialogAnswer::Left),
            9 => Some(DialogAnswer::Entered("Zw\"ölf".to_owned())),
            _ => None,
        }
    }
}

#[test]
fn dialogs_are_answered_when_and_as_they_were() {
    let looks = |dialogs: &mut dyn Dialogs| -> Vec<Option<DialogAnswer>> {
        (0..20).map(|field| dialogs.answer(field * 831_250)).collect()
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    let outside = OutsideInput { input: Box::<Script>::default(), dialogs: Box::<Person>::default() };
    let (mut recorded, made) = record(&path, &header("aa"), outside, WriteErrors::default()).unwrap();
    recorded.input.gamepad(0, 1);
    let given = looks(&mut *recorded.dialogs);
    assert_eq!(given.iter().flatten().count(), 2);
    recorded.input.set_vibration(0, 1, 1, 30_000_000);
    made.end(19 * 831_250);
    let trouble = Trouble::default();
    let (mut replayed, _) = replay(&path, &header("aa"), false, trouble.clone()).unwrap();
    replayed.input.gamepad(0, 1);
    assert_eq!(looks(&mut *replayed.dialogs), given);
    assert!(replayed.input.set_vibration(0, 1, 1, 30_000_000));
    assert_eq!(trouble.get(), None);
    // Polled later than it was answered.
    let (mut replayed, _) = replay(&path, &header("aa"), false, trouble.clone()).unwrap();
    assert_eq!(replayed.dialogs.answer(5_000_000), Some(DialogAnswer::Left));
    assert!(trouble.get().unwrap().contains("dialog"), "{trouble:?}");
}

fn dialog() -> DialogRequest {
    DialogRequest::Message(xenia_kernel::ports::MessageBox {
        user: None,
        icon: xenia_kernel::ports::Icon::None,
        title: String::new(),
        text: String::new(),
        buttons: vec!["OK".to_owned()],
        focus: 0,
    })
}

struct Withdrawn(Arc<AtomicBool>);

impl Dialogs for Withdrawn {
    fn open(&mut self, _: DialogRequest, _: GuestTicks) {}
    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        None
    }
    fn withdraw(&mut self) {
        self.0.store(true, Relaxed);
    }
}

#[test]
fn a_dialog_is_withdrawn_while_it_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    let withdrawn = Arc::new(AtomicBool::new(false));
    let dialogs = Box::new(Withdrawn(withdrawn.clone()));
    let outside = OutsideInput { input: Box::<Script>::default(), dialogs };
    record(&path, &header("aa"), outside, WriteErrors::default()).unwrap().0.dialogs.withdraw();
    assert!(withdrawn.load(Relaxed));
}

/// Differences of a replay of `lines` in which a dialog is open from tick 10 to tick 30.
fn after_a_dialog(lines: &str) -> (Option<String>, bool) {
    let text = serde_json::to_string(&header("aa")).unwrap() + "\n" + lines;
    let trouble = Trouble::default();
    let stop = Arc::new(AtomicBool::new(false));
    trouble.watch(stop.clone());
    let (_, mut dialogs) = replaying(&text, trouble.clone());
    dialogs.open(dialog(), 10);
    let _ = [20, 30].into_iter().find_map(|now| dialogs.answer(now));
    assert_eq!(stop.load(Relaxed), trouble.is_over(), "who is over stops the machine");
    (trouble.get(), trouble.is_over())
}

#[test]
fn a_dialog_without_an_answer_ends_the_replay() {
    for (lines, expected) in [
        (r#"{"at":29,"end":true}"#, Some("the recording ends at tick 29")),
        // The recorded run ended with the dialog open, or the title has cancelled it.
        (r#"{"at":30,"end":true}"#, None),
        (r#"{"at":20,"user":0,"dialog":"left"}"#, None),
        (r#"{"at":29,"user":0,"pad":null}"#, Some("the recording ends at tick 29")),
        (r#"{"at":30,"user":0,"pad":null}"#, None),
    ] {
        let (noted, is_over) = after_a_dialog(lines);
        assert_eq!(is_over, expected.is_some(), "{lines}");
        assert!(
            noted.as_deref().unwrap_or_default().contains(expected.unwrap_or_default()),
            "{lines}: {noted:?}"
        );
        assert_eq!(noted.is_some(), expected.is_some(), "{lines}: {noted:?}");
    }
}

#[test]
fn queries_beyond_the_recorded_end_end_the_replay() {
    for (end, last) in [(r#"{"at":100,"end":true}"#, 100), (r#"{"at":90,"ask":2,"end":true}"#, 2000)] {
        let text = serde_json::to_string(&header("aa")).unwrap() + "\n" + end;
        let trouble = Trouble::default();
        let (mut input, _) = replaying(&text, trouble.clone());
        input.gamepad(0, 50);
        // A known number of questions decides, because a thread's time may be ahead of the
        // machine's.
        input.connected(last);
        assert_eq!(trouble.get(), None, "{end}");
        input.gamepad(0, last + 1);
        assert!(trouble.is_over() && trouble.get().unwrap().contains("the recording ends at tick"), "{end}");
    }
}

/// Answers at every seventh look.
#[derive(Default)]
struct Steady(u64);

impl Dialogs for Steady {
    fn open(&mut self, _: DialogRequest, _: GuestTicks) {}
    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        self.0 += 1;
        self.0.is_multiple_of(7).then_some(DialogAnswer::Pressed(self.0 as u32))
    }
}

/// A run with controllers and dialogs, from one question to another.
fn ask_on(outside: &mut OutsideInput, questions: std::ops::Range<u64>) -> Vec<(u8, Option<Gamepad>, bool)> {
    questions
        .map(|number| {
            let now = number * 10;
            let user = number as u32 % 4;
            if number % 50 == 0 {
                outside.dialogs.open(dialog(), now);
            }
            let answered = outside.dialogs.answer(now + 1).is_some();
            (outside.input.connected(now), outside.input.gamepad(user, now), answered)
        })
        .collect()
}

fn recorded_run(path: &Path) -> (OutsideInput, RunRecording) {
    let outside = OutsideInput { input: Box::<Four>::default(), dialogs: Box::<Steady>::default() };
    record(path, &header("aa"), outside, WriteErrors::default()).unwrap()
}

#[test]
fn a_replay_begins_at_any_state_of_the_recorded_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    let other = dir.path().join("other.jsonl");
    let (mut outside, recording) = recorded_run(&path);
    let mut saved = Vec::new();
    let mut given = Vec::new();
    for part in 0..20 {
        saved.push(recording.state());
        given.push(ask_on(&mut outside, part * 31..(part + 1) * 31));
    }
    recording.end(10_000);
    assert!(given.iter().flatten().any(|(_, _, answered)| *answered), "dialogs are answered");
    for first in 0..saved.len() {
        let trouble = Trouble::default();
        let (mut outside, replayed) = replay(&path, &header("aa"), true, trouble.clone()).unwrap();
        replayed.begin_at("state".to_owned(), Some(&saved[first])).unwrap();
        for part in first..saved.len() {
            // The states of a replay are those of the recorded run.
            assert_eq!(replayed.state(), saved[part], "from {first}");
            let questions = part as u64 * 31..(part as u64 + 1) * 31;
            assert_eq!(ask_on(&mut outside, questions), given[part], "from {first}, part {part}");
        }
        assert_eq!(trouble.get(), None, "from {first}");
    }
    let refusal = |saved: Option<&RecordingState>| {
        let (_, replayed) = replay(&path, &header("aa"), true, Trouble::default()).unwrap();
        replayed.begin_at("state".to_owned(), saved).unwrap_err().to_string()
    };
    assert!(refusal(None).contains("without a recording"));
    let elsewhere = RecordingState { begins_at: Some("other".to_owned()), ..saved[3].clone() };
    assert!(refusal(Some(&elsewhere)).contains("begins elsewhere"));
    for wrong in [
        RecordingState { dialogs: u64::MAX, ..saved[3].clone() },
        RecordingState { asks: u64::MAX, ..saved[3].clone() },
        RecordingState { answers: Answers::default(), ..saved[3].clone() },
    ] {
        assert!(refusal(Some(&wrong)).contains("of another recording"), "{wrong:?}");
    }

    // A recording may begin at a state, and have states of its own.
    let (mut outside, recording) = recorded_run(&other);
    recording.begin_at("middle".to_owned(), Some(&saved[7])).unwrap();
    let before = ask_on(&mut outside, 0..40);
    let later = recording.state();
    let after = ask_on(&mut outside, 40..90);
    recording.end(10_000);
    let error = replay(&other, &header("aa"), false, Trouble::default()).err().expect("accepted");
    assert!(error.to_string().contains("--load-state"), "{error}");
    let trouble = Trouble::default();
    let again = |identity: &str, saved| {
        let (outside, replayed) = replay(&other, &header("aa"), true, trouble.clone()).unwrap();
        replayed.begin_at(identity.to_owned(), saved).unwrap();
        outside
    };
    let mut outside = again("middle", None);
    assert_eq!(ask_on(&mut outside, 0..40), before);
    assert_eq!(ask_on(&mut outside, 40..90), after);
    assert_eq!(ask_on(&mut again("later", Some(&later)), 40..90), after);
    assert_eq!(trouble.get(), None);
}
