//! Templates for loads and stores of floating-point registers.
//!
//! A load of a single converts it inline: a call takes 5 ns among much code, as the host has
//! forgotten it, and the conversion has few bytes. NaNs, and stores of singles, are converted by a
//! thunk for their register (`crate::baseline::single_thunks`).

use super::memory::Address;
use super::{CodeThunk, RareCase, Templates};
use crate::baseline::encode::{
    CVTPS2PD, Condition, Dword, HostReg, MOV, MOVD, MOVLPS_STORE, MOVUPS_STORE, Qword, RAX, RCX, Rm, UCOMISS,
    UNPCKLPS, XMM0, XMM1,
};
use crate::baseline::map::fpr;
use xenia_isa::{Instruction, Op};

impl Templates {
    pub(super) fn float_memory(&mut self, op: Op, i: Instruction) -> bool {
        use Op::{lfd, lfdu, lfdux, lfdx, lfs, lfsu, lfsux, lfsx};
        use Op::{stfd, stfdu, stfdux, stfdx, stfiwx, stfs, stfsu, stfsux, stfsx};
        let (address, update) = match op {
            lfd | lfs | stfd | stfs => (Address::Displaced(i.disp() as i32), false),
            lfdu | lfsu | stfdu | stfsu => (Address::Displaced(i.disp() as i32), true),
            lfdx | lfsx | stfdx | stfsx | stfiwx => (Address::Indexed, false),
            lfdux | lfsux | stfdux | stfsux => (Address::Indexed, true),
            _ => return false,
        };
        let loads = matches!(op, lfd | lfdu | lfdux | lfdx | lfs | lfsu | lfsux | lfsx);
        // RA = 0 is an invalid form of an update.
        if update && i.ra() == 0 || !loads && self.options.stores_by_arms {
            return false;
        }
        let at = match op {
            lfd | lfdu | lfdx | lfdux => {
                let at = self.guest(i, address, update);
                self.load(Qword, RCX, at.memory);
                self.e.store(fpr(i.rd()), RCX);
                at
            }
            lfs | lfsu | lfsx | lfsux => {
                let at = self.guest(i, address, update);
                self.load(Dword, RCX, at.memory);
                self.e.op32(MOVD, XMM0, Rm::Reg(RCX));
                self.widen_unless_nan(XMM0, &[(XMM0, i.rd())], CodeThunk::LoadSingle(i.rd()));
                at
            }
            stfs | stfsu | stfsx | stfsux => {
                if !self.has_single {
                    self.call(CodeThunk::StoreSingle(i.rs()));
                }
                let at = self.guest(i, address, update);
                self.save_scratch(Dword, at.memory);
                at
            }
            _ => {
                let size = if op == stfiwx { Dword } else { Qword };
                let at = self.guest(i, address, update);
                self.e.op(size, MOV, RCX, fpr(i.rs()));
                self.save_scratch(size, at.memory);
                at
            }
        };
        if update {
            self.write_address(i.ra(), at);
        }
        true
    }

    /// Emits two loads of singles, by rows without an update.
    pub(in crate::baseline) fn two_singles(&mut self, [first, second]: [(Op, Instruction); 2]) {
        let [n, m] = [first, second].map(|(_, i)| i.rd());
        for ((op, i), reg) in [(first, RCX), (second, RAX)] {
            self.load_single(op, i, reg);
        }
        self.e.op32(MOVD, XMM0, Rm::Reg(RCX));
        self.e.op32(MOVD, XMM1, Rm::Reg(RAX));
        self.widen_unless_nan(XMM1, &[(XMM0, n), (XMM1, m)], CodeThunk::LoadSingles([n, m]));
    }

    /// Loads a single into a scratch register, by a row without an update.
    fn load_single(&mut self, op: Op, i: Instruction, reg: HostReg) {
        let address = if op == Op::lfs { Address::Displaced(i.disp() as i32) } else { Address::Indexed };
        let at = self.guest(i, address, false);
        self.load(Dword, reg, at.memory);
    }

    /// Converts singles in xmm registers for FPRs. If one is a NaN, `thunk` converts all of them,
    /// which are in ecx and eax as well; `other` is xmm0 or the other single. The host's conversion
    /// is exact for all values but signalling NaNs. The flags that it raises in MXCSR, invalid
    /// operation and denormal operand, have no meaning for the guest.
    ///
    /// The packed forms are a byte shorter than the scalar ones. The loads have set the upper
    /// singles to 0, whose conversion raises no flag.
    fn widen_unless_nan(&mut self, other: HostReg, singles: &[(HostReg, usize)], thunk: CodeThunk) {
        self.e.op32(UCOMISS, XMM0, Rm::Reg(other));
        let field = self.e.jump_if(Condition::PARITY_EVEN);
        match *singles {
            // FPRs with neighbouring numbers are converted and stored at once.
            [(low, n), (high, m)] | [(high, m), (low, n)] if m == n + 1 => {
                self.e.op32(UNPCKLPS, low, Rm::Reg(high));
                self.e.op32(CVTPS2PD, low, Rm::Reg(low));
                self.e.op32(MOVUPS_STORE, low, fpr(n));
            }
            _ => {
                for &(reg, n) in singles {
                    self.e.op32(CVTPS2PD, reg, Rm::Reg(reg));
                    self.e.op32(MOVLPS_STORE, reg, fpr(n));
                }
            }
        }
        self.rare_case = Some(RareCase { field, thunk, back: self.e.len() });
    }
}
