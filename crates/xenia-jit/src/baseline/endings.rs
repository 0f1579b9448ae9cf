//! Block terminators: which instructions end a basic block of the baseline tier, and how.

use std::sync::LazyLock;
use xenia_isa::branch_options::{ALWAYS, IGNORES_COUNT};
use xenia_isa::{Family, Flag, Instruction, Op, spr};

/// How an instruction ends its basic block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It does not end the block.
    Next,
    /// `b`, a direct jump.
    Jump,
    /// `bl`, and a `bcl` that tests nothing, by which code reads its own address.
    Call,
    /// `bc` that tests CTR, a condition, both or nothing.
    Conditional,
    /// `blr`, an unconditional return.
    Return,
    /// `bclr` that tests a condition.
    ConditionalReturn,
    /// `bctr`, a jump through CTR.
    Indirect,
    /// `bctrl`, a call through CTR.
    IndirectCall,
    /// Code is left: the instruction may end the visit, reads the time, changes the mode or is a
    /// rare branch. The interpreter runs it, or for `sc` the engine.
    Interpreted,
    /// The word is not a valid instruction.
    Illegal,
}

impl Ending {
    /// The branch target, if the word contains it.
    pub(super) fn target(self, pc: u32, i: Instruction) -> Option<u32> {
        let distance = match self {
            Self::Call if i.op() == Some(Op::bcx) => i.bd(),
            Self::Jump | Self::Call => i.li(),
            Self::Conditional => i.bd(),
            _ => return None,
        };
        Some(if i.aa() { distance as u32 } else { pc.wrapping_add(distance as u32) })
    }

    /// Whether the instruction leaves a return address in LR.
    pub(super) fn calls(self) -> bool {
        matches!(self, Self::Call | Self::IndirectCall)
    }

    /// Whether the code of the next block may follow without a branch.
    pub(super) fn may_fall_through(self) -> bool {
        matches!(
            self,
            Self::Next | Self::Conditional | Self::ConditionalReturn | Self::Call | Self::IndirectCall
        )
    }
}

/// Instructions after which no code may run that had changed before. Their arms complete unless
/// code has changed (`services::run_arm`).
pub(super) const SYNCHRONIZE_CODE: [Op; 2] = [Op::isync, Op::icbi];

/// Whether code of the optimizing tier runs an instruction that ends its block as
/// [`Ending::Interpreted`]. For the others, that code is left as well.
pub(super) fn is_optimized(op: Op) -> bool {
    !matches!(op, Op::sc | Op::mtmsr | Op::mtmsrd | Op::orx)
}

/// How the instructions of a row end their block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Next,
    Interpreted,
    /// Depends on the word.
    Word,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| Op::all().map(rule).collect());

fn rule(op: Op) -> Rule {
    let row = op.row();
    match op {
        Op::bx | Op::bcx | Op::bclrx | Op::bcctrx => Rule::Word,
        Op::mfspr | Op::mtspr | Op::orx | Op::mtmsr | Op::mtmsrd => Rule::Word,
        _ if SYNCHRONIZE_CODE.contains(&op) => Rule::Next,
        _ if row.has(Flag::last) => Rule::Interpreted,
        _ if row.family == Family::Integer && row.has(Flag::oe) => Rule::Word,
        _ => Rule::Next,
    }
}

/// How an instruction ends its basic block.
#[inline(always)]
pub(super) fn ending(op: Option<Op>, i: Instruction) -> Ending {
    let Some(op) = op else { return Ending::Illegal };
    match RULES[op as usize] {
        Rule::Next => Ending::Next,
        Rule::Interpreted => Ending::Interpreted,
        Rule::Word => of_word(op, i),
    }
}

fn of_word(op: Op, i: Instruction) -> Ending {
    let always = i.bo() & ALWAYS == ALWAYS;
    let interpreted = |is: bool| if is { Ending::Interpreted } else { Ending::Next };
    match op {
        Op::bx if i.lk() => Ending::Call,
        Op::bx => Ending::Jump,
        Op::bcx if !i.lk() => Ending::Conditional,
        Op::bcx if always => Ending::Call,
        Op::bclrx if always && !i.lk() => Ending::Return,
        Op::bclrx if i.bo() & IGNORES_COUNT != 0 && !i.lk() => Ending::ConditionalReturn,
        Op::bcctrx if always => {
            if i.lk() {
                Ending::IndirectCall
            } else {
                Ending::Indirect
            }
        }
        Op::mfspr => interpreted(matches!(i.spr(), spr::TB | spr::TBU)),
        // It may set XER[SO].
        Op::mtspr => interpreted(i.spr() == spr::XER),
        Op::orx => interpreted(i.is_yield_hint()),
        // With L, which every inlined interlocked operation of the XDK has twice, the mode stays.
        Op::mtmsr | Op::mtmsrd => interpreted(!i.mtmsr_l()),
        Op::bcx | Op::bclrx | Op::bcctrx => Ending::Interpreted,
        _ => interpreted(i.oe()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Ending {
        let bytes = xenia_isa::assemble(text, 0x8200_0000).unwrap().bytes;
        let i = Instruction(u32::from_be_bytes(bytes[..4].try_into().unwrap()));
        ending(i.op(), i)
    }

    #[test]
    fn endings_of_each_kind_of_instruction() {
        for (text, expected) in [
            ("add r3,r4,r5", Ending::Next),
            ("addo r3,r4,r5", Ending::Interpreted),
            ("mulhwu r3,r4,r5", Ending::Next),
            ("mtlr r3", Ending::Next),
            ("mtxer r3", Ending::Interpreted),
            ("mftb r3", Ending::Interpreted),
            ("blr", Ending::Return),
            ("beqlr", Ending::ConditionalReturn),
            ("blrl", Ending::Interpreted),
            ("bdnzf eq,0x82000010", Ending::Conditional),
            ("bcl 20,31,0x82000004", Ending::Call),
            ("bcl 12,2,0x82000004", Ending::Interpreted),
            ("mfspr r3,268", Ending::Interpreted),
            ("mfspr r3,269", Ending::Interpreted),
            ("mfspr r3,256", Ending::Next),
            ("bctr", Ending::Indirect),
            ("beqctr", Ending::Interpreted),
            ("bdnzlr", Ending::Interpreted),
            ("beqlrl", Ending::Interpreted),
            ("bctrl", Ending::IndirectCall),
            ("sc", Ending::Interpreted),
            ("isync", Ending::Next),
            ("icbi 0,r3", Ending::Next),
            ("mfmsr r3", Ending::Next),
            ("mtmsrd r3,1", Ending::Next),
            ("mtmsrd r3", Ending::Interpreted),
            ("mtmsr r3", Ending::Interpreted),
            ("twi 31,r0,0", Ending::Next),
            ("or r31,r31,r31", Ending::Interpreted),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(ending(None, Instruction(0)), Ending::Illegal);
    }
}
