//! The PowerPC/VMX128 instruction set of Xenon: one table, and what is derived from it.
//!
//! - [`table`](for_each_op): the rows. To add an instruction, add one; the compiler then names every
//!   place that lacks an arm.
//! - [`Op`], the family traits ([`Integer`] … [`System`]), [`dispatch`], [`handler`]: one item per row.
//! - [`Instruction`]: a word with accessors for every field; nobody else knows a bit position.
//! - [`decode`]: word to [`Op`].
//!
//! The crate holds no semantics. The interpreter and the lifter implement the family traits apart
//! from each other, so that each can serve as the other's check.
#![forbid(unsafe_code)]

mod decode;
mod fields;
mod op;
#[macro_use]
mod table;

pub use decode::decode;
pub use fields::Instruction;
pub use op::*;
