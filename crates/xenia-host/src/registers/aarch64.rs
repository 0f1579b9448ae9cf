//! Registers of AArch64, numbered as in machine code.

/// General registers, indexed by their numbers, then the stack pointer.
pub type Registers = [u64; 32];
/// Vector registers as little-endian words.
pub type Vectors = [u128; 32];

/// Encoding of x21 in machine code.
pub const X21: usize = 21;
/// Number of the stack pointer. Instructions mean it by 31 where an address is computed; elsewhere
/// 31 is a register that reads as zero.
pub const STACK_POINTER: usize = 31;
