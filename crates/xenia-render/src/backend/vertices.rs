//! Vertex memory: guest memory that vertex fetches read, cached in one buffer on the device.
//!
//! A draw requests the ranges that it may read; missing pages, and those written since, are
//! uploaded. [`kept`] allocates the buffer and decides how long pages stay.

mod kept;

use std::ops::Range;

use xenia_gpu::PhysicalMemory;

use super::Device;
use super::adapter::has_own_memory;
use kept::{CHUNK, Kept, Sending};

pub(super) use kept::Full;

/// Bytes of the buffer, unless the device binds less: any one fetch constant fits, wherever it
/// begins.
const MIN_CAPACITY: u64 = (64 << 20) + CHUNK as u64;
/// The same on an adapter with its own memory: a frame that reads more than the buffer holds sends
/// all of it again.
const MAX_CAPACITY: u64 = 256 << 20;
/// Minimum number of bytes that are bound.
const MIN_BOUND: u64 = 1 << 20;
/// Minimum number of transient bytes that are uploaded at once. For fewer, wgpu's buffer for an
/// upload takes longer than to copy them once more.
const MIN_DIRECT: usize = 64 << 10;

/// Bytes of the buffer on a kind of adapter with these limits.
fn capacity(kind: wgpu::DeviceType, limits: &wgpu::Limits) -> u64 {
    let wanted = if has_own_memory(kind) { MAX_CAPACITY } else { MIN_CAPACITY };
    wanted.min(limits.max_storage_buffer_binding_size).min(limits.max_buffer_size)
}

/// Counters of uploads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VertexCounters {
    /// Ranges of memory uploaded, each a run of pages.
    pub sent: u64,
    /// Number of bytes uploaded.
    pub sent_bytes: u64,
    /// Ranges that were current.
    pub reused: u64,
    /// Number of page version comparisons, which are needed only after a write anywhere.
    pub checks: u64,
}

/// Transient bytes that are uploaded before the next submission.
#[derive(Clone, Copy)]
struct Transient {
    /// Position in the buffer.
    place: u64,
    length: usize,
}

/// Buffer of vertex memory.
pub(super) struct Vertices {
    buffer: wgpu::Buffer,
    kept: Kept,
    sendings: Vec<Sending>,
    bytes: Vec<u8>,
    transients: Vec<Transient>,
    /// Bytes of all of these, in order.
    transient_bytes: Vec<u8>,
    counters: VertexCounters,
}

impl Vertices {
    pub(super) fn new(device: &Device) -> Self {
        let kind = device.adapter.get_info().device_type;
        let chunks = capacity(kind, &device.device.limits()) / u64::from(CHUNK);
        let buffer = device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("vertices"),
            size: chunks * u64::from(CHUNK),
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let kept = Kept::new(chunks as u32);
        Self {
            buffer,
            kept,
            sendings: Vec::new(),
            bytes: Vec::new(),
            transients: Vec::new(),
            transient_bytes: Vec::new(),
            counters: VertexCounters::default(),
        }
    }

    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Number of bytes to bind, from the beginning of the buffer: those that were ever allocated,
    /// rounded up so that bind groups are seldom renewed. wgpu clears bound memory before its first
    /// use, which takes time in software drivers.
    pub(super) fn bound(&self) -> u64 {
        let used = u64::from(self.kept.used) * u64::from(CHUNK);
        used.next_power_of_two().max(MIN_BOUND).min(self.buffer.size())
    }

    pub(super) fn counters(&self) -> VertexCounters {
        VertexCounters { checks: self.kept.checks, ..self.counters }
    }

    /// Notes that the recorded commands have been submitted.
    pub(super) fn note_submission(&mut self) {
        self.kept.note_submission();
        self.transients.clear();
        self.transient_bytes.clear();
    }

    /// Uploads the transient bytes of the commands that are submitted next.
    pub(super) fn send(&mut self, device: &Device) {
        let mut rest = &self.transient_bytes[..];
        for Transient { place, length } in self.transients.drain(..) {
            let (bytes, others) = rest.split_at(length);
            device.upload(&self.buffer, place, bytes);
            rest = others;
        }
    }

    /// Makes a range of a vertex buffer's words current, and returns the position of word 0 in the
    /// device's buffer. Word numbers in the range are added to it modulo 2^32.
    pub(super) fn range(
        &mut self,
        device: &Device,
        physical: u32,
        words: &Range<u32>,
        memory: &dyn PhysicalMemory,
    ) -> Result<u32, Full> {
        if words.is_empty() {
            return Ok(0);
        }
        let bytes = words.start.saturating_mul(4)..words.end.saturating_mul(4);
        let place = self.kept.find(physical, bytes, memory, &mut self.sendings)?;
        self.counters.reused += u64::from(self.sendings.is_empty());
        for Sending { place, physical, length } in self.sendings.drain(..) {
            self.bytes.resize(length as usize, 0);
            memory.read(physical, &mut self.bytes);
            device.upload(&self.buffer, place, &self.bytes);
            self.counters.sent += 1;
            self.counters.sent_bytes += u64::from(length);
        }
        Ok((place >> 2) as u32)
    }

    /// Takes words that are not guest memory; returns the position of the first one. Few words are
    /// uploaded together before the next submission, many at once.
    pub(super) fn put(&mut self, device: &Device, bytes: &[u8]) -> Result<u32, Full> {
        let length = bytes.len();
        let place = self.kept.pass(length as u32)?;
        if length >= MIN_DIRECT {
            device.upload(&self.buffer, place, bytes);
            return Ok((place / 4) as u32);
        }
        match self.transients.last_mut() {
            Some(last) if last.place + last.length as u64 == place => last.length += length,
            _ => self.transients.push(Transient { place, length }),
        }
        self.transient_bytes.extend_from_slice(bytes);
        Ok((place / 4) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::super::device;
    use super::*;

    #[test]
    fn the_buffer_is_what_the_device_binds_at_most() {
        use wgpu::DeviceType::{Cpu, DiscreteGpu};
        let much = 1 << 31;
        for (kind, binding, buffer, expected) in [
            (DiscreteGpu, much, much, MAX_CAPACITY),
            (Cpu, much, much, MIN_CAPACITY),
            (DiscreteGpu, 128 << 20, much, 128 << 20),
            (Cpu, much, 32 << 20, 32 << 20),
        ] {
            let limits = wgpu::Limits {
                max_storage_buffer_binding_size: binding,
                max_buffer_size: buffer,
                ..wgpu::Limits::default()
            };
            assert_eq!(capacity(kind, &limits), expected, "{kind:?}, {binding}, {buffer}");
        }
    }

    #[test]
    fn transient_words_that_follow_each_other_are_uploaded_together() {
        device::tests::with_device(|device| {
            let mut vertices = Vertices::new(device);
            for _ in 0..2 {
                let sent = [vec![1; 32], vec![2; 48], vec![3; MIN_DIRECT], vec![4; 16]];
                let [a, b, c, d] = sent.each_ref().map(|bytes| vertices.put(device, bytes).unwrap());
                assert_eq!((a + 8, c % 4, d % 4), (b, 0, 0));
                assert_eq!([0, 1].map(|run: usize| vertices.transients[run].length), [80, 16]);
                assert_eq!(vertices.transient_bytes, [&sent[0][..], &sent[1], &sent[3]].concat());
                vertices.send(device);
                vertices.note_submission();
                assert!(vertices.transients.is_empty() && vertices.transient_bytes.is_empty());
            }
        });
    }
}
