//! Registers that a loop carries as values ([`crate::loops`]).
//!
//! Inside such a loop a carried register is a variable of the frontend, which has it in values and
//! block parameters: a read takes the variable, a write defines it. Every edge into the loop, from
//! the code around it or from an entry, leads through the *gate* of the block that it goes to,
//! which loads the variables.
//!
//! Those that the loop changes are *sunk*: inside of it the context holds anything. They are stored
//! where the loop is left, or something looks at the context ([`Lifter::surface`]), and where an
//! access faults ([`crate::fault_exit`]).

use super::copies::Copies;
use super::{HOST, Lifter, State};
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
    /// By number of the loop.
    copies: Vec<Copies>,
    /// By number of the loop, bit n: register n is sunk. `None`: none is, and accesses find
    /// everything stored.
    sunk: Vec<Option<u64>>,
    /// Which loop a block belongs to.
    of_block: BTreeMap<u32, usize>,
    /// The loop that is being lifted.
    pub(super) here: Option<usize>,
    /// By the block that they lead to.
    gates: BTreeMap<u32, ir::Block>,
}

impl Carrying {
    pub(super) fn new(loops: &[Loop], sinks: bool, b: &mut FunctionBuilder<'_>) -> Self {
        let mut result = Self::default();
        for (number, found) in loops.iter().enumerate() {
            let variable = |n: usize| (found.registers >> n & 1 != 0).then(|| b.declare_var(types::I64));
            result.loops.push(std::array::from_fn(variable));
            result.copies.push(Copies::new(found.floats, found.vectors, b));
            result.sunk.push(found.sunk.filter(|_| sinks));
            result.of_block.extend(found.blocks.iter().map(|&pc| (pc, number)));
        }
        result
    }

    /// Whether the block at `pc` is in a loop that carries registers.
    pub(super) fn has(&self, pc: u32) -> bool {
        self.of_block.contains_key(&pc)
    }

    /// Of the loop that is being lifted.
    pub(super) fn copies(&self) -> Option<&Copies> {
        Some(&self.copies[self.here?])
    }

    /// Begins a block.
    pub(super) fn begin(&mut self, pc: u32) {
        self.here = self.of_block.get(&pc).copied();
    }

    /// Whether the loop that is being lifted stores nothing before its accesses.
    pub(super) fn is_sinking(&self) -> bool {
        self.here.is_some_and(|here| self.sunk[here].is_some())
    }

    /// Whether the block at `to` belongs to the loop that is being lifted.
    pub(super) fn goes_on_at(&self, to: u32) -> bool {
        self.here.is_some() && self.of_block.get(&to).copied() == self.here
    }

    /// Registers of which the context holds anything.
    pub(super) fn sunk(&self) -> impl Iterator<Item = usize> + use<> {
        let sunk = self.here.and_then(|here| self.sunk[here]).unwrap_or_default();
        (0..carried::COUNT).filter(move |n| sunk >> n & 1 != 0)
    }

    /// Whether the context holds anything for a register.
    pub(super) fn sinks(&self, register: usize) -> bool {
        self.here.and_then(|here| self.sunk[here]).unwrap_or_default() >> register & 1 != 0
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
            let ctx = self.context();
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
            let granted = self.granted_at(to);
            self.state = State::new(self.b.block_params(gate)[0]);
            self.cache.floats.begin(granted);
            self.define_copies(to);
            let (target, budget) = (self.blocks[&to], self.budget);
            self.b.ins().jump(target, &[budget.into()]);
        }
        self.carrying.here = None;
    }
}
