//! Compresses and merges differences between checkpoints on a separate thread.

use super::shadow::{Delta, PackedDelta};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread::Builder;
use xenia_state::StateError;
use xenia_sync::{Level, Mutex};

/// A difference, compressed as soon as the thread has reached it.
pub(super) struct StoredDelta {
    form: Mutex<Form>,
    size: AtomicUsize,
}

enum Form {
    Plain(Delta),
    Packed(PackedDelta),
}

impl Form {
    fn delta(&self) -> Result<Delta, StateError> {
        match self {
            Self::Plain(delta) => Ok(delta.clone()),
            Self::Packed(packed) => packed.unpack(),
        }
    }
}

impl StoredDelta {
    fn new(delta: Delta) -> Arc<Self> {
        let size = AtomicUsize::new(delta.size());
        Arc::new(Self { form: Mutex::new(Level::Leaf, Form::Plain(delta)), size })
    }

    /// Bytes of memory that it takes.
    pub(super) fn size(&self) -> usize {
        self.size.load(Relaxed)
    }

    /// The difference, without compression.
    pub(super) fn delta(&self) -> Result<Delta, StateError> {
        self.form.lock().delta()
    }

    fn put(&self, form: &mut Form, delta: Delta) {
        let packed = delta.pack();
        self.size.store(packed.size(), Relaxed);
        *form = Form::Packed(packed);
    }

    fn pack(&self) {
        let mut form = self.form.lock();
        if let Form::Plain(delta) = &mut *form {
            let delta = std::mem::take(delta);
            self.put(&mut form, delta);
        }
    }

    /// Adds differences, each of which ends where the previous one begins.
    fn merge(&self, newer: &[Arc<Self>]) {
        let mut merged = self.delta();
        for newer in newer {
            let newer = newer.delta();
            merged = merged.and_then(|merged| Ok(newer?.merged(&merged)));
        }
        match merged {
            // Only this thread changes the form.
            Ok(merged) => self.put(&mut self.form.lock(), merged),
            Err(error) => tracing::error!("a checkpoint is lost: {error}"),
        }
    }
}

enum Job {
    Pack(Arc<StoredDelta>),
    Merge { older: Arc<StoredDelta>, newer: Vec<Arc<StoredDelta>> },
    Flush(mpsc::Sender<()>),
}

impl Job {
    fn run(self) {
        match self {
            Self::Pack(delta) => delta.pack(),
            Self::Merge { older, newer } => older.merge(&newer),
            // The requester may be gone.
            Self::Flush(done) => drop(done.send(())),
        }
    }
}

/// The thread, which ends with this handle.
pub(super) struct Packer(Option<mpsc::Sender<Job>>);

impl Packer {
    pub(super) fn start() -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let work = move || queue.into_iter().for_each(Job::run);
        // Without a thread the work is done at once.
        Self(Builder::new().name("rewind".to_owned()).spawn(work).is_ok().then_some(jobs))
    }

    fn give(&self, job: Job) {
        let left = match &self.0 {
            Some(jobs) => jobs.send(job).err().map(|error| error.0),
            None => Some(job),
        };
        if let Some(job) = left {
            job.run();
        }
    }

    /// Takes a difference over.
    pub(super) fn pack(&self, delta: Delta) -> Arc<StoredDelta> {
        let stored = StoredDelta::new(delta);
        self.give(Job::Pack(stored.clone()));
        stored
    }

    /// Makes `older` the difference over all; each of `newer` ends where the previous one begins.
    pub(super) fn merge(&self, older: &Arc<StoredDelta>, newer: Vec<Arc<StoredDelta>>) {
        self.give(Job::Merge { older: older.clone(), newer });
    }

    /// Waits until all is done that was given.
    pub(super) fn flush(&self) {
        let (done, is_done) = mpsc::channel();
        self.give(Job::Flush(done));
        // The thread may have ended, and its work with it.
        let _ = is_done.recv();
    }
}
