//! The frame as a command stream, and the command processor that runs it.

use crate::draws::{Kind, TEXTURE_SIDE, VERTICES, indices, vertices};
use crate::squares;
use std::fmt::Write as _;
use std::sync::Arc;
use xenia_gpu::packets::{opcode, type0, type3};
use xenia_gpu::registers::FETCH_CONSTANTS;
use xenia_gpu::{Backend, CommandProcessor, Config, NullBackend, PhysicalMemory, Ram};
use xenia_render::backend::{Device, WgpuBackend};
use xenia_scenes::SharedBackend;

const VERTEX_BUFFER: u32 = 0x20_0000;
const INDEX_BUFFER: u32 = 0x30_0000;
const TEXTURE_BASE: u32 = 0x40_0000;
const TEXTURE_BYTES: u32 = TEXTURE_SIDE * TEXTURE_SIDE * 4;
const MEMORY: usize = 0x80_0000;

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
    let mut words = squares::state(VERTEX_BUFFER, VERTICES);
    let side = TEXTURE_SIDE - 1;
    for slot in 1..=kind.textures {
        // Tiled, 8_8_8_8, components in their own order, linear filters. The first constant is the
        // vertex buffer.
        words.extend([type0(FETCH_CONSTANTS + slot * 6, 6), 2 | 1 << 31 | (TEXTURE_SIDE / 32) << 22]);
        words.extend([6 | 2 << 6 | (TEXTURE_BASE + (slot - 1) * TEXTURE_BYTES), side | side << 13]);
        words.extend([0x688 << 1 | 1 << 19 | 1 << 21, 0, 1 << 9]);
    }
    words.extend(squares::shaders(&pixel_shader(kind.textures)));
    for draw in 0..kind.draws {
        words.extend(squares::constant(draw));
        words.extend([type3(opcode::DRAW_INDX, 4), 0, 4 | kind.indices << 16, INDEX_BUFFER]);
        words.push(1 << 30 | kind.indices);
    }
    words
}

/// The command processor with the wgpu backend, or with none.
pub(crate) struct Emulated {
    backend: Option<SharedBackend<WgpuBackend>>,
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
        squares::write_ring(&*memory, &words);
        let backend = device.map(|device| SharedBackend::new(Box::new(WgpuBackend::new(device))));
        let drawing: Box<dyn Backend> = match &backend {
            Some(backend) => Box::new(backend.clone()),
            None => Box::new(NullBackend),
        };
        let config = Config { vblank: false, ..Config::default() };
        let gpu = CommandProcessor::new(memory, drawing, config);
        Self { backend, gpu, words: words.len() as u32, now: 0 }
    }

    /// Runs the frame's commands, and waits for the device.
    pub(crate) fn frame(&mut self) {
        squares::run(&mut self.gpu, self.words, &mut self.now);
        if let Some(backend) = &self.backend {
            squares::finish(backend);
        }
    }

    /// Operations that could not be done.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.gpu.statistics().problems.keys().cloned().collect()
    }
}
