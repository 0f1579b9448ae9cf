//! Vector operations on values, shared by AltiVec and VMX128.
//!
//! A register is an I8X16 in host order: PowerPC's byte k is lane 15 − k, its word w lane 3 − w of an
//! I32X4. Arithmetic is done in MXCSR's vector mode, where denormals are zeros as VSCR\[NJ\] wants it; with NJ clear, the
//! block is left to the interpreter. The host's instruction decides a float lane unless it is a NaN
//! (which one is the architecture's choice) or, where rounding takes part, the smallest normal number (tininess
//! is judged before rounding); then `Lifter::vector_exactly` asks the interpreter.

use super::cache::Cr;
use super::{GUEST, HOST, Lifter};
use crate::host::Word;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData, Type, Value, types};
use std::mem::offset_of;
use xenia_cpu::PpcContext;
use xenia_isa::Instruction;

const LITTLE: MemFlagsData = MemFlagsData::new().with_endianness(Endianness::Little);
const VSCR: i32 = offset_of!(PpcContext, vscr) as i32;
/// VSCR\[NJ\].
const NON_JAVA: i64 = 0x0001_0000;

/// Which lanes the host may not decide.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lanes {
    /// NaNs.
    Nan,
    /// NaNs and the smallest normal number.
    Tiny,
}

/// Lanes and constants.
impl Lifter<'_> {
    pub(super) fn cast(&mut self, value: Value, ty: Type) -> Value {
        if self.b.func.dfg.value_type(value) == ty { value } else { self.b.ins().bitcast(ty, LITTLE, value) }
    }

    /// Bytes given by their PowerPC number.
    pub(super) fn vector_constant(&mut self, byte: impl Fn(u8) -> u8) -> Value {
        let data: Vec<u8> = (0..16).map(|lane| byte(15 - lane)).collect();
        let constant = self.b.func.dfg.constants.insert(data.into());
        self.b.ins().vconst(types::I8X16, constant)
    }

    pub(super) fn splat_word(&mut self, word: u32) -> Value {
        let value = self.const32(word);
        self.b.ins().splat(types::I32X4, value)
    }

    /// Byte k of the result is byte `from(k)` of `a` followed by `b`.
    pub(super) fn pick_bytes(&mut self, a: Value, b: Value, from: impl Fn(u8) -> u8) -> Value {
        let mask: Vec<u8> = (0..16)
            .map(|lane| match from(15 - lane) & 31 {
                p if p < 16 => 15 - p,
                p => 16 + (31 - p),
            })
            .collect();
        let mask = self.b.func.dfg.immediates.push(mask.into());
        self.b.ins().shuffle(a, b, mask)
    }

    pub(super) fn reversed(&mut self, value: Value) -> Value {
        self.pick_bytes(value, value, |k| 15 - k)
    }

    /// Byte k of the result is byte `k + amount` of `value`, 0 beyond; `amount` is an I8, at most 16
    /// in magnitude.
    pub(super) fn shifted_bytes(&mut self, value: Value, amount: Value) -> Value {
        let lanes = self.vector_constant(|k| 15 - k);
        let amount = self.b.ins().splat(types::I8X16, amount);
        let index = self.b.ins().isub(lanes, amount);
        self.b.ins().swizzle(value, index)
    }
}

/// Binary and unary shapes.
impl Lifter<'_> {
    pub(super) fn lanes2(
        &mut self,
        d: usize,
        (a, b): (usize, usize),
        ty: Type,
        of: impl FnOnce(&mut Self, Value, Value) -> Value,
    ) {
        let (a, b) = (self.vr_as_lanes(a, ty), self.vr_as_lanes(b, ty));
        let result = of(self, a, b);
        self.set_vr_as(d, result);
    }

    pub(super) fn vr_as_lanes(&mut self, n: usize, ty: Type) -> Value {
        let value = self.vr(n);
        self.cast(value, ty)
    }

    /// A saturating operation: SAT sticks where it differs from the wrapping one.
    pub(super) fn saturating(
        &mut self,
        d: usize,
        (a, b): (usize, usize),
        ty: Type,
        saturated: impl FnOnce(&mut Self, Value, Value) -> Value,
        wrapped: impl FnOnce(&mut Self, Value, Value) -> Value,
    ) {
        let (a, b) = (self.vr_as_lanes(a, ty), self.vr_as_lanes(b, ty));
        let result = saturated(self, a, b);
        let plain = wrapped(self, a, b);
        let differ = self.b.ins().icmp(IntCC::NotEqual, result, plain);
        let any = self.b.ins().vany_true(differ);
        let any = self.b.ins().uextend(types::I32, any);
        let ctx = self.ctx;
        let vscr = self.b.ins().load(types::I32, HOST, ctx, VSCR);
        let vscr = self.b.ins().bor(vscr, any);
        self.b.ins().store(HOST, vscr, ctx, VSCR);
        self.set_vr_as(d, result);
    }

    /// Delivers a compare's mask, and CR6 if `record`: all lanes, or none.
    pub(super) fn set_mask(&mut self, d: usize, mask: Value, record: bool) {
        if record {
            let all = self.b.ins().vall_true(mask);
            let any = self.b.ins().vany_true(mask);
            let all = self.b.ins().ishl_imm_s(all, 3);
            let none = self.b.ins().bxor_imm_s(any, 1);
            let none = self.b.ins().ishl_imm_s(none, 1);
            let bits = self.b.ins().bor(all, none);
            self.set_cr(6, Cr::Bits(bits));
        }
        self.set_vr_as(d, mask);
    }

    pub(super) fn compare_lanes(
        &mut self,
        d: usize,
        sources: (usize, usize),
        ty: Type,
        code: IntCC,
        record: bool,
    ) {
        let (a, b) = (self.vr_as_lanes(sources.0, ty), self.vr_as_lanes(sources.1, ty));
        let mask = self.b.ins().icmp(code, a, b);
        self.set_mask(d, mask, record);
    }

    /// Word by word, by a scalar operation that takes the amount modulo 32.
    pub(super) fn word_by_word(
        &mut self,
        d: usize,
        sources: (usize, usize),
        of: impl Fn(&mut Self, Value, Value) -> Value,
    ) {
        let (a, b) = (self.vr_as_lanes(sources.0, types::I32X4), self.vr_as_lanes(sources.1, types::I32X4));
        let mut result = a;
        for lane in 0..4 {
            let value = self.b.ins().extractlane(a, lane);
            let amount = self.b.ins().extractlane(b, lane);
            let value = of(self, value, amount);
            result = self.b.ins().insertlane(result, value, lane);
        }
        self.set_vr_as(d, result);
    }
}

/// Products of integers.
impl Lifter<'_> {
    /// One half of each lane of `value`, widened to the lane: the even (upper) or the odd one.
    fn half_lanes(&mut self, value: Value, even: bool, signed: bool) -> Value {
        let bits = i64::from(self.b.func.dfg.value_type(value).lane_bits() / 2);
        let value = if even { value } else { self.b.ins().ishl_imm_s(value, bits) };
        if signed { self.b.ins().sshr_imm_s(value, bits) } else { self.b.ins().ushr_imm_s(value, bits) }
    }

    /// Products of the even or odd halves of the lanes of type `ty`.
    pub(super) fn half_products(
        &mut self,
        d: usize,
        (a, b): (usize, usize),
        ty: Type,
        even: bool,
        signed: bool,
    ) {
        let (a, b) = (self.vr_as_lanes(a, ty), self.vr_as_lanes(b, ty));
        let a = self.half_lanes(a, even, signed);
        let b = self.half_lanes(b, even, signed);
        let product = self.b.ins().imul(a, b);
        self.set_vr_as(d, product);
    }

    /// Both products of halfwords, and vC, in each word, modulo 2^32.
    pub(super) fn sum_of_products(&mut self, d: usize, [a, b, c]: [usize; 3], signed: bool) {
        let [a, b, mut sum] = [a, b, c].map(|n| self.vr_as_lanes(n, types::I32X4));
        for even in [true, false] {
            let x = self.half_lanes(a, even, signed);
            let y = self.half_lanes(b, even, signed);
            let product = self.b.ins().imul(x, y);
            sum = self.b.ins().iadd(sum, product);
        }
        self.set_vr_as(d, sum);
    }

    /// Halfwords shifted left by the low four bits of those of vB: multiplied by powers of two.
    pub(super) fn shift_halfwords_left(&mut self, d: usize, (a, b): (usize, usize)) {
        let (a, b) = (self.vr_as_lanes(a, types::I16X8), self.vr(b));
        let fifteen = self.vector_constant(|k| if k % 2 == 1 { 15 } else { 0 });
        let amount = self.b.ins().band(b, fifteen);
        let both = self.pick_bytes(amount, amount, |k| k | 1);
        // Looked up by the amount n, which as a lane number is byte 15 − n.
        let low = self.vector_constant(|k| if k > 7 { 1 << (15 - k) } else { 0 });
        let high = self.vector_constant(|k| if k < 8 { 1 << (7 - k) } else { 0 });
        let low = self.b.ins().x86_pshufb(low, both);
        let high = self.b.ins().x86_pshufb(high, both);
        let first = self.vector_constant(|k| if k % 2 == 0 { 0xFF } else { 0 });
        let power = self.b.ins().bitselect(first, high, low);
        let power = self.cast(power, types::I16X8);
        let result = self.b.ins().imul(a, power);
        self.set_vr_as(d, result);
    }
}

/// Permutes.
impl Lifter<'_> {
    pub(super) fn permute(&mut self, d: usize, a: usize, b: usize, c: usize) {
        let (same, a, b, c) = (a == b, self.vr(a), self.vr(b), self.vr(c));
        let fifteen = self.vector_constant(|_| 15);
        // Byte p is lane 15 − p.
        let index = self.b.ins().band_not(fifteen, c);
        let from_a = self.b.ins().x86_pshufb(a, index);
        let result = if same {
            from_a
        } else {
            let from_b = self.b.ins().x86_pshufb(b, index);
            let sixteen = self.vector_constant(|_| 16);
            let second = self.b.ins().band(c, sixteen);
            let second = self.b.ins().icmp(IntCC::Equal, second, sixteen);
            self.b.ins().bitselect(second, from_b, from_a)
        };
        self.set_vr(d, result);
    }

    pub(super) fn pick(&mut self, d: usize, (a, b): (usize, usize), from: impl Fn(u8) -> u8) {
        let (a, b) = (self.vr(a), self.vr(b));
        let result = self.pick_bytes(a, b, from);
        self.set_vr(d, result);
    }

    pub(super) fn shift_left_mask(&mut self, i: Instruction, d: usize) {
        let amount = self.shift_amount(i);
        let first = self.vector_constant(|k| k);
        let result = self.b.ins().iadd(first, amount);
        self.set_vr(d, result);
    }

    pub(super) fn shift_right_mask(&mut self, i: Instruction, d: usize) {
        let amount = self.shift_amount(i);
        let first = self.vector_constant(|k| 16 + k);
        let result = self.b.ins().isub(first, amount);
        self.set_vr(d, result);
    }

    /// The low four bits of the address in every byte.
    fn shift_amount(&mut self, i: Instruction) -> Value {
        let ea = self.ea_x(i);
        let amount = self.b.ins().ireduce(types::I8, ea);
        let amount = self.b.ins().band_imm_s(amount, 15);
        self.b.ins().splat(types::I8X16, amount)
    }

    /// Shift by octets: the amount is in bits 121–124 of vB.
    pub(super) fn shift_octets(&mut self, d: usize, (a, b): (usize, usize), left: bool) {
        let (a, b) = (self.vr(a), self.vr(b));
        let amount = self.b.ins().extractlane(b, 0);
        let amount = self.b.ins().ushr_imm_s(amount, 3);
        let amount = self.b.ins().band_imm_s(amount, 15);
        let result = if left {
            self.shifted_bytes(a, amount)
        } else {
            // Lanes beyond the last must not wrap: the index grows past 15 and gives 0.
            let lanes = self.vector_constant(|k| 15 - k);
            let amount = self.b.ins().splat(types::I8X16, amount);
            let index = self.b.ins().iadd(lanes, amount);
            self.b.ins().swizzle(a, index)
        };
        self.set_vr(d, result);
    }

    /// Widens the signed lanes of one half.
    pub(super) fn unpack(&mut self, d: usize, b: usize, ty: Type, high: bool) {
        let b = self.vr_as_lanes(b, ty);
        let result = if high { self.b.ins().swiden_high(b) } else { self.b.ins().swiden_low(b) };
        self.set_vr_as(d, result);
    }
}

/// Storage.
impl Lifter<'_> {
    fn quadword(&mut self, i: Instruction) -> (Value, Value) {
        let ea = self.ea_x(i);
        let aligned = self.b.ins().band_imm_s(ea, -16);
        (ea, self.host_address(aligned))
    }

    pub(super) fn load_vector(&mut self, i: Instruction, d: usize) {
        let (_, address) = self.quadword(i);
        let value = self.load_guest(types::I8X16, address, 0);
        let value = self.reversed(value);
        self.set_vr(d, value);
    }

    pub(super) fn store_vector(&mut self, i: Instruction, s: usize) {
        let (_, address) = self.quadword(i);
        let value = self.vr(s);
        let value = self.reversed(value);
        self.store_guest(value, address, 0);
    }

    fn low_bits(&mut self, ea: Value) -> Value {
        let amount = self.b.ins().ireduce(types::I8, ea);
        self.b.ins().band_imm_s(amount, 15)
    }

    pub(super) fn load_vector_left(&mut self, i: Instruction, d: usize) {
        let (ea, address) = self.quadword(i);
        let value = self.load_guest(types::I8X16, address, 0);
        let value = self.reversed(value);
        let amount = self.low_bits(ea);
        let value = self.shifted_bytes(value, amount);
        self.set_vr(d, value);
    }

    /// At a quadword's boundary nothing is read: the load then goes to the context.
    pub(super) fn load_vector_right(&mut self, i: Instruction, d: usize) {
        let (ea, address) = self.quadword(i);
        let amount = self.low_bits(ea);
        let ctx = self.ctx;
        let address = self.b.ins().select(amount, address, ctx);
        let value = self.load_guest(types::I8X16, address, 0);
        let value = self.reversed(value);
        let back = self.b.ins().iadd_imm_s(amount, -16);
        let value = self.shifted_bytes(value, back);
        self.set_vr(d, value);
    }

    /// Stores the element of type `ty` that the address selects.
    pub(super) fn store_element(&mut self, i: Instruction, s: usize, ty: Type) {
        let size = i64::from(ty.bytes());
        let ea = self.ea_x(i);
        let ea = self.b.ins().band_imm_s(ea, -size);
        let address = self.host_address(ea);
        // Through the register's place in the context, where an address can select a part of it.
        let value = self.vr(s);
        let ctx = self.ctx;
        let place = (offset_of!(PpcContext, vr) + 16 * s) as i32;
        self.b.ins().store(HOST, value, ctx, place);
        let offset = self.b.ins().band_imm_s(ea, 15);
        let offset = self.b.ins().bxor_imm_s(offset, 16 - size);
        let part = self.b.ins().iadd(ctx, offset);
        let element = self.b.ins().load(ty, MemFlagsData::new().with_notrap(), part, place);
        let element = if ty == types::I8 { element } else { self.b.ins().bswap(element) };
        self.store_guest(element, address, 0);
    }
}

/// Parts of quadwords.
impl Lifter<'_> {
    /// Stores the first `count` (I64, 0–15) bytes of `value` at `address`, in at most four pieces. They lie in one
    /// quadword, hence in one page.
    fn store_first_bytes(&mut self, value: Value, address: Value, count: Value) {
        self.before_access();
        let value = self.reversed(value);
        let halves = self.cast(value, types::I64X2);
        let mut rest = self.b.ins().extractlane(halves, 0);
        let after = self.b.ins().extractlane(halves, 1);
        let mut at = address;
        for size in [8_i64, 4, 2, 1] {
            let ty = match size {
                8 => types::I64,
                4 => types::I32,
                2 => types::I16,
                _ => types::I8,
            };
            let wanted = self.b.ins().band_imm_s(count, size);
            let store = self.b.create_block();
            let next = self.b.create_block();
            self.b.ins().brif(wanted, store, &[], next, &[]);
            self.b.switch_to_block(store);
            let piece = if size == 8 { rest } else { self.b.ins().ireduce(ty, rest) };
            self.b.ins().store(GUEST, piece, at, 0);
            self.b.ins().jump(next, &[]);
            self.b.switch_to_block(next);
            at = self.b.ins().iadd(at, wanted);
            let shifted = if size == 8 { after } else { self.b.ins().ushr_imm_s(rest, 8 * size) };
            rest = self.b.ins().select(wanted, shifted, rest);
        }
    }

    /// From the address to the end of its quadword: the first bytes of the register.
    pub(super) fn store_vector_left(&mut self, i: Instruction, s: usize) {
        let ea = self.ea_x(i);
        let address = self.host_address(ea);
        let value = self.vr(s);
        let offset = self.b.ins().band_imm_s(ea, 15);
        let whole = self.b.create_block();
        let part = self.b.create_block();
        let done = self.b.create_block();
        self.before_access();
        self.b.ins().brif(offset, part, &[], whole, &[]);
        self.b.switch_to_block(whole);
        let reversed = self.reversed(value);
        self.b.ins().store(GUEST, reversed, address, 0);
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(part);
        let sixteen = self.const64(16);
        let count = self.b.ins().isub(sixteen, offset);
        self.store_first_bytes(value, address, count);
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
    }

    /// From the start of the address's quadword up to it: the last bytes of the register.
    pub(super) fn store_vector_right(&mut self, i: Instruction, s: usize) {
        let (ea, address) = self.quadword(i);
        let value = self.vr(s);
        let count = self.b.ins().band_imm_s(ea, 15);
        let amount = self.low_bits(ea);
        let sixteen = self.b.ins().iconst(types::I8, 16);
        let amount = self.b.ins().isub(sixteen, amount);
        let lanes = self.vector_constant(|k| 15 - k);
        let amount = self.b.ins().splat(types::I8X16, amount);
        let index = self.b.ins().isub(lanes, amount);
        let value = self.b.ins().swizzle(value, index);
        self.store_first_bytes(value, address, count);
    }
}

/// Arithmetic on floats.
impl Lifter<'_> {
    /// Before vector arithmetic: MXCSR flushes denormals, and NJ wants that.
    pub(super) fn plain_vector(&mut self) {
        if !self.plain_vector {
            self.plain_vector = true;
            let ctx = self.ctx;
            let vscr = self.b.ins().load(types::I32, HOST, ctx, VSCR);
            let java = self.b.ins().band_imm_s(vscr, NON_JAVA);
            let java = self.b.ins().icmp_imm_s(IntCC::Equal, java, 0);
            self.leave_if(java);
        }
        self.vector_mode();
    }

    /// The instruction's exact result, by the interpreter, from a cold block. `sources`: the registers it reads.
    fn vector_exactly(&mut self, d: usize, sources: &[(usize, Value)]) -> Value {
        let i = self.guest.instruction;
        let ctx = self.ctx;
        let place = |n: usize| (offset_of!(PpcContext, vr) + 16 * n) as i32;
        for &(n, value) in sources {
            // What the context holds is stale or the same.
            self.b.ins().store(HOST, value, ctx, place(n));
        }
        let word = self.const64(u64::from(i.0));
        let hook = self.b.ins().load(types::I64, HOST, ctx, Word::HookVector.offset());
        self.b.ins().call_indirect(self.signatures.vector, hook, &[ctx, word]);
        self.b.ins().load(types::I8X16, HOST, ctx, place(d))
    }

    /// An operation that only the interpreter does; counted with the exact ones.
    pub(super) fn vector_by_table(&mut self, d: usize, sources: &[usize]) {
        let sources: Vec<(usize, Value)> = sources.iter().map(|&n| (n, self.vr(n))).collect();
        let result = self.vector_exactly(d, &sources);
        self.set_vr(d, result);
    }

    /// Delivers `result`, F32X4, unless it has lanes that the host may not decide.
    pub(super) fn deliver_lanes(&mut self, d: usize, sources: &[usize], check: Lanes, result: Value) {
        let sources: Vec<(usize, Value)> = sources.iter().map(|&n| (n, self.vr(n))).collect();
        let mut bad = self.b.ins().fcmp(FloatCC::Unordered, result, result);
        if check == Lanes::Tiny {
            let bits = self.cast(result, types::I32X4);
            let magnitude = self.splat_word(0x7FFF_FFFF);
            let magnitude = self.b.ins().band(bits, magnitude);
            let least = self.splat_word(0x0080_0000);
            let tiny = self.b.ins().icmp(IntCC::Equal, magnitude, least);
            bad = self.b.ins().bor(bad, tiny);
        }
        let bad = self.b.ins().vany_true(bad);
        let cold = self.b.create_block();
        let done = self.b.create_block();
        self.b.set_cold_block(cold);
        let value = self.b.append_block_param(done, types::I8X16);
        let inline = self.cast(result, types::I8X16);
        self.b.ins().brif(bad, cold, &[], done, &[inline.into()]);
        self.b.switch_to_block(cold);
        let exact = self.vector_exactly(d, &sources);
        self.b.ins().jump(done, &[exact.into()]);
        self.b.switch_to_block(done);
        self.set_vr(d, value);
    }

    pub(super) fn float2(
        &mut self,
        d: usize,
        (a, b): (usize, usize),
        check: Lanes,
        of: impl FnOnce(&mut Self, Value, Value) -> Value,
    ) {
        self.plain_vector();
        let (x, y) = (self.vr_as_lanes(a, types::F32X4), self.vr_as_lanes(b, types::F32X4));
        let result = of(self, x, y);
        self.deliver_lanes(d, &[a, b], check, result);
    }

    pub(super) fn float1(
        &mut self,
        d: usize,
        b: usize,
        check: Lanes,
        of: impl FnOnce(&mut Self, Value) -> Value,
    ) {
        self.plain_vector();
        let value = self.vr_as_lanes(b, types::F32X4);
        let result = of(self, value);
        self.deliver_lanes(d, &[b], check, result);
    }

    /// `a × c + b`, or with `negate` `−(a × c − b)`.
    pub(super) fn fused_lanes(&mut self, d: usize, [a, c, b]: [usize; 3], negate: bool) {
        if !self.config.has_fma {
            self.call_interpreter();
            return;
        }
        self.plain_vector();
        let [x, y, z] = [a, c, b].map(|n| self.vr_as_lanes(n, types::F32X4));
        let result = if negate {
            let z = self.b.ins().fneg(z);
            let difference = self.b.ins().fma(x, y, z);
            self.b.ins().fneg(difference)
        } else {
            self.b.ins().fma(x, y, z)
        };
        self.deliver_lanes(d, &[a, c, b, d], Lanes::Tiny, result);
    }

    /// Denormals become zeros of their sign.
    fn flushed(&mut self, n: usize) -> Value {
        let bits = self.vr_as_lanes(n, types::I32X4);
        let exponent = self.splat_word(0x7F80_0000);
        let sign = self.splat_word(0x8000_0000);
        let zero = self.splat_word(0);
        let exponent = self.b.ins().band(bits, exponent);
        let denormal = self.b.ins().icmp(IntCC::Equal, exponent, zero);
        let sign = self.b.ins().band(bits, sign);
        self.b.ins().bitselect(denormal, sign, bits)
    }

    /// The larger (`largest`) or smaller of each lane; +0 is larger than −0.
    pub(super) fn extreme(&mut self, d: usize, (a, b): (usize, usize), largest: bool) {
        self.plain_vector();
        let (x, y) = (self.flushed(a), self.flushed(b));
        let (fx, fy) = (self.cast(x, types::F32X4), self.cast(y, types::F32X4));
        let code = if largest { FloatCC::GreaterThan } else { FloatCC::LessThan };
        let first = self.b.ins().fcmp(code, fx, fy);
        let equal = self.b.ins().fcmp(FloatCC::Equal, fx, fy);
        let both = if largest { self.b.ins().band(x, y) } else { self.b.ins().bor(x, y) };
        let unequal = self.b.ins().bitselect(first, x, y);
        let chosen = self.b.ins().bitselect(equal, both, unequal);
        // A NaN operand must show: sums of it are NaNs.
        let nan = self.b.ins().fcmp(FloatCC::Unordered, fx, fy);
        let result = self.b.ins().bor(chosen, nan);
        let result = self.cast(result, types::F32X4);
        self.deliver_lanes(d, &[a, b], Lanes::Nan, result);
    }

    pub(super) fn compare_floats_lanes(
        &mut self,
        d: usize,
        (a, b): (usize, usize),
        code: FloatCC,
        record: bool,
    ) {
        self.plain_vector();
        let (a, b) = (self.vr_as_lanes(a, types::F32X4), self.vr_as_lanes(b, types::F32X4));
        let mask = self.b.ins().fcmp(code, a, b);
        self.set_mask(d, mask, record);
    }

    /// Integers to floats, divided by two to the `scale`.
    pub(super) fn integers_to_floats(&mut self, d: usize, b: usize, scale: usize, signed: bool) {
        self.plain_vector();
        let value = self.vr_as_lanes(b, types::I32X4);
        let value = if signed {
            self.b.ins().fcvt_from_sint(types::F32X4, value)
        } else {
            self.b.ins().fcvt_from_uint(types::F32X4, value)
        };
        let value = if scale == 0 {
            value
        } else {
            let factor = self.splat_word((127 - scale as u32) << 23);
            let factor = self.cast(factor, types::F32X4);
            self.b.ins().fmul(value, factor)
        };
        self.set_vr_as(d, value);
    }

    /// Floats times two to the `scale` to signed integers; what does not fit goes to the interpreter.
    pub(super) fn floats_to_integers(&mut self, d: usize, b: usize, scale: usize) {
        self.plain_vector();
        let value = self.vr_as_lanes(b, types::F32X4);
        let factor = self.splat_word((127 + scale as u32) << 23);
        let factor = self.cast(factor, types::F32X4);
        let value = self.b.ins().fmul(value, factor);
        let limit = self.splat_word(0x4F00_0000);
        let limit = self.cast(limit, types::F32X4);
        let magnitude = self.b.ins().fabs(value);
        let fits = self.b.ins().fcmp(FloatCC::LessThan, magnitude, limit);
        let fits = self.b.ins().vall_true(fits);
        let integers = self.b.ins().x86_cvtt2dq(types::I32X4, value);
        let integers = self.cast(integers, types::I8X16);
        let source = self.vr(b);
        let cold = self.b.create_block();
        let done = self.b.create_block();
        self.b.set_cold_block(cold);
        let result = self.b.append_block_param(done, types::I8X16);
        self.b.ins().brif(fits, done, &[integers.into()], cold, &[]);
        self.b.switch_to_block(cold);
        let exact = self.vector_exactly(d, &[(b, source)]);
        self.b.ins().jump(done, &[exact.into()]);
        self.b.switch_to_block(done);
        self.set_vr(d, result);
    }
}
