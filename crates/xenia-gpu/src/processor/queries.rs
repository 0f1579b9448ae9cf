//! Visibility queries (was anything drawn between two points of the stream?) and sample counts of
//! occlusion queries.

use serde::{Deserialize, Serialize};

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
        self.open = open;
        self.seen = seen;
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

/// Most open queries that are told apart; with more, samples are counted all the time.
const MAX_OPEN: usize = 64;

/// Occlusion queries between their two reports, so that backends need not count all samples.
///
/// A report is the same packet at both ends of a query. Titles' graphics library marks the memory
/// of the second with [`END_MARK`], and polls until the mark is gone. Reports without a mark may
/// begin a query, so after one samples are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenQueries {
    /// Addresses of reports that have begun a query.
    begun: Vec<u32>,
    /// Whether there was a report.
    is_known: bool,
    /// Whether software pairs reports in another way.
    always: bool,
}

/// Word at the counter of passed or of failed samples, in both halves, until a query's last report.
pub(super) const END_MARK: u32 = 0xffff_feed;

impl OpenQueries {
    /// Notes a report to an address; returns whether samples count from here on.
    pub(super) fn report(&mut self, address: u32, ends: bool) -> bool {
        if ends {
            // An end without a beginning: one of the other ends begins queries.
            self.always |= self.begun.pop().is_none() && self.is_known;
        } else if !self.begun.contains(&address) {
            self.begun.push(address);
            self.always |= self.begun.len() > MAX_OPEN;
        }
        if self.always {
            self.begun.clear();
        }
        self.is_known = true;
        self.is_counting()
    }

    /// Whether there was a report.
    pub(super) fn is_known(&self) -> bool {
        self.is_known
    }

    /// Whether samples count after the last report.
    pub(super) fn is_counting(&self) -> bool {
        self.always || !self.begun.is_empty()
    }

    /// Whether reports can lead to this value, which may come from a file.
    pub(super) fn is_valid(&self) -> bool {
        self.begun.len() <= if self.always { 0 } else { MAX_OPEN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_count_between_the_reports_of_a_query() {
        let mut open = OpenQueries::default();
        assert!(!open.report(0x20, true), "a trace may begin within a query");
        assert!(open.report(0x40, false));
        assert!(open.report(0x80, false), "within the first");
        assert!(open.report(0xa0, true));
        assert!(!open.report(0x60, true));
        // Begun twice, as a query that is issued anew.
        assert!(open.report(0x40, false) && open.report(0x40, false));
        assert!(!open.report(0x60, true));
    }

    #[test]
    fn samples_always_count_for_software_with_other_pairs() {
        let mut open = OpenQueries::default();
        assert!(open.report(0x40, false) && !open.report(0x60, true));
        assert!(open.report(0x80, true), "the last query's end was its beginning");
        assert!(open.report(0x40, false) && open.report(0x60, true));
        let mut open = OpenQueries::default();
        assert!((0..1000).all(|number| open.report(number * 32, false)), "without marks");
        assert!((0..1000).all(|number| open.report(number * 32, true)));
    }

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
