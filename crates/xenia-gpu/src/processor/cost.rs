//! What packets cost: a simple model of the chip's speed.
//!
//! Only what packets and registers say goes in, never what a backend found out, so that all
//! backends have the same times. The figures are rough (500 MHz chip, one word a cycle or two,
//! eight pixels a cycle); they only need to be plausible and fixed.

use crate::draw_state::{CopyCall, DrawCall};
use crate::enums::Primitive;

/// Chip cycles (500 MHz) per tick of the time base (49.875 MHz), rounded.
const CYCLES_PER_TICK: u64 = 10;

/// Times of coming packets are rounded up to this many ticks when they are announced, so that an
/// otherwise idle machine doesn't wake for every packet.
pub(super) const EVENT_GRAIN: u64 = 32;

/// The guest time, in ticks, that a clock stands at.
pub(super) const fn ticks(cycles: u64) -> u64 {
    cycles.div_ceil(CYCLES_PER_TICK)
}

/// The clock at a guest time in ticks.
pub(super) const fn cycles_at(ticks: u64) -> u64 {
    ticks.saturating_mul(CYCLES_PER_TICK)
}

/// Walking a packet of so many words.
pub(super) const fn words(count: u64) -> u64 {
    4 + 2 * count
}

/// A draw: its vertices, and for rectangles, which are mostly clears and full-screen passes, the
/// pixels that may be drawn.
pub(super) fn draw(call: &DrawCall) -> u64 {
    let pixels = match call.primitive {
        Primitive::RectangleList => call.scissor.area() * call.msaa.samples() as u64 / 32,
        _ => 0,
    };
    200 + call.count as u64 * 8 + pixels
}

/// A copy out of the EDRAM.
pub(super) fn copy(call: &CopyCall) -> u64 {
    let destination = call.destination.pitch as u64 * call.destination.height as u64;
    500 + call.scissor.area().min(destination) / 8
}
