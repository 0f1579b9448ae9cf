//! Two instructions as one function: half as many calls, whose targets processors seldom foresee in
//! much code.
//!
//! The twelve arms are those that code names most, with the bits known that compilers leave clear.

use super::Flow;
use super::dispatch::{Thread, alone, go_on, known, next_of};
use xenia_isa::{Instruction, Integer, LoadStore, Logical, Op, Rotate};

/// The thread of two instructions that often follow each other, neither of which must be last.
pub(crate) fn double_of(first: Instruction, second: Instruction) -> Option<Thread> {
    const OE_RC: u32 = 0x401;
    const RC: u32 = 1;
    const RA: u32 = 31 << 16;
    macro_rules! double {
        ($a:ident::$first:ident, $clear:expr; $b:ident::$second:ident, $clear_second:expr) => {
            |cpu, code, threads| {
                let [first, second, rest @ ..] = code else { return alone(cpu, code) };
                let next = next_of(rest, threads);
                let step = $a::$first(cpu, Instruction(first.instruction().0 & !$clear));
                if step != Ok(Flow::Next) {
                    return cpu.ended(rest.len() + 1, step);
                }
                let step = $b::$second(cpu, Instruction(second.instruction().0 & !$clear_second));
                go_on(cpu, rest, threads, next, step)
            }
        };
    }
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
