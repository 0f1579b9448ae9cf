//! Fixed-point and floating-point loads and stores, reservations, and cache-block clears.
//!
//! Big-endian data: one host access and a byte swap. Storage is addressed with 32 bits in both computation modes;
//! update forms write the address to RA, zero-extended from 32 bits or as a whole; where RT = RA, the address wins.

use super::cache::Cr;
use super::{HOST, Lifter};
use crate::host::Word;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use std::mem::offset_of;
use xenia_cpu::{PpcContext, Reservation, ReservationMode};
use xenia_isa::{Instruction, LoadStore};

const RESERVATION: usize = offset_of!(PpcContext, reservation);

/// Where an access goes: a host address and a displacement.
#[derive(Clone, Copy)]
struct Place {
    address: Value,
    displacement: i32,
    /// For update forms: what goes to RA.
    update: Option<Value>,
}

/// How a loaded value becomes a register.
#[derive(Clone, Copy)]
enum Extend {
    Zero,
    Sign,
}

impl Place {
    /// `bytes` further on.
    fn offset(self, bytes: i32) -> Self {
        Self { displacement: self.displacement + bytes, ..self }
    }
}

/// Whole words of an immediate string access, and the bytes that are left.
fn string_parts(i: Instruction) -> (i32, i32) {
    let bytes = if i.nb() == 0 { 32 } else { i.nb() as i32 };
    (bytes / 4, bytes % 4)
}

impl Lifter<'_> {
    fn place_d(&mut self, i: Instruction, displacement: i64) -> Place {
        let address = self.base_address(i.ra());
        Place { address, displacement: displacement as i32, update: None }
    }

    fn place_x(&mut self, i: Instruction) -> Place {
        let ea = self.ea_x(i);
        Place { address: self.host_address(ea), displacement: 0, update: None }
    }

    fn place_du(&mut self, i: Instruction, displacement: i64) -> Place {
        let a = if self.config.mode.wide { self.gpr(i.ra()) } else { self.gpr32(i.ra()) };
        let ea = self.b.ins().iadd_imm_s(a, displacement);
        self.place_update(ea)
    }

    fn place_ux(&mut self, i: Instruction) -> Place {
        let (a, b) = if self.config.mode.wide {
            (self.gpr(i.ra()), self.gpr(i.rb()))
        } else {
            (self.gpr32(i.ra()), self.gpr32(i.rb()))
        };
        let ea = self.b.ins().iadd(a, b);
        self.place_update(ea)
    }

    /// `ea`: a doubleword in 64-bit mode, else a word.
    fn place_update(&mut self, ea: Value) -> Place {
        let wide = self.config.mode.wide;
        let low = if wide { self.b.ins().ireduce(types::I32, ea) } else { ea };
        let low = self.b.ins().uextend(types::I64, low);
        let update = if wide { ea } else { low };
        Place { address: self.host_address(low), displacement: 0, update: Some(update) }
    }

    fn update(&mut self, i: Instruction, place: Place) {
        match place.update {
            Some(ea) if self.config.mode.wide => self.set_gpr(i.ra(), ea),
            Some(ea) => self.set_gpr_low(i.ra(), ea, None),
            None => {}
        }
    }

    /// Loads a big-endian value of type `ty`.
    fn load_big(&mut self, ty: Type, place: Place) -> Value {
        let value = self.load_guest(ty, place.address, place.displacement);
        if ty == types::I8 { value } else { self.b.ins().bswap(value) }
    }

    fn store_big(&mut self, value: Value, place: Place) {
        let ty = self.b.func.dfg.value_type(value);
        let value = if ty == types::I8 { value } else { self.b.ins().bswap(value) };
        self.store_guest(value, place.address, place.displacement);
    }

    /// Loads the first one, two or three bytes of a word.
    fn load_part(&mut self, place: Place, bytes: i32) -> Value {
        let first = if bytes == 1 { types::I8 } else { types::I16 };
        let high = self.load_big(first, place);
        let high = self.b.ins().uextend(types::I32, high);
        let high = self.b.ins().ishl_imm_s(high, 32 - i64::from(first.bits()));
        if bytes != 3 {
            return high;
        }
        let low = self.load_big(types::I8, place.offset(2));
        let low = self.b.ins().uextend(types::I32, low);
        let low = self.b.ins().ishl_imm_s(low, 8);
        self.b.ins().bor(high, low)
    }

    /// Stores the first one, two or three bytes of a word.
    fn store_part(&mut self, word: Value, place: Place, bytes: i32) {
        let first = if bytes == 1 { types::I8 } else { types::I16 };
        let high = self.b.ins().ushr_imm_s(word, 32 - i64::from(first.bits()));
        let high = self.b.ins().ireduce(first, high);
        self.store_big(high, place);
        if bytes == 3 {
            let low = self.b.ins().ushr_imm_s(word, 8);
            let low = self.b.ins().ireduce(types::I8, low);
            self.store_big(low, place.offset(2));
        }
    }

    fn set_loaded(&mut self, n: usize, value: Value, extend: Extend) {
        let ty = self.b.func.dfg.value_type(value);
        match extend {
            _ if ty == types::I64 => self.set_gpr(n, value),
            Extend::Zero if ty == types::I32 => self.set_gpr32(n, value),
            Extend::Zero => {
                let wide = self.b.ins().uextend(types::I64, value);
                self.set_gpr_low(n, wide, None);
            }
            Extend::Sign => {
                let wide = self.b.ins().sextend(types::I64, value);
                self.set_gpr(n, wide);
            }
        }
    }

    fn load_gpr(&mut self, i: Instruction, ty: Type, extend: Extend, place: Place) {
        let value = self.load_big(ty, place);
        self.set_loaded(i.rd(), value, extend);
        self.update(i, place);
    }

    /// Loads with the bytes of memory in reverse: no swap at all.
    fn load_reversed(&mut self, i: Instruction, ty: Type) {
        let place = self.place_x(i);
        let value = self.load_guest(ty, place.address, place.displacement);
        self.set_loaded(i.rd(), value, Extend::Zero);
    }

    fn low_part(&mut self, n: usize, ty: Type) -> Value {
        match ty {
            types::I64 => self.gpr(n),
            types::I32 => self.gpr32(n),
            _ => {
                let whole = self.gpr(n);
                self.b.ins().ireduce(ty, whole)
            }
        }
    }

    fn store_gpr(&mut self, i: Instruction, ty: Type, place: Place) {
        let value = self.low_part(i.rs(), ty);
        self.store_big(value, place);
        self.update(i, place);
    }

    fn store_reversed(&mut self, i: Instruction, ty: Type) {
        let place = self.place_x(i);
        let value = self.low_part(i.rs(), ty);
        self.store_guest(value, place.address, place.displacement);
    }

    fn load_double(&mut self, i: Instruction, place: Place) {
        let bits = self.load_big(types::I64, place);
        let value = self.b.ins().bitcast(types::F64, MemFlagsData::new(), bits);
        self.set_fpr(i.fd(), value);
        self.update(i, place);
    }

    fn store_double(&mut self, i: Instruction, place: Place) {
        let value = self.fpr(i.fs());
        let bits = self.b.ins().bitcast(types::I64, MemFlagsData::new(), value);
        self.store_big(bits, place);
        self.update(i, place);
    }

    fn load_single(&mut self, i: Instruction, place: Place) {
        let bits = self.load_big(types::I32, place);
        let value = self.single_to_double(bits);
        self.set_fpr(i.fd(), value);
        self.mark_single(i.fd());
        self.update(i, place);
    }

    fn store_single(&mut self, i: Instruction, place: Place) {
        let value = self.fpr(i.fs());
        let bits = self.double_to_single(value);
        self.store_big(bits, place);
        self.update(i, place);
    }

    /// Stores `size` zero bytes to the aligned block that holds the address.
    fn clear_block(&mut self, i: Instruction, size: i32) {
        let ea = self.ea_x(i);
        let ea = self.b.ins().band_imm_s(ea, -i64::from(size));
        let address = self.host_address(ea);
        let zero = self.b.ins().iconst(types::I8, 0);
        let zero = self.b.ins().splat(types::I8X16, zero);
        for offset in (0..size).step_by(16) {
            self.store_guest(zero, address, offset);
        }
    }

    fn reservation(&mut self, value: Value, field: usize) {
        let ctx = self.ctx;
        self.b.ins().store(HOST, value, ctx, (RESERVATION + field) as i32);
    }

    /// Asks the machine's table of reservations.
    fn call_reservations(&mut self, hook: Word, word: Value) -> Value {
        let ctx = self.ctx;
        let hook = self.b.ins().load(types::I64, HOST, ctx, hook.offset());
        let call = self.b.ins().call_indirect(self.signatures.vector, hook, &[ctx, word]);
        self.b.inst_results(call)[0]
    }

    fn load_and_reserve(&mut self, i: Instruction, ty: Type) {
        let size = ty.bytes();
        let ea = self.ea_x(i);
        let odd = self.b.ins().band_imm_s(ea, i64::from(size) - 1);
        self.raise_if(odd);
        let address = self.host_address(ea);
        // Before the load: a commit in between must end the reservation.
        let generation = if self.config.reservations == ReservationMode::Context {
            self.const32(0)
        } else {
            let generation = self.call_reservations(Word::HookReserve, ea);
            self.b.ins().ireduce(types::I32, generation)
        };
        let value = self.load_big(ty, Place { address, displacement: 0, update: None });
        let wide = if ty == types::I64 { value } else { self.b.ins().uextend(types::I64, value) };
        self.reservation(wide, offset_of!(Reservation, value));
        let ea = self.b.ins().ireduce(types::I32, ea);
        self.reservation(ea, offset_of!(Reservation, addr));
        self.reservation(generation, offset_of!(Reservation, generation));
        let one = self.const32(1);
        self.reservation(one, offset_of!(Reservation, valid));
        let size = self.const32(size);
        self.reservation(size, offset_of!(Reservation, size));
        self.set_loaded(i.rd(), value, Extend::Zero);
    }

    /// Stores if the reservation stands and memory still holds what was loaded.
    fn store_conditional(&mut self, i: Instruction, ty: Type) {
        let size = ty.bytes();
        let ea = self.ea_x(i);
        let odd = self.b.ins().band_imm_s(ea, i64::from(size) - 1);
        self.raise_if(odd);
        let new = self.low_part(i.rs(), ty);
        let new = self.b.ins().bswap(new);
        let so = self.xer(super::cache::Xer::So);
        let address = self.host_address(ea);
        self.before_access();
        let ctx = self.ctx;
        let mut field =
            |ty: Type, offset: usize| self.b.ins().load(ty, HOST, ctx, (RESERVATION + offset) as i32);
        let expected = field(ty, offset_of!(Reservation, value));
        let reserved = field(types::I32, offset_of!(Reservation, addr));
        let valid = field(types::I32, offset_of!(Reservation, valid));
        let reserved_size = field(types::I32, offset_of!(Reservation, size));
        let low = self.b.ins().ireduce(types::I32, ea);
        let same = self.b.ins().icmp(IntCC::Equal, reserved, low);
        let same_size = self.b.ins().icmp_imm_s(IntCC::Equal, reserved_size, i64::from(size));
        let stands = self.b.ins().icmp_imm_s(IntCC::NotEqual, valid, 0);
        let stands = self.b.ins().band(stands, same);
        let mut stands = self.b.ins().band(stands, same_size);
        if self.config.reservations != ReservationMode::Context {
            let own = self.b.ins().uextend(types::I64, stands);
            let own = self.b.ins().ishl_imm_s(own, 32);
            let word = self.b.ins().bor(ea, own);
            stands = self.call_reservations(Word::HookCommit, word);
        }
        let zero64 = self.const64(0);
        self.reservation(zero64, offset_of!(Reservation, value));
        self.reservation(zero64, offset_of!(Reservation, addr));
        self.reservation(zero64, offset_of!(Reservation, valid));
        let expected = self.b.ins().bswap(expected);
        let attempt = self.b.create_block();
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, types::I8);
        let no = self.b.ins().iconst(types::I8, 0);
        self.b.ins().brif(stands, attempt, &[], done, &[no.into()]);
        self.b.switch_to_block(attempt);
        let old = self.b.ins().atomic_cas(MemFlagsData::new(), address, expected, new);
        let stored = self.b.ins().icmp(IntCC::Equal, old, expected);
        self.b.ins().jump(done, &[stored.into()]);
        self.b.switch_to_block(done);
        let bits = self.b.ins().ishl_imm_s(result, 1);
        let bits = self.b.ins().bor(bits, so);
        self.set_cr(0, Cr::Bits(bits));
    }

    /// DOUBLE(word) of the book: exact, and signalling NaNs stay as they are.
    fn single_to_double(&mut self, bits: Value) -> Value {
        self.scalar_mode();
        let single = self.b.ins().bitcast(types::F32, MemFlagsData::new(), bits);
        let nan = self.b.ins().fcmp(FloatCC::Unordered, single, single);
        let quiet = self.b.ins().fpromote(types::F64, single);
        let cold = self.b.create_block();
        let done = self.b.create_block();
        self.b.set_cold_block(cold);
        let result = self.b.append_block_param(done, types::F64);
        self.b.ins().brif(nan, cold, &[], done, &[quiet.into()]);
        self.b.switch_to_block(cold);
        // The promotion would quieten it.
        let wide = self.b.ins().uextend(types::I64, bits);
        let sign = self.b.ins().ushr_imm_s(wide, 31);
        let sign = self.b.ins().ishl_imm_s(sign, 63);
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

    /// SINGLE(double) of the book: no rounding.
    fn double_to_single(&mut self, value: Value) -> Value {
        let bits = self.b.ins().bitcast(types::I64, MemFlagsData::new(), value);
        let high = self.b.ins().ushr_imm_s(bits, 32);
        let high = self.b.ins().ireduce(types::I32, high);
        let top = self.b.ins().band_imm_s(high, 0xC000_0000);
        let rest = self.b.ins().ushr_imm_s(bits, 29);
        let rest = self.b.ins().ireduce(types::I32, rest);
        let rest = self.b.ins().band_imm_s(rest, 0x3FFF_FFFF);
        let normal = self.b.ins().bor(top, rest);
        // Not zero, and too small for a normal single: the significand is shifted into place.
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
        let representable = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThanOrEqual, exponent, 874);
        let shifted = self.b.ins().select(representable, shifted, zero);
        let sign = self.b.ins().band_imm_s(high, 0x8000_0000);
        let denormal = self.b.ins().bor(sign, shifted);
        self.b.ins().jump(done, &[denormal.into()]);
        self.b.switch_to_block(done);
        result
    }
}

impl LoadStore for Lifter<'_> {
    fn dcbz(&mut self, i: Instruction) {
        self.clear_block(i, 32);
    }

    fn dcbz128(&mut self, i: Instruction) {
        self.clear_block(i, 128);
    }

    fn lmw(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        // All are loaded before the first register changes.
        let mut values = Vec::new();
        for n in 0..32 - i.rd() {
            values.push(self.load_big(types::I32, place.offset(4 * n as i32)));
        }
        for (n, value) in values.into_iter().enumerate() {
            self.set_gpr32(i.rd() + n, value);
        }
    }

    fn stmw(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        for n in i.rs()..32 {
            let value = self.gpr32(n);
            self.store_big(value, place.offset(4 * (n - i.rs()) as i32));
        }
    }

    fn lswi(&mut self, i: Instruction) {
        let (words, rest) = string_parts(i);
        let place = self.place_d(i, 0);
        // All are loaded before the first register changes.
        let mut values = Vec::new();
        for n in 0..words {
            values.push(self.load_big(types::I32, place.offset(4 * n)));
        }
        if rest != 0 {
            values.push(self.load_part(place.offset(4 * words), rest));
        }
        for (n, value) in values.into_iter().enumerate() {
            self.set_gpr32((i.rd() + n) & 31, value);
        }
    }

    fn lswx(&mut self, i: Instruction) {
        self.call_string(i);
    }

    fn stswi(&mut self, i: Instruction) {
        let (words, rest) = string_parts(i);
        let place = self.place_d(i, 0);
        for n in 0..words {
            let value = self.gpr32((i.rs() + n as usize) & 31);
            self.store_big(value, place.offset(4 * n));
        }
        if rest != 0 {
            let value = self.gpr32((i.rs() + words as usize) & 31);
            self.store_part(value, place.offset(4 * words), rest);
        }
    }

    fn stswx(&mut self, i: Instruction) {
        self.call_string(i);
    }

    fn lwarx(&mut self, i: Instruction) {
        self.load_and_reserve(i, types::I32);
    }

    fn ldarx(&mut self, i: Instruction) {
        self.load_and_reserve(i, types::I64);
    }

    fn stwcx(&mut self, i: Instruction) {
        self.store_conditional(i, types::I32);
    }

    fn stdcx(&mut self, i: Instruction) {
        self.store_conditional(i, types::I64);
    }

    fn stfiwx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        let value = self.fpr(i.fs());
        let bits = self.b.ins().bitcast(types::I64, MemFlagsData::new(), value);
        let low = self.b.ins().ireduce(types::I32, bits);
        self.store_big(low, place);
    }

    fn lbz(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.load_gpr(i, types::I8, Extend::Zero, place);
    }

    fn lbzu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.load_gpr(i, types::I8, Extend::Zero, place);
    }

    fn lbzux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.load_gpr(i, types::I8, Extend::Zero, place);
    }

    fn lbzx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.load_gpr(i, types::I8, Extend::Zero, place);
    }

    fn lhz(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.load_gpr(i, types::I16, Extend::Zero, place);
    }

    fn lhzu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.load_gpr(i, types::I16, Extend::Zero, place);
    }

    fn lhzux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.load_gpr(i, types::I16, Extend::Zero, place);
    }

    fn lhzx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.load_gpr(i, types::I16, Extend::Zero, place);
    }

    fn lha(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.load_gpr(i, types::I16, Extend::Sign, place);
    }

    fn lhau(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.load_gpr(i, types::I16, Extend::Sign, place);
    }

    fn lhaux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.load_gpr(i, types::I16, Extend::Sign, place);
    }

    fn lhax(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.load_gpr(i, types::I16, Extend::Sign, place);
    }

    fn lwz(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.load_gpr(i, types::I32, Extend::Zero, place);
    }

    fn lwzu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.load_gpr(i, types::I32, Extend::Zero, place);
    }

    fn lwzux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.load_gpr(i, types::I32, Extend::Zero, place);
    }

    fn lwzx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.load_gpr(i, types::I32, Extend::Zero, place);
    }

    fn lwa(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp_ds());
        self.load_gpr(i, types::I32, Extend::Sign, place);
    }

    fn lwaux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.load_gpr(i, types::I32, Extend::Sign, place);
    }

    fn lwax(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.load_gpr(i, types::I32, Extend::Sign, place);
    }

    fn ld(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp_ds());
        self.load_gpr(i, types::I64, Extend::Zero, place);
    }

    fn ldu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp_ds());
        self.load_gpr(i, types::I64, Extend::Zero, place);
    }

    fn ldux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.load_gpr(i, types::I64, Extend::Zero, place);
    }

    fn ldx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.load_gpr(i, types::I64, Extend::Zero, place);
    }

    fn stb(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.store_gpr(i, types::I8, place);
    }

    fn stbu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.store_gpr(i, types::I8, place);
    }

    fn stbux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.store_gpr(i, types::I8, place);
    }

    fn stbx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.store_gpr(i, types::I8, place);
    }

    fn sth(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.store_gpr(i, types::I16, place);
    }

    fn sthu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.store_gpr(i, types::I16, place);
    }

    fn sthux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.store_gpr(i, types::I16, place);
    }

    fn sthx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.store_gpr(i, types::I16, place);
    }

    fn stw(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.store_gpr(i, types::I32, place);
    }

    fn stwu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.store_gpr(i, types::I32, place);
    }

    fn stwux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.store_gpr(i, types::I32, place);
    }

    fn stwx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.store_gpr(i, types::I32, place);
    }

    fn std(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp_ds());
        self.store_gpr(i, types::I64, place);
    }

    fn stdu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp_ds());
        self.store_gpr(i, types::I64, place);
    }

    fn stdux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.store_gpr(i, types::I64, place);
    }

    fn stdx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.store_gpr(i, types::I64, place);
    }

    fn lfd(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.load_double(i, place);
    }

    fn lfdu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.load_double(i, place);
    }

    fn lfdux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.load_double(i, place);
    }

    fn lfdx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.load_double(i, place);
    }

    fn lfs(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.load_single(i, place);
    }

    fn lfsu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.load_single(i, place);
    }

    fn lfsux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.load_single(i, place);
    }

    fn lfsx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.load_single(i, place);
    }

    fn stfd(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.store_double(i, place);
    }

    fn stfdu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.store_double(i, place);
    }

    fn stfdux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.store_double(i, place);
    }

    fn stfdx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.store_double(i, place);
    }

    fn stfs(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.store_single(i, place);
    }

    fn stfsu(&mut self, i: Instruction) {
        let place = self.place_du(i, i.disp());
        self.store_single(i, place);
    }

    fn stfsux(&mut self, i: Instruction) {
        let place = self.place_ux(i);
        self.store_single(i, place);
    }

    fn stfsx(&mut self, i: Instruction) {
        let place = self.place_x(i);
        self.store_single(i, place);
    }

    fn lhbrx(&mut self, i: Instruction) {
        self.load_reversed(i, types::I16);
    }

    fn lwbrx(&mut self, i: Instruction) {
        self.load_reversed(i, types::I32);
    }

    fn ldbrx(&mut self, i: Instruction) {
        self.load_reversed(i, types::I64);
    }

    fn sthbrx(&mut self, i: Instruction) {
        self.store_reversed(i, types::I16);
    }

    fn stwbrx(&mut self, i: Instruction) {
        self.store_reversed(i, types::I32);
    }

    fn stdbrx(&mut self, i: Instruction) {
        self.store_reversed(i, types::I64);
    }
}
