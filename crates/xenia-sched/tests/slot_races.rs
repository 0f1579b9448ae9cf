//! Race tests of a parallel run: hardware threads operate on threads of other slots while these
//! run, wait, move and end.

use crate::scripted::{exit, forever, machine};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use xenia_sched::{
    Alertable, Cpu, Disposition, EndKind, HW_THREADS, Limits, RunEnd, Running, SchedError, SpawnParameters,
    ThreadRef, WakeResult, Woken,
};
use xenia_testing::{Dice, is_long};

/// One step of a thread that alternately wakes its peer and waits to be woken by it; it ends after
/// `rounds` steps. The even thread of the pair begins.
fn ping_pong(cpu: &mut dyn Cpu, running: &mut Running, peer: ThreadRef, rounds: u64) -> Disposition {
    let step = running.ctx.gpr[5];
    let odd = u64::from(running.id % 2);
    if step > 0 {
        assert_eq!(
            running.ctx.gpr[3],
            step - odd,
            "thread {} in step {step} was woken for another",
            running.id
        );
    }
    // At the end no thread waits for the even one's wake.
    let last = step == rounds;
    if (step > 0 || odd == 0) && !(last && odd == 0) {
        // Retry until the other thread has reached its wait.
        if cpu.wake(peer, WakeResult { value: step, boost: 1 }).unwrap() == Woken::NotWaiting {
            return Disposition::EndVisit;
        }
    }
    if last {
        return exit(cpu, running);
    }
    running.ctx.gpr[5] += 1;
    cpu.open_wait(running.thread, Alertable::No).unwrap();
    forever()
}

#[test]
fn pairs_on_six_slots_share_no_lock() {
    const ROUNDS: u64 = 20_000;
    let threads: Vec<_> = (0..2 * HW_THREADS).map(|n| (n as u32, (n / 2) as u8)).collect();
    let mut machine = machine(&threads, move |threads, cpu, running| {
        let peer = threads[running.id as usize ^ 1];
        ping_pong(cpu, running, peer, ROUNDS)
    });
    let end = machine.run(&Limits { halt_on_deadlock: true, ..Limits::default() });
    assert!(matches!(end, RunEnd::Ended(EndKind::Exit { .. })), "{end:?}");
    let counters = machine.scheduler.counters();
    let least = 2 * ROUNDS * HW_THREADS as u64;
    assert!(counters.wakes >= least && counters.lock_takes >= 3 * least, "{counters:?}");
    // Only when no thread runs does the time-keeper lock all slots.
    assert!(counters.lock_waits < least / 1000, "{counters:?}");
}

/// Threads of the script: first the pairs, then the one that moves them, the one that suspends
/// them, and the one that creates others.
const PAIRS: u32 = 4;
const MOVER: u32 = 2 * PAIRS;
const STOPPER: u32 = MOVER + 1;
const MAKER: u32 = MOVER + 2;
/// Ids of threads that are created during the run.
const MADE: u32 = 1000;

#[test]
fn no_wake_is_lost_while_threads_are_moved_stopped_made_and_ended() {
    let rounds = if is_long() { 50_000 } else { 15_000 };
    let threads: Vec<_> = (0..=MAKER).map(|id| (id, (id % HW_THREADS as u32) as u8)).collect();
    let ended = AtomicU64::new(0);
    let made = Arc::new(AtomicU64::new(0));
    let ran = Arc::new(AtomicU64::new(0));
    let made_count = made.clone();
    let ran_count = ran.clone();
    let mut machine = machine(&threads, move |threads, cpu, running| {
        assert_eq!(running.hw_id, running.ctx.hw_id, "it runs where its registers say");
        let all_over = || ended.load(SeqCst) == u64::from(2 * PAIRS);
        let mut dice = Dice(u64::from(running.id) << 32 ^ running.ctx.gpr[6]);
        running.ctx.gpr[6] += 1;
        let any = threads[dice.below(2 * PAIRS as usize)];
        match running.id {
            id if id < 2 * PAIRS => {
                let last = running.ctx.gpr[5] == rounds;
                let step = ping_pong(cpu, running, threads[id as usize ^ 1], rounds);
                ended.fetch_add(u64::from(last && step == Disposition::Continue), SeqCst);
                return step;
            }
            MOVER => {
                let mask = 1 << dice.below(HW_THREADS) | 1 << dice.below(HW_THREADS);
                let placement = cpu.set_affinity(any, mask).unwrap();
                assert!(mask >> placement.hw_id & 1 == 1, "{placement:?} {mask:#x}");
            }
            STOPPER => {
                let before = running.ctx.gpr[7];
                let stopped = |r: Result<u32, SchedError>| {
                    r.map_or_else(|error| error == SchedError::Exited(any), |n| n < 2)
                };
                assert!(stopped(cpu.suspend(any)));
                cpu.set_priority(any, 8 + (before % 8) as u8).unwrap();
                assert!(cpu.priority(any).unwrap() <= 16);
                assert!(stopped(cpu.resume(any)));
                running.ctx.gpr[7] += 1;
            }
            MAKER => {
                let parameters = SpawnParameters {
                    ctx: Box::default(),
                    id: MADE + running.ctx.gpr[6] as u32,
                    priority: 8,
                    affinity: 0x3F,
                    ideal: dice.below(HW_THREADS) as u8,
                    suspended: false,
                    service: false,
                    wait: None,
                };
                // Limits the number of live threads.
                if made_count.load(SeqCst) < ran_count.load(SeqCst) + 64 {
                    let thread = cpu.spawn(parameters).unwrap();
                    made_count.fetch_add(1, SeqCst);
                    cpu.release(thread).unwrap();
                }
            }
            _ => {
                ran_count.fetch_add(1, SeqCst);
                return exit(cpu, running);
            }
        }
        if all_over() { exit(cpu, running) } else { Disposition::Continue }
    });
    let end = machine.run(&Limits { halt_on_deadlock: true, ..Limits::default() });
    assert!(matches!(end, RunEnd::Ended(EndKind::Exit { .. })), "{end:?}");
    let made = made.load(SeqCst);
    let ran = ran.load(SeqCst);
    assert!(made > 0 && made == ran, "{made} made, {ran} ran");
    let scheduler = &machine.scheduler;
    let counters = scheduler.counters();
    assert_eq!((scheduler.live_threads(), scheduler.non_empty_runnable()), (0, 0));
    assert_eq!(counters.spawn_ok, made + threads.len() as u64);
    assert!(counters.wakes >= 2 * rounds * u64::from(PAIRS) && counters.migrations > 100, "{counters:?}");
    assert_eq!((counters.deadlock_halts, counters.deadlock_recoveries), (0, 0));
    assert!(scheduler.threads().count() < threads.len() + HW_THREADS * 64, "ended threads are freed");
}

#[test]
fn guest_sees_the_last_of_concurrent_priority_changes() {
    const ROUNDS: u64 = 20_000;
    /// The thread whose priority is reported, the one that boosts it, and the one that moves it.
    const REPORTED: u32 = 0;
    const BOOSTER: u32 = 1;
    const MOVER: u32 = 2;
    let reported = Arc::<Mutex<BTreeMap<u32, u8>>>::default();
    let priorities = reported.clone();
    let mut machine = machine(
        &[(REPORTED, 0), (BOOSTER, 1), (MOVER, 2), (3, 3), (4, 4), (5, 5)],
        move |threads, cpu, running| {
            let round = running.ctx.gpr[5];
            running.ctx.gpr[5] += 1;
            match running.id {
                REPORTED => {
                    // While it runs, only its own slot changes its priority.
                    let reported = priorities.lock().unwrap().get(&REPORTED).copied();
                    assert!(
                        reported.is_none_or(|reported| reported == cpu.priority(running.thread).unwrap()),
                        "{reported:?} in {round}"
                    );
                    if round == ROUNDS {
                        return Disposition::End(EndKind::Exit { code: 0 });
                    }
                    if round % 4 != 0 {
                        // Its boost decays.
                        return Disposition::EndVisit;
                    }
                    cpu.open_wait(running.thread, Alertable::No).unwrap();
                    return forever();
                }
                BOOSTER => {
                    let result = WakeResult { value: 1, boost: 1 + (round % 6) as u8 };
                    let _ = cpu.wake(threads[0], result).unwrap();
                }
                MOVER => {
                    cpu.set_affinity(threads[0], 1 << (round % 6)).unwrap();
                }
                // The other slots have boundaries at which they report.
                _ => {}
            }
            Disposition::EndVisit
        },
    );
    machine.system.reported = reported;
    assert_eq!(machine.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 0 }));
}
