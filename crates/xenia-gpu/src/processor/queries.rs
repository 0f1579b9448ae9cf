//! Queries: whether anything was drawn between two points of the stream, and how many samples
//! passed.

/// The queries (0 to 63), one bit each.
#[derive(Clone, Copy, Default)]
pub(super) struct Queries {
    /// Begun and not ended.
    open: u64,
    /// Of these, the ones during which something was drawn.
    seen: u64,
}

impl Queries {
    /// Begins one.
    pub(super) fn begin(&mut self, id: u32) {
        let bit = 1_u64 << (id & 63);
        self.open |= bit;
        self.seen &= !bit;
    }

    /// Ends one: whether something was seen. One that never began counts as seen too, since that
    /// hides nothing.
    pub(super) fn end(&mut self, id: u32) -> bool {
        let bit = 1_u64 << (id & 63);
        let visible = self.open & bit == 0 || self.seen & bit != 0;
        self.open &= !bit;
        self.seen &= !bit;
        visible
    }

    /// Something is drawn. Nothing is culled before the pixel stage, so every draw counts.
    pub(super) fn drawn(&mut self) {
        self.seen |= self.open;
    }

    /// Those begun, and those that have seen something.
    pub(super) fn visibility(&self) -> [u64; 2] {
        [self.open, self.seen]
    }

    /// Takes what [`visibility`](Self::visibility) gave.
    pub(super) fn set_visibility(&mut self, [open, seen]: [u64; 2]) {
        (self.open, self.seen) = (open, seen);
    }
}

/// Samples that a report counts where the backend counts none: what was asked for is seen.
const ASSUMED_SAMPLES: u64 = 1000;

/// The counter of samples that passed, which only grows: what was drawn between two reports is
/// their difference, however many queries overlap. Where it began is the backend's affair.
#[derive(Clone, Copy, Default)]
pub(super) struct SampleCounter {
    total: u64,
    /// What the backend had counted when it was last asked.
    seen: u64,
}

impl SampleCounter {
    /// What a report stores. `passed`: what the backend has counted.
    pub(super) fn report(&mut self, passed: Option<u64>) -> u64 {
        if passed.is_none() {
            self.total = self.total.wrapping_add(ASSUMED_SAMPLES);
        }
        self.count(passed)
    }

    /// Samples so far. A backend that has counted less than when it was last asked has begun anew.
    pub(super) fn count(&mut self, passed: Option<u64>) -> u64 {
        if let Some(passed) = passed {
            self.total = self.total.wrapping_add(passed.checked_sub(self.seen).unwrap_or(passed));
            self.seen = passed;
        }
        self.total
    }

    /// A counter that goes on from `total`, where the backend has counted `passed`.
    pub(super) fn resume(total: u64, passed: Option<u64>) -> Self {
        Self { total, seen: passed.unwrap_or(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_grows_whatever_the_backend_does() {
        let mut counter = SampleCounter::default();
        assert_eq!([70, 80, 80, 95].map(|passed| counter.report(Some(passed))), [70, 80, 80, 95]);
        assert_eq!(counter.report(Some(5)), 100, "the backend began anew");
        assert_eq!(counter.count(Some(6)), 101);
        assert_eq!(SampleCounter::resume(31, Some(90)).report(Some(92)), 33);
        let mut assumed = SampleCounter::default();
        assert_eq!([(); 3].map(|()| assumed.report(None)), [1000, 2000, 3000]);
        assert_eq!(assumed.count(None), 3000);
    }

    #[test]
    fn queries_see_what_is_drawn_while_they_are_open() {
        let mut queries = Queries::default();
        assert!(queries.end(3), "it never began");
        queries.begin(3);
        assert!(!queries.end(3));
        queries.begin(3);
        queries.drawn();
        queries.begin(63);
        assert_eq!(queries.visibility(), [1 << 63 | 1 << 3, 1 << 3]);
        assert!(!queries.end(63) && queries.end(3));
        queries.begin(3);
        queries.drawn();
        queries.begin(3);
        assert!(!queries.end(3), "begun again");
    }
}
