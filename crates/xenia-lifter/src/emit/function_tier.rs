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

use crate::arch::features;
use crate::arch::thunks::{ENTRY_SIZE, PADDING, entry_thunk, first_thunk};
use crate::cfg::region::Region;
use crate::emit::{LiftConfig, Lifted, Lifter, Site, region_signature};
use crate::error::LiftError;
use crate::fault_exit::{self, FaultExits, LEAVES};
use crate::peephole::{self, Facts, Moved, Optimized};
use crate::relocation::Relocation;
use crate::transform::dead_loads;
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
    /// Guest address and offset of each entry, in the order of `Region::entries`.
    pub entries: Vec<(u32, u32)>,
    /// Address ranges of its guest instructions, in order: first address, address after the last.
    pub covered: Vec<(u32, u32)>,
    /// Address ranges of the leaf functions inlined in it, likewise.
    pub leaves: Vec<(u32, u32)>,
    /// Start offset of the code of each guest instruction.
    pub places: Vec<(u32, Option<Site>)>,
    /// Offsets of the accesses with a fault exit, in ascending order, and of its start.
    pub landings: Vec<(u32, u32)>,
    /// Places in the code that depend on the process.
    pub relocations: Vec<Relocation>,
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
    pub fn site(places: &[(u32, Option<Site>)], offset: u32) -> Option<Site> {
        let after = places.partition_point(|&(start, _)| start <= offset);
        places.get(after.checked_sub(1)?)?.1
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
    /// Use only instructions that every x86-64-v2 host has, whatever this host supports.
    pub least: bool,
}

/// Cranelift for this host, with reusable state.
pub struct Compiler {
    isa: OwnedTargetIsa,
    context: Context,
    builder: FunctionBuilderContext,
    control: ControlPlane,
    /// Whether code is for the least processor.
    least: bool,
}

impl Compiler {
    /// Creates a compiler for this host.
    pub fn new(config: CompilerConfig) -> Result<Self, LiftError> {
        Ok(Self {
            isa: host_isa(config)?,
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            control: ControlPlane::default(),
            least: config.least,
        })
    }

    /// Description of the target and its settings, with all that code depends on.
    pub fn target(&self) -> String {
        let mut features: Vec<String> = self.isa.isa_flags().iter().map(ToString::to_string).collect();
        features.extend(features::of_peephole(self.least).iter().map(ToString::to_string));
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
            least: self.least,
        }
    }

    /// Compiles `region`. Falls back to code without store sinking if a fault exit cannot be
    /// marked.
    pub fn compile(
        &mut self,
        region: &Region,
        mut config: LiftConfig,
        texts: bool,
    ) -> Result<Compiled, LiftError> {
        let mut refused = false;
        loop {
            if let Some(mut compiled) = self.compile_once(region, config, texts)? {
                compiled.fault_exits.refused = refused;
                return Ok(compiled);
            }
            tracing::debug!(pc = region.entries[0], "compiled again: its loops store before accesses");
            config.sinks = false;
            refused = true;
        }
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
        let buffer = &code.buffer;
        let (first, entry) = first_thunk(calls);
        let others = (region.entries.len() - 1) * ENTRY_SIZE;
        let start = (others + first.len()).next_multiple_of(32);
        let func = &self.context.func;
        let mut body = buffer.data().to_vec();
        let mut fault_exits = FaultExits::default();
        let mut marked = Vec::new();
        // Instructions to which nothing falls through: Cranelift and the marks append them.
        let mut starts: Vec<u32> = buffer.traps().iter().map(|trap| trap.offset).collect();
        for trap in buffer.traps().iter().filter(|trap| trap.code == LEAVES) {
            let end = body.len();
            if fault_exit::mark(&mut body, trap.offset as usize).is_none() {
                return Ok(None);
            }
            marked.push(trap.offset);
            starts.extend((body.len() > end).then_some(end as u32));
        }
        fault_exits.marked = marked.len() as u32;
        let mut landings = Vec::with_capacity(marked.len());
        for &access in &marked {
            let distance = body.get(access as usize..).and_then(fault_exit::distance);
            let Some(distance) = distance else { return Ok(None) };
            landings.push((access, access + distance as u32));
        }
        let references: Vec<u32> = buffer.relocs().iter().map(|found| found.offset).collect();
        let facts =
            Facts { blocks: &code.bb_starts, starts: &starts, marked: &marked, references: &references };
        let Optimized { code: body, moved } = peephole::optimize(&body, facts, self.least)
            .unwrap_or_else(|| Optimized { code: body, moved: Moved::new(Vec::new()) });
        for landing in &mut landings {
            *landing = (moved.of(landing.0) + start as u32, moved.of(landing.1) + start as u32);
        }
        landings.sort_unstable();
        let mut relocations = Vec::with_capacity(buffer.relocs().len());
        for found in buffer.relocs() {
            let at = moved.of(found.offset) + start as u32;
            let Some(relocation) = Relocation::of(found, func, at) else {
                return Err(failed(format!("no way to relocate {found:?}")));
            };
            relocations.push(relocation);
        }
        let mut bytes = vec![PADDING; start];
        bytes.extend_from_slice(&body);
        let mut entries = Vec::with_capacity(region.entries.len());
        bytes[start - first.len()..start].copy_from_slice(&first);
        entries.push((region.entries[0], (start - first.len() + entry) as u32));
        for (number, &pc) in region.entries.iter().enumerate().skip(1) {
            let at = (number - 1) * ENTRY_SIZE;
            bytes[at..at + ENTRY_SIZE].copy_from_slice(&entry_thunk(number as u32, (start - at) as i32));
            entries.push((pc, at as u32));
        }
        let mut places: Vec<(u32, Option<Site>)> = Vec::new();
        for range in buffer.get_srclocs_sorted() {
            let site = sites.get(range.loc.bits() as usize).copied();
            let [from, to] = [range.start, range.end].map(|at| moved.of(at) + start as u32);
            match places.last_mut() {
                Some(last) if last.0 == from => last.1 = site,
                _ => places.push((from, site)),
            }
            places.push((to, None));
        }
        let texts = clif.map(|clif| Texts { clif, host: code.vcode.clone().unwrap_or_default() });
        let (covered, leaves) = (region.covered(), region.leaves());
        let tables = Tables { entries, covered, leaves, places, landings, relocations };
        Ok(Some(Compiled { code: bytes, tables, texts, fault_exits }))
    }
}

/// Cranelift's backend for this host; `least` limits it to the least processor.
fn host_isa(config: CompilerConfig) -> Result<OwnedTargetIsa, LiftError> {
    let flags = flags(config)?;
    let mut builder = isa::lookup(Triple::host())
        .map_err(|e| LiftError::Cranelift(format!("Cranelift for this host: {e}")))?;
    for name in features::enabled(config.least) {
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
        let names = |least| {
            let target =
                Compiler::new(CompilerConfig { least, ..CompilerConfig::default() }).unwrap().target();
            features::of_peephole(false).iter().all(|name| target.split(' ').any(|word| word == *name))
        };
        assert!(names(false));
        assert_eq!(names(true), features::of_peephole(false).is_empty());
    }

    #[test]
    fn each_page_of_a_large_frame_is_touched() {
        let [small, medium, two, three] = [16, 2048, 2 * 4096, 3 * 4096].map(length_with_frame);
        assert!(medium <= small + 8, "{small} bytes of code, {medium} bytes");
        assert!(medium + 4 <= two && two + 4 <= three, "{medium} bytes of code, {two} bytes, {three} bytes");
    }
}
