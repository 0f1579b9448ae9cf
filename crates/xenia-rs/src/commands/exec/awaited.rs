//! Threads whose work on packages is complete before the program ends.

use std::sync::Arc;
use std::thread::JoinHandle;
use xenia::say::remark;
use xenia_sync::{Level, Mutex};

/// The threads; clones share them.
#[derive(Clone)]
pub(super) struct AwaitedThreads(Arc<Mutex<Vec<JoinHandle<()>>>>);

impl Default for AwaitedThreads {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Level::Leaf, Vec::new())))
    }
}

impl AwaitedThreads {
    /// Adds a thread, and forgets those that have ended.
    pub(super) fn add(&self, thread: JoinHandle<()>) {
        let mut threads = self.0.lock();
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
    }

    /// Waits for the threads.
    pub(super) fn finish(&self) {
        let threads = std::mem::take(&mut *self.0.lock());
        // An import verifies gigabytes, and there may be no window that shows it.
        if threads.iter().any(|thread| !thread.is_finished()) {
            remark!("xenia-rs: waiting for exports, imports and deletions of packages");
        }
        for thread in threads {
            // The message of a panic is on standard error already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;

    #[test]
    fn the_work_of_all_threads_is_done_at_the_end() {
        let threads = AwaitedThreads::default();
        let done = Arc::new(AtomicU32::new(0));
        let mut begin = Vec::new();
        for _ in 0..3 {
            let (sender, begins) = mpsc::channel::<()>();
            let done = done.clone();
            begin.push(sender);
            threads.add(std::thread::spawn(move || {
                let _ = begins.recv();
                done.fetch_add(1, Ordering::Relaxed);
            }));
        }
        drop(begin);
        threads.clone().finish();
        assert_eq!(done.load(Ordering::Relaxed), 3);
        threads.finish();
    }
}
