//! Background threads that compile pipelines while the machine runs.

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
                .spawn(move || work(&maker, &queue, &results, &is_over))?;
            this.threads.push(thread);
        }
        Ok(this)
    }

    /// Queues a pipeline for compilation.
    pub(super) fn order(&self, parts: Parts) {
        if let Some(jobs) = &self.jobs {
            // The channel is closed if all threads have panicked; the draws are left out then.
            let _ = jobs.send(parts);
        }
    }

    /// Takes the results since the last call.
    pub(super) fn take(&self) -> impl Iterator<Item = (Parts, Outcome)> {
        self.done.try_iter()
    }
}

fn work(
    maker: &Maker,
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
        let outcome = maker.make(&parts);
        if results.send((parts, outcome)).is_err() {
            return;
        }
    }
}

impl Drop for Background {
    /// Waits for the threads: unloading a driver while it compiles crashes the process.
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A panic has already been printed to standard error.
            let _ = thread.join();
        }
    }
}
