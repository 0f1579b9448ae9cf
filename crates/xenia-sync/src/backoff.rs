//! How long to go on looking before sleeping: exponential back-off.
//!
//! Rounds of pauses, each twice as long as the one before up to a bound: who holds a lock for a
//! short time on another processor is done by then. The processor is not offered to others
//! meanwhile, as other locks do: on a machine with more to do it is gone for milliseconds, in which
//! the lock goes round without this thread.

use crate::atomic;

/// Rounds of pauses.
const ROUNDS: u32 = 12;
/// A round has two to the power of its number of pauses, and of this number at most.
const LONGEST: u32 = 3;

/// One wait's patience.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    round: u32,
}

impl Backoff {
    /// Waits a little longer than the last time. False when that is no longer worth it, without
    /// waiting.
    #[inline]
    pub(crate) fn wait(&mut self) -> bool {
        // A model has every order of steps anyway: there, patience ends at once.
        if atomic::MODEL || self.round >= ROUNDS {
            return false;
        }
        self.round += 1;
        for _ in 0..1_u32 << self.round.min(LONGEST) {
            atomic::spin_loop();
        }
        true
    }

    /// From the beginning.
    pub(crate) fn reset(&mut self) {
        self.round = 0;
    }
}

#[cfg(all(test, not(feature = "modelled")))]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_and_comes_back() {
        let mut backoff = Backoff::default();
        assert_eq!((0..100).take_while(|_| backoff.wait()).count(), ROUNDS as usize);
        assert!(!backoff.wait());
        backoff.reset();
        assert!(backoff.wait());
    }
}
