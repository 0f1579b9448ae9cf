//! Address computation for fixed-point and floating-point loads and stores, by addressing form.
//!
//! Effective addresses have 32 bits in both computation modes. Update forms write the address to
//! RA: zero-extended from 32 bits in 32-bit mode, all 64 bits in 64-bit mode.

use super::Lifter;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use xenia_isa::Instruction;

/// Address operand of an access: a host address and a displacement.
#[derive(Clone, Copy)]
pub(super) struct AddressOperand {
    pub(super) address: Value,
    pub(super) displacement: i32,
    /// For update forms: the new value of RA.
    pub(super) update: Option<Value>,
}

impl AddressOperand {
    /// The operand `bytes` further on.
    pub(super) fn offset(self, bytes: i32) -> Self {
        Self { displacement: self.displacement + bytes, ..self }
    }
}

/// Address operands by addressing form.
impl Lifter<'_> {
    /// RA, or 0 for r0, and a displacement: D and DS forms.
    pub(super) fn place_d(&mut self, i: Instruction, displacement: i64) -> AddressOperand {
        let address = self.base_address(i.ra());
        AddressOperand { address, displacement: displacement as i32, update: None }
    }

    /// The sum of RA, or 0 for r0, and RB: X forms.
    pub(super) fn place_x(&mut self, i: Instruction) -> AddressOperand {
        let ea = self.ea_x(i);
        AddressOperand { address: self.host_address(ea), displacement: 0, update: None }
    }

    /// RA and a displacement, whose sum RA gets: update forms of D and DS.
    pub(super) fn place_du(&mut self, i: Instruction, displacement: i64) -> AddressOperand {
        let a = if self.config.mode.wide { self.gpr(i.ra()) } else { self.gpr32(i.ra()) };
        let ea = self.b.ins().iadd_imm_s(a, displacement);
        self.place_update(ea)
    }

    /// The sum of RA and RB, which RA gets: update forms of X.
    pub(super) fn place_ux(&mut self, i: Instruction) -> AddressOperand {
        let (a, b) = if self.config.mode.wide {
            (self.gpr(i.ra()), self.gpr(i.rb()))
        } else {
            (self.gpr32(i.ra()), self.gpr32(i.rb()))
        };
        let ea = self.b.ins().iadd(a, b);
        self.place_update(ea)
    }

    /// The operand at `ea`, which RA gets: a doubleword in 64-bit mode, otherwise a word.
    fn place_update(&mut self, ea: Value) -> AddressOperand {
        let wide = self.config.mode.wide;
        let low = if wide { self.b.ins().ireduce(types::I32, ea) } else { ea };
        let low = self.b.ins().uextend(types::I64, low);
        let update = if wide { ea } else { low };
        AddressOperand { address: self.host_address(low), displacement: 0, update: Some(update) }
    }

    /// Writes the address to RA, if the form is one of update.
    pub(super) fn update(&mut self, i: Instruction, place: AddressOperand) {
        match place.update {
            Some(ea) if self.config.mode.wide => self.set_gpr(i.ra(), ea),
            Some(ea) => self.set_gpr_low(i.ra(), ea, None),
            None => {}
        }
    }
}

/// Big-endian data: one host access and a byte swap.
impl Lifter<'_> {
    /// Loads a big-endian value of type `ty`.
    pub(super) fn load_big(&mut self, ty: Type, place: AddressOperand) -> Value {
        let value = self.load_guest(ty, place.address, place.displacement);
        if ty == types::I8 { value } else { self.b.ins().bswap(value) }
    }

    pub(super) fn store_big(&mut self, value: Value, place: AddressOperand) {
        let value = self.bytes_reversed(value);
        self.store_guest(value, place.address, place.displacement);
    }
}
