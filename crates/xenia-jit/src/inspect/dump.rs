//! Compilation of code that is not published: its text, and its cost.

use super::cost::RegionCost;
use crate::JitError;
use crate::jit::Jit;
use crate::plan::{CodeRequest, Plan, split_or_shrink};
use xenia_cpu::PpcContext;
use xenia_guest::GuestAddr;
use xenia_lifter::cfg::region::{MAX_REGION_LENGTH, Region};
use xenia_lifter::{Compiled, Compiler, LiftConfig, LiftError, Mode, Texts};

/// A compiled region as text, for debugging.
#[derive(Clone, Debug)]
pub struct Dump {
    /// Addresses and words of the guest instructions.
    pub guest: Vec<(u32, u32)>,
    /// Cranelift's intermediate form.
    pub clif: String,
    /// Host assembly in Cranelift's syntax, before the peephole optimisation.
    pub host: String,
    /// Number of host instructions for each block.
    pub cost: RegionCost,
}

/// [`Compiler::compile`] or [`Compiler::compile_with_texts`].
type CompileRegion = fn(&mut Compiler, &Region, LiftConfig) -> Result<Compiled, LiftError>;

impl Jit {
    /// Compiles the code at `pc` in the usual mode (32 bits, plain arithmetic) and returns it as
    /// text, without publishing it.
    pub fn dump(&self, pc: GuestAddr) -> Result<Option<Dump>, JitError> {
        self.dump_in(Mode::default(), pc)
    }

    /// Does the same as [`Self::dump`], in the mode of `ctx`.
    pub(crate) fn dump_for(&self, ctx: &PpcContext) -> Result<Option<Dump>, JitError> {
        self.dump_in(Mode::of(ctx).unwrap_or_default(), GuestAddr(ctx.pc))
    }

    /// Counts the host instructions of the code at `pc`, compiled as by [`Self::dump`].
    pub fn cost(&self, pc: GuestAddr) -> Result<Option<RegionCost>, JitError> {
        Ok(self
            .compile_in(Mode::default(), pc, Compiler::compile)?
            .map(|(plan, compiled)| RegionCost::of(&plan.region, &compiled)))
    }

    fn dump_in(&self, mode: Mode, pc: GuestAddr) -> Result<Option<Dump>, JitError> {
        let Some((plan, compiled)) = self.compile_in(mode, pc, Compiler::compile_with_texts)? else {
            return Ok(None);
        };
        let cost = RegionCost::of(&plan.region, &compiled);
        let blocks = plan.region.blocks.values();
        let guest = blocks.flat_map(|block| block.code.iter().map(|g| (g.pc, g.instruction.0))).collect();
        Ok(compiled.texts.map(|Texts { clif, host }| Dump { guest, clif, host, cost }))
    }

    /// Compiles the code at `pc` without publishing it.
    fn compile_in(
        &self,
        mode: Mode,
        pc: GuestAddr,
        compile: CompileRegion,
    ) -> Result<Option<(Plan, Compiled)>, JitError> {
        let Some(code) = self.shared.code(mode) else { return Ok(None) };
        let wanted = CodeRequest { pc: pc.0, as_entry: true };
        let reached = |from, to| self.engine.reached_between(&self.shared, from, to);
        let mut limit = MAX_REGION_LENGTH;
        loop {
            let Some(plan) = self.shared.plan(code, wanted, &reached, limit) else {
                return Ok(None);
            };
            let config = self.shared.lift_config(mode);
            match compile(&mut self.engine.compiler.lock(), &plan.region, config) {
                Err(LiftError::TooLong(fitting)) if limit > 1 => {
                    limit = split_or_shrink(code, plan, fitting, limit);
                }
                compiled => return Ok(Some((plan, compiled?))),
            }
        }
    }

    /// Host code of the region that has `pc` as an entry in the usual mode, if it is compiled.
    pub fn host_code(&self, pc: GuestAddr) -> Option<Vec<u8>> {
        self.shared.code(Mode::default())?.cache.lock().code_of(pc.0)
    }
}
