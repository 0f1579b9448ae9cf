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
pub(super) struct Parker {
    notified: AtomicBool,
    host: OnceLock<Thread>,
}

impl Parker {
    /// Makes the current thread the one that is notified. To be called once.
    pub(super) fn register(&self) {
        let _ = self.host.set(thread::current());
    }

    /// Notifies the host thread.
    pub(super) fn notify(&self) {
        // Releases the caller's changes of state, which `clear` acquires.
        if !self.notified.swap(true, AcqRel)
            && let Some(host) = self.host.get()
        {
            host.unpark();
        }
    }

    /// Whether there is a notification that the host thread has not taken.
    pub(super) fn is_notified(&self) -> bool {
        self.notified.load(Acquire)
    }

    /// Clears the notification. To be called before checking the state that it was for.
    pub(super) fn clear(&self) {
        // A swap rather than a store, to acquire the notifier's writes before it set the flag.
        self.notified.swap(false, AcqRel);
    }

    /// Sleeps until notified, for at most `timeout`; may return early. For the host thread only.
    pub(super) fn wait(&self, timeout: Duration) {
        if !self.is_notified() && !timeout.is_zero() {
            thread::park_timeout(timeout);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    #[test]
    fn no_notification_is_lost() {
        const NOTIFICATIONS: u32 = 20_000;
        let parker = Parker::default();
        let work = AtomicU32::new(0);
        let done = AtomicU32::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                parker.register();
                while done.load(SeqCst) < NOTIFICATIONS {
                    parker.clear();
                    done.fetch_add(work.swap(0, SeqCst), SeqCst);
                    if done.load(SeqCst) < NOTIFICATIONS {
                        // Longer than any test takes: only notifications end the sleep.
                        parker.wait(Duration::from_hours(1));
                    }
                }
            });
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..NOTIFICATIONS / 2 {
                        work.fetch_add(1, SeqCst);
                        parker.notify();
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), NOTIFICATIONS);
    }
}
