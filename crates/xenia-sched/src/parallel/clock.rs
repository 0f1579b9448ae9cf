//! Guest time of a machine whose hardware threads run at once: the host's clock, and what has been skipped of it.
//!
//! It goes on while a run does, and stands still between two runs. When nothing can happen before some moment, and nobody
//! paces the machine, the time-keeper skips to it: a title that waits takes no host time.

use crate::{GuestTicks, TICKS_PER_SECOND};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

const NANOSECONDS: u128 = 1_000_000_000;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Clock {
    origin: Instant,
    start: GuestTicks,
    skipped: AtomicU64,
}

impl Clock {
    /// A clock that stands at `start` now, and runs.
    pub(super) fn start_at(start: GuestTicks) -> Self {
        Self { origin: Instant::now(), start, skipped: AtomicU64::new(0) }
    }

    /// Guest time. Never goes back.
    pub(super) fn now(&self) -> GuestTicks {
        self.start + self.skipped.load(Acquire) + ticks(self.origin.elapsed())
    }

    /// Host time until guest time is `then`, if nothing is skipped.
    pub(super) fn until(&self, then: GuestTicks) -> Duration {
        let left = u128::from(then.saturating_sub(self.now()));
        let nanoseconds = (left * NANOSECONDS).div_ceil(u128::from(TICKS_PER_SECOND));
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// Moves time on to `then`, unless it is there already. The time-keeper only.
    pub(super) fn skip_to(&self, then: GuestTicks) {
        let left = then.saturating_sub(self.now());
        self.skipped.store(self.skipped.load(Relaxed) + left, Release);
    }
}

fn ticks(elapsed: Duration) -> GuestTicks {
    (elapsed.as_nanos() * u128::from(TICKS_PER_SECOND) / NANOSECONDS) as GuestTicks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_with_the_host_and_can_be_skipped() {
        assert_eq!(ticks(Duration::from_secs(2)), 2 * TICKS_PER_SECOND);
        let clock = Clock::start_at(1000);
        let first = clock.now();
        assert!(first >= 1000);
        let far = first + 3600 * TICKS_PER_SECOND;
        assert!(clock.until(far) > Duration::from_secs(3500));
        clock.skip_to(far);
        assert!(clock.now() >= far);
        assert_eq!(clock.until(far), Duration::ZERO);
        clock.skip_to(0);
        assert!(clock.now() >= far, "never back");
    }
}
