//! Guards: code on the edges to a block that establishes its assumptions about floating point
//! ([`crate::analysis::assumptions`]).

use super::{Lifter, reason};
use crate::analysis::assumptions::{Assumptions, FprFormats};
use crate::cfg::graph::BlockId;
use crate::host::Leave;
use cranelift_codegen::ir::{InstBuilder, types};

impl Lifter<'_> {
    /// Assumptions of a block; none if it inherits its state.
    pub(super) fn assumptions_of(&self, id: BlockId) -> Assumptions {
        if self.graph.is_ebb_member(id) { Assumptions::default() } else { self.assumptions[id.index()] }
    }

    /// Establishes the assumptions of the block `to` and stores floating-point registers in the
    /// formats that it expects. All other registers must be stored already.
    pub(super) fn prepare(&mut self, to: BlockId) {
        let Assumptions { mode, formats } = self.assumptions_of(to);
        let unknown =
            (0..32).filter(|n| formats.single >> n & 1 != 0 && self.known_single(*n).is_none()).collect();
        self.guard_singles(self.graph.start(to), unknown);
        self.store_floats_but(formats);
        if let Some(mode) = mode {
            self.float_mode(mode);
        }
    }

    /// Guard: checks that these registers hold doubles that are exact singles. On failure the
    /// interpreter runs from `to` to the next entry.
    fn guard_singles(&mut self, to: u32, registers: Vec<usize>) {
        if registers.is_empty() {
            return;
        }
        let before = self.state.known_values();
        let mut unfit = None;
        for n in registers {
            self.single_operand(n, &mut unfit);
        }
        let (Some(unfit), Some(here)) = (unfit, self.b.current_block()) else { return };
        let known = self.state.replace_known_values(before);
        self.b.switch_to_block(unfit);
        self.store_dirty();
        let why = self.b.ins().iconst(types::I64, reason(Leave::Unfit, to));
        self.leave_value(why);
        self.state.replace_known_values(known);
        self.b.switch_to_block(here);
    }

    /// Converts the registers that a block assumes as singles to doubles, on a path that leaves the
    /// region.
    pub(super) fn lengthen(&mut self, id: BlockId) {
        let FprFormats { single, open } = self.assumptions_of(id).formats;
        if single | open != 0 {
            let single = self.const64(single.into());
            let open = self.const64(open.into());
            self.call_cold_hook(crate::hook::Hook::Widen, &[single, open]);
        }
    }
}
