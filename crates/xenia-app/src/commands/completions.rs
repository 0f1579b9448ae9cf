//! `xenia-rs completions` and `xenia-rs man`: made from the parser's own definition.

mod manual;

use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::exit::Code;
use crate::say::{self, outln};
use anyhow::{Context, Result};
use clap::CommandFactory;

/// Writes the shell's completion script to standard output.
pub fn completions(args: &CompletionsArgs) -> Code {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "xenia-rs", &mut script);
    say::write_bytes(&script);
    Code::Done
}

/// Writes the manual: the main page to standard output, or a page per command into a folder.
pub fn man(args: &ManArgs) -> Result<Code> {
    let pages = manual::pages().context("the manual")?;
    let Some(folder) = &args.out else {
        say::write_bytes(pages.first().map_or(&[][..], |(_, text)| text));
        return Ok(Code::Done);
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| pages.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text)))
        .with_context(|| format!("cannot write the manual into {}", folder.display()))?;
    outln!("wrote the manual into {}", folder.display());
    Ok(Code::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_for_each_command() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("man");
        man(&ManArgs { out: Some(folder.clone()) }).unwrap();
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let page = folder.join(format!("xenia-rs-{}.1", command.get_name()));
            let text = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
            assert!(text.contains("SYNOPSIS"));
        }
    }

    #[test]
    fn every_shell_is_told_about_the_flags() {
        for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "xenia-rs", &mut script);
            assert!(String::from_utf8(script).unwrap().contains("halt-on-deadlock"), "{shell}");
        }
    }
}
