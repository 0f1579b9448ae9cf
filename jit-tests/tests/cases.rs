//! The checked-in cases on the interpreter: all pass, and every row of the instruction table has one.

use std::path::PathBuf;
use xenia_jit_tests::conformance::{Engine, run};

#[test]
fn every_case_passes_and_every_row_is_covered() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let report = run(&[folder], &[Engine::interpreter()], None).unwrap();
    for failure in report.failed.iter().take(20) {
        println!("{failure:?}");
    }
    assert_eq!(report.failed.len(), 0);
    assert_eq!(report.uncovered, Vec::<String>::new());
    assert!(report.cases >= 4_000, "{} cases", report.cases);
}
