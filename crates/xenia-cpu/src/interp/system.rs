//! Moves to and from special registers, the time base, traps, system calls, storage ordering and
//! caches.
//!
//! - Time base: 64 bits in both modes; the reading instruction does not count itself as executed.
//!   The last read that the visit allows ends it.
//! - The caches are invisible: touches, flushes and stores of blocks have no effect, and never
//!   fault.
//! - `mtcrf` and the one-field forms treat their mask alike; `mfocrf` returns 0 in the other
//!   fields.
//! - SPRs: XER, LR, CTR, VRSAVE, SPRG0–3, TB (read), PVR, PIR. Others raise `Privileged`, as do all
//!   privileged ones in problem state.
//! - `ptesync` is a `sync`.

use super::{CpuView, ExceptionKind, Retirement, Step};
use crate::{PROCESSOR_VERSION, msr_bit};
use std::sync::atomic::{Ordering, fence};
use xenia_isa::{Instruction, System, spr};

/// Whether `i`, an `mfspr`, reads the time base.
pub(crate) fn reads_time_base(i: Instruction) -> bool {
    matches!(i.spr(), spr::TB | spr::TBU)
}

impl CpuView<'_> {
    fn privileged(&mut self, i: Instruction) -> Step {
        Err(self.raise(ExceptionKind::Privileged { word: i.0 }))
    }

    fn problem_state(&self) -> bool {
        self.ctx.msr & msr_bit::PR != 0
    }

    /// Reads TB or TBU, the upper word of the time base, into RT.
    fn read_time_base(&mut self, i: Instruction, register: usize) -> Step {
        // The budget already counts this instruction, which hasn't completed.
        let time =
            self.ctx.time_base.wrapping_add(self.ctx.executed().wrapping_sub(1) >> self.ctx.tick_shift);
        self.set_gpr(i.rd(), if register == spr::TBU { time >> 32 } else { time });
        self.ctx.time_reads_left = self.ctx.time_reads_left.saturating_sub(1);
        Ok(if self.ctx.time_reads_left == 0 { Retirement::Yield } else { Retirement::Next })
    }

    /// Traps if the order of the operands is one that TO selects.
    #[inline(always)]
    fn trap(&mut self, i: Instruction, a: i64, b: i64, unsigned_a: u64, unsigned_b: u64) -> Step {
        // In the order of TO's bits (PowerISA book I, `tw`).
        let holds = u8::from(a < b) << 4
            | u8::from(a > b) << 3
            | u8::from(a == b) << 2
            | u8::from(unsigned_a < unsigned_b) << 1
            | u8::from(unsigned_a > unsigned_b);
        if usize::from(holds) & i.to() != 0 {
            return Err(self.raise(ExceptionKind::Trap { word: i.0 }));
        }
        Ok(Retirement::Next)
    }

    fn trap_word(&mut self, i: Instruction, b: u64) -> Step {
        let a = self.gpr(i.ra());
        self.trap(i, i64::from(a as i32), i64::from(b as i32), u64::from(a as u32), u64::from(b as u32))
    }

    fn trap_doubleword(&mut self, i: Instruction, b: u64) -> Step {
        let a = self.gpr(i.ra());
        self.trap(i, a as i64, b as i64, a, b)
    }

    /// `mtmsr` with `L` = 1: sets only EE and RI, on which no compiled or decoded code depends.
    fn set_interrupt_enables(&mut self, source: u64) -> Step {
        let both = msr_bit::EE | msr_bit::RI;
        self.ctx.msr = self.ctx.msr & !both | source & both;
        Ok(Retirement::Next)
    }

    /// Moves the bits in `writable` to MSR; problem state implies interrupts and translation on.
    fn set_msr(&mut self, source: u64, writable: u64) {
        let kept = msr_bit::HV | msr_bit::ME | msr_bit::LE;
        let mut value = source;
        if value & msr_bit::PR != 0 {
            value |= msr_bit::EE | msr_bit::IR | msr_bit::DR;
        }
        let writable = writable & !kept;
        self.ctx.msr = self.ctx.msr & !writable | value & writable;
    }
}

impl System for CpuView<'_> {
    fn dcbf(&mut self, _: Instruction) -> Step {
        Ok(Retirement::Next)
    }

    fn dcbi(&mut self, i: Instruction) -> Step {
        if self.problem_state() { self.privileged(i) } else { Ok(Retirement::Next) }
    }

    fn dcbst(&mut self, _: Instruction) -> Step {
        Ok(Retirement::Next)
    }

    fn dcbt(&mut self, _: Instruction) -> Step {
        Ok(Retirement::Next)
    }

    fn dcbtst(&mut self, _: Instruction) -> Step {
        Ok(Retirement::Next)
    }

    fn eieio(&mut self, _: Instruction) -> Step {
        // For stores to memory: accesses of devices are in program order without it.
        fence(Ordering::AcqRel);
        Ok(Retirement::Next)
    }

    fn icbi(&mut self, _: Instruction) -> Step {
        // `icbi` ends its block; the entry of the next one checks the page versions.
        Ok(Retirement::Next)
    }

    fn isync(&mut self, _: Instruction) -> Step {
        // Guests take locks with it, after a branch on the load (PowerISA book II, appendix B).
        fence(Ordering::Acquire);
        Ok(Retirement::Next)
    }

    fn mcrxr(&mut self, i: Instruction) -> Step {
        let bits = self.ctx.xer_so << 3 | self.ctx.xer_ov << 2 | self.ctx.xer_ca << 1;
        self.set_cr(i.crfd(), bits);
        self.ctx.xer_so = 0;
        self.ctx.xer_ov = 0;
        self.ctx.xer_ca = 0;
        Ok(Retirement::Next)
    }

    fn mfcr(&mut self, i: Instruction) -> Step {
        let cr = self.ctx.cr_word();
        let mask = if i.one_cr_field() { field_mask(i.crm()) } else { u32::MAX };
        self.set_gpr(i.rd(), u64::from(cr & mask));
        Ok(Retirement::Next)
    }

    fn mfmsr(&mut self, i: Instruction) -> Step {
        if self.problem_state() {
            return self.privileged(i);
        }
        self.set_gpr(i.rd(), self.ctx.msr);
        Ok(Retirement::Next)
    }

    fn mfspr(&mut self, i: Instruction) -> Step {
        let number = i.spr();
        if self.problem_state() && spr::is_privileged(number) {
            return self.privileged(i);
        }
        let value = match number {
            spr::XER => u64::from(self.ctx.xer_word()),
            spr::LR => self.ctx.lr,
            spr::CTR => self.ctx.ctr,
            spr::VRSAVE => u64::from(self.ctx.vrsave),
            spr::TB | spr::TBU => return self.read_time_base(i, number),
            spr::SPRG0..=spr::SPRG3 => self.ctx.sprg[number - spr::SPRG0],
            spr::PVR => PROCESSOR_VERSION,
            spr::PIR => u64::from(self.ctx.hw_id),
            _ => return self.privileged(i),
        };
        self.set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    fn mftb(&mut self, i: Instruction) -> Step {
        match i.tbr() {
            register @ (spr::TB | spr::TBU) => self.read_time_base(i, register),
            _ => self.illegal(i),
        }
    }

    fn mtcrf(&mut self, i: Instruction) -> Step {
        let word = self.gpr(i.rs()) as u32;
        for field in (0..8).filter(|field| i.crm() >> (7 - field) & 1 != 0) {
            self.set_cr(field, (word >> (28 - 4 * field)) as u8);
        }
        Ok(Retirement::Next)
    }

    fn mtmsr(&mut self, i: Instruction) -> Step {
        if self.problem_state() {
            return self.privileged(i);
        }
        let source = self.gpr(i.rs());
        if i.mtmsr_l() {
            return self.set_interrupt_enables(source);
        }
        self.set_msr(source, 0xFFFF_FFFF);
        Ok(Retirement::Msr)
    }

    fn mtmsrd(&mut self, i: Instruction) -> Step {
        if self.problem_state() {
            return self.privileged(i);
        }
        let source = self.gpr(i.rs());
        if i.mtmsr_l() {
            return self.set_interrupt_enables(source);
        }
        self.set_msr(source, u64::MAX);
        Ok(Retirement::Msr)
    }

    fn mtspr(&mut self, i: Instruction) -> Step {
        let number = i.spr();
        if self.problem_state() && spr::is_privileged(number) {
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
        Ok(Retirement::Next)
    }

    fn sc(&mut self, i: Instruction) -> Step {
        self.lev = i.lev() as u8;
        Ok(Retirement::Syscall)
    }

    fn sync(&mut self, i: Instruction) -> Step {
        // L = 1 is lwsync, which lets a load pass an older store; the others order everything.
        fence(if i.sync_l() == 1 { Ordering::AcqRel } else { Ordering::SeqCst });
        Ok(Retirement::Next)
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

/// CR bits that a field mask selects; its top bit is CR0.
fn field_mask(crm: usize) -> u32 {
    (0..8).filter(|field| crm >> field & 1 != 0).fold(0, |mask, field| mask | 15 << (4 * field))
}

#[cfg(test)]
mod tests;
