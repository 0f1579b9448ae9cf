//! Where a host thread is called: a flag that it takes back, and the way to wake it.
//!
//! Whoever raises the flag wakes the host thread; whoever finds it up leaves that to them. The host
//! thread takes the flag back *before* it looks at what it was called for, so a call that comes
//! while it looks makes it look again, and it sleeps only with the flag down.

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::thread::{self, Thread};
use std::time::Duration;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Post {
    called: AtomicBool,
    host: OnceLock<Thread>,
}

impl Post {
    /// The calling host thread is the one that is called here from now on. Once.
    pub(super) fn take(&self) {
        let _ = self.host.set(thread::current());
    }

    /// Calls the host thread.
    pub(super) fn call(&self) {
        if !self.called.swap(true, AcqRel)
            && let Some(host) = self.host.get()
        {
            host.unpark();
        }
    }

    /// Whether it has been called and has not answered.
    pub(super) fn is_called(&self) -> bool {
        self.called.load(Acquire)
    }

    /// Takes the call back, before looking at what it was for.
    pub(super) fn answer(&self) {
        self.called.swap(false, AcqRel);
    }

    /// Sleeps until it is called, at most for `timeout`; may return early. The host thread only.
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
                        // Longer than any test may take: only calls end it.
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
