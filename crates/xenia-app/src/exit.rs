//! Exit codes of the program; part of the command line's contract.

use crate::interrupt::Cause;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Done, or everything matched.
    Done = 0,
    /// A mismatch or a failed test.
    Mismatch = 1,
    /// Wrong use, input that cannot be read, or an output that was asked for and could not be
    /// written.
    Unusable = 2,
    /// The guest crashed.
    Crashed = 3,
    /// The guest deadlocked and `--halt-on-deadlock` was given.
    Deadlocked = 4,
    /// A fault of this program.
    Internal = 70,
    /// Some of it was not done, for a reason that another start may not meet: `EX_TEMPFAIL` of
    /// `sysexits.h`.
    Unfinished = 75,
    /// SIGHUP ended the run; what was asked for is written.
    HungUp = 129,
    /// SIGINT did.
    Interrupted = 130,
    /// SIGTERM did.
    Terminated = 143,
}

impl From<Cause> for Code {
    fn from(cause: Cause) -> Self {
        match cause {
            // Whoever closes a window, or says for how long, wants that end.
            Cause::Window | Cause::Timeout => Self::Done,
            Cause::Signal(signal_hook::consts::SIGHUP) => Self::HungUp,
            Cause::Signal(signal_hook::consts::SIGTERM) => Self::Terminated,
            Cause::Signal(_) => Self::Interrupted,
        }
    }
}

/// A panic: a fault of this program, not of the title. What happened is on standard error already.
#[derive(Clone, Copy, Debug)]
pub struct Fault;

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "internal error: this is a fault in xenia-rs, not in the title; please report it with the lines above",
        )
    }
}

impl std::error::Error for Fault {}
