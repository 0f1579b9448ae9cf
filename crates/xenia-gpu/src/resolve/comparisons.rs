//! Resolves by comparison: components of pixels become the bits of a texture's blocks.

use super::Rect;
use crate::Cancel;
use crate::backend::BackendError;
use crate::draw_state::{CopySource, ResolveCall};
use crate::enums::{ColorTargetFormat, Compare};
use crate::memory::PhysicalMemory;
use crate::texture::layout::tiled_2d;
use crate::texture::swap;

/// Texture format of blocks with one bit for each component of 4 x 4 texels.
const DXT3A_AS_1_1_1_1: u32 = 61;

/// Whether a resolve by comparison is supported: from bytes of a colour target to a 2D texture of
/// bits.
pub fn check_comparisons(call: &ResolveCall) -> Result<(), BackendError> {
    use ColorTargetFormat::{Rgba8, Rgba8Gamma};
    let destination = &call.destination;
    let is_known = matches!(call.source, CopySource::Color { format: Rgba8 | Rgba8Gamma, .. })
        && destination.format == DXT3A_AS_1_1_1_1
        && destination.slice.is_none();
    if is_known { Ok(()) } else { Err(BackendError::Unsupported("comparisons in this resolve".into())) }
}

/// Bits of a pixel's components, red in the lowest, unlike in fetches of the format
/// (docs/src/decisions/0021-graphics-facts.md, copy command 2).
fn bits(call: &ResolveCall, pixel: u32) -> u64 {
    let comparison = call.comparison;
    (0..4_u32).fold(0, |all, component| {
        let byte = |word: u32| (word & comparison.mask) >> (8 * component) & 0xff;
        let function = Compare::from_bits(comparison.functions >> (4 * component) & 7);
        // The reference is the left operand.
        let holds = function.holds(byte(comparison.reference), byte(pixel));
        all | u64::from(holds) << component
    })
}

/// Writes a bit for each component of the pixels of a rectangle whose sides are multiples of four.
/// `pixel` returns a sample's word. The token cancels the writes.
pub fn store_comparisons(
    call: &ResolveCall,
    memory: &dyn PhysicalMemory,
    [left, top, right, bottom]: Rect,
    cancel: &Cancel,
    pixel: impl Fn(u32, u32) -> u32,
) {
    let destination = &call.destination;
    for y in (top..bottom).step_by(4).take_while(|_| !cancel.cuts()) {
        for x in (left..right).step_by(4) {
            let texel = |at: u32| bits(call, pixel(x + at % 4, y + at / 4)) << (4 * at);
            let mut block = (0..16).map(texel).sum::<u64>().to_le_bytes();
            swap(&mut block, destination.endian);
            // The pitch counts blocks.
            let offset = tiled_2d(x / 4, y / 4, destination.pitch, block.len().ilog2());
            memory.write(destination.physical.wrapping_add(offset), &block);
        }
    }
}
