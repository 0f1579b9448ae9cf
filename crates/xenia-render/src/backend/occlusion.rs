//! Samples that passed, counted by the host's occlusion queries.
//!
//! Counting begins when somebody asks for the first time, so that titles without queries pay nothing; from
//! then on each draw is a query of its own. The counts are read back when somebody asks again, or when
//! the device's queries are used up.

use xenia_gpu::BackendError;

use super::Device;
use super::edram::read_back;

/// Queries between two times of reading back.
const QUERIES: u32 = 2048;
/// Bytes of a count.
const COUNT_BYTES: u64 = 8;

/// The queries.
pub(super) struct Queries {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    back: wgpu::Buffer,
    used: u32,
}

/// What was counted.
#[derive(Default)]
pub(super) struct Occlusion {
    queries: Option<Queries>,
    total: u64,
    mark: Mark,
}

/// Where the guest's query began.
#[derive(Default)]
struct Mark {
    /// Of what was read back so far: samples before it.
    total: u64,
    /// Of what was not: queries before it.
    queries: usize,
}

impl Occlusion {
    /// Begins to count; whether it had not begun yet.
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

    /// The set that passes write to, where samples are counted.
    pub(super) fn set(&self) -> Option<&wgpu::QuerySet> {
        self.queries.as_ref().map(|queries| &queries.set)
    }

    /// The query of the next draw, where samples are counted and one is left.
    pub(super) fn next(&mut self) -> Option<u32> {
        let queries = self.queries.as_mut().filter(|queries| queries.used < QUERIES)?;
        queries.used += 1;
        Some(queries.used - 1)
    }

    /// Whether so many queries more can be made.
    pub(super) fn has_room(&self, count: u32) -> bool {
        self.queries.as_ref().is_none_or(|queries| queries.used + count <= QUERIES)
    }

    /// All that were counted and read back.
    pub(super) fn known(&self) -> u64 {
        self.total
    }

    /// Begins the guest's query here, as one that has counted `already`. What draws before have counted is asked for
    /// together with its own.
    pub(super) fn mark(&mut self, already: u64) {
        let queries = self.queries.as_ref().map_or(0, |queries| queries.used as usize);
        self.mark = Mark { total: self.total.wrapping_sub(already), queries };
    }

    /// Samples of the guest's query, of what was read back.
    pub(super) fn since_mark(&self) -> u64 {
        self.total.wrapping_sub(self.mark.total)
    }

    /// Adds samples that were counted elsewhere.
    pub(super) fn add(&mut self, samples: u64) {
        self.total += samples;
    }

    /// All samples so far, after everything that was submitted.
    pub(super) fn total(&mut self, device: &Device) -> Result<u64, BackendError> {
        let Some(queries) = self.queries.as_mut().filter(|queries| queries.used != 0) else {
            return Ok(self.total);
        };
        let bytes = u64::from(queries.used) * COUNT_BYTES;
        let mut encoder = device.device.create_command_encoder(&Default::default());
        encoder.resolve_query_set(&queries.set, 0..queries.used, &queries.resolved, 0);
        encoder.copy_buffer_to_buffer(&queries.resolved, 0, &queries.back, 0, bytes);
        device.submit(encoder.finish());
        queries.used = 0;
        let view = read_back(device, &queries.back, bytes)?;
        let count =
            |bytes: &[u8]| bytes.iter().rev().fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
        let counts = || view.chunks_exact(COUNT_BYTES as usize).map(count);
        self.total += counts().sum::<u64>();
        // Those before the mark are no part of the guest's query.
        let before = counts().take(std::mem::take(&mut self.mark.queries)).sum();
        self.mark.total = self.mark.total.wrapping_add(before);
        drop(view);
        queries.back.unmap();
        Ok(self.total)
    }
}
