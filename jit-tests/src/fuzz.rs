//! Differential fuzzer: random instruction sequences on the interpreter and on another engine,
//! compared after each.
//!
//! ```text
//! seed, number ─► generate ─► sequence ─► encode ─┬─► interpreter, step by step ─┬─► compare
//!                                                 └─► engine under test ─────────┘      │
//!                                                                         .s ◄─ shrink ◄┘
//! ```
//! A sequence depends only on the seed and its number. Many are placed in one code buffer before
//! any runs, so that a compiling engine compiles them in bulk. All registers, the instruction
//! count, the way in which the run ended, and the memory are compared after each sequence.

mod arena;
mod batch;
mod case;
mod corpus;
mod generate;
mod oracle;
mod report;
mod sequence;
mod shrink;
mod turns;

pub use report::{FuzzReport, MergeError, Mismatch, Missing};

use crate::conformance::{ConformanceEngine, RunError};
use batch::{Batch, Settings};
use generate::Choice;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};
use turns::{BATCH, Shared};
use xenia_isa::{OP_COUNT, Op, ROWS};

/// Parameters of a fuzzing run.
pub struct FuzzConfig<'a> {
    /// Number of sequences to run.
    pub blocks: u64,
    /// Number of the first sequence.
    pub first: u64,
    /// Seed: the same seed gives the same sequences.
    pub seed: u64,
    /// Initial states per sequence: its generated state, then random ones. Compiling is most of a
    /// sequence's cost, so more states are cheap. With an external oracle, only a sequence's
    /// generated state is used.
    pub states: u64,
    /// Time after which no further sequence begins; at least one runs.
    pub time: Option<Duration>,
    /// Once set, no further sequence begins, and none is shrunk; the results so far are reported.
    pub stop: Option<Arc<AtomicBool>>,
    /// The engine that is compared with the interpreter; optional with an external oracle.
    pub engine: Option<ConformanceEngine<'a>>,
    /// Compare the interpreter with an external oracle.
    pub outside: Option<Outside>,
    /// Whether failing sequences are minimised.
    pub shrink: bool,
    /// Folder of cases that are run first, from many states.
    pub corpus: Option<PathBuf>,
    /// Folder for failing sequences, as annotated assembler files; without it, none are written.
    pub out: Option<PathBuf>,
    /// Mismatches after which to stop. Shrinking one takes thousands of runs.
    pub max_mismatches: u64,
    /// Number of threads that run batches, each with separate machines and engine.
    pub threads: usize,
    /// Called from time to time with the number of completed sequences.
    #[allow(clippy::type_complexity)] // the written-out type is what callers have to provide
    pub progress: Option<Box<dyn FnMut(u64) + 'a>>,
}

/// The external oracle: qemu-ppc64.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outside {
    /// MSR\[SF\] of all sequences; alternating if not set.
    pub sf: Option<bool>,
}

impl<'a> FuzzConfig<'a> {
    /// `blocks` sequences of `seed` on `engine`, stopping after 20 mismatches.
    pub fn new(blocks: u64, seed: u64, engine: ConformanceEngine<'a>) -> Self {
        let threads = available_parallelism().map_or(1, usize::from);
        Self {
            blocks,
            first: 0,
            seed,
            states: 1,
            time: None,
            stop: None,
            engine: Some(engine),
            outside: None,
            shrink: true,
            corpus: None,
            out: None,
            max_mismatches: 20,
            threads,
            progress: None,
        }
    }
}

/// Runs the sequences and compares. Batches are distributed among threads; the result doesn't
/// depend on how, unless time or a stop ends it.
pub fn run(config: FuzzConfig<'_>) -> Result<FuzzReport, RunError> {
    let FuzzConfig { first, seed, outside, mut progress, .. } = config;
    let start = Instant::now();
    let mut report = FuzzReport {
        oracle: if outside.is_some() { "qemu" } else { "interp" }.to_owned(),
        seed,
        first,
        not_in_oracle: if outside.is_some() { oracle::missing() } else { Vec::new() },
        ..FuzzReport::default()
    };
    let corpus = match &config.corpus {
        Some(folder) => corpus::load(folder, seed, &Choice::everything())?,
        None => Vec::new(),
    };
    let is_stopped = || config.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed));
    let is_late = || config.time.is_some_and(|time| start.elapsed() >= time);
    let shared = Shared {
        corpus: corpus.chunks(BATCH as usize).collect(),
        numbers: first..first.saturating_add(config.blocks),
        engine: config.engine.as_ref(),
        outside,
        settings: Settings {
            seed,
            states: config.states,
            shrink: config.shrink,
            out: config.out.as_deref(),
            is_stopped: &is_stopped,
            is_late: &is_late,
        },
        next: AtomicU64::new(0),
        found: AtomicU64::new(0),
        max_mismatches: config.max_mismatches,
    };
    let mut counts = vec![0; OP_COUNT];
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..config.threads.max(1) {
            let sender = sender.clone();
            let shared = &shared;
            scope.spawn(move || shared.work(&sender));
        }
        drop(sender);
        for result in receiver {
            let batch =
                result.inspect_err(|_| shared.found.store(shared.max_mismatches, Ordering::Relaxed))?;
            report.add(&batch);
            if batch.of_corpus {
                continue;
            }
            for (count, more) in counts.iter_mut().zip(&batch.counts) {
                *count += more;
            }
            if let Some(progress) = &mut progress {
                progress(report.blocks);
            }
        }
        Ok(())
    })?;
    let counted = ROWS.iter().zip(&counts).filter(|(row, _)| outside.is_none() || oracle::has(row.op));
    report.by_instruction = counted.map(|(row, &count)| (row.name.to_owned(), count)).collect();
    report.wall_seconds = start.elapsed().as_secs_f64();
    report.finish();
    Ok(report)
}

/// Explanation of a documented difference, by its name in reports: the reason and the book's
/// paragraph.
pub fn explanation(name: &str) -> Option<(&'static str, &'static str)> {
    oracle::reason(name)
}

/// Adds one execution of `op`.
fn count(counts: &mut [u64], op: Op) {
    counts[op as usize] += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use xenia_cpu::{
        EngineConfig, EngineCounters, ExceptionKind, Execute, Exit, GuestException, Interpreter, PpcContext,
    };
    use xenia_memory::{DeviceQueue, GuestMemory};

    /// The interpreter's block loop, with one instruction's result corrupted.
    struct Spoilt(Interpreter, Arc<GuestMemory>);

    impl Execute for Spoilt {
        fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
            loop {
                let word = self.1.fetch_u32(ctx.pc).unwrap_or(0);
                let exit = self.0.step(ctx, devices);
                // `nand` without its inversion of bit 0.
                if xenia_isa::decode(word) == Some(Op::nandx) {
                    ctx.gpr[(word >> 16 & 31) as usize] ^= 1;
                }
                if let Some(exit) = exit {
                    return exit;
                }
                if ctx.budget == 0 {
                    return Exit::Budget;
                }
            }
        }

        fn name(&self) -> &'static str {
            "spoilt"
        }

        fn counters(&self) -> EngineCounters {
            self.0.counters()
        }
    }

    #[test]
    fn the_interpreters_block_loop_agrees_with_single_steps() {
        let report = run(FuzzConfig::new(20_000, 7, ConformanceEngine::interpreter())).unwrap();
        assert_eq!(report.mismatches, 0, "{:#?}", report.mismatch_details);
        assert_eq!(report.blocks, 20_000);
        assert!(report.faults > 50, "{}", report.faults);
        assert!(report.mean_block_length >= 16.0, "{}", report.mean_block_length);
        // 1,000 in a million corresponds to 20 here.
        let rare: Vec<_> = report.by_instruction.iter().filter(|(_, count)| **count < 40).collect();
        assert!(rare.is_empty(), "{rare:?}");
    }

    /// The interpreter's block loop, which corrupts a register when an access faults.
    struct SpoiltByFaults(Interpreter);

    impl Execute for SpoiltByFaults {
        fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
            let exit = self.0.run(ctx, devices);
            if matches!(exit, Exit::Exception(GuestException { kind: ExceptionKind::Memory(_), .. })) {
                ctx.gpr[31] ^= 1;
            }
            exit
        }

        fn name(&self) -> &'static str {
            "spoilt by faults"
        }

        fn counters(&self) -> EngineCounters {
            self.0.counters()
        }
    }

    #[test]
    fn registers_are_compared_where_an_access_faults() {
        let engine = ConformanceEngine::new("spoilt by faults", |memory| {
            Ok(Box::new(SpoiltByFaults(Interpreter::new(memory, EngineConfig::default()))))
        });
        let config = FuzzConfig::new(300, 7, engine);
        // A batch with faults.
        let report =
            run(FuzzConfig { first: BATCH, shrink: false, max_mismatches: 1_000, ..config }).unwrap();
        assert!(report.faults > 5 && report.mismatches == report.faults, "{report:#?}");
    }

    /// An engine that requests a stop when it first runs.
    struct Stopping(Interpreter, Arc<AtomicBool>);

    impl Execute for Stopping {
        fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
            self.1.store(true, Ordering::Relaxed);
            self.0.run(ctx, devices)
        }

        fn name(&self) -> &'static str {
            "stopping"
        }

        fn counters(&self) -> EngineCounters {
            self.0.counters()
        }
    }

    #[test]
    fn a_stop_request_ends_fuzzing_before_the_next_sequence() {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        let engine = ConformanceEngine::new("stopping", move |memory| {
            let interpreter = Interpreter::new(memory, EngineConfig::default());
            Ok(Box::new(Stopping(interpreter, asked.clone())))
        });
        let config = FuzzConfig { stop: Some(stop), threads: 1, ..FuzzConfig::new(5_000, 1, engine) };
        let report = run(config).unwrap();
        assert_eq!((report.blocks, report.mismatches), (1, 0));
    }

    #[test]
    fn each_sequence_runs_from_as_many_states_as_are_wanted() {
        let run_from = |states, blocks, engine| {
            let config = FuzzConfig::new(blocks, 9, engine);
            run(FuzzConfig { states, shrink: false, max_mismatches: 10_000, ..config }).unwrap()
        };
        let one = run_from(1, 200, ConformanceEngine::interpreter());
        let five = run_from(5, 200, ConformanceEngine::interpreter());
        assert_eq!((one.runs, five.runs, five.blocks, five.mismatches), (200, 1000, 200, 0));
        assert!(five.instructions > 4 * one.instructions && five.mean_block_length < 100.0, "{five:#?}");
        let spoilt = || {
            ConformanceEngine::new("spoilt", |memory| {
                let interpreter = Interpreter::new(Arc::clone(&memory), EngineConfig::default());
                Ok(Box::new(Spoilt(interpreter, memory)))
            })
        };
        // Failures that only a random state shows, because a branch was not taken before or a
        // result was overwritten.
        let report = run_from(10, 600, spoilt());
        let states: Vec<u64> = report.mismatch_details.iter().map(|mismatch| mismatch.state).collect();
        assert!(states.contains(&0) && states.iter().any(|&state| state > 0), "{states:?}");
        assert!(report.mismatches > run_from(1, 600, spoilt()).mismatches);
    }

    #[test]
    fn a_wrong_instruction_is_found_shrunk_and_written() {
        let folder = tempfile::tempdir().unwrap();
        let engine = ConformanceEngine::new("spoilt", |memory| {
            let interpreter = Interpreter::new(Arc::clone(&memory), EngineConfig::default());
            Ok(Box::new(Spoilt(interpreter, memory)))
        });
        let mut config = FuzzConfig::new(5_000, 1, engine);
        config.threads = 1;
        config.out = Some(folder.path().to_owned());
        config.max_mismatches = 3;
        let report = run(config).unwrap();
        assert_eq!(report.mismatches, 3);
        for mismatch in &report.mismatch_details {
            assert!(mismatch.instructions.len() <= 2, "{mismatch:#?}");
            assert!(mismatch.instructions.iter().any(|text| text.starts_with("nand")), "{mismatch:#?}");
        }
        // The files are cases: the interpreter passes them, the corrupted engine doesn't.
        let path = [folder.path().to_owned()];
        let report = crate::conformance::run(&path, &[ConformanceEngine::interpreter()], None).unwrap();
        assert_eq!((report.cases, report.passed), (3, 3), "{:?}", report.failed);
        let engine = ConformanceEngine::new("spoilt", |memory| {
            let interpreter = Interpreter::new(Arc::clone(&memory), EngineConfig::default());
            Ok(Box::new(Spoilt(interpreter, memory)))
        });
        let report = crate::conformance::run(&path, &[engine], None).unwrap();
        assert_eq!((report.cases, report.passed), (3, 0));
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let counts = |threads| {
            let mut config = FuzzConfig::new(3_000, 3, ConformanceEngine::interpreter());
            config.threads = threads;
            let report = run(config).unwrap();
            (report.instructions, report.by_instruction)
        };
        assert_eq!(counts(1), counts(3));
    }

    #[test]
    fn a_seed_gives_the_same_sequences() {
        let choice = Choice::everything();
        let words = |seed, number| generate::sequence(seed, number, &choice).words(0x8201_0000);
        assert_eq!(words(1, 5), words(1, 5));
        assert_ne!(words(1, 5), words(1, 6));
        assert_ne!(words(1, 5), words(2, 5));
    }
}
