//! The clock of a parallel run: guest time follows the host's clock, plus skipped time.
//!
//! The clock runs during a run and is stopped between runs. If no thread can run before some time,
//! and the machine is not paced, the time-keeper skips to that time, so a waiting title takes no
//! host time.

use crate::{GuestTicks, TICKS_PER_SECOND};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

/// Guest time derived from the host's clock.
#[derive(Debug)]
pub(super) struct Clock {
    origin: Instant,
    start: GuestTicks,
    /// Guest ticks per host second.
    rate: f64,
    skipped: AtomicU64,
}

impl Clock {
    /// Creates a clock that shows `start` now and advances by `speed` guest seconds per host
    /// second.
    pub(super) fn start_at(start: GuestTicks, speed: f64) -> Self {
        let rate = TICKS_PER_SECOND as f64 * speed;
        Self { origin: Instant::now(), start, rate, skipped: AtomicU64::new(0) }
    }

    /// Guest time; monotonic.
    pub(super) fn now(&self) -> GuestTicks {
        self.start + self.skipped.load(Acquire) + self.ticks(self.origin.elapsed())
    }

    /// Host time until guest time reaches `then`, if no time is skipped.
    pub(super) fn host_time_until(&self, then: GuestTicks) -> Duration {
        let left = then.saturating_sub(self.now());
        // Add a nanosecond, because the conversion may have rounded down.
        let left = Duration::try_from_secs_f64(left as f64 / self.rate).unwrap_or(Duration::MAX);
        if left.is_zero() { left } else { left.saturating_add(Duration::from_nanos(1)) }
    }

    /// Guest time after this much host time, if no time is skipped.
    pub(super) fn time_after(&self, host: Duration) -> GuestTicks {
        self.now().saturating_add(self.ticks(host))
    }

    fn ticks(&self, elapsed: Duration) -> GuestTicks {
        (elapsed.as_secs_f64() * self.rate) as GuestTicks
    }

    /// Advances time to `then`, unless it is later already. For the time-keeper only.
    pub(super) fn skip_to(&self, then: GuestTicks) {
        let left = then.saturating_sub(self.now());
        // Not one step: no other thread stores.
        self.skipped.store(self.skipped.load(Relaxed) + left, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_with_the_host_and_can_be_skipped() {
        let clock = Clock::start_at(1000, 1.0);
        assert_eq!(clock.ticks(Duration::from_secs(2)), 2 * TICKS_PER_SECOND);
        let first = clock.now();
        assert!(first >= 1000);
        assert!(clock.time_after(Duration::from_secs(2)) >= first + 2 * TICKS_PER_SECOND);
        assert_eq!(clock.time_after(Duration::MAX), GuestTicks::MAX);
        let far = first + 3600 * TICKS_PER_SECOND;
        assert!(clock.host_time_until(far) > Duration::from_secs(3500));
        clock.skip_to(far);
        assert!(clock.now() >= far);
        assert_eq!(clock.host_time_until(far), Duration::ZERO);
        clock.skip_to(0);
        assert!(clock.now() >= far, "never back");
    }

    #[test]
    fn the_clock_may_run_at_another_speed() {
        for (speed, seconds) in [(0.5, 20), (4.0, 160)] {
            let clock = Clock::start_at(0, speed);
            assert_eq!(clock.ticks(Duration::from_secs(40)), seconds * TICKS_PER_SECOND);
            let then = seconds * TICKS_PER_SECOND;
            assert!(clock.host_time_until(then) <= Duration::from_secs(40) + Duration::from_nanos(1));
            assert!(clock.host_time_until(then) > Duration::from_secs(30));
        }
    }
}
