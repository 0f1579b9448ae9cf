//! A striped counter: many threads add to it constantly, each on a separate cache line.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::*};

/// Number of stripes; further threads share them.
const STRIPES: usize = 16;

#[derive(Default)]
#[repr(align(128))]
struct Stripe(AtomicU64);

/// A striped counter, summed by [`Self::total`].
#[derive(Default)]
pub(crate) struct Tally([Stripe; STRIPES]);

thread_local! {
    /// The calling thread's stripe, once assigned.
    static OWN: Cell<Option<usize>> = const { Cell::new(None) };
}

impl Tally {
    /// Adds 1 to the calling thread's stripe.
    #[inline]
    pub(crate) fn count(&self) {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let own = OWN.get().unwrap_or_else(|| {
            let own = NEXT.fetch_add(1, Relaxed) % STRIPES;
            OWN.set(Some(own));
            own
        });
        self.0[own].0.fetch_add(1, Relaxed);
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
    fn tally_sums_counts_of_all_threads() {
        const EACH: u64 = if cfg!(miri) { 8 } else { 1000 };
        let tally = Tally::default();
        std::thread::scope(|scope| {
            for _ in 0..STRIPES + 4 {
                scope.spawn(|| (0..EACH).for_each(|_| tally.count()));
            }
        });
        assert_eq!(tally.total(), EACH * (STRIPES as u64 + 4));
    }
}
