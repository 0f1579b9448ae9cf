//! From an instruction to the function that runs it.

use super::{Cpu, ExceptionKind, Flow, Step, logical, system};
use crate::msr_bit;
use std::sync::LazyLock;
use xenia_isa::{Branch, Float, Integer, LoadStore, Logical, Rotate, System, Vector, Vector128};
use xenia_isa::{Family, Instruction, Op, Operand, Row};

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

/// The handler of a yield hint.
const YIELD: Handler = |_, _| Ok(Flow::Yield);

/// An arm for words whose bits in `$clear` and `$set` are known: the same arm, compiled with those bits
/// as constants.
macro_rules! with_known_bits {
    ($family:ident::$name:ident, $clear:expr, $set:expr) => {
        |cpu, i| $family::$name(cpu, Instruction(i.0 & !$clear | $set))
    };
    ($op:ident, $i:ident, $($family:ident::$name:ident)*; without $clear:expr) => {
        match $op {
            $(Op::$name if $i.0 & $clear == 0 => return with_known_bits!($family::$name, $clear, 0),)*
            _ => {}
        }
    };
}

/// The handler of an instruction.
pub(crate) fn handler_of(op: Op, i: Instruction) -> Handler {
    const RC: u32 = 1;
    const OE_RC: u32 = 0x401;
    const AA_LK: u32 = 3;
    const LK: u32 = 1;
    const RA: u32 = 31 << 16;
    const BO: u32 = 31 << 21;
    const L: u32 = 1 << 21;
    const ALWAYS: usize = 0b10100;
    if op == Op::orx && logical::is_yield_hint(i) {
        return YIELD;
    }
    with_known_bits!(op, i,
        Integer::addx Integer::subfx Integer::negx Integer::mullwx Integer::mulldx Integer::divwx
        Integer::divwux Integer::addcx Integer::addex Integer::addzex Integer::subfcx Integer::subfex;
        without OE_RC);
    with_known_bits!(op, i,
        Integer::mulhwx Integer::mulhwux Logical::andx Logical::andcx Logical::norx Logical::orx
        Logical::xorx Logical::extsbx Logical::extshx Logical::extswx Logical::cntlzwx Rotate::rlwinmx
        Rotate::rlwimix Rotate::rldiclx Rotate::rldicrx Rotate::slwx Rotate::srwx Rotate::srawix
        Rotate::srawx;
        without RC);
    with_known_bits!(op, i, Integer::cmp Integer::cmpi Integer::cmpl Integer::cmpli; without L);
    with_known_bits!(op, i, Integer::addi Integer::addis; without RA);
    match op {
        Op::bx if i.0 & AA_LK == 0 => with_known_bits!(Branch::bx, AA_LK, 0),
        Op::bx if i.0 & AA_LK == LK => with_known_bits!(Branch::bx, AA_LK, LK),
        // The condition alone; CTR alone.
        Op::bcx if i.0 & AA_LK == 0 && i.bo() & 0b11100 == 0b01100 => {
            with_known_bits!(Branch::bcx, AA_LK | BO, 0b01100 << 21)
        }
        Op::bcx if i.0 & AA_LK == 0 && i.bo() & 0b11100 == 0b00100 => {
            with_known_bits!(Branch::bcx, AA_LK | BO, 0b00100 << 21)
        }
        Op::bcx if i.0 & AA_LK == 0 && i.bo() & 0b10110 == 0b10000 => {
            with_known_bits!(Branch::bcx, AA_LK | BO, 0b10000 << 21)
        }
        Op::bclrx if i.bo() & ALWAYS == ALWAYS && !i.lk() => {
            with_known_bits!(Branch::bclrx, BO | LK, (ALWAYS as u32) << 21)
        }
        Op::bcctrx if i.bo() & ALWAYS == ALWAYS && !i.lk() => {
            with_known_bits!(Branch::bcctrx, BO | LK, (ALWAYS as u32) << 21)
        }
        Op::bcctrx if i.bo() & ALWAYS == ALWAYS => {
            with_known_bits!(Branch::bcctrx, BO | LK, (ALWAYS as u32) << 21 | LK)
        }
        _ => arm(op),
    }
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
    static FACILITIES: LazyLock<Vec<u64>> =
        LazyLock::new(|| Op::all().map(|op| facility_of(op.row())).collect());
    FACILITIES[op as usize]
}

fn facility_of(row: &Row) -> u64 {
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
