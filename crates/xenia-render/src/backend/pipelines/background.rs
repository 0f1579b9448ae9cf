//! Background threads that compile pipelines while the machine runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::make::{Maker, Outcome, Parts};

/// Maximum number of compiler threads while a title runs.
const MAX_THREADS: usize = 4;

/// Compiler threads. Dropping this ends them, after their current pipelines.
pub(super) struct Background {
    /// `Some` until the value is dropped.
    jobs: Option<Sender<Parts>>,
    done: Receiver<(Parts, Outcome)>,
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts the threads, leaving a core to the machine if there are several.
    pub(super) fn new(maker: &Arc<Maker>) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (jobs, queue) = channel();
        // Without a level: an idle thread holds it in `recv`, which a watchdog would report.
        let queue = Arc::new(Mutex::new(queue));
        let (results, done) = channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let mut this = Self { jobs: Some(jobs), done, is_over, threads: Vec::new() };
        for _ in 0..(cores - 1).clamp(1, MAX_THREADS) {
            let maker = maker.clone();
            let queue = queue.clone();
            let results = results.clone();
            let is_over = this.is_over.clone();
            let thread = std::thread::Builder::new()
                .name("pipelines".to_owned())
                .spawn(move || work(&|parts: &Parts| maker.make(parts), &queue, &results, &is_over))?;
            this.threads.push(thread);
        }
        Ok(this)
    }

    /// Queues a pipeline for compilation.
    pub(super) fn order(&self, parts: Parts) {
        if let Some(jobs) = &self.jobs {
            // The threads last as long as the channel.
            let _ = jobs.send(parts);
        }
    }

    /// Takes the results since the last call.
    pub(super) fn take(&self) -> impl Iterator<Item = (Parts, Outcome)> {
        self.done.try_iter()
    }
}

/// Thread function: compiles pipelines until the end.
fn work(
    make: &dyn Fn(&Parts) -> Outcome,
    queue: &Mutex<Receiver<Parts>>,
    results: &Sender<(Parts, Outcome)>,
    is_over: &AtomicBool,
) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(parts) = job else { return };
        if is_over.load(Relaxed) {
            return;
        }
        // A panic must not end the thread: the draws of the pipeline would be left out for ever.
        let outcome = catch_unwind(AssertUnwindSafe(|| make(&parts)))
            .unwrap_or_else(|_| Err("a pipeline whose compilation panics".to_owned()));
        if results.send((parts, outcome)).is_err() {
            return;
        }
    }
}

impl Drop for Background {
    /// Waits for the threads: unloading a driver while it compiles crashes the process.
    fn drop(&mut self) {
        // Before the channel closes, or the threads would first compile all that is queued.
        self.is_over.store(true, Relaxed);
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A panic has already been printed to standard error.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use xenia_gpu::microcode::{Shader, ShaderKind};

    use super::*;
    use crate::backend::recipe::Recipe;

    #[test]
    fn a_compilation_that_panics_is_an_error_and_the_next_one_is_made() {
        let vertex = Arc::new(Shader::new(ShaderKind::Vertex, &[]));
        let (jobs, queue) = channel();
        for samples in 1..=3 {
            let recipe = Recipe::default().drawing(samples);
            jobs.send(Parts { recipe, vertex: vertex.clone(), pixel: None }).unwrap();
        }
        drop(jobs);
        let (results, done) = channel();
        let made = |parts: &Parts| -> Outcome {
            assert!(parts.recipe != Recipe::default().drawing(2), "as a compiler of shaders might");
            Err("made".to_owned())
        };
        work(&made, &Mutex::new(queue), &results, &AtomicBool::new(false));
        let reasons: Vec<_> = done.try_iter().filter_map(|(_, outcome)| outcome.err()).collect();
        assert_eq!(reasons, ["made", "a pipeline whose compilation panics", "made"]);
    }
}
