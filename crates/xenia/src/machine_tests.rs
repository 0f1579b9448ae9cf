//! Tests of complete machines with a small assembled title: recordings, reports during a run, runs
//! without frames, exceptions on every engine.

mod console;
mod debugger;
#[path = "../../xenia-kernel-tests/tests/titles/exceptions/title.rs"]
mod exceptions;
mod exits;
mod front_ends;
mod going_back;
#[cfg(feature = "network")]
mod network;
mod profiles;
mod recordings;
mod reverse;
mod states;
mod traces;

use crate::config::{CpuConfig, CrossCheckUnit, MachineConfig, StartTime, Tier, TitleConfig, VideoConfig};
use crate::interrupt::{Cause, Interrupt};
use crate::machine::{Finished, Machine, MachineOptions, SavePoint};
use crate::pace::{Pace, PaceControl};
use crate::report::{End, RunReport};
use crate::title::Title;
use crate::title::discs::TitleDiscs;
use crate::title::updates::Updates;
use anyhow::Result;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use xenia_formats::KeyRing;
use xenia_formats::image::{Import, ImportLibrary, LoadedImage};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_kernel::ports::{Input, NoInput};
use xenia_sched::{GuestTicks, Limits, RunEnd, TICKS_PER_SECOND};

pub(crate) const CODE: u32 = 0x8200_0000;
const DATA: u32 = 0x8201_0000;

/// Polls one controller after the other forever, and keeps a sum and a history of the answers.
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

/// A title of assembled code at 0x82000000 with `text` at 0x82010000; `label` is an import of xam
/// with this ordinal.
pub(crate) fn assembled(source: &str, label: &str, ordinal: u16, text: &str) -> Title {
    let assembly = xenia_isa::assemble(source, CODE).unwrap();
    let mut bytes = assembly.bytes;
    let thunk = assembly.labels.iter().find(|(name, _)| *name == label).map(|(_, at)| *at).unwrap();
    bytes.resize(0x2_0000, 0);
    bytes[0x1_0000..][..text.len()].copy_from_slice(text.as_bytes());
    let slot = Some(GuestAddr(DATA + 0xF000));
    let import = Import { ordinal: Ordinal(ordinal), slot, thunk: Some(GuestAddr(thunk)) };
    let library = ImportLibrary::any("xam.xex", vec![import]);
    title_of(LoadedImage::in_memory(GuestAddr(CODE), bytes, library), label)
}

pub(crate) fn title_of(image: LoadedImage, name: &str) -> Title {
    let name = name.to_owned();
    let keys = KeyRing::development();
    Title {
        image: image.into(),
        medium: None,
        package: None,
        updates: Updates::default(),
        discs: TitleDiscs::default(),
        name,
        path: None,
        keys,
        patches: Arc::default(),
    }
}

fn run(
    interp: bool,
    input: Box<dyn Input>,
    record: Option<&Path>,
    replay: Option<&Path>,
    limits: &Limits,
) -> Result<Finished> {
    let cpu = CpuConfig { tier: Tier::interpreted_if(interp), ..CpuConfig::default() };
    run_title(&poller(), cpu, input, record, replay, limits)
}

fn run_title(
    title: &Title,
    cpu: CpuConfig,
    input: Box<dyn Input>,
    record: Option<&Path>,
    replay: Option<&Path>,
    limits: &Limits,
) -> Result<Finished> {
    Ok(machine(title, cpu, input, record, replay)?.run(limits))
}

fn machine(
    title: &Title,
    cpu: CpuConfig,
    input: Box<dyn Input>,
    record: Option<&Path>,
    replay: Option<&Path>,
) -> Result<Machine> {
    let engine = MachineConfig { cpu, ..MachineConfig::default() };
    let picture = VideoConfig::default();
    Machine::new(title, MachineOptions { input, record, replay, ..MachineOptions::new(&engine, &picture) })
}

fn instructions() -> Limits {
    Limits { instructions: Some(400_000), ..Limits::default() }
}

#[test]
fn inspecting_threads_does_not_change_the_run() {
    let limits = instructions();
    let cpu = CpuConfig { tier: Tier::Interp, ..CpuConfig::default() };
    let mut machine = machine(&poller(), cpu, Box::new(NoInput), None, None).unwrap();
    machine.set_thread_dump(Duration::ZERO);
    let looked_at = machine.run(&limits);
    let alone = run(true, Box::new(NoInput), None, None, &limits).unwrap();
    assert_eq!(looked_at.report.digest, alone.report.digest);
    assert_eq!(looked_at.end, RunEnd::Instructions);
}

#[test]
fn a_dump_of_threads_reaches_no_later_run() {
    let interrupt = Interrupt::default();
    let mut machine = machine(&poller(), CpuConfig::default(), Box::new(NoInput), None, None).unwrap();
    machine.set_interrupt(interrupt.clone());
    machine.set_thread_dump(Duration::from_millis(300));
    let ended = machine.run(&Limits { instructions: Some(1000), ..Limits::default() }).report;
    std::thread::sleep(Duration::from_millis(600));
    assert!(!interrupt.take_thread_dump_request(), "the run took {} s", ended.wall_seconds);
}

#[test]
fn a_dump_of_threads_is_written_while_the_machine_runs() {
    let is_shown = Arc::new(AtomicBool::new(false));
    let flag = is_shown.clone();
    crate::say::send_messages_to(Some(Box::new(move |text| {
        flag.fetch_or(text.starts_with("after "), Relaxed);
    })));
    let mut machine = machine(&poller(), CpuConfig::default(), Box::new(NoInput), None, None).unwrap();
    let interrupt = Interrupt::default();
    machine.set_interrupt(interrupt.clone());
    machine.set_thread_dump(Duration::from_millis(50));
    let flag = is_shown.clone();
    std::thread::spawn(move || {
        let start = std::time::Instant::now();
        while !flag.load(Relaxed) && start.elapsed() < Duration::from_mins(1) {
            std::thread::sleep(Duration::from_millis(5));
        }
        interrupt.request(Cause::Timeout);
    });
    machine.run(&Limits::default());
    crate::say::send_messages_to(None);
    assert!(is_shown.load(Relaxed));
}

#[test]
fn a_run_that_is_paced_and_paused_ends_in_the_same_digest() {
    let limits = Limits { instructions: Some(15_000_000), ..Limits::default() };
    let run = |paced: bool| {
        let mut machine = machine(&poller(), CpuConfig::default(), Box::new(NoInput), None, None).unwrap();
        let (sender, figures) = std::sync::mpsc::channel();
        if paced {
            let control = PaceControl::default();
            control.pause(true);
            let player = control.clone();
            // At half the console's speed, a field takes a 30th of a second.
            machine.set_pace(Pace::new(control, NonZeroU32::new(30), move |figures| {
                sender.send(figures).unwrap();
                let player = player.clone();
                std::thread::spawn(move || player.pause(false));
            }));
        }
        (machine.run(&limits), figures.try_iter().count())
    };
    let (paced, reported) = run(true);
    let (free, _) = run(false);
    assert!(reported > 0, "the pause was noticed");
    assert!(paced.report.wall_seconds > 1.0 / 60.0, "{}", paced.report.wall_seconds);
    assert_eq!((paced.end, paced.report.instructions), (RunEnd::Instructions, 15_000_000));
    assert_eq!(paced.report.digest, free.report.digest);
}

#[test]
fn a_run_in_pieces_ends_where_the_whole_run_does() {
    for interp in [true, false] {
        let cpu = CpuConfig { tier: Tier::interpreted_if(interp), ..CpuConfig::default() };
        let start = || machine(&poller(), cpu.clone(), Box::new(NoInput), None, None).unwrap();
        let mut whole = start();
        let mut pieces = start();
        let expected = whole.run(&instructions()).report;
        for count in [1, 123_457, 123_458, 300_001, 400_000] {
            let until = Limits { instructions: Some(count), ..Limits::default() };
            assert_eq!(pieces.run_until(&until), RunEnd::Instructions);
            assert_eq!(pieces.position().instructions, count);
        }
        assert_eq!(pieces.position(), whole.position());
        assert_eq!(pieces.position().now, expected.guest_ticks);
        assert_eq!(pieces.run(&instructions()).report.digest, expected.digest);
    }
}

#[test]
fn a_window_that_closes_ends_the_run() {
    let mut machine = machine(&poller(), CpuConfig::default(), Box::new(NoInput), None, None).unwrap();
    let control = PaceControl::default();
    let player = control.clone();
    machine.set_pace(Pace::new(control, None, move |_| player.close()));
    assert_eq!(machine.run(&Limits::default()).end, RunEnd::Stopped);
}

#[test]
fn a_second_run_has_the_pace_of_the_first() {
    let mut machine = machine(&poller(), CpuConfig::default(), Box::new(NoInput), None, None).unwrap();
    let control = PaceControl::default();
    machine.set_pace(Pace::new(control.clone(), None, |_| ()));
    let to = |count| Limits { instructions: Some(count), ..Limits::default() };
    assert_eq!(machine.run(&to(1000)).end, RunEnd::Instructions);
    control.close();
    assert_eq!(machine.run(&to(15_000_000)).end, RunEnd::Stopped);
}

#[test]
fn a_title_that_shows_no_frame_is_ended_as_a_deadlock() {
    let limits = Limits {
        frames: Some(1),
        instructions: Some(100_000_000),
        ticks_between_frames: Some(TICKS_PER_SECOND / 100),
        ..Limits::default()
    };
    let finished = run(false, Box::new(NoInput), None, None, &limits).unwrap();
    assert_eq!(finished.report.exit, End::Deadlock);
    let RunEnd::NoFrames { since, threads } = finished.end else { panic!("{:?}", finished.end) };
    assert_eq!(since, 0);
    assert!(threads.threads.iter().any(|thread| !thread.service && thread.state == "Running"), "{threads}");
}

/// Runs an exception program with this word in its data.
fn run_exceptions(source: &str, word: u32, cpu: CpuConfig) -> Finished {
    let (mut image, _) = exceptions::assemble(source);
    let at = (exceptions::DATA - exceptions::CODE) as usize;
    image.bytes[at..at + 4].copy_from_slice(&word.to_be_bytes());
    let title = title_of(image, "exceptions");
    let limits = Limits { instructions: Some(1_000_000), ..Limits::default() };
    run_title(&title, cpu, Box::new(NoInput), None, None, &limits).unwrap()
}

#[test]
fn exceptions_end_alike_on_every_engine() {
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
        let interpreted = run_exceptions(source, word, CpuConfig::interpreted());
        let crashes = source == FILTER && word == 0;
        assert_eq!(interpreted.report.exit, if crashes { End::Crash } else { End::Exit }, "{name}");
        let compiled = [
            CpuConfig { warm_up: Some(0), ..CpuConfig::default() },
            CpuConfig { warm_up: Some(0), cross_check: Some(CrossCheckUnit::Instr), ..CpuConfig::default() },
        ];
        for cpu in compiled {
            let finished = run_exceptions(source, word, cpu);
            assert_eq!(finished.divergence, None, "{name}");
            assert_eq!(finished.end, interpreted.end, "{name}");
            assert_eq!(finished.report.digest, interpreted.report.digest, "{name}");
        }
    }
}

/// Runs an empty loop forever, and polls a controller after each pass.
const LOOPER: &str = "
again:  lis 8, 8
        mtctr 8
turn:   addi 29, 29, 3
        rlwinm 28, 29, 5, 0, 31
        add 27, 27, 28
        bdnz turn
        li 3, 0
        li 4, 0
        lis 5, 0x8201
        bl get_state
        b again
get_state:
        .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";

#[test]
fn a_run_whose_code_is_compiled_ahead_ends_in_the_same_digest() {
    let title = assembled(LOOPER, "get_state", 0x191, ""); // XamInputGetState
    let folder = tempfile::tempdir().unwrap();
    let interrupt = Interrupt::default();
    // By default, loops become hot on some hosts only.
    let cpu = CpuConfig { warm_up: Some(20_000), ..CpuConfig::default() };
    let engine = MachineConfig { cpu, ..MachineConfig::default() };
    let run = |precompile: Option<&Interrupt>| {
        let picture = VideoConfig::default();
        let code_cache = precompile.map(|_| folder.path().join("code"));
        let options = MachineOptions { code_cache, precompile, ..MachineOptions::new(&engine, &picture) };
        let limits = Limits { instructions: Some(200_000_000), ..Limits::default() };
        Machine::new(&title, options).unwrap().run(&limits).report
    };
    let jit = |report: &RunReport| {
        let jit = serde_json::to_value(report).unwrap()["jit"].clone();
        ["compiled_ahead", "functions", "cache_hits"].map(|key| jit[key].as_u64().unwrap())
    };
    let without = run(None);
    assert_eq!(jit(&without), [0, 1, 0]);
    let with = run(Some(&interrupt));
    assert_eq!((&with.digest, with.instructions), (&without.digest, without.instructions));
    assert_eq!(jit(&with), [11, 0, 1], "the loop was compiled before it was hot");
    let next = run(Some(&interrupt));
    assert_eq!((&next.digest, jit(&next)), (&without.digest, [0, 0, 1]), "all is there already");
}
