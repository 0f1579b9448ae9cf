//! Who runs which sequences: threads take turns at batches, first those of the corpus.

use super::Outside;
use super::arena::{Arena, Layout};
use super::batch::{self, Batch, Settings};
use super::corpus::Planned;
use super::generate::{self, Choice};
use super::oracle::Oracle;
use crate::conformance::{Engine, RunError};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

/// Sequences per code buffer.
pub(super) const BATCH: u64 = 1024;

/// What the threads share: what is to be run, and how far they are.
pub(super) struct Shared<'a> {
    /// The corpus in batches.
    pub(super) corpus: Vec<&'a [Planned]>,
    /// Numbers of the sequences.
    pub(super) numbers: Range<u64>,
    pub(super) engine: Option<&'a Engine<'a>>,
    pub(super) outside: Option<Outside>,
    pub(super) settings: Settings<'a>,
    /// The next turn: batches of the corpus, then of numbers.
    pub(super) next: AtomicU64,
    pub(super) found: AtomicU64,
    pub(super) max_mismatches: u64,
}

impl Shared<'_> {
    /// Turns that run the corpus: an outside oracle runs it in both computation modes.
    fn corpus_turns(&self) -> u64 {
        self.corpus.len() as u64 * if self.outside.is_some() { 2 } else { 1 }
    }

    /// Takes turns until there are no more, or enough has been found.
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

    /// Runs a turn's batch; `None`: nothing is left for it.
    fn turn(&self, turn: u64, comparison: &mut Comparison<'_>) -> Option<Result<Batch, RunError>> {
        let enough = || self.found.fetch_add(1, Ordering::Relaxed) + 1 >= self.max_mismatches;
        if turn < self.corpus_turns() {
            let planned = self.corpus[turn as usize % self.corpus.len()].to_vec();
            let is_second = turn >= self.corpus.len() as u64;
            return Some(comparison.corpus(planned, is_second, &self.settings, &enough));
        }
        // A batch is what lies between multiples of its size: its number decides what is special about it.
        let index = self.numbers.start / BATCH + turn - self.corpus_turns();
        let begin = index.saturating_mul(BATCH);
        let numbers = self.numbers.start.max(begin)..self.numbers.end.min(begin.saturating_add(BATCH));
        if numbers.is_empty() || (self.settings.is_late)() {
            return None;
        }
        Some(comparison.numbers(numbers, &self.settings, &enough))
    }
}

/// What compares.
enum Comparison<'a> {
    Engines(Box<Arena<'a>>, Choice),
    Outside(Box<Oracle<'a>>),
}

impl<'a> Comparison<'a> {
    fn new(engine: Option<&'a Engine<'a>>, outside: Option<Outside>) -> Result<Self, RunError> {
        Ok(match outside {
            None => Self::Engines(Box::new(Arena::new(engine, Layout::CASES)?), Choice::everything()),
            Some(Outside { sf }) => Self::Outside(Box::new(Oracle::new(engine, sf)?)),
        })
    }
}

impl Comparison<'_> {
    /// Runs the sequences of these numbers, all of one batch.
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

    /// Runs a part of the corpus; an outside oracle runs it with MSR\[SF\] as `sf` says.
    fn corpus(
        &mut self,
        planned: Vec<Planned>,
        sf: bool,
        settings: &Settings<'_>,
        enough: &dyn Fn() -> bool,
    ) -> Result<Batch, RunError> {
        // All of it, whatever the time.
        let settings = &Settings { is_late: &|| false, ..*settings };
        let batch = match self {
            Self::Engines(arena, choice) => batch::run(arena, planned, choice, settings, enough)?,
            Self::Outside(oracle) => oracle.corpus(planned, sf, settings, enough)?,
        };
        Ok(Batch { of_corpus: true, ..batch })
    }
}
