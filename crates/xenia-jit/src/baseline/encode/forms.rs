//! Host registers, operands and the forms of instructions, by the Intel 64 manual, volume 2.
//!
//! A [`Form`] is the encoding without operands and width; [`Rm`] has only the addressing modes that
//! templates use.

/// A host register, by its number in machine code.
pub(in crate::baseline) type HostReg = u8;

pub(in crate::baseline) const RAX: HostReg = 0;
pub(in crate::baseline) const RCX: HostReg = 1;
pub(in crate::baseline) const RDX: HostReg = 2;
pub(in crate::baseline) const RBX: HostReg = 3;
pub(in crate::baseline) const RSI: HostReg = 6;
pub(in crate::baseline) const RDI: HostReg = 7;
pub(in crate::baseline) const R8: HostReg = 8;
pub(in crate::baseline) const R9: HostReg = 9;
pub(in crate::baseline) const R10: HostReg = 10;
pub(in crate::baseline) const R11: HostReg = 11;
pub(in crate::baseline) const R12: HostReg = 12;
pub(in crate::baseline) const R13: HostReg = 13;
pub(in crate::baseline) const R14: HostReg = 14;
pub(in crate::baseline) const R15: HostReg = 15;

// No xmm register holds guest state between two instructions.
pub(in crate::baseline) const XMM0: HostReg = 0;
pub(in crate::baseline) const XMM1: HostReg = 1;
pub(in crate::baseline) const XMM2: HostReg = 2;
pub(in crate::baseline) const XMM3: HostReg = 3;
pub(in crate::baseline) const XMM4: HostReg = 4;
pub(in crate::baseline) const XMM5: HostReg = 5;
pub(in crate::baseline) const XMM6: HostReg = 6;

/// A register or memory operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::baseline) enum Rm {
    Reg(HostReg),
    /// A field of the context: `[rbp + displacement]`.
    Ctx(i32),
    /// A word of an array in the context: `[rbp + index * 8 + displacement]`. The index is rax or
    /// rcx.
    CtxWord(HostReg, i32),
    /// Guest memory through the segment register: `gs:[base + displacement]`, summed in 32 bits as
    /// a guest's effective address is. The base is not rsp.
    Guest(HostReg, i32),
    /// Guest memory through the segment register: `gs:[base + index]`, summed in 32 bits. The index
    /// is not rsp.
    GuestSum(HostReg, HostReg),
    /// Memory at a host address held in rax: `[rax + displacement]`.
    Host(i8),
}

impl Rm {
    /// The operand `displacement` bytes further on.
    pub(in crate::baseline) const fn plus(self, displacement: i8) -> Self {
        match self {
            Self::Guest(base, at) => Self::Guest(base, at + displacement as i32),
            Self::Host(at) => Self::Host(at + displacement),
            other => other,
        }
    }
}

/// The encoding of an instruction with a register and an [`Rm`], apart from its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::baseline) struct Form {
    /// A legacy prefix, or 0.
    pub(super) prefix: u8,
    pub(super) escape: EscapeBytes,
    pub(super) opcode: u8,
    /// Whether the register operand has 8 bits; registers 4 to 7 then need a REX prefix.
    pub(super) is_byte: bool,
    pub(super) changes_flags: bool,
}

/// Escape bytes in front of an opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EscapeBytes {
    /// The first one is lowest.
    pub(super) bytes: u16,
    /// Number of escape bytes, 0 to 2.
    pub(super) count: u32,
}

impl EscapeBytes {
    const NONE: Self = Self { bytes: 0, count: 0 };
    /// One escape byte, for opcodes of two bytes.
    const OF: Self = Self { bytes: 0x0F, count: 1 };
    /// Two escape bytes, for opcodes of three bytes.
    const OF_38: Self = Self { bytes: 0x380F, count: 2 };
}

impl Form {
    const fn alu(opcode: u8) -> Self {
        Self { prefix: 0, escape: EscapeBytes::NONE, opcode, is_byte: false, changes_flags: true }
    }

    const fn plain(opcode: u8) -> Self {
        Self { changes_flags: false, ..Self::alu(opcode) }
    }

    /// A form with the escape byte 0F.
    const fn two(opcode: u8) -> Self {
        Self { escape: EscapeBytes::OF, ..Self::plain(opcode) }
    }

    /// A form on xmm registers: a prefix and the escape byte 0F.
    pub(in crate::baseline) const fn sse(prefix: u8, opcode: u8) -> Self {
        Self { prefix, ..Self::two(opcode) }
    }

    /// A form with the escape bytes 0F 38.
    const fn three(opcode: u8) -> Self {
        Self { escape: EscapeBytes::OF_38, ..Self::plain(opcode) }
    }

    /// `op rm, reg` of one of the operations ADD, OR, AND, SUB and XOR.
    pub(in crate::baseline) const fn into(self) -> Self {
        Self { opcode: self.opcode - 2, ..self }
    }

    /// The 8-bit variant, whose opcode is one less.
    pub(in crate::baseline) const fn byte(self) -> Self {
        Self { opcode: self.opcode - 1, is_byte: true, ..self }
    }

    /// The 16-bit variant.
    pub(in crate::baseline) const fn half(self) -> Self {
        Self { prefix: 0x66, ..self }
    }
}

/// `op reg, rm`.
pub(in crate::baseline) const ADD: Form = Form::alu(0x03);
pub(in crate::baseline) const OR: Form = Form::alu(0x0B);
pub(in crate::baseline) const ADC: Form = Form::alu(0x13);
pub(in crate::baseline) const AND: Form = Form::alu(0x23);
pub(in crate::baseline) const SUB: Form = Form::alu(0x2B);
pub(in crate::baseline) const XOR: Form = Form::alu(0x33);
pub(in crate::baseline) const CMP: Form = Form::alu(0x3B);
pub(in crate::baseline) const TEST: Form = Form::alu(0x85);
pub(in crate::baseline) const IMUL: Form = Form { escape: EscapeBytes::OF, ..Form::alu(0xAF) };
pub(in crate::baseline) const LZCNT: Form = Form { prefix: 0xF3, escape: EscapeBytes::OF, ..Form::alu(0xBD) };
pub(in crate::baseline) const MOV: Form = Form::plain(0x8B);
pub(in crate::baseline) const MOVSXD: Form = Form::plain(0x63);
pub(in crate::baseline) const MOVZX8: Form = Form { is_byte: true, ..Form::two(0xB6) };
pub(in crate::baseline) const MOVZX16: Form = Form::two(0xB7);
pub(in crate::baseline) const MOVSX8: Form = Form { is_byte: true, ..Form::two(0xBE) };
pub(in crate::baseline) const MOVSX16: Form = Form::two(0xBF);
pub(in crate::baseline) const MOVBE: Form = Form::three(0xF0);
/// `op rm, reg`.
pub(in crate::baseline) const STORE: Form = Form::plain(0x89);
pub(in crate::baseline) const STORE8: Form = Form { is_byte: true, ..Form::plain(0x88) };
pub(in crate::baseline) const MOVBE_STORE: Form = Form::three(0xF1);
/// `lock cmpxchg rm, reg`. The operand is memory.
pub(in crate::baseline) const CMPXCHG: Form =
    Form { prefix: 0xF0, escape: EscapeBytes::OF, ..Form::alu(0xB1) };
/// `movd xmm, rm` and `movq xmm, rm`.
pub(in crate::baseline) const MOVD: Form = Form::sse(0x66, 0x6E);
/// `movd rm, xmm` and `movq rm, xmm`.
pub(in crate::baseline) const MOVD_FROM: Form = Form::sse(0x66, 0x7E);
/// `movsd xmm, rm`.
pub(in crate::baseline) const MOVSD: Form = Form::sse(0xF2, 0x10);
/// `movsd rm, xmm`.
pub(in crate::baseline) const MOVSD_STORE: Form = Form::sse(0xF2, 0x11);
/// `movlps rm, xmm`: stores the lower half, a byte shorter than [`MOVSD_STORE`]. The operand is
/// memory.
pub(in crate::baseline) const MOVLPS_STORE: Form = Form::two(0x13);
/// `movups rm, xmm`.
pub(in crate::baseline) const MOVUPS_STORE: Form = Form::two(0x11);
pub(in crate::baseline) const UNPCKLPS: Form = Form::two(0x14);
/// Converts the lower two singles, a byte shorter than [`CVTSS2SD`].
pub(in crate::baseline) const CVTPS2PD: Form = Form::two(0x5A);
/// Converts both doubles, and clears the upper half of the register.
pub(in crate::baseline) const CVTPD2PS: Form = Form::sse(0x66, 0x5A);
pub(in crate::baseline) const CVTSS2SD: Form = Form::sse(0xF3, 0x5A);
pub(in crate::baseline) const CVTSI2SD: Form = Form::sse(0xF2, 0x2A);
pub(in crate::baseline) const CVTSD2SI: Form = Form::sse(0xF2, 0x2D);
pub(in crate::baseline) const CVTTSD2SI: Form = Form::sse(0xF2, 0x2C);
pub(in crate::baseline) const SQRTSD: Form = Form::sse(0xF2, 0x51);
pub(in crate::baseline) const UCOMISS: Form = Form { changes_flags: true, ..Form::two(0x2E) };
pub(in crate::baseline) const UCOMISD: Form = Form { changes_flags: true, ..Form::sse(0x66, 0x2E) };
pub(in crate::baseline) const XORPS: Form = Form::two(0x57);
pub(in crate::baseline) const MOVAPS: Form = Form::two(0x28);
/// A load of 64 bits; the upper half of the register becomes 0.
pub(in crate::baseline) const MOVQ: Form = Form::sse(0xF3, 0x7E);
/// A load of the upper half of a register.
pub(in crate::baseline) const MOVHPS: Form = Form::two(0x16);
/// Followed by a byte.
pub(in crate::baseline) const SHUFPS: Form = Form::two(0xC6);
pub(in crate::baseline) const PXOR: Form = Form::sse(0x66, 0xEF);
pub(in crate::baseline) const POR: Form = Form::sse(0x66, 0xEB);
pub(in crate::baseline) const PAND: Form = Form::sse(0x66, 0xDB);
pub(in crate::baseline) const PADDQ: Form = Form::sse(0x66, 0xD4);
pub(in crate::baseline) const PADDW: Form = Form::sse(0x66, 0xFD);
pub(in crate::baseline) const PCMPEQD: Form = Form::sse(0x66, 0x76);
pub(in crate::baseline) const PACKSSDW: Form = Form::sse(0x66, 0x6B);
pub(in crate::baseline) const PACKUSWB: Form = Form::sse(0x66, 0x67);
/// Shifts of each halfword or word of a register by the byte that follows. Their register operand
/// is one of the next three numbers.
pub(in crate::baseline) const SHIFT_HALFWORDS: Form = Form::sse(0x66, 0x71);
pub(in crate::baseline) const SHIFT_WORDS: Form = Form::sse(0x66, 0x72);
pub(in crate::baseline) const SHIFT_RIGHT: HostReg = 2;
pub(in crate::baseline) const SHIFT_RIGHT_SIGNED: HostReg = 4;
pub(in crate::baseline) const SHIFT_LEFT: HostReg = 6;
/// Operations with an immediate operand, by their number in the opcode extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::baseline) enum Imm {
    Add = 0,
    Or = 1,
    Adc = 2,
    And = 4,
    Sub = 5,
    Xor = 6,
    Cmp = 7,
}

/// Shifts, by their number in the opcode extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::baseline) enum Shift {
    RotateLeft = 0,
    Left = 4,
    Right = 5,
    RightSigned = 7,
}

/// Operations on one operand, by their number in the opcode extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::baseline) enum Unary {
    Not = 2,
    Neg = 3,
    Div = 6,
    DivSigned = 7,
}

/// A host condition, by its number in machine code. `code ^ 1` is its opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::baseline) struct Condition(pub(in crate::baseline) u8);

impl Condition {
    pub(in crate::baseline) const CARRY: Self = Self(2);
    pub(in crate::baseline) const NOT_CARRY: Self = Self(3);
    pub(in crate::baseline) const EQUAL: Self = Self(4);
    pub(in crate::baseline) const NOT_EQUAL: Self = Self(5);
    pub(in crate::baseline) const NOT_OVERFLOW: Self = Self(1);
    pub(in crate::baseline) const ABOVE: Self = Self(7);
    pub(in crate::baseline) const PARITY_EVEN: Self = Self(10);
    pub(in crate::baseline) const LESS: Self = Self(12);
    pub(in crate::baseline) const GREATER: Self = Self(15);

    pub(in crate::baseline) const fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}
