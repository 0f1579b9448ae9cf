//! Guest memory accesses, and the host's floating-point mode.
//!
//! An access is one host instruction without a check, which may fault. Invariants: before it, the
//! budget is in the context, and so are the registers that a replay from the site's restart point
//! needs; in a loop with sunk stores a cold block after the access stores the registers and passes
//! the budget instead ([`crate::fault_exit`]).

use super::state::HostAddress;
use super::{AFTER_FAULT, FloatMode, GUEST, HOST, LEAVING, Lifter, reason};
use crate::hook::Hook;
use crate::host::{Leave, Word, field};
use cranelift_codegen::ir::{BlockArg, InstBuilder, MemFlagsData, Opcode, SourceLoc, Type, Value, types};
use xenia_cpu::ReservationMode;
use xenia_isa::Instruction;

/// The host's floating-point mode.
impl Lifter<'_> {
    /// Ensures that MXCSR is in `mode` from here on.
    pub(super) fn float_mode(&mut self, mode: FloatMode) {
        if self.state.mode == Some(mode) {
            return;
        }
        self.state.mode = Some(mode);
        // In the other mode a repeated compare might treat denormals as zeros.
        self.drop_compare_operands();
        let ctx = self.context();
        let now = self.b.ins().load(types::I64, HOST, ctx, Word::VectorMode.offset());
        let switch = self.b.create_block();
        let next = self.b.create_block();
        self.b.set_cold_block(switch);
        let (hook, yes, no) = match mode {
            FloatMode::Scalar => (Hook::ScalarMode, switch, next),
            FloatMode::Vector => (Hook::VectorMode, next, switch),
        };
        self.b.ins().brif(now, yes, &[], no, &[]);
        self.b.switch_to_block(switch);
        self.call_cold_hook(hook, &[]);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }

    /// Ensures that MXCSR is in scalar mode from here on.
    pub(crate) fn scalar_mode(&mut self) {
        self.float_mode(FloatMode::Scalar);
    }

    /// Ensures that MXCSR is in vector mode from here on.
    pub(crate) fn vector_mode(&mut self) {
        self.float_mode(FloatMode::Vector);
    }
}

/// Accesses to guest memory.
impl Lifter<'_> {
    /// Prepares for a store that may fault, or for a load that must not be replayed.
    pub(super) fn before_access(&mut self) {
        self.store_budget();
        self.ready_for_store();
    }

    /// Prepares for a load that may fault.
    pub(super) fn before_load(&mut self) {
        self.store_budget();
        self.ready_for_load();
    }

    fn store_budget(&mut self) {
        if self.state.spent_as_stored.is_none() {
            let budget = self.budget_after();
            let ctx = self.context();
            self.b.ins().store(HOST, budget, ctx, field::BUDGET);
            // Later uses take this value, so that the old one is no longer live.
            self.state.budget = budget;
            self.state.counted = self.state.spent;
            self.state.spent_as_stored = Some(self.state.spent);
        }
    }

    /// Emits one access that may fault, at the host address from [`Self::host_address`]. `access`
    /// emits exactly the access, with the flags that it is given. `before` prepares for it, except
    /// in loops with sunk stores.
    pub(super) fn access<R>(
        &mut self,
        address: Value,
        before: impl FnOnce(&mut Self),
        access: impl FnOnce(&mut Self, MemFlagsData) -> R,
    ) -> R {
        if !self.loop_carried.is_sinking() {
            before(self);
            return access(self, GUEST);
        }
        let tested = self.fault_branch_operand(address);
        let result = access(self, LEAVING);
        self.leave_if_it_faulted(tested);
        result
    }

    /// Operand of the branch after an access at `address`: a value that is in a register there, and
    /// must be in one before the access.
    fn fault_branch_operand(&mut self, address: Value) -> Value {
        let dfg = &self.b.func.dfg;
        // For a conjunction Cranelift tests the operands, which has another encoding than the one
        // that becomes a mark.
        let is_and =
            dfg.value_def(address).inst().is_some_and(|inst| dfg.insts[inst].opcode() == Opcode::Band);
        match self.config.memory_at {
            None => self.word(Word::Memory),
            Some(_) if is_and => self.state.budget,
            Some(_) => address,
        }
    }

    /// After an access in a loop with sunk stores: the branch to the cold block that stores the
    /// sunk registers. The branch is patched into a mark ([`crate::fault_exit`]), so the
    /// value of `tested` does not matter.
    fn leave_if_it_faulted(&mut self, tested: Value) {
        let [cold, next] = [(); 2].map(|()| self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.ins().brif(tested, next, &[], cold, &[]);
        self.b.seal_block(cold);
        self.b.seal_block(next);
        self.b.switch_to_block(cold);
        let here = self.b.srcloc();
        self.b.set_srcloc(SourceLoc::new(AFTER_FAULT));
        self.with_kept_state(|l| {
            l.flush_for_access();
            l.note_singles();
            // The value to which the site's remaining instructions are added.
            let budget = l.budget_less(l.state.spent_as_stored.unwrap_or(l.state.spent));
            let why = l.b.ins().iconst(types::I64, reason(Leave::Fault, l.guest.pc));
            let exit = l.exit;
            l.b.ins().jump(exit, &[BlockArg::Value(budget), BlockArg::Value(why)]);
        });
        self.b.set_srcloc(here);
        self.b.switch_to_block(next);
    }

    /// Loads a value in memory byte order.
    pub(crate) fn load_guest(&mut self, ty: Type, address: Value, displacement: i32) -> Value {
        self.access(address, Self::before_load, |l, flags| {
            let displacement = l.placed(displacement);
            l.b.ins().load(ty, flags, address, displacement)
        })
    }

    /// Stores a value in memory byte order.
    pub(crate) fn store_guest(&mut self, value: Value, address: Value, displacement: i32) {
        if self.config.reservations == ReservationMode::Strict {
            self.before_access();
            self.store_in_one_step(value, address, displacement);
        } else {
            self.access(address, Self::before_access, |l, flags| {
                let displacement = l.placed(displacement);
                l.b.ins().store(flags, value, address, displacement)
            });
        }
    }

    /// Stores a value in memory byte order; the caller has prepared for a fault. With strict
    /// reservations the store holds its lines exclusively, so that no other thread reserves them or
    /// stores conditionally to them meanwhile, and it ends others' reservations there.
    pub(crate) fn store_in_one_step(&mut self, value: Value, address: Value, displacement: i32) {
        let placed = self.placed(displacement);
        if self.config.reservations != ReservationMode::Strict {
            self.b.ins().store(GUEST, value, address, placed);
            return;
        }
        let bytes = self.b.func.dfg.value_type(value).bytes();
        let ea = if self.config.memory_at.is_some() {
            address
        } else {
            let memory = self.word(Word::Memory);
            self.b.ins().isub(address, memory)
        };
        let ea = self.b.ins().iadd_imm_s(ea, i64::from(displacement));
        let ea = self.b.ins().band_imm_s(ea, 0xFFFF_FFFF);
        let word = self.b.ins().bor_imm_s(ea, i64::from(bytes) << 32);
        self.call_hook(Hook::StoreBegins, &[word]);
        self.b.ins().store(GUEST, value, address, placed);
        self.call_hook(Hook::Stored, &[]);
    }

    /// Host address of the 32-bit guest address `ea`, which is zero-extended. If the base of memory
    /// is a constant, it is part of the displacement instead ([`Self::placed`]).
    pub(crate) fn host_address(&mut self, ea: Value) -> Value {
        if self.config.memory_at.is_some() {
            return ea;
        }
        let memory = self.word(Word::Memory);
        let mut known = self.state.addresses.iter().flatten();
        if let Some(known) = known.find(|known| known.memory == memory && known.ea == ea) {
            return known.address;
        }
        let address = self.b.ins().iadd(memory, ea);
        self.state.addresses.rotate_right(1);
        self.state.addresses[0] = Some(HostAddress { memory, ea, address });
        address
    }

    /// Displacement of an access relative to [`Self::host_address`], including the base of memory
    /// if it is a constant.
    pub(crate) fn placed(&self, displacement: i32) -> i32 {
        displacement + self.config.memory_at.unwrap_or_default()
    }

    /// Host address of `(RA|0)`. A displacement may be added on the host: the space beside the
    /// guest address space is inaccessible, so an address that would wrap faults, and the
    /// interpreter executes the access again.
    pub(crate) fn base_address(&mut self, ra: usize) -> Value {
        if ra == 0 {
            return match self.config.memory_at {
                Some(_) => self.const64(0),
                None => self.word(Word::Memory),
            };
        }
        let base = self.gpr_low(ra);
        self.host_address(base)
    }

    /// `(RA|0) + D`, 32 bits zero-extended.
    pub(crate) fn ea_d(&mut self, i: Instruction) -> Value {
        if i.ra() == 0 {
            return self.const64(u64::from(i.disp() as u32));
        }
        let base = self.gpr32(i.ra());
        let sum = self.plus(base, i.disp());
        self.zero_extended(sum)
    }

    /// `(RA|0) + (RB)`, 32 bits zero-extended.
    pub(crate) fn ea_x(&mut self, i: Instruction) -> Value {
        if i.ra() == 0 {
            return self.gpr_low(i.rb());
        }
        let a = self.gpr32(i.ra());
        let b = self.gpr32(i.rb());
        let sum = self.b.ins().iadd(a, b);
        self.b.ins().uextend(types::I64, sum)
    }
}
