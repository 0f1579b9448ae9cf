//! Scheduling of batches: threads take turns, first for the corpus.

use super::Outside;
use super::arena::{Arena, Layout};
use super::batch::{self, Batch, Settings};
use super::corpus::Planned;
use super::generate::{self, Choice};
use super::oracle::Oracle;
use crate::conformance::{ConformanceEngine, RunError};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

/// Sequences per code buffer.
pub(super) const BATCH: u64 = 1024;

/// State shared by the threads: the work, and its progress.
pub(super) struct Shared<'a> {
    /// The corpus in batches.
    pub(super) corpus: Vec<&'a [Planned]>,
    /// Numbers of the random sequences.
    pub(super) numbers: Range<u64>,
    pub(super) engine: Option<&'a ConformanceEngine<'a>>,
    pub(super) outside: Option<Outside>,
    pub(super) settings: Settings<'a>,
    /// The next turn: batches of the corpus, then of numbers.
    pub(super) next: AtomicU64,
    pub(super) found: AtomicU64,
    pub(super) max_mismatches: u64,
}

impl Shared<'_> {
    /// Number of turns for the corpus: an external oracle runs it in both computation modes.
    fn corpus_turns(&self) -> u64 {
        self.corpus.len() as u64 * if self.outside.is_some() { 2 } else { 1 }
    }

    /// Takes turns until no work is left, or enough mismatches were found.
    pub(super) fn work(&self, sender: &mpsc::Sender<Result<Batch, RunError>>) {
        let mut comparison = match Comparison::new(self.engine, self.outside) {
            Ok(comparison) => comparison,
            Err(error) => {
                let _ = sender.send(Err(error));
                return;
            }
        };
        while self.found.load(Ordering::Relaxed) < self.max_mismatches && !(self.settings.is_stopped)() {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(result) = self.turn(turn, &mut comparison) else { break };
            let failed = result.is_err();
            if sender.send(result).is_err() || failed {
                break;
            }
        }
    }

    /// Runs a turn's batch; `None` if no work is left.
    fn turn(&self, turn: u64, comparison: &mut Comparison<'_>) -> Option<Result<Batch, RunError>> {
        let enough = || self.found.fetch_add(1, Ordering::Relaxed) + 1 >= self.max_mismatches;
        if turn < self.corpus_turns() {
            let planned = self.corpus[turn as usize % self.corpus.len()].to_vec();
            let is_second = turn >= self.corpus.len() as u64;
            return Some(comparison.corpus(planned, is_second, &self.settings, &enough));
        }
        // A batch covers the numbers between two multiples of its size, because its index
        // determines its special properties.
        let index = self.numbers.start / BATCH + turn - self.corpus_turns();
        let begin = index.saturating_mul(BATCH);
        let numbers = self.numbers.start.max(begin)..self.numbers.end.min(begin.saturating_add(BATCH));
        if numbers.is_empty() || (self.settings.is_late)() {
            return None;
        }
        Some(comparison.numbers(numbers, &self.settings, &enough))
    }
}

/// The engines that are compared.
enum Comparison<'a> {
    Engines(Box<Arena<'a>>, Choice),
    Outside(Box<Oracle<'a>>),
}

impl<'a> Comparison<'a> {
    fn new(engine: Option<&'a ConformanceEngine<'a>>, outside: Option<Outside>) -> Result<Self, RunError> {
        Ok(match outside {
            None => Self::Engines(Box::new(Arena::new(engine, Layout::CASES)?), Choice::everything()),
            Some(Outside { sf }) => Self::Outside(Box::new(Oracle::new(engine, sf)?)),
        })
    }
}

impl Comparison<'_> {
    /// Runs the sequences with these numbers, all of one batch.
    fn numbers(
        &mut self,
        numbers: Range<u64>,
        settings: &Settings<'_>,
        enough: &dyn Fn() -> bool,
    ) -> Result<Batch, RunError> {
        match self {
            Self::Engines(arena, choice) => {
                let plan = |number| {
                    let sequence = generate::sequence(settings.seed, number, choice);
                    Planned { number, name: None, sequence }
                };
                let numbers = numbers.take_while(|_| !(settings.is_stopped)());
                batch::run(arena, numbers.map(plan).collect(), choice, settings, enough)
            }
            Self::Outside(oracle) => oracle.numbers(numbers, settings, enough),
        }
    }

    /// Runs a part of the corpus; an external oracle runs it with MSR\[SF\] = `sf`.
    fn corpus(
        &mut self,
        planned: Vec<Planned>,
        sf: bool,
        settings: &Settings<'_>,
        enough: &dyn Fn() -> bool,
    ) -> Result<Batch, RunError> {
        // The complete corpus, whatever the time.
        let settings = &Settings { is_late: &|| false, ..*settings };
        let batch = match self {
            Self::Engines(arena, choice) => batch::run(arena, planned, choice, settings, enough)?,
            Self::Outside(oracle) => oracle.corpus(planned, sf, settings, enough)?,
        };
        Ok(Batch { of_corpus: true, ..batch })
    }
}
