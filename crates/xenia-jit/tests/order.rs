//! Models of the protocols by which threads change, publish and withdraw compiled code without
//! stopping each other, explored under the order of both processors.
//!
//! qemu on x86-64 does not reorder, and a part of each protocol is host code, or an interrupt of
//! the other threads. So the steps are written down a second time, with the names of the functions
//! that take them, and `xenia_testing::weak_memory` performs them in every order. Each model also
//! has faults, one step left out or moved, which must be found.
//!
//! The results are the table of `docs/src/aarch64.md`, which the test compares.

mod code;
mod page_version;

use std::path::Path;
use xenia_testing::is_long;
use xenia_testing::weak_memory::{Explored, Processor};

/// The fault that changes nothing.
const NONE: &str = "";

/// A protocol on a processor.
#[derive(Clone, Copy)]
struct Model {
    /// The protocol, as the table names it.
    name: &'static str,
    processor: Processor,
    threads: usize,
    /// Explores the protocol with one of the faults, or [`NONE`].
    run: fn(Processor, &str) -> Explored,
    /// The faults that must be found.
    faults: &'static [&'static str],
    /// Whether only long runs explore it, because it takes half a minute without optimization.
    is_long: bool,
}

impl Model {
    /// Explores the protocol as it is, and with each fault. Returns its row of the table.
    fn row(&self) -> String {
        let Self { name, processor, threads, run, faults, .. } = *self;
        let explored = run(processor, NONE);
        if let Some(steps) = explored.failure {
            panic!("{name} on {processor:?} fails:\n{}", steps.join("\n"));
        }
        assert!(explored.worked, "{name} on {processor:?} does not do what it is for");
        for fault in faults {
            assert!(run(processor, fault).failure.is_some(), "{name} on {processor:?}: not found: {fault}");
        }
        let processor = match processor {
            Processor::Aarch64 => "AArch64",
            Processor::X86_64 => "x86-64",
        };
        format!("| {name} | {processor} | {threads} | {} | {} |", explored.states, faults.join("; "))
    }
}

#[test]
fn every_protocol_model_has_its_result_in_the_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/aarch64.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let models = [page_version::MODELS, code::MODELS].concat();
    let rows: Vec<String> =
        models.iter().filter(|model| is_long() || !model.is_long).map(Model::row).collect();
    let missing: Vec<&String> = rows.iter().filter(|row| !page.lines().any(|line| line == **row)).collect();
    assert!(missing.is_empty(), "not in the page's table:\n{missing:#?}");
}
