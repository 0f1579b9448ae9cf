//! Render pipelines by everything that they are made of.
//!
//! ```text
//!   store (file) ──► prebuilt at start, on all cores ──► made ◄── compiled in play: the draw waits,
//!        ▲                                                │       or is left out while others compile
//!        └──────── what was compiled in play ◄────────────┘
//! ```
//! A recipe is stored after the device has answered, never before: one that brings a driver down
//! must not do so at every start. One that the device refuses is stored like the rest, so that a
//! start knows that, too.

mod background;
mod building;
mod make;
mod store;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Device;
use super::conversion::Conversion;
use super::recipe::Recipe;
use background::Background;
use make::{Maker, Outcome};
use store::Store;

pub(super) use building::Building;
pub(super) use make::{Parts, Ready};
pub(super) use store::Stored;

/// Pipelines kept before all are dropped.
const MAX_PIPELINES: usize = 8192;

/// How pipelines are made and kept.
#[derive(Default)]
pub struct Options<'a> {
    /// The file that a title's pipelines are kept in from one start to the next; made where it is
    /// not there. Without one, nothing is kept.
    pub store: Option<PathBuf>,
    /// Draws don't wait for pipelines: those whose pipeline is not there yet are left out.
    pub async_pipelines: bool,
    /// Told while the stored pipelines are compiled, from any thread: how many are done, and of how
    /// many.
    pub progress: Option<&'a (dyn Fn(usize, usize) + Sync)>,
    /// For tests: the device is lost at the draws with these numbers, the first being 1.
    pub lose_at: &'a [u64],
}

/// Pipelines so far. May be read while the backend draws.
#[derive(Debug, Default)]
pub struct PipelineTally {
    at_start: AtomicU64,
    in_play: AtomicU64,
    left_out: AtomicU64,
}

impl PipelineTally {
    /// The numbers now.
    pub fn counters(&self) -> PipelineCounters {
        let [at_start, in_play, left_out] =
            [&self.at_start, &self.in_play, &self.left_out].map(|counter| counter.load(Relaxed));
        PipelineCounters { at_start, in_play, left_out }
    }
}

/// Pipelines, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipelineCounters {
    /// Compiled at the start, out of the store.
    pub at_start: u64,
    /// Compiled since.
    pub in_play: u64,
    /// Draws that were left out because their pipeline was not there yet.
    pub left_out: u64,
}

/// Why there is no pipeline.
pub(super) enum Missing {
    /// The device makes none, for this reason.
    Refused(String),
    /// It is being compiled.
    Compiling,
}

/// The pipelines made so far, or why the device makes none.
pub(super) struct Pipelines {
    made: HashMap<Recipe, Outcome>,
    maker: Arc<Maker>,
    background: Option<Background>,
    /// What the background is at.
    ordered: HashSet<Recipe>,
    store: Option<Store>,
    tally: Arc<PipelineTally>,
}

impl Pipelines {
    /// None yet.
    pub(super) fn new(device: &Device, options: &Options<'_>) -> Self {
        let maker = Arc::new(Maker::new(device.clone()));
        let background = options.async_pipelines.then(|| Background::new(&maker)).transpose();
        let background = background.unwrap_or_else(|error| {
            tracing::warn!(target: "gpu", %error, "no threads for pipelines; draws wait");
            None
        });
        Self {
            made: HashMap::new(),
            maker,
            background,
            ordered: HashSet::new(),
            store: None,
            tally: Arc::default(),
        }
    }

    /// Counts where others have counted before.
    pub(super) fn go_on_counting(&mut self, tally: Arc<PipelineTally>) {
        self.tally = tally;
    }

    /// Opens the store; what is in it.
    pub(super) fn open(&mut self, path: &Path) -> Stored {
        match Store::open(path) {
            Ok((store, stored)) => {
                self.store = Some(store);
                stored
            }
            Err(error) => {
                let path = path.display();
                tracing::warn!(target: "gpu", %error, "{path}: pipelines are not kept");
                Stored::default()
            }
        }
    }

    /// Compiles what is stored; what else is to be made of it goes on with the result.
    pub(super) fn prebuild<'a>(&mut self, stored: &Stored, options: &Options<'a>) -> Building<'a> {
        let total = stored.parts.len() + stored.conversions.len();
        let building = Building::new(total, options.progress.unwrap_or(&|_, _| {}));
        let made = building.all(&stored.parts, |parts| (parts.recipe, self.maker.make(parts)));
        self.made.extend(made);
        self.tally.at_start.store(total as u64, Relaxed);
        building
    }

    /// The numbers, also for others to read.
    pub(super) fn tally(&self) -> &Arc<PipelineTally> {
        &self.tally
    }

    /// The pipeline of its parts.
    pub(super) fn get(&mut self, parts: &Parts) -> Result<Arc<Ready>, Missing> {
        self.collect();
        match self.made.get(&parts.recipe) {
            Some(Ok(ready)) if ready.is_of(parts) => return Ok(ready.clone()),
            Some(Err(reason)) => return Err(Missing::Refused(reason.clone())),
            _ => {}
        }
        if let Some(background) = &self.background {
            if self.ordered.insert(parts.recipe) {
                background.order(parts.clone());
            }
            self.tally.left_out.fetch_add(1, Relaxed);
            return Err(Missing::Compiling);
        }
        let outcome = self.maker.make(parts);
        self.add(parts, outcome.clone());
        outcome.map_err(Missing::Refused)
    }

    /// Takes what the background has made.
    fn collect(&mut self) {
        let Some(background) = &self.background else { return };
        let made: Vec<_> = background.take().collect();
        for (parts, outcome) in made {
            self.ordered.remove(&parts.recipe);
            self.add(&parts, outcome);
        }
    }

    fn add(&mut self, parts: &Parts, outcome: Outcome) {
        self.tally.in_play.fetch_add(1, Relaxed);
        self.keep(|store| store.keep(parts));
        if self.made.len() >= MAX_PIPELINES {
            self.made.clear();
        }
        self.made.insert(parts.recipe, outcome);
    }

    /// Counts and stores conversions that were compiled when they were needed.
    pub(super) fn add_conversions(&mut self, compiled: &[Conversion]) {
        self.tally.in_play.fetch_add(compiled.len() as u64, Relaxed);
        for conversion in compiled {
            self.keep(|store| store.keep_conversion(conversion));
        }
    }

    fn keep(&mut self, keep: impl FnOnce(&mut Store) -> std::io::Result<()>) {
        if let Some(Err(error)) = self.store.as_mut().map(keep) {
            tracing::warn!(target: "gpu", %error, "pipelines are not kept any more");
            self.store = None;
        }
    }
}
