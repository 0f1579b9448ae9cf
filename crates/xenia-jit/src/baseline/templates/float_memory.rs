//! Templates for loads and stores of floating-point registers.
//!
//! Singles are converted by a thunk for their register (`crate::baseline::single_thunks`).

use super::memory::Address;
use super::{CodeThunk, Templates};
use crate::baseline::encode::{HostReg, MOV, RCX};
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
        if update && i.ra() == 0 || !loads && self.stores_by_arms {
            return false;
        }
        let at = match op {
            lfd | lfdu | lfdx | lfdux => {
                let at = self.guest(i, address, update);
                self.load(true, RCX, at.memory);
                self.e.store(fpr(i.rd()), RCX);
                at
            }
            lfs | lfsu | lfsx | lfsux => {
                let at = self.guest(i, address, update);
                self.load(false, RCX, at.memory);
                self.call(CodeThunk::LoadSingle(i.rd()));
                at
            }
            stfs | stfsu | stfsx | stfsux => {
                if !self.has_single {
                    self.call(CodeThunk::StoreSingle(i.rs()));
                }
                let at = self.guest(i, address, update);
                self.save_scratch(false, at.memory);
                at
            }
            _ => {
                let wide = op != stfiwx;
                let at = self.guest(i, address, update);
                self.e.op(wide, MOV, RCX, fpr(i.rs()));
                self.save_scratch(wide, at.memory);
                at
            }
        };
        if update {
            self.write_address(i.ra(), at);
        }
        true
    }

    /// Loads a single into a scratch register, by a row without an update.
    pub(in crate::baseline) fn load_single(&mut self, op: Op, i: Instruction, reg: HostReg) {
        let address = if op == Op::lfs { Address::Displaced(i.disp() as i32) } else { Address::Indexed };
        let at = self.guest(i, address, false);
        self.load(false, reg, at.memory);
    }
}
