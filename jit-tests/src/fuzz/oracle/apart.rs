//! Replays a sequence that differs, to find the instruction at fault, and creates the report.

use super::differences::{self, View};
use super::steps::{self, Deviation, Place, Question};
use super::{Finding, Oracle, PpcStep, Prepared, QUESTIONS, failed, found, prepare};
use crate::conformance::{PpcRegister, RunError};
use crate::fuzz::batch::Settings;
use crate::fuzz::case::{self, Correction};
use crate::fuzz::corpus::Planned;
use crate::fuzz::report::Mismatch;
use crate::fuzz::sequence::Sequence;
use crate::qemu::{Job, QemuAnswer};
use xenia_isa::{Syntax, decode, disassemble};

impl Oracle<'_> {
    /// The report of a replayed sequence; `None` if all differences are explained.
    pub(super) fn mismatch(
        &mut self,
        server: usize,
        ready: &Prepared,
        finding: Finding,
        settings: &Settings<'_>,
    ) -> Result<Option<Mismatch>, RunError> {
        Ok(Some(match finding {
            Finding::Explained(_) => return Ok(None),
            Finding::Unexplained(found) => {
                let (step, deviation) = *found;
                self.single(server, ready.number, &step, deviation, settings)?
            }
            Finding::Stopped(found) => {
                let (step, reason) = *found;
                Mismatch {
                    block: ready.number,
                    state: 0,
                    case: None,
                    what: "exit".to_owned(),
                    expected: reason,
                    actual: "completed".to_owned(),
                    instructions: vec![disassemble(step.word, step.pc, Syntax::Simplified)],
                    file: None,
                }
            }
            Finding::Nothing => self.whole(server, ready.number, ready.sequence.clone(), settings)?,
        }))
    }

    /// Runs each instruction of some sequences separately.
    pub(super) fn take_apart(
        &mut self,
        server: usize,
        prepared: &mut [Prepared],
        some: &[usize],
    ) -> Result<Vec<Finding>, RunError> {
        let mut questions = Vec::new();
        let mut traces = Vec::new();
        let mut entry = QUESTIONS + 4;
        for &index in some {
            let ready = &mut prepared[index];
            // The sequence may have modified its code.
            self.arena.replace(&ready.sequence, ready.entry);
            let trace = self.arena.trace(&ready.sequence, ready.entry);
            // The first instruction keeps LR, the last two return: whole sequences test these.
            let last = trace.len().saturating_sub(2);
            for (index, step) in trace.iter().enumerate().take(last).skip(1) {
                if let Some(question) = Question::new(index, step, &mut ready.twins, entry) {
                    questions.push((traces.len(), question));
                    entry += 4 * Question::MAX_WORDS;
                }
            }
            traces.push(trace);
        }
        let jobs: Vec<Job> = questions.iter().map(|(_, question)| question.job.clone()).collect();
        let answers = self.servers[server].0.run(&jobs).map_err(|error| failed(&error))?;
        let mut findings: Vec<Finding> = some.iter().map(|_| Finding::Nothing).collect();
        for ((of, question), answer) in questions.iter().zip(answers) {
            if matches!(findings[*of], Finding::Unexplained(_) | Finding::Stopped(_)) {
                continue;
            }
            let step = &traces[*of][question.step];
            let theirs = match answer {
                QemuAnswer::State(theirs) => theirs,
                QemuAnswer::Stopped(reason) => {
                    findings[*of] = Finding::Stopped(Box::new((step.clone(), reason)));
                    continue;
                }
            };
            let Some(op) = decode(step.word) else { continue };
            let view =
                View { op, word: step.word, before: &step.before, ours: &question.ours, theirs: &theirs };
            for deviation in question.compare(&theirs) {
                match (differences::explain(self.differences, &view, &deviation), &mut findings[*of]) {
                    (Some(more), Finding::Explained(names)) => names.extend(more),
                    (Some(names), finding) => *finding = Finding::Explained(names),
                    (None, finding) => {
                        *finding = Finding::Unexplained(Box::new((step.clone(), deviation)));
                        break;
                    }
                }
            }
        }
        Ok(findings)
    }

    /// Reports a single instruction.
    fn single(
        &mut self,
        server: usize,
        number: u64,
        step: &PpcStep,
        deviation: Deviation,
        settings: &Settings<'_>,
    ) -> Result<Mismatch, RunError> {
        let (place, ours, theirs) = deviation;
        let text = disassemble(step.word, step.pc, Syntax::Simplified);
        let mut mismatch = Mismatch {
            block: number,
            state: 0,
            case: None,
            what: format!("{} after {text}", name(place)),
            expected: format!("{theirs:#x}"),
            actual: format!("{ours:#x}"),
            instructions: found::inputs(step),
            file: None,
        };
        if let Some(folder) = settings.out {
            let qemu = &mut self.servers[server].0;
            let file =
                found::text(qemu, QUESTIONS + 4, step, &format!("seed{}_block{number}", settings.seed))
                    .map_err(|error| failed(&error))?;
            let write = |text: String| case::write(folder, settings.seed, &mismatch, &text);
            mismatch.file = file.map(write).transpose()?;
        }
        Ok(mismatch)
    }

    /// The differences of a sequence under qemu that no single instruction explains; empty if there
    /// are none.
    fn differs(&mut self, server: usize, sequence: &Sequence) -> Result<Vec<Deviation>, RunError> {
        let entries = self.arena.load(std::slice::from_ref(sequence))?;
        let planned = Planned { number: 0, name: None, sequence: sequence.clone() };
        let Ok(ready) = prepare(&mut self.arena, planned, entries[0]) else { return Ok(Vec::new()) };
        let answers = self.servers[server].0.run(std::slice::from_ref(&ready.job));
        let answers = answers.map_err(|error| failed(&error))?;
        let mut found = match &answers[0] {
            QemuAnswer::State(theirs) => {
                let ours = steps::state(&ready.ran.ctx, &ready.ran.memory, &ready.twins);
                steps::compare(&ours, theirs)
            }
            QemuAnswer::Stopped(_) => vec![(Place::Way, 0, 1)],
        };
        for (place, ..) in &mut found {
            if let Place::Register(PpcRegister::Vector(there)) = place {
                let named = ready.twins.registers().find(|&(_, number)| number == *there);
                *there = named.map_or(*there, |(here, _)| here);
            }
        }
        if !found.is_empty() {
            let mut prepared = [ready];
            let finding = self.take_apart(server, &mut prepared, &[0])?.pop();
            found.retain(|_| matches!(finding, Some(Finding::Nothing)));
        }
        Ok(found)
    }

    /// Shrinks and reports a sequence in which no single instruction differs.
    fn whole(
        &mut self,
        server: usize,
        number: u64,
        sequence: Sequence,
        settings: &Settings<'_>,
    ) -> Result<Mismatch, RunError> {
        let best = settings.shrunk(&sequence, &mut |candidate| {
            self.differs(server, candidate).is_ok_and(|found| !found.is_empty())
        });
        let found = self.differs(server, &best)?;
        let (place, ours, theirs) = found.first().copied().unwrap_or((Place::Way, 0, 0));
        let mut mismatch = Mismatch {
            block: number,
            state: 0,
            case: None,
            what: format!("{} at the end", name(place)),
            expected: format!("{theirs:#x}"),
            actual: format!("{ours:#x}"),
            instructions: best.text(),
            file: None,
        };
        if let Some(folder) = settings.out {
            let correction = |&(place, _, theirs): &Deviation| match place {
                Place::Register(register) => Some(Correction::Register(register, theirs)),
                Place::Memory(at) => Some(Correction::Memory(at, theirs as u8)),
                Place::Way => None,
            };
            let corrections: Vec<Correction> = found.iter().filter_map(correction).collect();
            let text = case::text(&best, settings.seed, &mismatch, &corrections)?;
            mismatch.file = Some(case::write(folder, settings.seed, &mismatch, &text)?);
        }
        Ok(mismatch)
    }
}

fn name(place: Place) -> String {
    match place {
        Place::Register(register) => register.to_string(),
        Place::Memory(at) => format!("memory {:08X}", crate::qemu::SANDBOX as usize + at),
        Place::Way => "next instruction".to_owned(),
    }
}
