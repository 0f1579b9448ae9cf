//! Golden files: the expected result of a deterministic run of a title.
//!
//! A golden file names the run's limits. Comparing it with a run that has other limits, or reading
//! a file of another version, is wrong usage rather than a mismatch.

use crate::report::RunReport;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Version of the format; incremented if fields or their meanings change.
pub const VERSION: u32 = 2;

/// The expected result of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// Version of the format, [`VERSION`].
    pub version: u32,
    /// SHA-256 of the loaded image.
    pub image_loaded_sha256: String,
    /// Limit of instructions (`-n`), if the run had one.
    pub limit_instructions: Option<u64>,
    /// Limit of frames (`--frames`), if the run had one.
    pub limit_frames: Option<u64>,
    /// Reason of the run's end.
    pub exit: String,
    /// Guest instructions executed.
    pub instructions: u64,
    /// Guest time at the end, in ticks.
    pub guest_ticks: u64,
    /// Number of swaps executed.
    pub swaps: u64,
    /// Hashes of the digest's parts, by name.
    pub digest_parts: BTreeMap<String, String>,
    /// Hash of all parts.
    pub digest: String,
}

/// A field in which a run differs from its golden file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldenDifference {
    /// Name of the field.
    pub field: String,
    /// Its value in the file.
    pub expected: String,
    /// Its value in the run.
    pub actual: String,
}

impl Golden {
    /// The golden record of a finished run.
    pub fn from_run(
        report: &RunReport,
        limit_instructions: Option<u64>,
        limit_frames: Option<u64>,
    ) -> Result<Self> {
        Ok(Self {
            version: VERSION,
            image_loaded_sha256: report.image_loaded_sha256.get().to_owned(),
            limit_instructions,
            limit_frames,
            exit: serde_json::to_value(report.exit)?.as_str().unwrap_or_default().to_owned(),
            instructions: report.instructions,
            guest_ticks: report.guest_ticks,
            swaps: report.swaps,
            digest_parts: report.digest_parts.clone(),
            digest: report.digest.clone().context("this run has no digest: it was not deterministic")?,
        })
    }

    /// Reads a golden file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = crate::source::text(path)
            .with_context(|| format!("cannot read the golden file {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a golden file", path.display()))
    }

    /// Writes a golden file.
    pub fn write(&self, path: &Path) -> Result<()> {
        crate::output::write(path, (serde_json::to_string_pretty(self)? + "\n").as_bytes())
    }

    /// Checks that the file has this version and belongs to a run with these limits.
    pub fn check_run(&self, instructions: Option<u64>, frames: Option<u64>) -> Result<()> {
        if self.version != VERSION {
            let version = self.version;
            bail!(
                "a golden file of version {version}, and this program's are {VERSION}: --bless rewrites it"
            );
        }
        if (self.limit_instructions, self.limit_frames) != (instructions, frames) {
            let flags = |instructions: Option<u64>, frames: Option<u64>| {
                let [n, frames] = [("-n", instructions), ("--frames", frames)]
                    .map(|(flag, limit)| limit.map(|limit| format!("{flag} {limit}")));
                n.into_iter().chain(frames).collect::<Vec<_>>().join(" ")
            };
            bail!(
                "it is of a run with {}, and this is one with {}: use the same, or --bless",
                flags(self.limit_instructions, self.limit_frames),
                flags(instructions, frames)
            );
        }
        Ok(())
    }

    /// The first field in which `actual` differs.
    pub fn first_difference(&self, actual: &Self) -> Option<GoldenDifference> {
        let fields = |golden: &Self| -> Vec<(String, String)> {
            let mut all = vec![
                ("image_loaded_sha256".to_owned(), golden.image_loaded_sha256.clone()),
                ("exit".to_owned(), golden.exit.clone()),
                ("instructions".to_owned(), golden.instructions.to_string()),
                ("guest_ticks".to_owned(), golden.guest_ticks.to_string()),
                ("swaps".to_owned(), golden.swaps.to_string()),
            ];
            all.extend(
                golden.digest_parts.iter().map(|(part, hash)| (format!("digest_parts.{part}"), hash.clone())),
            );
            all.push(("digest".to_owned(), golden.digest.clone()));
            all
        };
        let expected = fields(self);
        let got = fields(actual);
        let parts = |expected: String, actual: String| GoldenDifference {
            field: "digest_parts".to_owned(),
            expected,
            actual,
        };
        let differing = expected.iter().zip(&got).find(|(expected, actual)| expected != actual);
        match differing {
            Some(((field, expected), (other_field, actual))) if field == other_field => {
                let [field, expected, actual] = [field, expected, actual].map(Clone::clone);
                Some(GoldenDifference { field, expected, actual })
            }
            Some(((expected, _), (actual, _))) => Some(parts(expected.clone(), actual.clone())),
            None if expected.len() != got.len() => {
                Some(parts(expected.len().to_string(), got.len().to_string()))
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Golden {
        Golden {
            version: VERSION,
            image_loaded_sha256: "aa".into(),
            limit_instructions: Some(5),
            limit_frames: None,
            exit: "instructions".into(),
            instructions: 5,
            guest_ticks: 1,
            swaps: 0,
            digest_parts: [("memory".to_owned(), "11".to_owned())].into(),
            digest: "22".into(),
        }
    }

    #[test]
    fn equal_records_do_not_differ() {
        assert_eq!(sample().first_difference(&sample()), None);
    }

    #[test]
    fn golden_with_other_limits_is_rejected_with_advice() {
        assert!(sample().check_run(Some(5), None).is_ok());
        let refusal = |golden: Golden, n, frames| golden.check_run(n, frames).unwrap_err().to_string();
        let other = refusal(sample(), Some(6), Some(2));
        assert_eq!(
            other,
            "it is of a run with -n 5, and this is one with -n 6 --frames 2: use the same, or --bless"
        );
        assert!(refusal(Golden { version: 9, ..sample() }, Some(5), None).contains("version 9"));
    }

    #[test]
    fn the_first_differing_field_is_named() {
        let mut other = sample();
        other.digest_parts.insert("memory".into(), "12".into());
        other.digest = "33".into();
        let GoldenDifference { field, expected, actual } = sample().first_difference(&other).unwrap();
        assert_eq!((field.as_str(), expected.as_str(), actual.as_str()), ("digest_parts.memory", "11", "12"));
    }

    #[test]
    fn a_missing_part_is_a_difference() {
        let mut other = sample();
        other.digest_parts.clear();
        assert!(sample().first_difference(&other).is_some());
    }
}
