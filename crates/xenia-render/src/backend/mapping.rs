//! Buffers that the CPU reads once the device has written them.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use xenia_gpu::BackendError;

use super::Device;
use super::device::LONGEST_WAIT;

/// Waits for the device, and then for mappings. The window's thread uses the same device: it may be
/// the one that learns of a mapping's end, and notes it after the wait for the device is over.
pub(super) fn wait_until(device: &Device, is_done: impl Fn() -> bool) -> Result<(), BackendError> {
    device.wait(None)?;
    let start = Instant::now();
    while !is_done() {
        if start.elapsed() > LONGEST_WAIT {
            return Err(BackendError::Host("a buffer was not mapped in time".into()));
        }
        std::thread::yield_now();
    }
    Ok(())
}

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

    /// Waits until the bytes are there; returns them.
    pub(super) fn wait(&self, device: &Device) -> Result<wgpu::BufferView, BackendError> {
        wait_until(device, || self.is_done())?;
        if self.result.get() != Some(&true) {
            return Err(BackendError::Host("a buffer could not be mapped".into()));
        }
        let view = self.buffer.get_mapped_range(..self.size);
        view.map_err(|error| BackendError::Host(error.to_string()))
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
