//! Floating-point moves, which change no bits but the sign.

use super::Templates;
use crate::baseline::encode::{MOV, RAX};
use crate::baseline::map::fpr;
use xenia_isa::{Instruction, Op};

impl Templates {
    pub(super) fn float(&mut self, op: Op, i: Instruction) -> bool {
        // Record forms copy FPSCR to CR1.
        if i.rc() {
            return false;
        }
        // btr, bts and btc of bit 63 of rax.
        let sign: &[u8] = match op {
            Op::fmrx => &[],
            Op::fabsx => &[0x48, 0x0F, 0xBA, 0xF0, 63],
            Op::fnabsx => &[0x48, 0x0F, 0xBA, 0xE8, 63],
            Op::fnegx => &[0x48, 0x0F, 0xBA, 0xF8, 63],
            _ => return false,
        };
        self.e.op64(MOV, RAX, fpr(i.fb()));
        if !sign.is_empty() {
            self.e.raw(sign);
        }
        self.e.store(fpr(i.fd()), RAX);
        true
    }
}
