//! Arguments of the commands that compare engines: `conformance` and `fuzz`.

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use xenia::config::Tier;
use xenia_cli::numbers::{number, positive};
use xenia_scenes::SceneFamily;
use xenia_sweep::MAX_STATES;

/// Engines that `conformance` runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    /// Only the interpreter.
    Interp,
    /// Only the JIT.
    Jit,
    /// Both the interpreter and the JIT.
    #[default]
    Both,
}

/// Arguments of `conformance`.
#[derive(Clone, Debug, Args)]
pub struct ConformanceArgs {
    /// Annotated .s files, or folders of them.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Engines to run.
    #[arg(long, value_enum, default_value_t)]
    pub engine: EngineChoice,
    /// JIT tier to run: `interp` is the same as --engine interp, `auto` runs each of the other
    /// tiers.
    #[arg(long, value_enum, default_value_t)]
    pub tier: Tier,
    /// Run only cases whose name contains this text.
    #[arg(long)]
    pub filter: Option<String>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Reference implementations that `fuzz` compares with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzOracle {
    /// The interpreter, as the reference for the JIT.
    #[default]
    Interp,
    /// qemu-ppc64, as the reference for the interpreter; by default the JIT is compared with the
    /// interpreter too.
    Qemu,
}

/// Engines that an external reference tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzEngine {
    /// Only the interpreter.
    Interp,
    /// The interpreter, and the JIT against the interpreter.
    #[default]
    Both,
}

/// Computation mode (MSR\[SF\]) of fuzzed sequences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzMode {
    /// 32-bit mode (SF clear).
    #[value(name = "0")]
    Clear,
    /// 64-bit mode (SF set).
    #[value(name = "1")]
    Set,
    /// Both modes in turn.
    #[default]
    Both,
}

/// Parses the number of initial states of each sequence.
fn states(text: &str) -> Result<u64, String> {
    match positive(text)? {
        states if states <= MAX_STATES => Ok(states),
        _ => Err(format!("{MAX_STATES} at most")),
    }
}

/// Arguments of `fuzz`.
#[derive(Clone, Debug, Args)]
pub struct FuzzArgs {
    /// Number of sequences to run [default: 100_000, or no limit with --seconds].
    #[arg(long, value_name = "N", value_parser = positive)]
    pub blocks: Option<u64>,
    /// Start no sequence after this many seconds.
    #[arg(long, value_name = "S", value_parser = positive)]
    pub seconds: Option<u64>,
    /// Seed of the generator; the same seed gives the same sequences.
    #[arg(long, value_name = "S", value_parser = number, default_value = "1")]
    pub seed: u64,
    /// Run a range of seeds (A..B, both included) one after another, --blocks sequences of each.
    #[arg(long, value_name = "A..B", value_parser = seeds, conflicts_with_all = ["seed", "seconds"])]
    pub seeds: Option<RangeInclusive<u64>>,
    /// Number of the first sequence, to continue after an earlier run.
    #[arg(long, value_name = "N", value_parser = number, default_value = "0")]
    pub first: u64,
    /// Number of initial states that each sequence is run from, with --oracle interp. More states
    /// cost little in comparison with compiling the sequence.
    #[arg(long, value_name = "N", value_parser = states, default_value = "1")]
    pub states: u64,
    /// JIT tier to compare: `baseline`, or the optimizing tier.
    #[arg(long, value_enum, default_value_t)]
    pub tier: Tier,
    /// Reference to compare with.
    #[arg(long, value_enum, default_value = "interp")]
    pub oracle: FuzzOracle,
    /// Engines to test, with --oracle qemu.
    #[arg(long, value_enum, default_value = "both")]
    pub engine: FuzzEngine,
    /// Computation mode, with --oracle qemu.
    #[arg(long, value_enum, default_value = "both")]
    pub sf: FuzzMode,
    /// Shrink failing sequences to the shortest that still fail.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    pub shrink: bool,
    /// Stop after this many mismatches.
    #[arg(long, value_name = "N", value_parser = positive, default_value = "20")]
    pub max_mismatches: u64,
    /// Run the cases in this folder first, each from many initial states.
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// Write failing sequences, shrunk, to this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Append the JSON to this file as one line.
    #[arg(long, value_name = "FILE")]
    pub append: Option<PathBuf>,
    /// Run no sequences; add up the lines that --append wrote to these files.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = [
        "blocks", "seconds", "seed", "seeds", "first", "states", "tier", "oracle", "engine", "sf", "shrink",
        "max_mismatches", "corpus", "out", "append",
    ])]
    pub merge: Vec<PathBuf>,
    /// Compare GPU backends instead: draw N random scenes with the reference and with wgpu.
    #[arg(
        long,
        value_name = "N",
        value_parser = positive,
        conflicts_with_all = ["blocks", "seeds", "states", "tier", "oracle", "engine", "sf", "corpus", "append", "merge"]
    )]
    pub scenes: Option<u64>,
    /// Families of scenes to draw, with --scenes [default: all].
    #[arg(long, value_name = "NAME", value_parser = family)]
    pub family: Vec<SceneFamily>,
    /// Draw the scenes of these files, which --scenes wrote.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = [
        "blocks", "seconds", "seed", "seeds", "first", "states", "tier", "oracle", "engine", "sf", "shrink",
        "max_mismatches", "corpus", "out", "json", "append", "merge", "scenes", "family",
    ])]
    pub scene: Vec<PathBuf>,
    /// For tests only: compile one instruction wrongly.
    #[arg(long, hide = true)]
    pub break_lifter: bool,
}

impl FuzzArgs {
    /// Refuses flags without effect on what is compared.
    ///
    /// # Errors
    /// A flag has no effect on the comparison.
    pub fn refuse_unsupported(&self) -> Result<()> {
        if self.tier == Tier::Interp {
            bail!(
                "--tier interp: fuzz compares a tier of the JIT with the interpreter; \
                 --oracle qemu --engine interp compares the interpreter with qemu"
            );
        }
        if self.oracle == FuzzOracle::Qemu {
            if self.states != 1 {
                bail!(
                    "--states {} is for --oracle interp: qemu takes a sequence's own state alone",
                    self.states
                );
            }
            if self.engine == FuzzEngine::Interp && self.tier != Tier::default() {
                bail!("--engine interp runs no tier of the JIT: leave out --tier");
            }
            return Ok(());
        }
        if self.engine != FuzzEngine::default() {
            bail!("--engine is for --oracle qemu: add that, or omit this");
        }
        if self.sf != FuzzMode::default() {
            bail!("--sf is for --oracle qemu: add that, or omit this");
        }
        if self.scenes.is_none() && !self.family.is_empty() {
            bail!("--family chooses the scenes of --scenes N: add that, or omit this");
        }
        Ok(())
    }
}

/// Parses the name of a family of scenes.
fn family(name: &str) -> Result<SceneFamily, String> {
    SceneFamily::of_name(name).ok_or_else(|| {
        let names: Vec<_> = SceneFamily::ALL.iter().map(|family| family.name()).collect();
        format!("the families are {}", names.join(", "))
    })
}

/// Parses a range of seeds or a single seed.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let first = number(first)?;
    let last = number(last)?;
    if first > last {
        return Err(format!("{text:?} has no seed in it"));
    }
    Ok(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabCli, LabCommand};
    use clap::Parser;

    #[test]
    fn flags_without_effect_on_fuzz_are_refused_with_advice() {
        let fuzz = |words: &str| {
            let parsed =
                LabCli::try_parse_from(["xenia-rs", "fuzz"].into_iter().chain(words.split_whitespace()));
            let LabCommand::Fuzz(args) = parsed.unwrap_or_else(|error| panic!("{error}")).command else {
                panic!("not fuzz")
            };
            args.refuse_unsupported().err().map(|error| error.to_string())
        };
        for (words, instead) in [
            ("--tier interp", "--oracle qemu --engine interp"),
            ("--engine interp", "--oracle qemu:"),
            ("--sf 1", "--oracle qemu:"),
            ("--family sampling", "--scenes N:"),
            ("--oracle qemu --states 2", "--oracle interp:"),
            ("--oracle qemu --engine interp --tier baseline", "leave out --tier"),
        ] {
            let message = fuzz(words).unwrap_or_else(|| panic!("{words} was accepted"));
            assert!(message.contains(instead), "{words}: {message}");
        }
        for words in [
            "",
            "--tier baseline --states 5",
            "--tier function",
            "--oracle qemu --engine interp --sf 0",
            "--oracle qemu --tier baseline",
            "--scenes 5 --family sampling",
            "--scene a b",
            "--merge a b --json -",
        ] {
            assert_eq!(fuzz(words), None, "{words}");
        }
        for words in ["--merge a --seed 5", "--merge a --out b", "--scene a --json -", "--scene a --first 3"]
        {
            let words = ["xenia-rs", "fuzz"].into_iter().chain(words.split_whitespace());
            assert!(LabCli::try_parse_from(words.clone()).is_err(), "{:?}", words.collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_number_of_states_is_parsed_and_limited() {
        assert_eq!([states("1"), states("1_000"), states("0x40")], [Ok(1), Ok(MAX_STATES), Ok(64)]);
        for refused in ["0", "1_001", "-1", "many"] {
            assert!(states(refused).is_err(), "{refused}");
        }
    }
}
