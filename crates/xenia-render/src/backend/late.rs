//! Results that the device still works on, by their numbers.

use xenia_gpu::Backend;

use super::WgpuBackend;

impl WgpuBackend {
    /// Counts samples from here on.
    pub(super) fn begin_counting(&mut self) {
        if self.occlusion.begin(&self.device) {
            self.recording.end_pass();
        }
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

    /// Samples at a report, if they are known or waited for. A report that a lost device has not
    /// answered gets what was known before.
    pub(super) fn answer(&mut self, number: u64, waits: bool) -> Option<u64> {
        if let Some(reference) = self.recover() {
            return Some(reference.samples_passed().unwrap_or(0));
        }
        if let Some(samples) = self.occlusion.take_answer(number) {
            return Some(samples);
        }
        if self.occlusion.is_behind() {
            self.submit();
        }
        let samples = if waits { self.occlusion.finish(&self.device).ok() } else { self.poll() };
        self.occlusion.take_answer(number).or(samples)
    }

    /// Takes the results that the device has finished. Returns the samples counted so far, if all
    /// reports are answered.
    fn poll(&mut self) -> Option<u64> {
        // A lost device is noticed before the next command.
        let _ = self.device.wgpu().poll(wgpu::PollType::Poll);
        self.occlusion.collect();
        (!self.occlusion.has_open_reports()).then(|| self.occlusion.known())
    }
}
