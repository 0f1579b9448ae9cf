//! Visibility queries (would any of the draws between two points of the stream be visible?) and
//! sample counts of occlusion queries.

use serde::{Deserialize, Serialize};

use crate::draw_state::{ConditionalSurvey, VISIBILITY_QUERIES};

/// Visibility queries, one bit each.
#[derive(Clone, Copy)]
pub(super) struct Queries {
    /// Queries that have begun but not ended.
    open: u64,
    /// Open queries with a draw since they began or were restored.
    surveyed: u64,
    /// Open queries that are known to have found something.
    found: u64,
    /// Ended queries whose results were not requested from the backend.
    pending: u64,
    /// Ended queries that are known to have found nothing.
    hidden: u64,
    /// Numbers of the queries' last surveys.
    numbers: [u64; VISIBILITY_QUERIES],
    /// Number of surveys so far.
    count: u64,
}

impl Default for Queries {
    /// No query has begun.
    fn default() -> Self {
        Self {
            open: 0,
            surveyed: 0,
            found: 0,
            pending: 0,
            hidden: 0,
            numbers: [0; VISIBILITY_QUERIES],
            count: 0,
        }
    }
}

/// Bit of a query.
fn bit(id: u32) -> u64 {
    1 << (id & (VISIBILITY_QUERIES as u32 - 1))
}

impl Queries {
    /// Begins a query. Its result must have been [concluded](Self::conclude).
    pub(super) fn begin(&mut self, id: u32) {
        self.open |= bit(id);
        self.surveyed &= !bit(id);
        self.found &= !bit(id);
        self.hidden &= !bit(id);
        self.renew(id);
    }

    fn renew(&mut self, id: u32) {
        self.count += 1;
        self.numbers[bit(id).trailing_zeros() as usize] = self.count;
    }

    /// The last survey of the first query in a mask.
    fn first(&self, ids: u64) -> Option<ConditionalSurvey> {
        let id = ids.trailing_zeros();
        let number = *self.numbers.get(id as usize)?;
        Some(ConditionalSurvey { id, number })
    }

    /// Survey that a draw with this query belongs to; `None` if the query is not open.
    pub(super) fn survey(&mut self, id: u32) -> Option<ConditionalSurvey> {
        let survey = self.first(self.open & bit(id))?;
        self.surveyed |= bit(id);
        Some(survey)
    }

    /// Notes that an open query has found something.
    pub(super) fn note_found(&mut self, id: u32) {
        self.found |= self.open & bit(id);
    }

    /// Ends a query; returns whether something is visible, or `None` if the backend has to be
    /// queried. A query that never began counts as visible, which never hides anything.
    pub(super) fn end(&mut self, id: u32) -> Option<bool> {
        let was_open = self.open & bit(id) != 0;
        let has_found = self.found & bit(id) != 0;
        let is_surveyed = self.surveyed & bit(id) != 0;
        self.open &= !bit(id);
        if was_open && is_surveyed && !has_found {
            self.pending |= bit(id);
            return None;
        }
        let is_visible = !was_open || has_found;
        self.conclude(id, is_visible);
        Some(is_visible)
    }

    /// First query in a mask whose result must be requested from the backend.
    pub(super) fn pending(&self, ids: u64) -> Option<ConditionalSurvey> {
        self.first(self.pending & ids)
    }

    /// First open query in a mask that may have found something.
    pub(super) fn undecided(&self, ids: u64) -> Option<ConditionalSurvey> {
        self.first(self.open & self.surveyed & !self.found & ids)
    }

    /// Sets the result of an ended query.
    pub(super) fn conclude(&mut self, id: u32, is_visible: bool) {
        self.pending &= !bit(id);
        self.hidden = if is_visible { self.hidden & !bit(id) } else { self.hidden | bit(id) };
    }

    /// Whether the last survey of a query found nothing. It is not known to have while it is open,
    /// or if there was none.
    pub(super) fn is_hidden(&self, id: u32) -> bool {
        self.hidden & bit(id) != 0
    }

    /// Two sets of queries, a bit each: the open ones; and open ones that have found something,
    /// with ended ones that have found nothing. All must be [concluded](Self::conclude).
    pub(super) fn visibility(&self) -> [u64; 2] {
        [self.open, self.found & self.open | self.hidden]
    }

    /// Restores the masks that [`visibility`](Self::visibility) returned.
    pub(super) fn set_visibility(&mut self, [open, known]: [u64; 2]) {
        *self = Self {
            open,
            surveyed: 0,
            found: known & open,
            pending: 0,
            hidden: known & !open,
            numbers: self.numbers,
            count: self.count,
        };
        // The backend's survey results belong to the state before the restore.
        for id in 0..VISIBILITY_QUERIES as u32 {
            self.renew(id);
        }
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

/// Maximum number of open queries that are distinguished; with more, samples are always counted.
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

/// Word at the counter of passed or of failed samples, in its first half or in both, until a
/// query's last report.
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
        // Begun twice, as a query that is issued again.
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
    fn the_counter_grows_with_every_backend() {
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
    fn visibility_queries_ask_for_the_draws_while_open() {
        let mut queries = Queries::default();
        assert_eq!((queries.end(3), queries.is_hidden(3)), (Some(true), false), "it never began");
        assert_eq!(queries.survey(3), None);
        queries.begin(3);
        assert_eq!((queries.end(3), queries.is_hidden(3)), (Some(false), true), "nothing was drawn");
        queries.begin(3);
        assert!(!queries.is_hidden(3), "not known while it is open");
        let survey = queries.survey(3).unwrap();
        assert_eq!((survey, queries.survey(3)), (ConditionalSurvey { id: 3, number: 2 }, Some(survey)));
        assert_eq!((queries.end(3), queries.pending(u64::MAX)), (None, Some(survey)));
        assert_eq!((queries.pending(!8), queries.survey(3)), (None, None));
        queries.conclude(3, false);
        assert!(queries.is_hidden(3) && queries.pending(u64::MAX).is_none());
        queries.begin(3);
        queries.survey(3);
        queries.begin(3);
        assert_eq!(queries.end(3), Some(false), "begun again");
    }

    #[test]
    fn visibility_survives_a_restart() {
        let mut queries = Queries::default();
        queries.begin(1);
        queries.end(1);
        for id in [2, 63] {
            queries.begin(id);
            queries.survey(id);
        }
        assert_eq!(queries.undecided(!4).map(|survey| survey.id), Some(63));
        queries.note_found(63);
        assert_eq!(queries.undecided(!4), None);
        assert_eq!(queries.visibility(), [1 << 63 | 1 << 2, 1 << 63 | 1 << 1]);
        let mut other = Queries::default();
        other.set_visibility(queries.visibility());
        assert_eq!(other.visibility(), queries.visibility());
        assert!(other.is_hidden(1) && !other.is_hidden(63));
        assert_eq!((other.end(2), other.end(63)), (Some(false), Some(true)));
        // The backend's earlier result belongs to the state before the restore.
        let before = queries.survey(2);
        queries.set_visibility(queries.visibility());
        assert_ne!(queries.survey(2), before);
    }
}
