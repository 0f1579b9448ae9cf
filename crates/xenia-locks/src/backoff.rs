//! Exponential back-off for spinning before sleeping.
//!
//! Rounds of pause instructions, each twice as long as the previous one, up to a limit: locks that
//! another processor holds for a short time are free by then. In contrast to other locks, waiters
//! do not yield the processor: on a loaded machine a thread would lose it for milliseconds, in
//! which the lock is passed around without it.

use xenia_sync::atomic;

/// Number of rounds of pauses.
const ROUNDS: u32 = 12;
/// log2 of the number of pauses in the longest rounds. Round n has 2^n pauses, or fewer if n is
/// greater than this.
const MAX_EXPONENT: u32 = 3;

/// The back-off state of one wait.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    round: u32,
}

impl Backoff {
    /// Waits a little longer than the last time. Returns false, without waiting, when spinning is
    /// no longer worthwhile.
    #[inline]
    pub(crate) fn wait(&mut self) -> bool {
        // A model explores every schedule anyway, so spinning ends at once.
        if atomic::MODEL || self.round >= ROUNDS {
            return false;
        }
        self.round += 1;
        for _ in 0..1_u32 << self.round.min(MAX_EXPONENT) {
            atomic::spin_loop();
        }
        true
    }

    /// Starts from the beginning.
    pub(crate) fn reset(&mut self) {
        self.round = 0;
    }
}

#[cfg(all(test, not(feature = "modelled")))]
mod tests {
    use super::*;

    #[test]
    fn waits_end_and_begin_again_after_a_reset() {
        let mut backoff = Backoff::default();
        assert_eq!((0..100).take_while(|_| backoff.wait()).count(), ROUNDS as usize);
        assert!(!backoff.wait());
        backoff.reset();
        assert!(backoff.wait());
    }
}
