//! The frame as a command stream, and the command processor that runs it.

use crate::{Kind, SIDE, TEXTURE_SIDE, indices, place, vertices};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use xenia_gpu::draw_state::{DrawCall, ResolveCall};
use xenia_gpu::microcode::assemble;
use xenia_gpu::packets::{opcode, type0, type3};
use xenia_gpu::{
    Backend, BackendError, CommandProcessor, Config, Frame, NullBackend, PhysicalMemory, PresentCall, Ram,
};
use xenia_render::backend::{Device, WgpuBackend};

const RING: u32 = 0x1000;
const RING_LOG2: u32 = 17;
const VERTEX_BUFFER: u32 = 0x20_0000;
const INDEX_BUFFER: u32 = 0x30_0000;
const TEXTURE_BASE: u32 = 0x40_0000;
const TEXTURE_BYTES: u32 = TEXTURE_SIDE * TEXTURE_SIDE * 4;
const MEMORY: usize = 0x80_0000;
/// Register of the first fetch constant; textures follow the vertex buffer's.
const FETCH_CONSTANTS: u32 = 0x4800;
/// Register `CP_RB_WPTR`, which says where the ring's commands end.
const WRITE_POINTER: u32 = 0x1c5;

/// Registers that stay the same.
const STATE: &[(u32, u32)] = &[
    (0x2208, 4),
    (0x2000, SIDE),
    (0x2001, 0),
    (0x200e, 0),
    (0x200f, 8192 | 8192 << 16),
    (0x2080, 0),
    (0x2081, 1 << 31),
    (0x2082, SIDE | SIDE << 16),
    (0x2100, 0xff_ffff),
    (0x2101, 0),
    (0x2102, 0),
    (0x2104, 0xf),
    (0x2182, 0xffff),
    (0x2200, 0),
    (0x2201, 0x0001_0001),
    (0x2204, 1 << 16 | 1 << 19),
    (0x2205, 0),
    (0x2206, 0x300),
    (0x2302, 1),
    (0x2307, 0),
    (0x2308, 256),
    (0x2312, 0xffff),
    (0x4800, VERTEX_BUFFER | 3),
    (0x4801, 2 | (crate::VERTICES * 5) << 2),
];

/// A pixel shader that adds up samples of all textures.
fn pixel_shader(textures: u32) -> String {
    let mut text = String::new();
    for slot in 1..=textures {
        let _ = writeln!(text, "tfetch2D r{slot}, r0.xy, tf{slot}");
    }
    for slot in 1..=textures {
        let _ = writeln!(text, "add r0, r0, r{slot}");
    }
    text + "alloc colors\nmax oC0, r0, r0"
}

/// The frame's words: state, then a constant and a draw for each square.
fn commands(kind: Kind) -> Vec<u32> {
    let vertex = "vfetch r1.xy01, r0.x, vf0, format=37, stride=5, offset=0
        vfetch r2.xyz1, r0.x, vf0, format=57, stride=5, offset=2
        add r1.xy, r1, c[0]
        alloc position
        max oPos, r1, r1
        alloc interpolators 1
        max o0, r2, r2";
    let mut words = Vec::new();
    for &(register, value) in STATE {
        words.extend([type0(register, 1), value]);
    }
    let side = TEXTURE_SIDE - 1;
    for slot in 1..=kind.textures {
        // Tiled, 8_8_8_8, components in their own order, linear filters.
        words.extend([type0(FETCH_CONSTANTS + slot * 6, 6), 2 | 1 << 31 | (TEXTURE_SIDE / 32) << 22]);
        words.extend([6 | 2 << 6 | (TEXTURE_BASE + (slot - 1) * TEXTURE_BYTES), side | side << 13]);
        words.extend([0x688 << 1 | 1 << 19 | 1 << 21, 0, 1 << 9]);
    }
    for (stage, text) in [(0, vertex.to_owned()), (1, pixel_shader(kind.textures))] {
        let code = assemble(&text).unwrap_or_else(|error| panic!("{error}"));
        words.extend([type3(opcode::IM_LOAD_IMMEDIATE, code.len() as u32 + 2), stage, code.len() as u32]);
        words.extend(code);
    }
    for draw in 0..kind.draws {
        let [x, y] = place(draw);
        words.extend([type3(opcode::SET_CONSTANT, 5), 0, x.to_bits(), y.to_bits(), 0, 0]);
        words.extend([type3(opcode::DRAW_INDX, 4), 0, 4 | kind.indices << 16, INDEX_BUFFER]);
        words.push(1 << 30 | kind.indices);
    }
    words
}

/// Shared backend, which can be waited for while the command processor owns a handle.
struct Shared(Arc<Mutex<WgpuBackend>>);

fn locked(backend: &Mutex<WgpuBackend>) -> MutexGuard<'_, WgpuBackend> {
    backend.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Backend for Shared {
    fn name(&self) -> &'static str {
        "wgpu"
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        locked(&self.0).draw(call, memory)
    }

    fn copy(&mut self, call: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        locked(&self.0).copy(call, memory)
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        locked(&self.0).present(call, memory)
    }

    fn samples_passed(&mut self) -> Option<u64> {
        None
    }

    fn digest(&mut self, sink: &mut dyn FnMut(&[u8])) {
        locked(&self.0).digest(sink);
    }
}

/// The command processor with the wgpu backend, or with none.
pub(crate) struct Emulated {
    backend: Option<Arc<Mutex<WgpuBackend>>>,
    gpu: CommandProcessor,
    words: u32,
    now: u64,
}

impl Emulated {
    pub(crate) fn new(device: Option<Device>, kind: Kind) -> Self {
        let memory = Arc::new(Ram::new(MEMORY));
        for (i, value) in (0..).zip(vertices().iter().flatten()) {
            memory.write_u32(VERTEX_BUFFER + i * 4, value.to_bits());
        }
        let bytes: Vec<u8> = indices(kind.indices).iter().flat_map(|index| index.to_be_bytes()).collect();
        memory.write(INDEX_BUFFER, &bytes);
        let words = commands(kind);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        memory.write(RING, &bytes);
        let backend = device.map(|device| Arc::new(Mutex::new(WgpuBackend::new(device))));
        let drawing: Box<dyn Backend> = match &backend {
            Some(backend) => Box::new(Shared(backend.clone())),
            None => Box::new(NullBackend),
        };
        let config = Config { vblank: false, ..Config::default() };
        let gpu = CommandProcessor::new(memory, drawing, config);
        Self { backend, gpu, words: words.len() as u32, now: 0 }
    }

    /// Runs the frame's commands, and waits for the device.
    pub(crate) fn frame(&mut self) {
        self.gpu.initialize_ring(RING, RING_LOG2);
        self.gpu.store_register(WRITE_POINTER, self.words, self.now);
        while !self.gpu.is_idle() {
            self.now += 1 << 24;
            self.gpu.pump(self.now);
        }
        if let Some(Err(error)) = self.backend.as_ref().map(|backend| locked(backend).finish()) {
            panic!("{error}");
        }
    }

    /// Operations that could not be done.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.gpu.statistics().problems.keys().cloned().collect()
    }
}
