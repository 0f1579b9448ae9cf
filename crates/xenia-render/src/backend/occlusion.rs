//! Sample counts from the host's occlusion queries.
//!
//! Counting begins with the first request, so that titles without queries pay nothing; from then on
//! each draw has a query. The counts are read back at the next request, or when all queries of the
//! set are used.

use xenia_gpu::BackendError;

use super::Device;
use super::edram::read_back;

/// Queries in the set.
const QUERIES: u32 = 2048;
/// Bytes of a count.
const COUNT_BYTES: u64 = 8;

/// Query set and its buffers.
pub(super) struct Queries {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    back: wgpu::Buffer,
    used: u32,
}

/// Counter of passed samples.
#[derive(Default)]
pub(super) struct Occlusion {
    queries: Option<Queries>,
    total: u64,
    /// Number of queries so far.
    count: u64,
}

impl Occlusion {
    /// Starts counting; returns whether it was off before.
    pub(super) fn begin(&mut self, device: &Device) -> bool {
        use wgpu::BufferUsages as Usage;
        let is_new = self.queries.is_none();
        self.queries.get_or_insert_with(|| {
            let buffer = |label, usage| {
                device.device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some(label),
                    size: u64::from(QUERIES) * COUNT_BYTES,
                    usage,
                    mapped_at_creation: false,
                })
            };
            Queries {
                set: device.device.create_query_set(&wgpu::QuerySetDescriptor {
                    label: Some("samples"),
                    ty: wgpu::QueryType::Occlusion,
                    count: QUERIES,
                }),
                resolved: buffer("samples", Usage::QUERY_RESOLVE | Usage::COPY_SRC),
                back: buffer("samples, read back", Usage::MAP_READ | Usage::COPY_DST),
                used: 0,
            }
        });
        is_new
    }

    /// Query set that passes write to, if samples are counted.
    pub(super) fn set(&self) -> Option<&wgpu::QuerySet> {
        self.queries.as_ref().map(|queries| &queries.set)
    }

    /// Query index for the next draw, if samples are counted and one is left.
    pub(super) fn next(&mut self) -> Option<u32> {
        let queries = self.queries.as_mut().filter(|queries| queries.used < QUERIES)?;
        queries.used += 1;
        self.count += 1;
        Some(queries.used - 1)
    }

    /// Number of queries so far.
    pub(super) fn queries(&self) -> u64 {
        self.count
    }

    /// Whether `count` more queries fit.
    pub(super) fn has_room(&self, count: u32) -> bool {
        self.queries.as_ref().is_none_or(|queries| queries.used + count <= QUERIES)
    }

    /// Total of the counts that have been read back.
    pub(super) fn known(&self) -> u64 {
        self.total
    }

    /// Whether there are counts that have not been read back.
    pub(super) fn is_behind(&self) -> bool {
        self.queries.as_ref().is_some_and(|queries| queries.used != 0)
    }

    /// Adds samples that were counted elsewhere.
    pub(super) fn add(&mut self, samples: u64) {
        self.total += samples;
    }

    /// Total count after all submitted commands.
    pub(super) fn total(&mut self, device: &Device) -> Result<u64, BackendError> {
        let Some(queries) = self.queries.as_mut().filter(|queries| queries.used != 0) else {
            return Ok(self.total);
        };
        let bytes = u64::from(queries.used) * COUNT_BYTES;
        let mut encoder = device.device.create_command_encoder(&Default::default());
        encoder.resolve_query_set(&queries.set, 0..queries.used, &queries.resolved, 0);
        encoder.copy_buffer_to_buffer(&queries.resolved, 0, &queries.back, 0, bytes);
        device.submit([encoder.finish()]);
        queries.used = 0;
        let view = read_back(device, &queries.back, bytes)?;
        let count =
            |bytes: &[u8]| bytes.iter().rev().fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
        self.total += view.chunks_exact(COUNT_BYTES as usize).map(count).sum::<u64>();
        drop(view);
        queries.back.unmap();
        Ok(self.total)
    }
}

#[cfg(test)]
mod tests {
    use xenia_gpu::Backend;

    use super::super::{WgpuBackend, device};

    #[test]
    fn a_count_after_no_draw_waits_for_nothing() {
        let Some(device) = device::tests::own() else { return };
        let mut backend = WgpuBackend::new(device);
        assert_eq!(backend.samples_passed(), Some(0));
        // Records commands without a draw.
        backend.recording.encoder(&backend.device);
        assert_eq!(backend.samples_passed(), Some(0));
        assert_eq!(backend.counters().submissions, 0);
    }
}
