//! The commands that a command line can mean.
//!
//! The definition has some fifty commands with a thousand flags. Changing and completing all of
//! them at each start took a sixth of a small title's whole run, so only the commands that the
//! parser will use are changed.

use clap::Command;
use std::ffi::OsString;

/// Commands that a command line can mean, apart from the definition itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every command there is.
    All,
    /// The command of this name, and those below it.
    One(String),
}

impl Scope {
    /// The commands that the words can mean. The first word is the program's name: the command that
    /// follows it, or all commands if none follows. A command may also follow flags.
    pub fn of(definition: &Command, words: &[OsString]) -> Self {
        let name = words.get(1).and_then(|word| word.to_str());
        let found = name.and_then(|name| definition.find_subcommand(name));
        found.map_or(Self::All, |command| Self::One(command.get_name().to_owned()))
    }

    /// Changes the definition and each of the commands. `change` changes one command, without its
    /// subcommands.
    pub fn change(&self, definition: Command, change: fn(Command) -> Command) -> Command {
        match self {
            Self::All => everywhere(definition, change),
            Self::One(name) => change(definition).mut_subcommand(name, |command| everywhere(command, change)),
        }
    }
}

/// Changes a command and all below it.
fn everywhere(command: Command, change: fn(Command) -> Command) -> Command {
    change(command).mut_subcommands(|command| everywhere(command, change))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    fn scope(words: &[&str]) -> Scope {
        let words: Vec<_> = words.iter().map(OsString::from).collect();
        Scope::of(&Cli::command(), &words)
    }

    #[test]
    fn only_the_first_word_determines_the_command() {
        assert_eq!(scope(&["xenia-rs", "exec", "trace"]), Scope::One("exec".to_owned()));
        assert_eq!(scope(&["xenia-rs", "trace", "dump"]), Scope::One("trace".to_owned()));
        for words in [&["xenia-rs"][..], &["xenia-rs", "--quiet", "exec"], &["xenia-rs", "title.xex"]] {
            assert_eq!(scope(words), Scope::All, "{words:?}");
        }
    }

    #[test]
    fn a_change_applies_to_a_command_its_parents_and_subcommands_only() {
        let changed = scope(&["xenia-rs", "trace"]).change(Cli::command(), |command| command.about("new"));
        let about = |path: &[&str]| {
            let of = |command: &Command, name: &&str| command.find_subcommand(name).unwrap().clone();
            let command = path.iter().fold(changed.clone(), |command, name| of(&command, name));
            command.get_about().unwrap().to_string()
        };
        for path in [&[][..], &["trace"], &["trace", "dump"]] {
            assert_eq!(about(path), "new", "{path:?}");
        }
        assert_ne!(about(&["exec"]), "new");
    }
}
