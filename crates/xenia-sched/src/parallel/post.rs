//! Parker of a host thread: a flag that notifies it, and the means to wake it.
//!
//! The notifier that sets the flag wakes the host thread; others that find it set do nothing. The
//! host thread clears the flag *before* it checks the state it was notified of, so a notification
//! that arrives during the check causes another check, and the thread sleeps only while the flag is
//! clear.

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::thread::{self, Thread};
use std::time::Duration;

/// A notification flag and the host thread that it wakes.
#[derive(Debug, Default)]
pub(super) struct Post {
    called: AtomicBool,
    host: OnceLock<Thread>,
}

impl Post {
    /// Makes the current thread the one that is notified. To be called once.
    pub(super) fn take(&self) {
        let _ = self.host.set(thread::current());
    }

    /// Notifies the host thread.
    pub(super) fn call(&self) {
        if !self.called.swap(true, AcqRel)
            && let Some(host) = self.host.get()
        {
            host.unpark();
        }
    }

    /// Whether there is a notification that the host thread has not taken.
    pub(super) fn is_called(&self) -> bool {
        self.called.load(Acquire)
    }

    /// Clears the notification. To be called before checking the state that it was for.
    pub(super) fn answer(&self) {
        // A swap rather than a store, to acquire what the notifier wrote before it set the flag.
        self.called.swap(false, AcqRel);
    }

    /// Sleeps until notified, for at most `timeout`; may return early. For the host thread only.
    pub(super) fn wait(&self, timeout: Duration) {
        if !self.is_called() && !timeout.is_zero() {
            thread::park_timeout(timeout);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    #[test]
    fn no_call_is_lost() {
        const CALLS: u32 = 20_000;
        let (post, work, done) = (Post::default(), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                post.take();
                while done.load(SeqCst) < CALLS {
                    post.answer();
                    done.fetch_add(work.swap(0, SeqCst), SeqCst);
                    if done.load(SeqCst) < CALLS {
                        // Longer than any test takes: only notifications end the sleep.
                        post.wait(Duration::from_hours(1));
                    }
                }
            });
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..CALLS / 2 {
                        work.fetch_add(1, SeqCst);
                        post.call();
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), CALLS);
    }
}
