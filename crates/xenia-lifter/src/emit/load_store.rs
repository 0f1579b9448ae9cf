//! Fixed-point and floating-point loads and stores, and cache-block clears.
//!
//! Big-endian data: one host access and a byte swap. Effective addresses have 32 bits in both
//! computation modes. Update forms write the address to RA, zero-extended from 32 bits or all 64
//! bits by mode; if RT = RA, the address wins.

use super::float_registers::Nans;
use super::place::AddressOperand;
use super::{HOST, Lifter};
use crate::host::Word;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use xenia_guest::RESERVATION_LINE;
use xenia_isa::{Instruction, LoadStore};

/// Maximum number of words that `lmw` loads inline, equal to that of `lswi`. All are in registers
/// at once, and the host has fourteen: with more, each IR instruction takes up to four times as
/// long to compile.
const MAX_INLINE_WORDS: usize = 8;

/// How a loaded value is extended to a register.
#[derive(Clone, Copy)]
pub(super) enum Extend {
    Zero,
    Sign,
}

impl Lifter<'_> {
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
                let low = (ty == types::I32).then_some(value);
                self.set_gpr_signed(n, wide, low);
            }
        }
    }

    fn load_gpr(&mut self, i: Instruction, ty: Type, extend: Extend, place: AddressOperand) {
        if ty == types::I8 {
            // A byte needs no swap, so the load extends it.
            let AddressOperand { address, displacement, .. } = place;
            let displacement = self.placed(displacement);
            let value = self.access(address, Self::before_load, |l, flags| {
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

    /// Byte-reversed loads need no swap. Cranelift moves a plain load that has one use into that
    /// use, which belongs to another guest instruction, whose site a fault would then be found at:
    /// loads that extend stay, and so do those with two uses.
    fn load_reversed(&mut self, i: Instruction, ty: Type, place: AddressOperand) {
        let AddressOperand { address, displacement, .. } = place;
        if ty == types::I64 {
            let value = self.load_guest(ty, address, displacement);
            let ctx = self.context();
            self.b.ins().store(HOST, value, ctx, Word::HookResult.offset());
            self.set_gpr(i.rd(), value);
            return;
        }
        let displacement = self.placed(displacement);
        let value = self.access(address, Self::before_load, |l, flags| match ty {
            types::I16 => l.b.ins().uload16(types::I64, flags, address, displacement),
            _ => l.b.ins().uload32(flags, address, displacement),
        });
        self.set_gpr_low(i.rd(), value, None);
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

    fn store_gpr(&mut self, i: Instruction, ty: Type, place: AddressOperand) {
        let value = self.low_part(i.rs(), ty);
        self.store_big(value, place);
        self.update(i, place);
    }

    fn store_reversed(&mut self, i: Instruction, ty: Type, place: AddressOperand) {
        let value = self.low_part(i.rs(), ty);
        self.store_guest(value, place.address, place.displacement);
    }

    fn load_double(&mut self, i: Instruction, place: AddressOperand) {
        let bits = self.load_big(types::I64, place);
        self.set_double(i, place, bits);
    }

    fn set_double(&mut self, i: Instruction, place: AddressOperand, bits: Value) {
        let value = self.b.ins().bitcast(types::F64, MemFlagsData::new(), bits);
        self.set_fpr(i.fd(), value);
        self.update(i, place);
    }

    fn store_double(&mut self, i: Instruction, place: AddressOperand) {
        let value = self.fpr(i.fs());
        let bits = self.b.ins().bitcast(types::I64, MemFlagsData::new(), value);
        self.store_big(bits, place);
        self.update(i, place);
    }

    fn load_single(&mut self, i: Instruction, place: AddressOperand) {
        let bits = self.load_big(types::I32, place);
        let value = self.b.ins().bitcast(types::F32, MemFlagsData::new(), bits);
        self.set_single(i.fd(), value, Nans::Any);
        self.update(i, place);
    }

    fn store_single(&mut self, i: Instruction, place: AddressOperand) {
        let bits = self.stored_single(i.fs());
        self.store_big(bits, place);
        self.update(i, place);
    }

    /// Stores zeros to the cache line that holds the address.
    fn clear_line(&mut self, i: Instruction) {
        let size = RESERVATION_LINE as i32;
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

/// Binds rows to accesses; the first word is the addressing form, and whether RA is updated.
macro_rules! arms {
    (d $($row:ident $access:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            let place = self.place_d(i, i.disp());
            self.$access(i, $($more,)* place);
        }
    )* };
    (ds $($row:ident $access:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            let place = self.place_d(i, i.disp_ds());
            self.$access(i, $($more,)* place);
        }
    )* };
    (x $($row:ident $access:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            let place = self.place_x(i);
            self.$access(i, $($more,)* place);
        }
    )* };
    (d_update $($row:ident $access:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            let place = self.place_du(i, i.disp());
            self.$access(i, $($more,)* place);
        }
    )* };
    (ds_update $($row:ident $access:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            let place = self.place_du(i, i.disp_ds());
            self.$access(i, $($more,)* place);
        }
    )* };
    (x_update $($row:ident $access:ident($($more:expr),*);)*) => { $(
        fn $row(&mut self, i: Instruction) {
            let place = self.place_ux(i);
            self.$access(i, $($more,)* place);
        }
    )* };
}

impl LoadStore for Lifter<'_> {
    arms! { d
        lbz load_gpr(types::I8, Extend::Zero);
        lhz load_gpr(types::I16, Extend::Zero);
        lha load_gpr(types::I16, Extend::Sign);
        lwz load_gpr(types::I32, Extend::Zero);
        stb store_gpr(types::I8);
        sth store_gpr(types::I16);
        lfs load_single();
        stfd store_double();
        stfs store_single();
    }

    arms! { ds
        lwa load_gpr(types::I32, Extend::Sign);
        ld load_gpr(types::I64, Extend::Zero);
        std store_gpr(types::I64);
    }

    arms! { x
        lbzx load_gpr(types::I8, Extend::Zero);
        lhzx load_gpr(types::I16, Extend::Zero);
        lhax load_gpr(types::I16, Extend::Sign);
        lwzx load_gpr(types::I32, Extend::Zero);
        lwax load_gpr(types::I32, Extend::Sign);
        ldx load_gpr(types::I64, Extend::Zero);
        stbx store_gpr(types::I8);
        sthx store_gpr(types::I16);
        stwx store_gpr(types::I32);
        stdx store_gpr(types::I64);
        lfdx load_double();
        lfsx load_single();
        stfdx store_double();
        stfsx store_single();
        lhbrx load_reversed(types::I16);
        lwbrx load_reversed(types::I32);
        ldbrx load_reversed(types::I64);
        sthbrx store_reversed(types::I16);
        stwbrx store_reversed(types::I32);
        stdbrx store_reversed(types::I64);
    }

    arms! { d_update
        lbzu load_gpr(types::I8, Extend::Zero);
        lhzu load_gpr(types::I16, Extend::Zero);
        lhau load_gpr(types::I16, Extend::Sign);
        lwzu load_gpr(types::I32, Extend::Zero);
        stbu store_gpr(types::I8);
        sthu store_gpr(types::I16);
        stwu store_gpr(types::I32);
        lfdu load_double();
        lfsu load_single();
        stfdu store_double();
        stfsu store_single();
    }

    arms! { ds_update
        ldu load_gpr(types::I64, Extend::Zero);
        stdu store_gpr(types::I64);
    }

    arms! { x_update
        lbzux load_gpr(types::I8, Extend::Zero);
        lhzux load_gpr(types::I16, Extend::Zero);
        lhaux load_gpr(types::I16, Extend::Sign);
        lwzux load_gpr(types::I32, Extend::Zero);
        lwaux load_gpr(types::I32, Extend::Sign);
        ldux load_gpr(types::I64, Extend::Zero);
        stbux store_gpr(types::I8);
        sthux store_gpr(types::I16);
        stwux store_gpr(types::I32);
        stdux store_gpr(types::I64);
        lfdux load_double();
        lfsux load_single();
        stfdux store_double();
        stfsux store_single();
    }

    fn dcbz(&mut self, i: Instruction) {
        self.clear_line(i);
    }

    fn dcbz128(&mut self, i: Instruction) {
        self.clear_line(i);
    }

    fn lmw(&mut self, i: Instruction) {
        let count = 32 - i.rd();
        if count > MAX_INLINE_WORDS {
            let ea = self.ea_d(i);
            self.call_string(i, ea);
            return;
        }
        let place = self.place_d(i, i.disp());
        // Load all before the first register changes, so that a fault sees the old registers.
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

    fn stw(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        self.store_gpr(i, types::I32, place);
        self.state.stored_words.note(i);
    }

    fn lfd(&mut self, i: Instruction) {
        let place = self.place_d(i, i.disp());
        let bits = self.load_doubleword(i, place);
        self.set_double(i, place, bits);
    }
}
