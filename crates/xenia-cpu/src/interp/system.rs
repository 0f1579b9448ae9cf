//! Moves to and from special registers, the time base, traps, system calls, storage ordering and caches.
//!
//! - Time base: 64 bits in both modes; the reading instruction does not count itself as executed. The
//!   last read that the visit allows ends it.
//! - The caches are invisible: touches, flushes and stores of blocks do nothing, and never fault.
//! - `mtcrf` and the one-field forms treat their mask alike; `mfocrf` gives 0 in the other fields.
//! - SPRs: XER, LR, CTR, VRSAVE, SPRG0–3, TB (read), PVR, PIR. Others raise `Privileged`, as do
//!   all privileged ones in problem state.
//! - `ptesync` is a `sync`.

use super::{Cpu, ExceptionKind, Flow, Step};
use crate::msr_bit;
use std::sync::atomic::{Ordering, fence};
use xenia_isa::{Instruction, System};

/// Processor version of Xenon as retail consoles report it (known: 0x710600, 0x710700, 0x710800).
/// Some system titles ask for at least this one.
pub(crate) const PROCESSOR_VERSION: u64 = 0x0071_0700;

/// SPR numbers.
pub(crate) mod spr {
    pub(crate) const XER: usize = 1;
    pub(crate) const LR: usize = 8;
    pub(crate) const CTR: usize = 9;
    pub(crate) const VRSAVE: usize = 256;
    pub(crate) const TB: usize = 268;
    pub(crate) const TBU: usize = 269;
    pub(crate) const SPRG0: usize = 272;
    pub(crate) const SPRG3: usize = 275;
    pub(crate) const PVR: usize = 287;
    pub(crate) const PIR: usize = 1023;
}

/// Whether `i`, an `mfspr`, reads the time base.
pub(crate) fn reads_time_base(i: Instruction) -> bool {
    matches!(i.spr(), spr::TB | spr::TBU)
}

impl Cpu<'_> {
    fn privileged(&mut self, i: Instruction) -> Step {
        Err(self.raise(ExceptionKind::Privileged { word: i.0 }))
    }

    fn problem_state(&self) -> bool {
        self.ctx.msr & msr_bit::PR != 0
    }

    /// Reads the time base into RT; `upper`: its upper word.
    fn read_time_base(&mut self, i: Instruction, upper: bool) -> Step {
        // The budget already counts this instruction, which hasn't completed.
        let time =
            self.ctx.time_base.wrapping_add(self.ctx.executed().wrapping_sub(1) >> self.ctx.tick_shift);
        self.set_gpr(i.rd(), if upper { time >> 32 } else { time });
        self.ctx.time_reads_left = self.ctx.time_reads_left.saturating_sub(1);
        Ok(if self.ctx.time_reads_left == 0 { Flow::Yield } else { Flow::Next })
    }

    /// Traps if the operands' order is one that TO names.
    #[inline(always)]
    fn trap(&mut self, i: Instruction, a: i64, b: i64, unsigned_a: u64, unsigned_b: u64) -> Step {
        let holds = u8::from(a < b) << 4
            | u8::from(a > b) << 3
            | u8::from(a == b) << 2
            | u8::from(unsigned_a < unsigned_b) << 1
            | u8::from(unsigned_a > unsigned_b);
        if usize::from(holds) & i.to() != 0 {
            return Err(self.raise(ExceptionKind::Trap { word: i.0 }));
        }
        Ok(Flow::Next)
    }

    fn trap_word(&mut self, i: Instruction, b: u64) -> Step {
        let a = self.gpr(i.ra());
        self.trap(i, i64::from(a as i32), i64::from(b as i32), u64::from(a as u32), u64::from(b as u32))
    }

    fn trap_doubleword(&mut self, i: Instruction, b: u64) -> Step {
        let a = self.gpr(i.ra());
        self.trap(i, a as i64, b as i64, a, b)
    }

    /// `L` = 1: only EE and RI.
    fn set_interrupt_enables(&mut self, source: u64) {
        let both = msr_bit::EE | msr_bit::RI;
        self.ctx.msr = self.ctx.msr & !both | source & both;
    }

    /// A move to MSR of the bits in `writable`: problem state implies interrupts and translation on.
    fn set_msr(&mut self, source: u64, writable: u64) {
        const IR_DR: u64 = 1 << 5 | 1 << 4;
        // HV, ME and LE stay.
        const KEPT: u64 = 1 << 60 | 1 << 12 | 1;
        let mut value = source;
        if value & msr_bit::PR != 0 {
            value |= msr_bit::EE | IR_DR;
        }
        let writable = writable & !KEPT;
        self.ctx.msr = self.ctx.msr & !writable | value & writable;
    }
}

impl System for Cpu<'_> {
    fn dcbf(&mut self, _: Instruction) -> Step {
        Ok(Flow::Next)
    }

    fn dcbi(&mut self, i: Instruction) -> Step {
        if self.problem_state() { self.privileged(i) } else { Ok(Flow::Next) }
    }

    fn dcbst(&mut self, _: Instruction) -> Step {
        Ok(Flow::Next)
    }

    fn dcbt(&mut self, _: Instruction) -> Step {
        Ok(Flow::Next)
    }

    fn dcbtst(&mut self, _: Instruction) -> Step {
        Ok(Flow::Next)
    }

    fn eieio(&mut self, _: Instruction) -> Step {
        fence(Ordering::AcqRel);
        Ok(Flow::Next)
    }

    fn icbi(&mut self, _: Instruction) -> Step {
        // Ends its block; the next one's entry looks at the page versions.
        Ok(Flow::Next)
    }

    fn isync(&mut self, _: Instruction) -> Step {
        fence(Ordering::Acquire);
        Ok(Flow::Next)
    }

    fn mcrxr(&mut self, i: Instruction) -> Step {
        let bits = self.ctx.xer_so << 3 | self.ctx.xer_ov << 2 | self.ctx.xer_ca << 1;
        self.set_cr(i.crfd(), bits);
        (self.ctx.xer_so, self.ctx.xer_ov, self.ctx.xer_ca) = (0, 0, 0);
        Ok(Flow::Next)
    }

    fn mfcr(&mut self, i: Instruction) -> Step {
        let cr = self.ctx.cr_word();
        let mask = if i.one_cr_field() { field_mask(i.crm()) } else { u32::MAX };
        self.set_gpr(i.rd(), u64::from(cr & mask));
        Ok(Flow::Next)
    }

    fn mfmsr(&mut self, i: Instruction) -> Step {
        if self.problem_state() {
            return self.privileged(i);
        }
        self.set_gpr(i.rd(), self.ctx.msr);
        Ok(Flow::Next)
    }

    fn mfspr(&mut self, i: Instruction) -> Step {
        let number = i.spr();
        if self.problem_state() && number & 16 != 0 {
            return self.privileged(i);
        }
        let value = match number {
            spr::XER => u64::from(self.ctx.xer_word()),
            spr::LR => self.ctx.lr,
            spr::CTR => self.ctx.ctr,
            spr::VRSAVE => u64::from(self.ctx.vrsave),
            spr::TB => return self.read_time_base(i, false),
            spr::TBU => return self.read_time_base(i, true),
            spr::SPRG0..=spr::SPRG3 => self.ctx.sprg[number - spr::SPRG0],
            spr::PVR => PROCESSOR_VERSION,
            spr::PIR => u64::from(self.ctx.hw_id),
            _ => return self.privileged(i),
        };
        self.set_gpr(i.rd(), value);
        Ok(Flow::Next)
    }

    fn mftb(&mut self, i: Instruction) -> Step {
        match i.tbr() {
            spr::TB => self.read_time_base(i, false),
            spr::TBU => self.read_time_base(i, true),
            _ => self.illegal(i),
        }
    }

    fn mtcrf(&mut self, i: Instruction) -> Step {
        let mask = field_mask(i.crm());
        let cr = self.ctx.cr_word() & !mask | self.gpr(i.rs()) as u32 & mask;
        self.ctx.set_cr_word(cr);
        Ok(Flow::Next)
    }

    fn mtmsr(&mut self, i: Instruction) -> Step {
        if self.problem_state() {
            return self.privileged(i);
        }
        let source = self.gpr(i.rs());
        if i.mtmsr_l() {
            self.set_interrupt_enables(source);
        } else {
            self.set_msr(source, 0xFFFF_FFFF);
        }
        Ok(Flow::Msr)
    }

    fn mtmsrd(&mut self, i: Instruction) -> Step {
        if self.problem_state() {
            return self.privileged(i);
        }
        let source = self.gpr(i.rs());
        if i.mtmsr_l() {
            self.set_interrupt_enables(source);
        } else {
            self.set_msr(source, u64::MAX);
        }
        Ok(Flow::Msr)
    }

    fn mtspr(&mut self, i: Instruction) -> Step {
        let number = i.spr();
        if self.problem_state() && number & 16 != 0 {
            return self.privileged(i);
        }
        let value = self.gpr(i.rs());
        match number {
            spr::XER => self.ctx.set_xer_word(value as u32),
            spr::LR => self.ctx.lr = value,
            spr::CTR => self.ctx.ctr = value,
            spr::VRSAVE => self.ctx.vrsave = value as u32,
            spr::SPRG0..=spr::SPRG3 => self.ctx.sprg[number - spr::SPRG0] = value,
            _ => return self.privileged(i),
        }
        Ok(Flow::Next)
    }

    fn sc(&mut self, i: Instruction) -> Step {
        self.lev = i.lev() as u8;
        Ok(Flow::Syscall)
    }

    fn sync(&mut self, i: Instruction) -> Step {
        // L = 1 is lwsync, which lets a load pass an older store; the others order everything.
        fence(if i.sync_l() == 1 { Ordering::AcqRel } else { Ordering::SeqCst });
        Ok(Flow::Next)
    }

    fn td(&mut self, i: Instruction) -> Step {
        self.trap_doubleword(i, self.gpr(i.rb()))
    }

    fn tdi(&mut self, i: Instruction) -> Step {
        self.trap_doubleword(i, i.simm() as u64)
    }

    fn tw(&mut self, i: Instruction) -> Step {
        self.trap_word(i, self.gpr(i.rb()))
    }

    fn twi(&mut self, i: Instruction) -> Step {
        self.trap_word(i, i.simm() as u64)
    }
}

/// CR bits that a field mask names; its top bit is CR0.
fn field_mask(crm: usize) -> u32 {
    (0..8).filter(|field| crm >> field & 1 != 0).fold(0, |mask, field| mask | 15 << (4 * field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::testing::*;
    use crate::{Execute, Exit, GuestException};
    use xenia_guest::GuestAddr;
    use xenia_isa::Op;

    /// An SPR number as it lies in the word.
    fn spr_field(n: u32) -> u32 {
        (n & 31) << 16 | (n >> 5) << 11
    }

    fn mfspr(rd: u32, n: u32) -> u32 {
        x(Op::mfspr, rd, 0, 0, spr_field(n))
    }

    fn mtspr(rs: u32, n: u32) -> u32 {
        x(Op::mtspr, rs, 0, 0, spr_field(n))
    }

    fn exception_of(exit: Exit) -> ExceptionKind {
        match exit {
            Exit::Exception(GuestException { pc: GuestAddr(CODE), kind }) => kind,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn special_registers_keep_what_they_have_bits_for() {
        for (number, kept) in [
            (1, 0xE000_007F),
            (8, u64::MAX),
            (9, u64::MAX),
            (256, 0xFFFF_FFFF),
            (272, u64::MAX),
            (275, u64::MAX),
        ] {
            let mut machine = Machine::new();
            machine.ctx.gpr[3] = u64::MAX;
            machine.one(mtspr(3, number));
            machine.one(mfspr(4, number));
            assert_eq!(machine.ctx.gpr[4], kept, "SPR {number}");
        }
        let mut machine = Machine::new();
        machine.ctx.hw_id = 4;
        machine.one(mfspr(4, 287));
        machine.one(mfspr(5, 1023));
        assert_eq!((machine.ctx.gpr[4], machine.ctx.gpr[5]), (0x0071_0700, 4));
    }

    #[test]
    fn what_is_privileged_or_missing_raises() {
        for (word, problem_state) in [
            (mfspr(3, 77), false),
            (mtspr(3, 287), false),
            (mtspr(3, 284), false),
            (mfspr(3, 272), true),
            (mtspr(3, 272), true),
            (x(Op::mfmsr, 3, 0, 0, 0), true),
            (x(Op::mtmsr, 3, 0, 0, 0), true),
            (x(Op::mtmsrd, 3, 0, 0, 0), true),
            (x(Op::dcbi, 0, 0, 3, 0), true),
        ] {
            let mut machine = Machine::new();
            machine.ctx.msr |= u64::from(problem_state) << 14;
            assert_eq!(exception_of(machine.one_exit(word)), ExceptionKind::Privileged { word }, "{word:#x}");
        }
    }

    #[test]
    fn msr_moves() {
        const L: u32 = 1 << 16;
        let (ee_ri, all) = (msr_bit::EE | msr_bit::RI, !msr_bit::PR);
        // (word, MSR before, source, MSR after)
        for (word, before, source, after) in [
            (x(Op::mtmsrd, 3, 0, 0, L), 0, u64::MAX, ee_ri),
            (x(Op::mtmsr, 3, 0, 0, L), msr_bit::FP | ee_ri, 0, msr_bit::FP),
            (x(Op::mtmsr, 3, 0, 0, 0), msr_bit::SF, all, msr_bit::SF | all & 0xFFFF_EFFE),
            (x(Op::mtmsrd, 3, 0, 0, 0), 0, msr_bit::SF, msr_bit::SF),
            (x(Op::mtmsrd, 3, 0, 0, 0), 0, msr_bit::PR, msr_bit::PR | msr_bit::EE | 0x30),
            (x(Op::mtmsrd, 3, 0, 0, 0), 1 << 60 | 1 << 12, 0, 1 << 60 | 1 << 12),
        ] {
            let mut machine = Machine::new();
            (machine.ctx.msr, machine.ctx.gpr[3]) = (before, source);
            machine.one(word);
            assert_eq!(machine.ctx.msr, after, "{word:#x}");
        }
    }

    #[test]
    fn turning_a_facility_off_is_seen_by_the_next_instruction_and_by_cached_blocks() {
        let mut machine = Machine::new();
        let lfs = d(Op::lfs, 1, 4, 0);
        machine.ctx.gpr[4] = u64::from(DATA);
        machine.put(CODE, &[lfs, x(Op::mtmsr, 3, 0, 0, 0), Op::bx.row().bits | (0x3FF_FFF8)]);
        machine.ctx.gpr[3] = msr_bit::VEC;
        let exit = machine.run(100);
        assert_eq!(exception_of(exit), ExceptionKind::Unavailable { word: lfs });
        assert_eq!(machine.ctx.executed(), 3);
        machine.ctx.msr |= msr_bit::FP;
        machine.ctx.gpr[3] = msr_bit::FP;
        assert_eq!(machine.run(100), Exit::Budget);
    }

    #[test]
    fn condition_register_moves() {
        let mut machine = Machine::new();
        machine.ctx.set_cr_word(0x1234_5678);
        machine.one(x(Op::mfcr, 3, 0, 0, 0));
        machine.one(x(Op::mfcr, 4, 0, 0, 1 << 20 | 0x20 << 12));
        assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[4]), (0x1234_5678, 0x0030_0000));
        machine.ctx.gpr[5] = 0xFFFF_FFFF_ABCD_EF01;
        machine.one(x(Op::mtcrf, 5, 0, 0, 0x81 << 12));
        assert_eq!(machine.ctx.cr_word(), 0xA234_5671);
        machine.one(x(Op::mtcrf, 5, 0, 0, 1 << 20 | 0x40 << 12));
        assert_eq!(machine.ctx.cr_word(), 0xAB34_5671);
        machine.ctx.set_xer_word(0xA000_0011);
        machine.one(x(Op::mcrxr, 3 << 2, 0, 0, 0));
        assert_eq!((machine.ctx.cr[3], machine.ctx.xer_word()), (0b1010, 0x11));
    }

    #[test]
    fn traps_test_the_orders_that_to_names() {
        let (a, b) = (0xFFFF_FFFF_0000_0001_u64, 0x2_u64);
        // As words: 1 < 2 either way. As doublewords: negative, and unsigned above.
        for (op, holds) in [(Op::tw, 16 | 2), (Op::td, 16 | 1)] {
            for to in 0..32 {
                let mut machine = Machine::new();
                (machine.ctx.gpr[4], machine.ctx.gpr[5]) = (a, b);
                let word = x(op, to, 4, 5, 0);
                if to & holds != 0 {
                    assert_eq!(exception_of(machine.one_exit(word)), ExceptionKind::Trap { word });
                } else {
                    machine.one(word);
                }
            }
        }
        let mut machine = Machine::new();
        machine.ctx.gpr[4] = 0xFFFF_FFFF;
        for word in [d(Op::twi, 4, 4, -1), d(Op::twi, 31, 4, 22), d(Op::tdi, 8, 4, -1)] {
            assert_eq!(exception_of(machine.one_exit(word)), ExceptionKind::Trap { word }, "{word:#x}");
        }
    }

    #[test]
    fn a_trap_in_the_middle_of_a_block_is_exact() {
        let mut machine = Machine::new();
        let trap = d(Op::twi, 31, 0, 0);
        machine.put(CODE, &[d(Op::addi, 3, 3, 1), d(Op::addi, 3, 3, 1), trap, d(Op::addi, 3, 3, 1)]);
        let exit = machine.run(100);
        let kind = ExceptionKind::Trap { word: trap };
        assert_eq!(exit, Exit::Exception(GuestException { pc: GuestAddr(CODE + 8), kind }));
        assert_eq!((machine.ctx.pc, machine.ctx.executed(), machine.ctx.gpr[3]), (CODE + 8, 2, 2));
    }

    #[test]
    fn time_base_reads_count_what_was_executed_before_them_and_end_the_visit_at_the_last() {
        let mut machine = Machine::new();
        let mftb = |rd| x(Op::mftb, rd, 0, 0, spr_field(268));
        let nop = d(Op::ori, 0, 0, 0);
        // 16 instructions a tick: the reads come after 31, 32 and 33 instructions.
        let mut code = vec![nop; 31];
        code.extend([mftb(3), mftb(4), x(Op::mftb, 5, 0, 0, spr_field(269)), nop, nop]);
        machine.put(CODE, &code);
        for reads in [3, 8] {
            machine.ctx.pc = CODE;
            machine.ctx.begin_visit(1000, 0x7_0000_0000, reads);
            machine.ctx.budget = 1000;
            let exit = machine.interp.run(&mut machine.ctx, &mut machine.devices);
            let ctx = &machine.ctx;
            assert_eq!((ctx.gpr[3], ctx.gpr[4], ctx.gpr[5]), (0x7_0000_0001, 0x7_0000_0002, 7));
            if reads == 3 {
                assert_eq!((exit, ctx.pc, ctx.executed()), (Exit::Yield, CODE + 34 * 4, 34));
            } else {
                // The page's zeros follow: no instructions.
                assert_eq!(ctx.executed(), 36);
                assert!(matches!(exit, Exit::Exception(_)));
            }
        }
    }

    #[test]
    fn a_time_base_read_by_number_is_one_too() {
        let mut machine = Machine::new();
        machine.put(CODE, &[mfspr(3, 268), mfspr(4, 269)]);
        machine.ctx.begin_visit(100, 5 << 32 | 9, 2);
        assert_eq!(machine.interp.run(&mut machine.ctx, &mut machine.devices), Exit::Yield);
        assert_eq!((machine.ctx.gpr[3], machine.ctx.gpr[4]), (5 << 32 | 9, 5));
    }

    #[test]
    fn system_calls_pass_their_level() {
        for lev in [0, 1, 2, 127] {
            let mut machine = Machine::new();
            machine.put(CODE, &[d(Op::sc, 0, 0, lev << 5 | 2)]);
            assert_eq!(machine.run(9), Exit::Syscall { lev: lev as u8 });
            assert_eq!((machine.ctx.pc, machine.ctx.executed()), (CODE + 4, 1));
        }
    }
}
