//! The external oracle: runs sequences under qemu, and resolves differences instruction by
//! instruction.
//!
//! ```text
//! sequence ─┬─► interpreter ─┬─► whole states equal? ── yes ─► done
//!           └─► qemu ────────┘                        └─ no ─► each executed instruction, from the
//!                                            interpreter's state before it ─► differences.rs
//! ```
//! So that one known difference doesn't hide later ones, a sequence that differs as a whole is
//! replayed instruction by instruction: qemu runs each one from the interpreter's state before it,
//! and the result is compared with the interpreter's state after it. A difference that the table
//! doesn't explain is a mismatch, and already a minimal case. If no single instruction differs, the
//! sequence as a whole is shrunk.
//!
//! Sequences that a trap ends are cut there: the trap becomes a branch to the end. Those that don't
//! end are skipped and counted.

mod apart;
mod differences;
mod found;
mod rows;
mod steps;

use super::arena::{Arena, End, Layout, Ran};
use super::batch::{self, Batch, Found, Settings};
use super::corpus::Planned;
use super::generate::{self, Choice};
use super::sequence::Sequence;
use super::{BATCH, count};
use crate::conformance::{ConformanceEngine, RunError};
use crate::fuzz::report::{Mismatch, Missing};
use crate::qemu::{CODE_BASE, CODE_SIZE, Job, Qemu, QemuAnswer, QemuError, QemuMode, Twins};
use differences::{DIFFERENCES, Difference};
use std::ops::Range;
use steps::Deviation;
use xenia_cpu::msr_bit;
use xenia_isa::{Op, decode};

/// Code address for single instructions.
const QUESTIONS: u32 = CODE_BASE + CODE_SIZE - 0x20_0000;
/// Reason for skipping sequences after the run was stopped.
const INTERRUPTED: &str = "interrupted";
/// Number of sequences that are replayed together.
const TOGETHER: usize = 32;

/// Rows that the oracle lacks, with the reason.
pub(super) fn missing() -> Vec<Missing> {
    let reason = |op| rows::missing(op).map(|reason| (op, reason));
    let rows = Op::all().filter_map(reason);
    rows.map(|(op, reason)| Missing { row: op.row().name.to_owned(), reason: reason.to_owned() }).collect()
}

/// Whether the oracle supports this row at all.
pub(super) fn has(op: Op) -> bool {
    rows::missing(op).is_none()
}

/// The reason and the book's paragraph of a documented difference, by its name.
pub(super) fn reason(name: &str) -> Option<(&'static str, &'static str)> {
    differences::reason(name)
}

/// A sequence that is ready for qemu.
struct Prepared {
    number: u64,
    name: Option<String>,
    sequence: Sequence,
    entry: u32,
    ran: Ran,
    twins: Twins,
    job: Job,
}

/// Result of replaying a sequence instruction by instruction.
enum Finding {
    /// Only documented differences: the name of each occurrence.
    Explained(Vec<&'static str>),
    /// An instruction whose result is not explained.
    Unexplained(Box<(PpcStep, Deviation)>),
    /// No single instruction differs.
    Nothing,
    /// qemu stopped at this instruction.
    Stopped(Box<(PpcStep, String)>),
}

/// The interpreter, optionally a second engine, and qemu in every mode.
pub(super) struct Oracle<'a> {
    arena: Arena<'a>,
    sf: Option<bool>,
    servers: Vec<(Qemu, Choice)>,
    /// Table of the documented differences.
    differences: &'static [Difference],
}

pub(super) use super::arena::Step as PpcStep;

fn failed(error: &QemuError) -> RunError {
    RunError::Engine { engine: "qemu".to_owned(), reason: error.to_string() }
}

impl<'a> Oracle<'a> {
    /// Creates the oracle; `engine` is compared with the interpreter on the same sequences.
    pub(super) fn new(engine: Option<&'a ConformanceEngine<'a>>, sf: Option<bool>) -> Result<Self, RunError> {
        Ok(Self {
            arena: Arena::new(engine, Layout::ORACLE)?,
            sf,
            servers: Vec::new(),
            differences: DIFFERENCES,
        })
    }

    /// The server of a mode, created at its first use.
    fn server(&mut self, mode: QemuMode) -> Result<usize, RunError> {
        if let Some(index) = self.servers.iter().position(|(qemu, _)| qemu.mode() == mode) {
            return Ok(index);
        }
        let qemu = Qemu::new(mode).map_err(|error| failed(&error))?;
        self.servers.push((qemu, Choice::only(|op| rows::has(mode, op), Some(mode.sf))));
        Ok(self.servers.len() - 1)
    }

    /// Runs the sequences with these numbers, all of one batch.
    pub(super) fn numbers(
        &mut self,
        numbers: Range<u64>,
        settings: &Settings<'_>,
        enough: &dyn Fn() -> bool,
    ) -> Result<Batch, RunError> {
        let server = self.server(rows::mode(numbers.start / BATCH, self.sf))?;
        let choice = &self.servers[server].1;
        let plan = |number| {
            let sequence = generate::sequence(settings.seed, number, choice);
            Planned { number, name: None, sequence }
        };
        let planned = numbers.take_while(|_| !(settings.is_stopped)()).map(plan).collect();
        self.batch(server, planned, settings, enough)
    }

    /// Runs the supported cases of a part of the corpus.
    pub(super) fn corpus(
        &mut self,
        mut planned: Vec<Planned>,
        sf: bool,
        settings: &Settings<'_>,
        enough: &dyn Fn() -> bool,
    ) -> Result<Batch, RunError> {
        let sf = self.sf.unwrap_or(sf);
        let mode = QemuMode { cpu: "970fx", sf };
        let known = |word: u32| decode(word).is_none_or(|op| rows::has(mode, op));
        planned.retain(|planned| planned.sequence.words(0).into_iter().all(known));
        for Planned { sequence, .. } in &mut planned {
            sequence.state.msr = sequence.state.msr & !msr_bit::SF | if sf { msr_bit::SF } else { 0 };
        }
        let server = self.server(mode)?;
        self.batch(server, planned, settings, enough)
    }

    /// Runs sequences; `enough` counts a mismatch and returns whether to stop.
    fn batch(
        &mut self,
        server: usize,
        planned: Vec<Planned>,
        settings: &Settings<'_>,
        enough: &dyn Fn() -> bool,
    ) -> Result<Batch, RunError> {
        let mut batch = Batch::default();
        let mut prepared = self.prepare(planned, settings, &mut batch)?;
        let mode = self.servers[server].0.mode();
        let name = format!("{} sf{}", mode.cpu, u8::from(mode.sf));
        *batch.modes.entry(name.clone()).or_default() += prepared.len() as u64;
        for (index, ready) in prepared.iter().enumerate() {
            if (settings.is_stopped)() {
                let left = (prepared.len() - index) as u64;
                *batch.skipped.entry(INTERRUPTED.to_owned()).or_default() += left;
                *batch.modes.entry(name).or_default() -= left;
                prepared.truncate(index);
                break;
            }
            if let Some(mismatch) = self.second_engine(ready, settings)? {
                batch.mismatches.push(mismatch);
                if enough() {
                    return Ok(batch);
                }
            }
        }
        let apart = self.compare_with_qemu(server, &prepared)?;
        batch.taken_apart += apart.len() as u64;
        for some in apart.chunks(TOGETHER) {
            if (settings.is_stopped)() {
                *batch.skipped.entry(INTERRUPTED.to_owned()).or_default() += some.len() as u64;
                continue;
            }
            let findings = self.take_apart(server, &mut prepared, some)?;
            for (&index, finding) in some.iter().zip(findings) {
                if let Finding::Explained(names) = finding {
                    batch.explained_blocks += 1;
                    for name in names {
                        *batch.explained.entry(name.to_owned()).or_default() += 1;
                    }
                    continue;
                }
                let ready = &prepared[index];
                if let Some(mut mismatch) = self.mismatch(server, ready, finding, settings)? {
                    mismatch.case.clone_from(&ready.name);
                    batch.mismatches.push(mismatch);
                    if enough() {
                        return Ok(batch);
                    }
                }
            }
        }
        Ok(batch)
    }

    /// Runs sequences in the interpreter, counts them, and returns those that can run under qemu.
    fn prepare(
        &mut self,
        planned: Vec<Planned>,
        settings: &Settings<'_>,
        batch: &mut Batch,
    ) -> Result<Vec<Prepared>, RunError> {
        let sequences: Vec<Sequence> = planned.iter().map(|planned| planned.sequence.clone()).collect();
        let entries = self.arena.load(&sequences)?;
        let mut prepared = Vec::new();
        for (index, (planned, entry)) in planned.into_iter().zip(entries).enumerate() {
            if settings.is_over(index) {
                break;
            }
            batch.blocks += 1;
            match prepare(&mut self.arena, planned, entry) {
                Ok(ready) => {
                    batch.instructions += self.arena.executed().len() as u64 - 1;
                    self.arena.executed().iter().for_each(|&op| count(&mut batch.counts, op));
                    prepared.push(ready);
                }
                Err(reason) => *batch.skipped.entry(reason.to_owned()).or_default() += 1,
            }
        }
        Ok(prepared)
    }

    /// Runs a sequence on the second engine, if there is one, and returns a mismatch with the
    /// interpreter.
    fn second_engine(
        &mut self,
        ready: &Prepared,
        settings: &Settings<'_>,
    ) -> Result<Option<Mismatch>, RunError> {
        let Some(mut difference) = self.arena.run(&ready.sequence, ready.entry, None).difference else {
            return Ok(None);
        };
        difference.what.push_str(" (second engine)");
        let failed =
            Found { number: ready.number, state: 0, name: ready.name.as_ref(), sequence: &ready.sequence };
        let mismatch = batch::between_engines(&mut self.arena, failed, difference, settings)?;
        // Shrinking may have overwritten the code.
        self.arena.replace(&ready.sequence, ready.entry);
        Ok(Some(mismatch))
    }

    /// Runs sequences in qemu. Returns the numbers of those whose results differ from the
    /// interpreter's.
    fn compare_with_qemu(&mut self, server: usize, prepared: &[Prepared]) -> Result<Vec<usize>, RunError> {
        let jobs: Vec<Job> = prepared.iter().map(|ready| ready.job.clone()).collect();
        let answers = self.servers[server].0.run(&jobs).map_err(|error| failed(&error))?;
        let differs = |(ready, answer): (&Prepared, &QemuAnswer)| match answer {
            QemuAnswer::State(theirs) => {
                let ours = steps::state(&ready.ran.ctx, &ready.ran.memory, &ready.twins);
                !steps::compare(&ours, theirs).is_empty()
            }
            QemuAnswer::Stopped(_) => true,
        };
        let apart = prepared.iter().zip(&answers).enumerate().filter(|&(_, both)| differs(both));
        Ok(apart.map(|(index, _)| index).collect())
    }
}

/// Runs the sequence in the interpreter until it returns, cutting it at traps, and creates qemu's
/// job.
fn prepare(arena: &mut Arena<'_>, planned: Planned, entry: u32) -> Result<Prepared, &'static str> {
    let Planned { number, name, mut sequence } = planned;
    let mut left = 8;
    let ran = loop {
        let ran = arena.reference_run(&sequence, entry);
        match &ran.end {
            End::Returned => break ran,
            End::Budget => return Err("does not end"),
            End::Exception(exception) => {
                if left == 0 || !sequence.cut(entry, exception.pc.0) {
                    return Err("exception");
                }
                left -= 1;
            }
        }
        arena.replace(&sequence, entry);
    };
    let words = sequence.words(entry);
    let too_many = "more vector registers than qemu has";
    let mut twins = Twins::new(words.iter().copied()).ok_or(too_many)?;
    let code: Option<Vec<u32>> = words.iter().map(|&word| twins.word(word)).collect();
    let code = code.ok_or(too_many)?;
    let mut before = (*sequence.state).clone();
    before.lr = Layout::ORACLE.exit.into();
    let state = steps::state(&before, &sequence.memory[..], &twins);
    Ok(Prepared { number, name, sequence, entry, ran, twins, job: Job { entry, code, state } })
}

#[cfg(test)]
mod tests;
