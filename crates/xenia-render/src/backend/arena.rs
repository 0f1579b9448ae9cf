//! Buffers that are filled from the front and emptied as a whole.
//!
//! What is put into an arena is there for all draws of the next submission. A full arena has to
//! wait for one: commands recorded so far are submitted, and then its beginning may be written
//! again, since the queue does things in order.

use std::ops::Range;

use super::Device;

/// A buffer that takes small pieces, gathered on the host and sent before each submission.
pub(super) struct Arena {
    buffer: wgpu::Buffer,
    bytes: Vec<u8>,
    capacity: usize,
    align: usize,
    /// The two pieces that were put in last.
    recent: [Range<usize>; 2],
}

impl Arena {
    /// One of `capacity` bytes whose pieces begin at multiples of `align` (a power of two, at least
    /// 4).
    pub(super) fn new(
        device: &Device,
        label: &str,
        usage: wgpu::BufferUsages,
        capacity: usize,
        align: usize,
    ) -> Self {
        let buffer = device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: capacity as u64,
            usage: usage | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self { buffer, bytes: Vec::new(), capacity, align, recent: [0..0, 0..0] }
    }

    /// The buffer.
    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Whether so many more bytes fit.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        self.bytes.len() + bytes + self.align <= self.capacity
    }

    /// Puts a piece in and returns where it begins. It must fit. A piece like one of the last two,
    /// which the constants of a stage often are, is not stored again.
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

    /// Sends everything to the device; from now on the arena is filled from the front again.
    pub(super) fn send(&mut self, device: &Device) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        if !self.bytes.is_empty() {
            device.queue.write_buffer(&self.buffer, 0, &self.bytes);
            self.bytes.clear();
            self.recent = [0..0, 0..0];
        }
    }
}
