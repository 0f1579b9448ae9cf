//! Control flow out of a block: jumps inside the region, region exits, guest calls and returns, and
//! hook calls.
//!
//! Each way out makes current what its target expects, by calls in this order ([`super::cache`] and
//! [`super::guards`] have them; the table of `cache/stores.rs` says what each does):
//!
//! | way | calls |
//! |---|---|
//! | a block that inherits the state | `surface`¹, `inherit_state` |
//! | another block | `surface`¹, `flush_but_floats`, `prepare`, `define_copies`; values |
//! | the same, if nothing is missing (`direct_edge`) | `define_copies`; values |
//! | another region, a callee, a caller | `flush`; values |
//! | too small a budget, the state is inherited | `flush`, `leave` |
//! | too small a budget, in a sinking loop | `surface`, `store_others`, `lengthen`, `leave` |
//! | too small a budget otherwise | `lengthen`, `leave` |
//! | an exception, a change of SO, a failing guard | `store_dirty`; to the exit |
//! | a fault in a sinking loop | `flush_for_access`, `note_singles`; to the exit |
//!
//! ¹ Unless the edge stays inside of a loop that sinks stores (a sinking loop).
//!
//! `surface` comes first, because it only marks registers for the stores. `prepare` may leave for
//! the interpreter, so all but floating-point registers are stored before it; and it stores these
//! in the formats that `define_copies` and the block parameters pass. Values (the budget, and what
//! parameters or arguments need) come last: they are those that the stores have left known. The
//! code after a way that leaves from a side block has the state of before
//! ([`Lifter::with_kept_state`]).

use super::{HOST, Lifter, State, reason};
use crate::analysis::assumptions::Assumptions;
use crate::analysis::block_params::{CALLED_WITH, RETURNED};
use crate::analysis::loop_carried::carried;
use crate::cfg::graph::BlockId;
use crate::cfg::region::Block;
use crate::hook::Hook;
use crate::host::{Leave, Word, field};
use crate::relocation::RelocationTarget;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, BlockArg, InstBuilder, Value, types};

impl Lifter<'_> {
    /// The remaining budget after the block's instructions.
    pub(super) fn budget_after(&mut self) -> Value {
        self.budget_less(self.state.spent)
    }

    /// The remaining budget before this instruction.
    pub(super) fn budget_before(&mut self) -> Value {
        self.budget_less(self.state.spent - self.remaining)
    }

    pub(super) fn budget_less(&mut self, spent: u32) -> Value {
        let budget = self.state.budget;
        let left = i64::from(self.state.counted) - i64::from(spent);
        if left == 0 { budget } else { self.b.ins().iadd_imm_s(budget, left) }
    }

    /// Ends the block with a jump to `to`: inside the region, or through its link slot.
    pub(super) fn goto(&mut self, to: u32) {
        if let Some(id) = self.graph.block_at(to) {
            self.goto_inside(id);
        } else {
            if self.region.pruned_targets.contains(&to)
                && let Some(here) = self.b.current_block()
            {
                self.b.set_cold_block(here);
            }
            self.flush();
            let target = self.linked(to);
            let pc = self.b.ins().iconst(types::I64, i64::from(to));
            let arguments = self.arguments(pc);
            self.b.ins().return_call_indirect(self.signatures.region, target, &arguments);
        }
    }

    /// Ends the block with a jump to a block of the region.
    fn goto_inside(&mut self, to: BlockId) {
        if let Some((target, arguments)) = self.direct_edge_inside(to) {
            self.b.ins().jump(target, &arguments);
            return;
        }
        let sinks = self.loop_carried.is_sinking() && self.loop_carried.is_in_current_loop(to);
        if !sinks {
            self.surface();
        }
        if self.graph.is_ebb_member(to) {
            self.inherit_state(to);
            let target = self.blocks[to.index()];
            self.b.ins().jump(target, &[]);
            return;
        }
        self.flush_but_floats();
        self.prepare(to);
        self.define_copies(to);
        let mut arguments = vec![BlockArg::Value(self.budget_after())];
        arguments.extend(
            self.block_params_of(to).into_iter().map(|param| BlockArg::Value(self.block_param_value(param))),
        );
        let target = self.way_to(to);
        self.b.ins().jump(target, &arguments);
    }

    /// [`Self::direct_edge_inside`] of a guest address; `None` if it is outside of the region, too.
    pub(super) fn direct_edge(&mut self, to: u32) -> Option<(ir::Block, Vec<BlockArg>)> {
        self.graph.block_at(to).and_then(|id| self.direct_edge_inside(id))
    }

    /// The target and arguments of the edge to `to`, if the edge needs no code of its own: all that
    /// the block expects is stored, or the block inherits the state. Otherwise `None`.
    fn direct_edge_inside(&mut self, to: BlockId) -> Option<(ir::Block, Vec<BlockArg>)> {
        let target = self.blocks[to.index()];
        if self.loop_carried.is_sinking() && !self.loop_carried.is_in_current_loop(to) {
            return None;
        }
        if self.graph.is_ebb_member(to) {
            self.inherit_state(to);
            return Some((target, Vec::new()));
        }
        let Assumptions { mode, formats } = self.assumptions_of(to);
        let is_ready = self.dirty() == 0
            && self.state.cache.floats.stored_formats() == formats
            && (mode.is_none() || mode == self.state.mode);
        let params = self.block_params_of(to);
        if !is_ready || !params.iter().all(|&param| self.has_block_param(param)) {
            return None;
        }
        self.define_copies(to);
        let mut arguments = vec![BlockArg::Value(self.budget_after())];
        arguments.extend(params.into_iter().map(|param| BlockArg::Value(self.block_param_value(param))));
        Some((self.way_to(to), arguments))
    }

    /// Before a branch: hoists the stores that both successors need, so that neither edge needs a
    /// block. Stores that create IR blocks stay on the edges, since a compare and its branch must
    /// be in the same block to be fused.
    pub(super) fn store_for_both(&mut self, sides: [u32; 2]) {
        let floats = &self.state.cache.floats;
        let stores_floats = floats.dirty() != 0 || self.state.cache.has_pending_status();
        let stored = floats.stored_formats();
        let accepts_stored = |to: &u32| {
            let Some(id) = self.graph.block_at(*to) else { return false };
            let Assumptions { mode, formats } = self.assumptions_of(id);
            let is_ready = (mode.is_none() || mode == self.state.mode) && formats == stored;
            is_ready && !self.graph.is_ebb_member(id)
        };
        if !stores_floats && !self.loop_carried.is_sinking() && sides.iter().all(accepts_stored) {
            self.flush_but_floats();
        }
    }

    /// Emits a path that does not join the current one, and restores the state.
    pub(super) fn with_kept_state(&mut self, path: impl FnOnce(&mut Self)) {
        let kept = self.state.clone();
        path(self);
        self.state = kept;
    }

    /// Lets the block `to`, which has this predecessor edge only, inherit the current state.
    fn inherit_state(&mut self, to: BlockId) {
        let before = self.inherited[to.index()].replace(Box::new(self.state.clone()));
        debug_assert!(before.is_none(), "{:#x} has one predecessor", self.graph.start(to));
    }

    /// Budget check at the start of a block: exits if the budget may end before the next check.
    pub(super) fn check_budget(&mut self, id: BlockId, block: &Block) {
        let budget = self.state.budget;
        let least = i64::from(block.needs + self.state.spent - self.state.counted);
        let enough = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, budget, least);
        let [go_on, out] = [(); 2].map(|()| self.b.create_block());
        self.b.set_cold_block(out);
        self.b.ins().brif(enough, go_on, &[], out, &[]);
        self.b.seal_block(go_on);
        self.b.seal_block(out);
        self.b.switch_to_block(out);
        let pc = block.start();
        if self.graph.is_ebb_member(id) {
            self.with_kept_state(|l| {
                l.flush();
                l.leave(Leave::Budget, pc);
            });
        } else if self.loop_carried.is_sinking() {
            self.with_kept_state(|l| {
                l.surface();
                l.store_others();
                l.lengthen(id);
                l.leave(Leave::Budget, pc);
            });
        } else {
            self.lengthen(id);
            self.leave(Leave::Budget, pc);
        }
        self.b.switch_to_block(go_on);
    }

    /// Arguments of a region entered at guest address `pc`.
    fn arguments(&mut self, pc: Value) -> Vec<Value> {
        let mut arguments = vec![self.budget_after(), pc];
        arguments.extend(CALLED_WITH.map(|n| self.gpr(n)));
        arguments
    }

    /// Emits the common exit block.
    pub(super) fn fill_exit(&mut self) {
        let exit = self.exit;
        self.b.switch_to_block(exit);
        let results = [self.b.block_params(exit)[0], self.b.block_params(exit)[1]];
        let ctx = self.context();
        let out = self.b.ins().load(types::I64, HOST, ctx, Word::Out.offset());
        self.b.ins().return_call_indirect(self.signatures.other, out, &results);
    }

    /// Host address in the link slot of guest address `to`.
    pub(super) fn linked(&mut self, to: u32) -> Value {
        let slot = RelocationTarget::Slot(to).value(&mut self.b);
        self.b.ins().load(types::I64, HOST, slot, 0)
    }

    /// Host address of the entry for the guest address in `pc` (32 bits, zero-extended), from the
    /// table of entries. `code` is the base that the entry is relative to: the start of code
    /// memory, or that plus [`crate::arch::thunks::LINKED`].
    pub(super) fn looked_up(&mut self, pc: Value, code: Word) -> Value {
        let entries = self.word(Word::Entries);
        let code = self.word(code);
        let place = self.b.ins().iadd(entries, pc);
        let offset = self.b.ins().uload32(HOST, place, 0);
        self.b.ins().iadd(code, offset)
    }

    /// Calls a hook. Its address is loaded at the call: most calls are in cold blocks, whose values
    /// must not be live elsewhere.
    pub(super) fn call_hook(&mut self, hook: Hook, arguments: &[Value]) -> Value {
        if hook.is_cold() {
            self.call_cold_hook(hook, arguments);
            let ctx = self.context();
            return self.b.ins().load(types::I64, HOST, ctx, Word::HookResult.offset());
        }
        let call = self.begin_call(hook, self.signatures.hooks[arguments.len()], arguments);
        self.b.inst_results(call)[0]
    }

    /// Calls a hook that leaves its result in [`Word::HookResult`].
    pub(super) fn call_cold_hook(&mut self, hook: Hook, arguments: &[Value]) {
        debug_assert!(hook.is_cold(), "{hook:?}");
        self.begin_call(hook, self.signatures.cold_hooks[arguments.len()], arguments);
    }

    fn begin_call(&mut self, hook: Hook, signature: ir::SigRef, arguments: &[Value]) -> ir::Inst {
        debug_assert_eq!(arguments.len(), hook.arguments(), "{hook:?}");
        let ctx = self.context();
        let address = self.b.ins().load(types::I64, HOST, ctx, hook.offset());
        let words: Vec<Value> = std::iter::once(ctx).chain(arguments.iter().copied()).collect();
        self.b.ins().call_indirect(signature, address, &words)
    }

    /// Ends the block with a return to the guest address `to`.
    pub(super) fn return_guest(&mut self, to: Value) {
        let mut results = vec![self.budget_after(), to];
        results.extend(RETURNED.map(|n| self.gpr(n)));
        self.b.ins().return_(&results);
        self.terminated = true;
    }

    /// Jumps to the common exit with the current budget.
    pub(super) fn leave(&mut self, leave: Leave, pc: u32) {
        let why = self.b.ins().iconst(types::I64, reason(leave, pc));
        self.leave_value(why);
    }

    /// Leaves after this instruction; all registers must be flushed.
    pub(super) fn leave_after(&mut self, leave: Leave) {
        // The remaining instructions of the block are not executed.
        let exact = self.budget_less(self.state.spent - self.remaining + 1);
        let why = self.b.ins().iconst(types::I64, reason(leave, self.guest.pc.wrapping_add(4)));
        let exit = self.exit;
        self.b.ins().jump(exit, &[BlockArg::Value(exact), BlockArg::Value(why)]);
    }

    /// Branches to a cold block if `condition`, and continues in it. Returns the block of the other
    /// case.
    pub(super) fn branch_to_cold(&mut self, condition: Value) -> ir::Block {
        let cold = self.b.create_block();
        let next = self.b.create_block();
        self.b.set_cold_block(cold);
        self.b.ins().brif(condition, cold, &[], next, &[]);
        self.b.switch_to_block(cold);
        next
    }

    /// Stores the instruction's address for a hook that reads it.
    pub(super) fn store_pc(&mut self) {
        let ctx = self.context();
        let pc = self.b.ins().iconst(types::I32, i64::from(self.guest.pc as i32));
        self.b.ins().store(HOST, pc, ctx, field::PC);
    }

    /// Leaves after this instruction if `condition`; all registers must be flushed.
    pub(super) fn leave_after_if(&mut self, leave: Leave, condition: Value) {
        let next = self.branch_to_cold(condition);
        self.leave_after(leave);
        self.b.switch_to_block(next);
    }

    pub(super) fn leave_value(&mut self, why: Value) {
        let budget = self.budget_after();
        let exit = self.exit;
        self.b.ins().jump(exit, &[BlockArg::Value(budget), BlockArg::Value(why)]);
    }

    /// Guest call of `target`, the host address of guest address `pc`, with the return address
    /// `back`. All registers must be flushed.
    pub(super) fn call_guest(&mut self, target: Value, pc: Value, back: u32) {
        self.calls = true;
        let arguments = self.arguments(pc);
        let exit = self.exit;
        let inst = self.b.ins().call_indirect(self.signatures.region, target, &arguments);
        let results = self.b.inst_results(inst).to_vec();
        let budget = results[0];
        let came = results[1];
        let back_here = self.b.ins().icmp_imm_s(IntCC::Equal, came, i64::from(back));
        let out = [BlockArg::Value(budget), BlockArg::Value(came)];
        // Words loaded before the call are still valid, but keeping them live across it costs more
        // than a reload.
        self.state = State::new(budget);
        for (n, &value) in RETURNED.into_iter().zip(&results[2..]) {
            self.state.cache.note_gpr(n, value);
        }
        if let Some((next, arguments)) = self.direct_edge(back) {
            self.b.ins().brif(back_here, next, &arguments, exit, &out);
        } else {
            let next = self.b.create_block();
            self.b.ins().brif(back_here, next, &[], exit, &out);
            self.b.switch_to_block(next);
            self.goto(back);
        }
        self.terminated = true;
    }

    /// The context pointer, relative to which all fields have a
    /// [`crate::host::displacement`]. Each IR block that needs it copies it: one value for
    /// several blocks would occupy a register in all of them, even in loops that do not access the
    /// context.
    pub(super) fn context(&mut self) -> Value {
        let here = self.b.current_block();
        if let Some((block, value)) = self.state.ctx
            && Some(block) == here
        {
            return value;
        }
        let value = self.b.ins().get_pinned_reg(types::I64);
        self.state.ctx = here.map(|block| (block, value));
        value
    }

    /// A word of `PpcContext::host`, loaded once per block.
    pub(super) fn word(&mut self, word: Word) -> Value {
        if let Some(value) = self.state.words[word as usize] {
            return value;
        }
        let carried = (word == Word::Memory).then(|| self.loop_carried.variable(carried::MEMORY)).flatten();
        let value = if let Some(variable) = carried {
            self.b.use_var(variable)
        } else {
            let ctx = self.context();
            self.b.ins().load(types::I64, HOST, ctx, word.offset())
        };
        self.state.words[word as usize] = Some(value);
        value
    }

    /// Leaves before this instruction, for the interpreter to run it.
    pub(super) fn raise(&mut self) {
        self.store_dirty();
        let exact = self.budget_before();
        let why = self.b.ins().iconst(types::I64, reason(Leave::Raise, self.guest.pc));
        let exit = self.exit;
        self.b.ins().jump(exit, &[BlockArg::Value(exact), BlockArg::Value(why)]);
        self.terminated = true;
    }

    /// Leaves before this instruction if `condition`, from a cold block.
    pub(super) fn raise_if(&mut self, condition: Value) {
        let next = self.branch_to_cold(condition);
        self.with_kept_state(Self::raise);
        // Only the cold block has ended.
        self.terminated = false;
        self.b.switch_to_block(next);
    }
}
