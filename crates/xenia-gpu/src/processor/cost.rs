//! What packets cost: a simple model of the chip's speed.
//!
//! Only what packets and registers say goes in, never what a backend found out, so that all
//! backends have the same times. The figures are rough (500 MHz chip, one word a cycle or two,
//! eight pixels a cycle); they only need to be plausible and fixed.

use crate::draw_state::color::INFO as COLOR_INFO;
use crate::draw_state::{CopyCall, DrawCall, Scissor};
use crate::edram::{TILE_HEIGHT, TILES, pitch_tiles};
use crate::fnv;
use crate::registers::{Register, RegisterFile, rb};

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

/// Pixels of the largest picture that a pass fills.
const LARGEST_FILL: u64 = 1280 * 720;

/// A draw: its vertices, and the pixels that a pass `fills`.
pub(super) fn draw(call: &DrawCall, fills: bool) -> u64 {
    200 + call.count as u64 * 8 + if fills { fill(call) } else { 0 }
}

/// The first rectangles of a pass, which are mostly a clear or cover the screen: the pixels that
/// may be drawn, as far as the EDRAM has rows for them.
fn fill(call: &DrawCall) -> u64 {
    let rows = TILES.div_ceil(pitch_tiles(call.pitch, call.msaa.columns(), 1).max(1)) * TILE_HEIGHT;
    let bottom = call.scissor.bottom.min((rows / call.msaa.rows()) as i32);
    let area = Scissor { bottom, ..call.scissor }.area();
    area.min(LARGEST_FILL) * call.msaa.samples() as u64 / 32
}

/// What a pass is known by: the targets, and the pixels that may be drawn. Never zero, which is no
/// pass.
pub(super) fn pass(registers: &RegisterFile, scissor: Scissor) -> u64 {
    let Scissor { left, top, right, bottom } = scissor;
    let targets = [rb::RbSurfaceInfo::INDEX, rb::RbDepthInfo::INDEX].into_iter().chain(COLOR_INFO);
    let edges = [left, top, right, bottom].map(|edge| edge as u32);
    fnv::words(fnv::BASIS, targets.map(|index| registers.get(index)).chain(edges)).max(1)
}

/// A copy out of the EDRAM.
pub(super) fn copy(call: &CopyCall) -> u64 {
    let destination = call.destination.pitch as u64 * call.destination.height as u64;
    500 + call.scissor.area().min(destination) / 8
}
