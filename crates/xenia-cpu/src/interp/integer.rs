//! Fixed-point arithmetic and compares, and the VSCR moves that the table assigns to this family.
//!
//! Sums and products are formed from all 64 bits in both modes; the mode selects the bit that
//! carry, overflow and CR0 are taken from: bit 31 (counted from the least significant) with
//! MSR\[SF\] clear, bit 63 with it set. Overflow of multiplies and divides depends on the
//! instruction alone.
//!
//! Undefined results, after hardware of the family: a quotient that does not exist (division by
//! zero, the minimum by −1) is 0; `mulhw` sign-extends its result, `mulhwu`, `divw` and `divwu`
//! zero-extend theirs.

use super::{CpuView, Retirement, Step};
use crate::{CrField, vscr_bit};
use xenia_isa::{Instruction, Integer};

impl CpuView<'_> {
    /// The most significant bit of a sum in the current mode.
    #[inline(always)]
    fn top_bit(&self) -> u32 {
        if self.ctx.sf() { 63 } else { 31 }
    }

    /// Sets OV, and SO with it.
    #[inline(always)]
    fn set_overflow(&mut self, overflow: bool) {
        self.ctx.xer_ov = u8::from(overflow);
        self.ctx.xer_so |= u8::from(overflow);
    }

    /// Writes an XO-form result: RT, OV if OE, CR0 if Rc.
    #[inline(always)]
    fn finish(&mut self, i: Instruction, result: u64, overflow: impl FnOnce(&Self) -> bool) -> Step {
        if i.oe() {
            let overflow = overflow(self);
            self.set_overflow(overflow);
        }
        self.set_gpr(i.rd(), result);
        if i.rc() {
            self.record(result);
        }
        Ok(Retirement::Next)
    }

    /// `a + b + carry`, without CA.
    #[inline(always)]
    fn sum(&mut self, i: Instruction, a: u64, b: u64, carry: u64) -> Step {
        let sum = a.wrapping_add(b).wrapping_add(carry);
        // A sum overflows if its sign differs from those of both operands.
        self.finish(i, sum, |cpu| ((a ^ sum) & (b ^ sum)) >> cpu.top_bit() & 1 != 0)
    }

    /// Sets CA to the carry out of `a + b + something = sum`.
    #[inline(always)]
    fn set_carry(&mut self, a: u64, b: u64, sum: u64) {
        // The top bit carries if both operands have it, or one has it and the sum lacks it.
        self.ctx.xer_ca = (((a & b) | ((a | b) & !sum)) >> self.top_bit() & 1) as u8;
    }

    /// `a + b + carry`, with CA.
    #[inline(always)]
    fn sum_carrying(&mut self, i: Instruction, a: u64, b: u64, carry: u64) -> Step {
        self.set_carry(a, b, a.wrapping_add(b).wrapping_add(carry));
        self.sum(i, a, b, carry)
    }

    /// D-form `a + b + carry`, with CA. Returns the sum.
    #[inline(always)]
    fn immediate_carrying(&mut self, i: Instruction, a: u64, carry: u64) -> u64 {
        let b = i.simm() as u64;
        let sum = a.wrapping_add(b).wrapping_add(carry);
        self.set_carry(a, b, sum);
        self.set_gpr(i.rd(), sum);
        sum
    }

    #[inline(always)]
    fn carry_in(&self) -> u64 {
        u64::from(self.ctx.xer_ca)
    }

    /// Sets the CR field of a compare from the difference of two extended words.
    #[inline(always)]
    fn set_compared(&mut self, i: Instruction, difference: i64) -> Step {
        self.ctx.cr[i.crfd()] = CrField::from_difference(difference, self.ctx.xer_so);
        Ok(Retirement::Next)
    }

    #[inline(always)]
    fn compare_signed(&mut self, i: Instruction, a: i64, b: i64) -> Step {
        if i.l() {
            return self.set_compared(i, i64::from(a > b) - i64::from(a < b));
        }
        self.set_compared(i, i64::from(a as i32) - i64::from(b as i32))
    }

    #[inline(always)]
    fn compare_unsigned(&mut self, i: Instruction, a: u64, b: u64) -> Step {
        if i.l() {
            return self.set_compared(i, i64::from(a > b) - i64::from(a < b));
        }
        self.set_compared(i, i64::from(a as u32) - i64::from(b as u32))
    }
}

impl Integer for CpuView<'_> {
    #[inline(always)]
    fn addx(&mut self, i: Instruction) -> Step {
        self.sum(i, self.gpr(i.ra()), self.gpr(i.rb()), 0)
    }

    fn addcx(&mut self, i: Instruction) -> Step {
        self.sum_carrying(i, self.gpr(i.ra()), self.gpr(i.rb()), 0)
    }

    fn addex(&mut self, i: Instruction) -> Step {
        self.sum_carrying(i, self.gpr(i.ra()), self.gpr(i.rb()), self.carry_in())
    }

    #[inline(always)]
    fn addi(&mut self, i: Instruction) -> Step {
        self.set_gpr(i.rd(), self.gpr_or_zero(i.ra()).wrapping_add(i.simm() as u64));
        Ok(Retirement::Next)
    }

    fn addic(&mut self, i: Instruction) -> Step {
        self.immediate_carrying(i, self.gpr(i.ra()), 0);
        Ok(Retirement::Next)
    }

    fn addic_rc(&mut self, i: Instruction) -> Step {
        let sum = self.immediate_carrying(i, self.gpr(i.ra()), 0);
        self.record(sum);
        Ok(Retirement::Next)
    }

    #[inline(always)]
    fn addis(&mut self, i: Instruction) -> Step {
        self.set_gpr(i.rd(), self.gpr_or_zero(i.ra()).wrapping_add((i.simm() << 16) as u64));
        Ok(Retirement::Next)
    }

    fn addmex(&mut self, i: Instruction) -> Step {
        self.sum_carrying(i, self.gpr(i.ra()), u64::MAX, self.carry_in())
    }

    fn addzex(&mut self, i: Instruction) -> Step {
        self.sum_carrying(i, self.gpr(i.ra()), 0, self.carry_in())
    }

    fn cmp(&mut self, i: Instruction) -> Step {
        self.compare_signed(i, self.gpr(i.ra()) as i64, self.gpr(i.rb()) as i64)
    }

    fn cmpi(&mut self, i: Instruction) -> Step {
        self.compare_signed(i, self.gpr(i.ra()) as i64, i.simm())
    }

    fn cmpl(&mut self, i: Instruction) -> Step {
        self.compare_unsigned(i, self.gpr(i.ra()), self.gpr(i.rb()))
    }

    fn cmpli(&mut self, i: Instruction) -> Step {
        self.compare_unsigned(i, self.gpr(i.ra()), i.uimm())
    }

    fn divdx(&mut self, i: Instruction) -> Step {
        let quotient = (self.gpr(i.ra()) as i64).checked_div(self.gpr(i.rb()) as i64);
        self.finish(i, quotient.unwrap_or(0) as u64, |_| quotient.is_none())
    }

    fn divdux(&mut self, i: Instruction) -> Step {
        let quotient = self.gpr(i.ra()).checked_div(self.gpr(i.rb()));
        self.finish(i, quotient.unwrap_or(0), |_| quotient.is_none())
    }

    fn divwx(&mut self, i: Instruction) -> Step {
        let quotient = (self.gpr(i.ra()) as i32).checked_div(self.gpr(i.rb()) as i32);
        self.finish(i, u64::from(quotient.unwrap_or(0) as u32), |_| quotient.is_none())
    }

    fn divwux(&mut self, i: Instruction) -> Step {
        let quotient = (self.gpr(i.ra()) as u32).checked_div(self.gpr(i.rb()) as u32);
        self.finish(i, u64::from(quotient.unwrap_or(0)), |_| quotient.is_none())
    }

    // The high multiplies have no OE bit; the bit in that position is ignored.

    fn mulhdx(&mut self, i: Instruction) -> Step {
        let product = i128::from(self.gpr(i.ra()) as i64) * i128::from(self.gpr(i.rb()) as i64);
        self.high_product(i, (product >> 64) as u64)
    }

    fn mulhdux(&mut self, i: Instruction) -> Step {
        let product = u128::from(self.gpr(i.ra())) * u128::from(self.gpr(i.rb()));
        self.high_product(i, (product >> 64) as u64)
    }

    fn mulhwx(&mut self, i: Instruction) -> Step {
        let product = i64::from(self.gpr(i.ra()) as i32) * i64::from(self.gpr(i.rb()) as i32);
        self.high_product(i, (product >> 32) as u64)
    }

    fn mulhwux(&mut self, i: Instruction) -> Step {
        let product = u64::from(self.gpr(i.ra()) as u32) * u64::from(self.gpr(i.rb()) as u32);
        self.high_product(i, product >> 32)
    }

    fn mulldx(&mut self, i: Instruction) -> Step {
        let a = self.gpr(i.ra()) as i64;
        let b = self.gpr(i.rb()) as i64;
        self.finish(i, a.wrapping_mul(b) as u64, |_| a.checked_mul(b).is_none())
    }

    fn mulli(&mut self, i: Instruction) -> Step {
        self.set_gpr(i.rd(), self.gpr(i.ra()).wrapping_mul(i.simm() as u64));
        Ok(Retirement::Next)
    }

    fn mullwx(&mut self, i: Instruction) -> Step {
        let product = i64::from(self.gpr(i.ra()) as i32) * i64::from(self.gpr(i.rb()) as i32);
        self.finish(i, product as u64, |_| i64::from(product as i32) != product)
    }

    fn negx(&mut self, i: Instruction) -> Step {
        self.sum(i, !self.gpr(i.ra()), 0, 1)
    }

    #[inline(always)]
    fn subfx(&mut self, i: Instruction) -> Step {
        self.sum(i, !self.gpr(i.ra()), self.gpr(i.rb()), 1)
    }

    fn subfcx(&mut self, i: Instruction) -> Step {
        self.sum_carrying(i, !self.gpr(i.ra()), self.gpr(i.rb()), 1)
    }

    fn subfex(&mut self, i: Instruction) -> Step {
        self.sum_carrying(i, !self.gpr(i.ra()), self.gpr(i.rb()), self.carry_in())
    }

    fn subficx(&mut self, i: Instruction) -> Step {
        self.immediate_carrying(i, !self.gpr(i.ra()), 1);
        Ok(Retirement::Next)
    }

    fn subfmex(&mut self, i: Instruction) -> Step {
        self.sum_carrying(i, !self.gpr(i.ra()), u64::MAX, self.carry_in())
    }

    fn subfzex(&mut self, i: Instruction) -> Step {
        self.sum_carrying(i, !self.gpr(i.ra()), 0, self.carry_in())
    }

    fn mfvscr(&mut self, i: Instruction) -> Step {
        self.ctx.vr[i.vd()] = u128::from(self.ctx.vscr);
        Ok(Retirement::Next)
    }

    fn mtvscr(&mut self, i: Instruction) -> Step {
        // Reserved bits read as 0.
        self.ctx.vscr = self.ctx.vr[i.vb()] as u32 & (vscr_bit::NJ | vscr_bit::SAT);
        Ok(Retirement::Next)
    }
}

impl CpuView<'_> {
    #[inline(always)]
    fn high_product(&mut self, i: Instruction, high: u64) -> Step {
        self.set_gpr(i.rd(), high);
        if i.rc() {
            self.record(high);
        }
        Ok(Retirement::Next)
    }
}

#[cfg(test)]
mod tests;
