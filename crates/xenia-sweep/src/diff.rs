//! Compares two results of the same plan, for example of two builds: broken, fixed, changed and
//! slower units.
//!
//! Units are paired by name, because ids differ between builds. Times are compared as ratios of
//! pairs, divided by the median ratio, so that a slower host does not make every unit slower. The
//! median itself is reported and compared with the threshold. For results that were measured
//! alternately on one host, ratios are not divided: a change that slows half of the units would be
//! in the median.

use crate::judge::Outcome;
use crate::merge::Merged;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use xenia_documents::documented;

/// CPU time, in seconds, below which a unit's time is not compared: times are counted in
/// hundredths.
const MIN_SECONDS: f64 = 0.2;
/// Number of pairs from which the median ratio is meaningful.
const MIN_PAIRS: usize = 5;

documented! {
    /// Comparison of two results.
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct Difference {
        /// Number of units in both results.
        pub pairs: u64,
        /// Units that are good in A and not in B.
        pub broken: Vec<Change>,
        /// Units that are good in B and not in A.
        pub fixed: Vec<Change>,
        /// Units that are wrong in both, with different results.
        pub wrong_otherwise: Vec<Change>,
        /// Units with different digests, whose results are equal or both good.
        pub digests: Vec<Change>,
        /// Names of units with different results in repeated runs in B, and not in A.
        pub unsteady: Vec<String>,
        /// Units that are slower in B than the threshold allows.
        pub slower: Vec<Change>,
        /// Names of units that only A has.
        pub only_a: Vec<String>,
        /// Names of units that only B has.
        pub only_b: Vec<String>,
        /// Ratio from which a unit counts as slower.
        pub threshold: f64,
        /// Median ratio of B's times to A's, over pairs that ran long enough; null for too few
        /// pairs.
        pub median_ratio: Option<f64>,
        /// Whether the median ratio exceeds the threshold.
        pub slower_as_a_whole: bool,
    }

    /// A unit that differs between the results.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Change {
        /// Name of the unit.
        pub name: String,
        /// Result of the unit in A.
        pub a: Verdict,
        /// Result of the unit in B.
        pub b: Verdict,
        /// Digest of the unit in A.
        pub digest_a: Option<String>,
        /// Digest of the unit in B.
        pub digest_b: Option<String>,
        /// Ratio of B's CPU time to A's, divided by the median ratio unless both were measured
        /// alternately; null if the runs were too short.
        pub ratio: Option<f64>,
        /// Explanation of the result in B.
        pub said: String,
    }
}

impl Difference {
    /// Whether B is worse: a unit is broken, slower or missing, has another digest, or differs
    /// between repeated runs.
    pub fn is_regression(&self) -> bool {
        let changes = [&self.broken, &self.digests, &self.slower, &self.wrong_otherwise];
        changes.iter().any(|changes| !changes.is_empty())
            || self.slower_as_a_whole
            || !self.unsteady.is_empty()
            || !self.only_a.is_empty()
    }
}

/// Compares two results; `threshold` is the ratio of times from which a unit counts as slower. With
/// `in_turns` (measured alternately on one host) ratios are not divided by their median, because
/// only the builds differ.
pub fn diff(a: &Merged, b: &Merged, threshold: f64, in_turns: bool) -> Difference {
    let by_name = |merged: &Merged| -> BTreeMap<String, Outcome> {
        merged.rows.iter().map(|row| (row.name.clone(), row.clone())).collect()
    };
    let before: BTreeSet<&str> = a.conflicts.iter().map(|conflict| conflict.name.as_str()).collect();
    let unsteady = b.conflicts.iter().map(|conflict| conflict.name.clone());
    let unsteady = unsteady.filter(|name| !before.contains(name.as_str())).collect();
    let a = by_name(a);
    let mut b = by_name(b);
    let mut difference = Difference { unsteady, threshold, ..Difference::default() };
    let mut pairs = Vec::new();
    for (name, a) in a {
        match b.remove(&name) {
            Some(b) => pairs.push((a, b)),
            None => difference.only_a.push(name),
        }
    }
    difference.only_b = b.into_keys().collect();
    difference.pairs = pairs.len() as u64;
    let mut ratios: Vec<f64> = pairs.iter().filter_map(|(a, b)| ratio(a, b)).collect();
    ratios.sort_by(f64::total_cmp);
    difference.median_ratio = (ratios.len() >= MIN_PAIRS).then(|| ratios[ratios.len() / 2]);
    difference.slower_as_a_whole = difference.median_ratio.is_some_and(|median| median > threshold);
    for (a, b) in &pairs {
        let ratio = ratio(a, b)
            .map(|ratio| ratio / if in_turns { 1.0 } else { difference.median_ratio.unwrap_or(1.0) });
        let change = || Change {
            name: a.name.clone(),
            a: a.result,
            b: b.result,
            digest_a: a.digest.clone(),
            digest_b: b.digest.clone(),
            ratio,
            said: b.said.clone(),
        };
        match (a.result.is_good(), b.result.is_good()) {
            (true, false) => difference.broken.push(change()),
            (false, true) => difference.fixed.push(change()),
            (false, false) if a.result != b.result => difference.wrong_otherwise.push(change()),
            // A crash has no digest, so the result says it all.
            _ if a.digest != b.digest => difference.digests.push(change()),
            _ => {}
        }
        if a.result.is_good() && b.result.is_good() && ratio.is_some_and(|ratio| ratio > threshold) {
            difference.slower.push(change());
        }
    }
    difference
}

/// Ratio of B's time to A's, if both ran long enough.
fn ratio(a: &Outcome, b: &Outcome) -> Option<f64> {
    let ratio = b.cpu_seconds / a.cpu_seconds;
    (a.cpu_seconds.max(b.cpu_seconds) >= MIN_SECONDS && a.cpu_seconds > 0.0 && ratio.is_finite())
        .then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::{merge, tests::outcome};

    fn merged_with(change: impl Fn(u8, &mut Outcome)) -> Merged {
        merge(
            (1..=9)
                .map(|id| {
                    let mut outcome = outcome(id, Verdict::Pass, "d", "h");
                    outcome.cpu_seconds = 2.0;
                    change(id, &mut outcome);
                    outcome
                })
                .collect(),
        )
    }

    fn names(changes: &[Change]) -> Vec<&str> {
        changes.iter().map(|change| change.name.as_str()).collect()
    }

    #[test]
    fn equal_results_do_not_differ() {
        // Another build has other ids, and another host other times.
        let other = merged_with(|id, outcome| {
            outcome.id = format!("{:064x}", u32::from(id) * 77);
            outcome.cpu_seconds *= if id % 2 == 0 { 1.05 } else { 0.95 };
        });
        let found = diff(&merged_with(|_, _| {}), &other, 1.2, false);
        assert_eq!(found.pairs, 9);
        assert!(!found.is_regression() && found.fixed.is_empty(), "{found:?}");
    }

    #[test]
    fn each_change_is_found_where_it_belongs() {
        let other = merged_with(|id, outcome| match id {
            1 => outcome.result = Verdict::Crash,
            2 => outcome.digest = Some("e".into()),
            3 => outcome.cpu_seconds *= 1.3,
            4 => outcome.name = "renamed".into(),
            _ => {}
        });
        let found = diff(&merged_with(|_, _| {}), &other, 1.2, false);
        assert_eq!(names(&found.broken), ["unit 1"]);
        assert_eq!(names(&found.digests), ["unit 2"]);
        assert_eq!(names(&found.slower), ["unit 3"]);
        assert_eq!(
            (&found.only_a[..], &found.only_b[..]),
            (&["unit 4".to_owned()][..], &["renamed".to_owned()][..])
        );
        assert!(found.is_regression());
        let back = diff(&other, &merged_with(|_, _| {}), 1.2, false);
        assert_eq!((names(&back.fixed), names(&back.slower)), (vec!["unit 1"], vec![]));
        let crash = merged_with(|id, outcome| {
            if id == 1 {
                outcome.result = Verdict::Timeout;
            }
        });
        assert_eq!(names(&diff(&other, &crash, 1.2, false).wrong_otherwise), ["unit 1"]);
    }

    #[test]
    fn newly_nondeterministic_units_are_a_regression() {
        let steady = merged_with(|_, _| {});
        let mut rows = steady.rows.clone();
        rows.push(outcome(4, Verdict::Pass, "e", "h"));
        let other = merge(rows);
        let found = diff(&steady, &other, 1.2, false);
        assert_eq!(found.unsteady, ["unit 4"]);
        assert!(found.is_regression());
        assert!(diff(&other, &other, 1.2, false).unsteady.is_empty());
        assert!(!diff(&other, &steady, 1.2, false).is_regression());
    }

    #[test]
    fn a_slower_host_makes_no_unit_slower() {
        let slow = |factor: f64| {
            merged_with(move |id, outcome| outcome.cpu_seconds *= if id == 3 { factor * 1.5 } else { factor })
        };
        let found = diff(&merged_with(|_, _| {}), &slow(1.15), 1.2, false);
        assert_eq!((names(&found.slower), found.slower_as_a_whole), (vec!["unit 3"], false));
        let found = diff(&merged_with(|_, _| {}), &slow(1.5), 1.2, false);
        assert!(found.slower_as_a_whole && (found.median_ratio.unwrap() - 1.5).abs() < 1e-9);
        let half = merged_with(|id, outcome| outcome.cpu_seconds *= if id < 7 { 1.3 } else { 1.0 });
        let found = |in_turns| names(&diff(&merged_with(|_, _| {}), &half, 1.2, in_turns).slower).len();
        assert_eq!((found(false), found(true)), (0, 6));
        let short = merged_with(|id, outcome| outcome.cpu_seconds = if id == 3 { 0.19 } else { 0.1 });
        assert!(
            diff(&merged_with(|_, outcome| outcome.cpu_seconds = 0.1), &short, 1.2, false).slower.is_empty()
        );
        let nan = merged_with(|_, outcome| outcome.cpu_seconds = f64::NAN);
        assert!(
            diff(&nan, &merged_with(|_, outcome| outcome.cpu_seconds = 0.0), 1.2, false).slower.is_empty()
        );
    }
}
