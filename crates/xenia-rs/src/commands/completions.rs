//! `xenia-rs completions` and `xenia-rs man`: generated from the parser's definition.

mod manual;

use crate::cli::{Cli, CompletionsArgs, ManArgs};
use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use xenia::say::{self, outln};
use xenia_cli::Code;

/// Writes the shell's completion script to standard output.
pub fn completions(args: &CompletionsArgs) -> Code {
    say::write_bytes(script(args.shell).as_bytes());
    Code::Done
}

/// Generates the script. For bash, clap_complete 4.6.11 spells the hyphen in the program's name in
/// two ways, so that the completions of subcommands are never found; the spellings are unified
/// here.
fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "xenia-rs", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Bash { script.replace("xenia__subcmd__rs", "xenia__rs") } else { script }
}

/// Writes the manual: the main page to standard output, or one page per command into a folder.
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
    fn completion_scripts_list_flags() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            assert!(script(shell).contains("halt-on-deadlock"), "{shell}");
        }
    }

    /// Windows has no bash.
    #[cfg(unix)]
    #[test]
    fn bash_completes_the_words_of_commands() {
        let complete = |words: &str, last: &str| {
            let count = words.split(' ').count() - 1;
            let previous = words.split(' ').nth_back(1).unwrap();
            let ask = format!(
                "{}\nCOMP_WORDS=({words}); COMP_CWORD={count}; _xenia__rs xenia-rs '{last}' {previous}; \
                 echo \"${{COMPREPLY[@]}}\"",
                script(Shell::Bash)
            );
            // The script is longer than one argument may be.
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), ask).unwrap();
            let output = std::process::Command::new("bash").arg("--norc").arg(file.path()).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        assert!(complete("xenia-rs exec --gpu ref", "ref").contains("reference"));
        assert_eq!(complete("xenia-rs exec --scal", "--scal"), "--scaling");
        assert!(complete("xenia-rs completions z", "z").contains("zsh"));
        assert!(complete("xenia-rs trace d", "d").contains("dump"));
    }
}
