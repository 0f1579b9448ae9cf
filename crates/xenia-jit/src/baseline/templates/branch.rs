//! Templates for the tests of conditional branches.

use super::Templates;
use crate::baseline::encode::{Condition, Dword, Imm, MOV, Qword, RAX, Rm, Shift, TEST};
use crate::baseline::map::{CTR, cr};
use xenia_isa::Instruction;
use xenia_isa::branch_options::{ALWAYS, IGNORES_CONDITION, IGNORES_COUNT, TAKEN_IF_SET, TAKEN_IF_ZERO};

impl Templates {
    /// Emits the CTR test of a conditional branch that tests a condition as well: decrements CTR
    /// and jumps over the rest if the branch is not taken. Returns the field of that jump, or
    /// `None`, with nothing emitted, for other branches.
    pub(in crate::baseline) fn count_guard(&mut self, i: Instruction) -> Option<usize> {
        if i.bo() & ALWAYS != 0 {
            return None;
        }
        let condition = self.count_down(i);
        Some(self.e.jump_if_short(condition.not()))
    }

    /// Emits the test of a conditional branch. Returns the host condition under which it is taken,
    /// or `None` if it always is. Decrements CTR if CTR is all that it tests; otherwise
    /// [`Self::count_guard`] has done so.
    pub(in crate::baseline) fn branch_condition(&mut self, i: Instruction) -> Option<Condition> {
        if i.bo() & IGNORES_CONDITION != 0 {
            return (i.bo() & IGNORES_COUNT == 0).then(|| self.count_down(i));
        }
        let condition = self.field_test(i.bi() >> 2, i.bi() & 3);
        Some(if i.bo() & TAKEN_IF_SET != 0 { condition } else { condition.not() })
    }

    /// Decrements CTR. Returns the condition under which the CTR test passes.
    fn count_down(&mut self, i: Instruction) -> Condition {
        self.e.imm(Qword, Imm::Sub, CTR, 1);
        // 32-bit mode: the low word decides.
        self.e.imm(Dword, Imm::Cmp, CTR, 0);
        if i.bo() & TAKEN_IF_ZERO != 0 { Condition::EQUAL } else { Condition::NOT_EQUAL }
    }

    /// Tests a bit of a condition register field: 0 is LT, 3 is SO.
    pub(super) fn field_test(&mut self, field: usize, bit: usize) -> Condition {
        let place = cr(field);
        let is_live = self.e.flags == Some(field as u8);
        match (bit, place) {
            (0, _) if is_live => Condition::LESS,
            (1, _) if is_live => Condition::GREATER,
            (2, _) if is_live => Condition::EQUAL,
            (0, place) => {
                self.e.bit_test(place, 62);
                Condition::CARRY
            }
            (1, Rm::Reg(reg)) => {
                self.e.op64(TEST, reg, place);
                Condition::GREATER
            }
            (1, place) => {
                self.e.imm(Qword, Imm::Cmp, place, 0);
                Condition::GREATER
            }
            (2, Rm::Reg(reg)) => {
                self.e.op32(TEST, reg, place);
                Condition::EQUAL
            }
            (2, place) => {
                self.e.imm(Dword, Imm::Cmp, place, 0);
                Condition::EQUAL
            }
            // SO is bit 61 xor bit 62.
            (_, place) => {
                self.e.op64(MOV, RAX, place);
                self.e.shift(Qword, Shift::Right, RAX, 61);
                // An odd number of ones among the two is their XOR.
                self.e.test_al(3);
                Condition::PARITY_EVEN.not()
            }
        }
    }
}
