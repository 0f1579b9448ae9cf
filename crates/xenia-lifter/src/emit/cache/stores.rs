//! Write-back: stores of dirty registers to the context.
//!
//! | call | stores | dirty afterwards |
//! |---|---|---|
//! | [`Lifter::surface`] | | as before, and sunk registers |
//! | [`Lifter::store_dirty`] | all, sunk registers included | as before, and sunk registers |
//! | [`Lifter::flush`] | all, sunk registers included | nothing |
//! | [`Lifter::flush_for_access`] | the same, FPRs in the formats known | nothing |
//! | [`Lifter::flush_but_floats`] | all but FPRs and sunk registers | FPRs |
//! | [`Lifter::store_others`] | the same without FPSCR's lazy state | as before |
//! | `Lifter::prepare` | FPRs, in the formats of the target | as before, without FPRs |
//! | `Lifter::lengthen` | FPRs in the context, as doubles | as before |
//!
//! Stores are of dirty registers only, and of FPRs as doubles unless another format is named. After
//! `surface`, sunk registers are dirty as others are. [`super::super::exits`] has the order of the
//! calls on each way out of a block.

use super::super::float_registers::singles;
use super::super::{HOST, Lifter};
use super::{Pending, Special, Xer};
use crate::analysis::loop_carried::carried;
use crate::float::float_state::{self, FPCC_BYTE, PRESENT, ROUNDING_BYTE};
use crate::host::field;
use cranelift_codegen::ir::{InstBuilder, Value};
use std::mem::offset_of;
use xenia_cpu::FpLazy;

impl Lifter<'_> {
    /// Marks the loop's sunk registers dirty: before an exit from the loop, or before code reads
    /// the context.
    pub(crate) fn surface(&mut self) {
        for n in self.loop_carried.sunk() {
            if n == carried::CTR {
                self.special(Special::Ctr);
                self.state.cache.special_dirty |= 1 << Special::Ctr as u8;
            } else {
                self.gpr(n);
                self.state.cache.gpr_dirty |= 1 << n;
            }
        }
    }

    /// Writes back all dirty state; the values stay known.
    pub(crate) fn flush(&mut self) {
        self.store_dirty();
        self.state.cache.floats.all_stored();
        self.clear_dirty_state();
    }

    /// As [`Self::flush`], except for floating-point registers, whose expected format depends on
    /// the target.
    pub(crate) fn flush_but_floats(&mut self) {
        self.store_pending();
        self.store_others();
        self.clear_dirty_state();
    }

    /// As [`Self::flush`], before an access that may fault: singles are stored in single format.
    pub(crate) fn flush_for_access(&mut self) {
        self.surface();
        self.store_pending();
        self.store_floats_as_they_are();
        self.store_others();
        self.clear_dirty_state();
    }

    fn clear_dirty_state(&mut self) {
        self.state.cache.gpr_dirty = 0;
        self.state.cache.vr_dirty = 0;
        self.state.cache.cr_dirty = 0;
        self.state.cache.xer_dirty = 0;
        self.state.cache.special_dirty = 0;
        self.state.cache.vscr.all_stored();
        self.state.cache.pending = Pending::default();
        // A replay from an earlier point would begin with the registers that are stored by now.
        self.state.restart_point = None;
    }

    /// Number of dirty registers and parts of registers.
    pub(crate) fn dirty(&self) -> u32 {
        let cache = &self.state.cache;
        let pending = &cache.pending;
        let deferred = [pending.operation.is_some(), pending.compared.is_some(), pending.rounding.is_some()];
        cache.gpr_dirty.count_ones()
            + cache.vr_dirty.count_ones()
            + cache.floats.dirty()
            + u32::from(cache.cr_dirty | cache.xer_dirty | cache.special_dirty).count_ones()
            + u32::from(cache.vscr.is_pending())
            + deferred.map(u32::from).iter().sum::<u32>()
    }

    /// Number of dirty registers that are in the host's vector registers.
    pub(crate) fn dirty_vectors(&self) -> u32 {
        let cache = &self.state.cache;
        cache.vr_dirty.count_ones()
            + cache.floats.dirty()
            + u32::from(cache.vscr.is_pending())
            + u32::from(cache.pending.operation.is_some())
    }

    /// The pending FPSCR state.
    pub(crate) fn pending(&mut self) -> &mut Pending {
        &mut self.state.cache.pending
    }

    /// Stores the pending FPSCR state without clearing it.
    pub(crate) fn store_pending(&mut self) {
        let pending = self.state.cache.pending;
        if let Some((word, operands)) = pending.operation {
            let ctx = self.context();
            let op = float_state::pending(singles(operands) | u64::from(word));
            let op = self.const64(op.into());
            self.b.ins().store(HOST, op, ctx, field::FP_LAZY + offset_of!(FpLazy, op) as i32);
            let places = [offset_of!(FpLazy, a), offset_of!(FpLazy, b), offset_of!(FpLazy, c)];
            for (operand, place) in operands.into_iter().zip(places) {
                if let Some(operand) = operand {
                    self.b.ins().store(HOST, operand.value(), ctx, field::FP_LAZY + place as i32);
                }
            }
        }
        // The bytes of a little-endian word.
        let op = field::FP_LAZY + offset_of!(FpLazy, op) as i32;
        for (value, byte) in [(pending.compared, FPCC_BYTE), (pending.rounding, ROUNDING_BYTE)] {
            if let Some(value) = value {
                let value = self.b.ins().bor_imm_s(value, i64::from(PRESENT));
                let ctx = self.context();
                self.b.ins().store(HOST, value, ctx, op + byte);
            }
        }
    }

    /// Stores all dirty state and leaves it dirty, for a path that leaves the region.
    pub(crate) fn store_dirty(&mut self) {
        self.surface();
        self.store_pending();
        self.store_floats();
        self.store_others();
    }

    /// Stores all dirty state except that of floating point.
    pub(crate) fn store_others(&mut self) {
        for n in 0..32 {
            if self.state.cache.gpr_dirty >> n & 1 != 0
                && let Some(value) = self.state.cache.gpr[n]
            {
                self.store_word(value, field::gpr(n));
            }
        }
        let mut dirty = self.state.cache.vr_dirty;
        while dirty != 0 {
            let n = dirty.trailing_zeros() as usize;
            dirty &= dirty - 1;
            if let Some(value) = self.state.cache.vr[n] {
                self.store_word(value, field::vr(n));
            }
        }
        for field in 0..8 {
            if self.state.cache.cr_dirty >> field & 1 != 0 {
                self.store_field(field);
            }
        }
        for bit in [Xer::Ov, Xer::Ca] {
            if self.state.cache.xer_dirty >> bit as u8 & 1 != 0
                && let Some(known) = self.state.cache.xer[bit as usize]
            {
                let value = self.bit_of_xer(known);
                self.store_word(value, bit.offset());
            }
        }
        for register in [Special::Lr, Special::Ctr] {
            if self.state.cache.special_dirty >> register as u8 & 1 != 0
                && let Some(value) = self.state.cache.special[register as usize]
            {
                self.store_word(value, register.offset());
            }
        }
        self.store_saturation();
    }

    /// Stores a value to the context. The context pointer is requested only here, since its copy
    /// stays in the code even without a use.
    fn store_word(&mut self, value: Value, offset: i32) {
        let ctx = self.context();
        self.b.ins().store(HOST, value, ctx, offset);
    }
}
