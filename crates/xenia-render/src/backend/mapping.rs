//! Buffers that the CPU reads once the device has written them.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

use super::Device;

/// Buffer that is being mapped.
pub(super) struct Mapping {
    buffer: wgpu::Buffer,
    size: u64,
    /// Whether the mapping succeeded, once that is known.
    result: Arc<OnceLock<bool>>,
}

impl Mapping {
    /// Begins to map the first bytes of a buffer, for when the commands submitted so far are
    /// complete.
    pub(super) fn begin(device: &Device, buffer: wgpu::Buffer, size: u64) -> Self {
        device.traffic.bytes_back.fetch_add(size, Relaxed);
        let result = Arc::new(OnceLock::new());
        let known = result.clone();
        buffer.map_async(wgpu::MapMode::Read, ..size, move |mapped| {
            known.get_or_init(|| mapped.is_ok());
        });
        Self { buffer, size, result }
    }

    /// Whether the bytes are there, or never will be.
    pub(super) fn is_done(&self) -> bool {
        self.result.get().is_some()
    }

    /// Calls `read` with the bytes, if the device has written them; returns the buffer, unmapped.
    pub(super) fn finish(self, read: impl FnOnce(&[u8])) -> Option<wgpu::Buffer> {
        if self.result.get() != Some(&true) {
            return None;
        }
        let view = self.buffer.get_mapped_range(..self.size).ok()?;
        read(&view);
        drop(view);
        self.buffer.unmap();
        Some(self.buffer)
    }
}
