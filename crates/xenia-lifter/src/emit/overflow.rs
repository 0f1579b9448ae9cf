//! Changes of XER\[SO\]: since SO is a constant of the code's mode, compiled code is left after an
//! instruction that changes it.

use super::cache::{Cr, Xer};
use super::{HOST, Lifter};
use crate::host::{Leave, field};
use cranelift_codegen::ir::{InstBuilder, Value, types};

/// A possible change of XER\[SO\] by the instruction being lifted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SoChange {
    /// Nonzero if SO changes.
    pub(crate) condition: Value,
    /// Whether an overflow sets SO; it also sets OV, and CR0 gets a copy of SO.
    pub(crate) by_overflow: bool,
}

impl Lifter<'_> {
    /// After an instruction that may change SO: leaves if it did.
    pub(super) fn leave_if_so_changes(&mut self) {
        let Some(SoChange { condition, by_overflow }) = self.state.so_changes.take() else { return };
        let next = self.branch_to_cold(condition);
        self.with_kept_state(|l| {
            if by_overflow {
                let one = l.b.ins().iconst(types::I8, 1);
                l.set_xer(Xer::Ov, one);
                if l.guest.instruction.rc() {
                    let bits = l.cr_bits(0);
                    let bits = l.b.ins().bor_imm_s(bits, 1);
                    l.set_cr(0, Cr::Bits(bits));
                }
            }
            l.leave_with_changed_so();
        });
        self.b.switch_to_block(next);
    }

    /// Leaves after this instruction, which changes SO.
    pub(super) fn leave_with_changed_so(&mut self) {
        self.store_dirty();
        let ctx = self.context();
        let so = self.so();
        let so = self.b.ins().iconst(types::I8, 1 - so);
        self.b.ins().store(HOST, so, ctx, field::XER_SO);
        self.leave_after(Leave::Unwind);
    }
}
