//! Tests of saved states: a run that is cut into parts, each in a new machine made from the state
//! of the previous one, ends in the digest of the whole run.

use super::*;
use crate::machine::{decoded, read_state};
use crate::pieces::{NextState, PieceEnd};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::Cursor;
use xenia_state::{StateFile, StoredSection, Unsaveable};
use xenia_testing::{Cases, PACES, is_long, note_repeat, number_in_environment};

/// Machines for one title, all under the same conditions.
struct Maker {
    title: Title,
    config: MachineConfig,
}

impl Maker {
    fn new(title: Title, cpu: CpuConfig) -> Self {
        Self { title, config: MachineConfig { cpu, ..MachineConfig::default() } }
    }

    /// A title of `guest/bin`.
    fn of_file(name: &str, cpu: CpuConfig) -> Self {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin")).join(name);
        let title = Title::open_or_demo(Some(&path), &TitleConfig::default()).unwrap();
        Self::new(title, cpu)
    }

    fn machine(&self) -> Machine {
        let video = VideoConfig::default();
        Machine::new(&self.title, MachineOptions::new(&self.config, &video)).unwrap()
    }

    /// The report of a run of `count` instructions.
    fn whole(&self, count: u64) -> RunReport {
        self.machine().run(&instruction_limit(count)).report
    }

    /// A new machine with the state of `machine`, which went through a file.
    fn successor(&self, mut machine: Machine) -> Machine {
        let mut file = Cursor::new(Vec::new());
        machine.save_state().unwrap().write(&mut file).unwrap();
        let position = machine.position();
        machine.discard();
        let next = self.machine().load_state(&decoded(file.get_ref()).unwrap()).unwrap();
        assert_eq!(next.position(), position);
        next
    }

    /// The report of a run of `count` instructions that was cut at `cuts`.
    fn relayed(&self, cuts: &[u64], count: u64) -> RunReport {
        let mut machine = self.machine();
        for &cut in cuts {
            machine.run_until(&instruction_limit(cut));
            machine = self.successor(machine);
        }
        machine.run(&instruction_limit(count)).report
    }
}

fn instruction_limit(count: u64) -> Limits {
    Limits { instructions: Some(count), ..Limits::default() }
}

fn interpreted() -> CpuConfig {
    CpuConfig::interpreted()
}

/// Sorted random numbers below `end`.
fn cuts(rng: &mut ChaCha8Rng, number: usize, end: u64) -> Vec<u64> {
    let mut cuts: Vec<u64> = (0..number).map(|_| rng.random_range(1..end)).collect();
    cuts.sort_unstable();
    cuts
}

fn assert_same(relayed: &RunReport, whole: &RunReport, what: &str) {
    assert_eq!(relayed.digest_parts, whole.digest_parts, "{what}");
    assert_eq!(relayed.digest, whole.digest, "{what}");
    assert_eq!(
        (relayed.instructions, relayed.guest_ticks),
        (whole.instructions, whole.guest_ticks),
        "{what}"
    );
    assert_eq!((relayed.frames, relayed.exit), (whole.frames, whole.exit), "{what}");
}

#[test]
fn a_run_from_a_state_ends_where_the_whole_run_does() {
    let mut rng = ChaCha8Rng::seed_from_u64(51);
    for cpu in [interpreted(), CpuConfig::default()] {
        let maker = Maker::new(poller(), cpu.clone());
        let whole = maker.whole(400_000);
        for _ in 0..2 {
            let cuts = cuts(&mut rng, 3, 400_000);
            let relayed = maker.relayed(&cuts, 400_000);
            assert_same(&relayed, &whole, &format!("{cpu:?} cut at {cuts:?}"));
            assert_eq!(Some(&relayed.began_at.instructions), cuts.last());
            let counted = (relayed.mips * relayed.wall_seconds * 1e6).round() as u64;
            assert_eq!(counted, 400_000 - relayed.began_at.instructions, "rates count from there");
        }
    }
}

#[test]
fn titles_are_cut_anywhere() {
    let mut rng = ChaCha8Rng::seed_from_u64(52);
    let numbers = if is_long() { &[1, 3][..] } else { &[3][..] };
    // In usual runs, the relays of golden runs cut most of the others.
    for (name, count, is_usual) in [
        ("hello.xex", 5_000, true),
        ("cpu-suite.xex", 6_000_000, false),
        ("sync-suite.xex", 30_000_000, false),
        ("demo.xex", 10_000_000, false),
        ("sound/tone.xex", 4_000_000, true),
        ("sound/xma.xex", 4_000_000, true),
    ] {
        if !is_usual && !is_long() {
            continue;
        }
        let maker = Maker::of_file(name, CpuConfig::default());
        let whole = maker.whole(count);
        for &number in numbers {
            let cuts = cuts(&mut rng, number, count);
            assert_same(&maker.relayed(&cuts, count), &whole, &format!("{name} cut at {cuts:?}"));
        }
    }
}

#[test]
fn a_state_of_one_engine_continues_in_another() {
    let first = Maker::new(poller(), interpreted());
    let second = Maker::new(poller(), CpuConfig::default());
    let whole = first.whole(400_000);
    let mut machine = first.machine();
    machine.run_until(&instruction_limit(123_456));
    let mut next = second.machine().load_state(&machine.save_state().unwrap()).unwrap();
    assert_same(&next.run(&instruction_limit(400_000)).report, &whole, "interpreted, then compiled");
}

#[test]
fn a_piece_ends_in_the_next_state_or_reports_the_difference() {
    let dir = tempfile::tempdir().unwrap();
    let maker = Maker::new(poller(), CpuConfig::default());
    let saved = dir.path().join("next.state");
    let mut machine = maker.machine();
    machine.run_until(&instruction_limit(50_000));
    machine.save_state_to(&saved).unwrap();
    let next = NextState::read(&saved).unwrap();
    let run_to = |machine: &mut Machine| {
        let end = machine.run_until(&instruction_limit(next.instructions));
        next.compare(machine, &end).unwrap()
    };
    assert_eq!(run_to(&mut maker.machine()), PieceEnd::Same);
    let mut changed = maker.machine();
    changed.memory().write(GuestAddr(DATA + 0x8000), 1_u32).unwrap();
    assert_eq!(run_to(&mut changed), PieceEnd::Different("section pages/0".to_owned()));
    let hello = Maker::of_file("hello.xex", CpuConfig::default());
    assert_eq!(run_to(&mut hello.machine()), PieceEnd::Short);
}

#[test]
fn a_state_of_another_title_or_other_conditions_is_refused() {
    let maker = Maker::new(poller(), interpreted());
    let mut machine = maker.machine();
    machine.run_until(&instruction_limit(1000));
    let state = machine.save_state().unwrap();
    let refusal = |maker: &Maker| format!("{:#}", maker.machine().load_state(&state).err().unwrap());
    let other = Maker::new(assembled(POLLER, "get_state", 0x191, "other data"), interpreted());
    assert!(refusal(&other).contains("of another title"), "{}", refusal(&other));
    let mut slower = Maker::new(poller(), interpreted());
    slower.config.executor.quantum = Some(1234);
    assert!(refusal(&slower).contains("--quantum"), "{}", refusal(&slower));
    // A machine that has run has state of its own.
    assert!(format!("{:#}", machine.load_state(&state).err().unwrap()).contains("has run already"));
    let checked = CpuConfig { cross_check: Some(CrossCheckUnit::Block), ..CpuConfig::default() };
    assert!(Maker::new(poller(), checked).machine().save_state().is_err(), "it has a second machine");
}

#[test]
fn a_run_continues_after_saving_a_state() {
    let dir = tempfile::tempdir().unwrap();
    let point = |count, name: &str| SavePoint { instructions: count, path: dir.path().join(name) };
    let maker = Maker::new(poller(), CpuConfig::default());
    let whole = maker.whole(400_000);
    let mut machine = maker.machine();
    machine.set_save_points(vec![point(300_000, "b"), point(100_001, "a"), point(400_000, "end")]);
    let finished = machine.run(&instruction_limit(400_000));
    assert!(!finished.has_lost_output);
    assert_same(&finished.report, &whole, "with save points");
    for name in ["a", "b", "end"] {
        let mut next = maker.machine().load_state_from(&dir.path().join(name)).unwrap();
        assert_same(&next.run(&instruction_limit(400_000)).report, &whole, name);
    }
    let mut machine = maker.machine();
    machine.set_save_points(vec![point(500_000, "late")]);
    let finished = machine.run(&instruction_limit(400_000));
    assert!(finished.has_lost_output && !dir.path().join("late").exists(), "the point was not reached");
}

/// Usual number of damaged files.
const DAMAGED_FILES: u64 = 60;

#[test]
fn a_damaged_file_is_refused_by_name_and_no_machine_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.state");
    let maker = Maker::new(poller(), interpreted());
    let mut machine = maker.machine();
    machine.run_until(&instruction_limit(1000));
    machine.save_state_to(&path).unwrap();
    machine.run_until(&instruction_limit(2000));
    let before = machine.save_state().unwrap();
    let whole = std::fs::read(&path).unwrap();
    Cases::new("XENIA_STATE_CASES", DAMAGED_FILES).each(|seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut bytes = whole.clone();
        if rng.random() {
            bytes.truncate(rng.random_range(0..bytes.len()));
        } else {
            let at = rng.random_range(0..bytes.len());
            bytes[at] ^= 1 << rng.random_range(0..8);
        }
        std::fs::write(&path, bytes).unwrap();
        let error = read_state(&path).and_then(|state| machine.restore(&state)).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.starts_with(&format!("cannot load {}: ", path.display())), "{error}");
        assert!(!machine.is_broken());
    });
    let after = machine.save_state().unwrap();
    assert!(before.sections() == after.sections(), "the machine has changed");
    assert!(maker.machine().load_state_from(&path).is_err(), "a new machine does not take it, either");
}

#[test]
fn pages_in_too_many_runs_are_refused() {
    let mut machine = Maker::new(poller(), interpreted()).machine();
    machine.run_until(&instruction_limit(1000));
    let mut state = machine.save_state().unwrap();
    let number = state.sections().iter().filter(|section| section.name.starts_with("pages")).count();
    // 1,025 runs of no page, and no contents.
    let bytes = [vec![0x81, 8], vec![0; 2 * 1025 + 1]].concat();
    state.put_stored(StoredSection { name: format!("pages/{number}"), version: 1, bytes }).unwrap();
    let error = format!("{:#}", machine.restore(&state).unwrap_err());
    assert!(error.ends_with("there are more runs than pages"), "{error}");
}

/// Usual number of states with changed bytes.
const CHANGED_STATES: u64 = 50;

#[test]
fn any_bytes_in_a_section_are_refused_or_run() {
    let cases = Cases::new("XENIA_STATE_CASES", CHANGED_STATES);
    let are_usual = cases.are_usual();
    let maker = Maker::of_file("sync-suite.xex", interpreted());
    let mut machine = maker.machine();
    machine.run_until(&instruction_limit(3_000_000));
    let state = machine.save_state().unwrap();
    let mut loaded = 0;
    cases.each(|seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut changed = StateFile::new(state.header.clone());
        let target = rng.random_range(0..state.sections().len());
        for (index, section) in state.sections().iter().enumerate() {
            let mut section = section.clone();
            // The pages are data of the guest.
            let is_changed = index == target || section.name.starts_with("pages");
            let changes = if is_changed { rng.random_range(1..4) } else { 0 };
            for _ in 0..changes {
                let at = rng.random_range(0..section.bytes.len());
                match rng.random_range(0..3) {
                    0 => section.bytes[at] ^= 1 << rng.random_range(0..8),
                    1 => section.bytes[at] = rng.random(),
                    _ => section.bytes[at] = 0xFF,
                }
            }
            changed.put_stored(section).unwrap();
        }
        if let Ok(mut next) = maker.machine().load_state(&changed) {
            loaded += 1;
            next.run_until(&instruction_limit(3_020_000));
            next.discard();
        }
    });
    assert!(loaded > 0 || !are_usual, "some changes are possible states");
}

/// Guest time between two loads of the parallel test, in two steps and a half at the first pace.
const BETWEEN_LOADS: GuestTicks = TICKS_PER_SECOND / 20;

/// Machines in parallel mode for a title of `guest/bin`, which is copied to `folder`, with the
/// numbers that it reads from files.
fn parallel(folder: &Path, name: &str, settings: &[(&str, u32)]) -> Maker {
    let title = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin")).join(name);
    std::fs::copy(&title, folder.join("default.xex")).unwrap();
    // Libraries of a title are in a folder of its name.
    let libraries = title.with_extension("");
    for library in std::fs::read_dir(&libraries).into_iter().flatten().flatten() {
        let place = folder.join(libraries.file_name().unwrap());
        std::fs::create_dir_all(&place).unwrap();
        std::fs::copy(library.path(), place.join(library.file_name())).unwrap();
    }
    for (file, number) in settings {
        std::fs::write(folder.join(file), number.to_string()).unwrap();
    }
    let title = Title::open_or_demo(Some(folder), &TitleConfig::default()).unwrap();
    let mut maker = Maker::new(title, CpuConfig::default());
    maker.config.executor.parallel = true;
    maker.config.start_time = Some(StartTime::At(1 << 57));
    maker
}

/// Machines for sync-suite with this pace.
fn parallel_suite(folder: &Path, pace: u32) -> Maker {
    parallel(folder, "sync-suite.xex", &[("pace", pace)])
}

/// Runs a suite, which is copied to a folder, until no case fails at one of the paces. `run` gets
/// the folder, the pace, and the time between two loads, and returns the exit code and the number
/// of loads. Returns the latter.
fn passing_loads(run: impl Fn(&Path, u32, GuestTicks) -> (Option<u32>, usize)) -> usize {
    let mut failed: Vec<String> = Vec::new();
    for pace in PACES {
        if let Some(why) = failed.last() {
            note_repeat(why);
        }
        let dir = tempfile::tempdir().unwrap();
        let between = BETWEEN_LOADS / GuestTicks::from(PACES[0]) * GuestTicks::from(pace);
        let (exit_code, loads) = run(dir.path(), pace, between);
        if exit_code == Some(0) {
            return loads;
        }
        failed.push(format!("{exit_code:?} with steps of {pace} ms, after {loads} loads"));
    }
    panic!("cases failed: {failed:?}");
}

/// Runs to the end, and continues in a machine of `makers` in turn after each `between` of guest
/// time, up to `most` times. Returns the exit code, and the number of loads.
fn run_with_loads(makers: &[&Maker], between: GuestTicks, most: usize) -> (Option<u32>, usize) {
    let mut machine = makers[0].machine();
    let mut loads = 0;
    let end = loop {
        // Each stop of a parallel machine costs the ends of its host threads.
        let ticks = (loads < most).then(|| machine.position().now + between);
        match machine.run_until(&Limits { ticks, ..Limits::default() }) {
            RunEnd::Ticks => {}
            end => break end,
        }
        // A moment at which a machine cannot be saved passes.
        if !machine.save_state().is_err_and(|error| error.is::<Unsaveable>()) {
            loads += 1;
            machine = makers[loads % makers.len()].successor(machine);
        }
    };
    assert!(matches!(end, RunEnd::Ended(_)), "{end:?}");
    (machine.run(&Limits::default()).report.exit_code, loads)
}

/// Number of loads of a parallel run; `XENIA_TEST_LOADS` sets another.
fn max_loads(usual: usize) -> usize {
    number_in_environment("XENIA_TEST_LOADS", usual)
}

#[test]
fn a_parallel_machine_continues_from_its_states() {
    let loads = passing_loads(|folder, pace, between| {
        run_with_loads(&[&parallel_suite(folder, pace)], between, max_loads(25))
    });
    assert!(loads > 10, "{loads} loads");
}

#[test]
fn console_services_continue_from_states() {
    let loads = passing_loads(|folder, pace, between| {
        let maker = parallel(folder, "console-suite.xex", &[("pace", pace)]);
        run_with_loads(&[&maker], between, max_loads(10))
    });
    assert!(loads > 0, "it has ended before a load");
}

#[test]
fn racing_threads_continue_from_states() {
    // The rounds last for the usual number of loads.
    let more = max_loads(4).div_ceil(4) as u32;
    for (name, settings) in [
        ("atomics", &[("operations", 30_000 * more)][..]),
        ("spawns", &[("threads", 100 * more), ("phases", 4)]),
        ("patches", &[("patches", 100 * more)]),
        ("wakes", &[("rounds", 6000 * more)]),
        ("objects", &[("rounds", 3000 * more)]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let maker = parallel(dir.path(), &format!("races/{name}.xex"), settings);
        // A fast host ends it sooner.
        let is_loaded = [10, 100, 1000].into_iter().any(|part| {
            let (exit_code, loads) = run_with_loads(&[&maker], BETWEEN_LOADS / part, max_loads(4));
            assert_eq!(exit_code, Some(0), "{name} failed, after {loads} loads");
            loads > 0
        });
        assert!(is_loaded, "{name} ended before a load");
    }
}

#[test]
fn a_state_of_one_mode_continues_in_the_other() {
    let loads = passing_loads(|folder, pace, between| {
        let parallel = parallel_suite(folder, pace);
        let mut lockstep = Maker { title: parallel.title.clone(), config: parallel.config.clone() };
        lockstep.config.executor.parallel = false;
        run_with_loads(&[&parallel, &lockstep], between, max_loads(25))
    });
    assert!(loads > 10, "{loads} loads");
}

#[test]
fn a_wait_of_a_cut_visit_continues() {
    // The scheduler's time is that of the round, and the wait began later in it.
    let maker = Maker::of_file("sync-suite.xex", CpuConfig::default());
    let whole = maker.whole(15_100_000);
    assert_same(&maker.relayed(&[15_061_486], 15_100_000), &whole, "cut in a round");
}
