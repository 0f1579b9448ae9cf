//! Tests of the lockstep executor, with an engine that follows scripts.

mod alone;
mod long_visits;
pub(crate) mod scripted;
mod states;

use scripted::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use xenia_cpu::{EngineCounters, Execute, Exit, PpcContext};
use xenia_memory::DeviceQueue;
use xenia_sched::{
    EndKind, GuestTicks, Limits, LockstepExecutor, MAX_TICKS, OrderMode, RunEnd, SchedulerConfig,
};

fn instructions(limit: u64) -> Limits {
    Limits { instructions: Some(limit), ..Limits::default() }
}

#[test]
fn six_slots_share_the_time_of_a_round() {
    let scripts: Vec<(u8, u8, &[Step])> = (0..6).map(|slot| (slot, 8, &[][..])).collect();
    let mut m = machine(SchedulerConfig::default(), &scripts);
    assert_eq!(m.executor.run(&instructions(600_000)), RunEnd::Instructions);
    assert_eq!(m.executor.instructions(), 600_000);
    // Two rounds of six visits; each round is one quantum of time: 50,000 / 16 = 3125 ticks.
    let ends: Vec<GuestTicks> = m.executor.system.visits.iter().map(|&(_, now)| now).collect();
    assert_eq!(ends[..11], [3125, 3125, 3125, 3125, 3125, 3125, 6250, 6250, 6250, 6250, 6250]);
}

#[test]
fn a_run_stops_at_the_exact_instruction_and_resumes_unchanged() {
    let scripts: &[(u8, u8, &[Step])] = &[
        (0, 8, &[Step::Run(70_000), Step::Call(PARK), Step::Run(9)]),
        (0, 8, &[Step::Run(30_000), Step::Yield, Step::Run(123), Step::Call(SLEEP_1000)]),
        (3, 9, &[Step::Run(60_000), Step::Call(WAKE_FIRST), Step::Call(FRAME)]),
    ];
    let total = 777_777;
    let mut whole = machine(SchedulerConfig::default(), scripts);
    assert_eq!(whole.executor.run(&instructions(total)), RunEnd::Instructions);
    let mut parts = machine(SchedulerConfig::default(), scripts);
    let mut at = 0;
    let mut step = 1;
    while at < total {
        step = step * 7 % 9973 + 1;
        at = (at + step).min(total);
        assert_eq!(parts.executor.run(&instructions(at)), RunEnd::Instructions);
        assert_eq!(parts.executor.instructions(), at);
    }
    assert_eq!(*whole.lines.0.lock().unwrap(), *parts.lines.0.lock().unwrap());
    assert_eq!(whole.executor.system.visits, parts.executor.system.visits);
    assert_eq!(whole.executor.scheduler.now(), parts.executor.scheduler.now());
    assert_eq!(whole.executor.scheduler.counters(), parts.executor.scheduler.counters());
}

#[test]
fn a_stop_within_a_visit_gives_peers_no_turn() {
    // A visit of three quanta, which is stopped in the second.
    let order = OrderMode::ScanQuantum { ticks: 3 * 3125 };
    let config = SchedulerConfig { order, ..SchedulerConfig::default() };
    let mut m = machine(config, &[(0, 8, &[]), (0, 8, &[Step::Call(END)])]);
    assert_eq!(m.executor.run(&instructions(60_000)), RunEnd::Instructions);
    assert_eq!(m.executor.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 42 }));
    assert_eq!(m.executor.instructions(), 150_001);
}

#[test]
fn a_yield_ends_the_visit_and_the_rest_counts_as_time() {
    let mut m = machine(SchedulerConfig::default(), &[(0, 8, &[Step::Run(9), Step::Yield, Step::Call(END)])]);
    assert_eq!(m.executor.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 42 }));
    assert_eq!(m.executor.instructions(), 11);
    assert_eq!(m.executor.scheduler.now(), 3125, "the second visit begins a quantum later");
}

#[test]
fn when_nothing_runs_time_jumps_to_the_next_event() {
    let mut m = machine(
        SchedulerConfig::default(),
        &[(0, 8, &[Step::Call(PARK), Step::Call(SLEEP_1000), Step::Call(END)])],
    );
    m.executor.system.next_event = Some(1_000_000);
    assert_eq!(m.executor.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 42 }));
    assert_eq!(m.executor.instructions(), 3);
    assert_eq!(m.executor.scheduler.now(), 1_001_000);
}

#[test]
fn an_event_that_stays_in_the_past_does_not_stop_time() {
    let mut m = machine(SchedulerConfig::default(), &[(0, 8, &[Step::Call(PARK), Step::Call(END)])]);
    m.executor.system.next_event = Some(0);
    m.executor.system.late = true;
    assert_eq!(m.executor.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 42 }));
    assert_eq!(m.executor.scheduler.now(), 1);
}

#[test]
fn short_rounds_add_up_to_time() {
    // Two instructions before each sleep: far fewer than a quantum a round.
    let naps: Vec<Step> = (0..1000).flat_map(|_| [Step::Run(1), Step::Call(SLEEP_1000)]).collect();
    let mut m = machine(SchedulerConfig::default(), &[(0, 8, &naps)]);
    assert_eq!(m.executor.run(&instructions(2000)), RunEnd::Instructions);
    let now = m.executor.scheduler.now();
    assert!(now >= 999_000, "{now} after 1000 sleeps of 1000 ticks");
}

#[test]
fn a_higher_priority_that_wakes_takes_the_slot_within_the_visit() {
    let mut m = machine(
        SchedulerConfig::default(),
        &[
            (0, 10, &[Step::Call(PARK), Step::Run(5), Step::Call(END)]),
            (0, 8, &[Step::Run(100), Step::Call(WAKE_FIRST), Step::Run(1_000_000)]),
        ],
    );
    assert_eq!(m.executor.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 42 }));
    assert_eq!(m.executor.instructions(), 1 + 101 + 6);
}

#[test]
fn a_reservation_extends_a_visit_by_at_most_64_instructions() {
    for (held_for, expected) in [(3, 13), (64, 74), (1000, 74)] {
        let script = [Step::Run(9), Step::Reserve(true), Step::Run(1 + held_for), Step::Reserve(false)];
        let config = SchedulerConfig { quantum: 10, ..SchedulerConfig::default() };
        let mut m = machine(config, &[(0, 8, &script), (1, 8, &[Step::Call(END)])]);
        assert_eq!(m.executor.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 42 }));
        assert_eq!(m.executor.instructions(), expected + 1, "held for {held_for}");
        let thread = m.executor.system.threads[0];
        assert_eq!(m.executor.scheduler.thread(thread).unwrap().context().unwrap().reservation.valid, 0);
    }
}

#[test]
fn the_frame_limit_ends_at_the_end_of_the_visit() {
    let mut m = machine(SchedulerConfig::default(), &[(0, 8, &[Step::Run(10), Step::Call(FRAME)])]);
    let limits = Limits { frames: Some(1), ..Limits::default() };
    assert_eq!(m.executor.run(&limits), RunEnd::Frames);
    assert_eq!(m.executor.instructions(), 50_000);
    assert_eq!(m.executor.run(&limits), RunEnd::Frames, "nothing more runs");
    assert_eq!(m.executor.instructions(), 50_000);
}

#[test]
fn a_machine_that_shows_no_frame_in_time_is_stopped_and_reported() {
    // One frame at the start; then only time passes.
    let mut m = machine(SchedulerConfig::default(), &[(0, 8, &[Step::Run(10), Step::Call(FRAME)])]);
    let limits = Limits { frames: Some(2), ticks_between_frames: Some(1_000_000), ..Limits::default() };
    let RunEnd::NoFrames { since, threads } = m.executor.run(&limits) else { panic!("not noticed") };
    assert!(since <= 50_000 / 16, "the frame was shown in the first visit: {since}");
    assert!((1_000_001..1_010_000).contains(&(threads.now - since)), "{}", threads.now - since);
    assert_eq!(threads.threads.len(), 1);
    let one_more = instructions(m.executor.instructions() + 1);
    assert_eq!(m.executor.run(&one_more), RunEnd::Instructions, "without the limit it goes on");
}

#[test]
fn a_report_during_a_run_has_the_threads_positions_and_no_effect() {
    let scripts: &[(u8, u8, &[Step])] =
        &[(0, 8, &[Step::Run(5), Step::Call(SLEEP_1000)]), (1, 8, &[Step::Run(9), Step::Call(PARK)])];
    let mut m = machine(SchedulerConfig::default(), scripts);
    let mut undisturbed = machine(SchedulerConfig::default(), scripts);
    m.executor.run(&instructions(50_000));
    let report = m.executor.threads_report();
    let text = report.to_string();
    assert!(text.contains("thread 0x2 hw1 priority 8: waits for dialog, since tick"), "{text}");
    m.executor.run(&instructions(200_000));
    undisturbed.executor.run(&instructions(200_000));
    assert_eq!(m.executor.system.visits, undisturbed.executor.system.visits);
    assert_eq!(m.executor.scheduler.now(), undisturbed.executor.scheduler.now());
    assert_eq!(*m.lines.0.lock().unwrap(), *undisturbed.lines.0.lock().unwrap());
}

#[test]
fn a_deadlock_is_found_immediately_and_halts_the_run() {
    let mut m = machine(
        SchedulerConfig::default(),
        &[(0, 8, &[Step::Run(5), Step::Call(PARK)]), (1, 8, &[Step::Call(PARK)])],
    );
    let limits = Limits { halt_on_deadlock: true, ..Limits::default() };
    let RunEnd::Deadlock(report) = m.executor.run(&limits) else { panic!("no deadlock") };
    assert_eq!(report.threads.iter().map(|thread| thread.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(report.threads[0].state, "dialog");
    let text = report.to_string();
    assert!(text.contains("0x82000000"), "the call stack: {text}");
    assert_eq!(m.executor.scheduler.counters().deadlock_halts, 1);
    assert_eq!(m.executor.instructions(), 7);
}

#[test]
fn deadlock_recovery_is_counted_and_wakes_longest_waiter() {
    let mut m = machine(
        SchedulerConfig::default(),
        &[(0, 8, &[Step::Run(5), Step::Call(PARK), Step::Call(END)]), (1, 8, &[Step::Call(PARK)])],
    );
    assert_eq!(m.executor.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 42 }));
    let counters = m.executor.scheduler.counters();
    assert_eq!((counters.deadlock_recoveries, counters.deadlock_halts), (1, 0));
    let lines = m.lines.0.lock().unwrap();
    assert!(lines.iter().any(|line| line.ends_with("t1 deadlock-recovery")), "{lines:?}");
}

#[test]
fn a_machine_without_live_threads_has_ended_with_the_code_of_its_main_thread() {
    let last: &[Step] = &[Step::Run(100_000), Step::Call(EXIT)];
    let scripts: &[(u8, u8, &[Step])] =
        &[(2, 8, &[Step::Call(EXIT)]), (0, 8, last), (3, 8, &[Step::Call(EXIT)])];
    let mut m = machine(SchedulerConfig::default(), scripts);
    // All codes differ from 0, so the main thread's counts although others outlive it.
    let code = 10 + m.executor.scheduler.thread(m.executor.system.threads[0]).unwrap().id;
    assert_eq!(m.executor.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code }));
}

#[test]
fn order_modes_change_only_the_order() {
    let scripts: Vec<(u8, u8, &[Step])> = (0..6).map(|slot| (slot, 8, &[][..])).collect();
    let run = |order: OrderMode| {
        let mut m = machine(SchedulerConfig { order, quantum: 100 }, &scripts);
        m.executor.run(&instructions(60_000));
        let now = m.executor.scheduler.now();
        (m.executor.system.visits.iter().map(|&(slot, _)| slot).collect::<Vec<_>>(), now)
    };
    let fixed = run(OrderMode::Fixed);
    let seeded = run(OrderMode::Seeded { seed: 1 });
    assert_eq!(seeded, run(OrderMode::Seeded { seed: 1 }));
    assert_ne!(seeded.0, run(OrderMode::Seeded { seed: 2 }).0);
    assert_ne!(seeded.0, fixed.0);
    for round in seeded.0.chunks_exact(6) {
        let mut slots = round.to_vec();
        slots.sort_unstable();
        assert_eq!(slots, [0, 1, 2, 3, 4, 5]);
    }
    let scan = run(OrderMode::ScanQuantum { ticks: 25 });
    assert_eq!(scan.0.len() / 6, 60_000 / 6 / (25 * 16), "visits of 25 ticks");
}

#[test]
fn the_stop_flag_stops_between_visits() {
    let mut m = machine(SchedulerConfig::default(), &[(0, 8, &[])]);
    m.executor.stop_flag().store(true, Relaxed);
    assert_eq!(m.executor.run(&Limits::default()), RunEnd::Stopped);
    assert_eq!(m.executor.run(&instructions(10)), RunEnd::Instructions);
}

#[test]
fn a_run_in_pieces_of_guest_time_is_the_same_run() {
    let scripts: &[(u8, u8, &[Step])] = &[(0, 8, &[]), (2, 8, &[Step::Run(70_000), Step::Call(SLEEP_1000)])];
    let total = 900_000;
    let mut whole = machine(SchedulerConfig::default(), scripts);
    assert_eq!(whole.executor.run(&instructions(total)), RunEnd::Instructions);
    let mut paced = machine(SchedulerConfig::default(), scripts);
    let mut pieces = 0;
    for ticks in (0..).step_by(5000) {
        if paced.executor.run(&Limits { ticks: Some(ticks), ..instructions(total) }) == RunEnd::Instructions {
            break;
        }
        let now = paced.executor.scheduler.now();
        assert!((ticks..ticks + 3125).contains(&now), "{now} is not the end of the round of {ticks}");
        pieces += 1;
    }
    assert!(pieces > 3, "{pieces}");
    assert_eq!(*whole.lines.0.lock().unwrap(), *paced.lines.0.lock().unwrap());
    assert_eq!(whole.executor.system.visits, paced.executor.system.visits);
    assert_eq!(whole.executor.scheduler.now(), paced.executor.scheduler.now());
}

#[test]
fn a_run_stopped_after_a_system_call_resumes_there() {
    let script: &[Step] = &[Step::Run(100), Step::Call(STOP), Step::Run(200), Step::Call(SLEEP_1000)];
    let scripts: &[(u8, u8, &[Step])] = &[(0, 8, script), (1, 8, &[])];
    let mut whole = machine(SchedulerConfig::default(), scripts);
    assert_eq!(whole.executor.run(&instructions(300_000)), RunEnd::Instructions);
    let mut stopped = machine(SchedulerConfig::default(), scripts);
    stopped.executor.system.stop = Some(stopped.executor.stop_flag());
    assert_eq!(stopped.executor.run(&instructions(300_000)), RunEnd::Stopped);
    assert_eq!(stopped.executor.instructions(), 101, "in the middle of the visit");
    assert_eq!(stopped.executor.run(&instructions(300_000)), RunEnd::Instructions);
    assert_eq!(*whole.lines.0.lock().unwrap(), *stopped.lines.0.lock().unwrap());
    assert_eq!(whole.executor.system.visits, stopped.executor.system.visits);
}

#[test]
fn a_gap_in_pieces_is_the_same_gap_and_each_piece_ends_at_its_limit() {
    let script: &[Step] =
        &[Step::Call(PARK), Step::Run(9), Step::Call(SLEEP_1000), Step::Call(FRAME), Step::Call(END)];
    let config = || SchedulerConfig { order: OrderMode::Seeded { seed: 7 }, ..SchedulerConfig::default() };
    let mut whole = machine(config(), &[(0, 8, script)]);
    whole.executor.system.next_event = Some(1_000_000);
    let end = RunEnd::Ended(EndKind::Exit { code: 42 });
    assert_eq!(whole.executor.run(&Limits::default()), end);
    let mut paced = machine(config(), &[(0, 8, script)]);
    paced.executor.system.next_event = Some(1_000_000);
    let mut pieces = 0;
    for ticks in (10_000..).step_by(10_000) {
        match paced.executor.run(&Limits { ticks: Some(ticks), ..Limits::default() }) {
            RunEnd::Ticks => assert_eq!(paced.executor.scheduler.now(), ticks, "not beyond the limit"),
            other => {
                assert_eq!(other, end);
                break;
            }
        }
        pieces += 1;
    }
    assert_eq!(pieces, 100);
    assert_eq!(*whole.lines.0.lock().unwrap(), *paced.lines.0.lock().unwrap());
    assert_eq!(whole.executor.scheduler.now(), paced.executor.scheduler.now());
    assert_eq!(whole.executor.scheduler.counters(), paced.executor.scheduler.counters());
}

#[test]
fn events_at_maximum_guest_time_never_fire() {
    let script: &[Step] = &[Step::Call(PARK), Step::Call(PARK)];
    let mut m = machine(SchedulerConfig::default(), &[(0, 8, script)]);
    m.executor.system.next_event = Some(MAX_TICKS);
    let limits = Limits { halt_on_deadlock: true, ..Limits::default() };
    assert!(matches!(m.executor.run(&limits), RunEnd::Deadlock(_)), "the event woke the thread");
    m.executor.system.next_event = Some(MAX_TICKS - 1);
    assert!(matches!(m.executor.run(&limits), RunEnd::Deadlock(_)), "woken, then nothing more comes");
    assert_eq!(m.executor.scheduler.now(), MAX_TICKS - 1);
}

#[test]
fn a_free_slot_takes_a_ready_thread_of_another_and_reports_it_once() {
    // Three threads compute on slot 0. The second may also run on slot 3, the third, of lower
    // priority, on slots 3 and 4.
    let mut m = machine(SchedulerConfig::default(), &[(0, 8, &[]), (0, 8, &[]), (0, 4, &[])]);
    let [_, second, third] = m.executor.system.threads[..] else { panic!("not three threads") };
    m.executor.scheduler.set_affinity(second, 1 | 1 << 3).unwrap();
    m.executor.scheduler.set_affinity(third, 1 | 1 << 3 | 1 << 4).unwrap();
    m.executor.run(&instructions(1_000_000));
    assert_eq!(m.executor.system.moves, [(second, 3), (third, 4)]);
    // No thread waits now; a thread alone on its slot stays.
    let slots = m.executor.system.threads.iter().map(|&r| m.executor.scheduler.thread(r).unwrap().slot());
    assert_eq!(slots.collect::<Vec<_>>(), [0, 3, 4]);
}

#[test]
fn priority_changes_are_published_before_guest_code_runs() {
    let config = SchedulerConfig { quantum: 100, ..SchedulerConfig::default() };
    let mut m = machine(
        config,
        &[
            (0, 8, &[Step::Call(PARK), Step::Run(1000)]),
            (1, 8, &[Step::Call(BOOST_FIRST), Step::Run(50), Step::Call(STOP), Step::Run(2000)]),
        ],
    );
    m.executor.system.stop = Some(m.executor.stop_flag());
    assert_eq!(m.executor.run(&Limits::default()), RunEnd::Stopped);
    assert_eq!(m.executor.system.priorities, [(1, 10)], "before the waker goes on");
    m.executor.run(&instructions(1500));
    assert_eq!(m.executor.system.priorities, [(1, 10), (1, 9), (1, 8)]);
}
