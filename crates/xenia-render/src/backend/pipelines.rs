//! Cache of render pipelines, keyed by recipe.
//!
//! ```text
//!   store (file) ──► prebuilt at start, on all cores ──► made ◄── compiled in play: draw waits
//!        ▲                                                │       or is left out in the meantime
//!        └──────── pipelines compiled in play ◄───────────┘
//! ```
//!
//! A newly loaded shader orders the pipeline of the draw that is expected next ([`predictions`]),
//! which is counted and stored once a draw uses it.
//!
//! A recipe is stored only after the device has compiled it: a recipe that crashes a driver must
//! not do so at every start. A recipe that the device refuses is stored too, so that the next start
//! finds the refusal before a draw needs it. Imported recipes ([`exchange`]) are not tried before:
//! one that crashes the driver does so at every start, until the file is deleted.

mod background;
mod building;
mod make;
mod predictions;
mod store;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use xenia_gpu::enums::Anisotropy;

use super::Device;
use super::aging::make_room;
use super::conversion::CompiledConversions;
use super::recipe::Recipe;
use super::scale::Scale;
use super::work::{DeviceWork, WorkCounts};
use background::Background;
use make::{Maker, Outcome};
use predictions::{Predicted, Predictions};
use store::Store;

pub(super) use building::Building;
pub(super) use make::{Parts, Ready};
pub(super) use store::Stored;
pub use store::exchange;
use xenia_sync::{Level, Mutex};

/// Maximum number of stored pipelines.
const MAX_PIPELINES: usize = 8192;
/// Maximum number of cached pipelines, twice those of a store, so that one compiled in play drops
/// none that was compiled at the start; when reached, the half used least recently is dropped.
const MAX_LIVE_PIPELINES: usize = 2 * MAX_PIPELINES;
/// The same on a software adapter: a pipeline of Mesa's takes 3 MB of main memory.
const MAX_SOFTWARE_PIPELINES: usize = 2048;

/// log2 of the recent pipelines: more than most frames use.
const RECENT_LOG2: u32 = 8;

/// Maximum number of pipelines that wait for background threads, with their shaders.
const MAX_ORDERED: usize = 1024;

/// Options of the pipeline cache.
#[derive(Default)]
pub struct Options<'a> {
    /// File that stores a title's pipelines between starts; created if missing. Without it,
    /// pipelines are not stored.
    pub store: Option<PathBuf>,
    /// Draws don't wait for pipelines: a draw whose pipeline is not compiled yet is left out.
    pub async_pipelines: bool,
    /// Progress callback of prebuilding, called on any thread with the number of compiled pipelines
    /// and the total.
    pub progress: Option<&'a (dyn Fn(usize, usize) + Sync)>,
    /// Anisotropy of all fetches whose filters are linear, in place of the title's, unless the
    /// instruction sets one.
    pub anisotropy: Option<Anisotropy>,
    /// Host pixels per guest pixel, each way.
    pub scale: Scale,
    /// For tests: the CPU shades the vertices of all rectangles, points and lines.
    pub expands_on_cpu: bool,
    /// For tests: loses the device at the draws with these numbers, starting at 1.
    pub lose_at: &'a [u64],
}

/// Shared counters, readable while the backend draws.
#[derive(Debug)]
pub struct BackendTally {
    at_start: AtomicU64,
    in_play: AtomicU64,
    ns_in_play: AtomicU64,
    left_out: AtomicU64,
    predicted: AtomicU64,
    predictions_used: AtomicU64,
    work: Mutex<DeviceWork>,
}

impl Default for BackendTally {
    fn default() -> Self {
        Self {
            at_start: AtomicU64::new(0),
            in_play: AtomicU64::new(0),
            ns_in_play: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
            predicted: AtomicU64::new(0),
            predictions_used: AtomicU64::new(0),
            work: Mutex::new(Level::Leaf, DeviceWork::default()),
        }
    }
}

impl BackendTally {
    /// Counters of the backend's work, as of its last resolve, present or count.
    pub fn work(&self) -> DeviceWork {
        self.work.lock().clone()
    }

    /// Publishes counters of the backend's work.
    pub(super) fn publish(&self, mut counts: WorkCounts, fallbacks: &BTreeMap<String, u64>, is_frame: bool) {
        counts.pipelines_in_play = self.in_play.load(Relaxed);
        counts.ns_in_pipelines = self.ns_in_play.load(Relaxed);
        let PredictionCounters { predicted, used } = self.predictions();
        counts.pipelines_predicted = predicted;
        counts.predictions_used = used;
        let mut work = self.work.lock();
        work.publish(counts, fallbacks, is_frame);
    }

    /// Snapshot of the pipelines' counters.
    pub fn counters(&self) -> PipelineCounters {
        let [at_start, in_play, left_out] =
            [&self.at_start, &self.in_play, &self.left_out].map(|counter| counter.load(Relaxed));
        PipelineCounters { at_start, in_play, left_out }
    }

    /// Snapshot of the predictions' counters.
    pub fn predictions(&self) -> PredictionCounters {
        let used = self.predictions_used.load(Relaxed);
        PredictionCounters { predicted: self.predicted.load(Relaxed), used }
    }
}

/// Numbers of compiled and skipped pipelines of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipelineCounters {
    /// Pipelines of the store compiled at the start.
    pub at_start: u64,
    /// Pipelines compiled since.
    pub in_play: u64,
    /// Draws left out because their pipeline was not compiled yet.
    pub left_out: u64,
}

/// Numbers of predicted pipelines of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PredictionCounters {
    /// Pipelines whose compilation began before a draw needed them.
    pub predicted: u64,
    /// Those that a draw used.
    pub used: u64,
}

/// Reason why there is no pipeline.
pub(super) enum Missing {
    /// The device refuses it, with this error.
    Refused(String),
    /// A background thread is compiling it.
    Compiling,
}

/// Pipeline with the objects under which it was found.
struct RecentPipeline {
    parts: Parts,
    ready: Arc<Ready>,
}

impl RecentPipeline {
    /// Whether it is the pipeline of parts. Only objects are compared, not the shaders' words,
    /// which lie elsewhere in memory.
    fn serves(&self, parts: &Parts) -> bool {
        let pixels_match = match (&self.parts.pixel, &parts.pixel) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (own, other) => own.is_none() && other.is_none(),
        };
        pixels_match && Arc::ptr_eq(&self.parts.vertex, &parts.vertex) && self.parts.recipe == parts.recipe
    }
}

/// Maximum number of cached pipelines on a kind of adapter.
fn limit_on(kind: wgpu::DeviceType) -> usize {
    if kind == wgpu::DeviceType::Cpu { MAX_SOFTWARE_PIPELINES } else { MAX_LIVE_PIPELINES }
}

/// Pipeline of the cache.
struct MadePipeline {
    outcome: Outcome,
    /// Time of the last look-up.
    used: u64,
}

impl MadePipeline {
    /// Time of the last use, also of one that needed no look-up.
    fn last_use(&self) -> u64 {
        let recent = self.outcome.as_ref().map_or(0, |ready| ready.used.load(Relaxed));
        recent.max(self.used)
    }
}

/// Compiled pipelines, or the device's errors.
pub(super) struct Pipelines {
    made: HashMap<Recipe, MadePipeline>,
    /// Maximum number of these.
    limit: usize,
    /// Number of uses and of added pipelines.
    clock: u64,
    /// Pipelines of recent draws by the [places](Recipe::place) of their recipes, compared before
    /// one is looked up.
    recent: Vec<Option<RecentPipeline>>,
    maker: Arc<Maker>,
    background: Option<Background>,
    /// Recipes that background threads are compiling.
    ordered: HashSet<Recipe>,
    predictions: Predictions,
    /// Hashes of the shaders of made pipelines.
    shaders: HashSet<u64>,
    store: Option<Store>,
    tally: Arc<BackendTally>,
}

impl Pipelines {
    /// Creates an empty cache.
    pub(super) fn new(device: &Device, options: &Options<'_>) -> Self {
        let maker = Arc::new(Maker::new(device.clone()));
        let background = options.async_pipelines.then(|| Background::new(&maker)).transpose();
        let background = background.unwrap_or_else(|error| {
            tracing::warn!(target: "gpu", "cannot start pipeline threads: {error}; compilation blocks draws");
            None
        });
        let mut recent = Vec::new();
        recent.resize_with(1 << RECENT_LOG2, || None);
        Self {
            made: HashMap::new(),
            limit: limit_on(device.adapter.get_info().device_type),
            clock: 0,
            recent,
            maker,
            background,
            ordered: HashSet::new(),
            predictions: Predictions::default(),
            shaders: HashSet::new(),
            store: None,
            tally: Arc::default(),
        }
    }

    /// Continues with existing counters, before the first prediction.
    pub(super) fn continue_counting(&mut self, tally: Arc<BackendTally>) {
        self.predictions = Predictions::after(tally.predictions());
        self.tally = tally;
    }

    /// Opens the store and returns its contents.
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

    /// Compiles the stored pipelines, of very many those that the title used first. The result is
    /// used to build other objects with the same progress.
    pub(super) fn prebuild<'a>(&mut self, stored: &Stored, options: &Options<'a>) -> Building<'a> {
        let stored_parts = &stored.parts[..stored.parts.len().min(self.limit / 2)];
        let total = stored_parts.len() + stored.conversions.len();
        let building = Building::new(total, options.progress.unwrap_or(&|_, _| {}));
        let made = building.all(stored_parts, |parts| (parts.recipe, self.maker.make(parts)));
        for (recipe, outcome) in made {
            self.insert(recipe, outcome);
        }
        self.shaders.extend(stored_parts.iter().flat_map(Parts::hashes));
        self.tally.at_start.store(total as u64, Relaxed);
        building
    }

    /// The shared pipeline counters.
    pub(super) fn tally(&self) -> &Arc<BackendTally> {
        &self.tally
    }

    /// Returns a pipeline, compiling it if necessary.
    pub(super) fn get(&mut self, parts: &Parts) -> Result<Arc<Ready>, Missing> {
        let place = parts.recipe.place(RECENT_LOG2);
        self.clock += 1;
        if let Some(recent) = self.recent[place].as_ref().filter(|recent| recent.serves(parts)) {
            recent.ready.used.store(self.clock, Relaxed);
            return Ok(recent.ready.clone());
        }
        self.collect();
        if let Some(made) = self.made.get_mut(&parts.recipe) {
            self.clock += 1;
            made.used = self.clock;
            match &made.outcome {
                Ok(ready) if ready.has_shaders_of(parts) => {
                    let ready = ready.clone();
                    self.recent[place] = Some(RecentPipeline { parts: parts.clone(), ready: ready.clone() });
                    return Ok(ready);
                }
                // The pipeline of other shaders with equal hashes: the one made below replaces it.
                Ok(_) => {}
                Err(reason) => return Err(Missing::Refused(reason.clone())),
            }
        }
        let start = Instant::now();
        let outcome = match self.predictions.take(parts) {
            Predicted::Ready(ready) => Ok(self.note_use(ready)),
            predicted if self.background.is_some() => {
                if matches!(predicted, Predicted::Missing) {
                    self.order(parts);
                }
                self.tally.left_out.fetch_add(1, Relaxed);
                return Err(Missing::Compiling);
            }
            _ => self.make_now(parts),
        };
        self.tally.ns_in_play.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
        self.add(parts, outcome.clone());
        outcome.map_err(Missing::Refused)
    }

    /// Orders a pipeline from the background threads.
    fn order(&mut self, parts: &Parts) {
        let Some(background) = &self.background else { return };
        // A draw for which there is no room requests its pipeline again the next time.
        if self.ordered.len() < MAX_ORDERED && self.ordered.insert(parts.recipe) {
            self.predictions.pause();
            background.order(parts.clone());
        }
    }

    /// Compiles a pipeline, or waits until it is compiled as predicted.
    fn make_now(&mut self, parts: &Parts) -> Outcome {
        if let Predicted::Ready(ready) = self.predictions.wait_for(parts) {
            return Ok(self.note_use(ready));
        }
        self.predictions.pause();
        let outcome = self.maker.make(parts);
        self.predictions.resume();
        outcome
    }

    /// Counts the use of a predicted pipeline.
    fn note_use(&self, ready: Arc<Ready>) -> Arc<Ready> {
        self.tally.predictions_used.fetch_add(1, Relaxed);
        ready
    }

    /// Orders a pipeline that a draw may need, if no pipeline had one of its shaders yet.
    pub(super) fn predict(&mut self, parts: &Parts) {
        if parts.hashes().all(|hash| self.shaders.contains(&hash)) {
            return;
        }
        self.collect();
        if !self.made.contains_key(&parts.recipe) && !self.ordered.contains(&parts.recipe) {
            self.predictions.order(parts, &self.maker, &self.tally);
        }
    }

    /// Collects the results of the background threads.
    fn collect(&mut self) {
        let Some(background) = &self.background else { return };
        let made: Vec<_> = background.take().collect();
        for (parts, outcome) in made {
            self.ordered.remove(&parts.recipe);
            self.add(&parts, outcome);
            if self.ordered.is_empty() {
                self.predictions.resume();
            }
        }
    }

    fn add(&mut self, parts: &Parts, outcome: Outcome) {
        self.tally.in_play.fetch_add(1, Relaxed);
        self.keep(|store| store.keep(parts));
        if make_room(&mut self.made, self.limit, MadePipeline::last_use) {
            let shaders =
                |recipe: &Recipe| [Some(recipe.vertex), recipe.pixel_shader()].into_iter().flatten();
            self.shaders = self.made.keys().flat_map(shaders).collect();
        }
        self.shaders.extend(parts.hashes());
        self.insert(parts.recipe, outcome);
    }

    fn insert(&mut self, recipe: Recipe, outcome: Outcome) {
        self.clock += 1;
        self.made.insert(recipe, MadePipeline { outcome, used: self.clock });
    }

    /// Counts and stores conversion pipelines that were compiled on demand.
    pub(super) fn add_conversions(&mut self, compiled: &CompiledConversions) {
        self.tally.in_play.fetch_add(compiled.conversions.len() as u64, Relaxed);
        self.tally.ns_in_play.fetch_add(compiled.time.as_nanos() as u64, Relaxed);
        for conversion in &compiled.conversions {
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

#[cfg(test)]
mod tests;
