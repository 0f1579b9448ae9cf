//! Saved states of the lockstep executor: a machine that is saved, and restored into a fresh one,
//! continues as if it had not been saved.

use super::alone::{observed, random_script};
use super::*;
use serde::{Deserialize, Serialize};
use xenia_memory::{GPU_REGISTERS, GuestMemory};
use xenia_sched::LockstepState;
use xenia_state::{StateSection, StoredSection};
use xenia_testing::Dice;

/// The state as a section of its own, which files of states lack.
#[derive(Serialize, Deserialize)]
struct SavedLockstep(LockstepState);

impl StateSection for SavedLockstep {
    const NAME: &'static str = "test/lockstep";
    const VERSION: u16 = 1;
}

fn stored(m: &LockstepHarness) -> StoredSection {
    StoredSection::encode(&SavedLockstep(m.executor.state().unwrap())).unwrap()
}

/// A machine with the saved state of another.
fn relayed(m: &LockstepHarness, config: SchedulerConfig) -> LockstepHarness {
    let saved = stored(m);
    let mut fresh = m.fresh(config);
    let SavedLockstep(state) = saved.decode().unwrap();
    fresh.executor.restore(state).unwrap();
    assert!(stored(&fresh) == saved, "the state of the restored machine is another");
    fresh
}

/// A random machine: threads that migrate, wait, exit and hold reservations.
fn random_machine(dice: &mut Dice) -> (SchedulerConfig, LockstepHarness) {
    let order = match dice.next() % 3 {
        0 => OrderMode::Seeded { seed: dice.next() },
        _ => OrderMode::Fixed,
    };
    let quantum = if dice.next().is_multiple_of(2) { 50_000 } else { 1 + dice.next() as u32 % 10_000 };
    let config = SchedulerConfig { order, quantum };
    let scripts: Vec<(u8, u8, Vec<Step>)> = (0..=dice.next() % 9)
        .map(|_| {
            let mut script = random_script(dice);
            for step in &mut script {
                match dice.next() % 20 {
                    0 => *step = Step::Reserve(true),
                    1 => *step = Step::Call(EXIT),
                    2..5 => *step = Step::Run(dice.next() % 200),
                    _ => {}
                }
            }
            ((dice.next() % 6) as u8, 8 + (dice.next() % 3) as u8, script)
        })
        .collect();
    let scripts: Vec<(u8, u8, &[Step])> =
        scripts.iter().map(|(slot, priority, steps)| (*slot, *priority, &steps[..])).collect();
    let mut m = machine(config.clone(), &scripts);
    let system = &mut m.executor.system;
    system.is_quiet = dice.next().is_multiple_of(2);
    for &thread in &system.threads {
        if dice.next().is_multiple_of(2) {
            let mask = 1 + dice.next() as u32 % 63;
            m.executor.scheduler.set_affinity(thread, mask).unwrap();
        }
        if dice.next().is_multiple_of(8) {
            m.executor.scheduler.suspend(thread).unwrap();
        }
    }
    (config, m)
}

#[test]
fn a_restored_machine_continues_as_the_saved_one() {
    let mut gaps = 0;
    for seed in 0..1000 {
        let build = || random_machine(&mut Dice(seed));
        let mut dice = Dice(!seed);
        let cuts: Vec<Limits> = (1..=3_u64)
            .map(|n| match dice.next() % 3 {
                0 => Limits { ticks: Some(n * (dice.next() % 60_000)), ..Limits::default() },
                _ => instructions(n * (dice.next() % 3_000_000)),
            })
            .collect();
        let last = instructions(20_000_000);
        let (_, mut whole) = build();
        let end = whole.executor.run(&last);
        let (config, mut parts) = build();
        let mut ended = None;
        for cut in &cuts {
            match parts.executor.run(cut) {
                RunEnd::Ticks => gaps += 1,
                RunEnd::Instructions => {}
                by_itself => {
                    ended = Some(by_itself);
                    break;
                }
            }
            let mut next = relayed(&parts, config.clone());
            std::mem::swap(&mut parts, &mut next);
        }
        let ended = ended.unwrap_or_else(|| parts.executor.run(&last));
        assert_eq!(ended, end, "seed {seed}");
        assert_eq!(observed(&whole), observed(&parts), "seed {seed}");
        let seen = |m: &LockstepHarness| {
            let TestSystem { frames, visits, moves, .. } = &m.executor.system;
            (*frames, visits.clone(), moves.clone())
        };
        assert_eq!(seen(&whole), seen(&parts), "seed {seed}");
        assert!(stored(&whole) == stored(&parts), "seed {seed}");
    }
    assert!(gaps > 100, "{gaps} of 1000 were cut at a time");
}

#[test]
fn a_state_depends_on_neither_frame_limits_nor_cuts() {
    let frame = Step::Call(FRAME);
    let script = [Step::Run(10), frame, Step::Run(70_000), frame, Step::Run(100_000)];
    let state_after = |runs: &[Limits]| {
        let mut m = machine(SchedulerConfig::default(), &[(0, 8, &script)]);
        for limits in runs {
            assert_eq!(m.executor.run(limits), RunEnd::Instructions);
        }
        stored(&m)
    };
    let with_frame_limits =
        |cut: u64| Limits { frames: Some(99), ticks_between_frames: Some(1 << 30), ..instructions(cut) };
    let whole = state_after(&[instructions(120_000)]);
    assert!(state_after(&[with_frame_limits(120_000)]) == whole, "with limits");
    // The first frame is shown in the visit that is cut.
    let cut = [with_frame_limits(20), with_frame_limits(120_000)];
    assert!(state_after(&cut) == whole, "cut after a frame");
}

/// Stores to a device register in each instruction.
struct EachStores(Arc<GuestMemory>);

impl Execute for EachStores {
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        while ctx.budget > 0 {
            self.0.device_store(GPU_REGISTERS.0, 4, u128::from(ctx.executed()), devices).unwrap();
            ctx.budget -= 1;
        }
        Exit::Budget
    }

    fn name(&self) -> &'static str {
        "each stores"
    }

    fn counters(&self) -> EngineCounters {
        EngineCounters::default()
    }
}

#[test]
fn the_stores_of_a_visit_that_is_cut_are_kept() {
    let memory = GuestMemory::new().unwrap();
    let config = SchedulerConfig { quantum: 100, ..SchedulerConfig::default() };
    let made = || {
        let m = machine(config.clone(), &[(0, 8, &[])]);
        let engine = Box::new(EachStores(memory.clone()));
        LockstepExecutor::new(m.executor.scheduler, engine, m.executor.system)
    };
    let mut first = made();
    assert_eq!(first.run(&instructions(130)), RunEnd::Instructions);
    assert_eq!(first.system.stores.len(), 100);
    let saved = StoredSection::encode(&SavedLockstep(first.state().unwrap())).unwrap();
    let SavedLockstep(state) = saved.decode().unwrap();
    let mut second = made();
    second.restore(state).unwrap();
    for executor in [&mut first, &mut second] {
        assert_eq!(executor.run(&instructions(200)), RunEnd::Instructions);
        let stores = std::mem::take(&mut executor.system.stores);
        assert_eq!(stores[stores.len() - 100..], (0..100).collect::<Vec<u32>>());
    }
}

#[test]
fn a_changed_state_is_refused_or_runs() {
    let park = [Step::Run(100), Step::Call(PARK)];
    let sleep = [Step::Run(150), Step::Call(SLEEP_1000), Step::Yield, Step::Run(70_000)];
    let exit = [Step::Run(50), Step::Call(EXIT)];
    let scripts: &[(u8, u8, &[Step])] = &[(0, 8, &park), (1, 9, &sleep), (1, 8, &exit), (0, 8, &[])];
    let config = SchedulerConfig { quantum: 1000, ..SchedulerConfig::default() };
    let mut m = machine(config.clone(), scripts);
    for thread in m.executor.system.threads.clone() {
        m.executor.scheduler.set_affinity(thread, 3).unwrap();
    }
    assert_eq!(m.executor.run(&instructions(3210)), RunEnd::Instructions);
    let saved = stored(&m);
    let mut restored = 0;
    let mut refused = 0;
    for at in 0..saved.bytes.len() {
        for change in [1, 2, 0x80] {
            let mut changed = saved.clone();
            changed.bytes[at] ^= change;
            let mut fresh = m.fresh(config.clone());
            match changed.decode().map(|SavedLockstep(state)| fresh.executor.restore(state)) {
                Ok(Ok(())) => {
                    let limits = instructions(fresh.executor.instructions() + 100_000);
                    let ticks = Some(fresh.executor.scheduler.now() + 100_000);
                    let _ = fresh.executor.run(&Limits { ticks, ..limits });
                    restored += 1;
                }
                Ok(Err(_)) | Err(_) => refused += 1,
            }
        }
    }
    // Most bytes are registers, all of whose values are possible.
    assert!(restored > 1000 && refused > 500, "{restored} restored, {refused} refused");
}

#[test]
fn recorded_contention_continues_from_a_state_only_if_complete() {
    let plain = || machine(SchedulerConfig::default(), &[(0, 8, &[Step::Run(100)])]);
    let recording = || {
        let mut m = plain();
        m.executor.scheduler.record_contention();
        m
    };
    let restored = |mut m: LockstepHarness, from: LockstepHarness| {
        let restored = m.executor.restore(from.executor.state().unwrap());
        restored.map(|()| m.executor.scheduler.take_recorded_contention().is_some())
    };
    assert_eq!(restored(recording(), recording()), Ok(true));
    assert_eq!(restored(plain(), plain()), Ok(false));
    let error = restored(recording(), plain()).unwrap_err();
    assert!(error.to_string().contains("did not record contention"), "{error}");
}
