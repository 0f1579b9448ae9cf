//! Counters of compilation.

use std::ops::AddAssign;
use std::time::Duration;

/// Counters of one engine: regions compiled, and regions withdrawn because code changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CompileCounts {
    pub(crate) functions: u64,
    pub(crate) instructions: u64,
    /// The part of `instructions` in pieces that had been compiled before.
    pub(crate) again: u64,
    pub(crate) took: Duration,
    pub(crate) invalidations: u64,
    /// Regions from the store that were published again.
    pub(crate) restored: u64,
    /// Time for which the guest waited for compilation.
    pub(crate) waited: Duration,
    /// The longest of those times.
    pub(crate) longest_wait: Duration,
}

impl CompileCounts {
    /// Adds a time for which the guest waited.
    pub(crate) fn add_wait(&mut self, wait: Duration) {
        self.waited += wait;
        self.longest_wait = self.longest_wait.max(wait);
    }
}

impl AddAssign for CompileCounts {
    fn add_assign(&mut self, other: Self) {
        self.functions += other.functions;
        self.instructions += other.instructions;
        self.again += other.again;
        self.took += other.took;
        self.invalidations += other.invalidations;
        self.restored += other.restored;
        self.waited += other.waited;
        self.longest_wait = self.longest_wait.max(other.longest_wait);
    }
}

/// Counters of ahead-of-time compilation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AheadCounts {
    /// Guest instructions compiled.
    pub(crate) instructions: u64,
    /// Host time spent compiling.
    pub(crate) took: Duration,
}
