//! All engines on the cases, and compared with each other on random sequences.
//!
//! Quick enough for the mutation tests: a wrong handler or template of any engine fails here.

use std::path::PathBuf;
use xenia_jit::{Jit, JitConfig, JitTesting, Tiers};
use xenia_jit_tests::conformance::{self, ConformanceEngine};
use xenia_jit_tests::fuzz::{self, FuzzConfig};
use xenia_testing::is_long;

/// Random sequences: some 80,000 instructions, each row a hundred times.
const BLOCKS: u64 = 2_048;
/// The same for a long run. The mutation tests set the variable to this.
const LONG_BLOCKS: u64 = 6_144;
const VARIABLE: &str = "XENIA_ENGINE_BLOCKS";

/// The JIT, compiling at the first execution, and even pages that many files overwrite.
fn jit<'a>() -> ConformanceEngine<'a> {
    ConformanceEngine::new("jit", |memory| Ok(Box::new(Jit::new(memory, JitConfig::compile_everything())?)))
}

/// The baseline tier alone. Pages that change often are compiled as well.
fn baseline<'a>() -> ConformanceEngine<'a> {
    let testing = JitTesting { compile_volatile: true, ..JitTesting::default() };
    let config = JitConfig { tiers: Tiers::Baseline, testing, ..JitConfig::default() };
    ConformanceEngine::new("baseline", move |memory| Ok(Box::new(Jit::new(memory, config)?)))
}

#[test]
fn every_case_passes_in_all_engines() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let report =
        conformance::run(&[folder], &[ConformanceEngine::interpreter(), jit(), baseline()], None).unwrap();
    for failure in report.failed.iter().take(20) {
        println!("{failure:?}");
    }
    assert_eq!(report.failed.len(), 0);
    assert_eq!(report.uncovered, Vec::<String>::new());
    assert!(report.cases >= 4_000, "{} cases", report.cases);
}

#[test]
fn random_sequences_end_alike_in_all_engines() {
    let usual = if is_long() { LONG_BLOCKS } else { BLOCKS };
    let blocks = xenia_testing::number_in_environment(VARIABLE, usual);
    for engine in [jit(), baseline()] {
        let config = FuzzConfig { max_mismatches: 1, ..FuzzConfig::new(blocks, 7, engine) };
        let report = fuzz::run(config).unwrap();
        assert_eq!(report.blocks, blocks);
        assert_eq!(report.mismatch_details.first().map(|m| (m.what.clone(), m.instructions.clone())), None);
        assert!(report.mean_block_length >= 16.0, "{}", report.mean_block_length);
    }
}

#[test]
fn the_seed_corpus_ends_alike_in_all_engines() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for engine in [jit(), baseline()] {
        let corpus = Some(folder.clone());
        let config = FuzzConfig { corpus, max_mismatches: 1, ..FuzzConfig::new(0, 7, engine) };
        let report = fuzz::run(config).unwrap();
        assert!(report.corpus >= 1_000, "{}", report.corpus);
        assert_eq!(report.mismatch_details.first().map(|m| (m.what.clone(), m.instructions.clone())), None);
    }
}
