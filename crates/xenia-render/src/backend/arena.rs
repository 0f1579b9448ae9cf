//! Arena buffers: filled from the front and emptied as a whole.
//!
//! Data put into an arena is valid for all draws of the next submission. When an arena is full, the
//! commands recorded so far are submitted; then its beginning may be overwritten, since the queue
//! executes operations in order. An arena may begin with a small buffer, because wgpu clears a
//! buffer before its first use.

use std::ops::{Range, RangeInclusive};

use super::Device;

/// Buffer for small pieces of data, collected on the host and uploaded before each submission.
pub(super) struct Arena {
    label: &'static str,
    buffer: wgpu::Buffer,
    bytes: Vec<u8>,
    capacity: usize,
    /// Capacity up to which the arena grows.
    max_capacity: usize,
    align: usize,
    /// Ranges of the last two pieces.
    recent: [Range<usize>; 2],
}

impl Arena {
    /// Creates an arena whose capacity in bytes is doubled after each submission that fills more
    /// than half of it. Pieces are aligned to `align` (a power of two, at least 4).
    pub(super) fn growing(
        device: &Device,
        label: &'static str,
        usage: wgpu::BufferUsages,
        capacities: RangeInclusive<usize>,
        align: usize,
    ) -> Self {
        let (capacity, max_capacity) = capacities.into_inner();
        Self { max_capacity, ..Self::with_room_after(device, label, usage, capacity, 0, align) }
    }

    /// Creates an arena of `capacity` bytes at the start of a buffer with `room` more bytes after
    /// it.
    pub(super) fn with_room_after(
        device: &Device,
        label: &'static str,
        usage: wgpu::BufferUsages,
        capacity: usize,
        room: usize,
        align: usize,
    ) -> Self {
        let buffer = create(device, label, usage | wgpu::BufferUsages::COPY_DST, capacity + room);
        let recent = [0..0, 0..0];
        Self { label, buffer, bytes: Vec::new(), capacity, max_capacity: capacity, align, recent }
    }

    /// Buffer of the pieces until [`send`](Self::send), which may replace it by a larger one.
    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Whether `bytes` more bytes fit.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        // With the padding before the piece.
        self.bytes.len() + bytes + self.align <= self.capacity
    }

    /// Appends a piece and returns its offset. It must fit. A piece equal to one of the last two,
    /// as a stage's constants often are, is not stored again.
    pub(super) fn put(&mut self, piece: &[u8]) -> u64 {
        if let Some(same) = self.recent.iter().find(|range| self.bytes[(*range).clone()] == *piece) {
            return same.start as u64;
        }
        let start = self.bytes.len().next_multiple_of(self.align);
        self.bytes.resize(start, 0);
        self.bytes.extend_from_slice(piece);
        // The older of both gives way.
        self.recent.swap(0, 1);
        self.recent[0] = start..self.bytes.len();
        start as u64
    }

    /// Uploads all pieces and empties the arena.
    pub(super) fn send(&mut self, device: &Device) {
        // wgpu writes whole words to buffers.
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        if !self.bytes.is_empty() {
            device.upload(&self.buffer, 0, &self.bytes);
            if self.capacity < self.max_capacity && self.bytes.len() > self.capacity / 2 {
                self.capacity = self.max_capacity.min(self.capacity * 2);
                // The recorded commands keep the old buffer, which has their data.
                self.buffer = create(device, self.label, self.buffer.usage(), self.capacity);
            }
            self.bytes.clear();
            self.recent = [0..0, 0..0];
        }
    }
}

fn create(device: &Device, label: &str, usage: wgpu::BufferUsages, size: usize) -> wgpu::Buffer {
    device.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: size as u64,
        usage,
        mapped_at_creation: false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::device;
    use super::*;

    #[test]
    fn an_arena_grows_while_it_is_filled() {
        device::tests::with_device(|device| {
            let usage = wgpu::BufferUsages::UNIFORM;
            let mut arena = Arena::growing(device, "test", usage, 1024..=3072, 16);
            let mut sizes = Vec::new();
            for length in [512, 513, 1024, 2000, 3000] {
                arena.put(&vec![1; length]);
                arena.send(device);
                sizes.push(arena.buffer().size());
                assert!(arena.fits(sizes[sizes.len() - 1] as usize - 16));
            }
            assert_eq!(sizes, [1024, 2048, 2048, 3072, 3072]);
        });
    }
}
