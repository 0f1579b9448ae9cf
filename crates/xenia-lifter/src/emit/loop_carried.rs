//! Loop-carried registers and store sinking for the loops of [`crate::analysis::loop_carried`].
//!
//! Inside a loop a carried register is a variable of `cranelift-frontend`, which turns it into SSA
//! values and block parameters: a read uses the variable, a write defines it. Each edge into the
//! loop, from surrounding code or from an entry, leads through the *gate* of its target block (a
//! loop preheader, one per target), which loads the variables from the context.
//!
//! Registers that the loop changes are *sunk*: inside the loop their slots in the context are
//! stale. They are stored at the loop's exits, before code reads the context ([`Lifter::surface`]),
//! and after a faulting access ([`crate::fault_exit`]).

use super::copies::Copies;
use super::{HOST, Lifter, State};
use crate::analysis::loop_carried::{Loop, carried};
use crate::cfg::graph::BlockId;
use crate::host::{Word, field};
use cranelift_codegen::ir::{self, InstBuilder, types};
use cranelift_frontend::{FunctionBuilder, Variable};
use std::collections::BTreeMap;

/// The region's loops and their variables.
#[derive(Debug, Default)]
pub(super) struct LoopCarried {
    /// Variables of each loop, by register.
    loops: Vec<[Option<Variable>; carried::COUNT]>,
    /// Register copies of each loop.
    copies: Vec<Copies>,
    /// Sunk registers of each loop, as bits. `None`: the loop sinks no register, so all registers
    /// are stored before its accesses.
    sunk: Vec<Option<u64>>,
    /// The loop that each block belongs to, by the block's number.
    of_block: Vec<Option<usize>>,
    /// The loop of the block being lifted.
    pub(super) here: Option<usize>,
    /// Gates, keyed by the blocks that they lead to.
    gates: BTreeMap<BlockId, ir::Block>,
}

impl LoopCarried {
    /// The variables of `loops`, in a region of `blocks` blocks.
    pub(super) fn new(loops: &[Loop], blocks: usize, sinks: bool, b: &mut FunctionBuilder<'_>) -> Self {
        let mut result = Self { of_block: vec![None; blocks], ..Self::default() };
        for (number, found) in loops.iter().enumerate() {
            let variable = |n: usize| (found.registers >> n & 1 != 0).then(|| b.declare_var(types::I64));
            result.loops.push(std::array::from_fn(variable));
            result.copies.push(Copies::new(found, b));
            result.sunk.push(found.sunk.filter(|_| sinks));
            for id in &found.blocks {
                result.of_block[id.index()] = Some(number);
            }
        }
        result
    }

    /// Whether a block is in a loop with loop-carried registers.
    pub(super) fn has(&self, id: BlockId) -> bool {
        self.of_block[id.index()].is_some()
    }

    /// Register copies of the current loop.
    pub(super) fn copies(&self) -> Option<&Copies> {
        Some(&self.copies[self.here?])
    }

    /// Enters a block: selects its loop.
    pub(super) fn begin(&mut self, id: BlockId) {
        self.here = self.of_block[id.index()];
    }

    /// Whether the current loop sinks its stores.
    pub(super) fn is_sinking(&self) -> bool {
        self.here.is_some_and(|here| self.sunk[here].is_some())
    }

    /// Whether a block is in the current loop.
    pub(super) fn is_in_current_loop(&self, to: BlockId) -> bool {
        self.here.is_some() && self.of_block[to.index()] == self.here
    }

    /// Registers whose slots in the context are stale.
    pub(super) fn sunk(&self) -> impl Iterator<Item = usize> + use<> {
        let sunk = self.here.and_then(|here| self.sunk[here]).unwrap_or_default();
        (0..carried::COUNT).filter(move |n| sunk >> n & 1 != 0)
    }

    /// Whether a register's slot in the context is stale.
    pub(super) fn sinks(&self, register: usize) -> bool {
        self.here.and_then(|here| self.sunk[here]).unwrap_or_default() >> register & 1 != 0
    }

    /// The variable of a register, if the current loop carries it.
    pub(super) fn variable(&self, register: usize) -> Option<Variable> {
        self.loops[self.here?][register]
    }
}

impl Lifter<'_> {
    /// The target of an edge from the current block to `to`: the block, or its gate if the edge
    /// enters a loop.
    pub(super) fn way_to(&mut self, to: BlockId) -> ir::Block {
        let target = self.blocks[to.index()];
        let into = self.loop_carried.of_block[to.index()];
        if into.is_none() || into == self.loop_carried.here {
            return target;
        }
        *self.loop_carried.gates.entry(to).or_insert_with(|| {
            let gate = self.b.create_block();
            self.b.append_block_param(gate, types::I64);
            gate
        })
    }

    /// Emits the gates.
    pub(super) fn fill_gates(&mut self) {
        for (to, gate) in std::mem::take(&mut self.loop_carried.gates) {
            self.loop_carried.begin(to);
            let Some(here) = self.loop_carried.here else { continue };
            self.b.switch_to_block(gate);
            let ctx = self.context();
            for (n, variable) in self.loop_carried.loops[here].into_iter().enumerate() {
                let Some(variable) = variable else { continue };
                let offset = match n {
                    carried::CTR => super::cache::Special::Ctr.offset(),
                    carried::MEMORY => Word::Memory.offset(),
                    _ => field::gpr(n),
                };
                let value = self.b.ins().load(types::I64, HOST, ctx, offset);
                self.b.def_var(variable, value);
            }
            let assumptions = self.assumptions_of(to);
            self.state = State::new(self.b.block_params(gate)[0]);
            self.state.cache.floats.begin(assumptions);
            self.define_copies(to);
            let target = self.blocks[to.index()];
            let budget = self.state.budget;
            self.b.ins().jump(target, &[budget.into()]);
        }
        self.loop_carried.here = None;
    }
}
