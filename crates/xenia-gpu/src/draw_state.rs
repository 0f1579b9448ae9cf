//! Draw state: the register file as one plain description of a draw or a copy.
//!
//! [`DrawCall::capture`] and [`CopyCall::capture`] are pure: equal registers and shaders give equal
//! results, and nothing of guest memory is read. Everything a backend needs to know is in here, so
//! a backend never sees a register.

mod capture;
pub(crate) mod color;
mod constants;
mod copy;
mod depth;
mod polygon;
mod tessellation;
mod vertex_buffer;

pub use capture::scissor;
pub use constants::Constants;
pub(crate) use constants::StaleConstants;
pub use copy::{CopyCall, CopyDestination, CopySource};
pub use tessellation::Tessellation;
pub use vertex_buffer::VertexBuffer;

use std::sync::Arc;

use crate::enums::*;
use crate::memory::Endian;
use crate::microcode::Shader;
use crate::registers::vgt;

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
    /// Interpolators that are taken within what is covered of a pixel, one bit each; the others are
    /// taken at its centre, be that covered or not.
    pub centroid: u32,
    /// The interpolator register that gets the pixel's position, with the sign of x for back faces,
    /// of y for points and of z for lines; and the place within a point in z and w. Where asked
    /// for.
    pub position_register: Option<u32>,
    /// Perspective correction is off.
    pub affine: bool,
    /// Viewport.
    pub viewport: Viewport,
    /// The title's clip planes that are on: outside is where the sum of products with the position
    /// is negative.
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

impl DrawCall {
    /// Whether its shaders may write to memory. Such draws are done at once, in their order.
    pub fn exports_memory(&self) -> bool {
        let shaders = std::iter::once(&self.vertex_shader).chain(&self.pixel_shader);
        shaders.into_iter().any(|shader| shader.program.exports_memory())
    }
}

#[cfg(test)]
mod tests;
