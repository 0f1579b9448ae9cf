//! Tests of single steps and of stops at breakpoints.

use crate::lockstep::scripted::{self, PARK, SLEEP_1000, WAKE_FIRST};
use crate::scripted::{exit, machine};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use xenia_sched::{Disposition, Limits, RunEnd, SchedulerConfig, SingleStep};

#[test]
fn a_lockstep_run_in_single_steps_is_the_run_without() {
    use scripted::Step::{Call, Run, Yield};
    let scripts: &[(u8, u8, &[scripted::Step])] = &[
        (0, 8, &[Run(70), Call(PARK), Run(9)]),
        (0, 8, &[Run(30), Yield, Run(123), Call(SLEEP_1000)]),
        (3, 9, &[Run(500), Call(WAKE_FIRST), Run(1000)]),
    ];
    let config = || SchedulerConfig { quantum: 50, ..SchedulerConfig::default() };
    let mut stepped = scripted::machine(config(), scripts);
    let first = stepped.executor.scheduler.threads().next().unwrap().reference();
    for _ in 0..75 {
        assert_eq!(stepped.executor.single_step(first, &Limits::default()), SingleStep::Done);
    }
    let mut whole = scripted::machine(config(), scripts);
    let limits = Limits { instructions: Some(stepped.executor.instructions()), ..Limits::default() };
    assert_eq!(whole.executor.run(&limits), RunEnd::Instructions);
    assert_eq!(*whole.lines.0.lock().unwrap(), *stepped.lines.0.lock().unwrap());
    assert_eq!(whole.executor.system.visits, stepped.executor.system.visits);
    assert_eq!(whole.executor.scheduler.now(), stepped.executor.scheduler.now());
}

#[test]
fn steps_keep_to_the_limits_of_the_run() {
    let mut m = scripted::machine(SchedulerConfig::default(), &[(0, 8, &[])]);
    let thread = m.executor.scheduler.threads().next().unwrap().reference();
    let limits = Limits { instructions: Some(2), ..Limits::default() };
    assert_eq!(m.executor.single_step(thread, &limits), SingleStep::Done);
    assert_eq!(m.executor.single_step(thread, &limits), SingleStep::Done);
    assert_eq!(m.executor.single_step(thread, &limits), SingleStep::Ended(RunEnd::Instructions));
    assert_eq!(m.executor.instructions(), 2);
}

#[test]
fn a_parallel_step_executes_only_one_thread() {
    let steps: Arc<[AtomicU64; 2]> = Arc::default();
    let counts = steps.clone();
    let mut m = machine(&[(0, 0), (1, 1)], move |_, _, running| {
        counts[running.id as usize].fetch_add(1, SeqCst);
        Disposition::Continue
    });
    let second = m.scheduler.threads().find(|thread| thread.id == 1).unwrap().reference();
    for count in 1..4 {
        assert_eq!(m.single_step(second), SingleStep::Done);
        assert_eq!([steps[0].load(SeqCst), steps[1].load(SeqCst)], [0, count]);
    }
    assert_eq!(m.instructions(), 3);
}

#[test]
fn a_stop_keeps_the_threads_for_the_next_run() {
    const STOP_AT: u64 = 10;
    let mut m = machine(&[(0, 0), (1, 1)], move |_, cpu, running| {
        running.ctx.gpr[5] += 1;
        match running.ctx.gpr[5] {
            STOP_AT if running.id == 1 => Disposition::Stop,
            100.. => exit(cpu, running),
            _ => Disposition::Continue,
        }
    });
    assert_eq!(m.run(&Limits::default()), RunEnd::Stopped);
    let counted =
        |id| m.scheduler.threads().find(|thread| thread.id == id).unwrap().context().unwrap().gpr[5];
    assert_eq!(counted(1), STOP_AT);
    let end = m.run(&Limits::default());
    assert!(matches!(end, RunEnd::Ended(_)), "{end:?}");
    assert_eq!(m.instructions(), 200);
}
