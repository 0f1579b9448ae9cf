//! Bindings of a translated shader, and the layout of its constants in a buffer.
//!
//! Pixel shaders have a group of their own, [`PIXEL_GROUP`], and vertex shaders another,
//! [`VERTEX_GROUP`], so that both fit one pipeline. Setting a group also sets those with higher
//! numbers again, for the graphics API and its drivers: the vertex shader's constants change from
//! draw to draw, the pixel shader's textures less often, so they have the lower number.
//!
//!
//! | binding | contents |
//! |---|---|
//! | 0 | uniform buffer: [`StageConstants`](super::StageConstants) |
//! | 1 | storage buffer of words, read only: guest memory, not byte-swapped, and lists of indices |
//! | 2 | storage buffer of four floats each: initial registers (`Stage::Compute`) |
//! | 3 | storage buffer of four floats each: exports (`Stage::Compute`) |
//! | 8… | textures and samplers, as [`Interface`] lists them |

use xenia_gpu::draw_state::VertexBuffer;
use xenia_gpu::enums::{Anisotropy, ClampMode, Dimension, TextureFilter};
use xenia_gpu::fetch::FetchPlan;
use xenia_gpu::microcode::{Condition, Control, Program, ShaderInstruction, Source};
use xenia_gpu::texture::TextureInfo;

use super::{Stage, host_rows};

/// Bind group of pixel shaders, and of compute shaders.
pub const PIXEL_GROUP: u32 = 0;
/// Bind group of vertex shaders.
pub const VERTEX_GROUP: u32 = 1;
/// Binding of the constants.
pub const CONSTANTS_BINDING: u32 = 0;
/// Binding of the words for vertex fetches.
pub const VERTEX_BINDING: u32 = 1;
/// Binding of initial registers.
pub const INPUT_BINDING: u32 = 2;
/// Binding of exports.
pub const OUTPUT_BINDING: u32 = 3;
/// First binding of textures and samplers.
pub const TEXTURE_BINDING: u32 = 8;

/// Dimension of a texture binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextureShape {
    /// 2D array: 1D (height 1), 2D, stacked, and cube faces.
    Planes,
    /// A 3D texture.
    Volume,
}

/// Texture that a shader fetches from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextureSlot {
    /// Number of the fetch constant.
    pub constant: u8,
    /// Dimension of the binding. A 3D fetch has bindings of both; the record selects one.
    pub shape: TextureShape,
    pub binding: u32,
}

/// Sampler: a fetch constant with the filters that a fetch sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamplerSlot {
    /// Number of the fetch constant.
    pub constant: u8,
    /// Magnification, minification, mip; `UseFetchConstant` defers to the constant.
    pub filters: [TextureFilter; 3],
    /// Anisotropy; `UseFetchConstant` defers to the constant.
    pub anisotropy: Anisotropy,
    pub binding: u32,
}

/// Bindings of a translated shader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Bind group number.
    pub group: u32,
    /// Layout of the constants.
    pub constants: ConstantsLayout,
    /// Whether it reads the vertex words (binding 1).
    pub vertex_data: bool,
    /// Fetch constants whose texture records are read, with or without a bound texture.
    pub records: Vec<u8>,
    pub textures: Vec<TextureSlot>,
    pub samplers: Vec<SamplerSlot>,
    /// Export numbers that are written, ascending. `Stage::Compute` writes them in this order for
    /// each invocation, then another vector whose x is 1 if the pixel was discarded.
    pub exports: Vec<u8>,
}

/// Members of the constants' struct, by index.
pub(super) mod member {
    /// Boolean constants: 8 words.
    pub(in super::super) const BOOLEAN: u32 = 0;
    /// Loop constants: 32 words.
    pub(in super::super) const LOOP: u32 = 1;
    /// Parameters of the host's pipeline (see [`host_rows`](super::super::host_rows)).
    pub(in super::super) const HOST: u32 = 2;
    /// Texture records of three times four words.
    pub(in super::super) const TEXTURE: u32 = 3;
    /// Vertex records of four words.
    pub(in super::super) const VERTEX: u32 = 4;
    /// Float constants: a vector each.
    pub(in super::super) const FLOAT: u32 = 5;
}

/// Layout of a shader's constants in a buffer. It contains only those that the shader can read,
/// since a title may change some with every draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstantsLayout {
    /// Rows of boolean and loop constants, and of host parameters.
    booleans: u32,
    loops: u32,
    host: u32,
    /// Number of texture and vertex records.
    textures: u32,
    vertices: u32,
    floats: u32,
}

impl Default for ConstantsLayout {
    /// Smallest layout: arrays have at least one element.
    fn default() -> Self {
        Self { booleans: 1, loops: 1, host: 1, textures: 1, vertices: 1, floats: 1 }
    }
}

impl ConstantsLayout {
    /// Largest layout of any shader.
    #[cfg(test)]
    pub(super) const LARGEST: Self =
        Self { booleans: 2, loops: 8, host: host_rows::MAX_ROWS, textures: 32, vertices: 96, floats: 256 };

    /// Layout for the constants that a program can read in a stage.
    pub fn new(program: &Program, stage: Stage) -> Self {
        let mut this = Self { host: host_rows::count(stage), ..Self::default() };
        for control in &program.controls {
            this.control(*control);
        }
        for instruction in &program.instructions {
            match instruction {
                ShaderInstruction::Alu(alu) => {
                    alu.operands.iter().for_each(|operand| this.source(operand.source));
                    alu.scalar_operands.iter().for_each(|(operand, _)| this.source(operand.source));
                }
                ShaderInstruction::Vertex(fetch) => {
                    this.source(fetch.common.source);
                    this.vertices = this.vertices.max(u32::from(fetch.constant.min(95)) + 1);
                }
                ShaderInstruction::Texture(fetch) => {
                    this.source(fetch.common.source);
                    this.textures = this.textures.max(u32::from(fetch.constant & 31) + 1);
                }
                ShaderInstruction::Undefined => {}
            }
        }
        this
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::LoopStart { constant, .. } | Control::LoopEnd { constant, .. } => {
                self.loops = self.loops.max((u32::from(constant) / 4).min(7) + 1);
            }
            Control::Exec { condition: Condition::Bool(index, _), .. }
            | Control::Call(_, Condition::Bool(index, _))
            | Control::Jump(_, Condition::Bool(index, _)) => {
                self.booleans = self.booleans.max(u32::from(index) / 128 + 1);
            }
            _ => {}
        }
    }

    fn source(&mut self, source: Source) {
        match source {
            Source::Constant(index) => self.floats = self.floats.max(u32::from(index) + 1),
            // The index is known at run time only.
            Source::ConstantAddress(_) | Source::ConstantLoop(_) => self.floats = 256,
            Source::Register(_) | Source::RegisterLoop(_) => {}
        }
    }

    /// Size of the buffer in bytes.
    pub fn size(self) -> usize {
        (self.offset(member::FLOAT) + 16 * self.floats) as usize
    }

    /// Number of 16-byte elements of a member.
    pub(super) fn count(self, of: u32) -> u32 {
        match of {
            member::BOOLEAN => self.booleans,
            member::LOOP => self.loops,
            member::HOST => self.host,
            member::TEXTURE => 3 * self.textures,
            member::VERTEX => self.vertices,
            _ => self.floats,
        }
    }

    /// Byte offset of a member.
    pub(super) fn offset(self, of: u32) -> u32 {
        (0..of).map(|before| 16 * self.count(before)).sum()
    }
}

/// Part of the vertex buffer that belongs to a fetch constant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VertexRecord {
    /// First word in binding 1.
    pub first: u32,
    /// Number of words; fetches beyond them read zero.
    pub words: u32,
    /// Byte order: the field of the fetch constant.
    pub endian: u32,
}

impl VertexRecord {
    /// Creates the record of a buffer whose words begin at `first`.
    pub const fn new(buffer: &VertexBuffer, first: u32) -> Self {
        Self { first, words: buffer.words, endian: buffer.endian as u32 }
    }
}

/// Texture parameters of fetches. Texels are the host's, of which a scaled texture has more.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TextureRecord {
    /// Size of the base level in texels; the third component is the number of slices or faces if
    /// there is no depth.
    pub size: [f32; 3],
    /// Size of the level to which unnormalised coordinates of a 2D texture refer.
    pub unnormalized_size: [f32; 2],
    /// Host texels per guest texel each way: 1 to 4. Zero stands for one.
    pub host_texels: u32,
    /// Factor of the fetched values.
    pub scale: f32,
    /// Bias added to the level of detail.
    pub lod_bias: f32,
    /// Powers of two (-16 to 15) by which gradients along rows and columns of the image are
    /// multiplied.
    pub gradient_exponents: [i32; 2],
    /// Lowest mip level.
    pub lowest_level: f32,
    /// Highest mip level of fetches that name a filter between levels.
    pub highest_level: f32,
    /// The base map is level 0; else the lowest level.
    pub has_base: bool,
    /// Filter between levels of fetches that defer to the constant.
    pub mip: TextureFilter,
    /// Filters within a level of such fetches, of magnified and minified texels.
    pub planes: [TextureFilter; 2],
    /// Filters between slices or layers of such fetches, of magnified and minified ones.
    pub slices: [TextureFilter; 2],
    /// Source of each result component: 0 to 3 stored components, 4 zero, 5 one.
    pub swizzle: [u8; 4],
    /// Whether the texture is 3D; selects one of a 3D fetch's two bindings.
    pub is_volume: bool,
    /// Axes with the "mirror once" modes.
    pub mirrored: [bool; 3],
    /// Axes with the half-way modes.
    pub half_way: [bool; 3],
    /// Axes beyond whose ends a point and a linear filter have the border.
    pub borders: [[bool; 3]; 2],
    /// Dimension fields of instructions that can fetch from the texture; others return zeros.
    pub fetches: [bool; 4],
    /// Result components with 16 fraction bits (before the scale).
    pub short: [bool; 4],
    /// Widths of the stored components that point filters return as their bits twice; zero for
    /// others.
    pub repeated: [u8; 4],
}

fn is_mirrored_once(mode: ClampMode) -> bool {
    matches!(
        mode,
        ClampMode::MirrorClampToEdge | ClampMode::MirrorClampToHalfway | ClampMode::MirrorClampToBorder
    )
}

fn is_half_way(mode: ClampMode) -> bool {
    matches!(mode, ClampMode::ClampToHalfway | ClampMode::MirrorClampToHalfway)
}

impl TextureRecord {
    /// Creates the record of a texture with all its levels bound, and the guest's size.
    pub fn new(info: &TextureInfo) -> Self {
        let [width, height, _] = info.level_size(info.locked_level()).map(|size| size as f32);
        let [lowest, highest] = info.level_range().map(|level| level as f32);
        Self {
            size: info.level_size(0).map(|size| size as f32),
            unnormalized_size: [width, height],
            host_texels: 1,
            scale: 2.0_f32.powi(info.exponent),
            lod_bias: info.lod_bias,
            gradient_exponents: info.gradient_exponents,
            lowest_level: lowest,
            highest_level: highest,
            has_base: info.has_base(),
            mip: info.mip,
            planes: [info.mag, info.min],
            slices: info.slices,
            swizzle: info.swizzle,
            is_volume: info.dimension == Dimension::D3,
            mirrored: FetchPlan::clamp(info, true).map(is_mirrored_once),
            half_way: FetchPlan::clamp(info, true).map(is_half_way),
            borders: [false, true].map(|is_linear| FetchPlan::borders(info, is_linear)),
            fetches: [Dimension::D1, Dimension::D2, Dimension::D3, Dimension::Cube]
                .map(|fetch| FetchPlan::coordinates(info.dimension, fetch).is_some()),
            repeated: info.repeated_fractions(),
            short: info.swizzle.map(|select| select < 4 && info.short_fractions() >> select & 1 != 0),
        }
    }

    /// Returns the record of the texture with `factor` host texels per guest texel each way. Titles
    /// mix neighbouring texels themselves, so offsets and filter weights must count the host's.
    #[must_use]
    pub fn with_host_texels(mut self, factor: u32) -> Self {
        let [width, height, _] = &mut self.size;
        for side in [width, height].into_iter().chain(&mut self.unnormalized_size) {
            *side *= factor as f32;
        }
        self.host_texels = factor;
        self
    }
}

/// Conversion of an exported position to the host's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostPosition {
    /// x and y are exported divided by w.
    pub xy_divided: bool,
    /// z is exported divided by w.
    pub z_divided: bool,
    /// w is exported as 1/w.
    pub w_inverted: bool,
    /// z is clipped to 0..w; else to -w..w.
    pub direct3d_depth: bool,
    /// A vertex whose kill flag is set (z of the point size export) kills its primitive.
    pub kills: bool,
    /// Factors of x, y and z.
    pub scale: [f32; 3],
    /// Offsets of x, y and z, in units of w.
    pub offset: [f32; 3],
    /// Steps of x and y in a unit of the host's clip space; zero if positions are not rounded.
    pub steps: [f32; 2],
    /// Offsets of x and y after rounding, in units of w.
    pub shift: [f32; 2],
}

impl HostPosition {
    /// Returns the conversion with an offset in the host's clip space, after rounding.
    #[must_use]
    pub fn moved(self, shift: [f32; 2]) -> Self {
        Self { shift, ..self }
    }
}

/// Parameters of a stage that expands primitives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostExpansion {
    /// The guest's indices, one word each; without them, vertices are numbered from zero.
    pub list: Option<VertexRecord>,
    /// Flat interpolators are those of a primitive's last vertex; else of its first.
    pub provoking_last: bool,
    /// Depth is clipped, of lines before they get their width.
    pub clips_depth: bool,
    /// Half the width and height of points, or half the width of lines, in pixels.
    pub half: [f32; 2],
    /// The viewport's scale of x and y.
    pub scale: [f32; 2],
    /// Least and largest size of points whose program exports it.
    pub limits: [f32; 2],
}

/// Conversion of colours for a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostTarget {
    /// Factor of the colours.
    pub scale: f32,
    /// Lowest and highest value of red, green and blue, and of alpha.
    pub ranges: [(f32, f32); 2],
    /// Number of steps between 0 and 1 of red, green and blue, and of alpha, to which the shader
    /// rounds; 0 means that the host rounds. A host may be off by 0.6 steps, and hosts differ on
    /// halves.
    pub steps: [f32; 2],
}
