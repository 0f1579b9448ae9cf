//! What the models under shuttle have in common: many runs, half of them with steps in random
//! order, half in the order that finds what needs few interruptions at the right places (PCT).
//!
//! Shuttle runs as many threads as one likes, but all loads see the last store: what the memory
//! model allows is loom's part.

use crate::atomic::explorer::scheduler::{PctScheduler, RandomScheduler};
use crate::atomic::explorer::thread::yield_now;
use crate::atomic::explorer::{Config, MaxSteps, Runner};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Interruptions that PCT spreads over a run.
const INTERRUPTIONS: usize = 4;
/// The longest run has some thousands.
const STEPS: usize = 50_000;
/// Each run begins with numbers of its own, the same ones each time.
const SEED: u64 = 360;

/// Runs `body` this often under each of the two.
pub(crate) fn explore(runs: usize, body: impl Fn() + Send + Sync + Clone + 'static) {
    let mut config = Config::new();
    // A model that goes round in circles fails.
    config.max_steps = MaxSteps::FailAfter(STEPS);
    config.silence_warnings = true;
    Runner::new(RandomScheduler::new_from_seed(SEED, runs), config.clone()).run(body.clone());
    Runner::new(PctScheduler::new_from_seed(SEED, INTERRUPTIONS, runs), config).run(body);
}

/// What a lock guards.
#[derive(Debug, Default)]
pub(crate) struct Inside(AtomicBool);

impl Inside {
    /// Fails if somebody else is inside.
    pub(crate) fn visit(&self) {
        assert!(!self.0.swap(true, SeqCst), "two are inside");
        yield_now();
        assert!(self.0.swap(false, SeqCst), "two were inside");
    }
}
