//! The state of a visit between two calls of the engine. It decides how the visit continues:
//!
//! | used | grant | next |
//! |---|---|---|
//! | less than a quantum | fresh | a thread gets one or more quanta (`quanta_to_grant`) |
//! | less than a quantum | cut | the same thread goes on, if it has the slot |
//! | a quantum | cut, with more quanta | the same, up to the limit of guest time |
//! | a quantum or more | other, with a reservation | the same thread runs one instruction |
//! | a quantum or more | other | the visit is over |
//!
//! A reservation extends a visit by at most [`MAX_RESERVATION_EXTENSION`] instructions.
//!
//! Before each call of the engine the run may also stop, by its limit of instructions or the stop
//! flag; the visit then continues from its row in the next run.
//!
//! After a call (`run_quanta`) `used` counts from the start of the current quantum: those before it
//! were rounds of their own (`account_for_rounds`). The visit is cut if the engine has stopped at
//! its budget before the end of the granted quanta: by the limit of instructions or of guest time,
//! which had shortened the budget, or by the stop flag.

use crate::ThreadRef;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU64;

/// Limit of instructions by which a visit is extended, one by one, while a reservation is held.
pub(super) const MAX_RESERVATION_EXTENSION: u64 = 64;

/// The current visit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Visit {
    /// Instructions executed in the visit.
    pub(super) used: u64,
    /// The part of `used` beyond the quantum.
    pub(super) extended: u64,
    /// Whether a thread has read the time base.
    pub(super) has_read_time: bool,
    /// The thread whose context is set up.
    pub(super) thread: Option<ThreadRef>,
    pub(super) grant: Grant,
}

/// Quanta that a visit has been granted and not used up. Saved as their number, 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub(super) enum Grant {
    /// The next call of the engine gets new quanta.
    #[default]
    Fresh,
    /// A limit or the stop flag has cut the visit.
    Cut {
        /// Quanta that it still has, with the current one.
        quanta: NonZeroU64,
    },
}

impl From<u64> for Grant {
    fn from(quanta: u64) -> Self {
        NonZeroU64::new(quanta).map_or(Self::Fresh, |quanta| Self::Cut { quanta })
    }
}

impl From<Grant> for u64 {
    fn from(grant: Grant) -> Self {
        match grant {
            Grant::Fresh => 0,
            Grant::Cut { quanta } => quanta.get(),
        }
    }
}

impl Visit {
    /// Whether the current quantum is spent.
    #[inline]
    pub(super) fn is_spent(&self, quantum: u64) -> bool {
        self.used >= quantum
    }

    /// Whether a limit or the stop flag has cut the visit.
    #[inline]
    pub(super) fn is_cut(&self) -> bool {
        self.grant != Grant::Fresh
    }

    /// Whether the visit has quanta after the current one.
    #[inline]
    pub(super) fn has_more_quanta(&self) -> bool {
        u64::from(self.grant) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_is_cut_while_it_has_quanta() {
        let visit = |quanta: u64| Visit { grant: quanta.into(), ..Visit::default() };
        for (quanta, is_cut, has_more) in [(0, false, false), (1, true, false), (2, true, true)] {
            assert_eq!(u64::from(visit(quanta).grant), quanta);
            assert_eq!((visit(quanta).is_cut(), visit(quanta).has_more_quanta()), (is_cut, has_more));
        }
    }
}
