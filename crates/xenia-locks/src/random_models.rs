//! Common parts of the shuttle models: many runs, half of them with random scheduling, half with
//! PCT, which finds bugs that need few preemptions at the right places.
//!
//! Shuttle runs any number of threads, but its loads always see the last store; loom covers the
//! memory model.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use xenia_sync::atomic::explorer::scheduler::{PctScheduler, RandomScheduler};
use xenia_sync::atomic::explorer::thread::yield_now;
use xenia_sync::atomic::explorer::{Config, MaxSteps, Runner};

/// Number of preemptions that PCT distributes over a run.
const INTERRUPTIONS: usize = 4;
/// Limit of steps in a run; the longest run has some thousands.
const MAX_STEPS: usize = 50_000;
/// Seed of the runs, fixed so that they are reproducible.
const SEED: u64 = 360;

/// Runs `body` `runs` times under each of the two schedulers.
pub(crate) fn explore(runs: usize, body: impl Fn() + Send + Sync + Clone + 'static) {
    let mut config = Config::new();
    // A model that loops forever fails.
    config.max_steps = MaxSteps::FailAfter(MAX_STEPS);
    config.silence_warnings = true;
    Runner::new(RandomScheduler::new_from_seed(SEED, runs), config.clone()).run(body.clone());
    Runner::new(PctScheduler::new_from_seed(SEED, INTERRUPTIONS, runs), config).run(body);
}

/// Checks mutual exclusion of the data that a lock protects.
#[derive(Debug, Default)]
pub(crate) struct Inside(AtomicBool);

impl Inside {
    /// Fails if another thread is inside.
    pub(crate) fn visit(&self) {
        assert!(!self.0.swap(true, SeqCst), "two are inside");
        yield_now();
        assert!(self.0.swap(false, SeqCst), "two were inside");
    }
}
