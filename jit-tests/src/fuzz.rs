//! Random instruction sequences on the interpreter and on another engine, compared after each.
//!
//! ```text
//! seed, number ─► generate ─► sequence ─► encode ─┬─► interpreter, step by step ─┬─► compare ─► shrink ─► .s
//!                                                 └─► engine under test ─────────┘
//! ```
//! A sequence depends on the seed and its number alone. Many are placed in one code buffer before
//! any runs, so that an engine that compiles does it in bulk. All registers, the count of
//! instructions, the way the run ended and the memory are compared after each sequence.

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

use crate::conformance::{Engine, RunError};
use batch::{Batch, Settings};
use generate::Choice;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};
use turns::{BATCH, Shared};
use xenia_isa::{OP_COUNT, Op, ROWS};

/// What to fuzz.
pub struct FuzzConfig<'a> {
    /// Sequences to run.
    pub blocks: u64,
    /// Number of the first.
    pub first: u64,
    /// Seed: the same seed gives the same sequences.
    pub seed: u64,
    /// States that each sequence starts from: its own, then drawn ones. Compiling is nearly all
    /// that a sequence costs, so more states are cheap. An outside oracle takes a sequence's
    /// own alone.
    pub states: u64,
    /// No sequence begins after this time, but for the first.
    pub time: Option<Duration>,
    /// No sequence begins after this is set, and none is made smaller; what was run by then is
    /// reported.
    pub stop: Option<Arc<AtomicBool>>,
    /// The engine that is compared with the interpreter; with an outside oracle there may be none.
    pub engine: Option<Engine<'a>>,
    /// Compare the interpreter with an outside oracle.
    pub outside: Option<Outside>,
    /// Whether failing sequences are made as small as can be.
    pub shrink: bool,
    /// Folder of cases that are run first, from many states.
    pub corpus: Option<PathBuf>,
    /// Folder for failing sequences, as annotated assembler files; none are written without.
    pub out: Option<PathBuf>,
    /// Mismatches after which to stop. Shrinking one takes thousands of runs.
    pub max_mismatches: u64,
    /// Threads that run batches, each with machines and an engine of its own.
    pub threads: usize,
    /// Called now and then with the number of sequences done.
    #[allow(clippy::type_complexity)] // spelled out, it is what a caller has to write
    pub progress: Option<Box<dyn FnMut(u64) + 'a>>,
}

/// The outside oracle: qemu-ppc64.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outside {
    /// MSR\[SF\] of all sequences; in turn without.
    pub sf: Option<bool>,
}

impl<'a> FuzzConfig<'a> {
    /// `blocks` sequences of `seed` on `engine`, stopping after 20 mismatches.
    pub fn new(blocks: u64, seed: u64, engine: Engine<'a>) -> Self {
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

/// Runs the sequences and compares. Batches are shared among threads; the result doesn't depend on
/// how, unless time or a stop ends it.
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
            let (sender, shared) = (sender.clone(), &shared);
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

/// What a difference that reports count as explained is: the reason and the book's paragraph.
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
    use xenia_cpu::{EngineConfig, EngineCounters, Execute, Exit, Interpreter, PpcContext};
    use xenia_memory::{DeviceQueue, GuestMemory};

    /// The interpreter's block loop, with one instruction's result spoilt.
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
        let report = run(FuzzConfig::new(20_000, 7, Engine::interpreter())).unwrap();
        assert_eq!(report.mismatches, 0, "{:#?}", report.mismatch_details);
        assert_eq!((report.blocks, report.faults), (20_000, 0));
        assert!(report.mean_block_length >= 16.0, "{}", report.mean_block_length);
        // 1,000 in a million are 20 here.
        let rare: Vec<_> = report.by_instruction.iter().filter(|(_, count)| **count < 40).collect();
        assert!(rare.is_empty(), "{rare:?}");
    }

    /// Asks for the end when it first runs.
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
    fn a_stop_is_heard_before_the_next_sequence() {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        let engine = Engine::new("stopping", move |memory| {
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
        let (one, five) = (run_from(1, 200, Engine::interpreter()), run_from(5, 200, Engine::interpreter()));
        assert_eq!((one.runs, five.runs, five.blocks, five.mismatches), (200, 1000, 200, 0));
        assert!(five.instructions > 4 * one.instructions && five.mean_block_length < 100.0, "{five:#?}");
        let spoilt = || {
            Engine::new("spoilt", |memory| {
                let interpreter = Interpreter::new(Arc::clone(&memory), EngineConfig::default());
                Ok(Box::new(Spoilt(interpreter, memory)))
            })
        };
        // What shows from a drawn state alone, because a branch was not taken before or a result was
        // overwritten.
        let report = run_from(10, 2000, spoilt());
        let states: Vec<u64> = report.mismatch_details.iter().map(|mismatch| mismatch.state).collect();
        assert!(states.contains(&0) && states.iter().any(|&state| state > 0), "{states:?}");
        assert!(report.mismatches > run_from(1, 2000, spoilt()).mismatches);
    }

    #[test]
    fn a_wrong_instruction_is_found_shrunk_and_written() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new("spoilt", |memory| {
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
        // The files are cases: the interpreter passes them, the spoilt engine doesn't.
        let path = [folder.path().to_owned()];
        let report = crate::conformance::run(&path, &[Engine::interpreter()], None).unwrap();
        assert_eq!((report.cases, report.passed), (3, 3), "{:?}", report.failed);
        let engine = Engine::new("spoilt", |memory| {
            let interpreter = Interpreter::new(Arc::clone(&memory), EngineConfig::default());
            Ok(Box::new(Spoilt(interpreter, memory)))
        });
        let report = crate::conformance::run(&path, &[engine], None).unwrap();
        assert_eq!((report.cases, report.passed), (3, 0));
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let counts = |threads| {
            let mut config = FuzzConfig::new(3_000, 3, Engine::interpreter());
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
