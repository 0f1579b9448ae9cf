//! Cost model of packets: a simple model of the chip's speed.
//!
//! Costs depend only on packets and registers, never on results of a backend, so that all backends
//! have the same times. The figures are rough (500 MHz chip, two cycles per word, 32 samples per
//! cycle in draws, eight texels in resolves); they only need to be plausible and fixed.

use crate::draw_state::color::INFO as COLOR_INFO;
use crate::draw_state::{DrawCall, ResolveCall, Scissor};
use crate::edram::{TILE_HEIGHT, TILES, pitch_tiles};
use crate::fnv;
use crate::registers::{Register, RegisterFile, rb};

/// Chip cycles (500 MHz) per tick of the time base (49.875 MHz), rounded.
const CYCLES_PER_TICK: u64 = 10;

/// Announced times of coming packets are rounded up to this many ticks, so that an otherwise idle
/// machine doesn't wake for every packet.
pub(super) const EVENT_GRAIN: u64 = 32;

/// Converts a clock value in cycles to guest time in ticks.
pub(super) const fn ticks(cycles: u64) -> u64 {
    cycles.div_ceil(CYCLES_PER_TICK)
}

/// Converts guest time in ticks to a clock value in cycles.
pub(super) const fn cycles_at(ticks: u64) -> u64 {
    ticks.saturating_mul(CYCLES_PER_TICK)
}

/// Cost of reading a packet of `count` words.
pub(super) const fn words(count: u64) -> u64 {
    4 + 2 * count
}

/// Maximum number of pixels that a pass is charged for.
const MAX_FILL: u64 = 1280 * 720;

/// Cost of a draw: its vertices and, if it `fills` a pass, the pixels.
pub(super) fn draw(call: &DrawCall, fills: bool) -> u64 {
    200 + call.count as u64 * 8 + if fills { fill(call) } else { 0 }
}

/// Fill cost of a pass's first rectangles, which are mostly a clear or cover the screen: the pixels
/// in the scissor, limited to the rows that fit in EDRAM.
fn fill(call: &DrawCall) -> u64 {
    let rows = TILES.div_ceil(pitch_tiles(call.pitch, call.msaa.columns(), 1).max(1)) * TILE_HEIGHT;
    let bottom = call.scissor.bottom.min((rows / call.msaa.rows()) as i32);
    let area = Scissor { bottom, ..call.scissor }.area();
    area.min(MAX_FILL) * call.msaa.samples() as u64 / 32
}

/// Identifier of a pass: a hash of the targets and the scissor. Never zero, which means no pass.
pub(super) fn pass(registers: &RegisterFile, scissor: Scissor) -> u64 {
    let Scissor { left, top, right, bottom } = scissor;
    let targets = [rb::RbSurfaceInfo::INDEX, rb::RbDepthInfo::INDEX].into_iter().chain(COLOR_INFO);
    let edges = [left, top, right, bottom].map(|edge| edge as u32);
    fnv::words(fnv::BASIS, targets.map(|index| registers.get(index)).chain(edges)).max(1)
}

/// Cost of a resolve.
pub(super) fn resolve(call: &ResolveCall) -> u64 {
    let destination = call.destination.pitch as u64 * call.destination.height as u64;
    500 + call.scissor.area().min(destination) / 8
}
