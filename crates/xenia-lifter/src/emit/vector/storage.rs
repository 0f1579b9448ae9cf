//! Vector loads and stores: whole quadwords, elements, and the left and right parts that VMX128
//! adds.
//!
//! Invariant: an instruction accesses one aligned quadword, hence one page, or no memory at all, so
//! that it faults before its first effect.

use super::super::{HOST, Lifter};
use crate::host::field;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use xenia_isa::Instruction;

/// Quadword and element accesses.
impl Lifter<'_> {
    pub(super) fn quadword(&mut self, i: Instruction) -> (Value, Value) {
        let ea = self.ea_x(i);
        let aligned = self.b.ins().band_imm_s(ea, -16);
        (ea, self.host_address(aligned))
    }

    pub(crate) fn load_vector(&mut self, i: Instruction, d: usize) {
        let (_, address) = self.quadword(i);
        let value = self.load_guest(types::I8X16, address, 0);
        let value = self.reversed(value);
        self.set_vr(d, value);
    }

    pub(crate) fn store_vector(&mut self, i: Instruction, s: usize) {
        let (_, address) = self.quadword(i);
        let value = self.vr(s);
        let value = self.reversed(value);
        self.store_guest(value, address, 0);
    }

    pub(super) fn low_bits(&mut self, ea: Value) -> Value {
        let amount = self.b.ins().ireduce(types::I8, ea);
        self.b.ins().band_imm_s(amount, 15)
    }

    pub(crate) fn load_vector_left(&mut self, i: Instruction, d: usize) {
        let (ea, address) = self.quadword(i);
        let value = self.load_guest(types::I8X16, address, 0);
        let value = self.reversed(value);
        let amount = self.low_bits(ea);
        let value = self.shifted_bytes(value, amount);
        self.set_vr(d, value);
    }

    /// If the address is a quadword boundary no guest memory is read: the load is redirected to the
    /// context.
    pub(crate) fn load_vector_right(&mut self, i: Instruction, d: usize) {
        let (ea, address) = self.quadword(i);
        let amount = self.low_bits(ea);
        let ctx = self.context();
        let at = self.placed(0);
        // The loaded value does not matter; the address is aligned.
        let there = self.b.ins().iadd_imm_s(ctx, i64::from(field::vr(0) - at));
        let address = self.b.ins().select(amount, address, there);
        let value = self.load_guest(types::I8X16, address, 0);
        let value = self.reversed(value);
        let back = self.b.ins().iadd_imm_s(amount, -16);
        let value = self.shifted_bytes(value, back);
        self.set_vr(d, value);
    }

    /// Stores the element of type `ty` that the address selects.
    pub(crate) fn store_element(&mut self, i: Instruction, s: usize, ty: Type) {
        let size = i64::from(ty.bytes());
        let ea = self.ea_x(i);
        let ea = self.b.ins().band_imm_s(ea, -size);
        let address = self.host_address(ea);
        // Goes through the register's slot in the context, of which an address can select a part.
        let value = self.vr(s);
        let ctx = self.context();
        let place = field::vr(s);
        self.b.ins().store(HOST, value, ctx, place);
        let offset = self.b.ins().band_imm_s(ea, 15);
        // The slot has the bytes in reverse order. For multiples of the size, the XOR subtracts.
        let offset = self.b.ins().bxor_imm_s(offset, 16 - size);
        let part = self.b.ins().iadd(ctx, offset);
        let element = self.b.ins().load(ty, MemFlagsData::new().with_notrap(), part, place);
        let element = if ty == types::I8 { element } else { self.b.ins().bswap(element) };
        self.store_guest(element, address, 0);
    }
}

/// Partial quadword accesses.
impl Lifter<'_> {
    /// Stores the first `count` (I64, 0–15) bytes of `value` at `address`, in at most four pieces
    /// of these sizes, in an order in which they are aligned: a device sees each. They lie in one
    /// quadword, hence in one page.
    pub(super) fn store_first_bytes(&mut self, value: Value, address: Value, count: Value, sizes: [i64; 4]) {
        self.before_access();
        let value = self.reversed(value);
        let halves = self.cast(value, types::I64X2);
        let mut rest = self.b.ins().extractlane(halves, 0);
        let mut after = self.b.ins().extractlane(halves, 1);
        let mut at = address;
        for size in sizes {
            let ty = match size {
                8 => types::I64,
                4 => types::I32,
                2 => types::I16,
                _ => types::I8,
            };
            let wanted = self.b.ins().band_imm_s(count, size);
            let store = self.b.create_block();
            let next = self.b.create_block();
            self.b.ins().brif(wanted, store, &[], next, &[]);
            self.b.switch_to_block(store);
            let piece = if size == 8 { rest } else { self.b.ins().ireduce(ty, rest) };
            self.store_in_one_step(piece, at, 0);
            self.b.ins().jump(next, &[]);
            self.b.switch_to_block(next);
            at = self.b.ins().iadd(at, wanted);
            if size == 8 {
                rest = self.b.ins().select(wanted, after, rest);
                continue;
            }
            let low = self.b.ins().ushr_imm_s(rest, 8 * size);
            let high = self.b.ins().ishl_imm_s(after, 64 - 8 * size);
            let shifted = self.b.ins().bor(low, high);
            rest = self.b.ins().select(wanted, shifted, rest);
            let shifted = self.b.ins().ushr_imm_s(after, 8 * size);
            after = self.b.ins().select(wanted, shifted, after);
        }
    }

    /// `stvlx`: stores the first bytes of the register, from the address to the end of its
    /// quadword.
    pub(crate) fn store_vector_left(&mut self, i: Instruction, s: usize) {
        let ea = self.ea_x(i);
        let address = self.host_address(ea);
        let value = self.vr(s);
        let offset = self.b.ins().band_imm_s(ea, 15);
        let whole = self.b.create_block();
        let part = self.b.create_block();
        let done = self.b.create_block();
        self.before_access();
        self.b.ins().brif(offset, part, &[], whole, &[]);
        self.b.switch_to_block(whole);
        let reversed = self.reversed(value);
        self.store_in_one_step(reversed, address, 0);
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(part);
        let sixteen = self.const64(16);
        let count = self.b.ins().isub(sixteen, offset);
        self.store_first_bytes(value, address, count, [1, 2, 4, 8]);
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
    }

    /// `stvrx`: stores the last bytes of the register, from the start of the address's quadword up
    /// to it.
    pub(crate) fn store_vector_right(&mut self, i: Instruction, s: usize) {
        let (ea, address) = self.quadword(i);
        let value = self.vr(s);
        let count = self.b.ins().band_imm_s(ea, 15);
        let amount = self.low_bits(ea);
        let sixteen = self.b.ins().iconst(types::I8, 16);
        let amount = self.b.ins().isub(sixteen, amount);
        let lanes = self.vector_constant(|k| 15 - k);
        let amount = self.b.ins().splat(types::I8X16, amount);
        let index = self.b.ins().isub(lanes, amount);
        let value = self.b.ins().swizzle(value, index);
        self.store_first_bytes(value, address, count, [8, 4, 2, 1]);
    }
}
