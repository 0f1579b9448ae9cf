//! Prefixes, operands and immediate values of one instruction.

use super::{HostReg, Rm};

/// An instruction that is being put together: bytes from the lowest on.
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

    /// A value in one byte if that holds it.
    #[inline(always)]
    pub(super) fn short_or_word(&mut self, value: i32) {
        match i8::try_from(value) {
            Ok(short) => self.byte(short.cast_unsigned()),
            Err(_) => self.word(value),
        }
    }

    /// The REX prefix, if one is needed.
    #[inline(always)]
    pub(super) fn rex(&mut self, wide: bool, reg: HostReg, rm: Rm, is_byte: bool) {
        let (base, byte_base) = match rm {
            Rm::Reg(base) => (base >> 3, is_byte && base >= 4),
            Rm::Ctx(_) | Rm::Guest(_) => (0, false),
        };
        let rex = u8::from(wide) << 3 | (reg >> 3) << 2 | base;
        if rex != 0 || byte_base || is_byte && reg >= 4 {
            self.byte(0x40 | rex);
        }
    }

    /// ModRM, SIB and displacement.
    #[inline(always)]
    pub(super) fn operands(&mut self, reg: HostReg, rm: Rm) {
        let reg = (reg & 7) << 3;
        match rm {
            Rm::Reg(base) => self.byte(0xC0 | reg | base & 7),
            Rm::Ctx(at) if i8::try_from(at).is_ok() => {
                self.byte(0x45 | reg);
                self.byte(at as u8);
            }
            Rm::Ctx(at) => {
                self.byte(0x85 | reg);
                self.word(at);
            }
            Rm::Guest(0) => {
                self.byte(0x04 | reg);
                self.byte(0x07);
            }
            Rm::Guest(at) => {
                self.byte(0x44 | reg);
                self.byte(0x07);
                self.byte(at as u8);
            }
        }
    }
}
