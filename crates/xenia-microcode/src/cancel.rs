//! Cancellation of draws, checked between runs of the interpreter.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Cancellation token: ends the current and all later draws and resolves when their results are no
/// longer needed. Results of cancelled work are undefined; the token remembers whether any work was
/// cancelled. Clones share the same state.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    is_set: AtomicBool,
    has_cut: AtomicBool,
}

impl Cancel {
    /// Cancels draws and resolves.
    pub fn set(&self) {
        self.0.is_set.store(true, Relaxed);
    }

    /// Whether cancellation was requested.
    pub fn is_set(&self) -> bool {
        self.0.is_set.load(Relaxed)
    }

    /// Whether the caller must stop with work left; remembers that it did.
    pub fn cuts(&self) -> bool {
        let cuts = self.is_set();
        if cuts {
            self.0.has_cut.store(true, Relaxed);
        }
        cuts
    }

    /// Whether a draw or resolve was cut short. A token that was set while idle has cut nothing
    /// short.
    pub fn has_cut(&self) -> bool {
        self.0.has_cut.load(Relaxed)
    }
}
