//! Compilation by an engine, while the guest waits.

use super::Engine;
use crate::compile::Workbench;
use crate::plan::{CodeRequest, Plan};
use crate::shared::{ModeCode, Shared};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

impl Engine {
    /// Addresses in `from..to` that were reached: starts of basic blocks, from the interpreter, and
    /// of units of the baseline tier.
    pub(crate) fn reached_between(&self, shared: &Shared, from: u32, to: u32) -> Vec<u32> {
        let mut reached = self.interpreter.reached_between(from, to);
        if let Some(baseline) = &shared.baseline {
            reached.extend(baseline.cache.lock().starts_between(from, to));
            reached.sort_unstable();
            reached.dedup();
        }
        reached
    }

    /// Compiles and publishes the code for `wanted` while the guest waits; uses `plan` if it is
    /// given. Returns false if the code can't be compiled now.
    pub(crate) fn compile(
        &mut self,
        shared: &Shared,
        code: &ModeCode,
        wanted: CodeRequest,
        plan: Option<Plan>,
    ) -> bool {
        shared.compiling.store(wanted.pc, Relaxed);
        let before = self.compiled.took;
        let mut counts = std::mem::take(&mut self.compiled);
        let reached = |from, to| self.reached_between(shared, from, to);
        let mut work = Workbench { compiler: &mut self.compiler.lock(), counts: &mut counts };
        let done = shared.compile(code, wanted, plan, &reached, &mut work);
        self.compiled = counts;
        // If another engine has stored its address meanwhile, that one stays.
        let _ = shared.compiling.compare_exchange(wanted.pc, 0, Relaxed, Relaxed);
        let took = self.compiled.took.saturating_sub(before);
        self.compile_time += took;
        self.compiled.add_wait(took);
        done
    }

    /// Publishes the stored code for `pc` ([`Shared::restore`]).
    pub(super) fn restore(&mut self, shared: &Shared, code: &ModeCode, pc: u32) -> bool {
        let start = Instant::now();
        let is_restored = shared.restore(code, pc);
        self.compiled.restored += u64::from(is_restored);
        self.compiled.add_wait(start.elapsed());
        is_restored
    }
}
