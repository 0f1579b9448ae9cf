//! Instructions of BMI1 and BMI2 on general-purpose registers, which have a VEX prefix and three
//! operands.

use super::bytes::Bytes;
use super::{Encoder, HostReg, OperandSize, Qword, Rm};

/// The encoding of an instruction with the escape bytes 0F 38, apart from operands and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::baseline) struct VexForm {
    /// The legacy prefix that the VEX prefix contains: none, 66, F3 or F2.
    prefix: u8,
    opcode: u8,
    changes_flags: bool,
}

impl VexForm {
    const fn shift(prefix: u8) -> Self {
        Self { prefix, opcode: 0xF7, changes_flags: false }
    }
}

/// `reg = rm << other`, modulo the width.
pub(in crate::baseline) const SHLX: VexForm = VexForm::shift(1);
/// `reg = rm >> other` of signed numbers, modulo the width.
pub(in crate::baseline) const SARX: VexForm = VexForm::shift(2);
/// `reg = rm >> other` of unsigned numbers, modulo the width.
pub(in crate::baseline) const SHRX: VexForm = VexForm::shift(3);
/// `reg = NOT other AND rm`.
pub(in crate::baseline) const ANDN: VexForm = VexForm { prefix: 0, opcode: 0xF2, changes_flags: true };
/// `reg` = as many low bits of `rm` as the low byte of `other` says.
pub(in crate::baseline) const BZHI: VexForm = VexForm { prefix: 0, opcode: 0xF5, changes_flags: true };

impl Encoder {
    /// `form reg, rm, other`, or `form reg, other, rm`. `rm` is a register or a field of the
    /// context.
    pub(in crate::baseline) fn vex(
        &mut self,
        size: OperandSize,
        form: VexForm,
        reg: HostReg,
        other: HostReg,
        rm: Rm,
    ) {
        debug_assert!(matches!(rm, Rm::Reg(_) | Rm::Ctx(_)), "the prefix has other bits for {rm:?}");
        if form.changes_flags {
            self.flags = None;
        }
        let base = if let Rm::Reg(base) = rm { base } else { 0 };
        let wide = u8::from(size == Qword);
        let mut bytes = Bytes::new();
        bytes.byte(0xC4);
        // The upper bits of the registers are inverted. 2 stands for the escape bytes.
        bytes.byte((!reg >> 3 & 1) << 7 | 0x40 | (!base >> 3 & 1) << 5 | 2);
        bytes.byte(wide << 7 | (!other & 15) << 3 | form.prefix);
        bytes.byte(form.opcode);
        bytes.operands(reg, rm);
        self.put(&bytes);
    }
}
