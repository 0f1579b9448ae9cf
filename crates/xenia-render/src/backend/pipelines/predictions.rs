//! Predicted pipelines: those of expected draws, compiled in the background.
//!
//! ```text
//!   expected draw ──► waiting ──► compiled, the newest first ──► unused ──► draw
//!                        └──► taken back by a draw, which has it compiled at once
//! ```
//!
//! A thread of their own compiles them, and begins none while a draw waits for another pipeline. A
//! wrong prediction is never used, reported or stored. It costs time: once those that were wrong
//! outnumber the others by [`MAX_WRONG`], there is none until a draw uses one that is kept.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::super::recipe::Recipe;
use super::make::{Maker, Parts, Ready};
use super::{BackendTally, PredictionCounters};

/// Maximum number of predictions that wait to be compiled; a further one replaces the oldest.
const MAX_WAITING: usize = 16;
/// Maximum number of compiled pipelines that no draw has used; a further one replaces the oldest.
const MAX_UNUSED: usize = 64;
/// Number of unused predictions, beyond that of used ones, at which there are no further ones.
const MAX_WRONG: u64 = 64;
/// Largest shader in bytes ([`Shader::size`](xenia_gpu::microcode::Shader::size)) of a prediction:
/// titles' have about ten KiB.
const MAX_SHADER_BYTES: usize = 1 << 20;

#[derive(Default)]
struct State {
    waiting: VecDeque<Parts>,
    /// Recipe that the thread is compiling.
    compiling: Option<Recipe>,
    unused: VecDeque<(Recipe, Arc<Ready>)>,
    /// A draw waits for a pipeline.
    is_paused: bool,
    is_over: bool,
}

#[derive(Default)]
struct Shared {
    // Without a level: draws may wait for the thread with other locks held.
    state: Mutex<State>,
    changed: Condvar,
}

/// Progress of the pipeline that a draw needs.
pub(super) enum Predicted {
    /// It is compiled, and now the draw's.
    Ready(Arc<Ready>),
    /// The thread is compiling it.
    Compiling,
    /// It was not predicted, or not begun.
    Missing,
}

/// Predicted pipelines and the thread that compiles them. Dropping this ends the thread, after its
/// current pipeline.
#[derive(Default)]
pub(super) struct Predictions {
    shared: Arc<Shared>,
    /// Started for the first prediction.
    thread: Option<JoinHandle<()>>,
    /// Counters before these predictions. Those of a lost device were lost with it, not wrong.
    earlier: PredictionCounters,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the state satisfies a condition.
    fn wait(&self, until: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while !until(&state) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// Thread function: compiles predictions until the end.
    fn work(&self, maker: &Maker, tally: &BackendTally) {
        loop {
            let mut state = self.wait(|state| state.is_over || state.has_work());
            if state.is_over {
                return;
            }
            // The newest is needed first.
            let Some(parts) = state.waiting.pop_back() else { continue };
            state.compiling = Some(parts.recipe);
            tally.predicted.fetch_add(1, Relaxed);
            drop(state);
            // Errors are those of the draw that has this pipeline, if one does. Nor may a panic end
            // the thread: that draw would wait for ever.
            let made = catch_unwind(AssertUnwindSafe(|| maker.make(&parts)));
            let mut state = self.lock();
            state.compiling = None;
            if let Ok(Ok(ready)) = made {
                state.keep(parts.recipe, ready);
            }
            drop(state);
            self.changed.notify_all();
        }
    }
}

impl State {
    fn has_work(&self) -> bool {
        !self.is_paused && !self.waiting.is_empty()
    }

    /// Whether a recipe has been ordered and not been used.
    fn has(&self, recipe: &Recipe) -> bool {
        self.compiling.as_ref() == Some(recipe)
            || self.waiting.iter().any(|parts| parts.recipe == *recipe)
            || self.unused.iter().any(|(unused, _)| unused == recipe)
    }

    /// Whether there may be a further prediction.
    fn is_trusted(&self, PredictionCounters { predicted, used }: PredictionCounters) -> bool {
        let wrong = predicted.saturating_sub(used) + self.waiting.len() as u64;
        wrong < used + MAX_WRONG
    }

    fn keep(&mut self, recipe: Recipe, ready: Arc<Ready>) {
        if self.unused.len() == MAX_UNUSED {
            self.unused.pop_front();
        }
        self.unused.push_back((recipe, ready));
    }
}

impl Predictions {
    /// Creates predictions after others with these counters.
    pub(super) fn after(earlier: PredictionCounters) -> Self {
        Self { shared: Arc::default(), thread: None, earlier }
    }

    /// Orders a pipeline, unless there are too many.
    pub(super) fn order(&mut self, parts: &Parts, maker: &Arc<Maker>, tally: &Arc<BackendTally>) {
        let mut shaders = std::iter::once(&parts.vertex).chain(&parts.pixel);
        if shaders.any(|shader| shader.size() > MAX_SHADER_BYTES) {
            return;
        }
        let PredictionCounters { predicted, used } = tally.predictions();
        let counters = PredictionCounters {
            predicted: predicted - self.earlier.predicted,
            used: used - self.earlier.used,
        };
        let mut state = self.shared.lock();
        if state.has(&parts.recipe) || !state.is_trusted(counters) {
            return;
        }
        if state.waiting.len() == MAX_WAITING {
            state.waiting.pop_front();
        }
        state.waiting.push_back(parts.clone());
        drop(state);
        self.shared.changed.notify_all();
        if self.thread.is_none() {
            self.start(maker.clone(), tally.clone());
        }
    }

    fn start(&mut self, maker: Arc<Maker>, tally: Arc<BackendTally>) {
        let shared = self.shared.clone();
        let work = move || shared.work(&maker, &tally);
        match std::thread::Builder::new().name("predictions".to_owned()).spawn(work) {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => tracing::debug!(target: "gpu", %error, "no thread for predicted pipelines"),
        }
    }

    /// Takes a pipeline that a draw needs; one that waits is taken back.
    pub(super) fn take(&self, parts: &Parts) -> Predicted {
        let mut state = self.shared.lock();
        if state.compiling == Some(parts.recipe) {
            return Predicted::Compiling;
        }
        state.waiting.retain(|waiting| waiting.recipe != parts.recipe);
        let is_it =
            |(recipe, ready): &(Recipe, Arc<Ready>)| *recipe == parts.recipe && ready.has_shaders_of(parts);
        let found = state.unused.iter().position(is_it).and_then(|found| state.unused.remove(found));
        found.map_or(Predicted::Missing, |(_, ready)| Predicted::Ready(ready))
    }

    /// As [`take`](Self::take), after waiting for the end of its compilation.
    pub(super) fn wait_for(&self, parts: &Parts) -> Predicted {
        drop(self.shared.wait(|state| state.compiling != Some(parts.recipe)));
        self.take(parts)
    }

    /// Begins no further pipeline for now: a draw waits for one.
    pub(super) fn pause(&self) {
        self.shared.lock().is_paused = true;
    }

    /// Ends a pause.
    pub(super) fn resume(&self) {
        self.shared.lock().is_paused = false;
        self.shared.changed.notify_all();
    }
}

impl Drop for Predictions {
    /// Waits for the thread: unloading a driver while it compiles crashes the process.
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // Panics of a compilation are caught.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
