//! VSCR\[SAT\] in the register cache.
//!
//! SAT is sticky, so instructions that saturate only collect the lanes in which they did. VSCR is
//! formed where it is read or stored: one test of all these lanes, in place of an update of the
//! context by each instruction, which would wait for the update before.

use super::super::{HOST, Lifter};
use crate::host::field;
use cranelift_codegen::ir::{InstBuilder, Value, types};

/// Values for VSCR. Both kinds of SAT are pending until they are stored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct VscrValues {
    /// VSCR as the context has it, zero-extended to an I64.
    stored: Option<Value>,
    /// Pending SAT, which is set if a lane of this I8X16 is not 0.
    lanes: Option<Value>,
    /// Pending SAT as an I8 of 0 or 1.
    flag: Option<Value>,
}

impl VscrValues {
    /// Whether the context may lack SAT.
    pub(super) fn is_pending(self) -> bool {
        self.lanes.is_some() || self.flag.is_some()
    }

    /// Notes that the context has the pending SAT.
    pub(super) fn all_stored(&mut self) {
        self.lanes = None;
        self.flag = None;
    }
}

impl Lifter<'_> {
    /// Sets SAT if `any`, an I8 of 0 or 1, is 1.
    pub(crate) fn saturated_if(&mut self, any: Value) {
        let flag = match self.state.cache.vscr.flag {
            Some(flag) => self.b.ins().bor(flag, any),
            None => any,
        };
        self.state.cache.vscr.flag = Some(flag);
    }

    /// Sets SAT if any of `lanes` is nonzero.
    pub(crate) fn saturated_where(&mut self, lanes: Value) {
        let more = self.cast(lanes, types::I8X16);
        let lanes = match self.state.cache.vscr.lanes {
            Some(lanes) => self.b.ins().bor(lanes, more),
            None => more,
        };
        self.state.cache.vscr.lanes = Some(lanes);
    }

    /// VSCR, zero-extended to an I64.
    pub(crate) fn vscr(&mut self) -> Value {
        let stored = self.stored_vscr();
        let VscrValues { lanes, flag, .. } = self.state.cache.vscr;
        let in_lanes = lanes.map(|lanes| self.b.ins().vany_true(lanes));
        let any = match (in_lanes, flag) {
            (Some(in_lanes), Some(flag)) => self.b.ins().bor(in_lanes, flag),
            (Some(any), None) | (None, Some(any)) => any,
            (None, None) => return stored,
        };
        let sat = self.b.ins().uextend(types::I64, any);
        self.b.ins().bor(stored, sat)
    }

    /// VSCR as the context has it, zero-extended to an I64.
    pub(crate) fn stored_vscr(&mut self) -> Value {
        if let Some(stored) = self.state.cache.vscr.stored {
            return stored;
        }
        let stored = self.copied_vscr().unwrap_or_else(|| {
            let ctx = self.context();
            self.b.ins().uload32(HOST, ctx, field::VSCR)
        });
        self.state.cache.vscr.stored = Some(stored);
        stored
    }

    /// Stores SAT if it is pending, and leaves it so.
    pub(super) fn store_saturation(&mut self) {
        if self.state.cache.vscr.is_pending() {
            let vscr = self.vscr();
            self.store_vscr(vscr);
        }
    }

    /// Replaces VSCR by an I64 whose upper half is zero, in the context as well.
    pub(crate) fn set_vscr(&mut self, vscr: Value) {
        self.store_vscr(vscr);
        self.state.cache.vscr.all_stored();
    }

    fn store_vscr(&mut self, vscr: Value) {
        let ctx = self.context();
        // A store of 32 bits of an I64: with one of a whole I32, Cranelift may merge load, `or` and
        // store into an update of memory.
        self.b.ins().istore32(HOST, vscr, ctx, field::VSCR);
        self.state.cache.vscr.stored = Some(vscr);
        self.state.cache.copied.vscr = false;
    }
}

#[cfg(test)]
mod tests {
    use crate::cfg::testing::bdnz;
    use crate::emit::testing::{instructions, lifted};
    use crate::host::field;
    use cranelift_codegen::ir::Opcode;
    use xenia_isa::word::BLR;

    /// Numbers of loads and of stores of VSCR in the code of a function with these instructions.
    fn loads_and_stores(text: &str) -> [usize; 2] {
        let func = lifted(text, &[BLR]);
        let accesses = instructions(&func).filter(|data| data.load_store_offset() == Some(field::VSCR));
        accesses.fold([0, 0], |[loads, stores], data| {
            if data.opcode().can_store() { [loads, stores + 1] } else { [loads + 1, stores] }
        })
    }

    #[test]
    fn a_block_stores_saturation_once() {
        let text = "vaddubs v1,v1,v2\nvpkswss v3,v1,v2\nvsumsws v4,v3,v1\nvsubsws v5,v4,v1";
        assert_eq!(loads_and_stores(text), [1, 1]);
        // A read uses the pending value.
        let text = "vaddubs v1,v1,v2\nmfvscr v3\nvaddubs v1,v1,v3";
        assert_eq!(loads_and_stores(text), [1, 1]);
    }

    #[test]
    fn saturation_is_stored_before_each_access() {
        for access in ["stvx v1,0,r3", "lvx v4,0,r3", "stw r5,0(r3)", "lwz r5,0(r3)"] {
            let text = format!("vaddubs v1,v1,v2\n{access}\nvaddubs v1,v1,v2\n{access}");
            assert_eq!(loads_and_stores(&text), [1, 2], "{access}");
        }
    }

    #[test]
    fn a_move_to_vscr_drops_pending_saturation() {
        // Only the move's store.
        assert_eq!(loads_and_stores("vaddubs v1,v1,v2\nmtvscr v3"), [0, 1]);
    }

    #[test]
    fn a_loop_has_vscr_in_a_register() {
        let func = &lifted("vaddubs v1,v1,v2\nmfvscr v3\naddi r3,r3,1", &[bdnz(-3), BLR]);
        let data_of = |block| func.layout.block_insts(block).map(move |inst| &func.dfg.insts[inst]);
        let adds = |block| data_of(block).any(|data| data.opcode() == Opcode::UaddSat);
        let loads = |block| {
            data_of(block)
                .any(|data| data.opcode().can_load() && data.load_store_offset() == Some(field::VSCR))
        };
        let bodies: Vec<_> = func.layout.blocks().filter(|&block| adds(block)).collect();
        assert_eq!(bodies.len(), 1);
        assert!(!loads(bodies[0]), "{}", func.display());
        assert!(func.layout.blocks().any(loads), "{}", func.display());
    }
}
