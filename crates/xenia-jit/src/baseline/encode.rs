//! x86-64 encoder of the baseline tier: the forty or so encodings that its templates use.
//!
//! The encodings follow the Intel 64 manual, volume 2. An instruction is assembled in one 16-byte
//! value and written with one copy, for speed: a unit is emitted in about 75 ns a guest
//! instruction. The tests decode every form with iced-x86 and compare.
//!
//! cranelift-assembler-x64 was considered: it has no `movbe`, no rel32 fields that are patched
//! later, and allocates labels, so half of this module would still be needed.
//!
//! Invariant: [`Encoder::flags`] names a condition register field only while the host's flags hold
//! the result of its compare; every method that changes flags clears it.

mod bytes;
mod distances;
mod forms;
mod vex;

pub(super) use bytes::OperandSize::{self, Dword, Qword};
use bytes::{Bytes, PrefixedSize};
pub(super) use forms::*;
pub(super) use vex::{ANDN, BZHI, SARX, SHLX, SHRX};

/// Writes host code into a buffer that it reuses for each unit.
pub(super) struct Encoder {
    /// As long as the longest code written so far, with room for one more instruction.
    buffer: Vec<u8>,
    len: usize,
    /// The condition register field whose compare (signed less, greater, equal) the host's flags
    /// hold.
    pub(super) flags: Option<u8>,
}

/// Length of the longest instruction in bytes, rounded up.
const SLACK: usize = 16;

impl Encoder {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; 4096], len: 0, flags: None }
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.flags = None;
    }

    /// Bytes written so far: where the next instruction goes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn code(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    #[inline(always)]
    fn put(&mut self, bytes: &Bytes) {
        if self.len + SLACK > self.buffer.len() {
            self.grow();
        }
        // A copy of constant length is one store; the next instruction overwrites the excess.
        self.buffer[self.len..self.len + SLACK].copy_from_slice(&bytes.bits.to_le_bytes());
        self.len += bytes.len as usize;
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.buffer.resize(2 * self.buffer.len(), 0);
    }

    /// `form reg, rm`, or `form rm, reg` if the form is a store.
    #[inline(always)]
    pub(super) fn op(&mut self, size: OperandSize, form: Form, reg: HostReg, rm: Rm) {
        if form.changes_flags {
            self.flags = None;
        }
        let mut bytes = Bytes::new();
        // A REX prefix counts only right in front of the opcode, so this one comes first.
        if form.prefix != 0 {
            bytes.byte(form.prefix);
        }
        let is_byte = form.is_byte && size == Dword;
        bytes.prefixes(if is_byte { PrefixedSize::Byte } else { size.into() }, reg, rm);
        bytes.bits |= u128::from(form.escape.bytes) << (8 * bytes.len);
        bytes.len += form.escape.count;
        bytes.byte(form.opcode);
        bytes.operands(reg, rm);
        self.put(&bytes);
    }

    #[inline(always)]
    pub(super) fn op32(&mut self, form: Form, reg: HostReg, rm: Rm) {
        self.op(Dword, form, reg, rm);
    }

    #[inline(always)]
    pub(super) fn op64(&mut self, form: Form, reg: HostReg, rm: Rm) {
        self.op(Qword, form, reg, rm);
    }

    /// `mov reg, rm` of 64 bits; omitted if both are the same register.
    #[inline(always)]
    pub(super) fn mov(&mut self, reg: HostReg, rm: Rm) {
        if rm != Rm::Reg(reg) {
            self.op64(MOV, reg, rm);
        }
    }

    /// `mov rm, reg` of 64 bits; omitted if both are the same register.
    #[inline(always)]
    pub(super) fn store(&mut self, rm: Rm, reg: HostReg) {
        if rm != Rm::Reg(reg) {
            self.op64(STORE, reg, rm);
        }
    }

    /// `operation rm, value`; the value is sign-extended.
    #[inline(always)]
    pub(super) fn imm(&mut self, size: OperandSize, operation: Imm, rm: Rm, value: i32) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.prefixes(size, 0, rm);
        let is_short = i8::try_from(value).is_ok();
        // RAX has an opcode of its own, which saves the ModRM byte.
        if rm == Rm::Reg(RAX) && !is_short {
            bytes.byte((operation as u8) << 3 | 5);
        } else {
            bytes.byte(if is_short { 0x83 } else { 0x81 });
            bytes.operands(operation as u8, rm);
        }
        bytes.short_or_word(value);
        self.put(&bytes);
    }

    /// `mov rm, value` of 64 bits, in the shortest form that keeps the flags.
    #[inline(always)]
    pub(super) fn constant(&mut self, rm: Rm, value: i32) {
        let mut bytes = Bytes::new();
        match rm {
            // A write of 32 bits clears the upper half.
            Rm::Reg(reg) if value >= 0 => {
                bytes.prefixes(Dword, 0, rm);
                bytes.byte(0xB8 | reg & 7);
            }
            _ => {
                bytes.prefixes(Qword, 0, rm);
                bytes.byte(0xC7);
                bytes.operands(0, rm);
            }
        }
        bytes.word(value);
        self.put(&bytes);
    }

    /// `mov reg, word`, zero-extended.
    #[inline(always)]
    pub(super) fn word(&mut self, reg: HostReg, word: u32) {
        let mut bytes = Bytes::new();
        bytes.prefixes(Dword, 0, Rm::Reg(reg));
        bytes.byte(0xB8 | reg & 7);
        bytes.word(word.cast_signed());
        self.put(&bytes);
    }

    /// `mov reg, address` of 64 bits.
    pub(super) fn address(&mut self, reg: HostReg, address: u64) {
        let mut bytes = Bytes::new();
        bytes.prefixes(Qword, 0, Rm::Reg(reg));
        bytes.byte(0xB8 | reg & 7);
        bytes.bits |= u128::from(address) << (8 * bytes.len);
        bytes.len += 8;
        self.put(&bytes);
    }

    /// `mov eax, operands`, or of 64 bits to rax.
    pub(super) fn operands(&mut self, operands: u64, size: OperandSize) {
        if size == Qword {
            self.address(RAX, operands);
        } else {
            self.word(RAX, operands as u32);
        }
    }

    /// `lea reg, [base + displacement]`.
    #[inline(always)]
    pub(super) fn lea(&mut self, size: OperandSize, reg: HostReg, base: HostReg, displacement: i32) {
        let mut bytes = Bytes::new();
        bytes.prefixes(size, reg, Rm::Reg(base));
        bytes.byte(0x8D);
        let is_short = i8::try_from(displacement).is_ok();
        bytes.byte(if is_short { 0x40 } else { 0x80 } | (reg & 7) << 3 | base & 7);
        // As a base, rsp and r12 need a SIB byte; this one has no index.
        if base & 7 == 4 {
            bytes.byte(0x24);
        }
        bytes.short_or_word(displacement);
        self.put(&bytes);
    }

    /// `lea reg, [base + index]`. The index is not rsp.
    #[inline(always)]
    pub(super) fn lea_sum(&mut self, size: OperandSize, reg: HostReg, base: HostReg, index: HostReg) {
        let mut bytes = Bytes::new();
        let sum = Rm::GuestSum(base, index);
        // Without the prefixes of guest memory: the sum itself is the result, as wide as the
        // operand.
        bytes.rex(size, reg, sum);
        bytes.byte(0x8D);
        bytes.operands(reg, sum);
        self.put(&bytes);
    }

    /// A shift by a constant below the width.
    #[inline(always)]
    pub(super) fn shift(&mut self, size: OperandSize, shift: Shift, reg: HostReg, count: u8) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.prefixes(size, 0, Rm::Reg(reg));
        bytes.byte(if count == 1 { 0xD1 } else { 0xC1 });
        bytes.operands(shift as u8, Rm::Reg(reg));
        if count != 1 {
            bytes.byte(count);
        }
        self.put(&bytes);
    }

    /// `rol reg16, 8`: swaps the two bytes of a halfword.
    pub(super) fn swap_half(&mut self, reg: HostReg) {
        let mut bytes = Bytes::new();
        self.flags = None;
        bytes.byte(0x66);
        bytes.prefixes(Dword, 0, Rm::Reg(reg));
        bytes.byte(0xC1);
        bytes.operands(Shift::RotateLeft as u8, Rm::Reg(reg));
        bytes.byte(8);
        self.put(&bytes);
    }

    /// `bswap reg`: reverses the bytes.
    pub(super) fn swap(&mut self, size: OperandSize, reg: HostReg) {
        let mut bytes = Bytes::new();
        bytes.prefixes(size, 0, Rm::Reg(reg));
        bytes.byte(0x0F);
        bytes.byte(0xC8 | reg & 7);
        self.put(&bytes);
    }

    /// A shift by cl.
    #[inline(always)]
    pub(super) fn shift_by_cl(&mut self, size: OperandSize, shift: Shift, reg: HostReg) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.prefixes(size, 0, Rm::Reg(reg));
        bytes.byte(0xD3);
        bytes.operands(shift as u8, Rm::Reg(reg));
        self.put(&bytes);
    }

    #[inline(always)]
    pub(super) fn unary(&mut self, size: OperandSize, operation: Unary, rm: Rm) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.prefixes(size, 0, rm);
        bytes.byte(0xF7);
        bytes.operands(operation as u8, rm);
        self.put(&bytes);
    }

    /// `imul reg, rm, value`.
    pub(super) fn multiply(&mut self, reg: HostReg, rm: Rm, value: i32) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.prefixes(Qword, reg, rm);
        bytes.byte(if i8::try_from(value).is_ok() { 0x6B } else { 0x69 });
        bytes.operands(reg, rm);
        bytes.short_or_word(value);
        self.put(&bytes);
    }

    /// `test al, value`.
    pub(super) fn test_al(&mut self, value: u8) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.byte(0xA8);
        bytes.byte(value);
        self.put(&bytes);
    }

    /// `test cl, value`.
    pub(super) fn test_cl(&mut self, value: u8) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.byte(0xF6);
        bytes.operands(0, Rm::Reg(RCX));
        bytes.byte(value);
        self.put(&bytes);
    }

    /// `test rm, value` of 32 bits.
    pub(super) fn test(&mut self, rm: Rm, value: i32) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.prefixes(Dword, 0, rm);
        bytes.byte(0xF7);
        bytes.operands(0, rm);
        bytes.word(value);
        self.put(&bytes);
    }

    /// `bt rm, bit` of 64 bits: the carry is that bit.
    pub(super) fn bit_test(&mut self, rm: Rm, bit: u8) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.prefixes(Qword, 0, rm);
        bytes.byte(0x0F);
        bytes.byte(0xBA);
        bytes.operands(4, rm);
        bytes.byte(bit);
        self.put(&bytes);
    }

    /// `setcc rm` of 8 bits.
    pub(super) fn set(&mut self, condition: Condition, rm: Rm) {
        let mut bytes = Bytes::new();
        bytes.prefixes(PrefixedSize::Byte, 0, rm);
        bytes.byte(0x0F);
        bytes.byte(0x90 | condition.0);
        bytes.operands(0, rm);
        self.put(&bytes);
    }

    /// Appends bytes for which no method above exists. Afterwards the flags hold no compare's
    /// result.
    pub(super) fn raw(&mut self, code: &[u8]) {
        self.flags = None;
        for &byte in code {
            self.put(&Bytes { bits: byte.into(), len: 1 });
        }
    }

    /// A conditional jump of 2 bytes. Returns the position of its distance.
    pub(super) fn jump_if_short(&mut self, condition: Condition) -> usize {
        self.put(&Bytes { bits: u128::from(0x70 | condition.0), len: 2 });
        self.len - 1
    }

    /// A jump of 2 bytes. Returns the position of its distance.
    pub(super) fn jump_short(&mut self) -> usize {
        self.put(&Bytes { bits: 0xEB, len: 2 });
        self.len - 1
    }

    /// A conditional jump of 6 bytes. Returns the position of its distance.
    #[inline(always)]
    pub(super) fn jump_if(&mut self, condition: Condition) -> usize {
        // 0F 80 + condition; the distance is 0 until it is set.
        self.put(&Bytes { bits: u128::from(0x800F | u16::from(condition.0) << 8), len: 6 });
        self.len - 4
    }

    /// A jump of 5 bytes. Returns the position of its distance.
    #[inline(always)]
    pub(super) fn jump(&mut self) -> usize {
        self.put(&Bytes { bits: 0xE9, len: 5 });
        self.len - 4
    }

    /// A call of 5 bytes. Returns the position of its distance.
    #[inline(always)]
    pub(super) fn call(&mut self) -> usize {
        self.put(&Bytes { bits: 0xE8, len: 5 });
        self.len - 4
    }

    /// `jmp reg`. The register is one of the lower eight.
    pub(super) fn jump_to_register(&mut self, reg: HostReg) {
        self.put(&Bytes { bits: u128::from(0xE0FF | u16::from(reg) << 8), len: 2 });
    }

    /// `call reg`. The register is one of the lower eight.
    pub(super) fn call_register(&mut self, reg: HostReg) {
        self.put(&Bytes { bits: u128::from(0xD0FF | u16::from(reg) << 8), len: 2 });
    }

    pub(super) fn push(&mut self, reg: HostReg) {
        let mut bytes = Bytes::new();
        bytes.prefixes(Dword, 0, Rm::Reg(reg));
        bytes.byte(0x50 | reg & 7);
        self.put(&bytes);
    }

    pub(super) fn pop(&mut self, reg: HostReg) {
        let mut bytes = Bytes::new();
        bytes.prefixes(Dword, 0, Rm::Reg(reg));
        bytes.byte(0x58 | reg & 7);
        self.put(&bytes);
    }

    /// `jmp [rbp + displacement]`.
    pub(super) fn jump_through(&mut self, at: i32) {
        let mut bytes = Bytes::new();
        bytes.byte(0xFF);
        bytes.operands(4, Rm::Ctx(at));
        self.put(&bytes);
    }

    /// `call [rbp + displacement]`.
    pub(super) fn call_through(&mut self, at: i32) {
        let mut bytes = Bytes::new();
        bytes.byte(0xFF);
        bytes.operands(2, Rm::Ctx(at));
        self.put(&bytes);
    }

    /// `lock or dword [rsp - 4], 0`: orders all accesses of write-back memory, which guest memory
    /// is, in half the time of `mfence`: loads and stores are not reordered with locked
    /// instructions (Intel 64 manual, volume 3). `mfence` also orders non-temporal accesses and
    /// flushes of cache lines, which no code for the guest makes.
    pub(super) fn memory_fence(&mut self) {
        self.flags = None;
        // Below the return address, for which a `ret` would have to wait.
        self.put(&Bytes { bits: 0x00FC_244C_83F0, len: 6 });
    }

    pub(super) fn ret(&mut self) {
        self.put(&Bytes { bits: 0xC3, len: 1 });
    }
}

#[cfg(test)]
mod tests;
