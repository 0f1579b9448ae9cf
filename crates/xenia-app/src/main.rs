//! The program `xenia-rs`: parses the command line, wires the crates, reports.
//!
//! Exit codes are part of the command line's contract, see [`exit::Code`].
#![deny(unsafe_code)]
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
mod keyboard;
mod launches;
mod machine;
#[cfg(test)]
mod machine_tests;
mod pace;
mod recording;
mod report;
mod screenshots;
mod settings;
mod source;
mod title;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command, JitArgs, JitCommand, ShaderArgs, ShaderCommand};
use exit::Code;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// A reader that closes the pipe (`xenia-rs exports | head`) ends the program; that is no error.
fn end_quietly_on_closed_pipes() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str().is_some_and(|text| text.starts_with("failed printing to stdout")) {
            std::process::exit(0);
        }
        report(info);
    }));
}

fn main() -> ExitCode {
    end_quietly_on_closed_pipes();
    let words = match settings::apply(&Cli::command(), std::env::args_os().collect()) {
        Ok(words) => words,
        Err(error) => {
            eprintln!("xenia-rs: {error:#}");
            return ExitCode::from(Code::Unusable as u8);
        }
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
    let code = run(cli).unwrap_or_else(|error| {
        eprintln!("xenia-rs: {error:#}");
        Code::Unusable
    });
    ExitCode::from(code as u8)
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
        Some(Command::Completions(args)) => commands::completions::completions(&args),
        Some(Command::Man(args)) => commands::completions::man(&args),
        Some(Command::Generate(args)) => commands::generate::run(&args),
    }
}
