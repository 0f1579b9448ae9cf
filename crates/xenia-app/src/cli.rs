//! The program's command line: one clap definition that generates the parser, the help, the manual
//! page and the shell completions. (A title's command line is in `command_line`.)
//!
//! Scripts depend on flags and JSON keys: new ones may be added, existing ones are never renamed.

mod configs;
mod content;
mod dialogs;
mod engines;
mod exec;
mod files;
mod input;
mod jit;
mod log;
mod measures;
mod nearest;
mod program;
mod shader;
mod soak;
mod sound;
mod sweep;
mod titles;
mod trace;
mod unbuilt;
mod volumes;
mod window;

pub use content::*;
pub use dialogs::*;
pub use engines::*;
pub use exec::*;
pub use files::check as check_files;
pub use input::*;
pub use jit::*;
pub use log::*;
pub use measures::*;
pub use nearest::*;
pub use program::*;
pub use shader::*;
pub use soak::*;
pub use sound::*;
pub use sweep::*;
pub use titles::*;
pub use trace::*;
pub use volumes::*;
pub use window::*;

use clap::{Parser, Subcommand};
use std::num::IntErrorKind;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  xenia-rs                                   the built-in demo, in a window where there is a display
  xenia-rs --headless --frames 120 --last-frame demo.png     the same without a window
  xenia-rs exec game/default.xex             run a title
  xenia-rs exec t.xex --lockstep --frames 600 --json out.json
  xenia-rs exec t.xex --cross-check --frames 60
  xenia-rs exec t.xex --record play.jsonl    what the controllers did, for --replay play.jsonl
  xenia-rs exec t.xex --dump-threads-after 5  what every guest thread does after 5 seconds
  xenia-rs check t.xex -n 2_000_000 --expect golden/t.json
  xenia-rs fuzz --blocks 1_000_000 --seed 1
  xenia-rs conformance jit-tests --engine both

Exit codes: 0 done or match, 1 mismatch or failed test, 2 wrong use, unreadable input, or an output that \
was asked for and could not be written, 3 guest crashed, 4 guest deadlocked (with --halt-on-deadlock, or \
no swap within --swap-timeout), 70 internal error, 75 units of a sweep that a signal ended, to be run again, \
129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM with every output written; a second signal kills. The title's \
own exit code is in the JSON.";

const EXEC_EXAMPLES: &str = "\
Examples:
  xenia-rs exec game/default.xex
  xenia-rs exec t.xex --fullscreen --scaling integer --osd
  xenia-rs exec t.xex --headless --frames 600 --json out.json
  xenia-rs exec t.xex --cross-check=instr -n 20_000_000
  xenia-rs exec t.xex --precompile           compile its code first, then run
  xenia-rs exec t.xex --record play.jsonl
  xenia-rs exec t.xex --headless --replay play.jsonl --frames 600";

/// An Xbox 360 emulator: runs, tests and measures titles.
#[derive(Debug, Parser)]
#[command(
    name = "xenia-rs",
    version,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{}", key_help()),
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// The command to run; without one, TITLE or the built-in demo is run.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Read settings from this TOML file (default: config.toml in the config folder): a table for
    /// each command, a key for each flag. Flags on the command line override it.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub exec: ExecArgs,
    #[command(flatten)]
    pub log: LogArgs,
}

/// Subcommands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a title (the default command).
    #[command(
        after_help = EXEC_EXAMPLES,
        after_long_help = format!("{EXEC_EXAMPLES}\n\n{}", key_help())
    )]
    Exec(Box<ExecArgs>),
    /// Run a title in lockstep and compare the result with a golden file.
    #[command(after_help = "\
Examples:
  xenia-rs check t.xex --frames 60 --expect t.json --bless    write the golden file
  xenia-rs check t.xex --expect t.json                        compare with it, to its limit
  xenia-rs check t.xex --frames 60 --expect t.json --interp   any engine ends in the same digest")]
    Check(Box<CheckArgs>),
    /// Describe a file. Of a title: format, entry point, imports and their status, digests; of a
    /// content package: its kind, title and owner; of a profile's database (.gpd): the achievements
    /// earned.
    #[command(after_help = "\
Examples:
  xenia-rs info game/default.xex --json -
  xenia-rs info save.con                     what a package's header says
  xenia-rs info 4D5307D1.gpd                 what a profile has achieved in a title")]
    Info(InfoArgs),
    /// List the files of a disc image, content package or archive.
    #[command(after_help = "Example:\n  xenia-rs ls game.iso")]
    Ls(LsArgs),
    /// Extract the files of a disc image, content package or archive into a folder.
    #[command(after_help = "Example:\n  xenia-rs extract game.iso folder")]
    Extract(ExtractArgs),
    /// Make a disc image from a folder.
    #[command(after_help = "Example:\n  xenia-rs make-iso game game.iso")]
    MakeIso(MakeIsoArgs),
    /// Make an unsigned content package (STFS) from a folder.
    #[command(after_help = "\
Examples:
  xenia-rs make-stfs game game.live                       a title with its default.xex
  xenia-rs make-stfs dlc dlc.live --title-id 4D5307D1 --name \"Map pack\"")]
    MakeStfs(MakeStfsArgs),
    /// List, export and import saved games and downloadable content.
    Content(ContentCommandArgs),
    /// Verify every hash and checksum in a file.
    #[command(after_help = "Example:\n  xenia-rs verify game.iso --json -")]
    Verify(VerifyArgs),
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
    /// Run random instruction sequences on two engines and compare the results.
    #[command(after_help = "\
Examples:
  xenia-rs fuzz --blocks 1_000_000 --seed 1
  xenia-rs fuzz --seconds 60 --seed 7 --out found   what fails, as small as can be
  xenia-rs fuzz --oracle qemu --blocks 100_000      both engines beside qemu-ppc64")]
    Fuzz(FuzzArgs),
    /// Measure the engines on kernels with known answers, and the same kernels natively or in QEMU.
    #[command(after_help = "\
Examples:
  xenia-rs bench                                         interpreter, function tier and auto
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
    /// Compile a title's code ahead of its first run, on all processors.
    #[command(after_help = "\
Examples:
  xenia-rs precompile game/default.xex
  xenia-rs precompile t.xex --lockstep --json -")]
    Precompile(PrecompileArgs),
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
    /// Show the folders for settings, keys and results, and the settings in effect.
    #[command(after_help = "\
Examples:
  xenia-rs config                       folders, and what the settings file and the environment set
  xenia-rs config --paths
  xenia-rs config --show --config my.toml")]
    Config(ConfigArgs),
    /// Write a completion script for a shell to standard output.
    #[command(
        after_help = "Example:\n  xenia-rs completions bash > ~/.local/share/bash-completion/completions/xenia-rs"
    )]
    Completions(CompletionsArgs),
    /// Write the manual page to standard output, or one page for each command into a folder.
    #[command(after_help = "Example:\n  xenia-rs man --out ~/.local/share/man/man1")]
    Man(ManArgs),
    /// Run titles one after the other in this process and sample the host resources that it holds;
    /// `cargo xtask soak` runs this command.
    #[command(hide = true)]
    Soak(SoakArgs),
    /// Print one of the tables of docs/generated, or the list of their names.
    #[command(hide = true)]
    Generate(GenerateArgs),
}

/// Parses a number in decimal or 0x-hexadecimal, underscores allowed.
pub fn number(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let parsed = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    parsed.map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow => format!("{text:?} is more than {}", u64::MAX),
        _ => format!("{text:?} is no number (decimal or 0x…, underscores allowed)"),
    })
}

/// Parses a [`number`] that fits into 32 bits.
pub fn small_number(text: &str) -> Result<u32, String> {
    u32::try_from(number(text)?).map_err(|_| format!("{text:?} is more than {}", u32::MAX))
}

/// Parses a [`number`] that is at least 1, for counts where 0 would do no work.
pub fn positive(text: &str) -> Result<u64, String> {
    match number(text)? {
        0 => Err("0 is for nothing: 1 at least".to_owned()),
        number => Ok(number),
    }
}

/// Parses a guest code address: 32 bits, a multiple of 4.
pub fn code_address(text: &str) -> Result<u32, String> {
    match u32::try_from(number(text)?) {
        Ok(address) if address.is_multiple_of(4) => Ok(address),
        Ok(_) => Err("instructions are at multiples of 4".to_owned()),
        Err(_) => Err("it is no guest address: those have 32 bits".to_owned()),
    }
}

/// Parses a number of frames to run, at least 1. 0 is refused because it could mean either no limit
/// or no frames.
pub fn number_of_frames(text: &str) -> Result<u64, String> {
    match number(text)? {
        0 => Err("a run shows one frame at least; leave the flag out for a run without a limit".to_owned()),
        frames => Ok(frames),
    }
}

/// Parses a number of seconds, fractions allowed.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let parsed = text.replace('_', "").parse::<f64>().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
    parsed.ok_or_else(|| format!("{text:?} is no number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use xenia::config::CrossCheckUnit;

    #[test]
    fn definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_stand_before_the_flags_in_every_help() {
        let mut commands = vec![Cli::command()];
        while let Some(mut command) = commands.pop() {
            let help = command.render_long_help().to_string();
            let headings = |line: &&str| line.ends_with(':') && !line.starts_with(' ');
            let first = help.lines().find(|line| headings(line) && *line != "Commands:");
            let has_arguments = command.get_positionals().next().is_some();
            assert_eq!(first == Some("Arguments:"), has_arguments, "{}: {first:?}", command.get_name());
            commands.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn the_help_says_the_default_quantum() {
        let help = Cli::command().render_long_help().to_string();
        let default = xenia::wording::grouped(u64::from(xenia_sched::QUANTUM_DEFAULT));
        assert!(help.contains(&format!("in instructions (default: {default})")));
    }

    #[test]
    fn exec_flags_work_without_the_word_exec() {
        let cli = Cli::try_parse_from(["xenia-rs", "--headless", "--frames", "1_20", "t.xex"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.exec.run.frames, Some(120));
        assert_eq!(cli.exec.title, Some("t.xex".into()));
    }

    #[test]
    fn cross_check_takes_an_optional_unit() {
        for (flag, unit) in
            [("--cross-check", CrossCheckUnit::Block), ("--cross-check=instr", CrossCheckUnit::Instr)]
        {
            let cli = Cli::try_parse_from(["xenia-rs", "exec", "t.xex", flag]).unwrap();
            let Some(Command::Exec(exec)) = cli.command else { panic!("not exec") };
            assert_eq!(exec.engine.cpu.cross_check, Some(unit));
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(number("2_000_000"), Ok(2_000_000));
        assert_eq!(number("0x8201_0000"), Ok(0x8201_0000));
        assert!(number("12k").is_err_and(|said| said.contains("no number")));
        assert!(
            number("99999999999999999999")
                .is_err_and(|said| said.ends_with("is more than 18446744073709551615"))
        );
        assert_eq!(small_number("1_000"), Ok(1000));
        assert!(small_number("0x1_0000_0000").is_err());
        assert_eq!(number_of_frames("1_0"), Ok(10));
        assert!(number_of_frames("0").is_err_and(|said| said.contains("without a limit")));
        assert_eq!(seconds("2.5"), Ok(Duration::from_millis(2500)));
        assert!(seconds("-1").is_err() && seconds("x").is_err() && seconds("inf").is_err());
    }

    #[test]
    fn numbers_for_which_nothing_is_done_and_places_of_no_instruction_are_refused() {
        for words in [
            "fuzz --blocks 0",
            "fuzz --seconds 0",
            "fuzz --max-mismatches 0",
            "bench --runs 0",
            "scale process --runs 0",
            "sweep run plan --jobs 0",
            "dis a --count 0",
            "dis a --start 0x82010002",
            "dis a --base 0x1_0000_0000",
            "asm a.s --base 3",
            "asm a.s --base 0x1_0000_0000",
            "jit dump a --pc 0x82010001",
        ] {
            let error = Cli::try_parse_from(["xenia-rs"].into_iter().chain(words.split(' '))).unwrap_err();
            let flag = words.split(' ').find(|word| word.starts_with("--")).unwrap();
            assert!(error.to_string().contains(&format!("for '{flag} <")), "{words}: {error}");
        }
        assert_eq!(code_address("0x8201_0004"), Ok(0x8201_0004));
        assert_eq!(code_address("0x1_0000_0000").unwrap_err(), "it is no guest address: those have 32 bits");
    }
}
