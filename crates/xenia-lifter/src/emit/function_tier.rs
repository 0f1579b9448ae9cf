//! Optimizing tier: compiles one region to host code with Cranelift.
//!
//! The region becomes one function, preceded by its entries. Each entry is a few bytes that put the
//! entry's number in place of the pc and jump to the function's start. Entry 0, the target of most
//! calls, falls through into the function instead. Each entry has two addresses
//! ([`crate::arch::thunks`]).
//!
//! ```text
//!  entry 1 │ entry 2 │ … │ entry 0: registers, stack limit │ function: entry dispatch, blocks
//! ```

#[cfg(feature = "arm64")]
mod aarch64;
mod assemble;

use crate::arch::{TargetCpu, features, peephole};
use crate::cfg::ranges::AddressRanges;
use crate::cfg::region::Region;
use crate::dead_loads;
use crate::emit::{LiftConfig, Lifted, Lifter, Site, region_signature};
use crate::error::LiftError;
use crate::fault_exit::FaultExits;
use crate::peephole::{Facts, Moved, Optimized};
use crate::relocation::Relocation;
use assemble::{EntryCode, FinalOffsets, MarkedCode};
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::UserFuncName;
use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use target_lexicon::Triple;

/// Result of compiling a region.
#[derive(Debug)]
pub struct Compiled {
    /// Entries and code, not relocated yet.
    pub code: Vec<u8>,
    /// Metadata of the code.
    pub tables: Tables,
    /// IR and disassembly, if requested.
    pub texts: Option<Texts>,
    /// Fault exits; none for code from the store.
    pub fault_exits: FaultExits,
}

/// Metadata of a region's code. Like the code, it depends only on the guest's words and the
/// compiler's settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tables {
    /// The entries, in the order of `Region::entries`.
    pub entries: Vec<EntryOffset>,
    /// Address ranges of its guest instructions.
    pub covered: AddressRanges,
    /// Address ranges of the leaf functions inlined in it.
    pub leaves: AddressRanges,
    /// The code of its guest instructions, in ascending order of offsets.
    pub places: Vec<SiteStart>,
    /// The accesses with a fault exit, in ascending order.
    pub landings: Vec<Landing>,
    /// Places in the code that depend on the process.
    pub relocations: Vec<Relocation>,
}

/// An entry of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryOffset {
    /// Its guest address.
    pub pc: u32,
    /// Offset of its code.
    pub offset: u32,
}

/// An offset from which the code is that of another guest instruction than before it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SiteStart {
    /// The offset in the code.
    pub offset: u32,
    /// The guest instruction; `None` for code that belongs to none.
    pub site: Option<Site>,
}

/// An access with a fault exit. Both are offsets in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Landing {
    /// Offset of the instruction that may fault.
    pub access: u32,
    /// Offset of the start of its fault exit.
    pub exit: u32,
}

/// A region as text: Cranelift IR and host assembly.
#[derive(Clone, Debug)]
pub struct Texts {
    /// Cranelift's intermediate form.
    pub clif: String,
    /// Host assembly in Cranelift's syntax.
    pub host: String,
}

impl Compiled {
    /// The guest instruction whose code covers `offset`.
    pub fn site(places: &[SiteStart], offset: u32) -> Option<Site> {
        let after = places.partition_point(|start| start.offset <= offset);
        places.get(after.checked_sub(1)?)?.site
    }
}

/// Optimisation effort of the compiler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// No optimisation but register allocation.
    #[default]
    Fast,
    /// Cranelift's optimiser as well. For measurements only: it assumes that arithmetic depends
    /// only on its operands, so it moves it across changes of MXCSR's mode.
    Speed,
}

/// Settings of a [`Compiler`], which the code depends on.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompilerConfig {
    /// How much Cranelift optimises.
    pub effort: Effort,
    /// Run Cranelift's verifier on each region's intermediate code.
    pub verify: bool,
    /// Processor that code is for.
    pub cpu: TargetCpu,
}

/// Cranelift for this host, with reusable state.
pub struct Compiler {
    isa: OwnedTargetIsa,
    context: Context,
    builder: FunctionBuilderContext,
    control: ControlPlane,
    cpu: TargetCpu,
}

impl Compiler {
    /// Creates a compiler for this host.
    pub fn new(config: CompilerConfig) -> Result<Self, LiftError> {
        Ok(Self {
            isa: host_isa(config)?,
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            control: ControlPlane::default(),
            cpu: config.cpu,
        })
    }

    /// Description of the target and its settings, with all that code depends on.
    pub fn target(&self) -> String {
        let mut features: Vec<String> = self.isa.isa_flags().iter().map(ToString::to_string).collect();
        features.extend(features::peephole_features(self.cpu).iter().map(ToString::to_string));
        format!("{} {} {}", self.isa.triple(), self.isa.flags(), features.join(" "))
    }

    /// Number of IR instructions of the region that was compiled last.
    pub fn ir_instructions(&self) -> usize {
        self.context.func.dfg.num_insts()
    }

    /// A second compiler with the same settings.
    pub fn fork(&self) -> Self {
        Self {
            isa: Arc::clone(&self.isa),
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            control: ControlPlane::default(),
            cpu: self.cpu,
        }
    }

    /// Compiles `region`. Falls back to code without store sinking if a fault exit cannot be
    /// marked.
    pub fn compile(&mut self, region: &Region, config: LiftConfig) -> Result<Compiled, LiftError> {
        self.compile_with_fallback(region, config, false)
    }

    /// As [`Self::compile`], with the code as text.
    pub fn compile_with_texts(&mut self, region: &Region, config: LiftConfig) -> Result<Compiled, LiftError> {
        self.compile_with_fallback(region, config, true)
    }

    /// As [`Self::compile`]; with `texts`, the result has the code as text.
    fn compile_with_fallback(
        &mut self,
        region: &Region,
        config: LiftConfig,
        texts: bool,
    ) -> Result<Compiled, LiftError> {
        if let Some(compiled) = self.compile_once(region, config, texts)? {
            return Ok(compiled);
        }
        let pc = region.entries[0];
        tracing::debug!(pc, "compiled again: its loops store before accesses");
        let config = LiftConfig { sinks: false, ..config };
        // Only accesses in loops that sink stores have fault exits, and now no loop does.
        let refused = || LiftError::Compile { pc, reason: "a fault exit without store sinking".to_owned() };
        let mut compiled = self.compile_once(region, config, texts)?.ok_or_else(refused)?;
        compiled.fault_exits.refused = true;
        Ok(compiled)
    }

    /// Lifts and compiles `region`; the code stays in the context. Returns the IR as well if texts
    /// are requested.
    fn lift_and_compile(
        &mut self,
        region: &Region,
        config: LiftConfig,
        texts: bool,
    ) -> Result<(Lifted, Option<String>), LiftError> {
        self.context.clear();
        self.context.func.name = UserFuncName::user(0, region.entries[0]);
        self.context.func.signature = region_signature();
        self.context.set_disasm(texts);
        let builder = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
        let lifted = Lifter::new(builder, region, config).lift().map_err(|fitting| {
            // The builder is in the middle of the abandoned function.
            self.builder = FunctionBuilderContext::new();
            LiftError::TooLong(fitting)
        })?;
        dead_loads::remove_loads(&mut self.context.func);
        let clif = texts.then(|| self.context.func.display().to_string());
        self.context.compile(&*self.isa, &mut self.control).map_err(|e| {
            let reason = format!("{:?}", e.inner);
            LiftError::Compile { pc: region.entries[0], reason }
        })?;
        Ok((lifted, clif))
    }

    /// As [`Self::compile`]. Returns `None` if Cranelift placed code between an access in a loop
    /// and the branch of its fault exit.
    fn compile_once(
        &mut self,
        region: &Region,
        config: LiftConfig,
        texts: bool,
    ) -> Result<Option<Compiled>, LiftError> {
        let (Lifted { sites, calls }, clif) = self.lift_and_compile(region, config, texts)?;
        let failed = |reason| LiftError::Compile { pc: region.entries[0], reason };
        let code = self.context.compiled_code().ok_or_else(|| failed("no code".to_owned()))?;
        let Some(MarkedCode { code: body, starts, landings }) = MarkedCode::of(code) else {
            return Ok(None);
        };
        let fault_exits = FaultExits { marked: landings.len() as u32, refused: false };
        let marked: Vec<u32> = landings.iter().map(|landing| landing.access).collect();
        let references: Vec<u32> = code.buffer.relocs().iter().map(|found| found.offset).collect();
        let facts =
            Facts { blocks: &code.bb_starts, starts: &starts, marked: &marked, references: &references };
        let Optimized { code: body, moved } = peephole::optimize(&body, facts, self.cpu)
            .unwrap_or_else(|| Optimized { code: body, moved: Moved::new(Vec::new()) });
        let EntryCode { code: mut bytes, entries } = EntryCode::new(region, calls);
        let placed = FinalOffsets { moved, start: bytes.len() as u32 };
        bytes.extend_from_slice(&body);
        let mut relocations = Vec::with_capacity(code.buffer.relocs().len());
        for found in code.buffer.relocs() {
            let at = placed.final_offset(found.offset);
            let Some(relocation) = Relocation::of(found, &self.context.func, at) else {
                return Err(failed(format!("no way to relocate {found:?}")));
            };
            relocations.push(relocation);
        }
        let tables = Tables {
            entries,
            covered: region.covered(),
            leaves: region.leaves(),
            places: placed.sites(code, &sites),
            landings: placed.landings(landings),
            relocations,
        };
        let texts = clif.map(|clif| Texts { clif, host: code.vcode.clone().unwrap_or_default() });
        Ok(Some(Compiled { code: bytes, tables, texts, fault_exits }))
    }
}

/// Cranelift's backend for this host.
fn host_isa(config: CompilerConfig) -> Result<OwnedTargetIsa, LiftError> {
    let flags = flags(config)?;
    let mut builder = isa::lookup(Triple::host())
        .map_err(|e| LiftError::Cranelift(format!("Cranelift for this host: {e}")))?;
    for name in features::enabled(config.cpu) {
        builder.enable(name).map_err(|e| LiftError::Cranelift(format!("Cranelift feature {name}: {e}")))?;
    }
    builder.finish(flags).map_err(|e| LiftError::Cranelift(format!("Cranelift for this host: {e}")))
}

/// Settings common to all hosts.
fn flags(config: CompilerConfig) -> Result<settings::Flags, LiftError> {
    let mut shared = settings::builder();
    let level = match config.effort {
        Effort::Fast => "none",
        Effort::Speed => "speed",
    };
    for (name, value) in [
        ("opt_level", level),
        ("regalloc_algorithm", "backtracking"),
        ("enable_pinned_reg", "true"),
        ("preserve_frame_pointers", "true"),
        ("enable_verifier", if config.verify { "true" } else { "false" }),
        ("enable_heap_access_spectre_mitigation", "false"),
        ("enable_table_access_spectre_mitigation", "false"),
        // A frame of more than a page must not jump over the guard page of the thread's stack.
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
        ("probestack_size_log2", "12"),
        ("unwind_info", "false"),
        ("is_pic", "false"),
        ("machine_code_cfg_info", "true"),
    ] {
        shared
            .set(name, value)
            .map_err(|e| LiftError::Cranelift(format!("Cranelift setting {name}: {e}")))?;
    }
    Ok(settings::Flags::new(shared))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cranelift_codegen::ir::{Function, InstBuilder, Signature, StackSlotData, StackSlotKind};
    use cranelift_codegen::isa::CallConv;
    use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

    /// Bytes of code of a function with a frame of this size that does nothing.
    fn length_with_frame(bytes: u32) -> usize {
        let isa = host_isa(CompilerConfig::default()).unwrap();
        let mut function = Function::new();
        function.signature = Signature::new(CallConv::Tail);
        let mut context = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut function, &mut context);
        builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 0));
        let block = builder.create_block();
        builder.switch_to_block(block);
        builder.ins().return_(&[]);
        builder.seal_all_blocks();
        builder.finalize(isa.frontend_config());
        let mut context = Context::for_function(function);
        context.compile(&*isa, &mut ControlPlane::default()).unwrap().code_buffer().len()
    }

    #[test]
    fn the_target_names_features_of_the_peephole_pass() {
        let names = |cpu| {
            let target = Compiler::new(CompilerConfig { cpu, ..CompilerConfig::default() }).unwrap().target();
            features::peephole_features(TargetCpu::Native)
                .iter()
                .all(|name| target.split(' ').any(|word| word == *name))
        };
        assert!(names(TargetCpu::Native));
        assert_eq!(names(TargetCpu::Portable), features::peephole_features(TargetCpu::Native).is_empty());
    }

    #[test]
    fn each_page_of_a_large_frame_is_touched() {
        let [small, medium, two, three] = [16, 2048, 2 * 4096, 3 * 4096].map(length_with_frame);
        assert!(medium <= small + 8, "{small} bytes of code, {medium} bytes");
        assert!(medium + 4 <= two && two + 4 <= three, "{medium} bytes of code, {two} bytes, {three} bytes");
    }
}
