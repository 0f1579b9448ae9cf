//! Both engines against the cases, and against each other on random sequences.
//!
//! Quick enough to be what the mutation check runs: a wrong arm of either engine fails here.

use std::path::PathBuf;
use xenia_jit::{Jit, JitConfig};
use xenia_jit_tests::conformance::{self, Engine};
use xenia_jit_tests::fuzz::{self, FuzzConfig};

/// Random sequences: some 250,000 instructions, each row a few hundred times.
const BLOCKS: u64 = 6_144;

/// The JIT, compiling at first sight, and however many files take each other's place.
fn jit<'a>() -> Engine<'a> {
    Engine::new("jit", |memory| Ok(Box::new(Jit::new(memory, JitConfig::compile_everything())?)))
}

#[test]
fn every_case_passes_in_both_engines() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let report = conformance::run(&[folder], &[Engine::interpreter(), jit()], None).unwrap();
    for failure in report.failed.iter().take(20) {
        println!("{failure:?}");
    }
    assert_eq!(report.failed.len(), 0);
    assert_eq!(report.uncovered, Vec::<String>::new());
    assert!(report.cases >= 4_000, "{} cases", report.cases);
}

#[test]
fn random_sequences_end_alike_in_both_engines() {
    let report = fuzz::run(FuzzConfig { max_mismatches: 1, ..FuzzConfig::new(BLOCKS, 7, jit()) }).unwrap();
    assert_eq!(report.blocks, BLOCKS);
    assert_eq!(report.mismatch_details.first().map(|m| (m.what.clone(), m.instructions.clone())), None);
    assert!(report.mean_block_length >= 16.0, "{}", report.mean_block_length);
}

#[test]
fn the_seed_corpus_ends_alike_in_both_engines() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let config = FuzzConfig { corpus: Some(folder), max_mismatches: 1, ..FuzzConfig::new(0, 7, jit()) };
    let report = fuzz::run(config).unwrap();
    assert!(report.corpus >= 1_000, "{}", report.corpus);
    assert_eq!(report.mismatch_details.first().map(|m| (m.what.clone(), m.instructions.clone())), None);
}
