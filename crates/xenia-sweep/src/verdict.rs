//! Verdicts on units, from pass to crash.

use serde::{Deserialize, Serialize};

/// Verdict of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The result is as expected.
    Pass,
    /// It ended normally, and no expected result is known.
    Done,
    /// The result differs from the expected one.
    Mismatch,
    /// The guest faulted unexpectedly.
    GuestFault,
    /// The guest deadlocked unexpectedly.
    Deadlock,
    /// The program refused its input or arguments.
    Refused,
    /// The time limit was exceeded.
    Timeout,
    /// The memory limit was exceeded.
    Memory,
    /// The output limit was exceeded.
    Output,
    /// The program itself crashed.
    Crash,
}

impl Verdict {
    /// All verdicts, the best first.
    pub const ALL: [Self; 10] = [
        Self::Pass,
        Self::Done,
        Self::Mismatch,
        Self::GuestFault,
        Self::Deadlock,
        Self::Refused,
        Self::Timeout,
        Self::Memory,
        Self::Output,
        Self::Crash,
    ];

    /// Name in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Done => "done",
            Self::Mismatch => "mismatch",
            Self::GuestFault => "guest-fault",
            Self::Deadlock => "deadlock",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Output => "output",
            Self::Crash => "crash",
        }
    }

    /// Whether the verdict is a success.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Pass | Self::Done)
    }
}
