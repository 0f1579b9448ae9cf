//! Division: divisors for which the host's instruction would trap are handled off the hot path.

use super::Lifter;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, BlockArg, InstBuilder, Value, types};
use xenia_isa::Instruction;

impl Lifter<'_> {
    /// The quotient of `a` and `b`, or 0 if it is undefined. Divisors for which it may be are rare,
    /// so a cold block deals with them: 0, and −1 if `signed`.
    pub(super) fn quotient(&mut self, i: Instruction, a: Value, b: Value, signed: bool) -> Value {
        let ty = self.b.func.dfg.value_type(b);
        let divide = |l: &mut Self| {
            if signed { l.b.ins().sdiv(a, b) } else { l.b.ins().udiv(a, b) }
        };
        let is_usual = |divisor: i64| divisor != 0 && !(signed && divisor == -1);
        if self.constant(b).is_some_and(is_usual) {
            if i.oe() {
                let none = self.b.ins().iconst(types::I8, 0);
                self.set_overflow(none);
            }
            return divide(self);
        }
        let unusual = if signed {
            // At most 1 for divisors of -1 and 0 alone.
            let above = self.b.ins().iadd_imm_s(b, 1);
            self.b.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, above, 1)
        } else {
            self.b.ins().icmp_imm_s(IntCC::Equal, b, 0)
        };
        let [cold, usual, done] = [(); 3].map(|()| self.b.create_block());
        self.b.set_cold_block(cold);
        let quotient = self.b.append_block_param(done, ty);
        let bad = i.oe().then(|| self.b.append_block_param(done, types::I8));
        self.b.ins().brif(unusual, cold, &[], usual, &[]);
        self.b.seal_block(cold);
        self.b.seal_block(usual);
        self.b.switch_to_block(cold);
        let zero = self.b.ins().iconst(ty, 0);
        let (result, is_bad) = if signed {
            // Of −1 the quotient is the negative of `a`. The minimum has none.
            let negative = self.b.ins().ineg(a);
            let minimum = if ty == types::I64 { i64::MIN } else { i64::from(i32::MIN) };
            let least = self.b.ins().icmp_imm_s(IntCC::Equal, a, minimum);
            let is_zero = self.b.ins().icmp_imm_s(IntCC::Equal, b, 0);
            let is_bad = self.b.ins().bor(least, is_zero);
            (self.b.ins().select(is_bad, zero, negative), is_bad)
        } else {
            (zero, self.b.ins().iconst(types::I8, 1))
        };
        self.finish_quotient(done, result, bad.map(|_| is_bad));
        self.b.switch_to_block(usual);
        let result = divide(self);
        let is_bad = bad.map(|_| self.b.ins().iconst(types::I8, 0));
        self.finish_quotient(done, result, is_bad);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        if let Some(bad) = bad {
            self.set_overflow(bad);
        }
        quotient
    }

    /// Continues at `done` with a quotient, and whether it is undefined.
    fn finish_quotient(&mut self, done: ir::Block, quotient: Value, bad: Option<Value>) {
        let arguments: Vec<BlockArg> =
            [Some(quotient), bad].into_iter().flatten().map(BlockArg::Value).collect();
        self.b.ins().jump(done, &arguments);
    }
}
