//! The thunks of `mfcr`, which gathers the condition register into a word (functions that save CR
//! begin with it), of `mfocrf`, and of the logical operations on its bits.
//!
//! Fields have the form described in `crate::runtime::hooks`. The bits of a single one are shifted
//! in from the carry flag; those of the whole register are gathered from vectors of the fields.

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

/// Code that puts the condition register into eax. Clobbers xmm0 to xmm6.
pub(super) fn condition_word() -> Vec<u8> {
    let mut e = Encoder::new();
    load_fields(&mut e);
    decode_fields(&mut e);
    e.op32(MOVD_FROM, XMM4, Rm::Reg(RAX));
    e.swap(Dword, RAX);
    e.imm(Dword, Imm::Xor, Rm::Reg(RAX), 0x4444_4444);
    e.ret();
    e.code().to_vec()
}

/// An operation of SSE with an 8-bit value. A shift has its number in the place of the register.
fn by_value(e: &mut Encoder, form: Form, reg: HostReg, rm: HostReg, value: u8) {
    e.op32(form, reg, Rm::Reg(rm));
    e.raw(&[value]);
}

/// The low words of the fields in xmm0 (CR0 to CR3) and xmm2, their high words in xmm4 and xmm5. By
/// loads of 64 bits, because hosts do not forward two stores to one load.
fn load_fields(e: &mut Encoder) {
    for (pair, reg) in [XMM0, XMM1, XMM2, XMM3].into_iter().enumerate() {
        match cr(2 * pair) {
            Rm::Reg(first) => e.op64(MOVD, reg, Rm::Reg(first)),
            place => e.op32(MOVQ, reg, place),
        }
        e.op32(MOVHPS, reg, cr(2 * pair + 1));
    }
    for (low, other, high) in [(XMM0, XMM1, XMM4), (XMM2, XMM3, XMM5)] {
        e.op32(MOVAPS, high, Rm::Reg(low));
        // Words 0 and 2 of both registers, and words 1 and 3.
        by_value(e, SHUFPS, low, other, 0x88);
        by_value(e, SHUFPS, high, other, 0xDD);
    }
}

/// The bits of the fields, GT inverted, in the low word of xmm4, CR0 and CR1 in the lowest byte.
fn decode_fields(e: &mut Encoder) {
    let two = |e: &mut Encoder, form: Form, to: HostReg, from: HostReg| e.op32(form, to, Rm::Reg(from));
    two(e, XORPS, XMM1, XMM1);
    // Halfwords in xmm3: all ones if the field is 0.
    two(e, MOVAPS, XMM3, XMM0);
    two(e, MOVAPS, XMM6, XMM2);
    two(e, POR, XMM3, XMM4);
    two(e, POR, XMM6, XMM5);
    two(e, PCMPEQD, XMM3, XMM1);
    two(e, PCMPEQD, XMM6, XMM1);
    two(e, PACKSSDW, XMM3, XMM6);
    // In xmm0: all ones if the low word is 0, which is EQ.
    two(e, PCMPEQD, XMM0, XMM1);
    two(e, PCMPEQD, XMM2, XMM1);
    two(e, PACKSSDW, XMM0, XMM2);
    // In xmm4: bits 61 to 63. In xmm1: bits 62 (LT) and 63.
    by_value(e, SHIFT_WORDS, SHIFT_RIGHT_SIGNED, XMM4, 29);
    by_value(e, SHIFT_WORDS, SHIFT_RIGHT_SIGNED, XMM5, 29);
    two(e, PACKSSDW, XMM4, XMM5);
    two(e, MOVAPS, XMM1, XMM4);
    by_value(e, SHIFT_HALFWORDS, SHIFT_RIGHT_SIGNED, XMM1, 1);
    // NOT GT: negative or 0. SO: bit 61 xor bit 62.
    two(e, POR, XMM3, XMM4);
    two(e, PXOR, XMM4, XMM1);
    // Single bits.
    two(e, PCMPEQD, XMM5, XMM5);
    by_value(e, SHIFT_HALFWORDS, SHIFT_RIGHT, XMM5, 15);
    by_value(e, SHIFT_HALFWORDS, SHIFT_RIGHT, XMM3, 15);
    for reg in [XMM0, XMM1, XMM4] {
        two(e, PAND, reg, XMM5);
    }
    // LT, GT, EQ and SO.
    two(e, PADDW, XMM1, XMM1);
    two(e, PADDW, XMM1, XMM3);
    two(e, PADDW, XMM1, XMM1);
    two(e, PADDW, XMM1, XMM0);
    two(e, PADDW, XMM1, XMM1);
    two(e, PADDW, XMM4, XMM1);
    // A byte of two fields, the first one in its upper half, from each word.
    two(e, MOVAPS, XMM1, XMM4);
    by_value(e, SHIFT_WORDS, SHIFT_LEFT, XMM4, 28);
    by_value(e, SHIFT_WORDS, SHIFT_RIGHT, XMM4, 24);
    by_value(e, SHIFT_WORDS, SHIFT_RIGHT, XMM1, 16);
    two(e, POR, XMM4, XMM1);
    two(e, PACKSSDW, XMM4, XMM4);
    two(e, PACKUSWB, XMM4, XMM4);
}
