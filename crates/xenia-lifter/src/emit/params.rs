//! Values of block parameters ([`crate::analysis::block_params`]) on edges and at block starts.

use super::Lifter;
use crate::analysis::block_params::BlockParam;
use crate::cfg::graph::BlockId;
use crate::host::Word;
use cranelift_codegen::ir::Value;

impl Lifter<'_> {
    /// Block parameters of a block, after the budget.
    pub(super) fn block_params_of(&self, id: BlockId) -> Vec<BlockParam> {
        self.block_params[id.index()].clone()
    }

    /// The value to pass for a block parameter.
    pub(super) fn block_param_value(&mut self, param: BlockParam) -> Value {
        match param {
            BlockParam::Whole(n) => self.gpr(n),
            BlockParam::Low(n) => self.gpr_low(n),
            BlockParam::Memory => self.word(Word::Memory),
            BlockParam::Single(n) => self.fpr_in_single_format(n),
            BlockParam::Double(n) => self.fpr_in_double_format(n),
            BlockParam::Vector(n) => self.vr(n),
        }
    }

    /// Whether the value of a block parameter is available without another instruction.
    pub(super) fn has_block_param(&self, param: BlockParam) -> bool {
        match param {
            BlockParam::Whole(n) => self.state.cache.is_gpr_known(n),
            BlockParam::Low(n) => self.state.cache.is_low_known(n),
            BlockParam::Memory => self.state.words[Word::Memory as usize].is_some(),
            BlockParam::Single(n) => self.state.cache.floats.is_single_known(n),
            BlockParam::Double(n) => self.state.cache.floats.is_double_known(n),
            BlockParam::Vector(n) => self.state.cache.is_vr_known(n),
        }
    }

    /// Makes the value of a block parameter known at the start of the block.
    pub(super) fn define_block_param(&mut self, param: BlockParam, value: Value) {
        match param {
            BlockParam::Whole(n) => self.state.cache.note_gpr(n, value),
            BlockParam::Low(n) => self.state.cache.note_low(n, value),
            BlockParam::Memory => self.state.words[Word::Memory as usize] = Some(value),
            BlockParam::Single(n) => self.state.cache.floats.note_single(n, value),
            BlockParam::Double(n) => self.state.cache.floats.note_double(n, value),
            BlockParam::Vector(n) => self.state.cache.note_vr(n, value),
        }
    }
}
