//! Scene: a processor with the test crate's backend, a surface, and helpers for draws, resolves and
//! swaps.
//!
//! The parent module provides the backend: `super::backend(threads)`.
#![allow(dead_code, unreachable_pub, unused_imports)] // each test crate uses a part

use std::cell::{Cell, RefCell};
use std::hash::{DefaultHasher, Hasher};
use std::io::Write;
use std::sync::{Arc, Mutex};

pub use xenia_gpu::enums::{
    BlendFactor, ColorTargetFormat, Compare, CopyCommand, DepthFormat, EdramMode, Msaa, PolygonFill,
    StencilOp, TessellationMode, VertexExportMode,
};
use xenia_gpu::microcode::assemble;
use xenia_gpu::packets::{opcode, swap_commands, type0, type3};
pub use xenia_gpu::registers::pa::*;
pub use xenia_gpu::registers::rb::*;
pub use xenia_gpu::registers::sq::*;
pub use xenia_gpu::registers::vgt::*;
pub use xenia_gpu::registers::{FETCH_CONSTANTS, FLOAT_CONSTANTS, Register, With, cp};
use xenia_gpu::texture::layout::tiled_2d;
use xenia_gpu::trace::{Player, Reader, Recorder};
use xenia_gpu::{CommandProcessor, Config, Frame, PhysicalMemory, Ram};

pub const RING: u32 = 0x1000;
pub const VERTICES: u32 = 0x1_0000;
pub const INDICES: u32 = 0x1_8000;
pub const COPY_RECT: u32 = 0x1_c000;
pub const TEXTURE: u32 = 0x2_0000;
pub const FRONT: u32 = 0x10_0000;
/// Bytes of memory.
pub const MEMORY: usize = 0x80_0000;

pub const COLORED_VS: &str = "
    vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
    vfetch r2.xyzw, r0.x, vf0, format=38, stride=7, offset=3
    alloc position
    max oPos, r1, r1
    alloc interpolators 1
    max o0, r2, r2";
pub const COLORED_PS: &str = "alloc colors\nmax oC0, r0, r0";
pub const TEXTURED_PS: &str = "tfetch2D r0, r0.xy, tf1, mag=point, min=point\nalloc colors\nmax oC0, r0, r0";

thread_local! {
    /// Draw threads of scenes.
    pub static THREADS: Cell<usize> = const { Cell::new(2) };
    /// Draws run on the thread that runs the scene.
    pub static INLINE: Cell<bool> = const { Cell::new(true) };
    /// Scenes are recorded, and played at their end.
    pub static RECORD: Cell<bool> = const { Cell::new(false) };
    /// The final state of scenes is kept as a digest.
    pub static KEEPS: Cell<bool> = const { Cell::new(true) };
    /// Digests of the final states of scenes.
    pub static LEFT: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

pub struct Scene {
    pub memory: Arc<Ram>,
    pub gpu: CommandProcessor,
    pub words: Vec<u32>,
    pub width: u32,
    pub height: u32,
    pub now: u64,
    pub trace: Option<Bytes>,
}

/// Shared buffer of bytes, to be written and read later.
#[derive(Clone, Default)]
pub struct Bytes(pub Arc<Mutex<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Scene {
    /// Creates a surface of that size: 8_8_8_8 colour at tile 0 and D24S8 depth behind it, no tests
    /// or blending, pixel coordinates as positions.
    pub fn new(width: u32, height: u32, msaa: u32) -> Self {
        let memory = Arc::new(Ram::new(MEMORY));
        let config = Config { vblank: false, capture_all: true, inline: INLINE.get(), ..Config::default() };
        let mut gpu = CommandProcessor::new(memory.clone(), super::backend(THREADS.get()), config);
        let trace = RECORD.get().then(Bytes::default);
        if let Some(trace) = &trace {
            gpu.record(Recorder::new(Box::new(trace.clone()), 0, u64::MAX));
        }
        gpu.initialize_ring(RING, 12);
        let mut scene = Self { memory, gpu, words: Vec::new(), width, height, now: 0, trace };
        scene.write(RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        scene.write(surface(width, Msaa::from_bits(msaa)));
        scene.write(RbColorInfo::with().color_base(0).color_format(ColorTargetFormat::Rgba8));
        scene.write(RbDepthInfo::with().depth_base(1024).depth_format(DepthFormat::D24S8));
        scene.write(PaScScreenScissorTl::with().tl_x(0).tl_y(0));
        scene.write(PaScScreenScissorBr::with().br_x(8192).br_y(8192));
        scene.write(PaScWindowOffset::with().window_x_offset(0).window_y_offset(0));
        scene.scissor([0, 0, width, height]);
        scene.write(VgtMaxVtxIndx::with().max_indx(0xff_ffff));
        scene.write(VgtMinVtxIndx::with().min_indx(0));
        scene.write(VgtIndxOffset::with().indx_offset(0));
        scene.write(components(true));
        scene.write(SqInterpolatorCntl::with().param_shade(0xffff)); // smooth shading
        scene.write(RbDepthcontrol::with().z_enable(false).stencil_enable(false));
        scene.write(blend(BlendFactor::One, BlendFactor::Zero));
        scene.write(PaClClipCntl::with().clip_disable(true).dx_clip_space_def(true));
        scene.write(PaSuScModeCntl::with());
        scene.write(PaClVteCntl::with().vtx_xy_fmt(true).vtx_z_fmt(true)); // positions are pixels
        scene.write(PaSuVtxCntl::with().pix_center(true)); // at halves
        scene.write(SqVsConst::with().base(0));
        scene.write(SqPsConst::with().base(256));
        scene.set(PA_SC_AA_MASK, 0xffff);
        scene.shader(0, COLORED_VS);
        scene.shader(1, COLORED_PS);
        scene
    }

    pub fn set(&mut self, index: u32, value: u32) {
        self.words.extend([type0(index, 1), value]);
    }

    /// Sets a register by its fields.
    pub fn write<R: Register>(&mut self, value: With<R>) {
        self.set(R::INDEX, value.done().raw());
    }

    /// Sets consecutive registers to floats.
    pub fn floats(&mut self, first: u32, values: &[f32]) {
        for (index, value) in (first..).zip(values) {
            self.set(index, value.to_bits());
        }
    }

    /// Sets a float constant.
    pub fn constant(&mut self, number: u32, value: [f32; 4]) {
        self.floats(FLOAT_CONSTANTS + number * 4, &value);
    }

    /// Sets the scissor: left, top, right, bottom.
    pub fn scissor(&mut self, [left, top, right, bottom]: [u32; 4]) {
        self.write(PaScWindowScissorTl::with().tl_x(left).tl_y(top).window_offset_disable(true));
        self.write(PaScWindowScissorBr::with().br_x(right).br_y(bottom));
    }

    pub fn shader(&mut self, kind: u32, text: &str) {
        self.shader_words(kind, &assemble(text).unwrap());
    }

    /// Loads a shader's microcode.
    pub fn shader_words(&mut self, kind: u32, code: &[u32]) {
        self.words.extend([type3(opcode::IM_LOAD_IMMEDIATE, code.len() as u32 + 2), kind, code.len() as u32]);
        self.words.extend(code);
    }

    /// Writes vertices of seven floats: position and colour.
    pub fn vertices(&mut self, vertices: &[[f32; 7]]) {
        for (i, value) in vertices.iter().flatten().enumerate() {
            self.memory.write_u32(VERTICES + i as u32 * 4, value.to_bits());
        }
        self.set(FETCH_CONSTANTS, VERTICES | 3);
        self.set(FETCH_CONSTANTS + 1, 2 | (vertices.len() as u32 * 7) << 2);
    }

    pub fn draw(&mut self, primitive: u32, count: u32) {
        self.words.extend([type3(opcode::DRAW_INDX_2, 1), primitive | 2 << 6 | count << 16]);
        self.run();
    }

    /// Runs the queued commands, which must not cause problems.
    pub fn run(&mut self) {
        self.run_anyway();
        assert_eq!(self.gpu.statistics().problems.iter().collect::<Vec<_>>(), []);
    }

    /// Runs the queued commands.
    pub fn run_anyway(&mut self) {
        for chunk in std::mem::take(&mut self.words).chunks(4096) {
            self.gpu.initialize_ring(RING, 12);
            for (i, &word) in chunk.iter().enumerate() {
                self.memory.write_u32(RING + i as u32 * 4, word);
            }
            self.gpu.store_register(cp::CP_RB_WPTR, chunk.len() as u32, self.now);
            self.now += 10_000_000;
            self.gpu.pump(self.now);
            assert!(self.gpu.is_idle());
        }
    }

    pub fn copy_rectangle(&mut self) {
        let (w, h) = (self.width, self.height);
        for (i, value) in [0, 0, w, 0, w, h].into_iter().enumerate() {
            self.memory.write_u32(COPY_RECT + i as u32 * 4, (value as f32).to_bits());
        }
        self.set(FETCH_CONSTANTS, COPY_RECT | 3);
        self.set(FETCH_CONSTANTS + 1, 2 | 6 << 2);
    }

    /// Resolves the surface to a tiled front buffer and shows it.
    pub fn show(&mut self) -> Frame {
        let (w, h) = (self.width, self.height);
        self.copy_rectangle();
        self.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
        self.write(all_samples());
        self.set(RB_COPY_DEST_BASE, FRONT);
        self.write(RbCopyDestPitch::with().copy_dest_pitch(w).copy_dest_height(h));
        // 8_8_8_8, big-endian words.
        self.write(RbCopyDestInfo::with().copy_dest_endian(2).copy_dest_format(6));
        self.draw(8, 3);
        self.write(RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        let fetch = [
            2 | 1 << 31 | w.div_ceil(32) << 22,
            6 | 2 << 6 | FRONT,
            (w - 1) | (h - 1) << 13,
            0x688 << 1,
            0,
            1 << 9,
        ];
        self.words.extend(swap_commands(fetch, FRONT, w, h));
        self.run();
        let mut frame = self.gpu.take_frame(self.gpu.statistics().swaps).unwrap();
        // Alpha is not shown, but tests want to see it, so it is read from the resolved front
        // buffer.
        for (i, pixel) in frame.rgba.chunks_exact_mut(4).enumerate() {
            let (x, y) = (i as u32 % w, i as u32 / w);
            let word = self.memory.read_u32(FRONT + tiled_2d(x, y, w, 2));
            assert_eq!((word & 0xff, pixel[3]), (u32::from(pixel[0]), 255));
            pixel[3] = (word >> 24) as u8;
        }
        frame
    }
}

impl Scene {
    /// Plays the recording and compares the frames and the end.
    pub fn play(&mut self, trace: &Bytes) {
        let done = self.gpu.finish_recording().unwrap().unwrap();
        let bytes = trace.0.lock().unwrap();
        let player = Player::new(Reader::open(&bytes[..]).unwrap(), super::backend(1), true).unwrap();
        let mut frames = 0;
        let summary = player.run(&mut |_, _| frames += 1).unwrap();
        assert_eq!((summary.events, summary.frames, summary.same_end), (done.events, frames, Some(true)));
        assert_eq!(summary.statistics.draws, self.gpu.statistics().draws);
    }
}

impl Drop for Scene {
    /// Records the EDRAM, memory and the number of passed samples.
    fn drop(&mut self) {
        if !KEEPS.get() {
            return;
        }
        let mut hasher = DefaultHasher::new();
        self.gpu.backend().digest(&mut |bytes| hasher.write(bytes));
        let mut bytes = vec![0; MEMORY];
        self.memory.read(0, &mut bytes);
        hasher.write(&bytes);
        hasher.write_u64(self.gpu.backend().samples_passed().unwrap_or(0));
        LEFT.with_borrow_mut(|left| left.push(hasher.finish()));
        if let Some(trace) = self.trace.take().filter(|_| !std::thread::panicking()) {
            self.play(&trace);
        }
    }
}

/// Pitch and samples of the surface.
pub fn surface(pitch: u32, msaa: Msaa) -> With<RbSurfaceInfo> {
    RbSurfaceInfo::with().surface_pitch(pitch).msaa_samples(msaa)
}

/// Write mask of the first target: alpha, and with `colors` also the other components.
pub fn components(colors: bool) -> With<RbColorMask> {
    RbColorMask::with().write_red0(colors).write_green0(colors).write_blue0(colors).write_alpha0(true)
}

/// Blending that adds colour and alpha with these factors.
pub fn blend(source: BlendFactor, destination: BlendFactor) -> With<RbBlendcontrol> {
    RbBlendcontrol::with()
        .color_srcblend(source)
        .color_destblend(destination)
        .alpha_srcblend(source)
        .alpha_destblend(destination)
}

/// Alpha blending over the existing colour.
pub fn over() -> With<RbBlendcontrol> {
    blend(BlendFactor::SrcAlpha, BlendFactor::OneMinusSrcAlpha)
}

/// Depth test with depth writes.
pub fn depth(compare: Compare) -> With<RbDepthcontrol> {
    RbDepthcontrol::with().z_enable(true).z_write_enable(true).zfunc(compare)
}

/// Resolve of the mean of all samples.
pub fn all_samples() -> With<RbCopyControl> {
    RbCopyControl::with().copy_sample_select(6).copy_command(CopyCommand::Convert)
}

pub fn pixel(frame: &Frame, x: u32, y: u32) -> [u8; 4] {
    let at = ((x + y * frame.width) * 4) as usize;
    frame.rgba[at..at + 4].try_into().unwrap()
}

pub fn vertex(x: f32, y: f32, color: [f32; 4]) -> [f32; 7] {
    [x, y, 0.0, color[0], color[1], color[2], color[3]]
}

pub const RED: [f32; 4] = [1.0, 0.0, 0.0, 1.0];
pub const GREEN: [f32; 4] = [0.0, 1.0, 0.0, 1.0];
pub const BLUE: [f32; 4] = [0.0, 0.0, 1.0, 1.0];

/// Three corners of a rectangle list's rectangle.
pub fn rectangle(x0: f32, y0: f32, x1: f32, y1: f32, color: [f32; 4]) -> [[f32; 7]; 3] {
    [vertex(x0, y0, color), vertex(x1, y0, color), vertex(x0, y1, color)]
}
