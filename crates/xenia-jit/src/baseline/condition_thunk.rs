//! The thunks of `mfcr`, which gathers the condition register into a word (functions that save CR
//! begin with it), of `mfocrf`, and of the logical operations on its bits.
//!
//! Fields are decoded one by one, in the form described in `crate::runtime::hooks`. Each bit of the
//! word is shifted in from the carry flag, those of CR0 to CR3 into eax and the others into ebx, so
//! that the host runs the two chains in parallel.

use super::encode::*;
use super::map::cr;
use xenia_cpu::CR_FIELDS;

/// Shifts the bits of the field in rcx into a register, from the carry flag by `add` (an `adc` of
/// the register to itself). GT is inverted. Clobbers rdx.
fn shift_in(e: &mut Encoder, add: &[u8]) {
    // LT.
    e.bit_test(Rm::Reg(RCX), 62);
    e.raw(add);
    // NOT GT: the sign of (n - 1) | n is set unless n is greater than 0.
    e.lea(Qword, RDX, RCX, -1);
    e.op64(OR, RDX, Rm::Reg(RCX));
    e.op64(ADD, RDX, Rm::Reg(RDX));
    e.raw(add);
    // EQ.
    e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), 1);
    e.raw(add);
    // SO.
    e.lea_sum(Qword, RDX, RCX, RCX);
    e.op64(XOR, RDX, Rm::Reg(RCX));
    e.bit_test(Rm::Reg(RDX), 62);
    e.raw(add);
}

/// Code that gives the field in rcx the bit in eax, 0 or 1, at the place `bit` (0 is LT, 3 is SO).
/// Clobbers eax.
pub(super) fn condition_bit(bit: usize) -> Vec<u8> {
    let place = 3 - bit as u8;
    let mut e = Encoder::new();
    e.push(RDX);
    e.push(RBX);
    e.raw(&[0x31, 0xDB]); // xor ebx, ebx
    shift_in(&mut e, &[0x11, 0xDB]); // adc ebx, ebx
    e.imm(Dword, Imm::Xor, Rm::Reg(RBX), 4);
    e.imm(Dword, Imm::And, Rm::Reg(RBX), !(1 << place));
    if place != 0 {
        e.shift(Dword, Shift::Left, RAX, place);
    }
    e.op32(OR, RBX, Rm::Reg(RAX));
    e.address(RCX, CR_FIELDS.as_ptr() as u64);
    e.raw(&[0x48, 0x8B, 0x0C, 0xD9]); // mov rcx, [rcx + 8 rbx]
    e.pop(RBX);
    e.pop(RDX);
    e.ret();
    e.code().to_vec()
}

/// Code that puts the bits of the field in rcx into eax.
pub(super) fn condition_field() -> Vec<u8> {
    let mut e = Encoder::new();
    e.push(RDX);
    e.raw(&[0x31, 0xC0]); // xor eax, eax
    shift_in(&mut e, &[0x11, 0xC0]); // adc eax, eax
    e.imm(Dword, Imm::Xor, Rm::Reg(RAX), 4);
    e.pop(RDX);
    e.ret();
    e.code().to_vec()
}

/// Code that puts the condition register into eax. Clobbers ecx.
pub(super) fn condition_word() -> Vec<u8> {
    let mut e = Encoder::new();
    e.push(RDX);
    e.push(RBX);
    e.raw(&[0x31, 0xC0]); // xor eax, eax
    e.raw(&[0x31, 0xDB]); // xor ebx, ebx
    for (fields, add) in [(0..4, [0x11, 0xC0]), (4..8, [0x11, 0xDB])] {
        for field in fields {
            e.op64(MOV, RCX, cr(field));
            shift_in(&mut e, &add);
        }
    }
    e.shift(Dword, Shift::Left, RAX, 16);
    e.op32(OR, RAX, Rm::Reg(RBX));
    e.imm(Dword, Imm::Xor, Rm::Reg(RAX), 0x4444_4444);
    e.pop(RBX);
    e.pop(RDX);
    e.ret();
    e.code().to_vec()
}
