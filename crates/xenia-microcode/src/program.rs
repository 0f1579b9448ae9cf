//! Decoded shader program: control flow instructions and the instructions of their clauses.
//!
//! Operands that an operation doesn't have are [`ShaderOperand::UNUSED`], and an unused half has
//! one canonical form, so that equivalent instructions compare equal.

use super::memory_export;
use super::ops::{ScalarOp, VectorOp};
use crate::enums::{Anisotropy, Dimension, TextureFilter};

/// Deepest nesting of loops; deeper ones are skipped.
pub const MAX_LOOPS: usize = 4;
/// Deepest nesting of calls; deeper ones are not taken.
pub const MAX_CALLS: usize = 4;

/// Condition of a control flow instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Always,
    /// A boolean constant has the given value.
    Bool(u8, bool),
    /// Per lane: the lane's predicate has the given value.
    Predicate(bool),
}

/// Control flow instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Has no effect (filler, hints, export allocation).
    Nop,
    /// Allocates exports: kind (1 position, 2 interpolators or colours, 3 memory) and number.
    Alloc(u8, u8),
    /// Runs a clause: a range of [`Program::instructions`].
    Exec {
        /// Index of the first instruction.
        first: u32,
        /// Number of instructions.
        count: u32,
        condition: Condition,
        /// The shader ends after this clause, if it ran.
        end: bool,
    },
    /// Begins a loop, or skips it.
    LoopStart {
        /// Target if the loop count is zero.
        skip: u32,
        /// Number of the loop constant.
        constant: u8,
        /// The loop's address register keeps its value.
        repeat: bool,
    },
    /// Ends a loop's body.
    LoopEnd {
        /// Target: the beginning of the body.
        body: u32,
        /// Number of the loop constant.
        constant: u8,
        /// Lanes whose predicate has this value leave the loop.
        break_on: Option<bool>,
    },
    /// Calls a subroutine.
    Call(u32, Condition),
    /// Returns from a subroutine.
    Return,
    /// Jumps to a control flow instruction.
    Jump(u32, Condition),
}

impl Control {
    /// Control flow instruction that may follow instead of the next one.
    pub const fn target(&self) -> Option<u32> {
        match *self {
            Self::LoopStart { skip: at, .. }
            | Self::LoopEnd { body: at, .. }
            | Self::Call(at, _)
            | Self::Jump(at, _) => Some(at),
            Self::Nop | Self::Alloc(..) | Self::Exec { .. } | Self::Return => None,
        }
    }
}

/// Source of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Register(u8),
    /// A register, indexed by the loop address.
    RegisterLoop(u8),
    Constant(u8),
    /// A constant, indexed by the address register.
    ConstantAddress(u8),
    /// A constant, indexed by the loop address.
    ConstantLoop(u8),
}

/// Operand of a vector operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShaderOperand {
    pub source: Source,
    /// Source component of each operand component.
    pub swizzle: [u8; 4],
    /// Takes the absolute value.
    pub absolute: bool,
    /// Negates the value, after `absolute`.
    pub negate: bool,
}

impl ShaderOperand {
    /// Placeholder for an operand that an operation doesn't have.
    pub const UNUSED: Self =
        Self { source: Source::Register(0), swizzle: [0, 1, 2, 3], absolute: false, negate: false };
}

/// Destination of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    Register(u8),
    /// A register, indexed by the loop address.
    RegisterLoop(u8),
    /// Number of an export.
    Export(u8),
}

/// ALU instruction: a vector and a scalar operation that execute together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alu {
    /// Predicate value of the lanes that execute the instruction; `None` means all lanes.
    pub predicate: Option<bool>,
    pub vector: VectorOp,
    /// Operands of the vector operation.
    pub operands: [ShaderOperand; 3],
    /// Destination of the vector result.
    pub vector_to: Destination,
    /// Components to write; x is bit 0.
    pub vector_mask: u8,
    /// Clamps the result to 0..1.
    pub vector_clamp: bool,
    pub scalar: ScalarOp,
    /// Operands of the scalar operation, one component each.
    pub scalar_operands: [(ShaderOperand, u8); 2],
    /// Destination of the scalar result.
    pub scalar_to: Destination,
    /// Components to write.
    pub scalar_mask: u8,
    /// Clamps the result to 0..1.
    pub scalar_clamp: bool,
    /// Export components that are set to zero.
    pub zeros: u8,
    /// Export components that are set to one.
    pub ones: u8,
}

impl Alu {
    /// Instruction without an effect.
    pub const NOTHING: Self = Self {
        predicate: None,
        vector: VectorOp::Max,
        operands: [ShaderOperand::UNUSED; 3],
        vector_to: Destination::Register(0),
        vector_mask: 0,
        vector_clamp: false,
        scalar: ScalarOp::RetainPrev,
        scalar_operands: [(ShaderOperand::UNUSED, 0); 2],
        scalar_to: Destination::Register(0),
        scalar_mask: 0,
        scalar_clamp: false,
        zeros: 0,
        ones: 0,
    };

    /// Whether the vector half has an effect; it also writes the constant components of an export.
    pub const fn has_vector(&self) -> bool {
        self.vector_mask | self.zeros | self.ones != 0 || self.vector.changes_state()
    }

    /// Whether the scalar half has an effect.
    pub const fn has_scalar(&self) -> bool {
        self.scalar_mask != 0 || !matches!(self.scalar, ScalarOp::RetainPrev)
    }

    /// Converts an instruction to canonical form: unused parts become those of
    /// [`NOTHING`](Self::NOTHING).
    pub(super) fn normalize(&mut self) {
        if !self.has_vector() {
            self.vector = Self::NOTHING.vector;
            self.vector_clamp = false;
            self.operands = Self::NOTHING.operands;
        }
        if self.vector_mask | self.zeros | self.ones == 0 {
            self.vector_to = Self::NOTHING.vector_to;
        }
        if self.vector_mask == 0 {
            self.vector_clamp = false;
        }
        if self.scalar_mask == 0 {
            self.scalar_to = Self::NOTHING.scalar_to;
            self.scalar_clamp = false;
        }
        self.operands[self.vector.operands().min(3)..].fill(ShaderOperand::UNUSED);
        self.scalar_operands[self.scalar.operands().min(2)..].fill((ShaderOperand::UNUSED, 0));
        for (operand, component) in &mut self.scalar_operands {
            // A scalar operand reads a single component.
            operand.swizzle = [*component; 4];
        }
    }
}

/// Source of a component of a fetch's destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchSelect {
    /// A fetched component.
    Component(u8),
    Zero,
    One,
    /// The destination component is unchanged.
    Keep,
}

/// Fields that vertex and texture fetches have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchCommon {
    /// Predicate value of the lanes that execute the fetch; `None` means all lanes.
    pub predicate: Option<bool>,
    /// Register that holds the index or the coordinates.
    pub source: Source,
    /// Components of the source register.
    pub source_swizzle: [u8; 3],
    pub to: Destination,
    /// Sources of the destination's components.
    pub select: [FetchSelect; 4],
}

/// Vertex fetch. A mini fetch is decoded to a full one with the address of the preceding full
/// fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VertexFetch {
    pub common: FetchCommon,
    /// Fetch constant, 0 to 95.
    pub constant: u8,
    /// Mini fetch: reuses the address of the preceding full fetch.
    pub mini: bool,
    pub format: u8,
    /// Components are signed.
    pub signed: bool,
    /// Components are integers; else fractions.
    pub integer: bool,
    /// Signed fractions have no zero: (2n+1)/(2^k-1).
    pub no_zero: bool,
    /// The index is rounded to nearest; else it is rounded down.
    pub rounded: bool,
    /// The value is multiplied by two to this power.
    pub exponent: i8,
    /// Distance between vertices in words.
    pub stride: u8,
    /// Offset of the element in a vertex, in words.
    pub offset: i32,
}

/// Operation of a texture fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextureOp {
    Fetch,
    /// Weight of the border colour.
    BorderFraction,
    /// Computes the level of detail.
    ComputedLod,
    /// Computes derivatives of the source.
    Gradients,
    /// Computes filter weights.
    Weights,
    /// Sets the level of detail for fetches that use it.
    SetLod,
    /// Sets the horizontal gradient.
    SetGradientH,
    /// Sets the vertical gradient.
    SetGradientV,
}

impl TextureOp {
    /// Whether the result depends on the fetch constant.
    pub const fn reads_constant(self) -> bool {
        matches!(self, Self::Fetch | Self::BorderFraction | Self::ComputedLod | Self::Weights)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextureFetch {
    pub common: FetchCommon,
    pub operation: TextureOp,
    /// Fetch constant, 0 to 31.
    pub constant: u8,
    /// Coordinates are in texels.
    pub unnormalized: bool,
    /// Dimension by the number of coordinates: a 1D fetch that passes two is one of a plane.
    pub dimension: Dimension,
    /// Magnification filter; [`TextureFilter::UseFetchConstant`] defers to the constant.
    pub mag: TextureFilter,
    pub min: TextureFilter,
    /// Filter between mip levels.
    pub mip: TextureFilter,
    /// Filters between slices or layers, of magnified and minified texels; only fetches of the
    /// dimension 3D have them.
    pub slices: [TextureFilter; 2],
    pub anisotropy: Anisotropy,
    /// Computes the level of detail from gradients.
    pub computed_lod: bool,
    /// Adds the level of detail set by the program.
    pub register_lod: bool,
    /// Uses the gradients set by the program.
    pub register_gradients: bool,
    /// Bias added to the level of detail.
    pub lod_bias: f32,
    /// Offset added to the coordinates, in texels.
    pub offset: [f32; 3],
}

/// Instruction of a clause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShaderInstruction {
    Alu(Alu),
    Vertex(VertexFetch),
    Texture(TextureFetch),
    /// Undefined instruction, which has no effect.
    Undefined,
}

#[derive(Clone, Debug, PartialEq, Default)]
pub struct Program {
    pub controls: Vec<Control>,
    /// Instructions of all clauses.
    pub instructions: Vec<ShaderInstruction>,
    /// Number of registers: one more than the highest read or written.
    pub registers: u32,
    /// Registers that may be read, one bit each.
    pub reads: u64,
    /// Float constants that are read by their numbers, ascending.
    pub constants: Vec<u8>,
    /// Texture fetch constants that instructions name, one bit each.
    pub textures: u32,
    /// The shader may discard pixels.
    pub kills: bool,
    /// Written exports, one bit each.
    pub exports: u64,
    /// Written components of the point size's export, one bit each: size, edge flag, kill flag.
    pub point_size: u8,
}

impl Program {
    /// Number of the export that holds depth.
    pub const DEPTH: u8 = 61;
    /// Number of the export that holds the position.
    pub const POSITION: u8 = 62;
    /// Number of the export that holds point size, edge flag and kill flag.
    pub const POINT_SIZE: u8 = 63;

    /// Adapts texture fetches to vertices, which have no neighbours: their level of detail has no
    /// part that is computed from differences of coordinates.
    pub(super) fn ignore_neighbours(&mut self) {
        for instruction in &mut self.instructions {
            if let ShaderInstruction::Texture(fetch) = instruction {
                fetch.computed_lod = false;
            }
        }
    }

    /// Whether the program may write the export with this number (0 to 63).
    pub const fn writes(&self, number: u8) -> bool {
        self.exports >> number & 1 != 0
    }

    /// Number of interpolators that the program exports: one more than the highest.
    pub const fn exported_interpolators(&self) -> u32 {
        16 - (self.exports as u16).leading_zeros()
    }

    /// Whether all lanes have the same exports: the program reads no register, fetches nothing and
    /// writes no memory.
    pub fn is_uniform(&self) -> bool {
        let fetches = |instruction: &ShaderInstruction| {
            matches!(instruction, ShaderInstruction::Vertex(_) | ShaderInstruction::Texture(_))
        };
        self.reads == 0 && !self.exports_memory() && !self.instructions.iter().any(fetches)
    }

    /// Whether the program may write to memory.
    pub const fn exports_memory(&self) -> bool {
        memory_export::writes(self.exports)
    }
}
