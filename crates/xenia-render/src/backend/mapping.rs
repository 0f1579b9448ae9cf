//! Buffers that the CPU maps: those that it fills at their creation, and those that it reads once
//! the device has written them. Large buffers for which the device may have no memory.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use xenia_gpu::BackendError;

use super::Device;
use super::device::MAX_WAIT;

/// Time between two polls for a callback.
const CALLBACK_PERIOD: Duration = Duration::from_micros(50);

/// Creates a buffer of some bytes, padded to words.
///
/// A device that is lost, or out of memory, makes a buffer that cannot be mapped, for which wgpu's
/// own function panics. A submission with commands that use such a buffer has no effect.
pub(super) fn filled_buffer(
    device: &wgpu::Device,
    label: &str,
    bytes: &[u8],
    usage: wgpu::BufferUsages,
) -> wgpu::Buffer {
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: (bytes.len() as u64).next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT).max(4),
        usage,
        mapped_at_creation: true,
    });
    if let Ok(mut view) = buffer.get_mapped_range_mut(..) {
        view.slice(..bytes.len()).copy_from_slice(bytes);
    }
    buffer.unmap();
    buffer
}

/// Creates a buffer without contents; `None` if the device has no memory for it. Commands that name
/// a buffer without memory would make their whole submission invalid.
pub(super) fn device_buffer(
    device: &Device,
    label: &str,
    size: u64,
    usage: wgpu::BufferUsages,
) -> Option<wgpu::Buffer> {
    let descriptor = wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
    let made = device.attempt(|device| device.create_buffer(&descriptor));
    made.inspect_err(|error| tracing::debug!(target: "gpu", size, "no memory for {label}: {error}")).ok()
}

/// Waits for the last submission that was noted, and then for mappings. Other threads poll the same
/// device: the window's, and the one that [finishes encoders](super::finishing). The callback of a
/// mapping may run there, and set the result after the wait for the device is over.
pub(super) fn wait_until(device: &Device, is_done: impl Fn() -> bool) -> Result<(), BackendError> {
    device.wait(None)?;
    wait_for_callback(|| device.poll(), is_done)?;
    device.check_loss()
}

/// Waits for a callback that this thread's polls call, or another thread that polls the device. The
/// submission that was waited for may be an older one: threads note theirs in any order.
fn wait_for_callback(
    poll: impl Fn() -> Result<(), BackendError>,
    is_done: impl Fn() -> bool,
) -> Result<(), BackendError> {
    let start = Instant::now();
    while !is_done() {
        if start.elapsed() > MAX_WAIT {
            return Err(BackendError::Host("a buffer was not mapped in time".into()));
        }
        poll()?;
        if !is_done() {
            std::thread::sleep(CALLBACK_PERIOD);
        }
    }
    Ok(())
}

/// Buffer that is being mapped.
pub(super) struct Mapping {
    buffer: wgpu::Buffer,
    size: u64,
    /// Last submission before it, unless the device has executed all.
    behind: Option<wgpu::SubmissionIndex>,
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
        Self { buffer, size, behind: device.last_submission(), result }
    }

    /// Whether the mapping has succeeded or failed.
    pub(super) fn is_done(&self) -> bool {
        self.result.get().is_some()
    }

    /// Waits until the mapping has succeeded or failed, but not for later submissions.
    pub(super) fn wait_done(&self, device: &Device) -> Result<(), BackendError> {
        self.wait_done_by(device, |submission| device.wait(submission))
    }

    /// As [`Self::wait_done`], with another way to wait for a submission.
    pub(super) fn wait_done_by(
        &self,
        device: &Device,
        wait: impl FnOnce(Option<wgpu::SubmissionIndex>) -> Result<(), BackendError>,
    ) -> Result<(), BackendError> {
        wait(self.behind.clone())?;
        wait_for_callback(|| device.poll(), || self.is_done())?;
        // A lost device may signal the end of the copy although it has not written the source.
        device.check_loss()
    }

    /// Waits until the bytes are mapped; returns them.
    pub(super) fn wait(&self, device: &Device) -> Result<wgpu::BufferView, BackendError> {
        self.wait_done(device)?;
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::backend::device::tests::own;

    #[test]
    fn a_callback_needs_no_other_thread_that_polls() {
        let polls = Cell::new(0);
        let poll = || {
            polls.set(polls.get() + 1);
            Ok(())
        };
        assert_eq!(wait_for_callback(poll, || polls.get() == 3), Ok(()));
        let lost = || Err(BackendError::Host("lost".into()));
        assert_eq!(wait_for_callback(lost, || false), lost());
    }

    #[test]
    fn a_buffer_without_memory_is_none_and_no_error() {
        let Some(device) = own() else { return };
        let usage = wgpu::BufferUsages::STORAGE;
        assert!(device_buffer(&device, "small", 256, usage).is_some());
        assert!(device_buffer(&device, "larger than any", u64::MAX - 3, usage).is_none());
        assert_eq!(device.validation_errors(), 0);
    }

    #[test]
    fn a_wait_for_a_device_that_was_given_up_is_an_error() {
        let Some(device) = own() else { return };
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let back = device_buffer(&device, "bytes", 256, usage).unwrap();
        let mapping = Mapping::begin(&device, back, 256);
        assert_eq!(mapping.wait_done(&device), Ok(()));
        device.note_lost("given up");
        let lost = || Err(BackendError::Host("given up".into()));
        assert_eq!(mapping.wait_done(&device), lost());
        assert_eq!(wait_until(&device, || true), lost());
    }

    #[test]
    fn a_lost_device_fills_no_buffer_and_nothing_panics() {
        let Some(device) = own() else { return };
        let usage = wgpu::BufferUsages::COPY_SRC;
        assert_eq!(filled_buffer(&device.device, "five bytes", &[7; 5], usage).size(), 8);
        assert_eq!(device.validation_errors(), 0);
        device.wgpu().destroy();
        filled_buffer(&device.device, "five bytes", &[7; 5], usage);
        let _ = device.wait(None);
        assert!(device.is_lost());
    }
}
