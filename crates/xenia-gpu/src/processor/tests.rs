//! Tests of the processor with whole command streams, by subject.

mod deferred_effects;
mod delivery;
mod display;
mod draws;
mod lists;
mod shaders;
mod short_pumps;
mod states;
mod surveys;
mod waits;
mod writes;

use std::sync::Mutex;

use super::*;
use crate::backend::{BackendError, Frame, NullBackend, PresentCall};
use crate::draw_state::{DrawCall, ResolveCall};
use crate::memory::Ram;
use crate::packets::{TYPE2, opcode, swap_commands, type0, type3};

const RING: u32 = 0x1000;
const LIST: u32 = 0x4000;
const DATA: u32 = 0x8000;
/// Physical address in packet form, with the flag for big-endian words.
const DATA_BE: u32 = DATA | 2;

struct GpuHarness {
    memory: Arc<Ram>,
    gpu: CommandProcessor,
    write: u32,
    now: u64,
    events: Vec<GpuEvent>,
}

impl GpuHarness {
    fn with_backend(backend: Box<dyn Backend>) -> Self {
        let memory = Arc::new(Ram::new(0x10_0000));
        let config = Config { vblank: false, capture_all: true, ..Config::default() };
        let mut gpu = CommandProcessor::new(memory.clone(), backend, config);
        gpu.initialize_ring(RING, 7); // 256 words
        Self { memory, gpu, write: 0, now: 0, events: Vec::new() }
    }

    fn new() -> Self {
        Self::with_backend(Box::new(NullBackend))
    }

    fn put(&mut self, words: &[u32]) {
        for &word in words {
            self.memory.write_u32(RING + self.write * 4, word);
            self.write = (self.write + 1) % 256;
        }
    }

    fn kick(&mut self) {
        self.gpu.store_register(cp::CP_RB_WPTR, self.write, self.now);
    }

    fn pass(&mut self, ticks: u64) {
        self.now += ticks;
        self.events.extend(self.gpu.pump(self.now));
    }

    fn run(&mut self, words: &[u32]) {
        self.put(words);
        self.kick();
        self.pass(1_000_000);
    }

    fn list(&self, address: u32, words: &[u32]) {
        for (i, &word) in words.iter().enumerate() {
            self.memory.write_u32(address + i as u32 * 4, word);
        }
    }

    fn data(&self, index: u32) -> u32 {
        self.memory.read_u32(DATA + index * 4)
    }
}

/// Backend that records its calls.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<(Vec<DrawCall>, Vec<ResolveCall>)>>);

impl Backend for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }
    fn draw(&mut self, call: &DrawCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.0.lock().unwrap().0.push(call.clone());
        Ok(())
    }
    fn resolve(&mut self, call: &ResolveCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.0.lock().unwrap().1.push(call.clone());
        Ok(())
    }
    fn present(&mut self, call: &PresentCall, _: &dyn PhysicalMemory) -> Option<Frame> {
        Some(Frame { width: call.width, height: call.height, rgba: vec![call.fetch[1] as u8] })
    }
    fn samples_passed(&mut self) -> Option<u64> {
        Some(self.0.lock().unwrap().0.len() as u64 * 10)
    }
}
