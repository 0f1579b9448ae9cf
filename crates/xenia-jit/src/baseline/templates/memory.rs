//! Templates for loads and stores: one host access each, through the view of guest memory that has
//! the guest's page protection.
//!
//! A refused access faults; `crate::baseline::enter` resumes at code that stores all guest
//! registers, and the interpreter runs the instruction, which has not changed any state yet.

use super::Templates;
use crate::baseline::encode::{
    ADD, Dword, HostReg, Imm, MOV, MOVBE, MOVBE_STORE, MOVSX16, MOVSXD, MOVZX8, MOVZX16, OperandSize, Qword,
    RAX, RCX, Rm, STORE, STORE8, SUB,
};
use crate::baseline::map::{BaselineWord, gpr, vector};
use xenia_isa::{Instruction, Op};

/// The type of the accessed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Byte,
    Half,
    HalfSigned,
    Word,
    WordSigned,
    Double,
    HalfReversed,
    WordReversed,
    DoubleReversed,
}

/// The addressing mode of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// (RA|0) + a displacement.
    Displaced(i32),
    /// (RA|0) + RB.
    Indexed,
}

/// An access of a general-purpose register.
#[derive(Clone, Copy, Debug)]
struct Access {
    value: Value,
    address: Address,
    /// Whether RA is updated to the effective address.
    update: bool,
    store: bool,
}

/// The operand of an access, and the address that RA is updated to: `base + displacement`, in 32
/// bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Located {
    pub(super) memory: Rm,
    base: HostReg,
    displacement: i32,
}

impl Access {
    /// The access of an instruction that loads or stores a general-purpose register.
    fn of(op: Op, i: Instruction) -> Option<Self> {
        use Value::*;
        let d = Address::Displaced(i.disp() as i32);
        let ds = Address::Displaced(i.disp_ds() as i32);
        let x = Address::Indexed;
        let load = |value, address| Self { value, address, update: false, store: false };
        let store = |value, address| Self { value, address, update: false, store: true };
        Some(match op {
            Op::lbz => load(Byte, d),
            Op::lbzu => load(Byte, d).with_update(),
            Op::lbzx => load(Byte, x),
            Op::lbzux => load(Byte, x).with_update(),
            Op::lhz => load(Half, d),
            Op::lhzu => load(Half, d).with_update(),
            Op::lhzx => load(Half, x),
            Op::lhzux => load(Half, x).with_update(),
            Op::lha => load(HalfSigned, d),
            Op::lhau => load(HalfSigned, d).with_update(),
            Op::lhax => load(HalfSigned, x),
            Op::lhaux => load(HalfSigned, x).with_update(),
            Op::lwz => load(Word, d),
            Op::lwzu => load(Word, d).with_update(),
            Op::lwzx => load(Word, x),
            Op::lwzux => load(Word, x).with_update(),
            Op::lwa => load(WordSigned, ds),
            Op::lwax => load(WordSigned, x),
            Op::ld => load(Double, ds),
            Op::ldu => load(Double, ds).with_update(),
            Op::ldx => load(Double, x),
            Op::lhbrx => load(HalfReversed, x),
            Op::lwbrx => load(WordReversed, x),
            Op::ldbrx => load(DoubleReversed, x),
            Op::stb => store(Byte, d),
            Op::stbu => store(Byte, d).with_update(),
            Op::stbx => store(Byte, x),
            Op::stbux => store(Byte, x).with_update(),
            Op::sth => store(Half, d),
            Op::sthu => store(Half, d).with_update(),
            Op::sthx => store(Half, x),
            Op::sthux => store(Half, x).with_update(),
            Op::stw => store(Word, d),
            Op::stwu => store(Word, d).with_update(),
            Op::stwx => store(Word, x),
            Op::stwux => store(Word, x).with_update(),
            Op::std => store(Double, ds),
            Op::stdu => store(Double, ds).with_update(),
            Op::stdx => store(Double, x),
            Op::sthbrx => store(HalfReversed, x),
            Op::stwbrx => store(WordReversed, x),
            Op::stdbrx => store(DoubleReversed, x),
            _ => return None,
        })
    }

    /// The access in the form that updates RA.
    fn with_update(self) -> Self {
        Self { update: true, ..self }
    }
}

impl Templates {
    pub(super) fn memory(&mut self, op: Op, i: Instruction) -> bool {
        if let Some(access) = Access::of(op, i) {
            // Invalid forms are left to the arms, whose order of writes decides the result where RA
            // is 0 or a target.
            let is_invalid = access.update && (i.ra() == 0 || !access.store && i.ra() == i.rd());
            if is_invalid || access.store && self.options.stores_by_arms {
                return false;
            }
            let at = match self.guest_at_written(i, access) {
                Some(at) => at,
                None => self.guest(i, access.address, access.update),
            };
            if access.store {
                self.store_register(i, access, at.memory);
            } else {
                self.load_register(i, access, at.memory);
            }
            if access.update {
                self.write_address(i.ra(), at);
            }
            return true;
        }
        if self.float_memory(op, i) {
            return true;
        }
        let stores = match op {
            Op::lvx | Op::lvxl | Op::lvx128 | Op::lvxl128 => false,
            Op::stvx | Op::stvxl | Op::stvx128 | Op::stvxl128 => true,
            _ => return false,
        };
        if stores && self.options.stores_by_arms {
            return false;
        }
        let is_128 = matches!(op, Op::lvx128 | Op::lvxl128 | Op::stvx128 | Op::stvxl128);
        self.effective_address(i, Address::Indexed);
        // These rows ignore the lower four bits of the address.
        self.e.imm(Dword, Imm::And, Rm::Reg(RAX), -16);
        let at = self.guest_at_eax();
        self.move_vector(at, if is_128 { i.vd128() } else { i.vd() }, stores);
        true
    }

    /// The operand at a displacement from RA, if RA was just written from a register: lists are
    /// followed so.
    fn guest_at_written(&mut self, i: Instruction, access: Access) -> Option<Located> {
        let Address::Displaced(displacement) = access.address else { return None };
        if i.ra() == 0 || access.update || !self.options.features.segment {
            return None;
        }
        let base = self.just_written(i.ra())?;
        // A store of a register in the context, or one that swaps bytes first, changes rcx.
        let needs_rcx = access.store && !(self.options.features.movbe && matches!(gpr(i.rs()), Rm::Reg(_)));
        if needs_rcx && base == RCX {
            return None;
        }
        self.may_be_left = true;
        Some(Located { memory: Rm::Guest(base, displacement), base, displacement: 0 })
    }

    /// The operand for guest memory at the effective address, for an access that may update RA
    /// afterwards. Preserves the host's flags where that costs nothing; may change rax.
    pub(super) fn guest(&mut self, i: Instruction, address: Address, update: bool) -> Located {
        if update {
            return self.updated_address(i, address);
        }
        Located { memory: self.guest_memory(i, address), base: RAX, displacement: 0 }
    }

    fn guest_memory(&mut self, i: Instruction, address: Address) -> Rm {
        self.may_be_left = true;
        if self.options.features.segment && i.ra() != 0 {
            match (address, gpr(i.ra())) {
                (Address::Displaced(displacement), Rm::Reg(base)) => return Rm::Guest(base, displacement),
                (Address::Displaced(displacement), _) => {
                    self.low_word(RAX, i.ra());
                    return Rm::Guest(RAX, displacement);
                }
                (Address::Indexed, base) => match (base, gpr(i.rb())) {
                    (Rm::Reg(base), Rm::Reg(index)) => return Rm::GuestSum(base, index),
                    (Rm::Reg(reg), other) | (other, Rm::Reg(reg)) => {
                        self.e.op64(MOV, RAX, other);
                        // The sum has 32 bits, so the upper halves don't matter.
                        return Rm::GuestSum(RAX, reg);
                    }
                    _ => {}
                },
            }
        }
        self.effective_address(i, address);
        self.guest_at_eax()
    }

    /// The operand for guest memory at eax. Without a segment register, it first adds the host
    /// address of guest memory to rax.
    pub(super) fn guest_at_eax(&mut self) -> Rm {
        self.may_be_left = true;
        if self.options.features.segment {
            return Rm::Guest(RAX, 0);
        }
        self.e.op64(ADD, RAX, Rm::Ctx(BaselineWord::Memory.at()));
        Rm::Host(0)
    }

    /// The operand for guest memory at the effective address, and the value for RA after the
    /// access.
    fn updated_address(&mut self, i: Instruction, address: Address) -> Located {
        self.may_be_left = true;
        if let Address::Displaced(displacement) = address
            && self.options.features.segment
        {
            let base = match gpr(i.ra()) {
                Rm::Reg(base) => base,
                // Without a displacement, rax becomes RA.
                place if displacement == 0 => {
                    self.e.op32(MOV, RAX, place);
                    RAX
                }
                place => {
                    self.e.op64(MOV, RAX, place);
                    RAX
                }
            };
            return Located { memory: Rm::Guest(base, displacement), base, displacement };
        }
        self.effective_address(i, address);
        Located { memory: self.guest_at_eax(), base: RAX, displacement: 0 }
    }

    /// Updates RA to the effective address, after the access.
    pub(super) fn write_address(&mut self, ra: usize, at: Located) {
        // Without the segment register, rax is a host address.
        if at.memory == Rm::Host(0) {
            self.e.op64(SUB, RAX, Rm::Ctx(BaselineWord::Memory.at()));
        }
        if at.displacement != 0 || at.base != RAX {
            let target = Self::target(ra);
            self.e.lea(Dword, target, at.base, at.displacement);
            self.write(ra, target);
        } else {
            self.write(ra, RAX);
        }
    }

    /// eax = the effective address. Preserves the host's flags where that costs nothing.
    pub(super) fn effective_address(&mut self, i: Instruction, address: Address) {
        match address {
            Address::Displaced(displacement) => {
                if i.ra() == 0 {
                    self.e.word(RAX, displacement.cast_unsigned());
                    return;
                }
                match gpr(i.ra()) {
                    Rm::Reg(base) if displacement != 0 => self.e.lea(Dword, RAX, base, displacement),
                    base => {
                        self.e.op32(MOV, RAX, base);
                        if displacement != 0 {
                            self.e.lea(Dword, RAX, RAX, displacement);
                        }
                    }
                }
            }
            Address::Indexed => {
                let index = gpr(i.rb());
                if i.ra() == 0 {
                    self.e.op32(MOV, RAX, index);
                    return;
                }
                match (gpr(i.ra()), index) {
                    (Rm::Reg(base), Rm::Reg(index)) => self.e.lea_sum(Dword, RAX, base, index),
                    (Rm::Reg(reg), other) | (other, Rm::Reg(reg)) => {
                        self.e.op64(MOV, RAX, other);
                        self.e.lea_sum(Dword, RAX, RAX, reg);
                    }
                    (base, index) => {
                        self.e.op64(MOV, RAX, base);
                        self.e.op32(ADD, RAX, index);
                    }
                }
            }
        }
    }

    /// Loads the big-endian word or doubleword at `at` into `reg`.
    pub(super) fn load(&mut self, size: OperandSize, reg: HostReg, at: Rm) {
        if self.options.features.movbe {
            self.e.op(size, MOVBE, reg, at);
        } else {
            self.e.op(size, MOV, reg, at);
            self.e.swap(size, reg);
        }
    }

    /// Stores rcx as a big-endian word or doubleword at `at`. Changes rcx.
    pub(super) fn save_scratch(&mut self, size: OperandSize, at: Rm) {
        if self.options.features.movbe {
            self.e.op(size, MOVBE_STORE, RCX, at);
        } else {
            self.e.swap(size, RCX);
            self.e.op(size, STORE, RCX, at);
        }
    }

    /// Loads or stores the vector register at the aligned address `guest`. Both halves lie in one
    /// page, so the second access faults only if the first does.
    fn move_vector(&mut self, guest: Rm, n: usize, store: bool) {
        // The register's low half holds the bytes at the higher address.
        for (at, half) in [(0, 8), (8, 0)] {
            let guest = guest.plus(at);
            let place = Rm::Ctx(vector(n) + half);
            if store {
                self.e.op64(MOV, RCX, place);
                self.save_scratch(Qword, guest);
            } else {
                self.load(Qword, RCX, guest);
                self.e.store(place, RCX);
            }
        }
    }

    fn load_register(&mut self, i: Instruction, access: Access, at: Rm) {
        // rax may hold the address until RA is updated.
        let reg = match gpr(i.rd()) {
            Rm::Reg(reg) => reg,
            _ => RCX,
        };
        match access.value {
            Value::Byte => self.e.op32(MOVZX8, reg, at),
            Value::Half | Value::HalfSigned => {
                self.e.op32(MOVZX16, reg, at);
                self.e.swap_half(reg);
                if access.value == Value::HalfSigned {
                    self.e.op64(MOVSX16, reg, Rm::Reg(reg));
                }
            }
            Value::HalfReversed => self.e.op32(MOVZX16, reg, at),
            Value::Word => self.load(Dword, reg, at),
            Value::WordSigned => {
                self.load(Dword, reg, at);
                self.e.op64(MOVSXD, reg, Rm::Reg(reg));
            }
            Value::WordReversed => self.e.op32(MOV, reg, at),
            Value::DoubleReversed => self.e.op64(MOV, reg, at),
            Value::Double => self.load(Qword, reg, at),
        }
        self.write(i.rd(), reg);
    }

    fn store_register(&mut self, i: Instruction, access: Access, at: Rm) {
        let size = match access.value {
            Value::Double | Value::DoubleReversed => Qword,
            _ => Dword,
        };
        let reg = self.read_latest(i.rs(), RCX);
        match access.value {
            Value::Byte => self.e.op32(STORE8, reg, at),
            Value::HalfReversed => self.e.op32(STORE.half(), reg, at),
            Value::WordReversed | Value::DoubleReversed => self.e.op(size, STORE, reg, at),
            Value::Half | Value::HalfSigned if self.options.features.movbe => {
                self.e.op32(MOVBE_STORE.half(), reg, at);
            }
            Value::Word | Value::WordSigned | Value::Double if self.options.features.movbe => {
                self.e.op(size, MOVBE_STORE, reg, at);
            }
            Value::Half | Value::HalfSigned => {
                self.e.mov(RCX, Rm::Reg(reg));
                self.e.swap_half(RCX);
                self.e.op32(STORE.half(), RCX, at);
            }
            Value::Word | Value::WordSigned | Value::Double => {
                self.e.mov(RCX, Rm::Reg(reg));
                self.save_scratch(size, at);
            }
        }
    }
}
