//! Environment variables that set flags (such as `XENIA_CONTENT`), as named in the command line's
//! definition.
//!
//! Like settings of a file, they become words of the command line. They override the file; the
//! command line overrides both, also where it only contradicts them. An empty variable counts as
//! unset. Only variables of flags that the current command has are read, so a bad value cannot
//! break `info` or `config`.

use super::origin::ENVIRONMENT;
use super::words::try_out;
use super::{Innermost, SettingOrigin};
use anyhow::{Context, Result};
use clap::builder::Resettable;
use clap::{ArgMatches, Command};
use std::ffi::{OsStr, OsString};

/// Looks up an environment variable.
pub type EnvironmentVariables<'a> = &'a dyn Fn(&OsStr) -> Option<OsString>;

/// Removes the variables from a command, so that its parser reads only words.
pub fn without_environment(command: Command) -> Command {
    command.mut_args(|arg| arg.env(Resettable::<clap::builder::OsStr>::Reset))
}

/// A flag that a variable sets.
pub struct SetVariable {
    /// Name of the variable.
    pub variable: String,
    /// Name of the flag.
    pub flag: String,
    /// Value of the variable.
    pub value: OsString,
}

/// The flags of a command that variables set.
pub fn read(command: &Command, variables: EnvironmentVariables<'_>) -> Vec<SetVariable> {
    let set = command.get_arguments().filter_map(|arg| {
        let flag = arg.get_long()?;
        let name = arg.get_env()?;
        let value = variables(name).filter(|value| !value.is_empty())?;
        Some(SetVariable { variable: name.to_string_lossy().into_owned(), flag: flag.to_owned(), value })
    });
    set.collect()
}

impl SetVariable {
    /// The setting as a word of the command line.
    fn word(&self) -> OsString {
        let mut word = OsString::from(format!("--{}=", self.flag));
        word.push(&self.value);
        word
    }

    /// Checks that the command accepts the value.
    pub fn check(&self, command: &Command) -> Result<()> {
        try_out(command, &[self.word()]).with_context(|| format!("{} in the environment", self.variable))
    }
}

/// Inserts the settings of the environment into `words`, and records their origins. The definition
/// is [`loose`](super::definitions::loose).
pub fn insert(
    definition: &Command,
    typed: &ArgMatches,
    mut words: Vec<OsString>,
    settings: &[SetVariable],
) -> Result<(Vec<OsString>, Vec<SettingOrigin>)> {
    let meant = Innermost::of(definition, typed);
    let mut origins = Vec::new();
    let mut new = Vec::new();
    for set in settings {
        let flag = meant.command.get_arguments().find(|arg| arg.get_long() == Some(&set.flag));
        if flag.is_some_and(|flag| meant.is_open(flag)) {
            set.check(meant.command)?;
            let word = set.word();
            let place = format!("{ENVIRONMENT} ({})", set.variable);
            origins.extend(word.to_str().map(|word| SettingOrigin::new(word, place, false)));
            new.push(word);
        }
    }
    let at = meant.place_of_words(&words);
    words.splice(at..at, new);
    Ok((words, origins))
}
