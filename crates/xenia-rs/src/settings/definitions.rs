//! The forms of the command line's definition with which settings are inserted.

use super::file::File;
use super::origin::SettingOrigin;
use super::words::clap_error_summary;
use super::{FileSettings, NamedFile, Scope, built, switches, without_environment};
use anyhow::{Context, Result, bail};
use clap::{ArgMatches, Command};
use std::cell::OnceCell;
use std::ffi::OsString;

/// The forms of a definition. Only settings need those that are made late.
pub(super) struct Definitions<'a> {
    definition: &'a Command,
    scope: &'a Scope,
    loose: Command,
    plain: OnceCell<Command>,
    parser: Option<Command>,
}

/// Words into which the settings of a file are inserted.
pub(super) struct SettledWords {
    pub(super) words: Vec<OsString>,
    /// The settings that were inserted.
    pub(super) origins: Vec<SettingOrigin>,
    /// The words as the parser reads them, without values of switches, if it had to.
    pub(super) parsed: Option<ArgMatches>,
}

impl<'a> Definitions<'a> {
    pub(super) fn new(definition: &'a Command, scope: &'a Scope) -> Self {
        let loose = loose(definition, scope);
        Self { definition, scope, loose, plain: OnceCell::new(), parser: None }
    }

    /// The form with which settings are inserted ([`loose`]).
    pub(super) fn loose(&self) -> &Command {
        &self.loose
    }

    /// Parses words with that form. The parser completes the commands that it encounters.
    pub(super) fn read_loosely(&mut self, words: &[OsString]) -> Result<ArgMatches, clap::Error> {
        self.loose.try_get_matches_from_mut(words)
    }

    /// The form that parses words. It is not completed for commands that they do not name.
    pub(super) fn parser(&mut self) -> &mut Command {
        let change = || self.scope.change(self.definition.clone(), without_environment);
        self.parser.get_or_insert_with(change)
    }

    /// The form that settings are read with ([`plain`]).
    fn plain(&self) -> &Command {
        self.plain.get_or_init(|| plain(self.definition))
    }

    fn parse(&mut self, typed: &ArgMatches, words: &[OsString]) -> Result<ArgMatches, clap::Error> {
        let words = switches::plain(&self.loose, typed, words);
        self.parser().try_get_matches_from_mut(words)
    }

    /// Inserts the settings of a file into `words`.
    pub(super) fn insert_file(
        &mut self,
        named: &NamedFile,
        typed: &ArgMatches,
        words: &[OsString],
    ) -> Result<SettledWords> {
        let path = named.path.as_path();
        let text = xenia::source::lasting_text(path).with_context(|| {
            let named_by = if named.is_explicit { " that --config names" } else { "" };
            format!("cannot read the settings file{named_by}, {}", path.display())
        })?;
        let file = File { text: &text, path };
        let document = file.document()?;
        if document.get_ref().is_empty() {
            return Ok(SettledWords { words: words.to_vec(), origins: Vec::new(), parsed: None });
        }
        let settings = file.settings_in(document.get_ref(), self.plain())?;
        let settings = FileSettings { file: &file, settings };
        let (with_settings, origins) = settings.insert(&self.loose, typed, words.to_vec());
        if with_settings == words {
            return Ok(SettledWords { words: with_settings, origins, parsed: None });
        }
        // Each setting is valid alone, but two may contradict each other. Errors that also occur
        // without the settings are left to the parser.
        let parsed = match self.parse(typed, &with_settings) {
            Ok(parsed) => Some(parsed),
            Err(error) if self.parse(typed, words).is_ok() => {
                let message = clap_error_summary(&error);
                let notes: String = origins
                    .iter()
                    .filter(|origin| origin.is_named_in(&message))
                    .map(SettingOrigin::note)
                    .collect();
                bail!("{}: {message}{notes}", path.display());
            }
            Err(_) => None,
        };
        Ok(SettledWords { words: with_settings, origins, parsed })
    }
}

/// The definition without variables, complete.
pub(super) fn plain(definition: &Command) -> Command {
    built(Scope::All.change(definition.clone(), without_environment))
}

/// The definition that settings are inserted with: it reads no variables, its switches take values,
/// and it accepts wrong or incomplete words as far as possible.
pub(super) fn loose(definition: &Command, scope: &Scope) -> Command {
    scope.change(definition.clone(), |command| {
        switches::with_values(without_environment(command)).ignore_errors(true)
    })
}
