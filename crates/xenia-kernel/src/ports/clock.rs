//! Time of day, where it is not guest time.

use xenia_sched::{GuestTicks, filetime};

/// What the guest is told the time is.
pub trait Clock: Send {
    /// System time (100 ns since 1601) at guest time `now`.
    fn system_time(&self, now: GuestTicks) -> u64;
}

/// Guest time alone: every run sees the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedClock;

impl Clock for FixedClock {
    fn system_time(&self, now: GuestTicks) -> u64 {
        filetime(now)
    }
}
