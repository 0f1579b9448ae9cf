//! One region to host code.
//!
//! Cranelift compiles the whole region as one function. In front of its code lie the entries, each a
//! few bytes that put the entry's number into a register and jump to the function's start:
//!
//! ```text
//!  entry 0 │ entry 1 │ … │ function: page versions, dispatch on the entry's number, blocks
//! ```

#[cfg(test)]
mod cost;

use crate::JitError;
use crate::enter::{ENTRY_SIZE, entry_thunk};
use crate::lift::{LiftConfig, Lifter, Site, region_signature};
use crate::region::Region;
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{Function, UserFuncName};
use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use std::is_x86_feature_detected as has;
use std::sync::Arc;
use target_lexicon::Triple;

/// Distance between entries.
const ENTRY_STRIDE: usize = 16;

/// What a region became.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Entries and code, position-independent.
    pub(crate) code: Vec<u8>,
    /// Offset of each entry, in the order of `Region::entries`.
    pub(crate) entries: Vec<(u32, u32)>,
    /// Where its guest instructions lie: first addresses and those after the last ones, in order.
    pub(crate) covered: Vec<(u32, u32)>,
    /// Where the code of each guest instruction begins, by offset.
    pub(crate) places: Vec<(u32, Option<Site>)>,
    /// Texts for people.
    pub(crate) texts: Option<Texts>,
}

/// A region as text.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    pub(crate) clif: String,
    pub(crate) host: String,
}

impl Compiled {
    /// The guest instruction whose code covers `offset`.
    pub(crate) fn site(places: &[(u32, Option<Site>)], offset: u32) -> Option<Site> {
        let after = places.partition_point(|&(start, _)| start <= offset);
        places.get(after.checked_sub(1)?)?.1
    }
}

/// How carefully to compile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// No optimisation but register allocation.
    #[default]
    Fast,
    /// Cranelift's optimiser as well. For measurements only: it takes arithmetic to depend on nothing but its operands, so
    /// it moves it past changes of MXCSR's mode.
    Speed,
}

/// Cranelift for this host, and its reusable state.
pub(crate) struct Compiler {
    isa: OwnedTargetIsa,
    context: Context,
    builder: FunctionBuilderContext,
    control: ControlPlane,
}

impl Compiler {
    pub(crate) fn new(effort: Effort, baseline_host: bool) -> Result<Self, JitError> {
        Ok(Self {
            isa: host_isa(effort, baseline_host)?,
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            control: ControlPlane::default(),
        })
    }

    /// Another one with the same settings.
    pub(crate) fn fork(&self) -> Self {
        Self {
            isa: Arc::clone(&self.isa),
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            control: ControlPlane::default(),
        }
    }

    /// Compiles `region`, whose code was read from `pages` at those versions. `slot_of` gives the link
    /// slot for a guest address.
    pub(crate) fn compile(
        &mut self,
        region: &Region,
        config: LiftConfig,
        pages: &[(u32, u32)],
        slot_of: &mut dyn FnMut(u32) -> u32,
        texts: bool,
    ) -> Result<Compiled, JitError> {
        self.context.clear();
        self.context.func =
            Function::with_name_signature(UserFuncName::user(0, region.entries[0]), region_signature(true));
        self.context.set_disasm(texts);
        let builder = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
        let sites = Lifter::new(builder, region, config, slot_of).lift(pages).map_err(|fitting| {
            // What was begun in it is not finished.
            self.builder = FunctionBuilderContext::new();
            JitError::TooLong(fitting)
        })?;
        let clif = texts.then(|| self.context.func.display().to_string());
        let code = self
            .context
            .compile(&*self.isa, &mut self.control)
            .map_err(|e| JitError::Compile { pc: region.entries[0], reason: format!("{:?}", e.inner) })?;
        let buffer = &code.buffer;
        if let Some(relocation) = buffer.relocs().first() {
            let reason = format!("relocation {relocation:?} in code that must have none");
            return Err(JitError::Compile { pc: region.entries[0], reason });
        }
        let start = (region.entries.len() * ENTRY_STRIDE).next_multiple_of(32);
        let mut bytes = vec![0xCC; start];
        bytes.extend_from_slice(buffer.data());
        let mut entries = Vec::with_capacity(region.entries.len());
        for (number, &pc) in region.entries.iter().enumerate() {
            let at = number * ENTRY_STRIDE;
            let distance = (start - at - ENTRY_SIZE) as i32;
            bytes[at..at + ENTRY_SIZE].copy_from_slice(&entry_thunk(number as u32, distance));
            entries.push((pc, at as u32));
        }
        let mut places: Vec<(u32, Option<Site>)> = Vec::new();
        for range in buffer.get_srclocs_sorted() {
            let site = sites.get(range.loc.bits() as usize).copied();
            let (from, to) = (range.start + start as u32, range.end + start as u32);
            match places.last_mut() {
                Some(last) if last.0 == from => last.1 = site,
                _ => places.push((from, site)),
            }
            places.push((to, None));
        }
        let texts = clif.map(|clif| Texts { clif, host: code.vcode.clone().unwrap_or_default() });
        let mut covered: Vec<(u32, u32)> = Vec::new();
        for block in region.blocks.values() {
            match covered.last_mut() {
                Some(last) if last.1 == block.start() => last.1 = block.end(),
                _ => covered.push((block.start(), block.end())),
            }
        }
        Ok(Compiled { code: bytes, entries, covered, places, texts })
    }
}

/// Whether the host has fused multiply-add.
pub(crate) fn has_fma() -> bool {
    has!("fma") && has!("avx")
}

/// This host, or with `baseline` the part of it that is x86-64-v2.
fn host_isa(effort: Effort, baseline: bool) -> Result<OwnedTargetIsa, JitError> {
    let mut shared = settings::builder();
    let level = match effort {
        Effort::Fast => "none",
        Effort::Speed => "speed",
    };
    for (name, value) in [
        ("opt_level", level),
        ("regalloc_algorithm", "backtracking"),
        ("enable_pinned_reg", "true"),
        ("preserve_frame_pointers", "true"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
        ("enable_heap_access_spectre_mitigation", "false"),
        ("enable_table_access_spectre_mitigation", "false"),
        ("enable_probestack", "false"),
        ("unwind_info", "false"),
        ("is_pic", "false"),
    ] {
        shared.set(name, value).map_err(|e| JitError::Cranelift(format!("Cranelift setting {name}: {e}")))?;
    }
    let mut builder = isa::lookup(Triple::host())
        .map_err(|e| JitError::Cranelift(format!("Cranelift for this host: {e}")))?;
    let features = [
        ("has_sse3", has!("sse3")),
        ("has_ssse3", has!("ssse3")),
        ("has_sse41", has!("sse4.1")),
        ("has_sse42", has!("sse4.2")),
        ("has_popcnt", has!("popcnt")),
    ];
    let more = [
        ("has_avx", has!("avx")),
        ("has_avx2", has!("avx2")),
        ("has_fma", has_fma()),
        ("has_bmi1", has!("bmi1")),
        ("has_bmi2", has!("bmi2")),
        ("has_lzcnt", has!("lzcnt")),
    ];
    let more = if baseline { &[][..] } else { &more[..] };
    for &(name, present) in features.iter().chain(more) {
        if present {
            builder
                .enable(name)
                .map_err(|e| JitError::Cranelift(format!("Cranelift feature {name}: {e}")))?;
        }
    }
    builder
        .finish(settings::Flags::new(shared))
        .map_err(|e| JitError::Cranelift(format!("Cranelift for this host: {e}")))
}
