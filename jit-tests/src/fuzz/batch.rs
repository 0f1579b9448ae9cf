//! Batches: sequences that are placed in one code buffer before any runs.

use super::arena::{Arena, Difference};
use super::corpus::Planned;
use super::generate::{self, Choice};
use super::report::Mismatch;
use super::sequence::Sequence;
use super::{case, shrink};
use crate::conformance::RunError;
use std::collections::BTreeMap;
use std::path::Path;
use xenia_isa::OP_COUNT;

/// Results of one batch.
pub(super) struct Batch {
    /// Whether the batch is from the corpus, whose sequences have no seed numbers.
    pub(super) of_corpus: bool,
    pub(super) blocks: u64,
    pub(super) runs: u64,
    pub(super) instructions: u64,
    pub(super) counts: Vec<u64>,
    pub(super) faults: u64,
    pub(super) mismatches: Vec<Mismatch>,
    pub(super) modes: BTreeMap<String, u64>,
    pub(super) taken_apart: u64,
    pub(super) explained: BTreeMap<String, u64>,
    pub(super) explained_blocks: u64,
    pub(super) skipped: BTreeMap<String, u64>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            of_corpus: false,
            blocks: 0,
            runs: 0,
            instructions: 0,
            counts: vec![0; OP_COUNT],
            faults: 0,
            mismatches: Vec::new(),
            modes: BTreeMap::new(),
            taken_apart: 0,
            explained: BTreeMap::new(),
            explained_blocks: 0,
            skipped: BTreeMap::new(),
        }
    }
}

/// Parameters of running batches.
pub(super) struct Settings<'a> {
    pub(super) seed: u64,
    /// Initial states per sequence.
    pub(super) states: u64,
    pub(super) shrink: bool,
    pub(super) out: Option<&'a Path>,
    /// Whether the run was stopped.
    pub(super) is_stopped: &'a (dyn Fn() -> bool + Sync),
    /// Whether the time for starting sequences is over.
    pub(super) is_late: &'a (dyn Fn() -> bool + Sync),
}

impl Settings<'_> {
    /// Whether a batch ends after `ran` sequences: at least one runs, whatever the time.
    pub(super) fn is_over(&self, ran: usize) -> bool {
        (self.is_stopped)() || ran > 0 && (self.is_late)()
    }

    /// The minimised sequence, if shrinking is enabled and the run is not stopped.
    pub(super) fn shrunk(&self, sequence: &Sequence, fails: &mut dyn FnMut(&Sequence) -> bool) -> Sequence {
        if !self.shrink {
            return sequence.clone();
        }
        shrink::shrink(sequence, &mut |candidate| !(self.is_stopped)() && fails(candidate))
    }
}

/// Runs sequences on two engines, each from all of its states; `enough` counts a mismatch and
/// returns whether to stop. Code that a sequence has modified stays modified for its next state.
pub(super) fn run(
    arena: &mut Arena<'_>,
    planned: Vec<Planned>,
    choice: &Choice,
    settings: &Settings<'_>,
    enough: &dyn Fn() -> bool,
) -> Result<Batch, RunError> {
    let mut batch = Batch::default();
    let sequences: Vec<Sequence> = planned.iter().map(|planned| planned.sequence.clone()).collect();
    let mut entries = arena.load(&sequences)?;
    for (index, Planned { number, name, mut sequence }) in planned.into_iter().enumerate() {
        if settings.is_over(index) {
            break;
        }
        batch.blocks += 1;
        let mut more = None;
        // Cases of the corpus include their states.
        for state in 0..if name.is_some() { 1 } else { settings.states } {
            if state != 0 {
                let states = || generate::sequence_and_states(settings.seed, number, choice).1;
                more.get_or_insert_with(states).put_next(&mut sequence);
            }
            batch.runs += 1;
            let outcome = arena.run(&sequence, entries[index], Some(&mut batch.counts));
            batch.instructions += outcome.instructions;
            batch.faults += u64::from(outcome.faulted);
            let Some(difference) = outcome.difference else { continue };
            let found = Found { number, state, name: name.as_ref(), sequence: &sequence };
            batch.mismatches.push(between_engines(arena, found, difference, settings)?);
            if enough() {
                return Ok(batch);
            }
            entries = arena.load(&sequences)?;
            break;
        }
    }
    Ok(batch)
}

/// A sequence on which two engines differ.
pub(super) struct Found<'a> {
    pub(super) number: u64,
    /// Index of its initial state.
    pub(super) state: u64,
    /// Name of the case, if it is from the corpus.
    pub(super) name: Option<&'a String>,
    pub(super) sequence: &'a Sequence,
}

/// Reports a mismatch: shrinks the sequence and writes it to a file, as configured. This may
/// overwrite the code of loaded sequences.
pub(super) fn between_engines(
    arena: &mut Arena<'_>,
    Found { number, state, name, sequence }: Found<'_>,
    difference: Difference,
    settings: &Settings<'_>,
) -> Result<Mismatch, RunError> {
    let shrunk = settings.shrunk(sequence, &mut |candidate| arena.disagree(candidate));
    let Difference { what, expected, actual } = difference;
    let case = name.cloned();
    let instructions = shrunk.text();
    let mut mismatch =
        Mismatch { block: number, state, case, what, expected, actual, instructions, file: None };
    if let Some(folder) = settings.out {
        let text = case::text(&shrunk, settings.seed, &mismatch, &[])?;
        mismatch.file = Some(case::write(folder, settings.seed, &mismatch, &text)?);
    }
    Ok(mismatch)
}
