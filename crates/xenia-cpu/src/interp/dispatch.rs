//! Dispatch: maps an instruction to its handler.
//!
//! The choice is made when a block is decoded: a handler may be an arm compiled for known bits of
//! the word (no Rc, no OE, a certain branch condition), or the fused pair of a compare and its
//! branch. Invariant: a specialized handler does what the arm of its row does, which the tests
//! compare for random words of every row.

use super::chain::{END, RowHandler, after_plain, chain, chained, either, last, one_by_one};
use super::{ExceptionKind, Plain, Retirement, system};
use crate::msr_bit;
use std::sync::LazyLock;
use xenia_isa::branch_options::ALWAYS;
use xenia_isa::mask::{AA_LK, BIT, BO, L, LK, OE_RC, RA, RC};
use xenia_isa::{Branch, Float, Integer, LoadStore, Logical, Rotate, System, Vector, Vector128};
use xenia_isa::{Family, Flag, Instruction, Op, Operand, Row, decode};

macro_rules! arms {
    ($($family:ident { $(#[doc = $doc:literal] $name:ident $form:ident $bits:literal $mask:literal
        $text:literal [$($flag:ident)*] ($($operand:ident)*);)* })*) => {
        /// The generic handler of `op`.
        pub(super) fn arm(op: Op) -> RowHandler {
            match op { $($(Op::$name => either!(|cpu, i| $family::$name(cpu, i)),)*)* }
        }
    };
}
xenia_isa::for_each_op!(arms);

/// The handler of words that are not instructions.
pub(crate) const ILLEGAL: RowHandler = last!(|cpu, i| cpu.illegal(i));

/// The handler of an instruction whose facility is off.
pub(crate) const UNAVAILABLE: RowHandler =
    last!(|cpu, i| Err(cpu.raise(ExceptionKind::Unavailable { word: i.0 })));

/// The handler of a yield hint.
const YIELD: RowHandler = |cpu, code, _| cpu.end_run(code.len().saturating_sub(1), Ok(Retirement::Yield));

/// The handlers of rows that make one access.
macro_rules! plain {
    ($op:ident; $($name:ident)*) => {
        match $op {
            $(Op::$name => return |cpu, code, table| {
                let [first, next, ..] = code else { return one_by_one(cpu, code) };
                let rest = &code[1..];
                let next = table.0[next.handler()];
                let step = Plain(cpu).$name(first.instruction());
                if step == Ok(Retirement::Next) { next(cpu, rest, table) } else { after_plain(cpu, code, table, step) }
            },)*
            _ => {}
        }
    };
}

/// Specializes an arm for words whose bits in `$clear` and `$set` are known, with those bits as
/// constants.
macro_rules! with_known_bits {
    (Branch::$name:ident, $clear:expr, $set:expr) => {
        last!(|cpu, i| Branch::$name(cpu, Instruction(i.0 & !$clear | $set)))
    };
    ($family:ident::$name:ident, $clear:expr, $set:expr) => {
        chained!(|cpu, i| $family::$name(cpu, Instruction(i.0 & !$clear | $set)))
    };
    ($op:ident, $i:ident, $($family:ident::$name:ident)*; without $clear:expr) => {
        match $op {
            $(Op::$name if $i.0 & $clear == 0 => return with_known_bits!($family::$name, $clear, 0),)*
            _ => {}
        }
    };
}

/// The handler of an instruction in a block.
pub(crate) struct ChosenHandler {
    pub(crate) handler: RowHandler,
    /// Whether the instruction must be last in its block.
    pub(crate) is_last: bool,
}

/// Chooses the handler of `i`; `facilities` are those that MSR enables.
pub(crate) fn handler_for(i: Instruction, facilities: u64) -> ChosenHandler {
    let (handler, is_last) = match decode(i.0) {
        None => (ILLEGAL, true),
        Some(op) if facility(op) & !facilities != 0 => (UNAVAILABLE, true),
        Some(op) => (handler_of(op, i), must_be_last(op, i)),
    };
    ChosenHandler { handler, is_last }
}

/// The handler of an instruction.
pub(crate) fn handler_of(op: Op, i: Instruction) -> RowHandler {
    if op == Op::orx && i.is_yield_hint() {
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
    plain!(op;
        lbz lhz lha lwz lfs lfd stb sth stw stfs stfd lwa ld std lbzx lhzx lhax lwzx lwax ldx lfsx
        lfdx lhbrx lwbrx ldbrx stbx sthx stwx stdx stfsx stfdx stfiwx sthbrx stwbrx stdbrx lbzu
        lhzu lhau lwzu lfsu lfdu stbu sthu stwu stfsu stfdu ldu stdu lbzux lhzux lhaux lwzux lwaux
        ldux lfsux lfdux stbux sthux stwux stdux stfsux stfdux);
    match op {
        Op::bx if i.0 & AA_LK == 0 => with_known_bits!(Branch::bx, AA_LK, 0),
        Op::bx if i.0 & AA_LK == LK => with_known_bits!(Branch::bx, AA_LK, LK),
        // Tests of one condition bit only, specialized by the bit of the field; or of CTR only.
        Op::bcx if i.0 & AA_LK == 0 && matches!(i.bo() >> 2, 0b011 | 0b001) => {
            macro_rules! condition {
                ($bo:literal, $bit:literal) => {
                    with_known_bits!(Branch::bcx, AA_LK | BO | BIT, $bo << 21 | $bit << 16)
                };
            }
            match (i.bo() >> 2 == 0b011, i.bi() & 3) {
                (true, 0) => condition!(0b01100, 0),
                (true, 1) => condition!(0b01100, 1),
                (true, 2) => condition!(0b01100, 2),
                (true, _) => condition!(0b01100, 3),
                (false, 0) => condition!(0b00100, 0),
                (false, 1) => condition!(0b00100, 1),
                (false, 2) => condition!(0b00100, 2),
                (false, _) => condition!(0b00100, 3),
            }
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

/// The fused handler of two instructions, the second of which ends its block: one that sets a CR
/// field or CTR, and the branch that follows it. Most blocks end like this. Branches on SO have no
/// pair.
pub(crate) fn pair_of(first: Instruction, second: Instruction) -> Option<RowHandler> {
    // Clears bits that are clear and sets bits that are set, so that they are constants to the
    // compiler.
    macro_rules! pair {
        ($family:ident::$name:ident, $clear:expr, $set:expr; $bo:literal) => {
            pair!($family::$name, $clear, $set; AA_LK | BO, $bo << 21)
        };
        ($family:ident::$name:ident, $clear:expr, $set:expr; $bo:literal, $bit:literal) => {
            pair!($family::$name, $clear, $set; AA_LK | BO | BIT, $bo << 21 | $bit << 16)
        };
        ($family:ident::$name:ident, $clear:expr, $set:expr; $of_branch:expr, $to:expr) => {
            |cpu, code, _| {
                let [first, second] = code else { return one_by_one(cpu, code) };
                // This instruction never ends a run.
                let _ = $family::$name(cpu, Instruction(first.instruction().0 & !$clear | $set));
                Branch::bcx(cpu, Instruction(second.instruction().0 & !($of_branch) | $to))
            }
        };
    }
    macro_rules! pairs {
        ($($family:ident::$name:ident, $clear:expr, $set:expr;)*) => {
            match (first.op()?, second.bo() & 0b11100, second.bi() & 3) {
                $(
                    _ if first.op() == Some(Op::$name) && !known(first, $clear, $set) => None,
                    (Op::$name, 0b01100, 0) => Some(pair!($family::$name, $clear, $set; 0b01100, 0)),
                    (Op::$name, 0b01100, 1) => Some(pair!($family::$name, $clear, $set; 0b01100, 1)),
                    (Op::$name, 0b01100, 2) => Some(pair!($family::$name, $clear, $set; 0b01100, 2)),
                    (Op::$name, 0b00100, 0) => Some(pair!($family::$name, $clear, $set; 0b00100, 0)),
                    (Op::$name, 0b00100, 1) => Some(pair!($family::$name, $clear, $set; 0b00100, 1)),
                    (Op::$name, 0b00100, 2) => Some(pair!($family::$name, $clear, $set; 0b00100, 2)),
                    (Op::$name, 0b10000, _) if second.bo() & 2 == 0 => {
                        Some(pair!($family::$name, $clear, $set; 0b10000))
                    }
                )*
                _ => None,
            }
        };
    }
    if second.op() != Some(Op::bcx) || second.0 & AA_LK != 0 {
        return None;
    }
    pairs! {
        Integer::cmp, L, 0;
        Integer::cmpi, L, 0;
        Integer::cmpl, L, 0;
        Integer::cmpli, L, 0;
        Integer::addi, 0, 0;
        Integer::addic_rc, 0, 0;
        Logical::andi_rc, 0, 0;
        Rotate::rlwinmx, 0, RC;
    }
}

/// Whether the bits of `clear` are clear and those of `set` are set.
pub(super) const fn known(i: Instruction, clear: u32, set: u32) -> bool {
    i.0 & (clear | set) == set
}

/// Whether `i` must be the last of its block; see the documentation of [`crate::interp`].
pub(crate) fn must_be_last(op: Op, i: Instruction) -> bool {
    match op {
        Op::mfspr => system::reads_time_base(i),
        Op::orx => i.is_yield_hint(),
        _ => op.row().has(Flag::last),
    }
}

/// Whether `op` may change memory: it accesses memory, and is not a load.
pub(crate) fn stores(op: Op) -> bool {
    op.row().has(Flag::mem) && op.load_size().is_none()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineConfig;
    use crate::interp::CpuView;
    use crate::interp::blocks::PredecodedWord;
    use crate::interp::chain::{NO_SUCCESSORS, run_one};
    use crate::interp::testing::*;
    use xenia_isa::dispatch;

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

    /// Words of every row with random operands; `Rc`, `OE` and similar bits are set half of the
    /// time.
    fn words() -> impl Iterator<Item = (Op, Instruction)> {
        let mut random = random();
        Op::all().flat_map(move |op| {
            let row = op.row();
            let words: Vec<_> =
                (0..64).map(|_| (op, Instruction(row.bits | random() as u32 & !row.mask))).collect();
            words
        })
    }

    #[test]
    fn handlers_with_known_bits_do_what_the_arms_do() {
        let mut random = random();
        let mut machine = CpuHarness::new();
        for (op, i) in words() {
            if op == Op::orx && i.is_yield_hint() {
                continue;
            }
            scramble(&mut machine.ctx, &mut random);
            let mut other = machine.ctx.clone();
            let config = EngineConfig::default();
            let by_arm =
                dispatch(&mut CpuView::new(&mut other, &machine.memory, &mut machine.devices, config), op, i);
            machine.devices.clear();
            let mut cpu = CpuView::new(&mut machine.ctx, &machine.memory, &mut machine.devices, config);
            // A store may have changed the result of a wider load at the same place: use the same
            // value.
            assert_eq!(run_one(&mut cpu, handler_of(op, i), i), by_arm, "{op:?} {:#010x}", i.0);
            assert_eq!(machine.ctx.first_difference(&other), None, "{op:?} {:#010x}", i.0);
            machine.devices.clear();
        }
    }

    #[test]
    fn pairs_do_what_their_halves_do() {
        let mut random = random();
        let mut machine = CpuHarness::new();
        let mut pairs = 0;
        for (_, first) in words() {
            let second = Instruction(Op::bcx.row().bits | random() as u32 & 0x03FF_FFFC);
            let Some(pair) = pair_of(first, second) else { continue };
            pairs += 1;
            scramble(&mut machine.ctx, &mut random);
            let mut other = machine.ctx.clone();
            let config = EngineConfig::default();
            let mut cpu = CpuView::new(&mut other, &machine.memory, &mut machine.devices, config);
            for i in [first, second] {
                assert_eq!(dispatch(&mut cpu, i.op().unwrap(), i), Ok(Retirement::Next));
            }
            let mut cpu = CpuView::new(&mut machine.ctx, &machine.memory, &mut machine.devices, config);
            let code = [first, second].map(|i| PredecodedWord::new(i, 0));
            assert_eq!(pair(&mut cpu, &code, &NO_SUCCESSORS), Ok(Retirement::Next));
            assert_eq!(machine.ctx.first_difference(&other), None, "{:#x} {:#x}", first.0, second.0);
        }
        assert!(pairs > 50, "only {pairs} pairs were tried");
    }
}
