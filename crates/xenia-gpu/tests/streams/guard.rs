//! Memory that checks accesses, and a backend that does little work.

use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use xenia_gpu::draw_state::{ConditionalSurvey, Constants, DrawCall, ResolveCall, Scissor};
use xenia_gpu::memory::{PHYSICAL_SIZE, is_locked};
use xenia_gpu::{Backend, BackendError, Frame, Inputs, PhysicalMemory, PresentCall, Reference};

/// Maximum size of a single access in bytes.
const MAX_ACCESS: usize = 64 << 20;
/// Bits of a texture's size that are kept: sides of 32 texels, some thousands for 1D textures.
const TEXTURE_SIZE: u32 = 0x0003_e01f;
/// Largest side of a draw or resolve, and most vertices of a draw.
const MAX_SIDE: i32 = 24;
const VERTICES: u32 = 12;

/// Memory that counts accesses and checks that they stay within the chip's address space.
pub struct Guarded {
    inner: Arc<dyn PhysicalMemory>,
    pub reads: AtomicU64,
    pub writes: AtomicU64,
}

impl Guarded {
    pub fn new(inner: Arc<dyn PhysicalMemory>) -> Self {
        Self { inner, reads: AtomicU64::new(0), writes: AtomicU64::new(0) }
    }

    fn check(physical: u32, length: usize) {
        let is_there = physical < PHYSICAL_SIZE || is_locked(physical);
        assert!(is_there && length <= MAX_ACCESS, "{length} bytes at {physical:#x}");
    }
}

impl PhysicalMemory for Guarded {
    fn read(&self, physical: u32, into: &mut [u8]) {
        Self::check(physical, into.len());
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.read(physical, into);
    }

    fn write(&self, physical: u32, from: &[u8]) {
        Self::check(physical, from.len());
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.inner.write(physical, from);
    }

    fn version(&self, physical: u32, length: u32) -> u64 {
        Self::check(physical, 0);
        self.inner.version(physical, length)
    }

    fn track(&self, physical: u32, length: u32) -> Option<u64> {
        Self::check(physical, 0);
        self.inner.track(physical, length)
    }
}

/// Reference backend on a small part of each surface, shared by many streams.
#[derive(Clone)]
pub struct Small(pub Arc<Mutex<Reference>>);

impl Small {
    fn act_on_reference<T>(&self, act: impl FnOnce(&mut Reference) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Digest of the EDRAM.
    pub fn edram(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.act_on_reference(|reference| reference.digest(&mut |bytes| hasher.write(bytes)));
        hasher.finish()
    }
}

fn small(scissor: Scissor) -> Scissor {
    let Scissor { left, top, right, bottom } = scissor;
    Scissor {
        right: right.min(left.saturating_add(MAX_SIDE)),
        bottom: bottom.min(top.saturating_add(MAX_SIDE)),
        ..scissor
    }
}

fn smaller(call: &DrawCall) -> DrawCall {
    let mut constants = Constants::clone(&call.constants);
    for fetch in constants.fetch.iter_mut().filter(|fetch| fetch[0] & 3 == 2) {
        fetch[0] &= !(0x1fc << 22); // rows of 96 texels at most
        fetch[2] &= TEXTURE_SIZE;
    }
    DrawCall {
        scissor: small(call.scissor),
        count: call.count.min(VERTICES),
        constants: Arc::new(constants),
        ..call.clone()
    }
}

impl Backend for Small {
    fn name(&self) -> &'static str {
        "small"
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.act_on_reference(|reference| reference.draw(&smaller(call), memory))
    }

    fn inputs(&self) -> Option<Inputs> {
        Some(|call, want| {
            // The reference's answer depends only on the call.
            Reference::inputs_of(&smaller(call), want)
        })
    }

    fn survey(&mut self, survey: ConditionalSurvey) -> bool {
        self.act_on_reference(|reference| reference.survey(survey))
    }

    fn resolve(&mut self, call: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        let call = ResolveCall { scissor: small(call.scissor), ..call.clone() };
        self.act_on_reference(|reference| reference.resolve(&call, memory))
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        let side = MAX_SIDE as u32;
        let mut call =
            PresentCall { width: call.width.min(side), height: call.height.min(side), ..call.clone() };
        // A front buffer may be large, too.
        call.fetch[2] &= TEXTURE_SIZE;
        self.act_on_reference(|reference| reference.present(&call, memory))
    }

    fn samples_passed(&mut self) -> Option<u64> {
        self.act_on_reference(Backend::samples_passed)
    }

    /// Short digest of the draws: the whole EDRAM would take longer than the stream.
    fn digest(&mut self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.act_on_reference(Backend::samples_passed).unwrap_or(0).to_le_bytes());
    }
}
