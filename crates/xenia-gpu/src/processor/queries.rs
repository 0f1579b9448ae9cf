//! Visibility queries (was anything drawn between two points of the stream?) and sample counts of
//! occlusion queries.

/// Visibility queries (0 to 63), one bit each.
#[derive(Clone, Copy, Default)]
pub(super) struct Queries {
    /// Queries that have begun but not ended.
    open: u64,
    /// Open queries during which a draw occurred.
    seen: u64,
}

impl Queries {
    /// Begins a query.
    pub(super) fn begin(&mut self, id: u32) {
        let bit = 1_u64 << (id & 63);
        self.open |= bit;
        self.seen &= !bit;
    }

    /// Ends a query; returns whether something was visible. A query that never began counts as
    /// visible too, which never hides anything.
    pub(super) fn end(&mut self, id: u32) -> bool {
        let bit = 1_u64 << (id & 63);
        let visible = self.open & bit == 0 || self.seen & bit != 0;
        self.open &= !bit;
        self.seen &= !bit;
        visible
    }

    /// Records a draw. No primitive is culled before the pixel stage, so every draw counts as
    /// visible.
    pub(super) fn drawn(&mut self) {
        self.seen |= self.open;
    }

    /// Masks of the open queries and of those that have seen a draw.
    pub(super) fn visibility(&self) -> [u64; 2] {
        [self.open, self.seen]
    }

    /// Restores the masks that [`visibility`](Self::visibility) returned.
    pub(super) fn set_visibility(&mut self, [open, seen]: [u64; 2]) {
        (self.open, self.seen) = (open, seen);
    }
}

/// Samples that each report adds if the backend does not count them: queried objects count as
/// visible.
const ASSUMED_SAMPLES: u64 = 1000;

/// Counter of passed samples, which only grows. Software subtracts two reports, so queries may
/// overlap. The backend's count may start anywhere.
#[derive(Clone, Copy, Default)]
pub(super) struct SampleCounter {
    total: u64,
    /// Last count of the backend.
    seen: u64,
}

impl SampleCounter {
    /// Value to store in a report. `passed` is the backend's count.
    pub(super) fn report(&mut self, passed: Option<u64>) -> u64 {
        if passed.is_none() {
            self.total = self.total.wrapping_add(ASSUMED_SAMPLES);
        }
        self.count(passed)
    }

    /// Updates and returns the total. A backend's count that has decreased means that the backend
    /// was restarted from zero.
    pub(super) fn count(&mut self, passed: Option<u64>) -> u64 {
        if let Some(passed) = passed {
            self.total = self.total.wrapping_add(passed.checked_sub(self.seen).unwrap_or(passed));
            self.seen = passed;
        }
        self.total
    }

    /// Creates a counter that continues from `total`, when the backend's count is `passed`.
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
    fn visibility_queries_see_draws_while_open() {
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
