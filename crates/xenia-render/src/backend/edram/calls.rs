//! Parameters of calls to the EDRAM's shaders, in a buffer with dynamic offsets.
//!
//! A buffer is filled from the front and never overwritten: when it is full a new one replaces it,
//! and recorded commands keep the old one alive. So this module needs no information on
//! submissions.

use super::super::device::Device;

/// Calls that fit in a buffer, unless one step needs more.
const CALLS: u64 = 256;
/// Words of a call: `Call` in the shaders.
const WORDS: usize = 20;
/// Bytes of a call.
pub(super) const CALL_BYTES: u64 = WORDS as u64 * 4;

/// Parameters of a call (`Call` in the shaders).
#[derive(Clone, Copy, Default)]
pub(super) struct Parameters {
    pub(super) base: u32,
    pub(super) pitch_tiles: u32,
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) area: [u32; 4],
    pub(super) clear: [u32; 2],
    pub(super) plane: u32,
    pub(super) samples: &'static [u32],
    pub(super) scale: f32,
    pub(super) swaps: u32,
    pub(super) exchange: u32,
    /// Texels between rows of a tiled destination, a multiple of 32; zero for row order.
    pub(super) tiled_pitch: u32,
    /// Position of the buffer's first byte in a tiled destination (modulo 2^32).
    pub(super) origin: u32,
}

impl Parameters {
    fn words(&self) -> [u32; WORDS] {
        // Four bits for each sample, the first one in the lowest.
        let samples = self.samples.iter().rev().fold(0, |all, sample| all << 4 | sample);
        let [left, top, right, bottom] = self.area;
        [
            self.base,
            self.pitch_tiles,
            self.columns.ilog2(),
            self.rows.ilog2(),
            left,
            top,
            right,
            bottom,
            self.clear[0],
            self.clear[1],
            self.plane,
            self.samples.len() as u32,
            samples,
            self.scale.to_bits(),
            self.swaps,
            self.exchange,
            self.tiled_pitch,
            self.origin,
            0,
            0,
        ]
    }
}

/// Buffer for the next parameters.
pub(super) struct Calls {
    buffer: wgpu::Buffer,
    used: u64,
    /// Bytes between calls.
    stride: u64,
}

impl Calls {
    pub(super) fn new(device: &Device) -> Self {
        let align = u64::from(device.device.limits().min_uniform_buffer_offset_alignment);
        let stride = CALL_BYTES.next_multiple_of(align.max(1));
        Self { buffer: buffer(device, stride * CALLS), used: 0, stride }
    }

    /// Stores the parameters of a step's calls in one buffer; returns the offset of each.
    pub(super) fn put(&mut self, device: &Device, calls: &[Parameters]) -> Vec<u32> {
        let size = self.stride * calls.len() as u64;
        if self.used + size > self.buffer.size() {
            *self = Self { buffer: buffer(device, size.max(self.stride * CALLS)), used: 0, ..*self };
        }
        let mut bytes = Vec::new();
        let mut offsets = Vec::new();
        for call in calls {
            offsets.push(self.used as u32 + bytes.len() as u32);
            let end = bytes.len() + self.stride as usize;
            bytes.extend(call.words().into_iter().flat_map(u32::to_le_bytes));
            bytes.resize(end, 0);
        }
        device.upload(&self.buffer, self.used, &bytes);
        self.used += bytes.len() as u64;
        offsets
    }

    /// Buffer of the last stored calls.
    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Binding of the last stored calls, to be used with their offsets.
    pub(super) fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: 0,
            size: wgpu::BufferSize::new(CALL_BYTES),
        })
    }
}

fn buffer(device: &Device, size: u64) -> wgpu::Buffer {
    device.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("parameters"),
        size,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}
