//! Draw state: the register file as a plain description of one draw or resolve.
//!
//! [`DrawCall::capture`] and [`ResolveCall::capture`] are pure: equal registers and shaders give
//! equal results, and guest memory is not read. The description is complete, so backends never read
//! registers.

mod capture;
pub(crate) mod color;
mod constants;
mod depth;
pub mod fetch_ranges;
mod polygon;
mod register_state;
mod resolve;
mod survey;
mod tessellation;
mod vertex_buffer;

pub use capture::scissor;
pub use constants::Constants;
pub(crate) use constants::StaleConstants;
pub(crate) use register_state::RegisterState;
pub use resolve::{CopyComparison, CopyDestination, CopySource, DepthClear, ResolveCall};
pub use survey::{ConditionalSurvey, SurveyResults, VISIBILITY_QUERIES};
pub use tessellation::Tessellation;
pub use vertex_buffer::VertexBuffer;

use std::sync::Arc;

use crate::enums::*;
use crate::memory::Endian;
use crate::microcode::Shader;
use crate::microcode::lanes::floor;
use crate::registers::vgt;

/// Values that a vertex shader passes to the pixel shader, in registers of four floats: the
/// registers that an interpolator or the position can reach.
pub const INTERPOLATORS: u32 = 16;

/// Source of a draw's vertex indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexSource {
    /// Auto-generated indices, counting up from zero.
    Counted,
    /// Index buffer in physical memory.
    Buffer {
        physical: u32,
        /// 32-bit indices, of which the low 24 bits are used; else 16-bit indices.
        wide: bool,
        endian: Endian,
        /// Number of indices in the buffer.
        length: u32,
    },
    /// Indices embedded in the packet: two 16-bit indices or one 32-bit index per word.
    Inline {
        words: Arc<[u32]>,
        /// One 32-bit index per word.
        wide: bool,
    },
}

/// Face culling and winding order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Culling {
    /// Culls front faces.
    pub front: bool,
    /// Culls back faces.
    pub back: bool,
    /// A clockwise triangle (on a screen whose y grows downwards) is a front face.
    pub front_is_clockwise: bool,
}

/// Viewport transform and clipping.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Factor of x, y and z after the division by w.
    pub scale: [f32; 3],
    /// Offset added after the scale.
    pub offset: [f32; 3],
    /// The vertex shader's x and y are already divided by w.
    pub xy_divided: bool,
    /// The vertex shader's z is already divided by w.
    pub z_divided: bool,
    /// The vertex shader outputs 1/w as w.
    pub w_inverted: bool,
    /// Added to x and y last, in pixels.
    pub window_offset: [i32; 2],
    /// Pixel centres lie at whole coordinates, as in Direct3D 9; else at halves.
    pub centers_at_integers: bool,
    /// Steps per pixel to which x and y are rounded: 16, 8, 4, 2 or 1.
    pub sub_pixels: u32,
    /// Clipping is off, except against the plane of the eye.
    pub clip_disabled: bool,
    /// z is clipped to 0..w (Direct3D); else to -w..w (OpenGL).
    pub direct3d_depth: bool,
}

/// A rectangle of pixels; right and bottom are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Scissor {
    pub left: i32,
    pub top: i32,
    /// Right edge, exclusive.
    pub right: i32,
    /// Bottom edge, exclusive.
    pub bottom: i32,
}

impl Scissor {
    /// Number of pixels in the rectangle.
    pub fn area(self) -> u64 {
        (self.right - self.left).max(0) as u64 * (self.bottom - self.top).max(0) as u64
    }
}

/// Blend state of one render target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blend {
    /// Source factors of colour and alpha.
    pub source: [BlendFactor; 2],
    /// Destination factors of colour and alpha.
    pub destination: [BlendFactor; 2],
    /// Blend functions of colour and alpha.
    pub operation: [BlendOp; 2],
}

impl Blend {
    /// Whether the source colour replaces the destination.
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
    pub format: ColorTargetFormat,
    /// The shader's output is multiplied by two to this power.
    pub exponent_bias: i32,
    /// Components to write: red is bit 0.
    pub write_mask: u8,
    pub blend: Blend,
}

/// Stencil test of one face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stencil {
    /// Comparison of the reference with the stored value.
    pub compare: Compare,
    /// Operation if the stencil test fails.
    pub fail: StencilOp,
    /// Operation if the stencil and depth tests pass.
    pub pass: StencilOp,
    /// Operation if only the depth test fails.
    pub depth_fail: StencilOp,
    /// Reference value of the test.
    pub reference: u8,
    /// Mask applied to both operands of the comparison.
    pub read_mask: u8,
    /// Mask of the bits to write.
    pub write_mask: u8,
}

/// Depth and stencil state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthStencil {
    /// First EDRAM tile.
    pub base: u32,
    pub format: DepthFormat,
    /// Depth comparison; `None` if the depth test is off.
    pub compare: Option<Compare>,
    /// Whether depth is written.
    pub write: bool,
    /// Stencil tests of front and back faces; `None` if the stencil test is off.
    pub stencil: Option<[Stencil; 2]>,
    /// Depth bias of front and back faces: slope factor and constant.
    pub bias: [[f32; 2]; 2],
}

/// Condition on which killed vertices discard their primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VertexKill {
    /// At least one vertex is killed.
    Any,
    /// All vertices are killed.
    All,
}

/// Complete state of one draw, except for the contents of guest memory.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawCall {
    pub primitive: Primitive,
    /// Number of indices.
    pub count: u32,
    /// Source of the indices.
    pub indices: IndexSource,
    /// Added to each index.
    pub index_offset: i32,
    /// Lowest and highest index after the offset; indices are clamped to this range.
    pub index_bounds: [u32; 2],
    /// Primitive restart index, if primitive restart is on.
    pub restart: Option<u32>,
    /// Tessellation state; `None` if the primitives are not patches.
    pub tessellation: Option<Tessellation>,
    /// Polygon fill modes of front and back faces; `None` if both are filled triangles.
    pub fills: Option<[PolygonFill; 2]>,
    /// The provoking vertex of flat shading is a primitive's last one; else its first.
    pub provoking_last: bool,
    pub vertex_shader: Arc<Shader>,
    /// Pixel shader; `None` for draws that write only depth.
    pub pixel_shader: Option<Arc<Shader>>,
    pub constants: Arc<Constants>,
    /// Condition on which killed vertices discard their primitive; `None` if the vertex shader does
    /// not kill.
    pub vertex_kill: Option<VertexKill>,
    /// Number of interpolators that the vertex shader exports.
    pub interpolators: u32,
    /// Flat-shaded interpolators, one bit each.
    pub flat: u32,
    /// Interpolators with centroid sampling, one bit each: they are evaluated within the covered
    /// part of a pixel. The others are evaluated at the pixel's centre, covered or not.
    pub centroid: u32,
    /// Interpolator register that receives the pixel's position, if requested. The sign of x marks
    /// back faces, that of y points, that of z lines; z and w hold the position within a point.
    /// Below [`INTERPOLATORS`]: registers beyond get none.
    pub position_register: Option<u32>,
    /// Perspective correction is off.
    pub affine: bool,
    pub viewport: Viewport,
    /// Enabled user clip planes; a position is outside where its dot product with the plane is
    /// negative.
    pub clip_planes: Vec<[f32; 4]>,
    /// User clip planes only cull primitives that lie entirely outside one; they do not clip.
    pub clip_planes_only_cull: bool,
    /// Pixels that may be drawn.
    pub scissor: Scissor,
    pub culling: Culling,
    /// Width of the render targets in pixels.
    pub pitch: u32,
    /// Samples per pixel.
    pub msaa: Msaa,
    /// Samples that may be written if multisampling is on, one bit each.
    pub sample_mask: u32,
    /// Multisampling is off on a target that has several samples per pixel: all of them are taken
    /// at the pixel's centre.
    pub samples_at_center: bool,
    /// Half the width of lines, in pixels.
    pub line_width: f32,
    /// Half the width and height of points, in pixels.
    pub point_size: [f32; 2],
    /// Least and largest width and height of points whose size the vertex shader exports, in
    /// pixels.
    pub point_limits: [f32; 2],
    /// Colour targets; `None` where a slot is not written.
    pub color: [Option<ColorTarget>; 4],
    pub blend_constant: [f32; 4],
    /// Alpha test; `None` if every pixel passes.
    pub alpha_test: Option<AlphaTest>,
    /// Alpha to mask: the alpha thresholds of samples are lowered by these steps in pixels with x
    /// and y even, y odd, x odd, and both odd.
    pub alpha_to_mask: Option<[u8; 4]>,
    pub depth: DepthStencil,
    /// Survey that the draw belongs to: it only determines whether a sample passes, and counts in
    /// no report of samples.
    pub survey: Option<ConditionalSurvey>,
}

/// Alpha test: pixels are drawn whose first colour has an alpha that compares to the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlphaTest {
    pub compare: Compare,
    /// Reference, as a level if levels are compared.
    pub reference: f32,
    /// Whether alpha is first converted to its [`level`](Self::level).
    pub in_levels: bool,
}

impl AlphaTest {
    /// Level (0 to 255) nearest to an alpha, of two equally near the higher one; 0 for NaN. An
    /// 8-bit target stores it, except beside such ties: there, its product with 255 is rounded
    /// first.
    ///
    /// The product with 255 is taken as the difference of those with 256 and 1, by steps that no
    /// host rounds differently: their shaders must find the same levels.
    #[inline(always)]
    pub fn level(alpha: f32) -> f32 {
        let alpha = if alpha > 0.0 { alpha } else { 0.0 };
        let alpha = if alpha < 1.0 { alpha } else { 1.0 };
        let scaled = alpha * 256.0;
        let whole = floor(scaled);
        let rest = scaled - whole;
        let up = if rest - 0.5 >= alpha { 1.0 } else { 0.0 };
        let down = if rest < alpha - 0.5 { 1.0 } else { 0.0 };
        whole + up - down
    }
}

/// Packet fields of a draw.
pub struct DrawRequest {
    /// Value of `VGT_DRAW_INITIATOR`.
    pub initiator: vgt::VgtDrawInitiator,
    pub indices: IndexSource,
}

/// Reason why the registers do not describe a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawStateError {
    /// No vertex shader was loaded.
    #[error("no vertex shader is loaded")]
    NoVertexShader,
    /// The primitive type is undefined or not supported in this kind of draw.
    #[error("primitive type {0:?} can't be drawn")]
    Primitive(Primitive),
    /// The EDRAM mode allows no draw, and the vertices do not write to memory.
    #[error("EDRAM mode {0:?} draws nothing")]
    Mode(EdramMode),
}

impl DrawCall {
    /// Whether the draw's shaders may write to memory. Such draws run immediately, in order.
    pub fn exports_memory(&self) -> bool {
        let shaders = std::iter::once(&self.vertex_shader).chain(&self.pixel_shader);
        shaders.into_iter().any(|shader| shader.program.exports_memory())
    }
}

#[cfg(test)]
mod tests;
