//! Pairs of instructions fused into one handler (superinstructions): half as many indirect calls,
//! which processors rarely predict in large code.
//!
//! The twelve arms are the most frequent ones in code, specialized for the bits that compilers
//! leave clear.

use super::chain::{RowHandler, after_plain, one_by_one, run};
use super::dispatch::known;
use super::{Plain, Retirement};
use xenia_isa::mask::{OE_RC, RA, RC};
use xenia_isa::{Instruction, Integer, Logical, Op, Rotate};

/// The handler of two rows, each with the bits that are clear in its instruction.
macro_rules! double {
    ($a:ident::$first:ident, $clear:expr; $b:ident::$second:ident, $clear_second:expr) => {
        |cpu, code, table| {
            let [first, second, next, ..] = code else { return one_by_one(cpu, code) };
            let rest = &code[2..];
            let next = table.0[next.handler()];
            let step = run!(cpu, $a::$first, Instruction(first.instruction().0 & !$clear));
            if step != Ok(Retirement::Next) {
                return after_plain(cpu, code, table, step);
            }
            let step = run!(cpu, $b::$second, Instruction(second.instruction().0 & !$clear_second));
            if step == Ok(Retirement::Next) {
                next(cpu, rest, table)
            } else {
                after_plain(cpu, &code[1..], table, step)
            }
        }
    };
}

/// The fused handler of two instructions that often follow each other, neither of which must be
/// last.
pub(crate) fn double_of(first: Instruction, second: Instruction) -> Option<RowHandler> {
    macro_rules! seconds {
        ($a:ident::$first:ident, $clear:expr; $($b:ident::$second:ident, $clear_second:expr;)*) => {
            match second.op()? {
                $(Op::$second if known(second, $clear_second, 0) => {
                    Some(double!($a::$first, $clear; $b::$second, $clear_second))
                })*
                _ => None,
            }
        };
    }
    macro_rules! doubles {
        ($($a:ident::$first:ident, $clear:expr;)*) => {
            match first.op()? {
                $(Op::$first if known(first, $clear, 0) => seconds! {
                    $a::$first, $clear;
                    LoadStore::lwz, 0;
                    LoadStore::stw, 0;
                    LoadStore::lbz, 0;
                    LoadStore::lhz, 0;
                    Integer::addi, 0;
                    Integer::addis, RA;
                    Integer::addx, OE_RC;
                    Integer::subfx, OE_RC;
                    Logical::orx, RC;
                    Logical::ori, 0;
                    Logical::xorx, RC;
                    Rotate::rlwinmx, RC;
                },)*
                _ => None,
            }
        };
    }
    if first.is_yield_hint() || second.is_yield_hint() {
        return None;
    }
    doubles! {
        LoadStore::lwz, 0;
        LoadStore::stw, 0;
        LoadStore::lbz, 0;
        LoadStore::lhz, 0;
        Integer::addi, 0;
        Integer::addis, RA;
        Integer::addx, OE_RC;
        Integer::subfx, OE_RC;
        Logical::orx, RC;
        Logical::ori, 0;
        Logical::xorx, RC;
        Rotate::rlwinmx, RC;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineConfig;
    use crate::interp::blocks::PredecodedWord;
    use crate::interp::chain::{END, HandlerTable, MAX_HANDLERS};
    use crate::interp::testing::*;
    use crate::interp::{CpuView, handler_of};
    use xenia_isa::dispatch;

    #[test]
    fn doubles_equal_their_halves_and_record_which_raised() {
        let mut random = random();
        let mut machine = CpuHarness::new();
        let mut other = CpuHarness::new();
        let config = EngineConfig::default();
        let ops = [Op::lwz, Op::stw, Op::lbz, Op::lhz, Op::addi, Op::addx, Op::orx, Op::rlwinmx];
        let mut ran = 0;
        let mut raised = [0; 2];
        for (a, b) in ops.iter().flat_map(|&a| ops.map(|b| (a, b))) {
            for _ in 0..50 {
                let mut word =
                    |op: Op| Instruction(op.row().bits | random() as u32 & !op.row().mask & !0x401);
                let first = word(a);
                let second = word(b);
                let Some(double) = double_of(first, second) else { continue };
                scramble(&mut machine.ctx, &mut random);
                other.ctx = machine.ctx.clone();
                let mut cpu = CpuView::new(&mut other.ctx, &other.memory, &mut other.devices, config);
                let mut by_halves = dispatch(&mut cpu, a, first);
                let mut left = 1;
                if by_halves == Ok(Retirement::Next) {
                    by_halves = dispatch(&mut cpu, b, second);
                    left = 0;
                }
                let mut table = Box::new(HandlerTable([END; MAX_HANDLERS]));
                table.0[1] = handler_of(b, second);
                // The entry after the pair is empty.
                let code = [
                    PredecodedWord::new(first, 0),
                    PredecodedWord::new(second, 1),
                    PredecodedWord::default(),
                ];
                let mut cpu = CpuView::new(&mut machine.ctx, &machine.memory, &mut machine.devices, config);
                let step = double(&mut cpu, &code, &table);
                assert_eq!(step, by_halves, "{:#010x} {:#010x}", first.0, second.0);
                if step == Ok(Retirement::Next) {
                    ran += 1;
                } else {
                    assert_eq!(cpu.left, left + 1, "{:#010x} {:#010x}", first.0, second.0);
                    raised[left as usize] += 1;
                }
                assert_eq!(machine.ctx.first_difference(&other.ctx), None, "{:#x} {:#x}", first.0, second.0);
                machine.devices.clear();
                other.devices.clear();
            }
        }
        assert!(ran > 100 && raised.iter().all(|&raised| raised > 100), "{ran} ran, {raised:?} raised");
    }
}
