//! What a translated shader is bound to, and how its constants lie in a buffer.
//!
//! Group 0 belongs to vertex shaders, group 1 to pixel shaders, so that both fit one pipeline:
//!
//! | binding | what |
//! |---|---|
//! | 0 | uniform buffer: [`StageConstants`](super::StageConstants) |
//! | 1 | storage buffer of words, read only: what vertex fetches read, as it lies in guest memory |
//! | 2 | storage buffer of four floats each: initial registers ([`Stage::Compute`](super::Stage::Compute)) |
//! | 3 | storage buffer of four floats each: exports (`Stage::Compute`) |
//! | 8… | textures and samplers, as [`Interface`] lists them |

use xenia_gpu::draw_state::VertexBuffer;
use xenia_gpu::enums::{Anisotropy, ClampMode, Dimension, TextureFilter};
use xenia_gpu::microcode::{Condition, Control, Instruction, Program, Source};
use xenia_gpu::texture::TextureInfo;

use super::{Stage, host};

/// Binding of the constants.
pub const CONSTANTS_BINDING: u32 = 0;
/// Binding of the words that vertex fetches read.
pub const VERTEX_BINDING: u32 = 1;
/// Binding of initial registers.
pub const INPUT_BINDING: u32 = 2;
/// Binding of exports.
pub const OUTPUT_BINDING: u32 = 3;
/// First binding of textures and samplers.
pub const TEXTURE_BINDING: u32 = 8;

/// What a texture is bound as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextureShape {
    /// A 2D array: 1D (height 1), 2D, stacked, and the faces of a cube.
    Planes,
    /// A 3D texture.
    Volume,
}

/// A texture that a shader fetches from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextureSlot {
    /// Its fetch constant.
    pub constant: u8,
    /// What it is bound as. A fetch of three dimensions has both; the record says which is meant.
    pub shape: TextureShape,
    /// Its binding.
    pub binding: u32,
}

/// A sampler: a fetch constant with the filters that a fetch demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamplerSlot {
    /// Its fetch constant.
    pub constant: u8,
    /// Magnification, minification, between levels; `UseFetchConstant` leaves it to the constant.
    pub filters: [TextureFilter; 3],
    /// Anisotropy; `UseFetchConstant` leaves it to the constant.
    pub anisotropy: Anisotropy,
    /// Its binding.
    pub binding: u32,
}

/// The bindings of a translated shader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its group.
    pub group: u32,
    /// How its constants lie.
    pub constants: ConstantsLayout,
    /// It reads binding 1.
    pub vertex_data: bool,
    /// Fetch constants whose texture records are read, be their textures bound or not.
    pub records: Vec<u8>,
    /// Textures.
    pub textures: Vec<TextureSlot>,
    /// Samplers.
    pub samplers: Vec<SamplerSlot>,
    /// Export numbers that are written out, ascending. `Stage::Compute` writes them in this order
    /// for each invocation, and then one vector more, whose x is 1 if the pixel was discarded.
    pub exports: Vec<u8>,
}

/// Members of the constants' struct, by index.
pub(super) mod member {
    /// Boolean constants: 8 words.
    pub(in super::super) const BOOLEAN: u32 = 0;
    /// Loop constants: 32 words.
    pub(in super::super) const LOOP: u32 = 1;
    /// What the host's pipeline is told (see [`host`](super::super::host)).
    pub(in super::super) const HOST: u32 = 2;
    /// Texture records of three times four words.
    pub(in super::super) const TEXTURE: u32 = 3;
    /// Vertex records of four words.
    pub(in super::super) const VERTEX: u32 = 4;
    /// Float constants.
    pub(in super::super) const FLOAT: u32 = 5;
}

/// How a shader's constants lie in a buffer: no more of them than it can read, since a title may
/// change some with every draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstantsLayout {
    /// Rows of boolean and loop constants, and of what the host's pipeline is told.
    booleans: u32,
    loops: u32,
    host: u32,
    /// Texture and vertex records.
    textures: u32,
    vertices: u32,
    floats: u32,
}

impl Default for ConstantsLayout {
    /// The smallest: arrays have at least one element.
    fn default() -> Self {
        Self { booleans: 1, loops: 1, host: 1, textures: 1, vertices: 1, floats: 1 }
    }
}

impl ConstantsLayout {
    /// All that a shader can have.
    #[cfg(test)]
    pub(super) const LARGEST: Self =
        Self { booleans: 2, loops: 8, host: host::MASK_ROW + 2, textures: 32, vertices: 96, floats: 256 };

    /// What a program can read in a stage.
    pub fn new(program: &Program, stage: Stage) -> Self {
        let mut this = Self { host: host::rows(stage), ..Self::default() };
        for control in &program.controls {
            this.control(*control);
        }
        for instruction in &program.instructions {
            match instruction {
                Instruction::Alu(alu) => {
                    alu.operands.iter().for_each(|operand| this.source(operand.source));
                    alu.scalar_operands.iter().for_each(|(operand, _)| this.source(operand.source));
                }
                Instruction::Vertex(fetch) => {
                    this.source(fetch.common.source);
                    this.vertices = this.vertices.max(u32::from(fetch.constant.min(95)) + 1);
                }
                Instruction::Texture(fetch) => {
                    this.source(fetch.common.source);
                    this.textures = this.textures.max(u32::from(fetch.constant & 31) + 1);
                }
                Instruction::Undefined => {}
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
            Source::ConstantAddress(_) | Source::ConstantLoop(_) => self.floats = 256,
            Source::Register(_) | Source::RegisterLoop(_) => {}
        }
    }

    /// Bytes of all.
    pub fn size(self) -> usize {
        (self.offset(member::FLOAT) + 16 * self.floats) as usize
    }

    /// Elements of 16 bytes that a member has.
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

    /// Where a member begins, in bytes.
    pub(super) fn offset(self, of: u32) -> u32 {
        (0..of).map(|before| 16 * self.count(before)).sum()
    }
}

/// The part of the vertex buffer that a fetch constant stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VertexRecord {
    /// Its first word in binding 1.
    pub first: u32,
    /// Words; fetches beyond read zero.
    pub words: u32,
    /// Byte order: the field of the fetch constant.
    pub endian: u32,
}

impl VertexRecord {
    /// The record of a buffer, whose words begin at `first`.
    pub const fn new(buffer: &VertexBuffer, first: u32) -> Self {
        Self { first, words: buffer.words, endian: buffer.endian as u32 }
    }
}

/// What a fetch needs to know about a texture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TextureRecord {
    /// Size of the base level in texels; slices or faces where there is no depth.
    pub size: [f32; 3],
    /// Size of the level in whose texels unnormalised coordinates of a plane are given.
    pub unnormalized_size: [f32; 2],
    /// Fetched values are multiplied by it.
    pub scale: f32,
    /// Added to the level of detail.
    pub lod_bias: f32,
    /// Gradients along the picture's rows and columns are multiplied by two to these powers, -16 to
    /// 15.
    pub gradient_exponents: [i32; 2],
    /// Lowest level.
    pub lowest_level: f32,
    /// Highest level.
    pub highest_level: f32,
    /// What each component of the result gets: 0 to 3 stored components, 4 zero, 5 one.
    pub swizzle: [u8; 4],
    /// It is a volume: of a fetch's two textures the 3D one is meant.
    pub is_volume: bool,
    /// Axes on which it is mirrored once.
    pub mirrored: [bool; 3],
    /// Components of the result that have 16 bits behind the point before they are multiplied.
    pub short: [bool; 4],
}

fn is_mirrored_once(mode: ClampMode) -> bool {
    matches!(
        mode,
        ClampMode::MirrorClampToEdge | ClampMode::MirrorClampToHalfway | ClampMode::MirrorClampToBorder
    )
}

impl TextureRecord {
    /// The record of a texture, all of whose levels are bound.
    pub fn new(info: &TextureInfo) -> Self {
        let last = if info.mip == TextureFilter::BaseMap { 0 } else { info.max_level() };
        let [width, height, _] = info.level_size(info.locked_level().min(last)).map(|size| size as f32);
        Self {
            size: info.level_size(0).map(|size| size as f32),
            unnormalized_size: [width, height],
            scale: 2.0_f32.powi(info.exponent),
            lod_bias: info.lod_bias,
            gradient_exponents: info.gradient_exponents,
            lowest_level: info.levels[0] as f32,
            highest_level: last as f32,
            swizzle: info.swizzle,
            is_volume: info.dimension == Dimension::D3,
            // Faces of a cube don't run into each other.
            mirrored: info.clamp.map(|mode| info.dimension != Dimension::Cube && is_mirrored_once(mode)),
            short: info.swizzle.map(|select| select < 4 && info.short_fractions() >> select & 1 != 0),
        }
    }
}

/// How an exported position becomes one of the host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostPosition {
    /// x and y come already divided by w.
    pub xy_divided: bool,
    /// z comes already divided by w.
    pub z_divided: bool,
    /// w comes as 1/w.
    pub w_inverted: bool,
    /// z is clipped to 0..w; else to -w..w.
    pub direct3d_depth: bool,
    /// A vertex whose kill flag is set (z beside the size of points) takes away its primitive.
    pub kills: bool,
    /// x, y and z are multiplied by it.
    pub scale: [f32; 3],
    /// w times this is added to x, y and z.
    pub offset: [f32; 3],
}

impl HostPosition {
    /// With everything moved in the host's clip space.
    #[must_use]
    pub fn moved(mut self, [x, y]: [f32; 2]) -> Self {
        self.offset[0] += x;
        self.offset[1] += y;
        self
    }
}

/// What a colour target takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostTarget {
    /// Colours are multiplied by it.
    pub scale: f32,
    /// Lowest and highest value of red, green and blue, and of alpha.
    pub ranges: [(f32, f32); 2],
    /// Steps between 0 and 1 of red, green and blue, and of alpha, that the shader itself rounds
    /// to; 0: the host rounds. A host may be 0.6 steps off, and hosts differ on halves.
    pub steps: [f32; 2],
}
