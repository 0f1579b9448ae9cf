//! Templates for floating point: moves inline, arithmetic through thunks.

use super::{CodeThunk, Templates};
use crate::baseline::encode::{MOV, RAX, RCX};
use crate::baseline::float_thunks::{FloatGroup, has_float_thunk, packed_operands};
use crate::baseline::map::{cr, fpr};
use xenia_isa::{Instruction, Op};

impl Templates {
    pub(super) fn float(&mut self, op: Op, i: Instruction) -> bool {
        // btr, bts and btc of bit 63 of rax.
        let sign: &[u8] = match op {
            Op::fmrx => &[],
            Op::fabsx => &[0x48, 0x0F, 0xBA, 0xF0, 63],
            Op::fnabsx => &[0x48, 0x0F, 0xBA, 0xE8, 63],
            Op::fnegx => &[0x48, 0x0F, 0xBA, 0xF8, 63],
            _ => return self.arithmetic(op, i),
        };
        // Record forms copy FPSCR to CR1.
        if i.rc() {
            return false;
        }
        self.e.op64(MOV, RAX, fpr(i.fb()));
        if !sign.is_empty() {
            self.e.raw(sign);
        }
        self.e.store(fpr(i.fd()), RAX);
        true
    }

    /// Emits rows that call a thunk (`crate::baseline::float_thunks`).
    fn arithmetic(&mut self, op: Op, i: Instruction) -> bool {
        let compares = matches!(op, Op::fcmpo | Op::fcmpu);
        if i.rc() && !compares || !has_float_thunk(op, self.options.features.fma) {
            return false;
        }
        self.e.word(RAX, packed_operands(op, i));
        self.call(CodeThunk::Float(FloatGroup::of(op)));
        if compares {
            self.e.store(cr(i.crfd()), RCX);
        }
        true
    }
}
