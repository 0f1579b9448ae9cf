//! Threads that make pipelines while the machine goes on.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::make::{Maker, Outcome, Parts};

/// Most threads that compile while a title runs.
const MAX_THREADS: usize = 4;

/// The threads. They end with this, after the pipelines that they are at.
pub(super) struct Background {
    /// Always there, until the end.
    jobs: Option<Sender<Parts>>,
    done: Receiver<(Parts, Outcome)>,
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts threads, leaving a core to the machine where there are several.
    pub(super) fn new(maker: &Arc<Maker>) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let (results, done) = channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let mut this = Self { jobs: Some(jobs), done, is_over, threads: Vec::new() };
        for _ in 0..(cores - 1).clamp(1, MAX_THREADS) {
            let (maker, queue, results) = (maker.clone(), queue.clone(), results.clone());
            let is_over = this.is_over.clone();
            let thread = std::thread::Builder::new()
                .name("pipelines".to_owned())
                .spawn(move || work(&maker, &queue, &results, &is_over))?;
            this.threads.push(thread);
        }
        Ok(this)
    }

    /// Has a pipeline made.
    pub(super) fn order(&self, parts: Parts) {
        if let Some(jobs) = &self.jobs {
            // The queue is gone when all threads have panicked; nothing is drawn with it then.
            let _ = jobs.send(parts);
        }
    }

    /// Takes what was made since the last call.
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
    /// Waits for the threads: a driver that is unloaded while it compiles brings the process down.
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // It has said on standard error why it ended.
            let _ = thread.join();
        }
    }
}
