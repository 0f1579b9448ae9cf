//! Templates for moves of condition register fields, LR and CTR, and for hints and barriers.

use super::{CodeThunk, Templates};
use crate::baseline::encode::{Imm, MOV, RAX, RCX, Rm, Shift};
use crate::baseline::map::{CTR, LR, cr, gpr};
use xenia_cpu::CR_FIELDS;
use xenia_isa::{Instruction, Op, spr};

/// Limit of fields that a template of `mtcrf` writes.
const MOST_FIELDS: u32 = 3;

impl Templates {
    /// Emits `mcrf`: a field is one 64-bit value.
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
        // The host's flags may belong to the field that is overwritten.
        if self.e.flags == Some(i.crfd() as u8) {
            self.e.flags = None;
        }
        match cr(i.crfd()) {
            Rm::Reg(to) => self.e.mov(to, Rm::Reg(reg)),
            place => self.e.store(place, reg),
        }
        true
    }

    /// Emits hints, barriers, `mfcr`, `mtcrf`, and `mfspr` and `mtspr` of LR and CTR.
    pub(super) fn system(&mut self, op: Op, i: Instruction) -> bool {
        match op {
            // Hints, and write-backs of caches that all guest processors share.
            Op::dcbf | Op::dcbst | Op::dcbt | Op::dcbtst => return true,
            // x86 lets only loads pass older stores, and `lwsync` permits that, too. No compiler
            // can move an access, since this is the final host code.
            Op::eieio => return true,
            Op::sync => {
                if i.sync_l() != 1 {
                    self.e.memory_fence();
                }
                return true;
            }
            Op::mtcrf if i.crm().count_ones() <= MOST_FIELDS => {
                self.write_fields(i);
                return true;
            }
            Op::mfcr if !i.one_cr_field() => {
                self.call(CodeThunk::ConditionWord);
                self.write(i.rd(), RAX);
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

    /// Emits `mtcrf`: looks the fields up in a table by their nibbles.
    fn write_fields(&mut self, i: Instruction) {
        self.e.address(RCX, CR_FIELDS.as_ptr() as u64);
        for field in (0..8).filter(|field| i.crm() & 0x80 >> field != 0) {
            self.e.op32(MOV, RAX, gpr(i.rs()));
            if field != 7 {
                self.e.shift(false, Shift::Right, RAX, 28 - 4 * field as u8);
            }
            self.e.imm(false, Imm::And, Rm::Reg(RAX), 15);
            // mov rax, [rcx + 8 rax]
            self.e.raw(&[0x48, 0x8B, 0x04, 0xC1]);
            self.e.store(cr(field), RAX);
        }
    }
}
