//! x86-64 encoder of the baseline tier: the forty or so encodings that its templates use.
//!
//! Follows the Intel 64 manual, volume 2. An instruction is put together in one 16-byte value and written
//! with one copy, as a unit of code is emitted in about 75 ns a guest instruction. The tests decode every
//! form with iced-x86 and compare.
//!
//! cranelift-assembler-x64 was considered: it has no `movbe`, no rel32 fields that are patched later, and
//! allocates labels, so half of what is here would still be needed beside it.
//!
//! Invariant: [`Encoder::flags`] names a condition register field only while the host's flags hold its
//! compare; every method that changes flags clears it.

/// A host register by its number in machine code.
pub(super) type HostReg = u8;

pub(super) const RAX: HostReg = 0;
pub(super) const RCX: HostReg = 1;
pub(super) const RDX: HostReg = 2;
pub(super) const RBX: HostReg = 3;
pub(super) const RSI: HostReg = 6;
pub(super) const R8: HostReg = 8;
pub(super) const R9: HostReg = 9;
pub(super) const R10: HostReg = 10;
pub(super) const R11: HostReg = 11;
pub(super) const R12: HostReg = 12;
pub(super) const R13: HostReg = 13;
pub(super) const R14: HostReg = 14;
pub(super) const R15: HostReg = 15;

/// An operand that is a register or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rm {
    /// A host register.
    Reg(HostReg),
    /// The context: `[rbp + displacement]`.
    Ctx(i32),
    /// Guest memory at the effective address in eax: `[rdi + rax + displacement]`.
    Guest(i8),
}

/// How an instruction of a register and an [`Rm`] is encoded, but for its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// A legacy prefix, or 0.
    prefix: u8,
    /// Escape bytes in front of the opcode, the first one lowest, and how many.
    escape: (u16, u32),
    opcode: u8,
    /// Whether the register operand is one of 8 bits, of which 4 to 7 need a REX prefix.
    is_byte: bool,
    changes_flags: bool,
}

impl Form {
    const fn alu(opcode: u8) -> Self {
        Self { prefix: 0, escape: (0, 0), opcode, is_byte: false, changes_flags: true }
    }

    const fn plain(opcode: u8) -> Self {
        Self { changes_flags: false, ..Self::alu(opcode) }
    }

    /// With the escape byte 0F.
    const fn two(opcode: u8) -> Self {
        Self { escape: (0x0F, 1), ..Self::plain(opcode) }
    }

    /// With the escape bytes 0F 38.
    const fn three(opcode: u8) -> Self {
        Self { escape: (0x380F, 2), ..Self::plain(opcode) }
    }

    /// On 8 bits, of a form whose opcode for them is one less.
    pub(super) const fn byte(self) -> Self {
        Self { opcode: self.opcode - 1, is_byte: true, ..self }
    }

    /// On 16 bits.
    pub(super) const fn half(self) -> Self {
        Self { prefix: 0x66, ..self }
    }
}

/// `op reg, rm`.
pub(super) const ADD: Form = Form::alu(0x03);
pub(super) const OR: Form = Form::alu(0x0B);
pub(super) const AND: Form = Form::alu(0x23);
pub(super) const SUB: Form = Form::alu(0x2B);
pub(super) const XOR: Form = Form::alu(0x33);
pub(super) const CMP: Form = Form::alu(0x3B);
pub(super) const TEST: Form = Form::alu(0x85);
pub(super) const IMUL: Form = Form { escape: (0x0F, 1), ..Form::alu(0xAF) };
pub(super) const LZCNT: Form = Form { prefix: 0xF3, escape: (0x0F, 1), ..Form::alu(0xBD) };
pub(super) const MOV: Form = Form::plain(0x8B);
pub(super) const MOVSXD: Form = Form::plain(0x63);
pub(super) const MOVZX8: Form = Form { is_byte: true, ..Form::two(0xB6) };
pub(super) const MOVZX16: Form = Form::two(0xB7);
pub(super) const MOVSX8: Form = Form { is_byte: true, ..Form::two(0xBE) };
pub(super) const MOVSX16: Form = Form::two(0xBF);
pub(super) const MOVBE: Form = Form::three(0xF0);
/// `op rm, reg`.
pub(super) const STORE: Form = Form::plain(0x89);
pub(super) const STORE8: Form = Form { is_byte: true, ..Form::plain(0x88) };
pub(super) const MOVBE_STORE: Form = Form::three(0xF1);
pub(super) const XOR_TO: Form = Form::alu(0x31);
/// Operations with an immediate operand, by their number in the opcode's extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Imm {
    Add = 0,
    Or = 1,
    And = 4,
    Sub = 5,
    Xor = 6,
    Cmp = 7,
}

/// Shifts, by their number in the opcode's extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Shift {
    RotateLeft = 0,
    Left = 4,
    Right = 5,
    RightSigned = 7,
}

/// Operations on one operand, by their number in the opcode's extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Unary {
    Not = 2,
    Neg = 3,
    Div = 6,
    DivSigned = 7,
}

/// A host condition, by its number in machine code. `code ^ 1` is its opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Condition(pub(super) u8);

impl Condition {
    pub(super) const CARRY: Self = Self(2);
    pub(super) const NOT_CARRY: Self = Self(3);
    pub(super) const EQUAL: Self = Self(4);
    pub(super) const NOT_EQUAL: Self = Self(5);
    pub(super) const NOT_OVERFLOW: Self = Self(1);
    pub(super) const ABOVE: Self = Self(7);
    pub(super) const PARITY_EVEN: Self = Self(10);
    pub(super) const LESS: Self = Self(12);
    pub(super) const GREATER: Self = Self(15);

    pub(super) const fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// An instruction that is being put together: bytes from the lowest on.
struct Bytes {
    bits: u128,
    len: u32,
}

impl Bytes {
    #[inline(always)]
    fn new() -> Self {
        Self { bits: 0, len: 0 }
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.bits |= u128::from(byte) << (8 * self.len);
        self.len += 1;
    }

    #[inline(always)]
    fn word(&mut self, word: i32) {
        self.bits |= u128::from(word.cast_unsigned()) << (8 * self.len);
        self.len += 4;
    }

    /// A value in one byte if that holds it.
    #[inline(always)]
    fn short_or_word(&mut self, value: i32) {
        match i8::try_from(value) {
            Ok(short) => self.byte(short.cast_unsigned()),
            Err(_) => self.word(value),
        }
    }

    /// The REX prefix, if one is needed.
    #[inline(always)]
    fn rex(&mut self, wide: bool, reg: HostReg, rm: Rm, is_byte: bool) {
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
    fn operands(&mut self, reg: HostReg, rm: Rm) {
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

/// Writes host code into a buffer that is kept from unit to unit.
pub(super) struct Encoder {
    /// As long as what was ever written, with room for one more instruction.
    buffer: Vec<u8>,
    len: usize,
    /// The condition register field whose compare the host's flags hold: less, greater and equal, signed.
    pub(super) flags: Option<u8>,
}

/// Bytes of the longest instruction, rounded up.
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
        self.buffer[self.len..self.len + SLACK].copy_from_slice(&bytes.bits.to_le_bytes());
        self.len += bytes.len as usize;
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.buffer.resize(2 * self.buffer.len(), 0);
    }

    /// `form reg, rm`, or the other way round if the form is a store.
    #[inline(always)]
    pub(super) fn op(&mut self, wide: bool, form: Form, reg: HostReg, rm: Rm) {
        if form.changes_flags {
            self.flags = None;
        }
        let mut bytes = Bytes::new();
        if form.prefix != 0 {
            bytes.byte(form.prefix);
        }
        bytes.rex(wide, reg, rm, form.is_byte);
        bytes.bits |= u128::from(form.escape.0) << (8 * bytes.len);
        bytes.len += form.escape.1;
        bytes.byte(form.opcode);
        bytes.operands(reg, rm);
        self.put(&bytes);
    }

    #[inline(always)]
    pub(super) fn op32(&mut self, form: Form, reg: HostReg, rm: Rm) {
        self.op(false, form, reg, rm);
    }

    #[inline(always)]
    pub(super) fn op64(&mut self, form: Form, reg: HostReg, rm: Rm) {
        self.op(true, form, reg, rm);
    }

    /// `mov reg, rm` of 64 bits; nothing where it would change nothing.
    #[inline(always)]
    pub(super) fn mov(&mut self, reg: HostReg, rm: Rm) {
        if rm != Rm::Reg(reg) {
            self.op64(MOV, reg, rm);
        }
    }

    /// `mov rm, reg` of 64 bits; nothing where it would change nothing.
    #[inline(always)]
    pub(super) fn store(&mut self, rm: Rm, reg: HostReg) {
        if rm != Rm::Reg(reg) {
            self.op64(STORE, reg, rm);
        }
    }

    /// `operation rm, value`; the value is sign-extended.
    #[inline(always)]
    pub(super) fn imm(&mut self, wide: bool, operation: Imm, rm: Rm, value: i32) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.rex(wide, 0, rm, false);
        let is_short = i8::try_from(value).is_ok();
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
                bytes.rex(false, 0, rm, false);
                bytes.byte(0xB8 | reg & 7);
            }
            _ => {
                bytes.rex(true, 0, rm, false);
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
        bytes.rex(false, 0, Rm::Reg(reg), false);
        bytes.byte(0xB8 | reg & 7);
        bytes.word(word.cast_signed());
        self.put(&bytes);
    }

    /// `lea reg, [base + displacement]`. The base is neither rsp nor r12.
    #[inline(always)]
    pub(super) fn lea(&mut self, wide: bool, reg: HostReg, base: HostReg, displacement: i32) {
        let mut bytes = Bytes::new();
        bytes.rex(wide, reg, Rm::Reg(base), false);
        bytes.byte(0x8D);
        let is_short = i8::try_from(displacement).is_ok();
        bytes.byte(if is_short { 0x40 } else { 0x80 } | (reg & 7) << 3 | base & 7);
        if base & 7 == 4 {
            bytes.byte(0x24);
        }
        bytes.short_or_word(displacement);
        self.put(&bytes);
    }

    /// `lea reg, [base + index]`. The index is not rsp.
    #[inline(always)]
    pub(super) fn lea_sum(&mut self, wide: bool, reg: HostReg, mut base: HostReg, mut index: HostReg) {
        // rbp and r13 as a base need a displacement.
        if base & 7 == 5 {
            std::mem::swap(&mut base, &mut index);
        }
        let mut bytes = Bytes::new();
        let rex = u8::from(wide) << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3;
        if rex != 0 {
            bytes.byte(0x40 | rex);
        }
        bytes.byte(0x8D);
        let needs_displacement = base & 7 == 5;
        bytes.byte(if needs_displacement { 0x44 } else { 0x04 } | (reg & 7) << 3);
        bytes.byte((index & 7) << 3 | base & 7);
        if needs_displacement {
            bytes.byte(0);
        }
        self.put(&bytes);
    }

    /// A shift by a constant below the width.
    #[inline(always)]
    pub(super) fn shift(&mut self, wide: bool, shift: Shift, reg: HostReg, count: u8) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.rex(wide, 0, Rm::Reg(reg), false);
        bytes.byte(0xC1);
        bytes.operands(shift as u8, Rm::Reg(reg));
        bytes.byte(count);
        self.put(&bytes);
    }

    /// A rotation of 16 bits by 8: their bytes change places.
    pub(super) fn swap_half(&mut self, reg: HostReg) {
        let mut bytes = Bytes::new();
        self.flags = None;
        bytes.byte(0x66);
        bytes.rex(false, 0, Rm::Reg(reg), false);
        bytes.byte(0xC1);
        bytes.operands(Shift::RotateLeft as u8, Rm::Reg(reg));
        bytes.byte(8);
        self.put(&bytes);
    }

    /// `bswap reg`.
    pub(super) fn swap(&mut self, wide: bool, reg: HostReg) {
        let mut bytes = Bytes::new();
        bytes.rex(wide, 0, Rm::Reg(reg), false);
        bytes.byte(0x0F);
        bytes.byte(0xC8 | reg & 7);
        self.put(&bytes);
    }

    /// A shift by cl.
    #[inline(always)]
    pub(super) fn shift_by_cl(&mut self, wide: bool, shift: Shift, reg: HostReg) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.rex(wide, 0, Rm::Reg(reg), false);
        bytes.byte(0xD3);
        bytes.operands(shift as u8, Rm::Reg(reg));
        self.put(&bytes);
    }

    #[inline(always)]
    pub(super) fn unary(&mut self, wide: bool, operation: Unary, rm: Rm) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.rex(wide, 0, rm, false);
        bytes.byte(0xF7);
        bytes.operands(operation as u8, rm);
        self.put(&bytes);
    }

    /// `imul reg, rm, value`.
    pub(super) fn multiply(&mut self, reg: HostReg, rm: Rm, value: i32) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.rex(true, reg, rm, false);
        bytes.byte(0x69);
        bytes.operands(reg, rm);
        bytes.word(value);
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

    /// `bt rm, bit` of 64 bits: the carry is that bit.
    pub(super) fn bit_test(&mut self, rm: Rm, bit: u8) {
        self.flags = None;
        let mut bytes = Bytes::new();
        bytes.rex(true, 0, rm, false);
        bytes.byte(0x0F);
        bytes.byte(0xBA);
        bytes.operands(4, rm);
        bytes.byte(bit);
        self.put(&bytes);
    }

    /// `setcc rm` of 8 bits.
    pub(super) fn set(&mut self, condition: Condition, rm: Rm) {
        let mut bytes = Bytes::new();
        bytes.rex(false, 0, rm, true);
        bytes.byte(0x0F);
        bytes.byte(0x90 | condition.0);
        bytes.operands(0, rm);
        self.put(&bytes);
    }

    /// Bytes that no method above writes. They must change no flags that are wanted.
    pub(super) fn raw(&mut self, code: &[u8]) {
        self.flags = None;
        for &byte in code {
            self.put(&Bytes { bits: byte.into(), len: 1 });
        }
    }

    /// A conditional jump of 2 bytes; gives the position of its distance.
    pub(super) fn jump_if_short(&mut self, condition: Condition) -> usize {
        self.put(&Bytes { bits: u128::from(0x70 | condition.0), len: 2 });
        self.len - 1
    }

    /// A jump of 2 bytes; gives the position of its distance.
    pub(super) fn jump_short(&mut self) -> usize {
        self.put(&Bytes { bits: 0xEB, len: 2 });
        self.len - 1
    }

    /// A conditional jump of 6 bytes; gives the position of its distance.
    #[inline(always)]
    pub(super) fn jump_if(&mut self, condition: Condition) -> usize {
        self.put(&Bytes { bits: u128::from(0x800F | u16::from(condition.0) << 8), len: 6 });
        self.len - 4
    }

    /// A jump of 5 bytes; gives the position of its distance.
    #[inline(always)]
    pub(super) fn jump(&mut self) -> usize {
        self.put(&Bytes { bits: 0xE9, len: 5 });
        self.len - 4
    }

    /// A call of 5 bytes; gives the position of its distance.
    #[inline(always)]
    pub(super) fn call(&mut self) -> usize {
        self.put(&Bytes { bits: 0xE8, len: 5 });
        self.len - 4
    }

    /// `jmp reg`, or `call reg`. The register is one of the lower eight.
    pub(super) fn go_to_register(&mut self, reg: HostReg, calls: bool) {
        let extension = if calls { 0xD0 } else { 0xE0 };
        self.put(&Bytes { bits: u128::from(0x00FF | u16::from(extension | reg) << 8), len: 2 });
    }

    /// `push reg`.
    pub(super) fn push(&mut self, reg: HostReg) {
        let mut bytes = Bytes::new();
        bytes.rex(false, 0, Rm::Reg(reg), false);
        bytes.byte(0x50 | reg & 7);
        self.put(&bytes);
    }

    /// `pop reg`.
    pub(super) fn pop(&mut self, reg: HostReg) {
        let mut bytes = Bytes::new();
        bytes.rex(false, 0, Rm::Reg(reg), false);
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

    /// `ret`.
    pub(super) fn ret(&mut self) {
        self.put(&Bytes { bits: 0xC3, len: 1 });
    }

    /// Puts `nop`s until a field that begins `ahead` bytes further on lies within 8 aligned bytes, so that
    /// one store replaces it as a whole.
    pub(super) fn align_field(&mut self, ahead: usize) {
        let (bits, len) = match (self.len + ahead) % 8 {
            5 => (0x00_1F0F, 3),
            6 => (0x9066, 2),
            7 => (0x90, 1),
            _ => return,
        };
        self.put(&Bytes { bits, len });
    }

    /// Makes the 4-byte distance at `field` lead to `target`. Both are positions here; the target's may lie
    /// outside.
    pub(super) fn set_distance(&mut self, field: usize, target: i64) {
        let distance = target - (field as i64 + 4);
        self.buffer[field..field + 4].copy_from_slice(&(distance as i32).to_le_bytes());
    }

    /// Makes the 1-byte distance at `field` lead to `target`. False if it is too far.
    pub(super) fn set_short_distance(&mut self, field: usize, target: usize) -> bool {
        let Ok(distance) = i8::try_from(target as i64 - (field as i64 + 1)) else { return false };
        self.buffer[field] = distance as u8;
        true
    }

    /// Makes the 1-byte distance at `field` lead to here, which is close.
    pub(super) fn land(&mut self, field: usize) {
        let fits = self.set_short_distance(field, self.len);
        debug_assert!(fits, "a template is longer than a short jump");
        self.flags = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

    const REGISTERS: [HostReg; 15] = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    /// The one instruction that `write` wrote.
    fn decoded(write: impl FnOnce(&mut Encoder)) -> Instruction {
        let mut e = Encoder::new();
        write(&mut e);
        let instruction = Decoder::new(64, e.code(), DecoderOptions::NONE).decode();
        assert!(!instruction.is_invalid(), "{:02x?}", e.code());
        assert_eq!(instruction.len(), e.len(), "{instruction}: {:02x?}", e.code());
        instruction
    }

    /// Whether operand `n` of an instruction is `rm`.
    fn is_operand(instruction: &Instruction, n: u32, rm: Rm) -> bool {
        let is_memory = instruction.op_kind(n) == OpKind::Memory;
        let displacement = instruction.memory_displacement64() as i64;
        match rm {
            Rm::Reg(reg) => {
                instruction.op_kind(n) == OpKind::Register
                    && instruction.op_register(n).full_register().number() == usize::from(reg)
                    // With a REX prefix no register is a high byte.
                    && !matches!(instruction.op_register(n), Register::AH | Register::CH | Register::DH | Register::BH)
            }
            Rm::Ctx(at) => {
                is_memory
                    && instruction.memory_base() == Register::RBP
                    && instruction.memory_index() == Register::None
                    && displacement == i64::from(at)
            }
            Rm::Guest(at) => {
                is_memory
                    && instruction.memory_base() == Register::RDI
                    && instruction.memory_index() == Register::RAX
                    && instruction.memory_index_scale() == 1
                    && displacement == i64::from(at)
            }
        }
    }

    fn operands() -> impl Iterator<Item = Rm> {
        let places = [Rm::Ctx(-128), Rm::Ctx(127), Rm::Ctx(-129), Rm::Ctx(4000), Rm::Guest(0), Rm::Guest(8)];
        REGISTERS.into_iter().map(Rm::Reg).chain(places)
    }

    #[test]
    fn every_form_is_what_a_whole_decoder_reads() {
        let forms = [
            (ADD, Mnemonic::Add),
            (OR, Mnemonic::Or),
            (AND, Mnemonic::And),
            (SUB, Mnemonic::Sub),
            (XOR, Mnemonic::Xor),
            (CMP, Mnemonic::Cmp),
            (TEST, Mnemonic::Test),
            (IMUL, Mnemonic::Imul),
            (LZCNT, Mnemonic::Lzcnt),
            (MOV, Mnemonic::Mov),
            (MOVSXD, Mnemonic::Movsxd),
            (MOVZX8, Mnemonic::Movzx),
            (MOVZX16, Mnemonic::Movzx),
            (MOVSX8, Mnemonic::Movsx),
            (MOVSX16, Mnemonic::Movsx),
            (STORE, Mnemonic::Mov),
            (STORE.half(), Mnemonic::Mov),
            (STORE8, Mnemonic::Mov),
            (XOR_TO, Mnemonic::Xor),
            (SUB.byte(), Mnemonic::Sub),
            (MOVBE, Mnemonic::Movbe),
            (MOVBE_STORE, Mnemonic::Movbe),
            (MOVBE_STORE.half(), Mnemonic::Movbe),
        ];
        for (form, mnemonic) in forms {
            let stores = [STORE, STORE.half(), STORE8, XOR_TO, MOVBE_STORE, MOVBE_STORE.half(), TEST];
            for (wide, reg, rm) in operands()
                .flat_map(|rm| REGISTERS.into_iter().flat_map(move |reg| [(false, reg, rm), (true, reg, rm)]))
            {
                let has_byte_width = form.is_byte && stores.contains(&form) || form == SUB.byte();
                let is_movbe = mnemonic == Mnemonic::Movbe && matches!(rm, Rm::Reg(_));
                if is_movbe || wide && (form.prefix == 0x66 || has_byte_width) {
                    continue;
                }
                let instruction = decoded(|e| e.op(wide, form, reg, rm));
                let (reg_at, rm_at) = if stores.contains(&form) { (1, 0) } else { (0, 1) };
                let text = format!("{instruction} of {form:?} {wide} {reg} {rm:?}");
                assert_eq!(instruction.mnemonic(), mnemonic, "{text}");
                assert!(is_operand(&instruction, reg_at, Rm::Reg(reg)), "{text}");
                assert!(is_operand(&instruction, rm_at, rm), "{text}");
                let size = match (has_byte_width, form.prefix == 0x66, wide) {
                    (true, ..) => 1,
                    (_, true, _) => 2,
                    (.., true) => 8,
                    _ => 4,
                };
                assert_eq!(instruction.op_register(reg_at).size(), size, "{text}");
            }
        }
    }

    #[test]
    fn immediates_and_shifts_are_what_a_whole_decoder_reads() {
        let operations = [
            (Imm::Add, Mnemonic::Add),
            (Imm::Or, Mnemonic::Or),
            (Imm::And, Mnemonic::And),
            (Imm::Sub, Mnemonic::Sub),
            (Imm::Xor, Mnemonic::Xor),
            (Imm::Cmp, Mnemonic::Cmp),
        ];
        for ((operation, mnemonic), rm) in
            operations.into_iter().flat_map(|o| operands().map(move |rm| (o, rm)))
        {
            for (wide, value) in
                [(false, 5), (true, -128), (false, 128), (true, i32::MIN), (true, 0x1234_5678)]
            {
                let instruction = decoded(|e| e.imm(wide, operation, rm, value));
                assert_eq!(instruction.mnemonic(), mnemonic);
                assert!(is_operand(&instruction, 0, rm), "{instruction} {rm:?}");
                assert_eq!(instruction.immediate(1) as i32, value, "{instruction}");
            }
        }
        for (rm, value) in operands().flat_map(|rm| [0, 7, -7, i32::MAX].map(|value| (rm, value))) {
            let instruction = decoded(|e| e.constant(rm, value));
            assert_eq!(instruction.mnemonic(), Mnemonic::Mov);
            assert!(is_operand(&instruction, 0, rm), "{instruction} {rm:?}");
            let is_wide = instruction.op0_kind() == OpKind::Memory || instruction.op0_register().size() == 8;
            assert!(is_wide || value >= 0, "{instruction}");
            assert_eq!(instruction.immediate(1) as i32, value, "{instruction}");
        }
        for (shift, mnemonic) in [
            (Shift::RotateLeft, Mnemonic::Rol),
            (Shift::Left, Mnemonic::Shl),
            (Shift::Right, Mnemonic::Shr),
            (Shift::RightSigned, Mnemonic::Sar),
        ] {
            for reg in REGISTERS {
                for instruction in [
                    decoded(|e| e.shift(true, shift, reg, 63)),
                    decoded(|e| e.shift_by_cl(false, shift, reg)),
                ] {
                    assert_eq!(instruction.mnemonic(), mnemonic);
                    assert!(is_operand(&instruction, 0, Rm::Reg(reg)), "{instruction}");
                }
                assert_eq!(decoded(|e| e.swap_half(reg)).mnemonic(), Mnemonic::Rol);
                assert_eq!(decoded(|e| e.swap(true, reg)).op0_register().number(), usize::from(reg));
            }
        }
    }

    #[test]
    fn addresses_and_the_rest_are_what_a_whole_decoder_reads() {
        for reg in REGISTERS {
            for base in REGISTERS {
                for displacement in [1, -128, 0x1234] {
                    let lea = decoded(|e| e.lea(true, reg, base, displacement));
                    assert_eq!(lea.mnemonic(), Mnemonic::Lea);
                    assert_eq!(lea.op0_register().number(), usize::from(reg));
                    assert_eq!(lea.memory_base().number(), usize::from(base), "{lea}");
                    assert_eq!(lea.memory_index(), Register::None, "{lea}");
                    assert_eq!(lea.memory_displacement64() as i64, displacement.into(), "{lea}");
                }
                let sum = decoded(|e| e.lea_sum(false, reg, base, 3));
                let named = [sum.memory_base().number(), sum.memory_index().number()];
                assert!(named.contains(&usize::from(base)) && named.contains(&3), "{sum}");
                assert_eq!(sum.memory_displacement64(), 0, "{sum}");
                let sum = decoded(|e| e.lea_sum(true, reg, 13, base));
                assert!([sum.memory_base(), sum.memory_index()].iter().any(|r| r.number() == 13), "{sum}");
            }
            for (operation, mnemonic) in [
                (Unary::Not, Mnemonic::Not),
                (Unary::Neg, Mnemonic::Neg),
                (Unary::Div, Mnemonic::Div),
                (Unary::DivSigned, Mnemonic::Idiv),
            ] {
                assert_eq!(decoded(|e| e.unary(true, operation, Rm::Reg(reg))).mnemonic(), mnemonic);
            }
            let product = decoded(|e| e.multiply(reg, Rm::Ctx(64), -3));
            assert_eq!((product.mnemonic(), product.op_count()), (Mnemonic::Imul, 3));
            assert_eq!(decoded(|e| e.bit_test(Rm::Reg(reg), 62)).mnemonic(), Mnemonic::Bt);
            assert!(is_operand(&decoded(|e| e.set(Condition::LESS, Rm::Reg(reg))), 0, Rm::Reg(reg)));
            assert_eq!(decoded(|e| e.word(reg, u32::MAX)).immediate32(), u32::MAX);
            assert_eq!(decoded(|e| e.push(reg)).mnemonic(), Mnemonic::Push);
            assert!(is_operand(&decoded(|e| e.pop(reg)), 0, Rm::Reg(reg)));
        }
        for (condition, mnemonic) in [
            (Condition::CARRY, Mnemonic::Jb),
            (Condition::NOT_CARRY, Mnemonic::Jae),
            (Condition::EQUAL, Mnemonic::Je),
            (Condition::NOT_EQUAL, Mnemonic::Jne),
            (Condition::NOT_OVERFLOW, Mnemonic::Jno),
            (Condition::ABOVE, Mnemonic::Ja),
            (Condition::PARITY_EVEN, Mnemonic::Jp),
            (Condition::LESS, Mnemonic::Jl),
            (Condition::GREATER, Mnemonic::Jg),
        ] {
            assert_eq!(decoded(|e| _ = e.jump_if(condition)).mnemonic(), mnemonic);
            assert_eq!(decoded(|e| _ = e.jump_if_short(condition)).mnemonic(), mnemonic);
        }
        assert_eq!(decoded(|e| _ = e.call()).mnemonic(), Mnemonic::Call);
        assert_eq!(decoded(|e| _ = e.jump()).mnemonic(), Mnemonic::Jmp);
        assert_eq!(decoded(|e| _ = e.jump_short()).mnemonic(), Mnemonic::Jmp);
        assert_eq!(decoded(|e| e.go_to_register(RCX, true)).mnemonic(), Mnemonic::Call);
        assert_eq!(decoded(|e| e.go_to_register(RCX, false)).op0_register(), Register::RCX);
        assert_eq!(decoded(|e| e.jump_through(4000)).mnemonic(), Mnemonic::Jmp);
        assert_eq!(decoded(Encoder::ret).mnemonic(), Mnemonic::Ret);
        assert_eq!(decoded(|e| e.test_al(3)).mnemonic(), Mnemonic::Test);
    }

    #[test]
    fn distances_lie_within_eight_aligned_bytes() {
        for (front, ahead) in (0..16).flat_map(|front| [(front, 1), (front, 2)]) {
            let mut e = Encoder::new();
            e.raw(&vec![0x90; front]);
            e.align_field(ahead);
            let field = if ahead == 1 { e.jump() } else { e.jump_if(Condition::LESS) };
            assert!(field % 8 <= 4, "{front} {ahead} {field}");
            let mut decoder = Decoder::new(64, e.code(), DecoderOptions::NONE);
            let last = decoder.iter().last().unwrap();
            assert!(last.is_jmp_near() || last.is_jcc_near());
        }
    }
}
