//! Permutes, and the masks of `lvsl` and `lvsr`.

use super::super::Lifter;
use super::VectorForm;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_isa::Instruction;

impl Lifter<'_> {
    pub(crate) fn permute(&mut self, d: usize, a: usize, b: usize, c: usize) {
        let same = a == b;
        let a = self.vr(a);
        let b = self.vr(b);
        let c = self.vr(c);
        let fifteen = self.vector_constant(|_| 15);
        // Byte p is lane 15 − p.
        let index = self.b.ins().band_not(fifteen, c);
        let from_a = self.shuffled(a, index);
        let result = if same {
            from_a
        } else {
            let from_b = self.shuffled(b, index);
            let sixteen = self.vector_constant(|_| 16);
            let second = self.b.ins().band(c, sixteen);
            let second = self.b.ins().icmp(IntCC::Equal, second, sixteen);
            self.b.ins().bitselect(second, from_b, from_a)
        };
        self.set_vr(d, result);
    }

    /// Selects bytes of `from` by lane number: 0 to 15, or with bit 7 set for a zero.
    pub(super) fn shuffled(&mut self, from: Value, lanes: Value) -> Value {
        if self.config.has_pshufb {
            self.b.ins().x86_pshufb(from, lanes)
        } else {
            self.b.ins().swizzle(from, lanes)
        }
    }

    pub(crate) fn pick(&mut self, form: VectorForm, from: impl Fn(u8) -> u8) {
        let [a, b] = [form.a, form.b].map(|n| self.vr(n));
        let result = self.pick_bytes(a, b, from);
        self.set_vr(form.d, result);
    }

    pub(crate) fn shift_left_mask(&mut self, i: Instruction, d: usize) {
        let amount = self.shift_amount(i);
        let first = self.vector_constant(|k| k);
        let result = self.b.ins().iadd(first, amount);
        self.set_vr(d, result);
    }

    pub(crate) fn shift_right_mask(&mut self, i: Instruction, d: usize) {
        let amount = self.shift_amount(i);
        let first = self.vector_constant(|k| 16 + k);
        let result = self.b.ins().isub(first, amount);
        self.set_vr(d, result);
    }

    /// The low four bits of the address, in every byte.
    pub(super) fn shift_amount(&mut self, i: Instruction) -> Value {
        let ea = self.ea_x(i);
        let amount = self.b.ins().ireduce(types::I8, ea);
        let amount = self.b.ins().band_imm_s(amount, 15);
        self.b.ins().splat(types::I8X16, amount)
    }
}
