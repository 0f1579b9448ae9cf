//! Exit codes of the program; part of the command line's contract.

use xenia::interrupt::Cause;

/// Exit code of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Success, or everything matched.
    Done = 0,
    /// A mismatch or a failed test.
    Mismatch = 1,
    /// Wrong usage, input that cannot be read, or a requested output that could not be written.
    Unusable = 2,
    /// The guest crashed.
    Crashed = 3,
    /// The guest deadlocked, or showed no frame within `--swap-timeout`. Without
    /// `--halt-on-deadlock`, a deadlock ends a run only after failed recoveries.
    Deadlocked = 4,
    /// A bug in this program.
    Internal = 70,
    /// Part of the work was not done, for a reason that may not affect another attempt:
    /// `EX_TEMPFAIL` of `sysexits.h`.
    Unfinished = 75,
    /// SIGHUP ended the run; requested outputs are written.
    HungUp = 129,
    /// SIGINT ended the run; requested outputs are written.
    Interrupted = 130,
    /// SIGTERM ended the run; requested outputs are written.
    Terminated = 143,
}

impl Code {
    /// Number of the code, for the operating system.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl From<Cause> for Code {
    fn from(cause: Cause) -> Self {
        match cause {
            // Closing the window and `--timeout` are normal ends.
            Cause::Window | Cause::Timeout => Self::Done,
            Cause::Signal(xenia_host::signals::HANG_UP) => Self::HungUp,
            Cause::Signal(xenia_host::signals::TERMINATE) => Self::Terminated,
            Cause::Signal(_) => Self::Interrupted,
        }
    }
}

/// A panic, which is a bug in this program and not in the title. The panic's message is on standard
/// error already.
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
