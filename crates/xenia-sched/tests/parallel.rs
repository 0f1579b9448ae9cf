//! Tests of the parallel executor, with an engine that only makes calls: the test's function
//! decides what threads do.

use crate::scripted::{QUANTUM, Work, exit, forever, machine, machine_of, machine_with};
use crate::storer::Storer;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use xenia_cpu::{EngineCounters, Execute, Exit, PpcContext};
use xenia_memory::DeviceQueue;
use xenia_sched::{
    Alertable, Disposition, EndKind, HW_THREADS, Limits, QUANTUM_DEFAULT, RunEnd, RunObserver, RunProgress,
    TICKS_PER_SECOND, WakeResult, Woken,
};

/// Engine that executes a visit in 6 µs, as fast hosts do, and calls after [`VISITS`].
#[derive(Default)]
struct Fast {
    /// Visits of this engine and all forks, which only the first one reports.
    visits: Arc<AtomicU64>,
    is_fork: bool,
}

/// Visits of [`Fast`] between two calls: 12 ms, and 31 ms if a tick were 64 instructions.
const VISITS: u64 = 2000;

impl Execute for Fast {
    fn run(&mut self, ctx: &mut PpcContext, _: &mut DeviceQueue) -> Exit {
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(6) {}
        ctx.budget = 0;
        self.visits.fetch_add(1, SeqCst);
        ctx.gpr[4] += 1;
        if ctx.gpr[4].is_multiple_of(VISITS) { Exit::Syscall { lev: 2 } } else { Exit::Budget }
    }

    fn name(&self) -> &'static str {
        "fast"
    }

    fn counters(&self) -> EngineCounters {
        let functions = if self.is_fork { 0 } else { self.visits.load(SeqCst) };
        EngineCounters { functions, ..EngineCounters::default() }
    }

    fn fork(&self) -> Option<Box<dyn Execute>> {
        Some(Box::new(Fast { visits: self.visits.clone(), is_fork: true }))
    }
}

#[test]
fn guest_time_does_not_get_ahead_of_the_clock_on_a_fast_host() {
    let first = Mutex::new(None);
    let engine = Box::<Fast>::default();
    let mut machine = machine_of(QUANTUM_DEFAULT, engine, &[(1, 0)], move |_, cpu, running| {
        let begun = Instant::now();
        let now = cpu.now();
        let Some((start, before)) = first.lock().unwrap().replace((begun, now)) else {
            return Disposition::Continue;
        };
        let host = start.elapsed() + Duration::from_millis(1);
        let passed = (now - before) as f64 / TICKS_PER_SECOND as f64;
        assert!(passed <= host.as_secs_f64(), "{passed} s of guest time in {host:?}");
        exit(cpu, running)
    });
    machine.run(&Limits::default());
}

#[test]
fn an_observer_is_called_during_a_run() {
    const CALLS: u64 = 3;
    let calls = Arc::new(AtomicU64::new(0));
    let so_far = calls.clone();
    // The first engine belongs to another hardware thread, which is idle.
    let engine = Box::<Fast>::default();
    let mut machine = machine_of(QUANTUM_DEFAULT, engine, &[(1, 0)], move |_, cpu, running| {
        if so_far.load(SeqCst) < CALLS { Disposition::Continue } else { exit(cpu, running) }
    });
    let mut last = RunProgress::default();
    let report = |progress: &RunProgress| {
        assert!(progress.now > last.now && progress.instructions >= last.instructions);
        last = progress.clone();
        calls.fetch_add(u64::from(progress.engines.functions > 0), SeqCst);
    };
    let observer = RunObserver { period: Duration::from_millis(20), report: Box::new(report) };
    let limits = Limits { ticks: Some(120 * TICKS_PER_SECOND), ..Limits::default() };
    let end = machine.run_observed(&limits, Some(observer));
    assert_eq!(end, RunEnd::Ended(EndKind::Exit { code: 1 }), "no call ends it");
    assert!(last.instructions > 0, "{last:?}");
    assert!(last.engines.functions <= machine.engine_counters().functions);
}

#[test]
fn six_threads_make_all_their_calls() {
    const CALLS: u64 = 30_000;
    let calls: Arc<[AtomicU64; HW_THREADS]> = Arc::default();
    let counts = calls.clone();
    let threads: Vec<_> = (0..HW_THREADS).map(|n| (n as u32, n as u8)).collect();
    let mut machine = machine(&threads, move |_, cpu, running| {
        assert_eq!(u32::from(running.hw_id), running.id);
        if counts[running.id as usize].fetch_add(1, SeqCst) + 1 == CALLS {
            return exit(cpu, running);
        }
        Disposition::Continue
    });
    let end = machine.run(&Limits::default());
    assert!(matches!(end, RunEnd::Ended(EndKind::Exit { .. })), "{end:?}");
    assert!(calls.iter().all(|calls| calls.load(SeqCst) == CALLS));
    assert_eq!(machine.instructions(), CALLS * HW_THREADS as u64);
    assert_eq!(machine.scheduler.live_threads(), 0);
}

#[test]
fn barrier_limits_lead_to_one_quantum() {
    let steps: Arc<[AtomicU64; 3]> = Arc::default();
    let counts = steps.clone();
    let mut machine = machine(&[(0, 0), (1, 1), (2, 2)], move |_, _, running| {
        let own = counts[running.id as usize].fetch_add(1, SeqCst) + 1;
        let least = counts.iter().map(|count| count.load(SeqCst)).min().unwrap();
        // Compare only once all have begun: a thread that has not does not count yet.
        if least > 0 && running.ctx.gpr[5] == 0 {
            running.ctx.gpr[5] = own - least + 1;
        }
        assert!(least == 0 || own <= least + running.ctx.gpr[5] + 2 * u64::from(QUANTUM), "{own} {least}");
        if least < 10_000 { Disposition::Continue } else { Disposition::End(EndKind::Exit { code: 0 }) }
    });
    machine.has_barrier = true;
    assert_eq!(machine.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 0 }));
    assert!(steps.iter().all(|count| count.load(SeqCst) >= 10_000));
}

#[test]
fn barrier_does_not_wait_for_yielding_or_waiting_threads() {
    const GOAL: u64 = 100 * QUANTUM as u64;
    // The first thread works for long; the second spins for it with a hint in each iteration; the
    // others, on one slot, wake each other and wait, so that neither ever executes a whole quantum
    // in one visit.
    let done = Arc::new(AtomicU64::new(0));
    let work = done.clone();
    let mut machine = machine(&[(0, 0), (1, 1), (2, 2), (3, 2)], move |threads, cpu, running| {
        if running.id == 0 {
            work.fetch_add(1, SeqCst);
        }
        let is_over = work.load(SeqCst) >= GOAL;
        if running.id >= 2 {
            let _ = cpu.wake(threads[5 - running.id as usize], WakeResult::unboosted(0));
        }
        match running.id {
            _ if is_over => exit(cpu, running),
            0 => Disposition::Continue,
            1 => Disposition::EndVisit,
            _ => {
                cpu.open_wait(running.thread, Alertable::No).unwrap();
                forever()
            }
        }
    });
    machine.has_barrier = true;
    let end = machine.run(&Limits { halt_on_deadlock: true, ..Limits::default() });
    assert!(matches!(end, RunEnd::Ended(EndKind::Exit { .. })), "{end:?}");
    assert_eq!(done.load(SeqCst), GOAL);
}

#[test]
fn a_thread_that_yields_in_a_loop_lets_one_of_lower_priority_run() {
    let done = Arc::new(AtomicU64::new(0));
    let work = done.clone();
    let mut machine = machine(&[(0, 0), (1, 0)], move |threads, cpu, running| {
        if running.id == 0 {
            if running.ctx.gpr[5] == 0 {
                running.ctx.gpr[5] = 1;
                cpu.set_base_priority(threads[1], 2).unwrap();
            }
            if work.load(SeqCst) >= 10 * u64::from(QUANTUM) {
                return Disposition::End(EndKind::Exit { code: 4 });
            }
            assert_eq!(cpu.yield_thread(running.thread), Ok(true));
            return Disposition::EndVisit;
        }
        work.fetch_add(1, SeqCst);
        Disposition::Continue
    });
    assert_eq!(machine.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 4 }));
    assert!(done.load(SeqCst) >= 10 * u64::from(QUANTUM));
}

#[test]
fn instructions_before_a_wait_count_for_the_quantum() {
    /// Calls, of one instruction each, before a wait: more than half a quantum.
    const CALLS: u64 = 60;
    let waits = Arc::new(AtomicU64::new(0));
    let counted = waits.clone();
    let mut machine = machine(&[(0, 0), (1, 0), (2, 0)], move |threads, cpu, running| {
        if running.id == 2 {
            return Disposition::End(EndKind::Exit { code: 2 });
        }
        running.ctx.gpr[5] += 1;
        if !running.ctx.gpr[5].is_multiple_of(CALLS) {
            return Disposition::Continue;
        }
        counted.fetch_add(1, SeqCst);
        cpu.open_wait(running.thread, Alertable::No).unwrap();
        let _ = cpu.wake(threads[1 - running.id as usize], WakeResult { value: 0, boost: 1 });
        forever()
    });
    assert_eq!(machine.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 2 }));
    let waits = waits.load(SeqCst);
    assert!(waits <= 4, "their peer has a turn after {waits} waits");
}

#[test]
fn stores_beyond_what_a_queue_holds_wait_for_the_devices() {
    const EACH: u64 = 40_000;
    assert!(EACH * u64::from(QUANTUM) > 2 * DeviceQueue::CAPACITY as u64);
    let engine = Box::new(Storer::new(EACH, EACH * 75));
    let mut machine = machine_with(engine, &[(1, 0)], |_, cpu, running| exit(cpu, running));
    assert_eq!(machine.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 1 }));
    assert_eq!(machine.instructions(), 75);
}

#[test]
fn threads_on_two_slots_wake_each_other_and_no_wake_is_lost() {
    const ROUNDS: u64 = 20_000;
    let mut machine = machine(&[(0, 0), (1, 5)], move |threads, cpu, running| {
        let step = running.ctx.gpr[5];
        // The second thread begins with a wait.
        if step > 0 || running.id == 0 {
            let other = threads[1 - running.id as usize];
            // The other thread has not reached its wait yet, or has not parked.
            if cpu.wake(other, WakeResult::unboosted(step)).unwrap() == Woken::NotWaiting {
                return Disposition::EndVisit;
            }
        }
        running.ctx.gpr[5] += 1;
        if running.id == 0 && step == ROUNDS {
            return Disposition::End(EndKind::Exit { code: 0 });
        }
        cpu.open_wait(running.thread, Alertable::No).unwrap();
        forever()
    });
    let end = machine.run(&Limits { halt_on_deadlock: true, ..Limits::default() });
    assert_eq!(end, RunEnd::Ended(EndKind::Exit { code: 0 }));
    let counters = machine.scheduler.counters();
    assert_eq!((counters.deadlock_halts, counters.deadlock_recoveries), (0, 0));
}

#[test]
fn pending_work_is_not_a_deadlock_and_wakes_its_waiter() {
    const ROUNDS: u64 = 20;
    let work = Arc::<Work>::default();
    let left = work.clone();
    let mut machine = machine(&[(0, 0), (1, 3), (2, 3)], move |_, cpu, running| {
        assert!(cpu.has_workers());
        if running.ctx.gpr[5] == ROUNDS {
            return exit(cpu, running);
        }
        running.ctx.gpr[5] += 1;
        cpu.open_wait(running.thread, Alertable::No).unwrap();
        left.under_way.fetch_add(1, SeqCst);
        // Either longer than it takes to detect a deadlock, or no time at all.
        let takes = if running.id == 0 { Duration::from_millis(12) } else { Duration::ZERO };
        left.left.lock().unwrap().push((running.thread, takes));
        cpu.notify_workers();
        forever()
    });
    machine.system.work = work;
    let end = machine.run(&Limits { halt_on_deadlock: true, ..Limits::default() });
    assert!(matches!(end, RunEnd::Ended(EndKind::Exit { .. })), "{end:?}");
    let counters = machine.scheduler.counters();
    assert_eq!((counters.deadlock_halts, counters.deadlock_recoveries), (0, 0));
}

#[test]
fn a_deadlock_is_found_and_named() {
    let mut machine = machine(&[(1, 0), (2, 4)], |_, _, _| forever());
    let end = machine.run(&Limits { halt_on_deadlock: true, ..Limits::default() });
    let RunEnd::Deadlock(report) = end else { panic!("{end:?}") };
    let states: Vec<_> = report.threads.iter().map(|thread| (thread.id, thread.state.as_str())).collect();
    assert_eq!(states, [(1, "dialog"), (2, "dialog")]);
    assert_eq!(machine.scheduler.counters().deadlock_halts, 1);
}

#[test]
fn a_thread_that_runs_elsewhere_is_suspended_and_resumed() {
    const ROUNDS: u64 = 2_000;
    let calls = Arc::new(AtomicU64::new(0));
    let counted = calls.clone();
    let mut machine = machine(&[(0, 0), (1, 1)], move |threads, cpu, running| {
        if running.id == 1 {
            counted.fetch_add(1, SeqCst);
            return Disposition::Continue;
        }
        let other = threads[1];
        let round = running.ctx.gpr[5];
        running.ctx.gpr[5] += 1;
        assert_eq!(cpu.suspend(other), Ok(0), "{round}");
        assert_eq!(cpu.suspend(other), Ok(1));
        assert_eq!(cpu.resume(other), Ok(2));
        if round == ROUNDS {
            return Disposition::End(EndKind::Exit { code: 3 });
        }
        assert_eq!(cpu.resume(other), Ok(1));
        Disposition::Continue
    });
    assert_eq!(machine.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 3 }));
    let before = calls.load(SeqCst);
    // It was suspended when the run ended, so another run executes none of its instructions.
    let limits =
        Limits { ticks: Some(machine.scheduler.now() + TICKS_PER_SECOND / 100), ..Limits::default() };
    machine.system.script = Arc::new(|_, running| {
        assert_eq!(running.id, 0, "the other is suspended");
        Disposition::EndVisit
    });
    assert_eq!(machine.run(&limits), RunEnd::Ticks);
    assert_eq!(calls.load(SeqCst), before);
}

#[test]
fn a_running_thread_moves_when_another_sets_its_affinity() {
    const ROUNDS: u64 = 1_000;
    let mut machine = machine(&[(0, 0), (1, 1)], |threads, cpu, running| {
        if running.id == 1 {
            // The hardware thread that runs it is the one that its registers name.
            assert_eq!(running.hw_id, running.ctx.hw_id);
            running.ctx.gpr[6] |= 1 << running.hw_id;
            return Disposition::Continue;
        }
        let round = running.ctx.gpr[5];
        running.ctx.gpr[5] += 1;
        if round == ROUNDS {
            return Disposition::End(EndKind::Exit { code: 0 });
        }
        let to = 1 + (round % 5) as u8;
        assert_eq!(cpu.set_affinity(threads[1], 1 << to).unwrap().hw_id, to);
        Disposition::Continue
    });
    assert_eq!(machine.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 0 }));
    let thread = machine.scheduler.threads().find(|thread| thread.id == 1).unwrap();
    assert_eq!(thread.context().unwrap().hw_id, thread.slot());
}

#[test]
fn a_run_ended_by_a_limit_or_the_stop_flag_can_be_resumed() {
    let mut machine = machine(&[(0, 0), (1, 3)], |_, _, _| Disposition::Continue);
    let limits = Limits { instructions: Some(10_000), ..Limits::default() };
    assert_eq!(machine.run(&limits), RunEnd::Instructions);
    let so_far = machine.instructions();
    assert!(so_far >= 10_000);
    machine.stop_flag().store(true, SeqCst);
    assert_eq!(machine.run(&Limits::default()), RunEnd::Stopped);
    assert!(machine.instructions() >= so_far);
}
