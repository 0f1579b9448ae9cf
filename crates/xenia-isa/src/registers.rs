//! Registers that an instruction names, and whether it reads or writes them, derived from its row.
//!
//! Not included are registers that no operand names: CTR and LR, CR, and the further registers of
//! instructions that move several ([`Op::accesses_later_registers`]). The tests of the interpreter
//! check this against its behaviour (`named_registers` in `xenia-cpu`).

use crate::{Class, Flag, Instruction, Op, Operand};

/// A register file: a set of registers with one numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterSet {
    /// General-purpose registers, r0 to r31.
    General,
    /// Floating-point registers, f0 to f31.
    Float,
    /// Vector registers, v0 to v127.
    Vector,
}

/// A register named by an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedRegister {
    /// Register file of the register.
    pub file: RegisterSet,
    /// Number within its file.
    pub number: usize,
    /// Whether the instruction reads it.
    pub is_read: bool,
    /// Whether the instruction writes it, always or in some cases.
    pub is_written: bool,
}

impl Op {
    /// The registers that the operands of `i`, a word of this row, name, in assembler order. RA
    /// that means the number 0 is not a register.
    pub fn registers(self, i: Instruction) -> impl Iterator<Item = NamedRegister> {
        let row = self.row();
        row.operands.iter().enumerate().filter_map(move |(place, &operand)| {
            let number = operand.extract(i) as usize;
            let file = match operand.class() {
                Class::Gpr => RegisterSet::General,
                Class::GprOrZero if number != 0 => RegisterSet::General,
                Class::Fpr => RegisterSet::Float,
                Class::Vector => RegisterSet::Vector,
                _ => return None,
            };
            let (is_read, is_written) = match operand {
                Operand::rd | Operand::fd | Operand::vd | Operand::vd128 => (self.reads_target(), true),
                // The base of an update form.
                Operand::ra if row.has(Flag::mem) => (true, true),
                // The target of logical instructions and rotates.
                Operand::ra if place == 0 => (self.reads_target(), true),
                _ => (true, false),
            };
            Some(NamedRegister { file, number, is_read, is_written })
        })
    }

    /// Whether registers after the named one are read or written, too.
    pub const fn accesses_later_registers(self) -> bool {
        matches!(self, Self::lmw | Self::stmw | Self::lswi | Self::lswx | Self::stswi | Self::stswx)
    }

    /// Whether the target is also a source.
    const fn reads_target(self) -> bool {
        matches!(
            self,
            Self::rlwimix
                | Self::rldimix
                | Self::vmaddfp128
                | Self::vmaddcfp128
                | Self::vnmsubfp128
                | Self::vsel128
                | Self::vrlimi128
                | Self::vpkd3d128
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RegisterSet::{Float, General, Vector};

    /// (file, number, whether read, whether written) of the registers that a line names.
    fn named(text: &str) -> Vec<(RegisterSet, usize, bool, bool)> {
        let bytes = crate::assemble(text, 0x8200_0000).unwrap().bytes;
        let word = Instruction(u32::from_be_bytes(bytes[..4].try_into().unwrap()));
        let op = crate::decode(word.0).unwrap();
        op.registers(word).map(|r| (r.file, r.number, r.is_read, r.is_written)).collect()
    }

    #[test]
    fn registers_are_named_as_the_book_says() {
        assert_eq!(
            named("add r3,r4,r5"),
            [(General, 3, false, true), (General, 4, true, false), (General, 5, true, false)]
        );
        assert_eq!(named("or r3,r4,r5")[0], (General, 3, false, true));
        assert_eq!(named("rlwimi r3,r4,1,2,3")[0], (General, 3, true, true));
        assert_eq!(named("lwz r3,8(r4)"), [(General, 3, false, true), (General, 4, true, false)]);
        assert_eq!(named("lwz r3,8(0)"), [(General, 3, false, true)], "the number 0");
        assert_eq!(
            named("stwux r3,r4,r5"),
            [(General, 3, true, false), (General, 4, true, true), (General, 5, true, false)]
        );
        assert_eq!(named("stfsu f1,4(r3)"), [(Float, 1, true, false), (General, 3, true, true)]);
        assert_eq!(named("mtlr r5"), [(General, 5, true, false)]);
        assert_eq!(named("cmpw r3,r4"), [(General, 3, true, false), (General, 4, true, false)]);
        assert_eq!(
            named("vmaddfp128 v100,v2,v3"),
            [(Vector, 100, true, true), (Vector, 2, true, false), (Vector, 3, true, false)]
        );
    }
}
