//! Moves to and from special registers, the time base, traps, system calls, storage ordering and
//! cache instructions.
//!
//! The caches are invisible: touches, flushes and stores of blocks do nothing. `isync` and `icbi`
//! end their block. If guest code was written since the run began, they unwind all host frames, so
//! that the next code is entered through its version checks (self-modifying code).

use super::cache::{Cr, Special, Xer};
use super::overflow::SoChange;
use super::{HOST, Lifter};
use crate::hook::Hook;
use crate::host::{Leave, Word, field};
use crate::mode::MODE_BITS;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, Value, types};
use xenia_cpu::{PROCESSOR_VERSION, msr_bit};
use xenia_isa::spr::{CTR, LR, PIR, PVR, SPRG0, SPRG3, TB, TBU, VRSAVE, XER};
use xenia_isa::{Instruction, System};

/// The low word of a register: the bits of MSR that `mtmsr` writes, and all of CR's word.
const LOW_WORD: u64 = 0xFFFF_FFFF;
/// The bits of MSR that no move changes.
const MSR_KEPT: u64 = msr_bit::HV | msr_bit::ME | msr_bit::LE;

impl Lifter<'_> {
    /// Leaves for the interpreter to raise a trap if TO names the operands' order.
    fn trap(&mut self, i: Instruction, a: Value, b: Value) {
        let to = i.to();
        let tests = [
            (16, IntCC::SignedLessThan),
            (8, IntCC::SignedGreaterThan),
            (4, IntCC::Equal),
            (2, IntCC::UnsignedLessThan),
            (1, IntCC::UnsignedGreaterThan),
        ];
        if to & 0x1C == 0x1C || to & 7 == 7 {
            // An unconditional trap.
            self.raise();
            return;
        }
        let mut any = None;
        for (bit, code) in tests {
            if to & bit != 0 {
                let holds = self.b.ins().icmp(code, a, b);
                any = Some(match any {
                    Some(other) => self.b.ins().bor(other, holds),
                    None => holds,
                });
            }
        }
        if let Some(any) = any {
            self.raise_if(any);
        }
    }

    fn end_at_next(&mut self) {
        let next = self.guest.pc.wrapping_add(4);
        self.flush();
        self.goto(next);
        self.terminated = true;
    }

    /// Continues at the next instruction, through the dispatcher if guest code was written.
    fn synchronize_instructions(&mut self) {
        self.flush();
        let written = self.call_hook(Hook::Written, &[]);
        let next = self.branch_to_cold(written);
        self.leave(Leave::Unwind, self.guest.pc.wrapping_add(4));
        self.b.switch_to_block(next);
        self.end_at_next();
    }

    /// Keeps the order that `lwsync`, `eieio` and `isync` demand. Hosts that keep it by themselves
    /// only need the compiler to keep it, too.
    fn fence_light(&mut self) {
        if self.config.reorders {
            self.b.ins().fence();
        } else {
            self.b.ins().sequence_point();
        }
    }

    /// Orders all accesses before it before all after it, as `sync` demands. On x86-64 a locked
    /// instruction does so for write-back memory, which guest memory is, in half the time of a
    /// fence. Its word is used by no other thread, and keeps its value.
    fn fence_full(&mut self) {
        if self.config.reorders {
            self.b.ins().fence();
            return;
        }
        let ctx = self.context();
        let at = self.b.ins().iadd_imm_s(ctx, i64::from(Word::FaultCode.offset()));
        let zero = self.const32(0);
        self.b.ins().atomic_rmw(types::I32, HOST, AtomicRmwOp::Or, at, zero);
    }

    /// Ors a bit of XER into a word.
    fn with_bit(&mut self, word: Value, bit: Xer, shift: i64) -> Value {
        let value = self.xer(bit);
        let value = self.b.ins().uextend(types::I32, value);
        let value = self.b.ins().ishl_imm_s(value, shift);
        self.b.ins().bor(word, value)
    }

    /// Ors a CR field into CR's word, whose upper half is 0.
    fn with_field(&mut self, word: Value, field: usize) -> Value {
        let bits = self.cr_bits(field);
        let bits = self.b.ins().uextend(types::I64, bits);
        let bits = self.b.ins().ishl_imm_s(bits, 28 - 4 * field as i64);
        self.b.ins().bor(word, bits)
    }

    fn bit_of(&mut self, word: Value, shift: i64) -> Value {
        let value = self.b.ins().ushr_imm_s(word, shift);
        let value = self.b.ins().band_imm_s(value, 1);
        self.b.ins().ireduce(types::I8, value)
    }
}

impl System for Lifter<'_> {
    fn dcbf(&mut self, _: Instruction) {}

    fn dcbi(&mut self, _: Instruction) {
        // `dcbi` is privileged, and so is compiled code: no exception, and no visible effect.
    }

    fn dcbst(&mut self, _: Instruction) {}

    fn dcbt(&mut self, _: Instruction) {}

    fn dcbtst(&mut self, _: Instruction) {}

    fn eieio(&mut self, _: Instruction) {
        self.fence_light();
    }

    fn icbi(&mut self, _: Instruction) {
        self.synchronize_instructions();
    }

    fn isync(&mut self, _: Instruction) {
        self.fence_light();
        self.synchronize_instructions();
    }

    fn mcrxr(&mut self, i: Instruction) {
        let word = self.const32((self.so() as u32) << 3);
        let word = self.with_bit(word, Xer::Ov, 2);
        let word = self.with_bit(word, Xer::Ca, 1);
        let bits = self.b.ins().ireduce(types::I8, word);
        let zero = self.b.ins().iconst(types::I8, 0);
        for bit in [Xer::Ov, Xer::Ca] {
            self.set_xer(bit, zero);
        }
        self.set_cr(i.crfd(), Cr::Bits(bits));
        if self.config.mode.overflowed {
            self.leave_with_changed_so();
            self.terminated = true;
        }
    }

    fn mfcr(&mut self, i: Instruction) {
        if i.one_cr_field() {
            // The one-field form gives 0 in the other fields.
            let mut word = self.const64(0);
            for field in (0..8).filter(|field| i.crm() >> (7 - field) & 1 != 0) {
                word = self.with_field(word, field);
            }
            self.set_gpr_low(i.rd(), word, None);
            return;
        }
        let mut word = self.call_hook(Hook::Conditions, &[]);
        // The hook reads the context, whose fields are stale where the cache's are dirty.
        let fresh: Vec<usize> = (0..8).filter(|&field| self.state.cache.cr_dirty >> field & 1 != 0).collect();
        let stored = fresh.iter().fold(LOW_WORD, |stored, field| stored & !(0xF << (28 - 4 * field)));
        if stored != LOW_WORD {
            word = self.b.ins().band_imm_s(word, stored.cast_signed());
        }
        for field in fresh {
            word = self.with_field(word, field);
        }
        self.set_gpr_low(i.rd(), word, None);
    }

    fn mfmsr(&mut self, i: Instruction) {
        let ctx = self.context();
        let msr = self.b.ins().load(types::I64, HOST, ctx, field::MSR);
        self.set_gpr(i.rd(), msr);
    }

    fn mfspr(&mut self, i: Instruction) {
        match i.spr() {
            LR | CTR => {
                let value = self.special(if i.spr() == LR { Special::Lr } else { Special::Ctr });
                self.set_gpr(i.rd(), value);
            }
            XER => {
                let ctx = self.context();
                let count = self.b.ins().load(types::I8, HOST, ctx, field::XER_COUNT);
                let count = self.b.ins().band_imm_s(count, 0x7F);
                let word = self.b.ins().uextend(types::I32, count);
                let word = self.with_bits(word, -self.so() << 31);
                let word = self.with_bit(word, Xer::Ov, 30);
                let word = self.with_bit(word, Xer::Ca, 29);
                self.set_gpr32(i.rd(), word);
            }
            TB | TBU => self.read_time_base(i),
            VRSAVE => {
                let ctx = self.context();
                let value = self.b.ins().uload32(HOST, ctx, field::VRSAVE);
                self.set_gpr_low(i.rd(), value, None);
            }
            SPRG0..=SPRG3 => {
                let ctx = self.context();
                let value = self.b.ins().load(types::I64, HOST, ctx, field::sprg(i.spr() - SPRG0));
                self.set_gpr(i.rd(), value);
            }
            PVR => {
                let value = self.const64(PROCESSOR_VERSION);
                self.set_gpr(i.rd(), value);
            }
            PIR => {
                let ctx = self.context();
                let value = self.b.ins().uload8(types::I64, HOST, ctx, field::HW_ID);
                self.set_gpr_low(i.rd(), value, None);
            }
            // No such register.
            _ => self.raise(),
        }
    }

    fn mftb(&mut self, i: Instruction) {
        match i.tbr() {
            TB | TBU => self.read_time_base(i),
            // An invalid form.
            _ => self.raise(),
        }
    }

    fn mtcrf(&mut self, i: Instruction) {
        let word = self.gpr32(i.rs());
        for field in 0..8 {
            if i.crm() >> (7 - field) & 1 != 0 {
                let bits = self.b.ins().ushr_imm_s(word, 28 - 4 * field as i64);
                let bits = self.b.ins().band_imm_s(bits, 15);
                let bits = self.b.ins().ireduce(types::I8, bits);
                self.set_cr(field, Cr::Bits(bits));
            }
        }
    }

    fn mtmsr(&mut self, i: Instruction) {
        self.change_msr(i, LOW_WORD);
    }

    fn mtmsrd(&mut self, i: Instruction) {
        self.change_msr(i, u64::MAX);
    }

    fn mtspr(&mut self, i: Instruction) {
        match i.spr() {
            LR | CTR => {
                let value = self.gpr(i.rs());
                self.set_special(if i.spr() == LR { Special::Lr } else { Special::Ctr }, value);
            }
            XER => {
                let word = self.gpr32(i.rs());
                for (bit, shift) in [(Xer::Ov, 30), (Xer::Ca, 29)] {
                    let value = self.bit_of(word, shift);
                    self.set_xer(bit, value);
                }
                let count = self.b.ins().band_imm_s(word, 0x7F);
                let ctx = self.context();
                self.b.ins().istore8(HOST, count, ctx, field::XER_COUNT);
                let mut condition = self.bit_of(word, 31);
                if self.config.mode.overflowed {
                    condition = self.b.ins().bxor_imm_s(condition, 1);
                }
                self.state.so_changes = Some(SoChange { condition, by_overflow: false });
            }
            VRSAVE => {
                let ctx = self.context();
                let value = self.gpr32(i.rs());
                self.b.ins().store(HOST, value, ctx, field::VRSAVE);
            }
            SPRG0..=SPRG3 => {
                let ctx = self.context();
                let value = self.gpr(i.rs());
                self.b.ins().store(HOST, value, ctx, field::sprg(i.spr() - SPRG0));
            }
            // No such register, or it is read-only.
            _ => self.raise(),
        }
    }

    fn sc(&mut self, i: Instruction) {
        let next = self.guest.pc.wrapping_add(4);
        self.flush();
        let why = i64::from(Leave::Syscall as u32 | (i.lev() as u32) << 8) << 32 | i64::from(next);
        let why = self.const64(why as u64);
        self.leave_value(why);
        self.terminated = true;
    }

    fn sync(&mut self, i: Instruction) {
        if i.sync_l() == 1 {
            self.fence_light();
        } else {
            self.fence_full();
        }
    }

    fn td(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.gpr(i.rb());
        self.trap(i, a, b);
    }

    fn tdi(&mut self, i: Instruction) {
        let a = self.gpr(i.ra());
        let b = self.const64(i.simm() as u64);
        self.trap(i, a, b);
    }

    fn tw(&mut self, i: Instruction) {
        let a = self.gpr32(i.ra());
        let b = self.gpr32(i.rb());
        self.trap(i, a, b);
    }

    fn twi(&mut self, i: Instruction) {
        let a = self.gpr32(i.ra());
        let b = self.const32(i.simm() as u32);
        self.trap(i, a, b);
    }
}

impl Lifter<'_> {
    /// Moves RS to the bits `reach` of MSR, or with L to EE and RI only. Leaves to the dispatcher
    /// if the mode of compiled code changes.
    fn change_msr(&mut self, i: Instruction, reach: u64) {
        let ctx = self.context();
        let source = self.gpr(i.rs());
        let old = self.b.ins().load(types::I64, HOST, ctx, field::MSR);
        let (value, written) = if i.mtmsr_l() {
            (source, msr_bit::EE | msr_bit::RI)
        } else {
            // Problem state has interrupts and translation enabled: PR is ORed into each of their
            // bits.
            let pr = self.b.ins().band_imm_s(source, msr_bit::PR as i64);
            let mut value = source;
            for bit in [msr_bit::EE, msr_bit::IR, msr_bit::DR] {
                let distance = i64::from(bit.trailing_zeros()) - i64::from(msr_bit::PR.trailing_zeros());
                let moved = if distance > 0 {
                    self.b.ins().ishl_imm_s(pr, distance)
                } else {
                    self.b.ins().ushr_imm_s(pr, -distance)
                };
                value = self.b.ins().bor(value, moved);
            }
            (value, reach & !MSR_KEPT)
        };
        let mask = self.const64(written);
        let new = self.b.ins().bitselect(mask, value, old);
        self.b.ins().store(HOST, new, ctx, field::MSR);
        if written & MODE_BITS != 0 {
            self.flush();
            let differ = self.b.ins().bxor(new, old);
            let mode = self.const64(MODE_BITS);
            let changed = self.b.ins().band(differ, mode);
            self.leave_after_if(Leave::Unwind, changed);
        }
    }

    /// Reads the time base, or its upper word: the time at the start of the visit, plus a tick for
    /// each 2^`tick_shift` instructions completed since, without this one. The last read that the
    /// visit allows ends the visit.
    fn read_time_base(&mut self, i: Instruction) {
        let ctx = self.context();
        let exact = self.budget_before();
        let whole = self.b.ins().load(types::I64, HOST, ctx, field::VISIT_BUDGET);
        let executed = self.b.ins().isub(whole, exact);
        let shift = self.b.ins().load(types::I32, HOST, ctx, field::TICK_SHIFT);
        let ticks = self.b.ins().ushr(executed, shift);
        let start = self.b.ins().load(types::I64, HOST, ctx, field::TIME_BASE);
        let time = self.b.ins().iadd(start, ticks);
        // The TBR of `mftb` is the same field.
        if i.spr() == TBU {
            let upper = self.b.ins().ushr_imm_s(time, 32);
            self.set_gpr_low(i.rd(), upper, None);
        } else {
            self.set_gpr(i.rd(), time);
        }
        let reads = field::TIME_READS_LEFT;
        let before = self.b.ins().load(types::I32, HOST, ctx, reads);
        let last = self.b.ins().icmp_imm_s(IntCC::UnsignedLessThanOrEqual, before, 1);
        let less = self.b.ins().iadd_imm_s(before, -1);
        let none = self.const32(0);
        let left = self.b.ins().select(last, none, less);
        self.b.ins().store(HOST, left, ctx, reads);
        self.flush();
        self.leave_after_if(Leave::Yield, last);
    }
}
