//! Which way draws go, by the backend's counters: on the host's graphics device, or by the reference with or without
//! the EDRAM. Whatever the way, EDRAM and memory are the reference's in the end.
#![allow(missing_docs)]

#[path = "../../xenia-gpu/tests/scene/mod.rs"]
mod scene;

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use scene::*;
use xenia_gpu::draw_state::{CopyCall, DrawCall};
use xenia_gpu::{Backend, BackendError, Frame, PhysicalMemory, PresentCall, Reference};
use xenia_render::backend::{Device, DeviceError, WgpuBackend, WgpuCounters};
use xenia_testing::{Tool, obtain};

/// State that a scene is given.
type Change = fn(&mut Scene);
type Drawing = Arc<Mutex<WgpuBackend>>;

thread_local! {
    /// What draws the next scene; none is the reference.
    static DRAWING: RefCell<Option<Drawing>> = const { RefCell::new(None) };
}

/// A backend that the test looks at while it draws.
struct Watched(Drawing);

impl Watched {
    fn held(&self) -> MutexGuard<'_, WgpuBackend> {
        self.0.lock().unwrap()
    }
}

impl Backend for Watched {
    fn name(&self) -> &'static str {
        "wgpu"
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.held().draw(call, memory)
    }

    fn copy(&mut self, call: &CopyCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.held().copy(call, memory)
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        self.held().present(call, memory)
    }

    fn samples_passed(&mut self) -> Option<u64> {
        self.held().samples_passed()
    }

    fn digest(&mut self, sink: &mut dyn FnMut(&[u8])) {
        self.held().digest(sink);
    }

    fn edram(&mut self) -> Option<Vec<u32>> {
        self.held().edram()
    }
}

/// What draws scenes.
fn backend(threads: usize) -> Box<dyn Backend> {
    match DRAWING.take() {
        Some(drawing) => Box::new(Watched(drawing)),
        None => Box::new(Reference::with_threads(threads)),
    }
}

/// What a scene leaves behind: the EDRAM and all of memory.
fn left(scene: &mut Scene) -> (Vec<u32>, Vec<u8>) {
    let mut memory = vec![0; MEMORY];
    scene.memory.read(0, &mut memory);
    (scene.gpu.backend().edram().unwrap(), memory)
}

/// Draws a scene on both backends, which have to leave the same behind; returns what the device's counted. Without a
/// Vulkan driver the test counts as not run, though the reference draws its scene.
fn drawn(make: impl Fn() -> Scene) -> Option<WgpuCounters> {
    static DEVICE: OnceLock<Result<Device, DeviceError>> = OnceLock::new();
    let (edram, memory) = left(&mut make());
    let device = obtain(Tool::Vulkan, DEVICE.get_or_init(|| Device::open(true)).as_ref())?;
    let drawing = Arc::new(Mutex::new(WgpuBackend::new(device.clone())));
    DRAWING.set(Some(drawing.clone()));
    let mut scene = make();
    let counters = drawing.lock().unwrap().counters();
    let (found_edram, found_memory) = left(&mut scene);
    let different = edram.iter().zip(&found_edram).position(|(a, b)| a != b);
    assert_eq!(different, None, "of the EDRAM's words");
    assert!(memory == found_memory, "memory differs");
    Some(counters)
}

/// Fallbacks by their reason.
fn fallbacks(counters: &WgpuCounters) -> Vec<(&str, u64)> {
    counters.fallbacks.iter().map(|(reason, count)| (reason.as_str(), *count)).collect()
}

/// A vertex shader that writes its index to memory, and its position if it has one.
fn exporting(scene: &mut Scene, position: &str) {
    const TABLE: u32 = 0x4_0000;
    let stream = [1 << 30 | TABLE >> 2, 0x4b00_0000, 0x4b00_0000 | 36 << 8 | 7 << 16 | 2, 0x4b00_0000 | 64];
    for (i, word) in (0..).zip(stream.into_iter().chain([0, 1.0_f32.to_bits(), 0, 0])) {
        scene.set(FLOAT_CONSTANTS + i, word);
    }
    let text = "alloc memory 1\nmad eA, r0.x, c[1], c[0]\nmax eM0, r0.x, r0.x\n";
    scene.shader(0, &format!("{text}{position}"));
}

#[test]
fn an_export_without_pixels_leaves_the_edram_where_it_is() {
    let red = rectangle(8.0, 8.0, 40.0, 40.0, RED);
    let place = "alloc position\nmax oPos, r0.x, r0.x";
    // What is drawn, and whether it needs the EDRAM.
    let ways: [(&str, Change, u64); 5] = [
        ("", |_| {}, 0),
        (place, |scene| scene.write(RbModecontrol::with().edram_mode(EdramMode::Ignore)), 0),
        (place, |scene| scene.scissor([5, 5, 5, 60]), 0),
        (place, |scene| scene.write(RbColorMask::with()), 0),
        (place, |_| {}, 3),
    ];
    for (position, state, trips) in ways {
        let counters = drawn(|| {
            let mut scene = Scene::new(80, 64, 0);
            scene.vertices(&red);
            scene.draw(8, 3);
            exporting(&mut scene, position);
            state(&mut scene);
            (0..3).for_each(|_| scene.draw(1, 38));
            scene
        });
        let Some(counters) = counters else { return };
        assert_eq!(fallbacks(&counters), [("an export to memory", 3)], "{position}");
        assert_eq!(counters.edram_trips, trips, "{position}");
    }
}
