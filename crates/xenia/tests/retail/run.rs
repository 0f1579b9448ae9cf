//! Runs the title from each medium on each engine.

use super::media::{Added, MediumKind, Staged, stage};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use xenia::Limits;
use xenia::config::{
    CpuConfig, ExecutorConfig, Language, MachineConfig, SaveConfig, Tier, TitleConfig, VideoConfig,
};
use xenia::launches::{self, EarlierTitles, RunPlan};
use xenia::machine::{Finished, Machine, MachineOptions};
use xenia::report::End;
use xenia::title::Title;
use xenia_gdb::{Listener, ServerAddress, TestClient};
use xenia_kernel::ports::{Gamepad, Input, TextSink};
use xenia_sched::{GuestTicks, RunEnd, TICKS_PER_SECOND};
use xenia_testing::{is_long, note_repeat};

/// Digests of the runs in lockstep: of the first executable at its last frame, and of the second at
/// its end.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/retail-suite.txt");
/// Frames that the first executable shows.
const FRAMES: u64 = 30;
/// Runs in parallel of each medium and engine, and with `cargo xtask retail-suite`.
const PARALLEL: [usize; 2] = [1, 25];
/// Instructions after which a run is over in any case; a run has about a hundred million.
const INSTRUCTIONS: u64 = 2_000_000_000;

/// A controller that is plugged in some time after the first question, with A pressed.
struct LatePad {
    first: Option<GuestTicks>,
    delay: u64,
}

/// Eighths of a second until the controller is plugged in, in parallel: on a busy host the title's
/// threads begin late, and each must see the time without a controller. They are tried in turn
/// until the title finds no fault; of the many long runs, which have the second one, none may fail.
const LATE: [u64; 3] = [5, 16, 48];

impl LatePad {
    /// A controller that is plugged in an eighth of a second later in lockstep.
    fn new(config: &MachineConfig) -> Self {
        Self::after(if config.executor.parallel { LATE[0] } else { 1 })
    }

    fn after(eighths: u64) -> Self {
        Self { first: None, delay: TICKS_PER_SECOND / 8 * eighths }
    }
}

impl Input for LatePad {
    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad> {
        let first = *self.first.get_or_insert(now);
        let is_there = user == 0 && now >= first + self.delay;
        is_there.then_some(Gamepad { packet: 1, buttons: 0x1000, ..Gamepad::default() })
    }

    fn set_vibration(&mut self, user: u32, _: u16, _: u16, now: GuestTicks) -> bool {
        self.gamepad(user, now).is_some()
    }
}

/// Opens the title with the suite's key, and with the folder of saves if it has packages there.
pub(crate) fn open(staged: &Staged, repeats: bool) -> anyhow::Result<Title> {
    let saves = SaveConfig { content: Some(staged.content()), ..SaveConfig::default() };
    let key_file = Some(staged.key_file());
    Title::open_or_demo(
        Some(&staged.path),
        &TitleConfig { key_file, saves, repeats, ..TitleConfig::default() },
    )
}

/// A sink that adds the title's output to `output`.
fn text_sink(output: Arc<Mutex<String>>) -> TextSink {
    Box::new(move |part| output.lock().unwrap().push_str(&String::from_utf8_lossy(part)))
}

/// Runs the title to its end; also returns its output.
pub(crate) fn run(
    staged: &Staged,
    config: &MachineConfig,
    limits: &Limits,
) -> anyhow::Result<(Finished, String)> {
    run_with(staged, config, limits, || LatePad::new(config), |_, _| ())
}

/// Does the same, each executable with another controller; `begin` gets each machine first.
fn run_with(
    staged: &Staged,
    config: &MachineConfig,
    limits: &Limits,
    pad: impl Fn() -> LatePad,
    mut begin: impl FnMut(&mut Machine, &EarlierTitles),
) -> anyhow::Result<(Finished, String)> {
    let title = open(staged, !config.executor.parallel)?;
    let output: Arc<Mutex<String>> = Arc::default();
    let finished = launches::run(title, RunPlan::new(limits), |title, before, launched| {
        let video = VideoConfig::default();
        let text = text_sink(output.clone());
        let content = Some(staged.content());
        let input = Box::new(pad());
        let options =
            MachineOptions { text, content, launched, input, ..MachineOptions::new(config, &video) };
        let mut machine = Machine::new(title, options)?;
        begin(&mut machine, before);
        Ok(machine)
    })?;
    let output = output.lock().unwrap().clone();
    Ok((finished, output))
}

fn config(added: Added, interp: bool) -> MachineConfig {
    let mut config = MachineConfig {
        cpu: CpuConfig { tier: Tier::interpreted_if(interp), ..CpuConfig::default() },
        executor: ExecutorConfig::default(),
        ..MachineConfig::default()
    };
    config.console.language = (added == Added::Packages).then_some(Language::German);
    config
}

/// Fails unless both executables ended without faults.
fn check(finished: &Finished, output: &str, what: &str) {
    let report = &finished.report;
    assert_eq!((report.exit, report.exit_code), (End::Exit, Some(0)), "{what}: {output} {:?}", report.crash);
    assert_eq!(report.launches, 1, "{what}: {output}");
    assert!(output.contains("first executable, version") && output.contains("second executable, 0 faults"));
    assert!(report.unimplemented_calls.is_empty(), "{what}: {:?}", report.unimplemented_calls);
}

fn limits() -> Limits {
    Limits { instructions: Some(INSTRUCTIONS), ..Limits::default() }
}

/// Chooses the additions that a medium has in usual runs: the folder with all, and each other
/// medium once. All media lead to the same files and the same digests.
fn is_usual(kind: MediumKind, added: Added) -> bool {
    match kind {
        MediumKind::Folder => true,
        MediumKind::Image => added == Added::Nothing,
        MediumKind::Stfs => added == Added::Packages,
        MediumKind::Svod => added == Added::Patch,
    }
}

/// The digests of a run in lockstep: of the first executable at its last frame, and of the second
/// at its end.
fn digests_of(kind: MediumKind, added: Added, interp: bool) -> [String; 2] {
    let config = config(added, interp);
    let mut first = None;
    let begin = |machine: &mut Machine, before: &EarlierTitles| {
        if before.machines == 0 {
            let end = machine.run_until(&Limits { frames: Some(FRAMES), ..limits() });
            assert_eq!((end, machine.position().frames), (RunEnd::Frames, FRAMES));
            first = machine.state_digest();
        }
    };
    let pad = || LatePad::new(&config);
    let (finished, output) = run_with(&stage(kind, added), &config, &limits(), pad, begin).unwrap();
    check(&finished, &output, &format!("{} {added:?}", kind.name()));
    [first, finished.report.digest].map(|digest| digest.expect("a run in lockstep has a digest"))
}

#[test]
fn the_title_runs_from_every_medium_in_lockstep_with_the_golden_digest() {
    let mut digests = BTreeMap::new();
    let is_blessing = std::env::var_os("XENIA_BLESS").is_some();
    let has_all = is_long() || is_blessing;
    for kind in MediumKind::ALL {
        let additions = [Added::Nothing, Added::Patch, Added::Packages];
        for added in additions.into_iter().filter(|&added| has_all || is_usual(kind, added)) {
            let what = format!("{} {added:?}", kind.name()).to_lowercase();
            for interp in if is_long() { &[false, true][..] } else { &[false] } {
                let digest = digests_of(kind, added, *interp).join(" ");
                let other = digests.insert(what.clone(), digest.clone());
                assert!(other.is_none_or(|other| other == digest), "{what}: the engines differ");
            }
        }
    }
    let found = digests.iter().fold(String::new(), |mut text, (what, digest)| {
        let _ = writeln!(text, "{what}: {digest}");
        text
    });
    if is_blessing {
        std::fs::write(GOLDEN, &found).unwrap();
    }
    let mut golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    if !has_all {
        let is_run = |line: &&str| line.split(':').next().is_some_and(|what| digests.contains_key(what));
        golden = golden.split_inclusive('\n').filter(is_run).collect();
    }
    assert_eq!(found, golden, "{GOLDEN}; XENIA_BLESS=1 writes it");
}

#[test]
fn the_title_runs_from_every_medium_in_parallel() {
    for kind in MediumKind::ALL {
        for interp in if is_long() { &[false, true][..] } else { &[false] } {
            for number in 0..PARALLEL[usize::from(is_long())] {
                let added = [Added::Packages, Added::Nothing, Added::Patch][number % 3];
                let mut config = config(added, *interp);
                config.executor.parallel = true;
                let late = |eighths| {
                    let pad = || LatePad::after(eighths);
                    run_with(&stage(kind, added), &config, &limits(), pad, |_, _| ()).unwrap()
                };
                let times = if is_long() { vec![LATE[1]] } else { LATE.to_vec() };
                let (mut finished, mut output) = late(times[0]);
                for eighths in &times[1..] {
                    if finished.report.exit_code != Some(0) {
                        note_repeat(&output);
                        (finished, output) = late(*eighths);
                    }
                }
                check(&finished, &output, &format!("{} {added:?}, run {number}", kind.name()));
            }
        }
    }
}

#[test]
fn gdb_stays_in_the_second_executable() {
    for interp in if is_long() { &[false, true][..] } else { &[false] } {
        let kind = MediumKind::Folder;
        let added = Added::Nothing;
        let staged = stage(kind, added);
        let config = config(added, *interp);
        let (alone, _) = run(&staged, &config, &limits()).unwrap();
        let staged = stage(kind, added);
        let output: Arc<Mutex<String>> = Arc::default();
        let mut client = None;
        let title = open(&staged, true).unwrap();
        let finished = launches::run(title, RunPlan::new(&limits()), |title, before, launched| {
            let video = VideoConfig::default();
            let text = text_sink(output.clone());
            let content = Some(staged.content());
            let input = Box::new(LatePad::new(&config));
            let options =
                MachineOptions { text, content, launched, input, ..MachineOptions::new(&config, &video) };
            let mut machine = Machine::new(title, options)?;
            if before.machines == 0 {
                let listener = Listener::open(&ServerAddress::Port(0))?;
                let mut gdb = TestClient::connect(&listener)?;
                machine.set_debugger(listener);
                client = Some(std::thread::spawn(move || {
                    gdb.ask("qSupported:multiprocess+;swbreak+").unwrap();
                    assert!(gdb.ask("vCont;c").unwrap().starts_with("T05"));
                    assert!(gdb.monitor("title").unwrap().contains("second.xex"));
                    assert_eq!(gdb.ask("vCont;c").unwrap(), "W00");
                }));
            }
            Ok(machine)
        })
        .unwrap();
        client.unwrap().join().unwrap();
        check(&finished, &output.lock().unwrap(), "under gdb");
        assert_eq!(finished.report.digest, alone.report.digest);
    }
}
