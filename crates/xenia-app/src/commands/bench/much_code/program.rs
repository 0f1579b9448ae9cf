//! The intermediate form of a generated title: functions of statements over a few local variables
//! and the fields of an object.
//!
//! Locals of a narrow function hold 32 bits, those of a wide one 64. Every function takes a number
//! and the offset of its object in the arena, and returns a number.

/// Bytes of an object. Its fields lie at offsets below this.
pub const OBJECT: u32 = 128;
/// Objects in the arena.
pub const OBJECTS: u32 = 512;
/// Bytes of the arena.
pub const ARENA: u32 = OBJECT * OBJECTS;
/// The bits of a local that choose a word of the object.
pub const INDEX_MASK: u32 = OBJECT - 8;

/// Things that virtual calls choose from.
pub const THINGS: u32 = 64;
/// Functions of a thing's table.
pub const SLOTS: u32 = 8;

/// Where objects have fields for floating point, in titles with that: eight of single precision and
/// four of double precision behind them, all from -1 to 1. Integer fields lie below.
pub const FLOATS: u32 = 64;
/// The first of double precision.
pub const DOUBLES: u32 = 96;

/// A floating-point variable of a function. 0 is [`SCALE`] and 1 is [`OFFSET`]; the last ones have
/// double precision.
pub type FloatLocal = u8;
/// A constant from 0.1 to 0.25, so that products with it get smaller.
pub const SCALE: FloatLocal = 0;
/// A constant from 0.1 to 0.3 or its opposite, so that sums with it don't vanish.
pub const OFFSET: FloatLocal = 1;

/// A local variable, counted from 0: the number that the function was given.
pub type Local = u8;

/// How many bytes a field has, and how they extend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Eight bits, zero extended.
    Byte,
    /// Sixteen bits, zero extended.
    Half,
    /// Sixteen bits, sign extended.
    SignedHalf,
    /// Thirty-two bits, zero extended.
    Word,
    /// Thirty-two bits, sign extended; of wide functions.
    SignedWord,
    /// Sixty-four bits; of wide functions.
    Long,
}

impl Width {
    /// Bytes in memory.
    pub fn bytes(self) -> u32 {
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
pub struct Field {
    /// Offset in the object, a multiple of its bytes.
    pub at: u32,
    /// Its size.
    pub width: Width,
}

/// An operation on two locals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// Sum.
    Add,
    /// First minus second.
    Subtract,
    /// Product.
    Multiply,
    /// Bits of both.
    And,
    /// Bits of either.
    Or,
    /// Bits of one.
    Xor,
    /// Bits of the first that the second lacks.
    AndNot,
    /// The first, rotated left by the second's low bits.
    Rotate,
}

/// An operation on a local and a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithConstant {
    /// Sum.
    Add(i16),
    /// Sum with the constant times 65,536.
    AddHigh(i16),
    /// Product.
    Multiply(i16),
    /// The constant minus the local.
    SubtractFrom(i16),
    /// Bits of one.
    Xor(u16),
    /// Bits of either.
    Or(u16),
    /// Arithmetic shift to the right.
    ShiftRight(u8),
}

/// An operation on one local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// Two's complement.
    Negate,
    /// The low byte, sign extended.
    SignByte,
    /// The low halfword, sign extended.
    SignHalf,
    /// The low word, sign extended; of wide functions.
    SignWord,
    /// Leading zero bits.
    LeadingZeros,
}

/// A floating-point operation, rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatOp {
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
    /// `-a`.
    Negate,
    /// `a` without its sign.
    Absolute,
}

/// A rotation to the left and a mask of bits `begin..=end`, counted from the most significant of a
/// word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Bits to rotate by.
    pub by: u8,
    /// The mask's first bit.
    pub begin: u8,
    /// The mask's last bit, not before the first.
    pub end: u8,
}

impl Rotation {
    /// The mask.
    pub fn mask(self) -> u32 {
        (u32::MAX >> self.begin) & (u32::MAX << (31 - self.end))
    }
}

/// The same of 64 bits, of which one end is the register's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideRotation {
    /// Bits to rotate by.
    pub by: u8,
    /// The mask's first bit, counted from the most significant.
    pub begin: u8,
    /// The mask's last bit: 63, or any behind a first of 0.
    pub end: u8,
}

impl WideRotation {
    /// The mask.
    pub fn mask(self) -> u64 {
        (u64::MAX >> self.begin) & (u64::MAX << (63 - self.end))
    }
}

/// A relation of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Less.
    Less,
    /// Greater.
    Greater,
    /// Equal.
    Equal,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// A field that is zero extended, against a constant; `cmplwi`.
    Field {
        /// The field.
        field: Field,
        /// The relation.
        relation: Relation,
        /// The constant.
        limit: u16,
    },
    /// Whether all of these bits of a local are 0; `rlwinm.`.
    Clear {
        /// The local.
        local: Local,
        /// The bits, without a rotation.
        bits: Rotation,
    },
    /// Two locals; `cmpw` or `cmplw`.
    Locals {
        /// The first.
        a: Local,
        /// The second.
        b: Local,
        /// The relation.
        relation: Relation,
        /// Whether they have signs.
        signed: bool,
    },
    /// Two floating-point variables, neither of them a NaN; `fcmpu`.
    Floats {
        /// The first.
        a: FloatLocal,
        /// The second.
        b: FloatLocal,
        /// The relation.
        relation: Relation,
    },
    /// A local with a sign against a constant; `cmpwi`.
    Constant {
        /// The local.
        local: Local,
        /// The relation.
        relation: Relation,
        /// The constant.
        limit: i16,
    },
}

/// A comparison, and which outcome is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The comparison.
    pub test: Test,
    /// The outcome that fulfils it.
    pub holds: bool,
}

/// The thing that a virtual call is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// Always the same.
    Fixed(u32),
    /// The one that a local's low bits number.
    Chosen(Local),
}

/// How often a loop turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turns {
    /// Always as often.
    Fixed(u8),
    /// One more than these low bits of a local.
    Masked(Local, u8),
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// `to = value`.
    Constant { to: Local, value: u32 },
    /// `to = a op b`.
    Binary { op: Binary, to: Local, a: Local, b: Local },
    /// `to = a op constant`.
    WithConstant { op: WithConstant, to: Local, a: Local },
    /// `to = op a`.
    Unary { op: Unary, to: Local, a: Local },
    /// `to` becomes bits of `a`, rotated; the others become 0.
    Extract { to: Local, a: Local, bits: Rotation },
    /// The same of 64 bits.
    ExtractWide { to: Local, a: Local, bits: WideRotation },
    /// Bits of `a`, rotated, replace those of `to`.
    Insert { to: Local, a: Local, bits: Rotation },
    /// `to = object.field`.
    Load { to: Local, field: Field },
    /// `object.field = from`.
    Store { from: Local, field: Field },
    /// `to = object.words[index & …]`.
    LoadIndexed { to: Local, index: Local },
    /// `object.words[index & …] = from`.
    StoreIndexed { from: Local, index: Local },
    /// Both sides may be empty, not the first alone.
    If { condition: Condition, then: Vec<Statement>, otherwise: Vec<Statement> },
    /// A loop without calls and loops in it. One that counts in CTR uses `bdnz`.
    Loop { turns: Turns, in_ctr: bool, body: Vec<Statement> },
    /// `to` becomes a constant of single precision, which is given by its bits.
    FloatConstant { to: FloatLocal, bits: u32 },
    /// `to = object.field`, in the variable's precision.
    FloatLoad { to: FloatLocal, at: u32 },
    /// `object.field = from`.
    FloatStore { from: FloatLocal, at: u32 },
    /// `to = op(a, b, c)` in the precision of `to`, which the others have, too, or are constants.
    Float { op: FloatOp, to: FloatLocal, a: FloatLocal, b: FloatLocal, c: FloatLocal },
    /// `to = from` in the precision of `to`.
    FloatConvert { to: FloatLocal, from: FloatLocal },
    /// `to = a & 7`, of single precision.
    FloatFromInteger { to: FloatLocal, a: Local },
    /// `to = to ^ leaf(a, object)`.
    Call { to: Local, leaf: u32, a: Local },
    /// The same with the leaf in a slot of a thing's table.
    Virtual { to: Local, thing: Thing, slot: u32, a: Local },
    /// The case that bits of a local number; none if there are fewer. Their mask ends at the last
    /// bit.
    Switch { on: Local, bits: Rotation, cases: Vec<Vec<Statement>> },
}

/// Where a function keeps its locals, and so what it has to save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// In volatile registers; it calls nothing and saves nothing.
    Volatile,
    /// Some in non-volatile registers, which it saves.
    Saving,
    /// All in non-volatile registers, as it calls leaves.
    Calling,
}

/// A function. Local 0 is the number that it is given, and at its end what it returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Where its locals are.
    pub shape: Shape,
    /// Whether its locals have 64 bits.
    pub wide: bool,
    /// How many locals it has.
    pub locals: u8,
    /// How many floating-point variables it has.
    pub floats: u8,
    /// Its statements.
    pub body: Vec<Statement>,
}

impl Function {
    /// Whether a floating-point variable has double precision.
    pub fn is_double(&self, local: FloatLocal) -> bool {
        is_double(self.floats, local)
    }
}

/// Whether one of `floats` variables has double precision.
pub fn is_double(floats: u8, local: FloatLocal) -> bool {
    local >= floats - floats / 4
}

/// A call of the driver's round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The function, counted from 0.
    pub function: u32,
    /// Offset of its object in the arena.
    pub object: u32,
}

/// A whole title: what a round calls, one after the other, each with what the one before returned.
#[derive(Clone, Debug)]
pub struct Program {
    /// Small functions that functions call.
    pub leaves: Vec<Function>,
    /// Tables of virtual functions: numbers of leaves.
    pub classes: Vec<[u32; SLOTS as usize]>,
    /// Classes of things; none if there are no virtual calls.
    pub things: Vec<u32>,
    /// The functions of the table.
    pub functions: Vec<Function>,
    /// The table.
    pub round: Vec<Entry>,
    /// The arena's first contents, in big-endian order.
    pub arena: Vec<u8>,
    /// Rounds.
    pub rounds: u32,
    /// Threads. Each calls all functions, over an arena of its own and beginning with its number.
    pub threads: u32,
}
