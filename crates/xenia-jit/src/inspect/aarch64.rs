//! Cross-compilation of regions to AArch64, for dumps only: the code is not run.

use crate::compile::compiler_config;
use crate::plan::CodeRequest;
use crate::{Jit, JitError};
use xenia_guest::GuestAddr;
use xenia_lifter::cfg::region::MAX_REGION_LENGTH;
use xenia_lifter::{Compiler, Mode};

impl Jit {
    /// The IR of the code at `pc`, and its AArch64 assembly. If the code is too long, one piece of
    /// it.
    pub fn dump_for_aarch64(&self, pc: GuestAddr) -> Result<Option<(String, String)>, JitError> {
        let mode = Mode::default();
        let Some(code) = self.shared.code(mode) else { return Ok(None) };
        let wanted = CodeRequest { pc: pc.0, as_entry: true };
        let Some(plan) = self.shared.plan(code, wanted, &|_, _| Vec::new(), MAX_REGION_LENGTH) else {
            return Ok(None);
        };
        let mut compiler = Compiler::for_aarch64(compiler_config(&self.shared.config))?;
        let texts = compiler.texts(&plan.region, self.shared.lift_config(mode))?;
        Ok(Some((texts.clif, texts.host)))
    }
}
