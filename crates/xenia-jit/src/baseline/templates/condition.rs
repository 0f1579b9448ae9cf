//! Moves of condition register fields and of the registers that branches use; hints and barriers.

use super::Templates;
use crate::baseline::encode::{MOV, RAX, RCX, Rm};
use crate::baseline::map::{CTR, LR, cr};
use xenia_isa::{Instruction, Op, spr};

impl Templates {
    /// `mcrf`: a field is one 64-bit value.
    pub(super) fn condition_move(&mut self, op: Op, i: Instruction) -> bool {
        if op != Op::mcrf {
            return false;
        }
        let reg = match cr(i.crfs()) {
            Rm::Reg(reg) => reg,
            place => {
                self.e.op64(MOV, RCX, place);
                RCX
            }
        };
        // The host's flags may be those of the field that is overwritten.
        if self.e.flags == Some(i.crfd() as u8) {
            self.e.flags = None;
        }
        match cr(i.crfd()) {
            Rm::Reg(to) => self.e.mov(to, Rm::Reg(reg)),
            place => self.e.store(place, reg),
        }
        true
    }

    /// Hints, barriers, and `mfspr` and `mtspr` of LR and CTR.
    pub(super) fn system(&mut self, op: Op, i: Instruction) -> bool {
        match op {
            // Hints and writes back of caches that guests share.
            Op::dcbf | Op::dcbst | Op::dcbt | Op::dcbtst => return true,
            // The host lets only loads pass older stores, and `lwsync` lets them as well. The host
            // code is what is written here, so no compiler moves an access.
            Op::eieio => return true,
            Op::sync => {
                if i.sync_l() != 1 {
                    self.e.memory_fence();
                }
                return true;
            }
            Op::mfspr | Op::mtspr => {}
            _ => return false,
        }
        let place = match i.spr() {
            spr::LR => LR,
            spr::CTR => CTR,
            _ => return false,
        };
        if op == Op::mfspr {
            let target = Self::target(i.rd());
            self.e.mov(target, place);
            self.write(i.rd(), target);
        } else {
            let from = self.read(i.rs(), RAX);
            self.e.store(place, from);
        }
        true
    }
}
