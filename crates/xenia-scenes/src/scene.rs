//! Scene: a command processor with a backend and memory, a surface, and helpers for draws and
//! resolves.
//!
//! Helpers queue commands; [`SceneBuilder::execute`] runs them. Memory is written at once.

use std::sync::Arc;

pub use xenia_gpu::enums::{
    BlendFactor, ColorTargetFormat, Compare, CopyCommand, DepthFormat, EdramMode, Msaa, PolygonFill,
    StencilOp, TessellationMode, VertexExportMode,
};
use xenia_gpu::microcode::{AssembleError, assemble};
use xenia_gpu::packets::{opcode, type0, type3};
pub use xenia_gpu::registers::pa::*;
pub use xenia_gpu::registers::rb::*;
pub use xenia_gpu::registers::sq::*;
pub use xenia_gpu::registers::vgt::*;
pub use xenia_gpu::registers::{
    BOOL_CONSTANTS, FETCH_CONSTANTS, FLOAT_CONSTANTS, LOOP_CONSTANTS, Register, With, cp,
};
use xenia_gpu::trace::Recorder;
use xenia_gpu::{Backend, CommandProcessor, Config, PhysicalMemory, Ram};

/// Physical address of the ring buffer.
pub const RING: u32 = 0x1000;
/// Physical address of the vertices of draws.
pub const VERTICES: u32 = 0x1_0000;
/// Physical address of the indices of draws.
pub const INDICES: u32 = 0x1_8000;
/// Vertices of a resolve's rectangle.
pub const COPY_RECT: u32 = 0x1_c000;
/// Physical address of a texture.
pub const TEXTURE: u32 = 0x2_0000;
/// Physical address that resolves write to.
pub const FRONT: u32 = 0x10_0000;
/// Bytes of memory.
pub const MEMORY: usize = 0x80_0000;
/// Words of the ring that one run of the processor reads.
const RING_WORDS: usize = 4096;

/// Vertex shader of positions and colours.
pub const COLORED_VS: &str = "
    vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
    vfetch r2.xyzw, r0.x, vf0, format=38, stride=7, offset=3
    alloc position
    max oPos, r1, r1
    alloc interpolators 1
    max o0, r2, r2";
/// Pixel shader of the interpolated colour.
pub const COLORED_PS: &str = "alloc colors\nmax oC0, r0, r0";

/// Command processor with its memory, and the commands that it has yet to run.
pub struct SceneBuilder {
    pub memory: Arc<Ram>,
    pub gpu: CommandProcessor,
    /// Queued words of the command stream.
    pub words: Vec<u32>,
    pub width: u32,
    pub height: u32,
    /// Guest time of the next run in ticks of the time base (49.875 MHz).
    pub now: u64,
}

/// Settings of a new scene.
pub struct SceneOptions {
    pub memory: Arc<Ram>,
    pub backend: Box<dyn Backend>,
    /// Draws run on the thread that runs the scene.
    pub inline: bool,
    /// Records the calls of the processor.
    pub recorder: Option<Recorder>,
    pub width: u32,
    pub height: u32,
    pub msaa: Msaa,
}

impl SceneBuilder {
    /// Creates a surface: 8_8_8_8 colour at tile 0 and D24S8 depth behind it, no tests or blending,
    /// pixel coordinates as positions.
    pub fn with_options(options: SceneOptions) -> Self {
        let SceneOptions { memory, backend, inline, recorder, width, height, msaa } = options;
        let config = Config { vblank: false, capture_all: true, inline, ..Config::default() };
        let mut gpu = CommandProcessor::new(memory.clone(), backend, config);
        if let Some(recorder) = recorder {
            gpu.record(recorder);
        }
        gpu.initialize_ring(RING, 12);
        let mut scene = Self { memory, gpu, words: Vec::new(), width, height, now: 0 };
        scene.write(RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        scene.write(surface(width, msaa));
        scene.set_up();
        scene
    }

    /// Sets the state that a new scene has besides its surface.
    fn set_up(&mut self) {
        let width = self.width;
        let height = self.height;
        self.write(RbColorInfo::with().color_base(0).color_format(ColorTargetFormat::Rgba8));
        self.write(RbDepthInfo::with().depth_base(1024).depth_format(DepthFormat::D24S8));
        self.write(PaScScreenScissorTl::with().tl_x(0).tl_y(0));
        self.write(PaScScreenScissorBr::with().br_x(8192).br_y(8192));
        self.write(PaScWindowOffset::with().window_x_offset(0).window_y_offset(0));
        self.scissor([0, 0, width, height]);
        self.write(VgtMaxVtxIndx::with().max_indx(0xff_ffff));
        self.write(VgtMinVtxIndx::with().min_indx(0));
        self.write(VgtIndxOffset::with().indx_offset(0));
        self.write(components(true));
        self.write(SqInterpolatorCntl::with().param_shade(0xffff)); // smooth shading
        self.write(RbDepthcontrol::with().z_enable(false).stencil_enable(false));
        self.write(blend(BlendFactor::One, BlendFactor::Zero));
        self.write(PaClClipCntl::with().clip_disable(true).dx_clip_space_def(true));
        self.write(PaSuScModeCntl::with().msaa_enable(true));
        self.write(PaClVteCntl::with().vtx_xy_fmt(true).vtx_z_fmt(true)); // positions are pixels
        self.write(PaSuVtxCntl::with().pix_center(true)); // at halves
        self.write(SqVsConst::with().base(0));
        self.write(SqPsConst::with().base(256));
        self.set(PA_SC_AA_MASK, 0xffff);
        for (kind, text) in [(0, COLORED_VS), (1, COLORED_PS)] {
            self.words.extend(assemble(text).into_iter().flat_map(|code| load(kind, &code)));
        }
    }

    /// Queues a write of a register.
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

    /// Sets the six words of a texture fetch constant.
    pub fn texture(&mut self, number: u32, words: [u32; 6]) {
        for (index, word) in (FETCH_CONSTANTS + 6 * number..).zip(words) {
            self.set(index, word);
        }
    }

    /// Sets the scissor: left, top, right, bottom.
    pub fn scissor(&mut self, [left, top, right, bottom]: [u32; 4]) {
        self.write(PaScWindowScissorTl::with().tl_x(left).tl_y(top).window_offset_disable(true));
        self.write(PaScWindowScissorBr::with().br_x(right).br_y(bottom));
    }

    /// Assembles and loads a shader: vertex (0) or pixel (1).
    pub fn shader(&mut self, kind: u32, text: &str) -> Result<(), AssembleError> {
        self.shader_words(kind, &assemble(text)?);
        Ok(())
    }

    /// Loads a shader's microcode.
    pub fn shader_words(&mut self, kind: u32, code: &[u32]) {
        self.words.extend(load(kind, code));
    }

    /// Writes vertices of seven floats: position and colour.
    pub fn vertices(&mut self, vertices: &[[f32; 7]]) {
        for (address, value) in (VERTICES..).step_by(4).zip(vertices.iter().flatten()) {
            self.memory.write_u32(address, value.to_bits());
        }
        self.set(FETCH_CONSTANTS, VERTICES | 3);
        self.set(FETCH_CONSTANTS + 1, 2 | (vertices.len() as u32 * 7) << 2);
    }

    /// Queues a draw of vertices in order.
    pub fn draw(&mut self, primitive: u32, count: u32) {
        self.words.extend([type3(opcode::DRAW_INDX_2, 1), primitive | 2 << 6 | count << 16]);
    }

    /// Runs the queued commands; returns whether the processor reached their end.
    pub fn execute(&mut self) -> bool {
        for chunk in std::mem::take(&mut self.words).chunks(RING_WORDS) {
            self.gpu.initialize_ring(RING, 12);
            for (address, &word) in (RING..).step_by(4).zip(chunk) {
                self.memory.write_u32(address, word);
            }
            self.gpu.store_register(cp::CP_RB_WPTR, chunk.len() as u32, self.now);
            self.now += 10_000_000;
            self.gpu.pump(self.now);
            if !self.gpu.is_idle() {
                return false;
            }
        }
        true
    }

    /// Sets the vertices of a resolve's rectangle: the whole surface.
    pub fn copy_rectangle(&mut self) {
        let w = self.width;
        let h = self.height;
        for (address, value) in (COPY_RECT..).step_by(4).zip([0, 0, w, 0, w, h]) {
            self.memory.write_u32(address, (value as f32).to_bits());
        }
        self.set(FETCH_CONSTANTS, COPY_RECT | 3);
        self.set(FETCH_CONSTANTS + 1, 2 | 6 << 2);
    }
}

/// Packet that loads a shader's microcode.
fn load(kind: u32, code: &[u32]) -> Vec<u32> {
    let length = code.len() as u32;
    let mut words = vec![type3(opcode::IM_LOAD_IMMEDIATE, length + 2), kind, length];
    words.extend(code);
    words
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
pub fn alpha_blending() -> With<RbBlendcontrol> {
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

/// A vertex of [`COLORED_VS`].
pub fn vertex(x: f32, y: f32, color: [f32; 4]) -> [f32; 7] {
    [x, y, 0.0, color[0], color[1], color[2], color[3]]
}

/// Three corners of a rectangle list's rectangle.
pub fn rectangle(x0: f32, y0: f32, x1: f32, y1: f32, color: [f32; 4]) -> [[f32; 7]; 3] {
    [vertex(x0, y0, color), vertex(x1, y0, color), vertex(x0, y1, color)]
}
