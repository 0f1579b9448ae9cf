//! The program `xenia-rs`: parses the command line, wires the crates, reports.
//!
//! Exit codes are part of the command line's contract, see [`exit::Code`].
#![forbid(unsafe_code)]
// What is printed goes through `say`, which keeps failures.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![allow(unreachable_pub)] // a program has no outside

mod cli;
mod commands;
#[cfg(test)]
mod contract;
mod dialogs;
mod digest;
mod drawing;
mod event_log;
mod exit;
mod flat;
mod frames;
mod golden;
mod gpu_port;
#[cfg(test)]
mod hostile;
mod interrupt;
mod keyboard;
mod launches;
mod machine;
#[cfg(test)]
mod machine_tests;
mod output;
mod pace;
mod recording;
mod report;
mod say;
mod screenshots;
mod settings;
mod source;
mod title;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command, JitArgs, JitCommand, ShaderArgs, ShaderCommand};
use exit::{Code, Fault};
use say::errln;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    let code = std::panic::catch_unwind(program).unwrap_or_else(|_| report(&Fault.into()));
    // Whatever else happened: an output that is not whole is none.
    let code = say::finish().map_or_else(|error| report(&error), |()| code);
    ExitCode::from(code as u8)
}

/// Says why the program can't go on.
fn report(error: &anyhow::Error) -> Code {
    errln!("xenia-rs: {error:#}");
    if error.is::<Fault>() { Code::Internal } else { Code::Unusable }
}

fn program() -> Code {
    let words = match settings::apply(&Cli::command(), std::env::args_os().collect()) {
        Ok(words) => words,
        Err(error) => return report(&error),
    };
    let cli = Cli::parse_from(words);
    let filter = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    tracing_subscriber::registry()
        .with(filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN)))
        .with(
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal())
                .without_time(),
        )
        .init();
    run(cli).unwrap_or_else(|error| report(&error))
}

/// Does what the command line says. An error is wrong use, or input that cannot be read.
fn run(cli: Cli) -> anyhow::Result<Code> {
    match cli.command {
        None => commands::exec::run(&cli.exec),
        Some(Command::Exec(args)) => commands::exec::run(&args),
        Some(Command::Check(args)) => commands::check::run(&args),
        Some(Command::Info(args)) => commands::info::run(&args),
        Some(Command::Exports(args)) => commands::exports::run(&args),
        Some(Command::Dis(args)) => commands::dis::run(&args),
        Some(Command::Asm(args)) => commands::asm::run(&args),
        Some(Command::Pack(args)) => commands::pack::run(&args),
        Some(Command::Conformance(args)) => commands::conformance::run(&args),
        Some(Command::Fuzz(args)) => commands::fuzz::run(&args),
        Some(Command::Bench(args)) => commands::bench::run(&args),
        Some(Command::Jit(JitArgs { command: JitCommand::Dump(args) })) => commands::jit::dump(&args),
        Some(Command::Shader(ShaderArgs { command })) => match command {
            ShaderCommand::Asm(args) => commands::shader::asm(&args),
            ShaderCommand::Dis(args) => commands::shader::dis(&args),
            ShaderCommand::Translate(args) => commands::shader::translate(&args),
        },
        Some(Command::Diff(args)) => commands::diff::run(&args),
        Some(Command::Trace(args)) => commands::trace::run(&args.command),
        Some(Command::Completions(args)) => Ok(commands::completions::completions(&args)),
        Some(Command::Man(args)) => commands::completions::man(&args),
        Some(Command::Generate(args)) => commands::generate::run(&args),
    }
}
