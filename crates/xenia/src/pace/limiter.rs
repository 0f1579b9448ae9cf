//! Limits the speed of guest time against the host's clock.

use std::time::Duration;
use xenia_sched::{GuestTicks, TICKS_PER_SECOND};

/// Lag of guest time that may be made up. More than that, after a slow stretch of the title, is not
/// made up by running faster.
const SLACK: Duration = Duration::from_millis(50);

/// Computes the waits that keep guest time at or below a speed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limiter {
    /// Guest seconds per host second; `None` is unlimited.
    speed: Option<f64>,
    /// A host time and the corresponding guest time.
    origin: Option<(Duration, GuestTicks)>,
}

impl Limiter {
    /// Limits guest time to `speed` times the host's; `None` is unlimited.
    pub(super) fn new(speed: Option<f64>) -> Self {
        Self { speed, origin: None }
    }

    /// The time that a guest at `guest` must wait at host time `now`.
    pub(super) fn wait(&mut self, now: Duration, guest: GuestTicks) -> Duration {
        let Some(speed) = self.speed else { return Duration::ZERO };
        let (host_origin, guest_origin) = *self.origin.get_or_insert((now, guest));
        let passed = guest.saturating_sub(guest_origin) as f64 / TICKS_PER_SECOND as f64;
        let due =
            host_origin.saturating_add(Duration::try_from_secs_f64(passed / speed).unwrap_or(Duration::MAX));
        if due + SLACK < now {
            self.origin = Some((now, guest));
        }
        due.saturating_sub(now)
    }

    /// Forgets the past, after a pause or a stretch without a limit.
    pub(super) fn restart(&mut self) {
        self.origin = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::FIELD;
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A simulated guest: only its waits and its work advance the host clock.
    struct Guest {
        limiter: Limiter,
        now: Duration,
        ticks: GuestTicks,
    }

    impl Guest {
        fn new(speed: Option<f64>) -> Self {
            Self { limiter: Limiter::new(speed), now: MS * 777, ticks: 12345 }
        }

        /// Seconds that `fields` fields take if each needs `work` to compute.
        fn run(&mut self, fields: u32, work: Duration) -> f64 {
            let start = self.now;
            for _ in 0..fields {
                self.now += self.limiter.wait(self.now, self.ticks);
                self.now += work;
                self.ticks += FIELD;
            }
            self.now += self.limiter.wait(self.now, self.ticks);
            self.now.saturating_sub(start).as_secs_f64()
        }
    }

    #[test]
    fn a_fast_machine_runs_at_the_limit() {
        for (speed, expected) in [(1.0, 10.0), (2.0, 5.0), (0.5, 20.0)] {
            let took = Guest::new(Some(speed)).run(600, MS * 2);
            assert!((took - expected).abs() < 0.001, "{speed}: {took}");
        }
    }

    #[test]
    fn a_slow_machine_and_one_without_a_limit_never_wait() {
        assert!((Guest::new(Some(1.0)).run(100, MS * 40) - 4.0).abs() < 1e-6);
        assert!((Guest::new(None).run(100, MS) - 0.1).abs() < 1e-6);
    }

    #[test]
    fn jitter_is_compensated_but_a_long_delay_is_not() {
        let mut guest = Guest::new(Some(1.0));
        let took = guest.run(1, MS * 40) + guest.run(59, MS);
        assert!((took - 1.0).abs() < 0.001, "one late field: {took}");
        guest.run(1, MS * 3000);
        let took = guest.run(60, MS);
        assert!(took > 0.94, "no rush after three seconds: {took}");
    }

    #[test]
    fn limiter_restart_discards_paused_time() {
        let mut guest = Guest::new(Some(1.0));
        guest.run(10, MS);
        guest.now += MS * 40;
        guest.limiter.restart();
        let took = guest.run(6, MS);
        assert!(took > 0.0999, "{took}");
    }

    #[test]
    fn the_clock_can_be_anything() {
        let mut limiter = Limiter::new(Some(1.0 / 60.0));
        limiter.wait(Duration::ZERO, 0);
        assert!(limiter.wait(MS, GuestTicks::MAX) > MS * 1000);
        assert_eq!(limiter.wait(Duration::from_secs(u64::MAX / 2), 5), Duration::ZERO);
        let _ = limiter.wait(MS, 0);
    }
}
