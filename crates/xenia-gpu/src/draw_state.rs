//! Draw state: the register file as one plain description of a draw or a copy.
//!
//! [`DrawCall::capture`] and [`CopyCall::capture`] are pure: equal registers and shaders give equal
//! results, and nothing of guest memory is read. Everything a backend needs to know is in here, so
//! a backend never sees a register.

mod color;
mod constants;
mod copy;
mod depth;
mod polygon;
mod tessellation;
mod vertex_buffer;

pub use constants::Constants;
pub(crate) use constants::StaleConstants;
pub use copy::{CopyCall, CopyDestination, CopySource};
pub use tessellation::Tessellation;
pub use vertex_buffer::VertexBuffer;

use std::sync::Arc;

use crate::enums::*;
use crate::memory::Endian;
use crate::microcode::{Program, Shader};
use crate::registers::{RegisterFile, pa, rb, sq, vgt};

/// Where a draw's vertex indices come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexSource {
    /// Counted up from zero.
    Counted,
    /// A buffer in physical memory.
    Buffer {
        /// Its physical address.
        physical: u32,
        /// 32-bit indices, of which 24 bits count; else 16-bit ones.
        wide: bool,
        /// Byte order.
        endian: Endian,
        /// Indices that the buffer holds.
        length: u32,
    },
    /// Words that came with the packet, two 16-bit indices or one 32-bit index each.
    Inline {
        /// The words.
        words: Arc<[u32]>,
        /// One index per word.
        wide: bool,
    },
}

/// Whether faces are kept, and which way round they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Culling {
    /// Front faces are dropped.
    pub front: bool,
    /// Back faces are dropped.
    pub back: bool,
    /// A clockwise triangle (on a screen whose y grows downwards) is a front face.
    pub front_is_clockwise: bool,
}

/// The viewport transform and the clipping in front of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Multiplied to x, y, z after the division by w.
    pub scale: [f32; 3],
    /// Added after that.
    pub offset: [f32; 3],
    /// x and y come already divided by w.
    pub xy_divided: bool,
    /// z comes already divided by w.
    pub z_divided: bool,
    /// w comes as 1/w.
    pub w_inverted: bool,
    /// Added to x and y last, in pixels.
    pub window_offset: [i32; 2],
    /// Pixel centres lie at whole numbers, as in Direct3D 9; else at halves.
    pub centers_at_integers: bool,
    /// Nothing is clipped but what lies behind the eye.
    pub clip_disabled: bool,
    /// z is clipped to 0..w (Direct3D); else to -w..w.
    pub direct3d_depth: bool,
}

/// A rectangle of pixels; right and bottom are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Scissor {
    /// Left edge.
    pub left: i32,
    /// Top edge.
    pub top: i32,
    /// Right edge, exclusive.
    pub right: i32,
    /// Bottom edge, exclusive.
    pub bottom: i32,
}

impl Scissor {
    /// Pixels inside.
    pub fn area(self) -> u64 {
        (self.right - self.left).max(0) as u64 * (self.bottom - self.top).max(0) as u64
    }
}

/// Blending of one render target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blend {
    /// Source factor of colour and alpha.
    pub source: [BlendFactor; 2],
    /// Destination factor of colour and alpha.
    pub destination: [BlendFactor; 2],
    /// Function of colour and alpha.
    pub operation: [BlendOp; 2],
}

impl Blend {
    /// Whether the source goes through unchanged.
    pub fn is_copy(self) -> bool {
        self.source == [BlendFactor::One; 2]
            && self.destination == [BlendFactor::Zero; 2]
            && self.operation == [BlendOp::Add; 2]
    }
}

/// One colour render target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColorTarget {
    /// First EDRAM tile.
    pub base: u32,
    /// Sample format.
    pub format: ColorTargetFormat,
    /// Shader output is multiplied by two to this power.
    pub exponent_bias: i32,
    /// Components written: red is bit 0.
    pub write_mask: u8,
    /// Blending.
    pub blend: Blend,
}

/// Stencil test of one face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stencil {
    /// Comparison of the reference with the stored value.
    pub compare: Compare,
    /// When that fails.
    pub fail: StencilOp,
    /// When both tests pass.
    pub pass: StencilOp,
    /// When only the depth test fails.
    pub depth_fail: StencilOp,
    /// Reference.
    pub reference: u8,
    /// Applied to both sides of the comparison.
    pub read_mask: u8,
    /// Bits that are written.
    pub write_mask: u8,
}

/// Depth and stencil.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthStencil {
    /// First EDRAM tile.
    pub base: u32,
    /// Sample format.
    pub format: DepthFormat,
    /// The depth comparison, where the test is on.
    pub compare: Option<Compare>,
    /// Depth is written.
    pub write: bool,
    /// Stencil tests of front and back faces, where the test is on.
    pub stencil: Option<[Stencil; 2]>,
    /// Depth bias of front and back faces: slope factor and constant.
    pub bias: [[f32; 2]; 2],
}

/// When killed vertices take away their primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VertexKill {
    /// When one of its vertices is killed.
    Any,
    /// When all of them are.
    All,
}

/// Everything about one draw, except what lies in guest memory.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawCall {
    /// Primitive type.
    pub primitive: Primitive,
    /// Number of indices.
    pub count: u32,
    /// Where they come from.
    pub indices: IndexSource,
    /// Added to each index.
    pub index_offset: i32,
    /// Lowest and highest index after that; others are clamped.
    pub index_bounds: [u32; 2],
    /// The index that ends a strip, where that is on.
    pub restart: Option<u32>,
    /// Patches are cut up.
    pub tessellation: Option<Tessellation>,
    /// What front and back faces are drawn as, where they are not all filled.
    pub fills: Option<[PolygonFill; 2]>,
    /// Flat shading takes a primitive's last vertex.
    pub provoking_last: bool,
    /// Vertex shader.
    pub vertex_shader: Arc<Shader>,
    /// Pixel shader; none draws depth only.
    pub pixel_shader: Option<Arc<Shader>>,
    /// Shader constants.
    pub constants: Arc<Constants>,
    /// When vertices that the vertex shader kills take away their primitive, where it may kill.
    pub vertex_kill: Option<VertexKill>,
    /// Interpolators that the vertex shader exports.
    pub interpolators: u32,
    /// Flat shading, one bit per interpolator.
    pub flat: u32,
    /// Interpolators that are taken within what is covered of a pixel, one bit each; the others are taken at its
    /// centre, be that covered or not.
    pub centroid: u32,
    /// The interpolator register that gets the pixel's position, with the sign of x for back faces, of y for points
    /// and of z for lines; and the place within a point in z and w. Where asked for.
    pub position_register: Option<u32>,
    /// Perspective correction is off.
    pub affine: bool,
    /// Viewport.
    pub viewport: Viewport,
    /// The title's clip planes that are on: outside is where the sum of products with the position is
    /// negative.
    pub clip_planes: Vec<[f32; 4]>,
    /// Those planes take away primitives that lie outside one as a whole, and cut none.
    pub clip_planes_only_cull: bool,
    /// Pixels that may be drawn.
    pub scissor: Scissor,
    /// Culling.
    pub culling: Culling,
    /// Width of the render targets in pixels.
    pub pitch: u32,
    /// Samples per pixel.
    pub msaa: Msaa,
    /// Samples that are drawn, where multisampling is on; one bit each.
    pub sample_mask: u32,
    /// Half the width of lines, in pixels.
    pub line_width: f32,
    /// Half the width and height of points, in pixels.
    pub point_size: [f32; 2],
    /// Least and largest width and height of points whose size the vertex shader says, in pixels.
    pub point_limits: [f32; 2],
    /// Colour targets; none where nothing is written.
    pub color: [Option<ColorTarget>; 4],
    /// Blend constant.
    pub blend_constant: [f32; 4],
    /// Alpha test: comparison with the reference.
    pub alpha_test: Option<(Compare, f32)>,
    /// Alpha decides which samples are drawn, by thresholds that are lowered by so many steps in
    /// pixels with x and y even, y odd, x odd, and both odd.
    pub alpha_to_mask: Option<[u8; 4]>,
    /// Depth and stencil.
    pub depth: DepthStencil,
}

/// What the packet of a draw says.
pub struct DrawRequest {
    /// `VGT_DRAW_INITIATOR`.
    pub initiator: vgt::VgtDrawInitiator,
    /// Source of indices.
    pub indices: IndexSource,
}

/// Why registers don't describe a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawStateError {
    /// No vertex shader was loaded.
    #[error("no vertex shader is loaded")]
    NoVertexShader,
    /// The primitive type is undefined or not drawn this way.
    #[error("primitive type {0:?} can't be drawn")]
    Primitive(Primitive),
    /// The backend's mode makes it no draw, and its vertices don't write to memory.
    #[error("EDRAM mode {0:?} draws nothing")]
    Mode(EdramMode),
}

/// The scissor in force: the window scissor, shifted by the window offset unless that is off,
/// within the screen scissor and the surface.
pub fn scissor(registers: &RegisterFile) -> Scissor {
    let (tl, br) = (registers.read::<pa::PaScWindowScissorTl>(), registers.read::<pa::PaScWindowScissorBr>());
    let mut scissor = Scissor {
        left: tl.tl_x() as i32,
        top: tl.tl_y() as i32,
        right: br.br_x() as i32,
        bottom: br.br_y() as i32,
    };
    if !tl.window_offset_disable() {
        let offset = registers.read::<pa::PaScWindowOffset>();
        scissor.left += offset.window_x_offset();
        scissor.right += offset.window_x_offset();
        scissor.top += offset.window_y_offset();
        scissor.bottom += offset.window_y_offset();
    }
    let (tl, br) = (registers.read::<pa::PaScScreenScissorTl>(), registers.read::<pa::PaScScreenScissorBr>());
    scissor.left = scissor.left.max(tl.tl_x()).max(0);
    scissor.top = scissor.top.max(tl.tl_y()).max(0);
    scissor.right = scissor.right.min(br.br_x()).max(scissor.left);
    scissor.bottom = scissor.bottom.min(br.br_y()).max(scissor.top);
    scissor
}

/// None where clipping is off as a whole.
fn clip_planes(registers: &RegisterFile) -> Vec<[f32; 4]> {
    let control = registers.read::<pa::PaClClipCntl>();
    let enabled = [
        control.ucp_ena_0(),
        control.ucp_ena_1(),
        control.ucp_ena_2(),
        control.ucp_ena_3(),
        control.ucp_ena_4(),
        control.ucp_ena_5(),
    ];
    (pa::PA_CL_UCP_0_X..)
        .step_by(4)
        .zip(enabled)
        .filter(|(_, enabled)| *enabled && !control.clip_disable())
        .map(|(first, _)| [0, 1, 2, 3].map(|component| registers.float(first + component)))
        .collect()
}

fn viewport(registers: &RegisterFile) -> Viewport {
    let vte = registers.read::<pa::PaClVteCntl>();
    let clip = registers.read::<pa::PaClClipCntl>();
    let value =
        |enabled: bool, index: u32, otherwise: f32| if enabled { registers.float(index) } else { otherwise };
    let offset = registers.read::<pa::PaScWindowOffset>();
    let shift = registers.read::<pa::PaSuScModeCntl>().vtx_window_offset_enable();
    Viewport {
        scale: [
            value(vte.vport_x_scale_ena(), pa::PA_CL_VPORT_XSCALE, 1.0),
            value(vte.vport_y_scale_ena(), pa::PA_CL_VPORT_YSCALE, 1.0),
            value(vte.vport_z_scale_ena(), pa::PA_CL_VPORT_ZSCALE, 1.0),
        ],
        offset: [
            value(vte.vport_x_offset_ena(), pa::PA_CL_VPORT_XOFFSET, 0.0),
            value(vte.vport_y_offset_ena(), pa::PA_CL_VPORT_YOFFSET, 0.0),
            value(vte.vport_z_offset_ena(), pa::PA_CL_VPORT_ZOFFSET, 0.0),
        ],
        xy_divided: vte.vtx_xy_fmt(),
        z_divided: vte.vtx_z_fmt(),
        // The bit says that the reciprocal has still to be taken.
        w_inverted: !vte.vtx_w0_fmt(),
        window_offset: if shift { [offset.window_x_offset(), offset.window_y_offset()] } else { [0; 2] },
        centers_at_integers: !registers.read::<pa::PaSuVtxCntl>().pix_center(),
        clip_disabled: clip.clip_disable(),
        direct3d_depth: clip.dx_clip_space_def(),
    }
}

/// The interpolators that are not smooth, one bit each.
///
/// Unsure: no source says which value of a bit is smooth. Direct3D's default sets all bits, and a
/// register that nobody has written is taken as smooth too.
fn flat_interpolators(control: sq::SqInterpolatorCntl) -> u32 {
    if control.0 == 0 { 0 } else { !control.param_shade() & 0xffff }
}

/// The interpolators that are taken at a covered place of the pixel, one bit each. With one sample that is the
/// centre.
fn centroid_interpolators(registers: &RegisterFile, msaa: Msaa) -> u32 {
    let at_centers = registers.read::<sq::SqInterpolatorCntl>().sampling_pattern();
    match registers.read::<sq::SqContextMisc>().sc_sample_cntl() {
        _ if msaa == Msaa::X1 => 0,
        SampleControl::CentroidsOnly => 0xffff,
        SampleControl::CentersOnly => 0,
        SampleControl::CentroidsAndCenters => !at_centers & 0xffff,
    }
}

/// Whether a vertex shader's kill flag counts, and how.
fn vertex_kill(registers: &RegisterFile, mode: VertexExportMode, program: &Program) -> Option<VertexKill> {
    let any = registers.read::<pa::PaClClipCntl>().vtx_kill_or();
    (mode.has_kill() && program.writes(Program::POINT_SIZE)).then_some(if any {
        VertexKill::Any
    } else {
        VertexKill::All
    })
}

impl DrawCall {
    /// Reads the registers.
    pub fn capture(
        registers: &RegisterFile,
        request: DrawRequest,
        vertex_shader: Option<&Arc<Shader>>,
        pixel_shader: Option<&Arc<Shader>>,
        constants: Arc<Constants>,
    ) -> Result<Self, DrawStateError> {
        let mode = registers.read::<rb::RbModecontrol>().edram_mode();
        let exports = vertex_shader.is_some_and(|shader| shader.program.exports_memory());
        let draws = matches!(mode, EdramMode::ColorDepth | EdramMode::Depth);
        if !(draws || exports && mode == EdramMode::Ignore) {
            return Err(DrawStateError::Mode(mode));
        }
        let primitive = request.initiator.prim_type();
        if primitive == Primitive::None {
            return Err(DrawStateError::Primitive(primitive));
        }
        let vertex_shader = vertex_shader.ok_or(DrawStateError::NoVertexShader)?.clone();
        let program = registers.read::<sq::SqProgramCntl>();
        let export_mode = program.vs_export_mode();
        // Vertices of the passes of multi-pass shading only write to memory.
        let draws = draws && export_mode != VertexExportMode::Multipass;
        // Without a pixel shader there is only depth to draw.
        let pixel_shader = pixel_shader.filter(|_| mode == EdramMode::ColorDepth);
        let pixel_exports = pixel_shader.map_or(0, |shader| shader.program.exports);
        let color = color::targets(registers, pixel_exports);
        let tessellation = Tessellation::capture(registers, request.initiator);
        let is_polygonal = polygon::is_polygonal(primitive, tessellation.is_some());
        let misc = registers.read::<sq::SqContextMisc>();
        let surface = registers.read::<rb::RbSurfaceInfo>();
        let raster = registers.read::<pa::PaSuScModeCntl>();
        let alpha = registers.read::<rb::RbColorcontrol>();
        let points = registers.read::<pa::PaSuPointSize>();
        let limits = registers.read::<pa::PaSuPointMinmax>();
        let mut scissor = scissor(registers);
        scissor.right = scissor.right.min(surface.surface_pitch() as i32).max(scissor.left);
        if !draws {
            scissor.right = scissor.left; // vertices write to memory, and nothing is drawn
        }
        let msaa = surface.msaa_samples();
        let compare = alpha.alpha_func();
        let alpha_test = (pixel_shader.is_some() && alpha.alpha_test_enable() && compare != Compare::Always)
            .then(|| (compare, registers.float(rb::RB_ALPHA_REF)));
        let alpha_to_mask = (pixel_exports & 1 != 0 && alpha.alpha_to_mask_enable()).then(|| {
            let offsets = [
                alpha.alpha_to_mask_offset0(),
                alpha.alpha_to_mask_offset1(),
                alpha.alpha_to_mask_offset2(),
                alpha.alpha_to_mask_offset3(),
            ];
            offsets.map(|steps| steps as u8)
        });
        let vertex_kill = vertex_kill(registers, export_mode, &vertex_shader.program);
        let is_seen = |shader: &Shader| {
            let program = &shader.program;
            let writes = program.writes(Program::DEPTH) || program.exports_memory() || program.kills;
            writes || alpha_test.is_some() || alpha_to_mask.is_some() || color.iter().any(Option::is_some)
        };
        let sign_extended = |value: u32| ((value << 8) as i32) >> 8;
        Ok(Self {
            primitive,
            count: request.initiator.num_indices(),
            indices: request.indices,
            index_offset: sign_extended(registers.read::<vgt::VgtIndxOffset>().indx_offset()),
            index_bounds: [
                registers.read::<vgt::VgtMinVtxIndx>().min_indx(),
                registers.read::<vgt::VgtMaxVtxIndx>().max_indx(),
            ],
            restart: raster
                .multi_prim_ib_ena()
                .then(|| registers.read::<vgt::VgtMultiPrimIbResetIndx>().reset_indx()),
            fills: if is_polygonal { polygon::fills(registers) } else { None },
            tessellation,
            provoking_last: raster.provoking_vtx_last(),
            vertex_shader,
            pixel_shader: pixel_shader.filter(|shader| is_seen(shader)).cloned(),
            constants,
            vertex_kill,
            interpolators: program.vs_export_count() + 1,
            flat: flat_interpolators(registers.read()),
            centroid: centroid_interpolators(registers, msaa),
            position_register: program.param_gen().then(|| misc.param_gen_pos()),
            affine: raster.persp_corr_dis(),
            viewport: viewport(registers),
            clip_planes: clip_planes(registers),
            clip_planes_only_cull: registers.read::<pa::PaClClipCntl>().ucp_cull_only_ena(),
            scissor,
            culling: Culling {
                front: raster.cull_front(),
                back: raster.cull_back(),
                front_is_clockwise: raster.face(),
            },
            pitch: surface.surface_pitch(),
            msaa,
            sample_mask: if raster.msaa_enable() {
                registers.get(pa::PA_SC_AA_MASK) & 0xffff
            } else {
                0xffff
            },
            line_width: polygon::line_width(registers),
            point_size: [points.width() as f32 / 16.0, points.height() as f32 / 16.0],
            // Radii in the register, diameters in shaders.
            point_limits: [limits.min_size() as f32 / 8.0, limits.max_size() as f32 / 8.0],
            color,
            blend_constant: [rb::RB_BLEND_RED, rb::RB_BLEND_GREEN, rb::RB_BLEND_BLUE, rb::RB_BLEND_ALPHA]
                .map(|index| registers.float(index)),
            alpha_test,
            alpha_to_mask,
            depth: depth::depth_stencil(registers, is_polygonal),
        })
    }

    /// Whether its shaders may write to memory. Such draws are done at once, in their order.
    pub fn exports_memory(&self) -> bool {
        let shaders = std::iter::once(&self.vertex_shader).chain(&self.pixel_shader);
        shaders.into_iter().any(|shader| shader.program.exports_memory())
    }
}

#[cfg(test)]
mod tests;
