//! Sources of decoding: memory of a level in one buffer, from the mirror's images and from memory.

use std::ops::Range;

use xenia_gpu::memory::PhysicalMemory;

use super::super::mapping::filled_buffer;
use super::super::mirror::{Piece, ScaledPiece};
use super::super::scale::Scale;

/// Range of guest memory on the device.
pub(in super::super) struct LevelSource {
    pub(in super::super) buffer: wgpu::Buffer,
    pub(in super::super) range: Range<u64>,
    /// Bytes that were sent.
    pub(in super::super) sent: u64,
}

impl LevelSource {
    /// Finds a range in one buffer, or collects it in a new one from the device and memory.
    pub(in super::super) fn new(
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        physical: u32,
        length: u32,
        pieces: &[Piece],
        memory: &dyn PhysicalMemory,
    ) -> Self {
        let size = u64::from(length.next_multiple_of(4));
        let aligned = u64::from(device.limits().min_storage_buffer_offset_alignment);
        if let [piece] = pieces
            && piece.within == (0..size)
            && piece.from.is_multiple_of(aligned)
        {
            let range = piece.from..piece.from + size;
            return Self { buffer: piece.buffer.clone(), range, sent: 0 };
        }
        let missing = gaps(pieces.iter().map(|piece| piece.within.clone()), size);
        let sent = missing.iter().map(|gap| gap.end - gap.start).sum();
        let label = "guest texels";
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        let buffer = if missing.is_empty() {
            let label = Some(label);
            device.create_buffer(&wgpu::BufferDescriptor { label, size, usage, mapped_at_creation: false })
        } else {
            let mut bytes = vec![0; size as usize];
            for gap in missing {
                let to = &mut bytes[gap.start as usize..gap.end as usize];
                memory.read(physical.wrapping_add(gap.start as u32), to);
            }
            filled_buffer(device, label, &bytes, usage)
        };
        for Piece { buffer: from, from: start, within, .. } in pieces {
            // wgpu copies whole words.
            let length = (within.end - within.start).next_multiple_of(4);
            encoder.copy_buffer_to_buffer(from, *start, &buffer, within.start, length);
        }
        Self { buffer, range: 0..size, sent }
    }

    /// The range, to be bound.
    pub(in super::super) fn binding(&self) -> wgpu::BufferBinding<'_> {
        let size = wgpu::BufferSize::new(self.range.end - self.range.start);
        wgpu::BufferBinding { buffer: &self.buffer, offset: self.range.start, size }
    }

    /// Finds the texels of pieces at the host's resolution in one buffer, or collects them in a new
    /// one. Each piece has some, all of one size: see [`texel_bytes`].
    pub(in super::super) fn scaled(
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        pieces: &[Piece],
        scale: Scale,
    ) -> Self {
        let length = |piece: &Piece, scaled: &ScaledPiece| {
            scale.bytes(piece.within.end - piece.within.start, scaled.texel_bytes)
        };
        let parts: Vec<_> = pieces
            .iter()
            .filter_map(|piece| piece.scaled.as_ref().map(|scaled| (scaled, length(piece, scaled))))
            .collect();
        let aligned = u64::from(device.limits().min_storage_buffer_offset_alignment);
        if let [(piece, length)] = parts[..]
            && piece.from.is_multiple_of(aligned)
        {
            return Self { buffer: piece.buffer.clone(), range: piece.from..piece.from + length, sent: 0 };
        }
        let size = parts.iter().map(|(_, length)| length).sum();
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("scaled texels"),
            size,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut at = 0;
        for (piece, length) in parts {
            encoder.copy_buffer_to_buffer(&piece.buffer, piece.from, &buffer, at, length);
            at += length;
        }
        Self { buffer, range: 0..size, sent: 0 }
    }
}

/// Ranges of `size` bytes that no piece covers. Pieces are copied by words; both ends of each lie
/// on pages or are the range's.
fn gaps(covered: impl IntoIterator<Item = Range<u64>>, size: u64) -> Vec<Range<u64>> {
    let mut gaps = Vec::new();
    let mut at = 0;
    for piece in covered {
        gaps.push(at..piece.start);
        at = piece.end.next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT);
    }
    gaps.push(at..size);
    gaps.retain(|gap| !gap.is_empty());
    gaps
}

/// Bytes of the guest's texels, if pieces have all of a range of `length` bytes at the host's
/// resolution, with texels of one size.
pub(in super::super) fn texel_bytes(pieces: &[Piece], length: u32) -> Option<u32> {
    let bytes = pieces.first()?.scaled.as_ref()?.texel_bytes;
    let mut end = 0;
    for piece in pieces {
        let is_next = piece.within.start == end && piece.within.end.is_multiple_of(u64::from(bytes));
        if !is_next || piece.scaled.as_ref().is_none_or(|scaled| scaled.texel_bytes != bytes) {
            return None;
        }
        end = piece.within.end;
    }
    (end == u64::from(length)).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_what_no_copy_of_words_covers() {
        let found = |covered: &[(u64, u64)], size| -> Vec<(u64, u64)> {
            let covered = covered.iter().map(|(start, end)| *start..*end);
            gaps(covered, size).into_iter().map(|gap| (gap.start, gap.end)).collect()
        };
        for (covered, size, expected) in [
            (&[(4096, 8192)][..], 12_288, &[(0, 4096), (8192, 12_288)][..]),
            (&[(0, 4096), (4096, 8192)], 8192, &[]),
            (&[(0, 6)], 8, &[]),
            (&[], 8, &[(0, 8)]),
        ] {
            assert_eq!(found(covered, size), expected, "{covered:?}");
        }
    }
}
