//! Relay tests: a run in pieces, each in a new machine that starts from the previous state, equals
//! the whole run. The logs of the pieces, one after the other, are the whole log; each piece ends
//! in the next state to the last byte; and the last one ends as the whole run does.
//!
//! The titles are those of `guest/bin`, and the programs of `jit-tests`, each as a thread of a
//! title. A usual run takes the first part of each title and some of the programs.

use super::{Machine, MachineOptions};
use crate::config::{CpuConfig, MachineConfig, Tier, TitleConfig, VideoConfig};
use crate::event_log::EventLogFile;
use crate::machine_tests::{CODE, title_of};
use crate::pieces::first_difference;
use crate::report::RunReport;
use crate::title::Title;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use xenia_formats::image::{ImportLibrary, LoadedImage};
use xenia_guest::GuestAddr;
use xenia_jit_tests::conformance::{self, CODE_BASE, Case, CaseFile, DATA_BASE, DATA_SIZE, EXIT_BASE};
use xenia_memory::{AllocKind, Protect};
use xenia_sched::{Limits, RunEnd};
use xenia_state::{StateFile, Unsaveable};
use xenia_testing::is_long;

const BIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin");
/// Folders below `guest/bin` whose executables are titles.
const FOLDERS: &[&str] = &["", "races", "sound"];
/// Executables of other folders that are titles.
const TITLES: &[&str] = &["linked/linked.xex", "retail/default.xex"];
/// Folder with titles that a long run has, too.
const HOSTILE: &str = "hostile";
/// Number of instructions of a title, in a usual and in a long run.
const INSTRUCTIONS: [u64; 2] = [300_000, 60_000_000];
/// The same of titles whose pictures or lines take most of their time.
const SLOW: &[(&str, u64)] = &[("demo", 10_000_000), ("game-frame", 10_000_000), (HOSTILE, 600_000)];
/// Number of states in a run.
const CUTS: [usize; 2] = [2, 5];

/// A state on the way of a run, and the length of the event log there.
struct Mark {
    instructions: u64,
    state: StateFile,
    log: usize,
}

/// Machines for one title, and a folder for their logs.
struct Relay<'a> {
    title: &'a Title,
    folder: &'a Path,
}

impl Relay<'_> {
    /// A new machine, and its log.
    fn machine(&self, interp: bool) -> (Machine, PathBuf) {
        let cpu = CpuConfig { tier: Tier::interpreted_if(interp), ..CpuConfig::default() };
        let config = MachineConfig { cpu, ..MachineConfig::default() };
        let video = VideoConfig::default();
        let log = self.folder.join("log");
        let options = MachineOptions::new(&config, &video);
        (
            Machine::new(self.title, MachineOptions { event_log: Some(EventLogFile::New(&log)), ..options })
                .unwrap(),
            log,
        )
    }

    /// The report of a run, with its log.
    fn run(&self, interp: bool, count: u64) -> (RunReport, Vec<u8>) {
        let (mut machine, log) = self.machine(interp);
        finish(&mut machine, &log, count)
    }

    /// States of a run at about these moments; it must be as the `whole` one.
    fn marks(&self, interp: bool, cuts: &[u64], count: u64, whole: &(RunReport, Vec<u8>)) -> Vec<Mark> {
        let (mut machine, log) = self.machine(interp);
        let mut marks: Vec<Mark> = Vec::new();
        for &cut in cuts {
            if machine.run_until(&instruction_limit(cut)) != RunEnd::Instructions {
                break;
            }
            match machine.save_state() {
                Ok(state) => {
                    let log = flushed(&machine, &log).len();
                    marks.push(Mark { instructions: cut, state, log });
                }
                // A moment that has no state.
                Err(error) => assert!(error.is::<Unsaveable>(), "{error:#}"),
            }
        }
        same(&finish(&mut machine, &log, count), whole, "cut in one machine");
        marks
    }

    /// Runs from state to state, each piece in a new machine; `engines` selects those that are
    /// interpreted.
    fn pieces(
        &self,
        engines: impl Fn(usize) -> bool,
        marks: &[Mark],
        count: u64,
        whole: &(RunReport, Vec<u8>),
    ) {
        for index in 0..=marks.len() {
            let (mut machine, log) = self.machine(engines(index));
            let before = index.checked_sub(1).map(|index| &marks[index]);
            if let Some(before) = before {
                machine = machine.load_state(&before.state).unwrap();
            }
            let from = before.map_or(0, |before| before.log);
            let Some(next) = marks.get(index) else {
                let (report, log) = finish(&mut machine, &log, count);
                return same(&(report, [&whole.1[..from], &log].concat()), whole, "the last piece");
            };
            assert_eq!(machine.run_until(&instruction_limit(next.instructions)), RunEnd::Instructions);
            let what = format!("the piece to {}", next.instructions);
            assert_eq!(first_difference(&machine.save_state().unwrap(), &next.state), None, "{what}");
            same_log(&flushed(&machine, &log), &whole.1[from..next.log], &what);
        }
    }
}

fn instruction_limit(count: u64) -> Limits {
    Limits { instructions: Some(count), ..Limits::default() }
}

/// The lines of a machine's log.
fn flushed(machine: &Machine, log: &Path) -> Vec<u8> {
    machine.outside.event_log.as_ref().unwrap().flush();
    std::fs::read(log).unwrap()
}

/// Runs to the end or the limit.
fn finish(machine: &mut Machine, log: &Path, count: u64) -> (RunReport, Vec<u8>) {
    let finished = machine.run(&instruction_limit(count));
    assert!(!finished.has_lost_output);
    (finished.report, std::fs::read(log).unwrap())
}

fn same(one: &(RunReport, Vec<u8>), whole: &(RunReport, Vec<u8>), what: &str) {
    let place = |report: &RunReport| {
        (report.instructions, report.guest_ticks, report.frames, report.exit, report.exit_code)
    };
    assert_eq!(place(&one.0), place(&whole.0), "{what}");
    assert_eq!(one.0.digest_parts, whole.0.digest_parts, "{what}");
    assert_eq!(one.0.digest, whole.0.digest, "{what}");
    same_log(&one.1, &whole.1, what);
}

fn same_log(one: &[u8], other: &[u8], what: &str) {
    if one == other {
        return;
    }
    let one = String::from_utf8_lossy(one);
    let other = String::from_utf8_lossy(other);
    let pair = one.lines().map(Some).chain([None]).zip(other.lines().map(Some).chain([None]));
    panic!("{what}: the logs differ, first in {:?}", pair.into_iter().find(|(one, other)| one != other));
}

/// The titles of `guest/bin`, by path.
fn titles() -> Vec<String> {
    let bin = Path::new(BIN);
    let mut names: Vec<String> = TITLES.iter().map(|&name| name.to_owned()).collect();
    for folder in FOLDERS.iter().copied().chain(is_long().then_some(HOSTILE)) {
        for entry in std::fs::read_dir(bin.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "xex") {
                names.push(path.strip_prefix(bin).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    names
}

#[test]
fn every_title_is_a_relay() {
    let folder = tempfile::tempdir().unwrap();
    let long = usize::from(is_long());
    let mut rng = ChaCha8Rng::seed_from_u64(54);
    let only = std::env::var("XENIA_RELAY_TITLE").unwrap_or_default();
    let mut runs = 0;
    let mut states = 0;
    for name in titles().iter().filter(|name| name.contains(&only)) {
        let title = Title::open_or_demo(Some(&Path::new(BIN).join(name)), &TitleConfig::default()).unwrap();
        let relay = Relay { title: &title, folder: folder.path() };
        let slow = SLOW.iter().find(|(slow, _)| name.starts_with(slow)).map_or(u64::MAX, |&(_, most)| most);
        let most = INSTRUCTIONS[long].min(slow);
        let whole = relay.run(false, most);
        let count = whole.0.instructions.min(most);
        let mut cuts: Vec<u64> = (0..CUTS[long]).map(|_| rng.random_range(1..=count.max(1))).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let started = std::time::Instant::now();
        let marks = relay.marks(true, &cuts, most, &whole);
        if is_long() {
            relay.pieces(|_| true, &marks, most, &whole);
            relay.pieces(|_| false, &marks, most, &whole);
        } else {
            relay.pieces(|piece| piece % 2 == 1, &marks, most, &whole);
        }
        println!(
            "{name}: {count} instructions, {} states, {} bytes of log, {:.1} s",
            marks.len(),
            whole.1.len(),
            started.elapsed().as_secs_f64()
        );
        runs += 1;
        states += marks.len();
    }
    assert!(runs > 0 && states >= runs, "{states} states in {runs} titles");
}

/// Number of instructions between two states of a program.
const STEP: u64 = 7;
/// Number of states after which a program counts as endless.
const MAX_STATES: usize = 3000;
/// Every so many programs are run in a usual run.
const USUAL: usize = 397;
/// Number of pieces after which there is a new machine; others go back in the one before.
const RENEWED: usize = 16;

/// A title that does nothing at its start, with the code of a file's programs.
fn programs(file: &CaseFile) -> Title {
    let mut bytes = xenia_isa::assemble("here: b here", CODE).unwrap().bytes;
    bytes.resize((CODE_BASE - CODE) as usize, 0);
    bytes.extend(&file.code);
    title_of(
        LoadedImage::in_memory(GuestAddr(CODE), bytes, ImportLibrary::any("xam.xex", Vec::new())),
        "programs",
    )
}

/// Machines for the programs of a file.
struct ProgramRelay<'a> {
    relay: Relay<'a>,
    /// The machine whose run is cut, and its first state.
    whole: (Machine, StateFile),
    /// The machines of the pieces: interpreted and compiled.
    pieces: [Option<Machine>; 2],
    count: usize,
}

impl<'a> ProgramRelay<'a> {
    fn new(relay: Relay<'a>) -> Self {
        let (mut machine, _) = relay.machine(false);
        let memory = &machine.inside.memory;
        for (base, size) in [(DATA_BASE, DATA_SIZE), (EXIT_BASE, 0x1_0000)] {
            let base = GuestAddr(base);
            let all = Protect::READ_WRITE;
            memory.alloc_fixed(base, size, AllocKind::ReserveCommit, all).unwrap();
        }
        // It ends in a branch to itself.
        memory.write(GuestAddr(EXIT_BASE), 0x4800_0000_u32).unwrap();
        // A machine goes back only if it has run.
        machine.run_until(&instruction_limit(1));
        let state = machine.save_state().unwrap();
        Self { relay, whole: (machine, state), pieces: [None, None], count: 0 }
    }

    /// The states of a program's run.
    fn states(&mut self, case: &Case) -> Vec<StateFile> {
        let (machine, first) = &mut self.whole;
        machine.restore(first).unwrap();
        let memory = machine.inside.memory.clone();
        let scheduler = machine.inside.executor.scheduler_mut();
        let thread = scheduler.threads().next().unwrap().reference();
        case.begin(scheduler.context_mut(thread).unwrap(), &memory).unwrap();
        let mut states = vec![machine.save_state().unwrap()];
        while states.len() < MAX_STATES {
            let next = machine.position().instructions + STEP;
            if machine.run_until(&instruction_limit(next)) != RunEnd::Instructions {
                break;
            }
            states.push(machine.save_state().unwrap());
            let scheduler = machine.inside.executor.scheduler_mut();
            if scheduler.context_mut(thread).is_ok_and(|ctx| ctx.pc == EXIT_BASE) {
                break;
            }
        }
        states
    }

    /// Runs from a state to the next.
    fn piece(&mut self, from: &StateFile, to: &StateFile, what: &str) {
        let relay = &self.relay;
        let pieces = &mut self.pieces;
        let machine = &mut pieces[self.count % 2];
        if self.count % RENEWED < 2 {
            *machine = None;
        }
        self.count += 1;
        let mut next = match machine.take() {
            Some(mut machine) => {
                machine.restore(from).unwrap();
                machine
            }
            None => relay.machine(self.count % 2 == 1).0.load_state(from).unwrap(),
        };
        let end = next.position().instructions + STEP;
        assert_eq!(next.run_until(&instruction_limit(end)), RunEnd::Instructions, "{what}");
        assert_eq!(first_difference(&next.save_state().unwrap(), to), None, "{what}, at {end}");
        *machine = Some(next);
    }
}

#[test]
fn programs_of_the_conformance_suite_are_relays() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../jit-tests");
    let mut number = 0;
    let mut runs = 0;
    let mut pieces = 0;
    for path in conformance::files(&[root]).unwrap() {
        let file = CaseFile::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let mut is_chosen = |_: &&Case| {
            number += 1;
            is_long() || number % USUAL == 0
        };
        let chosen: Vec<_> = file.cases.iter().filter(&mut is_chosen).collect();
        if chosen.is_empty() {
            continue;
        }
        let title = programs(&file);
        let mut relay = ProgramRelay::new(Relay { title: &title, folder: folder.path() });
        for case in chosen {
            for pair in relay.states(case).windows(2) {
                relay.piece(&pair[0], &pair[1], &format!("{}: {}", path.display(), case.name));
            }
            runs += 1;
        }
        pieces += relay.count;
    }
    println!("{runs} of {number} programs in {pieces} pieces");
    assert!(runs > 10 && pieces >= runs, "{runs} programs in {pieces} pieces");
}
