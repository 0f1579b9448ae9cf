//! When withdrawn code may be freed: once every engine that may be in it has been back in its
//! dispatcher.
//!
//! ```text
//!  engine    presence := current epoch │ looks code up and runs it          │ presence := away
//!  others    take code out of the tables │ current epoch += 1 │ …  barrier on all threads │ read every presence
//! ```
//!
//! An engine notes its presence before each look into the tables, with a plain store: it does so at
//! every kernel call. What orders that store before the look is the barrier that whoever frees puts
//! into all threads: an engine whose look came before the code was taken out is seen to be present,
//! with an epoch no later than that. A host without such barriers has every engine pass one itself.
//!
//! An epoch that was read long before it is noted is an older one, which only keeps more.

use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::*, compiler_fence, fence};
use xenia_memory::barrier;

/// An engine that runs no compiled code.
const AWAY: u64 = u64::MAX;

/// One engine's note; alone on its cache line, since its engine writes it all the time.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Presence(AtomicU64);

impl Presence {
    /// No compiled code is running any more, and none is a host frame.
    #[inline]
    pub(crate) fn leave(&self) {
        self.0.store(AWAY, Release);
    }
}

/// The epochs of one machine's code.
#[derive(Debug)]
pub(crate) struct Epochs {
    current: AtomicU64,
    engines: Mutex<Vec<Arc<Presence>>>,
    /// Whether the host has barriers for all threads.
    barriers: bool,
}

impl Epochs {
    pub(crate) fn new() -> Arc<Self> {
        let (current, engines) = (AtomicU64::new(1), Mutex::default());
        Arc::new(Self { current, engines, barriers: barrier::on_all_threads() })
    }

    /// Adds an engine. It is gone when it drops the result.
    pub(crate) fn join(&self) -> Arc<Presence> {
        let presence = Arc::new(Presence(AtomicU64::new(AWAY)));
        self.engines.lock().push(Arc::clone(&presence));
        presence
    }

    /// Notes that an engine is about to look up code and run it; it is in no code that it has
    /// looked up before.
    #[inline]
    pub(crate) fn enter(&self, own: &Presence) {
        own.0.store(self.current.load(Acquire), Release);
        if self.barriers {
            compiler_fence(SeqCst);
        } else {
            fence(SeqCst);
        }
    }

    /// Code has been taken out of the tables: gives the last epoch in which an engine may have come
    /// into it.
    pub(crate) fn advance(&self) -> u64 {
        self.current.fetch_add(1, AcqRel)
    }

    /// The oldest epoch that an engine may be in: code taken out in an earlier one is nobody's.
    pub(crate) fn oldest(&self) -> u64 {
        if self.barriers {
            barrier::on_all_threads();
        } else {
            fence(SeqCst);
        }
        let mut engines = self.engines.lock();
        // An engine that is gone has left its note to us alone.
        engines.retain(|engine| Arc::strong_count(engine) > 1);
        engines.iter().map(|engine| engine.0.load(Acquire)).min().unwrap_or(AWAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_out_is_free_once_all_who_were_present_have_gone_on() {
        let epochs = Epochs::new();
        let (one, other) = (epochs.join(), epochs.join());
        epochs.enter(&one);
        let withdrawn = epochs.advance();
        assert!(epochs.oldest() <= withdrawn, "one may be in it");
        epochs.enter(&other);
        assert!(epochs.oldest() <= withdrawn);
        epochs.enter(&one);
        assert!(epochs.oldest() > withdrawn, "both came later");
        let second = epochs.advance();
        other.leave();
        drop(one);
        assert!(epochs.oldest() > second, "nobody is there");
    }
}
