//! Predicates on instruction rows that decide how an instruction is emitted.

use crate::baseline::unit::Word;
use std::sync::LazyLock;
use xenia_isa::{Class, Family, Flag, Instruction, Op, Row, spr};

/// Whether an arm computes with floating point or vectors, or reads their status.
pub(super) fn uses_float_state(op: Op) -> bool {
    static USES: LazyLock<Vec<bool>> = LazyLock::new(|| {
        let is_one = |row: &Row| match row.family {
            Family::Float | Family::Vector | Family::Vector128 => true,
            _ => row.operands.iter().any(|operand| matches!(operand.class(), Class::Fpr | Class::Vector)),
        };
        Op::all().map(|op| is_one(op.row())).collect()
    });
    USES[op as usize]
}

/// Whether a row computes with vector registers: not only loads or stores one.
pub(super) fn computes_vectors(op: Op) -> bool {
    let row = op.row();
    matches!(row.family, Family::Vector | Family::Vector128) && !row.has(Flag::mem)
}

/// Whether a row computes with general-purpose registers only, and never raises an exception.
pub(super) fn is_plain_integer(op: Op) -> bool {
    matches!(
        op,
        Op::addi
            | Op::addis
            | Op::addx
            | Op::andi_rc
            | Op::andis_rc
            | Op::andx
            | Op::extsbx
            | Op::extshx
            | Op::extswx
            | Op::mulli
            | Op::mullwx
            | Op::negx
            | Op::orx
            | Op::cmp
            | Op::cmpi
            | Op::cmpl
            | Op::cmpli
            | Op::ori
            | Op::oris
            | Op::rlwimix
            | Op::rlwinmx
            | Op::slwx
            | Op::srawix
            | Op::srwx
            | Op::subfx
            | Op::xori
            | Op::xoris
            | Op::xorx
    )
}

/// Whether the instructions that follow overwrite CA before anything can read it, and before the
/// code can be left.
pub(super) fn overwrites_carry(following: &[Word]) -> bool {
    use Op::{addcx, addic, addic_rc, srawix, srawx, subfcx, subficx};
    for word in following {
        match word.op {
            Some(addcx | addic | addic_rc | srawix | srawx | subfcx | subficx) => return true,
            Some(op) if is_plain_integer(op) => {}
            _ => return false,
        }
    }
    false
}

/// The GPR that still holds CTR's value after these instructions, if they move one there.
pub(super) fn source_of_ctr(words: &[Word]) -> Option<usize> {
    let is_move = |word: &Word| word.op == Some(Op::mtspr) && word.i.spr() == spr::CTR;
    let moved = words.iter().rposition(is_move)?;
    let source = words[moved].i.rs();
    let keep = |word: &Word| {
        let writes_several = matches!(word.op, Some(Op::lmw | Op::lswi | Op::lswx));
        !writes_several && ![word.i.rd(), word.i.ra()].contains(&source)
    };
    words[moved + 1..].iter().all(keep).then_some(source)
}

/// Whether two instructions are `addic rT,rA,-1` and `subfe rD,rT,rA`.
pub(super) fn tests_for_zero(op: Op, i: Instruction, next: Word) -> bool {
    let last = next.i;
    let registers_match = last.ra() == i.rd() && last.rb() == i.ra() && i.rd() != i.ra();
    op == Op::addic
        && i.simm() == -1
        && next.op == Some(Op::subfex)
        && registers_match
        && !last.rc()
        && !last.oe()
}

/// The constant formed by `lis` and the next instruction, if that adds the lower half to the same
/// register.
pub(super) fn constant_pair(op: Op, i: Instruction, next: Word) -> Option<i32> {
    if op != Op::addis || i.ra() != 0 {
        return None;
    }
    let high = i.simm() << 16;
    let value = match next {
        // With r0, `addi` would be `li`.
        Word { i: low, op: Some(Op::addi) } if low.ra() == i.rd() && low.rd() == i.rd() && i.rd() != 0 => {
            high.wrapping_add(low.simm())
        }
        Word { i: low, op: Some(Op::ori) } if low.rs() == i.rd() && low.ra() == i.rd() => {
            high | low.uimm() as i64
        }
        _ => return None,
    };
    i32::try_from(value).ok()
}
