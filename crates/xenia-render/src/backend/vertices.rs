//! Guest memory that vertex fetches read, kept in one buffer on the device.
//!
//! A range is sent once and kept until its memory is written to, which its version tells. The buffer
//! is filled from the front; when it is full, everything is forgotten.

use std::collections::BTreeMap;

use xenia_gpu::PhysicalMemory;

use super::Device;

/// Bytes of the buffer, unless the device binds less.
const CAPACITY: u64 = 64 << 20;
/// Longest range that is kept for a fetch constant; what lies beyond reads as zero.
const MAX_RANGE: u64 = 16 << 20;

struct Range {
    first: u32,
    version: Option<u64>,
    /// When that was found current.
    epoch: Option<u64>,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VertexCounters {
    /// Ranges sent to the device.
    pub sent: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Ranges that were still good.
    pub reused: u64,
    /// Times that versions of memory were looked at, because something somewhere had been written to.
    pub checks: u64,
}

/// The buffer.
pub(super) struct Vertices {
    buffer: wgpu::Buffer,
    capacity: u64,
    next: u64,
    ranges: BTreeMap<(u32, u32), Range>,
    bytes: Vec<u8>,
    counters: VertexCounters,
}

/// The buffer is full: commands that read it have to be submitted first.
#[derive(Debug)]
pub(super) struct Full;

impl Vertices {
    pub(super) fn new(device: &Device) -> Self {
        let capacity = CAPACITY.min(device.device.limits().max_storage_buffer_binding_size);
        let buffer = device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("vertices"),
            size: capacity,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let counters = VertexCounters::default();
        Self { buffer, capacity, next: 0, ranges: BTreeMap::new(), bytes: Vec::new(), counters }
    }

    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    pub(super) fn counters(&self) -> VertexCounters {
        self.counters
    }

    /// Forgets everything; what was recorded before must have been submitted.
    pub(super) fn clear(&mut self) {
        self.ranges.clear();
        self.next = 0;
    }

    /// The first word of a range of memory in the buffer, and how many of its words are there.
    pub(super) fn range(
        &mut self,
        device: &Device,
        physical: u32,
        words: u32,
        memory: &dyn PhysicalMemory,
    ) -> Result<(u32, u32), Full> {
        let length = (u64::from(words) * 4).min(MAX_RANGE).min(self.capacity) as u32;
        if length == 0 {
            return Ok((0, 0));
        }
        let epoch = memory.epoch();
        let checks = &mut self.counters.checks;
        let mut is_current = |range: &Range| {
            epoch.is_some() && range.epoch == epoch || {
                *checks += 1;
                range.version == Some(memory.version(physical, length))
            }
        };
        if let Some(range) = self.ranges.get_mut(&(physical, length))
            && is_current(range)
        {
            range.epoch = epoch;
            self.counters.reused += 1;
            return Ok((range.first, length / 4));
        }
        let start = self.reserve(length)?;
        // The version is taken before the bytes are read: a write in between makes the range stale.
        let version = memory.track(physical, length);
        self.bytes.resize(length as usize, 0);
        memory.read(physical, &mut self.bytes);
        device.queue.write_buffer(&self.buffer, start, &self.bytes);
        self.counters.sent += 1;
        self.counters.sent_bytes += u64::from(length);
        let first = (start / 4) as u32;
        self.ranges.insert((physical, length), Range { first, version, epoch: None });
        Ok((first, length / 4))
    }

    /// Sends words that are no part of guest memory; returns the first one's place.
    pub(super) fn put(&mut self, device: &Device, bytes: &[u8]) -> Result<u32, Full> {
        let start = self.reserve(bytes.len() as u32)?;
        device.queue.write_buffer(&self.buffer, start, bytes);
        Ok((start / 4) as u32)
    }

    fn reserve(&mut self, length: u32) -> Result<u64, Full> {
        let start = self.next;
        let end = start + u64::from(length.next_multiple_of(16));
        if end > self.capacity {
            return Err(Full);
        }
        self.next = end;
        Ok(start)
    }
}
