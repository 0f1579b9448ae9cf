//! What becomes of a machine in which nothing can run and nothing is to come.

use crate::{ThreadRef, ThreadsReport};

/// Recoveries in a row, without an instruction between them, before the machine stops anyway.
const RECOVERIES_IN_A_ROW: u32 = 64;

/// Deadlocks that are reported one by one; after that many, only where the count is a power of two.
const REPORTED: u64 = 16;

/// The deadlocks of one machine.
#[derive(Debug, Default)]
pub(crate) struct Deadlocks {
    in_a_row: u32,
    /// Instructions executed when the last was found.
    at: u64,
}

impl Deadlocks {
    /// A deadlock has been found, after `recoveries` and this many instructions. Says so, and
    /// returns the thread whose wait is to end as if its time had run out; `None`: the machine
    /// stops.
    pub(crate) fn found(
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
                "deadlock {number}: nothing can run, and nothing is to come; {report}"
            );
        }
        if instructions != self.at {
            (self.at, self.in_a_row) = (instructions, 0);
        }
        self.in_a_row += 1;
        if halt || self.in_a_row > RECOVERIES_IN_A_ROW {
            return None;
        }
        Some(report.longest_waiting()?.reference)
    }
}
