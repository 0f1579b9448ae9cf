//! Arena buffers: filled from the front and emptied as a whole.
//!
//! Data put into an arena is valid for all draws of the next submission. When an arena is full, the
//! commands recorded so far are submitted; then its beginning may be overwritten, since the queue
//! executes operations in order.

use std::ops::Range;

use super::Device;

/// Buffer for small pieces of data, collected on the host and uploaded before each submission.
pub(super) struct Arena {
    buffer: wgpu::Buffer,
    bytes: Vec<u8>,
    capacity: usize,
    align: usize,
    /// Ranges of the last two pieces.
    recent: [Range<usize>; 2],
}

impl Arena {
    /// Creates an arena of `capacity` bytes whose pieces are aligned to `align` (a power of two, at
    /// least 4).
    pub(super) fn new(
        device: &Device,
        label: &str,
        usage: wgpu::BufferUsages,
        capacity: usize,
        align: usize,
    ) -> Self {
        Self::before(device, label, usage, [capacity, 0], align)
    }

    /// Creates an arena at the beginning of a buffer that has more bytes after it.
    pub(super) fn before(
        device: &Device,
        label: &str,
        usage: wgpu::BufferUsages,
        [capacity, more]: [usize; 2],
        align: usize,
    ) -> Self {
        let buffer = device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: (capacity + more) as u64,
            usage: usage | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self { buffer, bytes: Vec::new(), capacity, align, recent: [0..0, 0..0] }
    }

    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Whether `bytes` more bytes fit.
    pub(super) fn fits(&self, bytes: usize) -> bool {
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
        self.recent.rotate_right(1);
        self.recent[0] = start..self.bytes.len();
        start as u64
    }

    /// Uploads all pieces and empties the arena.
    pub(super) fn send(&mut self, device: &Device) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        if !self.bytes.is_empty() {
            device.upload(&self.buffer, 0, &self.bytes);
            self.bytes.clear();
            self.recent = [0..0, 0..0];
        }
    }
}
