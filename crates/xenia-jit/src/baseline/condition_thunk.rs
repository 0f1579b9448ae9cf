//! The thunk of `mfcr`: gathers the condition register into a word in eax. Functions that save CR
//! begin with `mfcr`.
//!
//! Fields are decoded one by one, in the form described in `crate::runtime::hooks`. Each bit of the
//! word is shifted in from the carry flag, those of CR0 to CR3 into eax and the others into ebx, so
//! that the host runs the two chains in parallel.

use super::encode::*;
use super::map::cr;

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
            // LT.
            e.raw(&[0x48, 0x0F, 0xBA, 0xE1, 62]); // bt rcx, 62
            e.raw(&add);
            // NOT GT: the sign of (n - 1) | n is set unless n is greater than 0.
            e.lea(true, RDX, RCX, -1);
            e.op64(OR, RDX, Rm::Reg(RCX));
            e.op64(ADD, RDX, Rm::Reg(RDX));
            e.raw(&add);
            // EQ.
            e.imm(false, Imm::Cmp, Rm::Reg(RCX), 1);
            e.raw(&add);
            // SO.
            e.lea_sum(true, RDX, RCX, RCX);
            e.op64(XOR, RDX, Rm::Reg(RCX));
            e.raw(&[0x48, 0x0F, 0xBA, 0xE2, 62]); // bt rdx, 62
            e.raw(&add);
        }
    }
    e.shift(false, Shift::Left, RAX, 16);
    e.op32(OR, RAX, Rm::Reg(RBX));
    e.imm(false, Imm::Xor, Rm::Reg(RAX), 0x4444_4444);
    e.pop(RBX);
    e.pop(RDX);
    e.ret();
    e.code().to_vec()
}
