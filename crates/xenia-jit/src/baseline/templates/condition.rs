//! Templates for moves of condition register fields, LR, CTR and MSR, and for hints, barriers and
//! traps.

use super::{CodeThunk, Templates};
use crate::baseline::encode::{AND, CMP, Condition, Dword, Imm, MOV, OR, Qword, RAX, RCX, Rm, Shift, XOR};
use crate::baseline::map::{CTR, LR, MSR, cr, gpr};
use xenia_cpu::{CR_FIELDS, msr_bit};
use xenia_isa::{Instruction, Op, spr};

/// The bits of the condition register's word in the fields that an instruction names.
fn field_mask(crm: usize) -> u32 {
    (0..8).filter(|field| crm & 0x80 >> field != 0).map(|field| 0xF000_0000 >> (4 * field)).sum()
}

/// Limit of fields that a template of `mtcrf` writes.
const MAX_FIELDS: u32 = 3;

/// The bits that `mtmsr` and `mtmsrd` with L move to MSR.
const MOVED_WITH_L: i32 = (msr_bit::EE | msr_bit::RI) as i32;

impl Templates {
    /// Emits `mcrf` and the logical operations on bits of CR.
    pub(super) fn condition_logic(&mut self, op: Op, i: Instruction) -> bool {
        let (operation, of_b, of_result) = match op {
            Op::mcrf => {
                self.move_field(i);
                return true;
            }
            Op::crand => (AND, false, false),
            Op::crandc => (AND, true, false),
            Op::crnand => (AND, false, true),
            Op::cror => (OR, false, false),
            Op::crorc => (OR, true, false),
            Op::crnor => (OR, false, true),
            Op::crxor => (XOR, false, false),
            Op::creqv => (XOR, false, true),
            _ => return false,
        };
        // The host's flags may belong to the field of both bits.
        let a = self.field_test(i.crba() >> 2, i.crba() & 3);
        self.e.set(a, Rm::Reg(RCX));
        let b = self.field_test(i.crbb() >> 2, i.crbb() & 3);
        self.e.set(if of_b { b.not() } else { b }, Rm::Reg(RAX));
        self.e.op32(operation, RAX, Rm::Reg(RCX));
        if of_result {
            self.e.imm(Dword, Imm::Xor, Rm::Reg(RAX), 1);
        }
        // `setcc` has written one byte of each register; the rest is of no use.
        self.e.imm(Dword, Imm::And, Rm::Reg(RAX), 1);
        let field = i.crbd() >> 2;
        let bit = i.crbd() & 3;
        self.e.op64(MOV, RCX, cr(field));
        self.call(CodeThunk::ConditionBit(bit));
        self.e.store(cr(field), RCX);
        true
    }

    /// Emits `mcrf`: a field is one 64-bit value.
    fn move_field(&mut self, i: Instruction) {
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
    }

    /// Emits hints, barriers, traps, `mfcr`, `mtcrf`, `mfspr` and `mtspr` of LR and CTR, `mfmsr`,
    /// and `mtmsr` with L. No unit runs in problem state, in which the moves of MSR are refused.
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
            Op::mtcrf if i.crm().count_ones() <= MAX_FIELDS => {
                self.write_fields(i);
                return true;
            }
            Op::mfcr => {
                self.read_fields(i);
                return true;
            }
            Op::mfmsr => {
                let target = Self::target(i.rd());
                self.e.mov(target, MSR);
                self.write(i.rd(), target);
                return true;
            }
            Op::mtmsr | Op::mtmsrd if i.mtmsr_l() => {
                self.move_interrupt_enables(i);
                return true;
            }
            Op::td | Op::tdi | Op::tw | Op::twi => return self.trap(op, i),
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
            let from = self.read_latest(i.rs(), RAX);
            self.e.store(place, from);
        }
        true
    }

    /// Emits a trap if TO is one condition of the host. If it is taken, the interpreter raises it.
    /// The console's compilers check each divisor by one.
    fn trap(&mut self, op: Op, i: Instruction) -> bool {
        // From the highest bit of TO: less, greater, equal, then less and greater without signs.
        let condition = match i.to() {
            0b10000 => Condition::LESS,
            0b01000 => Condition::GREATER,
            0b00100 => Condition::EQUAL,
            0b00010 => Condition::CARRY,
            0b00001 => Condition::ABOVE,
            0b10100 => Condition::GREATER.not(),
            0b01100 => Condition::LESS.not(),
            0b00110 => Condition::ABOVE.not(),
            0b00101 => Condition::NOT_CARRY,
            0b11000 | 0b00011 => Condition::NOT_EQUAL,
            _ => return false,
        };
        let size = if matches!(op, Op::td | Op::tdi) { Qword } else { Dword };
        if matches!(op, Op::tdi | Op::twi) {
            self.e.imm(size, Imm::Cmp, gpr(i.ra()), i.simm() as i32);
        } else {
            let a = self.read(i.ra(), RAX);
            self.e.op(size, CMP, a, gpr(i.rb()));
        }
        self.left_if = Some(self.e.jump_if(condition));
        true
    }

    /// Emits `mtmsr` with L: replaces the bits in which RS and MSR differ.
    fn move_interrupt_enables(&mut self, i: Instruction) {
        self.e.op64(MOV, RAX, gpr(i.rs()));
        self.e.op64(XOR, RAX, MSR);
        // The upper half becomes 0.
        self.e.imm(Dword, Imm::And, Rm::Reg(RAX), MOVED_WITH_L);
        self.e.op64(XOR.into(), RAX, MSR);
    }

    /// Emits `mfcr`, and its form for one field.
    fn read_fields(&mut self, i: Instruction) {
        let crm = i.crm();
        if i.one_cr_field() && crm.is_power_of_two() {
            // The highest bit is of the first field.
            let shift = 4 * crm.trailing_zeros();
            self.e.op64(MOV, RCX, cr(7 - crm.trailing_zeros() as usize));
            self.call(CodeThunk::ConditionField);
            if shift != 0 {
                self.e.shift(Dword, Shift::Left, RAX, shift as u8);
            }
        } else {
            self.call(CodeThunk::ConditionWord);
            if i.one_cr_field() {
                self.e.imm(Dword, Imm::And, Rm::Reg(RAX), field_mask(crm).cast_signed());
            }
        }
        self.write(i.rd(), RAX);
    }

    /// Emits `mtcrf`: looks the fields up in a table by their nibbles.
    fn write_fields(&mut self, i: Instruction) {
        self.e.address(RCX, CR_FIELDS.as_ptr() as u64);
        for field in (0..8).filter(|field| i.crm() & 0x80 >> field != 0) {
            self.e.op32(MOV, RAX, gpr(i.rs()));
            if field != 7 {
                self.e.shift(Dword, Shift::Right, RAX, 28 - 4 * field as u8);
            }
            self.e.imm(Dword, Imm::And, Rm::Reg(RAX), 15);
            // mov rax, [rcx + 8 rax]
            self.e.raw(&[0x48, 0x8B, 0x04, 0xC1]);
            self.e.store(cr(field), RAX);
        }
    }
}
