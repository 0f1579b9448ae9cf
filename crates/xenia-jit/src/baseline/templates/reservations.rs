//! Templates for load-and-reserve and store-conditional where the context alone holds reservations.
//!
//! A conditional store is one `cmpxchg`. It occupies both scratch registers with values, so its
//! address must be the sum of mapped registers.

use super::Templates;
use super::memory::Address;
use crate::baseline::encode::{
    CMP, CMPXCHG, Condition, Dword, Imm, MOV, OperandSize, Qword, RAX, RCX, Rm, SUB,
};
use crate::baseline::map::{BaselineWord, CR0, displacement, gpr};
use std::mem::offset_of;
use xenia_cpu::{CrField, PpcContext, Reservation};
use xenia_isa::{Instruction, Op};

/// The field of the context's reservation at an offset.
const fn field(offset: usize) -> Rm {
    Rm::Ctx(displacement(offset_of!(PpcContext, reservation) + offset))
}

const VALUE: Rm = field(offset_of!(Reservation, value));
const ADDR: Rm = field(offset_of!(Reservation, addr));
const VALID: Rm = field(offset_of!(Reservation, valid));
const RESERVED_SIZE: Rm = field(offset_of!(Reservation, size));

const _: () = assert!(
    offset_of!(Reservation, generation) == offset_of!(Reservation, addr) + 4
        && offset_of!(Reservation, size) == offset_of!(Reservation, valid) + 4,
    "stores of 64 bits write pairs of fields"
);

/// Bytes of an access.
fn bytes_of(size: OperandSize) -> u8 {
    if size == Qword { 8 } else { 4 }
}

impl Templates {
    /// Emits `lwarx`, `ldarx`, `stwcx.` and `stdcx.`.
    pub(super) fn reservations(&mut self, op: Op, i: Instruction) -> bool {
        if !self.options.reserves_in_context {
            return false;
        }
        match op {
            Op::lwarx => self.load_and_reserve(i, Dword),
            Op::ldarx => self.load_and_reserve(i, Qword),
            Op::stwcx => return self.store_conditional(i, Dword),
            Op::stdcx => return self.store_conditional(i, Qword),
            _ => return false,
        }
        true
    }

    /// eax = the effective address. Leaves the instruction to the interpreter, which raises an
    /// exception, if that is not a multiple of the size.
    fn aligned_address(&mut self, i: Instruction, size: OperandSize) {
        self.effective_address(i, Address::Indexed);
        self.e.test_al(bytes_of(size) - 1);
        self.left_if = Some(self.e.jump_if(Condition::NOT_EQUAL));
    }

    fn load_and_reserve(&mut self, i: Instruction, size: OperandSize) {
        self.aligned_address(i, size);
        let at = self.guest_at_eax();
        self.load(size, RCX, at);
        // Without the segment register, rax is a host address.
        if at == Rm::Host(0) {
            self.e.op64(SUB, RAX, Rm::Ctx(BaselineWord::Memory.at()));
        }
        self.e.store(VALUE, RCX);
        // The upper half is 0, as the generation must be.
        self.e.store(ADDR, RAX);
        self.e.address(RAX, u64::from(bytes_of(size)) << 32 | 1);
        self.e.store(VALID, RAX);
        self.write(i.rd(), RCX);
    }

    /// Guest memory at the effective address, if that is the sum of mapped registers.
    fn guest_at_mapped(&self, i: Instruction) -> Option<Rm> {
        if !self.options.features.segment {
            return None;
        }
        match (gpr(i.ra()), gpr(i.rb())) {
            (_, Rm::Reg(index)) if i.ra() == 0 => Some(Rm::Guest(index, 0)),
            (Rm::Reg(base), Rm::Reg(index)) => Some(Rm::GuestSum(base, index)),
            _ => None,
        }
    }

    fn store_conditional(&mut self, i: Instruction, size: OperandSize) -> bool {
        let Some(memory) = self.guest_at_mapped(i) else { return false };
        self.aligned_address(i, size);
        // Each of these jumps is taken with the zero flag clear, as if the value had changed.
        self.e.op32(CMP, RAX, ADDR);
        let elsewhere = self.e.jump_if_short(Condition::NOT_EQUAL);
        self.e.imm(Dword, Imm::Cmp, RESERVED_SIZE, bytes_of(size).into());
        let differs = self.e.jump_if_short(Condition::NOT_EQUAL);
        self.e.imm(Dword, Imm::Cmp, VALID, 1);
        let is_none = self.e.jump_if_short(Condition::CARRY);
        self.e.op64(MOV, RAX, VALUE);
        self.e.swap(size, RAX);
        self.e.op64(MOV, RCX, gpr(i.rs()));
        self.e.swap(size, RCX);
        self.e.op(size, CMPXCHG, RCX, memory);
        self.may_be_left = true;
        for field in [elsewhere, differs, is_none] {
            self.e.land(field);
        }
        // XER[SO] is 0. Moves of constants keep the flags.
        self.e.address(CR0, CrField::from_nibble(0).0);
        let failed = self.e.jump_if_short(Condition::NOT_EQUAL);
        self.e.address(CR0, CrField::from_nibble(2).0);
        self.e.land(failed);
        // A store that faulted would have kept the reservation.
        for pair in [VALUE, ADDR, VALID] {
            self.e.constant(pair, 0);
        }
        true
    }
}
