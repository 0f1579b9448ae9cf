//! Registers of x86-64, numbered as in machine code.

/// General registers, indexed by their numbers.
pub type Registers = [u64; 16];
/// Vector registers' low 128 bits as little-endian words.
pub type Vectors = [u128; 16];

/// Number of rbp.
pub const RBP: usize = 5;
/// Number of rsi.
pub const RSI: usize = 6;
/// Number of rdi.
pub const RDI: usize = 7;
/// Number of r15.
pub const R15: usize = 15;
/// Number of the stack pointer, rsp.
pub const STACK_POINTER: usize = 4;
