//! Dumps of regions compiled for AArch64, which test on any host that the lifter's output does not
//! depend on x86-64.
//!
//! The code does not run here. It is what the lifter and Cranelift make on an AArch64 host, without
//! entries ([`crate::arch`]).

use super::{Compiler, Texts, flags};
use crate::cfg::region::{REGION_LIMIT, Region};
use crate::emit::LiftConfig;
use crate::mode::Mode;
use crate::transform::plan::Wanted;
use crate::{Jit, JitConfig, JitError};
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa;
use cranelift_frontend::FunctionBuilderContext;
use xenia_guest::GuestAddr;

/// 64-bit Arm under Linux.
const TARGET: &str = "aarch64-unknown-linux-gnu";

impl Compiler {
    /// Creates a compiler for AArch64.
    pub(crate) fn for_aarch64(config: &JitConfig) -> Result<Self, JitError> {
        let failed = |why: String| JitError::Cranelift(format!("Cranelift for {TARGET}: {why}"));
        let triple = TARGET.parse().map_err(|why| failed(format!("{why}")))?;
        let builder = isa::lookup(triple).map_err(|why| failed(why.to_string()))?;
        Ok(Self {
            isa: builder.finish(flags(config)?).map_err(|why| failed(why.to_string()))?,
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            control: ControlPlane::default(),
            least: config.baseline_host,
        })
    }

    /// The IR and AArch64 assembly of `region`.
    pub(crate) fn texts(&mut self, region: &Region, config: LiftConfig) -> Result<Texts, JitError> {
        // As `features` of that processor has it.
        let config = LiftConfig {
            has_fma: true,
            has_pshufb: false,
            memory_at: None,
            sinks: false,
            reorders: true,
            rounds_silently: true,
            ..config
        };
        let (_, clif) = self.lift_and_compile(region, config, true)?;
        let host = self.context.compiled_code().and_then(|code| code.vcode.clone());
        Ok(Texts { clif: clif.unwrap_or_default(), host: host.unwrap_or_default() })
    }
}

impl Jit {
    /// The IR of the code at `pc`, and its AArch64 assembly. If the code is too long, one piece of
    /// it.
    pub fn dump_for_aarch64(&self, pc: GuestAddr) -> Result<Option<(String, String)>, JitError> {
        let mode = Mode::default();
        let Some(code) = self.shared.code(mode) else { return Ok(None) };
        let wanted = Wanted { pc: pc.0, as_entry: true };
        let Some(plan) = self.shared.plan(code, wanted, &|_, _| Vec::new(), REGION_LIMIT) else {
            return Ok(None);
        };
        let texts =
            Compiler::for_aarch64(&self.shared.config)?.texts(&plan.region, self.shared.lift_config(mode))?;
        Ok(Some((texts.clif, texts.host)))
    }
}
