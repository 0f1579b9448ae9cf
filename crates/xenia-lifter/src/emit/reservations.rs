//! Load-and-reserve and store-conditional: `lwarx`, `ldarx`, `stwcx.` and `stdcx.`.
//!
//! The context holds the reservation. If the machine also keeps a table of reservations, one hook
//! enters the reservation, and another makes the conditional store and the change of the table in
//! one atomic step.

use super::cache::Cr;
use super::load_store::Extend;
use super::place::AddressOperand;
use super::{HOST, Lifter};
use crate::hook::Hook;
use crate::host::field;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, MemFlagsData, Type, Value, types};
use std::mem::offset_of;
use xenia_cpu::{Reservation, ReservationMode};
use xenia_isa::Instruction;

/// Displacement from the context pointer of a field of the context's reservation.
const fn reservation(field: usize) -> i32 {
    field::RESERVATION + field as i32
}

impl Lifter<'_> {
    pub(super) fn reservation(&mut self, value: Value, field: usize) {
        let ctx = self.context();
        self.b.ins().store(HOST, value, ctx, reservation(field));
    }

    pub(super) fn load_and_reserve(&mut self, i: Instruction, ty: Type) {
        let size = ty.bytes();
        let ea = self.ea_x(i);
        let odd = self.b.ins().band_imm_s(ea, i64::from(size) - 1);
        self.raise_if(odd);
        let address = self.host_address(ea);
        // Before the load: a commit between the two must end the reservation.
        let generation = if self.config.reservations == ReservationMode::Context {
            self.const32(0)
        } else {
            let generation = self.call_hook(Hook::Reserve, &[ea]);
            self.b.ins().ireduce(types::I32, generation)
        };
        let value = self.load_big(ty, AddressOperand { address, displacement: 0, update: None });
        let wide = if ty == types::I64 { value } else { self.b.ins().uextend(types::I64, value) };
        self.reservation(wide, offset_of!(Reservation, value));
        let ea = self.b.ins().ireduce(types::I32, ea);
        self.reservation(ea, offset_of!(Reservation, addr));
        self.reservation(generation, offset_of!(Reservation, generation));
        let one = self.const32(1);
        self.reservation(one, offset_of!(Reservation, valid));
        let size = self.const32(size);
        self.reservation(size, offset_of!(Reservation, size));
        self.set_loaded(i.rd(), value, Extend::Zero);
    }

    /// Stores if the reservation is valid and memory still holds the loaded value.
    pub(super) fn store_conditional(&mut self, i: Instruction, ty: Type) {
        let size = ty.bytes();
        let ea = self.ea_x(i);
        let odd = self.b.ins().band_imm_s(ea, i64::from(size) - 1);
        self.raise_if(odd);
        let value = self.low_part(i.rs(), ty);
        self.before_access();
        let ctx = self.context();
        let mut field = |ty: Type, offset: usize| self.b.ins().load(ty, HOST, ctx, reservation(offset));
        let reserved = field(types::I32, offset_of!(Reservation, addr));
        let valid = field(types::I32, offset_of!(Reservation, valid));
        let reserved_size = field(types::I32, offset_of!(Reservation, size));
        let low = self.b.ins().ireduce(types::I32, ea);
        let same = self.b.ins().icmp(IntCC::Equal, reserved, low);
        let same_size = self.b.ins().icmp_imm_s(IntCC::Equal, reserved_size, i64::from(size));
        let stands = self.b.ins().icmp_imm_s(IntCC::NotEqual, valid, 0);
        let stands = self.b.ins().band(stands, same);
        let stands = self.b.ins().band(stands, same_size);
        if self.config.reservations != ReservationMode::Context {
            self.commit(ea, stands, value);
            return;
        }
        let expected = self.b.ins().load(ty, HOST, ctx, reservation(offset_of!(Reservation, value)));
        let address = self.host_address(ea);
        let new = self.b.ins().bswap(value);
        let expected = self.b.ins().bswap(expected);
        let attempt = self.b.create_block();
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, types::I8);
        let no = self.b.ins().iconst(types::I8, 0);
        self.b.ins().brif(stands, attempt, &[], done, &[no.into()]);
        self.b.switch_to_block(attempt);
        let at = self.placed(0);
        let address = if at == 0 { address } else { self.b.ins().iadd_imm_s(address, i64::from(at)) };
        let old = self.b.ins().atomic_cas(MemFlagsData::new(), address, expected, new);
        let stored = self.b.ins().icmp(IntCC::Equal, old, expected);
        self.b.ins().jump(done, &[stored.into()]);
        self.b.switch_to_block(done);
        // After the store: a store that faults keeps the reservation.
        // The last two also clear the fields after them: `generation` and `size`.
        let zero64 = self.const64(0);
        self.reservation(zero64, offset_of!(Reservation, value));
        self.reservation(zero64, offset_of!(Reservation, addr));
        self.reservation(zero64, offset_of!(Reservation, valid));
        self.set_stored(result);
    }

    /// Sets CR0 from the result of the conditional store, an I8 of 0 or 1.
    fn set_stored(&mut self, result: Value) {
        let bits = self.b.ins().ishl_imm_s(result, 1);
        let bits = self.with_bits(bits, self.so());
        self.set_cr(0, Cr::Bits(bits));
    }

    /// The conditional store of `value` by a hook, which checks the machine's table. `stands`:
    /// whether the context holds a reservation for it.
    fn commit(&mut self, ea: Value, stands: Value, value: Value) {
        self.flush();
        self.store_pc();
        let exact = self.budget_before();
        let own = self.b.ins().uextend(types::I64, stands);
        let own = self.b.ins().ishl_imm_s(own, 32);
        let mut word = self.b.ins().bor(ea, own);
        let mut value = value;
        if self.b.func.dfg.value_type(value) == types::I64 {
            word = self.b.ins().bor_imm_s(word, 1 << 33);
        } else {
            value = self.b.ins().uextend(types::I64, value);
        }
        let result = self.call_hook(Hook::Commit, &[word, value]);
        let faulted = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, result, 1);
        let next = self.branch_to_cold(faulted);
        let exit = self.exit;
        self.b.ins().jump(exit, &[BlockArg::Value(exact), BlockArg::Value(result)]);
        self.b.switch_to_block(next);
        let result = self.b.ins().ireduce(types::I8, result);
        self.set_stored(result);
    }
}
