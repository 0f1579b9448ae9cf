//! Vertical blanks and swaps.

use super::*;

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
fn a_swap_is_counted_and_pictured() {
    let mut m = Machine::with_backend(Box::new(Recorder::default()));
    m.run(&swap_commands([2, 0x42, 0, 0, 0, 0], 0x0123_4000, 1280, 720));
    assert_eq!(m.events, [GpuEvent::Swap { physical: 0x0123_4000, width: 1280, height: 720, number: 1 }]);
    let frame = m.gpu.take_frame().unwrap();
    assert_eq!((frame.width, frame.height, frame.rgba[0]), (1280, 720, 0x42));
    assert!(m.gpu.take_frame().is_none());
    m.run(&[type3(opcode::XE_SWAP, 4), 1, 2, 3, 4]);
    assert_eq!(m.gpu.statistics().swaps, 1);
}
