//! System time: guest time plus the machine's start time; and the clock interrupt, at which the
//! console's kernel advances its time and expires waits and timers.

use xenia_sched::{GuestTicks, START_FILETIME, TICKS_PER_SECOND, ticks_from_100ns, ticks_to_100ns};

/// Period of the clock interrupt.
const CLOCK_PERIOD: GuestTicks = TICKS_PER_SECOND / 1000;

/// Guest time of the last clock interrupt.
pub fn last_interrupt(now: GuestTicks) -> GuestTicks {
    now - now % CLOCK_PERIOD
}

/// The first clock interrupt at or after a guest time; saturating.
pub fn interrupt_from(time: GuestTicks) -> GuestTicks {
    time.checked_next_multiple_of(CLOCK_PERIOD).unwrap_or(GuestTicks::MAX)
}

/// Interrupt time that the kernel knows at a guest time: the time since the start in units of
/// 100 ns, up to the last clock interrupt.
pub fn interrupt_time(now: GuestTicks) -> u64 {
    ticks_to_100ns(last_interrupt(now))
}

/// System time of the guest: a start time plus guest time. The host's clock matters only if the
/// maker of the machine took the start time from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    start: u64,
}

impl Default for Clock {
    /// The same start time in every run.
    fn default() -> Self {
        Self { start: START_FILETIME }
    }
}

impl Clock {
    /// Starts at this system time (100 ns units since 1601). The value is clamped so that the time
    /// cannot overflow during a machine's life.
    pub fn starting_at(start: u64) -> Self {
        // Titles compute with signed times.
        Self { start: start.min(i64::MAX as u64 / 2) }
    }

    /// System time at guest time `now`.
    pub fn system_time(self, now: GuestTicks) -> u64 {
        self.start.saturating_add(ticks_to_100ns(now))
    }

    /// System time that the kernel knows at guest time `now`: that of the last clock interrupt.
    pub fn stamped_time(self, now: GuestTicks) -> u64 {
        self.system_time(last_interrupt(now))
    }

    /// Guest time of a system time; 0 for times before the start.
    pub fn guest_time(self, time: u64) -> GuestTicks {
        ticks_from_100ns(time.saturating_sub(self.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_interrupts_are_a_millisecond_apart() {
        let at = [0, 1, 49_874, 49_875, 49_876, GuestTicks::MAX];
        let next = [0, 49_875, 49_875, 49_875, 99_750, GuestTicks::MAX];
        assert_eq!(at.map(interrupt_from), next);
        assert_eq!([0, 49_874, 49_875, 49_876].map(last_interrupt), [0, 0, 49_875, 49_875]);
    }

    #[test]
    fn system_time_is_guest_time_after_the_start() {
        let clock = Clock::starting_at(1_000_000);
        assert_eq!((clock.system_time(0), clock.system_time(49_875)), (1_000_000, 1_010_000));
        assert_eq!((clock.guest_time(1_010_000), clock.guest_time(5)), (49_875, 0));
        assert_eq!((clock.stamped_time(49_874), clock.stamped_time(99_749)), (1_000_000, 1_010_000));
        assert_eq!((interrupt_time(49_874), interrupt_time(99_749)), (0, 10_000));
        assert_eq!(Clock::default().system_time(0), START_FILETIME);
        assert!((Clock::starting_at(u64::MAX).system_time(GuestTicks::MAX) as i64) > 0);
    }
}
