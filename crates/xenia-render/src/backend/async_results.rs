//! Results that the device still works on, by their numbers: reports of samples, and deliveries.

use std::collections::VecDeque;

use xenia_gpu::draw_state::ConditionalSurvey;
use xenia_gpu::{Backend, BackendError, PhysicalMemory, PhysicalRange};

use super::delivery::first_part;
use super::mapping::Mapping;
use super::mirror::Delivery;
use super::{Device, WgpuBackend};

/// Maximum number of deliveries in flight; a further one waits for them.
const MAX_FLIGHTS: usize = 32;
/// Maximum number of unused readback buffers that are kept.
const MAX_SPARE: usize = 8;

/// Deliveries under way, read back together.
pub(super) struct Flight {
    /// Number of the result that they are a part of.
    number: u64,
    deliveries: Vec<Delivery>,
    bytes: Mapping,
}

/// Buffers into which the device copies the data that the CPU reads.
#[derive(Default)]
pub(super) struct Staging(Vec<wgpu::Buffer>);

impl Staging {
    /// Takes a buffer of at least `size` bytes.
    pub(super) fn take(&mut self, device: &Device, size: u64) -> wgpu::Buffer {
        let size = size.next_power_of_two();
        // A buffer that is much too large stays for a delivery that needs it.
        let found = self.0.iter().position(|buffer| (size..=4 * size).contains(&buffer.size()));
        if let Some(place) = found {
            return self.0.swap_remove(place);
        }
        device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("resolved pages, read back"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    /// Keeps an unmapped buffer for later.
    pub(super) fn give_back(&mut self, buffer: wgpu::Buffer) {
        if self.0.len() >= MAX_SPARE {
            self.0.remove(0);
        }
        self.0.push(buffer);
    }
}

/// Deliveries under way, in order.
pub(super) type Flights = VecDeque<Flight>;

impl WgpuBackend {
    /// Counts samples from here on.
    pub(super) fn begin_counting(&mut self) {
        if self.occlusion.begin(&self.device) {
            self.recording.end_pass();
        }
    }

    /// Prepares for a draw, if it is a part of a survey.
    pub(super) fn begin_survey(&mut self, survey: Option<ConditionalSurvey>) {
        let Some(survey) = survey else { return };
        if self.occlusion.prepare(&self.device) {
            self.recording.end_pass();
        }
        self.occlusion.begin_draw(survey);
    }

    /// Whether something of a survey is visible; `None` if the device still works on it.
    pub(super) fn poll_surveyed(&mut self, survey: ConditionalSurvey) -> Option<bool> {
        if let Some(reference) = self.recover() {
            return Some(reference.survey(survey));
        }
        if self.occlusion.survey(survey).is_none() {
            // A device that does not answer becomes lost, which is noticed before the next command.
            let _ = self.device.poll();
            self.occlusion.collect(&self.device);
        }
        self.occlusion.survey(survey)
    }

    /// As [`Self::poll_surveyed`], but waits for the device. After an error all is visible.
    pub(super) fn wait_for_surveyed(&mut self, survey: ConditionalSurvey) -> bool {
        if let Some(is_visible) = self.poll_surveyed(survey) {
            return is_visible;
        }
        if self.occlusion.has_unsubmitted_queries() {
            self.submit();
        }
        self.occlusion.survey_waits += 1;
        loop {
            if let Some(is_visible) = self.occlusion.survey(survey) {
                return is_visible;
            }
            // The oldest ones come first: each wait takes one at least.
            let done = self.occlusion.oldest().map(|mapping| mapping.wait_done(&self.device));
            if !matches!(done, Some(Ok(()))) {
                return true;
            }
            self.occlusion.collect(&self.device);
        }
    }

    /// Total of the samples that were counted so far; `None` if it cannot be known.
    pub(super) fn finish_counting(&mut self) -> Option<u64> {
        if let Some(reference) = self.recover() {
            return reference.samples_passed();
        }
        if self.occlusion.has_unsubmitted_queries() {
            self.submit();
        }
        let total = self.occlusion.finish(&self.device).ok();
        self.publish(false);
        total
    }

    /// Notes the number of samples so far; `None` if the device was given up.
    pub(super) fn begin_report(&mut self) -> Option<u64> {
        if self.recover().is_some() {
            return None;
        }
        self.begin_counting();
        self.results += 1;
        self.occlusion.report(self.results);
        Some(self.results)
    }

    /// Begins to read back all pages that memory lacks; `None` if the device was given up. Returns
    /// the number of the last delivery under way if there are no others.
    pub(super) fn begin_flight(&mut self, memory: &dyn PhysicalMemory) -> Option<u64> {
        if self.recover().is_some() {
            return None;
        }
        if !self.mirror.has_waiting() {
            return Some(self.flights.back().map_or(0, |flight| flight.number));
        }
        if self.flights.len() >= MAX_FLIGHTS {
            // A device that does not answer becomes lost, which is noticed before the next command.
            let _ = self.land_in(None, memory);
        }
        self.results += 1;
        let mut deliveries = self.mirror.take(None, false, memory);
        self.mirror.fly(&deliveries);
        let mut parts = Vec::new();
        while !deliveries.is_empty() {
            let (count, size) = first_part(&deliveries);
            let rest = deliveries.split_off(count);
            let part = std::mem::replace(&mut deliveries, rest);
            let back = self.copy_back(&part, size);
            parts.push((part, back, size));
        }
        self.submit();
        // Only after the submission: wgpu refuses commands that use a buffer which is being mapped.
        for (deliveries, back, size) in parts {
            let bytes = Mapping::begin(&self.device, back, size);
            self.flights.push_back(Flight { number: self.results, deliveries, bytes });
        }
        Some(self.results)
    }

    /// Result with a number, if available: samples, or zero for a delivery. For a report that a
    /// lost device has not answered, the last known count.
    pub(super) fn poll_late(&mut self, number: u64, memory: &dyn PhysicalMemory) -> Option<u64> {
        if let Some(reference) = self.recover() {
            return Some(reference.samples_passed().unwrap_or(0));
        }
        if !self.is_known(number) {
            self.submit_report(number);
            // After an error the device counts as lost.
            if self.poll(memory).is_ok() && !self.is_known(number) {
                return None;
            }
        }
        Some(self.take_late(number))
    }

    /// As [`Self::poll_late`], but waits for the result.
    pub(super) fn wait_for_late(&mut self, number: u64, memory: &dyn PhysicalMemory) -> u64 {
        if let Some(reference) = self.recover() {
            return reference.samples_passed().unwrap_or(0);
        }
        if !self.is_known(number) {
            self.submit_report(number);
            // After an error the device counts as lost.
            let _ = self.wait_for(number, memory);
        }
        self.take_late(number)
    }

    /// Submits the queries that a report waits for, if they are only recorded. Later ones follow
    /// with more commands: the device works on those before them anyway.
    fn submit_report(&mut self, number: u64) {
        if self.occlusion.is_unsubmitted(number) {
            self.submit();
        }
    }

    fn take_late(&mut self, number: u64) -> u64 {
        self.occlusion.take_answer(number).unwrap_or_else(|| self.occlusion.known())
    }

    /// Whether a result is available.
    fn is_known(&self, number: u64) -> bool {
        !self.is_flying(number) && !self.occlusion.is_open(number)
    }

    /// Whether a result is a delivery under way.
    fn is_flying(&self, number: u64) -> bool {
        self.flights.iter().any(|flight| flight.number == number)
    }

    /// Collects the available results.
    fn poll(&mut self, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        let polled = self.recording.poll(&self.device);
        self.occlusion.collect(&self.device);
        self.land(memory);
        polled
    }

    /// Waits until a result is available, but not for later submissions.
    fn wait_for(&mut self, number: u64, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        while !self.is_known(number) {
            let flight = self.flights.front().filter(|_| self.is_flying(number));
            // The oldest ones come first: each wait takes one at least.
            match flight.map(|flight| &flight.bytes).or_else(|| self.occlusion.oldest()) {
                Some(mapping) => self.recording.wait(&self.device, mapping)?,
                // The device was lost, or the result belongs to an earlier device.
                None => return Ok(()),
            }
            self.occlusion.collect(&self.device);
            self.land(memory);
        }
        Ok(())
    }

    /// Writes the deliveries that the device has finished to memory, in order.
    fn land(&mut self, memory: &dyn PhysicalMemory) {
        while let Some(flight) = self.flights.pop_front_if(|flight| flight.bytes.is_done()) {
            let Flight { deliveries, bytes, .. } = flight;
            for delivery in &deliveries {
                self.mirror.land(delivery);
            }
            let back = bytes.finish(|bytes| self.mirror.write(&deliveries, bytes, memory));
            match back {
                Some(back) => self.staging.give_back(back),
                None => deliveries.iter().for_each(|delivery| self.mirror.drop_lost(delivery)),
            }
        }
    }

    /// Waits for deliveries under way to the pages of a range, or for all.
    pub(super) fn land_in(
        &mut self,
        range: Option<PhysicalRange>,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        let touches = |flight: &Flight| {
            let touches = |delivery: &Delivery| range.is_none_or(|range| delivery.touches(range));
            flight.deliveries.iter().any(touches)
        };
        while let Some(first) = self.flights.front().filter(|_| self.flights.iter().any(touches)) {
            first.bytes.wait_done(&self.device)?;
            self.land(memory);
        }
        Ok(())
    }
}
