//! Deadlock handling: what happens when no thread can run and no event is pending.

use crate::{ThreadRef, ThreadsReport};
use serde::{Deserialize, Serialize};

/// Limit of consecutive recoveries without an executed instruction; after it the machine stops.
const MAX_RECOVERIES: u32 = 64;

/// Number of deadlocks that are logged individually; later ones are logged if their number is a
/// power of two.
const REPORTED: u64 = 16;

/// Deadlock state of one machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deadlocks {
    /// Number of them since the last executed instruction.
    in_a_row: u32,
    /// Number of instructions executed when the last deadlock was found.
    at: u64,
}

impl Deadlocks {
    /// Handles a deadlock, after `recoveries` earlier ones and this many instructions. Logs it and
    /// returns the thread whose wait should be ended as by a timeout, or `None` if the machine
    /// should stop.
    pub(crate) fn handle(
        &mut self,
        recoveries: u64,
        instructions: u64,
        report: &ThreadsReport,
        halt: bool,
    ) -> Option<ThreadRef> {
        let number = recoveries + 1;
        if number <= REPORTED || number.is_power_of_two() {
            tracing::error!(
                target: "sched",
                "deadlock {number}: no thread can run and no event is pending; {report}"
            );
        }
        if instructions != self.at {
            self.at = instructions;
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        if halt || self.in_a_row > MAX_RECOVERIES {
            return None;
        }
        Some(report.longest_waiting()?.reference)
    }
}
