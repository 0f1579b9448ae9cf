//! The workshop: commands that test, measure and look into the emulator. The player's program
//! offers them with its feature `lab` (the default).
//!
//! A command is a variant of [`LabCommand`], a struct in `args`, and a module with its `run`.
#![forbid(unsafe_code)]
// All output goes through `xenia::say`, which remembers write errors.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod args;
pub mod asm;
pub mod bench;
pub mod compat;
pub mod conformance;
pub mod diff;
pub mod dis;
pub mod exports;
mod flat;
pub mod fuzz;
pub mod jit;
pub mod pack;
mod processes;
pub mod scale;
pub mod shader;
pub mod soak;
pub mod sweep;
pub mod trace;

use anyhow::Result;
use args::*;
use clap::Subcommand;
use xenia_cli::Code;

/// A command line with a command of the workshop.
#[cfg(test)]
#[derive(Debug, clap::Parser)]
#[command(name = "xenia-rs")]
pub(crate) struct LabCli {
    #[command(subcommand)]
    pub(crate) command: LabCommand,
}

/// Commands of the workshop.
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// List every kernel export, functions and variables, with its status.
    #[command(
        after_help = "Example:\n  xenia-rs exports --json - | jq '.rows[] | select(.status == \"stub\")'"
    )]
    Exports(ExportsArgs),
    /// Disassemble an address range of a title.
    #[command(after_help = "\
Examples:
  xenia-rs dis t.xex                                     from the entry point
  xenia-rs dis t.xex --start 0x8201_0000 --count 100
  xenia-rs dis code.bin --base 0x8201_0000")]
    Dis(DisArgs),
    /// Assemble PowerPC source to a flat binary.
    #[command(after_help = "Example:\n  echo 'addi 3, 3, 1' | xenia-rs asm -")]
    Asm(AsmArgs),
    /// Pack a guest ELF into an XEX2 container.
    #[command(after_help = "Example:\n  xenia-rs pack program.elf -o program.xex")]
    Pack(PackArgs),
    /// Run annotated assembler files on the execution engines and check their results.
    #[command(after_help = "\
Examples:
  xenia-rs conformance jit-tests --engine both
  xenia-rs conformance jit-tests/integer --filter add --tier function")]
    Conformance(ConformanceArgs),
    /// Run random instruction sequences on two engines, or draw random scenes with two GPU
    /// backends, and compare the results.
    #[command(after_help = "\
Examples:
  xenia-rs fuzz --blocks 1_000_000 --seed 1
  xenia-rs fuzz --seconds 60 --seed 7 --out found   what fails, as small as can be
  xenia-rs fuzz --oracle qemu --blocks 100_000      both engines beside qemu-ppc64
  xenia-rs fuzz --scenes 1_000 --out found          the reference beside wgpu
  xenia-rs fuzz --scene found/sampling-33.scene     one of these again")]
    Fuzz(FuzzArgs),
    /// Measure the engines on kernels with known answers, and the same kernels natively or in QEMU.
    #[command(after_help = "\
Examples:
  xenia-rs bench                                         interpreter, optimizing tier and auto
  xenia-rs bench --peers native,qemu --json b.json --plot b.svg
  xenia-rs bench --filter mat4 --runs 9 --tier function
  xenia-rs bench --much-code 10000x400,30000x400 --runs 2")]
    Bench(BenchArgs),
    /// Measure how throughput scales with independent workers: counts primes with 1, 2 and more
    /// workers, in the guest and natively. Fails if two workers on two cores are less than 1.6
    /// times as fast as one (also on a host that is too busy), or if any number of workers gains
    /// less than 0.85 of the native gain.
    #[command(after_help = "\
Examples:
  xenia-rs scale process                                 worker processes, 1 and 2
  xenia-rs scale thread --workers 1,2,4 --json s.json --plot s.svg --logs runs
  xenia-rs scale thread --lockstep                       must fail: one host thread runs all")]
    Scale(ScaleArgs),
    /// Run many work units on many machines: plan them, run each shard anywhere, merge the results.
    Sweep(SweepArgs),
    /// Run the titles in a folder for a while each, and write a page that shows how far they get.
    #[command(after_help = "\
Examples:
  xenia-rs compat games --out compat                     30 seconds each
  xenia-rs compat games --out compat --seconds 120 --gpu wgpu --json compat.json")]
    Compat(CompatArgs),
    /// Inspect the JIT compiler's output.
    Jit(JitArgs),
    /// Assemble, disassemble and translate shader microcode.
    Shader(ShaderArgs),
    /// Compare two event logs: report the longest matching prefix and the first difference.
    #[command(after_help = "\
Example:
  xenia-rs exec t.xex --frames 9 --event-log a && xenia-rs exec t.xex --frames 9 --interp --event-log b
  xenia-rs diff a b")]
    Diff(DiffArgs),
    /// Record, play, compare and print traces of a title's GPU commands.
    Trace(TraceArgs),
    /// Run titles one after the other in this process and sample the host resources that it holds;
    /// `cargo xtask soak` runs this command.
    #[command(hide = true)]
    Soak(SoakArgs),
}

impl LabCommand {
    /// Refuses flags that the command does not support together.
    ///
    /// # Errors
    /// The command does not support a combination of its flags.
    pub fn refuse_unsupported(&self) -> Result<()> {
        match self {
            Self::Fuzz(args) => args.refuse_unsupported(),
            _ => Ok(()),
        }
    }

    /// The unit of a sweep that this command is to run, if it is one.
    pub fn unit(&self) -> Option<&SweepUnitArgs> {
        match self {
            Self::Sweep(SweepArgs { command: SweepCommand::Unit(unit) }) => Some(unit),
            _ => None,
        }
    }
}

/// Runs a command. An error means wrong usage, or input that cannot be read.
pub fn run(command: &LabCommand) -> Result<Code> {
    match command {
        LabCommand::Exports(args) => exports::run(args),
        LabCommand::Dis(args) => dis::run(args),
        LabCommand::Asm(args) => asm::run(args),
        LabCommand::Pack(args) => pack::run(args),
        LabCommand::Conformance(args) => conformance::run(args),
        LabCommand::Fuzz(args) => fuzz::run(args),
        LabCommand::Bench(args) => bench::run(args),
        LabCommand::Scale(args) => scale::run(args),
        LabCommand::Sweep(args) => sweep::run(&args.command),
        LabCommand::Compat(args) => compat::run(args),
        LabCommand::Jit(JitArgs { command: JitCommand::Dump(args) }) => jit::dump(args),
        LabCommand::Shader(ShaderArgs { command }) => match command {
            ShaderCommand::Asm(args) => shader::asm(args),
            ShaderCommand::Dis(args) => shader::dis(args),
            ShaderCommand::Translate(args) => shader::translate(args),
        },
        LabCommand::Diff(args) => diff::run(args),
        LabCommand::Trace(args) => trace::run(&args.command),
        LabCommand::Soak(args) => soak::run(args),
    }
}
