//! Whole machines with a small assembled title: recordings, reports in the middle of a run, runs that
//! show no frames, exceptions on every engine.

#[path = "../../xenia-kernel/tests/exceptions/title.rs"]
mod exceptions;

use crate::cli::{CpuArgs, CrossCheckUnit, EngineArgs, PictureArgs};
use crate::machine::{Finished, Machine, MachineOptions};
use crate::pace::{Control, Pace};
use crate::report::End;
use crate::title::Title;
use crate::title::discs::Discs;
use crate::title::updates::Updates;
use anyhow::Result;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use xenia_formats::KeyRing;
use xenia_formats::image::{ExecutionInfo, Import, ImportLibrary, LoadedImage};
use xenia_guest::{GuestAddr, MediaId, Ordinal, TitleId};
use xenia_kernel::ports::{DialogAnswer, DialogRequest, Dialogs, Gamepad, Input, NoDialogs, NoInput};
use xenia_sched::{GuestTicks, Limits, RunEnd, TICKS_PER_SECOND};

const CODE: u32 = 0x8200_0000;
const DATA: u32 = 0x8201_0000;

/// Asks for one controller after the other for ever, and keeps a sum over all answers and a history of it.
const POLLER: &str = "
        lis 30, 0x8201
        li 29, 0
        li 28, 0
again:  rlwinm 3, 28, 0, 30, 31
        li 4, 0
        addi 5, 30, 0x100
        bl get_state
        lhz 6, 0x104(30)
        lwz 7, 0x100(30)
        mulli 29, 29, 31
        add 29, 29, 3
        add 29, 29, 6
        add 29, 29, 7
        addi 28, 28, 1
        rlwinm 8, 28, 2, 20, 29
        addi 9, 30, 0x1000
        stwx 29, 8, 9
        b again
get_state:
        .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";

fn poller() -> Title {
    assembled(POLLER, "get_state", 0x191, "") // XamInputGetState
}

/// A title of assembled code at 0x82000000, with `text` at 0x82010000, and with one import of xam at a label.
pub(crate) fn assembled(source: &str, label: &str, ordinal: u16, text: &str) -> Title {
    let assembly = xenia_isa::assemble(source, CODE).unwrap();
    let mut bytes = assembly.bytes;
    let thunk = assembly.labels.iter().find(|(name, _)| *name == label).map(|(_, at)| *at).unwrap();
    bytes.resize(0x2_0000, 0);
    bytes[0x1_0000..][..text.len()].copy_from_slice(text.as_bytes());
    let import =
        Import { ordinal: Ordinal(ordinal), slot: GuestAddr(DATA + 0xF000), thunk: Some(GuestAddr(thunk)) };
    let library = ImportLibrary::any("xam.xex", vec![import]);
    title_of(LoadedImage::in_memory(GuestAddr(CODE), bytes, library), label)
}

fn title_of(image: LoadedImage, name: &str) -> Title {
    let (name, keys) = (name.to_owned(), KeyRing::development());
    Title {
        image: image.into(),
        medium: None,
        updates: Updates::default(),
        discs: Discs::default(),
        name,
        keys,
    }
}

/// Four play: the buttons change every few hundred ticks, and not in step with any question; pads come and go.
struct Player;

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

fn run(
    interp: bool,
    input: Box<dyn Input>,
    record: Option<&Path>,
    replay: Option<&Path>,
    limits: &Limits,
    dump: Option<Duration>,
) -> Result<Finished> {
    let cpu = CpuArgs { interp, ..CpuArgs::default() };
    run_title(&poller(), cpu, input, record, replay, limits, dump)
}

fn run_title(
    title: &Title,
    cpu: CpuArgs,
    input: Box<dyn Input>,
    record: Option<&Path>,
    replay: Option<&Path>,
    limits: &Limits,
    dump: Option<Duration>,
) -> Result<Finished> {
    Ok(machine(title, cpu, input, record, replay)?.run(limits, dump))
}

fn machine(
    title: &Title,
    cpu: CpuArgs,
    input: Box<dyn Input>,
    record: Option<&Path>,
    replay: Option<&Path>,
) -> Result<Machine> {
    let (engine, picture) = (EngineArgs { cpu, ..EngineArgs::default() }, PictureArgs::default());
    Machine::new(title, MachineOptions { input, record, replay, ..MachineOptions::new(&engine, &picture) })
}

fn instructions() -> Limits {
    Limits { instructions: Some(400_000), ..Limits::default() }
}

#[test]
fn a_replay_ends_in_the_digest_of_the_recorded_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    let played = run(false, Box::new(Player), Some(&path), None, &instructions(), None).unwrap();
    assert_eq!(played.report.instructions, 400_000);
    let lines = std::fs::read_to_string(&path).unwrap().lines().count();
    assert!(lines > 20, "the player did something: {lines} lines");
    for interp in [false, true] {
        let replayed = run(interp, Box::new(NoInput), None, Some(&path), &instructions(), None).unwrap();
        assert_eq!(replayed.recording_trouble, None);
        assert_eq!(replayed.report.digest, played.report.digest, "interp: {interp}");
    }
    let unattended = run(false, Box::new(NoInput), None, None, &instructions(), None).unwrap();
    assert_ne!(unattended.report.digest, played.report.digest, "the input does reach the digest");
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
        let (engine, picture) = (EngineArgs::default(), PictureArgs::default());
        let dialogs = Box::<TwoAnswers>::default();
        let options = MachineOptions { dialogs, record, replay, ..MachineOptions::new(&engine, &picture) };
        Machine::new(&title, options).unwrap().run(limits, None)
    };
    let patience =
        Limits { frames: Some(1), ticks_between_frames: Some(TICKS_PER_SECOND / 5), ..Limits::default() };
    let recorded = run(Some(&path), None, &patience);
    assert!(matches!(recorded.end, RunEnd::NoFrames { .. }), "{:?}", recorded.end);
    let again = run(None, Some(&path), &patience);
    assert_eq!((again.recording_trouble, &again.end), (None, &recorded.end));
    assert_eq!(again.report.digest, recorded.report.digest);
    let whole = std::fs::read_to_string(&path).unwrap();
    assert_eq!(whole.lines().count(), 1 + 2 + 1, "{whole}");
    // A run that was killed says nothing of its end.
    let (killed, _) = whole.trim_end().rsplit_once('\n').unwrap();
    for (text, said) in [(whole.as_str(), "the recording ends at tick"), (killed, "no answer to the dialog")]
    {
        std::fs::write(&path, text).unwrap();
        let longer = run(None, Some(&path), &Limits::default());
        assert_eq!(longer.report.exit, End::Recording);
        assert!(longer.recording_trouble.as_deref().unwrap_or_default().contains(said), "{said}");
    }
}

/// Asks for a disc, and keeps what came of it.
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

/// Enters where there is no disc, then leaves the dialog.
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
fn what_a_title_was_answered_that_asked_for_a_disc_is_in_the_recording() {
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
        let (engine, picture) = (EngineArgs::default(), PictureArgs::default());
        let options = MachineOptions { dialogs, record, replay, ..MachineOptions::new(&engine, &picture) };
        let mut machine = Machine::new(&title, options).unwrap();
        let limits = Limits { instructions: Some(30_000_000), ..Limits::default() };
        let finished = machine.run(&limits, None);
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
    run(true, Box::new(Player), Some(&path), None, &short, None).unwrap();
    let longer = run(true, Box::new(NoInput), None, Some(&path), &instructions(), None).unwrap();
    assert_eq!(longer.report.exit, End::Recording);
    let said = longer.recording_trouble.unwrap();
    assert!(said.contains("asks the controllers after that"), "{said}");
}

#[test]
fn a_run_that_cannot_begin_leaves_the_old_recording() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    std::fs::write(&path, "old").unwrap();
    let (engine, picture) = (EngineArgs::default(), PictureArgs::default());
    let (nowhere, title) = (dir.path().join("nowhere/log"), poller());
    for (record, event_log) in [(&path, &nowhere), (&nowhere, &path)] {
        let (record, event_log) = (Some(record.as_path()), Some(event_log.as_path()));
        let options = MachineOptions { event_log, record, ..MachineOptions::new(&engine, &picture) };
        assert!(Machine::new(&title, options).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
    }
}

#[test]
fn a_recording_of_another_title_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("play.jsonl");
    let limits = Limits { instructions: Some(1000), ..Limits::default() };
    run(true, Box::new(Player), Some(&path), None, &limits, None).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let key = "\"image_loaded_sha256\":\"";
    let at = text.find(key).unwrap() + key.len();
    std::fs::write(&path, format!("{}00{}", &text[..at], &text[at + 2..])).unwrap();
    let refused = run(true, Box::new(NoInput), None, Some(&path), &limits, None).err().expect("accepted");
    assert!(format!("{refused:#}").contains("another title"), "{refused:#}");
}

#[test]
fn looking_at_the_threads_does_not_change_the_run() {
    let limits = instructions();
    let looked_at = run(true, Box::new(NoInput), None, None, &limits, Some(Duration::ZERO)).unwrap();
    let alone = run(true, Box::new(NoInput), None, None, &limits, None).unwrap();
    assert_eq!(looked_at.report.digest, alone.report.digest);
    assert_eq!(looked_at.end, RunEnd::Instructions);
}

#[test]
fn a_run_that_is_paced_and_paused_ends_in_the_same_digest() {
    let limits = Limits { instructions: Some(30_000_000), ..Limits::default() };
    let run = |paced: bool| {
        let mut machine = machine(&poller(), CpuArgs::default(), Box::new(NoInput), None, None).unwrap();
        let (told, figures) = std::sync::mpsc::channel();
        if paced {
            let control = Control::default();
            control.pause(true);
            let player = control.clone();
            // At twice the console's speed two fields take a 60th of a second.
            machine.set_pace(Pace::new(control, NonZeroU32::new(120), move |figures| {
                told.send(figures).unwrap();
                let player = player.clone();
                std::thread::spawn(move || player.pause(false));
            }));
        }
        (machine.run(&limits, None), figures.try_iter().count())
    };
    let ((paced, told), (free, _)) = (run(true), run(false));
    assert!(told > 0, "the pause was noticed");
    assert!(paced.report.wall_seconds > 1.0 / 60.0, "{}", paced.report.wall_seconds);
    assert_eq!((paced.end, paced.report.instructions), (RunEnd::Instructions, 30_000_000));
    assert_eq!(paced.report.digest, free.report.digest);
}

#[test]
fn a_window_that_closes_ends_the_run() {
    let mut machine = machine(&poller(), CpuArgs::default(), Box::new(NoInput), None, None).unwrap();
    let control = Control::default();
    let player = control.clone();
    machine.set_pace(Pace::new(control, None, move |_| player.close()));
    assert_eq!(machine.run(&Limits::default(), None).end, RunEnd::Stopped);
}

#[test]
fn a_title_that_shows_no_frame_is_ended_as_a_deadlock() {
    let limits = Limits {
        frames: Some(1),
        instructions: Some(100_000_000),
        ticks_between_frames: Some(TICKS_PER_SECOND / 100),
        ..Limits::default()
    };
    let finished = run(false, Box::new(NoInput), None, None, &limits, None).unwrap();
    assert_eq!(finished.report.exit, End::Deadlock);
    let RunEnd::NoFrames { since, threads } = finished.end else { panic!("{:?}", finished.end) };
    assert_eq!(since, 0);
    assert!(threads.threads.iter().any(|thread| !thread.service && thread.state == "Running"), "{threads}");
}

/// Runs an exception program with this word in its data.
fn run_exceptions(source: &str, word: u32, cpu: CpuArgs) -> Finished {
    let (mut image, _) = exceptions::assemble(source);
    let at = (exceptions::DATA - exceptions::CODE) as usize;
    image.bytes[at..at + 4].copy_from_slice(&word.to_be_bytes());
    let title = title_of(image, "exceptions");
    let limits = Limits { instructions: Some(1_000_000), ..Limits::default() };
    run_title(&title, cpu, Box::new(NoInput), None, None, &limits, None).unwrap()
}

#[test]
fn exceptions_go_the_same_way_on_every_engine() {
    use exceptions::{CALLBACK, COLLIDE, FAULT, FILTER, INSIDE, LONGJMP, NESTED, REFUSE};
    let programs = [
        (CALLBACK, 0),
        (COLLIDE, 0),
        (FAULT, 0),
        (FILTER, 0),
        (FILTER, 1),
        (FILTER, u32::MAX),
        (INSIDE, 0),
        (LONGJMP, 0),
        (NESTED, 0),
        (REFUSE, 0),
    ];
    for (source, word) in programs {
        let name = source.lines().next().unwrap_or_default();
        let interpreted = run_exceptions(source, word, CpuArgs { interp: true, ..CpuArgs::default() });
        let crashes = source == FILTER && word == 0;
        assert_eq!(interpreted.report.exit, if crashes { End::Crash } else { End::Exit }, "{name}");
        let compiled = [
            CpuArgs { warm_up: Some(0), ..CpuArgs::default() },
            CpuArgs { warm_up: Some(0), cross_check: Some(CrossCheckUnit::Instr), ..CpuArgs::default() },
        ];
        for cpu in compiled {
            let finished = run_exceptions(source, word, cpu);
            assert_eq!(finished.divergence, None, "{name}");
            assert_eq!(finished.end, interpreted.end, "{name}");
            assert_eq!(finished.report.digest, interpreted.report.digest, "{name}");
        }
    }
}
