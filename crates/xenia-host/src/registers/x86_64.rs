//! Registers of x86-64, numbered as in machine code.

/// General registers, indexed by their numbers.
pub type Registers = [u64; 16];
/// Vector registers' low 128 bits as little-endian words.
pub type Vectors = [u128; 16];

/// Encoding of rbp in machine code.
pub const RBP: usize = 5;
/// Encoding of rsi in machine code.
pub const RSI: usize = 6;
/// Encoding of rdi in machine code.
pub const RDI: usize = 7;
/// Encoding of r15 in machine code.
pub const R15: usize = 15;
/// Number of the stack pointer, rsp.
pub const STACK_POINTER: usize = 4;
