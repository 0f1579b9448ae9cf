//! The intermediate form of a generated title: functions of statements over a few local variables
//! and the fields of an object.
//!
//! Locals of a narrow function hold 32 bits, those of a wide one 64. Every function takes a number
//! and the offset of its object in the arena, and returns a number.

/// Size of an object, in bytes. Its fields are at offsets below this.
pub(super) const OBJECT: u32 = 128;
/// Number of objects in the arena.
pub(super) const OBJECTS: u32 = 512;
/// Size of the arena, in bytes.
pub(super) const ARENA: u32 = OBJECT * OBJECTS;
/// Mask of the bits of a local that choose a word of the object.
pub(super) const INDEX_MASK: u32 = OBJECT - 8;

/// Number of things that virtual calls choose from.
pub(super) const THINGS: u32 = 64;
/// Number of functions in a thing's table.
pub(super) const SLOTS: u32 = 8;

/// Offset of an object's floating-point fields, in titles that have them: eight of single
/// precision, then four of double precision, all from -1 to 1. Integer fields are below.
pub(super) const FLOATS: u32 = 64;
/// Offset of the double-precision fields.
pub(super) const DOUBLES: u32 = 96;

/// A floating-point variable of a function. 0 is [`SCALE`] and 1 is [`OFFSET`]; the last ones have
/// double precision.
pub(super) type FloatLocal = u8;
/// A constant from 0.1 to 0.25, so that products with it get smaller.
pub(super) const SCALE: FloatLocal = 0;
/// A constant from 0.1 to 0.3 or its negative, so that sums with it do not vanish.
pub(super) const OFFSET: FloatLocal = 1;

/// Index of a local variable; local 0 is the function's number argument.
pub(super) type Local = u8;

/// Size of a field, and its extension when loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// Eight bits, zero extended.
    Byte,
    /// Sixteen bits, zero extended.
    Half,
    /// Sixteen bits, sign extended.
    SignedHalf,
    /// Thirty-two bits, zero extended.
    Word,
    /// Thirty-two bits, sign extended; only in wide functions.
    SignedWord,
    /// Sixty-four bits; only in wide functions.
    Long,
}

impl Width {
    /// Size in memory, in bytes.
    pub(super) fn bytes(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Half | Self::SignedHalf => 2,
            Self::Word | Self::SignedWord => 4,
            Self::Long => 8,
        }
    }
}

/// A field of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Offset in the object, a multiple of its size.
    pub at: u32,
    /// Size of the field.
    pub width: Width,
}

/// An operation on two locals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    /// First minus second operand.
    Subtract,
    Multiply,
    And,
    Or,
    Xor,
    /// First and not second operand.
    AndNot,
    /// The first operand, rotated left by the low bits of the second.
    Rotate,
}

/// An operation on a local and a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithConstant {
    Add(i16),
    /// Sum with the constant times 65,536.
    AddHigh(i16),
    Multiply(i16),
    /// The constant minus the local.
    SubtractFrom(i16),
    Xor(u16),
    Or(u16),
    /// Arithmetic shift to the right.
    ShiftRight(u8),
}

/// An operation on one local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    /// Two's complement negation.
    Negate,
    /// Sign extension of the low byte.
    SignByte,
    /// Sign extension of the low halfword.
    SignHalf,
    /// Sign extension of the low word; only in wide functions.
    SignWord,
    /// Number of leading zero bits.
    LeadingZeros,
}

/// A floating-point operation, rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloatOp {
    /// `a + b`.
    Add,
    /// `a - b`.
    Subtract,
    /// `a * c`.
    Multiply,
    /// `a * c + b`.
    MultiplyAdd,
    /// `a * c - b`.
    MultiplySubtract,
    /// `-(a * c - b)`.
    NegativeMultiplySubtract,
    /// `-a`, by inverting the sign.
    Negate,
    /// Absolute value of `a`.
    Absolute,
}

/// A rotation to the left and a mask of bits `begin..=end`, counted from the most significant of a
/// word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rotation {
    /// Number of bits to rotate by.
    pub by: u8,
    /// First bit of the mask.
    pub begin: u8,
    /// Last bit of the mask, not before the first.
    pub end: u8,
}

impl Rotation {
    /// The mask as a word.
    pub(super) fn mask(self) -> u32 {
        (u32::MAX >> self.begin) & (u32::MAX << (31 - self.end))
    }
}

/// A 64-bit rotation and mask; one end of the mask is an end of the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WideRotation {
    /// Number of bits to rotate by.
    pub by: u8,
    /// First bit of the mask, counted from the most significant.
    pub begin: u8,
    /// Last bit of the mask: 63, or any if the first is 0.
    pub end: u8,
}

impl WideRotation {
    /// The mask as a doubleword.
    pub(super) fn mask(self) -> u64 {
        (u64::MAX >> self.begin) & (u64::MAX << (63 - self.end))
    }
}

/// A relation of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Less,
    Greater,
    Equal,
}

/// A comparison of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// Compares a zero-extended field with a constant; `cmplwi`.
    Field { field: Field, relation: Relation, limit: u16 },
    /// Whether all of these bits of a local are 0; `rlwinm.`.
    Clear {
        local: Local,
        /// The mask, without a rotation.
        bits: Rotation,
    },
    /// Compares two locals; `cmpw` or `cmplw`.
    Locals {
        a: Local,
        b: Local,
        relation: Relation,
        /// Whether the comparison is signed.
        signed: bool,
    },
    /// Compares two floating-point variables, neither of them a NaN; `fcmpu`.
    Floats { a: FloatLocal, b: FloatLocal, relation: Relation },
    /// Compares a signed local with a constant; `cmpwi`.
    Constant { local: Local, relation: Relation, limit: i16 },
}

/// A comparison and its required outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub test: Test,
    /// The outcome that makes the condition true.
    pub holds: bool,
}

/// The thing that a virtual call is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    /// Always the same thing.
    Fixed(u32),
    /// The thing whose index is in a local's low bits.
    Chosen(Local),
}

/// Number of iterations of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turns {
    /// A fixed number.
    Fixed(u8),
    /// One more than these low bits of a local.
    Masked(Local, u8),
}

/// A statement of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// `to = value`.
    Constant { to: Local, value: u32 },
    /// `to = a op b`.
    Binary { op: Binary, to: Local, a: Local, b: Local },
    /// `to = a op constant`.
    WithConstant { op: WithConstant, to: Local, a: Local },
    /// `to = op a`.
    Unary { op: Unary, to: Local, a: Local },
    /// Assigns rotated and masked bits of `a` to `to`; the other bits become 0.
    Extract { to: Local, a: Local, bits: Rotation },
    /// As `Extract`, with 64 bits.
    ExtractWide { to: Local, a: Local, bits: WideRotation },
    /// Replaces masked bits of `to` by rotated bits of `a`.
    Insert { to: Local, a: Local, bits: Rotation },
    /// `to = object.field`.
    Load { to: Local, field: Field },
    /// `object.field = from`.
    Store { from: Local, field: Field },
    /// `to = object.words[index & …]`.
    LoadIndexed { to: Local, index: Local },
    /// `object.words[index & …] = from`.
    StoreIndexed { from: Local, index: Local },
    /// A branch. Both sides may be empty, but not only the first.
    If { condition: Condition, then: Vec<Statement>, otherwise: Vec<Statement> },
    /// A loop without calls and inner loops. If it counts in CTR, it uses `bdnz`.
    Loop { turns: Turns, in_ctr: bool, body: Vec<Statement> },
    /// Assigns a single-precision constant, given by its bits.
    FloatConstant { to: FloatLocal, bits: u32 },
    /// `to = object.field`, in the variable's precision.
    FloatLoad { to: FloatLocal, at: u32 },
    /// `object.field = from`.
    FloatStore { from: FloatLocal, at: u32 },
    /// `to = op(a, b, c)` in the precision of `to`; operands have the same precision or are
    /// constants.
    Float { op: FloatOp, to: FloatLocal, a: FloatLocal, b: FloatLocal, c: FloatLocal },
    /// `to = from` in the precision of `to`.
    FloatConvert { to: FloatLocal, from: FloatLocal },
    /// `to = a & 7`, of single precision.
    FloatFromInteger { to: FloatLocal, a: Local },
    /// `to = to ^ leaf(a, object)`.
    Call { to: Local, leaf: u32, a: Local },
    /// As `Call`, with the leaf in a slot of a thing's table.
    Virtual { to: Local, thing: Thing, slot: u32, a: Local },
    /// A jump table over the masked bits of a local; without effect beyond the last case. The mask
    /// ends at the last bit.
    Switch { on: Local, bits: Rotation, cases: Vec<Vec<Statement>> },
}

/// Which registers a function keeps its locals in, and so which it must save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Volatile registers only; it calls no function and saves no register.
    Volatile,
    /// Some non-volatile registers, which it saves.
    Saving,
    /// Only non-volatile registers, because it calls leaves.
    Calling,
}

/// A function. Local 0 is its number argument, and at its end its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub shape: Shape,
    /// Whether its locals have 64 bits.
    pub wide: bool,
    /// Number of its locals.
    pub locals: u8,
    /// Number of its floating-point variables.
    pub floats: u8,
    pub body: Vec<Statement>,
}

impl Function {
    /// Whether a floating-point variable has double precision.
    pub(super) fn is_double(&self, local: FloatLocal) -> bool {
        is_double(self.floats, local)
    }
}

/// Whether one of `floats` variables has double precision.
pub(super) fn is_double(floats: u8, local: FloatLocal) -> bool {
    local >= floats - floats / 4
}

/// A call in the driver's round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Index of the function.
    pub function: u32,
    /// Offset of its object in the arena.
    pub object: u32,
}

/// A whole title. A round calls the functions of its table in order, each with the result of the
/// previous one.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// Small functions that other functions call.
    pub leaves: Vec<Function>,
    /// Virtual function tables: indices of leaves.
    pub classes: Vec<[u32; SLOTS as usize]>,
    /// Class of each thing; empty without virtual calls.
    pub things: Vec<u32>,
    /// The functions in the table.
    pub functions: Vec<Function>,
    /// The table of calls.
    pub round: Vec<Entry>,
    /// Initial contents of the arena, in big-endian order.
    pub arena: Vec<u8>,
    /// Number of rounds.
    pub rounds: u32,
    /// Number of threads. Each calls all functions over a separate arena, starting with its number.
    pub threads: u32,
}
