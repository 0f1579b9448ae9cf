//! Threads whose work on packages and profiles is complete before the program ends.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use xenia::say::remark;
use xenia_sync::{Level, Mutex};

/// The thread that was added last, which waits for the earlier one: a folder of saves can be locked
/// once, also by this process. Clones share it.
#[derive(Clone)]
pub(super) struct AwaitedThreads(Arc<Mutex<Option<JoinHandle<()>>>>);

impl Default for AwaitedThreads {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Level::Leaf, None)))
    }
}

impl AwaitedThreads {
    /// Adds a thread, whose work begins after that of the earlier ones.
    pub(super) fn add(&self, work: impl FnOnce() + Send + 'static) {
        let mut last = self.0.lock();
        let earlier = last.take();
        *last = Some(thread::spawn(move || {
            if let Some(earlier) = earlier {
                // The message of a panic is on standard error already.
                let _ = earlier.join();
            }
            work();
        }));
    }

    /// Waits for the threads.
    pub(super) fn finish(&self) {
        let Some(last) = self.0.lock().take() else { return };
        // An import verifies gigabytes, and there may be no window that shows it.
        if !last.is_finished() {
            remark!("xenia-rs: waiting for exports, imports and changes of packages and profiles");
        }
        // As in `add`.
        let _ = last.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn the_work_of_all_threads_is_done_at_the_end_one_after_the_other() {
        let threads = AwaitedThreads::default();
        let (done, order) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        let first = done.clone();
        threads.add(move || {
            // Only a thread that does not wait can send this.
            let is_alone = begun.recv_timeout(Duration::from_millis(100)).is_err();
            first.send(u32::from(is_alone)).unwrap();
            panic!("the later ones still work");
        });
        for number in 2..=3 {
            let begin = begin.clone();
            let done = done.clone();
            threads.clone().add(move || {
                let _ = begin.send(());
                done.send(number).unwrap();
            });
        }
        threads.clone().finish();
        assert_eq!(order.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
        threads.finish();
        drop(begin);
    }
}
