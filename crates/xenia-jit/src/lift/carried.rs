//! Registers that a loop carries as values ([`crate::loops`]).
//!
//! Inside such a loop a carried register is a variable of the frontend, which has it in values and block parameters: a read takes the
//! variable, a write defines it. The context is as current as elsewhere, so whatever leaves the loop or looks at it needs
//! to know nothing. Every edge into the loop, from the code around it or from an entry, leads through the *gate* of
//! the block that it goes to, which loads the variables.

use super::{HOST, Lifter};
use crate::host::Word;
use crate::loops::{Loop, carried};
use cranelift_codegen::ir::{self, InstBuilder, types};
use cranelift_frontend::{FunctionBuilder, Variable};
use std::collections::BTreeMap;

/// Loops, and what they carry.
#[derive(Debug, Default)]
pub(super) struct Carrying {
    /// By number of the loop.
    loops: Vec<[Option<Variable>; carried::COUNT]>,
    /// Which loop a block belongs to.
    of_block: BTreeMap<u32, usize>,
    /// The loop that is being lifted.
    pub(super) here: Option<usize>,
    /// By the block that they lead to.
    gates: BTreeMap<u32, ir::Block>,
}

impl Carrying {
    pub(super) fn new(loops: &[Loop], b: &mut FunctionBuilder<'_>) -> Self {
        let mut result = Self::default();
        for (number, found) in loops.iter().enumerate() {
            let variable = |n: usize| (found.registers >> n & 1 != 0).then(|| b.declare_var(types::I64));
            result.loops.push(std::array::from_fn(variable));
            result.of_block.extend(found.blocks.iter().map(|&pc| (pc, number)));
        }
        result
    }

    /// Begins a block.
    pub(super) fn begin(&mut self, pc: u32) {
        self.here = self.of_block.get(&pc).copied();
    }

    /// The variable of a register, where it is carried.
    pub(super) fn variable(&self, register: usize) -> Option<Variable> {
        self.loops[self.here?][register]
    }
}

impl Lifter<'_> {
    /// Where an edge from the block that is being lifted to `to`, a block of the region, leads.
    pub(super) fn way_to(&mut self, to: u32) -> ir::Block {
        let target = self.blocks[&to];
        let into = self.carrying.of_block.get(&to).copied();
        if into.is_none() || into == self.carrying.here {
            return target;
        }
        *self.carrying.gates.entry(to).or_insert_with(|| {
            let gate = self.b.create_block();
            self.b.append_block_param(gate, types::I64);
            gate
        })
    }

    /// Fills the gates.
    pub(super) fn fill_gates(&mut self) {
        for (to, gate) in std::mem::take(&mut self.carrying.gates) {
            self.carrying.begin(to);
            let Some(here) = self.carrying.here else { continue };
            self.b.switch_to_block(gate);
            let ctx = self.b.ins().get_pinned_reg(types::I64);
            for (n, variable) in self.carrying.loops[here].into_iter().enumerate() {
                let Some(variable) = variable else { continue };
                let offset = match n {
                    carried::CTR => super::cache::Special::Ctr.offset(),
                    carried::MEMORY => Word::Memory.offset(),
                    _ => super::cache::gpr_offset(n),
                };
                let value = self.b.ins().load(types::I64, HOST, ctx, offset);
                self.b.def_var(variable, value);
            }
            let budget = self.b.block_params(gate)[0];
            let target = self.blocks[&to];
            self.b.ins().jump(target, &[budget.into()]);
        }
        self.carrying.here = None;
    }
}
