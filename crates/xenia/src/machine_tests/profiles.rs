//! Tests of profiles: they do not change the run, and agree with exact counts.

use super::{instructions, poller};
use crate::config::{MachineConfig, TitleConfig, VideoConfig};
use crate::machine::{Machine, MachineOptions};
use crate::profile::{MAX_PROFILE_RATE, PROFILE_RATE, ProfileOutput};
use crate::report::RunReport;
use crate::title::Title;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_cpu::{EngineConfig, EngineCounters, Execute, Exit, Interpreter, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::{Flag, decode};
use xenia_memory::{DeviceQueue, GuestMemory};
use xenia_sched::{Limits, RunEnd};
use xenia_testing::number_in_environment;

fn run(profile: Option<&Path>) -> RunReport {
    let engine = MachineConfig::default();
    let picture = VideoConfig::default();
    let profile = profile.map(|path| ProfileOutput { path, rate: PROFILE_RATE });
    let options = MachineOptions { profile, ..MachineOptions::new(&engine, &picture) };
    Machine::new(&poller(), options).unwrap().run(&instructions()).report
}

#[test]
fn a_profile_does_not_change_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let alone = run(None);
    assert!(alone.digest.is_some());
    for name in ["p.json", "p.json.gz", "p.svg", "p.txt"] {
        let path = dir.path().join(name);
        let profiled = run(Some(&path));
        assert_eq!((&profiled.digest, profiled.instructions), (&alone.digest, alone.instructions));
        assert!(path.metadata().unwrap().len() > 100, "{name}");
    }
    let text = std::fs::read_to_string(dir.path().join("p.txt")).unwrap();
    assert!(text.contains("XamInputGetState"), "{text}");
}

/// An engine that counts the instructions at each address from which it runs straight on.
struct ExactCounts {
    interpreter: Interpreter,
    memory: Arc<GuestMemory>,
    /// Number of instructions to the next one that may go elsewhere, by address.
    straight: HashMap<u32, i64>,
    counts: Arc<Mutex<BTreeMap<u32, u64>>>,
}

impl ExactCounts {
    fn straight(&mut self, pc: u32) -> i64 {
        let Self { straight, memory, .. } = self;
        *straight.entry(pc).or_insert_with(|| {
            let words = (pc..pc | 0xFFF).step_by(4).map(|at| memory.read::<u32>(GuestAddr(at)));
            let is_last = |word| decode(word).is_none_or(|op| op.row().has(Flag::last));
            let before = words.take_while(|word| word.is_ok_and(|word| !is_last(word))).count();
            before as i64 + 1
        })
    }
}

impl Execute for ExactCounts {
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        let mut executed = BTreeMap::<u32, u64>::new();
        let exit = loop {
            let pc = ctx.pc;
            let before = ctx.executed();
            let rest = (ctx.budget - self.straight(pc)).max(0);
            let exit = ctx.with_budget_held(rest, |ctx| self.interpreter.run(ctx, devices));
            *executed.entry(pc).or_default() += ctx.executed() - before;
            if exit != Exit::Budget || rest == 0 {
                break exit;
            }
        };
        let mut counts = self.counts.lock();
        for (pc, count) in executed {
            *counts.entry(pc).or_default() += count;
        }
        exit
    }

    fn name(&self) -> &'static str {
        "exact counts"
    }

    fn counters(&self) -> EngineCounters {
        self.interpreter.counters()
    }
}

/// Instructions of each function in the run's beginning.
fn exact(title: &Title, limits: &Limits) -> BTreeMap<String, u64> {
    let config = MachineConfig::default();
    let video = VideoConfig::default();
    let mut machine = Machine::new(title, MachineOptions::new(&config, &video)).unwrap();
    let memory = machine.memory().clone();
    let interpreter = Interpreter::new(memory.clone(), EngineConfig::default());
    let counts = Arc::<Mutex<BTreeMap<u32, u64>>>::default();
    let straight = HashMap::new();
    machine.replace_engine(Box::new(ExactCounts { interpreter, memory, straight, counts: counts.clone() }));
    let end = machine.run_until(limits);
    assert!(matches!(end, RunEnd::Instructions | RunEnd::Ended(_)), "{end:?}");
    let mut functions = BTreeMap::new();
    for (&pc, count) in counts.lock().iter() {
        let name = machine.place_of(pc).map_or_else(|| format!("{pc:#010x}"), |place| place.name);
        *functions.entry(name).or_default() += count;
    }
    functions
}

/// A profile's tables: samples of guest code, and each function's samples and percentage of the
/// instructions.
fn samples_of(text: &str) -> (u64, BTreeMap<String, (u64, f64)>) {
    let whole = text.lines().find(|line| line.ends_with(" guest code")).expect(text);
    let whole = whole.split_whitespace().next().unwrap().parse().unwrap();
    let (_, functions) = text.split_once("\nFunctions\n").expect(text);
    let rows = functions.lines().skip(1).take_while(|line| !line.is_empty());
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let name = words.get(4)?;
        Some(((*name).to_owned(), (words.first()?.parse().ok()?, words.get(3)?.parse().ok()?)))
    };
    let rows = rows.filter(|line| !line.contains("(ours)") && !line.contains("(kernel)"));
    (whole, rows.filter_map(row).collect())
}

/// The ten hottest functions by samples and by exact counts. `XENIA_PROFILE_TITLE` names another
/// title, `XENIA_PROFILE_LENGTH` its instructions, `XENIA_PROFILE_RUNS` the number of profiles that
/// are added up. The first has `XENIA_PROFILE_RATE` samples a second, and each other one a few
/// less, so that it samples other instructions.
#[test]
#[cfg_attr(windows, ignore = "its sleeps are too long for the rate of samples")]
fn a_profile_agrees_with_exact_counts() {
    /// Samples of time that must be there.
    const ENOUGH: u64 = 100;
    let length = number_in_environment("XENIA_PROFILE_LENGTH", 60_000_000_u64);
    let runs = number_in_environment("XENIA_PROFILE_RUNS", 4_u64);
    let rate = number_in_environment("XENIA_PROFILE_RATE", MAX_PROFILE_RATE);
    let usual = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/cpu-suite.elf")).into();
    let named = std::env::var_os("XENIA_PROFILE_TITLE");
    let path = named.map_or(usual, PathBuf::from);
    let title = Title::open_or_demo(Some(&path), &TitleConfig::default()).unwrap();
    let limits = Limits { instructions: Some(length), ..Limits::default() };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("p.txt");
    let mut rates = 0.0;
    let mut samples = 0;
    let mut sampled = BTreeMap::<String, (u64, f64)>::new();
    let mut ran = 0_u32;
    // More where the host is fast, or has no time for the thread that samples.
    for run in 0..20 * runs {
        if run >= runs && samples > ENOUGH {
            break;
        }
        ran += 1;
        let rate = rate - rate / 40 * (run as u32 % 20);
        let config = MachineConfig::default();
        let video = VideoConfig::default();
        let profile = Some(ProfileOutput { path: &file, rate });
        let options = MachineOptions { profile, ..MachineOptions::new(&config, &video) };
        assert!(!Machine::new(&title, options).unwrap().run(&limits).has_lost_output);
        let (whole, functions) = samples_of(&std::fs::read_to_string(&file).unwrap());
        samples += whole;
        rates += f64::from(rate);
        for (name, (count, instructions)) in functions {
            let sum = sampled.entry(name).or_default();
            *sum = (sum.0 + count, sum.1 + instructions);
        }
    }
    let exact = exact(&title, &limits);
    let all = exact.values().sum::<u64>() as f64;
    let samples = samples as f64;
    let mut hottest: Vec<_> = exact.iter().collect();
    hottest.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    assert!(hottest.len() >= 10 && samples > ENOUGH as f64, "{samples} samples");
    // As `profile::stride` has it.
    let strides = all / 1e9 * rates;
    println!("{samples} samples of time, {strides:.0} of {all} instructions");
    let mut hot = (0.0, 0.0);
    let mut wrong = Vec::new();
    for (name, &count) in hottest.into_iter().take(10) {
        let share = 100.0 * count as f64 / all;
        let (found, instructions) = sampled.get(name).copied().unwrap_or_default();
        let found = 100.0 * found as f64 / samples;
        let time_ratio = found / share;
        let instructions = instructions / f64::from(ran);
        let ratio = instructions / share;
        println!(
            "{share:6.2} % exactly, {found:6.2} % of samples of time ({time_ratio:.3}), \
             {instructions:6.2} % of those of instructions ({ratio:.3}): {name}"
        );
        // Each sample represents the same number of instructions: four standard deviations.
        let spread = 4.0 / (strides * share / 100.0).sqrt();
        if (ratio - 1.0).abs() > spread.max(0.05) {
            wrong.push(name);
        }
        hot = (hot.0 + share, hot.1 + instructions);
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!((hot.0 - hot.1).abs() < 5.0, "{hot:?}");
}
