//! Arguments of what compares engines: `conformance`, `fuzz`.

use super::{Tier, number, positive};
use clap::{Args, ValueEnum};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use xenia_sweep::MOST_STATES;

/// Which engines `conformance` runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    /// The interpreter.
    Interp,
    /// The JIT.
    Jit,
    /// Both.
    #[default]
    Both,
}

/// `conformance`.
#[derive(Clone, Debug, Args)]
pub struct ConformanceArgs {
    /// Files or folders of annotated .s files.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Which engines run.
    #[arg(long, value_enum, default_value_t)]
    pub engine: EngineChoice,
    /// Which tier the JIT runs: `interp` is the same as --engine interp, `auto` is each of the
    /// others.
    #[arg(long, value_enum, default_value_t)]
    pub tier: Tier,
    /// Only cases whose name contains this.
    #[arg(long)]
    pub filter: Option<String>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// What fuzzed sequences are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzOracle {
    /// The interpreter; the JIT is tested.
    #[default]
    Interp,
    /// qemu-ppc64; the interpreter is tested, and by default the JIT against the interpreter.
    Qemu,
}

/// Engines that an outside oracle tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzEngine {
    /// The interpreter alone.
    Interp,
    /// The interpreter, and the JIT against it.
    #[default]
    Both,
}

/// MSR\[SF\] of fuzzed sequences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzMode {
    /// 32-bit mode.
    #[value(name = "0")]
    Clear,
    /// 64-bit mode.
    #[value(name = "1")]
    Set,
    /// In turn.
    #[default]
    Both,
}

/// How many states a sequence runs from.
fn states(text: &str) -> Result<u64, String> {
    match positive(text)? {
        states if states <= MOST_STATES => Ok(states),
        _ => Err(format!("{MOST_STATES} at most")),
    }
}

/// `fuzz`.
#[derive(Clone, Debug, Args)]
pub struct FuzzArgs {
    /// Sequences to run [default: 100_000, or no limit with --seconds].
    #[arg(long, value_name = "N", value_parser = positive)]
    pub blocks: Option<u64>,
    /// Begin no more sequences after this time.
    #[arg(long, value_name = "S", value_parser = positive)]
    pub seconds: Option<u64>,
    /// Seed: the same seed gives the same sequences.
    #[arg(long, value_name = "S", value_parser = number, default_value = "1")]
    pub seed: u64,
    /// Run these seeds, both ends among them, one after another, --blocks of each.
    #[arg(long, value_name = "A..B", value_parser = seeds, conflicts_with_all = ["seed", "seconds"])]
    pub seeds: Option<RangeInclusive<u64>>,
    /// Number of the first sequence, to go on where another run ended.
    #[arg(long, value_name = "N", value_parser = number, default_value = "0")]
    pub first: u64,
    /// Run each sequence from this many states, with --oracle interp: they cost little beside
    /// compiling it.
    #[arg(long, value_name = "N", value_parser = states, default_value = "1")]
    pub states: u64,
    /// Which tier of the JIT is compared: `baseline`, or the optimizing one.
    #[arg(long, value_enum, default_value_t)]
    pub tier: Tier,
    /// What to compare with.
    #[arg(long, value_enum, default_value = "interp")]
    pub oracle: FuzzOracle,
    /// With --oracle qemu: engines to test.
    #[arg(long, value_enum, default_value = "both")]
    pub engine: FuzzEngine,
    /// With --oracle qemu: computation mode.
    #[arg(long, value_enum, default_value = "both")]
    pub sf: FuzzMode,
    /// Make failing sequences as small as can be.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    pub shrink: bool,
    /// Mismatches after which to stop.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "20")]
    pub max_mismatches: u64,
    /// Run the cases of this folder first, each from many states.
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// Write failing sequences, shrunk, into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Append the JSON as one line.
    #[arg(long, value_name = "FILE")]
    pub append: Option<PathBuf>,
    /// Run nothing: sum up the lines that --append wrote.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["blocks", "seconds", "append"])]
    pub merge: Vec<PathBuf>,
    /// Test only: compile one instruction wrongly.
    #[arg(long, hide = true)]
    pub break_lifter: bool,
}

/// A range of seeds, or one.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("{text:?} has no seed in it"));
    }
    Ok(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_numbers_as_everywhere_and_not_too_many() {
        assert_eq!([states("1"), states("1_000"), states("0x40")], [Ok(1), Ok(MOST_STATES), Ok(64)]);
        for refused in ["0", "1_001", "-1", "many"] {
            assert!(states(refused).is_err(), "{refused}");
        }
    }
}
