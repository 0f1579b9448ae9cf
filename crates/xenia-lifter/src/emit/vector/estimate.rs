//! The estimate instructions.
//!
//! Inline code serves lanes that are normal numbers (of the right sign) and have normal results, or
//! for `vexptefp` all but NaNs. For other lanes [`crate::float::exact_vector`] computes all four.
//! Decision 0004 defines the results:
//!
//! - `vrefp`, `vrsqrtefp`, `vexptefp`: linear interpolation in the intervals of
//!   [`EstimateTables`].
//! - `vlogefp`: six linear pieces.

use super::super::{HOST, Lifter};
use super::Signedness;
use super::multiply::LaneHalf;
use crate::float::exact_vector::LOGARITHMS;
use crate::host::Word;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use std::mem::offset_of;
use xenia_cpu::EstimateTables;

impl Lifter<'_> {
    /// Bits of the operand, and the lanes that are not positive normal numbers.
    fn positive_normal(&mut self, b: usize) -> (Value, Value) {
        let value = self.vr_as_lanes(b, types::I32X4);
        let least = self.splat_word(0x0080_0000);
        let above = self.b.ins().isub(value, least);
        let count = self.splat_word(0x7F00_0000);
        // Zeros and denormals wrap around; infinities, NaNs and negative numbers are larger anyway.
        let other = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, above, count);
        (value, self.b.ins().vany_true(other))
    }

    /// The unbiased exponent of each lane.
    fn exponents(&mut self, bits: Value) -> Value {
        let exponents = self.b.ins().ushr_imm_s(bits, 23);
        let bias = self.splat_word(127);
        self.b.ins().isub(exponents, bias)
    }

    /// The entry of each lane in the table at this offset of [`EstimateTables`], which the lower
    /// five bits of `index` select.
    fn table_entries(&mut self, index: Value, table: usize) -> Value {
        let mask = self.splat_word(31);
        let index = self.b.ins().band(index, mask);
        let tables = self.word(Word::Estimates);
        let mut entries = index;
        for lane in 0..4 {
            let index = self.b.ins().extractlane(index, lane);
            let index = self.b.ins().uextend(types::I64, index);
            let offset = self.b.ins().ishl_imm_s(index, 2);
            let place = self.b.ins().iadd(tables, offset);
            let entry = self.b.ins().load(types::I32, HOST, place, table as i32);
            entries = self.b.ins().insertlane(entries, entry, lane);
        }
        entries
    }

    /// Interpolates in the intervals of the table of 32 words at this offset of [`EstimateTables`].
    /// Of an operand, the bits from 9 on are the place in its interval, `place_bits` of them, and
    /// the five above select the interval.
    fn interpolated(&mut self, bits: Value, table: usize, place_bits: i64) -> Value {
        let index = self.b.ins().ushr_imm_s(bits, 9 + place_bits);
        let entries = self.table_entries(index, table);
        let start = self.half_lanes(entries, LaneHalf::Odd, Signedness::Unsigned);
        let start = self.b.ins().ishl_imm_s(start, place_bits);
        let slope = self.half_lanes(entries, LaneHalf::Even, Signedness::Unsigned);
        let place = self.b.ins().ushr_imm_s(bits, 9);
        let mask = self.splat_word((1 << place_bits) - 1);
        let place = self.b.ins().band(place, mask);
        let less = self.b.ins().imul(place, slope);
        self.b.ins().isub(start, less)
    }

    pub(crate) fn reciprocal(&mut self, d: usize, b: usize) {
        let bits = self.vr_as_lanes(b, types::I32X4);
        // The result's biased exponent is 253 less the operand's: both are normal if that is from 1
        // to 252. The sign is shifted out.
        let twice = self.b.ins().ishl_imm_s(bits, 1);
        let least = self.splat_word(1 << 24);
        let above = self.b.ins().isub(twice, least);
        let count = self.splat_word(252 << 24);
        let other = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, above, count);
        let bad = self.b.ins().vany_true(other);
        // Five fraction bits select the interval.
        let fraction = self.interpolated(bits, offset_of!(EstimateTables, vrefp), 9);
        let mask = self.splat_word(0x7F80_0000);
        let exponent = self.b.ins().band(bits, mask);
        let base = self.splat_word(253 << 23);
        let exponent = self.b.ins().isub(base, exponent);
        let mask = self.splat_word(0x8000_0000);
        let sign = self.b.ins().band(bits, mask);
        let result = self.b.ins().bor(exponent, fraction);
        let result = self.b.ins().bor(result, sign);
        self.deliver_unless(d, &[b], bad, result);
    }

    pub(crate) fn reciprocal_root(&mut self, d: usize, b: usize) {
        let (bits, bad) = self.positive_normal(b);
        // The exponent's last bit and four fraction bits select the interval.
        let root = self.interpolated(bits, offset_of!(EstimateTables, vrsqrtefp), 10);
        // Normalises: the leading one is in bit 24 or 25, and goes to bit 25.
        let normal = self.splat_word(1 << 25);
        let small = self.b.ins().icmp(IntCC::SignedLessThan, root, normal);
        let more = self.b.ins().band(root, small);
        let root = self.b.ins().iadd(root, more);
        // The last two bits are rounded off to nearest even: up if they are 3, or 2 after an odd
        // number.
        let five = self.splat_word(5);
        let two = self.splat_word(2);
        let zero = self.splat_word(0);
        let rest = self.b.ins().band(root, five);
        let exact = self.b.ins().icmp(IntCC::Equal, rest, zero);
        let half = self.b.ins().band_not(root, exact);
        let half = self.b.ins().band(half, two);
        let up = self.b.ins().ishl_imm_s(half, 1);
        let root = self.b.ins().iadd(root, up);
        let root = self.b.ins().ushr_imm_s(root, 2);
        let mask = self.splat_word(0x007F_FFFF);
        let fraction = self.b.ins().band(root, mask);
        let exponent = self.exponents(bits);
        let exponent = self.b.ins().isub(zero, exponent);
        let exponent = self.b.ins().sshr_imm_s(exponent, 1);
        let bias = self.splat_word(127);
        let exponent = self.b.ins().iadd(exponent, bias);
        // Minus one if the leading one was in bit 24.
        let exponent = self.b.ins().iadd(exponent, small);
        let exponent = self.b.ins().ishl_imm_s(exponent, 23);
        let result = self.b.ins().bor(exponent, fraction);
        self.deliver_unless(d, &[b], bad, result);
    }

    pub(crate) fn logarithm(&mut self, d: usize, b: usize) {
        let (bits, bad) = self.positive_normal(b);
        // Eleven fraction bits, of which the first four select the piece.
        let fraction = self.b.ins().ushr_imm_s(bits, 12);
        let mask = self.splat_word(0x7FF);
        let fraction = self.b.ins().band(fraction, mask);
        let sixteenth = self.b.ins().ushr_imm_s(fraction, 7);
        // Looked up in byte tables: result n is that of lane n. An index with bit 7 set gives 0.
        let [slopes, low, high] = [
            |(slope, _): (u32, u32)| slope as u8,
            |(_, base): (u32, u32)| (base >> 2) as u8,
            |(_, base): (u32, u32)| (base >> 10) as u8,
        ]
        .map(|part| self.vector_constant(|k| part(LOGARITHMS[usize::from(15 - k)])));
        let none = self.splat_word(0x8080_8000);
        let index = self.b.ins().bor(sixteenth, none);
        let index = self.cast(index, types::I8X16);
        let slope = self.shuffled(slopes, index);
        let slope = self.cast(slope, types::I32X4);
        let low = self.shuffled(low, index);
        let none = self.splat_word(0x8080_0080);
        let index = self.b.ins().ishl_imm_s(sixteenth, 8);
        let index = self.b.ins().bor(index, none);
        let index = self.cast(index, types::I8X16);
        let high = self.shuffled(high, index);
        let base = self.b.ins().bor(low, high);
        let base = self.cast(base, types::I32X4);
        let base = self.b.ins().ishl_imm_s(base, 2);
        // In units of 1/65536; five bits are dropped.
        let part = self.b.ins().imul(slope, fraction);
        let part = self.b.ins().iadd(part, base);
        let part = self.b.ins().ushr_imm_s(part, 5);
        let exponent = self.exponents(bits);
        let exponent = self.b.ins().ishl_imm_s(exponent, 11);
        let sum = self.b.ins().iadd(exponent, part);
        let sum = self.b.ins().fcvt_from_sint(types::F32X4, sum);
        let scale = self.splat_word((127 - 11) << 23);
        let scale = self.cast(scale, types::F32X4);
        let result = self.b.ins().fmul(sum, scale);
        self.deliver_unless(d, &[b], bad, result);
    }

    /// `vexptefp`: two to the power vB.
    pub(crate) fn power_of_two(&mut self, d: usize, b: usize) {
        self.vector_mode();
        let value = self.vr_as_lanes(b, types::F32X4);
        let nan = self.b.ins().fcmp(FloatCC::Unordered, value, value);
        let bad = self.b.ins().vany_true(nan);
        // Fifteen fraction bits, truncated; the last four are rounded down. Numbers that are too
        // large for a word have the results of its limits.
        let scale = self.splat_word((127 + 15) << 23);
        let scale = self.cast(scale, types::F32X4);
        let scaled = self.b.ins().fmul(value, scale);
        let fixed = self.b.ins().fcvt_to_sint_sat(types::I32X4, scaled);
        let fixed = self.b.ins().sshr_imm_s(fixed, 4);
        // The first four of the eleven fraction bits select the sixteenth.
        let sixteenth = self.b.ins().ushr_imm_s(fixed, 7);
        let mask = self.splat_word(15);
        let sixteenth = self.b.ins().band(sixteenth, mask);
        let entries = self.table_entries(sixteenth, offset_of!(EstimateTables, vexptefp));
        let start = self.half_lanes(entries, LaneHalf::Odd, Signedness::Unsigned);
        let slope = self.half_lanes(entries, LaneHalf::Even, Signedness::Unsigned);
        let mask = self.splat_word(0x7F);
        let place = self.b.ins().band(fixed, mask);
        let more = self.b.ins().imul(place, slope);
        let fraction = self.b.ins().iadd(start, more);
        let fraction = self.b.ins().ushr_imm_s(fraction, 3);
        let fraction = self.b.ins().ishl_imm_s(fraction, 12);
        let exponent = self.b.ins().sshr_imm_s(fixed, 11);
        let bias = self.splat_word(127);
        let exponent = self.b.ins().iadd(exponent, bias);
        let bits = self.b.ins().ishl_imm_s(exponent, 23);
        let result = self.b.ins().bor(bits, fraction);
        let greatest = self.splat_word(254);
        let above = self.b.ins().icmp(IntCC::SignedGreaterThan, exponent, greatest);
        let infinity = self.splat_word(0x7F80_0000);
        let result = self.b.ins().bitselect(above, infinity, result);
        // Powers below the normal range are 0.
        let zero = self.splat_word(0);
        let normal = self.b.ins().icmp(IntCC::SignedGreaterThan, exponent, zero);
        let result = self.b.ins().band(result, normal);
        self.deliver_unless(d, &[b], bad, result);
    }
}
