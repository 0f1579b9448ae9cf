//! Constant folding in the lifter.
//!
//! PowerPC code builds addresses and masks from two halves, and stores constants. Cranelift's
//! optimiser would fold them, but it is disabled (docs/src/decisions/0053-optimisation.md),
//! so the arms for such instructions fold here. A constant occupies no host register: it is
//! rematerialised at its use or becomes an immediate.

use super::Lifter;
use cranelift_codegen::ir::{InstBuilder, InstructionData, Opcode, Type, Value, types};

impl Lifter<'_> {
    /// A 64-bit constant.
    pub(crate) fn const64(&mut self, value: u64) -> Value {
        self.b.ins().iconst(types::I64, value as i64)
    }

    /// A 32-bit constant.
    pub(crate) fn const32(&mut self, value: u32) -> Value {
        self.b.ins().iconst(types::I32, i64::from(value as i32))
    }

    /// The sign-extended value of an integer of up to 64 bits, if it is a constant.
    pub(super) fn constant(&self, value: Value) -> Option<i64> {
        let dfg = &self.b.func.dfg;
        let inst = dfg.value_def(value).inst()?;
        let InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } = dfg.insts[inst] else { return None };
        let unused = 64 - dfg.value_type(value).bits();
        Some(imm.bits() << unused >> unused)
    }

    /// The constant `number` truncated to type `ty`.
    fn const_of(&mut self, ty: Type, number: i64) -> Value {
        self.b.ins().iconst(ty, number)
    }

    /// `value` plus `addend`.
    pub(super) fn plus(&mut self, value: Value, addend: i64) -> Value {
        match self.constant(value) {
            Some(constant) => {
                let ty = self.b.func.dfg.value_type(value);
                self.const_of(ty, constant.wrapping_add(addend))
            }
            None => self.b.ins().iadd_imm_s(value, addend),
        }
    }

    /// `value` with the bits of `mask` set.
    pub(super) fn with_bits(&mut self, value: Value, mask: i64) -> Value {
        match self.constant(value) {
            _ if mask == 0 => value,
            Some(constant) => {
                let ty = self.b.func.dfg.value_type(value);
                self.const_of(ty, constant | mask)
            }
            None => self.b.ins().bor_imm_s(value, mask),
        }
    }

    /// `value` truncated to type `ty`.
    pub(super) fn low_part_of(&mut self, ty: Type, value: Value) -> Value {
        match self.constant(value) {
            Some(constant) => self.const_of(ty, constant),
            None => self.b.ins().ireduce(ty, value),
        }
    }

    /// Zero-extends a word to 64 bits.
    pub(super) fn zero_extended(&mut self, word: Value) -> Value {
        match self.constant(word) {
            Some(constant) => self.const_of(types::I64, i64::from(constant as u32)),
            None => self.b.ins().uextend(types::I64, word),
        }
    }

    /// Sign-extends a word to 64 bits.
    pub(super) fn sign_extended(&mut self, word: Value) -> Value {
        match self.constant(word) {
            Some(constant) => self.const_of(types::I64, constant),
            None => self.b.ins().sextend(types::I64, word),
        }
    }

    /// `a` minus `b`.
    pub(super) fn minus(&mut self, a: Value, b: Value) -> Value {
        match self.constant(b) {
            Some(0) => a,
            Some(constant) => self.plus(a, constant.wrapping_neg()),
            None => self.b.ins().isub(a, b),
        }
    }

    /// `value` with its bytes reversed.
    pub(super) fn bytes_reversed(&mut self, value: Value) -> Value {
        let ty = self.b.func.dfg.value_type(value);
        match self.constant(value) {
            _ if ty == types::I8 => value,
            Some(constant) => self.const_of(ty, constant.swap_bytes() >> (64 - ty.bits())),
            None => self.b.ins().bswap(value),
        }
    }
}
