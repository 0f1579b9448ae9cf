//! Tests of short pumps, for hosts that are slower than the modelled chip.

use super::*;
use crate::registers::{Register, rb};

/// A processor with short pumps, and a ring that draws `draws` times and then swaps.
fn short(draws: usize) -> GpuHarness {
    let mut m = reading(&[]);
    m.put(&[type3(opcode::IM_LOAD_IMMEDIATE, 3), 0, 1, 1, type3(opcode::IM_LOAD_IMMEDIATE, 3), 1, 1, 1]);
    m.put(&[type0(rb::RbModecontrol::INDEX, 1), 4]);
    for _ in 0..draws {
        m.put(&[type3(opcode::DRAW_INDX_2, 1), 4 | 2 << 6 | 3 << 16]);
    }
    m.put(&swap_commands([2, 0, 0, 0, 0, 0], 0x10_0000, 1280, 720));
    m.kick();
    m
}

#[test]
fn a_short_pump_ends_after_some_draws_and_the_next_continues() {
    let mut m = short(40);
    let now = VBLANK_TICKS - 1;
    let mut draws = Vec::new();
    while m.gpu.next_event_time().is_some_and(|next| next <= now) {
        m.gpu.pump(now);
        draws.push(m.gpu.statistics().draws);
    }
    assert_eq!(draws, [16, 32, 40]);
    assert_eq!((m.gpu.statistics().swaps, m.gpu.next_event_time()), (0, Some(VBLANK_TICKS)));
}

#[test]
fn a_blank_that_is_overdue_does_not_wait_for_packets() {
    let mut m = short(40);
    let events = m.gpu.pump(3 * VBLANK_TICKS + OVERDUE);
    let blank = GpuEvent::Interrupt { cpu_mask: 1 << VBLANK_CPU, source: 0 };
    assert_eq!(events, vec![blank; 3]);
    assert_eq!(m.gpu.statistics().draws, 16);
    m.gpu.pump(3 * VBLANK_TICKS + OVERDUE);
    // The swap was due before the first blank, so it does not wait for a later one.
    let events = m.gpu.pump(3 * VBLANK_TICKS + OVERDUE);
    assert!(matches!(events[..], [GpuEvent::Swap { number: 1, .. }]), "{events:?}");
    assert_eq!(cost::ticks(m.gpu.cycles), 3 * VBLANK_TICKS + 1, "no swap hurries afterwards");
}

#[test]
fn a_blank_that_is_not_overdue_comes_in_the_order_of_times() {
    let mut m = short(1);
    let events = m.gpu.pump(VBLANK_TICKS + OVERDUE - 1);
    let blank = GpuEvent::Interrupt { cpu_mask: 1 << VBLANK_CPU, source: 0 };
    assert!(matches!(&events[..], [GpuEvent::Swap { number: 1, .. }, last] if *last == blank), "{events:?}");
}

/// A processor with short pumps that reads `words` from the ring.
fn reading(words: &[u32]) -> GpuHarness {
    let mut m = GpuHarness::new();
    let config = Config { short_pumps: true, concurrent: true, ..Config::default() };
    m.gpu = CommandProcessor::new(m.memory.clone(), Box::new(NullBackend), config);
    m.gpu.initialize_ring(RING, 7);
    m.put(words);
    m.kick();
    m
}

#[test]
fn a_buffer_that_calls_itself_for_ever_leaves_each_pump_short() {
    let mut m = reading(&[type3(opcode::INDIRECT_BUFFER, 2), LIST, 3]);
    m.list(LIST, &[type3(opcode::INDIRECT_BUFFER, 2), LIST, 3]);
    let now = 1000 * VBLANK_TICKS + OVERDUE;
    let mut blanks = 0;
    for _ in 0..8 {
        let before = m.gpu.statistics().words;
        blanks += m.gpu.pump(now).len();
        assert!((1..=MAX_WORDS_PER_SHORT_PUMP + 3).contains(&(m.gpu.statistics().words - before)));
        assert!(m.gpu.next_event_time().is_some_and(|next| next <= now), "more is due");
    }
    assert_eq!(blanks, 1000, "at the first pump");
}

#[test]
fn an_unsatisfied_wait_leaves_only_the_next_vertical_blank_due() {
    let mut m = reading(&[type3(opcode::WAIT_REG_MEM, 5), 3 | 0x10, DATA_BE, 1, u32::MAX, 1]);
    let now = 10 * VBLANK_TICKS;
    while m.gpu.next_event_time().is_some_and(|next| next <= now) {
        m.gpu.pump(now);
    }
    assert_eq!((m.gpu.next_event_time(), m.gpu.is_idle()), (Some(11 * VBLANK_TICKS), false));
    // The store of a guest's thread ends it at the next pump.
    m.memory.write_u32(DATA, 1);
    m.gpu.pump(now + 1);
    assert!(m.gpu.is_idle());
}

#[test]
fn a_buffer_outside_of_memory_ends() {
    let mut m = reading(&[type3(opcode::INDIRECT_BUFFER, 2), 0xFFFF_FFF0, 0xF_FFFF]);
    let mut now = 0;
    for _ in 0..1000 {
        now += VBLANK_TICKS;
        let before = m.gpu.statistics().words;
        m.gpu.pump(now);
        assert!(m.gpu.statistics().words - before <= MAX_WORDS_PER_SHORT_PUMP + 0x4001);
    }
    assert!(m.gpu.is_idle());
}
