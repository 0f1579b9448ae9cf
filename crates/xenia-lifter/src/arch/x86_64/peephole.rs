//! Peephole optimisation of Cranelift's x86-64 code, after register allocation.
//!
//! Cranelift lowers each value by itself, so it leaves copies of the pinned register in front of
//! accesses to the context, extensions of values whose upper half is already zero, and byte swaps
//! beside the loads and stores that could make them (`movbe`). Its rules can't be changed from
//! outside, so this pass edits the finished code: it decodes the instructions (`flow`), removes
//! moves to and from the stack (`spills`), byte swaps (`swaps`) and copies (`copies`) by the live
//! registers (`liveness`), moves swaps of floating-point numbers to vector registers
//! (`float_loads`), and lays the rest out again with the shortest branches (`layout`).
//!
//! # Invariants
//! - Memory operations keep their order, number, sizes and addresses (but for loads of constants),
//!   and flags that are read their values.
//! - At every access that may fault, each register that code after the fault reads has its value
//!   ([`crate::fault_exit`]).
//! - A function with an instruction that the pass does not support is left unchanged.
//!
//! Blocks end at each branch and target, and live sets are exact over the whole function, so each
//! edit needs to look at one block only.

mod copies;
mod float_loads;
mod flow;
mod layout;
mod liveness;
mod operands;
mod spills;
mod swaps;
#[cfg(test)]
mod tests;

use crate::arch::{TargetCpu, features};
use crate::peephole::{Facts, Optimized};

/// Optimizes the code of one function. `None` if it has anything that the pass does not support.
pub(crate) fn optimize(code: &[u8], facts: Facts<'_>, cpu: TargetCpu) -> Option<Optimized> {
    if !facts.are_inside(code.len()) {
        return None;
    }
    let mut flow = flow::FunctionCode::decode(code, facts)?;
    spills::remove(&mut flow);
    liveness::solve(&mut flow);
    if features::peephole_features(cpu).contains(&"movbe") {
        swaps::fuse(&mut flow);
    }
    copies::remove(&mut flow);
    float_loads::shuffle(&mut flow);
    operands::shorten(&mut flow);
    layout::lay_out(&flow, code)
}
