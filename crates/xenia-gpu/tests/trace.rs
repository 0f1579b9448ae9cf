//! Tests of traces: started in the middle, narrated, damaged.

#[path = "scene/mod.rs"]
mod scene;

use scene::*;
use std::io::Read;
use std::sync::Arc;
use xenia_gpu::packets::{opcode, type3};
use xenia_gpu::processor::TICKS_PER_SECOND;
use xenia_gpu::replay::{Narration, Player, Summary, narrate};
use xenia_gpu::trace::{Reader, Recorder, TraceError, TraceEvent, Writer, compare};
use xenia_gpu::{Backend, CommandProcessor, Config, Frame, NullBackend, Ram, Reference};
use xenia_testing::{Cases, Dice};

/// The reference has no graphics API.
fn device_errors() -> u64 {
    0
}

/// Backend of the scenes.
fn backend(threads: usize) -> Box<dyn Backend> {
    Box::new(Reference::with_threads(threads))
}

fn open(bytes: &[u8]) -> Reader<impl Read> {
    Reader::open(bytes).unwrap()
}

/// Plays a trace on the reference backend.
fn play(bytes: &[u8], show: &mut dyn FnMut(u64, Frame)) -> Result<Summary, TraceError> {
    Player::with_frames(Reader::open(bytes)?, Box::new(Reference::with_threads(1)))?.run(show)
}

/// Records the second and third of a scene's three swaps; returns the trace and their frames.
fn recorded_from_the_second_swap() -> (Vec<u8>, Vec<Frame>) {
    let trace = Bytes::default();
    let mut scene = Scene::new(80, 32, 0);
    scene.gpu.record(Recorder::new(Box::new(trace.clone()), 1, 2));
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, RED));
    scene.draw(8, 3);
    scene.show();
    let mut frames = Vec::new();
    for color in [GREEN, BLUE] {
        // Only a part changes: the rest of the frame comes from the EDRAM in the trace's start
        // event.
        scene.vertices(&rectangle(8.0, 8.0, 24.0, 24.0, color));
        scene.draw(8, 3);
        scene.gpu.set_vblank_period(997_500); // 50 Hz
        let mut frame = scene.show();
        frame.rgba.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 255);
        frames.push(frame);
    }
    let done = scene.gpu.finish_recording().unwrap().unwrap();
    assert_eq!(done.frames, 2);
    assert!(done.memory_bytes > 0);
    let bytes = trace.0.lock().unwrap().clone();
    (bytes, frames)
}

#[test]
fn trace_started_midway_contains_initial_state() {
    let (bytes, expected) = recorded_from_the_second_swap();
    let mut frames = Vec::new();
    let summary = play(&bytes, &mut |number, frame| frames.push((number, frame))).unwrap();
    assert_eq!((summary.frames, summary.same_end), (2, Some(true)));
    assert_eq!(frames, [(1, expected[0].clone()), (2, expected[1].clone())]);
    assert_eq!(pixel(&expected[1], 40, 8), [255, 0, 0, 255]);
    assert_eq!(pixel(&expected[1], 10, 20), [0, 0, 255, 255]);
    // Another backend ends in another state, which is not an error of the trace.
    let blind = Player::with_frames(open(&bytes), Box::new(NullBackend)).unwrap();
    assert_eq!(blind.run(&mut |_, _| {}).unwrap().same_end, None);
}

/// Results of a cancelled draw can't be repeated, so the trace has no digest then; a token that
/// cancels no draw has no effect.
#[test]
fn a_recording_that_cut_a_draw_short_does_not_say_how_it_ended() {
    for (cuts, same_end) in [(false, Some(true)), (true, None)] {
        let trace = Bytes::default();
        let mut scene = Scene::new(80, 32, 0);
        let cancel = scene.gpu.cancel().unwrap();
        scene.gpu.record(Recorder::new(Box::new(trace.clone()), 0, 9));
        if cuts {
            cancel.set();
        }
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, RED));
        scene.draw(8, 3);
        scene.show();
        cancel.set();
        scene.gpu.finish_recording().unwrap().unwrap();
        assert_eq!(cancel.has_cut(), cuts);
        let bytes = trace.0.lock().unwrap().clone();
        let summary = play(&bytes, &mut |_, _| {}).unwrap();
        assert_eq!((summary.frames, summary.same_end), (1, same_end));
        assert_eq!(summary.recorded_with.is_some(), !cuts);
    }
}

#[test]
fn a_narration_lists_packets_draws_and_swaps_in_order() {
    let (bytes, _) = recorded_from_the_second_swap();
    let mut packets = 0;
    let mut draws = 0;
    let mut resolves = 0;
    let mut swaps = 0;
    let backend = Box::new(Reference::with_threads(1));
    let take = |item: Narration| {
        match item {
            Narration::Packet { text, .. } => packets += u32::from(text.starts_with("DRAW_INDX_2")),
            Narration::Fillers { count, .. } => assert_ne!(count, 0),
            Narration::Draw { number, picture, error, .. } => {
                draws += 1;
                assert_eq!((number, error), (draws, None));
                assert_eq!(picture.is_some(), number == 2);
                if let Some(picture) = picture {
                    assert_eq!((picture.width, picture.height), (80, 32));
                    assert_eq!(pixel(&picture, 10, 20), [0, 0, 255, 255]);
                }
            }
            Narration::Resolve { error, .. } => {
                resolves += 1;
                assert_eq!(error, None);
            }
            Narration::Swap { number } => {
                swaps += 1;
                assert_eq!((number, draws, resolves), (swaps, swaps, swaps));
            }
        }
        true
    };
    narrate(open(&bytes), backend, |draw| draw == 2, take).unwrap();
    assert_eq!((packets, draws, resolves, swaps), (4, 2, 2, 2));
}

#[test]
fn a_narration_leaves_out_draws_that_a_survey_hides() {
    const ID: u32 = 5;
    const FLAG: u32 = 0x100;
    let trace = Bytes::default();
    let mut scene = Scene::new(80, 32, 0);
    scene.gpu.record(Recorder::new(Box::new(trace.clone()), 0, 9));
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, RED));
    // The survey is of no pixel.
    scene.words.extend([type3(opcode::VIZ_QUERY, 1), ID]);
    scene.write(PaScVizQuery::with().viz_query_ena(true).viz_query_id(ID).kill_pix_post_hi_z(true));
    scene.scissor([5, 5, 5, 5]);
    scene.draw(8, 3);
    scene.write(PaScVizQuery::with());
    scene.scissor([0, 0, 80, 32]);
    scene.words.extend([type3(opcode::VIZ_QUERY, 1), FLAG | ID]);
    scene.words.extend([type3(opcode::DRAW_INDX, 2), FLAG | ID, 8 | 2 << 6 | 3 << 16]);
    scene.show();
    scene.gpu.finish_recording().unwrap().unwrap();
    assert_eq!(scene.gpu.statistics().hidden_draws, 1);
    let bytes = trace.0.lock().unwrap().clone();
    let mut surveys = Vec::new();
    let take = |item: Narration| {
        if let Narration::Draw { call, .. } = item {
            surveys.push(call.survey.map(|survey| survey.id));
        }
        true
    };
    narrate(open(&bytes), backend(1), |_| false, take).unwrap();
    assert_eq!(surveys, [Some(ID)]);
}

#[test]
fn damaged_traces_are_errors() {
    let (bytes, _) = recorded_from_the_second_swap();
    let play = |bytes: &[u8]| play(bytes, &mut |_, _| {});
    for length in (0..40).chain(bytes.len() - 8..bytes.len()).chain((40..bytes.len()).step_by(499)) {
        assert!(play(&bytes[..length]).is_err(), "{length}");
    }
    let mut dice = Dice(3);
    for _ in 0..40 {
        let mut damaged = bytes.clone();
        let at = dice.below(damaged.len());
        damaged[at] ^= 1 << dice.below(8);
        // Some changes unpack to the same bytes.
        assert!(play(&damaged).map_or(true, |summary| summary.same_end == Some(true)), "{at}");
    }
    assert!(matches!(play(b"XENTRACE\x01\0\0\0"), Err(TraceError::Version(1))));
    assert!(matches!(play(b"something else"), Err(TraceError::NoTrace)));
}

fn written(events: &[TraceEvent]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).unwrap();
    for event in events {
        writer.write(event).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn traces_are_compared_event_by_event() {
    let (bytes, _) = recorded_from_the_second_swap();
    let mut reader = open(&bytes);
    let mut events: Vec<_> = std::iter::from_fn(|| reader.next_event().unwrap()).collect();
    assert_eq!(compare(open(&bytes), open(&written(&events))).unwrap(), Err(events.len() as u64));
    let number = events.iter().position(|event| matches!(event, TraceEvent::Memory { .. })).unwrap();
    let TraceEvent::Memory { at, bytes: memory } = &mut events[number] else { unreachable!() };
    memory[1] ^= 0x10;
    let expected = format!("memory at {:#010x}: ", *at + 1);
    let difference = compare(open(&bytes), open(&written(&events))).unwrap().unwrap();
    assert_eq!(difference.event, number as u64);
    assert!(difference.what.starts_with(&expected), "{}", difference.what);
    let TraceEvent::Start(state) = &mut events[0] else { panic!("no start") };
    state.registers[0x2000] ^= 1;
    let difference = compare(open(&bytes), open(&written(&events))).unwrap().unwrap();
    assert!(difference.what.contains("RB_SURFACE_INFO"), "{}", difference.what);
}

/// Well-formed files with contents that no recording has.
#[test]
fn impossible_traces_are_refused() {
    let (bytes, _) = recorded_from_the_second_swap();
    let mut reader = open(&bytes);
    let start = reader.next_event().unwrap().unwrap();
    let play = |bytes: &[u8]| match play(bytes, &mut |_, _| {}) {
        Err(TraceError::Invalid { reason, .. }) => reason,
        Err(error) => error.to_string(),
        Ok(_) => "plays".to_owned(),
    };
    let end = TraceEvent::End { backend: "reference".into(), digest: [0; 16] };
    assert_eq!(play(&written(&[start.clone(), end.clone()])), "plays");
    assert_eq!(play(&written(std::slice::from_ref(&end))), "a trace begins with the processor's state");
    assert_eq!(play(&written(&[start.clone(), start.clone()])), "a second start");
    let late = TraceEvent::Pump { now: 1 << 51 };
    assert!(play(&written(&[start.clone(), late])).starts_with("time goes from"));
    let TraceEvent::Start(mut state) = start else { panic!("no start") };
    state.registers.pop();
    assert_eq!(play(&written(&[TraceEvent::Start(state), end])), "wrong number of registers");
}

/// File in which only time passes, with all its vertical blanks. Events of an hour each are refused
/// at the limit of the whole, and the ones before play quickly.
#[test]
fn a_trace_of_months_ends_at_its_limit() {
    const HOUR: u64 = 3600 * TICKS_PER_SECOND;
    let trace = Bytes::default();
    let memory = Arc::new(Ram::new(MEMORY));
    let mut gpu = CommandProcessor::new(memory, Box::new(NullBackend), Config::default());
    gpu.record(Recorder::new(Box::new(trace.clone()), 0, 1));
    gpu.pump(1000);
    gpu.finish_recording().unwrap().unwrap();
    let start = open(&trace.0.lock().unwrap()).next_event().unwrap().unwrap();
    let hours = (1..=5000).map(|hour| TraceEvent::Pump { now: hour * HOUR });
    let long = written(&std::iter::once(start).chain(hours).collect::<Vec<_>>());
    let began = std::time::Instant::now();
    let mut player = Player::new(open(&long), Box::new(NullBackend)).unwrap();
    let error = loop {
        match player.step(&mut |_, _| {}) {
            Ok(more) => assert!(more, "seven months were played"),
            Err(error) => break error,
        }
    };
    assert!(matches!(&error, TraceError::Invalid { event: 25, .. }), "{error}");
    assert!(error.to_string().contains("time goes from"), "{error}");
    assert!(player.processor().statistics().vblanks > 24 * 3600 * 49, "{:?}", player.summary().statistics);
    assert!(began.elapsed() < std::time::Duration::from_mins(1), "{:?}", began.elapsed());
}

fn play_blind(reader: Reader<impl Read>) -> Result<Summary, TraceError> {
    Player::new(reader, Box::new(NullBackend))?.run(&mut |_, _| {})
}

/// Any file and any events either play or return an error. `XENIA_RANDOM_TRACES` selects the cases.
#[test]
fn damaged_events_play_or_are_errors() {
    let events: &[u8] = include_bytes!("../../../fuzz/seeds/gpu_trace/swap");
    let mut reader = Reader::unpacked(events);
    let all: Vec<_> = std::iter::from_fn(|| reader.next_event().unwrap()).collect();
    let file = written(&all);
    let mut played = 0;
    let mut refused = 0;
    let case = |seed| {
        let mut dice = Dice(seed);
        let is_file = dice.one_in(4);
        let mut bytes = if is_file { file.clone() } else { events.to_vec() };
        if dice.one_in(16) {
            bytes = dice.bytes(4096);
        } else {
            dice.damage(&mut bytes, events);
        }
        let ended = if is_file {
            Reader::open(bytes.as_slice()).and_then(play_blind)
        } else {
            play_blind(Reader::unpacked(bytes.as_slice()))
        };
        match ended {
            Ok(summary) => {
                assert!(summary.frames <= summary.statistics.swaps);
                played += 1;
            }
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains("offset "), "{message}");
                assert!(message.len() < 400 && !message.chars().any(char::is_control), "{message:?}");
                refused += 1;
            }
        }
    };
    let cases = Cases::new("XENIA_RANDOM_TRACES", 4000);
    let are_usual = cases.are_usual();
    cases.each(case);
    println!("{played} played, {refused} refused");
    if are_usual {
        assert!(played > 10 && refused > 10, "{played} played, {refused} refused");
    }
}
