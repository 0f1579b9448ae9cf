//! Exit codes of the program; part of the command line's contract.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Done, or everything matched.
    Done = 0,
    /// A mismatch or a failed test.
    Mismatch = 1,
    /// Wrong use, or input that cannot be read.
    Unusable = 2,
    /// The guest crashed.
    Crashed = 3,
    /// The guest deadlocked and `--halt-on-deadlock` was given.
    Deadlocked = 4,
}
