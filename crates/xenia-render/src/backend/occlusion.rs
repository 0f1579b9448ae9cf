//! Sample counts from the host's occlusion queries.
//!
//! ```text
//!   draw ──► query ──┐
//!   draw ──► query ──┼─ submission ─► batch: resolved, copied ─► mapped ─► sum
//!   report ──────────┘                                                      └─► report's answer
//! ```
//!
//! Counting begins with the first request, so that titles without queries pay nothing, and a draw
//! has a query only while its samples are of interest. Each submission resolves the queries of its
//! draws into a buffer that is mapped without a wait; a report is a place between two queries.
//!
//! Draws of a survey always have queries, whose counts are the survey's.

mod probe;

use std::collections::{BTreeMap, VecDeque};

use xenia_gpu::BackendError;
use xenia_gpu::draw_state::{ConditionalSurvey, SurveyResults};

use super::Device;
use super::mapping::{Mapping, wait_until};
use super::scale::Scale;

/// Queries in the set.
const QUERIES: u32 = 2048;
/// Bytes of a count.
const COUNT_BYTES: u64 = 8;
/// Maximum number of batches that are not mapped yet; a further one waits for them.
const MAX_BATCHES: usize = 64;

/// Query set, and the buffer that it is resolved to.
struct Queries {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    used: u32,
}

/// Event at a place between two queries.
enum Entry {
    /// Report with its number.
    Report(u64),
    /// Samples that were counted elsewhere.
    Samples(u64),
}

/// Counter of passed samples.
pub(super) struct Occlusion {
    queries: Option<Queries>,
    /// Whether samples were requested.
    is_begun: bool,
    /// Whether samples of draws are of interest.
    is_wanted: bool,
    /// Sum of the counts that have been read back.
    total: u64,
    /// Number of queries in that sum.
    summed: u64,
    /// Number of queries so far.
    count: u64,
    /// Events, each with the number of queries before it.
    entries: VecDeque<(u64, Entry)>,
    /// Surveys whose queries are not summed yet, each with the number of queries before it.
    surveying: VecDeque<(u64, ConditionalSurvey)>,
    surveys: SurveyResults,
    /// Number of waits for the results of surveys.
    pub(super) survey_waits: u64,
    /// Samples at reports, by the report's number.
    answers: BTreeMap<u64, u64>,
    /// Copy of resolved queries that is not submitted yet, and its size.
    copied: Option<(wgpu::Buffer, u64)>,
    batches: VecDeque<Mapping>,
    spare: Vec<wgpu::Buffer>,
    /// Host pixels per guest pixel. Counts are rounded up, so that a visible draw always has a
    /// sample.
    scale: Scale,
}

impl Default for Occlusion {
    fn default() -> Self {
        Self::new(Scale::ONE)
    }
}

impl Occlusion {
    /// Counts nothing yet.
    pub(super) fn new(scale: Scale) -> Self {
        Self {
            queries: None,
            is_begun: false,
            is_wanted: true,
            total: 0,
            summed: 0,
            count: 0,
            entries: VecDeque::new(),
            surveying: VecDeque::new(),
            surveys: SurveyResults::default(),
            survey_waits: 0,
            answers: BTreeMap::new(),
            copied: None,
            batches: VecDeque::new(),
            spare: Vec::new(),
            scale,
        }
    }
}

fn buffer(device: &Device, label: &str, usage: wgpu::BufferUsages) -> wgpu::Buffer {
    device.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: u64::from(QUERIES) * COUNT_BYTES,
        usage,
        mapped_at_creation: false,
    })
}

impl Occlusion {
    /// Starts counting; returns whether the query set is new.
    pub(super) fn begin(&mut self, device: &Device) -> bool {
        if !std::mem::replace(&mut self.is_begun, true) {
            probe::probe(device);
        }
        self.prepare(device)
    }

    /// Makes the query set; returns whether it is new.
    pub(super) fn prepare(&mut self, device: &Device) -> bool {
        use wgpu::BufferUsages as Usage;
        let is_new = self.queries.is_none();
        self.queries.get_or_insert_with(|| Queries {
            set: device.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("samples"),
                ty: wgpu::QueryType::Occlusion,
                count: QUERIES,
            }),
            resolved: buffer(device, "samples", Usage::QUERY_RESOLVE | Usage::COPY_SRC),
            used: 0,
        });
        is_new
    }

    /// Sets whether samples of the following draws are of interest.
    pub(super) fn set_wanted(&mut self, is_wanted: bool) {
        self.is_wanted = is_wanted;
    }

    /// Whether samples of the following draws are of interest.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Query set that passes write to, if samples are counted.
    pub(super) fn set(&self) -> Option<&wgpu::QuerySet> {
        self.queries.as_ref().map(|queries| &queries.set)
    }

    /// Whether the next draw's samples are counted.
    pub(super) fn is_counting(&self) -> bool {
        self.is_wanted && self.is_begun
    }

    /// Query index for the next draw, which may be a part of a survey, if its samples are counted
    /// and one is left.
    pub(super) fn next(&mut self, survey: Option<ConditionalSurvey>) -> Option<u32> {
        let is_wanted = self.is_counting() || survey.is_some();
        let queries = self.queries.as_mut().filter(|queries| is_wanted && queries.used < QUERIES)?;
        queries.used += 1;
        self.surveying.extend(survey.map(|survey| (self.count, survey)));
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

    /// Total of the counts that have been read back, and of those that were counted elsewhere.
    pub(super) fn known(&self) -> u64 {
        let elsewhere = |(_, entry): &(u64, Entry)| match entry {
            Entry::Samples(samples) => *samples,
            Entry::Report(_) => 0,
        };
        self.total + self.entries.iter().map(elsewhere).sum::<u64>()
    }

    /// Whether there are queries that have not been submitted.
    pub(super) fn has_unsubmitted_queries(&self) -> bool {
        self.queries.as_ref().is_some_and(|queries| queries.used != 0)
    }

    /// Adds samples that were counted elsewhere.
    pub(super) fn add(&mut self, samples: u64) {
        self.entries.push_back((self.count, Entry::Samples(samples)));
        self.sum(&[]);
    }

    /// Prepares for a draw of a survey.
    pub(super) fn begin_draw(&mut self, survey: ConditionalSurvey) {
        self.surveys.begin_draw(survey);
    }

    /// Notes that something of the survey of a draw, if it has one, is or might be visible.
    pub(super) fn note_visible(&mut self, survey: Option<ConditionalSurvey>) {
        if let Some(survey) = survey {
            self.surveys.note_visible(survey);
        }
    }

    /// Whether a survey's draws are visible; `None` if that is not known yet.
    pub(super) fn survey(&self, survey: ConditionalSurvey) -> Option<bool> {
        let is_visible = self.surveys.is_visible(survey);
        let is_open = || self.surveying.iter().any(|(_, open)| *open == survey);
        if !is_visible && is_open() { None } else { Some(is_visible) }
    }

    /// Notes a report with a number.
    pub(super) fn report(&mut self, number: u64) {
        // Answered at once by `sum`, unless queries before it are open.
        self.entries.push_back((self.count, Entry::Report(number)));
        self.sum(&[]);
    }

    /// Records the end of the queries so far, outside of passes.
    pub(super) fn resolve(&mut self, device: &Device, encoder: &mut wgpu::CommandEncoder) {
        if self.batches.len() >= MAX_BATCHES {
            // A device that does not answer becomes lost, which is noticed before the next command.
            let _ = device.poll();
            self.collect(device);
        }
        if self.batches.len() >= MAX_BATCHES {
            let _ = wait_until(device, || self.is_mapped());
            self.collect(device);
        }
        let Some(queries) = self.queries.as_mut().filter(|queries| queries.used != 0) else { return };
        let size = u64::from(queries.used) * COUNT_BYTES;
        let back = self.spare.pop().unwrap_or_else(|| {
            let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
            buffer(device, "samples, read back", usage)
        });
        encoder.resolve_query_set(&queries.set, 0..queries.used, &queries.resolved, 0);
        encoder.copy_buffer_to_buffer(&queries.resolved, 0, &back, 0, size);
        queries.used = 0;
        self.copied = Some((back, size));
    }

    /// Notes that the recorded commands have been submitted.
    pub(super) fn note_submission(&mut self, device: &Device) {
        if let Some((back, size)) = self.copied.take() {
            self.batches.push_back(Mapping::begin(device, back, size));
        }
    }

    /// Adds the counts that the device has finished, but none of a lost one: it may have been given
    /// up with the draws that it was to count.
    pub(super) fn collect(&mut self, device: &Device) {
        if device.is_lost() {
            return;
        }
        while let Some(batch) = self.batches.pop_front_if(|batch| batch.is_done()) {
            let mut counts = Vec::new();
            let back = batch.finish(|bytes| {
                let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
                counts.extend(bytes.chunks_exact(COUNT_BYTES as usize).map(word));
            });
            self.spare.extend(back);
            self.sum(&counts);
        }
    }

    /// Adds counts, and answers the reports before, between and after them.
    fn sum(&mut self, counts: &[u64]) {
        for next in counts.iter().map(Some).chain([None]) {
            while let Some((_, entry)) = self.entries.pop_front_if(|(at, _)| *at <= self.summed) {
                match entry {
                    Entry::Samples(samples) => self.total += samples,
                    Entry::Report(number) => {
                        self.answers.insert(number, self.total);
                    }
                }
            }
            if let Some(count) = next {
                let survey = self.surveying.pop_front_if(|(at, _)| *at == self.summed);
                self.summed += 1;
                match survey {
                    Some((_, survey)) if *count != 0 => self.surveys.note_visible(survey),
                    Some(_) => {}
                    None => self.total += count.div_ceil(u64::from(self.scale.subpixels())),
                }
            }
        }
    }

    /// Whether a report's samples are not known.
    pub(super) fn is_open(&self, number: u64) -> bool {
        self.entries.iter().any(|(_, entry)| matches!(entry, Entry::Report(report) if *report == number))
    }

    /// Whether a report waits for queries that have not been submitted.
    pub(super) fn is_unsubmitted(&self, number: u64) -> bool {
        let unsubmitted = self.queries.as_ref().map_or(0, |queries| u64::from(queries.used));
        let submitted = self.count - unsubmitted;
        self.entries
            .iter()
            .any(|(at, entry)| *at > submitted && matches!(entry, Entry::Report(report) if *report == number))
    }

    /// Takes the samples at a report, if they are known.
    pub(super) fn take_answer(&mut self, number: u64) -> Option<u64> {
        self.answers.remove(&number)
    }

    /// Total count after all submitted commands.
    pub(super) fn finish(&mut self, device: &Device) -> Result<u64, BackendError> {
        if !self.batches.is_empty() {
            wait_until(device, || self.is_mapped())?;
            self.collect(device);
        }
        Ok(self.total)
    }

    /// Oldest counts that the device works on.
    pub(super) fn oldest(&self) -> Option<&Mapping> {
        self.batches.front()
    }

    /// Whether the counts of all submitted queries are available.
    fn is_mapped(&self) -> bool {
        self.batches.iter().all(Mapping::is_done)
    }
}

#[cfg(test)]
mod tests {
    use xenia_gpu::Backend;

    use super::super::{WgpuBackend, device};
    use super::{COUNT_BYTES, Occlusion, buffer};

    #[test]
    fn a_report_waits_for_the_queries_before_it() {
        device::tests::with_device(|device| {
            let mut occlusion = Occlusion::default();
            occlusion.begin(device);
            assert_eq!(occlusion.next(None), Some(0));
            occlusion.report(1);
            assert!(occlusion.is_unsubmitted(1));
            occlusion.resolve(device, &mut device.wgpu().create_command_encoder(&Default::default()));
            occlusion.report(2);
            occlusion.next(None);
            occlusion.report(3);
            assert_eq!(
                [1, 2, 3, 4].map(|number| occlusion.is_unsubmitted(number)),
                [false, false, true, false]
            );
        });
    }

    #[test]
    fn counts_of_a_device_that_was_given_up_are_not_taken() {
        for is_given_up in [false, true] {
            let Some(device) = device::tests::own() else { return };
            let mut occlusion = Occlusion::default();
            occlusion.begin(&device);
            occlusion.next(None);
            occlusion.report(1);
            let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
            occlusion.copied = Some((buffer(&device, "samples, read back", usage), COUNT_BYTES));
            occlusion.note_submission(&device);
            occlusion.batches[0].wait_done(&device).unwrap();
            if is_given_up {
                device.note_lost("given up");
            }
            occlusion.collect(&device);
            assert_eq!(occlusion.is_open(1), is_given_up);
            assert_eq!(occlusion.finish(&device).is_err(), is_given_up);
        }
    }

    #[test]
    fn polling_the_sample_count_does_not_start_counting() {
        let Some(device) = device::tests::own() else { return };
        let mut backend = WgpuBackend::new(device);
        assert_eq!((backend.samples_so_far(), backend.occlusion.is_counting()), (Some(0), false));
        assert_eq!((backend.samples_passed(), backend.occlusion.is_counting()), (Some(0), true));
    }

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
