//! Prefixes, operands and immediate values of one instruction, by the Intel 64 manual, volume 2,
//! chapter 2.
//!
//! Invariant: the bytes are appended in the order of the encoding: prefixes, opcode, ModRM, SIB,
//! displacement, immediate.

use super::{HostReg, Rm};

/// Width of an instruction's operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::baseline) enum OperandSize {
    Dword,
    Qword,
}

/// Width of the operand in a register or in memory, as far as prefixes depend on it. The result of
/// an instruction on bytes may have 32 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PrefixedSize {
    Byte,
    Operands(OperandSize),
}

impl From<OperandSize> for PrefixedSize {
    #[inline(always)]
    fn from(size: OperandSize) -> Self {
        Self::Operands(size)
    }
}

/// An instruction being assembled: its bytes, the first one lowest.
pub(super) struct Bytes {
    pub(super) bits: u128,
    pub(super) len: u32,
}

impl Bytes {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { bits: 0, len: 0 }
    }

    #[inline(always)]
    pub(super) fn byte(&mut self, byte: u8) {
        self.bits |= u128::from(byte) << (8 * self.len);
        self.len += 1;
    }

    #[inline(always)]
    pub(super) fn word(&mut self, word: i32) {
        self.bits |= u128::from(word.cast_unsigned()) << (8 * self.len);
        self.len += 4;
    }

    /// Appends a value as one byte if it fits, else as a word.
    #[inline(always)]
    pub(super) fn short_or_word(&mut self, value: i32) {
        match i8::try_from(value) {
            Ok(short) => self.byte(short.cast_unsigned()),
            Err(_) => self.word(value),
        }
    }

    /// Appends the prefixes that operands need: for guest memory the segment and the 32-bit address
    /// size, and REX.
    #[inline(always)]
    pub(super) fn prefixes(&mut self, size: impl Into<PrefixedSize>, reg: HostReg, rm: Rm) {
        if matches!(rm, Rm::Guest(..) | Rm::GuestSum(..)) {
            self.byte(0x65);
            self.byte(0x67);
        }
        self.rex(size, reg, rm);
    }

    /// Appends the REX prefix if one is needed.
    #[inline(always)]
    pub(super) fn rex(&mut self, size: impl Into<PrefixedSize>, reg: HostReg, rm: Rm) {
        let size = size.into();
        // Without a REX prefix, the low bytes of registers 4 to 7 can't be named.
        let is_byte = size == PrefixedSize::Byte;
        let (base, byte_base) = match rm {
            Rm::Reg(base) => (base >> 3, is_byte && base >= 4),
            Rm::Guest(base, _) => (base >> 3, false),
            Rm::GuestSum(base, index) => {
                let (base, index) = ordered(base, index);
                (base >> 3 | index >> 3 << 1, false)
            }
            Rm::Ctx(_) | Rm::CtxWord(..) | Rm::Host(_) => (0, false),
        };
        let rex = u8::from(size == PrefixedSize::Operands(OperandSize::Qword)) << 3 | (reg >> 3) << 2 | base;
        if rex != 0 || byte_base || is_byte && reg >= 4 {
            self.byte(0x40 | rex);
        }
    }

    /// Appends ModRM, SIB and displacement.
    #[inline(always)]
    pub(super) fn operands(&mut self, reg: HostReg, rm: Rm) {
        let reg = (reg & 7) << 3;
        match rm {
            Rm::Reg(base) => self.byte(0xC0 | reg | base & 7),
            Rm::Ctx(at) if i8::try_from(at).is_ok() => {
                // The base is rbp (5); mode 0x40 has a displacement of one byte, mode 0x80 of four.
                self.byte(0x45 | reg);
                self.byte(at as u8);
            }
            Rm::Ctx(at) => {
                self.byte(0x85 | reg);
                self.word(at);
            }
            Rm::CtxWord(index, at) => {
                let is_short = i8::try_from(at).is_ok();
                self.byte(if is_short { 0x44 } else { 0x84 } | reg);
                // The SIB byte: scale 8, base rbp.
                self.byte(0xC5 | (index & 7) << 3);
                self.short_or_word(at);
            }
            Rm::Guest(base, at) => {
                let low = base & 7;
                // rbp and r13 as a base need a displacement, rsp and r12 a SIB byte.
                let (mode, bytes) = match at {
                    0 if low != 5 => (0x00, 0),
                    _ if i8::try_from(at).is_ok() => (0x40, 1),
                    _ => (0x80, 4),
                };
                self.byte(mode | reg | low);
                if low == 4 {
                    self.byte(0x24);
                }
                match bytes {
                    0 => {}
                    1 => self.byte(at as u8),
                    _ => self.word(at),
                }
            }
            Rm::GuestSum(base, index) => {
                let (base, index) = ordered(base, index);
                let needs_displacement = base & 7 == 5;
                // 4 in the place of the base announces a SIB byte; its scale is 1.
                self.byte(if needs_displacement { 0x44 } else { 0x04 } | reg);
                self.byte((index & 7) << 3 | base & 7);
                if needs_displacement {
                    self.byte(0);
                }
            }
            Rm::Host(0) => self.byte(reg),
            Rm::Host(at) => {
                self.byte(0x40 | reg);
                self.byte(at as u8);
            }
        }
    }
}

/// A base and an index in the order that is shorter: rbp and r13 as a base need a displacement.
#[inline(always)]
fn ordered(base: HostReg, index: HostReg) -> (HostReg, HostReg) {
    if base & 7 == 5 { (index, base) } else { (base, index) }
}
