//! Merges the results of all shards, with a hash over the parts that must not depend on the host.

use crate::error::{Error, Result};
use crate::inputs;
use crate::judge::Outcome;
use crate::lines::{self, Torn};
use crate::run::{files_of_results, plan_of};
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};
use std::path::Path;
use xenia_documents::documented;

documented! {
    /// Merged results of a sweep.
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct Merged {
        /// BLAKE3 over the id, result, digest and exit code of every unit, ordered by id, and over
        /// the different ends of units with conflicts.
        pub hash: String,
        /// Number of units with a result.
        pub units: u64,
        /// Number of units of the plan without a result.
        pub missing: u64,
        /// Number of units, by result.
        pub results: BTreeMap<String, u64>,
        /// Units that failed.
        pub failed: Vec<FailedUnit>,
        /// Units whose repeated runs ended differently.
        pub conflicts: Vec<Conflict>,
        /// Number of lines that agree with another line of the same unit.
        pub repeated: u64,
        /// Number of ignored lines of units that are not in the plan, such as those of an earlier
        /// plan or build.
        pub others: u64,
        /// All results, ordered by id.
        pub rows: Vec<Outcome>,
    }

    /// A unit that failed.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct FailedUnit {
        /// Id of the unit.
        pub id: String,
        /// Name of the unit.
        pub name: String,
        /// Verdict on the unit.
        pub result: Verdict,
        /// Explanation in one line.
        pub said: String,
        /// Path of its output, relative to the folder of results.
        pub report: Option<String>,
    }

    /// A unit whose repeated runs ended differently.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Conflict {
        /// Id of the unit.
        pub id: String,
        /// Name of the unit.
        pub name: String,
        /// The different ends, each once.
        pub ends: Vec<String>,
    }
}

impl Merged {
    /// Whether every unit is done, without failures and conflicts.
    pub fn is_good(&self) -> bool {
        self.missing == 0 && self.failed.is_empty() && self.conflicts.is_empty()
    }
}

/// Merges the results in a folder.
pub fn merge_folder(folder: &Path) -> Result<Merged> {
    let mut outcomes = Vec::new();
    for file in files_of_results(folder)? {
        lines::read(&file, Torn::Skipped, |line, outcome: Outcome| {
            if !crate::unit::is_hash(&outcome.id) {
                return Err(Error::line(&file, line, "`id` is not 64 hexadecimal digits"));
            }
            outcomes.push(outcome);
            Ok(())
        })?;
    }
    let Some((_, units)) = plan_of(folder)? else { return Ok(merge(outcomes)) };
    let planned: BTreeSet<&str> = units.iter().map(|unit| unit.id.as_str()).collect();
    let all = outcomes.len();
    outcomes.retain(|outcome| planned.contains(outcome.id.as_str()));
    let others = (all - outcomes.len()) as u64;
    let merged = merge(outcomes);
    // Each row has a distinct id of the plan.
    let missing = planned.len() as u64 - merged.units;
    Ok(Merged { missing, others, ..merged })
}

/// Largest size of a merged result, in bytes.
const MAX_MERGED: u64 = 4 << 30;

/// Reads a merged result from a file of `merge`, or merges a folder of results. Totals that follow
/// from the rows are computed again.
pub fn merge_file(path: &Path) -> Result<Merged> {
    if path.is_dir() {
        return merge_folder(path);
    }
    let file = inputs::open(path)?;
    let found: Merged = serde_json::from_reader(BufReader::new(file.take(MAX_MERGED)))
        .map_err(|error| Error::line(path, error.line(), format!("no merged result: {error}")))?;
    let merged = merge(found.rows);
    if merged.repeated > 0 {
        return Err(Error::file(path, "it has two rows of a unit"));
    }
    // Values that do not follow from the rows are taken from the file; of a unit with conflicts it
    // has one row.
    let hash = hash(&merged.rows, &found.conflicts);
    let Merged { hash: stated, missing, conflicts, repeated, others, .. } = found;
    let merged = Merged { hash, missing, conflicts, repeated, others, ..merged };
    if merged.hash != stated {
        return Err(Error::file(path, "its rows don't make its hash: it was changed"));
    }
    Ok(merged)
}

/// Merges results. Neither their order nor repetition changes the outcome.
pub fn merge(mut outcomes: Vec<Outcome>) -> Merged {
    // Of a unit with conflicts the first row in this order is kept, whichever host ran it; of its
    // times the smallest, which other load on the host has disturbed least.
    outcomes.sort_by(|a, b| a.fixed().cmp(&b.fixed()).then(a.cpu_seconds.total_cmp(&b.cpu_seconds)));
    let mut merged = Merged::default();
    for same in outcomes.chunk_by(|a, b| a.id == b.id) {
        let [first, others @ ..] = same else { continue };
        merged.repeated += others.len() as u64;
        let mut ends: Vec<String> = same.iter().map(end).collect();
        ends.dedup();
        if ends.len() > 1 {
            merged.conflicts.push(Conflict { id: first.id.clone(), name: first.name.clone(), ends });
        }
        let (id, result, ..) = first.fixed();
        *merged.results.entry(result.name().to_owned()).or_default() += 1;
        if !result.is_good() {
            merged.failed.push(FailedUnit {
                id: id.to_owned(),
                name: first.name.clone(),
                result,
                said: first.said.clone(),
                report: first.report.clone(),
            });
        }
        merged.rows.push(first.clone());
    }
    merged.units = merged.rows.len() as u64;
    merged.hash = hash(&merged.rows, &merged.conflicts);
    merged
}

/// Computes the hash for [`Merged::hash`].
fn hash(rows: &[Outcome], conflicts: &[Conflict]) -> String {
    let mut hasher = blake3::Hasher::new();
    for row in rows {
        let (id, result, digest, exit) = row.fixed();
        hasher.update(format!("{id} {} {} {exit}\n", result.name(), digest.unwrap_or("-")).as_bytes());
    }
    for Conflict { id, ends, .. } in conflicts {
        hasher.update(format!("{id} {}\n", ends.join("; ")).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Description of how a unit ended.
fn end(outcome: &Outcome) -> String {
    let (_, result, digest, exit) = outcome.fixed();
    format!("{} exit {exit} digest {}", result.name(), digest.unwrap_or("none"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::unit::UnitKind;

    pub(crate) fn outcome(id: u8, result: Verdict, digest: &str, host: &str) -> Outcome {
        Outcome {
            id: format!("{id:064x}"),
            name: format!("unit {id}"),
            kind: UnitKind::Title,
            result,
            digest: Some(digest.to_owned()),
            exit: 0,
            said: String::new(),
            figures: BTreeMap::new(),
            host: host.to_owned(),
            wall_seconds: f64::from(id),
            cpu_seconds: 0.0,
            picture: None,
            report: None,
        }
    }

    #[test]
    fn merge_hash_ignores_order_host_and_repetition() {
        let a = [outcome(2, Verdict::Pass, "d", "h"), outcome(1, Verdict::Crash, "e", "h")];
        let mut b = vec![outcome(1, Verdict::Crash, "e", "i"), outcome(2, Verdict::Pass, "d", "j")];
        let one = merge(a.to_vec());
        assert_eq!(one.hash, merge(b.clone()).hash);
        b.push(outcome(1, Verdict::Crash, "e", "k"));
        let again = merge(b);
        assert_eq!((again.hash, again.repeated, again.conflicts.len()), (one.hash.clone(), 1, 0));
        assert_eq!((one.units, one.failed[0].name.as_str()), (2, "unit 1"));
        assert_eq!(one.results, BTreeMap::from([("pass".into(), 1), ("crash".into(), 1)]));
        let mut other = a.to_vec();
        other[0].digest = None;
        assert_ne!(merge(other).hash, one.hash);
    }

    #[test]
    fn merged_files_are_read_again_and_held_to_their_hash() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let merged = merge(vec![outcome(2, Verdict::Pass, "d", "h"), outcome(1, Verdict::Crash, "e", "h")]);
        let text = serde_json::to_string_pretty(&merged).unwrap();
        std::fs::write(file.path(), &text).unwrap();
        assert_eq!(merge_file(file.path()).unwrap(), merged);
        for (wrong, expected) in [
            (text.replace("\"crash\"", "\"pass\""), "its rows don't make its hash"),
            ("{\n\"hash\": 3}".to_owned(), "line 2: no merged result"),
            ("[".repeat(100_000), "line 1: no merged result"),
        ] {
            std::fs::write(file.path(), wrong).unwrap();
            let error = merge_file(file.path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn merge_reports_conflicting_results_in_any_order() {
        let pass = outcome(1, Verdict::Pass, "d", "h");
        let crash = outcome(1, Verdict::Crash, "d", "h");
        let one = merge(vec![pass.clone(), crash.clone()]);
        assert_eq!(one, merge(vec![crash, pass]));
        assert_eq!(one.conflicts[0].ends, ["pass exit 0 digest d", "crash exit 0 digest d"]);
        assert!(!one.is_good());
    }

    #[test]
    fn merged_file_preserves_conflicts_and_is_validated() {
        let [a, b] = ["d", "e"].map(|digest| outcome(1, Verdict::Pass, digest, "h"));
        let merged = merge(vec![a.clone(), b]);
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut written = merged.clone();
        let write =
            |merged: &Merged| std::fs::write(file.path(), serde_json::to_vec(merged).unwrap()).unwrap();
        write(&written);
        assert_eq!(merge_file(file.path()).unwrap(), merged);
        written.conflicts.clear();
        write(&written);
        let error = merge_file(file.path()).unwrap_err().to_string();
        assert!(error.contains("its rows don't make its hash"), "{error}");
        written.rows.push(a);
        write(&written);
        let error = merge_file(file.path()).unwrap_err().to_string();
        assert!(error.contains("two rows of a unit"), "{error}");
    }
}
