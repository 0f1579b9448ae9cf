//! Compilation: from a guest address to published code.
//!
//! Page versions are read before the pages are watched, and the words are read or compared after
//! that. If a version has changed when the code is ready, the code is discarded.

#[cfg(test)]
mod duration;
mod restore;

use crate::JitError;
use crate::code::cache::CodeCache;
use crate::code::pages::{PageVersion, watch_pages};
use crate::code::store::Origin;
use crate::config::JitConfig;
use crate::counts::CompileCounts;
use crate::functions::PieceOf;
use crate::plan::{CodeRequest, Plan, Reached, split_or_shrink};
use crate::shared::{ModeCode, Shared};
use std::time::Instant;
use xenia_lifter::cfg::region::{MAX_REGION_LENGTH, Region};
use xenia_lifter::{Compiled, Compiler, CompilerConfig, LiftConfig, LiftError, Mode, TargetCpu, features};
use xenia_memory::{GUARD, GuestMemory};

/// A region's code, and the facts about it that the code cache records.
pub(crate) struct Product<'a> {
    /// Its start address.
    pub(crate) start: u32,
    /// The function that it is a piece of, if that is known.
    pub(crate) piece: Option<PieceOf>,
    /// Addresses of its callees.
    pub(crate) calls: &'a [u32],
    pub(crate) compiled: Compiled,
}

/// A compiler and the counters that it updates.
pub(crate) struct Workbench<'a> {
    pub(crate) compiler: &'a mut Compiler,
    pub(crate) counts: &'a mut CompileCounts,
}

impl Shared {
    pub(crate) fn lift_config(&self, mode: Mode) -> LiftConfig {
        lift_config(&self.config, &self.memory, mode)
    }
}

/// The compiler's settings for an engine with these settings.
pub(crate) fn compiler_config(config: &JitConfig) -> CompilerConfig {
    let cpu = if config.testing.portable_code { TargetCpu::Portable } else { TargetCpu::Native };
    CompilerConfig { effort: config.effort, verify: config.verify, cpu }
}

/// The lifter's settings for an engine with these settings.
pub(crate) fn lift_config(config: &JitConfig, memory: &GuestMemory, mode: Mode) -> LiftConfig {
    // A displacement is added to this address, so it must stay within 32 bits by a guest
    // displacement's range.
    let is_low = |at: &i32| i32::MAX - at >= GUARD as i32;
    let memory_at = i32::try_from(memory.guest_base() as usize).ok();
    LiftConfig {
        mode,
        memory_at: memory_at.filter(is_low).filter(|_| features::REACHES_LOW_MEMORY),
        sinks: features::MARKS_FAULTS,
        has_fma: !config.testing.portable_code && features::has_fma(),
        has_pshufb: features::HAS_PSHUFB,
        reorders: features::REORDERS,
        rounds_silently: features::ROUNDS_SILENTLY,
        compares_memory: features::COMPARES_MEMORY,
        reservations: config.engine.reservations,
        wrong_addi: config.testing.wrong_addi,
    }
}

impl Shared {
    /// Compiles and publishes the code for `wanted`, from `planned` or else from [`Self::plan`]; or
    /// publishes code for it that was compiled ahead. Returns false if that is impossible now.
    pub(crate) fn compile(
        &self,
        code: &ModeCode,
        wanted: CodeRequest,
        mut planned: Option<Plan>,
        reached: Reached<'_>,
        work: &mut Workbench<'_>,
    ) -> bool {
        let start = Instant::now();
        if self.restore_ahead(code, wanted.pc) {
            work.counts.restored += 1;
            return true;
        }
        let mut limit = MAX_REGION_LENGTH;
        let done = loop {
            let plan = planned.take().or_else(|| self.plan(code, wanted, reached, limit));
            let Some(plan) = plan else { break false };
            match self.publish(code, &plan, work) {
                Ok(published) => break published,
                // Retry with a smaller piece.
                Err(JitError::Lift(LiftError::TooLong(fitting))) if limit > 1 => {
                    limit = split_or_shrink(code, plan, fitting, limit);
                }
                // The cache has been flushed; there is room once all engines have moved on.
                Err(JitError::CodeMemoryFull) => break false,
                Err(error) => {
                    tracing::warn!(%error, "not compiled");
                    break false;
                }
            }
        };
        work.counts.took += start.elapsed();
        done
    }

    /// Compiles and publishes `plan`. Returns false if its pages don't allow it now, or another
    /// engine is compiling it.
    fn publish(&self, code: &ModeCode, plan: &Plan, work: &mut Workbench<'_>) -> Result<bool, JitError> {
        let memory = &self.memory;
        let Some(pages) = watch(memory, &plan.region) else { return Ok(false) };
        let Some(_lifting) = Lifting::begin(code, plan.start, &pages) else { return Ok(false) };
        let config = self.lift_config(code.mode);
        let compiled = work.compiler.compile(&plan.region, config)?;
        work.counts.functions += 1;
        work.counts.instructions += plan.region.instructions as u64;
        if let Some(store) = &self.store {
            store.add(code.mode, plan.source(), &compiled, Origin::Run);
        }
        let product =
            Product { start: plan.start, piece: plan.piece.clone(), calls: &plan.region.calls, compiled };
        // Unlocked before the claim ends, which locks the cache: declared after it.
        let mut cache = code.cache.lock();
        let piece = plan.piece.as_ref();
        if piece.is_some_and(|piece| cache.functions.was_compiled(piece.function, plan.start)) {
            work.counts.again += plan.region.instructions as u64;
        }
        self.install(&mut cache, product, pages)
    }

    /// Publishes code that was compiled from `pages` or taken from the store. Returns false if one
    /// of the pages has changed meanwhile.
    pub(crate) fn install(
        &self,
        cache: &mut CodeCache,
        product: Product<'_>,
        pages: Vec<PageVersion>,
    ) -> Result<bool, JitError> {
        let Product { start, piece, calls, compiled } = product;
        for &target in calls {
            cache.functions.add(target);
        }
        if let Some(PieceOf { function, entries }) = &piece {
            cache.functions.add(*function);
            for &entry in entries {
                cache.functions.add_entry(*function, entry);
            }
        }
        if pages.iter().any(|read| !read.is_current(&self.memory)) {
            return Ok(false);
        }
        let size = compiled.code.len();
        let entries: Vec<u32> = compiled.tables.entries.iter().map(|entry| entry.pc).collect();
        let region = cache.publish(compiled, pages)?;
        if let Some(baseline) = &self.baseline {
            baseline.cache.lock().withdraw_entries(&entries);
        }
        if let Some(map) = &self.perf_map
            && let Some(address) = cache.address_of(region)
        {
            map.add(address, size, start);
        }
        if let Some(dump) = &self.jit_dump
            && let (Some(address), Some(code)) = (cache.address_of(region), cache.bytes_of(region))
        {
            dump.add(address, &code, start);
        }
        if let Some(PieceOf { function, .. }) = piece {
            cache.functions.record_compilation(function, start, region);
        }
        Ok(true)
    }
}

/// Claim on code that is being lifted and compiled. The code cache is not locked meanwhile; the
/// claim keeps other engines from lifting the same code until it is dropped.
struct Lifting<'a> {
    code: &'a ModeCode,
    start: u32,
}

impl<'a> Lifting<'a> {
    /// Returns `None` if one of the pages changes too often, or another engine is compiling the
    /// code.
    fn begin(code: &'a ModeCode, start: u32, pages: &[PageVersion]) -> Option<Self> {
        let mut cache = code.cache.lock();
        if pages.iter().any(|read| cache.is_volatile(read.page)) {
            return None;
        }
        cache.release_retired();
        // Constructed only on success, because dropping it ends the claim.
        cache.begin_lifting(start).then(|| Self { code, start })
    }
}

impl Drop for Lifting<'_> {
    fn drop(&mut self) {
        self.code.cache.lock().end_lifting(self.start);
    }
}

/// Watches the pages from which `region` was read. Returns them with the versions that the region's
/// words belong to, or `None` if the words have changed meanwhile or the pages can't be watched.
fn watch(memory: &GuestMemory, region: &Region) -> Option<Vec<PageVersion>> {
    let pages = watch_pages(memory, &region.pages())?;
    // The words were read before the pages were watched, so compare them again.
    let mut guests = region.blocks.values().flat_map(|block| &block.code);
    let same = guests.all(|guest| memory.fetch_u32(guest.pc) == Ok(guest.instruction.0));
    same.then_some(pages)
}
