//! Lifting of branches and condition-register logic.
//!
//! A branch ends its block. `bcctr` with a BO that decrements CTR is an invalid form; the lifted
//! code decrements CTR, tests it, and branches to the decremented address.

use super::Lifter;
use super::cache::{Cr, Special};
use crate::cfg::region::{Terminator, end_of};
use crate::host::Word;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use xenia_isa::branch_options::{IGNORES_CONDITION, IGNORES_COUNT, TAKEN_IF_SET, TAKEN_IF_ZERO};
use xenia_isa::{Branch, Instruction};

impl Lifter<'_> {
    /// Evaluates BO and BI, and decrements CTR as BO specifies. The result is nonzero if the branch
    /// is taken; `None` if it always is.
    fn taken(&mut self, i: Instruction) -> Option<Value> {
        let bo = i.bo();
        let mut condition = None;
        if bo & IGNORES_COUNT == 0 {
            let ctr = self.special(Special::Ctr);
            let ctr = self.b.ins().iadd_imm_s(ctr, -1);
            self.set_special(Special::Ctr, ctr);
            let count = self.mode_part(ctr);
            let code = if bo & TAKEN_IF_ZERO != 0 { IntCC::Equal } else { IntCC::NotEqual };
            condition = Some(self.b.ins().icmp_imm_s(code, count, 0));
        }
        if bo & IGNORES_CONDITION == 0 {
            let test = self.cr_test(i.bi(), bo & TAKEN_IF_SET != 0);
            condition = Some(match condition {
                Some(other) => self.b.ins().band(other, test),
                None => test,
            });
        }
        condition
    }

    /// Sets LR to the address after this instruction.
    pub(super) fn set_link(&mut self) {
        let next = self.const64(u64::from(self.guest.pc.wrapping_add(4)));
        self.set_special(Special::Lr, next);
    }

    /// Ends the block: `then` emits the code of the taken branch.
    fn branch(&mut self, condition: Option<Value>, then: impl FnOnce(&mut Self)) {
        let next = self.guest.pc.wrapping_add(4);
        match condition {
            None => then(self),
            Some(condition) => {
                let yes = self.b.create_block();
                if let Some((no, arguments)) = self.direct_edge(next) {
                    self.b.ins().brif(condition, yes, &[], no, &arguments);
                    self.b.switch_to_block(yes);
                    then(self);
                } else {
                    let no = self.b.create_block();
                    self.b.ins().brif(condition, yes, &[], no, &[]);
                    self.with_kept_state(|l| {
                        l.b.switch_to_block(yes);
                        then(l);
                    });
                    self.b.switch_to_block(no);
                    self.goto(next);
                }
            }
        }
        self.terminated = true;
    }

    /// Ends the block with a jump to `to` if `condition`, else to the next instruction.
    fn branch_to(&mut self, condition: Option<Value>, to: u32) {
        let next = self.guest.pc.wrapping_add(4);
        if condition.is_some() {
            self.store_for_both([to, next]);
        }
        let way = condition.and_then(|condition| Some((condition, self.direct_edge(to)?)));
        let Some((condition, (yes, taken))) = way else {
            self.branch(condition, |l| l.goto(to));
            return;
        };
        if let Some((no, arguments)) = self.direct_edge(next) {
            self.b.ins().brif(condition, yes, &taken, no, &arguments);
        } else {
            let no = self.b.create_block();
            self.b.ins().brif(condition, yes, &taken, no, &[]);
            self.b.switch_to_block(no);
            self.goto(next);
        }
        self.terminated = true;
    }

    fn immediate(&mut self, i: Instruction, condition: Option<Value>) {
        let pc = self.guest.pc;
        let end = end_of(pc, self.guest.op, i);
        if i.lk() {
            self.set_link();
        }
        match end {
            Terminator::Call { target } => self.branch(condition, |l| {
                l.flush();
                let address = l.linked(target);
                let to = l.const64(u64::from(target));
                l.call_guest(address, to, pc.wrapping_add(4));
            }),
            Terminator::Branch { taken, .. } => self.branch_to(condition, taken),
            // Unreachable: a branch is one of the two.
            _ => self.raise(),
        }
    }

    fn indirect(&mut self, i: Instruction, condition: Option<Value>, target: Value) {
        let target = self.b.ins().ireduce(types::I32, target);
        let target = self.b.ins().band_imm_s(target, -4);
        let target = self.b.ins().uextend(types::I64, target);
        let back = self.guest.pc.wrapping_add(4);
        if i.lk() {
            self.set_link();
            self.branch(condition, |l| {
                l.flush();
                let address = l.looked_up(target, Word::LinkedCode);
                l.call_guest(address, target, back);
            });
        } else {
            self.branch(condition, |l| {
                l.flush();
                l.switch_to(target);
            });
        }
    }

    /// CR bit `n` as an I8 of 0 or 1.
    fn cr_bit(&mut self, n: usize) -> Value {
        let (Cr::Bits(bits) | Cr::Float { bits, .. }) = self.cr_field(n / 4) else {
            return self.cr_test(n, true);
        };
        let bit = self.b.ins().ushr_imm_s(bits, 3 - (n % 4) as i64);
        self.b.ins().band_imm_s(bit, 1)
    }

    fn cr_logic(&mut self, i: Instruction, of: impl FnOnce(&mut Self, Value, Value) -> Value) {
        let a = self.cr_bit(i.crba());
        let b = self.cr_bit(i.crbb());
        let result = of(self, a, b);
        let result = self.b.ins().band_imm_s(result, 1);
        self.set_cr_bit(i.crbd() / 4, i.crbd() % 4, result);
    }
}

impl Lifter<'_> {
    /// `crset` and `crclr`.
    fn set_cr_constant(&mut self, i: Instruction, bit: bool) {
        let bit = self.b.ins().iconst(types::I8, i64::from(bit));
        self.set_cr_bit(i.crbd() / 4, i.crbd() % 4, bit);
    }
}

impl Branch for Lifter<'_> {
    fn bx(&mut self, i: Instruction) {
        self.immediate(i, None);
    }

    fn bcx(&mut self, i: Instruction) {
        let condition = self.taken(i);
        self.immediate(i, condition);
    }

    fn bcctrx(&mut self, i: Instruction) {
        let condition = self.taken(i);
        let target = self.special(Special::Ctr);
        self.indirect(i, condition, target);
    }

    fn bclrx(&mut self, i: Instruction) {
        let condition = self.taken(i);
        // Read before the link replaces it.
        let target = self.special(Special::Lr);
        if i.lk() {
            self.indirect(i, condition, target);
            return;
        }
        let target = self.b.ins().ireduce(types::I32, target);
        let target = self.b.ins().band_imm_s(target, -4);
        let target = self.b.ins().uextend(types::I64, target);
        // Uses the host's return stack: the caller's frame compares the address with the one it
        // expects.
        self.branch(condition, |l| {
            l.flush();
            l.return_guest(target);
        });
    }

    fn crand(&mut self, i: Instruction) {
        self.cr_logic(i, |l, a, b| l.b.ins().band(a, b));
    }

    fn crandc(&mut self, i: Instruction) {
        self.cr_logic(i, |l, a, b| l.b.ins().band_not(a, b));
    }

    fn creqv(&mut self, i: Instruction) {
        if i.crba() == i.crbb() {
            return self.set_cr_constant(i, true);
        }
        self.cr_logic(i, |l, a, b| {
            let differ = l.b.ins().bxor(a, b);
            l.b.ins().bnot(differ)
        });
    }

    fn crnand(&mut self, i: Instruction) {
        self.cr_logic(i, |l, a, b| {
            let and = l.b.ins().band(a, b);
            l.b.ins().bnot(and)
        });
    }

    fn crnor(&mut self, i: Instruction) {
        self.cr_logic(i, |l, a, b| {
            let or = l.b.ins().bor(a, b);
            l.b.ins().bnot(or)
        });
    }

    fn cror(&mut self, i: Instruction) {
        self.cr_logic(i, |l, a, b| l.b.ins().bor(a, b));
    }

    fn crorc(&mut self, i: Instruction) {
        self.cr_logic(i, |l, a, b| l.b.ins().bor_not(a, b));
    }

    fn crxor(&mut self, i: Instruction) {
        if i.crba() == i.crbb() {
            return self.set_cr_constant(i, false);
        }
        self.cr_logic(i, |l, a, b| l.b.ins().bxor(a, b));
    }

    fn mcrf(&mut self, i: Instruction) {
        let field = self.cr_field(i.crfs());
        self.set_cr(i.crfd(), field);
    }
}
