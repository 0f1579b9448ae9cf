//! The program `xenia-rs`: parses the command line, builds machines of the library `xenia` and
//! reports results.
//!
//! - `cli`: the command line; `settings`: config.toml; `contract`: flags and JSON keys that scripts
//!   rely on.
//! - `commands`: a file for each command of the player; the workshop's commands are in the crate
//!   `xenia-lab` (feature `lab`). `documents`: the list of JSON documents.
//! - `log`: the log.
//!
//! Exit codes are part of the command line's contract, see [`Code`].
#![forbid(unsafe_code)]
// All output goes through `say`, which remembers write errors.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![allow(unreachable_pub)] // a program has no outside

mod cli;
mod commands;
#[cfg(test)]
mod contract;
#[cfg(feature = "lab")]
mod documents;
#[cfg(test)]
mod hostile;
mod log;
mod settings;

use anyhow::anyhow;
use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches, ValueEnum};
use cli::{Cli, Color, Command, ExecArgs};
use settings::Scope;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;
use xenia::interrupt;
use xenia::say::{self, errln};
use xenia_cli::Code;
use xenia_cli::exit::Fault;

fn main() -> ExitCode {
    xenia_host::allocator::allocate_from_one_heap();
    // Once there are threads, this takes milliseconds.
    xenia_host::barrier::register();
    xenia_host::environment::name_runtime_folder();
    let code = std::panic::catch_unwind(program).unwrap_or_else(|_| report(&Fault.into()).number());
    ExitCode::from(finish(code))
}

/// Completes the program's outputs; returns the exit code, which `code` is if they are complete.
fn finish(code: u8) -> u8 {
    // An incomplete log file makes the run a failure, whatever the command returned.
    let has_run = code != Code::Unusable.number();
    let code = if log::finish(has_run) { code } else { Code::Unusable.number() };
    say::finish().map_or_else(|error| report(&error).number(), |()| code)
}

/// Prints the error that ends the program, and returns its exit code.
fn report(error: &anyhow::Error) -> Code {
    errln!("xenia-rs: {}", settings::explained(error));
    if error.is::<Fault>() { Code::Internal } else { Code::Unusable }
}

fn program() -> u8 {
    if let Err(error) = interrupt::outlive_limits_of_files() {
        return report(&error).number();
    }
    begin(std::env::args_os().collect())
}

/// Runs the program with these words, the program's name first.
fn begin(words: Vec<OsString>) -> u8 {
    let definition = Cli::command();
    let typed = words.clone();
    let (words, scope) = match settings::apply(&definition, words) {
        Ok(applied) => applied,
        Err(error) => {
            let is_attended = |cli: &Cli| !settings::is_unattended(cli.config.as_deref());
            return refuse(typed_alone(&typed).filter(is_attended), &error);
        }
    };
    let color = match colors(&words) {
        Color::Auto => clap::ColorChoice::Auto,
        Color::Always => clap::ColorChoice::Always,
        Color::Never => clap::ColorChoice::Never,
    };
    let mut command = real(definition.color(color), &scope);
    let parsed = command.try_get_matches_from_mut(&words);
    let (mut cli, matches) = match parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)))
    {
        Ok(parsed) => parsed,
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            // This error message names the environment variables.
            let definition = settings::with_players_help(Cli::command().color(color));
            let definition = Scope::All.change(definition, with_negative_numbers);
            return explain(&definition.try_get_matches_from(&words).err().unwrap_or(error)).number();
        }
        Err(error) => {
            return cli::misread_words(&words, &error)
                .map_or_else(|| explain(&error), |wrong| report(&anyhow!(wrong)))
                .number();
        }
    };
    // A unit of a sweep runs in this process under limits: starting the program again would take a
    // sixth of a small unit's time.
    #[cfg(feature = "lab")]
    if let Some(Command::Lab(command)) = &cli.command
        && let Some(unit) = command.unit()
    {
        return match xenia_lab::sweep::limit(unit) {
            Ok(()) => begin(words.into_iter().take(1).chain(unit.words.iter().cloned()).collect()),
            Err(error) => report(&error).number(),
        };
    }
    let settings_file = settings::default_file();
    let checked = cli::check_files(&command, &matches, settings_file.as_deref());
    if let Err(error) = checked.and_then(|()| log::start(&cli.log)) {
        return refuse(Some(cli), &error);
    }
    note_flags(&mut cli, &command, &matches, &typed);
    run(cli).unwrap_or_else(|error| report(&error).number())
}

/// The command line without settings, if it can be parsed.
fn typed_alone(typed: &[OsString]) -> Option<Cli> {
    let definition = Cli::command();
    let words = settings::command_first(&definition, typed.to_vec());
    let matches = settings::without_environment(definition).try_get_matches_from(words).ok()?;
    Cli::from_arg_matches(&matches).ok()
}

/// Reports the error for which a command line is refused, also in a window if it runs titles in
/// one. Returns the exit code.
fn refuse(cli: Option<Cli>, error: &anyhow::Error) -> u8 {
    let args = cli.and_then(|cli| match cli.command {
        None => Some(cli.exec),
        Some(Command::Exec(args)) => Some(*args),
        Some(_) => None,
    });
    if let Some(args) = args {
        commands::exec::show_error(&args, error);
    }
    report(error).number()
}

/// Notes the flags of `exec`, for bug reports, and the words, for other titles; of `check`, the
/// settings in effect and the words.
fn note_flags(cli: &mut Cli, command: &clap::Command, matches: &ArgMatches, typed: &[OsString]) {
    if let Some(Command::Check(args)) = &mut cli.command {
        args.settings = settings::in_effect();
        args.typed = typed.to_vec();
    }
    let (args, command, matches) = match (&mut cli.command, matches.subcommand()) {
        (Some(Command::Exec(args)), Some((name, matches))) => {
            (&mut **args, command.find_subcommand(name), matches)
        }
        (None, _) => (&mut cli.exec, Some(command), matches),
        _ => return,
    };
    args.given = command.map(|command| cli::reported_flags(command, matches)).unwrap_or_default();
    args.typed = typed.to_vec();
}

/// The arguments of `exec` in these words, with the settings that hold for their title.
fn exec_args(typed: Vec<OsString>) -> anyhow::Result<ExecArgs> {
    let definition = Cli::command();
    let (words, scope) = settings::apply(&definition, typed.clone())?;
    let mut command = real(definition, &scope);
    let summary = |error: clap::Error| anyhow!("{}", error.render().to_string().trim());
    let matches = command.try_get_matches_from_mut(&words).map_err(summary)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(summary)?;
    note_flags(&mut cli, &command, &matches, &typed);
    match cli.command {
        None => Ok(cli.exec),
        Some(Command::Exec(args)) => Ok(*args),
        Some(_) => Err(anyhow!("these words run no title")),
    }
}

/// The definition that parses words in which the environment's settings are.
fn real(definition: clap::Command, scope: &Scope) -> clap::Command {
    scope.change(definition, |command| settings::without_environment(with_negative_numbers(command)))
}

/// Makes `--frames -1` an error about the range of a number, instead of an unknown flag `-1`.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    command.allow_negative_numbers(true)
}

/// The value of `--color`, read before parsing, because the parser itself prints in colour.
fn colors(words: &[OsString]) -> Color {
    let text = |word: &OsString| word.to_str().map(str::to_owned);
    let joined =
        words.iter().filter_map(text).find_map(|word| word.strip_prefix("--color=").map(str::to_owned));
    let apart =
        || words.iter().position(|word| word == "--color").and_then(|at| words.get(at + 1)).and_then(text);
    joined.or_else(apart).and_then(|word| Color::from_str(&word, true).ok()).unwrap_or_default()
}

/// Prints help, or the error in the command line.
fn explain(error: &clap::Error) -> Code {
    if error.use_stderr() {
        let text = error.render().to_string();
        let fitting = say::fitting(&text);
        if fitting == text {
            // If standard error fails, the failure cannot be reported anywhere.
            let _ = error.print();
        } else {
            errln!("{}", fitting.trim_end());
        }
        return Code::Unusable;
    }
    if std::io::stdout().is_terminal() {
        let _ = error.print();
    } else {
        say::out!("{}", error.render());
    }
    Code::Done
}

/// Runs the command and returns its exit code. An error means wrong usage, or input that cannot be
/// read.
fn run(cli: Cli) -> anyhow::Result<u8> {
    let code = match cli.command {
        None => return commands::exec::run(&cli.exec, cli.config.as_deref(), true),
        Some(Command::Exec(args)) => return commands::exec::run(&args, cli.config.as_deref(), false),
        Some(Command::Debug(args)) => commands::debug::run(&args),
        Some(Command::Check(args)) => commands::check::run(&args),
        Some(Command::Info(args)) => commands::info::run(&args),
        Some(Command::Library(args)) => commands::library::run(&args),
        Some(Command::Ls(args)) => commands::volume::ls(&args),
        Some(Command::Extract(args)) => commands::volume::extract(&args),
        Some(Command::MakeIso(args)) => commands::volume::make_iso(&args),
        Some(Command::MakeStfs(args)) => commands::make_stfs::run(&args),
        Some(Command::Verify(args)) => commands::verify::run(&args),
        Some(Command::Precompile(args)) => commands::precompile::run(&args),
        Some(Command::Pipelines(args)) => commands::pipelines::run(&args.command),
        Some(Command::Patches(args)) => commands::patches::run(&args),
        Some(Command::Content(args)) => commands::content::run(&args.command),
        Some(Command::Config(args)) => commands::config::run(&args, cli.config.as_deref()),
        Some(Command::Completions(args)) => Ok(commands::completions::completions(&args)),
        Some(Command::Man(args)) => commands::completions::man(&args),
        #[cfg(feature = "lab")]
        Some(Command::Lab(command)) => xenia_lab::run(&command),
        #[cfg(feature = "lab")]
        Some(Command::Generate(args)) => commands::generate::run(&args),
    };
    code.map(Code::number)
}
