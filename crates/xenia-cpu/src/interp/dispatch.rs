//! From an instruction to the function that runs it.

use super::{Cpu, ExceptionKind, Step, logical, system};
use crate::msr_bit;
use xenia_isa::{Branch, Float, Integer, LoadStore, Logical, Rotate, System, Vector, Vector128};
use xenia_isa::{Family, Instruction, Op, Operand};

/// An arm as a function pointer.
pub(crate) type Handler = for<'a, 'b> fn(&'b mut Cpu<'a>, Instruction) -> Step;

macro_rules! arms {
    ($($family:ident { $(#[doc = $doc:literal] $name:ident $form:ident $bits:literal $mask:literal
        $text:literal [$($flag:ident)*] ($($operand:ident)*);)* })*) => {
        /// The arm of `op`.
        fn arm(op: Op) -> Handler {
            match op { $($(Op::$name => |cpu, i| $family::$name(cpu, i),)*)* }
        }
    };
}
xenia_isa::for_each_op!(arms);

/// The handler for words that are no instruction.
pub(crate) const ILLEGAL: Handler = |cpu, i| cpu.illegal(i);

/// The handler of an instruction.
pub(crate) fn handler_of(op: Op, _i: Instruction) -> Handler {
    arm(op)
}

/// Whether nothing may follow `i` in its block; see the module doc of [`crate::interp`].
pub(crate) fn must_be_last(op: Op, i: Instruction) -> bool {
    match op {
        Op::bx | Op::bcx | Op::bclrx | Op::bcctrx | Op::sc | Op::isync | Op::icbi => true,
        Op::mftb | Op::mtmsr | Op::mtmsrd => true,
        Op::mfspr => system::reads_time_base(i),
        Op::orx => logical::is_yield_hint(i),
        _ => false,
    }
}

/// The MSR bit that must be set for `op` to run, or 0.
pub(crate) fn facility(op: Op) -> u64 {
    let row = op.row();
    let uses = |kinds: &[Operand]| row.operands.iter().any(|operand| kinds.contains(operand));
    match row.family {
        Family::Float => msr_bit::FP,
        Family::Vector | Family::Vector128 => msr_bit::VEC,
        Family::LoadStore if uses(&[Operand::fd, Operand::fs]) => msr_bit::FP,
        Family::Integer if uses(&[Operand::vd, Operand::vb]) => msr_bit::VEC,
        _ => 0,
    }
}

/// The handler of an instruction whose facility is off.
pub(crate) const UNAVAILABLE: Handler = |cpu, i| Err(cpu.raise(ExceptionKind::Unavailable { word: i.0 }));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facilities_follow_the_registers_that_an_instruction_names() {
        let of = |name: &str| facility(Op::all().find(|op| op.row().name == name).unwrap());
        for (name, bit) in [
            ("lfsx", msr_bit::FP),
            ("stfiwx", msr_bit::FP),
            ("mtfsfix", msr_bit::FP),
            ("lvx", msr_bit::VEC),
            ("vaddfp128", msr_bit::VEC),
            ("mfvscr", msr_bit::VEC),
            ("mtvscr", msr_bit::VEC),
            ("lwz", 0),
            ("mfcr", 0),
        ] {
            assert_eq!(of(name), bit, "{name}");
        }
    }
}
