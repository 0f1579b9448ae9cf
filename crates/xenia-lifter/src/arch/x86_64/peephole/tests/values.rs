//! Values of the abstract processor, and sizes and implied operands of instructions.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

/// A number that depends on both.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.rotate_left(23) ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// A vector of random bytes.
pub(super) fn wide(a: u64, b: u64) -> u128 {
    u128::from(mix(a, b)) << 64 | u128::from(mix(a, !b))
}

/// The low `size` bytes.
pub(super) fn cut(value: u128, size: usize) -> u128 {
    if size >= 16 { value } else { value & ((1 << (8 * size)) - 1) }
}

/// Whether a register is the second byte of another.
pub(super) fn is_second_byte(register: Register) -> bool {
    matches!(register, Register::AH | Register::BH | Register::CH | Register::DH)
}

/// Size in bytes of the first operand, and of all of an instruction without one.
pub(super) fn size_of_first(i: &Instruction) -> usize {
    match (i.op_count(), i.op0_kind()) {
        (0, _) => 8,
        (_, OpKind::Memory) => i.memory_size().size(),
        _ => i.op0_register().size(),
    }
}

/// General registers that an instruction reads and writes besides its operands, of 32 or 64 bits.
pub(super) fn implicit(i: &Instruction) -> (&'static [usize], &'static [usize]) {
    match i.mnemonic() {
        Mnemonic::Mul => (&[0], &[0, 2]),
        Mnemonic::Div => (&[0, 2], &[0, 2]),
        Mnemonic::Mulx => (&[2], &[]),
        Mnemonic::Cmpxchg => (&[0], &[0]),
        Mnemonic::Cqo => (&[0], &[2]),
        _ => (&[], &[]),
    }
}
