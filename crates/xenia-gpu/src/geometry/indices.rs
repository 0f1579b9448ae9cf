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
pub(super) fn indices(call: &DrawCall, memory: &dyn PhysicalMemory) -> Vec<Option<u32>> {
    let place = placed(call);
    let is_restart = |index| call.restart == Some(index);
    let mut reader = IndexReader::default();
    reader.read(call, memory);
    reader.indices.iter().map(|&index| (!is_restart(index)).then(|| place(index))).collect()
}

/// Reader of indices, in memory that it uses again for the next draw.
#[derive(Debug, Default)]
pub struct IndexReader {
    words: Vec<u32>,
    indices: Vec<u32>,
}

impl IndexReader {
    /// Reads the indices of a draw, none of which restarts primitives.
    pub fn without_restart(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> &[u32] {
        let place = placed(call);
        self.read(call, memory);
        for index in &mut self.indices {
            *index = place(*index);
        }
        &self.indices
    }

    /// Calls `each` with the runs of a draw's indices between those that restart primitives, in
    /// order.
    pub fn runs<E>(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        mut each: impl FnMut(&[u32]) -> Result<(), E>,
    ) -> Result<(), E> {
        let place = placed(call);
        self.read(call, memory);
        // An index is compared before it is placed: each run is split off first.
        for run in self.indices.split_mut(|index| call.restart == Some(*index)) {
            for index in &mut *run {
                *index = place(*index);
            }
            each(run)?;
        }
        Ok(())
    }

    /// Reads the indices as they are in the buffer or the packet.
    fn read(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) {
        let Self { words: read, indices } = self;
        let count = call.count.min(MAX_COUNT);
        indices.clear();
        match &call.indices {
            IndexSource::Counted => indices.extend(0..count),
            IndexSource::Buffer { physical, wide, endian, length } => {
                let count = count.min(*length) as usize;
                let range = index_range(call).unwrap_or_default();
                if !*wide {
                    swapped(memory, range, *endian, read);
                    halves(read, physical >> 1 & 1 != 0, count, indices);
                    return;
                }
                swapped(memory, range, *endian, indices);
                indices.truncate(count);
                for word in indices {
                    // Indices have 24 bits; the top byte of a word is ignored.
                    *word &= 0xff_ffff;
                }
            }
            IndexSource::Inline { words, wide } => {
                let half =
                    |i: u32| (words.get(i as usize / 2).copied().unwrap_or(0) >> (16 * (i & 1))) & 0xffff;
                let whole = |i: u32| words.get(i as usize).copied().unwrap_or(0) & 0xff_ffff;
                indices.extend((0..count).map(|i| if *wide { whole(i) } else { half(i) }));
            }
        }
    }
}

/// Adds the offset to an index, and clamps it.
fn placed(call: &DrawCall) -> impl Fn(u32) -> u32 {
    let offset = call.index_offset;
    let [lowest, highest] = call.index_bounds;
    move |index| (index.wrapping_add_signed(offset) & 0xff_ffff).min(highest).max(lowest)
}

/// Puts the first `count` halves of words, low before high, into an empty list; the very first can
/// be skipped.
fn halves(words: &[u32], skips_one: bool, count: usize, halves: &mut Vec<u32>) {
    halves.resize(words.len() * 2, 0);
    for (pair, word) in halves.as_chunks_mut().0.iter_mut().zip(words) {
        *pair = [word & 0xffff, word >> 16];
    }
    // Memory is read from a multiple of four, which may be one half before the first index.
    if skips_one && !halves.is_empty() {
        halves.remove(0);
    }
    halves.truncate(count);
}

/// Reads words of memory in the byte order of a buffer.
fn swapped(memory: &dyn PhysicalMemory, range: PhysicalRange, endian: Endian, words: &mut Vec<u32>) {
    fn each(words: &mut [u32], swap: impl Fn(u32) -> u32) {
        for word in words {
            *word = swap(u32::from_le(*word));
        }
    }
    words.clear();
    words.resize(range.length as usize / 4, 0);
    memory.read(range.start, bytemuck::cast_slice_mut(words));
    // One loop for each order: compilers make vector instructions of each.
    match endian {
        Endian::None => each(words, |word| word),
        Endian::In16 => each(words, |word| Endian::In16.swap(word)),
        Endian::In32 => each(words, |word| Endian::In32.swap(word)),
        Endian::Half32 => each(words, |word| Endian::Half32.swap(word)),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use super::*;
    use crate::draw_state::DrawRequest;
    use crate::enums::EdramMode;
    use crate::memory::Ram;
    use crate::microcode::{Shader, ShaderKind};
    use crate::registers::{RegisterFile, rb, vgt};

    #[test]
    fn runs_are_the_indices_between_restarts() {
        let mut registers = RegisterFile::new();
        registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::Depth));
        // The last index is that of restarts only with its offset.
        let words: Arc<[u32]> = Arc::new([0x0002_0001, 0x0003_ffff, 0xffff_ffff, 0xfffa_0004]);
        let request = DrawRequest {
            initiator: vgt::VgtDrawInitiator(6 | 1 << 6 | 8 << 16),
            indices: IndexSource::Inline { words, wide: false },
        };
        let shader = Arc::new(Shader::new(ShaderKind::Vertex, &[]));
        let call = DrawCall::capture(&registers, request, Some(&shader), None, Arc::default()).unwrap();
        let call = DrawCall { index_offset: 5, restart: Some(0xffff), ..call };
        let memory = Ram::new(0x1000);
        let mut runs = Vec::new();
        let mut reader = IndexReader::default();
        for _ in 0..2 {
            runs.clear();
            let read = reader.runs(&call, &memory, |run| {
                runs.push(run.to_vec());
                Ok::<(), Infallible>(())
            });
            read.unwrap();
            assert_eq!(runs, [vec![6, 7], vec![8], vec![], vec![9, 0xffff]]);
        }
        // The reference backend has the same order.
        let order = indices(&call, &memory);
        let split = order.split(Option::is_none);
        let split: Vec<Vec<u32>> = split.map(|run| run.iter().flatten().copied().collect()).collect();
        assert_eq!(runs, split);
    }

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
            let mut found = Vec::new();
            halves(&words, skips_one, count, &mut found);
            assert_eq!(found, expected);
        }
        let mut none = Vec::new();
        halves(&[], true, 1, &mut none);
        assert!(none.is_empty());
    }
}
