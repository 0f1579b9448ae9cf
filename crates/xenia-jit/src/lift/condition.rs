//! Fields of the condition register in the context, which may be owed ([`crate::conditions`]).

use super::cache::{Cr, cr_offset};
use super::{HOST, Lifter};
use crate::conditions::{OWED, UNSIGNED};
use crate::hooks::Hook;
use crate::host::{COMPARED, displacement};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use std::mem::offset_of;
use xenia_cpu::PpcContext;

/// Where the operands of an owed field are.
fn operands_offset(field: usize) -> i32 {
    displacement(offset_of!(PpcContext, host) + 8 * (COMPARED + field))
}

impl Lifter<'_> {
    /// Stores a field: a compare of words as its operands, anything else as its nibble.
    pub(super) fn store_field(&mut self, field: usize) {
        let ctx = self.context();
        let value = match self.cache.cr[field] {
            Some(Cr::Compare { a, b, signed }) if self.b.func.dfg.value_type(a) == types::I32 => {
                self.b.ins().store(HOST, a, ctx, operands_offset(field));
                self.b.ins().store(HOST, b, ctx, operands_offset(field) + 4);
                self.cache.settled = false;
                let mark = if signed { OWED } else { OWED | UNSIGNED };
                self.b.ins().iconst(types::I8, i64::from(mark))
            }
            _ => match self.cr(field, false) {
                Some(bits) => bits,
                None => return,
            },
        };
        self.b.ins().store(HOST, value, ctx, cr_offset(field));
    }

    /// A field of the context as a nibble in an I8.
    pub(super) fn load_field(&mut self, field: usize) -> Value {
        let ctx = self.context();
        let bits = self.b.ins().load(types::I8, HOST, ctx, cr_offset(field));
        if self.cache.settled {
            return bits;
        }
        let owed = self.b.create_block();
        let done = self.b.create_block();
        self.b.set_cold_block(owed);
        let result = self.b.append_block_param(done, types::I8);
        let test = self.b.ins().band_imm_s(bits, i64::from(OWED));
        self.b.ins().brif(test, owed, &[], done, &[bits.into()]);
        self.b.switch_to_block(owed);
        let a = self.b.ins().load(types::I32, HOST, ctx, operands_offset(field));
        let b = self.b.ins().load(types::I32, HOST, ctx, operands_offset(field) + 4);
        // Unsigned operands are in the order of signed ones if the halves of the numbers change places.
        let unsigned = self.b.ins().uextend(types::I32, bits);
        let unsigned = self.b.ins().ishl_imm_s(unsigned, i64::from(31 - UNSIGNED.trailing_zeros()));
        let turned = self.b.ins().band_imm_s(unsigned, i64::from(i32::MIN));
        let a = self.b.ins().bxor(a, turned);
        let b = self.b.ins().bxor(b, turned);
        // SO is what it was when the compare was made: it would have been settled before.
        let so = self.b.ins().load(types::I8, HOST, ctx, displacement(offset_of!(PpcContext, xer_so)));
        let bits = self.nibble(a, b, true, so);
        self.b.ins().jump(done, &[bits.into()]);
        self.b.switch_to_block(done);
        result
    }

    /// From here on no field of the context is owed. Gives CR as a word, with the fields that the context has.
    pub(super) fn settle_fields(&mut self) -> Value {
        self.cache.settled = true;
        self.call_hook(Hook::Conditions, &[])
    }

    /// The nibble of a compare, with a copy of SO.
    pub(super) fn nibble(&mut self, a: Value, b: Value, signed: bool, so: Value) -> Value {
        let (less, greater) = orders(signed);
        let less = self.b.ins().icmp(less, a, b);
        let greater = self.b.ins().icmp(greater, a, b);
        let [eight, four, two] = [8, 4, 2].map(|n| self.b.ins().iconst(types::I32, n));
        let bits = self.b.ins().select(greater, four, two);
        let bits = self.b.ins().select(less, eight, bits);
        let bits = self.b.ins().ireduce(types::I8, bits);
        self.b.ins().bor(bits, so)
    }
}

pub(super) fn orders(signed: bool) -> (IntCC, IntCC) {
    if signed {
        (IntCC::SignedLessThan, IntCC::SignedGreaterThan)
    } else {
        (IntCC::UnsignedLessThan, IntCC::UnsignedGreaterThan)
    }
}
