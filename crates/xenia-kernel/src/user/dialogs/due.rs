//! The times of the open dialog, which are read without a lock: each is a word.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use xenia_sched::GuestTicks;
use xenia_state::is_count;

/// The word of [`DialogDue::Closed`], and of a time that is not set.
const NEVER: u64 = u64::MAX;
/// The word of [`DialogDue::Answered`].
const ANSWERED: u64 = NEVER - 1;
const _: () = assert!(!is_count(ANSWERED) && !is_count(NEVER));

/// The next poll for a dialog's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DialogDue {
    /// At this guest time.
    At(GuestTicks),
    /// None, as an answered or cancelled dialog is being reported to its caller.
    Answered,
    /// None, as no dialog is open.
    Closed,
}

/// A [`DialogDue`] that threads share.
#[derive(Debug)]
pub(super) struct SharedDue(AtomicU64);

impl Default for SharedDue {
    fn default() -> Self {
        Self(AtomicU64::new(NEVER))
    }
}

impl SharedDue {
    pub(super) fn get(&self) -> DialogDue {
        match self.0.load(Acquire) {
            NEVER => DialogDue::Closed,
            ANSWERED => DialogDue::Answered,
            time => DialogDue::At(time),
        }
    }

    pub(super) fn set(&self, due: DialogDue) {
        let word = match due {
            DialogDue::At(time) => time.min(ANSWERED - 1),
            DialogDue::Answered => ANSWERED,
            DialogDue::Closed => NEVER,
        };
        self.0.store(word, Release);
    }
}

/// A guest time, if one is set, that threads share.
#[derive(Debug)]
pub(super) struct SharedTime(AtomicU64);

impl Default for SharedTime {
    fn default() -> Self {
        Self(AtomicU64::new(NEVER))
    }
}

impl SharedTime {
    pub(super) fn get(&self) -> Option<GuestTicks> {
        Some(self.0.load(Acquire)).filter(|time| *time != NEVER)
    }

    pub(super) fn set(&self, time: Option<GuestTicks>) {
        self.0.store(time.unwrap_or(NEVER), Release);
    }

    pub(super) fn take(&self) -> Option<GuestTicks> {
        Some(self.0.swap(NEVER, AcqRel)).filter(|time| *time != NEVER)
    }
}
