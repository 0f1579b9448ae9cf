//! Bit-level format conversions of `lfs` and `stfs`: PowerISA 2.02 book I, 4.6.2 and 4.6.3.

use super::Lifter;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};

impl Lifter<'_> {
    /// DOUBLE(word) of the book: exact; signalling NaNs stay signalling.
    pub(super) fn exactly_promoted(&mut self, single: Value) -> Value {
        self.scalar_mode();
        let nan = self.b.ins().fcmp(FloatCC::Unordered, single, single);
        let quiet = self.b.ins().fpromote(types::F64, single);
        let cold = self.b.create_block();
        let done = self.b.create_block();
        self.b.set_cold_block(cold);
        let result = self.b.append_block_param(done, types::F64);
        self.b.ins().brif(nan, cold, &[], done, &[quiet.into()]);
        self.b.switch_to_block(cold);
        // The host's promotion would quiet it.
        let bits = self.b.ins().bitcast(types::I32, MemFlagsData::new(), single);
        let (wide, sign) = self.wide_and_sign(bits);
        let fraction = self.b.ins().band_imm_s(wide, 0x7F_FFFF);
        let fraction = self.b.ins().ishl_imm_s(fraction, 29);
        let exponent = self.const64(0x7FF << 52);
        let exact = self.b.ins().bor(sign, fraction);
        let exact = self.b.ins().bor(exact, exponent);
        let exact = self.b.ins().bitcast(types::F64, MemFlagsData::new(), exact);
        self.b.ins().jump(done, &[exact.into()]);
        self.b.switch_to_block(done);
        result
    }

    /// Whether the word of a single is that of a normal number.
    pub(super) fn is_normal_single(&mut self, bits: Value) -> Value {
        // Without the sign; normal numbers become the lowest ones.
        let magnitude = self.b.ins().ishl_imm_s(bits, 1);
        let magnitude = self.b.ins().iadd_imm_s(magnitude, -0x0100_0000);
        let limit = self.const32(0xFE00_0000);
        self.b.ins().icmp(IntCC::UnsignedLessThan, magnitude, limit)
    }

    /// The bits of the double of a normal single, whose bits these are. Neither reads nor changes
    /// the host's floating-point state.
    pub(super) fn widened_normal(&mut self, bits: Value) -> Value {
        let (wide, sign) = self.wide_and_sign(bits);
        let magnitude = self.b.ins().band_imm_s(wide, 0x7FFF_FFFF);
        let magnitude = self.b.ins().ishl_imm_s(magnitude, 29);
        // The exponent's bias grows from 127 to 1023, as the fraction does from 23 bits to 52.
        let rebias = self.const64(896 << 52);
        let magnitude = self.b.ins().iadd(magnitude, rebias);
        self.b.ins().bor(sign, magnitude)
    }

    /// The word of a single in 64 bits, and the sign bit of its double.
    fn wide_and_sign(&mut self, bits: Value) -> (Value, Value) {
        let wide = self.b.ins().uextend(types::I64, bits);
        let sign = self.b.ins().ushr_imm_s(wide, 31);
        (wide, self.b.ins().ishl_imm_s(sign, 63))
    }

    /// SINGLE(double) of the book: no rounding.
    pub(super) fn double_to_single(&mut self, value: Value) -> Value {
        let bits = self.b.ins().bitcast(types::I64, MemFlagsData::new(), value);
        let high = self.b.ins().ushr_imm_s(bits, 32);
        let high = self.b.ins().ireduce(types::I32, high);
        let top = self.b.ins().band_imm_s(high, 0xC000_0000);
        let rest = self.b.ins().ushr_imm_s(bits, 29);
        let rest = self.b.ins().ireduce(types::I32, rest);
        let rest = self.b.ins().band_imm_s(rest, 0x3FFF_FFFF);
        let normal = self.b.ins().bor(top, rest);
        // Nonzero and below the normal singles: the significand is shifted into place.
        let magnitude = self.b.ins().band_imm_s(bits, i64::MAX);
        let magnitude = self.b.ins().iadd_imm_s(magnitude, -1);
        let limit = self.const64((897 << 52) - 1);
        let small = self.b.ins().icmp(IntCC::UnsignedLessThan, magnitude, limit);
        let cold = self.b.create_block();
        let done = self.b.create_block();
        self.b.set_cold_block(cold);
        let result = self.b.append_block_param(done, types::I32);
        self.b.ins().brif(small, cold, &[], done, &[normal.into()]);
        self.b.switch_to_block(cold);
        let significand = self.b.ins().band_imm_s(bits, 0xF_FFFF_FFFF_FFFF);
        let significand = self.b.ins().bor_imm_s(significand, 1 << 52);
        let significand = self.b.ins().ushr_imm_s(significand, 29);
        let exponent = self.b.ins().ushr_imm_s(bits, 52);
        let exponent = self.b.ins().band_imm_s(exponent, 0x7FF);
        let base = self.const64(897);
        let amount = self.b.ins().isub(base, exponent);
        let shifted = self.b.ins().ushr(significand, amount);
        let shifted = self.b.ins().ireduce(types::I32, shifted);
        let zero = self.const32(0);
        // From 2^-149 on, the least denormal single.
        let representable = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThanOrEqual, exponent, 874);
        let shifted = self.b.ins().select(representable, shifted, zero);
        let sign = self.b.ins().band_imm_s(high, 0x8000_0000);
        let denormal = self.b.ins().bor(sign, shifted);
        self.b.ins().jump(done, &[denormal.into()]);
        self.b.switch_to_block(done);
        result
    }
}
