//! Tests of vertical blanks and swaps.

use super::*;
use crate::processor::capture::MAX_FRAMES;
use xenia_guest::MAX_TICKS;

#[test]
fn the_time_between_vertical_blanks_can_be_set() {
    let memory = Arc::new(Ram::new(0x1000));
    let mut gpu = CommandProcessor::new(memory, Box::new(NullBackend), Config::default());
    let fifty_hertz = TICKS_PER_SECOND / 50;
    let mut now = VBLANK_TICKS;
    for (asked, period) in
        [(fifty_hertz, fifty_hertz), (0, TICKS_PER_SECOND / 240), (u64::MAX, TICKS_PER_SECOND / 20)]
    {
        gpu.set_vblank_period(asked);
        assert_eq!(gpu.next_event_time(), Some(now), "the next one stays where it is");
        assert_eq!(gpu.pump(now).len(), 1);
        assert_eq!(gpu.next_event_time(), Some(now + period));
        let mut line = None;
        gpu.refresh_registers(now + period * 3 / 4, |index, value| {
            if index == dc::D1MODE_V_COUNTER {
                line = Some(value);
            }
        });
        assert!(line.is_none_or(|line| (561..=562).contains(&line)), "{line:?}");
        now += period;
    }
}

#[test]
fn states_of_an_impossible_time_are_refused() {
    let state = Display::new(false).state();
    for (start, is_possible) in [(MAX_TICKS, true), (MAX_TICKS + 1, false), (u64::MAX, false)] {
        let display = Display::from_state(&crate::trace::DisplayState { start, ..state.clone() });
        assert_eq!(display.is_ok(), is_possible, "{start}");
    }
}

#[test]
fn vertical_blanks_come_at_sixty_hertz_in_order_with_packets() {
    let memory = Arc::new(Ram::new(0x1000));
    let mut gpu = CommandProcessor::new(memory, Box::new(NullBackend), Config::default());
    assert_eq!(gpu.next_event_time(), Some(VBLANK_TICKS));
    assert!(gpu.pump(VBLANK_TICKS - 1).is_empty());
    assert_eq!(gpu.pump(VBLANK_TICKS), [GpuEvent::Interrupt { cpu_mask: 4, source: 0 }]);
    assert_eq!(gpu.pump(TICKS_PER_SECOND).len(), 59);
    let mut line = None;
    gpu.refresh_registers(TICKS_PER_SECOND + VBLANK_TICKS / 2, |index, value| {
        if index == dc::D1MODE_V_COUNTER {
            line = Some(value);
        }
    });
    assert_eq!(line, Some(375));
}

#[test]
fn a_long_time_passes_at_once_and_ends_as_if_it_had_passed_in_steps() {
    let processor = || {
        let memory = Arc::new(Ram::new(0x1000));
        CommandProcessor::new(memory, Box::new(NullBackend), Config::default())
    };
    let digest = |gpu: &mut CommandProcessor| {
        let mut bytes = Vec::new();
        gpu.digest(&mut |part| bytes.extend_from_slice(part));
        bytes
    };
    let mut whole = processor();
    let mut steps = processor();
    let end = 100 * TICKS_PER_SECOND + 12_345;
    assert_eq!(whole.pump(end).len() as u64, 1 + MAX_INTERRUPTS_PER_PUMP);
    for now in (0..end).step_by(1_000_000).chain([end]) {
        steps.pump(now);
    }
    assert_eq!(whole.statistics().vblanks, 6000);
    assert_eq!(digest(&mut whole), digest(&mut steps));
    for gpu in [&mut whole, &mut steps] {
        gpu.refresh_registers(end, |_, _| {});
        assert_eq!(gpu.next_event_time(), Some(6001 * VBLANK_TICKS));
    }
    assert_eq!(digest(&mut whole), digest(&mut steps));
    whole.pump(MAX_TICKS);
    assert_eq!(whole.statistics().vblanks, MAX_TICKS / VBLANK_TICKS, "261 days");
}

#[test]
fn a_swap_is_counted_and_pictured() {
    let mut m = GpuHarness::with_backend(Box::new(Recorder::default()));
    m.run(&swap_commands([2, 0x42, 0, 0, 0, 0], 0x0123_4000, 1280, 720));
    assert_eq!(m.events, [GpuEvent::Swap { physical: 0x0123_4000, width: 1280, height: 720, number: 1 }]);
    let frame = m.gpu.take_frame(1).unwrap();
    assert_eq!((frame.width, frame.height, frame.rgba[0]), (1280, 720, 0x42));
    assert!(m.gpu.take_frame(1).is_none());
    m.run(&[type3(opcode::XE_SWAP, 4), 1, 2, 3, 4]);
    assert_eq!(m.gpu.statistics().swaps, 1);
}

#[test]
fn each_swap_of_a_pump_has_its_own_picture() {
    let mut m = GpuHarness::with_backend(Box::new(Recorder::default()));
    let swaps = (1..=3).flat_map(|color| swap_commands([2, color, 0, 0, 0, 0], 0x0123_4000, 8, 8));
    m.run(&swaps.collect::<Vec<_>>());
    let mut color = |number| m.gpu.take_frame(number).map(|frame| frame.rgba[0]);
    assert_eq!([1, 3, 2, 3, 4].map(&mut color), [Some(1), Some(3), None, None, None], "2 came before 3");
    for round in 0..3 * MAX_FRAMES as u32 {
        m.run(&swap_commands([2, round, 0, 0, 0, 0], 0x0123_4000, 8, 8));
    }
    assert!(m.gpu.take_frame(4).is_none() && m.gpu.take_frame(3 + 3 * MAX_FRAMES as u64).is_some());
}

#[test]
fn a_pump_may_end_with_the_first_swap() {
    for short_pumps in [false, true] {
        let mut m = GpuHarness::new();
        let config = Config { short_pumps, ..Config::default() };
        m.gpu = CommandProcessor::new(m.memory.clone(), Box::new(NullBackend), config);
        m.gpu.initialize_ring(RING, 8);
        for front_buffer in [0x10_0000, 0x20_0000, 0x30_0000] {
            m.put(&swap_commands([2, 0, 0, 0, 0, 0], front_buffer, 1280, 720));
        }
        m.kick();
        let now = 10 * VBLANK_TICKS;
        let mut swaps = Vec::new();
        while m.gpu.next_event_time().is_some_and(|next| next <= now) {
            let events = m.gpu.pump(now);
            swaps.push(events.iter().filter(|event| matches!(event, GpuEvent::Swap { .. })).count());
        }
        // A short pump shows the first one with the blanks that were missed; the others wait.
        let expected: &[usize] = if short_pumps { &[1, 1] } else { &[3] };
        assert_eq!((&swaps[..], m.gpu.statistics().vblanks), (expected, 10));
        m.gpu.pump(now + VBLANK_TICKS);
        assert_eq!(m.gpu.statistics().swaps, 3);
    }
}
