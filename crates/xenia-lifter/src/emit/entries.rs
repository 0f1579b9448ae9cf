//! Entry dispatch: the prologue that selects a region's entry, and indirect branches that stay in
//! the region.
//!
//! Cases of a switch statement, and the handlers of an interpreter in the guest, are entries, since
//! no direct branch leads to them. An indirect branch from the same region flushes all registers,
//! as if it came from outside, but saves the region exit and the reentry: the frame, the entry's
//! thunk and the search for the entry's number. It looks up the engine's table like a branch that
//! leaves. If the table's address for the target is one of this region's entries, its position
//! gives the entry's number. Withdrawn or recompiled code is therefore detected at the same points.
//!
//! Each indirect branch has its own jump table: processors predict an indirect jump mainly by its
//! address, and one shared table for the region was slower than leaving.

use super::{Lifter, State};
use crate::analysis::block_params::CALLED_WITH;
use crate::arch::thunks::ENTRY_SHIFT;
use crate::cfg::function_bounds::ends_in_a_jump;
use crate::host::Word;
use crate::relocation::RelocationTarget;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, BlockArg, InstBuilder, JumpTableData, Value, types};

/// Maximum number of entries in the jump tables of a region's indirect branches together; each is a
/// CFG edge for the compiler. Further branches leave the region.
const MAX_EDGES: usize = 1024;

/// Targets of indirect branches that stay in the region.
#[derive(Default)]
pub(super) struct Switch {
    /// Blocks that lead to the entries, from the second on, to which no branch in the region is
    /// known to lead. Their parameter is the budget. Empty if the region has no such branch.
    ways: Vec<ir::Block>,
    /// Number of table entries so far.
    edges: usize,
}

impl Lifter<'_> {
    /// Emits the dispatch on the entry number.
    pub(super) fn prologue(&mut self) {
        let Some(entry) = self.b.current_block() else { return };
        let params = self.b.block_params(entry).to_vec();
        let [budget, which, ref registers @ ..] = params[..] else { return };
        let region = self.region;
        let switched = if ends_in_a_jump(region) { 1..region.roots } else { 0..0 };
        let mut pads = Vec::new();
        let mut ways: Vec<(ir::Block, Vec<BlockArg>)> = Vec::new();
        for (number, &pc) in region.entries.iter().enumerate() {
            self.begin_entry(budget, registers, number);
            let way = self.direct_edge(pc).unwrap_or_else(|| {
                let pad = self.b.create_block();
                pads.push((pad, number, pc));
                if switched.contains(&number) {
                    self.b.append_block_param(pad, types::I64);
                    (pad, vec![BlockArg::Value(budget)])
                } else {
                    (pad, Vec::new())
                }
            });
            if switched.contains(&number) {
                self.switch.ways.push(way.0);
            }
            ways.push(way);
        }
        let Some((first, arguments)) = ways.first() else { return };
        if ways.len() == 1 {
            self.b.ins().jump(*first, arguments);
        } else {
            let others = self.b.create_block();
            self.b.set_cold_block(others);
            let is_pc = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, which, 0);
            self.b.ins().brif(is_pc, *first, arguments, others, &[]);
            self.b.switch_to_block(others);
            for &(pad, number, _) in &pads {
                if !switched.contains(&number) {
                    self.b.set_cold_block(pad);
                }
            }
            let pool = &mut self.b.func.dfg;
            let calls: Vec<_> = ways.iter().map(|(way, with)| pool.block_call(*way, with)).collect();
            let table = self.b.create_jump_table(JumpTableData::new(calls[0], &calls));
            let which = self.b.ins().ireduce(types::I32, which);
            let number = self.b.ins().ineg(which);
            self.b.ins().br_table(number, table);
        }
        for (pad, number, pc) in pads {
            self.b.switch_to_block(pad);
            let budget = self.b.block_params(pad).first().copied().unwrap_or(budget);
            self.begin_entry(budget, registers, number);
            self.goto(pc);
        }
    }

    /// Resets the state to the start of an entry.
    fn begin_entry(&mut self, budget: Value, registers: &[Value], number: usize) {
        self.state = State::new(budget);
        if number == 0 {
            CALLED_WITH.iter().zip(registers).for_each(|(&n, &value)| self.state.cache.note_gpr(n, value));
        }
    }

    /// Jumps to the guest address `target`, 32 bits zero-extended and a multiple of four. All
    /// registers must be flushed.
    pub(super) fn switch_to(&mut self, target: Value) {
        let budget = self.budget_after();
        let address = self.looked_up(target, Word::Code);
        let edges = self.switch.edges + self.switch.ways.len();
        if !self.switch.ways.is_empty() && edges <= MAX_EDGES {
            self.switch.edges = edges;
            let start = RelocationTarget::Region.value(&mut self.b);
            // The distance of an address outside the region's entries is out of range, or wraps.
            let distance = self.b.ins().isub(address, start);
            let distance = self.b.ins().ireduce(types::I32, distance);
            let place = self.b.ins().ushr_imm_s(distance, i64::from(ENTRY_SHIFT));
            let out = self.b.create_block();
            self.b.set_cold_block(out);
            let pool = &mut self.b.func.dfg;
            let others = pool.block_call(out, &[]);
            let ways = self.switch.ways.iter().map(|&way| pool.block_call(way, &[BlockArg::Value(budget)]));
            let calls: Vec<_> = ways.collect();
            let table = self.b.create_jump_table(JumpTableData::new(others, &calls));
            self.b.ins().br_table(place, table);
            self.b.switch_to_block(out);
        }
        self.b.ins().return_call_indirect(self.signatures.other, address, &[budget, target]);
    }
}
