//! A decoded shader: control instructions, and the instructions of its clauses.
//!
//! Operands that an operation doesn't take are [`Operand::UNUSED`], and a half that does nothing
//! has one form, so that two programs that do the same in the same way are equal.

use super::memory_export;
use super::ops::{ScalarOp, VectorOp};
use crate::enums::{Anisotropy, TextureFilter};

/// When a control instruction takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    Always,
    /// If a boolean constant has a value.
    Bool(u8, bool),
    /// For the lanes whose predicate has a value.
    Predicate(bool),
}

/// A control instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Does nothing (filler, hints, export allocation).
    Nop,
    /// Announces exports: 1 position, 2 interpolators or colours, 3 memory; and how many.
    Alloc(u8, u8),
    /// Runs a clause: a range of [`Program::instructions`].
    Exec {
        /// First instruction.
        first: u32,
        /// Number of instructions.
        count: u32,
        /// When.
        condition: Condition,
        /// The shader ends after it (if it ran).
        end: bool,
    },
    /// Begins a loop, or skips it.
    LoopStart {
        /// Where to go if it runs no time.
        skip: u32,
        /// Loop constant.
        constant: u8,
        /// The address register of loops keeps its value.
        repeat: bool,
    },
    /// Ends a loop's body.
    LoopEnd {
        /// Where the body begins.
        body: u32,
        /// Loop constant.
        constant: u8,
        /// Lanes whose predicate has this value leave.
        break_on: Option<bool>,
    },
    /// Calls a subroutine.
    Call(u32, Condition),
    /// Returns from one.
    Return,
    /// Jumps.
    Jump(u32, Condition),
}

impl Control {
    /// The control instruction that it may go on with instead of the next one.
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

/// Where an operand comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A register.
    Register(u8),
    /// A register, plus the loop address.
    RegisterLoop(u8),
    /// A constant.
    Constant(u8),
    /// A constant, plus the address register.
    ConstantAddress(u8),
    /// A constant, plus the loop address.
    ConstantLoop(u8),
}

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Its source.
    pub source: Source,
    /// The source's component for each of the operand's.
    pub swizzle: [u8; 4],
    /// The magnitude is taken.
    pub absolute: bool,
    /// Then the sign is changed.
    pub negate: bool,
}

impl Operand {
    /// What stands where an operation takes no operand.
    pub const UNUSED: Self =
        Self { source: Source::Register(0), swizzle: [0, 1, 2, 3], absolute: false, negate: false };
}

/// Where a result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A register.
    Register(u8),
    /// A register, plus the loop address.
    RegisterLoop(u8),
    /// An export.
    Export(u8),
}

/// A vector and a scalar operation, carried out together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alu {
    /// Only lanes whose predicate has this value.
    pub predicate: Option<bool>,
    /// Vector operation.
    pub vector: VectorOp,
    /// Its operands.
    pub operands: [Operand; 3],
    /// Where its result goes.
    pub vector_to: Destination,
    /// Components written; x is bit 0.
    pub vector_mask: u8,
    /// The result is clamped to 0..1.
    pub vector_clamp: bool,
    /// Scalar operation.
    pub scalar: ScalarOp,
    /// Its operands, one component each.
    pub scalar_operands: [(Operand, u8); 2],
    /// Where its result goes.
    pub scalar_to: Destination,
    /// Components written.
    pub scalar_mask: u8,
    /// The result is clamped to 0..1.
    pub scalar_clamp: bool,
    /// Components of an export that are set to zero.
    pub zeros: u8,
    /// Components of an export that are set to one.
    pub ones: u8,
}

impl Alu {
    /// Neither half does anything.
    pub const NOTHING: Self = Self {
        predicate: None,
        vector: VectorOp::Max,
        operands: [Operand::UNUSED; 3],
        vector_to: Destination::Register(0),
        vector_mask: 0,
        vector_clamp: false,
        scalar: ScalarOp::RetainPrev,
        scalar_operands: [(Operand::UNUSED, 0); 2],
        scalar_to: Destination::Register(0),
        scalar_mask: 0,
        scalar_clamp: false,
        zeros: 0,
        ones: 0,
    };

    /// Whether the vector half does anything; constants that an export gets are its work too.
    pub const fn has_vector(&self) -> bool {
        self.vector_mask | self.zeros | self.ones != 0 || self.vector.changes_state()
    }

    /// Whether the scalar half does anything.
    pub const fn has_scalar(&self) -> bool {
        self.scalar_mask != 0 || !matches!(self.scalar, ScalarOp::RetainPrev)
    }

    /// Brings what has no effect into one form.
    pub(super) fn normalize(&mut self) {
        if !self.has_vector() {
            (self.vector, self.vector_clamp) = (Self::NOTHING.vector, false);
            self.operands = Self::NOTHING.operands;
        }
        if self.vector_mask | self.zeros | self.ones == 0 {
            self.vector_to = Self::NOTHING.vector_to;
        }
        if self.vector_mask == 0 {
            self.vector_clamp = false;
        }
        if self.scalar_mask == 0 {
            (self.scalar_to, self.scalar_clamp) = (Self::NOTHING.scalar_to, false);
        }
        self.operands[self.vector.operands().min(3)..].fill(Operand::UNUSED);
        self.scalar_operands[self.scalar.operands().min(2)..].fill((Operand::UNUSED, 0));
        for (operand, component) in &mut self.scalar_operands {
            // Of a scalar operand only one component is read.
            operand.swizzle = [*component; 4];
        }
    }
}

/// What each component of a fetch's destination gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchSelect {
    /// A component of what was fetched.
    Component(u8),
    /// Zero.
    Zero,
    /// One.
    One,
    /// Nothing.
    Keep,
}

/// What both kinds of fetch have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchCommon {
    /// Only lanes whose predicate has this value.
    pub predicate: Option<bool>,
    /// Register with index or coordinates.
    pub source: Source,
    /// Its components.
    pub source_swizzle: [u8; 3],
    /// Destination register.
    pub to: Destination,
    /// What its components get.
    pub select: [FetchSelect; 4],
}

/// A vertex fetch. A mini fetch comes out as a full one with the place of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VertexFetch {
    /// Registers and components.
    pub common: FetchCommon,
    /// Fetch constant, 0 to 95.
    pub constant: u8,
    /// The address of the full fetch before is used again.
    pub mini: bool,
    /// Vertex format.
    pub format: u8,
    /// Components are signed.
    pub signed: bool,
    /// Components are integers; else fractions.
    pub integer: bool,
    /// Signed fractions have no zero: (2n+1)/(2^k-1).
    pub no_zero: bool,
    /// The index is rounded; else it is cut.
    pub rounded: bool,
    /// The value is multiplied by two to this power.
    pub exponent: i8,
    /// Words from one vertex to the next.
    pub stride: u8,
    /// Words from a vertex's start.
    pub offset: i32,
}

/// What a texture fetch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextureOp {
    /// Samples.
    Fetch,
    /// Fraction of the border colour.
    BorderFraction,
    /// The level of detail that would be used.
    ComputedLod,
    /// Derivatives of the source.
    Gradients,
    /// Filter weights.
    Weights,
    /// Sets the level of detail for fetches that use it.
    SetLod,
    /// Sets the horizontal gradient.
    SetGradientH,
    /// Sets the vertical gradient.
    SetGradientV,
}

/// A texture fetch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextureFetch {
    /// Registers and components.
    pub common: FetchCommon,
    /// What it does.
    pub operation: TextureOp,
    /// Fetch constant, 0 to 31.
    pub constant: u8,
    /// Coordinates are in texels.
    pub unnormalized: bool,
    /// Dimension field: 1D, 2D, 3D or stacked, cube.
    pub dimension: u8,
    /// Filters; [`TextureFilter::UseFetchConstant`] leaves it to the constant.
    pub mag: TextureFilter,
    /// Minification filter.
    pub min: TextureFilter,
    /// Filter between levels.
    pub mip: TextureFilter,
    /// Anisotropy.
    pub anisotropy: Anisotropy,
    /// The level of detail is computed from gradients.
    pub computed_lod: bool,
    /// The level of detail set before is added.
    pub register_lod: bool,
    /// Gradients set before are used.
    pub register_gradients: bool,
    /// Added to the level of detail.
    pub lod_bias: f32,
    /// Added to the coordinates, in texels.
    pub offset: [f32; 3],
}

/// An instruction of a clause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Instruction {
    /// Arithmetic.
    Alu(Alu),
    /// Vertex fetch.
    Vertex(VertexFetch),
    /// Texture fetch.
    Texture(TextureFetch),
    /// Undefined; does nothing.
    Undefined,
}

/// A decoded shader.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Program {
    /// Control instructions.
    pub controls: Vec<Control>,
    /// Instructions of all clauses.
    pub instructions: Vec<Instruction>,
    /// Number of registers: one more than the highest read or written.
    pub registers: u32,
    /// Pixels may be discarded.
    pub kills: bool,
    /// Exports written, one bit each.
    pub exports: u64,
}

impl Program {
    /// Export that holds depth.
    pub const DEPTH: u8 = 61;
    /// Export that holds the position.
    pub const POSITION: u8 = 62;
    /// Export that holds point size, edge flag and kill flag.
    pub const POINT_SIZE: u8 = 63;

    /// Whether it may write an export, by its number (0 to 63).
    pub const fn writes(&self, number: u8) -> bool {
        self.exports >> number & 1 != 0
    }

    /// Whether it may write to memory.
    pub const fn exports_memory(&self) -> bool {
        memory_export::writes(self.exports)
    }
}
