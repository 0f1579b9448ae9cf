//! Results of a fuzzing run, and merging of several reports.
//!
//! Runs of one oracle over disjoint sequences add up: counts and times are sums, from which
//! `finish` derives the other figures. Reports of older builds lack some fields and remain
//! readable.

use super::Batch;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_documents::documented;

documented! {
    /// A sequence on which results differ.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct Mismatch {
        /// Number of the sequence, or of the corpus case's variant.
        pub block: u64,
        /// Index of the sequence's initial state; 0 is the generated one.
        #[serde(default)]
        pub state: u64,
        /// Name of the corpus case, if it is one.
        #[serde(default)]
        pub case: Option<String>,
        /// The first difference: a register, `exit`, `instructions` or `memory` with the address.
        pub what: String,
        /// Value in the reference.
        pub expected: String,
        /// Value in the engine under test.
        pub actual: String,
        /// The shrunk sequence, disassembled.
        pub instructions: Vec<String>,
        /// Path of the written file, if any.
        pub file: Option<String>,
    }

    /// A row that an oracle doesn't support.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Missing {
        /// Name of the row.
        pub row: String,
        /// Reason why it is not supported.
        pub reason: String,
    }

    /// Results of a fuzzing run.
    #[derive(Clone, Debug, Default, Serialize, Deserialize)]
    pub struct FuzzReport {
        /// Reference of the comparison: `interp` or `qemu`.
        pub oracle: String,
        /// Seed of the sequences.
        pub seed: u64,
        /// Number of the first sequence.
        pub first: u64,
        /// Number of sequences run.
        pub blocks: u64,
        /// Compared runs: each sequence from its generated state, and with `--states` from random
        /// ones.
        #[serde(default)]
        pub runs: u64,
        /// Sequences of the corpus, run first; the other figures exclude them, except mismatches.
        #[serde(default)]
        pub corpus: u64,
        /// Instructions that the interpreter completed.
        pub instructions: u64,
        /// Mean number of instructions of a compared run.
        pub mean_block_length: f64,
        /// Rows that the oracle supports and that were executed fewer than 1,000 times.
        pub rows_below_1000: Vec<String>,
        /// Sequences whose results differed without explanation.
        pub mismatches: u64,
        /// The mismatches in detail.
        pub mismatch_details: Vec<Mismatch>,
        /// Executions per row, in sequences that were compared.
        pub by_instruction: BTreeMap<String, u64>,
        /// Compared runs that ended by a fault of a load or store.
        pub faults: u64,
        /// External oracle: sequences compared per processor model and computation mode.
        pub modes: BTreeMap<String, u64>,
        /// External oracle: sequences that were compared instruction by instruction.
        pub taken_apart: u64,
        /// External oracle: instructions with a documented difference, per difference.
        pub explained: BTreeMap<String, u64>,
        /// External oracle: sequences with documented differences only.
        pub explained_blocks: u64,
        /// External oracle: sequences that could not be compared, per reason.
        pub skipped: BTreeMap<String, u64>,
        /// External oracle: rows that it doesn't support.
        pub not_in_oracle: Vec<Missing>,
        /// Wall-clock time in seconds.
        pub wall_seconds: f64,
        /// The signal that ended the run early; the other figures cover what was run by then.
        #[serde(default)]
        pub interrupted_by: Option<String>,
    }
}

/// Reason why reports can't be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There are no reports to merge.
    #[error("no report")]
    Empty,
    /// Some reports are from qemu, some from the interpreter.
    #[error("reports with the oracles `{0}` and `{1}` don't add up")]
    Oracles(String, String),
    /// Sequences would be counted twice.
    #[error("sequences {from}..{to} of seed {seed} are in two reports")]
    Overlap {
        seed: u64,
        /// First sequence that is in both.
        from: u64,
        /// End of the overlap (exclusive).
        to: u64,
    },
}

fn add(sum: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>) {
    for (key, count) in more {
        *sum.entry(key.clone()).or_default() += count;
    }
}

impl Mismatch {
    /// The sequence's number, and its state if that is not the generated one.
    pub fn place(&self) -> String {
        match self.state {
            0 => self.block.to_string(),
            state => format!("{}, state {state}", self.block),
        }
    }
}

impl FuzzReport {
    /// Number of sequences that were compared.
    pub fn compared(&self) -> u64 {
        self.blocks - self.skipped.values().sum::<u64>().min(self.blocks)
    }

    /// Compared runs; an external oracle and reports of older builds have one for each sequence.
    fn known_runs(&self) -> u64 {
        if self.runs == 0 { self.compared() } else { self.runs }
    }

    /// Adds the results of a batch, except its counts per row.
    pub(super) fn add(&mut self, batch: &Batch) {
        if batch.of_corpus {
            self.corpus += batch.blocks;
            self.mismatches += batch.mismatches.len() as u64;
            self.mismatch_details.extend(batch.mismatches.iter().cloned());
            return;
        }
        self.blocks += batch.blocks;
        self.runs += batch.runs;
        self.instructions += batch.instructions;
        self.faults += batch.faults;
        self.mismatches += batch.mismatches.len() as u64;
        self.mismatch_details.extend(batch.mismatches.iter().cloned());
        self.taken_apart += batch.taken_apart;
        self.explained_blocks += batch.explained_blocks;
        add(&mut self.modes, &batch.modes);
        add(&mut self.explained, &batch.explained);
        add(&mut self.skipped, &batch.skipped);
    }

    /// Computes the derived figures.
    pub(super) fn finish(&mut self) {
        self.mismatch_details.sort_by(|a, b| (&a.case, a.block).cmp(&(&b.case, b.block)));
        self.runs = self.known_runs();
        self.mean_block_length = self.instructions as f64 / self.runs.max(1) as f64;
        let missing: Vec<&str> = self.not_in_oracle.iter().map(|missing| missing.row.as_str()).collect();
        let rare = self
            .by_instruction
            .iter()
            .filter(|(row, count)| **count < 1000 && !missing.contains(&row.as_str()));
        self.rows_below_1000 = rare.map(|(row, _)| row.clone()).collect();
    }

    /// Merges reports of the same oracle over different sequences.
    pub fn merge(reports: &[Self]) -> Result<Self, MergeError> {
        let Some(first) = reports.first() else { return Err(MergeError::Empty) };
        let mut sum = Self {
            oracle: first.oracle.clone(),
            seed: first.seed,
            first: reports.iter().map(|report| report.first).min().unwrap_or(0),
            not_in_oracle: first.not_in_oracle.clone(),
            ..Self::default()
        };
        let mut ranges: Vec<(u64, u64, u64)> = Vec::new();
        for report in reports {
            if report.oracle != sum.oracle {
                return Err(MergeError::Oracles(sum.oracle, report.oracle.clone()));
            }
            let from = report.first;
            let to = report.first + report.blocks;
            for &(seed, other_from, other_to) in &ranges {
                let from = from.max(other_from);
                let to = to.min(other_to);
                if seed == report.seed && from < to {
                    return Err(MergeError::Overlap { seed, from, to });
                }
            }
            ranges.push((report.seed, from, to));
            sum.blocks += report.blocks;
            sum.runs += report.known_runs();
            sum.corpus += report.corpus;
            sum.instructions += report.instructions;
            sum.mismatches += report.mismatches;
            sum.mismatch_details.extend(report.mismatch_details.iter().cloned());
            sum.faults += report.faults;
            sum.taken_apart += report.taken_apart;
            sum.explained_blocks += report.explained_blocks;
            sum.wall_seconds += report.wall_seconds;
            add(&mut sum.by_instruction, &report.by_instruction);
            add(&mut sum.modes, &report.modes);
            add(&mut sum.explained, &report.explained);
            add(&mut sum.skipped, &report.skipped);
        }
        sum.finish();
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(seed: u64, first: u64, blocks: u64) -> FuzzReport {
        FuzzReport {
            oracle: "interp".to_owned(),
            seed,
            first,
            blocks,
            instructions: 20 * blocks,
            by_instruction: [("addx".to_owned(), 600), ("sc".to_owned(), 2000)].into(),
            wall_seconds: 1.5,
            ..FuzzReport::default()
        }
    }

    #[test]
    fn counts_add_up() {
        let sum = FuzzReport::merge(&[report(1, 0, 100), report(1, 100, 50), report(2, 0, 100)]).unwrap();
        assert_eq!((sum.blocks, sum.instructions, sum.by_instruction["addx"]), (250, 5000, 1800));
        assert_eq!((sum.mean_block_length, sum.wall_seconds), (20.0, 4.5));
        assert_eq!(sum.rows_below_1000, Vec::<String>::new());
        // Two of the reports are from builds with one state per sequence.
        let several = FuzzReport { runs: 800, instructions: 16_000, ..report(3, 0, 100) };
        let sum = FuzzReport::merge(&[report(1, 0, 100), several]).unwrap();
        assert_eq!((sum.blocks, sum.runs, sum.mean_block_length), (200, 900, 20.0));
        let sum = FuzzReport::merge(&[report(1, 0, 100)]).unwrap();
        assert_eq!(sum.rows_below_1000, ["addx"]);
    }

    #[test]
    fn inconsistent_fuzz_reports_do_not_merge() {
        let overlap = FuzzReport::merge(&[report(1, 0, 100), report(1, 90, 50)]);
        assert_eq!(overlap.unwrap_err(), MergeError::Overlap { seed: 1, from: 90, to: 100 });
        let mut other = report(1, 100, 1);
        other.oracle = "qemu".to_owned();
        assert!(matches!(FuzzReport::merge(&[report(1, 0, 100), other]), Err(MergeError::Oracles(..))));
        assert_eq!(FuzzReport::merge(&[]).unwrap_err(), MergeError::Empty);
    }
}
