//! The PowerPC/VMX128 instruction set of Xenon: one table, from which everything else is derived.
//!
//! - [`table`](for_each_op): the rows. To add an instruction, add a row; the compiler then reports
//!   every missing arm.
//! - [`Op`], the family traits ([`Integer`] … [`System`]), [`dispatch`], [`handler`]: one item per
//!   row.
//! - [`Instruction`]: a word with accessors for every field; [`word`], [`mask`] and
//!   [`branch_options`] have the words and bits that are compared as numbers. Few other places take
//!   words apart: the kernel's unwinding of prologues, branches in the debugger, opcodes of single
//!   precision in the baseline tier.
//! - [`decode`]: word to [`Op`]; [`LoadSize`]: the bytes that an instruction loads.
//! - [`disassemble`], [`assemble`]: word to text and back, by one table of mnemonics.
//!
//! The crate holds no semantics. The interpreter and the lifter implement the family traits
//! independently, so that each can serve as the other's check.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod asm;
pub mod branch_options;
mod decode;
mod disasm;
mod fields;
mod load_size;
pub mod mask;
mod op;
mod operand;
mod registers;
mod simplified;
pub mod spr;
mod syntax;
#[macro_use]
mod table;
mod templates;
pub mod word;

pub use asm::{AsmError, Assembly, assemble};
pub use decode::decode;
pub use disasm::{Syntax, disassemble};
pub use fields::Instruction;
pub use load_size::LoadSize;
pub use op::*;
pub use operand::{Class, FieldError, Operand};
pub use registers::{NamedRegister, RegisterSet};
pub use templates::significant_bits;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
