//! Indices of a draw: auto-generated, from memory, or embedded in the packet.

use crate::draw_state::{DrawCall, IndexSource};
use crate::memory::PhysicalMemory;

/// Most vertices in a draw: `VGT_DRAW_INITIATOR` counts in 16 bits.
pub const MAX_COUNT: u32 = 65_535;

/// Memory range of a draw's index buffer: physical address and bytes.
pub fn index_range(call: &DrawCall) -> Option<(u32, u32)> {
    let IndexSource::Buffer { physical, wide, length, .. } = call.indices else { return None };
    let bytes = call.count.min(MAX_COUNT).min(length) * if wide { 4 } else { 2 };
    // Byte swaps act on whole words, so the range is aligned to words.
    Some((physical & !3, (bytes + 8) & !3))
}

/// Reads the indices of a draw; the primitive restart index is returned as `None`.
pub fn indices(call: &DrawCall, memory: &dyn PhysicalMemory) -> Vec<Option<u32>> {
    let count = call.count.min(MAX_COUNT);
    let raw: Vec<u32> = match &call.indices {
        IndexSource::Counted => (0..count).collect(),
        IndexSource::Buffer { physical, wide, endian, length } => {
            let count = count.min(*length) as usize;
            let bytes_per = if *wide { 4 } else { 2 };
            let (start, length) = index_range(call).unwrap_or_default();
            let mut bytes = vec![0; length as usize];
            memory.read(start, &mut bytes);
            for word in bytes.chunks_exact_mut(4) {
                let swapped = endian.swap(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
                word.copy_from_slice(&swapped.to_le_bytes());
            }
            let skip = (physical & 3) as usize;
            let index = |at: usize| {
                if *wide {
                    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) & 0xff_ffff
                } else {
                    u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
                }
            };
            (0..count).map(|i| index(skip + i * bytes_per)).collect()
        }
        IndexSource::Inline { words, wide } => {
            let half = |i: u32| (words.get(i as usize / 2).copied().unwrap_or(0) >> (16 * (i & 1))) & 0xffff;
            let whole = |i: u32| words.get(i as usize).copied().unwrap_or(0) & 0xff_ffff;
            (0..count).map(|i| if *wide { whole(i) } else { half(i) }).collect()
        }
    };
    let [lowest, highest] = call.index_bounds;
    raw.into_iter()
        .map(|index| {
            let restart = call.restart.is_some_and(|restart| restart == index);
            let index = (index.wrapping_add_signed(call.index_offset) & 0xff_ffff).min(highest).max(lowest);
            (!restart).then_some(index)
        })
        .collect()
}
