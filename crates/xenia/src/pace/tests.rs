//! Pauses, steps, ends and requests of a window, between the slices of a run.

use super::*;
use std::sync::mpsc;

const START: MachinePosition = MachinePosition { now: 0, instructions: 0, frames: 0 };

fn pace(control: &PaceControl, limit: Option<u32>) -> Pace {
    Pace::new(control.clone(), limit.and_then(NonZeroU32::new), |_| {})
}

/// Runs `between` on another thread, for progress that is sent to it.
fn machine(mut pace: Pace) -> (mpsc::Sender<MachinePosition>, mpsc::Receiver<bool>) {
    let (sender, progress) = mpsc::channel::<MachinePosition>();
    let (results, result) = mpsc::channel();
    std::thread::spawn(move || {
        for at in progress {
            let _ = results.send(pace.between_slices(&at, Figures::default));
        }
    });
    (sender, result)
}

const SOON: Duration = Duration::from_mins(1);
const A_WHILE: Duration = Duration::from_millis(30);

#[test]
fn a_state_is_saved_before_the_machine_pauses_or_ends() {
    let control = PaceControl::default();
    control.pause(true);
    control.save_and_end(StateSlot::Player(3));
    let mut paused = pace(&control, None);
    assert!(paused.between_slices(&START, Figures::default));
    assert_eq!((paused.take_save_slot(), paused.take_save_slot()), (Some(StateSlot::Player(3)), None));
    paused.keep_machine();
    control.pause(false);
    assert!(paused.between_slices(&START, Figures::default), "it could not be saved, and goes on");
    control.save_and_end(StateSlot::Player(3));
    assert!(paused.take_save_slot().is_some() && !paused.between_slices(&START, Figures::default));
    assert!(control.take_ended());
}

#[test]
fn a_paused_machine_is_inspected_and_stays_paused() {
    let control = PaceControl::default();
    control.pause(true);
    let mut paused = pace(&control, None);
    assert!(!paused.take_inspect_request());
    control.request_inspection();
    control.request_inspection();
    assert!(paused.between_slices(&START, Figures::default), "its loop answers");
    assert_eq!((paused.take_inspect_request(), paused.take_inspect_request()), (true, false));
    control.close();
    assert!(!paused.between_slices(&START, Figures::default));
}

#[test]
fn the_time_of_a_pause_is_reported_once() {
    let control = PaceControl::default();
    control.pause(true);
    let begun = Instant::now();
    let (progress, result) = machine(pace(&control, None));
    progress.send(START).unwrap();
    let mut paused_time = Duration::ZERO;
    while paused_time.is_zero() && begun.elapsed() < SOON {
        // It wakes up, and waits again.
        control.pause(true);
        paused_time = control.take_paused_time();
    }
    assert!(!paused_time.is_zero() && paused_time <= begun.elapsed());
    control.close();
    assert_eq!(result.recv_timeout(SOON), Ok(false));
    control.take_paused_time();
    assert!(control.take_paused_time().is_zero());
}

#[test]
fn a_paused_machine_runs_its_loop_once_on_request() {
    let control = PaceControl::default();
    control.pause(true);
    control.go_round();
    let (progress, result) = machine(pace(&control, None));
    progress.send(START).unwrap();
    assert_eq!(result.recv_timeout(SOON), Ok(true));
    progress.send(START).unwrap();
    assert!(result.recv_timeout(A_WHILE).is_err(), "it is paused");
    control.go_round();
    assert_eq!(result.recv_timeout(SOON), Ok(true));
}

#[test]
fn a_paused_machine_goes_back_if_it_has_checkpoints() {
    let control = PaceControl::default();
    control.pause(true);
    control.rewind(true);
    let mut pace = pace(&control, None);
    assert!(!pace.is_rewinding());
    pace.set_can_rewind(true);
    assert!(pace.is_rewinding() && pace.between_slices(&START, Figures::default));
    control.rewind(false);
    // It does not wait once the key is released.
    pace.hold(SOON);
    let (progress, result) = machine(pace);
    progress.send(START).unwrap();
    assert!(result.recv_timeout(A_WHILE).is_err(), "it is paused");
    control.rewind(true);
    assert_eq!(result.recv_timeout(SOON), Ok(true));
}

#[test]
fn a_piece_ends_at_the_next_field_and_at_the_runs_own_limits() {
    let mut pace = pace(&PaceControl::default(), None);
    let whole = Limits { frames: Some(9), instructions: Some(7), ..Limits::default() };
    for (now, end) in [(0, FIELD), (FIELD - 1, FIELD), (FIELD, 2 * FIELD)] {
        let piece = pace.limits(&whole, &MachinePosition { now, frames: 3, ..START });
        assert_eq!((piece.ticks, piece.frames, piece.instructions), (Some(end), Some(9), Some(7)));
    }
    pace.step_to = Some(4);
    assert_eq!(pace.limits(&whole, &START).frames, Some(4));
    assert_eq!(pace.limits(&Limits::default(), &START).frames, Some(4));
    pace.step_to = Some(10);
    assert_eq!(pace.limits(&whole, &START).frames, Some(9));
}

#[test]
fn a_machine_whose_time_is_the_hosts_clock_waits_for_nothing_else() {
    let control = PaceControl::default();
    for (limit, speed) in [(Some(60), 1.0), (Some(30), 0.5), (None, NO_LIMIT)] {
        let mut pace = pace(&control, limit);
        pace.set_has_clock(true);
        assert_eq!((pace.speed(), pace.limits(&Limits::default(), &START).ticks), (speed, None));
        control.turbo(true);
        assert_eq!(pace.speed(), NO_LIMIT);
        control.turbo(false);
        let far = MachinePosition { now: 1000 * FIELD, frames: 0, ..START };
        assert!(pace.between_slices(&START, Figures::default) && pace.between_slices(&far, Figures::default));
    }
}

#[test]
fn a_pause_stops_the_machine_and_steps_let_through_one_frame_each() {
    let control = PaceControl::default();
    let interrupt = Arc::new(AtomicBool::new(false));
    let pace = pace(&control, None);
    pace.watch(interrupt.clone());
    let (machine, result) = machine(pace);
    machine.send(START).unwrap();
    assert_eq!(result.recv_timeout(SOON), Ok(true), "not paused");
    control.pause(true);
    assert!(interrupt.swap(false, Relaxed), "the piece that runs is cut short");
    machine.send(START).unwrap();
    assert!(result.recv_timeout(A_WHILE).is_err(), "paused");
    control.step();
    assert_eq!(result.recv_timeout(SOON), Ok(true), "a step");
    machine.send(MachinePosition { now: FIELD, frames: 0, ..START }).unwrap();
    assert_eq!(result.recv_timeout(SOON), Ok(true), "no frame yet, the step goes on");
    machine.send(MachinePosition { now: FIELD + 9, frames: 1, ..START }).unwrap();
    assert!(result.recv_timeout(A_WHILE).is_err(), "the frame ends the step");
    control.pause(false);
    assert_eq!(result.recv_timeout(SOON), Ok(true));
}

#[test]
fn a_machine_is_ended_and_the_next_one_runs() {
    let control = PaceControl::default();
    control.pause(true);
    let (machine, result) = machine(pace(&control, None));
    machine.send(START).unwrap();
    control.end_machine();
    assert_eq!(result.recv_timeout(SOON), Ok(false), "although it is paused");
    assert!(control.take_ended() && !control.take_ended());
    control.pause(false);
    control.end_machine();
    control.expect_machine();
    let mut next = pace(&control, None);
    assert!(next.between_slices(&START, Figures::default));
}

#[test]
fn closing_ends_a_machine_that_is_paused_and_those_after_it() {
    let control = PaceControl::default();
    control.pause(true);
    let (machine, result) = machine(pace(&control, None));
    machine.send(START).unwrap();
    assert!(result.recv_timeout(A_WHILE).is_err(), "paused");
    control.close();
    assert_eq!(result.recv_timeout(SOON), Ok(false));
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut next = pace(&control, None);
    next.watch(interrupt.clone());
    assert!(interrupt.load(Relaxed) && !next.between_slices(&START, Figures::default));
}

#[test]
fn closing_ends_a_machine_that_waits_for_the_clock() {
    let control = PaceControl::default();
    let (machine, result) = machine(pace(&control, Some(1)));
    machine.send(START).unwrap();
    assert_eq!(result.recv_timeout(SOON), Ok(true));
    machine.send(MachinePosition { now: 100 * FIELD, frames: 0, ..START }).unwrap();
    assert!(result.recv_timeout(A_WHILE).is_err(), "100 seconds ahead");
    control.close();
    assert_eq!(result.recv_timeout(SOON), Ok(false));
}

#[test]
fn a_long_piece_is_cut_short_for_its_figures_as_long_as_there_is_a_machine() {
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut pace = pace(&PaceControl::default(), None);
    pace.stop_periodically(&interrupt);
    pace.watch(interrupt.clone());
    for _ in 0..2 {
        let start = Instant::now();
        while !interrupt.swap(false, Relaxed) {
            assert!(start.elapsed() < SOON, "nobody cuts it short");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    drop(pace);
    let gone = Arc::downgrade(&interrupt);
    drop(interrupt);
    let start = Instant::now();
    while gone.strong_count() > 0 {
        assert!(start.elapsed() < SOON, "somebody keeps the flag");
        std::thread::yield_now();
    }
}

#[test]
fn open_requests_set_a_flag_again_that_something_else_has_cleared() {
    let requests: [fn(&PaceControl); 5] = [
        PaceControl::close,
        PaceControl::end_machine,
        PaceControl::request_inspection,
        |control| control.save_state(StateSlot::Player(1)),
        |control| control.pause(true),
    ];
    for request in requests {
        let control = PaceControl::default();
        let pace = pace(&control, None);
        let interrupt = Arc::new(AtomicBool::new(false));
        pace.watch(interrupt.clone());
        assert!(!interrupt.load(Relaxed));
        request(&control);
        interrupt.store(false, Relaxed);
        pace.watch(interrupt.clone());
        assert!(interrupt.load(Relaxed));
    }
    let control = PaceControl::default();
    control.pause(true);
    control.step();
    let mut pace = pace(&control, None);
    assert!(pace.between_slices(&START, Figures::default));
    let interrupt = Arc::new(AtomicBool::new(false));
    pace.watch(interrupt.clone());
    assert!(!interrupt.load(Relaxed), "the frame of a step is shown");
}

#[test]
fn turbo_ends_a_wait() {
    let control = PaceControl::default();
    let (machine, result) = machine(pace(&control, Some(1)));
    machine.send(START).unwrap();
    assert_eq!(result.recv_timeout(SOON), Ok(true));
    machine.send(MachinePosition { now: 100 * FIELD, frames: 0, ..START }).unwrap();
    assert!(result.recv_timeout(A_WHILE).is_err(), "100 seconds ahead");
    control.turbo(true);
    assert_eq!(result.recv_timeout(SOON), Ok(true));
}
