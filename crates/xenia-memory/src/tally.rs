//! A striped counter: many threads add to it constantly, each on a separate cache line.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

/// Number of stripes.
const STRIPES: usize = 16;
/// The stripe of all threads without an exclusive one.
const SHARED: usize = STRIPES - 1;
/// The stripes that threads have, one bit each.
static TAKEN: AtomicU32 = AtomicU32::new(1 << SHARED);

#[derive(Default)]
#[repr(align(128))]
struct Stripe(AtomicU64);

/// A striped counter, summed by [`Self::total`].
#[derive(Default)]
pub(crate) struct Tally([Stripe; STRIPES]);

/// A thread's stripe, which another thread may have once this one has ended.
struct OwnStripe(usize);

impl OwnStripe {
    fn take() -> Self {
        let is_free = |taken: u32| taken.trailing_ones() < STRIPES as u32;
        // Adding 1 sets the lowest bit that is 0. Acquire makes its last owner's counts visible.
        let before =
            TAKEN.fetch_update(Acquire, Relaxed, |taken| is_free(taken).then_some(taken | (taken + 1)));
        Self(before.map_or(SHARED, |taken| taken.trailing_ones() as usize))
    }
}

impl Drop for OwnStripe {
    fn drop(&mut self) {
        if self.0 != SHARED {
            TAKEN.fetch_and(!(1 << self.0), Release);
        }
    }
}

thread_local! {
    /// The calling thread's stripe.
    static OWN: OwnStripe = OwnStripe::take();
}

/// The number of the calling thread's stripe.
fn own() -> usize {
    OWN.try_with(|own| own.0).unwrap_or(SHARED)
}

impl Tally {
    /// Adds 1 to the calling thread's stripe, by an atomic read-modify-write.
    #[inline]
    pub(crate) fn count(&self) {
        self.0[own()].0.fetch_add(1, Relaxed);
    }

    /// Adds 1 to the calling thread's stripe, which orders no other accesses.
    #[inline]
    pub(crate) fn count_unordered(&self) {
        let own = own();
        let stripe = &self.0[own].0;
        if own == SHARED {
            stripe.fetch_add(1, Relaxed);
        } else {
            // No other thread writes it.
            stripe.store(stripe.load(Relaxed) + 1, Relaxed);
        }
    }

    /// The sum of all stripes.
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().map(|stripe| stripe.0.load(Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stripe_has_one_owner_at_a_time() {
        let taken: Vec<OwnStripe> = (0..STRIPES).map(|_| OwnStripe::take()).collect();
        let mut numbers: Vec<usize> = taken.iter().map(|own| own.0).filter(|&own| own != SHARED).collect();
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]) && numbers.len() < STRIPES);
        assert!(numbers.iter().all(|own| TAKEN.load(Relaxed) >> own & 1 != 0));
    }

    #[test]
    fn tally_sums_counts_of_all_threads() {
        const EACH: u64 = if cfg!(miri) { 8 } else { 1000 };
        let tally = Tally::default();
        std::thread::scope(|scope| {
            for _ in 0..STRIPES + 4 {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        tally.count();
                        tally.count_unordered();
                    }
                });
            }
        });
        assert_eq!(tally.total(), 2 * EACH * (STRIPES as u64 + 4));
    }
}
