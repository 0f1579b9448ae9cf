//! Tests of the fast path for a single runnable thread: only the number of visits may differ from
//! separate quanta.

use super::*;
use std::fmt::Debug;
use xenia_memory::{GPU_REGISTERS, GuestMemory};
use xenia_testing::Dice;

/// A machine whose system is quiet or not, so that rounds may be skipped or not.
fn quiet(is_quiet: bool, config: SchedulerConfig, scripts: &[(u8, u8, &[Step])]) -> LockstepHarness {
    let mut m = machine(config, scripts);
    m.executor.system.is_quiet = is_quiet;
    m
}

/// All results of a run that a guest could observe.
pub(super) fn observed(m: &LockstepHarness) -> (u64, GuestTicks, Vec<String>, Vec<(u32, u8)>, String) {
    let scheduler = &m.executor.scheduler;
    let lines = m.lines.0.lock().unwrap().clone();
    let priorities = m.executor.system.priorities.clone();
    let counters = format!("{:?}", scheduler.counters());
    (m.executor.instructions(), scheduler.now(), lines, priorities, counters)
}

/// Runs scripts with several quanta at once and with single ones, and compares the results and all
/// that a guest could observe. Returns the number of visits in both cases.
fn compare<T: PartialEq + Debug>(
    what: &str,
    scripts: &[(u8, u8, &[Step])],
    run: impl Fn(&mut LockstepHarness) -> T,
) -> (usize, usize) {
    let [(plain, plain_visits), (long, long_visits)] = [false, true].map(|is_quiet| {
        let mut m = quiet(is_quiet, SchedulerConfig::default(), scripts);
        let outcome = run(&mut m);
        ((outcome, observed(&m)), m.executor.system.visits.len())
    });
    assert_eq!(plain, long, "{what}");
    (long_visits, plain_visits)
}

pub(super) fn random_script(dice: &mut Dice) -> Vec<Step> {
    let step = |dice: &mut Dice| match dice.next() % 16 {
        0..5 => Step::Run(dice.next() % 3_000_000),
        5..7 => Step::Run(50_000 * (dice.next() % 40)),
        7 => Step::Yield,
        8..11 => Step::Call(WAKE_FIRST),
        11 => Step::Call(PARK),
        12 => Step::Call(FRAME),
        _ => Step::Call(SLEEP_1000),
    };
    (0..dice.next() % 12).map(|_| step(dice)).collect()
}

#[test]
fn merged_quanta_are_unobservable_to_the_guest() {
    let mut longer = 0;
    for seed in 0..1000 {
        let mut dice = Dice(seed);
        let mut scripts: Vec<(u8, u8, Vec<Step>)> = (0..=dice.next() % 3)
            .map(|_| ((dice.next() % 6) as u8, 8 + (dice.next() % 2) as u8, random_script(&mut dice)))
            .collect();
        for _ in 0..dice.next() % 4 {
            // Waits for the other threads, and records when it was woken.
            scripts[0]
                .2
                .splice(0..0, [Step::Call(PARK), Step::Run(dice.next() % 90_000), Step::Call(SLEEP_1000)]);
        }
        let scripts: Vec<(u8, u8, &[Step])> =
            scripts.iter().map(|(slot, priority, steps)| (*slot, *priority, &steps[..])).collect();
        let limits: Vec<Limits> = (1..=4_u64)
            .map(|n| match dice.next() % 3 {
                0 => Limits { instructions: Some(n * (dice.next() % 9_000_000)), ..Limits::default() },
                1 => Limits { ticks: Some(n * (dice.next() % 600_000)), ..Limits::default() },
                _ => Limits {
                    ticks_between_frames: Some(dice.next() % 400_000),
                    ticks: Some(n * 700_000),
                    ..Limits::default()
                },
            })
            .collect();
        let (long, visits) = compare(&format!("seed {seed}"), &scripts, |m| {
            let mut ends: Vec<String> =
                limits.iter().map(|limits| format!("{:?}", m.executor.run(limits))).collect();
            let end = m.executor.run(&instructions(m.executor.instructions() + 12_345_678));
            ends.push(format!("{end:?}"));
            ends
        });
        assert!(long <= visits, "seed {seed}");
        longer += usize::from(long < visits);
    }
    assert!(longer > 400, "{longer} of 1000 had fewer visits");
}

#[test]
fn a_peer_that_is_woken_waits_for_the_end_of_the_quantum() {
    const QUANTUM: u64 = 50_000;
    // The threads take turns until the first one parks in the middle of a visit.
    let first = [Step::Run(10 * QUANTUM + 20_000), Step::Call(PARK), Step::Call(SLEEP_1000), Step::Call(END)];
    for until_call in [14 * QUANTUM + 25_000, 15 * QUANTUM + 29_000, 13 * QUANTUM + 31_000] {
        let second = [Step::Run(until_call), Step::Call(WAKE_FIRST)];
        let scripts: &[(u8, u8, &[Step])] = &[(0, 8, &first), (0, 8, &second)];
        let (long, visits) = compare("", scripts, |m| m.executor.run(&Limits::default()));
        assert!(long < visits);
    }
}

#[test]
fn a_boost_is_lost_quantum_by_quantum() {
    let second = [Step::Run(1_000_000), Step::Call(BOOST_FIRST), Step::Call(PARK)];
    for quanta in 21..26 {
        let limits = Limits { ticks: Some(quanta * 3125), ..Limits::default() };
        compare("", &[(0, 8, &[Step::Call(PARK)]), (1, 8, &second)], |m| {
            m.executor.run(&limits);
            assert!(!m.executor.system.priorities.is_empty());
        });
    }
}

#[test]
fn a_round_that_a_reservation_has_made_longer_is_as_long() {
    let first = [Step::Run(20 * 50_000 - 2), Step::Reserve(true), Step::Run(60), Step::Call(PARK)];
    for (holder, other) in [(0, 1), (3, 5)] {
        let scripts: &[(u8, u8, &[Step])] = &[(holder, 8, &first), (other, 8, &[])];
        compare("", scripts, |m| m.executor.run(&instructions(60 * 50_000)));
    }
}

#[test]
fn due_events_fire_at_the_end_of_the_same_quantum() {
    for (at, late) in [(1_000_000, false), (1_000_001, true), (1_003_125, false), (1_003_126, true)] {
        let scripts: &[(u8, u8, &[Step])] = &[(0, 8, &[Step::Call(PARK), Step::Call(END)]), (1, 8, &[])];
        let (long, visits) = compare(&at.to_string(), scripts, |m| {
            m.executor.system.next_event = Some(at);
            m.executor.system.late = late;
            let end = m.executor.run(&Limits::default());
            assert_eq!(end, RunEnd::Ended(EndKind::Exit { code: 42 }));
        });
        assert!(long * 4 < visits, "{long} and {visits} visits");
    }
}

#[test]
fn rounds_in_shuffled_orders_are_all_had() {
    let order = OrderMode::Seeded { seed: 3 };
    let config = SchedulerConfig { order, ..SchedulerConfig::default() };
    let mut m = quiet(true, config, &[(0, 8, &[])]);
    assert_eq!(m.executor.run(&instructions(100 * 50_000)), RunEnd::Instructions);
    assert_eq!(m.executor.system.visits.len(), 100);
}

/// Executes its whole budget, and stores to a device in one of its runs.
struct StoresOnce {
    runs: u64,
    at: u64,
    memory: Arc<GuestMemory>,
}

impl Execute for StoresOnce {
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        self.runs += 1;
        if self.runs == self.at {
            self.memory.device_store(GPU_REGISTERS.0, 4, 1, devices).unwrap();
        }
        ctx.budget = 0;
        Exit::Budget
    }

    fn name(&self) -> &'static str {
        "stores once"
    }

    fn counters(&self) -> EngineCounters {
        EngineCounters::default()
    }
}

#[test]
fn a_machine_that_has_stored_to_a_device_runs_quanta_one_by_one() {
    const AT: u64 = 20;
    let m = quiet(true, SchedulerConfig::default(), &[(0, 8, &[])]);
    let engine = Box::new(StoresOnce { runs: 0, at: AT, memory: GuestMemory::new().unwrap() });
    let mut executor = LockstepExecutor::new(m.executor.scheduler, engine, m.executor.system);
    assert_eq!(executor.run(&instructions(500 * 50_000)), RunEnd::Instructions);
    let ends: Vec<GuestTicks> = executor.system.visits.iter().map(|&(_, now)| now).collect();
    let lengths: Vec<GuestTicks> = ends.windows(2).map(|two| two[1] - two[0]).collect();
    let (before, after) = lengths.split_at(AT as usize - 1);
    assert!(before.iter().any(|&length| length > 3125), "{before:?}");
    assert!(after.len() > 100 && after.iter().all(|&length| length == 3125), "{after:?}");
}
