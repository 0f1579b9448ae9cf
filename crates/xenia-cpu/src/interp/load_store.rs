//! Fixed-point and floating-point loads and stores, reservations, and cache-block clears.
//!
//! - `access`: transfers one value between storage and a register, at a given address;
//! - `multiple`: transfers more than one value.
//!
//! This file binds every row to its access, by its addressing mode.
//!
//! Storage is addressed with the low 32 bits of the effective address in both modes. Update forms
//! write the address to RA: its low word zero-extended in 32-bit mode, all of it in 64-bit mode.
//!
//! Invalid forms, as every engine here defines them:
//! - update forms with RA = 0 use and update r0; if RT = RA the address wins;
//! - `lmw`, `lswi`, `lswx` whose range includes RA or RB load those registers too;
//! - `lswx` with a count of 0 leaves RT unchanged; bytes of the last register that a string load
//!   does not fill are 0;
//! - `stwcx.`/`stdcx.` fail if their address or size differs from the reservation's.

mod access;
mod multiple;

use super::{CpuView, Plain, Step, StorageAccess};
use access::Accesses;
use xenia_isa::{Instruction, LoadStore};

/// Binds rows to accesses; the first word names the addressing mode, and whether RA is updated.
macro_rules! arms {
    ([$visible:vis] d $($row:ident $access:ident;)*) => { $(
        #[inline(always)]
        $visible fn $row(&mut self, i: Instruction) -> Step {
            let ea = self.cpu().ea_d(i);
            self.$access(i, ea)
        }
    )* };
    ([$visible:vis] ds $($row:ident $access:ident;)*) => { $(
        #[inline(always)]
        $visible fn $row(&mut self, i: Instruction) -> Step {
            let ea = self.cpu().ea_ds(i);
            self.$access(i, ea)
        }
    )* };
    ([$visible:vis] x $($row:ident $access:ident;)*) => { $(
        #[inline(always)]
        $visible fn $row(&mut self, i: Instruction) -> Step {
            let ea = self.cpu().ea_x(i);
            self.$access(i, ea)
        }
    )* };
    ([$visible:vis] d_update $($row:ident $access:ident;)*) => { $(
        #[inline(always)]
        $visible fn $row(&mut self, i: Instruction) -> Step {
            self.with_update(i, i.disp() as u64, Self::$access)
        }
    )* };
    ([$visible:vis] ds_update $($row:ident $access:ident;)*) => { $(
        #[inline(always)]
        $visible fn $row(&mut self, i: Instruction) -> Step {
            self.with_update(i, i.disp_ds() as u64, Self::$access)
        }
    )* };
    ([$visible:vis] x_update $($row:ident $access:ident;)*) => { $(
        #[inline(always)]
        $visible fn $row(&mut self, i: Instruction) -> Step {
            let offset = self.cpu().gpr(i.rb());
            self.with_update(i, offset, Self::$access)
        }
    )* };
}

/// The rows that make one access, as methods.
macro_rules! rows {
    ($visible:vis fn) => {
        arms! { [$visible] d
            lbz load_byte;
            lhz load_half;
            lha load_half_signed;
            lwz load_word;
            lfs load_single;
            lfd load_double;
            stb store_byte;
            sth store_half;
            stw store_word;
            stfs store_single;
            stfd store_double;
        }

        arms! { [$visible] ds
            lwa load_word_signed;
            ld load_doubleword;
            std store_doubleword;
        }

        arms! { [$visible] x
            lbzx load_byte;
            lhzx load_half;
            lhax load_half_signed;
            lwzx load_word;
            lwax load_word_signed;
            ldx load_doubleword;
            lfsx load_single;
            lfdx load_double;
            lhbrx load_half_reversed;
            lwbrx load_word_reversed;
            ldbrx load_doubleword_reversed;
            stbx store_byte;
            sthx store_half;
            stwx store_word;
            stdx store_doubleword;
            stfsx store_single;
            stfdx store_double;
            stfiwx store_integer_word;
            sthbrx store_half_reversed;
            stwbrx store_word_reversed;
            stdbrx store_doubleword_reversed;
        }

        arms! { [$visible] d_update
            lbzu load_byte;
            lhzu load_half;
            lhau load_half_signed;
            lwzu load_word;
            lfsu load_single;
            lfdu load_double;
            stbu store_byte;
            sthu store_half;
            stwu store_word;
            stfsu store_single;
            stfdu store_double;
        }

        arms! { [$visible] ds_update
            ldu load_doubleword;
            stdu store_doubleword;
        }

        arms! { [$visible] x_update
            lbzux load_byte;
            lhzux load_half;
            lhaux load_half_signed;
            lwzux load_word;
            lwaux load_word_signed;
            ldux load_doubleword;
            lfsux load_single;
            lfdux load_double;
            stbux store_byte;
            sthux store_half;
            stwux store_word;
            stdux store_doubleword;
            stfsux store_single;
            stfdux store_double;
        }
    };
}

#[allow(dead_code)] // a row that `dispatch.rs` does not name runs as the arm of `CpuView`
impl Plain<'_, '_> {
    rows!(pub(super) fn);
}

impl LoadStore for CpuView<'_> {
    rows!(fn);

    fn lmw(&mut self, i: Instruction) -> Step {
        self.load_multiple(i)
    }

    fn stmw(&mut self, i: Instruction) -> Step {
        self.store_multiple(i)
    }

    fn lswi(&mut self, i: Instruction) -> Step {
        let count = if i.nb() == 0 { 32 } else { i.nb() as u32 };
        self.load_string(i.rd(), self.gpr_or_zero(i.ra()) as u32, count)
    }

    fn lswx(&mut self, i: Instruction) -> Step {
        self.load_string(i.rd(), self.ea_x(i), u32::from(self.ctx.xer_count & 127))
    }

    fn stswi(&mut self, i: Instruction) -> Step {
        let count = if i.nb() == 0 { 32 } else { i.nb() as u32 };
        self.store_string(i.rs(), self.gpr_or_zero(i.ra()) as u32, count)
    }

    fn stswx(&mut self, i: Instruction) -> Step {
        self.store_string(i.rs(), self.ea_x(i), u32::from(self.ctx.xer_count & 127))
    }

    fn lwarx(&mut self, i: Instruction) -> Step {
        self.load_and_reserve(i, 4, |cpu, ea| cpu.load_u32(ea).map(u64::from))
    }

    fn ldarx(&mut self, i: Instruction) -> Step {
        self.load_and_reserve(i, 8, Self::load_u64)
    }

    fn stwcx(&mut self, i: Instruction) -> Step {
        let ea = self.ea_x(i);
        let value = self.gpr(i.rs()) as u32;
        self.store_conditional(ea, 4, |memory, expected| {
            memory.compare_exchange_u32(ea, expected as u32, value)
        })
    }

    fn stdcx(&mut self, i: Instruction) -> Step {
        let ea = self.ea_x(i);
        let value = self.gpr(i.rs());
        self.store_conditional(ea, 8, |memory, expected| memory.compare_exchange_u64(ea, expected, value))
    }

    fn dcbz(&mut self, i: Instruction) -> Step {
        self.clear_line(i)
    }

    fn dcbz128(&mut self, i: Instruction) -> Step {
        self.clear_line(i)
    }
}

#[cfg(test)]
mod tests;
