//! Epoch-based reclamation of withdrawn code: frees it once every engine that may be in it has
//! returned to its dispatcher.
//!
//! ```text
//!  engine    presence := current epoch   │ looks code up and runs it │ presence := away
//!  others    remove code from the tables │ current epoch += 1 │ …
//!            barrier on all threads      │ read every presence
//! ```
//!
//! An engine stores its presence before each look-up, at every kernel call, so it uses a plain
//! store. The thread that frees orders that store before the look-up by a barrier on all threads:
//! if an engine looked code up before it was removed, its presence is visible by then, with an
//! epoch that is not later than the removal.
//!
//! An engine may store an epoch long after reading it. That epoch is then an older one, which only
//! delays freeing.

use crate::lock_order;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::*, compiler_fence};
use xenia_host::barrier;
use xenia_sync::{Level, Mutex};

/// Presence of an engine that runs no compiled code.
const AWAY: u64 = u64::MAX;

/// One engine's presence; on its own cache line, because the engine writes it all the time.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Presence(AtomicU64);

impl Presence {
    /// Records that no compiled code is running or has a host frame.
    #[inline]
    pub(crate) fn leave(&self) {
        // Pairs with the load in `oldest`: the engine's last use of code comes before its reuse.
        self.0.store(AWAY, Release);
    }
}

/// The epochs of one machine.
#[derive(Debug)]
pub(crate) struct Epochs {
    current: AtomicU64,
    engines: Mutex<Vec<Arc<Presence>>>,
}

impl Epochs {
    pub(crate) fn new() -> Arc<Self> {
        let engines = Mutex::numbered(Level::Code, lock_order::ENGINES, Vec::new());
        Arc::new(Self { current: AtomicU64::new(1), engines })
    }

    /// Adds an engine. Dropping the result removes it.
    pub(crate) fn join(&self) -> Arc<Presence> {
        let presence = Arc::new(Presence(AtomicU64::new(AWAY)));
        self.engines.lock().push(Arc::clone(&presence));
        presence
    }

    /// Records that an engine is about to look up and run code. It must have left all code that it
    /// looked up before.
    #[inline]
    pub(crate) fn enter(&self, own: &Presence) {
        own.0.store(self.current.load(Acquire), Release);
        // Only the compiler has to keep the store before the look-up.
        compiler_fence(SeqCst);
    }

    /// Starts a new epoch after code was removed from the tables. Returns the last epoch in which
    /// an engine may have entered it.
    pub(crate) fn advance(&self) -> u64 {
        // Pairs with the load in `enter`: an engine that reads the new epoch sees the code removed.
        self.current.fetch_add(1, AcqRel)
    }

    /// The oldest epoch that an engine may be in: code removed in an earlier epoch is unused. 0
    /// if the host refuses the barrier, as any code may then be in use.
    pub(crate) fn oldest(&self) -> u64 {
        if !barrier::on_all_threads() {
            return 0;
        }
        let mut engines = self.engines.lock();
        // A presence that only this list refers to belongs to an engine that is gone.
        engines.retain(|engine| Arc::strong_count(engine) > 1);
        // `AWAY` is the highest epoch, so engines that run no code don't count.
        engines.iter().map(|engine| engine.0.load(Acquire)).min().unwrap_or(AWAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn withdrawn_code_is_free_once_engines_pass_its_epoch() {
        let epochs = Epochs::new();
        let one = epochs.join();
        let other = epochs.join();
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
        assert!(epochs.oldest() > second, "all engines are away");
    }
}
