//! The program's command line: one clap definition that generates the parser, the help, the manual
//! page and the shell completions. (A title's command line is in `command_line`.)
//!
//! Scripts depend on flags and JSON keys: new ones may be added, existing ones are never renamed.

mod configs;
mod content;
mod debug;
mod debugger;
mod dialogs;
mod exec;
mod files;
mod input;
mod library;
mod log;
mod nearest;
mod patches;
mod pipelines;
mod precompile;
mod program;
mod reported_flags;
mod scratch;
mod sound;
mod states;
mod titles;
mod unsupported;
mod volumes;
mod window;

pub use content::*;
pub use debug::*;
pub use debugger::*;
pub use dialogs::*;
pub use exec::*;
pub use files::check as check_files;
pub(crate) use files::named as named_path;
pub use input::*;
pub use library::*;
pub use log::*;
pub use nearest::*;
pub use patches::*;
pub use pipelines::*;
pub use precompile::*;
pub use program::*;
pub use reported_flags::reported_flags;
pub use scratch::*;
pub use sound::*;
pub use states::*;
pub use titles::*;
pub use volumes::*;
pub use window::*;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
#[cfg(feature = "lab")]
use xenia_lab::LabCommand;

const EXAMPLES: &str = "\
Examples:
  xenia-rs                                   your titles, in a window (without a display: the demo)
  xenia-rs --headless --frames 120 --last-frame demo.png     the same without a window
  xenia-rs exec game/default.xex             run a title
  xenia-rs exec t.xex --lockstep --frames 600 --json out.json
  xenia-rs exec t.xex --cross-check --frames 60
  xenia-rs exec t.xex --record play.jsonl    what the controllers did, for --replay play.jsonl
  xenia-rs exec t.xex --lockstep --save-state 90_000_000:a.state   the whole machine, in a file
  xenia-rs exec t.xex --lockstep --load-state a.state              and on from there
  xenia-rs exec t.xex --gdb 1234             wait for gdb: target remote :1234
  xenia-rs exec t.xex --trace-calls 'Nt*,-NtClose'   kernel calls, arguments, results
  xenia-rs exec t.xex --profile p.json.gz    where the time goes, for profiler.firefox.com
  xenia-rs exec t.xex --dump-threads-after 5  what every guest thread does after 5 seconds
  xenia-rs check t.xex -n 2_000_000 --expect golden/t.json
  xenia-rs fuzz --blocks 1_000_000 --seed 1
  xenia-rs conformance jit-tests --engine both

Exit codes: 0 done or match; 1 mismatch or failed test; 2 wrong use, unreadable input, or an output that \
was asked for and could not be written; 3 guest crashed; 4 guest deadlocked (at once with \
--halt-on-deadlock, else after 64 recoveries in vain) or showed no frame within --swap-timeout; 70 internal \
error; 75 units of a sweep that a signal ended, to be run again; 129, 130, 143 ended by SIGHUP, SIGINT, \
SIGTERM with every output written, where a second signal kills. The title's own exit code is in the JSON.";

const EXEC_EXAMPLES: &str = "\
Examples:
  xenia-rs exec game/default.xex
  xenia-rs exec t.xex --fullscreen --scaling integer --osd
  xenia-rs exec t.xex --mute=false           every switch takes =false, over config.toml
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
    /// The command to run; without one, TITLE is run. Without a TITLE either, the library is shown,
    /// or, without a display, the built-in demo is run.
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
    /// Look into a title in the terminal: step forwards and backwards, threads, code, registers,
    /// memory, kernel objects, the GPU. In lockstep, without a window.
    #[command(after_help = "\
Examples:
  xenia-rs debug game/default.xex            ? shows all keys
  xenia-rs debug program.elf -- input.txt    with arguments of the title
  xenia-rs debug t.xex --replay play.jsonl   a recorded game, to any moment
  xenia-rs debug t.xex --script commands.txt --screen 100x30   screens after each line")]
    Debug(Box<DebuggerArgs>),
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
    /// List the titles in folders: names, ids, icons, and how and how long each was played.
    #[command(after_help = "\
Examples:
  xenia-rs library games
  xenia-rs library games --json -")]
    Library(LibraryArgs),
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
  xenia-rs make-stfs game game.live --title-id 4D5307D1   a title; its default.xex may say the id
  xenia-rs make-stfs dlc dlc.live --title-id 4D5307D1 --name \"Map pack\"")]
    MakeStfs(MakeStfsArgs),
    /// List, export and import saved games and downloadable content.
    Content(ContentCommandArgs),
    /// Verify every hash and checksum in a file.
    #[command(after_help = "Example:\n  xenia-rs verify game.iso --json -")]
    Verify(VerifyArgs),
    /// Compile a title's code ahead of its first run, on all processors.
    #[command(after_help = "\
Examples:
  xenia-rs precompile game/default.xex
  xenia-rs precompile t.xex --lockstep --json -")]
    Precompile(PrecompileArgs),
    /// List, export and import the pipelines that titles have compiled for the host's GPU.
    Pipelines(PipelinesArgs),
    /// List the patches of a title, or check a folder of patch files.
    #[command(after_help = "\
Examples:
  xenia-rs patches game/default.xex
  xenia-rs patches --check game-patches/patches --json -")]
    Patches(PatchesArgs),
    /// Show the folders for settings, keys and results, and the settings in effect.
    #[command(after_help = "\
Examples:
  xenia-rs config                       folders, and what the settings file and the environment set
  xenia-rs config --paths
  xenia-rs config --show --config my.toml
  xenia-rs config list                  settings of players, their values and where they were set")]
    Config(ConfigArgs),
    /// Write a completion script for a shell to standard output.
    #[command(
        after_help = "Example:\n  xenia-rs completions bash > ~/.local/share/bash-completion/completions/xenia-rs"
    )]
    Completions(CompletionsArgs),
    /// Write the manual page to standard output, or one page for each command into a folder.
    #[command(after_help = "Example:\n  xenia-rs man --out ~/.local/share/man/man1")]
    Man(ManArgs),
    /// A command of the workshop.
    #[cfg(feature = "lab")]
    #[command(flatten)]
    Lab(LabCommand),
    /// Print one of the tables of docs/generated, or the list of their names.
    #[cfg(feature = "lab")]
    #[command(hide = true)]
    Generate(GenerateArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use xenia::config::CrossCheckUnit;

    #[test]
    fn clap_accepts_the_definition_of_commands() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_introduction_names_every_command() {
        let page = include_str!("../../../docs/src/introduction.md");
        let spans = page.split('`').skip(1).step_by(2);
        let named: Vec<_> = spans.filter_map(|span| span.split([' ', ',']).next()).collect();
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            assert!(named.contains(&command.get_name()), "{}", command.get_name());
        }
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
    fn the_help_names_the_default_quantum() {
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
    fn zero_counts_and_unaligned_addresses_are_refused() {
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
    }
}
