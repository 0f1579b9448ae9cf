//! Thunks of `lfs` and `stfs`: convert between the bits of a single and the double in an FPR.
//!
//! Both directions only move bits (PowerISA 2.02 book I, 4.6.2 and 4.6.3): signalling NaNs stay
//! signalling, nothing is rounded, and FPSCR and MXCSR are neither read nor changed. There is one
//! thunk for each FPR and direction, emitted on demand, so a use is a 5-byte call.
//!
//! | thunk | in | out | keeps |
//! |---|---|---|---|
//! | [`load`] | ecx: a single | the FPR | rax |
//! | [`store`] | the FPR | ecx: a single | |
//! | [`store_any`] | eax: the FPR's number | ecx: a single | |

use super::encode::*;
use super::map::{fpr, numbered_fpr};

/// 149: added to an integer's exponent, it gives the exponent in units of the smallest denormal
/// single.
const DENORMAL_SCALE: i32 = 149;

/// Code that sets FPR `n` to the double of the single in ecx.
pub(super) fn load(n: usize) -> Vec<u8> {
    let mut e = Encoder::new();
    e.op32(MOVD, XMM0, Rm::Reg(RCX));
    // The sign is dropped, and the smallest normal number becomes 0.
    e.lea_sum(Dword, RCX, RCX, RCX);
    e.imm(Dword, Imm::Sub, Rm::Reg(RCX), 1 << 24);
    // Normal numbers have the exponents 1 to 254.
    e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), 0xFE00_0000_u32.cast_signed());
    let special = e.jump_if_short(Condition::NOT_CARRY);
    let plain = e.len();
    // The conversion is exact and raises no flag.
    e.op32(CVTSS2SD, XMM0, Rm::Reg(XMM0));
    e.op32(MOVSD_STORE, XMM0, fpr(n));
    e.ret();
    e.land(special);
    e.imm(Dword, Imm::Add, Rm::Reg(RCX), 1 << 24);
    let zero = e.jump_if_short(Condition::EQUAL);
    e.set_short_distance(zero, plain);
    e.push(RAX);
    e.op32(MOVD_FROM, XMM0, Rm::Reg(RAX));
    e.imm(Dword, Imm::Cmp, Rm::Reg(RCX), 1 << 24);
    let denormal = e.jump_if_short(Condition::CARRY);
    // Infinities and NaNs: the exponent's three upper bits are set, for either sign.
    e.op64(MOVSXD, RAX, Rm::Reg(RAX));
    e.shift(Qword, Shift::Left, RAX, 29);
    e.raw(&[0x48, 0x0F, 0xBA, 0xE8, 60]); // bts rax, 60
    e.raw(&[0x48, 0x0F, 0xBA, 0xE8, 61]); // bts rax, 61
    e.raw(&[0x48, 0x0F, 0xBA, 0xE8, 62]); // bts rax, 62
    let done = e.len();
    e.store(fpr(n), RAX);
    e.pop(RAX);
    e.ret();
    e.land(denormal);
    // The fraction, converted as an integer, has the same significand bits; only the exponent
    // differs.
    e.shift(Dword, Shift::Right, RCX, 1);
    e.op32(CVTSI2SD, XMM1, Rm::Reg(RCX));
    e.op64(MOVD_FROM, XMM1, Rm::Reg(RCX));
    e.shift(Dword, Shift::Right, RAX, 31);
    e.shift(Qword, Shift::Left, RAX, 11);
    e.imm(Qword, Imm::Sub, Rm::Reg(RAX), DENORMAL_SCALE);
    e.shift(Qword, Shift::Left, RAX, 52);
    e.op64(ADD, RAX, Rm::Reg(RCX));
    let back = e.jump_short();
    e.set_short_distance(back, done);
    e.code().to_vec()
}

/// Code that sets ecx to the single that `stfs` stores of FPR `n`. Clobbers rax.
pub(super) fn store(n: usize) -> Vec<u8> {
    let mut e = Encoder::new();
    e.op64(MOV, RCX, fpr(n));
    narrow(e)
}

/// As [`store`], for the FPR whose number is in eax.
pub(super) fn store_any() -> Vec<u8> {
    let mut e = Encoder::new();
    e.op64(MOV, RCX, numbered_fpr(RAX));
    narrow(e)
}

/// Code that sets ecx to the single of the double in rcx.
fn narrow(mut e: Encoder) -> Vec<u8> {
    e.lea_sum(Qword, RAX, RCX, RCX);
    e.shift(Qword, Shift::Right, RAX, 53);
    // Above 896 bits are only moved; from 874 on the single is denormal (PowerISA 2.02 book I,
    // 4.6.3).
    e.imm(Dword, Imm::Cmp, Rm::Reg(RAX), 897);
    let small = e.jump_if_short(Condition::CARRY);
    let plain = e.len();
    e.op64(MOV, RAX, Rm::Reg(RCX));
    e.shift(Qword, Shift::Right, RCX, 32);
    // Bits 0 and 1 of the double, then its bits 5 to 34.
    e.imm(Dword, Imm::And, Rm::Reg(RCX), 0xC000_0000_u32.cast_signed());
    e.shift(Qword, Shift::Right, RAX, 29);
    e.imm(Dword, Imm::And, Rm::Reg(RAX), 0x3FFF_FFFF);
    e.op32(OR, RCX, Rm::Reg(RAX));
    e.ret();
    e.land(small);
    e.imm(Dword, Imm::Sub, Rm::Reg(RAX), 874);
    let denormal = e.jump_if_short(Condition::NOT_CARRY);
    // Zero, and values too small for any single.
    e.shift(Qword, Shift::Right, RCX, 63);
    e.shift(Qword, Shift::Left, RCX, 63);
    let zero = e.jump_short();
    e.set_short_distance(zero, plain);
    e.land(denormal);
    e.push(RCX);
    // 926 minus the exponent is the number of bits by which the significand is shifted right.
    e.unary(Dword, Unary::Neg, Rm::Reg(RAX));
    e.imm(Dword, Imm::Add, Rm::Reg(RAX), 926 - 874);
    e.raw(&[0x48, 0x91]); // xchg rax, rcx
    e.shift(Qword, Shift::Left, RAX, 11);
    e.raw(&[0x48, 0x0F, 0xBA, 0xE8, 63]); // bts rax, 63
    e.shift(Qword, Shift::Right, RAX, 11);
    e.shift_by_cl(Qword, Shift::Right, RAX);
    e.op32(MOV, RCX, Rm::Reg(RAX));
    e.pop(RAX);
    e.shift(Qword, Shift::Right, RAX, 63);
    e.shift(Dword, Shift::Left, RAX, 31);
    e.op32(OR, RCX, Rm::Reg(RAX));
    e.ret();
    e.code().to_vec()
}
