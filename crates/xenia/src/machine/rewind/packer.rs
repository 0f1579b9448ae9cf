//! Compresses and merges differences between checkpoints on a separate thread.
//!
//! Only the ring of checkpoints keeps differences: jobs refer to them weakly, so that a slow thread
//! delays the compression and keeps no memory that the ring has given up.

use super::shadow::{Delta, PackedDelta};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, TrySendError};
use std::sync::{Arc, Weak};
use std::thread::Builder;
use xenia_state::StateError;
use xenia_sync::{Level, Mutex};

/// Limit of jobs that wait for the thread. Differences beyond it stay plain, or are merged when
/// they are read.
const MAX_JOBS: usize = 1024;

/// A difference, compressed as soon as the thread has reached it.
pub(super) struct StoredDelta {
    form: Mutex<Form>,
    /// Bytes of memory that `form` takes.
    size: AtomicUsize,
    /// Differences to be merged with it, each of which begins where the previous one ends.
    newer: Mutex<Vec<Arc<Self>>>,
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
        let form = Mutex::new(Level::Leaf, Form::Plain(delta));
        Arc::new(Self { form, size, newer: Mutex::new(Level::Leaf, Vec::new()) })
    }

    /// Bytes of memory that it takes.
    pub(super) fn size(&self) -> usize {
        let newer = self.newer.lock().clone();
        self.size.load(Relaxed) + newer.iter().map(|newer| newer.size()).sum::<usize>()
    }

    /// The difference, without compression. Must not be called while the thread may merge it
    /// ([`Packer::flush`]).
    pub(super) fn delta(&self) -> Result<Delta, StateError> {
        let newer = self.newer.lock().clone();
        self.merged(&newer)
    }

    fn merged(&self, newer: &[Arc<Self>]) -> Result<Delta, StateError> {
        let own = self.form.lock().delta()?;
        newer.iter().try_fold(own, |merged, newer| Ok(newer.delta()?.merged(&merged)))
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

    /// Merges it with the newer differences that wait for that.
    fn merge(&self) {
        let newer = self.newer.lock().clone();
        if newer.is_empty() {
            return;
        }
        match self.merged(&newer) {
            // Only this thread changes the form.
            Ok(merged) => {
                self.put(&mut self.form.lock(), merged);
                self.newer.lock().drain(..newer.len());
            }
            Err(error) => tracing::error!("a checkpoint is lost: {error}"),
        }
    }
}

enum Job {
    Pack(Weak<StoredDelta>),
    Merge(Weak<StoredDelta>),
    Flush(mpsc::Sender<()>),
}

impl Job {
    fn run(self) {
        match self {
            Self::Pack(delta) => {
                if let Some(delta) = delta.upgrade() {
                    delta.pack();
                }
            }
            Self::Merge(older) => {
                if let Some(older) = older.upgrade() {
                    older.merge();
                }
            }
            // The requester may be gone.
            Self::Flush(done) => drop(done.send(())),
        }
    }
}

/// The thread, which ends with this handle.
pub(super) struct Packer(Option<mpsc::SyncSender<Job>>);

impl Packer {
    pub(super) fn start() -> Self {
        let (jobs, queue) = mpsc::sync_channel::<Job>(MAX_JOBS);
        let work = move || queue.into_iter().for_each(Job::run);
        // Without a thread the work is done at once.
        Self(Builder::new().name("rewind".to_owned()).spawn(work).is_ok().then_some(jobs))
    }

    fn submit(&self, job: Job) {
        let left = match &self.0 {
            Some(jobs) => match jobs.try_send(job) {
                Ok(()) | Err(TrySendError::Full(_)) => None,
                Err(TrySendError::Disconnected(job)) => Some(job),
            },
            None => Some(job),
        };
        if let Some(job) = left {
            job.run();
        }
    }

    /// Takes a difference over.
    pub(super) fn pack(&self, delta: Delta) -> Arc<StoredDelta> {
        let stored = StoredDelta::new(delta);
        self.submit(Job::Pack(Arc::downgrade(&stored)));
        stored
    }

    /// Makes `older` the difference over all; each of `newer` begins where the previous one ends.
    pub(super) fn merge(&self, older: &Arc<StoredDelta>, newer: Vec<Arc<StoredDelta>>) {
        older.newer.lock().extend(newer);
        self.submit(Job::Merge(Arc::downgrade(older)));
    }

    /// Waits until all submitted jobs are done.
    pub(super) fn flush(&self) {
        let (done, is_done) = mpsc::channel();
        if let Some(jobs) = &self.0
            && jobs.send(Job::Flush(done)).is_ok()
        {
            // The thread may have ended, and its work with it.
            let _ = is_done.recv();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shadow::Shadow;
    use super::*;
    use std::thread;
    use xenia_guest::PAGE_SIZE;

    /// The difference of a page that changes from one byte to another.
    fn change(before: u8, after: u8) -> Delta {
        let mut shadow = Shadow::default();
        shadow.replace(1, &[before; PAGE_SIZE as usize], &mut None);
        let mut delta = Some(Delta::default());
        shadow.replace(1, &[after; PAGE_SIZE as usize], &mut delta);
        delta.unwrap()
    }

    /// The content of the page before these differences, of which the last leads to `after`.
    fn content_before(deltas: &[Arc<StoredDelta>], after: u8) -> u8 {
        let mut shadow = Shadow::default();
        shadow.replace(1, &[after; PAGE_SIZE as usize], &mut None);
        for delta in deltas.iter().rev() {
            shadow.apply(&delta.delta().unwrap(), |_| ());
        }
        shadow.get(1)[0]
    }

    #[test]
    fn jobs_are_limited_and_keep_no_memory() {
        let packer = Packer::start();
        // The packer's thread waits for this one, which holds a difference.
        let held = StoredDelta::new(Delta::default());
        let theirs = held.clone();
        let (lock, is_locked) = mpsc::channel();
        let (release, is_released) = mpsc::channel::<()>();
        let holder = thread::spawn(move || {
            let _form = theirs.form.lock();
            lock.send(()).unwrap();
            is_released.recv().unwrap();
        });
        is_locked.recv().unwrap();
        packer.submit(Job::Pack(Arc::downgrade(&held)));
        let dropped = Arc::downgrade(&packer.pack(change(1, 2)));
        assert_eq!(dropped.strong_count(), 0);
        let plain = change(1, 2).size();
        let older = packer.pack(change(1, 2));
        let newer = packer.pack(change(2, 3));
        let merged = Arc::downgrade(&newer);
        packer.merge(&older, vec![newer]);
        assert_eq!(older.size(), 2 * plain, "it keeps the difference that it will be merged with");
        let others: Vec<_> = (0..2 * MAX_JOBS).map(|_| packer.pack(Delta::default())).collect();
        let last = packer.pack(change(3, 4));
        packer.merge(&last, vec![packer.pack(change(4, 5))]);
        release.send(()).unwrap();
        holder.join().unwrap();
        packer.flush();
        assert_eq!(merged.strong_count(), 0);
        assert!(older.size() < plain);
        assert_eq!(content_before(&[older, last], 5), 1, "merged or not");
        drop(others);
    }
}
