//! Tests of the interpreter against qemu, and of a difference that no table explains.

use super::*;
use std::path::Path;
use xenia_testing::{Tool, need};

/// Runs batches with this table of differences: returns the sequences compared, and the mismatches.
fn run(differences: &'static [Difference], batches: Range<u64>, out: Option<&Path>) -> (u64, Vec<Mismatch>) {
    let mut oracle = Oracle { differences, ..Oracle::new(None, None).unwrap() };
    let mut compared = 0;
    let mut mismatches = Vec::new();
    for index in batches {
        let first = index * BATCH;
        let found = std::cell::Cell::new(0);
        let enough = || {
            found.set(found.get() + 1);
            found.get() == 4
        };
        let never = || false;
        let settings =
            Settings { seed: 11, states: 1, shrink: true, out, is_stopped: &never, is_late: &never };
        let batch = oracle.numbers(first..first + 256, &settings, &enough).unwrap();
        compared += batch.modes.values().sum::<u64>();
        mismatches.extend(batch.mismatches);
    }
    (compared, mismatches)
}

#[test]
fn the_interpreter_agrees_with_qemu_in_every_mode() {
    if !need(Tool::Qemu) {
        return;
    }
    let (compared, mismatches) = run(DIFFERENCES, 0..8, None);
    assert!(mismatches.is_empty(), "{mismatches:#?}");
    // Of 2,048. Nested loops that don't end in time are skipped.
    assert!(compared > 1700, "{compared}");
}

#[test]
fn undocumented_behaviour_is_saved_as_failing_cases() {
    if !need(Tool::Qemu) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, mismatches) = run(&[], 0..1, Some(folder.path()));
    assert_eq!(mismatches.len(), 4);
    let files = mismatches.iter().filter(|mismatch| mismatch.file.is_some()).count() as u64;
    assert!(files > 0, "{mismatches:#?}");
    let engines = [ConformanceEngine::interpreter()];
    let report = crate::conformance::run(&[folder.path().to_owned()], &engines, None).unwrap();
    assert_eq!((report.cases, report.passed), (files, 0), "{:?}", report.failed);
    assert!(report.failed.iter().all(|failure| failure.what != "file"), "{:?}", report.failed);
}
