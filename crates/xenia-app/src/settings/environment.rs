//! Environment variables that stand for flags (`XENIA_CONTENT` and its kind), as the command line's
//! definition names them.
//!
//! They become words of the command line, as settings of a file do: they win over those, and what
//! is typed wins over both, also where it only contradicts them. An empty variable is none. Of the
//! others only those are looked at that the command which is meant has a flag for: a bad one keeps
//! nobody from `info` or `config`.

use super::words::try_out;
use super::{Innermost, Origin};
use anyhow::{Context, Result};
use clap::builder::Resettable;
use clap::{ArgMatches, Command};
use std::ffi::{OsStr, OsString};

/// The environment.
pub type Variables<'a> = &'a dyn Fn(&OsStr) -> Option<OsString>;

/// The definition without variables: its parser looks at words alone.
pub fn without(definition: Command) -> Command {
    let bare = definition.mut_args(|arg| arg.env(Resettable::<clap::builder::OsStr>::Reset));
    bare.mut_subcommands(without)
}

/// What a variable sets.
pub struct Set {
    /// Its name.
    pub variable: String,
    /// The flag's name.
    pub flag: String,
    /// The value.
    pub value: OsString,
}

/// What variables set of a command's flags.
pub fn read(command: &Command, variables: Variables<'_>) -> Vec<Set> {
    let set = command.get_arguments().filter_map(|arg| {
        let (flag, name) = (arg.get_long()?, arg.get_env()?);
        let value = variables(name).filter(|value| !value.is_empty())?;
        Some(Set { variable: name.to_string_lossy().into_owned(), flag: flag.to_owned(), value })
    });
    set.collect()
}

impl Set {
    /// As a word of the command line.
    fn word(&self) -> OsString {
        let mut word = OsString::from(format!("--{}=", self.flag));
        word.push(&self.value);
        word
    }

    /// Whether the command takes it.
    pub fn check(&self, command: &Command) -> Result<()> {
        try_out(command, &[self.word()]).with_context(|| format!("{} in the environment", self.variable))
    }
}

/// `words` with what the environment sets put in, and where that comes from.
pub fn insert(
    (definition, bare): (&Command, &Command),
    typed: &ArgMatches,
    mut words: Vec<OsString>,
    variables: Variables<'_>,
) -> Result<(Vec<OsString>, Vec<Origin>)> {
    let meant = Innermost::of(bare, typed);
    let mut origins = Vec::new();
    let mut new = Vec::new();
    for set in read(Innermost::of(definition, typed).command, variables) {
        let flag = meant.command.get_arguments().find(|arg| arg.get_long() == Some(&set.flag));
        if flag.is_some_and(|flag| meant.is_open(flag)) {
            set.check(meant.command)?;
            let word = set.word();
            let place = format!("the environment ({})", set.variable);
            origins.extend(word.to_str().map(|word| Origin::new(word, place)));
            new.push(word);
        }
    }
    let at = meant.place_of_words(&words);
    words.splice(at..at, new);
    Ok((words, origins))
}
