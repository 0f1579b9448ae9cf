//! Backend shared by consecutive scenes: devices, pipelines and buffers are made once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xenia_gpu::draw_state::{ConditionalSurvey, DrawCall, ResolveCall};
use xenia_gpu::edram::EdramPage;
use xenia_gpu::{
    Backend, BackendError, Cancel, DevicePicture, Frame, Inputs, PhysicalMemory, PhysicalRange, PresentCall,
    Readback,
};

/// Handle of a backend. A command processor may own one while a test has another.
pub struct SharedBackend<B: ?Sized>(Arc<Mutex<Box<B>>>);

impl<B: ?Sized> Clone for SharedBackend<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B: ?Sized> SharedBackend<B> {
    /// Shares a backend.
    pub fn new(backend: Box<B>) -> Self {
        Self(Arc::new(Mutex::new(backend)))
    }

    /// The backend, for one owner at a time.
    pub fn get(&self) -> MutexGuard<'_, Box<B>> {
        // A case that panicked has failed; the next one gets another backend.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// A method that is not passed on hides a part of the backend from tests.
#[deny(clippy::missing_trait_methods)]
impl<B: Backend + ?Sized> Backend for SharedBackend<B> {
    fn name(&self) -> &'static str {
        self.get().name()
    }

    fn expect_draw(&mut self, call: &DrawCall) {
        self.get().expect_draw(call);
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.get().draw(call, memory)
    }

    fn resolve(&mut self, call: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.get().resolve(call, memory)
    }

    fn set_readback(&mut self, readback: Readback) {
        self.get().set_readback(readback);
    }

    fn has_pending(&self) -> bool {
        self.get().has_pending()
    }

    fn is_pending(&self, range: PhysicalRange) -> bool {
        self.get().is_pending(range)
    }

    fn deliver(
        &mut self,
        range: Option<PhysicalRange>,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        self.get().deliver(range, memory)
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        self.get().present(call, memory)
    }

    fn present_on_device(
        &mut self,
        call: &PresentCall,
        memory: &dyn PhysicalMemory,
    ) -> Option<Arc<dyn DevicePicture>> {
        self.get().present_on_device(call, memory)
    }

    fn end_frame(&mut self) {
        self.get().end_frame();
    }

    fn count_samples(&mut self, counts: bool) {
        self.get().count_samples(counts);
    }

    fn samples_passed(&mut self) -> Option<u64> {
        self.get().samples_passed()
    }

    fn survey(&mut self, survey: ConditionalSurvey) -> bool {
        self.get().survey(survey)
    }

    fn poll_survey(&mut self, survey: ConditionalSurvey) -> Option<bool> {
        self.get().poll_survey(survey)
    }

    fn samples_so_far(&mut self) -> Option<u64> {
        self.get().samples_so_far()
    }

    fn begin_delivery(&mut self, memory: &dyn PhysicalMemory) -> Option<u64> {
        self.get().begin_delivery(memory)
    }

    fn begin_samples(&mut self) -> Option<u64> {
        self.get().begin_samples()
    }

    fn poll_result(&mut self, number: u64, memory: &dyn PhysicalMemory) -> Option<u64> {
        self.get().poll_result(number, memory)
    }

    fn wait_for_result(&mut self, number: u64, memory: &dyn PhysicalMemory) -> u64 {
        self.get().wait_for_result(number, memory)
    }

    fn digest(&mut self, sink: &mut dyn FnMut(&[u8])) {
        self.get().digest(sink);
    }

    fn edram(&mut self) -> Option<Vec<u32>> {
        self.get().edram()
    }

    fn edram_since(&mut self, since: u64, each: &mut dyn FnMut(u32, &EdramPage)) -> Option<u64> {
        self.get().edram_since(since, each)
    }

    fn set_edram(&mut self, words: &[u32]) -> Result<(), String> {
        self.get().set_edram(words)
    }

    fn inputs(&self) -> Option<Inputs> {
        self.get().inputs()
    }

    fn cancel(&self) -> Option<Cancel> {
        self.get().cancel()
    }

    fn late_errors(&mut self) -> Vec<BackendError> {
        self.get().late_errors()
    }

    fn target_picture(&mut self, call: &DrawCall) -> Option<Frame> {
        self.get().target_picture(call)
    }
}
