//! Fixed-point and floating-point loads and stores, and cache-block clears.
//!
//! Big-endian data: one host access and a byte swap. Storage is addressed with 32 bits in both computation modes;
//! update forms write the address to RA, zero-extended from 32 bits or as a whole; where RT = RA, the address wins.

use super::Lifter;
use super::float_registers::Nans;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use xenia_isa::{Instruction, LoadStore};

/// Words that `lmw` loads inline at most, as many as `lswi` may. All of them are in registers at once, of which the host has
/// fourteen: beyond, each instruction of the intermediate form takes up to four times as long to compile.
const INLINE_WORDS: usize = 8;

/// Where an access goes: a host address and a displacement.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) address: Value,
    pub(super) displacement: i32,
    /// For update forms: what goes to RA.
    pub(super) update: Option<Value>,
}

/// How a loaded value becomes a register.
#[derive(Clone, Copy)]
pub(super) enum Extend {
    Zero,
    Sign,
}

impl Place {
    /// `bytes` further on.
    pub(super) fn offset(self, bytes: i32) -> Self {
        Self { displacement: self.displacement + bytes, ..self }
    }
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
    pub(super) fn load_big(&mut self, ty: Type, place: Place) -> Value {
        let value = self.load_guest(ty, place.address, place.displacement);
        if ty == types::I8 { value } else { self.b.ins().bswap(value) }
    }

    pub(super) fn store_big(&mut self, value: Value, place: Place) {
        let value = self.bytes_reversed(value);
        self.store_guest(value, place.address, place.displacement);
    }

    pub(super) fn set_loaded(&mut self, n: usize, value: Value, extend: Extend) {
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
        if ty == types::I8 {
            // Bytes have no order, and are extended on the way.
            let Place { address, displacement, .. } = place;
            let value = self.access(Self::before_load, |l, flags| {
                l.b.ins().uload8(types::I64, flags, address, displacement)
            });
            self.set_gpr_low(i.rd(), value, None);
            self.update(i, place);
            return;
        }
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

    pub(super) fn low_part(&mut self, n: usize, ty: Type) -> Value {
        match ty {
            types::I64 => self.gpr(n),
            types::I32 => self.gpr32(n),
            _ => {
                let whole = self.gpr(n);
                self.low_part_of(ty, whole)
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
        self.set_double(i, place, bits);
    }

    fn set_double(&mut self, i: Instruction, place: Place, bits: Value) {
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
        let value = self.b.ins().bitcast(types::F32, MemFlagsData::new(), bits);
        self.set_single(i.fd(), value, Nans::Any);
        self.update(i, place);
    }

    fn store_single(&mut self, i: Instruction, place: Place) {
        let bits = self.stored_single(i.fs());
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
}

impl LoadStore for Lifter<'_> {
    fn dcbz(&mut self, i: Instruction) {
        self.clear_block(i, 32);
    }

    fn dcbz128(&mut self, i: Instruction) {
        self.clear_block(i, 128);
    }

    fn lmw(&mut self, i: Instruction) {
        let count = 32 - i.rd();
        if count > INLINE_WORDS {
            let ea = self.ea_d(i);
            self.call_string(i, ea);
            return;
        }
        let place = self.place_d(i, i.disp());
        // All are loaded before the first register changes.
        let mut values = Vec::new();
        for n in 0..count {
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
        let place = self.place_d(i, 0);
        self.load_string(i, place);
    }

    fn lswx(&mut self, i: Instruction) {
        let ea = self.ea_x(i);
        self.call_string(i, ea);
    }

    fn stswi(&mut self, i: Instruction) {
        let place = self.place_d(i, 0);
        self.store_string(i, place);
    }

    fn stswx(&mut self, i: Instruction) {
        let ea = self.ea_x(i);
        self.call_string(i, ea);
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
        self.stored_words.note(i);
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
        let bits = self.load_doubleword(i, place);
        self.set_double(i, place, bits);
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
