//! Items generated from the table: the [`Op`] enum, its properties, and a trait per family.

use crate::{Instruction, Operand};

/// Result type of a family trait's methods.
pub trait Semantics {
    /// The result of one instruction's method.
    type Output;
}

/// The layout of an instruction word, as the manuals name it.
#[allow(missing_docs, non_camel_case_types)] // the manuals' own names
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    I,
    B,
    SC,
    D,
    DS,
    X,
    XL,
    XFX,
    XFL,
    XS,
    XO,
    A,
    M,
    MD,
    MDS,
    DCBZ,
    VA,
    VC,
    VX,
    VX128,
    VX128_1,
    VX128_2,
    VX128_3,
    VX128_4,
    VX128_5,
    VX128_R,
    VX128_P,
}

/// Properties of a row; the documentation of the table defines each one.
#[allow(missing_docs, non_camel_case_types)] // named as the table writes them
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Flag {
    rc,
    oe,
    vrc,
    vrc128,
    lk,
    sets_cr0,
    mem,
    privileged,
    last,
}

/// The family of an instruction, named after the file that holds its arm in every engine.
#[allow(missing_docs)] // the names are the documentation
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    Integer,
    Logical,
    Rotate,
    Branch,
    LoadStore,
    Float,
    Vector,
    Vector128,
    System,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The operation that the row describes.
    pub op: Op,
    /// Rust identifier, unique: `addx`, `andi_rc`.
    pub name: &'static str,
    /// Mnemonic without Rc/OE/LK suffixes: `add`, `andi.`.
    pub mnemonic: &'static str,
    /// Layout of the instruction word.
    pub form: Form,
    /// A word belongs to the row if `word & mask == bits`.
    pub bits: u32,
    /// The bits of a word that select the row.
    pub mask: u32,
    /// Properties, as a set of `1 << Flag`.
    flags: u16,
    /// Operand kinds in assembler order.
    pub operands: &'static [Operand],
    /// Family of the instruction.
    pub family: Family,
    /// One-line description: the manual's name of the instruction.
    pub doc: &'static str,
}

impl Row {
    /// Whether the row has `flag`.
    pub const fn has(&self, flag: Flag) -> bool {
        self.flags & (1 << flag as u16) != 0
    }
}

macro_rules! define {
    ($($family:ident { $(#[doc = $doc:literal] $name:ident $form:ident $bits:literal $mask:literal
        $text:literal [$($flag:ident)*] ($($operand:ident)*);)* })*) => {
        /// An instruction of the table; `Op as usize` is its row number.
        #[allow(non_camel_case_types)] // mnemonics
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Op { $($(#[doc = $doc] $name,)*)* }

        /// All rows, indexed by `Op as usize`.
        pub static ROWS: &[Row] = &[$($(Row {
            op: Op::$name,
            name: stringify!($name),
            mnemonic: $text,
            form: Form::$form,
            bits: $bits,
            mask: $mask,
            flags: 0 $(| 1 << Flag::$flag as u16)*,
            operands: &[$(Operand::$operand),*],
            family: Family::$family,
            doc: $doc.trim_ascii(),
        },)*)*];

        /// Number of rows in the table.
        pub const OP_COUNT: usize = [$($(Op::$name),*),*].len();

        $(
            #[doc = concat!("The ", stringify!($family), " family: one method per row.")]
            pub trait $family: Semantics {
                $(#[doc = $doc] fn $name(&mut self, i: Instruction) -> Self::Output;)*
            }
        )*

        /// A type that implements every family trait.
        pub trait AllOps: $($family +)* {}
        impl<T: $($family +)*> AllOps for T {}

        /// Calls the method of `op`.
        #[inline]
        pub fn dispatch<V: AllOps + ?Sized>(to: &mut V, op: Op, i: Instruction) -> V::Output {
            match op { $($(Op::$name => to.$name(i),)*)* }
        }

        /// The method of `op` as a function pointer, for predecoded code.
        pub const fn handler<V: AllOps>(op: Op) -> fn(&mut V, Instruction) -> V::Output {
            match op { $($(Op::$name => V::$name,)*)* }
        }

        // Two rows overlap if a word matches both; rows that refine another are not allowed.
        const _: () = {
            const BITS: &[(u32, u32)] = &[$($(($bits, $mask)),*),*];
            let mut a = 0;
            while a < BITS.len() {
                assert!(BITS[a].0 & !BITS[a].1 == 0, "a row's match has bits outside its mask");
                let mut b = a + 1;
                while b < BITS.len() {
                    let common = BITS[a].1 & BITS[b].1;
                    assert!(BITS[a].0 & common != BITS[b].0 & common, "two rows overlap");
                    b += 1;
                }
                a += 1;
            }
        };
    };
}
crate::for_each_op!(define);

impl Op {
    /// The row of this operation.
    #[inline]
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Every operation, in table order.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        ROWS.iter().map(|row| row.op)
    }
}
