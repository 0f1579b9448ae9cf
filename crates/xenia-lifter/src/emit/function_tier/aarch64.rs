//! Dumps of regions compiled for AArch64, which test on any host that the lifter's output does not
//! depend on x86-64.
//!
//! The code does not run here. It is what the lifter and Cranelift make on an AArch64 host, without
//! entries ([`crate::thunks`]).

use super::{Compiler, CompilerConfig, Texts, flags};
use crate::cfg::region::Region;
use crate::emit::LiftConfig;
use crate::error::LiftError;
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa;
use cranelift_frontend::FunctionBuilderContext;

/// 64-bit Arm under Linux.
const TARGET: &str = "aarch64-unknown-linux-gnu";

impl Compiler {
    /// Creates a compiler for AArch64.
    pub fn for_aarch64(config: CompilerConfig) -> Result<Self, LiftError> {
        let failed = |why: String| LiftError::Cranelift(format!("Cranelift for {TARGET}: {why}"));
        let triple = TARGET.parse().map_err(|why| failed(format!("{why}")))?;
        let builder = isa::lookup(triple).map_err(|why| failed(why.to_string()))?;
        Ok(Self {
            isa: builder.finish(flags(config)?).map_err(|why| failed(why.to_string()))?,
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            control: ControlPlane::default(),
            cpu: config.cpu,
        })
    }

    /// The IR and AArch64 assembly of `region`.
    pub fn texts(&mut self, region: &Region, config: LiftConfig) -> Result<Texts, LiftError> {
        // As `features` of that processor has it.
        let config = LiftConfig {
            has_fma: true,
            has_pshufb: false,
            memory_at: None,
            sinks: false,
            reorders: true,
            rounds_silently: true,
            compares_memory: false,
            ..config
        };
        let (_, clif) = self.lift_and_compile(region, config, true)?;
        let host = self.context.compiled_code().and_then(|code| code.vcode.clone());
        Ok(Texts { clif: clif.unwrap_or_default(), host: host.unwrap_or_default() })
    }
}
