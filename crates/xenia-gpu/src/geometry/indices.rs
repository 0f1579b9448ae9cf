//! Indices of a draw: auto-generated, from memory, or embedded in the packet.

use crate::draw_state::{DrawCall, IndexSource};
use crate::memory::{Endian, PhysicalMemory, PhysicalRange};

/// Maximum number of vertices in a draw: `VGT_DRAW_INITIATOR` counts in 16 bits.
pub const MAX_COUNT: u32 = 65_535;

/// Memory range of a draw's index buffer.
pub fn index_range(call: &DrawCall) -> Option<PhysicalRange> {
    let IndexSource::Buffer { physical, wide, length, .. } = call.indices else { return None };
    let bytes = call.count.min(MAX_COUNT).min(length) * if wide { 4 } else { 2 };
    // Byte swaps act on whole words, so the range is aligned to words.
    Some(PhysicalRange { start: physical & !3, length: (bytes + 8) & !3 })
}

/// Reads the indices of a draw; the primitive restart index is returned as `None`.
pub fn indices(call: &DrawCall, memory: &dyn PhysicalMemory) -> Vec<Option<u32>> {
    let place = placed(call);
    let is_restart = |index| call.restart == Some(index);
    raw(call, memory).into_iter().map(|index| (!is_restart(index)).then(|| place(index))).collect()
}

/// Reads the indices of a draw, none of which restarts primitives.
pub fn indices_without_restart(call: &DrawCall, memory: &dyn PhysicalMemory) -> Vec<u32> {
    let place = placed(call);
    let mut indices = raw(call, memory);
    for index in &mut indices {
        *index = place(*index);
    }
    indices
}

/// Adds the offset to an index, and clamps it.
fn placed(call: &DrawCall) -> impl Fn(u32) -> u32 {
    let offset = call.index_offset;
    let [lowest, highest] = call.index_bounds;
    move |index| (index.wrapping_add_signed(offset) & 0xff_ffff).min(highest).max(lowest)
}

/// The first `count` halves of words, low before high; the very first can be skipped.
fn halves(words: &[u32], skips_one: bool, count: usize) -> Vec<u32> {
    let mut halves = vec![0; words.len() * 2];
    for (pair, word) in halves.as_chunks_mut().0.iter_mut().zip(words) {
        *pair = [word & 0xffff, word >> 16];
    }
    if skips_one && !halves.is_empty() {
        halves.remove(0);
    }
    halves.truncate(count);
    halves
}

/// Reads words of memory in the byte order of a buffer.
fn swapped(memory: &dyn PhysicalMemory, range: PhysicalRange, endian: Endian) -> Vec<u32> {
    fn each(words: &mut [u32], swap: impl Fn(u32) -> u32) {
        for word in words {
            *word = swap(u32::from_le(*word));
        }
    }
    let mut words = vec![0; range.length as usize / 4];
    memory.read(range.start, bytemuck::cast_slice_mut(&mut words));
    // One loop for each order: compilers make vector instructions of each.
    match endian {
        Endian::None => each(&mut words, |word| word),
        Endian::In16 => each(&mut words, |word| Endian::In16.swap(word)),
        Endian::In32 => each(&mut words, |word| Endian::In32.swap(word)),
        Endian::Half32 => each(&mut words, |word| Endian::Half32.swap(word)),
    }
    words
}

/// Reads the indices as they are in the buffer or the packet.
fn raw(call: &DrawCall, memory: &dyn PhysicalMemory) -> Vec<u32> {
    let count = call.count.min(MAX_COUNT);
    match &call.indices {
        IndexSource::Counted => (0..count).collect(),
        IndexSource::Buffer { physical, wide, endian, length } => {
            let count = count.min(*length) as usize;
            let range = index_range(call).unwrap_or_default();
            let mut words = swapped(memory, range, *endian);
            if !*wide {
                return halves(&words, physical >> 1 & 1 != 0, count);
            }
            words.truncate(count);
            for word in &mut words {
                *word &= 0xff_ffff;
            }
            words
        }
        IndexSource::Inline { words, wide } => {
            let half = |i: u32| (words.get(i as usize / 2).copied().unwrap_or(0) >> (16 * (i & 1))) & 0xffff;
            let whole = |i: u32| words.get(i as usize).copied().unwrap_or(0) & 0xff_ffff;
            (0..count).map(|i| if *wide { whole(i) } else { half(i) }).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_indices_are_the_halves_of_words() {
        let words = [0x0002_0001, 0x0004_0003, 0xffff_0005];
        for (skips_one, count, expected) in [
            (false, 6, &[1, 2, 3, 4, 5, 0xffff][..]),
            (false, 3, &[1, 2, 3]),
            (true, 3, &[2, 3, 4]),
            (true, 5, &[2, 3, 4, 5, 0xffff]),
            (true, 0, &[]),
        ] {
            assert_eq!(halves(&words, skips_one, count), expected);
        }
        assert!(halves(&[], true, 1).is_empty());
    }
}
